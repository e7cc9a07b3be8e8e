"""Seconds by compiled kernels: cells are counted row by row, places only when a cell's second is final."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.gauges import NEVER
from apigw_sim.metrics.limits import longest_attempt, longest_invocation
from apigw_sim.records import NULL
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.metrics.kernels import Kernels
    from apigw_sim.metrics.limits import Limits

CELLS = 1 << 13
"""Rows of the table of cells; a power of two."""
ENOUGH = 1 << 16
"""How many cells may be written out before the final ones among them are taken."""
Take = Callable[..., None]


class Cells:
    """The cells of rows whose seconds are still open, and the peaks of places; it stands for `seconds.Seconds`."""

    def __init__(
        self, places: int, longest: int, epochs: int, take: Take, pairs: Sequence[tuple[int, int]] = ()
    ) -> None:
        """`take` is given final cells, the order of their moments, the peaks and two arrays to work in."""
        self.table = np.zeros((CELLS, 3), np.int64)
        self.out = np.zeros((0, 3), np.int64)
        """The cells that had to leave the table."""
        self._held = 0
        self._enough = self._different = ENOUGH
        self._take = take
        self._longest = longest
        self._epochs = epochs
        self._peaks = np.zeros((places, 4), np.int64)
        self._peaks[:, [1, 3]] = NULL
        for place, other in pairs:
            self._peaks[place, 3] = other
        self._work = np.zeros((2, places), np.int64)

    @property
    def peak(self) -> NDArray[np.int64]:
        """The most that each place had in a second."""
        return self._peaks[:, 0]

    @property
    def peak_at(self) -> NDArray[np.int64]:
        """The first second with that many."""
        return self._peaks[:, 1]

    def beside(self, place: int) -> int:
        """The count of a place's other in the place's largest second."""
        return int(self._peaks[place, 2])

    def room(self, size: int) -> int:
        """See to it that `size` more cells can be written out; gives where."""
        if self._held + size > len(self.out):
            out = np.empty((2 * self._held + size, 3), np.int64)
            out[: self._held] = self.out[: self._held]
            self.out = out
        return self._held

    def took(self, held: int, latest: int) -> None:
        """So many cells have been written out, and the run has reached `latest`."""
        self._held = held
        if held > self._enough:
            self._settle((latest - self._longest) // SECOND * self._epochs)

    def finish(self) -> None:
        """No more rows will come: all seconds are final."""
        self._settle(NEVER)

    def _settle(self, horizon: int) -> None:
        """Take the seconds before a moment into the peaks."""
        cells = np.concatenate([self.out[: self._held], self.table[self.table[:, 2] > 0]])
        self.table[:, 2] = 0
        final = cells[:, 0] < horizon
        rest, cells = cells.compress(~final, axis=0), cells.compress(final, axis=0)
        if len(rest) > 4 * self._different:
            rest = _merged(rest)
            self._different = max(ENOUGH, len(rest))
        self._enough = max(ENOUGH, 2 * len(rest))
        self._held = 0
        self.room(len(rest))
        self.out[: len(rest)] = rest
        self._held = len(rest)
        if len(cells):
            moments = cells[:, 0] - cells[:, 0].min()
            narrow = moments.astype(np.uint16) if moments.max() < 1 << 16 else moments
            self._take(cells, np.argsort(narrow, kind="stable"), self._peaks, *self._work)


def _merged(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Equal cells added up."""
    cells = cells[np.lexsort((cells[:, 1], cells[:, 0]))]
    first = np.nonzero((np.diff(cells[:, :2], axis=0, prepend=-1) != 0).any(axis=1))[0]
    counts = np.add.reduceat(cells[:, 2], first)
    cells = cells[first]
    cells[:, 2] = counts
    return cells


def of_attempts(kernels: Kernels, limits: Limits) -> Cells:
    """The cells of attempts."""
    plan, at = limits.plan, limits.at
    stages = [method.stage for method in plan.methods] + list(range(len(plan.stages)))
    group_of_key = np.searchsorted(at.first_key, np.arange(plan.keys), side="right") - 1
    size = len(limits.places)
    known = (
        len(at.buckets.times) + 1, plan.account.front, at.accounts, len(plan.methods),
        np.array(stages, np.int64), size, len(plan.stages), group_of_key.astype(np.int32), at.first_key, at.held,
        at.quota_places, at.own_bucket, at.buckets.table,
    )  # fmt: skip

    def take(
        final: NDArray[np.int64], order: NDArray[np.int64], peaks: NDArray[np.int64], *work: NDArray[np.int64]
    ) -> None:
        kernels.settle_attempts(final, order, *known, peaks, limits.refused_ever_at, limits.refused_at, *work)

    return Cells(
        size + 2 * len(plan.stages),
        longest_attempt(plan),
        len(at.buckets.times) + 1,
        take,
        limits.pairs,
    )


def of_invocations(kernels: Kernels, limits: Limits) -> Cells:
    """The cells of invocations."""
    at = limits.at
    times = changes(limits)
    starts = np.concatenate([[-NEVER], times])
    bucket_epoch, pool_epoch = (
        np.searchsorted(epochs.times, starts, side="right").astype(np.int64)
        for epochs in (at.buckets, at.pools)
    )
    known = (
        len(starts), bucket_epoch, pool_epoch, at.buckets.table, at.pools.table,
        np.stack([at.own_rps, at.all_rps]), at.scaling,
    )  # fmt: skip

    def take(
        final: NDArray[np.int64], order: NDArray[np.int64], peaks: NDArray[np.int64], *work: NDArray[np.int64]
    ) -> None:
        kernels.settle_invocations(
            final, order, *known, peaks, limits.refused_ever_at, limits.refused_at, *work
        )

    return Cells(len(limits.places), longest_invocation(limits.plan), len(starts), take)


def changes(limits: Limits) -> NDArray[np.int64]:
    """The instants at which an invocation's places may change."""
    return np.union1d(limits.at.buckets.times, limits.at.pools.times)
