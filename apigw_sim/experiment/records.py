"""What is kept of one run of many: figures by name, small enough to be sent and stored, enough to be pooled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.experiment.cells import Cells
from apigw_sim.metrics.coding import CARRIED, REFUSALS, tallies
from apigw_sim.metrics.quantiles import Spread
from apigw_sim.metrics.summary import LAMBDA_REFUSALS
from apigw_sim.plan.tables import NULL, BackendKind, GaugeKind
from apigw_sim.rules.reason import REASONS
from apigw_sim.units import MS, SECOND

if TYPE_CHECKING:
    from apigw_sim.metrics import Metrics
    from apigw_sim.metrics.totals import Totals

POINTS = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
"""Quantiles of every latency."""


@dataclass
class Record:
    """One finished run: names are those of the summary, so far as it has them."""

    replication: int
    values: dict[str, float] = field(default_factory=dict)
    """Figures of the run as a whole; a latency's quantiles are here as well, in ms."""
    shares: dict[str, tuple[int, int]] = field(default_factory=dict)
    """So many of so many."""
    ratios: dict[str, tuple[float, float]] = field(default_factory=dict)
    """A sum by a sum."""
    cells: dict[str, Cells] = field(default_factory=dict)
    """Latencies in ns."""


def record(metrics: Metrics, replication: int) -> Record:
    """The record of a run whose rows have all been folded."""
    metrics.finish()
    plan = metrics.plan
    found = of_totals(metrics.totals, replication, plan.duration - plan.warm_up)
    for number, backend in enumerate(plan.backends):
        if backend.kind == BackendKind.LAMBDA:
            name = f"functions.{backend.name}"
            concurrency = metrics.gauges.in_window(GaugeKind.CONCURRENCY, number)
            found.values[f"{name}.max_concurrency"] = max(concurrency.peak, 0)
            found.values[f"{name}.mean_concurrency"] = concurrency.mean
            environments = metrics.gauges.in_window(GaugeKind.ENVIRONMENTS, number)
            found.values[f"{name}.mean_environments"] = environments.mean
    for watch in metrics.watches:
        verdict = watch.verdict()
        if verdict["met"] is not None:
            found.shares[f"expectations.{verdict['text']}"] = (int(verdict["met"]), 1)
        if verdict["value"] is not None:
            found.values[f"expected.{verdict['text']}"] = float(verdict["value"])
    return found


def of_totals(totals: Totals, replication: int, window_ns: int) -> Record:
    """The record of what totals have counted in a window of so many ns."""
    found = Record(replication)
    _requests(found, totals, window_ns)
    _stages(found, totals, window_ns)
    _clients(found, totals)
    _functions(found, totals)
    return found


def _requests(found: Record, totals: Totals, window_ns: int) -> None:
    fates = totals.cells.sum(axis=(0, 2))
    counted = {name: int(count.sum()) for name, count in tallies(totals.cells, metered=False).items()}
    count, carried = counted["Count"], int(fates[list(CARRIED)].sum())
    refused = int(fates[list(REFUSALS)].sum())
    found.values["requests.count"] = count
    if window_ns:
        found.values["requests.offered_per_s"] = count * SECOND / window_ns
        found.values["requests.carried_per_s"] = carried * SECOND / window_ns
    found.shares["requests.carried"] = (carried, count)
    found.shares["requests.refused"] = (refused, count)
    found.shares["requests.4XXError"] = (counted["4XXError"], count)
    found.shares["requests.5XXError"] = (counted["5XXError"], count)
    for status in np.nonzero(totals.by_status)[0].tolist():
        found.shares[f"requests.by_status.{status}"] = (int(totals.by_status[status]), count)
    for row in np.nonzero(totals.by_reason)[0].tolist():
        found.shares[f"requests.by_reason.{REASONS[row].name}"] = (int(totals.by_reason[row]), count)
    for fate in REFUSALS:
        found.values[f"throttled_by.{fate.name.lower()}"] = int(fates[fate])
    for name, outcome in LAMBDA_REFUSALS:
        found.values[f"lambda_throttled_by.{name}"] = int(totals.by_outcome[outcome])
    hits, misses = counted["CacheHitCount"], counted["CacheMissCount"]
    if hits + misses:
        found.shares["cache.hit_ratio"] = (hits, hits + misses)
    for name in ("latency", "latency_2xx"):
        _latency(found, f"{name}_ms", getattr(totals, name))
    _latency(found, "integration_latency_ms", totals.integration)


def _stages(found: Record, totals: Totals, window_ns: int) -> None:
    by_stage = totals.coding.by_stage(totals.cells)
    counted = tallies(by_stage, metered=False)
    carried = by_stage[:, CARRIED, :].sum(axis=(1, 2))
    for number, stage in enumerate(totals.plan.stages):
        name, count = f"stages.{stage.name}", int(counted["Count"][number])
        found.values[f"{name}.count"] = count
        if window_ns:
            found.values[f"{name}.carried_per_s"] = int(carried[number]) * SECOND / window_ns
        for metric in ("4XXError", "5XXError"):
            found.shares[f"{name}.{metric}"] = (int(counted[metric][number]), count)
        _latency(found, f"{name}.latency_ms", totals.stage_latency[number])


def _clients(found: Record, totals: Totals) -> None:
    for number, client in enumerate(totals.plan.clients):
        name = f"clients.{client.name}"
        calls, succeeded = int(totals.calls[number]), int(totals.succeeded[number])
        attempts = int(totals.attempts[number])
        found.values |= {
            f"{name}.calls": calls, f"{name}.attempts": attempts, f"{name}.gave_up": calls - succeeded,
            f"{name}.executed_for_nobody": int(totals.executed_for_nobody[number]),
            f"{name}.duplicate_executions": int(totals.duplicate_executions[number]),
        }  # fmt: skip
        found.shares[f"{name}.succeeded"] = (succeeded, calls)
        found.ratios[f"{name}.amplification"] = (attempts, calls)
        _latency(found, f"{name}.call_latency_ms", totals.call_latency[number])


def _functions(found: Record, totals: Totals) -> None:
    for number, backend in enumerate(totals.plan.backends):
        if backend.kind != BackendKind.LAMBDA:
            continue
        versions = [number] if backend.version_of != NULL else totals.plan.versions(number)
        mine = [pair for pair, row in enumerate(totals.rows) if row in versions]
        name, ran = f"functions.{backend.name}", int(totals.invocations[mine].sum())
        throttles = int(totals.throttles[mine].sum())
        billed = sum(
            int(totals.billed_ms[pair]) * totals.plan.backends[totals.rows[pair]].memory_mb for pair in mine
        )
        found.values[f"{name}.invocations"] = ran
        found.values[f"{name}.billed_gb_s"] = billed / 1024 / 1000
        found.shares[f"{name}.cold_starts"] = (int(totals.cold_starts[mine].sum()), ran)
        found.shares[f"{name}.errors"] = (int(totals.errors[mine].sum()), ran)
        found.shares[f"{name}.throttles"] = (throttles, ran + throttles)


def _latency(found: Record, name: str, spread: Spread) -> None:
    points = spread.quantiles(tuple(POINTS.values()))
    if points is None:
        return
    found.cells[name] = Cells.of_spread(spread)
    found.ratios[f"{name}.mean"] = (spread.total / MS, spread.count)
    found.values[f"{name}.max"] = spread.most / MS
    for point, value in zip(POINTS, points, strict=True):
        found.values[f"{name}.{point}"] = value / MS


def same(one: Record, other: Record) -> bool:
    """Whether two records hold the same bytes."""
    return to_rows(one) == to_rows(other)


Row = tuple[str, str, float, float, int, int, int, bytes, bytes]


def to_rows(found: Record) -> list[Row]:
    """A record as rows that sort: kind, name, part, whole, bits, least, most, cells, counts."""
    rows: list[Row] = [("value", name, float(v), 1.0, 0, 0, 0, b"", b"") for name, v in found.values.items()]
    pairs: tuple[tuple[str, Mapping[str, tuple[float, float]]], ...] = (
        ("share", found.shares),
        ("ratio", found.ratios),
    )
    for kind, table in pairs:
        rows += [(kind, name, float(a), float(b), 0, 0, 0, b"", b"") for name, (a, b) in table.items()]
    rows += [
        ("cells", name, float(c.samples), 1.0, c.bits, c.least, c.most, c.cells.tobytes(), c.counts.tobytes())
        for name, c in found.cells.items()
    ]
    return sorted(rows)
