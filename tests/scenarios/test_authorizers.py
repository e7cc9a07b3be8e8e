"""The scenarios about authorizers do what the comments at their heads say."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scenarios.comments import Claim, check, numbers, overrides
from scenarios.test_scenarios import (
    COMMENTS,
    SECOND,
    Run,
    erlang_b,
    errors,
    lost,
    refused,
    run,
    tries_of,
    vouched,
)


def share_of(requests: pd.DataFrame, reason: str) -> float:
    """The percentage of requests that ended for a reason."""
    return 100 * float((requests["reason"] == reason).mean())


NO_TOKEN, BEHIND = "AUTHORIZER_CONFIGURATION_ERROR", "LAMBDA_THROTTLED"


def test_authorizer_starves_its_backend() -> None:
    b = 0.0
    for _ in range(100):  # what the function gets is what its authorizer lets through
        b = erlang_b(200, 160 + 80 * (1 - b)) / 100
    done = run("authorizer_starves_its_backend")
    before, after = done.of("club/prod", 5, 75), done.of("club/prod", 90, 120)
    deployed = done.of("club/prod", 75, 120)
    asked = deployed[deployed["authorizer"] == "miss"]
    # A full pool finishes at a steady pace, so what varies is how many come: sqrt(56,000) of them, 0.4 %.
    spread = 4 * 100 / sqrt(70 * 800)
    assert share_of(before, NO_TOKEN) == pytest.approx(100 * b, abs=spread)
    # Behind, its own authorizer's place is free a moment before: it is refused less often, not by half.
    assert 50 * b * (1 - b) < share_of(before, BEHIND) < 100 * b * (1 - b) + spread
    assert set(done.requests["reason"]) == {"OK", NO_TOKEN, BEHIND}
    assert set(done.requests["status"]) == {200, 500}
    assert lost(done.of("club/prod", 80, 120)) == 0
    # 2000 members at 0.4/s each; twice looked up is who calls again within 0.212 s on average: 0.4 x 0.212 of them.
    twice = 2000 * 0.4 * 0.212
    assert len(asked) == pytest.approx(
        2000 + twice, abs=4 * sqrt(twice) + 40
    )  # and again for who was refused at first
    good = done.requests[done.requests["status"] == 200]
    when = good["arrived_ns"].to_numpy() / SECOND
    medians = [
        float(np.median(good["latency_ns"][during])) / 1e6
        for during in ((when >= 5) & (when < 75), when >= 90)
    ]
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "authorizer_starves_its_backend",
        [
            Claim("send {} requests a second", (800,)),
            Claim("in {} ms, before the function behind it answers, in {} ms", (200, 100)),
            Claim("the account's concurrency of {}.", (200,)),
            Claim("{}/s x {} ms = {} at once", (800, 100, 80)),
            Claim("{}/s x {} ms = {} more, before it: {} where {} fit", (800, 200, 160, 240, 200)),
            Claim("the authorizer wants {} and the function {} x ({} - b)", (160, 80, 1)),
            Claim("gives {} % for b", (100 * b,)),
            Claim("{} - ({} - b)^{} = {} % at most", (1, 1, 2, 100 * (1 - (1 - b) ** 2))),
            Claim("There are {} members, each of whom calls every {} s", (2000, 2000 / 800)),
        ],
        [
            Claim(
                "from {} s to {} s {} % of the members got a {} for their token and {} % behind it, {} % in all",
                (5, 75, share_of(before, NO_TOKEN), 500, share_of(before, BEHIND), refused(before)),
            ),
            Claim(
                "the authorizer was asked {} times, the last time at {} s; from {} s on {} requests failed",
                (len(asked), float(asked["arrived_ns"].max()) / SECOND, 80, 0),
            ),
            Claim("p{} of Latency of what succeeded is {} ms before the deployment, and {} ms from {} s on",
                  (50, *medians, 90)),
        ],
    )  # fmt: skip
    assert lost(after) == 0


def reserved_behind(done: Run) -> list[Claim]:
    before, after = done.of("club/prod", 5, 75), done.of("club/prod", 90, 120)
    alone, later = erlang_b(101, 160), erlang_b(99, 80)
    assert share_of(before, NO_TOKEN) == pytest.approx(alone, abs=4 * 100 / sqrt(70 * 800))
    assert refused(after) == pytest.approx(later, abs=0.5)  # a few hundred, in clumps
    return [
        Claim("before the deployment {} are refused behind", (int((before["reason"] == BEHIND).sum()),)),
        Claim("is left {} for its {}: {} % get a {} for their token (Erlang: {} %)",
              (101, 160, share_of(before, NO_TOKEN), 500, alone)),
        Claim("from {} s on {} % find all {} taken (Erlang, of {}: {} %)", (90, refused(after), 99, 80, later)),
    ]  # fmt: skip


def ten_seconds(done: Run) -> list[Claim]:
    after = done.of("club/prod", 90, 120)
    asked = int((after["authorizer"] == "miss").sum()) / 30
    assert asked == pytest.approx(2000 / 12.5, abs=4 * sqrt(160 / 30) + 0.4 * 0.212 * 160)
    return [
        Claim("live {} s: a member is looked up every {} + {} s, which is {}/s for {} members, and {} at once",
              (10, 10, 2.5, 160, 2000, 32)),
        Claim("from {} s on the authorizer is asked {} times a second, and {} requests fail", (90, asked, lost(after))),
    ]  # fmt: skip


def test_authorizer_policy_of_one_method() -> None:
    looked_up = 200 / 61
    hits = 1 - looked_up / 200
    done = run("authorizer_policy_of_one_method")
    before, after = done.of("app/prod", 60, 180), done.of("app/prod", 180, 300)
    asked = int((before["authorizer"] == "miss").sum()) / 120
    flush = done.of("app/prod", 180, 181)
    # A user is denied or not for a minute: 400 such minutes in two, each half of its 60 calls by a coin.
    assert refused(before) == pytest.approx(50 * hits, abs=errors(50, 24_000))
    assert refused(after) == pytest.approx(50 * hits, abs=errors(50, 24_000))
    assert asked == pytest.approx(looked_up, abs=0.5)
    # Of 200 users, those who call in the second: 1 - 1/e. Who calls twice within 28 ms is asked twice.
    due = 200 * (1 - np.exp(-1))
    assert int((flush["authorizer"] == "miss").sum()) == pytest.approx(
        due, abs=4 * sqrt(due * np.exp(-1)) + 10
    )
    assert set(done.requests["reason"]) == {"OK", "ACCESS_DENIED"}
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "authorizer_policy_of_one_method",
        [
            Claim("Now and then a {}", (403,)),
            Claim("Each of {} users sends {} request a second", (200, 1)),
            Claim("every {} s + {} s, which is {}/s of {}/s", (60, 1, looked_up, 200)),
            Claim("{} % x {} % = {} % are {} ACCESS_DENIED", (100 * hits, 50, 50 * hits, 403)),
            Claim("At {} min the authorizer's cache is flushed", (3,)),
        ],
        [
            Claim(
                "from {} min to {} min {} % were denied, and the authorizer was asked {} times a second",
                (1, 3, refused(before), asked),
            ),
            Claim("from {} min to {} min {} %;", (3, 5, refused(after))),
            Claim("it was asked {} times", (int((flush["authorizer"] == "miss").sum()),)),
        ],
    )


def remedy(done: Run) -> list[Claim]:
    return [Claim("{} requests are denied", (lost(done.requests),))]


def uncached(done: Run) -> list[Claim]:
    runs = int((done.of("app/prod", 60, 300)["authorizer"] == "miss").sum()) / 240
    return [
        Claim("{} requests are denied, and the function runs {} times a second", (lost(done.requests), runs))
    ]


def by_method(done: Run) -> list[Claim]:
    asked = int((done.of("app/prod", 60, 300)["authorizer"] == "miss").sum()) / 240
    assert asked == pytest.approx(400 / 62, abs=0.5)
    return [
        Claim("{} are denied", (lost(done.requests),)),
        Claim("for each of {} methods, looked up every {} s + {} s: {} / {} = {} times a second, and {} times came out",
              (2, 60, 2, 400, 62, 400 / 62, asked)),
    ]  # fmt: skip


# what the comments say to try

BY_METHOD = (
    "--set authorizers.app.type=REQUEST "
    '--set "authorizers.app.identity_sources=[header.Authorization, context.resourcePath]"'
)
TRIED = [
    ("authorizer_policy_of_one_method", "--set authorizers.app.policy=all_methods", remedy),
    ("authorizer_policy_of_one_method", '--set "authorizers.app.ttl=0 s"', uncached),
    (
        "authorizer_policy_of_one_method",
        BY_METHOD,
        by_method,
    ),
    ("authorizer_starves_its_backend", "--set functions.members.reserved_concurrency=99", reserved_behind),
    ("authorizer_starves_its_backend", '--set "authorizers.cached.ttl=10 s"', ten_seconds),
]


def test_what_to_try_is_tried() -> None:
    assert tries_of(__file__) == {(name, options) for name, options, _ in TRIED}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "claims"), TRIED)
def test_what_it_says_of_a_try(name: str, options: str, claims: Any) -> None:
    left = check(COMMENTS[name].tries[options], claims(run(name, overrides(options))))
    assert numbers(left) == []
