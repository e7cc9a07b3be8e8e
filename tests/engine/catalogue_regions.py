"""The catalogue's plans of an account in several Regions."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from engine.catalogue_gateway import AGAIN, every
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story

AWAY = "us-west-2"


def apart(**parts: Any) -> dict[str, Any]:
    """An API at home and its like in a further Region, a function each and one more there, all with too little."""
    work = {"duration": {"p50": "60 ms", "p99": "400 ms"}, "cold_start": {"runtime": "python3.13"}}
    made = story(
        integration={"lambda_proxy": "f"},
        functions={"f": work, "g": {**work, "region": AWAY}, "r": {**work, "region": AWAY, "reserved_concurrency": 4}},
        clients={
            "c": client(every(17 * MS, 3 * SECOND), retry=AGAIN),
            "d": {**client(every(19 * MS, 3 * SECOND), retry=AGAIN), "target": "b/s"},
            "e": {**client(every(30 * MS, 3 * SECOND), "POST /"), "target": "b/s"},
        },
        account={
            "throttle": {"rate": "50/s", "burst": 3}, "lambda_concurrency": 110, "used_elsewhere": {"lambda_concurrency": 105},
        },
        regions={AWAY: {"throttle": {"rate": "40/s", "burst": 2}, "lambda_concurrency": 104}},
        run={"duration": "3 s", "period": "500 ms"},
        **parts,
    )  # fmt: skip
    made["apis"]["b"] = {**deepcopy(made["apis"]["a"]), "region": AWAY}
    made["apis"]["b"]["methods"] = {
        "GET /": {"integration": {"lambda_proxy": "g"}}, "POST /": {"integration": {"lambda_proxy": "r"}},
    }  # fmt: skip
    return made


CHECK = {"call": "GET /health", "interval": "10 s", "failure_threshold": 1}
FAULTS = [
    {"at": "5 s", "fault": {"region": "us-east-1", "outage": True, "for": "25 s"}},
    {"at": "35 s", "fault": {"region": AWAY, "gateway_unavailable": "90 %", "for": "12 s", "ramp": "3 s"}},
    {"at": "36 s", "fault": {"client": "c", "lost_answers": "20 %", "for": "5 s"}},
]


def named(policy: str, clients: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """An API at home and one unlike it in a further Region, behind a record: cached there, keyed there, of another type."""
    made = story(
        methods={
            "GET /i/{id}": {"integration": {"lambda_proxy": "f"}, "cache_key": ["path.id"]},
            "POST /": {"integration": {"http_proxy": "h"}}, "GET /health": {"integration": {"mock": {}}},
        },
        functions={
            "f": {"duration": {"p50": "60 ms", "p99": "400 ms"}},
            "g": {"duration": {"p50": "80 ms", "p99": "300 ms"}, "cold_start": {"runtime": "python3.13"}, "region": AWAY},
        },
        backends={"h": {"http": {"latency": {"p50": "40 ms", "p99": "200 ms"}, "concurrency": 2, "queue": 3}}},
        clients={name: {"target": "api.example.com", "timeout": "2 s", **body} for name, body in clients.items()},
        account={"throttle": {"rate": "40/s", "burst": 6}},
        regions={AWAY: {"throttle": {"rate": "30/s", "burst": 3}, "lambda_concurrency": 3}},
        records={
            "api.example.com": {
                "policy": policy, "ttl": "4 s", "health_check": CHECK, "targets": [{"stage": "a/s"}, {"stage": "b/s"}],
            }
        },
        run={"duration": "60 s", "period": "10 s"},
        timeline=FAULTS,
        stage={"cache_cluster": "0.5 GB", "method_settings": {"GET /i/{id}": {"caching": {"ttl": "3 s"}}}},
        **parts,
    )  # fmt: skip
    made["apis"]["b"] = {
        **deepcopy(made["apis"]["a"]), "region": AWAY,
        "methods": {
            "GET /i/{id}": {"integration": {"lambda_proxy": "g"}, "cache_key": ["path.id", "query.page"]},
            "POST /": {"integration": {"lambda_proxy": "g"}}, "GET /health": {"integration": {"mock": {}}},
        },
    }  # fmt: skip
    made["clients"]["e"] = {
        **client({"process": "even", "rate": "3/s"}, [{"call": "GET /i/{id}", "path": {"id": "extra"}}]), "target": "b/s",
    }  # fmt: skip
    return made


ITEMS = [
    {
        "call": "GET /i/{id}", "weight": 3, "path": {"id": {"uniform": {"n": 5}}}, "query": {"page": {"zipf": {"n": 3, "s": 1}}},
        "max_age_0": {"share": "20 %", "authorized": "40 %"},
    },
    {"call": "POST /", "body": {"p50": "2 KB", "p99": "40 KB"}},
]  # fmt: skip
FAR = {"rtt": {"p50": "30 ms", "p99": "90 ms"}, "rtt_to": {AWAY: {"p50": "20 ms", "p99": "200 ms"}}}
CALLERS: dict[str, dict[str, Any]] = {
    "c": {
        "arrivals": {"process": "poisson", "rate": "12/s"}, "calls": ITEMS, "dns": {"resolvers": 7}, "network": FAR,
        "retry": {"mode": "standard", "attempts": 3, "statuses": [429, 502, 503, 504], "client_timeout": True},
        "circuit_breaker": {"failures": "60 %", "window": 6, "open": "2 s", "probes": 2}, "processes": 3,
    },
    "u": {
        "users": {"count": 9, "think_time": "1 s", "ramp_up": "3 s"}, "calls": ITEMS, "dns": {"resolvers": 4, "cache": "9 s"},
        "network": {**FAR, "new_connection": "30 %"},
    },
    "w": {
        "arrivals": {"process": "even", "rate": "8/s"}, "calls": ITEMS, "workers": 2, "dns": {"cache": "forever", "resolvers": 3},
        "retry": AGAIN,
    },
}  # fmt: skip


MOVES = [{"at": "1500 ms", "set": {"functions.r.reserved_concurrency": 2}}]
ENTRIES: dict[str, Entry] = {
    "two Regions": entry(apart(timeline=MOVES), "refused by ACCOUNT", "refused by LAMBDA_ACCOUNT", "journal"),
    "two Regions, the account's throttle in front": entry(
        apart(assumptions={"account_throttle_position": "front"}), "refused by ACCOUNT"
    ),
    "a record with failover": entry(
        named("failover", CALLERS),
        "health",
        "at a further target",
        "retried",
        "cache HIT",
        "call TIMED_OUT",
        "late start",
        "user again",
        "refused by LAMBDA_ACCOUNT",
    ),
    "a record with weights": entry(
        named("weighted", CALLERS), "health", "at a further target", "call SHORT_CIRCUITED"
    ),
    "a record by latency": entry(
        named("latency", CALLERS), "health", "at a further target", "GATEWAY_UNAVAILABLE"
    ),
    "two Regions, on hosts": entry(
        apart(assumptions={"throttling": {"partitioned": {"hosts": 2, "each": "burst"}}}),
        "refused by ACCOUNT",
    ),
}
