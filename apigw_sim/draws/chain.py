"""The states of a Markov-modulated process over a run, and the rate that they make of another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from apigw_sim.draws import philox
from apigw_sim.draws.groups import Group
from apigw_sim.plan.arrivals import ratio
from apigw_sim.plan.tables import Chain, Segment
from apigw_sim.rules import pick

MADE_AT_ONCE = 256


def visits(chain: Chain, key: philox.Key, process: int) -> Iterator[tuple[int, int]]:
    """The states in turn for ever, each with the instant at which it ends; in equilibrium at 0.

    Holding times are exponential, so what is left at 0 of the one under way has the same distribution.
    """
    at, number = 0, 0
    state: int | None = None
    while True:
        rows = philox.rows(key, number, MADE_AT_ONCE, process, 0, Group.ARRIVAL).tolist()
        number += MADE_AT_ONCE
        for _, length, following, first in rows:
            if state is None:
                state = pick.choose(first, chain.first)
            stay = (
                -math.log1p(-(length + 0.5) * 2.0**-63)
                if length < (1 << 62)
                else -math.log(((1 << 63) - 1 - length + 0.5) * 2.0**-63)
            )
            at += max(math.ceil(stay * chain.holds[state]), 1)
            yield state, at
            state = chain.successors[state][pick.choose(following, chain.thresholds[state])]


def modulated(stretches: Iterator[Segment], chain: Chain, key: philox.Key, process: int) -> Iterator[Segment]:
    """A rate times what the states say, cut where they change."""
    states = visits(chain, key, process)
    state, ends = next(states)
    times = [Fraction(*pair) for pair in chain.times]
    for whole in stretches:
        first, last, length = Fraction(*whole.first), Fraction(*whole.last), whole.end - whole.begin
        begin = whole.begin
        while begin < whole.end:
            while ends <= begin:
                state, ends = next(states)
            end = min(ends, whole.end)
            factor = times[state]
            if first == last:
                here = there = ratio(first * factor)
            else:
                slope = (last - first) / length
                here = ratio((first + slope * (begin - whole.begin)) * factor)
                there = ratio((first + slope * (end - whole.begin)) * factor)
            yield Segment(begin, end, here, there)
            begin = end
