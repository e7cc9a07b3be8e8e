"""The catalogue's plans of versions and aliases of functions: weights, changes, shifts, what versions share, formats."""

from __future__ import annotations

from typing import Any

from engine.catalogue_backends import COLD, DRAWN, MIXED, fault, reserve
from engine.catalogue_gateway import AGAIN, every
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story

EVEN = {"1": "50 %", "2": "rest"}


def split(
    weights: dict[str, Any] | None = None, *timeline: dict[str, Any], function: dict[str, Any] | None = None,
    one: dict[str, Any] | None = None, two: dict[str, Any] | None = None, timeout: str = "29 s", **parts: Any,
) -> Any:  # fmt: skip
    """GET / invokes f:PROD, GET /latest f and GET /two f:2; three clients, the first of whom tries again."""
    callees = {"GET /": "f:PROD", "GET /latest": "f", "GET /two": "f:2"}
    body = {
        "duration": "100 ms",
        "versions": {"1": {"duration": "150 ms", **(one or {})}, "2": {"duration": "40 ms", **(two or {})}},
        "aliases": {"PROD": weights or EVEN},
        **(function or {}),
    }
    return story(
        **{
            "methods": {
                route: {"integration": {"lambda_proxy": name, "timeout": timeout}} for route, name in callees.items()
            },
            "clients": {
                "c": client(every(20 * MS, 2 * SECOND), retry=AGAIN),
                "d": client(every(50 * MS, 2 * SECOND), "GET /latest", network={"rtt": "40 ms"}),
                "e": client(every(50 * MS, 2 * SECOND), "GET /two"),
            },
            "functions": {"f": body},
            "run": {"duration": "3 s", "period": "500 ms"},
            "timeline": list(timeline),
            **parts,
        }
    )  # fmt: skip


def weigh(when: str, weights: Any) -> dict[str, Any]:
    return {"at": when, "set": {"functions.f.aliases.PROD": weights}}


def shift(when: str, to: str, strategy: str = "AllAtOnce") -> dict[str, Any]:
    return {"at": when, "shift": {"alias": "f:PROD", "to": to, "with": strategy}}


USED = ("by an alias", "by a version", "OK")
CACHED = {"cache_cluster": "0.5 GB", "method_settings": {"every_method": {"caching": {"ttl": "1 s"}}}}
ENTRIES: dict[str, Entry] = {
    "an alias of two versions": entry(split(), *USED, "level ENVIRONMENTS"),
    "versions that are restored": entry(
        split(function={"cold_start": {"provisioning": "30 ms", "init": "500 ms"}, "snap_start": {}, "timeout": "1 s"}),
        *USED, "cold",
    ),
    "an alias of one version": entry(split({"2": "100 %"}), *USED),
    "an alias of the function as it is written": entry(split({"$LATEST": "100 %"}), "by an alias"),
    "a share of all but a little": entry(split({"1": "0.01 %", "2": "99.99 %"}), *USED),
    "versions with laws of their own": entry(
        split(one={"duration": MIXED, **DRAWN}, two={"duration": {"p50": "30 ms", "p99": "200 ms"}, **COLD}), *USED, "cold",
    ),
    "versions that fail in their own ways": entry(
        split(
            one={"crash": "20 %", "response": {"status": {200: "80 %", 404: "20 %"}}},
            two={"malformed": "30 %", "response": {"size": {"uniform": {"min": "5.9 MB", "max": "6.1 MB"}}}},
        ),
        "FUNCTION_ERROR", "MALFORMED_RESPONSE", "BACKEND_4XX", "RESPONSE_TOO_LARGE", "retried",
    ),
    "a version that takes longer than its timeout": entry(
        split(one={"duration": "1.5 s", "timeout": "1 s"}), "FUNCTION_TIMEOUT", "OK"
    ),
    "a reservation over all versions": entry(
        split(function={"reserved_concurrency": 6}), "work THROTTLED_RESERVED", "retried", "level CONCURRENCY"
    ),
    "a reservation over all versions that changes": entry(
        split(None, reserve("500 ms", 2), reserve("1 s", 0), reserve("1.5 s", 9), function={"reserved_concurrency": 4}),
        "work THROTTLED_RESERVED", "journal",
    ),
    "a reservation that comes while versions run": entry(
        split(None, reserve("500 ms", 3), account={"lambda_concurrency": 106, "used_elsewhere": {"lambda_concurrency": 100}}),
        "refused by LAMBDA_RESERVED", "refused by LAMBDA_ACCOUNT",
    ),
    "requests a second over all versions": entry(
        split(function={"reserved_concurrency": 5}, one={"duration": "5 ms"}, two={"duration": "9 ms"},
              account={"lambda_requests_per_concurrency": 8}),
        "work THROTTLED_RPS",
    ),
    "the scaling rate over all versions, as a window": entry(
        split(one=COLD, function={"idle_lifetime": "200 ms"}, account={"lambda_scaling": 7}), "work THROTTLED_SCALING", "died"
    ),
    "the scaling rate over all versions, as a bucket": entry(
        split(one=COLD, function={"idle_lifetime": "200 ms"}, account={"lambda_scaling": 7},
              assumptions={"scaling_rate_model": "bucket"}),
        "work THROTTLED_SCALING",
    ),
    "environments of a version at the start": entry(
        split(function={**COLD, "idle_lifetime": "600 ms"}, initial={"environments": {"f:2": 2, "f": 1}}), "cold", "died"
    ),
    "faults hold for all versions": entry(
        split(None, fault("500 ms", "1 s", slow=2), fault("800 ms", "300 ms", errors="40 %"),
              fault("1.5 s", "200 ms", outage=True)),
        "API_CONFIGURATION_ERROR", "FUNCTION_ERROR", "fault ended",
    ),
    "weights that are set": entry(
        split(None, weigh("400 ms", {"1": "90 %", "2": "10 %"}), weigh("800 ms", "2"), weigh("1.2 s", {"$LATEST": "100 %"}),
              weigh("1.6 s", {"1": "5 %", "2": "95 %"})),
        *USED, "journal",
    ),
    "shifts there and back": entry(
        split("1", shift("500 ms", "2"), shift("1 s", "1"), weigh("1.5 s", "2")), *USED, "journal"
    ),
    "a canary shift that ends with the run": entry(
        split("1", shift("500 ms", "2", "Canary10Percent5Minutes")), *USED, "journal"
    ),
    "a linear shift": entry(
        split(
            "1", shift("30 s", "2", "Linear10PercentEvery1Minute"),
            clients={"c": client({"process": "poisson", "rate": "2/s"}, retry=AGAIN)}, two={"crash": "30 %"},
            run={"duration": "11 min", "period": "1 min"},
        ),
        *USED, "journal", "retried",
    ),
    "a linear shift to the older version": entry(
        split(
            "2", shift("30 s", "1", "Linear10PercentEvery1Minute"),
            clients={"c": client({"process": "poisson", "rate": "2/s"})}, run={"duration": "11 min", "period": "1 min"},
        ),
        *USED, "journal",
    ),
    "weights that change while requests are on their way": entry(
        split(None, weigh("1 s", "1"), assumptions={"lambda_overhead": {"uniform": {"min": "5 ms", "max": "90 ms"}}}), *USED
    ),
    "an alias behind a service time beyond the integration's timeout": entry(
        split(timeout="60 ms", assumptions={"lambda_overhead": {"uniform": {"min": "20 ms", "max": "90 ms"}}}),
        "INTEGRATION_TIMEOUT", "late", "abandoned", "by an alias",
    ),
    "an integration's timeout between two versions": entry(
        split(timeout="100 ms"), "INTEGRATION_TIMEOUT", "abandoned", "repeated", "OK"
    ),
    "an alias behind a cache": entry(
        split(one={"response": {"size": "2 KB"}}, two={"response": {"size": "9 KB", "status": 404}}, stage=CACHED,
              assumptions={"encryption_overhead": "255 MB"}),
        "cache HIT", "cache MISS", "by an alias",
    ),
    "formats, of which a version knows one": entry(
        split(
            function={"accepts": ["a"]}, one={"accepts": ["a"], "crash": "20 %"},
            two={"accepts": ["a", "b"], "format_error": 415, "malformed": "20 %"},
            clients={
                name: client(every(20 * MS, 2 * SECOND), [{"call": "GET /", **({"format": of} if of else {})}])
                for name, of in (("c", "a"), ("d", "b"), ("e", "z"), ("g", None))
            },
        ),
        "BACKEND_4XX", "OK", "FUNCTION_ERROR", "MALFORMED_RESPONSE",
    ),
    "two aliases of one function and one of another": entry(
        story(
            methods={
                f"GET /{name}": {"integration": {"lambda_proxy": callee}}
                for name, callee in (("a", "f:A"), ("b", "f:B"), ("c", "g:A"))
            },
            functions={
                "f": {"duration": "80 ms", "versions": {"1": {}, "2": {"duration": MIXED}, "10": {"duration": "20 ms"}},
                      "aliases": {"A": {"10": "30 %", "2": "rest"}, "B": {"1": "60 %", "10": "rest"}}},
                "g": {"duration": "30 ms", "versions": {"3": {}}, "aliases": {"A": "3"}},
            },
            clients={name: client(every(20 * MS, 2 * SECOND), f"GET /{name}") for name in "abc"},
            run={"duration": "3 s", "period": "500 ms"},
        ),
        *USED,
    ),
}  # fmt: skip
