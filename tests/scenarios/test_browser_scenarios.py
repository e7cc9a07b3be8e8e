"""The scenario on preflights does what its comment says."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios.comments import Claim, check, overrides
from scenarios.test_scenarios import COMMENTS, Run, run, tries_of, vouched
from scipy import stats

from apigw_sim.records import PREFLIGHT

PAGES = "preflights"
FEW, KEYED = (
    '--set clients.one_path.browser.max_age="5 s"',
    "--set 'apis.shop.methods[\"OPTIONS /{proxy+}\"].api_key_required=true'",
)
TRIED = [(PAGES, FEW), (PAGES, KEYED)]


def asked(done: Run, client: str) -> int:
    """The preflights of a client."""
    mine = done.requests[done.requests["client"] == client]
    return int((mine["attempt"] > PREFLIGHT).sum())


def expected(max_age: float) -> tuple[float, float]:
    """Mean and variance of the preflights of 200 people in 600 s, who click at random each 10 s on average.

    The k-th of one of them comes when k exponential gaps and k - 1 permissions have passed, each from the 60 ms on at
    which it is granted; who clicks within those asks too.
    """
    k = np.arange(1, 300)
    left = 600 - (k - 1) * (max_age + 0.06)
    later = np.where(left > 0, stats.gamma.cdf(np.maximum(left, 0), k, scale=10), 0.0)
    mean, square = later.sum(), ((2 * k - 1) * later).sum()
    again = 0.06 / 10
    return 200 * mean * (1 + again), 200 * (square - mean**2 + mean * again)


def test_preflights() -> None:
    done = run(PAGES)
    clients = done.summary["clients"]
    mean, variance = expected(60)
    one, many = asked(done, "one_path"), asked(done, "many_paths")
    assert abs(one - mean) < 4 * variance**0.5
    calls = {name: row["calls"] for name, row in clients.items()}
    again = calls["many_paths"] * 60 * 0.1 / 5000  # the clicks on an item that one has met within the minute
    assert abs(calls["many_paths"] - many - again) < 4 * again**0.5
    assert asked(done, "app") == 0
    assert all(row["succeeded"] == row["calls"] for row in clients.values())
    p50 = {name: row["call_latency_ms"]["p50"] for name, row in clients.items()}
    vouched(
        PAGES,
        [
            Claim("put {} things a second into carts, for {} people", (20, 200)),
            Claim("{}/s are {}/s", (20, 20)),
            Claim(
                "clicks every {} s. A permission lasts {} s, and the next click after it, {} s later",
                (200 / 20, 60, 10),
            ),
            Claim("each {} s a person, {} / {} s = {}/s, one for each {} clicks", (70, 200, 70, 200 / 70, 7)),
        ],
        [
            Claim(
                "one_path {} for {} clicks; many_paths {} for {}",
                (one, calls["one_path"], many, calls["many_paths"]),
            ),
            Claim(
                "p{} app {} ms, one_path {} ms, many_paths {} ms",
                (50, p50["app"], p50["one_path"], p50["many_paths"]),
            ),
        ],
    )


def test_what_to_try_of_it_is_tried() -> None:
    assert tries_of(__file__) == set(TRIED)


@pytest.mark.parametrize(("name", "options"), TRIED)
def test_what_to_try_does_what_it_says(name: str, options: str) -> None:
    done, said = run(name, overrides(options)), COMMENTS[name].tries[options]
    if options == KEYED:
        good = sum(done.summary["clients"][page]["succeeded"] for page in ("one_path", "many_paths"))
        check(said, [Claim("ever sent, {} of them succeed", (good,))])
        return
    mean, variance = expected(5)
    found = asked(done, "one_path")
    assert abs(found - mean) < 4 * variance**0.5
    check(said, [Claim("{} s and {} s make a preflight each {} s a person, {} of them", (5, 10, 15, found))])
