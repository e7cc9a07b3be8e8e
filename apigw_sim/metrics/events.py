"""AWS/Lambda's metrics of asynchronous invocations, from the gauges of Lambda's queues; and what the summary says of them."""

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

SUMS = (
    GaugeKind.EVENTS_RECEIVED, GaugeKind.EVENTS_RETRIED, GaugeKind.EVENTS_EXPIRED, GaugeKind.EVENTS_FAILED,
    GaugeKind.EVENT_AGES,
)  # fmt: skip
NS_PER_AGE = 1000


class EventPeriods:
    """Lambda's queues of events, period by period."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        places = range(len(plan.events))
        self._counters = Counters(
            {kind: np.array([slot(kind, place) for place in places], np.int64) for kind in SUMS}
        )
        self._oldest = np.array([slot(GaugeKind.EVENT_AGE, place) for place in places], np.int64)
        self._series = numbering.of_backend[[row.function for row in plan.events]]

    def publish(self, number: int, levels: NDArray[np.int64], peak: NDArray[np.int64]) -> None:
        """A period has ended at these levels. An event that is tried at once has no age."""
        received, retried, expired, failed, ages = self._counters.came(levels).values()
        count(self._figures, number, Metric.ASYNC_EVENTS_RECEIVED, self._series, received)
        count(self._figures, number, Metric.ASYNC_EVENTS_DROPPED, self._series, expired + failed)
        tried = received + retried
        seen = tried > 0
        oldest = np.where(retried > 0, peak[self._oldest], 0)
        least = np.where(received > 0, 0.0, np.nan)
        points = np.full((int(seen.sum()), len(POINTS)), np.nan)
        self._figures.add(
            number, Metric.ASYNC_EVENT_AGE, self._series[seen], tried[seen], ages[seen] * NS_PER_AGE, least[seen],
            oldest[seen], points,
        )  # fmt: skip


def of_function(plan: Plan, gauges: Gauges, function: int) -> dict[str, Any]:
    """The events of a function over the whole run, drain and all; nothing where nobody invokes it asynchronously."""
    place = next((place for place, row in enumerate(plan.events) if row.function == function), None)
    if place is None:
        return {}
    received, retried, expired, failed, left = (
        gauges.level(kind, place) for kind in (*SUMS[:-1], GaugeKind.EVENTS)
    )
    return {
        "events": {
            "received": received,
            "succeeded": received - expired - failed - left,
            "retried": retried,
            "expired": expired,
            "failed": failed,
            "left": left,
            "max_at_once": max(gauges.ever(GaugeKind.EVENTS, place).peak, 0),
            "max_age_s": round(max(gauges.ever(GaugeKind.EVENT_AGE, place).peak, 0) / SECOND, 3),
        }
    }
