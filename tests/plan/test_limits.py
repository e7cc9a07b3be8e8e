"""Limits as rows: one for each that is written or defaulted, and the buckets and quotas that it governs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from apigw_sim import units
from apigw_sim.errors import ScenarioError
from apigw_sim.plan import plan
from apigw_sim.plan.periods import resets
from apigw_sim.plan.tables import NULL, Bucket, LimitKind, Plan
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.scenario import load

Make = Callable[..., Plan]
SETTINGS = "apis.shop.stages.prod.method_settings"
KEYS: dict[str, Any] = {
    "usage_plans": {
        "gold": {
            "throttle": {"rate": "100/s", "burst": 200},
            "quota": {"limit": 1000, "period": "DAY", "offset": 10},
            "stages": {"shop/prod": {"GET /stock/{id}": {"rate": "20/s", "burst": 40}}},
        },
        "free": {"throttle": {"rate": "5/s", "burst": 10}, "stages": {"shop/prod": {}}},
    },
    "api_keys": {"acme": {"plans": ["gold"]}, "hobby": {"plans": ["free"], "count": 3}},
}


def labels(made: Plan) -> list[str]:
    return [limit.label for limit in made.limits]


def behind(made: Plan, label: str) -> str:
    row = made.limits[labels(made).index(label)]
    return "" if row.next_behind == NULL else made.limits[row.next_behind].label


def owned(made: Plan, label: str) -> list[Bucket]:
    """The buckets that a limit governs."""
    return [bucket for bucket in made.buckets if bucket.limit == labels(made).index(label)]


def test_limits_of_the_flash_sale(root: Path) -> None:
    made = plan(load(root / "scenarios" / "flash_sale.yaml"))
    rows = [(row.label, row.path, row.ceiling) for row in made.limits]
    assert rows == [
        ("account throttle", "account.throttle.rate", "10000/s burst 5000"),
        ("shop/prod every_method throttle", f"{SETTINGS}.every_method.throttle.rate", "2000/s burst 1000"),
        ("shop/prod POST /orders throttle", f'{SETTINGS}["POST /orders"].throttle.rate', "200/s burst 100"),
        ("plan gold throttle", "usage_plans.gold.throttle.rate", "100/s burst 200"),
        ("plan gold quota", "usage_plans.gold.quota.limit", "1000000 per DAY"),
        ("plan gold shop/prod GET /stock/{id} throttle",
         'usage_plans.gold.stages["shop/prod"]["GET /stock/{id}"].rate', "20/s burst 40"),
        ("plan free throttle", "usage_plans.free.throttle.rate", "5/s burst 10"),
        ("plan free quota", "usage_plans.free.quota.limit", "500 per DAY"),
        ("Lambda account concurrency", "account.lambda_concurrency", "900 unreserved of 1000"),
        ("Lambda account requests per second", "account.lambda_concurrency", "10000/s"),
        ("catalogue scaling rate", "account.lambda_scaling", "1000 per 10 s"),
        ("checkout reserved concurrency", "functions.checkout.reserved_concurrency", "100"),
        ("checkout reserved requests per second", "functions.checkout.reserved_concurrency", "1000/s"),
        ("checkout scaling rate", "account.lambda_scaling", "1000 per 10 s"),
        ("inventory concurrency", "backends.inventory.http.concurrency", "64 at once, queue 200"),
    ]  # fmt: skip
    assert len(made.buckets) == 1 + 3 + 1 + 1 + 1000 + 1 + 1
    assert made.keys == len(made.quotas) == 1001
    lines = (root / "scenarios" / "flash_sale.yaml").read_text().splitlines()
    orders = made.limits[2].where.rsplit(":", 2)
    assert orders[0].endswith("flash_sale.yaml")
    assert lines[int(orders[1]) - 1][int(orders[2]) - 1 :].startswith("200/s")
    assert made.limits[10].where == "default"


def test_an_account_that_says_nothing_has_its_regions_throttle(make: Make) -> None:
    made = make(over={"account.region": "eu-central-2"})
    bucket = made.buckets[made.account.bucket]
    assert (bucket.rate, bucket.full, bucket.start) == (2_500_000, 1250 * TOKEN, 1250 * TOKEN)


def test_what_is_used_elsewhere_lowers_the_rate_and_leaves_the_burst(make: Make) -> None:
    made = make(over={"account.used_elsewhere": {"rate": "3000.5/s", "lambda_concurrency": 400}})
    bucket = made.buckets[made.account.bucket]
    assert (bucket.rate, bucket.full) == (6_999_500, 5000 * TOKEN)
    assert made.limits[bucket.limit].ceiling == "6999.5/s burst 5000"
    assert made.account.unreserved == 600
    assert made.buckets[made.account.rps_bucket].rate == 6_000_000


def test_copies_of_every_method_share_a_row_and_no_bucket(make: Make) -> None:
    made = make(over={
        f"{SETTINGS}.every_method.throttle": {"rate": "200/s", "burst": 100},
        f'{SETTINGS}["GET /items/{{id}}"].throttle.rate': "0.5/s",
        f'{SETTINGS}["GET /stock/{{id}}"].throttle': False,
    })  # fmt: skip
    items, stock, orders = made.methods
    own, every = made.buckets[items.bucket], made.buckets[orders.bucket]
    assert stock.bucket == NULL
    assert made.limits[every.limit].label == "shop/prod every_method throttle"
    assert made.limits[own.limit].label == "shop/prod GET /items/{id} throttle"
    assert every.limit < own.limit
    assert (own.rate, own.full, own.owner) == (500, 100 * TOKEN, "GET /items/{id}")


def test_plan_buckets_and_quotas_are_per_key(make: Make) -> None:
    made = make(KEYS, over={"api_keys.late": {"plans": ["free"]}})
    acme, hobby, late = made.key_groups
    stock = 1
    assert (acme.first, acme.count, hobby.first, hobby.count, late.first, made.keys) == (0, 1, 1, 3, 4, 5)
    free = hobby.access[0]
    assert free.plan_bucket.keys() == {stock}
    assert free.method_bucket == {}
    owners = [made.buckets[free.plan_bucket[stock] + ordinal].owner for ordinal in range(3)]
    assert owners == ["hobby[0]", "hobby[1]", "hobby[2]"]
    assert owners == [made.key_name(key) for key in (1, 2, 3)]
    assert free.quota == NULL
    gold = acme.access[0]
    assert made.buckets[gold.method_bucket[stock]].rate == 20_000
    assert (made.quotas[gold.quota].requests, made.quotas[gold.quota].used) == (1000, 10)


def test_by_key_and_method_a_plan_has_a_bucket_for_each_method_that_requires_a_key(make: Make) -> None:
    over = {'apis.shop.methods["POST /orders"].api_key_required': True}
    assert len(owned(make(KEYS, over=over), "plan free throttle")) == 3
    over["assumptions.usage_plan_bucket"] = "key_and_method"
    made = make(KEYS, over=over)
    assert len(owned(made, "plan free throttle")) == 6
    access = made.key_groups[1].access[0]
    assert made.buckets[access.plan_bucket[2] + 1].owner == "hobby[1] POST /orders"


def test_a_plans_bucket_is_one_over_all_its_stages(make: Make) -> None:
    parts = {
        "usage_plans": {
            "free": {"throttle": {"rate": "5/s", "burst": 10}, "stages": {"shop/prod": {}, "shop/dev": {}}}
        },
        "api_keys": {"hobby": {"plans": ["free"]}},
    }
    made = make(parts, over={"apis.shop.stages.dev": {}})
    access = made.key_groups[0].access
    assert set(access[0].plan_bucket.values()) == set(access[1].plan_bucket.values())
    assert len(owned(made, "plan free throttle")) == 1


def test_reservations_have_rows_of_their_own_and_leave_the_rest(make: Make) -> None:
    made = make(over={"functions.worker.reserved_concurrency": 50, "account.lambda_concurrency": 200})
    worker = made.backends[0]
    assert (worker.reserved, made.account.unreserved) == (50, 150)
    assert made.limits[worker.reserved_limit].kind is LimitKind.LAMBDA_RESERVED
    rps = made.buckets[worker.rate_bucket]
    assert (rps.rate, rps.full) == (500_000, 500 * TOKEN)
    assert made.buckets[made.account.rps_bucket].rate == 2_000_000


def test_the_request_limit_can_have_another_burst_or_be_none(make: Make) -> None:
    half = make(over={"assumptions.lambda_request_burst": "500 ms"})
    assert half.buckets[half.account.rps_bucket].full == 5000 * TOKEN
    none = make(over={"account.lambda_requests_per_concurrency": "none", "account.lambda_scaling": "none"})
    assert (none.account.rps_bucket, none.account.scaling, none.backends[0].scaling_limit) == (
        NULL,
        NULL,
        NULL,
    )
    assert labels(none) == ["account throttle", "Lambda account concurrency"]


def test_the_start_can_be_set(make: Make) -> None:
    made = make(KEYS, over={
        f"{SETTINGS}.every_method.throttle": {"rate": "200/s", "burst": 100},
        "initial": {
            "environments": {"worker": 7}, "quota_used": {"acme": 5},
            "tokens": {"account.throttle": 3, f"{SETTINGS}.every_method.throttle": 0, "usage_plans.free.throttle": 1},
        },
    })  # fmt: skip
    assert made.backends[0].initial_environments == 7
    assert made.quotas[0].used == 15
    assert made.buckets[made.account.bucket].start == 3 * TOKEN
    assert [made.buckets[method.bucket].start for method in made.methods] == [0, 0, 0]
    assert {bucket.start for bucket in owned(made, "plan free throttle")} == {TOKEN}
    assert {bucket.start for bucket in owned(made, "plan gold throttle")} == {200 * TOKEN}


def test_the_limit_behind_has_the_next_higher_ceiling_on_a_shared_way(make: Make) -> None:
    made = make(KEYS, over={
        f"{SETTINGS}.every_method.throttle": {"rate": "2000/s", "burst": 100},
        "functions.worker.reserved_concurrency": 500,
        'apis.shop.methods["GET /stock/{id}"].integration': {"lambda_proxy": "worker"},
    })  # fmt: skip
    assert behind(made, "plan gold quota") == "plan gold shop/prod GET /stock/{id} throttle"
    assert behind(made, "plan gold shop/prod GET /stock/{id} throttle") == "plan gold throttle"
    assert behind(made, "plan gold throttle") == "shop/prod every_method throttle"
    assert behind(made, "plan free throttle") == "shop/prod every_method throttle"
    # 500 at once of 100 ms are 5,000 requests per second, and so are ten a second for each of the 500.
    assert behind(made, "shop/prod every_method throttle") == "worker reserved concurrency"
    assert behind(made, "worker reserved concurrency") == "worker reserved requests per second"
    assert behind(made, "worker scaling rate") == "worker reserved concurrency"
    assert behind(made, "Lambda account requests per second") == ""


@pytest.mark.parametrize(
    ("period", "start", "days", "week", "expected"),
    [
        ("DAY", "2026-11-27T18:00:00+09:00", 0, "MONDAY", ["2026-11-28T00:00Z"]),
        ("DAY", "2026-11-27T00:00:00Z", 1, "MONDAY", ["2026-11-28T00:00Z", "2026-11-29T00:00Z"]),
        ("DAY", "2028-02-28T23:59:59.5Z", 1, "MONDAY", ["2028-02-29T00:00Z", "2028-03-01T00:00Z"]),
        ("WEEK", "2026-11-27T12:00:00Z", 10, "MONDAY", ["2026-11-30T00:00Z", "2026-12-07T00:00Z"]),
        ("WEEK", "2026-11-27T12:00:00Z", 1, "SATURDAY", ["2026-11-28T00:00Z"]),
        ("WEEK", "2026-11-30T00:00:00Z", 7, "MONDAY", ["2026-12-07T00:00Z"]),
        ("MONTH", "2026-12-31T20:00:00-05:00", 31, "MONDAY", ["2027-02-01T00:00Z"]),
        ("MONTH", "2026-11-27T12:00:00Z", 40, "MONDAY", ["2026-12-01T00:00Z", "2027-01-01T00:00Z"]),
    ],
)
def test_quotas_begin_anew_with_calendar_periods_in_utc(
    period: str, start: str, days: int, week: str, expected: list[str]
) -> None:
    begin = datetime.fromisoformat(start)
    wanted = [round((datetime.fromisoformat(text) - begin).total_seconds() * 1e9) for text in expected]
    assert list(resets(period, begin, days * units.DAY, week)) == wanted


def test_assumptions_are_listed_only_where_they_bear(make: Make) -> None:
    assert [text.partition("=")[0] for text in make().assumptions] == [
        "scaling_rate_model", "lambda_request_burst", "rest_overhead", "lambda_overhead", "provisioning",
        "metrics_stamp",
    ]  # fmt: skip
    more = make(KEYS, over={
        "usage_plans.gold.quota.period": "WEEK",
        "apis.shop.stages.prod.cache_cluster": "0.5 GB",
        f"{SETTINGS}.every_method.caching": {"ttl": "300 s"},
        "functions.worker.cold_start": "none",
        "assumptions.token_accounting": "as_you_go",
    })  # fmt: skip
    assert "token_accounting=as_you_go" in more.assumptions
    assert {"quota_week_starts=MONDAY", "cache_hit_time=1 ms", "usage_plan_bucket=key"} < set(
        more.assumptions
    )
    assert not any(text.startswith("provisioning") for text in more.assumptions)


def test_a_law_beyond_what_can_be_drawn_is_refused_with_its_place(make: Make) -> None:
    with pytest.raises(ScenarioError) as error:
        make(over={"functions.worker.duration": {"p50": "1 s", "p99": "1000 s"}})
    assert "functions.worker.duration: it reaches beyond 39 h" in str(error.value)
