"""The catalogue's plans of the stage's cache: hits, expiry, eviction, invalidation, flushes and other sizes."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import every, log, throttle
from engine.reaching import Entry, entry
from engine.running import EVERY, MINUTE, MOCK, MS, SECOND, SERVER, at, client, story

ITEM = "GET /items/{id}"
ITEMS = [{"call": ITEM, "path": {"id": {"zipf": {"n": 12, "s": 1.0}}}}]


def cached(
    *timeline: dict[str, Any], ttl: str = "1 s", server: Any = None, calls: Any = ITEMS, **parts: Any
) -> Any:
    """GET /items/{id} by id behind a server of 10 ms; two clients each 20 and 30 ms, one of them far away."""
    caching = parts.pop("caching", {})
    return story(
        None,
        SERVER,
        **{
            "route": ITEM,
            "method": {"cache_key": ["path.id"]},
            "settings": {"caching": {"ttl": ttl, **caching}},
            "stage": {"cache_cluster": "0.5 GB"},
            "backends": {"h": {"http": {"latency": "10 ms", **(server or {})}}},
            "run": {"duration": "4 s", "period": "1 s"},
            "clients": {
                "near": client(every(20 * MS, 3 * SECOND), calls),
                "far": client(every(30 * MS, 3 * SECOND), calls, network={"rtt": "20 ms"}),
            },
            "timeline": list(timeline),
            **parts,
        },
    )


def big(megabytes: int, **parts: Any) -> Any:
    """Entries so large that half a GB holds a few: encryption adds megabytes to each."""
    said = cached(ttl=parts.pop("ttl", "60 s"), **parts)
    said["assumptions"]["encryption_overhead"] = f"{megabytes} MB"
    return said


def refreshed(caching: dict[str, Any], **assumptions: Any) -> Any:
    """A fifth of the requests carry max-age=0, half of those with permission."""
    calls = [{**ITEMS[0], "max_age_0": {"share": "20 %", "authorized": "50 %"}}]
    said = cached(caching=caching, calls=calls)
    said["assumptions"] |= assumptions
    return said


def long(*timeline: dict[str, Any], **parts: Any) -> Any:
    """A run in which a cluster has time to be made anew: four minutes; requests about the instants that matter."""
    back = SECOND + 4 * MINUTE
    instants = at(0, 20 * MS, SECOND - 1, SECOND, 2 * SECOND, back - 1, back, back + 20 * MS, back + SECOND)
    calls = [{"call": ITEM, "path": {"id": 1}}]
    return cached(
        *timeline, ttl="3600 s",
        clients={name: client(instants, calls) for name in "cd"}, run={"duration": "10 min"}, **parts,
    )  # fmt: skip


def two_stages() -> Any:
    """Two stages, a key of path, query and header, a method whose entries are not told apart, and a named setting."""
    calls = [
        {"call": ITEM, "path": {"id": {"uniform": {"n": 3}}}, "query": {"page": {"uniform": {"n": 2}}}},
        {"call": ITEM, "path": {"id": 1}, "headers": {"Accept": "json"}, "weight": 0.5},
        {"call": "GET /stock/{id}", "path": {"id": {"uniform": {"n": 9}}}},
        {"call": "PUT /items/{id}", "path": {"id": {"uniform": {"n": 2}}}},
    ]
    said = cached(
        {"at": "1.5 s", "flush_cache": "a/t"},
        methods={
            ITEM: {"integration": SERVER, "cache_key": ["path.id", "query.page", "header.Accept"]},
            "GET /stock/{id}": {"integration": SERVER},
            "PUT /items/{id}": {"integration": SERVER, "cache_key": ["path.id"]},
        },
        calls=calls,
    )
    settings = {
        **said["apis"]["a"]["stages"]["s"]["method_settings"],
        "PUT /items/{id}": {"caching": {"ttl": "2 s"}},
    }
    said["apis"]["a"]["stages"]["t"] = {"cache_cluster": "1.6 GB", "method_settings": settings}
    said["clients"] |= {f"t-{name}": {**body, "target": "a/t"} for name, body in said["clients"].items()}
    return said


def set_at(when: str, **changes: Any) -> dict[str, Any]:
    return {"at": when, "set": {f"{EVERY}.caching{key}": value for key, value in changes["to"].items()}}


def by_function() -> Any:
    """Answers of a function that crashes, is refused, times out and answers badly; none of that is kept."""
    said = cached(
        functions={
            "f": {
                "duration": {"uniform": {"min": "10 ms", "max": "1.2 s"}}, "timeout": "1 s", "reserved_concurrency": 6,
                "crash": "15 %", "malformed": "15 %", "response": {"status": {200: "70 %", 404: "15 %", 500: "15 %"}},
            }
        },
    )  # fmt: skip
    said["apis"]["a"]["methods"][ITEM]["integration"] = {"lambda_proxy": "f", "timeout": "900 ms"}
    return said


TWO = ("cache HIT", "cache MISS")
ENTRIES: dict[str, Entry] = {
    "hits and misses that overlap": entry(cached(), *TWO),
    "hits and misses of a slow server": entry(cached(server={"latency": "60 ms"}), *TWO),
    "an entry that expires at an arrival": entry(
        cached(
            clients={name: client(at(0, SECOND + 10 * MS - 1, SECOND + 10 * MS, 2 * SECOND), [{"call": ITEM, "path": {"id": 1}}])
                     for name in "cd"}
        ),
        *TWO,
    ),
    "an entry stored at the instant of an arrival": entry(
        cached(calls=[{"call": ITEM, "path": {"id": 1}}], ttl="1 s", assumptions={"rest_overhead": "20 ms"}), *TWO
    ),
    "the time of a hit": entry(
        cached(assumptions={"rest_overhead": "7 ms", "cache_hit_time": "3 ms"}), *TWO
    ),
    "least recently used entries are pushed out": entry(big(100), *TWO, "level CACHE_BYTES"),
    "entries of many sizes push each other out": entry(
        big(63, server={"size": {"uniform": {"min": "1 B", "max": "1.2 MB"}}}), *TWO, "level CACHE_BYTES"
    ),
    "expired entries hold their bytes until they are pushed out": entry(
        big(120, ttl="1 s", server={"latency": "15 ms"}), *TWO
    ),
    "one entry fills the cache": entry(big(510, server={"size": "1 MB"}), *TWO),
    "an entry larger than the cache": entry(big(600), "cache MISS"),
    "answers about a megabyte": entry(
        cached(server={"size": {"uniform": {"min": "1048570 B", "max": "1048582 B"}}}, ttl="2 s"), *TWO
    ),
    "a flush in mid-run": entry(
        cached({"at": "1 s", "flush_cache": "a/s"}, {"at": "2.01 s", "flush_cache": "a/s"}, ttl="60 s"),
        *TWO, "journal", "level CACHE_BYTES",
    ),
    "another size, and four minutes without a cache": entry(
        long({"at": "1 s", "set": {"apis.a.stages.s.cache_cluster": "1.6 GB"}}), *TWO, "cache NONE"
    ),
    "a cluster that comes in mid-run": entry(
        long({"at": "1 s", "set": {"apis.a.stages.s.cache_cluster": "0.5 GB"}}, stage={}), *TWO, "cache NONE"
    ),
    "a cluster that is made anew while it is made anew": entry(
        long(
            {"at": "500 ms", "set": {"apis.a.stages.s.cache_cluster": "1.6 GB"}},
            {"at": "1 s", "set": {"apis.a.stages.s.cache_cluster": "0.5 GB"}},
            {"at": "4 min", "flush_cache": "a/s"},
        ),
        *TWO, "cache NONE",
    ),
    "caching switched off and on": entry(
        cached(set_at("1 s", to={"": False}), set_at("2 s", to={"": {"ttl": "2 s"}}), ttl="2 s"), *TWO, "cache NONE"
    ),
    "another time to live": entry(
        cached(set_at("1 s", to={".ttl": "3 s"}), set_at("2 s", to={".ttl": "0 s"}), set_at("2.5 s", to={".ttl": "1 s"})),
        *TWO, "cache NONE",
    ),
    "caching that comes in mid-run": entry(
        cached(set_at("1 s", to={"": {"ttl": "1 s"}}), settings={"caching": False}), *TWO, "cache NONE"
    ),
    "max-age=0 from anybody": entry(refreshed({}), *TWO, "flag MAX_AGE_0"),
    "max-age=0 is no miss": entry(refreshed({}, max_age_0_is_a_miss=False), *TWO, "cache NONE", "flag MAX_AGE_0"),
    "max-age=0 without permission is a 403": entry(
        refreshed({"require_authorization": True}), "CACHE_INVALIDATION_DENIED", "flag MAX_AGE_0"
    ),
    "max-age=0 without permission is ignored, with a header": entry(
        refreshed({"require_authorization": True, "unauthorized": "SUCCEED_WITH_RESPONSE_HEADER"}),
        "flag IGNORED_MAX_AGE_0",
    ),
    "max-age=0 without permission is ignored, without a header": entry(
        refreshed({"require_authorization": True, "unauthorized": "SUCCEED_WITHOUT_RESPONSE_HEADER"}),
        "flag IGNORED_MAX_AGE_0",
    ),
    "what max-age=0 needs is set in mid-run": entry(
        {**refreshed({}),
         "timeline": [
             set_at("1 s", to={".require_authorization": True}),
             set_at("2 s", to={".unauthorized": "SUCCEED_WITH_RESPONSE_HEADER"}),
         ]},
        "CACHE_INVALIDATION_DENIED", "flag IGNORED_MAX_AGE_0", "flag MAX_AGE_0",
    ),
    "answers of other resources": entry(cached(method={}), "flag SERVED_OTHER"),
    "two stages and keys of all kinds": entry(two_stages(), *TWO, "flag SERVED_OTHER", "journal"),
    "errors of the backend are kept": entry(
        cached(server={"status": {200: "40 %", 404: "30 %", 503: "30 %"}}), *TWO, "BACKEND_4XX", "BACKEND_5XX"
    ),
    "errors of the backend are not kept": entry(
        cached(server={"status": {200: "40 %", 404: "30 %", 503: "30 %"}}, assumptions={"cache_error_responses": False}),
        *TWO, "BACKEND_4XX", "BACKEND_5XX",
    ),
    "a full queue's 503 is kept": entry(
        cached(server={"concurrency": 1, "queue": 1, "latency": "50 ms"}), *TWO, "work QUEUE_FULL", "refused by BACKEND"
    ),
    "errors of the gateway's own are not kept": entry(
        by_function(), *TWO, "FUNCTION_ERROR", "MALFORMED_RESPONSE", "LAMBDA_THROTTLED", "INTEGRATION_TIMEOUT",
    ),
    "a mock is never kept": entry(
        cached(methods={ITEM: {"integration": MOCK, "cache_key": ["path.id"]}}), "cache MISS"
    ),
    "hits spend tokens": entry(
        cached(settings={"caching": {"ttl": "1 s"}, **throttle("30/s", 4)}), *TWO, "THROTTLED"
    ),
    "an access log behind a cache": entry(
        cached(
            methods={
                "ANY /{proxy+}": {"integration": SERVER},
                ITEM: {"integration": SERVER, "cache_key": ["path.id", "query.page"]},
            },
            clients={"c": log(), "d": log(network={"rtt": "10 ms"})},
        ),
        *TWO, "REQUEST_TOO_LARGE",
    ),
}  # fmt: skip
