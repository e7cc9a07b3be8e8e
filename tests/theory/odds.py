"""What a test may expect of chance: intervals with a stated false-alarm rate, and the power to see what is wrong.

FALSE_ALARM is the chance that a test fails though the program is right (seeds are fixed, so it fails always or never);
POWER the least chance with which each test sees the wrong alternative that it states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from apigw_sim.experiment.theory import erlang_b as erlang_b
from apigw_sim.experiment.theory import in_system as in_system

FALSE_ALARM = 1e-6
POWER = 0.999
SETTLED = 4_000
Z = float(stats.norm.isf(FALSE_ALARM / 2))


def poisson_agrees(count: int, mean: float, wrong: float) -> None:
    """A count is Poisson of `mean`; the interval is exact, and means `wrong` times as large or small would be seen."""
    low, high = stats.poisson.ppf(FALSE_ALARM / 2, mean), stats.poisson.isf(FALSE_ALARM / 2, mean)
    assert stats.poisson.sf(high, mean * wrong) > POWER, "too few for the power that is stated"
    assert stats.poisson.cdf(low - 1, mean / wrong) > POWER, "too few for the power that is stated"
    assert low <= count <= high


def normal_agrees(total: float, mean: float, variance: float, wrong: float) -> None:
    """A sum of many is nearly normal with exact mean and variance; means `wrong` times as large or small would be seen."""
    spread = variance**0.5
    assert mean * (1 - 1 / wrong) > (Z + stats.norm.isf(1 - POWER)) * spread, (
        "too few for the power that is stated"
    )
    assert abs(total - mean) <= Z * spread


def replications_agree(found: list[float], mean: float, wrong: float) -> None:
    """Independent replications, each nearly normal, by Student's t; means `wrong` times as large or small would be seen."""
    n = len(found)
    spread = float(np.std(found, ddof=1)) / n**0.5
    reach = float(stats.t.isf(FALSE_ALARM / 2, n - 1)) * spread
    # how far the mean of the replications lies from its own expectation, when that is the wrong one
    assert mean * (1 - 1 / wrong) - reach > stats.norm.isf(1 - POWER) * spread, (
        "too few for the power that is stated"
    )
    assert abs(float(np.mean(found)) - mean) <= reach


# queues whose states at arrivals are a Markov chain


def before_arrivals(arrivals: float, leaving: list[float]) -> NDArray[np.float64]:
    """Row i, column j: from i just after an arrival to j just before the next; `leaving[k]` is the rate out of k."""
    size = len(leaving)
    moves = np.zeros((size, size))
    for i in range(size):
        left = 1.0
        for j in range(i, -1, -1):
            moves[i, j] = left * arrivals / (arrivals + leaving[j])
            left *= leaving[j] / (arrivals + leaving[j])
    return moves


def met(arrivals: float, leaving: list[float], states: set[int], n: int) -> tuple[float, float]:
    """Mean and variance of how many of the first n Poisson arrivals, from empty, find one of these states.

    The last state is full: who finds it is lost. Everything is exact: the chain is followed from empty, until after
    SETTLED arrivals mean and variance grow by the same amounts for ever.
    """
    size = len(leaving)
    full = size - 1
    moves = before_arrivals(arrivals, leaving)
    step = np.array([moves[min(i + 1, full)] for i in range(size)])
    hit = np.array([float(i in states) for i in range(size)])
    chance, first, second = np.zeros(size), np.zeros(size), np.zeros(size)
    chance[0] = 1.0
    found = [(0.0, 0.0)]
    for _ in range(min(n, SETTLED)):
        second = second + hit * (2 * first + chance)
        first = first + hit * chance
        chance, first, second = chance @ step, first @ step, second @ step
        mean = float(first.sum())
        found.append((mean, float(second.sum()) - mean * mean))
    (mean, variance), before = found[-1], found[-1 - min(n, SETTLED) // 2]
    more = max(n - SETTLED, 0) / (SETTLED // 2)
    return mean + more * (mean - before[0]), variance + more * (variance - before[1])
