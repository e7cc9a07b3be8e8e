"""THR rules: buckets that refuse everything, never act, are too shallow, or are not what they seem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
SETTINGS = "apis.shop.stages.prod.method_settings"
EVERY = f"{SETTINGS}.every_method.throttle"
ORDERS = f'{SETTINGS}["POST /orders"].throttle'
ACCOUNT = "account.throttle"
GOLD: dict[str, Any] = {
    'apis.shop.methods["GET /list"].api_key_required': True,
    "usage_plans": {"gold": {"stages": {"shop/prod": {}}}},
    "api_keys": {"acme": {"plans": ["gold"]}},
}
PLAN = "usage_plans.gold.throttle"
PLAN_METHOD = 'usage_plans.gold.stages["shop/prod"]["GET /list"]'
PLACES = [ACCOUNT, EVERY, ORDERS, PLAN, PLAN_METHOD]


def limit(place: str, rate: str, burst: int) -> dict[str, Any]:
    """A throttle at a place, and a usage plan for it where it needs one."""
    return {**(GOLD if place.startswith("usage_plans") else {}), place: {"rate": rate, "burst": burst}}


@pytest.mark.parametrize("place", PLACES)
def test_thr001_fires_for_a_burst_of_0_wherever_it_stands(one: One, place: str) -> None:
    path, text, fix = one("THR001", limit(place, "100/s", 0))
    assert path == f"{place}.burst"
    assert text.endswith("has burst 0 and refuses every request with 429")
    assert "advice: {ignore: [THR001]}" in fix


def test_thr001_fires_for_a_rate_of_0_and_says_what_the_burst_lets_through(one: One) -> None:
    path, text, _ = one("THR001", limit(ORDERS, "0/s", 7))
    assert path == f"{ORDERS}.rate"
    assert text == (
        "shop/prod POST /orders has rate 0/s: it lets 7 through and then refuses every request with 429"
    )


def test_thr001_names_the_methods_that_a_template_stops(one: One) -> None:
    over = {**limit(EVERY, "0/s", 0), ORDERS: {"rate": "5/s", "burst": 5}}
    _, text, _ = one("THR001", over)
    assert text.startswith("shop/prod every_method (GET /items/{id} and GET /list) has burst 0")


@pytest.mark.parametrize("place", PLACES)
def test_thr001_is_silent_from_1_on_and_for_slow_rates(advice: Advised, place: str) -> None:
    assert not advice("THR001", limit(place, "0.001/s", 1))


def test_thr001_is_silent_for_a_template_that_no_method_takes(advice: Advised) -> None:
    own = {f'{SETTINGS}["{route}"].throttle': {"rate": "5/s", "burst": 5}
           for route in ("GET /items/{id}", "GET /list", "POST /orders")}  # fmt: skip
    assert not advice("THR001", {**limit(EVERY, "0/s", 0), **own})


@pytest.mark.parametrize("place", PLACES[1:])
def test_thr002_fires_just_above_the_accounts_rate_and_burst(advice: Advised, place: str) -> None:
    over = {ACCOUNT: {"rate": "1000/s", "burst": 500}, **limit(place, "1000.001/s", 501)}
    rate, burst = advice("THR002", over)
    assert (rate.path, burst.path) == (f"{place}.rate", f"{place}.burst")
    assert "allows 1000.001/s and the account 1000/s: the account's bucket refuses first" in rate.text
    assert "has burst 501 and the account 500" in burst.text
    assert burst.fix.startswith("write 500 or less")


@pytest.mark.parametrize("place", PLACES[1:])
def test_thr002_is_silent_at_the_accounts_rate_and_burst(advice: Advised, place: str) -> None:
    assert not advice("THR002", {ACCOUNT: {"rate": "1000/s", "burst": 500}, **limit(place, "1000/s", 500)})


@pytest.mark.parametrize("place", PLACES)
def test_thr003_fires_just_below_a_tenth_of_a_second(one: One, place: str) -> None:
    path, text, fix = one("THR003", limit(place, "2000/s", 199))
    assert path == f"{place}.burst"
    assert "holds 199 tokens at 2000/s, 99.5 ms of it" in text
    assert fix.startswith("write burst: 200 or more")
    assert ("GetAccount" in fix) == (place == ACCOUNT)


@pytest.mark.parametrize("place", PLACES)
def test_thr003_is_silent_at_a_tenth_of_a_second(advice: Advised, place: str) -> None:
    assert not advice("THR003", limit(place, "2000/s", 200))


def test_thr003_is_silent_for_a_burst_of_0_of_which_another_rule_speaks(advice: Advised) -> None:
    assert not advice("THR003", limit(ORDERS, "2000/s", 0))


def test_thr004_fires_where_copies_and_own_limits_add_up_to_more_than_the_account(one: One) -> None:
    over = {
        **limit(EVERY, "400/s", 400),
        ORDERS: {"rate": "200.001/s", "burst": 200},
        ACCOUNT: {"rate": "1000/s"},
    }
    path, text, fix = one("THR004", over)
    assert path == f"{EVERY}.rate"
    assert text.startswith("the throttles of 3 methods add up to 1000.001/s, above the account's 1000/s: ")
    assert "(shop/prod every_method, 800/s)" in fix


def test_thr004_counts_every_stage_and_what_is_used_elsewhere(one: One) -> None:
    over = {
        "apis.shop.stages.dev": {
            "method_settings": {"POST /orders": {"throttle": {"rate": "300/s", "burst": 300}}}
        },
        ORDERS: {"rate": "300/s", "burst": 300},
        ACCOUNT: {"rate": "1000/s"},
        "account.used_elsewhere.rate": "401/s",
    }
    _, text, fix = one("THR004", over)
    assert "2 methods add up to 600/s, above the account's 1000/s, of which 401/s are used elsewhere" in text
    assert fix.startswith("lower them to 599/s together")


def test_thr004_is_silent_where_they_add_up_to_the_account(advice: Advised) -> None:
    over = {
        **limit(EVERY, "400/s", 400),
        ORDERS: {"rate": "200/s", "burst": 200},
        ACCOUNT: {"rate": "1000/s"},
    }
    assert not advice("THR004", over)


def test_thr004_is_silent_for_a_single_method_of_which_another_rule_speaks(advice: Advised) -> None:
    assert not advice("THR004", {**limit(ORDERS, "20000/s", 5000)})


def test_thr005_fires_where_two_methods_take_a_copy(one: One) -> None:
    path, text, _ = one("THR005", {**limit(EVERY, "100/s", 50), ORDERS: {"rate": "5/s", "burst": 5}})
    assert path == f"{EVERY}.rate"
    assert text == (
        "shop/prod every_method gives 100/s to each of GET /items/{id} and GET /list, 200/s together: "
        "a stage has no shared bucket"
    )


def test_thr005_is_silent_where_one_method_takes_a_copy(advice: Advised) -> None:
    own = {f'{SETTINGS}["GET /list"].throttle': False, ORDERS: {"rate": "5/s", "burst": 5}}
    assert not advice("THR005", {**limit(EVERY, "100/s", 50), **own})


def test_thr005_is_silent_where_methods_have_their_own(advice: Advised) -> None:
    over = {**limit(ORDERS, "100/s", 50), f'{SETTINGS}["GET /list"].throttle': {"rate": "5/s", "burst": 5}}
    assert not advice("THR005", over)


PARTS = {"assumptions.throttling": {"partitioned": {"hosts": 4}}}
BURST = "apis.shop.stages.prod.method_settings.every_method.throttle"


def test_thr006_fires_where_a_burst_is_less_than_a_token_for_each_host(one: One) -> None:
    path, text, fix = one("THR006", {**PARTS, BURST: {"rate": "10/s", "burst": 3}})
    assert path == "assumptions.throttling"
    assert text.endswith(
        "has burst 3, less than a token for each of 4 hosts: each holds one all the same, 4 together"
    )
    assert fix.startswith("write hosts: 3 or fewer")


def test_thr006_is_silent_for_ideal_buckets_enough_tokens_and_whole_bursts(advice: Advised) -> None:
    small = {BURST: {"rate": "10/s", "burst": 3}}
    assert not advice("THR006", small)
    assert not advice("THR006", {**PARTS, BURST: {"rate": "10/s", "burst": 4}})
    assert not advice(
        "THR006", {"assumptions.throttling": {"partitioned": {"hosts": 4, "each": "burst"}}, **small}
    )
