"""HTTP rules: preflights that an authorizer catches, and a 503 that may be a timeout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
WORKER = {"lambda_proxy": "worker"}
RETRY = {"attempts": 3, "statuses": [429, 503]}


def http(
    route: str, *, cors: bool = True, method: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The shop as an HTTP API with one route, which a client calls, and one that is not idempotent."""
    methods = {
        route: {"integration": WORKER, **(method or {})},
        "POST /orders": {"integration": WORKER},
        **more,
    }
    return {
        "apis": {
            "shop": {
                "type": "HTTP", "endpoint": "REGIONAL", "cors": cors, "methods": methods, "stages": {"prod": {}},
            }
        },
        "authorizers": {"jwt": {"type": "JWT"}},
        "clients": {
            "web": {
                "target": "shop/prod", "arrivals": {"process": "even", "rate": "1/s"},
                "calls": [{"call": "POST /orders", "idempotent": False}],
            }
        },
    }  # fmt: skip


def test_http001_fires_for_a_default_route_with_an_authorizer(one: One) -> None:
    path, text, fix = one("HTTP001", **http("$default", method={"authorizer": "jwt"}))
    assert path == 'apis.shop.methods["$default"]'
    assert text == (
        "shop $default asks who calls and catches preflights, which carry no credentials: each is refused, and "
        "browsers call nothing of it"
    )
    assert fix == "add OPTIONS /{proxy+} without an authorizer"


def test_http001_fires_for_any_with_iam(one: One) -> None:
    path, _, fix = one("HTTP001", **http("ANY /items", method={"authorization": "AWS_IAM"}))
    assert (path, fix) == ('apis.shop.methods["ANY /items"]', "name its methods one by one")


def test_http001_is_silent_without_cors_or_authorizer_and_where_options_goes_before(advice: Advised) -> None:
    guarded = {"authorizer": "jwt"}
    assert not advice("HTTP001", **http("$default", cors=False, method=guarded))
    assert not advice("HTTP001", **http("$default"))
    assert not advice("HTTP001", **http("GET /items", method=guarded))
    open_options = {"OPTIONS /{proxy+}": {"integration": WORKER}}
    assert not advice("HTTP001", **http("$default", method=guarded, **open_options))


def test_http002_fires_where_a_503_is_repeated(one: One) -> None:
    path, text, _ = one("HTTP002", {"clients.web.retry": RETRY}, **http("GET /"))
    assert path == "clients.web.retry.statuses"
    assert text.startswith(
        "web repeats a 503 of POST /orders, and no 504: an HTTP API's 503 may be the integration's"
    )


def test_http002_is_silent_for_rest_for_who_knows_and_for_what_does_no_harm(advice: Advised) -> None:
    assert not advice(
        "HTTP002", {"clients.web.retry": RETRY, "apis.shop.type": "REST"}, **http("GET /", cors=False)
    )
    assert not advice("HTTP002", {"clients.web.retry": {**RETRY, "statuses": [503, 504]}}, **http("GET /"))
    assert not advice("HTTP002", {"clients.web.retry": {**RETRY, "statuses": [429]}}, **http("GET /"))
    assert not advice("HTTP002", {"clients.web.retry": {**RETRY, "attempts": 1}}, **http("GET /"))
    harmless = {"clients.web.retry": RETRY, "clients.web.calls[0].idempotent": True}
    assert not advice("HTTP002", harmless, **http("GET /"))


def test_lmb001_knows_that_an_http_api_answers_503(one: One) -> None:
    _, text, _ = one("LMB001", {"functions.worker.timeout": "1 min"}, **http("GET /"))
    assert "wait 30 s for it: after the 503 it runs on for up to 30 s" in text
