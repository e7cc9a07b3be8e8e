"""Traffic shifts that alarms watch: taken back while under way, not begun while one rings; instants told by hand."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

import apigw_sim as sim
from apigw_sim.errors import ScenarioError

BASE: dict[str, Any] = {
    "run": {"duration": "10 min", "start": "2026-11-27T09:00:00Z"},
    "functions": {
        "f": {
            "duration": "1 ms", "cold_start": "none", "versions": {"1": {}, "2": {"crash": "100 %"}},
            "aliases": {"PROD": {"1": "100 %"}},
        },
    },
    "apis": {
        "shop": {
            "type": "REST", "endpoint": "REGIONAL", "methods": {"GET /": {"integration": {"lambda_proxy": "f:PROD"}}},
            "stages": {"prod": {}},
        },
    },
    "clients": {
        "web": {"target": "shop/prod", "arrivals": {"process": "even", "rate": "20/s"}, "calls": [{"call": "GET /"}]},
    },
    "alarms": {"broken": {"metric": "shop/prod 5XXError", "statistic": "Average", "threshold": "> 1 %"}},
    "assumptions": {"rest_overhead": "0 ms", "lambda_overhead": "0 ms", "metrics_delay": "0 s"},
}  # fmt: skip


def failed(engine: str, at: str = "90 s", watched: bool = True, **more: Any) -> list[tuple[int, int]]:
    """The minutes in which something failed, with how much; version 2 always does, and gets 10 % for five minutes."""
    shift: dict[str, Any] = {"alias": "f:PROD", "to": "2", "with": "Canary10Percent5Minutes", **more}
    if watched:
        shift["alarms"] = ["broken"]
    said = deepcopy(BASE) | {"timeline": [{"at": at, "shift": shift}]}
    rows = sim.run(said, engine=engine, requests=True).requests
    minutes = (rows["arrived_ns"][rows["status"] == 502] // (60 * 10**9)).value_counts().sort_index()
    return [(int(minute), int(count)) for minute, count in minutes.items()]


def test_without_alarms_a_shift_goes_on_to_its_end(engine: str) -> None:
    """From 6 min 30 s everything fails: 20/s for 30 s, then for whole minutes."""
    found = dict(failed(engine, watched=False))
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert found[6] > 600
    assert [found[minute] for minute in (7, 8, 9)] == [1200] * 3


def test_an_alarm_that_rings_takes_the_shift_back_and_its_last_step_never_comes(engine: str) -> None:
    """It begins at 1 min 30 s; at 2 min the alarm sees some 60 of 1,200 fail, and version 1 has all of it again.

    60 of 600 at 10 % are 60 +- 37 by five standard deviations: above 1 % of the minute's 1,200, which are 12.
    """
    ((minute, count),) = failed(engine)
    assert minute == 1
    assert abs(count - 60) < 37


def test_a_shift_that_is_over_is_not_taken_back(engine: str) -> None:
    """All at once at 1 min 30 s: by the time the alarm rings it has ended."""
    assert [count for minute, count in failed(engine, **{"with": "AllAtOnce"}) if minute > 1] == [1200] * 8


def test_a_shift_does_not_begin_while_its_alarm_rings(engine: str) -> None:
    """The alarm rings of a fault from 1 to 3 min, until 4 min; the shift of 3 min 30 s is left out."""
    said = deepcopy(BASE) | {
        "timeline": [
            {"at": "1 min", "fault": {"function": "f", "errors": "100 %", "for": "2 min"}},
            {
                "at": "210 s",
                "shift": {"alias": "f:PROD", "to": "2", "with": "AllAtOnce", "alarms": ["broken"]},
            },
        ]
    }
    rows = sim.run(said, engine=engine, requests=True).requests
    bad = rows["arrived_ns"][rows["status"] == 502] / 60e9
    assert len(bad) == 2400
    assert bad.max() < 3


def test_an_alarm_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ScenarioError, match="there is no alarm 'brocken'; did you mean 'broken'"):
        failed("simpy", alarms=["brocken"], watched=False)
