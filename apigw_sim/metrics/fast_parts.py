"""Samples that wait for the end of their period, written by kernels where they stay."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from apigw_sim.metrics.fast_order import Part

CHUNK = 1 << 17
"""Samples for which room is made at once."""


class Stream:
    """Samples by period. Kernels write into the free end of a chunk; whole chunks are used again and again."""

    def __init__(self, length: int, ordered: bool) -> None:
        self._length = length
        self._ordered = ordered
        self._stamps = np.empty(0, np.int64)
        self._chunk = _part(0)
        self._filled = 0
        """Samples of the chunk that are taken in, all of period `_number`."""
        self._number = -1
        self._parts: dict[int, list[Part]] = {}
        self._lent: dict[int, list[Part]] = {}
        """The chunks that hold samples of a period."""
        self._in_use: list[Part] = []
        self._free: list[Part] = []

    def room(self, size: int) -> tuple[NDArray[np.int64], Part]:
        """Where stamps, codes, values and buckets of the next samples go: of `size`, or more."""
        if self._filled + size > len(self._chunk.code):
            self._put_away()
            self._chunk = self._free.pop() if self._free and size <= CHUNK else _part(max(size, CHUNK))
        if len(self._stamps) < len(self._chunk.code):
            self._stamps = np.empty(len(self._chunk.code), np.int64)
        return self._stamps, _rows(self._chunk, slice(self._filled, None))

    def took(self, size: int, following: int) -> None:
        """`size` samples have been written; periods before `following` are closed."""
        if not size:
            return
        stamps = self._stamps[:size]
        earliest, latest = (stamps[0], stamps[-1]) if self._ordered else (stamps.min(), stamps.max())
        first, last = int(earliest) // self._length, int(latest) // self._length
        if first < following:
            raise RuntimeError(f"a row of period {first} came after that period had been closed")
        if self._filled == 0:
            self._number = first
        if first == last == self._number:
            self._filled += size
            return
        fresh = _rows(self._chunk, slice(self._filled, self._filled + size))
        period = stamps // self._length
        steps = np.diff(period)
        if not (steps >= 0).all():
            for number in np.unique(period).tolist():
                mine = period == number
                self._keep(number, _rows(fresh, mine))
            return
        cuts = [0, *(np.nonzero(steps)[0] + 1).tolist(), size]
        for begin, end in pairwise(cuts):
            number = int(period[begin])
            if begin == 0 and number == self._number:
                self._filled += end
            else:
                self._keep(number, _rows(fresh, np.arange(begin, end)))
        if self._number < last:
            self._put_away()

    def take(self, number: int) -> list[Part]:
        """All samples of a period, good until the next call."""
        if self._filled and number == self._number:
            self._put_away()
        self._free += [chunk for chunk in self._in_use if len(chunk.code) == CHUNK]
        self._in_use = self._lent.pop(number, [])
        return self._parts.pop(number, [])

    @property
    def last(self) -> int:
        """The last period that has samples; -1: none has."""
        return max(max(self._parts, default=-1), self._number if self._filled else -1)

    def _put_away(self) -> None:
        """Begin a new chunk at the next sample."""
        if self._filled:
            self._keep(self._number, _rows(self._chunk, slice(self._filled)))
            self._lent.setdefault(self._number, []).append(self._chunk)
            self._chunk, self._filled = _part(0), 0

    def _keep(self, number: int, part: Part) -> None:
        self._parts.setdefault(number, []).append(part)


class Parts:
    """Streams of the same periods; it stands for `periods.Waiting`."""

    def __init__(self, length: int, streams: int, ordered: bool = False) -> None:
        """`ordered`: no sample is stamped before the one that came before it."""
        self.streams = tuple(Stream(length, ordered) for _ in range(streams))
        self.next = 0
        """The first period that is not closed yet."""

    def took(self, *sizes: int) -> None:
        """So many samples of each stream have been written."""
        for stream, size in zip(self.streams, sizes, strict=True):
            stream.took(size, self.next)

    def take(self, number: int) -> tuple[list[Part], ...] | None:
        """All samples of a period, which is closed by that; None where the first stream has none."""
        self.next = number + 1
        found = tuple(stream.take(number) for stream in self.streams)
        return found if found[0] else None

    @property
    def last(self) -> int:
        """The last period that has samples; -1: none has."""
        return self.streams[0].last


def _rows(part: Part, which: slice | NDArray[np.generic]) -> Part:
    """Some of the samples; of a slice a view."""
    return Part(part.code[which], part.value[which], part.bucket[which])


def _part(size: int) -> Part:
    return Part(np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.int16))
