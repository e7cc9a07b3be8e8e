"""From a plan and its draws to the vectors of clients."""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.draws import Group, philox, vectors
from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.filling import fill, joined, rows
from apigw_sim.engine.compiled.parts import Parts
from apigw_sim.engine.compiled.screens import Screens
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.rules import dns, limiter, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apigw_sim.engine.compiled.filling import Ints
    from apigw_sim.plan import tables
    from apigw_sim.plan.tables import Plan

CONNECTIONS = 1 << 10
"""Connections that there is room for at first."""
LAWS = ("rtt", "body", "overhead")
"""Of an entry of calls, in the order of `Stream.laws`."""


class ClientVectors(Parts):
    """What clients need of the vectors: calls, users, connections, processes, names."""

    def _clients(self) -> None:
        plan = self.plan
        self._table("client", len(plan.aims) + 1 + len(plan.queues))
        for number, backend in enumerate(plan.queues, len(plan.clients) + 1):
            keys_of = round_keys(self.draws.queue(backend))
            fill(self.vectors["client"], "client", number, me=number * w.CLIENT, number=NULL, **keys_of)
        self._table("permit", plan.permissions)
        self._users()
        screens = Screens(plan, self.vectors, self.tables)
        self._connections()
        processes = self._processes()
        self._table("pick", sum(len(row.calls) for row in plan.aims))
        self._names()
        parameters: list[int] = []
        guides: list[Ints] = []
        p = guided = 0
        detoured = False
        owners = [number for number, row in enumerate(plan.clients) if row.names for _ in row.names.twins]
        for aim, number in enumerate((*range(len(plan.clients)), *owners)):
            row, me = plan.aims[aim], client_row(plan, aim)
            stream, keys, retry = self.draws.client(aim), row.keys, row.retry
            statuses = sorted(retry.statuses)
            guide, shift = guide_of(row.weights)
            guides.append(guide)
            detours = row.new_connection > 0 or row.distribution != NULL or number in plan.lossy
            detoured = detoured or detours
            fill(
                self.vectors["client"], "client", me, me=me * w.CLIENT, number=number,
                **round_keys(stream.key), stage=row.stage, pick=p * w.PICK,
                weights=self._shares([0] * len(row.weights), row.weights), weights_n=len(row.weights),
                guide=guided, guide_shift=shift,
                block_first=number * w.CALL_BLOCK * w.DRAWN, first_key=row.first_key, key_n=keys.n if keys else 0,
                key_table=self.tables.numbered(keys) if keys else NULL, key_group=group_of(plan, row.first_key),
                timeout=row.timeout_ns,
                attempts=retry.attempts, jitter=retry.jitter, base=retry.base_ns, cap=retry.cap_ns,
                client_timeout=retry.client_timeout, statuses=self._shares(statuses, [0] * len(statuses)),
                statuses_n=len(statuses), process=processes[number], **kept(retry), drops_key=drops_key(plan, row),
                keeps=keeps(plan.clients[number]), checks=row.checks,
                names=NULL if plan.clients[number].names is None else number * w.width("names"),
                connections=self._connections_of(number), users=self._users_of(number),
                workers=NULL if row.workers == NULL else number * w.WORKERS, **self._identities(row),
                detours=detours,
                new_connection=row.new_connection, front=row.front, untrusted=row.untrusted,
                distribution=row.distribution, **self._laws(handshakes=row.handshakes, edge=row.rtt_to_edge),
                **screens.of(row), **permissions(row),
            )  # fmt: skip
            guided += len(guide)
            for place, (call, laws) in enumerate(zip(row.calls, stream.laws, strict=True)):
                fill(
                    self.vectors["pick"], "pick", p, me=p * w.PICK, method=call.method, resource=call.resource_base,
                    entry=call.entry_base, parameters=len(parameters), parameters_n=len(call.parameters),
                    age=call.max_age_0, authorized=call.max_age_0_authorized, idempotent=call.idempotent,
                    number=place, first_entry=self._first_entry(call.method),
                    needs_key=call.method != NULL and self.plan.methods[call.method].api_key_required,
                    sends=any(law.constant is None for law in laws), refused=call.refused, leave=call.leave,
                    preflight=call.preflight, permission=call.permission,
                    invalid_body=call.invalid_body, invalid_parameters=call.invalid_parameters, policies=packed(call.policies),
                    types=self._shares(call.types, call.type_thresholds), types_n=len(call.types), format=call.format,
                    **self._laws(**dict(zip(LAWS, laws, strict=True))),
                )  # fmt: skip
                for drawn in call.parameters:
                    parameters += [
                        drawn.word, drawn.law.n, self.tables.numbered(drawn.law), drawn.resource_stride,
                        drawn.entry_stride,
                    ]  # fmt: skip
                p += 1
        fill(self.vectors["head"], "head", 0, detoured=detoured)
        self.vectors["guide"] = joined(guides)
        self.vectors["turn"] = rows(len(plan.clients), 1)
        self.vectors["parameter"] = np.array([*parameters, *[0] * w.PARAMETER], np.int64)

    def _names(self) -> None:
        """How clients find the targets of records, and what their resolvers remember as the run starts."""
        plan, first = self.plan, 0
        self._table("names", len(plan.clients))
        remembered = self._table("remembered", sum(row.names.resolvers for row in plan.clients if row.names))
        for number, row in enumerate(plan.clients):
            said = row.names
            if said is None:
                continue
            answers = self._shares([0] * len(said.first), said.first)
            fill(
                self.vectors["names"], "names", number, owner=client_row(plan, number) * w.CLIENT,
                twins=client_row(plan, plan.first_twin(number)) * w.CLIENT, resolvers=said.resolvers, keeps=said.keeps_ns,
                first=first * w.REMEMBERED, answers=answers, answers_n=len(said.first),
                block=len(plan.clients) * w.CALL_BLOCK * w.DRAWN,
            )  # fmt: skip
            stream = self.draws.client(number)
            for resolver in range(said.resolvers):
                which, age, _, _ = stream.row(Group.REMEMBERED, resolver, 0)
                until = w.FOR_EVER if said.keeps_ns == NULL else dns.left(age, said.keeps_ns)
                remembered[first] = pick.choose(which, said.first), until
                first += 1

    def _processes(self) -> list[int]:
        """The processes of clients that keep something between calls; gives where those of each begin."""
        firsts, rows_of = [], [row.retry for row in self.plan.clients for _ in range(row.retry.processes)]
        self._table("process", len(rows_of))
        for number, retry in enumerate(rows_of):
            fill(
                self.vectors["process"], "process", number, tokens=retry.quota.tokens if retry.quota else 0,
                budget=retry.saves, rate=limiter.ONE, reports=1,
            )  # fmt: skip
        first = 0
        for row in self.plan.clients:
            firsts.append(first * w.PROCESS)
            first += row.retry.processes
        return firsts

    def _identities(self, row: tables.Client) -> dict[str, int]:
        """The words of a client that say whom its callers are taken for."""
        said = row.identities
        if said is None:
            return {}
        return {
            "identities": said.which.n, "identity_table": self.tables.numbered(said.which),
            "first_identity": said.first, "valid": said.valid, "denied": said.denied, "missing": said.missing,
            "expired": said.expired,
        }  # fmt: skip

    def _first_entry(self, method: int) -> int:
        """Where the cache entries of a method begin; NULL: it has none."""
        found = self.plan.methods[method] if method != NULL else None
        return found.first_entry if found is not None and found.entries else NULL

    def _users(self) -> None:
        """The closed-loop users of clients that have them, a row for each such client."""
        clients = [row.users for row in self.plan.clients if row.users is not None]
        self._table("users", len(clients))
        for number, row in enumerate(clients):
            fill(
                self.vectors["users"], "users", number, count=row.count, ramp=row.ramp_ns, until=self.plan.duration,
                steps=row.steps, **self._laws(think=row.think, pause=row.pause),
            )  # fmt: skip

        self._table("workers", len(self.plan.clients))
        for number, client in enumerate(self.plan.clients):
            fill(self.vectors["workers"], "workers", number, free=client.workers, until=self.plan.duration)

    def _users_of(self, client: int) -> int:
        """Where the row of a client's users stands; NULL: it has none."""
        if self.plan.clients[client].users is None:
            return NULL
        return w.USERS * sum(row.users is not None for row in self.plan.clients[:client])

    def _connections(self) -> None:
        """What arrivals of clients open, a row for each such client, and when some of it is lost."""
        plan, first = self.plan, self.plan.gauge_base
        clients = [row for row in plan.clients if row.connections is not None]
        self._table("connections", len(clients))
        self.vectors["connection"] = rows(CONNECTIONS if clients else w.ROOM + 1, w.CONNECTION)
        for number, client in enumerate(clients):
            said, stage = client.connections, client.stage
            assert said is not None
            fill(
                self.vectors["connections"], "connections", number, connect=said.connect, disconnect=said.disconnect,
                returns=said.reconnect is not None, longest=said.longest_ns, idle=said.idle_ns, largest=said.largest,
                until=plan.duration, stage=stage, open=first[GaugeKind.OPEN] + stage,
                connected=first[GaugeKind.OPENED] + stage, closed=first[GaugeKind.CLOSED_BY_CLIENT] + stage,
                closed_step=len(plan.stages),
                **self._laws(every=said.every, lifetime=said.lifetime, reconnect=said.reconnect),
            )  # fmt: skip
        self._table("disconnect", len(plan.drops))
        for number, drop in enumerate(plan.drops):
            fill(
                self.vectors["disconnect"],
                "disconnect",
                number,
                at=drop.at,
                stage=drop.stage,
                share=drop.share,
            )

    def _connections_of(self, client: int) -> int:
        """Where the row of what a client's arrivals open stands; NULL: they are calls."""
        if self.plan.clients[client].connections is None:
            return NULL
        before = sum(row.connections is not None for row in self.plan.clients[:client])
        return before * w.width("connections")


def group_of(plan: Plan, key: int) -> int:
    """The number of the group that an API key is of; 0 of none."""
    return max(bisect([group.first for group in plan.key_groups], key) - 1, 0)


def client_row(plan: Plan, aim: int) -> int:
    """The row in `client` of a row of plan.aims: those of queues stand between clients and what they are elsewhere."""
    return aim + 1 + (len(plan.queues) if aim >= len(plan.clients) else 0)


def permissions(client: tables.Client) -> dict[str, int]:
    """The words of a client that is browsers."""
    said = client.browser
    if said is None:
        return {}
    return {
        "browsers": said.count, "permissions": said.first, "each": said.each, "permitted_for": said.max_age_ns,
    }  # fmt: skip


def kept(retry: tables.Retry) -> dict[str, int]:
    """The words of what a client's processes keep between its calls."""
    quota, breaker = retry.quota, retry.breaker
    return {
        "processes": retry.processes, "base_throttled": retry.base_throttled_ns, "earns": retry.earns,
        "saves": retry.saves, "adaptive": retry.adaptive, "quota": quota.tokens if quota else NULL,
        "quota_throttled": quota.throttled if quota else 0, "quota_timed_out": quota.timed_out if quota else 0,
        "quota_other": quota.other if quota else 0, "breaker": breaker.share if breaker else NULL,
        "window": breaker.window if breaker else 0, "open_ns": breaker.open_ns if breaker else 0,
        "probes": breaker.probes if breaker else 0,
    }  # fmt: skip


def keeps(client: tables.Client) -> bool:
    """Whether a client's calls have anything to do with each other."""
    alone = (
        client.users is None
        and client.workers == NULL
        and client.connections is None
        and client.browser is None
        and client.names is None
    )
    return client.retry.processes > 0 or not alone


def drops_key(plan: Plan, client: tables.Client) -> bool:
    """Whether requests of a client may lose their API key on the way, so that a retry has to find it again."""
    methods = {call.method for call in client.calls} - {NULL}
    return client.identities is not None or any(plan.keyed_by_turns[method] for method in methods)


def packed(policies: Sequence[int]) -> int:
    """What resource policies say, two bits each."""
    return sum(word << 2 * place for place, word in enumerate(policies))


def round_keys(key: philox.Key) -> dict[str, int]:
    """The words of a client that its draws are made under."""
    return dict(zip(w.ROUND_KEYS, philox.schedule(key), strict=True))


def guide_of(thresholds: Sequence[int]) -> tuple[Ints, int]:
    """Where to look for a word among cumulative thresholds, by its high bits: the first that any such word may choose.

    There are at least as many places as thresholds, so one step more finds it on the average, however many there are.
    """
    bits = max(len(thresholds) - 1, 0).bit_length()
    shift = pick.WORD_BITS - bits
    return vectors.choices(np.arange(1 << bits, dtype=np.int64) << shift, thresholds), shift
