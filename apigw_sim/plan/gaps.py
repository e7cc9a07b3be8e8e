"""Gaps of renewal processes as laws: quantile tables of mean UNIT, by the coefficient of variation."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from apigw_sim.plan import laws
from apigw_sim.plan.tables import Law
from apigw_sim.scenario.processes import Renewal
from apigw_sim.units import show_number

UNIT = 1_000_000_000
"""The mean gap: an arrival is so many units of the integrated rate, as in `draws.arrivals`."""


def law(said: Renewal) -> Law:
    """The gaps of a renewal process; the table's own mean is a UNIT, for its tails end where tables end."""
    name, spread = said.form
    return _scaled(name, float(spread.cv), f"{name} gaps, cv {show_number(spread.cv)}")


def left_over(gaps: Law) -> Law:
    """What is left, at a moment long after the beginning, of the gap under way: its density is what lies beyond a gap.

    So a process that begins with it has arrivals at its rate from the first moment on.
    """
    import numpy as np

    p, q = laws.edges()
    cells = gaps.cells.astype(np.float64)
    passed = np.concatenate([[0.0], np.cumsum(np.diff(cells) * (q[1:] + q[:-1]) / 2)])
    made = np.rint(np.interp(p * passed[-1], passed, cells)).astype(np.int64)
    made[0] = 0
    made.flags.writeable = False
    return replace(gaps, text=f"what is left of {gaps.text}", cells=made, mean=laws.mean(made))


@lru_cache(maxsize=64)
def _scaled(name: str, cv: float, text: str) -> Law:
    made = laws.table(_shape(name, cv, UNIT, text))
    made = laws.table(_shape(name, cv, UNIT * UNIT / laws.mean(made.cells), text))
    return replace(made, mean=float(UNIT))


def _shape(name: str, cv: float, mean: float, text: str) -> laws.Shape:
    if name == "gamma":
        return _gamma(cv, mean, text)
    if name == "weibull":
        return _weibull(cv, mean, text)
    if name == "lognormal":
        return laws.lognormal(mean, cv, text)
    return _hyperexponential(cv, mean, text)


def _gamma(cv: float, mean: float, text: str) -> laws.Shape:
    from scipy.special import gammainccinv, gammaincinv

    stages = 1 / cv**2
    scale = mean / stages
    return laws.Shape(
        text,
        lambda p: float(gammaincinv(stages, p)) * scale,
        lambda q: float(gammainccinv(stages, q)) * scale,
        mean,
    )


def _weibull(cv: float, mean: float, text: str) -> laws.Shape:
    low, high = 0.01, 100.0  # of 1 / shape: the cv rises with it
    for _ in range(200):
        middle = (low + high) / 2
        squared = math.lgamma(1 + 2 * middle) - 2 * math.lgamma(1 + middle)
        if squared > math.log1p(cv * cv):
            high = middle
        else:
            low = middle
    scale = mean / math.exp(math.lgamma(1 + low))
    return laws.Shape(
        text, lambda p: scale * (-math.log1p(-p)) ** low, lambda q: scale * (-math.log(q)) ** low, mean
    )


def _hyperexponential(cv: float, mean: float, text: str) -> laws.Shape:
    """Two exponentials that carry half of the time each (balanced means)."""
    share = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    rates = 2 * share / mean, 2 * (1 - share) / mean

    def beyond(x: float) -> float:
        return share * math.exp(-rates[0] * x) + (1 - share) * math.exp(-rates[1] * x)

    def below(x: float) -> float:
        return -share * math.expm1(-rates[0] * x) - (1 - share) * math.expm1(-rates[1] * x)

    def upper(q: float) -> float:
        low, high = 0.0, -math.log(q) / rates[1]
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if beyond(middle) > q else (low, middle)
        return high

    def lower(p: float) -> float:
        low, high = 0.0, -math.log1p(-p) / rates[1]
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle) < p else (low, middle)
        return high

    return laws.Shape(text, lower, upper, mean)
