"""The parts of scenarios made by chance that depend on no other part: laws, limits, backends, arrivals, retries."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import DATA
from engine.chances import Draw, aside, chance, drawn, few, often, one_of, some

EACH = 30
"""Percent: how often a part that may be left out is there."""


def ms(tens: int) -> str:
    """A time of so many 10 ms."""
    return f"{tens * 10} ms"


@drawn
def time_of(draw: Draw, low: int, high: int, *, zero: bool = False) -> Any:
    """A law of times between so many 10 ms: constant more often than not."""
    if zero and draw(chance(40)):
        return "0 ms"
    value = draw(few(low, high))
    one, two = ms(value), ms(2 * value + 3)
    forms = [
        one,
        one,
        one,
        {"uniform": {"min": ms(0), "max": two}},
        {"exponential": {"mean": one}},
        {"lognormal": {"mean": one, "cv": 1}},
        {"p50": one, "p99": two},
    ]
    return draw(one_of(*forms if value else [one]))


SIZES = ("0 B", "1 KB", {"p50": "4 KB", "p99": "900 KB"}, {"uniform": {"min": "900 KB", "max": "1.1 MB"}})


@drawn
def throttle(draw: Draw, low: int = 0) -> dict[str, Any]:
    """A bucket that binds at tens of requests a second; rates that are no round numbers too."""
    rate = draw(few(low, 40 + 2 * low))
    return {
        "rate": draw(one_of(f"{rate}/s", f"{rate}/s", f"{rate}.125/s", f"{rate * 60}/min")),
        "burst": draw(one_of(0, 1, 1, 2, 2, 3, 5, 9)),
    }


@drawn
def caching(draw: Draw) -> dict[str, Any]:
    made: dict[str, Any] = {"ttl": f"{draw(one_of(0, 1, 1, 1, 2, 3))} s"}
    if draw(chance(60)):
        made["require_authorization"] = True
        made["unauthorized"] = draw(
            one_of(
                "FAIL_WITH_403",
                "FAIL_WITH_403",
                "SUCCEED_WITH_RESPONSE_HEADER",
                "SUCCEED_WITHOUT_RESPONSE_HEADER",
            )
        )
    return made


@drawn
def account_of(draw: Draw, state: Any) -> dict[str, Any]:
    """The account: large, or of ten, or with most of it used elsewhere; the state learns its numbers."""
    kind = draw(one_of("large", "large", "large", "ten", "tight", "tight"))
    state.limit = {"large": 1000, "ten": 10, "tight": draw(few(104, 112))}[kind]
    state.elsewhere = {"large": 0, "ten": draw(few(0, 8)), "tight": draw(few(94, 101))}[kind]
    made: dict[str, Any] = {
        "lambda_concurrency": state.limit, "used_elsewhere": {"lambda_concurrency": state.elsewhere},
        "lambda_scaling": draw(one_of(2, 4, 8, 1000, 1000, "none")),
        "lambda_requests_per_concurrency": draw(one_of(2, 5, 10, 10, "none")),
    }  # fmt: skip
    if draw(chance(40)):
        made["throttle"] = draw(throttle(low=20))
        state.throttles["account.throttle"] = True
        made["used_elsewhere"]["rate"] = f"{draw(few(0, 9))}/s"
    return made


@drawn
def function(draw: Draw) -> dict[str, Any]:
    made: dict[str, Any] = {
        "duration": draw(time_of(1, 40)),
        "cold_start": draw(_cold()),
        "timeout": f"{draw(few(1, 3))} s",
    }
    if draw(chance(25)):
        made["duration"] = {"uniform": {"min": "100 ms", "max": "1.5 s"}}
        made["timeout"] = "1 s"
    if draw(chance(60)):
        made["idle_lifetime"] = draw(time_of(0, 80, zero=True))
    if draw(chance(60)):
        made |= {"crash": f"{draw(few(0, 30))} %", "malformed": f"{draw(few(0, 30))} %"}
        made |= draw(aside(one_of({}, {"exit_error": "40 %"}, {"exit_error": "100 %"})))
    if draw(chance(60)):
        big = {"uniform": {"min": "5.8 MB", "max": "6.2 MB"}}
        sizes = [*SIZES, big, big]
        status = draw(one_of(200, 404, {200: "60 %", 404: "20 %", 503: "rest"}))
        made["response"] = {"size": draw(one_of(*sizes)), "status": status, "binary": draw(chance(20))}
    return made


@drawn
def _cold(draw: Draw) -> Any:
    if draw(chance(40)):
        return draw(one_of("none", {"runtime": "python3.13"}))
    return {"provisioning": draw(time_of(0, 9, zero=True)), "init": draw(time_of(0, 20, zero=True))}


@drawn
def backend(draw: Draw) -> dict[str, Any]:
    status = draw(one_of(200, 200, 404, {200: "70 %", 404: "10 %", 500: "rest"}))
    sizes = [*SIZES, {"uniform": {"min": "9 MB", "max": "11 MB"}}]
    made = {
        "latency": draw(time_of(0, 40)), "concurrency": draw(one_of(1, 1, 1, 2, 4, "none")),
        "queue": draw(one_of(0, 1, 3, 8, 20)),
        "status": status, "size": draw(one_of(*sizes)),
    }  # fmt: skip
    return {"http": draw(aside(_loaded(made)))}


@drawn
def _loaded(draw: Draw, made: dict[str, Any]) -> dict[str, Any]:
    """Some that serve the last that came first, and some whose times grow with their load."""
    if made["queue"] > 1 and draw(chance(30)):
        made["discipline"] = "LIFO"
    if made["concurrency"] in (2, 4) and draw(chance(50)):
        made["slowdown"] = draw(one_of(3, 1.3, 0.5))
    return made


@drawn
def rate_of(draw: Draw, duration: int, most: int) -> dict[str, Any]:
    """Even or poisson arrivals at a rate, or in steps and ramps; some of them are made rougher."""
    made = draw(_rated(duration, most))
    return draw(aside(_rougher(made, duration)))


@drawn
def _rougher(draw: Draw, made: dict[str, Any], duration: int) -> dict[str, Any]:
    """Other processes, crowds, batches and superpositions."""
    if draw(chance(25)):
        off, on = ({"times": times, "holds": ms(draw(few(5, 50)))} for times in (0, 3))
        made["process"] = draw(
            one_of({"renewal": {"gamma": {"cv": 2}}}, {"mmpp": {"states": {"off": off, "on": on}}})
        )
    if draw(chance(15)):
        crowd = {"at": ms(draw(few(0, duration))), "ramp": ms(draw(few(0, 20))), "peak": draw(few(2, 5))}
        made["flash_crowds"] = [crowd | {"hold": ms(draw(few(0, 30))), "half_life": ms(draw(few(0, 30)))}]
    if draw(chance(15)):
        made["batch"] = draw(one_of(2, 3, {"geometric": {"mean": 2}}, {"1": "90 %", "5": "10 %"}))
    if draw(chance(15)):
        return {"superposition": [made, {"process": "poisson", "rate": "10/s"}]}
    return made


@drawn
def _rated(draw: Draw, duration: int, most: int) -> dict[str, Any]:
    process = draw(one_of("even", "even", "poisson"))
    round_ = [rate for rate in (10, 20, 25, 50, 100) if rate <= most] or [10]
    rate = one_of(*(f"{rate}/s" for rate in (*round_, *round_, 7)))
    if draw(chance(70)):
        return {"process": process, "rate": draw(rate)}
    begins = sorted(draw(some(range(duration), 1, 4)))
    steps = []
    for begin, after in zip(begins, [*begins[1:], duration], strict=True):
        steps.append(
            {
                "from": ms(begin),
                "rate": draw(often(70, rate, one_of("0/s"))),
                "ramp": ms(draw(few(0, after - begin))),
            }
        )
    return {"process": process, "rate": steps}


@drawn
def traced(draw: Draw, kind: str) -> dict[str, Any]:
    """A trace of counts, or the instants of an access log."""
    trace: dict[str, Any] = {"speed": draw(one_of(0.5, 1, 1, 1.5))}
    if kind == "counts":
        bursty = {"bursty": {"peak_to_mean": 3, "over": "200 ms"}}
        trace |= {"cloudwatch": str(DATA / "counts.csv"), "scale": draw(one_of(0.7, 1, 3))}
        trace["within_period"] = draw(one_of("poisson", "even", "start", bursty))
    else:
        trace |= {
            "access_log": str(DATA / "log.jsonl"), "format": "json", "window": {"to": "2 s"},
            "fields": {"time": "at", "method": "method", "path": "path", "size": "bytes"},
        }  # fmt: skip
    return {"trace": trace}


@drawn
def calls_of(draw: Draw, routes: list[str]) -> list[dict[str, Any]]:
    """One to three of a stage's methods, their parameters drawn from few values."""
    made = []
    for number, route in enumerate(draw(some([*routes, *routes], 1, 3))):
        verb, path = route.replace("ANY", "DELETE").split(" ")
        call: dict[str, Any] = {"call": f"{verb} {path}", "weight": draw(few(0 if number else 1, 3))}
        parameter = one_of({"uniform": {"n": 4}}, {"zipf": {"n": 9, "s": 1}}, 1)
        for name in ("id", "proxy"):
            if f"{{{name}" in path:
                call["path"] = {name: draw(parameter)}
        if draw(chance(EACH)):
            call["query"] = {"page": draw(parameter)}
        if draw(chance(EACH)):
            call["body"] = draw(
                one_of(
                    "2 KB", {"p50": "2 KB", "p99": "40 KB"}, {"uniform": {"min": "9 MB", "max": "11 MB"}},
                    {"uniform": {"min": "700 KB", "max": "7 MB"}},
                )
            )  # fmt: skip
        if draw(chance(EACH)):
            made_of = one_of("40 %", "100 %", {"body": "30 %", "parameters": "30 %"})
            call["invalid"] = draw(made_of)
        if draw(chance(60)):
            call["content_type"] = draw(
                one_of("image/png", {"image/png": "40 %", "text/plain": "20 %", "application/json": "40 %"})
            )
        if draw(chance(5)):
            call[draw(one_of("url_size", "headers_size"))] = "11 KB"
        if draw(chance(40)):
            call["max_age_0"] = {"share": draw(one_of("10 %", "50 %")), "authorized": "40 %"}
        if draw(chance(20)):
            call["idempotent"] = draw(one_of(True, False))
        made.append(call)
    return made


@drawn
def custom(draw: Draw, kind: str, name: str) -> dict[str, Any]:
    """A custom integration: what its responses catch, what it takes, and whether it waits."""
    made: dict[str, Any] = {kind: name}
    if kind == "lambda" and draw(chance(EACH)):
        made["invocation_type"] = "Event"
        codes: list[Any] = [202, "default"]
    else:
        codes = [200, 404, 500, 503, "default"] + [400] * (kind == "service")
        if kind == "lambda":
            codes += ["function_error", "function_timeout"]
    if draw(chance(70)):
        answer = one_of(
            200, 400, 404, 500, 502, {"status": 201, "size": "3 KB"}, {"status": 503, "size": "2 MB"}
        )
        made["responses"] = {code: draw(answer) for code in draw(some(codes, 1, 3))}
        if draw(chance(60)):
            made["responses"]["default"] = "none"
    if draw(chance(60)):
        made["templates"] = draw(one_of([], ["application/json"], ["image/png", "application/json"]))
        made["passthrough"] = draw(one_of("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "WHEN_NO_TEMPLATES", "NEVER"))
    return made


@drawn
def gateway_responses(draw: Draw) -> dict[str, Any]:
    """Customised answers of some types."""
    types = [
        "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX", "INTEGRATION_TIMEOUT", "REQUEST_TOO_LARGE", "BAD_REQUEST_BODY",
        "API_CONFIGURATION_ERROR", "INTEGRATION_FAILURE",
    ]  # fmt: skip
    answer = one_of(
        {"status": 503}, {"status": 404, "size": "1 KB"}, {"status": 200}, {"size": "9 B"}, {"status": 429}
    )
    return {name: draw(answer) for name in draw(some(types, 1, 3))}


@drawn
def network(draw: Draw) -> dict[str, Any]:
    """A round trip of an even number of 10 ms, of 1 to 3 ns, or drawn."""
    odd = [f"0.00000{ns} ms" for ns in (1, 2, 3)]
    round_ = one_of(*(ms(tens) for tens in range(0, 20, 2)))
    made = {"rtt": draw(often(50, round_, often(50, one_of(*odd), time_of(1, 20))))}
    if draw(chance(40)):
        made["rtt_to_edge"] = draw(often(50, one_of("0 ms", "10 ms", "20 ms"), time_of(1, 9)))
    if draw(chance(40)):
        made |= {"new_connection": draw(one_of("20 %", "100 %")), "tls": draw(one_of(1.2, 1.3))}
    return made


@drawn
def retry_of(draw: Draw, may_time_out: bool) -> dict[str, Any]:
    base = draw(few(1, 20))
    made: dict[str, Any] = {
        "attempts": draw(few(1, 4)),
        "backoff": {
            "base": ms(base), "cap": ms(base + draw(few(0, 60))),
            "jitter": draw(one_of("none", "none", "full", "equal", "decorrelated")),
        },
    }  # fmt: skip
    if draw(chance(EACH)):
        made["statuses"] = draw(some([400, 403, 413, 415, 429, 500, 502, 503, 504], 1, 5))
    if may_time_out and draw(chance(75)):
        made["client_timeout"] = True
    return draw(aside(_of_an_sdk(made)))


@drawn
def _of_an_sdk(draw: Draw, made: dict[str, Any]) -> dict[str, Any]:
    """Some with an SDK's mode, and some with a budget."""
    if draw(chance(30)):
        mode = one_of("legacy", "standard", "standard_2026", "adaptive", "adaptive_2026")
        made["mode"] = draw(mode)
        del made["backoff"]
    if draw(chance(15)):
        made["budget"] = {"share": draw(one_of("0 %", "10 %", "50 %")), "burst": draw(few(1, 6))}
    return made


@drawn
def breaker_of(draw: Draw) -> dict[str, Any]:
    return {
        "failures": draw(one_of("20 %", "50 %", "100 %")), "window": draw(few(1, 8)), "open": ms(draw(few(1, 60))),
        "probes": draw(few(1, 3)),
    }  # fmt: skip


@drawn
def assumptions(draw: Draw) -> dict[str, Any]:
    """All that AWS leaves open, each with all its values."""
    flag = one_of(True, False)
    parts = {"partitioned": {"hosts": draw(few(2, 4)), "each": draw(one_of("share", "burst"))}}
    return {
        "throttling": draw(one_of("ideal", "ideal", parts)),
        "account_throttle_position": draw(one_of("after_usage_plan", "front")),
        "token_accounting": draw(one_of("all_or_none", "as_you_go")),
        "usage_plan_bucket": draw(one_of("key", "key_and_method")),
        "throttled_counts_to_quota": draw(flag),
        "quota_week_starts": draw(one_of("MONDAY", "SUNDAY")),
        "scaling_rate_model": draw(one_of("window", "bucket")),
        "lambda_request_burst": draw(one_of("1 s", "100 ms", "370 ms")),
        "cache_error_responses": draw(flag),
        "max_age_0_is_a_miss": draw(flag),
        "encryption_overhead": draw(one_of("0 B", "0 B", "90 MB", "255 MB", "600 MB")),
        "cache_hit_time": draw(one_of("0 ms", "1 ms", "10 ms")),
        "unknown_resource": draw(one_of("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND")),
        "size_check_position": draw(one_of("before_cache", "after_cache")),
        "validation_position": draw(one_of("before_cache", "after_cache")),
        "lambda_request_too_large": draw(one_of(413, 500)),
        "rare_502_at_load": draw(one_of("0 %", "0 %", "0 %", "20 %")),
        "unmetered": draw(
            one_of(
                [],
                ["REQUEST_TOO_LARGE", "HEADERS_TOO_LARGE"],
                ["THROTTLED", "FUNCTION_ERROR", "GATEWAY_UNAVAILABLE"],
            )
        ),
        "rest_overhead": draw(time_of(0, 4, zero=True)),
        "lambda_overhead": draw(time_of(0, 12, zero=True)),
        "provisioning": draw(time_of(0, 9, zero=True)),
        "provisioned_preparation": "20 ms",
        "edge_backbone": draw(one_of("100 %", "70 %", "0 %")),
        "metrics_stamp": draw(one_of("answer", "arrival")),
    }
