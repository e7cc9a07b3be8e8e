"""The samples of one run as cells of a histogram: small enough to be kept for every run, exact enough to be pooled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.metrics.quantiles import Spread

FINE = 10
"""A fine cell is the top bit of a value and the next ten: at most 0.1 % wide. A coarse one has seven: 0.8 %."""


class Cells(NamedTuple):
    """How often each cell was hit; whole numbers of 0 or more."""

    bits: int
    """The fraction bits of a cell."""
    cells: NDArray[np.int64]
    """Cells that were hit, rising."""
    counts: NDArray[np.int64]
    least: int
    most: int

    @classmethod
    def of(cls, values: NDArray[np.int64] | Sequence[int], bits: int = FINE) -> Cells:
        """The cells of values."""
        found = np.asarray(values, np.int64)
        if not len(found):
            return NOTHING
        filled = np.bincount(cell_of(found, bits))
        cells = np.nonzero(filled)[0]
        return cls(bits, cells, filled[cells].astype(np.int64), int(found.min()), int(found.max()))

    @classmethod
    def of_spread(cls, spread: Spread) -> Cells:
        """The cells of a spread: fine ones of its values, or its own where it keeps no values any more."""
        values, buckets, bits = spread.held()
        if buckets is None:
            return cls.of(values)
        cells = np.nonzero(buckets)[0]
        return cls(bits, cells, buckets[cells], spread.least, spread.most)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.counts.sum())

    def coarser(self, bits: int) -> Cells:
        """The same samples in cells of fewer bits."""
        if bits >= self.bits:
            return self
        cells, where = np.unique(self.cells >> (self.bits - bits), return_inverse=True)
        return Cells(bits, cells, np.bincount(where, self.counts).astype(np.int64), self.least, self.most)

    def share_to(self, value: float) -> float:
        """The share of samples at or below a value, as if those of a cell lay evenly in it."""
        if not len(self.cells) or value < self.least:
            return 0.0
        if value >= self.most:
            return 1.0
        place = int(np.searchsorted(self.cells, cell_of(np.array([int(value)]), self.bits)[0]))
        below = float(self.counts[:place].sum())
        if place < len(self.cells):
            low, high = self._edges(place)
            if value > low:
                below += float(self.counts[place]) * min((value - low) / max(high - low, 1e-9), 1.0)
        return below / self.samples

    def _edges(self, place: int) -> tuple[float, float]:
        """Both edges of a cell, drawn in to the least and the most sample."""
        cell = int(self.cells[place])
        low, high = edge(cell, self.bits), edge(cell + 1, self.bits)
        return min(max(low, self.least), self.most), min(max(high, self.least), self.most)

    def quantiles(self, points: Sequence[float]) -> list[float]:
        """The value below which each share of the samples lies; there must be one."""
        reached = np.cumsum(self.counts)
        found = []
        for point in points:
            at = min(max(point, 0.0), 1.0) * float(reached[-1])
            place = min(int(np.searchsorted(reached, at, side="left")), len(self.cells) - 1)
            low, high = self._edges(place)
            share = (at - float(reached[place] - self.counts[place])) / float(self.counts[place])
            found.append(low + (high - low) * min(max(share, 0.0), 1.0))
        return found


NOTHING = Cells(FINE, np.zeros(0, np.int64), np.zeros(0, np.int64), 0, 0)


def cell_of(values: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """The cell of each value: its top bit and the next `bits`."""
    word = values.astype(np.float64).view(np.int64) >> (52 - bits)
    return np.asarray(np.maximum(word - (1023 << bits), 0), np.int64)


def edge(cell: int, bits: int) -> float:
    """The lower edge of a cell; the first begins at 0."""
    return 0.0 if cell <= 0 else math.ldexp(1.0 + (cell & ((1 << bits) - 1)) / (1 << bits), cell >> bits)


def pooled(sections: Iterable[Cells]) -> Cells:
    """The samples of several together."""
    parts = [part for part in sections if len(part.cells)]
    if not parts:
        return NOTHING
    bits = min(part.bits for part in parts)
    parts = [part.coarser(bits) for part in parts]
    filled = np.zeros(max(int(part.cells[-1]) for part in parts) + 1, np.int64)
    for part in parts:
        filled[part.cells] += part.counts
    cells = np.nonzero(filled)[0]
    return Cells(
        bits, cells, filled[cells], min(part.least for part in parts), max(part.most for part in parts)
    )
