"""AWS/ApiGateway of WebSocket APIs, by API, stage and route; and what became of connections, from their gauges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.own import Own
from apigw_sim.metrics.periods import zero_one
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import NULL
from apigw_sim.rules import reason
from apigw_sim.scenario.routes import CALLBACK, CONNECT, DISCONNECT
from apigw_sim.units import MINUTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.metrics.coding import Coding
    from apigw_sim.metrics.gauges import Gauges
    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block

OF_INTEGRATION = (
    "BACKEND_4XX", "BACKEND_5XX", "FUNCTION_ERROR", "FUNCTION_TIMEOUT", "MALFORMED_RESPONSE", "RESPONSE_TOO_LARGE",
    "BACKEND_RESPONSE_TOO_LARGE",
)  # fmt: skip
"""Reasons of an error that the integration itself answered with."""
OF_EXECUTION = ("LAMBDA_REQUEST_TOO_LARGE",)
"""Reasons of a 4xx that came of calling the integration, as all other 5xx did."""
ERRORS = {Metric.CLIENT_ERROR: 1, Metric.INTEGRATION_ERROR: 2, Metric.EXECUTION_ERROR: 3}
OTHER, CONNECTS, MESSAGE, CALLED_BACK = 0, 1, 2, 3
KINDS = {CONNECT: CONNECTS, DISCONNECT: OTHER, CALLBACK: CALLED_BACK}
CLOSED = {
    "by_client": GaugeKind.CLOSED_BY_CLIENT, "idle": GaugeKind.CLOSED_IDLE, "after_two_hours": GaugeKind.CLOSED_OLD,
    "lost": GaugeKind.LOST, "message_too_large": GaugeKind.CLOSED_TOO_LARGE,
}  # fmt: skip


def error_of(why: reason.Reason) -> int:
    """Which of ERRORS CloudWatch counts an attempt as; 0: none."""
    if why.name in OF_INTEGRATION:
        return ERRORS[Metric.INTEGRATION_ERROR]
    if why.status >= 500 or why.name in OF_EXECUTION:
        return ERRORS[Metric.EXECUTION_ERROR]
    return ERRORS[Metric.CLIENT_ERROR] if why.status >= 400 else 0


class Socketed(Own):
    """The attempts of WebSocket APIs: what waits for its period to be closed, and what it leaves behind."""

    def __init__(self, plan: Plan, coding: Coding, numbering: Numbering, figures: Figures) -> None:
        super().__init__(plan, coding, numbering, figures, (stage.websocket for stage in plan.stages))
        kinds = [KINDS.get(method.resource, MESSAGE) for method in plan.methods]
        self._kind = np.array([*kinds, MESSAGE], np.int64)
        """By row of plan.methods; the last is that of no route."""
        self._error = np.array([error_of(why) for why in reason.REASONS], np.int64)

    def fold(self, block: Block) -> None:
        """Take in attempts."""
        mine = self._mine(block)
        if not mine.any():
            return
        why = block["reason"]
        kind, ok = self._kind[block["method"]], why == reason.OK
        reached = ok | (block["integration_ns"] != NULL)
        counted = np.where(kind == CONNECTS, reached, np.where(kind == CALLED_BACK, ok, kind == MESSAGE))
        as_what = np.where(counted, np.where(kind == CONNECTS, Metric.CONNECT_COUNT, Metric.MESSAGE_COUNT), 0)
        self.waiting.add(
            self._stamp(block)[mine], self._leaf(block)[mine], as_what[mine], self._error[why][mine]
        )

    def close(self, number: int) -> None:
        """Turn the samples of a period into figures."""
        rows = self.waiting.take(number)
        if rows is None:
            return
        leaf, as_what, error = rows
        found = {metric: as_what == metric for metric in (Metric.CONNECT_COUNT, Metric.MESSAGE_COUNT)}
        found |= {metric: error == code for metric, code in ERRORS.items()}
        for series in self._series:
            ids: NDArray[np.int64] = series[leaf]
            for metric, those in found.items():
                counts = np.bincount(ids[those & (ids >= 0)], minlength=self._size)
                seen = np.nonzero(counts)[0]
                self._figures.add(number, metric, seen, *zero_one(metric, counts[seen], counts[seen]))


def summary(plan: Plan, gauges: Gauges) -> dict[str, Any]:
    """The connections of each stage of a WebSocket API: over the whole run, drain and all; mean and minutes after warm-up."""
    rows: dict[str, Any] = {}
    for number, stage in enumerate(plan.stages):
        if not stage.websocket:
            continue
        mean = gauges.in_window(GaugeKind.OPEN, number).mean
        rows[stage.name] = {
            "opened": gauges.level(GaugeKind.OPENED, number),
            "closed": {name: gauges.level(kind, number) for name, kind in CLOSED.items()},
            "open_at_end": gauges.level(GaugeKind.OPEN, number),
            "max_open": max(gauges.ever(GaugeKind.OPEN, number).peak, 0),
            "mean_open": round(mean, 6),
            "connection_minutes": round(mean * (plan.duration - plan.warm_up) / MINUTE, 3),
        }
    return {"connections": rows} if rows else {}
