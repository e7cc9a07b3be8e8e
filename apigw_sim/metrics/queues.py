"""AWS/SQS: what queues hold and what passes through them, from their gauges; and the summary's `queues`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.counters import Counters, count
from apigw_sim.metrics.quantiles import POINTS
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from apigw_sim.metrics.gauges import Gauges

LEVELS = {
    GaugeKind.VISIBLE: Metric.APPROXIMATE_NUMBER_OF_MESSAGES_VISIBLE,
    GaugeKind.HIDDEN: Metric.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE,
    GaugeKind.OLDEST: Metric.APPROXIMATE_AGE_OF_OLDEST_MESSAGE,
}
COUNTS = {
    GaugeKind.SENT: Metric.NUMBER_OF_MESSAGES_SENT,
    GaugeKind.RECEIVED: Metric.NUMBER_OF_MESSAGES_RECEIVED,
    GaugeKind.DELETED: Metric.NUMBER_OF_MESSAGES_DELETED,
}


class QueuePeriods:
    """The queues of a plan, period by period."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        places = range(len(plan.queues))
        at = {
            kind: np.array([slot(kind, place) for place in places], np.int64) for kind in (*LEVELS, *COUNTS)
        }
        self._slots = at
        self._counters = Counters({kind: at[kind] for kind in COUNTS})
        self._series = numbering.of_queue

    def publish(
        self, number: int, levels: NDArray[np.int64], mean: NDArray[np.float64], low: NDArray[np.int64],
        peak: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """A period has ended at these levels; CloudWatch knows of a queue from its first message on."""
        known = levels[self._slots[GaugeKind.SENT]] > 0
        for kind, metric in LEVELS.items():
            at = self._slots[kind][known]
            figures = (mean[at], low[at], peak[at])
            if kind is GaugeKind.OLDEST:  # sampled at the end of the period
                figures = (levels[at].astype(np.float64), levels[at], levels[at])
                points = np.repeat(figures[0][:, None], len(POINTS), axis=1)
            points = np.full((len(at), len(POINTS)), np.nan)
            self._figures.add(
                number, metric, self._series[known], np.ones(len(at), np.int64), *figures, points
            )
        for kind, came in self._counters.came(levels).items():
            count(self._figures, number, COUNTS[kind], self._series, came)


def summary(plan: Plan, gauges: Gauges) -> dict[str, Any]:
    """What passed through each queue over the whole run, drain and all, and what is left."""
    rows: dict[str, Any] = {}
    for place, backend in enumerate(plan.queues):

        def level(kind: GaugeKind, place: int = place) -> int:
            return gauges.level(kind, place)

        left = level(GaugeKind.VISIBLE) + level(GaugeKind.HIDDEN)
        rows[plan.backends[backend].name] = {
            "sent": level(GaugeKind.SENT),
            "received": level(GaugeKind.RECEIVED),
            "deleted": level(GaugeKind.DELETED),
            "dead_letters": level(GaugeKind.DEAD),
            "expired": level(GaugeKind.EXPIRED),
            "left": left,
            "mean_visible": round(gauges.in_window(GaugeKind.VISIBLE, place).mean, 6),
            "max_visible": max(gauges.ever(GaugeKind.VISIBLE, place).peak, 0),
            "max_age_s": round(max(gauges.ever(GaugeKind.OLDEST, place).peak, 0) / SECOND, 3),
            "emptied_at_s": None if left else round(level(GaugeKind.EMPTIED) / SECOND, 3),
        }
    return {"queues": rows} if rows else {}
