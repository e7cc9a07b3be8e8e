"""AUTH rules: authorizers that cache nothing or too much, that starve what they guard, and policies that allow nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
ITEMS, LIST = 'apis.shop.methods["GET /items/{id}"]', 'apis.shop.methods["GET /list"]'
RATE = "clients.web.arrivals.rate"
MANY = {"clients.web.identities": {"count": 1000}}


def guarded(**authorizer: Any) -> dict[str, Any]:
    """GET /items/{id} behind the authorizer who, a function of its own of 50 ms."""
    return {
        "functions.who": {"duration": "50 ms"},
        "authorizers.who": {"type": "TOKEN", "function": "who", **authorizer},
        f"{ITEMS}.authorizer": "who",
    }


def test_auth001_fires_for_an_authorizer_without_a_ttl(one: One) -> None:
    path, text, fix = one("AUTH001", guarded(ttl="0 s"))
    assert path == "authorizers.who.ttl"
    assert text == (
        "who caches nothing: each request to shop/prod GET /items/{id} invokes who before its backend, "
        "one invocation more for every request, throttled ones too"
    )
    assert fix.startswith("write ttl: 300 s")


def test_auth001_is_silent_with_a_ttl_without_a_method_and_for_a_user_pool(advice: Advised) -> None:
    assert not advice("AUTH001", guarded(ttl="1 s"))
    assert not advice("AUTH001", {**guarded(ttl="0 s"), f"{ITEMS}.authorizer": None})
    pool = {"authorizers.who": {"type": "COGNITO_USER_POOLS", "ttl": "0 s"}, f"{ITEMS}.authorizer": "who"}
    assert not advice("AUTH001", pool)


def test_auth002_fires_where_neither_has_a_reservation(one: One) -> None:
    path, text, fix = one("AUTH002", guarded())
    assert path == "functions.who.reserved_concurrency"
    assert text.startswith("who and the function behind it, worker, share the unreserved concurrency")
    assert "functions.who" in fix


def test_auth002_is_silent_where_one_of_them_has_or_nothing_is_behind(advice: Advised) -> None:
    assert not advice("AUTH002", {**guarded(), "functions.who.reserved_concurrency": 10})
    assert not advice("AUTH002", {**guarded(), "functions.worker.reserved_concurrency": 10})
    assert not advice("AUTH002", {**guarded(), f"{ITEMS}.authorizer": None, f"{LIST}.authorizer": "who"})


def test_auth003_fires_for_a_cached_policy_of_the_called_method_that_guards_two(one: One) -> None:
    path, text, fix = one("AUTH003", {**guarded(policy="called_method"), f"{LIST}.authorizer": "who"})
    assert path == "authorizers.who.policy"
    assert text == (
        "who answers with a policy of the called method and caches it for 5 min: who calls one of GET /items/{id} "
        "and GET /list on shop/prod is denied the others until then"
    )
    assert "context.httpMethod" in fix


def test_auth003_is_silent_for_one_method_without_a_cache_and_with_the_method_in_the_key(
    advice: Advised,
) -> None:
    both = {f"{LIST}.authorizer": "who"}
    assert not advice("AUTH003", guarded(policy="called_method"))
    assert not advice("AUTH003", {**guarded(policy="called_method", ttl="0 s"), **both})
    assert not advice("AUTH003", {**guarded(), **both})
    sources = {"type": "REQUEST", "identity_sources": ["header.Authorization", "context.resourcePath"]}
    assert not advice("AUTH003", {**guarded(policy="called_method", **sources), **both})


def test_auth004_fires_for_a_client_of_which_nobody_said_how_many_it_is(one: One) -> None:
    path, text, fix = one("AUTH004", guarded())
    assert path == "clients.web"
    assert (
        text
        == "web calls with one identity that is valid, so who is asked once in a TTL and nobody is refused"
    )
    assert "identities: {count: 20000" in fix


def test_auth004_is_silent_with_identities_or_without_a_cache(advice: Advised) -> None:
    assert not advice("AUTH004", {**guarded(), **MANY})
    assert not advice("AUTH004", guarded(ttl="0 s"))
    assert not advice("AUTH004")


def test_auth005_fires_for_a_policy_without_an_allow(one: One) -> None:
    deny = [{"effect": "Deny", "from": ["192.0.2.0/24"]}]
    path, text, _ = one("AUTH005", {"apis.shop.resource_policy": deny, "clients.web.address": "10.0.0.1"})
    assert path == "apis.shop.resource_policy"
    assert text == (
        "the resource policy of shop allows nobody: without an Allow GET /items/{id}, GET /list and POST /orders "
        "answer 403 to everybody"
    )


def test_auth005_is_silent_with_an_allow_or_where_lambda_authorizers_and_iam_allow(advice: Advised) -> None:
    here = {"clients.web.address": "10.0.0.1"}
    deny: list[dict[str, Any]] = [{"effect": "Deny", "from": ["192.0.2.0/24"]}]
    assert not advice("AUTH005", {"apis.shop.resource_policy": [*deny, {"effect": "Allow"}], **here})
    own = {
        **guarded(), f"{LIST}.authorization": "AWS_IAM", 'apis.shop.methods["POST /orders"].authorizer': "who",
        "apis.shop.resource_policy": deny, **here,
    }  # fmt: skip
    assert not advice("AUTH005", own)


def test_lmb003_counts_an_authorizer_that_caches_nothing(one: One, advice: Advised) -> None:
    """500/s of 50 ms need 25 places."""
    tight = {RATE: "500/s", "functions.who.reserved_concurrency": 24, **MANY}
    path, text, _ = one("LMB003", {**guarded(ttl="0 s"), **tight})
    assert path == "functions.who.reserved_concurrency"
    assert text.startswith("who needs 25 at once and has its reserved concurrency of 24")
    assert not advice("LMB003", {**guarded(ttl="0 s"), **tight, "functions.who.reserved_concurrency": 25})
    assert not advice("LMB003", {**guarded(), **tight})
