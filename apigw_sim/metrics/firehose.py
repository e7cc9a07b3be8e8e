"""AWS/Firehose: what is read of data streams and delivered to S3, from their gauges; and the summary's `firehoses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.quantiles import POINTS
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.rules.buffering import NS_PER_AGE
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from apigw_sim.metrics.gauges import Gauges

SUMS = (
    GaugeKind.DELIVERED_RECORDS, GaugeKind.DELIVERED_BYTES, GaugeKind.OBJECTS_BY_SIZE, GaugeKind.OBJECTS_BY_INTERVAL,
    GaugeKind.OBJECT_AGES,
)  # fmt: skip
BUFFERED = (GaugeKind.BUFFERED_RECORDS, GaugeKind.BUFFERED_BYTES)
LARGEST = (GaugeKind.OBJECT_BYTES, GaugeKind.OBJECT_AGE)


class FirehosePeriods:
    """The Firehose streams of a plan, period by period."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        self._series = numbering.of_firehose
        places = range(len(plan.firehoses))
        self._slots = {
            kind: np.array([slot(kind, place) for place in places], np.int64)
            for kind in (*SUMS, *BUFFERED, *LARGEST)
        }
        self._before = dict.fromkeys((*SUMS, *BUFFERED), np.zeros(len(places), np.int64))

    def publish(self, number: int, levels: NDArray[np.int64], peak: NDArray[np.int64]) -> None:
        """A period has ended at these levels. What has come is what was delivered, and what waits more than before."""
        came = {}
        for kind in self._before:
            now = levels[self._slots[kind]]
            came[kind], self._before[kind] = now - self._before[kind], now
        records, size, by_size, by_interval, ages, waiting, waiting_bytes = came.values()
        read, objects = records + waiting, by_size + by_interval
        largest, oldest = (peak[self._slots[kind]] for kind in LARGEST)
        one, unknown = np.ones_like(read), np.full(len(read), np.nan)
        for metric, counts, sums, least, most in (
            (Metric.DATA_READ_RECORDS, read, read, one, one),
            (Metric.DATA_READ_BYTES, read, size + waiting_bytes, unknown, unknown),
            (Metric.DELIVERY_TO_S3_OBJECT_COUNT, objects, objects, one, one),
            (Metric.DELIVERY_TO_S3_RECORDS, objects, records, unknown, unknown),
            (Metric.DELIVERY_TO_S3_BYTES, objects, size, unknown, largest),
            (Metric.DELIVERY_TO_S3_DATA_FRESHNESS, objects, ages * NS_PER_AGE, unknown, oldest),
        ):
            some = counts > 0
            points = np.repeat(np.where(least == 1, 1.0, np.nan)[some, None], len(POINTS), axis=1)
            self._figures.add(
                number, metric, self._series[some], counts[some], sums[some], least[some], most[some], points
            )


def summary(plan: Plan, gauges: Gauges) -> dict[str, Any]:
    """What was delivered of each stream over the whole run, drain and all, and what waits at its end."""
    rows = {plan.backends[row].said_name: _row(gauges, place) for place, row in enumerate(plan.firehoses)}
    return {"firehoses": rows} if rows else {}


def _row(gauges: Gauges, place: int) -> dict[str, Any]:
    def level(kind: GaugeKind) -> int:
        return gauges.level(kind, place)

    def most(kind: GaugeKind) -> int:
        return gauges.ever(kind, place).peak

    by_size, by_interval = level(GaugeKind.OBJECTS_BY_SIZE), level(GaugeKind.OBJECTS_BY_INTERVAL)
    objects, size = by_size + by_interval, level(GaugeKind.DELIVERED_BYTES)
    ages = level(GaugeKind.OBJECT_AGES) * NS_PER_AGE
    return {
        "objects": objects,
        "by_size": by_size,
        "by_interval": by_interval,
        "records": level(GaugeKind.DELIVERED_RECORDS),
        "bytes": size,
        "mean_object_bytes": round(size / objects, 3) if objects else None,
        "max_object_bytes": most(GaugeKind.OBJECT_BYTES) if objects else None,
        "mean_age_s": round(ages / objects / SECOND, 3) if objects else None,
        "max_age_s": round(most(GaugeKind.OBJECT_AGE) / SECOND, 3) if objects else None,
        "waiting_records": level(GaugeKind.BUFFERED_RECORDS),
        "waiting_bytes": level(GaugeKind.BUFFERED_BYTES),
    }
