"""PLAN rules: usage plans that limit nothing, and keys that open nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
LIST = 'apis.shop.methods["GET /list"].api_key_required'
COVERED: dict[str, Any] = {
    LIST: True,
    "usage_plans": {"gold": {"stages": {"shop/prod": {}}}},
    "api_keys": {"acme": {"plans": ["gold"]}},
}
CALLS = [{"call": "GET /list"}]
THROTTLE = {"rate": "5/s", "burst": 5}


def test_plan001_fires_for_a_stage_where_no_method_requires_a_key(one: One) -> None:
    path, text, fix = one("PLAN001", {**COVERED, LIST: False})
    assert path == 'usage_plans.gold.stages["shop/prod"]'
    assert (
        text
        == "usage plan gold covers shop/prod, where no method requires a key: it limits and counts nothing"
    )
    assert "api_key_required: true" in fix


def test_plan001_fires_for_a_throttle_of_a_method_that_requires_none(one: One) -> None:
    path, text, _ = one(
        "PLAN001", {**COVERED, 'usage_plans.gold.stages["shop/prod"]': {"POST /orders": THROTTLE}}
    )
    assert path == 'usage_plans.gold.stages["shop/prod"]["POST /orders"]'
    assert text == "usage plan gold throttles shop/prod POST /orders, which requires no key: it never acts"


def test_plan001_is_silent_where_a_method_requires_a_key(advice: Advised) -> None:
    assert not advice("PLAN001", COVERED)
    assert not advice("PLAN001", {**COVERED, 'usage_plans.gold.stages["shop/prod"]': {"GET /list": THROTTLE}})


def test_plan002_fires_where_no_plan_covers_the_stage(one: One) -> None:
    path, text, fix = one("PLAN002", {LIST: True})
    assert path == LIST
    assert text == (
        "shop/prod GET /list requires a key, and no usage plan covers shop/prod: every request is refused with 403"
    )
    assert fix.startswith("add shop/prod under stages: of a usage plan")


def test_plan002_fires_for_the_stage_that_is_not_covered_alone(one: One) -> None:
    _, text, _ = one("PLAN002", {**COVERED, "apis.shop.stages.dev": {}})
    assert "no usage plan covers shop/dev" in text


def test_plan002_fires_once_for_the_stage_and_not_again_for_its_clients(one: One) -> None:
    path, _, _ = one("PLAN002", {LIST: True, "clients.web.calls": CALLS})
    assert path == LIST


def test_plan002_fires_where_the_plan_has_no_keys(one: One) -> None:
    _, text, fix = one("PLAN002", {**COVERED, "api_keys": {}})
    assert "shop/prod GET /list requires a key, and usage plan gold has no keys" in text
    assert fix == "give a key the plan: api_keys: {NAME: {plans: [gold]}}"


def test_plan002_fires_for_a_client_that_sends_no_key(one: One) -> None:
    path, text, _ = one("PLAN002", {**COVERED, "clients.web.calls": CALLS})
    assert path == "clients.web"
    assert text == "web calls shop/prod GET /list, which requires a key, and sends none: 403 for each call"


@pytest.mark.parametrize("key", ["lost", {"from": "lost", "uniform": True}])
def test_plan002_fires_for_a_client_whose_key_opens_nothing(one: One, key: object) -> None:
    over = {**COVERED, "api_keys.lost": {"plans": []}, "clients.web.calls": CALLS, "clients.web.api_key": key}
    path, text, fix = one("PLAN002", over)
    assert path == "clients.web.api_key"
    assert text.endswith("and no usage plan of its key lost covers shop/prod: 403 for each call")
    assert fix.endswith("or add shop/prod to a plan of lost")


@pytest.mark.parametrize("key", ["acme", {"from": "acme", "uniform": True}])
def test_plan002_is_silent_for_a_client_whose_key_is_covered(advice: Advised, key: object) -> None:
    assert not advice("PLAN002", {**COVERED, "clients.web.calls": CALLS, "clients.web.api_key": key})


def test_plan002_is_silent_where_no_key_is_required_or_none_of_the_calls_needs_one(advice: Advised) -> None:
    assert not advice("PLAN002", {"clients.web.calls": CALLS})
    assert not advice("PLAN002", COVERED)
