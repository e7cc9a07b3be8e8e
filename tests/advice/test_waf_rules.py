"""Rules on AWS WAF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
STAGE, POSITION = "apis.shop.stages.prod.waf", "assumptions.account_throttle_position"
RATE, ADDRESS, ADDRESSES = "clients.web.arrivals.rate", "clients.web.address", "clients.web.addresses"
ACCOUNT = {"throttle": {"rate": "100/s", "burst": 10}}


def acl(**rule: Any) -> dict[str, Any]:
    """A web ACL of one rate-based rule."""
    said = {"priority": 0, "rate_based": {"limit": 600, "window": "60 s"}, **rule}
    return {"web_acls": {"front": {"rules": {"flood": said}}}}


def test_waf001_fires_where_more_comes_than_the_account_takes(one: One) -> None:
    path, text, fix = one("WAF001", {STAGE: "front", RATE: "101/s"}, **acl(), account=ACCOUNT)
    assert path == POSITION
    assert text == (
        "101/s come to front at the peak, and the account takes 100/s: what front blocks spends none of its tokens here, "
        "and AWS does not say so; if it does, an attack starves all APIs though it is blocked"
    )
    assert fix.endswith("--set assumptions.account_throttle_position=before_waf")
    _, text, fix = one(
        "WAF001", {STAGE: "front", RATE: "101/s", POSITION: "before_waf"}, **acl(), account=ACCOUNT
    )
    assert "what front blocks spends the account's tokens here, so an attack starves all APIs" in text
    assert fix.endswith("=after_usage_plan")


def test_waf001_is_silent_where_the_account_takes_it_or_nothing_is_blocked(advice: Advised) -> None:
    assert not advice("WAF001", {STAGE: "front", RATE: "100/s"}, **acl(), account=ACCOUNT)
    assert not advice("WAF001", {STAGE: "front", RATE: "101/s"}, **acl(action="COUNT"), account=ACCOUNT)
    assert not advice("WAF001", {RATE: "101/s"}, **acl(), account=ACCOUNT)


def test_waf002_fires_where_no_address_passes_the_limit(one: One) -> None:
    """10/s are 600 in a minute: the limit itself, from one address; of two addresses by 1/k the first has two thirds."""
    path, text, fix = one("WAF002", {STAGE: "front", ADDRESS: "203.0.113.7"}, **acl())
    assert path == "web_acls.front.rules.flood.rate_based.limit"
    assert text == (
        "flood of front acts on more than 600 requests of an address in 1 min, and the busiest, of web, sends some 600.0"
    )
    assert fix.startswith("lower the limit, or say how few addresses call: clients.web.addresses")
    two = {ADDRESS: "203.0.113.0/24", ADDRESSES: {"count": 2, "zipf": {"s": 1}}}
    assert one("WAF002", {STAGE: "front", **two}, **acl())[1].endswith("sends some 400.0")


def test_waf002_is_silent_where_one_does_or_nobody_can_say(advice: Advised) -> None:
    over = {STAGE: "front", ADDRESS: "203.0.113.7"}
    assert not advice("WAF002", over | {RATE: "10.1/s"}, **acl())
    assert not advice("WAF002", over, **acl(rate_based={"limit": 599, "window": "60 s"}))
    users = {"target": "shop/prod", "users": {"count": 9}, "calls": [{"call": "GET /list"}]}
    assert not advice("WAF002", over, **acl(), clients={"web": users})
