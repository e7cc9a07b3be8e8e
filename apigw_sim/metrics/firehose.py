"""What Firehose delivered to S3 of the streams that it reads: the summary's `firehoses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.rules.buffering import NS_PER_AGE
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from apigw_sim.metrics.gauges import Gauges


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
