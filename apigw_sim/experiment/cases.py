"""What `validate` runs: cases of AWS's published examples, exact to the request, and of theory, with an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from apigw_sim.experiment import theory

Summary = Mapping[str, Any]
SECOND, MS = 1_000_000_000, 1_000_000
THROTTLING = "API Gateway Developer Guide, request throttling (2018)"
CONCURRENCY = "Lambda Developer Guide, lambda-concurrency"
SCALING = "Lambda Developer Guide, scaling-behavior"
PLANS = "API Gateway Developer Guide, usage plans"
HIGH = {"throttle": {"rate": "1000000/s", "burst": 1_000_000}}
FREE = {**HIGH, "lambda_scaling": "none", "lambda_requests_per_concurrency": "none"}
NO_TIME = {
    "rest_overhead": "0 ms", "lambda_overhead": "0 ms", "provisioning": "0 ms", "cache_hit_time": "0 ms",
}  # fmt: skip


class Case(NamedTuple):
    """One figure that is known."""

    name: str
    source: str
    exact: float
    unit: str
    scenario: dict[str, Any]
    measure: Callable[[Summary], float]
    """Takes the figure out of a summary."""
    random: bool = True
    """Whether chance is in it: then it is run often and has an interval; else it must be equal."""
    instants: tuple[int, ...] | None = None
    """Arrivals, ns, where no process gives them."""


def scenario(
    arrivals: Mapping[str, Any], integration: Mapping[str, Any], *, seconds: float = 10, warm_up: float = 0,
    settings: Mapping[str, Any] | None = None, route: str = "GET /", method: Mapping[str, Any] | None = None,
    call: Mapping[str, Any] | None = None, client: Mapping[str, Any] | None = None,
    stage: Mapping[str, Any] | None = None, functions: Mapping[str, Any] | None = None, **parts: Any,
) -> dict[str, Any]:  # fmt: skip
    """One method and one client, in which nothing takes time or is drawn unless it is said."""
    held = dict(stage or {})
    if settings is not None:
        held["method_settings"] = {"every_method": settings}
    made: dict[str, Any] = {
        "name": "validation",
        "run": {
            "duration": f"{seconds:g} s", "warm_up": f"{warm_up:g} s", "period": f"{seconds:g} s", "seed": 1,
        },
        "account": HIGH,
        "functions": {
            name: {"cold_start": "none", "timeout": "900 s", **body} for name, body in (functions or {}).items()
        },
        "apis": {
            "a": {
                "type": "REST", "endpoint": "REGIONAL",
                "methods": {route: {"integration": integration, **(method or {})}}, "stages": {"s": held},
            }
        },
        "clients": {
            "c": {"target": "a/s", "arrivals": arrivals, "calls": [{"call": route, **(call or {})}], **(client or {})}
        },
        "assumptions": NO_TIME,
        **parts,
    }  # fmt: skip
    return deepcopy(made)


def poisson(rate: float) -> dict[str, Any]:
    """A Poisson process."""
    return {"process": "poisson", "rate": f"{rate:g}/s"}


def even(rate: float) -> dict[str, Any]:
    """An even stream."""
    return {"process": "even", "rate": f"{rate:g}/s"}


MOCK: Mapping[str, Any] = {"mock": {}}
FUNCTION: Mapping[str, Any] = {"lambda_proxy": "f"}
SERVER: Mapping[str, Any] = {"http_proxy": "h"}


# what is measured


def carried(summary: Summary) -> float:
    """Requests answered 2xx."""
    return float(sum(n for status, n in summary["requests"]["by_status"].items() if status.startswith("2")))


def _refused(summary: Summary) -> float:
    return float(sum(summary["throttled_by"].values()) / summary["requests"]["count"])


def _throttled(summary: Summary) -> float:
    one = summary["functions"]["f"]
    return float(one["throttles"] / (one["throttles"] + one["invocations"]))


def _peak(name: str) -> Callable[[Summary], float]:
    return lambda summary: float(summary["functions"][name]["max_concurrency"])


def _integration(summary: Summary) -> float:
    return float(summary["integration_latency_ms"]["mean"])


def _hits(summary: Summary) -> float:
    cache = summary["cache"]
    return float(cache["hits"] / (cache["hits"] + cache["misses"]))


# AWS's own examples


def _spread(n: int, begin: int, end: int) -> list[int]:
    """n instants, evenly in [begin, end), each at the first nanosecond that is not before its exact time."""
    return [begin - (-k * (end - begin) // n) for k in range(n)]


def _throttling() -> list[Case]:
    told = [
        ("1: 10,000 evenly in a second", _spread(10_000, 0, SECOND), 10_000),
        ("2: 10,000 in the first ms", [0] * 10_000, 5_000),
        ("3: 5,000 in the first ms, 5,000 evenly", [0] * 5_000 + _spread(5_000, MS, SECOND), 10_000),
        ("4: 5,000 in the first, 5,000 in the 101st ms", [0] * 5_000 + [100 * MS] * 5_000, 6_000),
        (
            "5: 5,000, then 1,000 in the 101st ms, 4,000 evenly",
            [0] * 5_000 + [100 * MS] * 1_000 + _spread(4_000, 101 * MS, SECOND), 10_000,
        ),
    ]  # fmt: skip
    limits = {"throttle": {"rate": "10000/s", "burst": 5000}}
    return [
        Case(
            f"throttling example {name}", THROTTLING, passed, "requests served",
            scenario({}, MOCK, seconds=2, account=limits), carried, False, tuple(instants),
        )
        for name, instants, passed in told
    ]  # fmt: skip


def _lambda() -> list[Case]:
    def of(
        rate: float, duration: str, seconds: float, account: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        raised = {**HIGH, "lambda_scaling": "none", **account}
        return scenario(
            even(rate),
            FUNCTION,
            seconds=seconds,
            account=raised,
            functions={"f": {"duration": duration}},
            **more,
        )

    def burst(text: str) -> dict[str, Any]:
        return {**NO_TIME, "lambda_request_burst": text}

    three = scenario({}, MOCK, seconds=2, account={**HIGH, "lambda_scaling": "none"})
    three["functions"] = {
        name: {
            "duration": "1 s",
            "cold_start": "none",
            **({} if name == "other" else {"reserved_concurrency": 400}),
        }
        for name in ("blue", "orange", "other")
    }
    three["apis"]["a"]["methods"] = {
        f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in three["functions"]
    }
    three["clients"] = {
        name: {"target": "a/s", "arrivals": even(2_500), "calls": [{"call": f"GET /{name}"}]} for name in three["functions"]
    }  # fmt: skip
    three["run"]["duration"] = "0.2 s"
    three["run"]["period"] = "0.2 s"
    grows = scenario(
        even(500), FUNCTION, seconds=20, account={**HIGH, "lambda_concurrency": 10_000},
        functions={"f": {"duration": "60 s"}},
    )  # fmt: skip
    return [
        Case("100 requests/s of 500 ms run 50 at once", CONCURRENCY, 50, "at once",
             of(100, "500 ms", 5, {}), _peak("f"), False),
        Case("5,000 requests/s of 200 ms run 1,000 at once", CONCURRENCY, 1000, "at once",
             of(5000, "200 ms", 1, {}), _peak("f"), False),
        Case("20,000 requests/s of 50 ms: an account of 1,000 passes 10,000/s", CONCURRENCY, 10_000, "per s",
             of(20_000, "50 ms", 0.5, {}, warm_up=0.1, assumptions=burst("100 ms")),
             lambda summary: float(summary["requests"]["carried_per_s"]), False),
        Case("30,000 requests/s of 20 ms run 600 at once", CONCURRENCY, 600, "at once",
             of(30_000, "20 ms", 0.3, {"lambda_concurrency": 3000}, assumptions=burst("0.1 ms")), _peak("f"), False),
        Case("... and none is refused by an account of 3,000", CONCURRENCY, 0, "throttled",
             of(30_000, "20 ms", 0.3, {"lambda_concurrency": 3000}, assumptions=burst("0.1 ms")), _throttled, False),
        Case("two reservations of 400 in 1,000 leave 200 to the others", CONCURRENCY, 200, "at once",
             three, _peak("other"), False),
        Case("1,000 new environments in any 10 s: 2,000 in 20 s", SCALING, 2000, "invocations",
             grows, lambda summary: float(summary["functions"]["f"]["invocations"]), False),
    ]  # fmt: skip


def _quota() -> list[Case]:
    plans = {"free": {"quota": {"limit": 500, "period": "DAY"}, "stages": {"a/s": {}}}}
    made = scenario(
        even(10), MOCK, seconds=200, method={"api_key_required": True}, client={"api_key": "k"},
        usage_plans=plans, api_keys={"k": {"plans": ["free"]}},
    )  # fmt: skip
    made["run"]["start"] = "2026-03-02T23:58:20+00:00"
    return [
        Case("500 a day, twice in a run over midnight UTC", PLANS, 1000, "requests served", made, carried, False)
    ]  # fmt: skip


# theory


def _buckets() -> list[Case]:
    def bucket(burst: int) -> dict[str, Any]:
        return {"throttle": {"rate": "100/s", "burst": burst}}

    batches = tuple(at * SECOND for at in range(20) for _ in range(100))
    made = [
        Case("even stream at twice a bucket's rate", "arithmetic", 0.5, "refused",
             scenario(even(200), MOCK, seconds=20, warm_up=1, settings=bucket(1)), _refused, False),
        Case("even stream at exactly a bucket's rate", "arithmetic", 0, "refused",
             scenario(even(100), MOCK, seconds=20, settings=bucket(1)), _refused, False),
        Case("20 batches of 100, one a second, at 50/s, burst 60", "arithmetic", 60 + 19 * 50, "requests served",
             scenario({}, MOCK, seconds=20, settings={"throttle": {"rate": "50/s", "burst": 60}}),
             carried, False, batches),
    ]  # fmt: skip
    for load, burst in ((0.5, 1), (2.0, 1), (0.9, 5), (1.0, 20), (1.2, 50)):
        made.append(
            Case(
                f"Poisson at {load:g} times a bucket's rate, burst {burst}", f"M/D/1/{burst} loss",
                theory.bucket_refuses(burst, load), "refused",
                scenario(
                    poisson(100 * load), MOCK, seconds=305 if burst >= 20 else 55, warm_up=5, settings=bucket(burst)
                ),
                _refused,
            )
        )  # fmt: skip
    return made


LAWS: Mapping[str, Any] = {
    "exponential": {"exponential": {"mean": "100 ms"}},
    "constant": "100 ms",
    "lognormal": {"lognormal": {"mean": "100 ms", "cv": 1.5}},
}


def _limits() -> list[Case]:
    made = []
    for law, servers, load in (
        ("exponential", 5, 5.0),
        ("constant", 5, 5.0),
        ("lognormal", 5, 5.0),
        ("lognormal", 30, 25.0),
    ):
        function = {"duration": LAWS[law], "reserved_concurrency": servers}
        made.append(
            Case(
                f"{load:g} Erlangs at a reservation of {servers}, {law} durations", "Erlang B",
                theory.erlang_b(servers, load), "throttled",
                scenario(poisson(load * 10), FUNCTION, seconds=105, warm_up=5, account=FREE, functions={"f": function}),
                _throttled,
            )
        )  # fmt: skip
    made.append(
        Case(
            "mean concurrency of 8/s x 250 ms", "Little's law", 2.0, "at once",
            scenario(poisson(8), FUNCTION, seconds=110, warm_up=10, account=FREE,
                     functions={"f": {"duration": {"lognormal": {"mean": "250 ms", "cv": 1}}}}),
            lambda summary: float(summary["functions"]["f"]["mean_concurrency"]),
        )
    )  # fmt: skip
    return made


def _queues() -> list[Case]:
    def server(latency: Any, places: int, queue: int) -> dict[str, Any]:
        return {"h": {"http": {"latency": latency, "concurrency": places, "queue": queue}}}

    made = []
    for name, latency, servers, load, mean in (
        ("M/M/1 at 60 %", LAWS["exponential"], 1, 0.6, 100 + theory.wait_mmc(1, 0.6, 100)),
        ("M/M/4 at 75 %", LAWS["exponential"], 4, 3.0, 100 + theory.wait_mmc(4, 3.0, 100)),
        ("M/D/1 at 70 %", "100 ms", 1, 0.7, 100 + theory.wait_mg1(0.7, 100, 0)),
        ("M/G/1 at 50 %, cv 1.5", LAWS["lognormal"], 1, 0.5, 100 + theory.wait_mg1(0.5, 100, 1.5)),
    ):
        made.append(
            Case(
                f"{name}: mean time at a backend", "Erlang C" if "M/M" in name else "Pollaczek-Khinchine", mean, "ms",
                scenario(poisson(load * 10), SERVER, seconds=330, warm_up=30, backends=server(latency, servers, 1000)),
                _integration,
            )
        )  # fmt: skip
    full = scenario(poisson(30), SERVER, seconds=105, warm_up=5, backends=server(LAWS["exponential"], 2, 3))
    made.append(
        Case(
            "M/M/2/5 at 3 Erlangs: the queue is full", "birth and death", theory.in_system(2, 5, 3.0)[-1], "5xx",
            full, lambda summary: float(summary["stages"]["a/s"]["5XXError"]),
        )
    )  # fmt: skip
    return made


def _caches() -> list[Case]:
    def cached(arrivals: Any, **more: Any) -> dict[str, Any]:
        return scenario(
            arrivals, SERVER, warm_up=20, backends={"h": {"http": {"latency": "0 ms"}}},
            stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "2 s"}}, **more,
        )  # fmt: skip

    item = {"route": "GET /items/{id}", "method": {"cache_key": ["path.id"]}}
    made = [
        Case(
            f"one key at {rate:g} per time to live", "renewal: n / (1 + n)", rate / (1 + rate), "hits",
            cached(poisson(rate / 2), seconds=20 + 8_000 / rate), _hits,
        )
        for rate in (0.5, 4.0)
    ]  # fmt: skip
    shares = theory.zipf(50, 1.0)
    made.append(
        Case(
            "50 keys by Zipf's law at 40 per time to live", "renewal, key by key",
            theory.cache_hits([20 * share for share in shares], 2), "hits",
            cached(poisson(20), seconds=220, call={"path": {"id": {"zipf": {"n": 50, "s": 1}}}}, **item), _hits,
        )
    )  # fmt: skip
    return made


def _callers() -> list[Case]:
    server = {"h": {"http": {"latency": "0 ms", "status": {200: "70 %", 503: "30 %"}}}}
    retry = {"attempts": 4, "statuses": [503], "backoff": {"base": "10 ms", "cap": "1 s", "jitter": "full"}}

    def retried() -> dict[str, Any]:
        return scenario(poisson(100), SERVER, seconds=50, backends=server, client={"retry": retry})

    crash = {"f": {"duration": "10 ms", "crash": "2 %"}}
    return [
        Case("attempts per call where 30 % fail, 4 at most", "geometric series", theory.attempts(4, 0.3), "attempts/call",
             retried(), lambda summary: float(summary["clients"]["c"]["amplification"])),
        Case("calls that give up all the same", "0.3 to the power of 4", 0.3**4, "of calls",
             retried(), lambda summary: summary["clients"]["c"]["gave_up"] / summary["clients"]["c"]["calls"]),
        Case("a function that crashes in 2 % of cases", "definition", 0.02, "5xx",
             scenario(poisson(100), FUNCTION, seconds=50, account=FREE, functions=crash),
             lambda summary: float(summary["stages"]["a/s"]["5XXError"])),
        Case("a Poisson stream of 50/s in 100 s", "definition", 5_000, "requests",
             scenario(poisson(50), MOCK, seconds=100), lambda summary: float(summary["requests"]["count"])),
    ]  # fmt: skip


def cases() -> list[Case]:
    """All cases, in the order in which they are shown."""
    groups: Sequence[Callable[[], list[Case]]] = (
        _throttling, _lambda, _quota, _buckets, _limits, _queues, _caches, _callers,
    )  # fmt: skip
    return [case for group in groups for case in group()]


def prepared(case: Case, folder: Path) -> dict[str, Any]:
    """The scenario of a case; arrivals at listed instants become a trace in the folder."""
    if case.instants is None:
        return case.scenario
    lines = [f"2026-01-01T00:00:{at // SECOND:02}.{at % SECOND:09}Z" for at in case.instants]
    file = folder / "instants.csv"
    file.write_text("\n".join(["timestamp", *lines]) + "\n", encoding="utf-8")
    made = deepcopy(case.scenario)
    made["clients"]["c"]["arrivals"] = {"trace": {"instants": str(file)}}
    return made
