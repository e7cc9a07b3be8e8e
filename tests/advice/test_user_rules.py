"""USERS rules: closed-loop users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
SETTINGS = "apis.shop.stages.prod.method_settings"


def users(count: int, account: str = "100/s", **more: Any) -> dict[str, Any]:
    """Users who think for 880 ms and wait for 120 ms: 20 of network and 100 of work; each makes a call a second."""
    web = {
        "target": "shop/prod", "users": {"count": count, "think_time": "880 ms", **more.pop("users", {})},
        "calls": [{"call": "GET /items/{id}", "path": {"id": 1}}], "network": {"rtt": "20 ms"}, **more,
    }  # fmt: skip
    return {
        "clients": {"web": web}, "account": {"throttle": {"rate": account, "burst": 100}},
        "assumptions": {"rest_overhead": "0 ms", "lambda_overhead": "0 ms"},
    }  # fmt: skip


def test_users001_fires_where_n_over_r_plus_z_is_above_the_accounts_rate(one: One) -> None:
    path, text, fix = one("USERS001", **users(101))
    assert path == "clients.web.users.count"
    assert text == (
        "101 users who call every 1 s on the average (120 ms until the answer is there, 880 ms of thinking) make 101/s, and "
        "the account takes 100/s: the rest is refused, calm or not"
    )
    assert fix == "raise account.throttle.rate to 101/s, or have 100 users at most"


def test_users001_fires_where_a_methods_throttle_is_below_its_share(one: One) -> None:
    """Half of those who are at the list go on to an order: 2 of 3 calls and 1 of 3. A session of 1.5 calls of 0.02 s each has
    0.5 thoughts of 0.88 s and a pause of 1.03 s: 1.5 s, so 30 users make 30 calls a second, 10 of them orders."""
    calls = [{"call": "GET /list", "leave": "50 %"}, {"call": "POST /orders"}]
    settings = {f"{SETTINGS}": {"POST /orders": {"throttle": {"rate": "9/s", "burst": 9}}}}
    said = users(30, calls=calls, users={"sessions": {"pause": "1030 ms"}})
    path, text, fix = one("USERS001", settings, **said)
    assert path == "clients.web.users.count"
    assert text.endswith("make 10/s, and POST /orders takes 9/s: the rest is refused, calm or not")
    assert fix == f'raise {SETTINGS}["POST /orders"].throttle.rate to 10/s, or have 27 users at most'


def test_users001_is_silent_up_to_the_limits_and_for_arrivals(advice: Advised) -> None:
    assert not advice("USERS001")
    assert not advice("USERS001", **users(100))
