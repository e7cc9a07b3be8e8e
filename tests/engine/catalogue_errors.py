"""The catalogue's plans of what keeps requests from backends, of custom integrations and of gateway responses."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every, log, throttle
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story

from apigw_sim.plan.tables import GaugeKind

CRASHING = {
    "f": {
        "duration": {"p50": "30 ms", "p99": "400 ms"},
        "timeout": "1 s",
        "crash": "20 %",
        "malformed": "10 %",
    }
}
SERVER = {
    "h": {"http": {"latency": "20 ms", "status": {200: "60 %", 404: "20 %", 503: "rest"}, "concurrency": 2}}
}
BINARY = {"image/png": "40 %", "application/json": "60 %"}
UP_TO_11_MB = {"uniform": {"min": "500 KB", "max": "11 MB"}}


def validated(**assumptions: Any) -> dict[str, Any]:
    """Two methods of which one validates all and is cached, and callers of whom some call wrongly, and again."""
    return story(
        methods={
            "GET /": {"integration": {"lambda_proxy": "f"}, "validator": "both"},
            "POST /": {"integration": {"http_proxy": "h"}, "validator": "body"},
            "PUT /": {"integration": {"mock": {}}, "validator": "parameters"},
        },
        functions=CRASHING,
        backends=SERVER,
        settings={**throttle("20/s", 3), "caching": {"ttl": "1 s"}},
        stage={"cache_cluster": "0.5 GB"},
        clients={
            "c": client(
                every(15 * MS, 3 * SECOND),
                [
                    {"call": "GET /", "invalid": {"body": "20 %", "parameters": "20 %"}, "body": UP_TO_11_MB},
                    {"call": "POST /", "invalid": "30 %"},
                    {"call": "PUT /", "invalid": {"parameters": "30 %"}, "weight": 0.5},
                ],
                retry={**AGAIN, "statuses": [400, 413, 429, 502]},
            )
        },
        run={"duration": "3 s", "period": "500 ms"},
        assumptions={"rest_overhead": {"p50": "8 ms", "p99": "30 ms"}, **assumptions},
    )


def custom(**responses: Any) -> dict[str, Any]:
    """A function and a backend behind custom integrations, cached, of which much goes wrong."""
    return story(
        methods={
            "GET /f": {"integration": {"lambda": "f", "timeout": "1.2 s", **responses.get("f", {})}},
            "GET /h": {"integration": {"http": "h", "timeout": "100 ms", **responses.get("h", {})}},
        },
        functions={"f": {**CRASHING["f"], "response": {"status": {200: "70 %", 404: "30 %"}, "size": "3 KB"}}},
        backends=SERVER,
        settings={"caching": {"ttl": "1 s"}},
        stage={"cache_cluster": "0.5 GB"},
        clients={
            "c": client(
                every(9 * MS, 3 * SECOND),
                [
                    {"call": f"GET /{name}", "query": {"q": {"uniform": {"n": 9}}}, "max_age_0": "70 %"} for name in "fh"
                ],
                retry={**AGAIN, "statuses": [500, 502, 503]},
                timeout="400 ms",
            )
        },
        run={"duration": "3 s", "period": "500 ms"},
        timeline=[
            {"at": "1 s", "fault": {"function": "f", "outage": True, "for": "200 ms"}},
            {"at": "1.5 s", "fault": {"function": "f", "slow": 9, "for": "300 ms"}},
            {"at": "2 s", "fault": {"backend": "h", "outage": True, "for": "200 ms"}},
            {"at": "2.4 s", "fault": {"backend": "h", "slow": 9, "for": "300 ms"}},
        ],
    )  # fmt: skip


def events(**more: Any) -> dict[str, Any]:
    """An asynchronous invocation of a function with few environments, of bodies around its limit."""
    return story(
        methods={"POST /": {"integration": {"lambda": "f", "invocation_type": "Event", **more.pop("integration", {})}}},
        functions={
            "f": {"duration": {"p50": "300 ms", "p99": "900 ms"}, "reserved_concurrency": 3, "crash": "10 %",
                  "cold_start": {"provisioning": "20 ms", "init": "30 ms"}, **more.pop("function", {})}
        },
        clients={
            "c": client(
                every(40 * MS, 3 * SECOND),
                [{"call": "POST /", "body": {"uniform": {"min": "500 KB", "max": "1.2 MB"}}, "content_type": BINARY}],
                retry={**AGAIN, "statuses": [413, 500, 504], "client_timeout": True},
                timeout="55 ms",
                network={"rtt": "10 ms"},
            )
        },
        run={"duration": "3 s"},
        account={"lambda_requests_per_concurrency": 2},
        timeline=[{"at": "2 s", "fault": {"function": "f", "outage": True, "for": "300 ms"}}],
        assumptions={"lambda_overhead": {"uniform": {"min": "1 ms", "max": "80 ms"}}, "rest_overhead": "4 ms"},
        **more,
    )  # fmt: skip


def payloads() -> dict[str, Any]:
    """Bodies and answers around the limits of the gateway and of Lambda, some of them in base64."""
    answer = {"uniform": {"min": "4 MB", "max": "7 MB"}}
    said = story(
        methods={
            "POST /f": {"integration": {"lambda_proxy": "f"}}, "POST /g": {"integration": {"lambda": "g"}},
            "POST /h": {"integration": {"http_proxy": "h"}},
        },
        functions={
            "f": {"duration": "5 ms", "response": {"size": answer, "binary": True}},
            "g": {"duration": "5 ms", "response": {"size": answer}},
        },
        backends={"h": {"http": {"latency": "5 ms", "size": {"uniform": {"min": "9 MB", "max": "11 MB"}}}}},
        clients={
            "c": client(
                every(10 * MS, 2 * SECOND),
                [{"call": f"POST /{name}", "body": UP_TO_11_MB, "content_type": BINARY} for name in "fgh"],
            )
        },
        run={"duration": "2 s"},
        assumptions={"lambda_request_too_large": 500},
    )  # fmt: skip
    said["apis"]["a"]["binary_media_types"] = ["image/png"]
    return said


def restyled() -> dict[str, Any]:
    """Customised statuses, on which a client retries, and answers that CloudWatch does not count."""
    said = story(
        methods={
            "GET /": {"integration": {"lambda_proxy": "f"}},
            "GET /k": {"integration": {"mock": {}}, "api_key_required": True},
        },
        functions=CRASHING,
        settings=throttle("40/s", 4),
        clients={
            "c": client(
                every(10 * MS, 2 * SECOND), [{"call": "GET /", "body": UP_TO_11_MB}, {"call": "GET /k", "weight": 0.2}],
                retry={**AGAIN, "statuses": [503, 599, 400]},
            ),
            "d": log(),
        },
        run={"duration": "2 s", "period": "300 ms"},
        assumptions={"unmetered": ["THROTTLED", "REQUEST_TOO_LARGE", "FUNCTION_ERROR"]},
    )  # fmt: skip
    said["apis"]["a"]["gateway_responses"] = {
        "THROTTLED": {"status": 503, "size": "1 KB"}, "DEFAULT_4XX": {"status": 400}, "DEFAULT_5XX": {"status": 599},
        "INTEGRATION_TIMEOUT": {"size": "9 B"},
    }  # fmt: skip
    return said


ENTRIES: dict[str, Entry] = {
    "validation before the cache": entry(
        validated(), "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "cache HIT", "THROTTLED"
    ),
    "validation behind the cache": entry(
        validated(validation_position="after_cache", size_check_position="after_cache"),
        "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "cache HIT", "REQUEST_TOO_LARGE",
    ),
    "a custom integration that maps nothing": entry(
        custom(), "mapped to success", "FUNCTION_ERROR", "FUNCTION_TIMEOUT", "cache HIT", "API_CONFIGURATION_ERROR",
    ),
    "a custom integration that maps everything": entry(
        custom(
            f={
                "responses": {
                    "function_error": 500, "function_timeout": {"status": 504, "size": "33 B"}, 404: 404, "default": 201,
                }
            },
            h={"responses": {404: {"status": 404, "size": "2 MB"}, 503: 503}},
        ),
        "FUNCTION_ERROR", "INTEGRATION_TIMEOUT", "BACKEND_4XX", "BACKEND_5XX", "INTEGRATION_FAILURE",
    ),
    "a custom integration without a default": entry(
        custom(
            f={"responses": {"default": "none", 200: 200}}, h={"responses": {"default": "none", 200: 200, 404: 404}}
        ),
        "UNMAPPED_RESPONSE", "retried",
    ),
    "content types that no template matches": entry(
        story(
            methods={
                "POST /": {
                    "integration": {
                        "http": "h", "templates": ["application/json"], "passthrough": "NEVER", "responses": {503: 429},
                    }
                }
            },
            backends=SERVER,
            clients={
                "c": client(
                    every(10 * MS, 2 * SECOND), [{"call": "POST /", "content_type": BINARY}],
                    retry={**AGAIN, "statuses": [415, 429]},
                )
            },
            run={"duration": "2 s"},
        ),
        "UNSUPPORTED_MEDIA_TYPE", "work QUEUE_FULL",
    ),
    "asynchronous invocations": entry(
        events(), "work TOO_LARGE", "LAMBDA_REQUEST_TOO_LARGE", "work THROTTLED_RESERVED", "cold", "retried", "repeated",
    ),
    "asynchronous invocations that reach Lambda late": entry(
        events(integration={"timeout": "50 ms", "responses": {202: 202}}), "late", "INTEGRATION_TIMEOUT", "work CRASH",
    ),
    "events that are given up, by a function that forgets its environments": entry(
        events(
            function={
                "crash": "50 %", "timeout": "1 s", "idle_lifetime": "30 s", "versions": {"1": {"crash": "70 %"}, "2": {}},
                "aliases": {"PROD": {"1": "60 %", "2": "40 %"}},
                "event_invoke": {"maximum_event_age": "2 min", "maximum_retry_attempts": 1, "on_failure": "dead"},
            },
            integration={"lambda": "f:PROD"}, backends={"dead": {"sqs": {}}},
        ),
        "work for EVENT_QUEUE", "by an alias", *(f"level {kind.name}" for kind in GaugeKind if "EVENT" in kind.name),
    ),
    "payloads around the limits of gateway and Lambda": entry(
        payloads(),
        "LAMBDA_REQUEST_TOO_LARGE", "REQUEST_TOO_LARGE", "RESPONSE_TOO_LARGE", "BACKEND_RESPONSE_TOO_LARGE",
    ),
    "gateway responses, and what is not metered": entry(
        restyled(), "flag RESTYLED", "flag UNMETERED", "THROTTLED", "FUNCTION_ERROR", "INVALID_API_KEY",
        "MISSING_AUTHENTICATION_TOKEN",
    ),
    "the gateway is unavailable for a while, twice": entry(
        story(
            integration={"lambda_proxy": "f"}, functions=CRASHING,
            settings=throttle("30/s", 3),
            clients={
                "c": client(
                    every(10 * MS, 3 * SECOND),
                    [{"call": "GET /"}, {"call": "GET /", "url_size": "11 KB"}, {"call": "GET /", "headers_size": "11 KB"}],
                    retry={**AGAIN, "statuses": [503]},
                )
            },
            run={"duration": "3 s", "period": "400 ms"},
            timeline=[
                {"at": "500 ms", "fault": {"stage": "a/s", "gateway_unavailable": "60 %", "for": "700 ms"}},
                {"at": "2 s", "fault": {"stage": "a/s", "gateway_unavailable": "100 %", "for": "300 ms"}},
            ],
            assumptions={"account_throttle_position": "front", "rare_502_at_load": "20 %"},
        ),
        "GATEWAY_UNAVAILABLE", "URI_TOO_LONG", "HEADERS_TOO_LARGE", "BAD_GATEWAY_AT_LOAD", "fault ended",
    ),
}  # fmt: skip
