"""QUOTA001: what AWS gives unasked, tested at the quota and one above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim import quotas
from apigw_sim.advice import Advice
from apigw_sim.advice.raisable import SETTINGS, USES

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
MOCK = {"integration": {"mock": {}}}
THROTTLE = {"rate": "5/s", "burst": 5}


def _methods(resources: int) -> dict[str, Any]:
    """Methods of so many resources: the root, /items, /items/{id}, and one part each."""
    return dict.fromkeys(["GET /items/{id}", *(f"GET /part{n}" for n in range(resources - 3))], MOCK)


def _plans(count: int) -> dict[str, Any]:
    return {f"plan{n}": {"stages": {"shop/prod": {}}} for n in range(count)}


def _plans_of_a_key(count: int) -> dict[str, Any]:
    return {
        "apis.shop.stages": {f"s{n}": {} for n in range(count)},
        "clients.web.target": "shop/s0",
        "usage_plans": {f"plan{n}": {"stages": {f"shop/s{n}": {}}} for n in range(count)},
        "api_keys": {"acme": {"plans": [f"plan{n}" for n in range(count)]}},
    }


def _authorizers(n: int) -> dict[str, Any]:
    made: dict[str, Any] = {f"authorizers.a{k}": {"type": "COGNITO_USER_POOLS"} for k in range(n)}
    for k in range(n):
        made[f'apis.shop.methods["GET /m{k}"]'] = {"integration": {"mock": {}}, "authorizer": f"a{k}"}
    return made


def _method_throttles(count: int) -> dict[str, Any]:
    routes = list(_methods(count + 2))
    return {
        "apis.shop.methods": dict.fromkeys(routes, MOCK),
        "usage_plans": {"gold": {"stages": {"shop/prod": dict.fromkeys(routes, THROTTLE)}}},
    }


SMALL = {"account.region": "eu-south-1"}
# quota -> (its value, what uses so much of it, the path, what is said of one more)
CASES: dict[str, tuple[int, Callable[[int], dict[str, Any]], str, str]] = {
    "account_throttle_rate": (
        10_000, lambda n: {"account.throttle.rate": f"{n}/s"}, "account.throttle.rate",
        "the account's throttle has rate 10001/s, and AWS gives 10000/s per account and Region until",
    ),
    "account_throttle_burst": (
        5000, lambda n: {"account.throttle.burst": n}, "account.throttle.burst",
        "the account's throttle has burst 5001, and AWS gives 5000 per",
    ),
    "small_region_throttle_rate": (
        2500, lambda n: {**SMALL, "account.throttle.rate": f"{n}/s"}, "account.throttle.rate",
        "rate 2501/s, and AWS gives 2500/s",
    ),
    "small_region_throttle_burst": (
        1250, lambda n: {**SMALL, "account.throttle.burst": n}, "account.throttle.burst",
        "burst 1251, and AWS gives 1250",
    ),
    "integration_timeout_max": (
        29, lambda n: {"account.integration_timeout_limit": f"{n} s"}, "account.integration_timeout_limit",
        "integrations may wait up to 30 s, and AWS gives 29 s",
    ),
    "resources_per_api": (
        300, lambda n: {"apis.shop.methods": _methods(n)}, "apis.shop.methods", "shop has 301 resources with its root",
    ),
    "routes_per_http_api": (
        300,
        lambda n: {
            "apis.shop.type": "HTTP",
            "apis.shop.methods": {f"GET /r{k}": {"integration": {"lambda_proxy": "worker"}} for k in range(n)},
            "clients.web.calls": [{"call": "GET /r0"}],
        },
        "apis.shop.methods", "shop has 301 routes, and AWS gives 300 per HTTP API",
    ),
    "stages_per_api": (
        10, lambda n: {"apis.shop.stages": {"prod": {}} | {f"s{k}": {} for k in range(n - 1)}}, "apis.shop.stages",
        "shop has 11 stages, and AWS gives 10 per API",
    ),
    "authorizers_per_api": (10, _authorizers, "apis.shop.methods", "shop uses 11 authorizers, and AWS gives 10 per API"),
    "usage_plans": (300, lambda n: {"usage_plans": _plans(n)}, "usage_plans", "there are 301 usage plans"),
    "plans_per_key": (10, _plans_of_a_key, "api_keys.acme.plans", "API key acme is in 11 usage plans"),
    "method_throttles_per_plan_stage": (
        20, _method_throttles, 'usage_plans.gold.stages["shop/prod"]', "usage plan gold throttles 21 methods",
    ),
    "lambda_concurrency": (
        1000, lambda n: {"account.lambda_concurrency": n}, "account.lambda_concurrency",
        "the account has a Lambda concurrency of 1,001, and AWS gives 1000",
    ),
    "websocket_connections_rate": (
        500, lambda n: {"account.websocket_connections.rate": f"{n}/s"}, "account.websocket_connections.rate",
        "new connections have rate 501/s, and AWS gives 500/s per account and Region: new connections until",
    ),
    "dynamodb_capacity_max": (
        40_000, lambda n: {"tables.t": {"write_capacity": n}}, "tables.t.write_capacity",
        "t has 40,001 write units a second, and AWS gives 40000 per table",
    ),
    **{
        f"{small}start_{express}execution_{part}": (
            n,
            lambda n, f=field, s=small, p=part: {
                **({"account.region": "eu-central-1"} if s else {}),
                f"account.{f}": {"rate": "1/s", "burst": 1} | {p: f"{n}/s" if p == "rate" else n},
            },
            f"account.{field}.{part}",
            f"StartExecution has {part} ",
        )
        for small, express, field, rate, burst in (
            ("", "", "start_execution", 300, 1300), ("small_", "", "start_execution", 150, 800),
            ("", "express_", "start_express_execution", 6000, 6000),
        )
        for part, n in (("rate", rate), ("burst", burst))
    },
}  # fmt: skip


def _of(found: list[Advice], path: str) -> list[Advice]:
    return [each for each in found if each.path == path]


@pytest.mark.parametrize("name", CASES)
def test_quota001_fires_one_above_what_aws_gives(advice: Advised, name: str) -> None:
    n, over, path, said = CASES[name]
    (found,) = _of(advice("QUOTA001", over(n + 1)), path)
    assert said in found.text
    assert found.source.startswith("https://docs.aws.amazon.com/")
    assert "ask" in found.fix


@pytest.mark.parametrize("name", CASES)
def test_quota001_is_silent_at_what_aws_gives(advice: Advised, name: str) -> None:
    n, over, path, _ = CASES[name]
    assert not _of(advice("QUOTA001", over(n)), path)


def test_quota001_warns_what_a_longer_integration_timeout_may_cost(one: One) -> None:
    _, _, fix = one("QUOTA001", {"account.integration_timeout_limit": "60 s"})
    assert fix.endswith("AWS may lower the account's throttle rate in return")


def test_every_quota_that_aws_raises_is_looked_at() -> None:
    raised = {name for name, quota in quotas.limits().items() if quota.adjustable != "no"}
    assert raised == {*USES, *SETTINGS}
    assert set(CASES) == set(USES)
    for name, (n, *_) in CASES.items():
        value = quotas.limits()[name].value
        assert value == (n * 10**9 if quotas.limits()[name].unit == "time" else n)
