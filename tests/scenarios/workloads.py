"""What the comments of the scenarios of arrivals and of retrying clients say of what to try."""

from __future__ import annotations

from typing import Any

import numpy as np
from scenarios.comments import Claim

PARTNERS = ("metronome", "people", "jobs", "sessions", "uploads")


def of_partners(done: Any) -> dict[str, float]:
    """The percentage of the requests that is refused, by client of same_mean."""
    requests = done.requests
    return {
        name: 100 * float((requests["status"][requests["client"] == name] >= 400).mean()) for name in PARTNERS
    }


def evening(done: Any) -> tuple[float, float]:
    """The percentage of a day's requests that fail, and of those from 20:00 to 21:00."""
    bad, within = done.requests["status"] >= 500, (done.at >= 20 * 3600) & (done.at < 21 * 3600)
    return 100 * float(bad.mean()), 100 * float(bad[within].mean())


def ten_places(done: Any) -> list[Claim]:
    return [Claim("{} % are refused, and {} % from eight to nine", evening(done))]


def twelve_places(done: Any) -> list[Claim]:
    thumbnails, minute = done.requests["client"] == "by_the_minute", (done.at // 60).astype(int)
    busiest = np.bincount(minute[thumbnails]).argmax()
    most = (done.requests["status"] >= 500)[thumbnails & (minute == busiest)]
    return [Claim("{} % of the busiest minute", (100 * float(most.mean()),))]


def a_deep_bucket(done: Any) -> list[Claim]:
    found = of_partners(done)
    return [Claim("jobs lose {} %, sessions {} % and uploads {} %", [found[name] for name in PARTNERS[2:]])]


def succeeded(calls: Any, begin: int, end: int) -> tuple[int, int]:
    """How many calls that began in [begin, end) seconds succeeded, and of how many."""
    mine = calls[(calls["started_ns"] >= begin * 10**9) & (calls["started_ns"] < end * 10**9)]
    return int((mine["outcome"] == "succeeded").sum()), len(mine)


def last_bad_second(done: Any) -> int:
    """The last second of whose calls fewer than 95 % succeeded."""
    found = [succeeded(done.result.calls, second, second + 1) for second in range(360)]
    return max(second for second, (good, of) in enumerate(found) if good < 0.95 * of)


def without_retries(done: Any) -> list[Claim]:
    good, of = succeeded(done.result.calls, 100, 240)
    assert good == of
    return [
        Claim("after {} / {} = {} s", (500 - 125, 125 - 100, 375 / 25)),
        Claim("from {} min {} s to {} min all {} calls succeed", (1, 40, 4, good)),
    ]


def a_short_queue(done: Any) -> list[Claim]:
    good, of = succeeded(done.result.calls, 90, 240)
    assert good == of
    return [
        Claim("{} / {} = {} s, shorter", (60, 125, 60 / 125)),
        Claim("{} calls succeed from {} min {} s to {} min", (good, 1, 30, 4)),
    ]


def a_quota(done: Any) -> list[Claim]:
    app = done.summary["clients"]["app"]
    assert 50 <= app["attempts"] - app["calls"] < 60
    return [
        Claim("{} tokens of which a retry after a timeout costs {}", (500, 10)),
        Claim("the last bad second is the {}th", (last_bad_second(done),)),
    ]


def a_breaker(done: Any) -> list[Claim]:
    app = done.summary["clients"]["app"]
    return [
        Claim("{} calls fail at once", (app["short_circuited"],)),
        Claim("the last bad second is the {}th", (last_bad_second(done),)),
    ]


def enough_workers(done: Any) -> list[Claim]:
    tester = done.summary["clients"]["tester"]
    assert tester["call_latency_ms"] == tester["intended_latency_ms"]
    return [Claim("the p99 from the start is {} ms", (tester["call_latency_ms"]["p99"],))]


TRIED = [
    ("a_day", "--set functions.report.reserved_concurrency=10", ten_places),
    ("azure_functions", "--set functions.thumbnails.reserved_concurrency=12", twelve_places),
    ("coordinated_omission", "--set clients.tester.workers=110", enough_workers),
    ("retry_storm", "--set clients.app.retry.attempts=1", without_retries),
    ("retry_storm", "--set backends.orders.http.queue=60", a_short_queue),
    ("retry_budget", '--set "clients.app.retry={mode: standard}"', a_quota),
    (
        "retry_budget",
        '--set clients.app.retry.budget=null --set "clients.app.circuit_breaker={failures: 50 %, window: 20, open: 5 s}"',
        a_breaker,
    ),
    (
        "same_mean",
        "--set apis.partners.stages.prod.method_settings.every_method.throttle.burst=120",
        a_deep_bucket,
    ),
]
