"""The catalogue's plans of HTTP APIs: routes, automatic deployment, authorizers, preflights, an account shared with REST."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every, throttle
from engine.http_stories import http_story
from engine.reaching import Entry, entry
from engine.running import FUNCTION, MOCK, MS, SECOND, client

DRAWN = {"p50": "30 ms", "p99": "200 ms"}
SOME = {"count": 40, "valid": "40 %", "denied": "20 %", "missing": "20 %"}
ITEM, ORDER = {"call": "GET /items/{id}", "path": {"id": {"uniform": {"n": 9}}}}, {"call": "POST /orders"}
BOTH = [ITEM, ORDER, {"call": "OPTIONS /orders"}, {"call": "PUT /elsewhere"}]
WHO = {"type": "REQUEST", "function": "z", "ttl": "1 s", "simple_responses": True}


def shop(*timeline: Any, **parts: Any) -> dict[str, Any]:
    """Items behind a function and its authorizer, orders behind a token; $default catches the rest; a REST API beside it."""
    api = {"cors": True, **parts.pop("api", {})}
    said = http_story(**{
        "methods": {
            "GET /items/{id}": {"integration": FUNCTION, "authorizer": "who"},
            "POST /orders": {"integration": {**FUNCTION, "timeout": "150 ms"}, "authorizer": "jwt"},
            "$default": {"integration": {"http_proxy": "h"}},
        },
        "functions": {"f": {"duration": DRAWN, "crash": "5 %"}, "z": {"duration": DRAWN, "crash": "5 %"}},
        "backends": {"h": {"http": {"latency": "20 ms", "concurrency": 1, "queue": 0}}},
        "authorizers": {"who": WHO, "jwt": {"type": "JWT"}},
        "settings": throttle("12/s", 2), "stage": {"auto_deploy": True},
        "clients": {
            "one": client(every(20 * MS, 3 * SECOND), BOTH, identities=SOME, retry=AGAIN),
            "far": client(every(50 * MS, 3 * SECOND), BOTH, network={"rtt": "40 ms"}, timeout="150 ms"),
            "rest": {**client(every(40 * MS, 3 * SECOND)), "target": "b/s"},
        },
        "account": {"throttle": {"rate": "60/s", "burst": 10}},
        "assumptions": {"http_overhead": {"uniform": {"min": "0 ms", "max": "9 ms"}}, "authorization_time": "3 ms"},
        "run": {"duration": "3 s", "period": "500 ms"}, "timeline": list(timeline), **parts,
    })  # fmt: skip
    said["apis"]["a"] |= api
    said["apis"]["b"] = {
        "type": "REST", "endpoint": "REGIONAL", "methods": {"GET /": {"integration": MOCK}}, "stages": {"s": {}},
    }  # fmt: skip
    return said


CHANGE = {
    "at": "1 s",
    "change": {
        "api": "a", "remove": ["$default"], "methods": {"GET /items/{id}": {"integration": {"timeout": "50 ms"}}},
    },
}  # fmt: skip

ENTRIES: dict[str, Entry] = {
    "an HTTP API beside a REST API": entry(
        shop(), "OK", "UNAUTHORIZED", "ACCESS_DENIED", "FUNCTION_ERROR", "AUTHORIZER_FAILURE", "BACKEND_5XX",
        "authorizer HIT", "authorizer MISS", "refused by METHOD", "refused by ACCOUNT", "work QUEUE_FULL",
    ),
    "an HTTP API that changes at once": entry(shop(CHANGE), "ROUTE_NOT_FOUND", "journal", "INTEGRATION_TIMEOUT"),
    "an HTTP API with its account in front": entry(
        shop(CHANGE, assumptions={"account_throttle_position": "front", "token_accounting": "as_you_go"}),
        "ROUTE_NOT_FOUND", "refused by ACCOUNT", "UNAUTHORIZED",
    ),
    "an HTTP API whose $default asks who calls": entry(
        shop(methods={"$default": {"integration": FUNCTION, "authorizer": "who"},
                      "GET /items/{id}": {"integration": FUNCTION, "authorization": "AWS_IAM"},
                      "POST /orders": {"integration": FUNCTION}}),
        "UNAUTHORIZED", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN",
    ),
}  # fmt: skip
