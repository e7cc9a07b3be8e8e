"""When there are enough runs, on replications that are made up."""

from __future__ import annotations

import numpy as np
import pytest

from apigw_sim.experiment.estimates import mean_interval
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.statistics import statistics
from apigw_sim.experiment.stopping import Stopping, Target, TargetError, look_ahead


def stopped(values: list[float], *targets: str, most: int = 1000) -> tuple[int, Stopping]:
    """After how many of these values of `x` it stops."""
    stopping = Stopping([Target.read(text) for text in targets], most)
    records: list[Record] = []
    for number, value in enumerate(values):
        records.append(Record(number, values={"x": value}))
        if stopping.enough(records, statistics(records)):
            break
    return len(records), stopping


@pytest.mark.parametrize(
    ("text", "half", "relative"),
    [
        ("requests.refused 2 %", 0.02, True),
        ("a/s p99(Latency) 2%", 0.02, True),
        ("a/s p99(Latency) 5 ms", 5, False),
        ("a/s p99(Latency) 0.5 s", 500, False),
        ("requests.refused 0.001", 0.001, False),
    ],
)
def test_a_precision_is_relative_or_in_the_metrics_unit(text: str, half: float, relative: bool) -> None:
    found = Target.read(text)
    assert (found.half, found.relative) == (pytest.approx(half), relative)
    assert found.metric == text.rsplit(maxsplit=2 if text.endswith((" %", " ms", " s")) else 1)[0]


@pytest.mark.parametrize("text", ["", "2 %", "requests.refused", "requests.refused 0 %", "x -1 %"])
def test_what_is_no_precision_is_refused(text: str) -> None:
    with pytest.raises(TargetError, match="is no precision; write METRIC"):
        Target.read(text)


def test_equal_runs_stop_after_the_fewest_and_the_look_ahead() -> None:
    assert stopped([7.0] * 50, "x 1 %")[0] == 5 + 5


def test_a_precision_that_is_lost_again_is_looked_for_anew() -> None:
    """Five alike, then one far off: the look-ahead sees it, and the count begins again."""
    values = [10.0, 10.1, 9.9, 10.0, 10.0, 10.0, 14.0, *[10.0, 10.1, 9.9] * 60]
    runs, stopping = stopped(values, "x 2 %")
    since = stopping.reached["x"]
    assert since is not None
    assert since > 7
    assert runs == since + look_ahead(since)
    for n in range(since, runs + 1):
        relative = mean_interval(values[:n], 0.965).relative
        assert relative is not None
        assert relative <= 0.02
    assert mean_interval(values[: since - 1], 0.965).relative > 0.02


def test_who_stops_by_looking_has_seven_tenths_of_the_error_left() -> None:
    values = np.random.default_rng(3).normal(10, 1, 40).tolist()
    records = [Record(number, values={"x": value}) for number, value in enumerate(values)]
    found = Stopping([Target.read("x 5 %")], 40).estimate(statistics(records)["x"], records)
    plain = mean_interval(values, 0.965)
    assert (found.low, found.high, found.confidence) == (plain.low, plain.high, 0.95)


def test_the_budget_ends_what_does_not_get_there() -> None:
    rng = np.random.default_rng(1)
    runs, stopping = stopped(rng.normal(1, 1, 100).tolist(), "x 1 %", most=30)
    assert runs == 30
    assert stopping.reached["x"] is None


def test_every_precision_has_to_be_reached() -> None:
    values = np.random.default_rng(2).normal(10, 1, 400).tolist()
    loose, strict, both = (
        stopped(values, *texts)[0] for texts in (["x 20 %"], ["x 0.25"], ["x 20 %", "x 0.25"])
    )
    assert loose < strict == both


def test_the_look_ahead_grows_with_the_runs() -> None:
    assert [look_ahead(runs) for runs in (3, 100, 101, 200)] == [5, 5, 6, 10]


def test_how_many_runs_it_takes_goes_by_the_square() -> None:
    """A half-width of 4 % that is to be 1 % wants sixteen times the runs."""
    interval = mean_interval([10, 11, 9, 10, 10, 12, 8, 10])
    half = interval.half
    assert half is not None
    assert Target("x", half / 4, False).need(interval) == 8 * 16
