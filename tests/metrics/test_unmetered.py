"""What CloudWatch does not count, and customised statuses: by numpy and by the compiled kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from metrics.stories import MS, attempt, block, figures, story_plan, summary
from metrics.test_expectations import expectation

from apigw_sim.metrics import Metrics
from apigw_sim.metrics.coding import Fate
from apigw_sim.records import ATTEMPTS, Flag
from apigw_sim.rules import reason

PLAN = story_plan(warm_up=0)
FAST = pytest.mark.parametrize("fast", [False, True], ids=["numpy", "kernels"])


def told(rows: list[Any], fast: bool, *expectations: str) -> Metrics:
    metrics = Metrics(PLAN, [expectation(text) for text in expectations], fast=fast)
    metrics.fold(block(ATTEMPTS, rows))
    metrics.finish()
    return metrics


def too_large(at: float, ms: float = 8) -> Any:
    return attempt(at, ms, status=413, reason=reason.REQUEST_TOO_LARGE, flags=Flag.UNMETERED)


@FAST
def test_an_unmetered_answer_is_in_the_summary_and_in_no_figure_of_a_period(fast: bool) -> None:
    """Three of 100 ms and one of 8 ms that nobody counts: a mean Latency of 100 ms, no error, a Count of 3."""
    rows = [attempt(1, 100), attempt(2, 100), too_large(3), attempt(4, 100)]
    metrics = told(rows, fast, "shop/prod avg(4XXError) == 0 %", "shop/prod avg(Latency) == 100 ms")
    assert figures(metrics, "shop/prod", "Count")[0]["Sum"] == 3
    assert figures(metrics, "shop/prod", "4XXError")[0]["Sum"] == 0
    latency = figures(metrics, "shop/prod", "Latency")[0]
    assert (latency["SampleCount"], latency["Average"], latency["Minimum"]) == (3, 100, 100)
    said = summary(metrics)
    assert said["requests"]["count"] == 4
    assert said["stages"]["shop/prod"]["4XXError"] == 0.25
    assert [row["met"] for row in said["expectations"]] == [True, True]


@FAST
def test_a_period_of_which_cloudwatch_has_nothing_has_traffic_and_no_figure(fast: bool) -> None:
    metrics = told([too_large(1), too_large(2), attempt(61, 100)], fast)
    assert 0 not in figures(metrics, "shop/prod", "Count")
    traffic = {(row.period, row.stage): row for row in metrics.traffic()}
    assert traffic[0, -1].fates[Fate.UNMETERED_4XX] == traffic[0, 0].fates[Fate.UNMETERED_4XX] == 2
    assert np.isnan(traffic[0, 0].p50)
    assert traffic[1, -1].fates[Fate.CARRIED_2XX] == 1


@FAST
@pytest.mark.parametrize(
    ("why", "status", "fate"),
    [
        ("THROTTLED", 503, Fate.METHOD),
        ("INVALID_API_KEY", 200, Fate.OTHER_4XX),
        ("FUNCTION_ERROR", 404, Fate.SERVER_5XX),
        ("FUNCTION_ERROR", 200, Fate.SERVER_5XX),
    ],
)
def test_a_customised_status_is_counted_as_the_one_that_it_stands_for(
    fast: bool, why: str, status: int, fate: Fate
) -> None:
    limit = next(n for n, limit in enumerate(PLAN.limits) if limit.kind.name == "METHOD")
    row = attempt(
        1,
        8,
        status=status,
        reason=reason.NUMBER[why],
        flags=Flag.RESTYLED,
        refused_by=limit if why == "THROTTLED" else -1,
    )
    metrics = told([row], fast)
    errors = {name: figures(metrics, "shop/prod", name)[0]["Sum"] for name in ("4XXError", "5XXError")}
    assert errors == {"4XXError": int(fate != Fate.SERVER_5XX), "5XXError": int(fate == Fate.SERVER_5XX)}
    assert metrics.traffic()[0].fates[fate] == 1
    assert summary(metrics)["requests"]["by_status"] == {str(status): 1}


@FAST
def test_an_error_that_an_integration_response_maps_is_counted_as_it_is(fast: bool) -> None:
    """It is a method response, and no gateway response: a 200 is a 200."""
    metrics = told([attempt(1, 8, status=200, reason=reason.FUNCTION_ERROR, integration_ns=5 * MS)], fast)
    assert figures(metrics, "shop/prod", "5XXError")[0]["Sum"] == 0
