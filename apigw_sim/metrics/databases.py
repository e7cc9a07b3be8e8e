"""What the summary says of databases, from their gauges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.plan.tables import GaugeKind, Plan

if TYPE_CHECKING:
    from apigw_sim.metrics.gauges import Gauges


def summary(plan: Plan, gauges: Gauges) -> dict[str, Any]:
    """Each database: its connections held and at work, in the summary's window, and refusals over the whole run."""
    rows: dict[str, Any] = {}
    for number, row in enumerate(plan.databases):
        held, busy = (
            gauges.in_window(kind, number) for kind in (GaugeKind.CONNECTIONS, GaugeKind.CONNECTIONS_BUSY)
        )
        rows[row.name] = {
            "connections": row.connections,
            "mean_held": round(held.mean, 6),
            "max_held": max(held.peak, 0),
            "mean_at_work": round(busy.mean, 6),
            "max_at_work": max(busy.peak, 0),
            "refused": gauges.level(GaugeKind.CONNECTIONS_REFUSED, number),
        }
    return {"databases": rows} if rows else {}
