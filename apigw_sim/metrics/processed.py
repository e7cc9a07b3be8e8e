"""DataProcessed of HTTP APIs: the bytes of requests and of answers, by API, stage and route."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.coding import Coding
from apigw_sim.metrics.own import Own
from apigw_sim.metrics.quantiles import grouped
from apigw_sim.metrics.series import Figures, Metric, Numbering

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block


class Processed(Own):
    """What waits for its period to be closed, and what it leaves behind."""

    def __init__(self, plan: Plan, coding: Coding, numbering: Numbering, figures: Figures) -> None:
        super().__init__(plan, coding, numbering, figures, (stage.http for stage in plan.stages))

    def fold(self, block: Block) -> None:
        """Take in attempts."""
        mine = self._mine(block)
        if mine.any():
            size = np.asarray(block["request_bytes"] + block["response_bytes"], np.int64)
            self.waiting.add(self._stamp(block)[mine], self._leaf(block)[mine], size[mine])

    def close(self, number: int) -> None:
        """Turn the samples of a period into figures."""
        rows = self.waiting.take(number)
        if rows is None:
            return
        leaf, size = rows
        for series in self._series:
            ids: NDArray[np.int64] = series[leaf]
            seen = ids >= 0
            if seen.any():
                found = grouped(ids[seen], size[seen].astype(np.int64), self._size)
                self._figures.add(number, Metric.DATA_PROCESSED, *found)
