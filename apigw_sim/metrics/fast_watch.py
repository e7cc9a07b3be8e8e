"""Expectations by compiled kernels: the samples of attempts, and percentiles without a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.fast_order import grouped
from apigw_sim.metrics.gauges import NEVER
from apigw_sim.metrics.kernels_watch import COUNT, METRICS
from apigw_sim.metrics.quantiles import BUCKETS, EXACT, POINTS, Spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from apigw_sim.metrics.kernels import Kernels
    from apigw_sim.metrics.watch import Watch
    from apigw_sim.plan.tables import Plan


class CountedSpread(Spread):
    """A spread whose samples are counted instead of sorted."""

    __slots__ = ("_kernels",)

    def __init__(self, kernels: Kernels, exact: int | None = EXACT) -> None:
        super().__init__(exact)
        self._kernels = kernels

    def _fill(self) -> None:
        if self._buckets is None:
            self._buckets = np.zeros(BUCKETS, np.int64)
        for part in self._parts:
            self._kernels.fill(part, self._buckets)
        self._parts.clear()

    def quantiles(self, points: Sequence[float] = POINTS) -> list[float] | None:
        """The value at each point; None without a sample."""
        if self._buckets is not None or not self.count:
            return super().quantiles(points)
        values = np.concatenate(self._parts)
        self._parts = [values]
        return [float(value) for value in grouped(self._kernels, None, values, 1, points).points[0]]


class AttemptWatch:
    """Gives a watch the samples of a block of attempts."""

    def __init__(self, kernels: Kernels, plan: Plan, watch: Watch) -> None:
        self._kernels, self._take = kernels, watch.take_attempts
        of_client = watch.expectation.kind == "client"
        begin, end = (-NEVER, NEVER) if watch.length else (plan.warm_up, plan.duration)
        self._looks_at = (
            plan.account.stamp_arrival, begin, end, np.ones_like(watch.leaves) if of_client else watch.leaves,
            watch.target if of_client else -1, COUNT if of_client else METRICS.index(watch.metric),
        )  # fmt: skip

    def see(self, rows: NDArray[np.int64], codes: NDArray[np.int32]) -> None:
        """See attempts, given their codes."""
        stamps, values = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        found = self._kernels.sample(rows, codes, *self._looks_at, stamps, values)
        self._take(stamps[:found], values[:found])


def of_attempts(kernels: Kernels, plan: Plan, watches: Sequence[Watch]) -> list[AttemptWatch]:
    """Those of the watches that look at attempts."""
    return [
        AttemptWatch(kernels, plan, watch) for watch in watches
        if watch.expectation.kind == "stage"
        or (watch.expectation.kind == "client" and watch.metric in ("attempts", "amplification"))
    ]  # fmt: skip
