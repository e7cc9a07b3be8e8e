"""The scenarios about deployments, stage variables and canaries do what the comments at their heads say."""

from __future__ import annotations

import numpy as np
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
    vouched(
        "stage_variables",
        [
            Claim("{}/s x {} s = {} requests", (10, 120, 1200)),
            Claim("crashes {} % of the time, and that is {}", (2, 502)),
        ],
        [
            Claim("{} requests to test were {}", (len(wrong), 500)),
            Claim("prod answered {} of its requests with an error", ((prod["status"] >= 400).sum(),)),
        ],
    )
