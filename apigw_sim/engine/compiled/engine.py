"""The compiled engine as the composer sees it: the loop between control events, blocks of rows, cells of control."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from apigw_sim.draws.arrivals import Source, Words, source
from apigw_sim.draws.philox import Key
from apigw_sim.engine.clock import Instants
from apigw_sim.engine.compiled import firehose, levels, provisioned, users
from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.builder import Builder
from apigw_sim.engine.compiled.client_vectors import client_row
from apigw_sim.engine.compiled.gateway_vectors import ANSWERS
from apigw_sim.engine.compiled.kernel import nearly_full
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.state import State
from apigw_sim.engine.order import USER_BITS
from apigw_sim.plan.tables import NULL, BackendKind, Client, GaugeKind, Plan, Rated, Unauthorized
from apigw_sim.records import (
    ATTEMPTS,
    CALLS,
    ENVIRONMENTS,
    INVOCATIONS,
    LEVELS,
    Block,
    CallOutcome,
    Sink,
    Table,
    Takers,
)
from apigw_sim.rules import quantile
from apigw_sim.rules.bucket import cut

if TYPE_CHECKING:
    from apigw_sim.draws import Draws
    from apigw_sim.engine.compiled.build import Kernel
    from apigw_sim.engine.compiled.plain import View

Ints = NDArray[np.int64]
LEAST_BLOCK, FIRST_BLOCK, LARGEST_BLOCK, ALL_BLOCKS = 64, 1 << 9, 1 << 14, 1 << 19
"""Calls that are drawn at once: of a client at least, at first and at most, and of all clients together at most."""
BLOCK, LITTLE_BLOCK = 1 << 13, 1 << 11
"""Rows in a block: few enough to be still in the processor's cache when they are folded; fewer, where that is no way."""
NOT_STARTED = int(CallOutcome.NOT_STARTED)
OUT = (
    (ATTEMPTS, "attempts"),
    (INVOCATIONS, "invocations"),
    (ENVIRONMENTS, "environments"),
    (CALLS, "calls"),
)


class Calls:
    """When a client's calls start, and what the loop is told of each; drawn block by block."""

    def __init__(self, client: Client, when: Words, end: int, largest: int, key: Key) -> None:
        self.client = client
        self.source: Source = source(client.arrivals, when, end, key)
        self.largest = largest
        self.size = min(FIRST_BLOCK, largest)
        self.number = 0
        self.over = False

    @property
    def listed(self) -> tuple[Ints | None, Ints | None, Ints | None, Ints | None]:
        """What a trace says of each call: which, resource, entry, bytes."""
        arrivals = self.client.arrivals
        if isinstance(arrivals, Rated) or arrivals.pick is None:
            return None, None, None, None
        return arrivals.pick, arrivals.resource, arrivals.entry, arrivals.request_bytes

    def take(self, grid: int) -> tuple[Ints, Ints | None]:
        """The next instants, and where a trace lists what is called rows of `words.LISTED`; none at the end."""
        at = self.source.take(self.size)
        first, n = self.number, len(at)
        self.number += n
        self.size = min(2 * self.size, self.largest)
        self.over = n == 0
        if grid != 1:
            at = -(-at // grid) * grid
        if self.listed[0] is None:
            return at, None
        said = np.zeros((n, w.LISTED), np.int64)
        for column, values in enumerate(self.listed):
            if values is not None:
                said[:, column] = values[first : first + n]
        return at, said


class Compiled:
    """The compiled engine."""

    story: list[tuple[int, str]] | None = None

    def __init__(
        self, plan: Plan, draws: Draws, sink: Sink, kernel: Kernel, grid: int = 1, block: int | None = None,
        takers: Takers | None = None,
    ) -> None:  # fmt: skip
        """`takers`, where there are any, are asked before the sink, each time that a block is full."""
        block = block or (LITTLE_BLOCK if takers else BLOCK)
        self.plan = plan
        self.sink = sink
        self.kernel = kernel
        self.grid = grid
        self.clock = Instants(grid)
        """SimPy's clock: the control plane's."""
        self.state: State = kernel.state(Builder(plan, draws, grid, block).state())
        for table, taker in (takers or {}).items():
            self.state.takes = 1
            setattr(self.state, f"takes_{table}", taker.function)
            setattr(self.state, f"of_{table}", taker.frame)
        largest = min(max(ALL_BLOCKS // max(len(plan.clients), 1), LEAST_BLOCK), LARGEST_BLOCK)
        self._calls = [
            Calls(client, partial(self._when, number), plan.duration, largest, draws.client(number).key)
            for number, client in enumerate(plan.clients)
        ]
        self._start(draws)

    def _start(self, draws: Draws) -> None:
        state = self.state
        largest = sum(calls.largest for calls in self._calls)
        state.put("instant", np.zeros(max(largest, 1), np.int64))
        state.put("chance", np.zeros(max(largest, 1) * w.CHANCE, np.int64))
        if any(calls.listed[0] is not None for calls in self._calls):
            state.put("listed", np.zeros(largest * w.LISTED, np.int64))
        first = 0
        self._first_call: list[int] = []
        for number, calls in enumerate(self._calls):
            c = self._client(number)
            pick, resource, entry, size = calls.listed
            c.picked = int(pick is not None)
            c.listed = int(resource is not None and entry is not None)
            c.replays = int(size is not None)
            self._first_call.append(first)
            c.chance = first * w.CHANCE
            first += calls.largest
            self._refill(number)
            if calls.client.users is not None:
                users.next_comes(state, view(state.users, c.users), number << USER_BITS)
        state.clients = len(self._calls)
        order = sorted(range(len(self._calls)), key=lambda number: (int(self._client(number).at), number))
        for place, number in enumerate(order):
            state.turn[place] = (number + 1) * w.CLIENT
        for number, backend in enumerate(self.plan.backends):
            for ordinal in range(backend.initial_environments):
                assert backend.idle_lifetime is not None
                law = backend.idle_lifetime
                word = draws.environment(number, ordinal)
                lifetime = law.constant if law.constant is not None else int(quantile.value(word, law.cells))  # type: ignore[arg-type]
                self._idle(number, ordinal, lifetime)

    def _idle(self, number: int, ordinal: int, lifetime: int) -> None:
        """An environment that exists, idle, when the run starts."""
        state, f = self.state, self._backend(number)
        v = view(state.environment, state.environment_top)
        v.me = state.environment_top
        state.environment_top += w.ENVIRONMENT
        v.number, v.lifetime, v.below, v.function = ordinal, lifetime, f.idle, number
        f.idle = v.me
        f.births = ordinal + 1
        levels.move(state, f.alive, 1)

    def _when(self, number: int, first: int, count: int) -> Ints:
        """The words that say when a client's calls start; the others of their rows are kept, where there is room."""
        state = self.state
        if count > len(state.when):
            state.grow("when", count)
        kept = min(count, self._calls[number].largest)
        self.kernel.draw_when(state, (number + 1) * w.CLIENT, first, count, kept)
        return state.words("when", 0, count)

    def _refill(self, number: int) -> None:
        """The next calls of a client."""
        state, calls = self.state, self._calls[number]
        at, listed = calls.take(self.grid)
        c, first = self._client(number), self._first_call[number]
        c.instant, c.instant_n = first, len(at)
        c.at = int(at[0]) if len(at) else w.FOR_EVER
        state.fill("instant", first, at)
        if listed is not None:
            c.listed_at = first * w.LISTED
            state.fill("listed", first * w.LISTED, listed)

    def _client(self, number: int) -> View:
        return view(self.state.client, (number + 1) * w.CLIENT)

    def _backend(self, number: int) -> View:
        return view(self.state.backend, number * w.BACKEND)

    # what the composer asks of an engine

    def advance(self, until: int) -> None:
        """Let everything before `until` happen: the loop, up to each control event, which precedes all data at it."""
        clock = self.clock
        while clock.peek() < until:
            self._run(int(clock.peek()))
            clock.step()
        self._run(until)
        clock.come(until)

    def _run(self, until: int) -> None:
        state = self.state
        advance = self.kernel.advance
        while (why := int(advance(state, until))) != w.REACHED:
            if why == w.CALLS:
                self._refill(int(state.wants) // w.CLIENT - 1)
                state.wants = 0
                state.turned = 1
            elif why == w.GROW:
                state.make_room()
            else:
                self._hand_on(nearly_full(int(state.block_rows)))
        state.now = until

    @property
    def pending(self) -> int:
        """How many events are still to come, control's own included."""
        waiting = sum(not calls.over for calls in self._calls)
        return int(self.state.pending) + waiting + self.clock.waiting

    def tick(self, at: int) -> None:
        """Hand on all rows so far, and the levels of what was touched since the last tick."""
        state = self.state
        for f in self._functions():
            self.kernel.sweep(state, f, at)
        for place in range(len(self.plan.queues)):
            self._figures(place, at)
        for d in range(w.FIREHOSE, len(state.firehose), w.FIREHOSE):
            firehose.settle(state, view(state.firehose, d), at - 1)
        n = int(state.touched_n)
        state.fill("touched", 0, np.sort(state.words("touched", 0, n)))
        n = int(self.kernel.tick(state, at))
        self._hand_on(0)
        self._give(LEVELS, "levels", n)

    def _figures(self, place: int, at: int) -> None:
        """What of a queue is known at ticks alone."""
        state = self.state
        q = view(state.sqs, (place + 1) * w.SQS)
        age = at - int(view(state.message, q.oldest).sent) if q.oldest else 0
        for kind, figure in ((GaugeKind.OLDEST, age), (GaugeKind.EMPTIED, int(q.emptied))):
            gauge = self.plan.gauge(kind, place)
            if (by := figure - int(levels.level_of(state, gauge))) != 0:
                self._move(gauge, by)

    def close(self) -> None:
        """The run is over: environments still alive are written down."""
        for f in self._functions():
            self.kernel.close(self.state, f)
            row = view(self.state.backend, f)
            if self.plan.backends[f // w.BACKEND].kind is BackendKind.LAMBDA and row.provision >= 0:
                provisioned.close_provisioned(self.state, row)
        self._hand_on(0)
        for number, client in enumerate(self.plan.clients):
            if client.workers != NULL:
                self._never_started(number)
        self._hand_on(0)

    def _never_started(self, number: int) -> None:
        """The rows of calls that were due and for which no worker was free before the end."""
        state, found = self.state, []
        a = view(state.row, view(state.workers, number * w.WORKERS).first)
        while int(a.me) != 0:
            pick, intended = view(state.pick, a.pick).number, view(state.node, a.record).id
            found.append((number, 0, a.call, pick, intended, NULL, self.plan.duration, 0, NULL, NOT_STARTED))
            a = view(state.row, a.next)
        rows = np.array(found, np.int64).reshape(-1, len(CALLS.columns))
        for first in range(0, len(rows), BLOCK):
            self.sink(Block(CALLS, rows[first : first + BLOCK]))

    def _functions(self) -> Iterator[int]:
        for number, backend in enumerate(self.plan.backends):
            if backend.kind is BackendKind.LAMBDA:
                yield number * w.BACKEND

    def _hand_on(self, least: int) -> None:
        """Hand on the rows of tables that have at least `least`; with 0, those of all dead environments too."""
        state = self.state
        for table, name in OUT:
            if (n := int(getattr(state, f"{name}_n"))) >= least:
                self._give(table, name, n)
                setattr(state, f"{name}_n", 0)
        while least == 0 and state.dead_first != 0:
            self.kernel.bury_all(state)
            self._give(ENVIRONMENTS, "environments", int(state.environments_n))
            state.environments_n = 0

    def _give(self, table: Table, name: str, n: int) -> None:
        if n:
            width = len(table.columns)
            self.sink(Block(table, self.state.words(name, 0, n * width).reshape(n, width)))

    # what control writes

    def bucket(self, number: int, rate: int, full: int, limit: int) -> None:
        """A new limit: refilled at the old rate up to now, the bucket keeps its tokens and is cut to the new burst.

        A `limit` of NULL takes the throttle away; one that comes (back) starts full.
        """
        level = int(levels.hold(self.state, number, self.clock.now))
        b = view(self.state.bucket, number * w.BUCKET)
        b.level = full if b.off else cut(level, full)
        b.low = b.level if b.off else min(b.low, b.level)
        b.rate, b.full, b.limit, b.off = rate, full, limit, int(limit == NULL)

    def quota(self, number: int, requests: int) -> None:
        """A new quota; what is used stays used."""
        spent = int(levels.used(self.state, number, self.clock.now))
        q = view(self.state.quota, number * w.QUOTA)
        q.requests = requests
        q.low = min(q.low, requests - spent)

    def unreserved(self, region: int, concurrency: int) -> None:
        """The concurrency that unreserved functions of a Region share."""
        for number, backend in enumerate(self.plan.backends):
            if backend.region == region:
                self._backend(number).unreserved = concurrency

    def reserved(self, backend: int, concurrency: int) -> None:
        """A function's reserved concurrency over all its versions, NULL: none; what runs moves between the pools with it."""
        f = self._backend(backend)
        if (f.reserved == NULL) != (concurrency == NULL):
            in_use = int(levels.level_of(self.state, f.in_use)) - int(f.provisioned)
            self._move(f.unreserved_in_use, in_use if concurrency == NULL else -in_use)
        for row in self.plan.versions(backend):
            self._backend(row).reserved = concurrency

    def provide(self, number: int, count: int, rate: int, full: int, limited: bool) -> None:
        """So many environments of provisioned concurrency from now on, and their requests per second as a bucket."""
        state, f = self.state, self._backend(self.plan.provisions[number].backend)
        needed = int(state.environment_top) + (count + w.ROOM) * w.ENVIRONMENT
        if needed > len(state.environment):
            state.grow("environment", needed)
        state.make_room()
        state.now = self.clock.now
        provisioned.provide(state, f, count, rate, full, int(limited))

    def alias(self, number: int, first: int, second: int, threshold: int) -> None:
        """What an alias names, for invocations that reach Lambda from now on."""
        x = view(self.state.alias, number * w.ALIAS)
        x.first, x.second, x.threshold = first, second, threshold

    def method(self, number: int, ttl: int, require_authorization: bool, unauthorized: Unauthorized) -> None:
        """A method's caching; entries keep the time to live they were stored with."""
        for host in range(self.plan.account.hosts):
            m = self._method(number + host * len(self.plan.releases))
            m.ttl, m.require_authorization, m.unauthorized = (
                ttl,
                int(require_authorization),
                int(unauthorized),
            )

    def cache(self, stage: int, capacity: int) -> None:
        """Another cache cluster: everything is lost, and there is no cache while it is made."""
        self.flush(stage)
        st = view(self.state.stage, stage * w.STAGE)
        st.capacity = capacity
        st.ready = self.clock.now + self.plan.account.cache_rebuild_ns

    def release(self, number: int, row: int) -> None:
        """What answers for a method from now on, NULL: nothing; who is already under way is not touched."""
        self._method(number).released = row
        self._settle(number)

    def canary_release(self, number: int, row: int) -> None:
        """What answers for a method where the canary was met."""
        self._method(number).canary_released = row

    def respond(self, stage: int, answers: int, canary_answers: int) -> None:
        """What a stage and its canary answer by themselves from now on."""
        st = view(self.state.stage, stage * w.STAGE)
        st.answers, st.canary_answers = answers * ANSWERS, canary_answers * ANSWERS

    def canary(self, stage: int, share: int) -> None:
        """The share of a stage's requests that meet its canary: a threshold word."""
        view(self.state.stage, stage * w.STAGE).canary = share
        for number, method in enumerate(self.plan.methods):
            if method.stage == stage:
                self._settle(number)

    def _method(self, number: int) -> View:
        return view(self.state.method, number * w.METHOD)

    def _settle(self, number: int) -> None:
        """Whether anything but a method itself may answer for it."""
        m = self._method(number)
        canary = view(self.state.stage, m.stage * w.STAGE).canary
        if m.moves != w.BY_TURNS:
            m.moves = int(m.released != number or canary > 0 or self.plan.account.hosts > 1)

    def flush(self, stage: int) -> None:
        """All entries of the stage's cache out."""
        state = self.state
        for method in self.plan.releases:
            if method.cache == stage and method.entries:
                state.forget("entry", method.first_entry, method.first_entry + method.entries)
        st = view(state.stage, stage * w.STAGE)
        st.queue_n = 0
        self._move(st.gauge, -int(levels.level_of(state, st.gauge)))

    def flush_authorizers(self, stage: int) -> None:
        """All cached results of the stage's authorizers out."""
        firsts = {row.first_entry for row in self.plan.authorizers}
        for row in self.plan.authorizers:
            if row.stage == stage and row.ttl_ns:
                later = [first for first in firsts if first > row.first_entry]
                self.state.forget("grant", row.first_entry, min(later, default=self.plan.grants))

    def unavailable(self, stage: int, share: int) -> None:
        """The share of a stage's requests that API Gateway itself answers with 503 from now on: a threshold word."""
        state = self.state
        view(state.stage, stage * w.STAGE).unavailable = share
        state.unhealthy = int(
            any(view(state.stage, n * w.STAGE).unavailable for n in range(len(self.plan.stages)))
        )

    def function(self, backend: int, timeout: int) -> None:
        """A function's own timeout, for invocations that start from now on; published versions keep theirs."""
        self._backend(backend).timeout = timeout

    def serves(self, backend: int, concurrency: int) -> None:
        """How many an HTTP backend serves at once from now on; who waits for a place that is free then begins first of all."""
        self._backend(backend).concurrency = concurrency
        self.state.drain, self.state.drain_row = backend * w.BACKEND + 1, 0

    def loss(self, client: int, requests: int, answers: int) -> None:
        """The shares of requests and answers of a row of plan.aims that are lost from now on: threshold words."""
        c = view(self.state.client, client_row(self.plan, client) * w.CLIENT)
        c.loses_requests, c.loses_answers = requests, answers

    def answer(self, client: int, thresholds: tuple[int, ...]) -> None:
        """What the record of a client answers from now on: cumulative threshold words over its targets."""
        state = self.state
        d = view(state.names, self._client(client).names)
        state.fill("share", int(d.answers), np.array(thresholds, np.int64))

    def reporting(self, client: int) -> int:
        """How many of a target's checkers report that it is healthy."""
        c = self._client(client)
        first = int(c.process)
        return sum(
            int(view(self.state.process, first + n * w.PROCESS).reports) for n in range(int(c.processes))
        )

    def fault(self, backend: int, slow: int, errors: int, outage: int) -> None:
        """What goes wrong with a backend from now on: thousandths, a threshold word, 0 or 1."""
        f = self._backend(backend)
        f.slow, f.errors, f.outage = slow if f.slow > 0 else -slow, errors, int(bool(outage))

    def _move(self, gauge: int, by: int) -> None:
        self.state.now = self.clock.now
        levels.move(self.state, gauge, by)
