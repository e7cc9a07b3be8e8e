"""The catalogue's plans of closed-loop users: thinking, sessions, ramps, and all that clients do besides."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import throttle
from engine.reaching import Entry, entry
from engine.running import FUNCTION, MOCK, SERVER, client, story

THINKS = {"exponential": {"mean": "200 ms"}}
QUEUE = {"h": {"http": {"latency": {"exponential": {"mean": "60 ms"}}, "concurrency": 2, "queue": 4}}}
THREE = [{"call": "GET /h", "leave": "30 %"}, {"call": "GET /f", "leave": "50 %"}, {"call": "GET /"}]
ROUTES = {
    "GET /h": {"integration": SERVER},
    "GET /f": {"integration": FUNCTION},
    "GET /": {"integration": MOCK},
}


def users(count: int, think: Any = THINKS, calls: Any = None, **more: Any) -> dict[str, Any]:
    """A client of a/s that is so many users; `ramp_up` and `sessions` are the users', the rest is the client's."""
    own = {key: more.pop(key) for key in ("ramp_up", "sessions") if key in more}
    said = calls if isinstance(calls, list) else [{"call": calls or "GET /"}]
    return {"target": "a/s", "users": {"count": count, "think_time": think, **own}, "calls": said, **more}


def crowd() -> dict[str, Any]:
    """Users and open-loop clients, impatient and stubborn, before limits that change."""
    stubborn = {
        "attempts": 3, "client_timeout": True, "statuses": [429, 503], "backoff": {"base": "50 ms", "jitter": "full"},
    }  # fmt: skip
    return story(
        methods=ROUTES, functions={"f": {"duration": "70 ms", "reserved_concurrency": 2}}, backends=QUEUE,
        settings={**throttle("12/s", 2), "caching": {"ttl": "1 s"}},
        stage={
            "cache_cluster": "0.5 GB",
            "method_settings": {"GET /f": throttle("30/s", 4), "GET /h": {**throttle("20/s", 2), "caching": False}}
        },
        clients={
            "sessions": users(6, calls=THREE, sessions={"pause": "300 ms"}, timeout="80 ms", retry=stubborn, ramp_up="1 s"),
            "open": client({"process": "poisson", "rate": "9/s"}, [{"call": route} for route in ROUTES], timeout="100 ms"),
            "far": users(5, calls=[{"call": "GET /h"}, {"call": "GET /f"}], network={"rtt": "20 ms"}, timeout="300 ms"),
            "hopeless": users(2, timeout="10 ms", network={"rtt": "20 ms"}),
            "again": client({"process": "even", "rate": "10/s"}, "GET /h", retry=stubborn, timeout="90 ms"),
        },
        assumptions={"lambda_overhead": "30 ms", "rest_overhead": "10 ms"},
        timeline=[
            {"at": f"{at} ms", **change}
            for at in range(400, 4000, 900)
            for change in (
                {"flush_cache": "a/s"}, {"fault": {"backend": "h", "slow": 3, "for": "300 ms"}},
                {"set": {"functions.f.reserved_concurrency": 1 + at % 3}},
            )
        ],
        run={"duration": "4 s", "period": "500 ms"},
    )  # fmt: skip


AGAIN = {"attempts": 3, "client_timeout": True, "backoff": {"base": "50 ms", "jitter": "full"}}
BREAKER = {"failures": "50 %", "window": 4, "open": "700 ms", "probes": 2}


def paced(**more: Any) -> dict[str, Any]:
    """Clients with workers, impatient and patient, beside users."""
    return story(
        None, SERVER, backends=QUEUE, run={"duration": "3 s", "period": "500 ms"},
        clients={
            "c": client({"process": "poisson", "rate": "30/s"}, workers=3, timeout="80 ms", network={"rtt": "10 ms"}, **more),
            "d": client({"process": "even", "rate": "20/s"}, workers=2),
            "u": users(3),
        },
        timeline=[{"at": "1 s", "fault": {"backend": "h", "slow": 8, "for": "400 ms"}}],
    )  # fmt: skip


PACED: dict[str, Entry] = {
    "workers who fall behind": entry(paced(), "late start", "call NOT_STARTED"),
    "workers who try again": entry(paced(retry=AGAIN), "late start", "retried"),
    "workers whose circuit breakers open": entry(
        paced(retry=AGAIN, circuit_breaker=BREAKER, processes=2), "late start", "call SHORT_CIRCUITED"
    ),
    "workers held by an adaptive limiter": entry(
        {
            **paced(retry={"mode": "adaptive", "attempts": 3}),
            "account": {"throttle": {"rate": "9/s", "burst": 3}},
        },
        "late start",
    ),
    "workers whose packets are lost": entry(
        {
            **paced(retry=AGAIN),
            "timeline": [{"at": "1 s", "fault": {"client": "c", "lost_requests": "40 %", "for": "1 s"}}],
        },
        "late start",
    ),
}
ENTRIES: dict[str, Entry] = PACED | {
    "users of one queue": entry(
        story(None, SERVER, backends=QUEUE, clients={"c": users(9)}), "user", "user again", "queued",
        "BACKEND_5XX",
    ),
    "users who come one by one and do not think": entry(
        story(None, FUNCTION, functions={"f": {"duration": "200 ms"}}, assumptions={"rest_overhead": "1 ms"},
              clients={"c": users(7, "0 ms", ramp_up="3 s")}),
        "user again",
    ),
    "users in sessions": entry(
        story(methods=ROUTES, functions={"f": {"duration": "30 ms"}}, backends=QUEUE,
              clients={"c": users(5, calls=THREE, sessions={"pause": "500 ms"}), "d": users(4, calls=THREE, sessions={})}),
        "user again",
    ),
    "users with keys, parameters and a cache": entry(
        story(
            methods={
                "GET /items/{id}": {"integration": SERVER, "cache_key": ["path.id"], "api_key_required": True},
                "POST /items/{id}": {"integration": FUNCTION},
            },
            backends=QUEUE, functions={"f": {"duration": THINKS, "crash": "20 %"}},
            stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "1 s"}},
            usage_plans={"p": {**throttle("3/s", 2), "stages": {"a/s": {}}}}, api_keys={"k": {"plans": ["p"], "count": 3}},
            clients={
                "c": users(
                    8,
                    calls=[
                        {"call": "GET /items/{id}", "path": {"id": {"zipf": {"n": 9, "s": 1}}}, "max_age_0": "20 %"},
                        {"call": "POST /items/{id}", "path": {"id": {"uniform": {"n": 5}}}, "body": "1 KB",
                         "query": {"page": {"uniform": {"n": 3}}}, "weight": 0.5, "invalid": "10 %"},
                    ],
                    api_key={"from": "k", "zipf": {"s": 1.1}}, network={"rtt": {"p50": "9 ms", "p99": "50 ms"}},
                    retry={"attempts": 3},
                )
            },
        ),
        "user again", "cache HIT", "refused by PLAN", "retried",
    ),
    "users whose circuit breakers open": entry(
        story(
            None, {"mock": {"status": 503}},
            clients={
                "c": users(
                    7, processes=3, retry={"mode": "standard", "attempts": 2}, network={"rtt": "10 ms"},
                    circuit_breaker={"failures": "50 %", "window": 4, "open": "700 ms", "probes": 2},
                )
            },
        ),
        "user again", "call SHORT_CIRCUITED", "retried",
    ),
    "users who are somebody to an authorizer": entry(
        story(
            methods={"GET /": {"integration": MOCK, "authorizer": "who"}}, functions={"f": {"duration": "20 ms"}},
            authorizers={"who": {"type": "TOKEN", "function": "f", "ttl": "1 s"}},
            clients={"c": users(6, identities={"count": 4, "valid": "60 %", "denied": "20 %"})},
        ),
        "user again", "authorizer HIT", "authorizer MISS",
    ),
    "users whose packets are lost": entry(
        story(
            None, SERVER, backends=QUEUE,
            clients={"c": users(6, timeout="200 ms", network={"rtt": "10 ms"}, retry={"attempts": 2, "client_timeout": True})},
            timeline=[{"at": "1 s", "fault": {"client": "c", lost: "20 %", "for": "5 s"}}
                      for lost in ("lost_requests", "lost_answers")],
        ),
        "user again", "call TIMED_OUT", "retried",
    ),
    "users in a crowd": entry(
        crowd(), "user again", "call TIMED_OUT", "retried", "THROTTLED", "queued", "abandoned in a queue", "cache HIT"
    ),
}  # fmt: skip
