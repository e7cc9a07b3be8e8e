"""The catalogue's plans of deployments, stage variables and canaries."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import every, throttle
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story

ITEM, ORDER, NEW = "GET /items/{id}", "POST /orders", "GET /new"
CALLS = [{"call": ITEM, "path": {"id": {"uniform": {"n": 30}}}}, {"call": ORDER}, {"call": NEW}]
SLOWER = {"change": {"api": "a", "methods": {ORDER: {"integration": {"timeout": "50 ms"}}}}}
ROUTES = {
    "change": {"api": "a", "methods": {NEW: {"integration": {"mock": {"status": 204}}}}, "remove": [ORDER]}
}
DEPLOY, PROMOTE, REMOVE, BACK = (
    {verb: "a/s"} for verb in ("deploy", "promote_canary", "remove_canary", "roll_back")
)  # fmt: skip


def traffic(percent: int) -> dict[str, Any]:
    """The canary's share, set."""
    return {"set": {"apis.a.stages.s.canary.traffic": f"{percent} %"}}


def shop(*timeline: dict[str, Any], canary: Any = None, stage: Any = None, **parts: Any) -> Any:
    """Items behind the function that the stage names, orders behind a server; half a second between entries."""
    calls = (
        CALLS if any(NEW in entry.get("change", {}).get("methods", {}) for entry in timeline) else CALLS[:2]
    )
    held = {"variables": {"which": "f"}, **(stage or {}), **({"canary": canary} if canary else {})}
    return story(
        None,
        **{
            "methods": {
                ITEM: {"integration": {"lambda_proxy": "${stageVariables.which}"}, "cache_key": ["path.id"]},
                ORDER: {"integration": {"http_proxy": "h"}},
            },
            "stage": held,
            "functions": {
                "f": {"duration": {"uniform": {"min": "10 ms", "max": "60 ms"}}},
                "g": {"duration": "20 ms", "crash": "20 %"},
            },
            "backends": {
                "h": {"http": {"latency": {"exponential": {"mean": "40 ms"}}, "concurrency": 3, "queue": 2}}
            },
            "run": {"duration": "4 s", "period": "1 s"},
            "clients": {
                "near": client(every(20 * MS, 3 * SECOND), calls),
                "far": client(every(30 * MS, 3 * SECOND), calls, network={"rtt": "20 ms"}, timeout="200 ms"),
            },
            "timeline": [{"at": f"{500 * number} ms", **entry} for number, entry in enumerate(timeline, 1)],
            **parts,
        },
    )


def cache(**more: Any) -> dict[str, Any]:
    """A stage with a cache, on."""
    return {
        "cache_cluster": "0.5 GB",
        "method_settings": {"every_method": {"caching": {"ttl": "1 s"}}},
        **more,
    }


KEYED = {"change": {"api": "a", "methods": {ITEM: {"api_key_required": True}}}}
PLANNED = {
    "usage_plans": {
        "p": {
            **throttle("8/s", 2), "quota": {"limit": 2, "period": "DAY"},
            "stages": {"a/s": {ITEM: {"rate": "5/s", "burst": 1}}},
        }
    },
    "api_keys": {"k": {"plans": ["p"], "count": 3}},
    "clients": {
        "one": client(every(20 * MS, 3 * SECOND), CALLS[:2], api_key={"from": "k", "uniform": True},
                      retry={"attempts": 3, "statuses": [429, 502], "backoff": {"base": "300 ms"}}),
        "none": client(every(50 * MS, 3 * SECOND), CALLS[:2]),
    },
}  # fmt: skip
PAGES = [
    {"call": ITEM, "path": {"id": {"uniform": {"n": 5}}}, "query": {"page": page}, "headers": {"lang": lang}}
    for page, lang in (({"uniform": {"n": 3}}, "de"), ("1", "fr"), ("last", "fr"))
]
SETTLED = {
    "change": {
        "api": "a",
        "gateway_responses": {"THROTTLED": {"status": 503, "size": "1 KB"}, "DEFAULT_4XX": {"status": 400}},
        "resource_policy": [
            {"effect": "Allow"},
            {"effect": "Deny", "from": ["192.0.2.0/24"], "methods": [ORDER]},
        ],
    }
}


def rekeyed(*key: str) -> dict[str, Any]:
    """A change of the items' cache key."""
    return {"change": {"api": "a", "methods": {ITEM: {"cache_key": list(key)}}}}


OTHER = {"variables": {"which": "g"}}
ENTRIES: dict[str, Entry] = {
    "a change that is never deployed": entry(shop(SLOWER, ROUTES), "OK", "MISSING_AUTHENTICATION_TOKEN"),
    "the same, where an unknown path is a 404": entry(
        shop(ROUTES, assumptions={"unknown_resource": "RESOURCE_NOT_FOUND"}), "RESOURCE_NOT_FOUND",
    ),
    "changes, deployed one by one and rolled back": entry(
        shop(SLOWER, DEPLOY, ROUTES, DEPLOY, BACK, BACK), "INTEGRATION_TIMEOUT", "MISSING_AUTHENTICATION_TOKEN", "journal"
    ),
    "what a function finds in its event, by versions and a canary": entry(
        shop(
            {"set": {"apis.a.stages.s.variables.table": "b"}}, {"promote_canary": "a/s"},
            canary={"traffic": "50 %", "variables": {"table": "a"}}, stage={"variables": {"which": "f:P"}},
            functions={"f": {
                "duration": {"uniform": {"min": "10 ms", "max": "60 ms"}},
                "versions": {"1": {"duration": "5 ms"}, "2": {"crash": "30 %"}},
                "aliases": {"P": {"1": "60 %", "2": "40 %"}},
                "contexts": [
                    {"stage_variables": {"table": "a"}, "duration": {"uniform": {"min": "1 ms", "max": "90 ms"}}},
                    {"stage_variables": {"table": "b"}, "crash": "50 %", "response": {"size": "9 KB"}},
                ],
            }},
        ),
        "FUNCTION_ERROR", "flag CANARY", "by an alias", "by a version",
    ),
    "a stage variable is set, and set to nothing": entry(
        shop(*({"set": {"apis.a.stages.s.variables.which": name}} for name in ("g", "nothing", "f"))),
        "FUNCTION_ERROR", "API_CONFIGURATION_ERROR",
    ),
    "a canary by variables": entry(shop(canary={"traffic": "30 %", **OTHER}), "flag CANARY", "FUNCTION_ERROR"),
    "a canary that grows, is promoted and removed": entry(
        shop(ROUTES, DEPLOY, traffic(60), PROMOTE, REMOVE, canary={"traffic": "20 %", **OTHER}),
        "flag CANARY", "FUNCTION_ERROR", "MISSING_AUTHENTICATION_TOKEN",
    ),
    "a canary made by a deployment": entry(
        shop(SLOWER, {**DEPLOY, "canary": {"traffic": "50 %"}}, traffic(0), traffic(100)), "flag CANARY", "INTEGRATION_TIMEOUT"
    ),
    "a canary that leads nowhere": entry(
        shop(canary={"traffic": "50 %", "variables": {"which": "nobody"}}), "flag CANARY", "API_CONFIGURATION_ERROR"
    ),
    "a canary that shares the stage's cache": entry(
        shop(traffic(0), traffic(80), canary={"traffic": "50 %", "use_stage_cache": True}, stage=cache()),
        "flag CANARY", "cache HIT", "level CACHE_BYTES",
    ),
    "a canary with a cache of its own": entry(
        shop(traffic(0), {"flush_cache": "a/s"}, traffic(80), canary={"traffic": "50 %", **OTHER},
             stage=cache(variables={"which": "f"})),
        "flag CANARY", "cache HIT", "cache MISS",
    ),
    "deployments of a cached method": entry(
        shop({"change": {"api": "a", "methods": {ITEM: {"integration": {"timeout": "50 ms"}}}}}, DEPLOY, BACK, BACK,
             stage=cache()),
        "cache HIT", "INTEGRATION_TIMEOUT",
    ),
    "full caches of a stage and its canary": entry(
        shop(DEPLOY, traffic(20), canary={"traffic": "50 %"}, stage=cache(), assumptions={"encryption_overhead": "100 MB"}),
        "flag CANARY", "cache HIT", "cache MISS",
    ),
    "an API key that is asked for by turns, in a canary too": entry(
        shop(KEYED, DEPLOY, BACK, {**DEPLOY, "canary": {"traffic": "50 %"}}, PROMOTE, **PLANNED),
        "INVALID_API_KEY", "THROTTLED", "QUOTA_EXCEEDED", "flag CANARY", "retried",
    ),
    "cache keys that deployments change": entry(
        shop(rekeyed(), DEPLOY, rekeyed("header.lang"), {**DEPLOY, "canary": {"traffic": "40 %"}}, PROMOTE, BACK,
             stage=cache(), clients={"c": client(every(5 * MS, 3 * SECOND), PAGES)}),
        "cache HIT", "cache MISS", "flag SERVED_OTHER", "flag CANARY",
    ),
    "gateway responses and a policy, deployed, in a canary, and rolled back": entry(
        shop(SETTLED, DEPLOY, BACK, {**DEPLOY, "canary": {"traffic": "60 %"}}, ROUTES, DEPLOY, PROMOTE,
             stage={"method_settings": {"every_method": throttle("15/s", 2)}},
             clients={name: client(every(15 * MS, 4 * SECOND), CALLS, address=address)
                      for name, address in (("near", "10.0.0.1"), ("far", "192.0.2.7"))}),
        "THROTTLED", "ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN", "flag RESTYLED", "flag CANARY",
    ),
    "a canary behind a throttle, retried": entry(
        shop(canary={"traffic": "40 %", **OTHER}, settings=None,
             stage={"method_settings": {"every_method": throttle("20/s", 3)}},
             clients={"c": client(every(10 * MS, 2 * SECOND), CALLS[:2],
                                  retry={"attempts": 3, "statuses": [429, 502], "backoff": {"base": "20 ms"}})}),
        "flag CANARY", "THROTTLED", "retried",
    ),
}  # fmt: skip
