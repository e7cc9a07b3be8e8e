"""The scenarios of faults do what their comments say."""

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
