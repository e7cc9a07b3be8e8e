"""Arrivals by a process and a rate: linear stretches with exact ends, laws of gaps, chains of states, batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import reduce

from apigw_sim import units
from apigw_sim.plan import gaps, laws, pieces
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import Batches, Chain, Rated, Segment
from apigw_sim.scenario.arrivals import Step, Stream
from apigw_sim.scenario.processes import Batch, Mmpp, Renewal, successors

MOST_DENOMINATOR = 1_000_000
MOST_RAMPED = 1_000_000
"""Expected arrivals of a stretch whose rate changes: the exact sums within it stay small."""
MOST_CHANGES = 5_000_000
"""Expected changes of state in a run."""
RAREST = 2.0**-34
"""Geometric sizes that are rarer than this are left out, as in the tables of laws."""


def rated(reading: Reading, said: Stream, end: int, keys: Keys) -> Rated:
    """The row of a process and a rate."""
    process = said.process
    chain = _chain(reading, process, end, (*keys, "process")) if isinstance(process, Mmpp) else None
    for step in said.rate or ():
        if not fits(step.rate):
            reading.problem(
                (*keys, "rate"), f"{units.show_rate(step.rate)} is too small to be held exactly",
                f"write a rate of which {MOST_DENOMINATOR:,} s hold a whole number of arrivals",
            )  # fmt: skip
    rate = pieces.flat(pieces.ONE, end) if said.rate is None else pieces.steps(said.rate, end)
    if said.profile is not None:
        rate = pieces.times(rate, pieces.profile(said.profile, reading.scenario.run.start, end))
    if said.flash_crowds:
        crowds = (pieces.flash_crowd(crowd, end) for crowd in said.flash_crowds)
        rate = pieces.times(rate, reduce(pieces.plus, crowds, pieces.flat(pieces.ONE, end)))
    between = gaps.law(process) if isinstance(process, Renewal) else None
    return Rated(
        poisson=process == "poisson" or chain is not None,
        segments=tuple(stretches(rate)),
        gaps=between,
        first_gap=gaps.left_over(between) if between is not None else None,
        chain=chain,
        batches=_batches(said.batch) if said.batch is not None else None,
    )


def segments(steps: Sequence[Step], end: int) -> tuple[Segment, ...]:
    """The stretches of a rate by steps up to `end`; where it is 0 there is none."""
    return tuple(stretches(pieces.steps(steps, end)))


def stretches(rate: Iterable[pieces.Piece]) -> Iterator[Segment]:
    """A rate as stretches, each of at most MOST_RAMPED expected arrivals or of a constant rate; none at rate 0."""
    for begin, end, first, last in rate:
        count = 1
        if first != last:
            count = min(
                max(math.ceil(max(first, last) * (end - begin) / units.SECOND / MOST_RAMPED), 1), end - begin
            )
        marks = [begin + (end - begin) * k // count for k in range(count + 1)]
        rates = [ratio(first + (last - first) * Fraction(mark - begin, end - begin)) for mark in marks]
        for k in range(count):
            if rates[k][0] or rates[k + 1][0]:
                yield Segment(marks[k], marks[k + 1], rates[k], rates[k + 1])


def ratio(rate: Fraction) -> tuple[int, int]:
    """A rate as p / q with q at most MOST_DENOMINATOR: exactly, or else the nearest there is."""
    near = rate.limit_denominator(MOST_DENOMINATOR)
    return near.numerator, near.denominator


def fits(rate: Fraction) -> bool:
    """Whether a rate is p / q, or within a part in 10**6 of it."""
    near = rate.limit_denominator(MOST_DENOMINATOR)
    return abs(near - rate) * 1_000_000 <= rate


def _chain(reading: Reading, said: Mmpp, end: int, keys: Keys) -> Chain:
    """The chain of a Markov-modulated process, with its equilibrium."""
    states, following = list(said.states.values()), successors(said)
    visits = _visits(following)
    spent = [share * state.holds for share, state in zip(visits, states, strict=True)]
    shares = [Fraction(part) / sum(spent) for part in spent]
    values = [state.rate if state.rate is not None else state.times or Fraction(0) for state in states]
    mean_stay = sum(share * state.holds for share, state in zip(visits, states, strict=True))
    if end > MOST_CHANGES * mean_stay:
        changes = f"{int(end / mean_stay):,}"
        reading.problem(
            (*keys, "mmpp", "states"), f"the states would change {changes} times, above {MOST_CHANGES:,}",
            "let them hold longer, or write their mean rate as process: poisson",
        )  # fmt: skip
    return Chain(
        times=tuple(ratio(value) for value in values),
        holds=tuple(state.holds for state in states),
        successors=tuple(tuple(one) for one in following),
        thresholds=tuple(laws.cumulative(list(one.values())) for one in following),
        first=laws.cumulative(shares),
        mean=float(sum((share * value for share, value in zip(shares, values, strict=True)), Fraction(0))),
    )


def _visits(following: list[dict[int, Fraction]]) -> list[Fraction]:
    """How often each state of a chain is entered, as shares: the equilibrium of its jumps, by elimination."""
    n = len(following)
    jump = [[following[i].get(j, Fraction(0)) for j in range(n)] for i in range(n)]
    for last in range(
        n - 1, 0, -1
    ):  # Grassmann, Taksar and Heyman: no differences, so it is exact in any numbers
        leave = sum(jump[last][:last], Fraction(0))
        for i in range(last):
            jump[i][last] /= leave
            for j in range(last):
                jump[i][j] += jump[i][last] * jump[last][j]
    found = [Fraction(1)]
    for k in range(1, n):
        found.append(sum((found[i] * jump[i][k] for i in range(k)), Fraction(0)))
    return [part / sum(found) for part in found]


def _batches(said: Batch) -> Batches:
    """The sizes of batches with their shares."""
    import numpy as np

    if said.geometric is not None:
        stay = float(1 - 1 / said.geometric.mean)
        most = max(math.ceil(math.log(RAREST) / math.log(stay)), 1) if stay else 1
        shares = {k: Fraction((1 - stay) * stay ** (k - 1)) for k in range(1, most + 1)}
        mean = float(said.geometric.mean)
    elif said.uniform is not None:
        sizes = range(said.uniform.min, said.uniform.max + 1)
        shares = {size: Fraction(1) for size in sizes}
        mean = (said.uniform.min + said.uniform.max) / 2
    else:
        shares = said.shares
        mean = float(sum(size * share for size, share in shares.items()))
    sizes_of = np.array(list(shares), np.int64)
    return Batches(sizes_of, laws.cumulative(list(shares.values())), mean)
