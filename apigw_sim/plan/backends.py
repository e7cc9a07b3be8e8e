"""Lambda functions and HTTP backends, with the limits on what runs at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from apigw_sim import quotas, units
from apigw_sim.plan import laws
from apigw_sim.plan.limits import UNITS_PER_RATE, Limits, Tap
from apigw_sim.plan.provisioned import claimed
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.responses import in_base64_at_most
from apigw_sim.plan.tables import NULL, Account, Backend, BackendKind, Cold, Database, LimitKind, Works
from apigw_sim.rules.bucket import MOST_TOKENS, TOKEN
from apigw_sim.scenario import Scenario
from apigw_sim.scenario import laws as said
from apigw_sim.scenario.aliases import LATEST, age
from apigw_sim.scenario.base import NONE
from apigw_sim.scenario.databases import Asks, Queries
from apigw_sim.scenario.functions import Function, SnapStart, formats
from apigw_sim.scenario.paths import show_path

CONCURRENCY: Keys = ("account", "lambda_concurrency")


class Pool(NamedTuple):
    """What all functions of the account share."""

    unreserved: int
    unreserved_limit: int
    rps_bucket: int


def pool(limits: Limits, region: int = 0) -> Pool:
    """The concurrency that a Region's functions without a reservation share, and its requests per second."""
    states = limits.history.states
    name = states[0].every_region[region]
    keys: Keys = ("regions", name, "lambda_concurrency") if region else CONCURRENCY
    owner = f" {name}" if region else ""
    functions = states[0].functions_in(name)
    whole = states[0].lambda_limit_in(name)
    if not functions:
        return Pool(whole, NULL, NULL)
    left = [_unreserved(state, name) for state in states]
    free = left[0] - claimed(functions)
    ceiling = f"{whole}" if free == whole else f"{free} unreserved of {whole}"
    row = limits.limit(LimitKind.LAMBDA_ACCOUNT, f"Lambda account concurrency{owner}", keys, ceiling)
    limits.history.keep("unreserved", (region,), [(n,) for n in left])
    taps = [
        _requests(limits, f"Lambda account{owner}", keys, state, number, state.concurrency_in(name))
        for number, state in enumerate(states)
    ]
    return Pool(left[0], row, limits.bucket(taps, [f"account{owner}"]))


def _unreserved(state: Scenario, region: str) -> int:
    """What reservations and the rest of the account leave."""
    reserved = sum(function.reserved_concurrency or 0 for function in state.functions_in(region).values())
    return max(state.concurrency_in(region) - reserved, 0)


def _requests(
    limits: Limits, label: str, keys: Keys, state: Scenario, number: int, concurrency: int
) -> Tap | None:
    """The requests per second that a concurrency brings; `lambda_request_burst` worth of them may come at once."""
    each = state.account.lambda_requests_per_concurrency
    if each == NONE:
        return None
    rate = each * concurrency
    burst = rate * state.assumptions.lambda_request_burst // units.SECOND
    if max(rate, burst) > MOST_TOKENS:
        limits.reading.problem(
            keys,
            f"{max(rate, burst):,} requests at once are more than a bucket can count ({MOST_TOKENS:,})",
            "lower it, or set account.lambda_requests_per_concurrency: none",
        )
        return None
    row = limits.limit(LimitKind.LAMBDA_RPS, f"{label} requests per second", keys, f"{rate}/s", state=number)
    return Tap(rate * UNITS_PER_RATE, burst * TOKEN, row)


def functions(limits: Limits, first: int = 0) -> list[Backend]:
    """The rows of Lambda functions, from row `first` of plan.backends."""
    scenario = limits.reading.scenario
    return [
        _function(limits, name, body, first + n) for n, (name, body) in enumerate(scenario.functions.items())
    ]


def _function(limits: Limits, name: str, body: Function, row: int) -> Backend:
    reading, history = limits.reading, limits.history
    path: Keys = ("functions", name)
    most = quotas.count("lambda_payload_max")
    keys: Keys = (*path, "reserved_concurrency")
    reserved = history.each(lambda state: state.functions[name].reserved_concurrency)
    reserved_limit, rps = NULL, NULL
    since = next((number for number, n in enumerate(reserved) if n is not None), None)
    if since is not None:
        reserved_limit = limits.limit(
            LimitKind.LAMBDA_RESERVED, f"{name} reserved concurrency", keys, str(reserved[since]), state=since
        )
        taps = [
            None
            if n is None
            else _requests(limits, f"{name} reserved", keys, history.states[number], number, n)
            for number, n in enumerate(reserved)
        ]
        rps = limits.bucket(taps, [name])
    held = [NULL if n is None else n for n in reserved]
    history.keep("reserved", range(row, row + 1), [(n,) for n in held])
    history.keep(
        "function", range(row, row + 1), history.each(lambda state: (state.functions[name].timeout,))
    )
    scaling, each = NULL, reading.scenario.account.lambda_scaling
    if each != NONE:
        span = units.show_duration(quotas.count("lambda_scaling_interval"))
        label, where = f"{name} scaling rate", ("account", "lambda_scaling")
        scaling = limits.limit(LimitKind.LAMBDA_SCALING, label, where, f"{each} per {span}", of=name)
    return Backend(
        kind=BackendKind.LAMBDA,
        name=name,
        path=f"functions.{name}",
        where=reading.scenario.where(path),
        **behaviour(reading, body, path),
        largest_response=in_base64_at_most(most) if body.response.binary else most,
        idle_lifetime=reading.law(body.idle_lifetime, "duration", (*path, "idle_lifetime")),
        reserved=held[0],
        reserved_limit=reserved_limit,
        rate_bucket=rps,
        scaling_limit=scaling,
        region=reading.scenario.region_number(body.region),
        initial_environments=_initial(reading.scenario, name, f"{name}:{LATEST}"),
        contexts=bool(body.contexts),
        **_queries(reading, body.database, path),
    )


def behaviour(reading: Reading, body: Function, path: Keys) -> dict[str, Any]:
    """What each version of a function has for itself."""
    bits = formats_of(reading.scenario)
    every = sum(bits.values())
    accepted = every if body.accepts is None else sum(bits[name] for name in body.accepts)
    return {
        "duration": reading.law(body.duration, "duration", (*path, "duration")),
        "response": reading.law(body.response.size, "size", (*path, "response", "size")),
        "status": laws.shares(body.response.status.items()),
        "crash": laws.threshold(body.crash),
        "exits": laws.threshold(body.exit_error),
        "malformed": laws.threshold(body.malformed),
        "timeout_ns": body.timeout,
        "memory_mb": body.memory // units.MB,
        "cold": _cold(reading, body, path),
        "refuses": every - accepted,
        "format_error": body.format_error,
    }


def formats_of(scenario: Scenario) -> dict[str, int]:
    """The formats that functions accept and calls are sent in, each with its bit."""
    names = dict.fromkeys(formats(scenario.functions.values()))
    for client in scenario.clients.values():
        calls = () if isinstance(client.calls, str) else client.calls
        names |= dict.fromkeys(call.format for call in calls if call.format is not None)
    return {name: 1 << number for number, name in enumerate(names)}


def _initial(scenario: Scenario, *names: str) -> int:
    """The environments at the start, by any of a version's names."""
    return sum(scenario.initial.environments.get(name, 0) for name in names)


def versions(limits: Limits, mains: list[Backend]) -> list[Backend]:
    """The rows of published versions; concurrency, request rate and scaling rate are those of their function."""
    reading, scenario = limits.reading, limits.reading.scenario
    made: list[Backend] = []
    for row, (name, body) in enumerate(scenario.functions.items()):
        for number in sorted(body.versions, key=age):
            path: Keys = ("functions", name, "versions", number)
            qualified = f"{name}:{number}"
            own = behaviour(reading, body.version(number), path)
            if body.snap_start is not None and own["cold"] is not None:
                own["cold"] = _restore(reading, body.snap_start, ("functions", name))
            made.append(
                replace(
                    mains[row], name=qualified, path=show_path(path), where=scenario.where(path), **own,
                    initial_environments=_initial(scenario, qualified), version_of=row,
                )
            )  # fmt: skip
    return made


def works(reading: Reading, account: Account, row: Backend) -> Works:
    """What an attempt draws for a backend."""
    service = account.service_overhead if row.kind is BackendKind.LAMBDA else reading.nothing("duration")
    return Works(service, row.duration, row.response, row.status, row.crash, row.malformed)


def _cold(reading: Reading, body: Function, path: Keys) -> Cold | None:
    """What a new environment takes; None where it takes nothing."""
    cold = body.cold_start
    if cold == NONE:
        return None
    if cold.provisioning is not None:
        provisioning = reading.law(cold.provisioning, "duration", (*path, "cold_start", "provisioning"))
    else:
        left_open = reading.scenario.assumptions.provisioning
        provisioning = reading.law(left_open, "duration", ("assumptions", "provisioning"))
    init = cold.init
    if init is None:
        init = runtime(cold.runtime or "")
    return Cold(provisioning, reading.law(init, "duration", (*path, "cold_start", "init")))


def _restore(reading: Reading, said: SnapStart, path: Keys) -> Cold:
    """What a new environment takes that is restored: all of it is AWS's Restore Duration."""
    law, where = said.restore, (*path, "snap_start", "restore")
    if law is None:
        law, where = reading.scenario.assumptions.snap_start_restore, ("assumptions", "snap_start_restore")
    return Cold(reading.nothing("duration"), reading.law(law, "duration", where), restores=True)


def runtime(name: str) -> said.Percentiles:
    """Init Duration of a runtime, as measured (facts 10.3)."""
    points = quotas.runtimes()[name]
    return said.Percentiles(points=tuple((units.number(int(p[1:])) / 100, ns) for p, ns in points.items()))


def https(limits: Limits) -> list[Backend]:
    """The rows of HTTP backends."""
    reading = limits.reading
    made: list[Backend] = []
    for name, backend in reading.scenario.backends.items():
        if backend.http is None:
            continue
        http, path = backend.http, ("backends", name, "http")
        concurrency, capacity = NULL, NULL
        if http.concurrency != NONE:
            concurrency = http.concurrency
            ceiling = f"{concurrency} at once, queue {http.queue}"
            capacity = limits.limit(LimitKind.BACKEND, f"{name} concurrency", (*path, "concurrency"), ceiling)
        made.append(
            Backend(
                kind=BackendKind.HTTP,
                name=name,
                path=f"backends.{name}",
                where=reading.scenario.where(("backends", name)),
                duration=reading.law(http.latency, "duration", (*path, "latency")),
                response=reading.law(http.size, "size", (*path, "size")),
                status=laws.shares(http.status.items()),
                crash=0,
                malformed=0,
                largest_response=quotas.count("payload_max"),
                concurrency=concurrency,
                queue=http.queue,
                lifo=http.discipline == "LIFO",
                stretch=_stretch(http.slowdown, concurrency),
                capacity_limit=capacity,
                **_queries(reading, http.database, path),
            )
        )
    return made


def _stretch(slowdown: Fraction, places: int) -> tuple[int, ...]:
    """How much longer a request takes, by how many are busy: 1 alone, `slowdown` where all are; thousandths."""
    return () if slowdown == 1 or places < 2 else by_load(slowdown, places)


def by_load(slowdown: Fraction, places: int) -> tuple[int, ...]:
    """A straight line from 1, alone, to `slowdown`, where all places are busy; thousandths, by how many are."""
    others = max(places - 1, 1)
    return (1000, *(round(1000 * (1 + (slowdown - 1) * Fraction(n, others))) for n in range(places)))


def databases(scenario: Scenario) -> tuple[Database, ...]:
    """The rows of databases."""
    return tuple(
        Database(name, said.connections, by_load(said.slowdown, said.connections))
        for name, said in scenario.databases.items()
    )


def _queries(reading: Reading, said: Asks | None, path: Keys) -> dict[str, Any]:
    """What an invocation, or a request to a server, does with a database."""
    if said is None:
        return {}
    return {
        "database": list(reading.scenario.databases).index(said.name),
        "query": reading.law(said.query, "duration", (*path, "database", "query")),
        "keeps_connection": isinstance(said, Queries) and said.connection == "kept",
    }
