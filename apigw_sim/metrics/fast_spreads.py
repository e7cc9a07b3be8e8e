"""Many spreads in one table, which compiled kernels add to."""

from __future__ import annotations

import numpy as np

from apigw_sim.metrics import quantiles
from apigw_sim.metrics.gauges import NEVER
from apigw_sim.metrics.kernels_rows import CARRY, COUNT, HIGH, LEAST, LOW, MOST, ROW
from apigw_sim.metrics.quantiles import BUCKETS, Spread, bucket_of


class Spreads:
    """Spreads 0..size-1: samples are kept as they are until a spread has more than EXACT, then by bucket."""

    def __init__(self, size: int) -> None:
        self.table = np.zeros((size, 8), np.int64)
        """A cache line for each: the columns of `kernels_rows.COUNT` and so on."""
        self.table[:, LEAST] = NEVER
        self.table[:, ROW] = -1
        self.buckets = np.zeros((1, BUCKETS), np.int64)
        self.kept_of = np.empty(0, np.int32)
        self.kept = np.empty(0, np.int64)
        self.held = 0
        """How many samples are kept."""

    def make_room(self, more: int) -> None:
        """See to it that `more` samples can be kept."""
        if self.held + more > len(self.kept):
            size = max(self.held + more, 2 * len(self.kept))
            kept_of, kept = np.empty(size, np.int32), np.empty(size, np.int64)
            kept_of[: self.held], kept[: self.held] = self.kept_of[: self.held], self.kept[: self.held]
            self.kept_of, self.kept = kept_of, kept

    def settle(self) -> None:
        """After rows were taken in: give buckets to those that have too many samples to keep."""
        held = self.held
        if not held:
            return
        grown = np.nonzero((self.table[:, ROW] < 0) & (self.table[:, COUNT] > quantiles.EXACT))[0]
        if not len(grown):
            return
        kept_of, kept = self.kept_of[:held], self.kept[:held]
        first = len(self.buckets)
        self.table[grown, ROW] = np.arange(first, first + len(grown))
        more = np.zeros((len(grown), BUCKETS), np.int64)
        for row, number in enumerate(grown.tolist()):
            filled = np.bincount(bucket_of(kept[kept_of == number]))
            more[row, : len(filled)] = filled
        self.buckets = np.concatenate([self.buckets, more])
        still = self.table[kept_of, ROW] < 0
        self.held = int(still.sum())
        kept_of[: self.held], kept[: self.held] = kept_of[still], kept[still]

    def spread(self, number: int) -> Spread:
        """One of them, as it is now."""
        row = self.table[number].tolist()
        if not row[COUNT]:
            return Spread()
        buckets = self.buckets[row[ROW]].copy() if row[ROW] >= 0 else None
        values = self.kept[: self.held][self.kept_of[: self.held] == number]
        return Spread.of(row[COUNT], row[HIGH] * CARRY + row[LOW], row[LEAST], row[MOST], values, buckets)
