"""AWS/DynamoDB: what actions consumed of tables' capacity, and what it refused, from their gauges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.counters import Counters, count, total
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import GaugeKind, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

METRICS = {
    True: (Metric.CONSUMED_READ_CAPACITY_UNITS, Metric.READ_THROTTLE_EVENTS),
    False: (Metric.CONSUMED_WRITE_CAPACITY_UNITS, Metric.WRITE_THROTTLE_EVENTS),
}
"""By whether it is of reads."""
KINDS = (GaugeKind.CONSUMING, GaugeKind.CONSUMED, GaugeKind.CAPACITY_EXCEEDED)


class TablePeriods:
    """The tables of a plan, period by period."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        self._series = numbering.of_capacity
        places = range(len(plan.capacities))
        self._counters = Counters(
            {kind: np.array([slot(kind, place) for place in places], np.int64) for kind in KINDS}
        )
        self._reads = np.array([row.reads for row in plan.capacities], bool)

    def publish(self, number: int, levels: NDArray[np.int64]) -> None:
        """A period has ended at these levels."""
        requests, halves, refused = self._counters.came(levels).values()
        for reads, (consumed, throttled) in METRICS.items():
            mine = self._reads == reads
            series, unknown = self._series[mine], np.full(int(mine.sum()), np.nan)
            total(self._figures, number, consumed, series, requests[mine], halves[mine] / 2, unknown)
            count(self._figures, number, throttled, series, refused[mine])
