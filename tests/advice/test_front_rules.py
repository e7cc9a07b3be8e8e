"""Rules on domains and endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
DOMAIN = {"endpoint": "REGIONAL", "certificate": "us-east-1", "mappings": {"v1": "shop/prod"}}
TARGET, NETWORK = "clients.web.target", "clients.web.network"


def domains(**more: Any) -> dict[str, Any]:
    return {"domains": {"api.example.com": {**DOMAIN, **more}}}


def test_dom001_fires_for_a_path_that_is_not_mapped(one: One) -> None:
    path, text, fix = one("DOM001", {TARGET: "api.example.com/v2"}, **domains())
    assert path == TARGET
    assert text == "api.example.com maps v1, and web calls v2: 403 for each call, without metric or log"
    assert fix.startswith("map it under domains.api.example.com.mappings")
    _, text, _ = one("DOM001", {TARGET: "api.example.com"}, **domains())
    assert "web calls (none)" in text


def test_dom001_is_silent_where_it_is_mapped(advice: Advised) -> None:
    assert not advice("DOM001", {TARGET: "api.example.com/v1"}, **domains())
    assert not advice("DOM001", {TARGET: "api.example.com"}, **domains(mappings={"(none)": "shop/prod"}))


def test_dom002_fires_while_the_default_endpoint_answers(one: One) -> None:
    path, text, fix = one("DOM002", **domains(mutual_tls=True))
    assert path == "apis.shop"
    assert (
        text
        == "api.example.com asks for certificates, and shop answers without one under its default endpoint"
    )
    assert fix == "write disable_default_endpoint: true"


def test_dom002_is_silent_where_it_is_disabled_or_nobody_asks(advice: Advised) -> None:
    over = {"apis.shop.disable_default_endpoint": True, TARGET: "api.example.com/v1"}
    assert not advice("DOM002", over, **domains(mutual_tls=True))
    assert not advice("DOM002", **domains())


def test_edge001_fires_where_the_pop_is_as_far_as_the_region(one: One) -> None:
    over = {"apis.shop.endpoint": "EDGE", NETWORK: {"rtt": "100 ms", "new_connection": "5 %"}}
    path, text, _ = one("EDGE001", over)
    assert path == NETWORK
    assert (
        text
        == "web calls an edge-optimized endpoint whose POP is as far as the Region: it gains nothing by it"
    )


def test_edge001_is_silent_with_a_pop_nearby_or_without_an_edge(advice: Advised) -> None:
    near = {"rtt": "100 ms", "rtt_to_edge": "5 ms", "new_connection": "5 %"}
    assert not advice("EDGE001", {"apis.shop.endpoint": "EDGE", NETWORK: near})
    assert not advice("EDGE001", {NETWORK: {"rtt": "100 ms", "new_connection": "5 %"}})
