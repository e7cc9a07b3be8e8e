"""Invocations of versions with provisioned concurrency: those that it ran, and those that spilled over from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.periods import Waiting, zero_one
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import LimitKind, Plan
from apigw_sim.records import NULL, Block, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRICS = (Metric.PROVISIONED_CONCURRENCY_INVOCATIONS, Metric.PROVISIONED_CONCURRENCY_SPILLOVER_INVOCATIONS)
COLUMNS = (
    "backend", "alias", "arrived_ns", "provisioning_ns", "init_ns", "duration_ns", "outcome", "refused_by",
)  # fmt: skip


class ProvisionedPeriods:
    """Both metrics by function, by alias or version, and by executed version; and their sums for the summary."""

    def __init__(self, plan: Plan, numbering: Numbering, figures: Figures) -> None:
        self.waiting = Waiting(plan.period)
        self.there = bool(plan.provisions)
        self._numbering = numbering
        self._figures = figures
        kinds = [limit.kind is LimitKind.LAMBDA_PROVISIONED for limit in plan.limits]
        self._spills = np.array([*kinds, False], bool)
        """Of each limit, and of NULL: whether who is refused by it runs on demand."""
        self.counts = np.zeros((2, len(plan.backends)), np.int64)
        """Of the summary's window, by row of plan.backends: those that ran provisioned, and that spilled over."""

    def fold(self, block: Block, by_arrival: bool, begin: int, end: int) -> None:
        """Take in invocations; those are counted for the summary that arrived in [begin, end)."""
        backend, alias, arrived, provisioning, init, duration, outcome, limit = (
            block[name] for name in COLUMNS
        )
        ran = outcome <= Outcome.TIMEOUT
        spilled = ran & self._spills[limit]
        shown = spilled | (ran & (provisioning == NULL))
        if not shown.any():
            return
        backend, alias, arrived, spilled = backend[shown], alias[shown], arrived[shown], spilled[shown]
        took = np.maximum(provisioning[shown], 0) + np.maximum(init[shown], 0) + duration[shown]
        pair = self._numbering.pair[alias + 1, backend]
        self.waiting.add(arrived if by_arrival else arrived + took, pair * 2 + spilled)
        selected = (arrived >= begin) & (arrived < end)
        for kind in (0, 1):
            mine = backend[selected & (spilled == kind)]
            self.counts[kind] += np.bincount(mine, minlength=self.counts.shape[1])

    def close(self, number: int) -> None:
        """Turn the samples of a period into figures."""
        rows = self.waiting.take(number)
        if rows is None:
            return
        counts = np.bincount(rows[0], minlength=2 * len(self._numbering.pair_list)).reshape(-1, 2)
        for of_pair, series in self._numbering.work:
            mine = of_pair >= 0
            for kind, metric in enumerate(METRICS):
                found = np.bincount(of_pair[mine], counts[mine, kind], minlength=len(series)).astype(np.int64)
                self._add(number, metric, series, found)

    def _add(self, number: int, metric: Metric, series: NDArray[np.int64], found: NDArray[np.int64]) -> None:
        seen = found > 0
        self._figures.add(number, metric, series[seen], *zero_one(metric, found[seen], found[seen]))
