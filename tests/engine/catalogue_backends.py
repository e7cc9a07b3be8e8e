"""The catalogue's plans of what stands behind the gateway: Lambda and HTTP backends, and faults of both."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every
from engine.reaching import Entry, entry
from engine.running import FUNCTION, MS, NO_LAMBDA_LIMITS, SECOND, SERVER, client, story

COLD = {"cold_start": {"provisioning": "30 ms", "init": "50 ms"}}
DRAWN = {
    "cold_start": {
        "provisioning": {"p50": "20 ms", "p99": "90 ms"},
        "init": {"lognormal": {"mean": "60 ms", "cv": 1}},
    }
}
TIGHT = {"lambda_concurrency": 10}
LEAVE = {**AGAIN, "client_timeout": True}


def behind(
    function: dict[str, Any] | None = None, *timeline: dict[str, Any], timeout: str = "29 s", end: int = 2 * SECOND,
    **parts: Any,
) -> Any:  # fmt: skip
    """GET / invokes f, which takes 100 ms; two clients each 20 and 50 ms, the first of whom tries again."""
    return story(
        None, {**FUNCTION, "timeout": timeout},
        **{
            "clients": {
                "c": client(every(20 * MS, end), retry=AGAIN),
                "d": client(every(50 * MS, end), network={"rtt": "40 ms"}),
            },
            "functions": {"f": {"duration": "100 ms", **(function or {})}},
            "run": {"duration": "3 s", "period": "500 ms"},
            "timeline": list(timeline),
            **parts,
        },
    )  # fmt: skip


def two(f: dict[str, Any], g: dict[str, Any], *timeline: dict[str, Any], **parts: Any) -> Any:
    """Functions f and g of the same account, each 20 ms at the same instants."""
    return behind(
        None, *timeline,
        functions={"f": {"duration": "100 ms", **f}, "g": {"duration": "80 ms", **g}},
        methods={f"GET /{name}": {"integration": {"lambda_proxy": name, "timeout": "29 s"}} for name in "fg"},
        clients={
            "f": client(every(20 * MS, 3 * SECOND), "GET /f"),
            "g": client(every(20 * MS, 3 * SECOND), "GET /g", retry=AGAIN),
        },
        **parts,
    )  # fmt: skip


def served(
    server: dict[str, Any] | None = None, *timeline: dict[str, Any], timeout: str = "29 s", **parts: Any
) -> Any:
    """GET / goes to a server of 40 ms; three clients at the same instants, who leave after different times."""
    retry = parts.pop("retry", LEAVE)
    return story(
        None, {**SERVER, "timeout": timeout},
        **{
            "clients": {
                "c": client(every(20 * MS, 2 * SECOND), timeout="150 ms", retry=retry),
                "d": client(every(30 * MS, 2 * SECOND), timeout="90 ms"),
                "e": client(every(60 * MS, 2 * SECOND), network={"rtt": "20 ms"}),
            },
            "backends": {"h": {"http": {"latency": "40 ms", "concurrency": 3, "queue": 6, **(server or {})}}},
            "run": {"duration": "3 s", "period": "250 ms"},
            "timeline": list(timeline),
            **parts,
        },
    )  # fmt: skip


def fault(when: str, for_: str, *, backend: bool = False, **what: Any) -> dict[str, Any]:
    target = {"backend": "h"} if backend else {"function": "f"}
    return {"at": when, "fault": {**target, **what, "for": for_}}


def reserve(when: str, amount: int) -> dict[str, Any]:
    return {"at": when, "set": {"functions.f.reserved_concurrency": amount}}


LOW = {"rate": "20/s", "burst": 2}
MIXED = {"uniform": {"min": "5 ms", "max": "250 ms"}}
LAMBDA: dict[str, Entry] = {
    "cold starts": entry(behind(COLD), "cold", "flag COLD_START", "level ENVIRONMENTS"),
    "cold starts that are drawn": entry(
        behind({**DRAWN, "duration": MIXED}, assumptions={"lambda_overhead": {"p50": "8 ms", "p99": "40 ms"}}), "cold"
    ),
    "reserved concurrency": entry(
        behind({**COLD, "reserved_concurrency": 4}), "refused by LAMBDA_RESERVED", "work THROTTLED_RESERVED", "retried",
        "level CONCURRENCY", "level ACCOUNT_CONCURRENCY",
    ),
    "a reservation of none": entry(behind({"reserved_concurrency": 0}), "work THROTTLED_RESERVED"),
    "an account of ten, most of it used elsewhere": entry(
        two({}, {}, account={**TIGHT, "used_elsewhere": {"lambda_concurrency": 6}}),
        "refused by LAMBDA_ACCOUNT", "work THROTTLED_ACCOUNT",
    ),
    "one reserved and one not": entry(
        two({"reserved_concurrency": 2}, {}, account={"lambda_concurrency": 103, "used_elsewhere": {"lambda_concurrency": 98}}),
        "refused by LAMBDA_ACCOUNT", "refused by LAMBDA_RESERVED", "level UNRESERVED_CONCURRENCY",
    ),
    "the account's concurrency changes": entry(
        two(
            {}, {},
            {"at": "1 s", "set": {"account.lambda_concurrency": 12}},
            {"at": "1.5 s", "set": {"account.used_elsewhere.lambda_concurrency": 4}},
            {"at": "2 s", "set": {"account.lambda_concurrency": 6}},
            account={**TIGHT, "used_elsewhere": {"lambda_concurrency": 7}},
        ),
        "refused by LAMBDA_ACCOUNT", "journal",
    ),
    "requests a second of a reservation": entry(
        behind(
            {"duration": "5 ms", "reserved_concurrency": 2},
            account={"lambda_requests_per_concurrency": 4, "lambda_scaling": "none"},
        ),
        "refused by LAMBDA_RPS", "work THROTTLED_RPS",
    ),
    "requests a second of the account": entry(
        two({"duration": "5 ms"}, {"duration": "10 ms", "reserved_concurrency": 0},
            account={**TIGHT, "lambda_requests_per_concurrency": 3, "used_elsewhere": {"lambda_concurrency": 3}},
            assumptions={"lambda_request_burst": "200 ms"}),
        "refused by LAMBDA_RPS",
    ),
    "requests a second of a reservation that changes": entry(
        behind(
            {"duration": "5 ms", "reserved_concurrency": 1}, reserve("500 ms", 3), reserve("1 s", 0), reserve("1.5 s", 2),
            account={"lambda_requests_per_concurrency": 5},
        ),
        "refused by LAMBDA_RPS", "journal",
    ),
    "the scaling rate as a window": entry(
        behind({**COLD, "duration": MIXED}, account={"lambda_scaling": 5}),
        "refused by LAMBDA_SCALING", "work THROTTLED_SCALING",
    ),
    "the scaling rate as a window of ten seconds": entry(
        behind(
            {"duration": "150 ms", "idle_lifetime": "1.5 s"}, account={"lambda_scaling": 3},
            clients=
            {"d": client(every(500 * MS, 24 * SECOND, times=4)), "e": client(every(2 * SECOND, 24 * SECOND, times=2))},
            run={"duration": "25 s", "period": "1 s"},
        ),
        "work THROTTLED_SCALING",
    ),
    "the scaling rate as a bucket": entry(
        behind({"duration": MIXED, "idle_lifetime": "300 ms"}, account={"lambda_scaling": 4},
               assumptions={"scaling_rate_model": "bucket"}, run={"duration": "3 s", "period": "1 s"}),
        "work THROTTLED_SCALING", "died",
    ),
    "no limits of Lambda's": entry(behind(COLD, account=NO_LAMBDA_LIMITS), "OK"),
    "lifetimes that end at ticks": entry(
        behind({"idle_lifetime": "400 ms", "duration": "100 ms"},
               clients={"c": client(every(SECOND, 3 * SECOND, times=4)), "d": client(every(500 * MS, 2 * SECOND))}),
        "died",
    ),
    "lifetimes that end between ticks": entry(
        behind({"idle_lifetime": {"uniform": {"min": "50 ms", "max": "700 ms"}}, "duration": MIXED, **DRAWN},
               clients={"c": client(every(310 * MS, 3 * SECOND, times=5)), "d": client(every(70 * MS, 2 * SECOND))}),
        "died", "cold",
    ),
    "environments that are reset": entry(
        behind({**COLD, "timeout": "1 s", "crash": "20 %", "exit_error": "50 %",
                "duration": {"uniform": {"min": "10 ms", "max": "1.2 s"}}, "idle_lifetime": "40 ms"}),
        "reset", "work TIMEOUT", "work CRASH", "died",
    ),
    "a lifetime of nothing": entry(behind({"idle_lifetime": "0 ms", **COLD}), "died", "cold"),
    "environments at the start": entry(
        behind({**COLD, "idle_lifetime": {"uniform": {"min": "100 ms", "max": "900 ms"}}}, initial={"environments": {"f": 3}},
               account={"lambda_scaling": 2}),
        "died", "work THROTTLED_SCALING",
    ),
    "environments at the start that nobody uses": entry(
        behind({"idle_lifetime": "700 ms"}, initial={"environments": {"f": 3}}, clients={"c": client(every(SECOND, SECOND))}),
        "died",
    ),
    "a function's own timeout": entry(
        behind({"duration": {"uniform": {"min": "500 ms", "max": "1.5 s"}}, "timeout": "1 s"}),
        "FUNCTION_TIMEOUT", "work TIMEOUT",
    ),
    "a function's timeout that is set": entry(
        behind({"duration": "1.2 s", "timeout": "1 s"}, {"at": "500 ms", "set": {"functions.f.timeout": "3 s"}},
               {"at": "1 s", "set": {"functions.f.timeout": "1 s"}}),
        "FUNCTION_TIMEOUT", "OK", "journal",
    ),
    "an integration's timeout before the function's end": entry(
        behind({"duration": {"uniform": {"min": "50 ms", "max": "400 ms"}}, **COLD, "reserved_concurrency": 9}, timeout="200 ms"),
        "INTEGRATION_TIMEOUT", "abandoned", "LAMBDA_THROTTLED", "repeated",
    ),
    "work exactly as long as the integration's timeout": entry(
        behind({"duration": "200 ms", "cold_start": {"provisioning": "0 ms", "init": "0.000001 ms"}}, timeout="200 ms"),
        "INTEGRATION_TIMEOUT", "OK",
    ),
    "a service time beyond the integration's timeout": entry(
        behind(timeout="60 ms", assumptions={"lambda_overhead": {"uniform": {"min": "20 ms", "max": "90 ms"}}}),
        "INTEGRATION_TIMEOUT", "late", "abandoned", "repeated",
    ),
    "a service time exactly the integration's timeout, and a refusal after it": entry(
        behind({"reserved_concurrency": 3}, timeout="60 ms", assumptions={"lambda_overhead": "60 ms"}),
        "INTEGRATION_TIMEOUT", "late", "work THROTTLED_RESERVED",
    ),
    "crashes, bad answers and statuses": entry(
        behind({
            "crash": "20 %", "malformed": "20 %",
            "response": {"status": {200: "50 %", 302: "10 %", 404: "20 %", 503: "20 %"}},
        }),
        "FUNCTION_ERROR", "MALFORMED_RESPONSE", "BACKEND_4XX", "BACKEND_5XX", "repeated", "work CRASH",
        "work MALFORMED", "work OK",
    ),
    "answers about 6 MB": entry(
        behind({"response": {"size": {"uniform": {"min": "5.9 MB", "max": "6.1 MB"}}}}), "RESPONSE_TOO_LARGE", "OK"
    ),
    "faults that overlap": entry(
        behind(
            {"duration": MIXED, "crash": "5 %"},
            fault("0.5 s", "1 s", slow=3), fault("0.8 s", "600 ms", errors="40 %"), fault("1 s", "200 ms", outage=True),
            fault("1.5 s", "300 ms", slow=0.1), fault("2.9 s", "1 h", outage=True),
        ),
        "API_CONFIGURATION_ERROR", "FUNCTION_ERROR", "work OUTAGE", "fault ended",
    ),
    "faults that come and go slowly": entry(
        behind(
            {"duration": MIXED}, fault("0.5 s", "1 s", slow=3, ramp="400 ms", back="333 ms"),
            fault("0.7 s", "1 s", errors="80 %", back="1 s"),
        ),
        "FUNCTION_ERROR", "fault ended",
    ),
    "limits that are given back": entry(
        behind(
            {}, {**reserve("400 ms", 1), "for": "300 ms"}, {**reserve("700 ms", 0), "for": "200 ms"},
            {"at": "1 s", "for": "500 ms", "set": {"account.lambda_concurrency": 103, "account.throttle": LOW}},
            account={"used_elsewhere": {"lambda_concurrency": 101}},
        ),
        "refused by LAMBDA_RESERVED", "refused by LAMBDA_ACCOUNT", "THROTTLED", "fault ended",
    ),
    "a reservation that comes and changes while work runs": entry(
        two(
            {"duration": "400 ms"}, {"duration": "300 ms"},
            reserve("400 ms", 3), reserve("1 s", 6), reserve("1.4 s", 0), reserve("2 s", 1), reserve("2.5 s", 6),
            account={"lambda_concurrency": 106, "used_elsewhere": {"lambda_concurrency": 95}},
        ),
        "refused by LAMBDA_RESERVED", "refused by LAMBDA_ACCOUNT", "journal",
    ),
    "an outage and a refusal at one instant": entry(
        behind({"reserved_concurrency": 2}, fault("1 s", "500 ms", outage=True), reserve("1 s", 0), reserve("1.5 s", 2)),
        "work OUTAGE", "work THROTTLED_RESERVED",
    ),
    "work that ends at the instant of arrivals": entry(
        behind({"duration": "100 ms", "reserved_concurrency": 6}, clients={
            "late": client(every(20 * MS, 2 * SECOND), network={"rtt": "40 ms"}, retry=AGAIN),
            "early": client(every(20 * MS, 2 * SECOND)),
        }, assumptions={"lambda_overhead": "20 ms", "rest_overhead": "20 ms"}),
        "LAMBDA_THROTTLED",
    ),
}  # fmt: skip

HTTP: dict[str, Entry] = {
    "a queue": entry(served(), "queued", "level QUEUE", "abandoned", "work QUEUE_FULL", "abandoned in a queue"),
    "a queue that is always full": entry(served({"latency": "100 ms", "concurrency": 1, "queue": 2}), "work QUEUE_FULL"),
    "no queue": entry(served({"queue": 0, "concurrency": 2}), "work QUEUE_FULL"),
    "no limit of what is served at once": entry(served({"concurrency": "none", "latency": MIXED}), "level BUSY"),
    "the gateway's limit ends the wait in the queue": entry(
        served({"latency": "60 ms", "queue": 20}, timeout="100 ms", retry=AGAIN),
        "INTEGRATION_TIMEOUT", "abandoned in a queue", "repeated",
    ),
    "the gateway gives up in the queue before the client would": entry(
        story(
            every(MS, 3 * MS), {**SERVER, "timeout": "100 ms"}, timeout="150 ms", retry=LEAVE,
            backends={"h": {"http": {"latency": "300 ms", "concurrency": 1, "queue": 5}}},
        ),
        "INTEGRATION_TIMEOUT", "abandoned in a queue", "retried",
    ),
    "the client's limit is the gateway's": entry(
        served({"latency": "60 ms", "queue": 20}, timeout="150 ms"), "INTEGRATION_TIMEOUT", "call TIMED_OUT"
    ),
    "the client's limit is the gateway's, behind overheads": entry(
        served({"latency": "60 ms", "queue": 20}, timeout="140 ms", assumptions={"rest_overhead": "20 ms"}),
        "INTEGRATION_TIMEOUT", "call TIMED_OUT",
    ),
    "an outage begins while requests wait": entry(
        served({"latency": "100 ms", "queue": 20, "concurrency": 4}, fault("1 s", "300 ms", backend=True, outage=True)),
        "INTEGRATION_FAILURE", "work OUTAGE", "queued", "fault ended",
    ),
    "an outage empties a queue in which nobody waits any more": entry(
        served(
            {"latency": "300 ms", "queue": 30, "concurrency": 2},
            fault("700 ms", "1 s", backend=True, outage=True), timeout="100 ms",
        ),
        "INTEGRATION_TIMEOUT", "work OUTAGE", "abandoned in a queue",
    ),
    "a server that is slow and fails for a while": entry(
        served({"latency": MIXED, "queue": 20}, fault("500 ms", "1 s", backend=True, slow=2.5),
               fault("1 s", "1 s", backend=True, errors="50 %"), fault("1.5 s", "100 ms", backend=True, slow=0.001)),
        "BACKEND_5XX", "fault ended", "queued",
    ),
    "work of no time": entry(
        served({"latency": "0.0001 ms", "concurrency": 1}, fault("0 s", "500 ms", backend=True, slow=1_000_000),
               fault("500 ms", "1 s", backend=True, slow=0.001)),
        "queued", "abandoned",
    ),
    "a queue in which the last that came is next": entry(
        served(
            {"discipline": "LIFO", "queue": 9, "slowdown": 2.5, "latency": MIXED},
            fault("500 ms", "300 ms", backend=True, slow=2), fault("900 ms", "200 ms", backend=True, outage=True),
            fault("1.2 s", "200 ms", backend=True, concurrency=1),
        ),
        "queued", "work OUTAGE", "abandoned in a queue", "work QUEUE_FULL",
    ),
    "places that are cut, come back, and are cut to none": entry(
        served(
            {"concurrency": 4, "queue": 20},
            fault("500 ms", "300 ms", backend=True, concurrency=1), fault("700 ms", "400 ms", backend=True, slow=3),
            fault("1 s", "200 ms", backend=True, concurrency=0),
            fault("1.2 s", "800 ms", backend=True, concurrency=1, ramp="400 ms", back="400 ms"),
        ),
        "queued", "fault ended", "abandoned in a queue",
    ),
    "places that come back into an outage": entry(
        served(
            {"concurrency": 2, "queue": 20}, fault("500 ms", "300 ms", backend=True, concurrency=0),
            fault("700 ms", "300 ms", backend=True, outage=True),
        ),
        "work OUTAGE", "queued",
    ),
    "places that are free at the instant of arrivals": entry(
        served({"latency": "60 ms", "concurrency": 3, "queue": 1}, retry=AGAIN), "queued", "work QUEUE_FULL"
    ),
    "statuses at the edges of their classes": entry(
        served({"status": {200: "20 %", 399: "20 %", 400: "20 %", 499: "20 %", 500: "10 %", 599: "rest"}}),
        "OK", "BACKEND_4XX", "BACKEND_5XX",
    ),
    "statuses and sizes of a server": entry(
        served({"latency": {"exponential": {"mean": "30 ms"}}, "size": {"p50": "2 KB", "p99": "900 KB"},
                "status": {200: "70 %", 404: "10 %", 500: "10 %", 503: "rest"}}),
        "BACKEND_4XX", "BACKEND_5XX", "queued",
    ),
}  # fmt: skip

ENTRIES = LAMBDA | HTTP
