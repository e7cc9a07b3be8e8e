"""What `set` reaches in mid-run, what expectations and the start may say."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from apigw_sim.scenario import Scenario, load
from apigw_sim.scenario.api import Caching
from apigw_sim.scenario.settings import Throttle
from apigw_sim.units import GB, MINUTE, MS, SECOND

Given = Callable[..., Scenario]
Problems = Callable[..., list[str]]
BASE = "apis.shop.stages.prod.method_settings"
PLAN = {
    "throttle": {"rate": "5/s", "burst": 5},
    "quota": {"limit": 5, "period": "DAY"},
    "stages": {"shop/prod": {"POST /orders": {"rate": "1/s", "burst": 1}}},
}


def with_sets(data: dict[str, Any], *sets: dict[str, Any]) -> dict[str, Any]:
    data["timeline"] = [{"at": f"{number + 1} min", "set": each} for number, each in enumerate(sets)]
    return data


@pytest.mark.parametrize(
    ("path", "written", "value"),
    [
        ("account.throttle.rate", "400/s", Fraction(400)),
        ("account.throttle", {"rate": "400/s", "burst": 5}, Throttle(rate="400/s", burst=5)),  # type: ignore[arg-type]
        ("account.lambda_concurrency", 500, 500),
        ("account.used_elsewhere.rate", "5/s", Fraction(5)),
        ("account.used_elsewhere.lambda_concurrency", 5, 5),
        (f"{BASE}.every_method.throttle", {"rate": "4/s", "burst": 5}, Throttle(rate="4/s", burst=5)),  # type: ignore[arg-type]
        (f'{BASE}["POST /orders"].throttle', False, False),
        (f'{BASE}["GET /items/{{id}}"].caching', {"ttl": "5 s"}, Caching(ttl="5 s")),  # type: ignore[arg-type]
        (f'{BASE}["GET /items/{{id}}"].caching', False, False),
        ("apis.shop.stages.prod.cache_cluster", "1.6 GB", int(1.6 * GB)),
        ("usage_plans.gold.throttle.burst", 7, 7),
        ("usage_plans.gold.quota.limit", 7, 7),
        ('usage_plans.gold.stages["shop/prod"]["POST /orders"].rate', "7/s", Fraction(7)),
        ("functions.f.reserved_concurrency", 7, 7),
        ("functions.f.timeout", "7 s", 7 * SECOND),
    ],
)
def test_what_can_be_set(small: dict[str, Any], path: str, written: object, value: object) -> None:
    small["usage_plans"] = {"gold": PLAN}
    made = load(with_sets(small, {path: written}))
    change = made.timeline[0].set
    assert change is not None
    assert change[0].value == value


def test_each_set_stands_on_the_ones_before_it(small: dict[str, Any], problems: Problems) -> None:
    first = {f'{BASE}["POST /orders"].throttle': {"rate": "5/s", "burst": 5}}
    then = {f'{BASE}["POST /orders"].throttle.rate': "6/s"}
    load(with_sets(small, first, then))
    assert "there is no throttle yet to change in part" in problems(data=with_sets(small, then, first))[0]


def test_a_method_that_is_not_named_gets_its_copy(small: dict[str, Any]) -> None:
    small["apis"]["shop"]["stages"]["prod"]["method_settings"] = {
        "every_method": {"throttle": {"rate": "5/s", "burst": 5}}
    }
    load(with_sets(small, {f'{BASE}["POST /orders"].throttle.rate': "6/s"}))


def test_limits_hold_after_each_set(small: dict[str, Any], problems: Problems) -> None:
    small["functions"]["f"]["reserved_concurrency"] = 800
    said = problems(data=with_sets(small, {"account.lambda_concurrency": 850}))
    assert len(said) == 1
    assert said[0].startswith(
        'timeline[0].set["account.lambda_concurrency"]: Specified ReservedConcurrentExecutions'
    )
    assert said[0].endswith("[100]; reserve 750 at most, or raise account.lambda_concurrency (now 850)")
    said = problems(data=with_sets(small, {"account.used_elsewhere.lambda_concurrency": 1000}))
    assert "1000 used elsewhere leaves nothing of the account's 1000" in said[0]
    load(with_sets(small, {"account.lambda_concurrency": 2000}, {"functions.f.reserved_concurrency": 1900}))


# -- expectations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "value", "rest"),
    [
        ("shop/prod p99(Latency) < 800 ms", "stage", 800 * MS, (None, None)),
        ("shop/prod p99.9(Latency) < 800 ms", "stage", 800 * MS, (None, None)),
        ("shop/prod avg(4XXError) <= 0.5 %", "stage", Fraction(1, 200), (None, None)),
        ("shop/prod sum(5XXError) == 0", "stage", 0, (None, None)),
        ("shop/prod avg(5XXError) < 1 % in every 2 min", "stage", Fraction(1, 100), (2 * MINUTE, None)),
        ("shop/prod avg(5XXError) < 1 % in every period", "stage", Fraction(1, 100), (MINUTE, None)),
        ("shop/prod avg(5XXError) < 1 % in 3 of 5 periods", "stage", Fraction(1, 100), (None, (3, 5))),
        ("web sum(attempts) > 5", "client", 5, (None, None)),
        ("client web avg(amplification) < 1.2", "client", Fraction(6, 5), (None, None)),
        ("client web p99(call_latency) < 2 s", "client", 2 * SECOND, (None, None)),
        ("function f sum(Throttles) == 0", "function", 0, (None, None)),
        ("f max(ConcurrentExecutions) < 900", "function", 900, (None, None)),
        ("shop/prod count(Latency) > 10", "stage", 10, (None, None)),
    ],
)
def test_expectations(given: Given, text: str, kind: str, value: object, rest: object) -> None:
    found = given({"expect": [text]}).expect[0]
    assert (found.text, found.kind, found.value, (found.every_period, found.m_of_n)) == (
        text,
        kind,
        value,
        rest,
    )


def test_an_expectation_of_one_route(given: Given) -> None:
    found = given({"expect": ["shop/prod avg(Latency) of GET /items/{id} < 1 s"]}).expect[0]
    assert str(found.of_route) == "GET /items/{id}"


def test_a_shared_name_is_told_apart_by_the_metric(small: dict[str, Any]) -> None:
    small["functions"]["web"] = {"duration": "1 ms"}
    small["expect"] = ["web sum(attempts) > 5", "web sum(Invocations) > 5", "client web sum(calls) > 5"]
    assert [found.kind for found in load(small).expect] == ["client", "function", "client"]


# -- the start ----------------------------------------------------------------------------------------------------


def test_the_start(small: dict[str, Any]) -> None:
    small["usage_plans"] = {"gold": PLAN}
    small["api_keys"] = {"acme": {"plans": ["gold"]}}
    small["initial"] = {
        "environments": {"f": 5},
        "cache": "empty",
        "tokens": {"account.throttle": 0, 'usage_plans.gold.stages["shop/prod"]["POST /orders"]': 1},
        "quota_used": {"acme": 5},
    }
    made = load(small).initial
    assert (made.environments, made.quota_used) == ({"f": 5}, {"acme": 5})
    assert made.tokens["account.throttle"] == 0


# -- what is wrong once is said once ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        ({"functions": {"f": 5}}, "functions.f"),
        ({"functions": {"f g": {"duration": "5 ms"}}}, 'functions["f g"]'),
        ({"functions": [1]}, "functions"),
        (
            {"apis.shop.methods": {"get /items/{id}": {"integration": {"lambda_proxy": "f"}}}},
            "apis.shop.methods",
        ),
        ({"apis.shop.stages": {"prod/": {}}}, "apis.shop.stages"),
        ({"apis": 5}, "apis"),
        ({"run.duration": 5}, "run.duration"),
        ({"run": 5}, "run"),
        ({"run": {"duration": 5, "warm_up": "1 min"}}, "run.duration"),
        ({"account.throttle.rate": 5}, "account.throttle.rate"),
        ({"functions.f.duration": {"p50": 5, "p99": "5 ms"}}, "functions.f.duration.p50"),
        ({"clients.web.calls[0].call": "GET"}, "clients.web.calls[0].call"),
        ({"clients.web.calls": 5}, "clients.web.calls"),
        ({"clients.web.arrivals": {"process": "even", "rates": "5/s"}}, "clients.web.arrivals.rates"),
        (
            {f"{BASE}": {"every_method": {"throttle": {"rate": 5, "burst": 5}}, "POST /orders": {}}},
            f"{BASE}.every_method.throttle.rate",
        ),
    ],
)
def test_one_mistake_is_one_problem(problems: Problems, overrides: dict[str, Any], path: str) -> None:
    said = problems(overrides)
    assert len(said) == 1, said
    assert said[0].startswith(f"override {path}")
