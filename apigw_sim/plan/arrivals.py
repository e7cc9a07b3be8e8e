"""Arrival rates as linear stretches with exact ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from apigw_sim import units
from apigw_sim.plan.tables import Segment
from apigw_sim.scenario.arrivals import Step

MOST_DENOMINATOR = 1_000_000
MOST_RAMPED = 1_000_000
"""Expected arrivals of a stretch whose rate changes: the exact sums within it stay small."""


def segments(steps: Sequence[Step], end: int) -> tuple[Segment, ...]:
    """The stretches of a rate up to `end`; where it is 0 there is none.

    A step ramps from the rate that holds at its `from` to its own, which then holds until the next step; one that
    begins within another's ramp cuts it short.
    """
    made: list[Segment] = []
    rate = Fraction(0)
    ordered = sorted(steps, key=lambda step: step.from_)
    for number, step in enumerate(ordered):
        until = min(ordered[number + 1].from_ if number + 1 < len(ordered) else end, end)
        begin, top = step.from_, step.from_ + step.ramp
        if begin >= until:
            rate = step.rate if top <= begin else rate
            continue
        if top > begin:
            cut = min(top, until)
            reached = rate + (step.rate - rate) * Fraction(cut - begin, step.ramp)
            made += _ramp(begin, cut, rate, reached)
            rate, begin = reached, cut
        else:
            rate = step.rate
        if begin < until:
            made += _ramp(begin, until, rate, rate)
    return tuple(made)


def _ramp(begin: int, end: int, first: Fraction, last: Fraction) -> list[Segment]:
    """A stretch in pieces of at most MOST_RAMPED expected arrivals, or in one at a constant rate; none at rate 0."""
    pieces = 1
    if first != last:
        pieces = min(
            max(math.ceil(max(first, last) * (end - begin) / units.SECOND / MOST_RAMPED), 1), end - begin
        )
    marks = [begin + (end - begin) * k // pieces for k in range(pieces + 1)]
    rates = [ratio(first + (last - first) * Fraction(mark - begin, end - begin)) for mark in marks]
    return [
        Segment(marks[k], marks[k + 1], rates[k], rates[k + 1])
        for k in range(pieces)
        if rates[k][0] or rates[k + 1][0]
    ]


def ratio(rate: Fraction) -> tuple[int, int]:
    """A rate as p / q with q at most MOST_DENOMINATOR: exactly, or else the nearest there is."""
    near = rate.limit_denominator(MOST_DENOMINATOR)
    return near.numerator, near.denominator


def fits(rate: Fraction) -> bool:
    """Whether a rate is p / q, or within a part in 10**6 of it."""
    near = rate.limit_denominator(MOST_DENOMINATOR)
    return abs(near - rate) * 1_000_000 <= rate
