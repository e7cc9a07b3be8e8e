"""DataProcessed of HTTP APIs: the bytes of requests and of answers, by API, stage and route."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.coding import Coding
from apigw_sim.metrics.periods import Waiting
from apigw_sim.metrics.quantiles import grouped
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.records import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block


class Processed:
    """What waits for its period to be closed, and what it leaves behind."""

    def __init__(self, plan: Plan, coding: Coding, numbering: Numbering, figures: Figures) -> None:
        self.waiting = Waiting(plan.period)
        self._by_arrival = plan.account.stamp_arrival
        self._coding = coding
        self._figures = figures
        self._http = np.array([stage.http for stage in plan.stages], bool)
        self._series = tuple(
            np.where(of >= 0, ids[of], -1)
            for of, ids in (
                (coding.method_of_leaf, np.append(numbering.of_method, -1)),
                (coding.stage_of_leaf, numbering.of_stage),
                (numbering.api_of_stage[coding.stage_of_leaf], numbering.of_api),
            )
        )
        """By leaf: its series at each level; -1: none."""
        self._size = len(numbering.series)

    def __bool__(self) -> bool:
        return bool(self._http.any())

    def fold(self, block: Block) -> None:
        """Take in attempts."""
        stage = block["stage"]
        mine = self._http[stage] & (block["flags"] & Flag.UNMETERED == 0)
        if not mine.any():
            return
        leaf = self._coding.leaf(stage, block["method"], block["flags"])[mine]
        stamp = block["arrived_ns"] if self._by_arrival else block["arrived_ns"] + block["latency_ns"]
        size = np.asarray(block["request_bytes"] + block["response_bytes"], np.int64)
        self.waiting.add(stamp[mine], leaf, size[mine])

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
