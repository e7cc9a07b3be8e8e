"""When calls start: instants in ns from run.start, ascending, a block at a time, from a process and a rate or a trace.

An arrival is UNIT units of the integrated rate, so a rate of p / q requests per second gains p / q units per ns.
Instants are rounded up: an arrival happens at the first nanosecond that is not before its exact time.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from apigw_sim.draws import philox, vectors
from apigw_sim.draws.chain import modulated
from apigw_sim.draws.groups import Group
from apigw_sim.plan.gaps import UNIT
from apigw_sim.plan.tables import Batches, Counted, Listed, Placement, Rated, Segment

Ints = NDArray[np.int64]
ROOM = 1 << 62
MOST_NEGATIVE = 2.0**-53 - 1
"""A word's share of all, with its sign turned, is at least this, so that its logarithm is finite."""


class Words(Protocol):
    """Gives the word "when" of calls first .. first + count - 1."""

    def __call__(self, first: int, count: int) -> Ints: ...


class Source(Protocol):
    """Gives the next instants, `count` of them or fewer; none when there are no more."""

    def take(self, count: int) -> Ints: ...


def source(arrivals: Rated | Counted | Listed, words: Words, end: int, key: philox.Key) -> Source:
    """The source of a client's arrivals; all of them lie in [0, end). `words` are the first process's, made faster."""
    if isinstance(arrivals, Counted):
        return CountedSource(arrivals, words, end)
    if isinstance(arrivals, Listed):
        return ListedSource(arrivals, end)
    sources = [
        process(row, words if number == 0 else _when(key, number), end, key, number)
        for number, row in enumerate(arrivals.streams)
    ]
    return sources[0] if len(sources) == 1 else MergedSource(sources)


def process(row: Rated, words: Words, end: int, key: philox.Key, number: int) -> Source:
    """The source of one process, the `number`-th of its client's."""
    made = RatedSource(row, words, end, key, number)
    return made if row.batches is None else BatchSource(made, row.batches, key, number)


def _when(key: philox.Key, number: int) -> Words:
    def words(first: int, count: int) -> Ints:
        return philox.rows(key, first, count, number, 0, Group.CALL)[:, 0]

    return words


class RatedSource:
    """Arrivals where the integrated rate passes the sum of the gaps: exponential ones, of a law, or all equal (even)."""

    def __init__(self, arrivals: Rated, words: Words, end: int, key: philox.Key, number: int) -> None:
        stretches: Iterator[Segment] = iter(arrivals.segments)
        if arrivals.chain is not None:
            stretches = modulated(stretches, arrivals.chain, key, number)
        self.stretches = (s for s in stretches if s.first[0] > 0 or s.last[0] > 0)
        self.next_segment()
        self.poisson = arrivals.poisson
        self.law, self.first = arrivals.gaps, arrivals.first_gap
        self.words = words
        self.end = end
        self.number = 0
        self.passed = 0
        """Units of the current segment up to the last arrival; may lie beyond the segment's end."""

    def next_segment(self) -> None:
        """Come to the next stretch of the rate."""
        self.segment = next(self.stretches, None)
        self.units = 0 if self.segment is None else units(self.segment)

    def gaps(self, count: int) -> Ints:
        """The next gaps, in units; the first even arrival happens at once."""
        if self.law is not None and self.first is not None:
            words = self.words(self.number, count)
            gaps = vectors.quantiles(words, self.law.cells)
            if self.number == 0:
                gaps[0] = vectors.quantiles(words[:1], self.first.cells)[0]
            return gaps
        if not self.poisson:
            gaps = np.full(count, UNIT, np.int64)
            if self.number == 0:
                gaps[0] = 0
            return gaps
        u = self.words(self.number, count).astype(np.float64)
        u += 0.5
        u *= -(2.0**-63)
        if u.min() < MOST_NEGATIVE:
            np.maximum(u, MOST_NEGATIVE, out=u)
        np.log1p(u, out=u)
        u *= -UNIT
        return u.astype(np.int64)

    def take(self, count: int) -> Ints:
        """The next instants."""
        gaps = self.gaps(count)
        np.cumsum(gaps, out=gaps)
        taken: list[Ints] = []
        base = 0
        while len(gaps) and (segment := self.segment) is not None:
            beyond = self.units
            inside = int(np.searchsorted(gaps, beyond - self.passed + base, side="left"))
            if inside:
                last, more = int(gaps[inside - 1]), gaps[:inside]
                if base:
                    more -= base
                taken.append(reach(segment, self.passed, more))
                self.passed += last - base
                base = last
                gaps = gaps[inside:]
            if len(gaps):
                self.passed -= beyond
                self.next_segment()
        self.number += count
        if not taken:
            return np.empty(0, np.int64)
        instants = taken[0] if len(taken) == 1 else np.concatenate(taken)
        return instants[: int(np.searchsorted(instants, self.end, side="left"))]


def units(segment: Segment) -> int:
    """Units that a segment's integrated rate gains, rounded up, so that a sum below it lies inside."""
    gained = (Fraction(*segment.first) + Fraction(*segment.last)) / 2 * (segment.end - segment.begin)
    return -(-gained.numerator // gained.denominator)


def reach(segment: Segment, passed: int, more: Ints) -> Ints:
    """When a segment's integrated rate reaches `passed + more`, rounded up; `more` may be written over."""
    p, q = segment.first
    begin, length = segment.begin, segment.end - segment.begin
    if segment.first == segment.last:
        whole, rest = divmod(passed * q, p)
        if int(more[-1]) * q + rest + p < ROOM:
            at = more
            if q != 1:
                at *= q
            at += rest + p - 1
            at //= p
            at += whole + begin
            return at
        return np.array([begin - (-(passed + int(m)) * q // p) for m in more], np.int64)
    rate = p / q
    slope = (segment.last[0] / segment.last[1] - rate) / length
    sums = (passed + more).astype(np.float64)
    root = np.sqrt(np.maximum(rate * rate + 2 * slope * sums, 0.0)) + rate
    at = np.ceil(np.divide(2 * sums, root, out=np.zeros_like(sums), where=root > 0))
    return begin + np.minimum(np.maximum.accumulate(at.astype(np.int64)), length)


class BatchSource:
    """Several calls at each arrival of a process."""

    def __init__(self, arrivals: Source, batches: Batches, key: philox.Key, number: int) -> None:
        self.arrivals = arrivals
        self.batches = batches
        self.key = key
        self.process = number
        self.number = 0
        self.left = np.empty(0, np.int64)

    def take(self, count: int) -> Ints:
        """The next instants; those of a batch are equal."""
        ready, have = [self.left], len(self.left)
        while have < count and len(at := self.arrivals.take(count)):
            words = philox.rows(self.key, self.number, len(at), self.process, 0, Group.ARRIVAL)[:, 0]
            self.number += len(at)
            sizes = self.batches.sizes[vectors.choices(words, self.batches.thresholds)]
            ready.append(np.repeat(at, sizes))
            have += len(ready[-1])
        instants = np.concatenate(ready)
        self.left = instants[count:]
        return instants[:count]


class MergedSource:
    """Several sources as one, in the order of time."""

    def __init__(self, sources: list[Source]) -> None:
        self.sources = sources
        self.ahead = [np.empty(0, np.int64) for _ in sources]
        self.over = [False] * len(sources)
        self.left = np.empty(0, np.int64)

    def take(self, count: int) -> Ints:
        """The next instants: those up to the last that every source has told of, until there are `count`."""
        ready, have = [self.left], len(self.left)
        while have < count:
            for number, one in enumerate(self.sources):
                if not len(self.ahead[number]) and not self.over[number]:
                    self.ahead[number] = one.take(count)
                    self.over[number] = not len(self.ahead[number])
            told = [ahead for ahead, over in zip(self.ahead, self.over, strict=True) if not over]
            upto = min((int(ahead[-1]) for ahead in told), default=ROOM)
            cuts = [int(np.searchsorted(ahead, upto, side="right")) for ahead in self.ahead]
            if not any(cuts):
                break
            both = list(zip(self.ahead, cuts, strict=True))
            ready.append(np.sort(np.concatenate([ahead[:cut] for ahead, cut in both])))
            self.ahead = [ahead[cut:] for ahead, cut in both]
            have += len(ready[-1])
        instants = np.concatenate(ready)
        self.left = instants[count:]
        return instants[:count]


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
