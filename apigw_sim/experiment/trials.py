"""One run of a capacity search: what it met and what its limits did."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim.experiment.judging import Outcome
from apigw_sim.experiment.runs import job_of
from apigw_sim.experiment.verdicts import has_mean, shown_bound

if TYPE_CHECKING:
    from apigw_sim.experiment.mapper import Mapper
    from apigw_sim.experiment.runs import Prepared
    from apigw_sim.metrics import Metrics
    from apigw_sim.scenario.expect import Expectation

PER_SETTING = 10_000
"""Replications set aside for each setting that is tried."""


class LimitSeen(NamedTuple):
    """What one limit of the plan did in a run."""

    peak_1s: int
    left: float | None
    first_refusal_s: float | None
    refused: int


class Trial(NamedTuple):
    """One finished run."""

    replication: int
    outcome: Outcome
    expectations: tuple[dict[str, Any], ...]
    limits: tuple[LimitSeen, ...]
    requests: int
    """Requests that arrived after warm-up."""


def trial(metrics: Metrics, replication: int) -> Trial:
    """What is kept of a finished run."""
    metrics.finish()
    rows = tuple(watch.verdict() for watch in metrics.watches)
    limits = tuple(
        LimitSeen(row["peak_1s"], row["lowest_tokens"], row["first_refusal_s"], row["refused"])
        for row in metrics.limits.rows(metrics.gauges)
    )
    outcome = Outcome(
        all(row["met"] is True for row in rows),
        tuple(margin(watch.expectation, row) for watch, row in zip(metrics.watches, rows, strict=True)),
        _mark(metrics, rows),
    )
    return Trial(replication, outcome, rows, limits, int(metrics.totals.cells.sum()))


def run(ready: Prepared, replications: Sequence[int], where: Mapper) -> list[Trial]:
    """Make some replications; they come in their order, wherever they were made."""
    jobs = enumerate(job_of(ready, replication, trial) for replication in replications)
    found = dict(where.run(jobs))
    return [found[number] for number in range(len(replications))]


def margin(expectation: Expectation, row: dict[str, Any]) -> float:
    """By how much an expectation is met, in parts of its bound.

    1 or -1 where no mean can tell: without a sample, at a bound of 0, for == and !=, and in m of n periods.
    """
    if row["value"] is None or not has_mean(expectation):
        return 1.0 if row["met"] else -1.0
    bound = shown_bound(expectation)
    away = (float(row["value"]) - bound) / bound
    return -away if expectation.op in ("<", "<=") else away


def _mark(metrics: Metrics, rows: Sequence[dict[str, Any]]) -> str:
    """What a run comes to: to the nanosecond, so that two runs of the same are runs without chance."""
    totals = metrics.totals
    spreads = (totals.latency, totals.integration, *totals.call_latency)
    parts = [totals.cells.tobytes(), *(f"{s.count} {s.total} {s.least} {s.most}".encode() for s in spreads)]
    return hashlib.sha256(b"|".join([*parts, repr(rows).encode()])).hexdigest()
