"""AWS/Firehose: what is read of data streams and delivered to S3, from their gauges; and the summary's `firehoses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.counters import Counters, count, total
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.rules.buffering import NS_PER_AGE
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from apigw_sim.metrics.gauges import Gauges

READ = (GaugeKind.INCOMING_RECORDS, GaugeKind.INCOMING_BYTES)
SUMS = (
    GaugeKind.DELIVERED_RECORDS, GaugeKind.DELIVERED_BYTES, GaugeKind.OBJECTS_BY_SIZE, GaugeKind.OBJECTS_BY_INTERVAL,
    GaugeKind.OBJECT_AGES,
)  # fmt: skip
LARGEST = (GaugeKind.OBJECT_BYTES, GaugeKind.OBJECT_AGE)


class FirehosePeriods:
    """The Firehose streams of a plan, period by period."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        self._series = numbering.of_firehose
        places = range(len(plan.firehoses))
        slots = {kind: [slot(kind, place) for place in read_by(plan)] for kind in READ}
        slots |= {kind: [slot(kind, place) for place in places] for kind in (*SUMS, *LARGEST)}
        at = {kind: np.array(slot, np.int64) for kind, slot in slots.items()}
        self._counters = Counters({kind: at[kind] for kind in (*READ, *SUMS)})
        self._largest = [at[kind] for kind in LARGEST]

    def publish(self, number: int, levels: NDArray[np.int64], peak: NDArray[np.int64]) -> None:
        """A period has ended at these levels."""
        came = self._counters.came(levels)
        read, read_bytes, records, size, by_size, by_interval, ages = came.values()
        objects = by_size + by_interval
        largest, oldest = (peak[slot] for slot in self._largest)
        count(self._figures, number, Metric.DATA_READ_RECORDS, self._series, read)
        count(self._figures, number, Metric.DELIVERY_TO_S3_OBJECT_COUNT, self._series, objects)
        unknown = np.full(len(read), np.nan)
        for metric, counts, sums, most in (
            (Metric.DATA_READ_BYTES, read, read_bytes, unknown),
            (Metric.DELIVERY_TO_S3_RECORDS, objects, records, unknown),
            (Metric.DELIVERY_TO_S3_BYTES, objects, size, largest),
            (Metric.DELIVERY_TO_S3_DATA_FRESHNESS, objects, ages * NS_PER_AGE, oldest),
        ):
            total(self._figures, number, metric, self._series, counts, sums, most)


def read_by(plan: Plan) -> list[int]:
    """The places in plan.streams of the streams that Firehose reads."""
    return [place for place, row in enumerate(plan.streams) if row in plan.firehoses]


def summary(plan: Plan, gauges: Gauges) -> dict[str, Any]:
    """What was delivered of each stream over the whole run, drain and all, and what waits at its end."""
    rows = {
        plan.backends[row].said_name: _row(gauges, place, stream)
        for place, (row, stream) in enumerate(zip(plan.firehoses, read_by(plan), strict=True))
    }
    return {"firehoses": rows} if rows else {}


def _row(gauges: Gauges, place: int, stream: int) -> dict[str, Any]:
    def level(kind: GaugeKind) -> int:
        return gauges.level(kind, place)

    def most(kind: GaugeKind) -> int:
        return gauges.ever(kind, place).peak

    by_size, by_interval = level(GaugeKind.OBJECTS_BY_SIZE), level(GaugeKind.OBJECTS_BY_INTERVAL)
    objects, size = by_size + by_interval, level(GaugeKind.DELIVERED_BYTES)
    records, ages = level(GaugeKind.DELIVERED_RECORDS), level(GaugeKind.OBJECT_AGES) * NS_PER_AGE
    return {
        "objects": objects,
        "by_size": by_size,
        "by_interval": by_interval,
        "records": records,
        "bytes": size,
        "mean_object_bytes": round(size / objects, 3) if objects else None,
        "max_object_bytes": most(GaugeKind.OBJECT_BYTES) if objects else None,
        "mean_age_s": round(ages / objects / SECOND, 3) if objects else None,
        "max_age_s": round(most(GaugeKind.OBJECT_AGE) / SECOND, 3) if objects else None,
        "waiting_records": gauges.level(GaugeKind.INCOMING_RECORDS, stream) - records,
        "waiting_bytes": gauges.level(GaugeKind.INCOMING_BYTES, stream) - size,
    }
