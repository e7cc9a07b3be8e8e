"""Expectations of the whole run and of its periods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from metrics.stories import (
    ACCOUNT,
    CATALOGUE,
    CHECKOUT,
    ORDERS,
    PARTNER,
    RESERVED,
    SECOND,
    STOCK,
    attempt,
    block,
    called,
    invocation,
    level,
    refused,
    story_plan,
    summary,
    throttled,
    told,
)

from apigw_sim.metrics import Metrics
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, LEVELS, Cache, CallOutcome, Outcome
from apigw_sim.scenario.expect import Expectation, read

PLAN = story_plan(duration=660 * SECOND)  # a minute of warm-up and ten of run


def expectation(text: str, kind: str | None = None) -> Expectation:
    """An expectation as the loader gives it, with what `who` names."""
    found = read(text)
    return found.model_copy(update={"kind": kind or found.kind})


def verdict(text: str, *story: Any, kind: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = summary(told(PLAN, *story, expect=[expectation(text, kind)]))["expectations"][0]
    return found


def test_a_percentile_of_the_run_is_that_of_the_summary() -> None:
    story = [attempt(61 + n, 100 + n) for n in range(200)]
    metrics = told(PLAN, ATTEMPTS, story, expect=[expectation("shop/prod p99(Latency) < 800 ms")])
    found = summary(metrics)
    p99 = found["stages"]["shop/prod"]["latency_ms"]["p99"]
    assert found["expectations"] == [{"text": "shop/prod p99(Latency) < 800 ms", "value": p99, "met": True}]


def test_any_percentile_can_be_expected() -> None:
    values = [100 + n for n in range(200)]
    found = verdict("shop/prod p99.9(Latency) < 298 ms", ATTEMPTS, [attempt(61, ms) for ms in values])
    assert found["value"] == round(float(np.quantile(values, 0.999)), 3)
    assert found["met"] is False


@pytest.mark.parametrize(
    ("text", "value", "met"),
    [
        ("shop/prod avg(5XXError) < 25 %", 0.25, False),
        ("shop/prod avg(5XXError) <= 25 %", 0.25, True),
        ("shop/prod avg(4XXError) == 25 %", 0.25, True),
        ("shop/prod sum(Count) >= 4", 4, True),
        ("shop/prod sum(Count) != 4", 4, False),
        ("shop/prod sum(CacheHitCount) > 1", 1, False),
        ("shop/prod max(Latency) < 1 s", 900, True),
        ("shop/prod min(Latency) > 8 ms", 8, False),
        ("shop/prod count(IntegrationLatency) == 1", 1, True),
        ("shop/prod avg(Latency) of POST /orders < 1 s", None, None),
    ],
)
def test_statistics_of_a_stage(text: str, value: float | None, met: bool | None) -> None:
    story = [
        attempt(61, 100), attempt(62, 900, 503), refused(63, ACCOUNT),
        attempt(64, 9, cache=Cache.HIT, integration_ns=-1), attempt(59, 5000),
    ]  # fmt: skip
    found = verdict(text, ATTEMPTS, story)
    assert (found["value"], found["met"]) == (value, met)


def test_one_route_of_a_stage() -> None:
    story = [attempt(61, 10), attempt(61, 30, method=ORDERS), attempt(61, 50, method=ORDERS)]
    assert verdict("shop/prod avg(Latency) of POST /orders < 1 s", ATTEMPTS, story)["value"] == 40


def test_functions_and_clients() -> None:
    story = (
        INVOCATIONS,
        [
            invocation(61, 100),
            invocation(61, 300, outcome=Outcome.CRASH, abandoned=1),
            throttled(61, CHECKOUT, RESERVED, Outcome.THROTTLED_RESERVED),
        ],
        ATTEMPTS,
        [attempt(61), attempt(62), attempt(63), attempt(61, method=STOCK, client=PARTNER)],
        CALLS,
        [called(61, 2), called(61, 3), called(61, 4, 2, outcome=CallOutcome.REFUSED)],
    )
    for text, kind, value in (
        ("catalogue max(Duration) < 1 s", "function", 300),
        ("catalogue avg(Errors) < 99 %", "function", 0.5),
        ("catalogue sum(Invocations) < 9", "function", 2),
        ("checkout avg(Throttles) <= 100 %", "function", 1),
        ("web avg(call_latency) < 9 s", "client", 3000),
        ("web avg(gave_up) < 60 %", "client", 0.333333),
        ("web avg(succeeded) > 40 %", "client", 0.666667),
        ("web avg(amplification) < 2", "client", 1),
        ("web sum(attempts) < 9", "client", 3),
        ("web sum(executed_for_nobody) < 9", "client", 1),
    ):
        found = verdict(text, *story, kind=kind)
        assert (found["value"], found["met"]) == (value, True), text


def test_every_period_must_hold_and_the_worst_is_told() -> None:
    story = [attempt(60 * k + 1, 100 * k) for k in range(11)]  # the first is warm-up
    found = verdict("shop/prod max(Latency) < 950 ms in every 1 min", ATTEMPTS, story)
    assert found == {
        "text": "shop/prod max(Latency) < 950 ms in every 1 min", "value": 1000, "met": False, "periods_met": 9,
        "periods": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "worst"),
    [
        ("shop/prod sum(Count) >= 2 in every 1 min", 1),
        ("shop/prod sum(Count) <= 2 in every 1 min", 4),
        ("shop/prod sum(Count) == 3 in every 1 min", 1),
        ("shop/prod sum(Count) != 3 in every 1 min", 3),
    ],
)
def test_the_worst_period_is_the_one_farthest_on_the_wrong_side(text: str, worst: int) -> None:
    story = [attempt(60 * k + n, 10) for k, count in ((1, 3), (2, 1), (3, 4)) for n in range(count)]
    assert verdict(text, ATTEMPTS, story)["value"] == worst


def test_every_period_means_the_period_of_the_metrics() -> None:
    found = verdict("shop/prod sum(Count) >= 1 in every PERIOD", ATTEMPTS, [attempt(61), attempt(121)])
    assert (found["periods_met"], found["periods"], found["met"]) == (2, 2, True)


def test_a_period_of_its_own_length() -> None:
    story = [attempt(at, 10) for at in (61, 62, 80, 81, 82)]
    found = verdict("shop/prod sum(Count) <= 2 in every 10 s", ATTEMPTS, story)
    assert (found["value"], found["periods"], found["met"]) == (3, 2, False)


@pytest.mark.parametrize(
    ("slow", "met"), [((3, 7), True), ((3, 6), True), ((3, 5), False), ((3, 4, 9), False)]
)
def test_m_of_n_periods(slow: tuple[int, ...], met: bool) -> None:
    """Two of any three: two failures may not stand within three periods."""
    story = [attempt(60 * k + 1, 900 if k in slow else 100) for k in range(1, 11)]
    found = verdict("shop/prod max(Latency) < 500 ms in 2 of 3 periods", ATTEMPTS, story)
    assert (found["met"], found["value"]) == (met, 900)


def test_a_period_without_a_sample_fails_nothing() -> None:
    found = verdict("shop/prod sum(Count) >= 1 in 3 of 3 periods", ATTEMPTS, [attempt(61), attempt(601)])
    assert (found["met"], found["periods"]) == (True, 2)
    assert verdict("shop/prod sum(Count) >= 1 in 3 of 3 periods")["met"] is None


def test_concurrency_of_a_function() -> None:
    ticks = [
        level(PLAN, at, GaugeKind.CONCURRENCY, CATALOGUE, 0, low=0, peak=peak, area=60 * mean * SECOND)
        for at, peak, mean in ((60, 99, 50), (120, 8, 4), (180, 12, 2))
    ]
    for text, value in (
        ("catalogue max(ConcurrentExecutions) < 13", 12),
        ("catalogue avg(ConcurrentExecutions) < 1", 0.6),  # six minutes' worth in ten
        ("catalogue max(ConcurrentExecutions) < 13 in every 1 min", 12),
        ("catalogue avg(ConcurrentExecutions) < 5 in every 1 min", 4),
    ):
        found = verdict(text, LEVELS, ticks, kind="function")
        assert (found["value"], found["met"]) == (value, True), text


def test_periods_are_judged_as_they_close() -> None:
    """What an expectation keeps of a period is its figure, not its samples."""
    metrics = Metrics(PLAN, [expectation("shop/prod p95(Latency) < 1 s in every 1 min")])
    watch = metrics.watches[0]
    for period in range(4):
        metrics.fold(block(ATTEMPTS, [attempt(60 * period + n, 10 + n) for n in range(50)]))
        assert list(watch._open) == [period]
        metrics.close(period)
        assert (list(watch._open), list(watch.values)) == ([], list(range(period + 1)))
