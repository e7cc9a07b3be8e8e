"""What holds of every run, whatever its scenario: nothing is lost, nothing happens twice, and all levels return to 0."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
from engine.running import Ran

from apigw_sim.plan.tables import BackendKind, GaugeKind, LimitKind
from apigw_sim.plan.web_acls import Action
from apigw_sim.records import (
    ATTEMPTS,
    CALLS,
    ENVIRONMENTS,
    INVOCATIONS,
    LEVELS,
    NULL,
    PREFLIGHT,
    Authorized,
    Cache,
    CallOutcome,
    Flag,
    Outcome,
    Source,
)
from apigw_sim.rules import reason

ONLY_AUTHORIZERS = {
    reason.UNAUTHORIZED, reason.ACCESS_DENIED, reason.INVALID_SIGNATURE, reason.EXPIRED_TOKEN,
    reason.AUTHORIZER_FAILURE, reason.AUTHORIZER_CONFIGURATION_ERROR,
}  # fmt: skip
"""Answers that nobody gets without an authorizer, AWS_IAM or a resource policy."""
ENDED = {
    GaugeKind.CONCURRENCY, GaugeKind.ACCOUNT_CONCURRENCY, GaugeKind.UNRESERVED_CONCURRENCY, GaugeKind.BUSY, GaugeKind.QUEUE,
    GaugeKind.EVENTS, GaugeKind.CONNECTIONS_BUSY,
}  # fmt: skip
"""The kinds of gauges that are 0 when nothing is in flight."""
WITHOUT_AREA = {
    GaugeKind.CACHE_BYTES, GaugeKind.OLDEST, GaugeKind.EMPTIED, GaugeKind.WAF_ALLOWED, GaugeKind.WAF_MATCHED,
    GaugeKind.EVENT_AGE, GaugeKind.EVENT_AGES,
    *(GaugeKind(kind) for kind in range(GaugeKind.INCOMING_RECORDS, GaugeKind.TOKENS)),
}  # fmt: skip


CALLED = ("client", "user", "call")


def named(who: Sequence[int]) -> str:
    """A call, and what of it is given, for people."""
    words = ("client", "user", "call", "attempt")
    return " ".join(f"{word} {number}" for word, number in zip(words, who, strict=False))


def broken(ran: Ran, *, grid: int = 1) -> list[str]:
    """What a run breaks of all that every run must keep; nothing, if it is whole."""
    return [
        *_calls(ran),
        *_attempts(ran, grid),
        *_work(ran),
        *_environments(ran),
        *_levels(ran),
        *_queues(ran),
        *_streams(ran),
        *_tables(ran),
        *_waf(ran),
        *_events(ran),
        *_databases(ran),
    ]


def _calls(ran: Ran) -> Iterator[str]:
    """Every call ends once, and as many attempts as it says were answered, the last of them with its status."""
    sent: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
    for *who, attempt, status in ran.columns(ATTEMPTS, *CALLED, "attempt", "status"):
        if attempt > PREFLIGHT:
            yield from _preflight(ran, who[0], named((*who, attempt)))
            continue
        if attempt in sent[tuple(who)]:
            yield f"{named(who)}: attempt {attempt} is answered twice"
        sent[tuple(who)][attempt] = status
    for *who, attempts, status, outcome in ran.columns(CALLS, *CALLED, "attempts", "status", "outcome"):
        if outcome == CallOutcome.SHORT_CIRCUITED:
            if status != NULL or ran.plan.clients[who[0]].retry.breaker is None:
                yield f"{named(who)} is short-circuited, and has status {status} or no circuit breaker"
        elif outcome == CallOutcome.NOT_STARTED:
            if status != NULL or attempts or ran.plan.clients[who[0]].workers == NULL:
                yield f"{named(who)} never started, and has {attempts} attempts, status {status} or no workers"
        elif outcome == CallOutcome.PREFLIGHT_FAILED:
            if status != NULL or ran.plan.clients[who[0]].browser is None:
                yield f"{named(who)}: its preflight failed, and it has status {status} or is of no browser"
        elif not attempts:
            yield f"{named(who)} ended without an attempt"
    ended = ran.columns(CALLS, *CALLED, "attempts", "status", "started_ns", "ended_ns")
    for identity, times in Counter(row[:3] for row in ended).items():
        if times > 1:
            yield f"{named(identity)} ends {times} times"
    for *who, attempts, status, started, end in ended:
        answered = sent[tuple(who)]
        lost = set(range(1, attempts + 1)) - set(answered) if who[0] in ran.plan.lossy else set()
        if sorted({*answered, *lost}) != list(range(1, attempts + 1)):
            yield f"{named(who)}: {attempts} attempts, and answered are {sorted(answered)}"
        elif status not in (NULL, answered.get(attempts)):
            yield f"{named(who)}: ends with {status}, answered was {answered[attempts]}"
        if end < started:
            yield f"{named(who)} ends before it starts"
    if missing := set(sent) - {row[:3] for row in ended}:
        yield f"{named(min(missing))}: there are attempts, and it never ends"
    yield from _users(ran, ended)
    yield from _workers(ran)


def _preflight(ran: Ran, client: int, name: str) -> Iterator[str]:
    """Preflights are sent by browsers alone."""
    if ran.plan.clients[client].browser is None:
        yield f"{name}: a preflight of a client that is no browser"


def _users(ran: Ran, ended: list[tuple[int, ...]]) -> Iterator[str]:
    """Users are those of their client, and call one call after another, the last of them before the end."""
    calls: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for client, user, call, _, _, started, end in ended:
        calls[client, user].append((call, started, end))
    for (client, user), mine in calls.items():
        users = ran.plan.clients[client].users
        if ran.plan.clients[client].connections is not None:
            if user == 0 or min(mine)[0] != 0:
                yield f"client {client} user {user}: the first call of a connection is {min(mine)[0]}"
            continue
        if not (0 < user <= users.count if users else user == 0):
            yield f"client {client} has no user {user}"
        if users is None:
            continue
        mine.sort()
        if [call for call, _, _ in mine] != list(range(len(mine))):
            yield f"client {client} user {user}: calls {[call for call, _, _ in mine]}"
        if any(begin < end for (_, _, end), (_, begin, _) in pairwise(mine)):
            yield f"client {client} user {user} has two calls at once"


def _workers(ran: Ran) -> Iterator[str]:
    """Calls start when they are due, or later where there are workers, of whom none has two calls at once."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for client, intended, started, ended, outcome in ran.columns(
        CALLS, "client", "intended_ns", "started_ns", "ended_ns", "outcome"
    ):
        workers = ran.plan.clients[client].workers
        if outcome != CallOutcome.NOT_STARTED:
            spans[client] += [(started, 1), (max(ended, started), -1)]
            if started < intended or (workers == NULL and started != intended):
                yield f"client {client}: a call is due at {intended} and starts at {started}"
    for client, moves in spans.items():
        workers = ran.plan.clients[client].workers
        busy = np.cumsum([move for _, move in sorted(moves)])
        if workers != NULL and busy.max() > workers:
            yield f"client {client}: {busy.max()} calls at once, of {workers} workers"


def _attempts(ran: Ran, grid: int) -> Iterator[str]:
    """What reached a backend has one piece of work, what was refused before has none; statuses go with reasons."""
    worked = Counter(ran.columns(INVOCATIONS, *CALLED, "attempt", "source"))
    authorizers = ran.plan.authorizers
    leads = {row.place for row in ran.plan.releases if row.backend != NULL}
    """Methods that lead to a backend in one deployment at least."""
    columns = (
        *CALLED, "attempt", "method", "integration_ns", "cache", "reason", "status", "refused_by", "arrived_ns",
        "latency_ns", "stage", "flags", "authorizer_ns", "authorizer",
    )  # fmt: skip
    for (
        *identity,
        method,
        integration,
        cache,
        why,
        status,
        refused_by,
        _,
        latency,
        stage,
        flags,
        took,
        looked,
    ) in ran.columns(ATTEMPTS, *columns):
        name = named(identity)
        pieces = worked[(*identity, Source.INTEGRATION)]
        if pieces != (integration != NULL):
            yield f"{name}: {pieces} pieces of work, IntegrationLatency {integration}"
        rows = {row.authorizer for row in ran.plan.releases if row.place == method}  # of all deployments
        guard = next((authorizers[row] for row in sorted(rows) if row != NULL), None)
        asked = guard is not None and guard.invokes and looked == Authorized.MISS
        if len(rows) == 1 and worked[(*identity, Source.AUTHORIZER)] != asked:
            yield f"{name}: {worked[(*identity, Source.AUTHORIZER)]} invocations of an authorizer, asked: {asked}"
        if (took != NULL and guard is None) or (looked != Authorized.NONE and took == NULL):
            yield f"{name}: its authorizer took {took}"
        if looked == Authorized.HIT and took != 0:
            yield f"{name}: a cached result took {took}"
        if why in ONLY_AUTHORIZERS and guard is None:
            yield f"{name}: {reason.REASONS[why].name} without an authorizer"
        if grid == 1 and max(took, 0) + max(integration, 0) > latency:
            yield f"{name}: Latency {latency}, authorizer {took}, IntegrationLatency {integration}"
        if integration != NULL and method not in leads:
            yield f"{name}: a mock has no IntegrationLatency"
        if cache == Cache.HIT and integration != NULL:
            yield f"{name}: a hit asks no backend"
        yield from _status(ran, name, method, stage, why, status, flags)
        kept = flags & Flag.IN_FRONT  # a distribution may repeat a refusal that the API made a 200
        if why in (reason.THROTTLED, reason.QUOTA_EXCEEDED) and refused_by == NULL and not kept:
            yield f"{name}: throttled by nothing"
        if latency < 0 or (grid == 1 and integration > latency):
            yield f"{name}: Latency {latency}, IntegrationLatency {integration}"


def _status(ran: Ran, name: str, method: int, stage: int, why: int, status: int, flags: int) -> Iterator[str]:
    """A reason of the gateway's own goes with the stage's status for it, what a custom integration maps with one of its own."""
    of = ran.plan.stages[stage]
    rows = {of.answers, of.canary_answers, *(row.answers for row in ran.plan.releases if row.stage == stage)}
    rows |= {row for _, (place, *answers) in ran.plan.writes("respond") if place == stage for row in answers}
    owns = [ran.plan.answers[row][why] for row in rows]
    own = next((each for each in owns if each.status == status), owns[0])
    mapped = [each.status for row in ran.plan.releases if row.place == method for each in row.responses or ()]
    if own.status and status == own.status:
        if flags & ~own.flags & (Flag.RESTYLED | Flag.UNMETERED):
            yield f"{name}: marks {flags}, and the stage's are {own.flags}"
    elif status not in mapped and (own.status or why != reason.passed_on(status)):
        yield f"{name}: {reason.REASONS[why].name} with status {status}"


def _work(ran: Ran) -> Iterator[str]:
    """A piece of work belongs to an attempt, was refused or ran, and repeats what had begun before."""
    answered = set(ran.columns(ATTEMPTS, *CALLED, "attempt"))
    columns = (
        *CALLED,
        "attempt",
        "backend",
        "environment",
        "duration_ns",
        "queued_ns",
        "outcome",
        "repeated",
        "source",
    )
    ran_at_all: dict[tuple[int, ...], set[int]] = defaultdict(set)
    runs: Counter[tuple[int, ...]] = Counter()
    rows = ran.columns(INVOCATIONS, *columns)
    for client, user, call, attempt, _, _, duration, *_, source in rows:
        if duration != NULL and source in (Source.INTEGRATION, Source.EVENT_QUEUE):
            ran_at_all[client, user, call].add(attempt)
            runs[client, user, call, attempt] += 1
    for *who, attempt, backend, environment, duration, queued, outcome, repeated, source in rows:
        name = f"work for {named((*who, attempt))}"
        if source != Source.EVENT_SOURCE and (*who, attempt) not in answered:
            yield f"{name}: there is no such attempt"
        is_lambda = ran.plan.backends[backend].kind is BackendKind.LAMBDA
        begun = (
            outcome not in (Outcome.OUTAGE, Outcome.QUEUE_FULL, Outcome.TOO_LARGE, Outcome.SERVICE_THROTTLED)
            and not Outcome(outcome).throttled
        )
        if (duration != NULL) != begun or (environment != NULL) != (begun and is_lambda):
            yield f"{name}: {Outcome(outcome).name}, duration {duration}, environment {environment}"
        if queued < 0 or (is_lambda and queued):
            yield f"{name}: {queued} ns in a queue"
        if (source == Source.EVENT_SOURCE) != (who[0] == NULL):
            yield f"{name}: of {Source(source).name}"
        if repeated and source == Source.AUTHORIZER:
            yield f"{name}: an authorizer repeats nothing"
        again = source == Source.EVENT_QUEUE and runs[*who, attempt] > 1
        if repeated and not (begun and (again or any(other < attempt for other in ran_at_all[tuple(who)]))):
            yield f"{name}: repeats nothing"


def _by_environment(ran: Ran, outcome: Outcome) -> Counter[tuple[int, int]]:
    """How many invocations of an outcome each environment has run."""
    rows = ran.columns(INVOCATIONS, "backend", "environment", "outcome")
    return Counter((backend, number) for backend, number, found in rows if found == outcome)


def _environments(ran: Ran) -> Iterator[str]:
    """Environments are numbered from 0 and serve what ran in them, one piece at a time."""
    served: Counter[tuple[int, int]] = Counter()
    spans: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    columns = ("backend", "environment", "arrived_ns", "provisioning_ns", "init_ns", "duration_ns")
    for backend, environment, arrived, provisioning, init, duration in ran.columns(INVOCATIONS, *columns):
        if environment != NULL:
            served[backend, environment] += 1
            spans[backend, environment].append(
                (arrived, arrived + max(provisioning, 0) + max(init, 0) + duration)
            )
    rows = ran.columns(
        ENVIRONMENTS, "function", "environment", "served", "born_ns", "died_ns", "last_used_ns"
    )
    said = {row[:2]: row[2] for row in rows}
    if (
        len(said) != len(rows)
        or any(said[of] != served[of] for of in said)
        or not served.keys() <= said.keys()
    ):
        yield "environments: served is not what ran in them, or one stands twice"
    crashed, out = (_by_environment(ran, outcome) for outcome in (Outcome.CRASH, Outcome.TIMEOUT))
    for function, number, resets in ran.columns(ENVIRONMENTS, "function", "environment", "resets"):
        late = out[function, number]
        if not late <= resets <= late + crashed[function, number]:
            yield f"environments: {resets} resets after {late} timeouts"
    for function in {row[0] for row in rows}:
        numbers = sorted(row[1] for row in rows if row[0] == function)
        if numbers != list(range(len(numbers))):
            yield f"environments of {ran.plan.backends[function].name}: {numbers}"
    for of, times in spans.items():
        times.sort()
        if any(begin < end for (_, end), (begin, _) in pairwise(times)):
            yield f"environment {of} serves two at once"
    if any(died != NULL and died < last for *_, died, last in rows):
        yield "an environment died before its last use"


def _queues(ran: Ran) -> Iterator[str]:
    """At every tick, what was sent is there, under way, deleted, dead or too old; at the end nothing is under way."""
    count = len(ran.plan.queues)
    kinds = [GaugeKind(kind) for kind in range(GaugeKind.VISIBLE, GaugeKind.OLDEST)]
    at = {ran.plan.gauge(kind, place): (kind, place) for kind in kinds for place in range(count)}
    level = dict.fromkeys(at.values(), 0)
    rows = sorted(
        (row[0], row[1], row[2]) for row in ran.columns(LEVELS, "at_ns", "gauge", "level") if row[1] in at
    )
    for tick in sorted({row[0] for row in rows}):
        level |= {at[gauge]: value for when, gauge, value in rows if when == tick}
        for place in range(count):
            held = {kind: level[kind, place] for kind in kinds}
            rest = sum(held[kind] for kind in kinds if kind not in (GaugeKind.SENT, GaugeKind.RECEIVED))
            if held[GaugeKind.SENT] != rest:
                yield f"queue {place} at {tick}: {held}"
    for place in range(count):
        if level[GaugeKind.HIDDEN, place]:
            yield f"queue {place} ends with {level[GaugeKind.HIDDEN, place]} messages under way"


def _streams(ran: Ran) -> Iterator[str]:
    """What a stream counts is what its shards took, record by record and byte by byte; Firehose delivers no more of it.

    An object has at most what is just short of its size and one record; what waits is less than the size of each buffer.
    """
    plan = ran.plan
    size_of = {row[:4]: row[4] for row in ran.columns(ATTEMPTS, *CALLED, "attempt", "request_bytes")}
    rows = ran.columns(INVOCATIONS, *CALLED, "attempt", "backend", "outcome", "status")

    def last(kind: int, place: int) -> int:
        levels = ran.levels(plan.gauge(GaugeKind(kind), place))
        return levels[-1].level if levels else 0

    for place, (stream, service) in enumerate(plan.streams.items()):
        name = plan.backends[stream].path
        taken = [
            size_of[tuple(who)]
            for *who, backend, outcome, status in rows
            if plan.backends[backend].path == name and outcome == Outcome.OK and status < 400
        ]
        incoming = last(GaugeKind.INCOMING_RECORDS, place), last(GaugeKind.INCOMING_BYTES, place)
        if incoming != (len(taken), sum(taken)):
            yield f"{name}: took {len(taken)} records, {sum(taken)} bytes, and counts {incoming}"
        if service.firehose is not None:
            of = plan.firehoses.index(stream)
            records, size, by_size, by_interval = (
                last(kind, of) for kind in range(GaugeKind.DELIVERED_RECORDS, GaugeKind.OBJECT_BYTES)
            )
            said, oldest = service.firehose, ran.peak(plan.gauge(GaugeKind.OBJECT_AGE, of))
            objects = by_size + by_interval
            if not by_size * said.size <= size <= objects * (said.size + max(taken, default=0)):
                yield f"{name}: {size} bytes in {by_size} objects by size and {by_interval} by interval"
            if not (objects <= records <= len(taken) and 0 <= sum(taken) - size < said.buffers * said.size):
                yield f"{name}: {records} records, {size} bytes of {sum(taken)} in {objects} objects"
            if oldest > said.interval_ns or (by_interval and oldest < said.interval_ns):
                yield f"{name}: the oldest was {oldest} ns old"


def _tables(ran: Ran) -> Iterator[str]:
    """What a table's capacity counts is what its actions did, and of those counted by the body how many units they took."""
    plan = ran.plan
    size_of = {row[:4]: row[4] for row in ran.columns(ATTEMPTS, *CALLED, "attempt", "request_bytes")}
    rows = ran.columns(INVOCATIONS, *CALLED, "attempt", "backend", "outcome", "duration_ns")
    for place, capacity in enumerate(plan.capacities):
        mine = {
            number: backend.service
            for number, backend in enumerate(plan.backends)
            if backend.service is not None and backend.service.capacity == capacity
        }
        took = [(who, backend) for *who, backend, _, duration in rows if backend in mine and duration != NULL]
        refused = sum(
            backend in mine and outcome == Outcome.SERVICE_THROTTLED for *_, backend, outcome, _ in rows
        )
        consuming, consumed, exceeded = (
            levels[-1].level if (levels := ran.levels(plan.gauge(GaugeKind(kind), place))) else 0
            for kind in range(GaugeKind.CONSUMING, GaugeKind.CAPACITY_EXCEEDED + 1)
        )
        if (consuming, exceeded) != (len(took), refused):
            yield f"{capacity}: {len(took)} took and {refused} were refused; counted are {consuming}, {exceeded}"
        if not any(said.by_answer for said in mine.values()):
            units = sum(
                2
                * (
                    max(-(-size_of[tuple(who)] // unit), 1)
                    if (unit := mine[row].unit)
                    else mine[row].cost // 10**12
                )
                for who, row in took
            )
            if units != consumed:
                yield f"{capacity}: {units} half units were taken, and {consumed} are counted"


def _waf(ran: Ran) -> Iterator[str]:
    """What came to web ACLs was allowed or blocked, and each blocked request is one that was answered so."""
    plan, waf = ran.plan, ran.plan.waf
    last = {row[0]: row[1] for row in ran.columns(LEVELS, "gauge", "level")}
    matched = [last.get(plan.gauge(GaugeKind.WAF_MATCHED, row), 0) for row in range(len(waf.rules))]
    blocked = sum(
        count for count, rule in zip(matched, waf.rules, strict=True) if rule.action is Action.BLOCK
    )
    ended = sum(
        count for count, rule in zip(matched, waf.rules, strict=True) if rule.action is not Action.COUNT
    )
    ended += sum(last.get(plan.gauge(GaugeKind.WAF_ALLOWED, row), 0) for row in range(len(waf.acls)))
    rows = ran.columns(ATTEMPTS, "stage", "reason", "refused_by", "flags", "client", "user", "call")
    large = {
        row[:3]
        for row in ran.columns(CALLS, "client", "user", "call", "pick")
        if plan.clients[row[0]].calls[row[3]].refused != NULL
    }
    """Calls that are no requests to a web ACL, also where the account's throttle in front refuses them."""
    screened = [
        row[:4]
        for row in rows
        if plan.stages[row[0]].web_acl != NULL and not row[3] & Flag.IN_FRONT and row[4:] not in large
    ]
    answered = sum(why == reason.WAF_FILTERED for _, why, _, _ in screened)
    if blocked != answered:
        yield f"web ACLs blocked {blocked} requests, and {answered} were answered so"
    account = plan.account.before_waf
    came = sum(
        why != reason.NO_CERTIFICATE
        and not (account and refused != NULL and plan.limits[refused].kind is LimitKind.ACCOUNT)
        for _, why, refused, _ in screened
    )
    if ended != came:
        yield f"{came} requests came to web ACLs, and {ended} were allowed or blocked"


def _events(ran: Ran) -> Iterator[str]:
    """Of the events of a function that gets nothing else, what Lambda took has gone well or was given up."""
    plan = ran.plan
    for place, row in enumerate(plan.events):
        name = plan.backends[row.function].name
        mine = [
            method for method in plan.releases if row.function in map(plan.function_of, plan.reached(method))
        ]
        if not all(method.asynchronous for method in mine):
            continue
        received, retried, expired, failed = (
            (ran.levels(plan.gauge(kind, place)) or [SimpleNamespace(level=0)])[-1].level
            for kind in (
                GaugeKind.EVENTS_RECEIVED, GaugeKind.EVENTS_RETRIED, GaugeKind.EVENTS_EXPIRED, GaugeKind.EVENTS_FAILED,
            )
        )  # fmt: skip
        work = [
            (source, outcome)
            for backend, source, outcome in ran.columns(INVOCATIONS, "backend", "source", "outcome")
            if plan.function_of(backend) == row.function
        ]
        well = sum(
            outcome in (Outcome.OK, Outcome.MALFORMED) and source in (Source.INTEGRATION, Source.EVENT_QUEUE)
            for source, outcome in work
        )
        if received != well + expired + failed:
            yield f"{name}: {received} events, {well} went well, {expired} too old, {failed} failed"
        if retried != sum(source == Source.EVENT_QUEUE for source, _ in work):
            yield f"{name}: {retried} retries, and as many rows there are not"


def _databases(ran: Ran) -> Iterator[str]:
    """Never more connections than there are, nor more at work than held; who gets none crashes, times out or is a 500."""
    plan = ran.plan
    for number, row in enumerate(plan.databases):
        held, busy, refused = (
            ran.levels(plan.gauge(GaugeKind(kind), number))
            for kind in range(GaugeKind.CONNECTIONS, GaugeKind.CONNECTIONS_REFUSED + 1)
        )
        if max((level.peak for level in held), default=0) > row.connections:
            yield f"{row.name}: more connections than {row.connections}"
        if max((level.peak for level in busy), default=0) > max((level.peak for level in held), default=0):
            yield f"{row.name}: more at work than held"
        failed = sum(
            plan.backends[backend].database == number
            and (outcome in (Outcome.CRASH, Outcome.TIMEOUT) or status == 500)
            for backend, outcome, status in ran.columns(INVOCATIONS, "backend", "outcome", "status")
        )
        if refused and refused[-1].level > failed:
            yield f"{row.name}: refused {refused[-1].level}, and {failed} of those that query failed"


def _levels(ran: Ran) -> Iterator[str]:
    """At the end nothing is in flight; no level is ever below 0 or outside its extremes."""
    base = sorted((first, kind) for kind, first in ran.plan.gauge_base.items())
    resized = [cell.args[1] for event in ran.plan.timeline for cell in event.begin if cell.verb == "cache"]
    largest = max([*(stage.cache_bytes for stage in ran.plan.stages), *resized])
    last: dict[int, int] = {}
    for at, gauge, level, low, peak, area in ran.columns(
        LEVELS, "at_ns", "gauge", "level", "low", "peak", "area"
    ):
        kind = next(kind for first, kind in reversed(base) if first <= gauge)
        last[gauge] = level
        kept = kind not in (GaugeKind.TOKENS, GaugeKind.QUOTA_LEFT)
        if kept and (not 0 <= low <= level <= peak or (area < 0 and kind not in WITHOUT_AREA)):
            yield f"{kind.name} at {at}: level {level}, low {low}, peak {peak}, area {area}"
        if kind is GaugeKind.CACHE_BYTES and peak > largest:
            yield f"{kind.name} at {at}: {peak} bytes"
    for gauge, level in last.items():
        kind = next(kind for first, kind in reversed(base) if first <= gauge)
        if kind in ENDED and level:
            yield f"{kind.name} (gauge {gauge}) ends at {level}"
