"""The summary of a run: the contract of summary.json, in its order."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics import connections, databases, events, firehose, queues, waf
from apigw_sim.metrics.coding import CARRIED, REFUSALS, tallies
from apigw_sim.metrics.quantiles import POINTS, Spread
from apigw_sim.metrics.series import NS_PER_MS
from apigw_sim.plan.tables import NULL, BackendKind, GaugeKind
from apigw_sim.records import Outcome
from apigw_sim.rules.reason import REASONS
from apigw_sim.rules.utilization import WHOLE
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apigw_sim.metrics.alarmed import Sight
    from apigw_sim.metrics.fold import Metrics

LAMBDA_REFUSALS = (
    ("account", Outcome.THROTTLED_ACCOUNT),
    ("reserved", Outcome.THROTTLED_RESERVED),
    ("requests_per_second", Outcome.THROTTLED_RPS),
    ("scaling_rate", Outcome.THROTTLED_SCALING),
)


@dataclass(frozen=True)
class About:
    """What the summary says of a run besides what happened in it."""

    engine: str
    """simpy or compiled."""
    engine_reason: str
    """Why that one."""
    version: str
    """Of apigw_sim."""
    scenario_sha256: str
    """Over the resolved scenario."""
    seed: int
    """What the draws were made from."""
    overrides: tuple[str, ...] = ()
    """`PATH: old -> new`, as logged by the loader."""
    libraries: tuple[str, ...] = ("simpy", "numpy")
    """Distributions on which the records depend."""


def summary(metrics: Metrics, about: About) -> dict[str, Any]:
    """What summary.json holds; finishes the metrics."""
    metrics.finish()
    plan, totals = metrics.plan, metrics.totals
    fates = totals.cells.sum(axis=(0, 2))
    counted = {name: int(count.sum()) for name, count in tallies(totals.cells, metered=False).items()}
    return {
        "scenario": plan.name,
        "seed": about.seed,
        "engine": about.engine,
        "version": about.version,
        "scenario_sha256": about.scenario_sha256,
        "requests": {
            "count": counted["Count"],
            "by_status": {str(s): int(totals.by_status[s]) for s in np.nonzero(totals.by_status)[0]},
            "by_reason": {REASONS[r].name: int(totals.by_reason[r]) for r in np.nonzero(totals.by_reason)[0]},
            "offered_per_s": _per_second(counted["Count"], metrics),
            "carried_per_s": _per_second(int(fates[list(CARRIED)].sum()), metrics),
        },
        "throttled_by": {fate.name.lower(): int(fates[fate]) for fate in REFUSALS},
        "lambda_throttled_by": {name: int(totals.by_outcome[outcome]) for name, outcome in LAMBDA_REFUSALS},
        "cache": {
            "hits": counted["CacheHitCount"],
            "misses": counted["CacheMissCount"],
            "served_other": totals.served_other,
        },
        "latency_ms": latency(totals.latency),
        "latency_2xx_ms": latency(totals.latency_2xx),
        "integration_latency_ms": latency(totals.integration),
        "stages": _stages(metrics),
        "clients": _clients(metrics),
        "functions": _functions(metrics),
        **_authorizers(metrics),
        **queues.summary(plan, metrics.gauges),
        **firehose.summary(plan, metrics.gauges),
        **databases.summary(plan, metrics.gauges),
        **waf.summary(plan, metrics.gauges),
        **connections.summary(plan, metrics.gauges),
        **metrics.recoveries.summary(),
        "distributions": _distributions(metrics),
        "unmapped": int(totals.unmapped.sum()),
        "limits": metrics.limits.rows(metrics.gauges),
        "alarms": [_alarm(sight) for sight in metrics.sights],
        "expectations": [watch.verdict() for watch in metrics.watches],
        "assumptions": list(plan.assumptions),
        "engine_reason": about.engine_reason,
        "overrides": list(about.overrides),
        "provenance": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "libraries": {name: metadata.version(name) for name in about.libraries},
            "tables_sha256": plan.tables_sha256,
        },
    }


def _alarm(sight: Sight) -> dict[str, Any]:
    """An alarm, and its states from when on."""
    states = [
        {"at_s": change.at / SECOND, "state": change.after.name, "reason": change.reason}
        for change in sight.history
    ]
    return {"name": sight.alarm.name, "text": sight.alarm.text, "states": states}


def to_json(found: dict[str, Any]) -> str:
    """The text of summary.json: in the order of the contract, with a line feed at the end."""
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def latency(spread: Spread) -> dict[str, Any]:
    """A latency of the summary, in ms; nulls without a sample."""
    names = [f"p{point * 100:g}" for point in POINTS]
    points = spread.quantiles(POINTS)
    row: dict[str, Any] = {"mean": None, **dict.fromkeys(names), "max": None, "exact": spread.exact}
    if points is None or spread.mean is None:
        return row
    row["mean"] = _ms(spread.mean)
    row |= {name: _ms(value) for name, value in zip(names, points, strict=True)}
    row["max"] = _ms(spread.most)
    return row


def _ms(ns: float) -> float:
    return round(ns / NS_PER_MS, 3)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _per_second(count: int, metrics: Metrics) -> float | None:
    length = metrics.plan.duration - metrics.plan.warm_up
    return round(count * SECOND / length, 6) if length else None


def _stages(metrics: Metrics) -> dict[str, Any]:
    by_stage = metrics.coding.by_stage(metrics.totals.cells)
    counted = tallies(by_stage, metered=False)
    carried = by_stage[:, CARRIED, :].sum(axis=(1, 2))
    canaried = _canaries(metrics)
    rows: dict[str, Any] = {}
    for number, stage in enumerate(metrics.plan.stages):
        count = int(counted["Count"][number])
        busiest = metrics.limits.busiest_second(number)
        rows[stage.name] = {
            "count": count,
            "4XXError": _share(int(counted["4XXError"][number]), count),
            "5XXError": _share(int(counted["5XXError"][number]), count),
            "latency_ms": latency(metrics.totals.stage_latency[number]),
            "carried_per_s": _per_second(int(carried[number]), metrics),
            "busiest_second": None if busiest is None else _named(("at_s", "arrived", "carried"), busiest),
        } | ({"canary": canaried[number]} if number in canaried else {})
    return rows


def _canaries(metrics: Metrics) -> dict[int, Any]:
    """What met the canaries, by stage; the stage's own figures hold it too."""
    coding = metrics.coding
    counted = tallies(coding.by_canary(metrics.totals.cells))
    rows: dict[int, Any] = {}
    for number, stage in enumerate(coding.canaried):
        count = int(counted["Count"][number])
        rows[stage] = {
            "count": count,
            "4XXError": _share(int(counted["4XXError"][number]), count),
            "5XXError": _share(int(counted["5XXError"][number]), count),
            "latency_ms": latency(metrics.totals.canary_latency[number]),
        }
    return rows


def _named(names: Sequence[str], values: Sequence[int]) -> dict[str, int]:
    return dict(zip(names, values, strict=True))


def _clients(metrics: Metrics) -> dict[str, Any]:
    totals = metrics.totals
    rows: dict[str, Any] = {}
    for number, client in enumerate(metrics.plan.clients):
        calls, attempts = int(totals.calls[number]), int(totals.attempts[number])
        succeeded, paced = int(totals.succeeded[number]), totals.paced
        late = {}
        if client.workers != NULL:
            late = {
                "not_started": int(paced.not_started[number]),
                "intended_latency_ms": latency(paced.latency[number]),
            }
        rows[client.name] = {
            "calls": calls,
            "attempts": attempts,
            "succeeded": succeeded,
            "gave_up": calls - succeeded,
            "short_circuited": int(totals.short_circuited[number]),
            "offered_per_s": _per_second(int(paced.due[number]) if late else calls, metrics),
            "achieved_per_s": _per_second(calls, metrics),
            "goodput_per_s": _per_second(succeeded, metrics),
            "amplification": _share(attempts, calls),
            "call_latency_ms": latency(totals.call_latency[number]),
            **late,
            "executions": int(totals.executions[number]),
            "executed_for_nobody": int(totals.executed_for_nobody[number]),
            "duplicate_executions": int(totals.duplicate_executions[number]),
            **metrics.losses.of(number),
        }
    return rows


def _authorizers(metrics: Metrics) -> dict[str, Any]:
    """What became of requests at each authorizer; nothing where there is none."""
    found = metrics.totals.authorized
    if not found:
        return {}
    rows = {
        name: {**_named(found.COLUMNS, [int(count) for count in counts]), "took_ms": latency(took)}
        for name, counts, took in zip(found.names, found.counts, found.took, strict=True)
    }
    return {"authorizers": rows}


def _distributions(metrics: Metrics) -> dict[str, Any]:
    """What distributions were asked, and how much of it they answered themselves."""
    rows: dict[str, Any] = {}
    for number, distribution in enumerate(metrics.plan.distributions):
        mine = [row for row, client in enumerate(metrics.plan.clients) if client.distribution == number]
        requests, hits = (
            int(count[mine].sum()) for count in (metrics.totals.attempts, metrics.totals.edge_hits)
        )
        rows[distribution.name] = {"requests": requests, "hits": hits, "hit_ratio": _share(hits, requests)}
    return rows


def _functions(metrics: Metrics) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    plan = metrics.plan
    for number, backend in enumerate(plan.backends):
        if backend.kind != BackendKind.LAMBDA or backend.version_of != NULL:
            continue
        versions = plan.versions(number)
        concurrency = metrics.gauges.in_window(GaugeKind.CONCURRENCY, number)
        rows[backend.name] = row = _worked(metrics, versions) | {
            "max_concurrency": max(concurrency.peak, 0),
            "mean_concurrency": round(concurrency.mean, 6),
            **_held(metrics, versions),
            **_provisioned(metrics, versions),
            **events.of_function(plan, metrics.gauges, number),
        }
        if len(versions) > 1:
            row["versions"] = {
                plan.version_name(each): _worked(metrics, [each]) | _held(metrics, [each])
                for each in versions
            }
        aliases = [each for each, alias in enumerate(plan.aliases) if alias.function == number]
        if aliases:
            row["aliases"] = {
                plan.aliases[each].name.partition(":")[2]: _executed(metrics, each, versions)
                for each in aliases
            }
    return rows


def _worked(metrics: Metrics, versions: list[int]) -> dict[str, Any]:
    """What some rows of plan.backends did together, by whatever alias."""
    totals = metrics.totals
    pairs = [pair for pair, (row, _) in enumerate(metrics.numbering.pair_list) if row in versions]
    return {
        "invocations": int(totals.invocations[pairs].sum()),
        "cold_starts": int(totals.cold_starts[pairs].sum()),
        "throttles": int(totals.throttles[pairs].sum()),
        "errors": int(totals.errors[pairs].sum()),
    }


def _held(metrics: Metrics, versions: list[int]) -> dict[str, Any]:
    """The environments of some versions, and what all their invocations are billed."""
    environments = [metrics.gauges.in_window(GaugeKind.ENVIRONMENTS, row).mean for row in versions]
    billed = sum(
        int(metrics.totals.billed_ms[pair]) * metrics.plan.backends[row].memory_mb
        for pair, (row, _) in enumerate(metrics.numbering.pair_list)
        if row in versions
    )
    return {
        "mean_environments": round(sum(environments), 6),
        "billed_gb_s": round(billed / 1024 / 1000, 6),
    }


def _provisioned(metrics: Metrics, versions: list[int]) -> dict[str, Any]:
    """The provisioned concurrency of some versions, by version or alias; nothing where there is none."""
    rows: dict[str, Any] = {}
    of_gauges = metrics.gauges.in_window
    for number, row in enumerate(metrics.plan.provisions):
        if row.backend in versions:
            allocated, in_use, used = (
                of_gauges(kind, number)
                for kind in (
                    GaugeKind.PROVISIONED,
                    GaugeKind.PROVISIONED_IN_USE,
                    GaugeKind.PROVISIONED_UTILIZATION,
                )
            )
            invocations, spilled = metrics.provisioned.counts[:, row.backend]
            rows[row.name.partition(":")[2]] = {
                "mean_allocated": round(allocated.mean, 6),
                "max_concurrency": max(in_use.peak, 0),
                "mean_utilization": round(in_use.mean / allocated.mean, 6) if allocated.mean else None,
                "max_utilization": max(used.peak, 0) / WHOLE,
                "invocations": int(invocations),
                "spillover_invocations": int(spilled),
            }
    return {"provisioned_concurrency": rows} if rows else {}


def _executed(metrics: Metrics, alias: int, versions: list[int]) -> dict[str, int]:
    """How many invocations by an alias each version executed."""
    numbering, plan = metrics.numbering, metrics.plan
    counts = {row: int(metrics.totals.invocations[numbering.pair[alias + 1, row]]) for row in versions}
    return {plan.version_name(row): count for row, count in counts.items() if count}
