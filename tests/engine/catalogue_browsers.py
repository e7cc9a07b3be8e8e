"""The catalogue's plans of browsers: preflights that are permitted, refused, lost and late, of open calls and of users."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every, throttle
from engine.reaching import Entry, entry
from engine.running import FUNCTION, MOCK, MS, SECOND, client, story

ITEMS = [
    {"call": "GET /items/{id}", "path": {"id": {"zipf": {"n": 9, "s": 1}}}, "headers": {"x-v": "1"}},
    {"call": "POST /orders"},
]


def browsed(**parts: Any) -> dict[str, Any]:
    """Two methods and one for their preflights; browsers near and far, users, and somebody who is no browser."""
    options = parts.pop("options", {"integration": {"mock": {"status": 204}}})
    methods = {
        "GET /items/{id}": {"integration": MOCK}, "POST /orders": {"integration": FUNCTION}, "OPTIONS /{proxy+}": options,
    }  # fmt: skip
    clients = {
        "b": client(every(30 * MS, 4 * SECOND), ITEMS, browser={"count": 4, "max_age": "400 ms"}, retry=AGAIN),
        "far": client(
            every(50 * MS, 4 * SECOND), ITEMS, browser={"count": 2, "max_age": "1 s"}, timeout="120 ms",
            network={"rtt": {"p50": "40 ms", "p99": "150 ms"}}, retry={**AGAIN, "client_timeout": True},
        ),
        "u": {
            "target": "a/s", "users": {"count": 4, "think_time": "100 ms"}, "calls": ITEMS, "browser": {"max_age": "0 s"},
        },
        "no": client(every(100 * MS, 4 * SECOND), ITEMS),
    }  # fmt: skip
    return story(
        methods=methods, clients=clients, functions={"f": {"duration": {"p50": "30 ms", "p99": "200 ms"}}},
        run={"duration": "4 s", "period": "1 s"}, **parts,
    )  # fmt: skip


LOSSES = [
    {"at": "1 s", "fault": {"client": "far", what: "40 %", "for": "1 s"}}
    for what in ("lost_requests", "lost_answers")
]
ENTRIES: dict[str, Entry] = {
    "browsers": entry(browsed(), "call SUCCEEDED", "retried", "user again", "flag CALLER_GONE"),
    "browsers whose preflights are throttled": entry(
        browsed(account=throttle("40/s", 5)), "THROTTLED", "refused by ACCOUNT", "call PREFLIGHT_FAILED", "call REFUSED"
    ),
    "browsers whose preflights need a key": entry(
        browsed(options={"integration": MOCK, "api_key_required": True}), "INVALID_API_KEY", "call PREFLIGHT_FAILED"
    ),
    "browsers whose preflights are answered by a function, and lost": entry(
        browsed(options={"integration": FUNCTION}, timeline=LOSSES), "call PREFLIGHT_FAILED", "abandoned", "fault ended"
    ),
    "browsers behind a web ACL": entry(
        browsed(stage={"waf": "acl"}, web_acls={"acl": {"rules": {"bots": {"priority": 0, "clients": {"b": "30 %"}}}}}),
        "WAF_FILTERED", "call PREFLIGHT_FAILED",
    ),
}  # fmt: skip
