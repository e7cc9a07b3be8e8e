"""The catalogue's plans of clients, their arrivals and their retries, and of runs that end in odd ways."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, DATA, every, log, throttle
from engine.mixed import MIXED
from engine.reaching import Entry, entry
from engine.running import EVERY, FUNCTION, MINUTE, MOCK, MS, SECOND, SERVER, at, client, story

JITTERS = ("none", "full", "equal", "decorrelated")


def again(jitter: str = "none", base: str = "50 ms", cap: str = "300 ms", **more: Any) -> dict[str, Any]:
    return {"attempts": 4, "backoff": {"base": base, "cap": cap, "jitter": jitter}, **more}


def impatient(
    retry: dict[str, Any], *, duration: Any = "300 ms", timeout: str = "100 ms", **parts: Any
) -> Any:
    """A function of 300 ms and clients who leave after 100 ms and come back."""
    network = parts.pop("network", {"rtt": "0 ms"})
    more = {key: parts.pop(key) for key in ("circuit_breaker", "processes") if key in parts}
    return story(
        None, {**FUNCTION, "timeout": parts.pop("limit", "29 s")},
        **{
            "functions": {"f": {"duration": duration, **parts.pop("function", {})}},
            "clients": {
                name: client(every(50 * MS), timeout=timeout, retry=retry, network=network, **more)
                for name in ("c", "d")
            },
            "run": {"duration": "1 s", "period": "200 ms"},
            **parts,
        },
    )  # fmt: skip


def rated(rate: Any, process: str = "even", **more: Any) -> dict[str, Any]:
    return client({"process": process, "rate": rate}, **more)


def traced(kind: str, file: str, **more: Any) -> dict[str, Any]:
    return {"trace": {kind: str(DATA / file), **more}}


def queue_of_the_impatient(keeping: dict[str, Any] | None = None, **parts: Any) -> Any:
    """Attempts wait in a queue that their clients have left; the next attempt of the call waits behind them."""
    more = keeping or {}
    return story(
        None, {**SERVER, "timeout": "500 ms"},
        backends={"h": {"http": {"latency": "80 ms", "concurrency": 1, "queue": 12}}},
        clients={
            "c": client(every(200 * MS, 2 * SECOND), timeout="100 ms", retry=again(base="10 ms", client_timeout=True), **more),
            "d": client(every(70 * MS, 2 * SECOND), "GET /", timeout="250 ms", retry=again("full", client_timeout=True), **more),
        },
        run={"duration": "2 s", "period": "300 ms"},
        **parts,
    )  # fmt: skip


BUSY = {"settings": throttle("30/s", 2)}
CLIENTS: dict[str, Entry] = {
    **{
        f"a back-off with {jitter} jitter": entry(
            story(every(20 * MS), retry=again(jitter), **BUSY, run={"duration": "1 s"}), "retried", "THROTTLED", "call REFUSED"
        )
        for jitter in JITTERS
    },
    **{
        f"a client that leaves and comes back, with {jitter} jitter": entry(
            impatient(again(jitter, client_timeout=True)), "repeated", "flag CALLER_GONE", "call TIMED_OUT"
        )
        for jitter in JITTERS
    },
    "a back-off of a nanosecond": entry(
        story(
            every(10 * MS, times=3), retry=again("full", "0.000001 ms", "0.000001 ms"), **BUSY, run={"duration": "1 s"}
        ),
        "retried",
    ),
    "many attempts up to the cap": entry(
        story(
            every(100 * MS), {"mock": {"status": 503}}, run={"duration": "1 s"},
            retry={"attempts": 9, "backoff": {"base": "10 ms", "cap": "0.5 s", "jitter": "decorrelated"}},
        ),
        "retried", "BACKEND_5XX",
    ),
    "statuses that are not tried again": entry(
        story(every(20 * MS), {"mock": {"status": 503}}, retry={**AGAIN, "statuses": [429]}, **BUSY), "retried", "BACKEND_5XX"
    ),
    "a quota that is tried again": entry(
        story(
            every(50 * MS), method={"api_key_required": True}, api_key="k", retry=again("equal"),
            usage_plans={"p": {"quota": {"limit": 5, "period": "MONTH"}, "stages": {"a/s": {}}}},
            api_keys={"k": {"plans": ["p"]}},
        ),
        "QUOTA_EXCEEDED", "retried",
    ),
    "an earlier attempt reaches its backend after a later one": entry(
        impatient(
            again(base="10 ms", client_timeout=True), duration="20 ms", timeout="60 ms", limit="200 ms",
            assumptions={"lambda_overhead": {"uniform": {"min": "1 ms", "max": "400 ms"}}},
        ),
        "repeated", "late", "retried",
    ),
    "an earlier attempt still waits when a later one comes": entry(
        queue_of_the_impatient(), "repeated", "abandoned in a queue", "call TIMED_OUT"
    ),
    "an earlier attempt still waits, behind overheads and a network": entry(
        queue_of_the_impatient(assumptions={"rest_overhead": {"uniform": {"min": "0 ms", "max": "9 ms"}}}),
        "repeated", "abandoned in a queue",
    ),
    "a client that leaves before its request arrives": entry(
        impatient(again(client_timeout=True), network={"rtt": {"uniform": {"min": "100 ms", "max": "300 ms"}}}, duration="10 ms"),
        "flag CALLER_GONE", "call TIMED_OUT", "repeated",
    ),
    "an answer exactly at the client's limit": entry(
        impatient(again(client_timeout=True), duration="100 ms", function={"reserved_concurrency": 3}),
        "call SUCCEEDED", "LAMBDA_THROTTLED",
    ),
    "an answer exactly at the client's limit, behind a network": entry(
        impatient(again(client_timeout=True), duration="79 ms", network={"rtt": "21 ms"}), "call SUCCEEDED"
    ),
    "a refusal that comes too late": entry(
        impatient(again(client_timeout=True), timeout="20 ms", assumptions={"rest_overhead": "30 ms"}, **BUSY),
        "call TIMED_OUT", "THROTTLED", "flag CALLER_GONE",
    ),
    **{
        f"a round trip of {ns} ns": entry(
            story(every(20 * MS), clients={
                "c": client(every(20 * MS), network={"rtt": f"{ns / 1e6:.6f} ms"}, retry=again()),
                "d": client(every(10 * MS)),
            }, **BUSY, run={"duration": "1 s"}),
            "THROTTLED",
        )
        for ns in (1, 2, 3)
    },
    "many clients at one instant": entry(
        story(
            settings=throttle("100/s", 7), run={"duration": "1 s", "period": "100 ms"},
            clients={
                f"c{n}": client(every(50 * MS), retry=again(), **({"network": {"rtt": "100 ms"}} if n % 3 == 0 else {}))
                for n in range(12)
            },
        ),
        "THROTTLED", "retried",
    ),
    "near and far clients reach one bucket at one instant": entry(
        story(settings=throttle("50/s", 1), clients={
            f"c{ms}": client(every(20 * MS), network={"rtt": f"{ms} ms"}, retry=again(base=f"{20 + ms} ms"))
            for ms in (0, 20, 40, 200)
        }),
        "THROTTLED", "retried",
    ),
    "calls by weight, bodies and keys": entry(
        story(
            methods={
                f"{verb} /": {"integration": FUNCTION, "api_key_required": verb == "PUT"} for verb in ("GET", "POST", "PUT")
            },
            functions={"f": {"duration": {"p50": "20 ms", "p90": "50 ms", "p99": "300 ms", "max": "1 s"}, "crash": "30 %"}},
            clients={
                "c": client(
                    {"process": "poisson", "rate": "100/s"},
                    [{"call": "GET /"}, {"call": "POST /", "weight": 2, "body": {"p50": "1 KB", "p99": "30 KB"}},
                     {"call": "PUT /", "weight": 0.5, "idempotent": False}],
                    api_key={"from": "k", "zipf": {"s": 1.2}}, retry=again("equal"),
                    network={"rtt": {"p50": "10 ms", "p99": "90 ms"}},
                )
            },
            usage_plans={"p": {**throttle("2/s", 2), "stages": {"a/s": {}}}}, api_keys={"k": {"plans": ["p"], "count": 4}},
            run={"duration": "3 s"},
        ),
        "not idempotent", "repeated", "refused by PLAN",
    ),
}  # fmt: skip

MODES = ("legacy", "standard", "standard_2026", "adaptive", "adaptive_2026")
BREAKER = {"failures": "50 %", "window": 4, "open": "300 ms", "probes": 2}


def kept(retry: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Clients that keep something between their calls, near and far, before a bucket that refuses most of them."""
    options = {**({"retry": retry} if retry else {}), **more}
    return story(
        **BUSY, run={"duration": "4 s", "period": "500 ms"},
        clients={
            "c": client(every(20 * MS, 4 * SECOND), **options),
            "d": client(every(50 * MS, 4 * SECOND), network={"rtt": "30 ms"}, **options),
            "e": client(every(100 * MS, 4 * SECOND)),
        },
    )  # fmt: skip


KEPT: dict[str, Entry] = {
    **{f"the retry mode {mode}": entry(kept({"mode": mode}), "retried", "THROTTLED") for mode in MODES},
    **{
        f"the retry mode {mode}, impatient, of two processes": entry(
            impatient({"mode": mode, "attempts": 5}, function={"crash": "20 %", "reserved_concurrency": 4},
                      network={"rtt": {"uniform": {"min": "0 ms", "max": "60 ms"}}}), "call TIMED_OUT", "retried"
        )
        for mode in MODES
    },
    "a retry budget": entry(kept(again("full", base="20 ms", budget={"share": "20 %", "burst": 3})), "retried"),
    "a budget, a quota and a circuit breaker": entry(
        kept({"mode": "standard", "budget": {"share": "30 %", "burst": 2}}, circuit_breaker=BREAKER, processes=3),
        "retried", "call SHORT_CIRCUITED",
    ),
    "a circuit breaker alone": entry(kept(circuit_breaker=BREAKER), "call SHORT_CIRCUITED"),
    "a circuit breaker of one outcome, between attempts": entry(
        kept(again(base="10 ms"), circuit_breaker={"failures": "100 %", "window": 1, "open": "35 ms"}), "call SHORT_CIRCUITED",
    ),
    "a circuit breaker and clients who leave": entry(
        impatient({**again("full", client_timeout=True), "attempts": 2}, circuit_breaker=BREAKER),
        "call SHORT_CIRCUITED", "call TIMED_OUT",
    ),
    "clients who leave a queue, and keep count": entry(
        queue_of_the_impatient(keeping={"circuit_breaker": {**BREAKER, "window": 8}, "processes": 2}), "call SHORT_CIRCUITED"
    ),
}  # fmt: skip

STEPS = [
    {"from": "500 ms", "rate": "40/s"},
    {"from": "1 s", "rate": "0/s"},
    {"from": "1.5 s", "rate": "90/s", "ramp": "1 s"},
    {"from": "3 s", "rate": "0/s", "ramp": "500 ms"},
    {"from": "4 s", "rate": "17/s"},
]
TEN = {"run": {"duration": "7 s", "period": "1 s"}}
ARRIVALS: dict[str, Entry] = {
    **{
        f"{process} arrivals with steps, ramps and rests": entry(
            story(
                clients={"c": rated(STEPS, process, retry=again()), "d": rated("9.7/s", process)}, **BUSY,
                run={"duration": "5 s"},
            ),
            "THROTTLED",
        )
        for process in ("even", "poisson")
    },
    **{
        f"{name} arrivals": entry(
            story(clients={"c": client(said, retry=again("full")), "d": rated("9.7/s", "poisson")}, **BUSY, **TEN), "THROTTLED"
        )
        for name, said in {
            "gamma": {"process": {"renewal": {"gamma": {"cv": 2}}}, "rate": STEPS},
            "even-tempered weibull": {"process": {"renewal": {"weibull": {"cv": 0.5}}}, "rate": "40/s"},
            "markov-modulated": {"process": {"mmpp": {"states": {
                "off": {"times": 0, "holds": "300 ms"}, "on": {"times": 4, "holds": "100 ms"},
            }}}, "rate": STEPS},
            "batches of": {"process": "poisson", "rate": "9/s", "batch": {"geometric": {"mean": 4}}},
            "profiled": {"process": "even", "rate": "40/h", "profile": [3600, *[0] * 23]},
            "a crowd's": {"process": "poisson", "rate": "5/s", "flash_crowds": [
                {"at": "1 s", "ramp": "500 ms", "peak": 20, "hold": "1 s", "half_life": "700 ms"},
            ]},
            "superposed": {"superposition": [
                {"process": "even", "rate": "10/s", "batch": 2},
                {"process": {"renewal": {"lognormal": {"cv": 3}}}, "rate": "20/s"},
            ]},
        }.items()
    },
    "poisson arrivals of many clients": entry(
        story(
            integration=SERVER,
            backends={"h": {"http": {"latency": {"exponential": {"mean": "30 ms"}}, "concurrency": 2, "queue": 5}}},
            clients={f"c{n}": rated(f"{7 + n}/s", "poisson") for n in range(5)}, run={"duration": "5 s", "period": "1 s"},
        ),
        "queued",
    ),
    **{
        f"a trace of counts, {placement if isinstance(placement, str) else 'bursty'}": entry(
            story(traced("cloudwatch", "counts.csv", scale=3, within_period=placement), retry=again("full"), **BUSY, **TEN),
            "THROTTLED",
        )
        for placement in ("poisson", "even", "start", {"bursty": {"peak_to_mean": 4, "over": "200 ms"}})
    },
    "a trace of counts, faster, in part, and cut by the run's end": entry(
        story(traced("cloudwatch", "counts.csv", scale=2.5, speed=2, window={"from": "1 s"}), run={"duration": "2 s"}), "OK"
    ),
    "a trace of instants": entry(
        story(traced("instants", "instants.csv"), retry=again(), settings=throttle("5/s", 1)), "THROTTLED"
    ),
    "an access log": entry(
        story(
            methods={
                "GET /{proxy+}": {"integration": SERVER},
                "ANY /orders": {"integration": MOCK},
                "GET /items/{id}": {"integration": SERVER},
            },
            backends={"h": {"http": {"latency": "30 ms", "concurrency": 1, "queue": 2}}},
            clients={"c": log(retry=again(), timeout="50 ms"), "d": {**log(), "calls": [{"call": "GET /items/3", "weight": 2}]}},
        ),
        "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "queued",
    ),
    "arrivals at the start and in the last nanosecond": entry(
        story(at(0, 0, 1, SECOND - 1, SECOND - 1, SECOND, SECOND + 1), FUNCTION, functions={"f": {"duration": "1 s"}},
              run={"duration": "1 s", "period": "1 s"}, retry=again()),
        "OK",
    ),
}  # fmt: skip


def work_beyond_the_end() -> Any:
    """A second of arrivals in a minute; function calls of up to 15 minutes and retries hours apart go on after it."""
    return story(
        None, {**FUNCTION, "timeout": "29 s"},
        functions={"f": {"duration": {"uniform": {"min": "1 s", "max": "900 s"}}, "idle_lifetime": "20 min"}},
        clients={
            "c": client(every(100 * MS), retry={"attempts": 3, "backoff": {"base": "1 h", "cap": "3 h", "jitter": "none"}})
        },
        run={"duration": "60 s", "period": "30 min"},
    )  # fmt: skip


RUNS: dict[str, Entry] = {
    "everything at once": entry(MIXED, "LAMBDA_THROTTLED", "QUOTA_EXCEEDED", "repeated", "died", "queued"),
    "nothing happens": entry(story({"process": "even", "rate": "0/s"})),
    "nothing happens but the timeline": entry(
        story(
            {"process": "even", "rate": "0/s"}, settings=throttle("5/s", 2), stage={"cache_cluster": "0.5 GB"},
            integration=FUNCTION, functions={"f": {"duration": "1 s", "reserved_concurrency": 1}},
            timeline=[
                {"at": "0 s", "flush_cache": "a/s"},
                {"at": "1 s", "set": {f"{EVERY}.throttle.burst": 1}},
                {"at": "9.999999999 s", "set": {"functions.f.reserved_concurrency": 2}},
                {"at": "2 s", "fault": {"function": "f", "outage": True, "for": "3 h"}},
            ],
        ),
        "journal", "level TOKENS",
    ),
    "one call at the start": entry(story(at(0)), "OK"),
    "work that goes on for hours after the end": entry(
        work_beyond_the_end(), "INTEGRATION_TIMEOUT", "abandoned", "repeated", "died"
    ),
    "short periods that do not divide the run": entry(
        story(
            every(33 * MS, 3 * SECOND), FUNCTION,
            functions={"f": {"duration": "130 ms", "idle_lifetime": "91 ms", "reserved_concurrency": 4}},
            settings=throttle("25/s", 3), run={"duration": "1 s", "warm_up": "277 ms", "period": "7 ms"}, retry=again("full"),
        ),
        "died", "THROTTLED",
    ),
    "a run of minutes": entry(
        story(
            every(SECOND, 3 * MINUTE, times=2), FUNCTION,
            functions={"f": {"duration": {"lognormal": {"mean": "2 s", "cv": 1}}, "idle_lifetime": "10 s"}},
            account={"lambda_scaling": 3}, run={"duration": "3 min", "warm_up": "1 min"},
        ),
        "died", "work THROTTLED_SCALING",
    ),
}  # fmt: skip


def losing(keeping: dict[str, Any] | None = None, **parts: Any) -> Any:
    """Requests and answers of clients that try again are lost, some of them and then all."""
    more = {"timeout": "150 ms", "retry": again(client_timeout=True), **(keeping or {})}
    shares = (("c", "lost_requests", "40 %"), ("d", "lost_answers", "60 %"), ("c", "lost_answers", "100 %"))
    return story(
        None, FUNCTION,
        functions={"f": {"duration": "100 ms"}},
        clients={
            "c": client(every(50 * MS, 2 * SECOND), **{"network": {"rtt": "20 ms"}, **more}),
            "d": client(every(50 * MS, 2 * SECOND), **more),
        },
        timeline=[
            {"at": f"{300 * (n + 1)} ms", "fault": {"client": name, lost: share, "for": "700 ms", "back": "200 ms"}}
            for n, (name, lost, share) in enumerate(shares)
        ],
        run={"duration": "2 s", "period": "300 ms"},
        **parts,
    )  # fmt: skip


LOST: dict[str, Entry] = {
    "packets that are lost": entry(losing(), "retried", "abandoned", "repeated", "call TIMED_OUT", "flag CALLER_GONE"),
    "packets that are lost on new connections": entry(
        losing({"network": {"rtt": "10 ms", "new_connection": "50 %"}}), "flag NEW_CONNECTION", "flag CALLER_GONE"
    ),
    "packets of clients with a circuit breaker and a budget": entry(
        losing(
            {"circuit_breaker": {"failures": "50 %", "window": 5, "open": "200 ms"}, "processes": 2,
             "retry": {**again(client_timeout=True), "budget": {"share": "20 %", "burst": 2}}},
        ),
        "call SHORT_CIRCUITED", "retried",
    ),
}  # fmt: skip

ENTRIES = CLIENTS | KEPT | ARRIVALS | RUNS | LOST
