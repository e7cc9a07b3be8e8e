"""Regions in what CloudWatch and the summary show: each has its own ConcurrentExecutions and its own limits."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from engine.running import FUNCTION, SECOND, at, planned
from engine.test_regions import AWAY, two
from metrics.stories import summary

from apigw_sim.compose import simulate
from apigw_sim.metrics.cloudwatch import csv_lines

FUNCTIONS = {"f": {"duration": "6 s"}, "g": {"duration": "3 s", "region": AWAY}}


@pytest.fixture(params=["simpy", "compiled"])
def metrics(request: pytest.FixtureRequest) -> Any:
    """Two at once for 6 s at home, three for 3 s in the other Region and a fourth that is refused; a minute in all."""
    said = two(
        at(0, 0), at(0, 0, 0, SECOND), FUNCTION, functions=FUNCTIONS, account={"lambda_concurrency": 500},
        regions={AWAY: {"lambda_concurrency": 3, "throttle": {"rate": "5/s", "burst": 9}}}, run={"duration": "60 s"},
    )  # fmt: skip
    return simulate(planned(said), engine=request.param).metrics


def test_each_region_has_series_of_all_its_functions(metrics: Any) -> None:
    rows = csv.DictReader(io.StringIO("".join(csv_lines(metrics))))
    found = {
        (row["metric"], row["region"]): (float(row["Average"]), int(row["Maximum"]))
        for row in rows
        if row["namespace"] == "AWS/Lambda" and not row["function"]
    }
    assert found == {
        ("ConcurrentExecutions", ""): (2 * 6 / 60, 2),
        ("ConcurrentExecutions", AWAY): (3 * 3 / 60, 3),
        ("UnreservedConcurrentExecutions", ""): (2 * 6 / 60, 2),
        ("UnreservedConcurrentExecutions", AWAY): (3 * 3 / 60, 3),
        ("ClaimedAccountConcurrency", ""): (2 * 6 / 60, 2),
        ("ClaimedAccountConcurrency", AWAY): (3 * 3 / 60, 3),
    }


def test_each_region_has_limits_of_its_own(metrics: Any) -> None:
    rows = {row["limit"]: row for row in summary(metrics)["limits"]}
    assert (rows["account throttle"]["peak_1s"], rows[f"account {AWAY} throttle"]["peak_1s"]) == (2, 3)
    away = rows[f"Lambda account concurrency {AWAY}"]
    assert (away["path"], away["ceiling"]) == (f"regions.{AWAY}.lambda_concurrency", "3")
    assert (away["refused"], away["first_refusal_s"], away["lowest_tokens"]) == (1, 1.0, 0)
    assert rows["Lambda account concurrency"]["lowest_tokens"] == 500 - 2
