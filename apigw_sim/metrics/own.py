"""What only APIs of one type have figures of: the samples that wait for their period, and the series that they go to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.coding import Coding
from apigw_sim.metrics.periods import Waiting
from apigw_sim.metrics.series import Figures, Numbering
from apigw_sim.records import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block


class Own:
    """A metric, or some, of the stages of one type of API; by API, stage and method."""

    def __init__(
        self, plan: Plan, coding: Coding, numbering: Numbering, figures: Figures, stages: Iterable[bool]
    ) -> None:
        """`stages` says of each stage whether it is of the type."""
        self.waiting = Waiting(plan.period)
        self._by_arrival = plan.account.stamp_arrival
        self._coding = coding
        self._figures = figures
        self._stages = np.fromiter(stages, bool)
        self._there = bool(self._stages.any())
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
        return self._there

    def _mine(self, block: Block) -> NDArray[np.bool_]:
        """Which attempts are of the type, and counted at all."""
        mine: NDArray[np.bool_] = self._stages[block["stage"]] & (block["flags"] & Flag.UNMETERED == 0)
        return mine

    def _leaf(self, block: Block) -> NDArray[np.int64]:
        """The leaf of each attempt."""
        return self._coding.leaf(block["stage"], block["method"], block["flags"])

    def _stamp(self, block: Block) -> NDArray[np.int64]:
        """The instant that decides in which period an attempt counts."""
        stamp: NDArray[np.int64] = block["arrived_ns"]
        return stamp if self._by_arrival else stamp + block["latency_ns"]
