"""Rows decoded for people: names for numbers, instants for nanoseconds, nulls for -1; as Arrow tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from apigw_sim.metrics.gauges import GaugeNames
from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.records import (
    ATTEMPTS,
    CALLS,
    ENVIRONMENTS,
    INVOCATIONS,
    JOURNAL,
    LEVELS,
    NULL,
    AlarmState,
    Authorized,
    Cache,
    CallOutcome,
    Flag,
    Outcome,
    Source,
    Table,
)
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.reason import REASONS
from apigw_sim.rules.utilization import WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.result.kept import Columns

INSTANTS = {
    ATTEMPTS.name: {"arrived": "arrived_ns"},
    INVOCATIONS.name: {"arrived": "arrived_ns"},
    ENVIRONMENTS.name: {"born": "born_ns", "died": "died_ns"},
    CALLS.name: {"intended": "intended_ns", "started": "started_ns", "ended": "ended_ns"},
    LEVELS.name: {"at": "at_ns"},
    JOURNAL.name: {"at": "at_ns"},
}
"""Columns that are added: an instant of UTC for a number of ns from run.start."""
NAMES: dict[tuple[str, str], str] = {
    (ATTEMPTS.name, "client"): "client", (ATTEMPTS.name, "stage"): "stage", (ATTEMPTS.name, "method"): "method",
    (ATTEMPTS.name, "api_key"): "api_key", (ATTEMPTS.name, "reason"): "reason",
    (ATTEMPTS.name, "refused_by"): "limit", (ATTEMPTS.name, "cache"): "cache",
    (ATTEMPTS.name, "authorizer"): "authorizer", (INVOCATIONS.name, "source"): "source",
    (INVOCATIONS.name, "backend"): "backend", (INVOCATIONS.name, "client"): "client",
    (INVOCATIONS.name, "alias"): "alias", (INVOCATIONS.name, "outcome"): "outcome", (INVOCATIONS.name, "refused_by"): "limit",
    (ENVIRONMENTS.name, "function"): "backend",
    (CALLS.name, "client"): "client", (CALLS.name, "outcome"): "call_outcome",
    (JOURNAL.name, "provision"): "provision", (JOURNAL.name, "backend"): "backend",
    (JOURNAL.name, "record"): "record", (JOURNAL.name, "target"): "stage",
    (JOURNAL.name, "event"): "event", (JOURNAL.name, "alarm"): "alarm", (JOURNAL.name, "state"): "alarm_state",
}  # fmt: skip
"""Columns whose numbers become names."""
TRUTHS = {(INVOCATIONS.name, name) for name in ("abandoned", "repeated", "idempotent")} | {
    (JOURNAL.name, "ends"),
    (ENVIRONMENTS.name, "provisioned"),
}
"""Columns of 0 and 1."""
PROVISIONED = (GaugeKind.PROVISIONED, GaugeKind.PROVISIONED_IN_USE, GaugeKind.PROVISIONED_UTILIZATION)
UNITS = {GaugeKind.TOKENS: TOKEN, GaugeKind.PROVISIONED_UTILIZATION: WHOLE}
"""What levels are counted in, where it is not 1."""


class Decoder:
    """Decodes the tables of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._start = np.datetime64(plan.start.astimezone(UTC).replace(tzinfo=None), "ns")
        self._names: dict[str, Sequence[str]] = {
            "client": [client.name for client in plan.clients],
            "stage": [stage.name for stage in plan.stages],
            "method": [method.route for method in plan.methods],
            "api_key": _key_names(plan),
            "reason": [why.name for why in REASONS],
            "limit": [limit.label for limit in plan.limits],
            "cache": [word.name.lower() for word in Cache],
            "authorizer": [word.name.lower() for word in Authorized],
            "source": [word.name.lower() for word in Source],
            "backend": [backend.name for backend in plan.backends],
            "alias": [alias.name for alias in plan.aliases],
            "outcome": [outcome.name.lower() for outcome in Outcome],
            "event": [event.text for event in plan.timeline],
            "provision": [row.name for row in plan.provisions],
            "record": [record.name for record in plan.records],
            "alarm": [alarm.name for alarm in plan.alarms],
            "alarm_state": [state.name for state in AlarmState],
            "call_outcome": [outcome.name.lower() for outcome in CallOutcome],
        }

    def table(self, table: Table, columns: Columns) -> pa.Table:
        """The rows of a table, decoded."""
        if table.name == LEVELS.name:
            return self._levels(columns)
        made: dict[str, pa.Array] = {
            name: self._instants(columns[source]) for name, source in INSTANTS[table.name].items()
        }
        for column in table.columns:
            values = columns[column.name]
            of = NAMES.get((table.name, column.name))
            if of is not None:
                made[column.name] = named(values, self._names[of])
            elif (table.name, column.name) in TRUTHS:
                made[column.name] = pa.array(values == 1)
            elif column.name == "flags":
                made |= {str(flag.name).lower(): pa.array((values & flag) > 0) for flag in Flag}
            elif column.name == "tokens":
                made["tokens"] = pa.array(values / TOKEN, mask=values == NULL)
            elif column.name == "pick":
                made["pick"] = self._picks(columns["client"], values)
            else:
                made[column.name] = pa.array(values, mask=values == NULL)
        return pa.table(made)

    def _instants(self, ns: NDArray[np.int64]) -> pa.Array:
        stamps = self._start + ns.astype("timedelta64[ns]")
        return pa.array(stamps, mask=ns == NULL).cast(pa.timestamp("ns", "UTC"))

    def _picks(self, client: NDArray[Any], pick: NDArray[Any]) -> pa.Array:
        """What was called, by client and row of the client's calls."""
        texts = [[call.text for call in row.calls] for row in self._plan.clients]
        firsts = np.cumsum([0, *(len(of_client) for of_client in texts)])
        return named(firsts[client] + pick, [text for of_client in texts for text in of_client])

    def _levels(self, columns: Columns) -> pa.Table:
        """Levels in the unit of their gauge; bucket levels in tokens, areas in unit x s."""
        gauges, where = np.unique(columns["gauge"], return_inverse=True)
        names = GaugeNames(self._plan)
        decoded = [names.decode(int(gauge)) for gauge in gauges]
        unit = np.array([UNITS.get(one.kind, 1) for one in decoded], np.float64)[where]
        made = {
            "at": self._instants(columns["at_ns"]),
            "at_ns": pa.array(columns["at_ns"]),
            "gauge": named(where, [one.kind.name.lower() for one in decoded]),
            "of": named(where, [self._target(one.kind, one.target) for one in decoded]),
        }
        for name in ("level", "low", "peak"):
            values = columns[name]
            made[name] = pa.array(values / unit, mask=values == NULL)
        made["area"] = pa.array(columns["area"] / 1e9, mask=columns["area"] == NULL)
        return pa.table(made)

    def _target(self, kind: GaugeKind, target: int) -> str:
        plan = self._plan
        if kind == GaugeKind.TOKENS:
            bucket = plan.buckets[target]
            host = f" on host {target // plan.parted + 1}" if plan.account.hosts > 1 else ""
            return f"{plan.limits[bucket.limit].label}: {bucket.owner}{host}"
        if kind == GaugeKind.QUOTA_LEFT:
            quota = plan.quotas[target]
            return f"{plan.limits[quota.limit].label}: {quota.owner}"
        if kind in PROVISIONED:
            return plan.provisions[target].name
        if kind == GaugeKind.WAF_ALLOWED:
            return plan.waf.acls[target]
        if kind == GaugeKind.WAF_MATCHED:
            return f"{plan.waf.rules[target].acl}: {plan.waf.rules[target].name}"
        if GaugeKind.EVENTS <= kind <= GaugeKind.EVENT_AGES:
            return plan.backends[plan.events[target].function].name
        if GaugeKind.CONNECTIONS <= kind <= GaugeKind.CONNECTIONS_REFUSED:
            return plan.databases[target].name
        if GaugeKind.VISIBLE <= kind <= GaugeKind.EMPTIED:
            return plan.backends[plan.queues[target]].name
        if kind in (GaugeKind.INCOMING_RECORDS, GaugeKind.INCOMING_BYTES):
            return plan.backends[list(plan.streams)[target]].said_name
        if GaugeKind.DELIVERED_RECORDS <= kind <= GaugeKind.OBJECT_AGES:
            return plan.backends[plan.firehoses[target]].said_name
        if GaugeKind.CONSUMING <= kind <= GaugeKind.CAPACITY_EXCEEDED:
            capacity = plan.capacities[target]
            return f"{capacity.table} {'read' if capacity.reads else 'write'} capacity"
        if kind == GaugeKind.CACHE_BYTES or GaugeKind.OPEN <= kind <= GaugeKind.CLOSED_TOO_LARGE:
            return plan.stages[target].name
        if kind in (GaugeKind.ACCOUNT_CONCURRENCY, GaugeKind.UNRESERVED_CONCURRENCY):
            return plan.regions[target].name if target else "account"
        return plan.backends[target].name


def named(values: NDArray[Any], names: Sequence[str]) -> pa.Array:
    """Numbers as names, a dictionary in which each name stands once; -1 is null."""
    distinct = list(dict.fromkeys(names))
    place = {name: number for number, name in enumerate(distinct)}
    # One entry more than there are names, for NULL: -1 is the last.
    to = np.array([*(place[name] for name in names), 0], np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(to[values], mask=values == NULL), pa.array(distinct, pa.string())
    )


def _key_names(plan: Plan) -> list[str]:
    return [
        group.name if group.count == 1 else f"{group.name}[{ordinal}]"
        for group in plan.key_groups
        for ordinal in range(group.count)
    ]
