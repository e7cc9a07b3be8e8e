"""The scenarios about deployments, stage variables and canaries do what the comments at their heads say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scenarios.comments import Claim
from scenarios.test_scenarios import SECOND, Run, errors, run, vouched

MINUTE = 60


def late(limit_ms: float) -> float:
    """The percentage of orders that take longer: lognormals of 150 and 600 ms, and of 8 and 40 ms, at p50 and p99.

    By quantiles on a grid: of a sum of independent times the distribution is the mean over one of the other's.
    """
    from scipy.stats import norm

    at = norm.ppf((np.arange(4000) + 0.5) / 4000)
    times, service = (low * (high / low) ** (at / norm.ppf(0.99)) for low, high in ((150, 600), (8, 40)))
    return 100 - 100 * float(np.searchsorted(times, limit_ms - service).mean() / len(times))


def timeouts(done: Run, begin: int, end: int, canary: bool | None = None) -> tuple[int, float]:
    """Requests that arrived between two minutes, and the percentage of 504s; of the canary or the others alone."""
    rows = done.of("shop/prod", begin * MINUTE, end * MINUTE)
    rows = rows if canary is None else rows[rows["canary"] == canary]
    return len(rows), 100 * float((rows["status"] == 504).mean())


def test_canary_release() -> None:
    done = run("canary_release")
    share = 0.8 * late(200)
    met, of_canary = timeouts(done, 5, 10, canary=True)
    asked, of_stage = timeouts(done, 5, 10)
    assert met == pytest.approx(0.1 * asked, abs=4 * (0.09 * asked) ** 0.5)
    assert of_canary == pytest.approx(share, abs=errors(share, met))
    assert timeouts(done, 5, 10, canary=False)[1] == 0
    everybody, promoted = timeouts(done, 10, 14)
    assert promoted == pytest.approx(share, abs=errors(share, everybody))
    around = max(timeouts(done, 0, 5)[1], timeouts(done, 14, 18)[1])
    assert not done.of("shop/prod", 10 * MINUTE, 18 * MINUTE)["canary"].any()
    assert done.summary["stages"]["shop/prod"]["canary"]["count"] == met
    assert done.summary["clients"]["web"]["executed_for_nobody"] == (done.requests["status"] == 504).sum()
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "canary_release",
        [
            Claim("Of all orders {} % take longer than {} ms", (late(200), 200)),
            Claim("{} of {} requests are orders", (4, 5)),
            Claim(
                "answers {} % of its requests with {}, the stage as a whole {} %", (share, 504, share / 10)
            ),
            Claim("the stage too is at {} %", (share,)),
        ],
        [
            Claim(
                "had {} requests in its five minutes, and {} % of {}s; the stage {} %",
                (met, of_canary, 504, of_stage),
            ),
            Claim("the stage answered {} % with {}, before and after it {} %", (promoted, 504, around)),
        ],
    )


def test_stage_variables() -> None:
    done = run("stage_variables")
    rows = done.of("shop/test", 4 * MINUTE, 6 * MINUTE)
    wrong = done.requests[done.requests["reason"] == "API_CONFIGURATION_ERROR"]
    assert len(rows) == pytest.approx(1200, abs=4 * 1200**0.5)
    assert set(rows["status"]) == {500}
    assert wrong["arrived_ns"].between(4 * MINUTE * SECOND, 6 * MINUTE * SECOND).all()
    assert wrong["integration_ns"].isna().all()
    assert set(wrong["stage"]) == {"shop/test"}
    invoked = done.result.invocations
    asked = done.requests[
        (done.requests["stage"] == "shop/test") & (done.requests["reason"] != "API_CONFIGURATION_ERROR")
    ]
    assert (invoked["client"] == "testers").sum() == len(asked)
    prod = done.requests[done.requests["stage"] == "shop/prod"]
    medians = [
        float(invoked.loc[invoked["client"] == who, "duration_ns"].median()) / 1e6
        for who in ("testers", "web")
    ]
    # of 4,700 and 48,000 lognormals by p50 and p99: four standard errors of a median, 5 % and 2 %
    assert medians == [pytest.approx(6, rel=0.05), pytest.approx(90, rel=0.02)]
    vouched(
        "stage_variables",
        [
            Claim("{}/s x {} s = {} requests", (10, 120, 1200)),
            Claim("crashes {} % of the time, and that is {}", (2, 502)),
        ],
        [
            Claim("{} requests to test were {}", (len(wrong), 500)),
            Claim("prod answered {} of its requests with an error", ((prod["status"] >= 400).sum(),)),
            Claim("took less than {} ms on test, and {} ms on prod", medians),
        ],
    )


def asked_and_wrong(requests: pd.DataFrame) -> tuple[float, float]:
    """The percentages that asked the backend, and that got the answer of another page."""
    return 100 * float((requests["cache"] == "miss").mean()), 100 * float(requests["served_other"].mean())


def test_new_cache_key() -> None:
    """An entry asked for r times a second is asked again 60 s + 1/r after it was stored: renewal theory.

    The entries begin together, so their misses come in waves, and a wave more or less in the window is a fifth; what is
    asked for while an answer is under way is 4 % more.
    """
    done = run("new_cache_key")
    before, after = (done.of("shop/prod", begin * MINUTE, end * MINUTE) for begin, end in ((1, 6), (7, 12)))
    few, many = (100 * entries / (60 + entries / 40) / 40 for entries in (20, 200))
    wrong = (100 - few) * 0.9
    (asked, other), (asked_after, other_after) = map(asked_and_wrong, (before, after))
    assert asked == pytest.approx(few, rel=0.2)
    assert asked_after == pytest.approx(many, rel=0.2)
    assert other == pytest.approx(
        wrong, abs=6
    )  # 100 draws of what an entry stored: four standard errors of 30 % each
    assert other_after == 0
    assert set(done.of("shop/prod", 4 * MINUTE, 6 * MINUTE)["served_other"]) == {False, True}
    vouched(
        "new_cache_key",
        [
            Claim("ask for {} pages of {} searches, each as often as another, {} requests a second", (10, 20, 40)),
            Claim("{} entries, each asked for {} times a second: a miss every {} s + {} s, which is {} % of",
                  (20, 2, 60, 0.5, few)),
            Claim("Of the hits {} of {} are for another page: {} % of all requests", (9, 10, wrong)),
            Claim("{} entries, each asked for {} times a second: a miss every {} s + {} s, {} % of the requests, {} times",
                  (200, 0.2, 60, 5, many, many / few)),
        ],
        [
            Claim("from {} min to {} min {} % asked the backend, and {} % of all requests got another page",
                  (1, 6, asked, other)),
            Claim("from {} min to {} min {} % asked the backend, and {} % got another page", (7, 12, asked_after, other_after)),
        ],
    )  # fmt: skip
