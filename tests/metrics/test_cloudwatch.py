"""What CloudWatch would show, period by period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from metrics.stories import (
    ACCOUNT,
    CATALOGUE,
    CHECKOUT,
    INVENTORY,
    MS,
    ORDERS,
    POSTS,
    RESERVED,
    SECOND,
    attempt,
    block,
    figures,
    invocation,
    level,
    refused,
    story_plan,
    throttled,
    told,
)

from apigw_sim.metrics import Metrics
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.records import ATTEMPTS, INVOCATIONS, LEVELS, Cache, Outcome
from apigw_sim.rules import reason

PLAN = story_plan()


def test_errors_are_shares_of_all_requests() -> None:
    metrics = told(
        PLAN, ATTEMPTS, [attempt(1), attempt(2, status=503), refused(3, ACCOUNT), refused(4, ACCOUNT)]
    )
    four = figures(metrics, "shop/prod", "4XXError")[0]
    assert (four["SampleCount"], four["Sum"], four["Average"]) == (4, 2, 0.5)
    assert figures(metrics, "shop/prod", "5XXError")[0]["Average"] == 0.25
    count = figures(metrics, "shop/prod", "Count")[0]
    assert (count["Sum"], count["Average"], count["Minimum"], count["p99"]) == (4, 1, 1, 1)


def test_a_refusal_has_a_latency_and_no_integration_latency() -> None:
    # AWS: average IntegrationLatency can exceed average Latency.
    metrics = told(PLAN, ATTEMPTS, [attempt(1, 100, integration_ns=90 * MS), refused(2, ACCOUNT)])
    assert figures(metrics, "shop/prod", "Latency")[0]["Average"] == (100 + 8) / 2
    inside = figures(metrics, "shop/prod", "IntegrationLatency")[0]
    assert (inside["SampleCount"], inside["Average"]) == (1, 90)


def test_an_answer_at_the_tick_belongs_to_the_period_that_begins() -> None:
    metrics = told(PLAN, ATTEMPTS, [attempt(59.9, 99.999), attempt(59.9, 100)])
    assert {k: row["Sum"] for k, row in figures(metrics, "shop", "Count").items()} == {0: 1, 1: 1}


def test_stamped_by_arrival_both_belong_to_the_period_they_arrived_in() -> None:
    plan = story_plan(stamp_arrival=True)
    metrics = Metrics(plan)
    metrics.fold(block(ATTEMPTS, [attempt(59.9, 50)]))
    metrics.close(0)
    assert not len(metrics.columns().period)  # more may still come
    metrics.fold(block(ATTEMPTS, [attempt(59.9, 150)]))
    metrics.finish()
    assert {k: row["Sum"] for k, row in figures(metrics, "shop", "Count").items()} == {0: 2}


def test_stamped_by_arrival_a_period_is_closed_once_nothing_of_it_can_still_be_answered() -> None:
    plan = story_plan(stamp_arrival=True, duration=7200 * SECOND)
    metrics = Metrics(plan)
    metrics.fold(block(ATTEMPTS, [attempt(10), attempt(3000)]))
    metrics.close(59)
    assert list(figures(metrics, "shop", "Count")) == [0]


def test_a_403_without_a_method_counts_for_stage_and_api_only() -> None:
    lost = attempt(1, 8, 403, NULL, stage=0, reason=reason.MISSING_AUTHENTICATION_TOKEN)
    metrics = told(PLAN, ATTEMPTS, [attempt(1), lost])
    assert figures(metrics, "shop", "4XXError")[0]["Sum"] == 1
    assert figures(metrics, "shop/prod", "Count")[0]["Sum"] == 2
    assert figures(metrics, "shop/prod GET /items/{id}", "Count")[0]["Sum"] == 1
    assert figures(metrics, "shop/prod", "Latency")[0]["Minimum"] == 8


def test_an_api_adds_up_its_stages() -> None:
    stages = (tables.Stage("shop/prod", "shop", 0), tables.Stage("shop/test", "shop", 0))
    methods = (*PLAN.methods[:3], replace(PLAN.methods[0], stage=1))
    plan = story_plan(stages=stages, methods=methods)
    metrics = told(plan, ATTEMPTS, [attempt(1, 10), attempt(1, 30, method=3, stage=1)])
    assert figures(metrics, "shop", "Latency")[0]["Average"] == 20
    assert figures(metrics, "shop/test", "Latency")[0]["Average"] == 30
    assert figures(metrics, "shop/test GET /items/{id}", "Count")[0]["Sum"] == 1


def test_cache_metrics_stand_over_all_requests_and_only_where_there_is_a_cache() -> None:
    hit, miss = attempt(1, cache=Cache.HIT), attempt(1, cache=Cache.MISS)
    metrics = told(PLAN, ATTEMPTS, [hit, hit, miss, refused(1, ACCOUNT), attempt(1, method=POSTS)])
    hits = figures(metrics, "shop/prod", "CacheHitCount")[0]
    assert (hits["SampleCount"], hits["Sum"], hits["Average"]) == (4, 2, 0.5)
    assert figures(metrics, "shop/prod", "CacheMissCount")[0]["Sum"] == 1
    assert figures(metrics, "blog/prod", "CacheHitCount") == {}
    assert figures(metrics, "blog/prod", "Count")[0]["Sum"] == 1


def test_a_period_says_the_same_however_its_rows_are_cut_and_ordered() -> None:
    random = np.random.default_rng(3)
    rows = [attempt(at, ms, method=method) for at, ms, method in zip(
        random.uniform(0, 179, 500), random.lognormal(3, 1, 500), random.integers(0, 4, 500), strict=True,
    )]  # fmt: skip
    one = told(PLAN, ATTEMPTS, rows)
    many = told(PLAN, *(part for row in rows[::-1] for part in (ATTEMPTS, [row])))
    for first, second in zip(one.columns(), many.columns(), strict=True):
        assert np.array_equal(first, second)


def test_a_row_that_comes_after_its_period_was_closed_is_an_error_of_the_engine() -> None:
    metrics = Metrics(PLAN)

    def late() -> None:
        metrics.fold(block(ATTEMPTS, [attempt(1)]))
        metrics.close(1)

    metrics.close(0)
    with pytest.raises(RuntimeError, match="period 0"):
        late()


# AWS/Lambda


def test_lambda_counts_by_the_end_of_the_invocation() -> None:
    rows = [
        invocation(59.5, 600),
        invocation(59.5, 400),
        throttled(59.9, CATALOGUE, 6, Outcome.THROTTLED_ACCOUNT),
    ]
    metrics = told(PLAN, INVOCATIONS, rows)
    assert {k: row["Sum"] for k, row in figures(metrics, "catalogue", "Invocations").items()} == {0: 1, 1: 1}
    throttles = figures(metrics, "catalogue", "Throttles")
    assert (throttles[0]["Sum"], throttles[0]["SampleCount"], throttles[1]["Sum"]) == (1, 2, 0)


def test_crashes_and_own_timeouts_are_errors_and_a_malformed_answer_is_none() -> None:
    outcomes = (Outcome.OK, Outcome.CRASH, Outcome.TIMEOUT, Outcome.MALFORMED)
    metrics = told(PLAN, INVOCATIONS, [invocation(1, outcome=outcome) for outcome in outcomes])
    errors = figures(metrics, "catalogue", "Errors")[0]
    assert (errors["Sum"], errors["Average"], errors["SampleCount"]) == (2, 0.5, 4)


def test_duration_leaves_out_the_cold_start_and_what_did_not_run() -> None:
    cold = invocation(1, 100, provisioning_ns=80 * MS, init_ns=500 * MS)
    down = invocation(1, duration_ns=NULL, outcome=Outcome.OUTAGE)
    metrics = told(PLAN, INVOCATIONS, [cold, invocation(1, 50), down, throttled(1, CATALOGUE, 6, 4)])
    duration = figures(metrics, "catalogue", "Duration")[0]
    assert (duration["SampleCount"], duration["Maximum"], duration["Sum"]) == (2, 100, 150)
    assert figures(metrics, "catalogue", "Invocations")[0]["Sum"] == 2


def test_an_http_backend_is_no_function() -> None:
    metrics = told(PLAN, INVOCATIONS, [invocation(1, backend=INVENTORY)])
    assert not len(metrics.columns().period)


def test_concurrency_is_carried_forward_while_nothing_touches_it() -> None:
    tick = level(PLAN, 60, GaugeKind.CONCURRENCY, CHECKOUT, 3, low=0, peak=7, area=2 * 60 * SECOND)
    last = level(PLAN, 180, GaugeKind.CONCURRENCY, CHECKOUT, 0, low=0, peak=3, area=60 * SECOND)
    metrics = told(PLAN, LEVELS, [tick, last])
    shown = figures(metrics, "checkout", "ConcurrentExecutions")
    assert {k: (row["Maximum"], row["Average"], row["Minimum"]) for k, row in shown.items()} == {
        0: (7, 2, 0), 1: (3, 3, 3), 2: (3, 1, 0),
    }  # fmt: skip


def test_claimed_concurrency_is_the_unreserved_in_use_and_all_that_is_reserved() -> None:
    # facts 3.2: throttling is judged on this. Ten are reserved for checkout.
    rows = [
        level(PLAN, 60, GaugeKind.ACCOUNT_CONCURRENCY, 0, 0, low=0, peak=25, area=60 * SECOND),
        level(PLAN, 60, GaugeKind.UNRESERVED_CONCURRENCY, 0, 0, low=0, peak=20, area=30 * SECOND),
    ]
    metrics = told(PLAN, LEVELS, rows)
    assert figures(metrics, "", "ConcurrentExecutions")[0]["Maximum"] == 25
    assert figures(metrics, "", "UnreservedConcurrentExecutions")[0]["Maximum"] == 20
    claimed = figures(metrics, "", "ClaimedAccountConcurrency")
    assert claimed[0]["Maximum"] == 30
    assert list(claimed) == [0]  # an idle account shows nothing


def test_a_reservation_raised_in_mid_run_is_claimed_from_then_on() -> None:
    cells = (tables.Cell("reserved", (CHECKOUT, 50)),)
    plan = story_plan(timeline=(tables.Event(70 * SECOND, NULL, "set", "", cells),))
    rows = [
        level(plan, at, GaugeKind.ACCOUNT_CONCURRENCY, 0, 1, peak=1, area=60 * SECOND) for at in (60, 120)
    ]
    claimed = figures(told(plan, LEVELS, rows), "", "ClaimedAccountConcurrency")
    assert [row["Maximum"] for row in claimed.values()] == [10, 50, 50]


def test_a_tick_within_a_period_is_part_of_it() -> None:
    plan = story_plan(warm_up=30 * SECOND)
    rows = [
        level(plan, 30, GaugeKind.CONCURRENCY, CATALOGUE, 4, low=0, peak=9, area=30 * SECOND),
        level(plan, 60, GaugeKind.CONCURRENCY, CATALOGUE, 0, low=0, peak=4, area=90 * SECOND),
    ]
    shown = figures(told(plan, LEVELS, rows), "catalogue", "ConcurrentExecutions")[0]
    assert (shown["Maximum"], shown["Average"]) == (9, 2)


def test_what_happens_after_the_end_is_kept_and_marked() -> None:
    metrics = told(PLAN, ATTEMPTS, [attempt(1), attempt(61), attempt(179.95, 100)])
    assert {k: str(metrics.phase(k)) for k in figures(metrics, "shop", "Count")} == {
        0: "warm_up",
        1: "run",
        3: "drain",
    }


def test_a_function_throttled_all_the_time_has_no_invocations() -> None:
    metrics = told(PLAN, INVOCATIONS, [throttled(1, CHECKOUT, RESERVED, Outcome.THROTTLED_RESERVED)])
    assert figures(metrics, "checkout", "Invocations") == {}
    assert figures(metrics, "checkout", "Duration") == {}
    assert figures(metrics, "checkout", "Throttles")[0]["Average"] == 1


def test_orders_and_items_are_series_of_their_own() -> None:
    metrics = told(PLAN, ATTEMPTS, [attempt(1, 10), attempt(1, 20, method=ORDERS)])
    assert figures(metrics, "shop/prod POST /orders", "Latency")[0]["Maximum"] == 20
    assert figures(metrics, "shop/prod GET /items/{id}", "Latency")[0]["Maximum"] == 10
