"""AWS/DynamoDB in metrics.csv, from whole runs of a few actions."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import SECOND, at, planned
from engine.test_streams import GET, PUT, acting, provisioned
from metrics.test_streams import found

from apigw_sim.compose import simulate
from apigw_sim.metrics.series import DYNAMODB


@pytest.fixture(params=["simpy", "compiled"])
def run(request: pytest.FixtureRequest) -> Any:
    """Run a scenario on each engine."""
    return lambda said: simulate(planned(said), engine=request.param)


def test_units_consumed_and_requests_throttled_by_table(run: Any) -> None:
    """Ten units of each a second. Of nine writes of 3 KB three find theirs, and of nine reads of 6 KB, of one unit, all.

    A second later both have all again: a write takes 3 and a read 1.
    """
    said = acting(
        at(*[0] * 9, SECOND), provisioned(10), {**PUT, "item_size": "3 KB"}, {**GET, "size": "6 KB"}
    )
    said["run"] = {"duration": "3 s", "period": "1 s"}
    assert found(run(said), DYNAMODB, "orders") == {
        "ConsumedWriteCapacityUnits": {0: [3, 9, 3, None, None], 1: [1, 3, 3, None, None]},
        "WriteThrottleEvents": {0: [6, 6, 1, 1, 1]},
        "ConsumedReadCapacityUnits": {0: [9, 9, 1, None, None], 1: [1, 1, 1, None, None]},
    }


def test_an_eventually_consistent_read_consumes_half_a_unit(run: Any) -> None:
    said = acting(at(0, 0, 0), provisioned(10), {**GET, "size": "1 KB"})
    assert found(run(said), DYNAMODB, "orders") == {
        "ConsumedReadCapacityUnits": {0: [3, 1.5, 0.5, None, None]}
    }


def test_all_actions_on_a_table_are_counted_together(run: Any) -> None:
    said = acting(at(0, 0), provisioned(10), PUT, {"action": "DeleteItem"})
    assert found(run(said), DYNAMODB, "orders") == {"ConsumedWriteCapacityUnits": {0: [4, 4, 1, None, None]}}
