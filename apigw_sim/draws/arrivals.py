"""When calls start: instants in ns from run.start, ascending, a block at a time, from a process and a rate or a trace.

An arrival is UNIT units of the integrated rate, so a rate of p / q requests per second gains p / q units per ns.
Instants are rounded up: an arrival happens at the first nanosecond that is not before its exact time.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from apigw_sim.plan.tables import Counted, Listed, Placement, Rated, Segment

Ints = NDArray[np.int64]
UNIT = 1_000_000_000
ROOM = 1 << 62


class Words(Protocol):
    """Gives the word "when" of calls first .. first + count - 1."""

    def __call__(self, first: int, count: int) -> Ints: ...


class Source(Protocol):
    """Gives the next instants, `count` of them or fewer; none when there are no more."""

    def take(self, count: int) -> Ints: ...


def source(arrivals: Rated | Counted | Listed, words: Words, end: int) -> Source:
    """The source of a client's arrivals; all of them lie in [0, end)."""
    if isinstance(arrivals, Rated):
        return RatedSource(arrivals, words, end)
    if isinstance(arrivals, Counted):
        return CountedSource(arrivals, words, end)
    return ListedSource(arrivals, end)


class RatedSource:
    """Arrivals where the integrated rate passes the sum of the gaps: exponential ones, or all equal (even)."""

    def __init__(self, arrivals: Rated, words: Words, end: int) -> None:
        self.segments = [s for s in arrivals.segments if s.first[0] > 0 or s.last[0] > 0]
        self.poisson = arrivals.poisson
        self.words = words
        self.end = end
        self.number = 0
        self.segment = 0
        self.passed = 0
        """Units of the current segment up to the last arrival; may lie beyond the segment's end."""

    def gaps(self, count: int) -> Ints:
        """The next gaps, in units; the first even arrival happens at once."""
        if not self.poisson:
            gaps = np.full(count, UNIT, np.int64)
            if self.number == 0:
                gaps[0] = 0
            return gaps
        u = self.words(self.number, count).astype(np.float64)
        u += 0.5
        u *= -(2.0**-63)
        np.maximum(u, 2.0**-53 - 1, out=u)
        np.log1p(u, out=u)
        u *= -UNIT
        return u.astype(np.int64)

    def take(self, count: int) -> Ints:
        """The next instants."""
        gaps = np.cumsum(self.gaps(count))
        taken: list[Ints] = []
        base = 0
        while len(gaps) and self.segment < len(self.segments):
            segment = self.segments[self.segment]
            beyond = units(segment)
            inside = int(np.searchsorted(gaps, beyond - self.passed + base, side="left"))
            if inside:
                taken.append(segment.begin + reach(segment, self.passed, gaps[:inside] - base))
                self.passed += int(gaps[inside - 1]) - base
                base = int(gaps[inside - 1])
                gaps = gaps[inside:]
            if len(gaps):
                self.passed -= beyond
                self.segment += 1
        self.number += count
        if not taken:
            return np.empty(0, np.int64)
        instants = np.concatenate(taken)
        return instants[: int(np.searchsorted(instants, self.end, side="left"))]


def units(segment: Segment) -> int:
    """Units that a segment's integrated rate gains, rounded up, so that a sum below it lies inside."""
    gained = (Fraction(*segment.first) + Fraction(*segment.last)) / 2 * (segment.end - segment.begin)
    return -(-gained.numerator // gained.denominator)


def reach(segment: Segment, passed: int, more: Ints) -> Ints:
    """Nanoseconds into the segment at which its integrated rate reaches `passed + more`, rounded up."""
    p, q = segment.first
    length = segment.end - segment.begin
    if segment.first == segment.last:
        whole, rest = divmod(passed * q, p)
        if int(more[-1]) * q + rest + p < ROOM:
            return whole + (more * q + rest + p - 1) // p
        return np.array([-(-(passed + int(m)) * q // p) for m in more], np.int64)
    rate = p / q
    slope = (segment.last[0] / segment.last[1] - rate) / length
    sums = (passed + more).astype(np.float64)
    root = np.sqrt(np.maximum(rate * rate + 2 * slope * sums, 0.0)) + rate
    at = np.ceil(np.divide(2 * sums, root, out=np.zeros_like(sums), where=root > 0))
    return np.minimum(np.maximum.accumulate(at.astype(np.int64)), length)


class CountedSource:
    """Arrivals of a trace's counts, placed within their period."""

    def __init__(self, arrivals: Counted, words: Words, end: int) -> None:
        self.trace = arrivals
        self.words = words
        self.end = min(end, arrivals.end)
        self.number = 0
        self.period = 0
        self.left = np.empty(0, np.int64)

    def take(self, count: int) -> Ints:
        """The next instants: those of whole periods, until there are `count`."""
        ready = [self.left]
        have = len(self.left)
        while have < count and self.period < len(self.trace.counts):
            begin, n = int(self.trace.begins[self.period]), int(self.trace.counts[self.period])
            self.period += 1
            if n:
                room = min(self.trace.span, self.trace.end - begin)
                ready.append(begin + place(self.trace, n, self.words(self.number, n), room))
                self.number += n
                have += n
        instants = np.concatenate(ready)
        self.left = instants[count:]
        instants = instants[:count]
        return instants[: int(np.searchsorted(instants, self.end, side="left"))]


def place(trace: Counted, n: int, words: Ints, room: int) -> Ints:
    """Where n arrivals lie within a period: ns from its begin, ascending, all within `room`, where the end cuts it."""
    numbers = np.arange(n, dtype=np.int64)
    if trace.placement is Placement.EVEN:
        return numbers * room // n
    if trace.placement is Placement.START:
        return np.zeros(n, np.int64)
    u = np.sort(words).astype(np.float64) * 2.0**-63
    if trace.placement is Placement.POISSON:
        return np.minimum((u * room).astype(np.int64), room - 1)
    steps, reached = squeezed(trace)
    part = np.interp(u * np.interp(room / trace.span, steps, reached), reached, steps)
    return np.minimum((part * trace.span).astype(np.int64), room - 1)


def squeezed(trace: Counted) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parts of a period, and the share of its arrivals before each: its middle span of length `over` is denser."""
    width = min(trace.over / trace.span, 1.0)
    spans = max(trace.span // trace.over, 1)
    begin = (spans // 2) * width
    mass = min(trace.peak_to_mean * width, 1.0)
    rest = (1.0 - mass) / (1.0 - width) if width < 1.0 else 1.0
    steps = np.array([0.0, begin, begin + width, 1.0])
    reached = np.array([0.0, begin * rest, begin * rest + mass, 1.0])
    return steps, reached


class ListedSource:
    """Arrivals at given instants."""

    def __init__(self, arrivals: Listed, end: int) -> None:
        self.at = arrivals.at[: int(np.searchsorted(arrivals.at, end, side="left"))]
        self.number = 0

    def take(self, count: int) -> Ints:
        """The next instants."""
        taken = self.at[self.number : self.number + count]
        self.number += len(taken)
        return taken
