"""Expectations over several runs, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from apigw_sim.experiment.verdicts import over_runs
from apigw_sim.scenario.expect import read
from apigw_sim.terminal.verdicts import of_runs


def judged(text: str, values: list[Any], met: list[Any] | None = None) -> Any:
    rows = [
        {"value": value, "met": one} for value, one in zip(values, met or [True] * len(values), strict=True)
    ]
    return over_runs([read(text)], [[row] for row in rows])[0]


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [("120 ms", "met"), ("90 ms", "not met"), ("101 ms", "undecided"), ("99 ms", "undecided")],
)
def test_an_interval_that_straddles_the_bound_decides_nothing(bound: str, outcome: str) -> None:
    """Mean 100, spread 4 over 5 runs: 100 +- t(4) 4 / sqrt 5 = 4.97."""
    values = [96.0, 104.0, 104.0, 96.0, 100.0]
    found = judged(f"a/s p99(Latency) < {bound}", values)
    reach = stats.t.ppf(0.975, 4) * 4 / 5**0.5
    assert (found.value, found.low, found.high) == pytest.approx((100, 100 - reach, 100 + reach))
    assert found.outcome == outcome


def test_a_bound_from_below_is_kept_by_the_lower_end() -> None:
    assert judged("client c avg(succeeded) >= 90 %", [0.95, 0.96, 0.94]).outcome == "met"
    assert judged("client c avg(succeeded) >= 98 %", [0.95, 0.96, 0.94]).outcome == "not met"


def test_what_has_no_useful_mean_is_judged_by_how_many_runs_meet_it() -> None:
    text = "a/s sum(5XXError) == 0"
    assert judged(text, [0] * 20, [True] * 20).outcome == "met"
    assert judged(text, [3] * 20, [False] * 20).outcome == "not met"
    half = judged(text, [0, 3] * 4, [True, False] * 4)
    assert (half.outcome, half.met, half.runs, half.of_share) == ("undecided", 4, 8, True)


def test_one_run_and_no_sample_decide_nothing() -> None:
    assert judged("a/s p99(Latency) < 1 s", [5.0]).outcome == "undecided"
    assert judged("a/s p99(Latency) < 1 s", [None, None], [None, None]).outcome == "no sample"


def test_a_verdict_shows_the_interval_in_its_unit() -> None:
    found = [
        judged("a/s avg(5XXError) < 1 %", [0.02, 0.03, 0.025]),
        judged("a/s sum(5XXError) == 0", [0, 1], [True, False]),
    ]
    first, second = of_runs(found, None)
    assert (first.outcome, first.found, first.beside) == (
        "not met",
        "2.5 % (1.3 % to 3.7 %)",
        "met in 3 of 3 runs",
    )
    assert second.found.startswith("50.0 % (")
