"""What is asked of the runs at one setting: that most of them meet the expectations, or that their mean does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from apigw_sim.experiment import evidence
from apigw_sim.experiment.estimates import Interval


class Outcome(NamedTuple):
    """One run, as a search sees it."""

    met: bool
    """Whether it met every expectation."""
    margins: tuple[float, ...] = ()
    """By how much it met each, below 0 by how much it failed; only means need them."""
    mark: str = ""
    """What two runs share that cannot be told apart; empty: it is not known."""


Outcomes = Sequence[Outcome]


class Judge(Protocol):
    """Tells what outcomes prove."""

    @property
    def weight(self) -> float:
        """The part of the error that is best spent on proofs that a setting meets."""

    def evidence(self, outcomes: Outcomes, meets: bool) -> float:
        """The logarithm of the evidence that the setting meets, or that it fails."""

    def interval(self, outcomes: Outcomes, error: float) -> Interval:
        """The figure that is judged; each end is wrong with a probability of `error` at most."""

    @property
    def bar(self) -> float:
        """What the figure has to reach."""

    def leaning(self, outcomes: Outcomes) -> float:
        """From -1 to 1: above or at 0 it leans towards meeting. What a guess goes by, and no proof."""

    def gain(self, outcomes: Outcomes, leaning: float) -> float:
        """About how much a run more adds to the evidence of what a setting leans to; at most 0: nothing."""

    def worse(self, one: Outcomes, other: Outcomes, errors: tuple[float, float]) -> bool:
        """Whether it is proved that `one` does worse than `other`."""


class OfShare(NamedTuple):
    """A share of the runs meets all expectations."""

    share: float = 0.95

    @property
    def weight(self) -> float:
        """Proofs of either kind need runs in this proportion."""
        meeting, failing = -math.log1p(-self.share), -math.log(self.share)
        return min(max(meeting / (meeting + failing), 0.1), 0.9)

    @property
    def bar(self) -> float:
        """The share."""
        return self.share

    def evidence(self, outcomes: Outcomes, meets: bool) -> float:
        """That the share exceeds the bar, or stays below it."""
        met, failed = _counted(outcomes)
        if meets:
            return evidence.of_share(met, failed, self.share)
        return evidence.of_share(failed, met, 1 - self.share)

    def interval(self, outcomes: Outcomes, error: float) -> Interval:
        """The share of runs that meet."""
        return evidence.share(*_counted(outcomes), error)

    def leaning(self, outcomes: Outcomes) -> float:
        """The share so far, less the bar."""
        return _counted(outcomes)[0] / len(outcomes) - self.share

    def gain(self, outcomes: Outcomes, leaning: float) -> float:
        """By how far the share is from the bar; a failure is never taken to be certain."""
        found = max(leaning + self.share, 0.5 / len(outcomes))
        pairs = ((found, self.share), (1 - found, 1 - self.share))
        return sum(share * math.log(share / of) for share, of in pairs if share > 0)

    def worse(self, one: Outcomes, other: Outcomes, errors: tuple[float, float]) -> bool:
        """The intervals of the two shares lie apart."""
        high, low = self.interval(one, errors[0]).high, self.interval(other, errors[1]).low
        return high is not None and low is not None and high < low


class OfMean(NamedTuple):
    """The mean over the runs meets each expectation; its values are taken to be about normal."""

    @property
    def weight(self) -> float:
        """Proofs of either kind are alike."""
        return 0.5

    @property
    def bar(self) -> float:
        """A margin of 0."""
        return 0.0

    def evidence(self, outcomes: Outcomes, meets: bool) -> float:
        """That each margin's mean is above 0: the least of them. That one is below: their average."""
        if not outcomes:
            return 0.0
        sign = 1 if meets else -1
        found = [evidence.of_mean([sign * margin for margin in column]) for column in _columns(outcomes)]
        return min(found) if meets else evidence.add(found) - math.log(len(found))

    def interval(self, outcomes: Outcomes, error: float) -> Interval:
        """The mean of the margin that is least met."""
        found = [evidence.mean(column, error) for column in _columns(outcomes)]
        return min(found, key=lambda one: -math.inf if one.low is None else one.low + (one.value or 0.0))

    def leaning(self, outcomes: Outcomes) -> float:
        """The side on which the least mean lies."""
        return 0.5 if all(math.fsum(column) >= 0 for column in _columns(outcomes)) else -0.5

    def gain(self, outcomes: Outcomes, leaning: float) -> float:
        """Half the square of the mean over the spread, of the margin that counts."""
        meets = leaning >= 0
        found = []
        for column in _columns(outcomes):
            mean = math.fsum(column) / len(column)
            spread = math.fsum((value - mean) ** 2 for value in column) / max(len(column) - 1, 1)
            effect = min(abs(mean) / math.sqrt(spread), 4.0) if spread > 0 else 4.0
            found.append(math.copysign(effect**2 / 2, mean if meets else -mean))
        return min(found) if meets else max(found)

    def worse(self, one: Outcomes, other: Outcomes, errors: tuple[float, float]) -> bool:
        """The one is proved to fail and the other to meet."""
        fails = self.evidence(one, False) >= -math.log(errors[0])
        return fails and self.evidence(other, True) >= -math.log(errors[1])


def judge_of(name: str, share: float) -> Judge:
    """`share`: so many of the runs meet; `mean`: their means do."""
    return OfMean() if name == "mean" else OfShare(share)


def _counted(outcomes: Outcomes) -> tuple[int, int]:
    met = sum(outcome.met for outcome in outcomes)
    return met, len(outcomes) - met


def _columns(outcomes: Outcomes) -> list[list[float]]:
    return [list(column) for column in zip(*(outcome.margins for outcome in outcomes), strict=True)]
