"""Rules on browsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
MOCK = {"integration": {"mock": {"status": 204}}}
ORDER = {"clients.web.calls": [{"call": "POST /orders"}], "clients.web.browser": {}}
KEYS: dict[str, Any] = {
    "usage_plans": {"p": {"stages": {"shop/prod": {}}}}, "api_keys": {"k": {"plans": ["p"]}},
    "authorizers": {"pool": {"type": "COGNITO_USER_POOLS"}},
}  # fmt: skip
OPTIONS = 'apis.shop.methods["OPTIONS /orders"]'


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (None, "no method serves it"),
        ({**MOCK, "api_key_required": True}, "OPTIONS /orders requires an API key"),
        ({**MOCK, "authorizer": "pool"}, "OPTIONS /orders asks who calls"),
        ({**MOCK, "authorization": "AWS_IAM"}, "OPTIONS /orders asks who calls"),
        ({"integration": {"mock": {"status": 404}}}, "OPTIONS /orders answers 404"),
    ],
)
def test_cors001_fires_where_no_preflight_is_permitted(one: One, options: Any, why: str) -> None:
    over = ORDER if options is None else {**ORDER, OPTIONS: options}
    path, text, _ = one("CORS001", over, **KEYS)
    assert path == "clients.web.calls[0]"
    assert text == f"the preflight of POST /orders fails each time, since {why}: the call is never sent"


def test_cors001_is_silent_where_it_is_or_none_is_sent(advice: Advised) -> None:
    assert not advice("CORS001", {**ORDER, OPTIONS: MOCK}, **KEYS)
    assert not advice("CORS001", {**ORDER, "clients.web.calls": [{"call": "GET /list"}]}, **KEYS)
    assert not advice("CORS001", {"clients.web.calls": [{"call": "POST /orders"}]}, **KEYS)
