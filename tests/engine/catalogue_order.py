"""The catalogue's ties: for each pair of ranks an instant, mostly 100 ms, at which two things meet, and who goes first shows.

Where a client is said to give up, that writes its call's row: the order of rows of `calls` is then what shows.
"""

from __future__ import annotations

from typing import Any

from engine.reaching import Entry, entry
from engine.running import EVERY, FUNCTION, MOCK, MS, SECOND, SERVER, at, client, story
from engine.test_order import EMPTY, ONE, none, place_free_at_100_ms, relayed_503, through

IDLE = "GET /idle"
CACHE = {"stage": {"cache_cluster": "0.5 GB"}, "settings": {"caching": {"ttl": "300 s"}}}
HTTP_100 = {"backends": {"h": {"http": {"latency": "100 ms"}}}}
ONE_PLACE = {"backends": {"h": {"http": {"latency": "1 s", "concurrency": 1, "queue": 5}}}}
THREE = {
    "GET /h": {"integration": SERVER},
    "GET /f": {"integration": FUNCTION},
    "GET /": {"integration": MOCK},
}


def again(after: str) -> dict[str, Any]:
    return {"attempts": 2, "backoff": none(after)}


def user(ms: int, call: str = "GET /", **more: Any) -> dict[str, Any]:
    """A user who comes at 0 for something that takes no time, thinks for so long, and then makes its call."""
    users = {"count": 1, "think_time": f"{ms} ms", "sessions": {"pause": "1 h"}}
    return {"target": "a/s", "users": users, "calls": [{"call": IDLE}, {"call": call}], **more}


def idle(said: dict[str, Any]) -> dict[str, Any]:
    """With what users come for at first."""
    said["apis"]["a"]["methods"][IDLE] = {"integration": MOCK}
    return said


def at_once(instant: str, change: dict[str, Any]) -> dict[str, Any]:
    return {"timeline": [{"at": instant, **change}]}


def waiting(limit: int, **clients: Any) -> dict[str, Any]:
    """A client that gives up in the queue of h at its limit (ms), beside others; f is asked for with a service time."""
    return {
        "methods": THREE,
        **ONE_PLACE,
        "functions": {"f": {"duration": "1 s"}},
        "clients": {
            **clients,
            "holder": client(at(0), "GET /h"),
            "waiting": client(at(0), "GET /h", timeout=f"{limit} ms"),
        },
    }


def answered_100(**clients: Any) -> dict[str, Any]:
    """h answers somebody at 100 ms, whose identity comes last."""
    return {"methods": THREE, **HTTP_100, "clients": {**clients, "answered": client(at(0), "GET /h")}}


def hit_or_miss(**clients: Any) -> Any:
    """An answer of 100 ms is stored, and somebody asks for it at that instant; a token comes each 100 ms."""
    caching = {**CACHE, "settings": {**CACHE["settings"], "throttle": {"rate": "10/s", "burst": 1}}}
    return story(integration=SERVER, **HTTP_100, **caching, clients={"first": client(at(0)), **clients})


def two_attempts_end_together() -> Any:
    """The first works from 0 to 300 ms, the second, sent at 150 ms and twice as fast, from 150 to 300 ms."""
    return story(
        at(0), FUNCTION, functions={"f": {"duration": "300 ms"}}, timeout="100 ms",
        retry={**again("50 ms"), "client_timeout": True},
        timeline=[{"at": "150 ms", "fault": {"function": "f", "slow": 0.5, "for": "1 s"}}],
    )  # fmt: skip


PAIRS: dict[tuple[str, str], Any] = {
    # a flush comes before what is stored at its instant
    ("CONTROL", "DONE"): story(at(0, 200 * MS), SERVER, **HTTP_100, **CACHE, **at_once("100 ms", {"flush_cache": "a/s"})),
    # a burst of 0 meets who arrives, comes back and comes new at its instant; an outage meets who is relayed then
    ("CONTROL", "ARRIVE"): story(
        at(90 * MS), settings=ONE, **through("20 ms"), **at_once("100 ms", {"set": {f"{EVERY}.throttle.burst": 0}})
    ),
    ("CONTROL", "RELAY"): story(
        at(0), FUNCTION, functions={"f": {"duration": "1 ms"}}, assumptions={"lambda_overhead": "100 ms"},
        **at_once("100 ms", {"fault": {"function": "f", "outage": True, "for": "1 s"}}),
    ),
    ("CONTROL", "RETRY"): story(
        at(0), {"mock": {"status": 503}}, settings={"throttle": {"rate": "100/s", "burst": 1}}, retry=again("100 ms"),
        **at_once("100 ms", {"set": {f"{EVERY}.throttle.burst": 0}}),
    ),
    ("CONTROL", "OPEN"): story(at(SECOND), settings=ONE, **at_once("1 s", {"set": {f"{EVERY}.throttle.burst": 0}})),
    # a place becomes free at the limit of who waits for it
    ("DONE", "TIMEOUT"): place_free_at_100_ms(gateway="100 ms"),
    # who now gets the place, and gives up since that is too late, does so before a mock answers at 100 ms
    ("DONE", "ANSWER"): story(
        methods=THREE, functions={"f": {"duration": "1 s"}},
        backends={"h": {"http": {"latency": "90 ms", "concurrency": 1, "queue": 1}}},
        assumptions={"rest_overhead": "20 ms"},
        clients={
            "mock": client(at(80 * MS), "GET /"),
            "holder": client(at(0), "GET /h"),
            "late": client(at(0), "GET /h", timeout="150 ms"),
        },
    ),
    # what is stored is there for who arrives, comes back and comes new
    ("DONE", "ARRIVE"): hit_or_miss(arriving=client(at(90 * MS), **through("20 ms"))),
    ("DONE", "RELAY"): story(
        None, FUNCTION, functions={"f": {"duration": "100 ms", "reserved_concurrency": 1}},
        clients={"early": client(at(100 * MS)), "late": client(at(0))}, assumptions={"lambda_overhead": "50 ms"},
    ),
    ("DONE", "RETRY"): hit_or_miss(again=client(at(0), retry=again("100 ms"))),
    ("DONE", "OPEN"): hit_or_miss(new=client(at(100 * MS))),
    # who gives up in the queue at 100 ms does so before others are answered, arrive, are relayed, come back or come new,
    # and give up themselves since their answer will be too late
    ("TIMEOUT", "ANSWER"): story(**waiting(100, mock=client(at(0), "GET /f")) | {
        "functions": {"f": {"duration": "100 ms"}},
    }),
    ("TIMEOUT", "ARRIVE"): story(
        **waiting(300, arriving=client(at(290 * MS), "GET /", timeout="50 ms", **through("20 ms"))),
        assumptions={"rest_overhead": "200 ms"},
    ),
    ("TIMEOUT", "RELAY"): story(
        **waiting(300, relayed=client(at(200 * MS), "GET /f", timeout="500 ms")), assumptions={"lambda_overhead": "100 ms"}
    ),
    ("TIMEOUT", "RETRY"): story(
        **waiting(100, again=client(at(0), "GET /f", timeout="500 ms", retry=again("100 ms"))),
        stage={"method_settings": {"GET /f": ONE}}, assumptions={"lambda_overhead": "1 s"},
        initial={"tokens": {'apis.a.stages.s.method_settings["GET /f"].throttle': 0}},
    ),
    ("TIMEOUT", "OPEN"): story(
        **waiting(100, new=client(at(100 * MS), "GET /f", timeout="500 ms")), assumptions={"lambda_overhead": "1 s"}
    ),
    # who is answered at 100 ms is so before others who arrive, are relayed, come back or come new are refused or answered
    ("ANSWER", "ARRIVE"): story(**answered_100(arriving=client(at(90 * MS), "GET /", **through("20 ms"))),
                                functions={"f": {"duration": "1 s"}}),
    ("ANSWER", "RELAY"): story(**answered_100(relayed=client(at(50 * MS), "GET /f")),
                               functions={"f": {"duration": "1 s", "reserved_concurrency": 0}},
                               assumptions={"lambda_overhead": "50 ms"}),
    ("ANSWER", "RETRY"): story(
        **answered_100(again=client(at(0), "GET /", retry=again("100 ms"))) | {
            "methods": {**THREE, "GET /": {"integration": {"mock": {"status": 503}}}}
        },
        functions={"f": {"duration": "1 s"}},
    ),
    ("ANSWER", "OPEN"): story(**answered_100(new=client(at(100 * MS), "GET /")), functions={"f": {"duration": "1 s"}}),
    # who arrives at 200 ms finds no answer yet, and has the token, though identities say otherwise
    ("ARRIVE", "RELAY"): relayed_503(arriving=client(at(190 * MS), **through("20 ms"))),
    ("ARRIVE", "RETRY"): story(settings=ONE, initial=EMPTY, clients={
        "again": client(at(0), retry=again("100 ms")), "arriving": client(at(90 * MS), **through("20 ms")),
    }),
    ("ARRIVE", "OPEN"): story(settings=ONE, initial=EMPTY, clients={
        "new": client(at(100 * MS)), "arriving": client(at(90 * MS), **through("20 ms")),
    }),
    # the 503 of who is relayed at 200 ms is in the cache for who comes back and who comes new then
    ("RELAY", "RETRY"): {
        **relayed_503(again=client(at(0), retry={**again("190 ms"), "statuses": [429]})),
        "account": {"throttle": {"rate": "100/s", "burst": 10}}, "initial": {"tokens": {"account.throttle": 0}},
    },
    ("RELAY", "OPEN"): relayed_503(new=client(at(200 * MS))),
    # a user starts a call before open-loop clients do, and after all the others, as they do
    ("CONTROL", "USER"): idle(
        story(settings=ONE, clients={"new": user(1000)}, **at_once("1 s", {"set": {f"{EVERY}.throttle.burst": 0}}))
    ),
    ("DONE", "USER"): idle(hit_or_miss(new=user(100))),
    ("TIMEOUT", "USER"): idle(
        story(**waiting(100, new=user(100, "GET /f", timeout="500 ms")), assumptions={"lambda_overhead": "1 s"})
    ),
    ("ANSWER", "USER"): idle(story(**answered_100(new=user(100)), functions={"f": {"duration": "1 s"}})),
    ("ARRIVE", "USER"): idle(story(settings=ONE, initial=EMPTY, clients={
        "new": user(100), "arriving": client(at(90 * MS), **through("20 ms")),
    })),
    ("RELAY", "USER"): idle(relayed_503(new=user(190))),
    ("RETRY", "USER"): idle(story(settings=ONE, initial=EMPTY, clients={
        "new": user(100), "again": client(at(0), retry=again("100 ms")),
    })),
    ("USER", "OPEN"): idle(story(settings=ONE, initial=EMPTY, clients={"new": client(at(100 * MS)), "user": user(100)})),
    # the token goes to who comes back
    ("RETRY", "OPEN"): story(settings=ONE, initial=EMPTY, clients={
        "new": client(at(100 * MS)), "again": client(at(0), retry=again("100 ms")),
    }),
}  # fmt: skip

IDENTITIES: dict[str, Any] = {
    "clients in the order in which they are written": story(
        settings=ONE, clients={name: client(at(0)) for name in ("zoe", "mia", "adam")}
    ),
    "calls in the order of their numbers": story(at(5, 5, 5), settings=ONE, **through("20 ms")),
    "attempts in the order of their numbers": two_attempts_end_together(),
    "users in the order of their numbers": story(
        settings=ONE,
        clients={
            "c": {"target": "a/s", "users": {"count": 3, "think_time": "1 s"}, "calls": [{"call": "GET /"}]}
        },
    ),
    "the gateway's limit before the client's": story(
        at(0, 0), {**SERVER, "timeout": "150 ms"}, timeout="150 ms", **ONE_PLACE
    ),
    "work that began late and early ends at one instant": story(
        functions={"f": {"duration": "200 ms"}, "g": {"duration": "100 ms"}},
        methods={f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in "fg"},
        clients={"short": client(at(100 * MS), "GET /g"), "long": client(at(0), "GET /f")},
    ),
}
ENTRIES: dict[str, Entry] = {
    **{f"{one} before {two}": entry(said) for (one, two), said in PAIRS.items()},
    **{name: entry(said) for name, said in IDENTITIES.items()},
}
