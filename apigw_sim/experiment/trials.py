"""One run of a capacity search: from a plan, a seed and a replication to what it met and what its limits did."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim.compose import simulate
from apigw_sim.experiment.judging import Outcome
from apigw_sim.experiment.verdicts import has_mean, shown_bound

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

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


class Work(NamedTuple):
    """What is run: a pickled plan with its expectations, and on which engine."""

    packed: bytes
    seed: int
    engine: str


def pack(plan: Any, expect: Sequence[Expectation], seed: int, engine: str) -> Work:
    """Make ready what a setting's runs share."""
    return Work(pickle.dumps((plan, tuple(expect)), protocol=5), seed, engine)


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)


def trial(work: Work, replication: int) -> Trial:
    """Run one replication."""
    plan, expect = _unpacked(work.packed)
    done = simulate(plan, work.seed, replication=replication, engine=work.engine, expect=expect)
    metrics = done.metrics
    metrics.finish()
    rows = tuple(watch.verdict() for watch in metrics.watches)
    limits = tuple(
        LimitSeen(row["peak_1s"], row["lowest_tokens"], row["first_refusal_s"], row["refused"])
        for row in metrics.limits.rows(metrics.gauges)
    )
    outcome = Outcome(
        all(row["met"] is True for row in rows),
        tuple(margin(one, row) for one, row in zip(expect, rows, strict=True)),
        _mark(metrics, rows),
    )
    return Trial(replication, outcome, rows, limits, int(metrics.totals.cells.sum()))


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


class Crew:
    """Where runs are made: this process, or several; the trials are the same, and in the same order."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def run(self, work: Work, replications: Sequence[int]) -> list[Trial]:
        """Make some replications."""
        if self.workers <= 1:
            return [trial(work, replication) for replication in replications]
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor

            methods = multiprocessing.get_all_start_methods()
            how = "forkserver" if "forkserver" in methods else "spawn"
            self._pool = ProcessPoolExecutor(self.workers, multiprocessing.get_context(how))
        return list(self._pool.map(partial(trial, work), replications))

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


@contextmanager
def crew(workers: int) -> Iterator[Crew]:
    """A crew for the time of a search."""
    made = Crew(workers)
    try:
        yield made
    finally:
        made.close()
