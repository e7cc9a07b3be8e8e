"""The catalogue's plans of WebSocket APIs: connections that live, fall silent, are lost and come back, and what limits them."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, throttle
from engine.reaching import Entry, entry
from engine.running import FUNCTION, MOCK, client
from engine.websocket_stories import connections, websocket_story

DRAWN = {"p50": "30 ms", "p99": "200 ms"}
SIZES = {"p50": "2 KB", "p99": "200 KB"}
CALLS = [{"call": "send", "body": SIZES, "weight": 3}, {"call": "elsewhere"}]
WHO = {"type": "REQUEST", "function": "z", "ttl": "0 s", "identity_sources": []}
SOME = {"count": 40, "valid": "60 %", "denied": "20 %", "missing": "10 %"}
WAITS = {"exponential": {"mean": "400 ms"}}


def chat(**parts: Any) -> dict[str, Any]:
    """People and machines that talk, a backend that answers, a REST API on the same account, and three losses."""
    said = websocket_story(**{
        "methods": {
            "$connect": {"integration": FUNCTION, "authorizer": "who"},
            "$disconnect": {"integration": FUNCTION},
            "send": {"integration": {**FUNCTION, "timeout": "150 ms"}},
        },
        "functions": {"f": {"duration": DRAWN, "crash": "5 %"}, "z": {"duration": DRAWN, "crash": "3 %"}},
        "authorizers": {"who": WHO},
        "settings": throttle("9/s", 3),
        "clients": {
            "people": connections(
                {"process": "poisson", "rate": "8/s"}, WAITS, CALLS, lifetime={"exponential": {"mean": "2 s"}},
                reconnect={"uniform": {"min": "0 s", "max": "500 ms"}}, retry=AGAIN, timeout="120 ms", identities=SOME,
                network={"rtt": "20 ms"},
            ),
            "machines": connections({"process": "even", "rate": "2/s"}, "300 ms", CALLS, reconnect="100 ms"),
            "backend": client({"process": "poisson", "rate": "6/s"}, "@connections"),
            "rest": {**client({"process": "even", "rate": "5/s"}), "target": "b/s"},
        },
        "account": {"throttle": {"rate": "24/s", "burst": 3}, "websocket_connections": {"rate": "6/s", "burst": 3}},
        "run": {"duration": "6 s", "period": "1 s"},
        **parts,
    })  # fmt: skip
    said["timeline"] = [
        {"at": "2 s", "disconnect": "a/s", "share": "60 %"},
        {"at": "3 s", "set": {"account.websocket_connections.rate": "9/s"}},
        {"at": "4 s", "disconnect": "a/s"}, {"at": "4 s", "disconnect": "a/s"},
    ]  # fmt: skip
    said["apis"]["b"] = {
        "type": "REST", "endpoint": "REGIONAL", "methods": {"GET /": {"integration": MOCK}}, "stages": {"s": {}},
    }  # fmt: skip
    return said


ENTRIES: dict[str, Entry] = {
    "a WebSocket API beside a REST API": entry(
        chat(), "OK", "refused by CONNECTIONS", "refused by METHOD", "ACCESS_DENIED", "UNAUTHORIZED",
        "FUNCTION_ERROR", "MISSING_AUTHENTICATION_TOKEN", "INTEGRATION_TIMEOUT", "level OPEN", "level OPENED",
        "level CLOSED_BY_CLIENT", "level LOST", "level CLOSED_TOO_LARGE", "retried", "call TIMED_OUT",
    ),
    "a WebSocket API with its account in front": entry(
        chat(assumptions={"account_throttle_position": "front", "token_accounting": "as_you_go"}),
        "refused by CONNECTIONS", "refused by ACCOUNT",
    ),
    "a WebSocket API behind three hosts": entry(
        chat(assumptions={"throttling": {"partitioned": {"hosts": 3, "each": "burst"}}}), "refused by CONNECTIONS",
    ),
    "connections that fall silent or grow old": entry(
        websocket_story(
            clients={
                "silent": connections({"process": "even", "rate": "0.002/s"}, {"exponential": {"mean": "8 min"}},
                                      reconnect="1 min"),
                "talking": connections({"process": "even", "rate": "0.001/s"}, "5 min", reconnect="7 min"),
            },
            run={"duration": "150 min", "period": "10 min"},
        ),
        "level CLOSED_IDLE", "level CLOSED_OLD",
    ),
}  # fmt: skip
