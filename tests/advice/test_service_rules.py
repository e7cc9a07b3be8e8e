"""SVC rules: AWS services behind integrations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
ORDERS = 'apis.shop.methods["POST /orders"]'


def serving(responses: dict[Any, Any] | None = None, **service: Any) -> dict[str, Any]:
    integration: dict[str, Any] = {"service": "table"}
    if responses:
        integration["responses"] = responses
    return {
        "backends.table": {"service": {"rate": "5/s", "burst": 5, **service}},
        f"{ORDERS}.integration": integration,
    }


def test_svc001_fires_for_refusals_that_the_default_response_catches(one: One) -> None:
    path, text, fix = one("SVC001", serving())
    assert path == f"{ORDERS}.integration"
    assert text == (
        "shop POST /orders maps 200 for whatever is not mapped, and table answers 400 when its rate is used up: "
        "to the client what was refused is a success, and nobody tries again"
    )
    assert fix == "map it: responses: {400: 429}"
    assert "503" in one("SVC001", serving({400: 429}, throttle_status=503))[1]


def test_svc001_is_silent_where_refusals_are_mapped_or_no_success(advice: Advised) -> None:
    assert not advice("SVC001")
    assert not advice("SVC001", serving({400: 429}))
    assert not advice("SVC001", serving({200: 200, "default": 500}))
    assert not advice("SVC001", serving({200: 200, "default": "none"}))


def test_err002_and_err003_look_at_services_too(one: One, advice: Advised) -> None:
    assert not advice("ERR002", serving())
    assert "table answers 404 too" in one("ERR002", serving(status={200: "90 %", 404: "rest"}))[1]
    assert "maps no 400 of table" in one("ERR003", serving({200: 200, "default": "none"}))[1]
    assert not advice("ERR003", serving({200: 200, 400: 429, "default": "none"}))
