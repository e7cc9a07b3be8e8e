"""Rates as functions of time in linear pieces: steps and ramps, profiles of the day and the week, flash crowds.

Their product is linear in pieces too: where two of them change at once, or a crowd decays, the curve is cut until no
straight line between two of its points leaves it by more than a part in DEVIATION of the highest point near by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from apigw_sim import units
from apigw_sim.scenario.arrivals import Step
from apigw_sim.scenario.processes import Curve, FlashCrowd, Profile

DEVIATION = 1_000_000
GONE = 20
"""Half-lives after which what is left of a flash crowd, a millionth, has gone too."""
HALF_LIFE_PIECES = 256
"""Enough pieces of a half-life: a straight line leaves an exponential by (log 2 / 256)^2 / 8, a part in 1,090,000."""
ONE = Fraction(1)


class Piece(NamedTuple):
    """From `begin` to `end`, linear from `first` to `last`."""

    begin: int
    end: int
    first: Fraction
    last: Fraction

    def at(self, instant: int) -> Fraction:
        """The value at an instant within it."""
        if self.first == self.last:
            return self.first
        return self.first + (self.last - self.first) * Fraction(instant - self.begin, self.end - self.begin)


def steps(said: Sequence[Step], end: int) -> Iterator[Piece]:
    """A rate by steps, from 0 to `end`.

    A step ramps from the rate that holds at its `from` to its own, which then holds until the next step; one that
    begins within another's ramp cuts it short.
    """
    rate = Fraction(0)
    ordered = sorted(said, key=lambda step: step.from_)
    if not ordered or ordered[0].from_ > 0:
        yield Piece(0, min(ordered[0].from_, end) if ordered else end, rate, rate)
    for number, step in enumerate(ordered):
        until = min(ordered[number + 1].from_ if number + 1 < len(ordered) else end, end)
        begin, top = step.from_, step.from_ + step.ramp
        if begin >= until:
            rate = step.rate if top <= begin else rate
            continue
        if top > begin:
            cut = min(top, until)
            reached = rate + (step.rate - rate) * Fraction(cut - begin, step.ramp)
            yield Piece(begin, cut, rate, reached)
            rate, begin = reached, cut
        else:
            rate = step.rate
        if begin < until:
            yield Piece(begin, until, rate, rate)


def into_day(start: datetime) -> int:
    """ns from the midnight before an instant, by its own offset from UTC."""
    into = start - start.replace(hour=0, minute=0, second=0, microsecond=0)
    return into.seconds * units.SECOND + into.microseconds * units.US


def profile(said: Profile, start: datetime, end: int) -> Iterator[Piece]:
    """A profile from `start`, by its own offset from UTC, for `end` ns."""
    since = into_day(start)
    if isinstance(said, Curve):
        span, marks = said.span, [(point.at, point.times) for point in said.points]
        marks = [(marks[-1][0] - span, marks[-1][1]), *marks, (marks[0][0] + span, marks[0][1])]
        course = [Piece(one[0], two[0], one[1], two[1]) for one, two in pairwise(marks)]
    else:
        span = len(said) * units.HOUR
        course = [Piece(k * units.HOUR, (k + 1) * units.HOUR, one, one) for k, one in enumerate(said)]
    if span > units.DAY:
        since += start.weekday() * units.DAY
    turn = -since
    reached = 0
    while reached < end:
        for piece in course:
            begin, stop = max(piece.begin + turn, reached), min(piece.end + turn, end)
            if begin < stop:
                first, last = piece.at(begin - turn), piece.at(stop - turn)
                yield Piece(begin, stop, first, last)
                reached = stop
        turn += span


def flash_crowd(said: FlashCrowd, end: int) -> Iterator[Piece]:
    """What a flash crowd adds to 1: nothing, then up to its peak, and after `hold` down again by halves."""
    more = said.peak - 1
    marks: list[tuple[int, Fraction]] = [
        (0, Fraction(0)),
        (said.at, Fraction(0)),
        (said.at + said.ramp, more),
    ]
    begin = said.at + said.ramp + said.hold
    marks.append((begin, more))
    for number in range(1, (GONE * HALF_LIFE_PIECES if said.half_life else 0) + 1):
        if marks[-1][0] >= end:
            break
        left = more * Fraction(2.0 ** (-number / HALF_LIFE_PIECES))
        marks.append((begin + said.half_life * number // HALF_LIFE_PIECES, left))
    marks += [(marks[-1][0], Fraction(0)), (max(end, marks[-1][0]), Fraction(0))]
    for (one, first), (two, last) in pairwise(marks):
        cut = min(two, end)
        if one < cut:
            yield Piece(one, cut, first, Piece(one, two, first, last).at(cut))


def times(one: Iterable[Piece], two: Iterable[Piece]) -> Iterator[Piece]:
    """The product of two functions over the same time."""
    for a, b in _together(one, two):
        highest = max(a.first, a.last) * max(b.first, b.last)
        bent = abs((a.last - a.first) * (b.last - b.first))
        parts = 1
        if bent and highest:
            parts = math.ceil(math.sqrt(bent / highest * DEVIATION / 4))
            parts = min(max(parts, 1), a.end - a.begin)
        edges = [a.begin + (a.end - a.begin) * k // parts for k in range(parts + 1)]
        values = [a.at(edge) * b.at(edge) for edge in edges]
        for k in range(parts):
            yield Piece(edges[k], edges[k + 1], values[k], values[k + 1])


def plus(one: Iterable[Piece], two: Iterable[Piece]) -> Iterator[Piece]:
    """The sum of two functions over the same time."""
    for a, b in _together(one, two):
        yield Piece(a.begin, a.end, a.first + b.first, a.last + b.last)


def flat(value: Fraction, end: int) -> Iterator[Piece]:
    """A constant."""
    yield Piece(0, end, value, value)


def _together(one: Iterable[Piece], two: Iterable[Piece]) -> Iterator[tuple[Piece, Piece]]:
    """Two functions cut at the edges of both."""
    left, right = iter(one), iter(two)
    a, b = next(left, None), next(right, None)
    while a is not None and b is not None:
        begin, end = max(a.begin, b.begin), min(a.end, b.end)
        if begin < end:
            yield Piece(begin, end, a.at(begin), a.at(end)), Piece(begin, end, b.at(begin), b.at(end))
        over = b.end == end
        if a.end == end:
            a = next(left, None)
        if over:
            b = next(right, None)
