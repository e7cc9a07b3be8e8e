"""The summary: every attempt accounted for once, selected by arrival after warm-up."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from metrics.stories import (
    ABOUT,
    ACCOUNT,
    CATALOGUE,
    CHECKOUT,
    EVERY_METHOD,
    GOLD,
    GOLD_STOCK,
    INVENTORY,
    MS,
    ORDERS,
    ORDERS_LIMIT,
    PARTNER,
    POSTS,
    QUOTA,
    RESERVED,
    RPS,
    SCALING,
    SECOND,
    STOCK,
    UNRESERVED,
    WEB,
    attempt,
    called,
    figures,
    invocation,
    level,
    refused,
    story_plan,
    summary,
    throttled,
    told,
)

from apigw_sim.metrics.summary import to_json
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, LEVELS, Cache, CallOutcome, Flag, Outcome
from apigw_sim.rules import reason

PLAN = story_plan()


def test_the_contract_in_its_order() -> None:
    found = summary(told(PLAN))
    assert list(found) == [
        "scenario", "seed", "engine", "version", "scenario_sha256", "requests", "throttled_by", "lambda_throttled_by",
        "cache", "latency_ms", "latency_2xx_ms", "integration_latency_ms", "stages", "clients", "functions",
        "distributions", "unmapped", "limits", "alarms", "expectations", "assumptions", "engine_reason", "overrides",
        "provenance",
    ]  # fmt: skip
    assert list(found["latency_ms"]) == ["mean", "p50", "p90", "p95", "p99", "max", "exact"]
    assert list(found["clients"]["web"]) == [
        "calls", "attempts", "succeeded", "gave_up", "short_circuited",
        "offered_per_s", "achieved_per_s", "goodput_per_s", "amplification",
        "call_latency_ms", "executions", "executed_for_nobody", "duplicate_executions",
    ]  # fmt: skip
    assert list(found["functions"]["catalogue"]) == [
        "invocations", "cold_starts", "throttles", "errors", "max_concurrency", "mean_concurrency",
        "mean_environments", "billed_gb_s",
    ]  # fmt: skip
    assert list(found["provenance"]) == ["python", "machine", "libraries", "tables_sha256"]
    assert (found["scenario"], found["seed"], found["engine"]) == ("story", ABOUT.seed, "simpy")


def test_an_empty_run_says_null_and_not_zero() -> None:
    found = summary(told(PLAN))
    assert set(found["latency_ms"].values()) == {None, True}
    assert found["stages"]["shop/prod"]["4XXError"] is None
    assert found["clients"]["web"]["amplification"] is None
    text = to_json(found)
    assert json.loads(text) == found
    assert list(json.loads(text)) == list(found)


def test_warm_up_and_drain_are_left_out_by_arrival() -> None:
    rows = [attempt(59.999), attempt(60), attempt(179.999, 500), attempt(180)]
    assert summary(told(PLAN, ATTEMPTS, rows))["requests"]["count"] == 2


def test_every_attempt_is_counted_once() -> None:
    rows = [
        attempt(61), attempt(61, status=304), attempt(61, status=404, reason=reason.BACKEND_4XX),
        attempt(61, status=502, reason=reason.FUNCTION_ERROR), refused(61, ACCOUNT),
        refused(61, QUOTA, STOCK, api_key=0), refused(61, GOLD, STOCK, api_key=0),
        refused(61, GOLD_STOCK, STOCK, api_key=0), refused(61, EVERY_METHOD), refused(61, ORDERS_LIMIT, ORDERS),
        attempt(61, method=POSTS),
    ]  # fmt: skip
    found = summary(told(PLAN, ATTEMPTS, rows))
    requests = found["requests"]
    assert (
        requests["count"] == sum(requests["by_status"].values()) == sum(requests["by_reason"].values()) == 11
    )
    assert requests["by_status"] == {"200": 2, "304": 1, "404": 1, "429": 6, "502": 1}
    assert found["throttled_by"] == {"plan_method": 1, "plan": 1, "quota": 1, "method": 2, "account": 1}
    assert sum(stage["count"] for stage in found["stages"].values()) == 11
    assert found["stages"]["shop/prod"]["4XXError"] == 0.7
    assert requests["carried_per_s"] == round(3 / 120, 6)


def test_a_429_of_the_backend_itself_is_no_throttling() -> None:
    found = summary(told(PLAN, ATTEMPTS, [attempt(61, status=429, reason=reason.BACKEND_4XX)]))
    assert sum(found["throttled_by"].values()) == 0
    assert found["requests"]["by_status"] == {"429": 1}


def test_the_cache_and_what_it_served_wrongly() -> None:
    other = attempt(61, cache=Cache.HIT, flags=Flag.SERVED_OTHER | Flag.MAX_AGE_0)
    cold = attempt(61, cache=Cache.MISS, flags=Flag.COLD_START)
    rows = [attempt(61, cache=Cache.HIT), other, cold, attempt(61)]
    assert summary(told(PLAN, ATTEMPTS, rows))["cache"] == {"hits": 2, "misses": 1, "served_other": 1}


def test_what_carried_requests_saw_stands_beside_what_cloudwatch_shows() -> None:
    rows = [
        attempt(61, 100),
        attempt(61, 300),
        refused(61, ACCOUNT),
        attempt(61, 20, 404, integration_ns=NULL),
    ]
    found = summary(told(PLAN, ATTEMPTS, rows))
    assert found["latency_ms"]["mean"] == (100 + 300 + 8 + 20) / 4
    assert found["latency_2xx_ms"]["mean"] == 200
    assert found["latency_2xx_ms"]["p99"] == 298
    assert found["integration_latency_ms"]["max"] == 150
    assert found["stages"]["shop/prod"]["latency_ms"] == found["latency_ms"]
    assert found["latency_ms"]["exact"] is True


def test_clients_and_their_calls() -> None:
    attempts = [attempt(61), attempt(62), attempt(63), attempt(61, client=PARTNER)]
    calls = [
        called(61, 0.25, 1),
        called(62, 3, 2, outcome=CallOutcome.REFUSED, status=503),
        called(59, 4),
        called(179.9, 30, outcome=CallOutcome.TIMED_OUT, status=NULL),
    ]
    found = summary(told(PLAN, ATTEMPTS, attempts, CALLS, calls))["clients"]
    web = found["web"]
    assert (web["calls"], web["attempts"], web["succeeded"], web["gave_up"]) == (3, 3, 1, 2)
    assert web["amplification"] == 1.0
    assert web["call_latency_ms"]["p50"] == 3000
    assert (found["partner"]["calls"], found["partner"]["attempts"]) == (0, 1)


def test_work_for_nobody_and_work_done_twice() -> None:
    rows = [
        invocation(61, abandoned=1),
        invocation(61, backend=INVENTORY, abandoned=1),
        throttled(61, CATALOGUE, UNRESERVED, Outcome.THROTTLED_ACCOUNT) | {"abandoned": 1},
        invocation(61, repeated=1, idempotent=0),
        invocation(61, repeated=1, idempotent=1),
        invocation(61, repeated=1, idempotent=0, client=PARTNER),
        invocation(59, abandoned=1),
    ]
    found = summary(told(PLAN, INVOCATIONS, rows))["clients"]
    assert (found["web"]["executed_for_nobody"], found["web"]["duplicate_executions"]) == (2, 1)
    assert found["partner"]["duplicate_executions"] == 1


def test_functions_with_their_bill() -> None:
    rows = [
        invocation(61, 100.2, provisioning_ns=80 * MS, init_ns=500 * MS),  # 600.2 ms: 601 billed
        invocation(61, 100),
        invocation(61, 50, outcome=Outcome.CRASH),
        throttled(61, CATALOGUE, SCALING, Outcome.THROTTLED_SCALING),
        invocation(61, duration_ns=NULL, outcome=Outcome.OUTAGE),
    ]
    found = summary(told(PLAN, INVOCATIONS, rows))
    catalogue = found["functions"]["catalogue"]
    assert (catalogue["invocations"], catalogue["cold_starts"]) == (3, 1)
    assert (catalogue["errors"], catalogue["throttles"]) == (1, 1)
    assert catalogue["billed_gb_s"] == round((601 + 100 + 50) / 1000 * 0.5, 6)
    assert found["functions"].keys() == {"catalogue", "checkout"}


def test_who_refused_at_lambda() -> None:
    rows = [
        throttled(61, CATALOGUE, UNRESERVED, Outcome.THROTTLED_ACCOUNT),
        throttled(61, CHECKOUT, RESERVED, Outcome.THROTTLED_RESERVED),
        throttled(61, CHECKOUT, RESERVED, Outcome.THROTTLED_RESERVED),
        throttled(61, CATALOGUE, RPS, Outcome.THROTTLED_RPS),
        throttled(61, CATALOGUE, SCALING, Outcome.THROTTLED_SCALING),
        throttled(181, CATALOGUE, SCALING, Outcome.THROTTLED_SCALING),
    ]
    assert summary(told(PLAN, INVOCATIONS, rows))["lambda_throttled_by"] == {
        "account": 1, "reserved": 2, "requests_per_second": 1, "scaling_rate": 1,
    }  # fmt: skip


def test_mean_concurrency_is_the_area_after_warm_up_over_its_length() -> None:
    # 60-120 s: area 30 s; then untouched at 2 until the end: 120 s; together 150 s over 120 s.
    rows = [
        level(PLAN, 60, GaugeKind.CONCURRENCY, CATALOGUE, 1, peak=50, area=900 * SECOND),
        level(PLAN, 120, GaugeKind.CONCURRENCY, CATALOGUE, 2, peak=6, area=30 * SECOND),
        level(PLAN, 240, GaugeKind.CONCURRENCY, CATALOGUE, 0, peak=99, area=SECOND),
    ]
    found = summary(told(PLAN, LEVELS, rows))["functions"]["catalogue"]
    assert (found["mean_concurrency"], found["max_concurrency"]) == (1.25, 6)


def test_environments_that_are_there_from_the_start_count() -> None:
    backends = (replace(PLAN.backends[0], initial_environments=5), *PLAN.backends[1:])
    found = summary(told(story_plan(backends=backends)))
    assert found["functions"]["catalogue"]["mean_environments"] == 5


def test_a_warm_up_that_ends_within_a_period_cuts_it() -> None:
    # Five from the start, six from 45 s on: after a warm-up of 30 s that is 15 * 5 + 135 * 6 over 150 s.
    backends = (replace(PLAN.backends[0], initial_environments=5), *PLAN.backends[1:])
    plan = story_plan(backends=backends, warm_up=30 * SECOND)
    tick = level(
        plan, 60, GaugeKind.ENVIRONMENTS, CATALOGUE, 6, low=5, peak=6, area=(15 * 5 + 15 * 6) * SECOND
    )
    assert summary(told(plan, LEVELS, [tick]))["functions"]["catalogue"]["mean_environments"] == 5.9


def test_the_busiest_second_of_a_stage_and_what_of_it_was_carried() -> None:
    rows = [attempt(at) for at in (3.0, 3.5, 70.1)] + [refused(3.999, ACCOUNT), attempt(4.0)]
    found = summary(told(PLAN, ATTEMPTS, rows))["stages"]["shop/prod"]
    assert found["busiest_second"] == {"at_s": 3, "arrived": 3, "carried": 2}


def test_the_summary_adds_up_to_the_metrics_when_nothing_crosses_an_edge() -> None:
    rows = [attempt(61 + n, status=(200, 404, 503)[n % 3], client=WEB) for n in range(100)]
    metrics = told(PLAN, ATTEMPTS, rows)
    found = summary(metrics)
    periods = figures(metrics, "shop/prod", "5XXError").values()
    assert found["stages"]["shop/prod"]["5XXError"] == pytest.approx(sum(row["Sum"] for row in periods) / 100)
    assert found["requests"]["count"] == sum(row["SampleCount"] for row in periods)


def test_a_long_run_says_that_its_percentiles_are_not_exact() -> None:
    rows = [attempt(61 + n / 1000, 10 + n % 7) for n in range(1000)]
    found = summary(told(story_plan(), *([ATTEMPTS, rows] * 101)))["latency_ms"]
    assert found["exact"] is False
    assert found["p50"] == pytest.approx(13, rel=0.008)
    assert found["max"] == 16


def test_the_text_is_the_same_twice() -> None:
    rows = [attempt(61 + n / 10, 10 + n % 7) for n in range(300)]
    assert to_json(summary(told(PLAN, ATTEMPTS, rows))) == to_json(summary(told(PLAN, ATTEMPTS, rows[::-1])))
