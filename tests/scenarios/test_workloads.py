"""What the scenarios of arrivals and of retrying clients say at their heads."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from scenarios.comments import Claim
from scenarios.test_scenarios import lost, run, vouched
from scenarios.workloads import PARTNERS, of_partners
from scipy import optimize


def test_same_mean() -> None:
    done = run("same_mean")
    found = of_partners(done)
    mine = {name: done.requests["client"] == name for name in PARTNERS}
    # A bucket of 40 in front of batches of 60 is empty behind each, so what passes is exact: min(40, 120 x gap).
    passed = 120 * 0.6 * (1 - exp(-40 / 72))
    gone = 180 * 0.4 * exp(-40 / 72)
    # 500 batches of 30.7 +- 12.3 of 60; 125 cycles, whose lost requests vary by 1.6 times their mean
    assert found["uploads"] == pytest.approx(100 * (1 - passed / 60), abs=4 * 100 * 12.3 / 60 / sqrt(500))
    assert found["sessions"] == pytest.approx(100 * gone / 240, rel=4 * 1.6 / sqrt(125))
    assert lost(done.requests[mine["metronome"]]) == lost(done.requests[mine["people"]]) == 0
    # what a Poisson stream of 100/s leaves of a bucket of 120/s falls by e^-theta a token: 100 (e^theta - 1) = 120 theta
    theta = optimize.brentq(lambda x: 100 * (exp(x) - 1) - 120 * x, 0.1, 1)
    assert exp(-40 * theta) < 1e-6
    seconds = done.at.astype(int)
    most = {name: int(np.bincount(seconds[mine[name]]).max()) for name in PARTNERS}
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "same_mean",
        [
            Claim("sends {} requests a second on average", (100,)),
            Claim("lets {}/s pass with a burst of {}", (120, 40)),
            Claim("some {} requests in each", (6000,)),
            Claim("one request every {} ms: a token comes every {} ms", (10, 1000 / 120)),
            Claim("the chance falls by e^-{} with each token", (theta,)),
            Claim("worth as much as {} / {} = {} requests", (40, 9, 40 / 9)),
            Claim("{}/s for {} s on average, then {}/s for {} s", (60, 2, 300, 0.4)),
            Claim("loses {} tokens a second and lasts {} ms", (300 - 120, 1000 * 40 / 180)),
            Claim("{} x {} x e^-{} = {} of the {} requests of a cycle, {} %", (180, 0.4, 40 / 72, gone, 240, gone / 2.4)),
            Claim("{} requests/s in batches of {}, so {} batches a second", (100, 60, 100 / 60)),
            Claim("and {} at most", (40,)),
            Claim(
                "{} x {} x (1 - e^-{}) = {} of {} on average, and {} % refused",
                (120, 0.6, 40 / 72, passed, 60, 100 * (1 - passed / 60)),
            ),
        ],
        [
            Claim(
                "metronome {} %, people {} %, jobs {} %, sessions {} %, uploads {} %",
                [found[name] for name in PARTNERS],
            ),
            Claim(
                "{} of metronome, {} of people, {} of jobs, {} of sessions and {} of uploads",
                [most[name] for name in PARTNERS],
            ),
        ],
    )  # fmt: skip
