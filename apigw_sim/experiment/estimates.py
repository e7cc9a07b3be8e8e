"""What several independent runs say of one figure: the estimate, its interval, what it estimates and how far to trust it.

Pure functions of numbers. Runs are independent of each other; nothing is assumed of what happened within one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.experiment.cells import Cells, pooled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
ENOUGH_EVENTS = 10.0
"""Independent events from which on the interval of a share or a tail keeps what it promises (tests/experiment)."""
MANY_EVENTS = 100.0
"""Independent events from which on a share is estimated by the jackknife alone."""
SKEWED = 10.0
"""A mean of runs wants this many times its squared skewness (after Cochran, who asks 25 for one point of coverage)."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval; None where there is none, or no end to it."""

    value: float | None
    low: float | None
    high: float | None
    runs: int
    confidence: float
    estimand: str
    """What is estimated."""
    method: str
    """How."""
    trust: str = ""
    """Why the interval may promise too much; empty where it does not."""
    mend: int | None = None
    """How many runs would mend that, as far as can be told."""

    @property
    def half(self) -> float | None:
        """The longer arm of the interval; None where an end is missing."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return max(self.high - self.value, self.value - self.low)

    @property
    def relative(self) -> float | None:
        """The longer arm as a share of the estimate."""
        if self.half is None or self.value is None:
            return None
        if self.value == 0:
            return 0.0 if self.half == 0 else math.inf
        return self.half / abs(self.value)

    @property
    def trusted(self) -> bool:
        """Whether nothing speaks against the interval."""
        return not self.trust


def t_quantile(runs: int, confidence: float = CONFIDENCE) -> float:
    """Student's t for a two-sided interval from so many runs."""
    from scipy.special import stdtrit

    return float(stdtrit(runs - 1, (1 + confidence) / 2))


def z_quantile(confidence: float = CONFIDENCE) -> float:
    """The normal quantile for a two-sided interval."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def _too_few(value: float | None, runs: int, confidence: float, estimand: str, method: str) -> Interval:
    why = "one run has no interval" if runs == 1 else "no run has a value"
    return Interval(value, None, None, runs, confidence, estimand, method, why, 5)


# means


def mean_interval(values: ArrayLike, confidence: float = CONFIDENCE, estimand: str = "") -> Interval:
    """The expectation of a figure of one run, from its value in each run, by Student's t."""
    found = np.asarray(values, np.float64)
    runs = len(found)
    estimand, method = estimand or "expectation over runs", "Student's t over runs"
    if runs < 2:
        return _too_few(float(found[0]) if runs else None, runs, confidence, estimand, method)
    mean, spread = float(found.mean()), float(found.std(ddof=1))
    reach = t_quantile(runs, confidence) * spread / math.sqrt(runs)
    trust, mend = _lopsided(found)
    return Interval(mean, mean - reach, mean + reach, runs, confidence, estimand, method, trust, mend)


def skewness(values: NDArray[np.float64]) -> float:
    """The sample's skewness, corrected for its size; 0 where all are alike."""
    n, spread = len(values), float(values.std())
    if n < 3 or spread <= 1e-12 * max(abs(float(values.mean())), 1e-300):
        return 0.0
    plain = float(((values - values.mean()) ** 3).mean()) / spread**3
    return plain * math.sqrt(n * (n - 1)) / (n - 2)


def _lopsided(values: NDArray[np.float64]) -> tuple[str, int | None]:
    """Whether runs are too few for how lopsided they are: skewed beyond chance, and Cochran's rule not met."""
    n = len(values)
    if n < 3:
        return "two runs say little about how runs differ", 5
    skew = skewness(values)
    chance = math.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
    need = math.ceil(SKEWED * skew * skew)
    if abs(skew) < 2 * chance or n >= need:
        return "", None
    return f"the runs are lopsided (skewness {skew:.1f})", need


def count_bound(runs: int, confidence: float = CONFIDENCE, estimand: str = "") -> Interval:
    """The expected number of events a run where no run saw any: at most -ln(1 - confidence) / runs, if Poisson."""
    most = -math.log1p(-confidence) / runs if runs else None
    return Interval(
        0.0, 0.0, most, runs, confidence, estimand or "expected number a run",
        "upper bound: nothing was seen (events independent)",
    )  # fmt: skip


# ratios and shares


def ratio_interval(
    parts: ArrayLike, wholes: ArrayLike, confidence: float = CONFIDENCE, estimand: str = ""
) -> Interval:
    """A ratio of expectations, sum of parts by sum of wholes over all runs, by the jackknife."""
    part, whole = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    runs, total = len(part), float(whole.sum())
    estimand, method = estimand or "ratio of expectations", "ratio over all runs, jackknife"
    if runs < 2 or total <= 0:
        value = float(part.sum()) / total if total > 0 else None
        return _too_few(value, runs if total > 0 else 0, confidence, estimand, method)
    if np.any(total - whole <= 0):
        return Interval(
            float(part.sum()) / total, None, None, runs, confidence, estimand, method,
            "only one run has any", 5,
        )  # fmt: skip
    pseudo = jackknife(part, whole)
    mean = float(pseudo.mean())
    reach = t_quantile(runs, confidence) * float(pseudo.std(ddof=1)) / math.sqrt(runs)
    trust, mend = _lopsided(pseudo)
    return Interval(mean, mean - reach, mean + reach, runs, confidence, estimand, method, trust, mend)


def jackknife(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each run contributes to the ratio (Quenouille and Tukey)."""
    n = len(part)
    without = (part.sum() - part) / (whole.sum() - whole)
    return np.asarray(n * part.sum() / whole.sum() - (n - 1) * without, np.float64)


def share_interval(
    parts: ArrayLike, wholes: ArrayLike, confidence: float = CONFIDENCE, estimand: str = ""
) -> Interval:
    """A share of events among all, from counts of each run; what lies within one run may hang together.

    By the jackknife where there are many independent events, else by Clopper and Pearson on the effective number of
    them (Korn and Graubard 1998); a one-sided bound where none was seen, or nothing else.
    """
    part, whole = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    runs, total, seen = len(part), float(whole.sum()), float(part.sum())
    estimand = estimand or "share of all, over all runs"
    if total <= 0 or (runs < 2 and 0 < seen < total):
        value = seen / total if total > 0 else None
        return _too_few(value, runs if total > 0 else 0, confidence, estimand, "share over all runs")
    if seen in (0.0, total):
        return _unseen(seen, total, runs, confidence, estimand)
    share = seen / total
    effective = effective_size(part - share * whole, whole, share, total)
    events = effective * min(share, 1 - share)
    if events >= MANY_EVENTS and np.all(total - whole > 0):
        found = ratio_interval(part, whole, confidence, estimand)
        return replace(found, low=max(found.low or 0.0, 0.0), high=min(found.high or 1.0, 1.0))
    low, high = _clopper_pearson(share, effective, total, runs, confidence)
    trust, mend = _few_events(events, runs, "it rests on")
    return Interval(
        share, low, high, runs, confidence, estimand, "Clopper-Pearson on the effective number", trust, mend
    )


def effective_size(
    residual: NDArray[np.float64], whole: NDArray[np.float64], share: float, most: float
) -> float:
    """How many independent trials would give a share the spread that the runs show; at most so many."""
    n, total = len(residual), float(whole.sum())
    variance = float((residual**2).sum()) * n / (n - 1) / total**2
    # No spread at all says no more than a thousand times the trials would.
    return min(share * (1 - share) / variance if variance > 0 else math.inf, most, 1000 * total)


def _clopper_pearson(
    share: float, effective: float, most: float, runs: int, confidence: float
) -> tuple[float, float]:
    from scipy.special import betaincinv

    trials = min(effective * (z_quantile(confidence) / t_quantile(runs, confidence)) ** 2, most)
    seen, tail = trials * share, (1 - confidence) / 2
    low = float(betaincinv(seen, trials - seen + 1, tail)) if seen > 0 else 0.0
    high = float(betaincinv(seen + 1, trials - seen, 1 - tail)) if seen < trials else 1.0
    return low, high


def _few_events(events: float, runs: int, what: str) -> tuple[str, int | None]:
    if events >= ENOUGH_EVENTS:
        return "", None
    need = math.ceil(runs * ENOUGH_EVENTS / max(events, 0.5))
    return f"{what} {events:.1f} independent events, fewer than {ENOUGH_EVENTS:.0f}", need


def _unseen(seen: float, total: float, runs: int, confidence: float, estimand: str) -> Interval:
    """None, or all, of `total`: a bound on one side, the rule of three."""
    bound = -math.expm1(math.log1p(-confidence) / total)
    if seen == 0:
        how = "upper bound: none was seen (events independent)"
        return Interval(0.0, 0.0, bound, runs, confidence, estimand, how)
    how = "lower bound: nothing else was seen (events independent)"
    return Interval(1.0, 1 - bound, 1.0, runs, confidence, estimand, how)


# quantiles


def quantile_interval(
    sections: Sequence[Cells], point: float, confidence: float = CONFIDENCE, estimand: str = "",
    together: Cells | None = None,
) -> Interval:  # fmt: skip
    """A quantile of the samples of all runs together, each run a section.

    How far the sections disagree on the share below the estimate gives the interval of that share, and the pooled
    samples turn it into one of values (Woodruff 1952). The spread of the sections' own quantiles, which is the usual
    way, covers an M/M/1 queue's p99.9 half the time. An end that lies beyond what was seen is None. `together` are the
    samples of all sections, where they have been pooled before.
    """
    held = [section for section in sections if len(section.cells)]
    runs = len(held)
    estimand = estimand or f"p{100 * point:g} of all samples of all runs"
    method = "pooled quantile by sections"
    whole = pooled(held) if together is None else together
    value = whole.quantiles([point])[0] if runs else None
    if value is None or runs < 2:
        return _too_few(value, runs, confidence, estimand, method)
    if whole.least == whole.most:
        return Interval(value, value, value, runs, confidence, estimand, method)
    counts = np.array([section.samples for section in held], np.float64)
    below = np.array([section.share_to(value) for section in held])
    # Where few lie beyond, chance alone makes sections agree too well: never more trials than there were.
    most = whole.samples if whole.samples * min(point, 1 - point) < MANY_EVENTS else math.inf
    effective = effective_size((below - point) * counts, counts, point, most)
    low, high = _clopper_pearson(point, effective, most, runs, confidence)
    trust, mend = _few_events(effective * min(point, 1 - point), runs, "beyond it lie")
    ends = whole.quantiles([low, high])
    return Interval(
        value,
        ends[0] if low * whole.samples >= 1 else None,
        ends[1] if (1 - high) * whole.samples >= 1 else None,
        runs, confidence, estimand, method, trust, mend,
    )  # fmt: skip
