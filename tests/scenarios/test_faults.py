"""The scenarios of faults and of a backend of one's own do what their comments say."""

from __future__ import annotations

from math import sqrt

import pytest
from scenarios.comments import Claim
from scenarios.test_scenarios import SECOND, run, vouched


def test_game_day() -> None:
    """Losses are binomial: four standard errors of 120 in 600 are 39, of 4.8 in 600 8.7."""
    done = run("game_day")
    work, calls = done.result.invocations, done.result.calls
    meanwhile = (work["arrived_ns"] >= 60 * SECOND) & (work["arrived_ns"] < 120 * SECOND)
    mean = work[meanwhile].groupby("backend", observed=True)["duration_ns"].mean() / 1e6
    assert mean["quote"] == pytest.approx(100 * (1 + 2 * 2 / 3))
    waited = work["queued_ns"].max() / 1e9
    assert 9.9 < waited < 10
    mobile = calls[calls["client"] == "mobile"]
    lost, stuck = int((mobile["attempts"] > 1).sum()), int((mobile["outcome"] == "timed_out").sum())
    assert abs(lost - 120) <= 4 * sqrt(600 * 0.2 * 0.8)
    assert abs(stuck - 4.8) <= 4 * sqrt(4.8)
    refused = int((done.requests["status"] == 429).sum())
    assert refused == 300
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "game_day",
        [
            Claim("sends {}/s for four minutes, and cut {}/s", (10, 20)),
            Claim("the {} calls of that minute take {} ms + {} ms = {} ms", (600, 100, 133.3, 233.3)),
            Claim("{} at once in {} ms each, {}/s", (4, 100, 40)),
            Claim("{} wait when the places are back, and {}/s - {}/s clear them in {} s", (200, 40, 20, 10)),
            Claim("waits longest: {} s", (10,)),
            Claim("{} of its {} calls take more", (120, 600)),
            Claim("{} x {} x {} of them, {}, find", (0.2, 0.2, 0.2, 4.8)),
            Claim("is a {}, {} of the {}.", (429, 300, 600)),
            Claim("{} calls take {} ms", (600, 200)),
        ],
        [
            Claim("ramped {} ms of Duration", (mean["quote"],)),
            Claim("from {} min to {} min cut", (1, 2)),
            Claim("wait was {} s", (waited,)),
            Claim("{} first attempts were lost, and {} calls", (lost, stuck)),
            Claim("limited {} were a {}", (refused, 429)),
            Claim("released {} ms from {} min to {} min, and {} ms", (mean["price:2"], 1, 2, 100)),
        ],
    )  # fmt: skip


def test_own_backend() -> None:
    """Arrivals of a round stand 10 ms apart, so a mean over rounds may be off by half of that; a rush may begin and end
    with 20 waiting."""
    done = run("own_backend")
    calm = done.of("shop/prod", 0, 60)
    mean = calm["integration_ns"].mean() / 1e6
    assert mean == pytest.approx(55, abs=5)
    assert calm["integration_ns"].min() >= 20 * 10**6
    assert calm["integration_ns"].max() <= 90 * 10**6
    rush = done.of("shop/prod", 60, 80)
    refused = int((rush["status"] == 503).sum())
    assert len(rush) == 6000
    assert abs(len(rush) - refused - 20 * 10 / 0.07) <= 20
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "own_backend",
        [
            Claim("Every {} ms the ledger takes up to {} of", (50, 10)),
            Claim("takes {} ms; more than {} may", (20, 20)),
            Claim(
                "calm {}/s come. A round takes {} ms + {} ms = {} ms, in which {} arrive",
                (100, 50, 20, 70, 7),
            ),
            Claim("after {} ms, who comes just after one begins after {} ms: {} ms on", (20, 90, 55)),
            Claim(
                "from {} min on {}/s come for {} s. Rounds of {} in {} ms are {}/s",
                (1, 300, 20, 10, 70, 142.9),
            ),
            Claim("of {} some {} are", (6000, 2857)),
            Claim("ledger's own {}.", (503,)),
        ],
        [
            Claim("IntegrationLatency was {} ms", (mean,)),
            Claim("of {} requests {} were a {}", (6000, refused, 503)),
        ],
    )


def test_last_come_first_served() -> None:
    """Even streams and one time of service: arithmetic is right to some 90 calls, a second's worth, at either end of it."""
    done = run("last_come_first_served")
    fifo, lifo = done.summary["clients"]["fifo"], done.summary["clients"]["lifo"]
    assert abs(fifo["gave_up"] - (18 * 150 + 91 * 90)) <= 180
    assert abs(lifo["gave_up"] - 1000) <= 90
    assert fifo["executed_for_nobody"] == fifo["gave_up"]
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "last_come_first_served",
        [
            Claim("{} places, {} ms each, so {}/s, and up to {} requests", (10, 100, 100, 2000)),
            Claim("sends {}/s, from {} min on {}/s for {} s, and gives up after {} s", (90, 1, 150, 20, 1)),
            Claim("{}/s - {}/s = {}/s too many, for {} s: {} wait", (150, 100, 50, 20, 1000)),
            Claim("{}/s - {}/s = {}/s are left to clear them, which takes {} s", (100, 90, 10, 100)),
            Claim("{} s after the rush: for {} s all work", (91, 18 + 91)),
            Claim("{} s of {}/s and {} s of {}/s are {} calls", (18, 150, 91, 90, 18 * 150 + 91 * 90)),
            Claim("{}/s x {} s = {} lost", (50, 20, 1000)),
        ],
        [
            Claim("fifo {} of {} calls", (fifo["gave_up"], fifo["calls"])),
            Claim("lifo {} calls", (lifo["gave_up"],)),
        ],
    )
