"""What the tests of the engines share: small scenarios as data, runs of them, and rows that can be compared.

A story is a scenario in which nothing takes time or is drawn unless the story says so: no overheads, no network, no
cold starts, and arrivals at listed instants. Its API is `a`, its stage `a/s`, its client `c`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from apigw_sim.compose import simulate
from apigw_sim.engine.compiled import build
from apigw_sim.engine.compiled import engine as engine_of
from apigw_sim.plan import plan
from apigw_sim.plan.tables import Listed, Plan
from apigw_sim.records import (
    ATTEMPTS,
    CALLS,
    ENVIRONMENTS,
    INVOCATIONS,
    JOURNAL,
    LEVELS,
    NULL,
    TABLES,
    Block,
    Cache,
    CallOutcome,
    Outcome,
    Table,
)
from apigw_sim.rules.reason import REASONS
from apigw_sim.scenario import Scenario, load

ENGINES = ("simpy", "compiled")
"""Every engine: the whole suite runs on each of them."""

US, MS, SECOND = 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
PLAIN_BLOCK = 64
"""Rows in a block of the plain engine: its vectors are lists of numbers that are made one by one."""
MOCK = {"mock": {}}
FUNCTION = {"lambda_proxy": "f"}
SERVER = {"http_proxy": "h"}
NO_LAMBDA_LIMITS = {"lambda_scaling": "none", "lambda_requests_per_concurrency": "none"}
NO_TIME = {
    "rest_overhead": "0 ms",
    "lambda_overhead": "0 ms",
    "provisioning": "0 ms",
    "cache_hit_time": "0 ms",
}
OPTIONS = ("timeout", "retry", "network", "api_key", "circuit_breaker", "processes")
EVERY = "apis.a.stages.s.method_settings.every_method"

Ints = NDArray[np.int64]


class At(list[int]):
    """Arrivals at these instants, ns from run.start."""


def at(*instants: int) -> At:
    """Arrivals at these instants, ns from run.start."""
    return At(instants)


def client(
    arrivals: At | Mapping[str, Any], call: str | Sequence[Any] = "GET /", **more: Any
) -> dict[str, Any]:
    """A client of a/s: its arrivals, and a route, or the list of its calls."""
    calls = [{"call": call}] if isinstance(call, str) else list(call)
    return {"target": "a/s", "arrivals": arrivals, "calls": calls, **more}


def story(
    arrivals: At | Mapping[str, Any] | None = None,
    integration: Mapping[str, Any] = MOCK,
    *,
    route: str = "GET /",
    method: Mapping[str, Any] | None = None,
    methods: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    stage: Mapping[str, Any] | None = None,
    call: str | Sequence[Any] | None = None,
    clients: Mapping[str, Any] | None = None,
    **parts: Any,
) -> dict[str, Any]:
    """A scenario: one method and one client that calls it, unless `methods` or `clients` say otherwise.

    `settings` are those of every_method; `parts` are whole parts of a scenario (functions, account, ...), or options
    of the client (timeout, retry, network, api_key).
    """
    options = {key: parts.pop(key) for key in OPTIONS if key in parts}
    functions = {
        name: {"cold_start": "none", "timeout": "900 s", **body}
        for name, body in parts.pop("functions", {}).items()
    }
    held = {**(stage or {})}
    if settings:
        held["method_settings"] = {"every_method": settings, **held.get("method_settings", {})}
    made: dict[str, Any] = {
        "run": {"duration": "10 s", **parts.pop("run", {})},
        "functions": functions,
        "apis": {
            "a": {
                "type": "REST",
                "endpoint": "REGIONAL",
                "methods": methods or {route: {"integration": integration, **(method or {})}},
                "stages": {"s": held},
            }
        },
        "clients": clients
        or {"c": client(arrivals if arrivals is not None else at(0), call or route, **options)},
        "assumptions": {**NO_TIME, **parts.pop("assumptions", {})},
        **parts,
    }
    return deepcopy(made)


@dataclass(frozen=True)
class Ran:
    """A run's rows: every table, in the order in which its rows were written."""

    plan: Plan
    tables: dict[str, Ints]
    """By table: int64, a row per record."""
    story: list[tuple[int, str]] | None = None

    def column(self, table: Table, name: str) -> Ints:
        """A column of a table."""
        return self.tables[table.name][:, table.names.index(name)]

    def columns(self, table: Table, *names: str) -> list[tuple[int, ...]]:
        """Some columns of a table, as tuples."""
        places = [table.names.index(name) for name in names]
        return [tuple(row) for row in self.tables[table.name][:, places].tolist()]

    def _rows(self, table: Table, decode: Mapping[str, Callable[[int], Any]]) -> list[SimpleNamespace]:
        def named(name: str, value: int) -> Any:
            return None if value == NULL else decode[name](value) if name in decode else value

        return [
            SimpleNamespace(
                **{name: named(name, value) for name, value in zip(table.names, row, strict=True)}
            )
            for row in self.tables[table.name].tolist()
        ]

    @cached_property
    def attempts(self) -> list[SimpleNamespace]:
        """In the order of answers; numbers of things are names, nulls None."""
        plan = self.plan
        return self._rows(ATTEMPTS, {
            "client": lambda n: plan.clients[n].name, "reason": lambda n: REASONS[n].name,
            "refused_by": lambda n: plan.limits[n].label, "cache": lambda n: Cache(n).name,
            "api_key": plan.key_name, "method": lambda n: plan.methods[n].route, "stage": lambda n: plan.stages[n].name,
        })  # fmt: skip

    @cached_property
    def invocations(self) -> list[SimpleNamespace]:
        """In the order of ends."""
        plan = self.plan
        return self._rows(INVOCATIONS, {
            "client": lambda n: plan.clients[n].name, "backend": lambda n: plan.backends[n].name,
            "outcome": lambda n: Outcome(n).name, "alias": lambda n: plan.aliases[n].name,
            "refused_by": lambda n: plan.limits[n].label,
        })  # fmt: skip

    @cached_property
    def calls(self) -> list[SimpleNamespace]:
        """In the order in which their ends were known."""
        plan = self.plan
        return self._rows(
            CALLS, {"client": lambda n: plan.clients[n].name, "outcome": lambda n: CallOutcome(n).name}
        )

    @cached_property
    def environments(self) -> list[SimpleNamespace]:
        """In the order of death."""
        return self._rows(ENVIRONMENTS, {"function": lambda n: self.plan.backends[n].name})

    @cached_property
    def journal(self) -> list[SimpleNamespace]:
        """In the order of time."""
        return self._rows(JOURNAL, {})

    def levels(self, gauge: int) -> list[SimpleNamespace]:
        """The rows of one gauge, tick by tick."""
        return [row for row in self._rows(LEVELS, {}) if row.gauge == gauge]

    def columns_of_levels(self) -> list[tuple[int, ...]]:
        """Tick, gauge, peak and area of all levels."""
        return self.columns(LEVELS, "at_ns", "gauge", "peak", "area")

    def area(self, gauge: int) -> int:
        """The integral of a gauge over the whole run, up to its last tick: where it was not touched it stays."""
        ticks = sorted({row[0] for row in self.columns(LEVELS, "at_ns")})
        area = level = begin = 0
        rows = {row.at_ns: row for row in self.levels(gauge)}
        for tick in self.ticks(ticks[-1] if ticks else 0):
            if tick in rows:
                area, level = area + rows[tick].area, rows[tick].level
            else:
                area += level * (tick - begin)
            begin = tick
        return area

    def ticks(self, last: int) -> list[int]:
        """The ticks up to one of them: the ends of periods, of the warm-up and of the run."""
        plan = self.plan
        ends = {*range(plan.period, last + 1, plan.period), plan.warm_up, plan.duration, last}
        return sorted(tick for tick in ends if 0 < tick <= last)

    def peak(self, gauge: int) -> int:
        """The highest level of a gauge; 0 if it was never touched."""
        return max((row.peak for row in self.levels(gauge)), default=0)

    # what stories ask most

    @property
    def statuses(self) -> list[int]:
        """Of all attempts, in the order of answers."""
        return [row.status for row in self.attempts]

    @property
    def reasons(self) -> list[str]:
        """Of all attempts, in the order of answers."""
        return [row.reason for row in self.attempts]

    def of(self, name: str) -> list[SimpleNamespace]:
        """The attempts of a client, in the order of answers."""
        return [row for row in self.attempts if row.client == name]

    def count(self, why: str) -> int:
        """How many attempts ended for a reason."""
        number = next(n for n, reason in enumerate(REASONS) if reason.name == why)
        return int((self.column(ATTEMPTS, "reason") == number).sum())


Run = Callable[..., Ran]


def scenario_of(said: Mapping[str, Any] | str | Path | Scenario) -> tuple[Scenario, dict[str, At]]:
    """A loaded scenario, and the listed arrivals that stand in it by client; text of more than a line is YAML."""
    if isinstance(said, Scenario):
        return said, {}
    if isinstance(said, str) and "\n" in said:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "story.yaml"
            file.write_text(said, encoding="utf-8")
            return load(file), {}
    if isinstance(said, str | Path):
        return load(said), {}
    data = deepcopy(dict(said))
    listed: dict[str, At] = {}
    for name, body in data["clients"].items():
        if isinstance(body.get("arrivals"), At):
            listed[name] = body["arrivals"]
            data["clients"][name] = {**body, "arrivals": {"process": "even", "rate": "1/s"}}
    return load(data), listed


def planned(said: Mapping[str, Any] | str | Path | Scenario | Plan) -> Plan:
    """The plan of a scenario, its listed arrivals in place."""
    if isinstance(said, Plan):
        return said
    scenario, listed = scenario_of(said)
    made = plan(scenario)
    clients = tuple(
        replace(row, arrivals=Listed(np.array(sorted(listed[row.name]), np.int64)))
        if row.name in listed
        else row
        for row in made.clients
    )
    return replace(made, clients=clients)


def run_on(
    engine: str,
    said: Any,
    *,
    seed: int | None = None,
    grid: int = 1,
    simulate: Callable[..., Any] = simulate,
    number: Callable[[int], int] = int,
    **more: Any,
) -> Ran:
    """Run a scenario (data, YAML, a file or a plan) on an engine; on a grid nothing happens between its lines (ns).

    The engine "plain" is the source of the compiled one as it stands, on integers of the kind `number`.

    On a grid no metrics are made: work ends later there than its row says, and metrics take the row's word.
    `more` goes to `simulate`.
    """
    made = planned(said)
    if grid != 1:
        more |= {"grid": grid, "fold": False}
    found: dict[str, list[Ints]] = {table.name: [] for table in TABLES}

    def sink(block: Block) -> None:
        found[block.table.name].append(block.rows.copy())

    if engine == "plain":
        small = partial(engine_of.Compiled, block=PLAIN_BLOCK)
        with (
            mock.patch.object(build, "compiled", partial(build.interpreted, number)),
            mock.patch.object(engine_of, "Compiled", small),
        ):
            done = simulate(made, seed, engine="compiled", sink=sink, **more)
    else:
        done = simulate(made, seed, engine=engine, sink=sink, **more)
    tables = {
        table.name: np.concatenate(found[table.name])
        if found[table.name]
        else np.empty((0, len(table.columns)), np.int64)
        for table in TABLES
    }
    return Ran(made, tables, done.story)


def difference(
    one: Ran, two: Ran, *, tables: Sequence[Table] = TABLES, without: Sequence[str] = ()
) -> str | None:
    """The first difference between two runs: table, row, column and both values; None if there is none.

    Tables are looked at in their order, rows in the order in which they were written; `without` names columns.
    """
    for table in tables:
        left, right = one.tables[table.name], two.tables[table.name]
        common = min(len(left), len(right))
        differs = left[:common] != right[:common]
        differs[:, [n for n, name in enumerate(table.names) if name in without]] = False
        rows = np.flatnonzero(differs.any(axis=1))
        if len(rows):
            row = int(rows[0])
            column = int(np.flatnonzero(differs[row])[0])
            values = f"{left[row, column]} and {right[row, column]}"
            return f"{table.name}, row {row} of {len(left)} and {len(right)}, {table.names[column]}: {values}"
        if len(left) != len(right):
            return f"{table.name}: {len(left)} rows and {len(right)}, alike up to the shorter's end"
    return None


def asked(folder: Path, *requests: tuple[int, str] | tuple[int, str, int]) -> dict[str, Any]:
    """A client that sends exactly these requests, by way of an access log: `(ns, "GET /items/7?page=2", body bytes)`."""
    lines = []
    for instant, request, *size in requests:
        method, _, path = request.partition(" ")
        when = f"2026-01-01T{instant // HOUR:02}:{instant // MINUTE % 60:02}:{instant // SECOND % 60:02}"
        entry = {"at": f"{when}.{instant % SECOND:09}Z", "method": method, "path": path, "bytes": sum(size)}
        lines.append(json.dumps(entry))
    file = folder / f"log{len(list(folder.iterdir()))}.json"
    file.write_text("\n".join(lines))
    trace = {
        "access_log": str(file),
        "format": "json",
        "fields": {"time": "at", "method": "method", "path": "path", "size": "bytes"},
        "window": {"from": "2026-01-01T00:00:00Z"},
    }
    return {"target": "a/s", "arrivals": {"trace": trace}, "calls": "from_trace"}
