"""Limits: who reached them, whom they refused, and how little was left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from metrics.stories import (
    ACCOUNT,
    ACME,
    BLOG,
    BUCKETS,
    CAPACITY,
    CATALOGUE,
    CHECKOUT,
    EVERY_METHOD,
    GOLD,
    GOLD_STOCK,
    HOBBY_0,
    HOBBY_1,
    INVENTORY,
    ITEMS,
    MS,
    ORDERS,
    ORDERS_LIMIT,
    POSTS,
    QUOTA,
    RESERVED,
    RPS,
    SCALING,
    SECOND,
    SHOP,
    STOCK,
    UNRESERVED,
    attempt,
    bucket,
    invocation,
    level,
    refused,
    story_plan,
    summary,
    throttled,
    told,
)

from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, GaugeKind, Plan
from apigw_sim.records import ATTEMPTS, INVOCATIONS, LEVELS, Outcome
from apigw_sim.rules import reason
from apigw_sim.rules.bucket import TOKEN

PLAN = story_plan()


def limits(plan: Plan, *story: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = summary(told(plan, *story))["limits"]
    return found


def event(at: float, *cells: tables.Cell) -> tables.Event:
    return tables.Event(round(at * SECOND), NULL, "set", "story.yaml:9:1", cells)


def test_a_row_for_every_limit_with_what_to_change() -> None:
    rows = limits(PLAN)
    assert [row["limit"] for row in rows] == [limit.label for limit in PLAN.limits]
    assert list(rows[ORDERS_LIMIT]) == [
        "limit", "path", "where", "ceiling", "peak_1s", "lowest_tokens", "first_refusal_s", "refused",
    ]  # fmt: skip
    assert list(rows[EVERY_METHOD])[8:] == ["worst", "buckets", "buckets_refused"]
    assert (rows[ACCOUNT]["path"], rows[ACCOUNT]["ceiling"]) == ("path.of.account", "100/s burst 50")


def test_a_request_refused_at_one_level_does_not_reach_the_next() -> None:
    # plan per method, plan, quota, method, account: each refuses one of six.
    levels = (GOLD_STOCK, GOLD, QUOTA, EVERY_METHOD, ACCOUNT)
    story = [refused(61.5, by, STOCK, api_key=ACME) for by in levels] + [
        attempt(61.9, method=STOCK, api_key=ACME)
    ]
    rows = limits(PLAN, ATTEMPTS, story)
    assert [rows[by]["peak_1s"] for by in levels] == [6, 5, 4, 3, 2]
    assert [rows[by]["refused"] for by in levels] == [1, 1, 1, 1, 1]


def test_with_the_account_in_front_it_is_reached_by_all() -> None:
    lost = attempt(61.2, 8, 403, NULL, stage=SHOP, reason=reason.MISSING_AUTHENTICATION_TOKEN)
    story = [
        refused(61, ACCOUNT, STOCK, api_key=ACME),
        refused(61, GOLD, STOCK, api_key=ACME),
        lost,
        attempt(61.3),
    ]
    rows = limits(story_plan(front=True), ATTEMPTS, story)
    assert [rows[by]["peak_1s"] for by in (ACCOUNT, GOLD_STOCK, GOLD, EVERY_METHOD)] == [4, 1, 1, 1]
    assert (rows[ACCOUNT]["refused"], rows[GOLD]["refused"]) == (1, 1)


def test_a_403_reaches_no_throttle() -> None:
    keyless = attempt(61, 8, 403, STOCK, reason=reason.INVALID_API_KEY)
    lost = attempt(61, 8, 403, NULL, stage=SHOP, reason=reason.MISSING_AUTHENTICATION_TOKEN)
    assert {row["peak_1s"] for row in limits(PLAN, ATTEMPTS, [keyless, lost])} == {0}


def test_a_key_on_a_method_that_needs_none_is_not_metered() -> None:
    rows = limits(PLAN, ATTEMPTS, [attempt(61, api_key=ACME)])
    assert (rows[GOLD]["peak_1s"], rows[QUOTA]["peak_1s"], rows[ACCOUNT]["peak_1s"]) == (0, 0, 1)


def test_a_method_without_a_throttle_still_reaches_the_account() -> None:
    rows = limits(PLAN, ATTEMPTS, [attempt(61, method=POSTS, stage=BLOG)])
    assert (rows[EVERY_METHOD]["peak_1s"], rows[ACCOUNT]["peak_1s"]) == (0, 1)


def test_what_comes_after_the_throttles_has_reached_them_all() -> None:
    story = [
        attempt(61, status=500, reason=reason.LAMBDA_THROTTLED, refused_by=RESERVED, method=ORDERS),
        attempt(61, status=503, reason=reason.BACKEND_5XX, refused_by=CAPACITY, method=ORDERS),
    ]
    rows = limits(PLAN, ATTEMPTS, story)
    assert (rows[ORDERS_LIMIT]["peak_1s"], rows[ACCOUNT]["peak_1s"]) == (2, 2)
    assert rows[RESERVED]["refused"] == 0  # its refusals are counted from the invocations


def test_the_worst_bucket_is_the_one_that_refused_most() -> None:
    story = [refused(61 + n / 10, GOLD, STOCK, api_key=HOBBY_1) for n in range(2)]
    story += [refused(70, GOLD, STOCK, api_key=HOBBY_0)]
    story += [attempt(80 + n / 10, method=STOCK, api_key=ACME) for n in range(9)]
    lows = [
        level(PLAN, 120, GaugeKind.TOKENS, 4, 0, low=0),
        level(PLAN, 120, GaugeKind.TOKENS, 6, TOKEN, low=TOKEN * 999_999 // 1_000_000),
    ]
    row = limits(PLAN, ATTEMPTS, story, LEVELS, lows)[GOLD]
    assert (row["worst"], row["peak_1s"], row["refused"]) == ("hobby[1]", 2, 3)
    assert (row["buckets"], row["buckets_refused"]) == (3, 2)
    assert row["lowest_tokens"] == 0.999  # less than one, and not rounded up to it
    assert row["first_refusal_s"] == 61.0


def test_without_a_refusal_the_worst_bucket_is_the_emptiest() -> None:
    lows = [level(PLAN, 60, GaugeKind.TOKENS, row, 0, low=low * TOKEN) for row, low in ((1, 3), (3, 2))]
    row = limits(PLAN, LEVELS, lows)[EVERY_METHOD]
    assert (row["worst"], row["lowest_tokens"]) == ("GET /stock/{id}", 2)


def test_lows_are_of_the_whole_run() -> None:
    lows = [
        level(PLAN, at, GaugeKind.TOKENS, 0, 0, low=low * TOKEN) for at, low in ((60, 7), (120, 9), (180, 50))
    ]
    assert limits(PLAN, LEVELS, lows)[ACCOUNT]["lowest_tokens"] == 7
    assert limits(PLAN)[ACCOUNT]["lowest_tokens"] is None


def test_a_quota_counts_what_is_left_of_it() -> None:
    lows = [level(PLAN, 60, GaugeKind.QUOTA_LEFT, 1, 12), level(PLAN, 120, GaugeKind.QUOTA_LEFT, 2, 3)]
    row = limits(PLAN, LEVELS, lows)[QUOTA]
    assert (row["worst"], row["lowest_tokens"], row["buckets"]) == ("hobby[1]", 3, 3)


def test_first_refusals_are_of_the_whole_run_and_refusals_of_the_summary() -> None:
    row = limits(PLAN, ATTEMPTS, [refused(12.3456, ACCOUNT), refused(61, ACCOUNT)])[ACCOUNT]
    assert (row["first_refusal_s"], row["refused"], row["peak_1s"]) == (12.346, 1, 1)


# Lambda and HTTP backends


def test_an_invocation_refused_for_want_of_concurrency_never_asks_for_its_request_rate() -> None:
    story = [
        throttled(61, CATALOGUE, RPS, Outcome.THROTTLED_RPS),
        throttled(61.1, CATALOGUE, UNRESERVED, Outcome.THROTTLED_ACCOUNT),
        throttled(61.2, CATALOGUE, SCALING, Outcome.THROTTLED_SCALING),
        invocation(61.3, provisioning_ns=MS, init_ns=MS),
        invocation(61.4),
    ]
    rows = limits(PLAN, INVOCATIONS, story)
    assert [rows[by]["peak_1s"] for by in (RPS, UNRESERVED, SCALING)] == [4, 5, 2]
    assert [rows[by]["refused"] for by in (RPS, UNRESERVED, SCALING)] == [1, 1, 1]
    assert rows[SCALING]["worst"] == "catalogue"


def test_a_reserved_function_does_not_use_the_unreserved_pool() -> None:
    rows = limits(PLAN, INVOCATIONS, [invocation(61, backend=CHECKOUT), invocation(61)])
    assert (rows[RESERVED]["peak_1s"], rows[UNRESERVED]["peak_1s"], rows[RPS]["peak_1s"]) == (1, 1, 2)


def test_nothing_reaches_a_function_that_is_down() -> None:
    down = invocation(61, duration_ns=NULL, outcome=Outcome.OUTAGE)
    assert limits(PLAN, INVOCATIONS, [down])[UNRESERVED]["peak_1s"] == 0


def test_what_concurrency_left_is_the_ceiling_less_the_peak() -> None:
    peaks = [
        level(PLAN, 60, GaugeKind.CONCURRENCY, CHECKOUT, 0, peak=7, area=0),
        level(PLAN, 60, GaugeKind.UNRESERVED_CONCURRENCY, 0, 0, peak=400, area=0),
        level(PLAN, 120, GaugeKind.BUSY, INVENTORY, 0, peak=4, area=0),
        level(PLAN, 120, GaugeKind.QUEUE, INVENTORY, 0, peak=1, area=0),
    ]
    rows = limits(PLAN, LEVELS, peaks)
    assert [rows[by]["lowest_tokens"] for by in (RESERVED, UNRESERVED, CAPACITY)] == [3, 590, 1]
    assert rows[SCALING]["lowest_tokens"] is None


def test_a_full_queue_leaves_nothing() -> None:
    full = invocation(
        61, duration_ns=NULL, backend=INVENTORY, outcome=Outcome.QUEUE_FULL, refused_by=CAPACITY
    )
    row = limits(PLAN, INVOCATIONS, [full, invocation(61, backend=INVENTORY)])[CAPACITY]
    assert (row["lowest_tokens"], row["refused"], row["peak_1s"]) == (0, 1, 2)


def test_a_ceiling_raised_in_time_leaves_what_it_left_then() -> None:
    plan = story_plan(timeline=(event(60, tables.Cell("reserved", (CHECKOUT, 100))),))
    peaks = [
        level(plan, 60, GaugeKind.CONCURRENCY, CHECKOUT, 0, peak=6, area=0),
        level(plan, 120, GaugeKind.CONCURRENCY, CHECKOUT, 0, peak=98, area=0),
    ]
    assert limits(plan, LEVELS, peaks)[RESERVED]["lowest_tokens"] == 2


def test_a_function_that_is_given_a_reservation_leaves_the_pool_from_then_on() -> None:
    checkout = replace(PLAN.backends[1], reserved=NULL, reserved_limit=NULL)
    backends = (replace(PLAN.backends[0], reserved_limit=RESERVED), checkout, PLAN.backends[2])
    plan = story_plan(backends=backends, timeline=(event(70, tables.Cell("reserved", (CATALOGUE, 20))),))
    rows = limits(plan, INVOCATIONS, [invocation(69.999)] + [invocation(at) for at in (70, 70.1, 70.2)])
    assert (rows[UNRESERVED]["peak_1s"], rows[RESERVED]["peak_1s"]) == (1, 3)


# limits that come, go and move on the timeline


@pytest.mark.parametrize(("at", "reached"), [(69.999, 0), (70, 1)])
def test_a_bucket_that_is_off_is_no_limit_until_it_is_set(at: float, reached: int) -> None:
    buckets = (*BUCKETS[:2], bucket(ORDERS_LIMIT, 2, 2, "POST /orders", off=True), *BUCKETS[3:])
    plan = story_plan(buckets=buckets, timeline=(event(70, tables.Cell("bucket", (2, 1, 1, ORDERS_LIMIT))),))
    rows = limits(plan, ATTEMPTS, [attempt(at, method=ORDERS)])
    assert (rows[ORDERS_LIMIT]["peak_1s"], rows[ACCOUNT]["peak_1s"]) == (reached, 1)


def test_a_method_that_is_named_on_the_timeline_has_a_limit_of_its_own_from_then_on() -> None:
    plan = story_plan(timeline=(event(70, tables.Cell("bucket", (1, 1, 1, ORDERS_LIMIT))),))
    story = [attempt(61), attempt(62), attempt(62), refused(80, ORDERS_LIMIT, ITEMS), attempt(90)]
    rows = limits(plan, ATTEMPTS, story)
    assert (rows[EVERY_METHOD]["peak_1s"], rows[EVERY_METHOD]["refused"]) == (2, 0)
    own = rows[ORDERS_LIMIT]
    assert (own["peak_1s"], own["refused"], own["worst"]) == (1, 1, "GET /items/{id}")


def test_a_throttle_that_ends_is_reached_no_more() -> None:
    plan = story_plan(timeline=(event(70, tables.Cell("bucket", (2, 0, 0, NULL))),))
    assert limits(plan, ATTEMPTS, [attempt(70, method=ORDERS)])[ORDERS_LIMIT]["peak_1s"] == 0
