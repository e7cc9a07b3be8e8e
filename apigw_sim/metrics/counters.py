"""Gauges that only rise, such as messages sent so far: what came in a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.quantiles import POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from apigw_sim.metrics.series import Figures, Metric
    from apigw_sim.plan.tables import GaugeKind


class Counters:
    """Some kinds of gauges, each at its places among the levels."""

    def __init__(self, slots: Mapping[GaugeKind, NDArray[np.int64]]) -> None:
        self._slots = slots
        self._before = {kind: np.zeros(len(slot), np.int64) for kind, slot in slots.items()}

    def came(self, levels: NDArray[np.int64]) -> dict[GaugeKind, NDArray[np.int64]]:
        """A period has ended at these levels: by how much each rose in it."""
        now = {kind: levels[slot] for kind, slot in self._slots.items()}
        found = {kind: now[kind] - self._before[kind] for kind in now}
        self._before = now
        return found


def count(
    figures: Figures, number: int, metric: Metric, series: NDArray[np.int64], came: NDArray[np.int64]
) -> None:
    """A metric with a sample of 1 for each that came in a period; a series without any has none."""
    some = came > 0
    one = np.ones(int(some.sum()), np.int64)
    points = np.ones((len(one), len(POINTS)))
    figures.add(number, metric, series[some], came[some], came[some], one, one, points)


def total(
    figures: Figures, number: int, metric: Metric, series: NDArray[np.int64], counts: NDArray[np.int64],
    sums: NDArray[np.float64] | NDArray[np.int64], most: NDArray[np.float64] | NDArray[np.int64],
) -> None:  # fmt: skip
    """A metric with so many samples that are known by their sum, and perhaps the most of them; else NaN."""
    some = counts > 0
    unknown = np.full(int(some.sum()), np.nan)
    points = np.full((len(unknown), len(POINTS)), np.nan)
    figures.add(number, metric, series[some], counts[some], sums[some], unknown, most[some], points)
