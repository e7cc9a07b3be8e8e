"""The catalogue's plans of what the gateway itself decides: throttles, usage plans, quotas, forbidden requests, sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.reaching import Entry, entry
from engine.running import EVERY, HOUR, MINUTE, MOCK, MS, SECOND, At, at, client, story

DATA = Path(__file__).parent / "data"
MANY_KEYS = {"from": "k", "zipf": {"s": 1.0}}
AGAIN = {"attempts": 3, "backoff": {"base": "100 ms", "jitter": "none"}}


def throttle(rate: str, burst: int) -> dict[str, Any]:
    return {"throttle": {"rate": rate, "burst": burst}}


def every(step: int, end: int = SECOND, begin: int = 0, times: int = 1) -> At:
    """Arrivals at each step, in ns, several at once if `times` says so."""
    return at(*(instant for instant in range(begin, end, step) for _ in range(times)))


def log(**more: Any) -> dict[str, Any]:
    """A client that replays data/log.jsonl: sixty requests in 2 s, some at one instant, some to no method."""
    trace = {
        "access_log": str(DATA / "log.jsonl"),
        "format": "json",
        "fields": {"time": "at", "method": "method", "path": "path", "size": "bytes"},
    }
    return {"target": "a/s", "arrivals": {"trace": trace}, "calls": "from_trace", **more}


def keyed(plan: dict[str, Any], *, count: int = 3, **parts: Any) -> dict[str, Any]:
    """GET / and POST / need a key, of which k has a few; two clients with keys at the same instants and one without."""
    each = {"integration": MOCK, "api_key_required": True}
    said = story(
        methods={"GET /": each, "POST /": each, "PUT /": {"integration": MOCK}},
        clients={
            "one": client(every(100 * MS, 4 * SECOND), api_key=MANY_KEYS, retry=AGAIN),
            "two": client(
                every(50 * MS, 4 * SECOND),
                [{"call": "GET /"}, {"call": "POST /"}, {"call": "PUT /"}],
                api_key={"from": "k", "uniform": True},
            ),
            "none": client(every(500 * MS, 4 * SECOND)),
        },
        run={"duration": "5 s", "period": "1 s"},
        usage_plans={"p": {"stages": {"a/s": {}}, **plan}},
        api_keys={"k": {"plans": ["p"], "count": count}},
    )
    said["assumptions"] |= parts.pop("assumptions", {})
    return {**said, **parts}


def levels(**assumptions: Any) -> dict[str, Any]:
    """All five levels, each of which binds for somebody."""
    plan = {
        **throttle("4/s", 2),
        "quota": {"limit": 16, "period": "DAY", "offset": 4},
        "stages": {"a/s": {"GET /": {"rate": "3/s", "burst": 3}}},
    }
    said = keyed(plan, account=throttle("12/s", 4), assumptions=assumptions, count=3)
    said["apis"]["a"]["stages"]["s"]["method_settings"] = {
        "every_method": throttle("8/s", 3),
        "POST /": throttle("2.5/s", 1),
    }
    return said


def changing(*changes: tuple[str, dict[str, Any]], **parts: Any) -> dict[str, Any]:
    """Two clients each 50 ms for 5 s, and limits that are set."""
    return story(
        settings=parts.pop("settings", throttle("10/s", 3)),
        clients={
            "c": client(every(50 * MS, 5 * SECOND)),
            "d": client(every(50 * MS, 5 * SECOND), retry=AGAIN),
        },
        run={"duration": "5 s", "period": "1 s"},
        timeline=[{"at": when, "set": change} for when, change in changes],
        **parts,
    )


ALL_LEVELS = tuple(f"refused by {kind}" for kind in ("ACCOUNT", "METHOD", "PLAN", "PLAN_METHOD", "QUOTA"))
ONE = f"{EVERY}.throttle"


def stages_and_apis() -> dict[str, Any]:
    """Three stages of two APIs, a bucket for all, and a bucket for each method."""
    said = story(account=throttle("15/s", 6), settings=throttle("7/s", 2), run={"period": "700 ms"})
    said["apis"]["b"] = {**said["apis"]["a"]}
    said["apis"]["a"]["stages"]["t"] = {}
    said["clients"] = {
        name.replace("/", "-"): {**client(every(100 * MS, 3 * SECOND), retry=AGAIN), "target": name}
        for name in ("a/s", "a/t", "b/s")
    }
    return said


def keys_of_several_plans() -> dict[str, Any]:
    """One key for both stages, one for the other stage, one without a plan; all of them and nobody call both."""
    said = keyed({**throttle("5/s", 3), "stages": {"a/s": {"GET /": {"rate": "2/s", "burst": 1}}, "a/t": {}}})
    said["apis"]["a"]["stages"]["t"] = {}
    said["usage_plans"]["q"] = {
        **throttle("2/s", 1),
        "stages": {"a/t": {"POST /": {"rate": "0/s", "burst": 3}}},
    }
    said["api_keys"] = {"k": {"plans": ["p"]}, "e": {"plans": ["q"]}, "n": {}}
    calls = [{"call": "GET /"}, {"call": "POST /", "weight": 2}]
    said["clients"] = {
        f"{key}-{stage}": {
            **client(every(100 * MS, 2 * SECOND), calls, **({} if key == "nobody" else {"api_key": key})),
            "target": f"a/{stage}",
        }
        for key in ("k", "e", "n", "nobody")
        for stage in "st"
    }
    return said


def too_large(**assumptions: Any) -> dict[str, Any]:
    """Bodies around 10 MB for a cached method and for one that is not."""
    return story(
        integration={"http_proxy": "h"},
        backends={"h": {"http": {"latency": "10 ms"}}},
        stage={"cache_cluster": "0.5 GB"},
        settings={"caching": {"ttl": "1 s"}, **throttle("30/s", 5)},
        clients={
            "c": client(
                every(40 * MS, 3 * SECOND),
                [{"call": "GET /", "body": {"uniform": {"min": "9.5 MB", "max": "10.5 MB"}}}],
                retry={**AGAIN, "statuses": [413, 429]},
            ),
            "d": client(every(400 * MS, 3 * SECOND)),
        },
        assumptions=assumptions,
    )


def midnight(*parts: dict[str, Any], **assumptions: Any) -> dict[str, Any]:
    """A quota of a day that begins anew after 2 s, on the instant of an arrival."""
    return keyed(
        {"quota": {"limit": 9, "period": "DAY", "offset": 3}, **throttle("4/s", 3)},
        run={"duration": "5 s", "period": "1 s", "start": "2026-03-01T23:59:58Z"},
        assumptions=assumptions,
        **{key: value for part in parts for key, value in part.items()},
    )


ENTRIES: dict[str, Entry] = {
    "a bucket fed at exactly its rate": entry(
        story(settings=throttle("20/s", 1), clients={"c": client({"process": "even", "rate": "20/s"})}), "OK"
    ),
    "a bucket fed at its rate by two at once": entry(
        story(
            settings=throttle("20/s", 1),
            clients={name: client({"process": "even", "rate": "20/s"}) for name in "cd"},
        ),
        "THROTTLED", "refused by METHOD",
    ),
    "a token a nanosecond early": entry(
        story(at(0, SECOND - 1, SECOND, 2 * SECOND - 1, 2 * SECOND, 2 * SECOND + 1), settings=throttle("1/s", 1)),
        "THROTTLED", "level TOKENS",
    ),
    "a token that is whole a third of a nanosecond later": entry(
        story(at(0, 3_333_333_333, 3_333_333_334, 6_666_666_667), settings=throttle("0.3/s", 1)), "THROTTLED"
    ),
    "a bucket that never refills": entry(story(every(MS, 9 * MS), settings=throttle("0/s", 3)), "THROTTLED"),
    "a burst of zero": entry(story(every(MS, 5 * MS), settings=throttle("100/s", 0)), "THROTTLED"),
    "the smallest rate over a long time": entry(
        story(
            at(0, 1, 999 * SECOND, 1_000 * SECOND - 1, 1_000 * SECOND, 3_000 * SECOND),
            settings=throttle("0.001/s", 2),
            run={"duration": "1 h", "period": "10 min"},
        ),
        "THROTTLED",
    ),
    "tokens at the start": entry(
        changing(initial={"tokens": {ONE: 0, "account.throttle": 2}}, account=throttle("6/s", 5)),
        "refused by METHOD", "refused by ACCOUNT",
    ),
    "a rate that is changed and changed back": entry(
        changing(("1 s", {f"{ONE}.rate": "100/s"}), ("2 s", {f"{ONE}.rate": "0/s"}), ("3.05 s", {f"{ONE}.rate": "10/s"})),
        "THROTTLED", "journal",
    ),
    "a burst that is raised and cut": entry(
        changing(("1 s", {f"{ONE}.burst": 20}), ("3 s", {f"{ONE}.burst": 1}), ("4 s", {f"{ONE}.burst": 9})),
        "THROTTLED", "journal",
    ),
    "a throttle that is taken away and comes back": entry(
        changing(("1 s", {ONE: False}), ("2 s", {ONE: {"rate": "5/s", "burst": 4}}), ("2 s", {f"{ONE}.burst": 2})),
        "THROTTLED", "journal",
    ),
    "a method that gets a throttle of its own in mid-run": entry(
        changing(
            ("1 s", {'apis.a.stages.s.method_settings["GET /"].throttle.burst': 1}),
            ("2 s", {f"{ONE}.rate": "1000/s"}),
            ("3 s", {'apis.a.stages.s.method_settings["GET /"].throttle': False}),
        ),
        "THROTTLED", "journal",
    ),
    "a throttle that comes in mid-run": entry(
        changing(("2 s", {ONE: {"rate": "5/s", "burst": 2}}), settings={"caching": False}), "THROTTLED"
    ),
    "the account's limit and what is used elsewhere change": entry(
        changing(
            ("1 s", {"account.used_elsewhere.rate": "3/s"}),
            ("2 s", {"account.throttle.burst": 1}),
            ("3 s", {"account.throttle": {"rate": "40/s", "burst": 30}, "account.used_elsewhere.rate": "0/s"}),
            settings={},
            account={**throttle("8/s", 4), "used_elsewhere": {"rate": "7.5/s"}},
        ),
        "refused by ACCOUNT", "journal",
    ),
    "stages and APIs share the account's bucket": entry(
        stages_and_apis(), "refused by ACCOUNT", "refused by METHOD", "retried"
    ),
    "five levels": entry(levels(), *ALL_LEVELS, "INVALID_API_KEY", "QUOTA_EXCEEDED"),
    "five levels, spending as it goes": entry(
        levels(token_accounting="as_you_go"),
        "refused by METHOD", "refused by PLAN", "refused by PLAN_METHOD", "refused by QUOTA",
    ),
    "five levels, the account in front": entry(
        levels(account_throttle_position="front"), *ALL_LEVELS, "INVALID_API_KEY"
    ),
    "five levels, the account in front, spending as it goes": entry(
        levels(account_throttle_position="front", token_accounting="as_you_go"), "refused by ACCOUNT"
    ),
    "five levels, a bucket a key and method": entry(
        levels(usage_plan_bucket="key_and_method"), "refused by METHOD", "refused by PLAN_METHOD"
    ),
    "five levels, throttled requests count to the quota": entry(
        levels(throttled_counts_to_quota=True), "refused by QUOTA"
    ),
    "five levels, throttled requests count and spend as they go": entry(
        levels(throttled_counts_to_quota=True, token_accounting="as_you_go", account_throttle_position="front"),
        "refused by QUOTA",
    ),
    "five levels on three hosts": entry(
        levels(throttling={"partitioned": {"hosts": 3}}), "refused by METHOD", "refused by PLAN_METHOD", "INVALID_API_KEY"
    ),
    "five levels on two hosts that hold the whole burst, the account in front": entry(
        levels(throttling={"partitioned": {"hosts": 2, "each": "burst"}}, account_throttle_position="front"),
        "refused by ACCOUNT", "refused by METHOD",
    ),
    "parts of a throttle that is set, taken away and comes back": entry(
        changing(
            ("1 s", {f"{ONE}.rate": "30/s"}), ("2 s", {ONE: False}), ("3 s", {ONE: {"rate": "5/s", "burst": 4}}),
            assumptions={"throttling": {"partitioned": {"hosts": 3}}},
        ),
        "THROTTLED", "journal",
    ),
    "a quota that begins anew at midnight": entry(midnight(), "QUOTA_EXCEEDED", "THROTTLED", "level QUOTA_LEFT"),
    "a quota to which throttled requests count, at midnight": entry(
        midnight({"initial": {"quota_used": {"k": 2}}}, throttled_counts_to_quota=True), "QUOTA_EXCEEDED"
    ),
    "a quota of a week that begins on a Thursday": entry(
        {**midnight(quota_week_starts="THURSDAY"),
         "usage_plans": {"p": {"stages": {"a/s": {}}, "quota": {"limit": 7, "period": "WEEK"}}},
         "run": {"duration": "5 s", "start": "2026-03-05T08:59:57.5+09:00"}},
        "QUOTA_EXCEEDED",
    ),
    "a quota over days": entry(
        {**midnight(),
         "clients": {"c": client(every(HOUR, 50 * HOUR), api_key=MANY_KEYS)},
         "run": {"duration": "50 h", "period": "6 h"}},
        "QUOTA_EXCEEDED",
    ),
    "quotas and plans that are set in mid-run": entry(
        midnight({
            "usage_plans": {
                "p": {
                    "quota": {"limit": 9, "period": "DAY", "offset": 3}, **throttle("4/s", 3),
                    "stages": {"a/s": {"GET /": {"rate": "4/s", "burst": 2}}},
                }
            },
            "timeline": [
                {"at": "1 s", "set": {"usage_plans.p.quota.limit": 4}},
                {"at": "2 s", "set": {"usage_plans.p.throttle": {"rate": "9/s", "burst": 1}}},
                {"at": "3 s", "set": {"usage_plans.p.quota.limit": 12, "usage_plans.p.throttle.burst": 5}},
                {"at": "3.5 s", "set": {'usage_plans.p.stages["a/s"]["GET /"]': {"rate": "1/s", "burst": 1}}},
            ]
        }),
        "QUOTA_EXCEEDED", "refused by PLAN", "refused by PLAN_METHOD", "journal",
    ),
    "keys of several plans, and none": entry(
        keys_of_several_plans(), "INVALID_API_KEY", "refused by PLAN", "refused by PLAN_METHOD"
    ),
    "paths that no method serves": entry(
        story(
            methods={"GET /items/{id}": {"integration": MOCK}, "POST /orders": {"integration": MOCK}},
            settings=throttle("20/s", 3),
            account=throttle("50/s", 4),
            clients={"c": log(retry={**AGAIN, "statuses": [403, 429]})},
        ),
        "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "THROTTLED", "retried",
    ),
    "forbidden requests spend in front": entry(
        story(
            methods={"GET /{proxy+}": {"integration": MOCK, "api_key_required": True}, "POST /orders": {"integration": MOCK}},
            account=throttle("30/s", 3),
            clients={"c": log(), "d": log(network={"rtt": "20 ms"})},
            assumptions={"account_throttle_position": "front"},
        ),
        "MISSING_AUTHENTICATION_TOKEN", "INVALID_API_KEY", "refused by ACCOUNT",
    ),
    "too large before the cache": entry(too_large(), "REQUEST_TOO_LARGE", "cache HIT", "THROTTLED"),
    "too large behind the cache": entry(
        too_large(size_check_position="after_cache"), "REQUEST_TOO_LARGE", "cache HIT", "cache MISS"
    ),
    "metrics stamped by the arrival, with a warm-up": entry(
        story(
            every(70 * MS, 3 * SECOND), {"mock": {"status": 404, "size": {"p50": "1 KB", "p99": "9 KB"}}},
            run={"duration": "3 s", "warm_up": "1.05 s", "period": "350 ms"},
            settings=throttle("11/s", 2),
            assumptions={"metrics_stamp": "arrival", "rest_overhead": {"p50": "8 ms", "p99": "300 ms"}},
        ),
        "BACKEND_4XX", "THROTTLED",
    ),
    "a period longer than the run": entry(
        story(every(100 * MS), settings=throttle("5/s", 2), run={"duration": "1 s", "period": "1 h"}), "THROTTLED"
    ),
    "a bucket that stands full for long": entry(
        story(at(0, 1, 2, 5 * MINUTE, 5 * MINUTE, 50 * MINUTE), settings=throttle("0.05/s", 2), run={"duration": "1 h"}),
        "THROTTLED",
    ),
}  # fmt: skip
