"""How much runs prove, looked at as often as one likes: bets against what is to be disproved.

Whoever starts with 1 and bets on each run, at odds that are fair if the share is `bar` (or the mean 0) and too dear if
it is less, owns at most 1 on average whenever he stops. So his wealth, the evidence, reaches 1/error with a probability
of `error` at most, however often it is looked at (Ville 1939), and the evidence of independent runs multiplies.

- A share exceeds `bar`: half the wealth bets that no run fails, the other half evenly on all shares above the bar.
- The mean of normal values of unknown spread is above 0: a mixture over effect sizes (mean over spread), the spread
  integrated out (Lai 1976; Perez-Ortiz, Lardy, de Heide, Grunwald 2024).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from apigw_sim.experiment.estimates import Interval

STEPS = 30
"""Of a bisection: an interval's ends are right to 2^-30 of their range."""
EFFECTS = (0.3, 0.6, 1.2, 2.4, 5.0, 10.0)
"""Means in units of the spread that are bet on, evenly."""


def _interval(
    found: float | None, low: float | None, high: float | None, runs: int, error: float
) -> Interval:
    """Ends of which each is wrong with a probability of `error` at most; None where there is none."""
    return Interval(found, low, high, runs, 1 - 2 * error, "what is judged", "bets, at every look")


def add(logs: Sequence[float]) -> float:
    """The logarithm of a sum of exponentials."""
    largest = max(logs, default=-math.inf)
    if math.isinf(largest):
        return largest
    return largest + math.log(math.fsum(math.exp(one - largest) for one in logs))


# shares


@lru_cache(maxsize=1 << 16)
def of_share(met: int, failed: int, bar: float) -> float:
    """The logarithm of the evidence that the share of runs that meet exceeds `bar`, in (0, 1)."""
    runs = met + failed
    log_bar, log_rest = math.log(bar), math.log1p(-bar)
    # The integral of q^met (1-q)^failed from bar to 1: a beta function times the chance that of runs + 1, each with
    # share bar, at most `met` meet.
    log_beta = math.lgamma(met + 1) + math.lgamma(failed + 1) - math.lgamma(runs + 2)
    spread = (
        log_beta + _log_at_most(met, runs + 1, log_bar, log_rest)
        - log_rest - met * log_bar - failed * log_rest
    )  # fmt: skip
    never = -met * log_bar if not failed else -math.inf
    return add((spread, never)) - math.log(2)


def _log_at_most(most: int, n: int, log_p: float, log_q: float) -> float:
    """log P(X <= most), X binomial of n trials; most < n."""
    term = n * log_q
    terms = [term]
    for k in range(1, most + 1):
        term += math.log(n - k + 1) - math.log(k) + log_p - log_q
        terms.append(term)
    return add(terms)


@lru_cache(maxsize=1 << 12)
def share(met: int, failed: int, error: float) -> Interval:
    """The share of runs that meet: each end is wrong with a probability of `error` at most, at every look."""
    if not met + failed:
        return _interval(None, 0.0, 1.0, 0, error)
    need = -math.log(error)

    def proved(met: int, failed: int) -> float:
        found = met / (met + failed)
        return _last(lambda bar: of_share(met, failed, bar) >= need, 0.0, found) if met else 0.0

    runs = met + failed
    return _interval(met / runs, proved(met, failed), 1 - proved(failed, met), runs, error)


@cache
def runs_to_prove(bar: float, need: float) -> int:
    """How many runs of which none fails make the logarithm of the evidence reach `need`."""
    runs = 0
    while of_share(runs, 0, bar) < need:
        runs += 1
    return runs


# means


def of_mean(values: Sequence[float], zero: float = 0.0) -> float:
    """The logarithm of the evidence that the mean behind independent normal values is above `zero`."""
    runs = len(values)
    squares = math.fsum((value - zero) ** 2 for value in values)
    if runs < 2 or squares == 0:
        return 0.0
    lean = (math.fsum(values) - runs * zero) / math.sqrt(squares)
    integrals = _log_integrals(runs, (0.0, *(effect * lean for effect in EFFECTS)))
    logs = [
        integral - integrals[0] - runs * effect**2 / 2
        for integral, effect in zip(integrals[1:], EFFECTS, strict=True)
    ]
    return add(logs) - math.log(len(EFFECTS))


def _log_integrals(runs: int, tilts: Sequence[float]) -> list[float]:
    """log of the integral of u^(runs-1) exp(-u^2/2 + tilt u) over u > 0, by the trapezoid rule around its peak."""
    import numpy as np

    tilt = np.array(tilts)[:, None]
    peak = (tilt + np.sqrt(tilt * tilt + 4 * (runs - 1))) / 2
    u = peak + np.arange(-32, 33) * 0.25
    logs = np.where(u > 0, (runs - 1) * np.log(np.maximum(u, 1e-300)) - u * u / 2 + tilt * u, -np.inf)
    largest = logs.max(axis=1, keepdims=True)
    found: list[float] = (largest[:, 0] + np.log(np.exp(logs - largest).sum(axis=1))).tolist()
    return found


def mean(values: Sequence[float], error: float) -> Interval:
    """The mean behind normal values: each end is wrong with a probability of `error` at most, at every look."""
    runs = len(values)
    if not runs:
        return _interval(None, None, None, 0, error)
    found = math.fsum(values) / runs
    spread = math.sqrt(math.fsum((value - found) ** 2 for value in values))
    if runs < 2:
        return _interval(found, None, None, runs, error)
    if spread <= 1e-12 * abs(found):
        return _interval(found, found, found, runs, error)
    need = -math.log(error)
    mirrored = [-value for value in values]
    far = spread
    while of_mean(values, found - far) < need and far < 1e6 * spread:
        far *= 4
    if far >= 1e6 * spread:
        return _interval(found, None, None, runs, error)
    low = _last(lambda zero: of_mean(values, zero) >= need, found - far, found)
    high = _last(lambda zero: of_mean(mirrored, zero) >= need, -found - far, -found)
    return _interval(found, low, -high, runs, error)


def _last(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The last place from `low`, where it holds, to `high`, where it does not."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
