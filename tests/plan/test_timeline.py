"""The timeline as cells: `set` by the rules of copies, faults that overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim import units
from apigw_sim.plan.tables import NULL, Cell, Plan, Unauthorized
from apigw_sim.rules.bucket import TOKEN

Make = Callable[..., Plan]
SETTINGS = "apis.shop.stages.prod.method_settings"
EVERY = f"{SETTINGS}.every_method"
ITEMS, STOCK, ORDERS = 0, 1, 2
THROTTLED = {f"{EVERY}.throttle": {"rate": "200/s", "burst": 100}}


def sets(*changes: dict[str, Any]) -> dict[str, Any]:
    """A timeline with a `set` each minute."""
    return {"timeline": [{"at": f"{minute} min", "set": change} for minute, change in enumerate(changes, 1)]}


def rates(made: Plan, event: int) -> dict[str, tuple[float, str]]:
    """What an event does to the buckets of methods: the rate per second and the limit's label, by owner."""
    found = {}
    for cell in made.timeline[event].begin:
        bucket, rate, _, limit = cell.args
        found[made.buckets[bucket].owner] = (rate / 1000, made.limits[limit].label)
    return found


def test_a_set_on_every_method_reaches_only_methods_that_are_not_named(make: Make) -> None:
    over = {**THROTTLED, f'{SETTINGS}["POST /orders"].caching': False}
    made = make(sets({f"{EVERY}.throttle.rate": "300/s"}), over=over)
    every = "shop/prod every_method throttle"
    assert rates(made, 0) == {"GET /items/{id}": (300, every), "GET /stock/{id}": (300, every)}
    # It started from a copy: the same row of limits until it has a throttle of its own.
    assert made.limits[made.buckets[made.methods[ORDERS].bucket].limit].label == every


def test_a_set_on_a_method_that_is_not_named_makes_its_copy(make: Make) -> None:
    made = make(sets(
        {f"{EVERY}.throttle.burst": 50},
        {f'{SETTINGS}["POST /orders"].throttle.rate': "30/s"},
        {f"{EVERY}.throttle": {"rate": "7/s", "burst": 7}},
    ), over=THROTTLED)  # fmt: skip
    own = "shop/prod POST /orders throttle"
    assert rates(made, 1) == {"POST /orders": (30, own)}
    bucket = made.methods[ORDERS].bucket
    assert made.timeline[1].begin == (
        Cell("bucket", (bucket, 30_000, 50 * TOKEN, made.timeline[1].begin[0].args[3])),
    )
    assert rates(made, 2).keys() == {"GET /items/{id}", "GET /stock/{id}"}
    assert [(event.before, event.after) for event in made.timeline] == [
        ("100", "50"), ("200/s", "30/s"), ("{rate: 200/s, burst: 50}", "{rate: 7/s, burst: 7}"),
    ]  # fmt: skip


def test_a_named_method_goes_on_with_what_every_method_was_when_it_was_named(make: Make) -> None:
    made = make(sets(
        {f'{SETTINGS}["POST /orders"].caching': False},
        {f"{EVERY}.throttle.rate": "300/s"},
        {f'{SETTINGS}["POST /orders"].throttle.burst': 8},
    ), over=THROTTLED)  # fmt: skip
    assert made.timeline[0].begin == ()
    assert "POST /orders" not in rates(made, 1)
    assert rates(made, 2) == {"POST /orders": (200, "shop/prod POST /orders throttle")}


def test_a_throttle_that_comes_in_mid_run_has_a_bucket_that_is_off_until_then(make: Make) -> None:
    made = make(sets(
        {f'{SETTINGS}["POST /orders"].throttle': {"rate": "30/s", "burst": 9}},
        {f'{SETTINGS}["POST /orders"].throttle': False},
    ))  # fmt: skip
    assert [method.bucket == NULL for method in made.methods] == [True, True, False]
    number = made.methods[ORDERS].bucket
    bucket = made.buckets[number]
    assert (bucket.off, bucket.start, made.limits[bucket.limit].ceiling) == (True, 9 * TOKEN, "30/s burst 9")
    assert made.timeline[0].begin == (Cell("bucket", (number, 30_000, 9 * TOKEN, bucket.limit)),)
    assert made.timeline[1].begin == (Cell("bucket", (number, 0, 0, NULL)),)
    assert made.limits[bucket.limit].where == "timeline[0].set"


def test_caching_by_every_method_reaches_get_only_and_a_method_of_its_own_anything(make: Make) -> None:
    made = make(sets(
        {f"{EVERY}.caching": {"ttl": "60 s"}},
        {f'{SETTINGS}["POST /orders"].caching': {"ttl": "5 s", "require_authorization": True}},
        {f'{SETTINGS}["GET /items/{{id}}"].caching.ttl': "0 s"},
    ))  # fmt: skip
    fails = Unauthorized.FAIL_WITH_403
    assert made.timeline[0].begin == (
        Cell("method", (ITEMS, 60 * units.SECOND, False, fails)),
        Cell("method", (STOCK, 60 * units.SECOND, False, fails)),
    )
    assert made.timeline[1].begin == (Cell("method", (ORDERS, 5 * units.SECOND, True, fails)),)
    assert made.timeline[2].begin == (Cell("method", (ITEMS, 0, False, fails)),)
    assert made.timeline[1].before == "none"


def test_lambda_limits_move_together(make: Make) -> None:
    made = make(sets(
        {"account.lambda_concurrency": 500},
        {"functions.worker.reserved_concurrency": 100},
        {"account.used_elsewhere.lambda_concurrency": 50},
        {"functions.worker.timeout": "9 s"},
    ))  # fmt: skip
    rps, own = made.account.rps_bucket, made.backends[0].rate_bucket
    account, reserved = made.buckets[rps].limit, made.buckets[own].limit
    assert made.buckets[own].off
    assert made.backends[0].reserved == NULL
    assert set(made.timeline[0].begin) == {
        Cell("unreserved", (0, 500)), Cell("bucket", (rps, 5_000_000, 5000 * TOKEN, account)),
    }  # fmt: skip
    assert set(made.timeline[1].begin) == {
        Cell("unreserved", (0, 400)), Cell("reserved", (0, 100)),
        Cell("bucket", (own, 1_000_000, 1000 * TOKEN, reserved)),
    }  # fmt: skip
    assert set(made.timeline[2].begin) == {
        Cell("unreserved", (0, 350)), Cell("bucket", (rps, 4_500_000, 4500 * TOKEN, account)),
    }  # fmt: skip
    assert made.timeline[3].begin == (Cell("function", (0, 9 * units.SECOND)),)


def test_plans_and_the_account_change_for_every_key(make: Make) -> None:
    stock = {"GET /stock/{id}": {"rate": "1/s", "burst": 2}}
    parts = {
        "usage_plans": {"free": {"quota": {"limit": 500, "period": "DAY"}, "stages": {"shop/prod": stock}}},
        "api_keys": {"hobby": {"plans": ["free"], "count": 3}},
        **sets(
            {"usage_plans.free.quota.limit": 600},
            {"usage_plans.free.throttle": {"rate": "1/s", "burst": 2}},
            {'usage_plans.free.stages["shop/prod"]["GET /stock/{id}"].rate': "2/s"},
            {"account.used_elsewhere.rate": "4000/s", "account.throttle.burst": 10},
        ),
    }
    made = make(parts)
    assert made.timeline[0].begin == tuple(Cell("quota", (key, 600)) for key in range(3))
    access = made.key_groups[0].access[0]
    plan, method = access.plan_bucket[STOCK], access.method_bucket[STOCK]
    assert [cell.args[:3] for cell in made.timeline[1].begin] == [
        (plan + k, 1000, 2 * TOKEN) for k in range(3)
    ]
    assert [cell.args[:3] for cell in made.timeline[2].begin] == [
        (method + k, 2000, 2 * TOKEN) for k in range(3)
    ]
    assert made.timeline[3].begin == (Cell("bucket", (made.account.bucket, 6_000_000, 10 * TOKEN, 0)),)


def test_entries_act_in_the_order_of_time_and_then_as_they_are_written(make: Make) -> None:
    timeline = [
        {"at": "3 min", "set": {"account.lambda_concurrency": 300}},
        {"at": "1 min", "flush_cache": "shop/prod"},
        {"at": "1 min", "set": {"account.lambda_concurrency": 200}},
        {"at": "1 min", "set": {"apis.shop.stages.prod.cache_cluster": "1.6 GB"}},
    ]
    made = make({"timeline": timeline})
    assert [event.text for event in made.timeline] == [
        "flush the cache of shop/prod", "set account.lambda_concurrency", "set apis.shop.stages.prod.cache_cluster",
        "set account.lambda_concurrency",
    ]  # fmt: skip
    assert [(event.before, event.after) for event in made.timeline[1:]] == [
        ("1000", "200"), ("none", "1.6 GB"), ("200", "300"),
    ]  # fmt: skip
    assert made.timeline[0].begin == (Cell("flush", (0,)),)
    assert made.timeline[2].begin == (Cell("cache", (0, 1_717_986_918)),)


def test_faults_that_overlap_act_together_and_are_taken_back_one_by_one(make: Make) -> None:
    timeline = [
        {"at": "1 min", "fault": {"function": "worker", "slow": 1.5, "for": "3 min"}},
        {"at": "2 min", "fault": {"function": "worker", "errors": "25 %", "for": "1 min"}},
        {"at": "3 min", "fault": {"function": "worker", "outage": True, "for": "2 min"}},
        {"at": "3 min", "fault": {"backend": "store", "slow": 9, "for": "2 min"}},
    ]
    made = make({"timeline": timeline}, over={"backends.store": {"http": {"latency": "5 ms"}}})
    quarter = 2**61
    cells = [(event.begin[0].args, event.end[0].args) for event in made.timeline]
    assert cells == [
        ((0, 1500, 0, 0), (0, 1000, 0, 1)),
        ((0, 1500, quarter, 0), (0, 1500, 0, 1)),
        ((0, 1500, 0, 1), (0, 1000, 0, 0)),
        ((1, 9000, 0, 0), (1, 1000, 0, 0)),
    ]
    assert [event.until // units.MINUTE for event in made.timeline] == [4, 3, 5, 5]
    assert made.timeline[1].text == "function worker: errors 25 % for 1 min"
