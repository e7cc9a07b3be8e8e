"""What the scenarios of arrivals and of retrying clients say at their heads."""

from __future__ import annotations

import csv
from math import exp, log, sqrt
from operator import mul

import numpy as np
import pytest
from scenarios.comments import Claim
from scenarios.test_scenarios import FOLDER, lost, run, vouched
from scenarios.workloads import PARTNERS, evening, last_bad_second, of_partners, succeeded
from scipy import optimize
from theory.odds import erlang_b

from apigw_sim.scenario import load


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


# a storm of retries, and a budget for them


def test_retry_storm() -> None:
    done = run("retry_storm")
    calls, app = done.result.calls, done.summary["clients"]["app"]
    storm, after = succeeded(calls, 90, 240), succeeded(calls, 280, 360)
    attempts = int(((done.at >= 90) & (done.at < 240)).sum())
    # 150 s at 100/s: Poisson; three attempts of each, those of the last calls a little later.
    assert storm == (0, pytest.approx(15_000, abs=4 * sqrt(15_000)))
    assert attempts == pytest.approx(3 * storm[1], rel=0.01)
    shed = succeeded(calls, 240, 270)
    assert shed[0] == pytest.approx(
        25 * (30 - 5), rel=0.1
    )  # what passes while the queue is emptied is too late
    assert after[0] == after[1]
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "retry_storm",
        [
            Claim("sends {} orders a second to a server that does {} at once in {} ms each, so {}/s", (100, 10, 80, 125)),
            Claim("up to {} wait", (500,)),
            Claim("{} / {} = {}/s are done where {}/s come", (125, 3, 125 / 3, 100)),
            Claim("{}/s where {}/s are done", (300, 125)),
            Claim("{} / {} = {} s long", (500, 125, 4)),
            Claim("{} / ({} - {}) = {} s", (500, 125, 25, 5)),
        ],
        [
            Claim(
                "from {} min {} s to {} min {} of {} calls succeeded, with {} attempts a second",
                (1, 30, 4, *storm, attempts / 150),
            ),
            Claim(
                "held {} % did, and from {} min {} s on {} %",
                (100 * shed[0] / shed[1], 4, 40, 100 * after[0] / after[1]),
            ),
            Claim("of {} executions {} were for nobody", (app["executions"], app["executed_for_nobody"])),
        ],
    )  # fmt: skip


def test_retry_budget() -> None:
    done = run("retry_budget")
    app = done.summary["clients"]["app"]
    last = last_bad_second(done)
    # 500 - 125 at 125/s - 110/s: 25 s, in which some 2,700 attempts come, give or take 52; 15/s make 3.5 s of that.
    assert last - 80 == pytest.approx(25, abs=4 * 3.5)
    # A tenth of a retry for each call that begins before it is healed, and ten that were saved.
    assert app["attempts"] - app["calls"] == pytest.approx(10 + 0.1 * 100 * (last - 60), rel=0.1)
    assert succeeded(done.result.calls, 120, 360)[0] == succeeded(done.result.calls, 120, 360)[1]
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "retry_budget",
        [
            Claim("{} calls and {} retries a second come, and {}/s are done", (100, 10, 125 / 3)),
            Claim("retries are {} % of calls at most, so {}/s come where {}/s are done", (10, 110, 125)),
            Claim("of {} shrinks by {}/s", (500, 125 - 110)),
            Claim("{} / {} = {} s", (375, 15, 25)),
            Claim("three attempts a call are {}/s, and {} is above {}", (300, 300, 125)),
        ],
        [
            Claim(
                "the {}rd; {} of {} calls failed, with {} attempts a call",
                (last, app["gave_up"], app["calls"], app["amplification"]),
            ),
        ],
    )  # fmt: skip


# a load generator that waits


def test_coordinated_omission() -> None:
    done = run("coordinated_omission")
    strangers, tester, user = (done.summary["clients"][name] for name in ("strangers", "tester", "user"))
    # by hand: the k-th request behind the stalled one takes 2,000 - 10 k ms, 10 ms of its own among them, down to k = 198
    took = np.array([2000.0 - 10 * k for k in range(199)] + [10.0] * (3000 - 199))
    late = float(np.percentile(took, 99))
    for found in (strangers["call_latency_ms"], tester["intended_latency_ms"]):
        assert (found["p99"], found["mean"]) == (
            pytest.approx(late, abs=0.001),
            pytest.approx(took.mean(), abs=0.001),
        )
    assert (tester["call_latency_ms"]["p99"], tester["call_latency_ms"]["max"]) == (10, 2000)
    assert tester["not_started"] == 0
    # a user calls each 20 ms: up to the 1,501st at 30 s, then from 32.01 s on until 60 s
    assert user["calls"] == 1501 + int((60 - 32.01) / 0.02) + 1
    assert (tester["offered_per_s"], user["offered_per_s"]) == (50, pytest.approx(user["calls"] / 60))
    vouched(
        "coordinated_omission",
        [
            Claim("{} ms a request, one at a time", (10,)),
            Claim("stalls once for {} s", (2,)),
            Claim("send {} requests a second", (50,)),
            Claim("takes {} ms, and the k-th behind it {} - {} k: {} requests wait", (2000, 2000, 10, 198)),
            Claim("{} % of {} is {} of them, so the p99 is about {} ms", (1, 3000, 30, 1700)),
            Claim("only one call is slow, and the p99 is {} ms", (10,)),
            Claim("{} calls fewer", (3000 - user["calls"],)),
        ],
        [
            Claim(
                "p99 of strangers {} ms; of tester {} ms from the start and {} ms from when calls were due; of user {} ms",
                (
                    strangers["call_latency_ms"]["p99"], tester["call_latency_ms"]["p99"],
                    tester["intended_latency_ms"]["p99"], user["call_latency_ms"]["p99"],
                ),
            ),
            Claim("calls: strangers {}, tester {}, user {}", (strangers["calls"], tester["calls"], user["calls"])),
        ],
    )  # fmt: skip


# a day with a profile, and a trace


def test_a_day() -> None:
    """Each hour is long beside a report, so Erlang's formula holds hour by hour. Some 1,330 are lost in the evening's
    hour, in spells: four times as uncertain as if they were independent, so 10 % are 1.8 standard deviations."""
    done = run("a_day")
    hours = load(FOLDER / "a_day.yaml").resolved()["clients"]["staff"]["arrivals"]["profile"]
    assert sum(hours) == 24
    losses = [erlang_b(7, 2 * times) for times in hours]
    assert evening(done)[1] == pytest.approx(100 * erlang_b(7, 4.4), rel=0.1)
    day = 100 * sum(map(mul, hours, losses)) / 24
    tens = [erlang_b(10, 2 * times) for times in hours]
    ten = (10, 100 * max(tens), 100 * sum(map(mul, hours, tens)) / 24)
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "a_day",
        [
            Claim("each takes {} s on average: {} executions", (1, 2)),
            Claim("{} times the mean from eight", (max(hours),)),
            Claim("{} places lose {} % of {} Erlangs", (7, 100 * erlang_b(7, 2), 2)),
            Claim("at {} Erlangs, from eight to nine in the evening, they lose {} %", (4.4, 100 * max(losses))),
            Claim("the day loses {} %", (day,)),
            Claim("{} places lose {} % in that hour and {} % in the day", ten),
        ],
        [Claim("of {} reports {} % were refused, and {} % of those from eight to nine", (len(done.requests), *evening(done)))],
    )  # fmt: skip


def test_azure_functions() -> None:
    done = run("azure_functions")
    rows = list(csv.DictReader((FOLDER / "azure_minutes.csv").read_text().splitlines()))
    (row,) = [row for row in rows if row["HashFunction"].startswith("12048002")]
    minutes = [int(row[str(minute)]) for minute in range(1, 61)]
    mean_s = 0.4 * exp((log(5) / 2.3263479) ** 2 / 2)
    most, rate = 10 * max(minutes), sum(minutes) / 360
    functions, clients = done.summary["functions"], done.summary["clients"]
    assert clients["by_the_minute"]["succeeded"] == clients["by_the_minute"]["calls"] == 10 * sum(minutes)
    vouched(
        "azure_functions",
        [
            Claim("traces of {} and {}", (2019, 2021)),
            Claim("{} minutes of every {}", (3, 15)),
            Claim("has {} thumbnails in {} minutes, {} times", (sum(minutes), 60, 10)),
            Claim("{} a second on average, which at {} s each is {} executions", (rate, mean_s, mean_s * rate)),
            Claim("has {}, {} a second: {} at once", (most, most / 60, mean_s * most / 60)),
            Claim("reserves {} places", (12,)),
            Claim("loses {} % of that minute", (100 * erlang_b(12, mean_s * most / 60),)),
        ],
        [
            Claim(
                "{} thumbnails and {} checkouts, all of them answered; at most {} thumbnails",
                (clients["by_the_minute"]["calls"], clients["one_by_one"]["calls"], functions["thumbnails"]["max_concurrency"]),
            )
        ],
    )  # fmt: skip
