"""Expectations over several runs: met, not met, or undecided where the interval straddles the bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim.experiment.estimates import CONFIDENCE, mean_interval, share_interval
from apigw_sim.metrics.watch import OPERATORS, TIMES

if TYPE_CHECKING:
    from apigw_sim.scenario.expect import Expectation

MET, NOT_MET, NO_SAMPLE, UNDECIDED = "met", "not met", "no sample", "undecided"


class Judged(NamedTuple):
    """One expectation over runs."""

    text: str
    outcome: str
    """MET, NOT_MET, UNDECIDED, or NO_SAMPLE: no run had one."""
    value: float | None
    """The mean of what the runs found, in the unit of the summary; of what has no useful mean the share that met."""
    low: float | None
    high: float | None
    met: int
    """Runs that met it."""
    runs: int
    of_share: bool
    """Whether `value` is a share of runs."""


def over_runs(
    expect: Sequence[Expectation], rows: Sequence[Sequence[Mapping[str, Any]]], confidence: float = CONFIDENCE
) -> list[Judged]:
    """Judge each expectation by the rows that the summaries of several runs have for it.

    The mean over runs has to keep to the bound, with its whole interval. What has no useful mean (==, !=, a bound of 0,
    m of n periods) has to be met by more than half of all runs.
    """
    return [_judge(one, [found[number] for found in rows], confidence) for number, one in enumerate(expect)]


def has_mean(expectation: Expectation) -> bool:
    """Whether the mean over runs says something about it."""
    return expectation.op not in ("==", "!=") and expectation.m_of_n is None and expectation.value != 0


def shown_bound(expectation: Expectation) -> float:
    """The bound in the unit of the summary: times in ms."""
    timed = expectation.metric in TIMES and expectation.stat != "count"
    return float(expectation.value / 10**6 if timed else expectation.value)


def _judge(expectation: Expectation, rows: Sequence[Mapping[str, Any]], confidence: float) -> Judged:
    met, runs = sum(row["met"] is True for row in rows), len(rows)
    values = [float(row["value"]) for row in rows if row["value"] is not None]
    if not values:
        return Judged(expectation.text, NO_SAMPLE, None, None, None, met, runs, False)
    if not has_mean(expectation):
        found = share_interval([row["met"] is True for row in rows], [1] * runs, confidence)
        outcome = UNDECIDED
        if runs >= 2 and found.low is not None and found.high is not None:
            outcome = MET if found.low > 0.5 else NOT_MET if found.high < 0.5 else UNDECIDED
        return Judged(expectation.text, outcome, found.value, found.low, found.high, met, runs, True)
    found = mean_interval(values, confidence)
    if found.value is None or found.low is None or found.high is None:
        return Judged(expectation.text, UNDECIDED, found.value, None, None, met, runs, False)
    keeps, bound = OPERATORS[expectation.op], shown_bound(expectation)
    ends = {keeps(end, bound) for end in (found.low, found.high)}
    outcome = UNDECIDED if len(ends) == 2 else MET if ends == {True} else NOT_MET
    return Judged(expectation.text, outcome, found.value, found.low, found.high, met, runs, False)
