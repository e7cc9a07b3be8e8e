"""The catalogue's plans of who may call: authorizers of each kind, resource policies, keys that an authorizer gives."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every, throttle
from engine.reaching import Entry, entry
from engine.running import MOCK, MS, SECOND, client, story

SOME = {"count": 40, "valid": "40 %", "denied": "20 %", "missing": "20 %", "zipf": {"s": 0.5}}
TIGHT = {"lambda_concurrency": 10, "used_elsewhere": {"lambda_concurrency": 6}}
EXPIRING = {"count": 20, "expired": "50 %"}
LEAVE = {**AGAIN, "client_timeout": True, "statuses": [429, 500, 503]}
DRAWN = {"p50": "30 ms", "p99": "200 ms"}
COLD = {"provisioning": "20 ms", "init": {"lognormal": {"mean": "60 ms", "cv": 1}}}
KEYS = {"k": {"plans": ["p"], "count": 3}}
OWN_KEYS = {
    "usage_plans": {"p": {**throttle("8/s", 2), "quota": {"limit": 15, "period": "DAY"}, "stages": {"a/s": {}}}},
    "api_keys": KEYS,
}  # fmt: skip


def asked(authorizer: dict[str, Any] | None = None, *timeline: Any, **parts: Any) -> dict[str, Any]:
    """GET / and POST / behind f (100 ms) and an authorizer z; three clients at the same instants, one of them far."""
    z = parts.pop("z", {})
    api = parts.pop("api", {})
    method = {"integration": {"lambda_proxy": "f"}, "authorizer": "who", **parts.pop("method", {})}
    both = [{"call": "GET /"}, {"call": "POST /"}]
    said = story(**{
        "methods": {"GET /": method, "POST /": {**method}, "PUT /": {"integration": MOCK}},
        "functions": {"f": {"duration": "100 ms"}, "z": {"duration": DRAWN, **z}},
        "authorizers": {"who": {"type": "TOKEN", "function": "z", "ttl": "1 s", **(authorizer or {})}},
        "clients": {
            "one": client(every(20 * MS, 3 * SECOND), both, identities=SOME, retry=AGAIN),
            "far": client(
                every(50 * MS, 3 * SECOND), [*both, {"call": "PUT /"}], network={"rtt": "40 ms"}, timeout="150 ms",
                retry=LEAVE, identities={"count": 3},
            ),
            "two": client(every(100 * MS, 3 * SECOND), both),
        },
        "run": {"duration": "3 s", "period": "500 ms"}, "timeline": list(timeline), **parts,
    })  # fmt: skip
    said["apis"]["a"] |= api
    return said


def pool(**parts: Any) -> dict[str, Any]:
    """The same behind a user pool and AWS_IAM."""
    said = asked(authorizers={"who": {"type": "COGNITO_USER_POOLS", "ttl": "1 s"}}, **parts)
    del said["apis"]["a"]["methods"]["POST /"]["authorizer"]
    said["apis"]["a"]["methods"]["POST /"]["authorization"] = "AWS_IAM"
    return said


def policed(said: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
    said["apis"]["a"]["resource_policy"] = list(statements)
    for name, address in (("one", "10.0.0.1"), ("far", "192.0.2.0/28"), ("two", "198.51.100.7")):
        said["clients"][name]["address"] = address
    return said


ALLOW, DENY = (
    {"effect": "Allow", "from": ["10.0.0.0/8", "192.0.2.0/24"]},
    {"effect": "Deny", "from": ["192.0.2.0/24"]},
)

ENTRIES: dict[str, Entry] = {
    "an authorizer with a cache": entry(
        asked({"validation": "50 %"}), "UNAUTHORIZED", "ACCESS_DENIED", "authorizer HIT", "authorizer MISS",
        "authorizer NONE", "flag UNLOGGED", "work for AUTHORIZER", "work for INTEGRATION", "work CRASH",
    ),
    "an authorizer without a cache": entry(
        asked({"ttl": "0 s", "type": "REQUEST"}), "authorizer MISS", "authorizer gone", "UNAUTHORIZED",
    ),
    "an authorizer that starves its backend": entry(
        asked({"ttl": "0 s"}, account=TIGHT), "AUTHORIZER_CONFIGURATION_ERROR", "LAMBDA_THROTTLED",
        "authorizer refused", "retried",
    ),
    "an authorizer with a reservation and cold starts": entry(
        asked({"ttl": "0 s"}, z={"reserved_concurrency": 3, "cold_start": COLD, "idle_lifetime": "50 ms"}),
        "authorizer cold", "refused by LAMBDA_RESERVED", "died",
    ),
    "an authorizer that fails in many ways": entry(
        asked(
            None, {"at": "1 s", "fault": {"function": "z", "errors": "50 %", "for": "500 ms"}},
            {"at": "2 s", "fault": {"function": "z", "outage": True, "for": "300 ms"}},
            z={"crash": "20 %", "malformed": "20 %"}, assumptions={"authorizer_malformed": "AUTHORIZER_CONFIGURATION_ERROR"},
        ),
        "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "work OUTAGE", "work MALFORMED", "fault ended",
    ),
    "an authorizer that is waited for no longer": entry(
        asked(
            {"ttl": "0 s"}, assumptions={
                "authorizer_wait": "50 ms", "lambda_overhead": {"uniform": {"min": "0 ms", "max": "80 ms"}},
            },
        ),
        "AUTHORIZER_FAILURE", "authorizer gone",
    ),
    "a policy of the called method": entry(
        asked({"policy": "called_method", "type": "REQUEST"}), "ACCESS_DENIED", "authorizer HIT"
    ),
    "results by method, flushed": entry(
        asked(
            {"type": "REQUEST", "identity_sources": ["header.A", "context.resourcePath"], "policy": "called_method"},
            {"at": "1 s", "flush_authorizers_cache": "a/s"}, {"at": "1.5 s", "flush_authorizers_cache": "a/s"},
        ),
        "authorizer HIT", "journal",
    ),
    "other authorizers by deployment, and in a canary": entry(
        asked(
            None,
            {"at": "500 ms", "change": {"api": "a", "methods": {"GET /": {"authorizer": "pool"}}}},
            {"at": "1 s", "deploy": "a/s", "canary": {"traffic": "50 %"}},
            {"at": "1.5 s", "promote_canary": "a/s"},
            {"at": "1.6 s", "remove_canary": "a/s"},
            {"at": "2 s", "roll_back": "a/s"},
            authorizers={
                "who": {"type": "TOKEN", "function": "z", "ttl": "1 s"}, "pool": {"type": "COGNITO_USER_POOLS"},
            },
            account=throttle("30/s", 4), assumptions={"account_throttle_position": "front"},
        ),
        "authorizer HIT", "authorizer MISS", "flag CANARY", "UNAUTHORIZED", "THROTTLED",
    ),
    "throttles behind an authorizer": entry(
        asked(settings=throttle("15/s", 3), account=throttle("30/s", 4)), "THROTTLED", "refused by METHOD", "refused by ACCOUNT"
    ),
    "the account's throttle in front of an authorizer": entry(
        asked(
            settings=throttle("5/s", 1), account=throttle("60/s", 20),
            assumptions={"account_throttle_position": "front", "token_accounting": "as_you_go"},
        ),
        "THROTTLED", "refused by METHOD", "refused by ACCOUNT", "UNAUTHORIZED",
    ),
    "keys that an authorizer gives": entry(
        asked(
            method={"api_key_required": True}, api={"api_key_source": "AUTHORIZER"}, **OWN_KEYS,
            clients={
                "one": client(every(20 * MS, 3 * SECOND), identities=SOME, api_key={"from": "k", "zipf": {"s": 1.0}}),
                "none": client(every(100 * MS, 3 * SECOND), [{"call": "GET /"}, {"call": "PUT /"}]),
            },
        ),
        "QUOTA_EXCEEDED", "refused by PLAN", "INVALID_API_KEY", "ACCESS_DENIED",
    ),
    "a cached method behind an authorizer": entry(
        asked(
            stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "1 s"}},
            assumptions={"cache_hit_time": "10 ms", "rest_overhead": DRAWN},
        ),
        "cache HIT", "authorizer HIT",
    ),
    "a user pool and signatures": entry(
        pool(assumptions={"authorization_time": DRAWN}), "UNAUTHORIZED", "INVALID_SIGNATURE", "ACCESS_DENIED",
        "MISSING_AUTHENTICATION_TOKEN", "authorizer HIT",
    ),
    "credentials that have expired": entry(
        pool(
            clients={"late": {**client(every(10 * MS, SECOND), "POST /"), "identities": EXPIRING}}
        ), "EXPIRED_TOKEN", "OK",
    ),
    "checks of no time": entry(pool(assumptions={"authorization_time": "0 ms"}), "UNAUTHORIZED", "authorizer MISS"),
    "a resource policy before an authorizer": entry(policed(asked(), ALLOW, DENY), "ACCESS_DENIED", "UNAUTHORIZED"),
    "a resource policy with a user pool and signatures": entry(
        policed(pool(), ALLOW, {**DENY, "methods": ["GET /"]}), "ACCESS_DENIED", "UNAUTHORIZED", "INVALID_SIGNATURE"
    ),
    "a resource policy alone, the account's throttle in front": entry(
        policed(
            asked(
                methods={"GET /": {"integration": MOCK}, "POST /": {"integration": MOCK}, "PUT /": {"integration": MOCK}},
                account=throttle("30/s", 4), assumptions={"account_throttle_position": "front"},
            ),
            ALLOW,
        ),
        "ACCESS_DENIED", "THROTTLED", "OK",
    ),
}  # fmt: skip
