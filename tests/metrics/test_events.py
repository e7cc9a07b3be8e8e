"""Asynchronous invocations in CloudWatch's metrics and in the summary, from whole runs of a few events."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import SECOND, at, planned, story

from apigw_sim.compose import simulate
from apigw_sim.metrics.series import KINDS
from apigw_sim.metrics.summary import _functions


@pytest.fixture(params=["simpy", "compiled"])
def run(request: pytest.FixtureRequest) -> Any:
    """Two events at once and one environment, 10 s each: the second is refused at 0, 1, 3 and 7 s and begins at 15 s.

    A third comes at 70 s and fails at 80 s; from 140 s on Lambda has an outage, and at 160 s it is too old.
    """
    function = {"duration": "10 s", "reserved_concurrency": 1, "event_invoke": {"maximum_event_age": "90 s"}}
    said = story(
        at(0, 0, 70 * SECOND), {"lambda": "f", "invocation_type": "Event"},
        functions={"f": function, "g": {"duration": "1 s"}},
        run={"duration": "2 min"},
        timeline=[
            {"at": "65 s", "fault": {"function": "f", "errors": "100 %", "for": "9 s"}},
            {"at": "75 s", "fault": {"function": "f", "outage": True, "for": "10 min"}},
        ],
    )  # fmt: skip
    return simulate(planned(said), engine=request.param)


def found(run: Any, name: str) -> dict[int, list[float]]:
    """A metric of f by period: SampleCount, Sum, Average, Minimum and Maximum."""
    columns = run.metrics.columns()
    return {
        int(period): values[:5].tolist()
        for period, series, metric, values in zip(
            columns.period, columns.series, columns.metric, columns.values, strict=True
        )
        if KINDS[metric].name == name and run.metrics.numbering.series[series].label == "f"
    }


def test_events_are_received_once_and_dropped_once(run: Any) -> None:
    assert found(run, "AsyncEventsReceived") == {0: [2, 2, 1, 1, 1], 1: [1, 1, 1, 1, 1]}
    assert found(run, "AsyncEventsDropped") == {2: [1, 1, 1, 1, 1]}


def test_their_age_is_sampled_at_every_try(run: Any) -> None:
    """First tries have none; retries at 1, 3, 7 and 15 s, then one at 70 s: failed at 80 s, and tried after a minute."""
    age = found(run, "AsyncEventAge")
    assert age[0] == [6, 26_000, pytest.approx(26_000 / 6), 0, 15_000]
    assert age[1] == [1, 0, 0, 0, 0]
    tries, total, *_, oldest = age[2]
    assert (tries, oldest) == (5, 85_000)
    assert total == sum((70 + n) * 1000 for n in (0, 1, 3, 7, 15))


def test_the_summary_counts_every_event(run: Any) -> None:
    rows = _functions(run.metrics)
    assert "events" not in rows["g"]
    assert rows["f"]["events"] == {
        "received": 3, "succeeded": 2, "retried": 9, "expired": 1, "failed": 0, "left": 0, "max_at_once": 2,
        "max_age_s": 85.0,
    }  # fmt: skip
