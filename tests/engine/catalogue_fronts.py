"""The catalogue's plans of what stands before the gateway: connections, endpoints, domains, distributions."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import every
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, SERVER, client, story

FAR = {"rtt": {"p50": "90 ms", "p99": "300 ms"}, "rtt_to_edge": {"p50": "8 ms", "p99": "30 ms"}}
NEW = {**FAR, "new_connection": "40 %"}
AGAIN = {
    "attempts": 3,
    "client_timeout": True,
    "backoff": {"base": "20 ms", "cap": "100 ms", "jitter": "full"},
}
BACKENDS = {
    "h": {
        "http": {
            "latency": {"p50": "40 ms", "p99": "200 ms"},
            "status": {200: "80 %", 404: "10 %", 503: "10 %"},
        }
    }
}
DOMAINS = {
    "edge.example.com": {"endpoint": "EDGE", "certificate": "us-east-1", "mappings": {"v1": "a/s"}},
    "m.example.com": {"endpoint": "REGIONAL", "certificate": "us-east-1", "mutual_tls": True, "mappings": {"v1": "a/s"}},
}  # fmt: skip
ITEMS = [
    {
        "call": "GET /i/{id}", "weight": 3, "path": {"id": {"zipf": {"n": 9, "s": 1}}},
        "query": {"page": {"uniform": {"n": 3}}, "of": {"uniform": {"n": 2}}},
    },
    {"call": "GET /i/{id}", "path": {"id": "3"}, "query": {"page": "first"}},
    {"call": "POST /"},
]  # fmt: skip


def before(clients: dict[str, Any], kind: str = "REGIONAL", **parts: Any) -> Any:
    """Clients of an API with a resource that is cached, a method that is not, and an HTTP backend."""
    made = story(
        methods={
            "GET /i/{id}": {"integration": SERVER, "cache_key": ["path.id"]}, "POST /": {"integration": SERVER},
        },
        backends=BACKENDS,
        clients=clients,
        run={"duration": "8 s", "period": "1 s"},
        **parts,
    )  # fmt: skip
    made["apis"]["a"]["endpoint"] = kind
    if kind == "PRIVATE":
        made["apis"]["a"]["resource_policy"] = [{"effect": "Allow"}]
    return made


def caller(target: str, gap: int = 20 * MS, network: Any = NEW, **more: Any) -> dict[str, Any]:
    return client(every(gap, 8 * SECOND), more.pop("calls", ITEMS), network=network, **more) | {
        "target": target
    }


CDN = {"shop-cdn": {"origin": "a/s", "ttl": "700 ms", "error_ttl": "90 ms", "cache_key": ["query.page"]}}
ENTRIES: dict[str, Entry] = {
    "new connections to a Region": entry(
        before({"c": caller("a/s", timeout="400 ms", retry=AGAIN), "d": caller("a/s", network=FAR)}),
        "flag NEW_CONNECTION", "call TIMED_OUT", "retried",
    ),
    "new connections to an edge": entry(
        before(
            {"c": caller("a/s", timeout="250 ms", retry=AGAIN)}, "EDGE", assumptions={"edge_backbone": "70 %"}
        ),
        "flag NEW_CONNECTION", "flag CALLER_GONE",
    ),
    "new connections of no length": entry(
        before({"c": caller("a/s", network={"rtt": "0 ms", "new_connection": "50 %"}),
                "d": caller("a/s", network={"rtt": "0.000001 ms", "new_connection": "50 %"})}),
        "flag NEW_CONNECTION",
    ),
    "a private API": entry(
        before({"c": caller("a/s", network={"rtt": "2 ms", "new_connection": "30 %"}, vpc_endpoint=True)}, "PRIVATE"),
        "flag NEW_CONNECTION",
    ),
    "domains, mapped and not, with mutual TLS": entry(
        before(
            {
                "c": caller("edge.example.com/v1"),
                "d": caller("edge.example.com/v2", calls=[{"call": "GET /x"}]),
                "e": caller("m.example.com/v1", client_certificate="60 %", retry={"attempts": 2, "statuses": [403]}),
            },
            domains=DOMAINS,
            assumptions={"account_throttle_position": "front"},
            account={"throttle": {"rate": "50/s", "burst": 5}},
        ),
        "NO_MAPPING", "NO_CERTIFICATE", "flag IN_FRONT", "refused by ACCOUNT",
    ),
    "a distribution with hits, misses and errors": entry(
        before(
            {"c": caller("shop-cdn", timeout="300 ms", retry=AGAIN), "d": caller("shop-cdn", 7 * MS), "e": caller("a/s")},
            distributions=CDN,
            timeline=[{"at": "3 s", "fault": {"backend": "h", "outage": True, "for": "1 s"}}],
        ),
        "flag IN_FRONT", "flag NEW_CONNECTION", "INTEGRATION_FAILURE", "call TIMED_OUT",
    ),
    "a distribution before a stage with a cache": entry(
        before(
            {"c": caller("shop-cdn", 5 * MS, {"rtt": "0 ms"}), "d": caller("a/s", 30 * MS)},
            distributions={"shop-cdn": {"origin": "a/s", "ttl": "200 ms"}},
            stage={"cache_cluster": "0.5 GB"},
            settings={"caching": {"ttl": "1 s"}, "throttle": {"rate": "30/s", "burst": 5}},
        ),
        "flag IN_FRONT", "cache HIT", "THROTTLED",
    ),
}  # fmt: skip
