"""The draws of one client, in blocks for first attempts and one by one for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apigw_sim.draws import philox, vectors
from apigw_sim.draws.arrivals import source
from apigw_sim.draws.groups import CRASH, MALFORMED, Group
from apigw_sim.plan.tables import NULL, Choice, Law, Numbered, Plan, Rated
from apigw_sim.rules import pick, quantile

Ints = NDArray[np.int64]
BLOCK = 8192
NOTHING = Law("nothing", 0, np.zeros(quantile.SIZE, np.int64), 0.0)
CHUNK, WORTH_A_CHUNK, MOST_CHUNKS, MOST_ASKED = 4096, 9, 48, 4096


Send = tuple[int, int, int, int]
"""What every attempt draws: round trip, body, the gateway's overhead, and the word for the back-off after it."""

Work = tuple[int, int, int, int, int]
"""What an attempt draws if it gets as far as the cache or the backend: service overhead, duration, response bytes,
time of a cache hit, and the HTTP status (or CRASH or MALFORMED)."""

Ready = tuple[int, list[int] | None]
"""A law as it is looked up one by one: its constant, or its table."""


class CallBlock(NamedTuple):
    """First attempts, in the order of their calls: columns of Python integers."""

    first: int
    """Number of the first call."""
    at: list[int]
    pick: list[int]
    api_key: list[int]
    resource: list[int]
    entry: list[int]
    max_age_0: list[int]
    """0: not sent, 1: without permission, 2: with permission."""
    send: list[Send]
    work: list[Work]


class Stream:
    """The draws of one client."""

    def __init__(self, plan: Plan, number: int, seed: int, replication: int) -> None:
        """`number`: row of plan.aims; at all targets of a record a client draws the same words."""
        self.plan = plan
        self.client = plan.aims[number]
        self.key = philox.key(seed, replication, "client", self.client.name)
        overhead = plan.overhead(self.client)
        self.laws = tuple((self.client.rtt, call.body, overhead) for call in self.client.calls)
        """The laws of each call in the order of Send."""
        self.usual = tuple(
            NULL if call.method == NULL else plan.methods[call.method].works for call in self.client.calls
        )
        """The row of plan.works that each call meets as the run starts."""
        self._cells: dict[int, list[int]] = {}
        self._ready_sends: dict[int, tuple[Ready, ...]] = {}
        self._ready_works: dict[int, tuple[Ready, ...]] = {}
        """By row of the client's calls, and by row of plan.works."""
        self._chunks: dict[tuple[int, int, int], Ints] = {}
        self._asked: dict[tuple[int, int, int], int] = {}

    def _usual(self, picked: int) -> tuple[Law, ...]:
        """A call's laws in the order of Send and Work, as the run starts."""
        if self.usual[picked] == NULL:
            return (*self.laws[picked], NOTHING, NOTHING, NOTHING, NOTHING)
        of, hit = self.plan.works[self.usual[picked]], self.plan.account.hit_time
        return (*self.laws[picked], of.service, of.duration, of.response, hit)

    # one by one

    def row(self, group: int, call: int, attempt: int) -> philox.Row:
        """The four words of a group; where neighbours are asked for too, they are made together and kept a while."""
        near = (group, call // CHUNK, attempt)
        chunk = self._chunks.get(near)
        if chunk is None:
            asked = self._asked[near] = self._asked.get(near, 0) + 1
            if asked < WORTH_A_CHUNK:
                if len(self._asked) > MOST_ASKED:
                    self._asked.clear()
                return philox.row(self.key, call, attempt, 0, group)
            while len(self._chunks) >= MOST_CHUNKS:
                del self._chunks[next(iter(self._chunks))]
            chunk = philox.rows(self.key, call // CHUNK * CHUNK, CHUNK, attempt, 0, group)
            self._chunks[near] = chunk
        a, b, c, d = chunk[call % CHUNK].tolist()
        return a, b, c, d

    def words(self, group: int, calls: Ints, attempts: Ints, users: Ints) -> Ints:
        """The four words of a group at many (call, attempt, user), in whichever order they stand."""
        made = np.empty((len(calls), 4), np.int64)
        places = np.stack([users, attempts, calls // CHUNK])
        kinds, kind = np.unique(places, axis=1, return_inverse=True)
        order = np.argsort(kind, kind="stable")
        ends = np.cumsum(np.bincount(kind.ravel(), minlength=kinds.shape[1]))
        for (user, attempt, chunk), mine in zip(kinds.T.tolist(), np.split(order, ends[:-1]), strict=True):
            first = chunk * CHUNK
            if len(mine) < WORTH_A_CHUNK:
                made[mine] = [
                    philox.row(self.key, call, attempt, user, group) for call in calls[mine].tolist()
                ]
            else:
                rows = philox.rows(self.key, first, CHUNK, attempt, user, group)
                made[mine] = rows[calls[mine] - first]
        return made

    def identity(self, call: int) -> int:
        """The word that says which of the client's identities makes a call."""
        return self.row(Group.IDENTITY, call, 0)[0]

    def standing(self, identity: int) -> philox.Row:
        """What is drawn for an identity of the client, by its number."""
        return self.row(Group.STANDING, identity, 0)

    def value(self, law: Law, word: int) -> int:
        """The value of a law for a word."""
        (value,) = _values((self._ready(law),), (word,))
        return value

    def _ready(self, law: Law) -> Ready:
        """A law with its table as a list, the same list wherever the law stands."""
        if law.constant is not None:
            return law.constant, None
        if id(law) not in self._cells:
            self._cells[id(law)] = law.cells.tolist()
        return 0, self._cells[id(law)]

    def send(self, call: int, attempt: int, picked: int) -> Send:
        """What every attempt draws, as in the blocks."""
        words = self.row(Group.SEND, call, attempt)
        laws = self._ready_sends.get(picked)
        if laws is None:
            laws = self._ready_sends[picked] = tuple(map(self._ready, self.laws[picked]))
        rtt, body, overhead = _values(laws, words)
        return rtt, body, overhead, words[3]

    def call(self, number: int, picked: int) -> tuple[int, int, int, int, int, int]:
        """What a call is: number, row of its client's calls, API key, resource, cache entry, max-age=0.

        `picked` is that row, NULL: it is drawn.
        """
        client = self.client
        _, which, key, age = self.row(Group.CALL, number, 0)
        if picked == NULL:
            picked = pick.choose(which, client.weights)
        call = client.calls[picked]
        resource, entry = call.resource_base, call.entry_base
        rows: dict[int, philox.Row] = {}
        for parameter in call.parameters:
            group, slot = divmod(parameter.word, 4)
            if group not in rows:
                rows[group] = self.row(Group.PARAMETERS + group, number, 0)
            value = numbered_one(parameter.law, rows[group][slot])
            resource += value * parameter.resource_stride
            entry += value * parameter.entry_stride
        api_key = client.first_key + (numbered_one(client.keys, key) if client.keys is not None else 0)
        max_age_0 = pick.happens(age, call.max_age_0) + pick.happens(age, call.max_age_0_authorized)
        return number, picked, api_key, resource, entry, max_age_0

    def work(self, call: int, attempt: int, works: int) -> Work:
        """What an attempt draws if it gets so far, by a row of plan.works; as in the blocks."""
        of = self.plan.works[works]
        laws = self._ready_works.get(works)
        if laws is None:
            all_four = (of.service, of.duration, of.response, self.plan.account.hit_time)
            laws = self._ready_works[works] = tuple(map(self._ready, all_four))
        service, duration, response, hit = _values(laws, self.row(Group.WORK, call, attempt))
        status = 0
        if of.status is not None:
            c, m, s, _ = self.row(Group.OUTCOME, call, attempt)
            status = of.status.statuses[pick.choose(s, of.status.thresholds)]
            if pick.happens(m, of.malformed):
                status = MALFORMED
            if pick.happens(c, of.crash):
                status = CRASH
        return service, duration, response, hit, status

    # in blocks

    def blocks(self) -> Iterator[CallBlock]:
        """All calls of an open-loop client, block by block."""
        client = self.client
        arrivals = source(client.arrivals, self._when, self.plan.duration, self.key)
        number, size = 0, 64
        while True:
            at = arrivals.take(size)
            if not len(at):
                return
            yield self._block(number, at)
            number += len(at)
            size = min(2 * size, BLOCK)

    def _when(self, first: int, count: int) -> Ints:
        return philox.rows(self.key, first, count, 0, 0, Group.CALL)[:, 0]

    def _block(self, first: int, at: Ints) -> CallBlock:
        client, n = self.client, len(at)
        words = philox.rows(self.key, first, n, 0, 0, Group.CALL)
        arrivals = client.arrivals
        resource = entry = body = None
        if isinstance(arrivals, Rated) or arrivals.pick is None:
            picked = vectors.choices(words[:, 1], client.weights)
        else:
            picked = arrivals.pick[first : first + n]
            resource = _slice(arrivals.resource, first, n)
            entry = _slice(arrivals.entry, first, n)
            body = _slice(arrivals.request_bytes, first, n)
        key = np.full(n, client.first_key, np.int64)
        if client.keys is not None:
            key += numbered(client.keys, words[:, 2])
        if resource is None or entry is None:
            resource, entry = self._identities(picked, first, n)
        age = self._max_age_0(picked, words[:, 3])
        work = self._works(picked, first, n)
        if body is not None:
            work[1] = body.tolist()  # what is replayed is not drawn
        return CallBlock(
            first, at.tolist(), picked.tolist(), key.tolist(), resource.tolist(), entry.tolist(), age,
            list(zip(*work[:4], strict=True)), list(zip(*work[4:], strict=True)),
        )  # fmt: skip

    def _identities(self, picked: Ints, first: int, n: int) -> tuple[Ints, Ints]:
        """The resource and the cache entry that each call asks for."""
        calls = self.client.calls
        resource = np.array([call.resource_base for call in calls], np.int64)[picked]
        entry = np.array([call.entry_base for call in calls], np.int64)[picked]
        words: dict[int, Ints] = {}
        for number, call in enumerate(calls):
            if not call.parameters:
                continue
            mine = slice(None) if len(calls) == 1 else np.flatnonzero(picked == number)
            for parameter in call.parameters:
                group, slot = divmod(parameter.word, 4)
                if group not in words:
                    words[group] = philox.rows(self.key, first, n, 0, 0, Group.PARAMETERS + group)
                value = numbered(parameter.law, words[group][mine, slot])
                resource[mine] += value * parameter.resource_stride
                entry[mine] += value * parameter.entry_stride
        return resource, entry

    def _max_age_0(self, picked: Ints, words: Ints) -> list[int]:
        calls = self.client.calls
        if not any(call.max_age_0 for call in calls):
            return [0] * len(picked)
        sent = words < np.array([call.max_age_0 for call in calls], np.int64)[picked]
        authorized = words < np.array([call.max_age_0_authorized for call in calls], np.int64)[picked]
        age: list[int] = (sent.astype(np.int64) + authorized).tolist()
        return age

    def _works(self, picked: Ints, first: int, n: int) -> list[list[int]]:
        """The columns of Send and Work for first attempts; groups that no law needs are not drawn."""
        words: dict[int, Ints] = {}

        def word(group: Group, slot: int) -> Ints:
            if group not in words:
                words[group] = philox.rows(self.key, first, n, 1, 0, group)
            return words[group][:, slot]

        columns: list[list[int]] = []
        usual = [self._usual(number) for number in range(len(self.laws))]
        retries = self.client.retry.attempts > 1
        for field in range(7):
            group, slot = (Group.SEND, field) if field < 3 else (Group.WORK, field - 3)
            laws = [laws[field] for laws in usual]
            columns.append(_per_call(picked, laws, lambda g=group, s=slot: word(g, s)))  # type: ignore[misc]
            if field == 2:
                columns.append(word(Group.SEND, 3).tolist() if retries else [0] * n)
        columns.append(self._statuses(picked, word))
        return columns

    def _statuses(self, picked: Ints, word: Callable[[Group, int], Ints]) -> list[int]:
        status = np.zeros(len(picked), np.int64)
        for number, row in enumerate(self.usual):
            works = self.plan.works[row] if row != NULL else None
            shares = works.status if works else None
            if works is None or shares is None:
                continue
            crash, malformed = works.crash, works.malformed
            mine = slice(None) if len(self.laws) == 1 else np.flatnonzero(picked == number)
            if len(shares.statuses) == 1:
                status[mine] = shares.statuses[0]
            else:
                kinds = vectors.choices(word(Group.OUTCOME, 2)[mine], shares.thresholds)
                status[mine] = np.array(shares.statuses, np.int64)[kinds]
            if malformed:
                status[mine] = np.where(word(Group.OUTCOME, 1)[mine] < malformed, MALFORMED, status[mine])
            if crash:
                status[mine] = np.where(word(Group.OUTCOME, 0)[mine] < crash, CRASH, status[mine])
        return status.tolist()


def _values(laws: tuple[Ready, ...], words: tuple[int, ...]) -> list[int]:
    """The values of laws, a word each, the first words."""
    values = []
    for (constant, cells), word in zip(laws, words):  # noqa: B905
        values.append(constant if cells is None else quantile.value(word, cells))
    return values


def numbered(law: Numbered, words: Ints) -> Ints:
    """Whole numbers 0..n-1 of a law, one per word."""
    if law.choice is Choice.UNIFORM:
        return vectors.uniforms(words, law.n)
    assert law.table is not None
    return vectors.aliases(words, law.table)


def numbered_one(law: Numbered, word: int) -> int:
    """A whole number 0..n-1 of a law, for one word."""
    if law.table is None:
        return pick.uniform(word, law.n)
    return int(pick.alias(word, law.table))  # type: ignore[arg-type]


def _slice(column: Ints | None, first: int, n: int) -> Ints | None:
    return None if column is None else column[first : first + n]


def _per_call(picked: Ints, laws: list[Law], word: Callable[[], Ints]) -> list[int]:
    """A column of values, each by the law of its call."""
    if all(law is laws[0] for law in laws):
        law = laws[0]
        if law.constant is not None:
            return [law.constant] * len(picked)
        values: list[int] = vectors.quantiles(word(), law.cells).tolist()
        return values
    column = np.empty(len(picked), np.int64)
    for number, law in enumerate(laws):
        mine = np.flatnonzero(picked == number)
        if not len(mine):
            continue
        column[mine] = (
            law.constant if law.constant is not None else vectors.quantiles(word()[mine], law.cells)
        )
    return column.tolist()
