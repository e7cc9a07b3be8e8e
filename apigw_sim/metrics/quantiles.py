"""Order statistics: exact within a period; over a run exact up to EXACT samples, beyond from log buckets.

p is the linear interpolation between order statistics at (n-1)p, as `numpy.quantile(method="linear")` computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


POINTS = (0.5, 0.9, 0.95, 0.99)
EXACT = 100_000
FRACTION_BITS = 7
"""A log bucket is the top bit of a value and the next seven: 128 buckets an octave, each at most 0.8 % wide."""
BUCKETS = 64 << FRACTION_BITS
DROPPED = 52 - FRACTION_BITS
BIAS = 1023 << FRACTION_BITS


class Grouped(NamedTuple):
    """Figures of the groups that have samples, in rising order of their ids."""

    ids: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.int64]
    least: NDArray[np.int64]
    most: NDArray[np.int64]
    points: NDArray[np.float64]
    """One row per group, one column per point."""

    def only(self, wanted: NDArray[np.generic]) -> Grouped:
        """Some of the groups."""
        return Grouped(
            self.ids[wanted], self.counts[wanted], self.sums[wanted], self.least[wanted], self.most[wanted],
            self.points[wanted],
        )  # fmt: skip

    def renumbered(self, ids: NDArray[np.int64]) -> Grouped:
        """The same figures under other ids: `ids[old]`."""
        return self._replace(ids=ids[self.ids])


def lerp(
    low: NDArray[np.float64], high: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Between two order statistics, in the two halves that keep numpy's own result monotone and exact."""
    span = high - low
    return np.asarray(np.where(share >= 0.5, high - span * (1 - share), low + span * share), np.float64)


def _ranks(counts: NDArray[np.int64], points: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray((counts - 1)[:, None] * np.asarray(points, np.float64), np.float64)


def between(
    counts: NDArray[np.int64], points: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Of groups of `counts` samples: the ranks between which each point lies, and how far from the first."""
    at = _ranks(counts, points)
    below = np.floor(at)
    first = below.astype(np.int64)
    return first, np.minimum(first + 1, (counts - 1)[:, None]), at - below


def grouped(
    groups: NDArray[np.integer] | None, values: NDArray[np.int64], size: int, points: Sequence[float] = POINTS
) -> Grouped:
    """Figures of `values` (0 or more) by group 0..size-1, by one sort over all; `groups` None: all are group 0."""
    if groups is None:
        ordered = np.sort(values)
        counts = np.array([len(values)], np.int64)
    else:
        counts = np.bincount(groups, minlength=size)
        bits = int(values.max()).bit_length() if len(values) else 0
        if bits + size.bit_length() < 63:
            ordered = (groups.astype(np.int64) << bits) | values
            ordered.sort()
            ordered &= (1 << bits) - 1
        else:
            ordered = values[np.lexsort((values, groups))]
    ids = np.nonzero(counts)[0]
    counts = counts[ids]
    starts = np.cumsum(counts) - counts
    sums = np.add.reduceat(ordered, starts) if len(ids) else np.zeros(0, np.int64)
    first, second, share = between(counts, points)
    low, high = ordered[starts[:, None] + first], ordered[starts[:, None] + second]
    found = lerp(low.astype(np.float64), high.astype(np.float64), share)
    return Grouped(ids, counts, sums, ordered[starts], ordered[starts + counts - 1], found)


def of_shares(
    counts: NDArray[np.int64], ones: NDArray[np.int64], points: Sequence[float] = POINTS
) -> NDArray[np.float64]:
    """The same percentiles of 0/1 samples, of which `ones` of `counts` (at least 1) are 1."""
    at = _ranks(counts, points)
    below = np.floor(at)
    zeros = (counts - ones)[:, None]
    low = (below >= zeros).astype(np.float64)
    high = (np.minimum(below + 1, (counts - 1)[:, None]) >= zeros).astype(np.float64)
    return lerp(low, high, at - below)


def bucket_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The log bucket of each value: its top bit and the next seven; 0 and 1 share the first."""
    bits = values.astype(np.float64).view(np.int64) >> DROPPED
    return np.asarray(np.maximum(bits - BIAS, 0), np.int64)


def edge(bucket: int) -> float:
    """The lower edge of a log bucket."""
    if bucket <= 0:
        return 0.0
    octave, step = divmod(bucket, 1 << FRACTION_BITS)
    return float((1 << octave) * (1 + step / (1 << FRACTION_BITS)))


class Spread:
    """How the samples of one statistic are spread: whole numbers of 0 or more, below 2**53.

    What it says depends only on the samples, neither on their order nor on how they were cut and merged.
    """

    __slots__ = ("_buckets", "_exact", "_parts", "count", "least", "most", "total")

    def __init__(self, exact: int | None = EXACT) -> None:
        """`exact`: up to how many samples percentiles are exact; None: always; 0: none are wanted."""
        self._exact = exact
        self._parts: list[NDArray[np.int64]] = []
        self._buckets: NDArray[np.int64] | None = None
        self.count = 0
        self.total = 0
        self.least = 0
        self.most = 0

    @property
    def exact(self) -> bool:
        """Whether percentiles are exact."""
        return self._buckets is None

    @classmethod
    def of(
        cls, count: int, total: int, least: int, most: int, values: NDArray[np.int64],
        buckets: NDArray[np.int64] | None,
    ) -> Spread:  # fmt: skip
        """One that was counted elsewhere: all its `values`, or from EXACT samples on its `buckets`."""
        spread = cls()
        spread.count, spread.total, spread.least, spread.most = count, total, least, most
        spread._parts, spread._buckets = [values], buckets
        return spread

    def add(self, values: NDArray[np.int64]) -> None:
        """Add samples; the array is kept and must not change."""
        if not len(values):
            return
        low, high = int(values.min()), int(values.max())
        self.least = min(self.least, low) if self.count else low
        self.most = max(self.most, high)
        self.count += len(values)
        self.total += int(values.sum())
        if self._exact == 0:
            return
        self._parts.append(values)
        if self._exact is not None and self.count > self._exact:
            self._fill()

    def _fill(self) -> None:
        if self._buckets is None:
            self._buckets = np.zeros(BUCKETS, np.int64)
        for part in self._parts:
            filled = np.bincount(bucket_of(part))
            self._buckets[: len(filled)] += filled
        self._parts.clear()

    def merge(self, other: Spread) -> None:
        """Add another's samples."""
        if not other.count:
            return
        self.least = min(self.least, other.least) if self.count else other.least
        self.most = max(self.most, other.most)
        self.count += other.count
        self.total += other.total
        self._parts += other._parts
        if other._buckets is not None or (self._exact is not None and self.count > self._exact):
            self._fill()
            if other._buckets is not None and self._buckets is not None:
                self._buckets += other._buckets

    def held(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, int]:
        """All its values; or, where they are too many, its buckets instead. And the fraction bits of a bucket."""
        values = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int64)
        return values, self._buckets, FRACTION_BITS

    @property
    def mean(self) -> float | None:
        """The mean; None without a sample."""
        return self.total / self.count if self.count else None

    def quantiles(self, points: Sequence[float] = POINTS) -> list[float] | None:
        """The value at each point; None without a sample."""
        if not self.count:
            return None
        if self._buckets is None:
            values = np.concatenate(self._parts)
            self._parts = [values]
            return [float(value) for value in grouped(None, values, 1, points).points[0]]
        reached = np.cumsum(self._buckets)
        found = []
        for point in points:
            at = (self.count - 1) * point
            rank = int(at)
            low, high = self._at(rank, reached), self._at(min(rank + 1, self.count - 1), reached)
            found.append(low + (high - low) * (at - rank))
        return found

    def _at(self, rank: int, reached: NDArray[np.int64]) -> float:
        """The order statistic of a rank from 0, as if a bucket's samples lay evenly in it."""
        if rank in (0, self.count - 1):
            return self.most if rank else self.least
        assert self._buckets is not None
        bucket = int(np.searchsorted(reached, rank, side="right"))
        held = int(self._buckets[bucket])
        before = int(reached[bucket]) - held
        low, high = edge(bucket), edge(bucket + 1)
        return min(max(low + (high - low) * (rank - before + 0.5) / held, self.least), self.most)


def by_group(
    groups: NDArray[np.int64], values: NDArray[np.int64], size: int
) -> list[tuple[int, NDArray[np.int64]]]:
    """The values of each group that has any, as arrays of their own."""
    if not len(groups):
        return []
    counts = np.bincount(groups, minlength=size)
    ids = np.nonzero(counts)[0]
    if len(ids) == 1:
        return [(int(ids[0]), values.copy())]
    order = np.argsort(groups.astype(np.int16) if size < 32_768 else groups, kind="stable")
    parts = np.split(values[order], np.cumsum(counts[ids])[:-1])
    return [(int(group), part.copy()) for group, part in zip(ids, parts, strict=True)]
