"""The catalogue's plans of AWS WAF: rules of each kind and action, before what else stands in front of an API."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every, throttle
from engine.reaching import Entry, entry
from engine.running import MOCK, MS, SECOND, client, story

NET = "198.51.100.0/24"
RULES = {
    "past": {"priority": 0, "action": "ALLOW", "ip_set": ["198.51.100.3"]},
    "seen": {
        "priority": 1,
        "action": "COUNT",
        "ip_set": ["198.51.100.0/30", "198.51.100.128/25", "2001:db8::/32"],
    },
    "bots": {"priority": 2, "clients": {"c": "30 %", "u": "20 %"}},
    "slow": {"priority": 3, "action": "COUNT", "rate_based": {"limit": 12, "window": "120 s"}},
    "flood": {"priority": 4, "rate_based": {"limit": 15, "window": "60 s"}},
}


def screened(rules: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """GET / and POST / behind a web ACL; open calls, users, and somebody of another address."""
    both = [{"call": "GET /", "weight": 9}, {"call": "POST /"}]
    few = {"count": 8, "zipf": {"s": 1}}
    clients = {
        "c": client(every(40 * MS, 12 * SECOND), both, address=NET, addresses=few, retry={**AGAIN, "statuses": [403, 429]}),
        "u": {
            "target": "a/s", "users": {"count": 5, "think_time": "300 ms"}, "calls": [{"call": "GET /"}],
            "address": "198.51.100.2/31", "network": {"rtt": "30 ms"}, "timeout": "25 ms",
        },
        "d": client(every(100 * MS, 12 * SECOND), address="2001:db8::7"),
    }  # fmt: skip
    assumptions = {
        "waf_check_interval": "1 s", "waf_check_delay": "1500 ms", "rest_overhead": {"p50": "3 ms", "p99": "9 ms"},
        **parts.pop("assumptions", {}),
    }  # fmt: skip
    stage = {"waf": "acl", **parts.pop("stage", {})}
    methods = {"GET /": {"integration": MOCK, **parts.pop("method", {})}, "POST /": {"integration": MOCK}}
    return story(
        methods=methods, stage=stage, clients=clients,
        web_acls={"acl": {"rules": rules}}, assumptions=assumptions, run={"duration": "12 s", "period": "1 s"}, **parts,
    )  # fmt: skip


def in_front(position: str, of_methods: str = "9/s", **parts: Any) -> dict[str, Any]:
    return screened(
        RULES, account=throttle("11/s", 4), settings=throttle(of_methods, 4),
        assumptions={"account_throttle_position": position, **parts},
    )  # fmt: skip


CANARY = {"variables": {"x": "1"}, "canary": {"traffic": "50 %", "variables": {"x": "2"}}}
ENTRIES: dict[str, Entry] = {
    "rules of every kind before a stage": entry(
        screened(RULES), "WAF_FILTERED", "level WAF_ALLOWED", "level WAF_MATCHED", "retried", "user", "call TIMED_OUT",
    ),
    "a web ACL before the account's throttle": entry(
        in_front("front", "15/s"), "WAF_FILTERED", "THROTTLED", "refused by ACCOUNT"
    ),
    "the account's throttle before a web ACL": entry(
        in_front("before_waf"), "WAF_FILTERED", "THROTTLED", "refused by ACCOUNT", "refused by METHOD"
    ),
    "the account's throttle before a web ACL, on hosts": entry(
        in_front("before_waf", throttling={"partitioned": {"hosts": 3, "each": "share"}}), "WAF_FILTERED", "THROTTLED"
    ),
    "a web ACL before an authorizer and a canary": entry(
        screened(
            {"bots": RULES["bots"]}, stage=CANARY, method={"authorizer": "pool"},
            authorizers={"pool": {"type": "COGNITO_USER_POOLS"}},
        ),
        "WAF_FILTERED", "flag CANARY", "authorizer HIT",
    ),
    "counts at once, and at the last moment": entry(
        screened({"flood": RULES["flood"]}, assumptions={"waf_check_interval": "1 s", "waf_check_delay": "0 s"}),
        "WAF_FILTERED",
    ),
}  # fmt: skip
