"""every_method: a template of which each method gets its own copy, made once, field by field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.scenario import Scenario, load
from apigw_sim.scenario.model import EffectiveSettings
from apigw_sim.scenario.routes import Route
from apigw_sim.units import SECOND

GET, POST = Route("GET", "/items/{id}"), Route("POST", "/orders")
Given = Callable[..., Scenario]
BASE = "apis.shop.stages.prod.method_settings"


def settings(data: dict[str, Any], table: dict[str, Any], route: Route) -> EffectiveSettings:
    data["apis"]["shop"]["stages"]["prod"]["method_settings"] = table
    return load(data).settings("shop", "prod", route)


TEMPLATE = {
    "throttle": {"rate": "2000/s", "burst": 1000},
    "caching": {"ttl": "60 s", "require_authorization": True},
}


def test_an_unnamed_method_has_the_template(small: dict[str, Any]) -> None:
    found = settings(small, {"every_method": TEMPLATE}, GET)
    assert found.throttle is not None
    assert found.caching is not None
    assert (found.throttle.rate, found.throttle.burst, found.caching.ttl) == (2000, 1000, 60 * SECOND)
    assert not found.named
    assert (found.throttle_from, found.caching_from) == ("every_method", "every_method")
    assert found.throttle_path == f"{BASE}.every_method.throttle"


def test_a_named_method_starts_from_a_copy_to_any_depth(small: dict[str, Any]) -> None:
    table = {"every_method": TEMPLATE, str(GET): {"throttle": {"rate": "5/s"}, "caching": {"ttl": "10 s"}}}
    found = settings(small, table, GET)
    assert found.throttle is not None
    assert found.caching is not None
    assert (found.throttle.rate, found.throttle.burst) == (5, 1000)
    assert (found.caching.ttl, found.caching.require_authorization) == (10 * SECOND, True)
    assert (found.named, found.throttle_from, found.caching_from) == (True, str(GET), str(GET))


def test_what_a_named_method_does_not_write_comes_from_the_template(small: dict[str, Any]) -> None:
    found = settings(small, {"every_method": TEMPLATE, str(GET): {"caching": False}}, GET)
    assert found.caching is None
    assert found.throttle is not None
    assert (found.throttle_from, found.throttle_path) == ("every_method", f"{BASE}.every_method.throttle")


def test_false_is_off(small: dict[str, Any]) -> None:
    found = settings(small, {"every_method": TEMPLATE, str(GET): {"throttle": False, "caching": False}}, GET)
    assert (found.throttle, found.caching) == (None, None)
    found = settings(small, {"every_method": {"throttle": False}, str(GET): TEMPLATE}, GET)
    assert found.throttle is not None


def test_caching_by_the_template_is_for_get_only(small: dict[str, Any]) -> None:
    assert settings(small, {"every_method": TEMPLATE}, POST).caching is None
    named = {"every_method": TEMPLATE, str(POST): {"throttle": {"rate": "5/s", "burst": 5}}}
    assert settings(small, named, POST).caching is None
    cached = settings(small, {"every_method": TEMPLATE, str(POST): {"caching": {"ttl": "5 s"}}}, POST)
    assert cached.caching is not None
    assert cached.caching.require_authorization


def test_a_time_to_live_of_zero_is_off(small: dict[str, Any]) -> None:
    assert settings(small, {"every_method": {"caching": {"ttl": "0 s"}}}, GET).caching is None


def test_overrides_act_before_the_copy(small: dict[str, Any]) -> None:
    small["apis"]["shop"]["stages"]["prod"]["method_settings"] = {
        "every_method": TEMPLATE,
        str(GET): {"throttle": {"rate": "5/s"}},
    }
    made = load(small, overrides={f"{BASE}.every_method.throttle.burst": 77})
    found = made.settings("shop", "prod", GET)
    assert found.throttle is not None
    assert (found.throttle.rate, found.throttle.burst) == (5, 77)


def test_an_override_can_name_a_method(small: dict[str, Any]) -> None:
    small["apis"]["shop"]["stages"]["prod"]["method_settings"] = {"every_method": TEMPLATE}
    made = load(small, overrides=[f'{BASE}["{POST}"].throttle.rate=7/s'])
    found = made.settings("shop", "prod", POST)
    assert found.throttle is not None
    assert (found.throttle.rate, found.throttle.burst, found.named) == (7, 1000, True)


def test_extends_acts_before_the_copy(flash_sale: Path, tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text(
        f"extends: {flash_sale}\n"
        "apis: {shop: {stages: {prod: {method_settings: {every_method: {throttle: {burst: 9}}}}}}}\n"
    )
    found = load(child).settings("shop", "prod", Route("GET", "/stock/{id}"))
    assert found.throttle is not None
    assert (found.throttle.rate, found.throttle.burst, found.caching) == (2000, 9, None)


def test_no_settings(given: Given) -> None:
    found = given().settings("shop", "prod", GET)
    assert found == EffectiveSettings(None, None, False, None, None, None, None)


@pytest.mark.parametrize("route", [GET, POST])
def test_an_empty_entry_is_a_name_and_nothing_else(small: dict[str, Any], route: Route) -> None:
    found = settings(small, {"every_method": TEMPLATE, str(route): {}}, route)
    assert found.named
    assert found.throttle is not None
    assert (found.caching is None) == (route is POST)
