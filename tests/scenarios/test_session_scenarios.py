"""The scenario of users in sessions does what its comment says."""

from __future__ import annotations

from math import sqrt

import pytest
from scenarios.comments import Claim, check
from scenarios.test_scenarios import COMMENTS, SECOND, run, tries_of, vouched

MORE = "clients.shoppers.users.count=2000"
CALLS, ORDERS, THINK, PAUSE, USERS = 1 + 0.7 + 0.7 * 0.3, 0.7 * 0.3, 5, 20, 400
SPREAD = 0.7 * 0.3 * (3 - CALLS) ** 2 + 0.7 * 0.7 * (2 - CALLS) ** 2 + 0.3 * (1 - CALLS) ** 2
"""The variance of a session's calls."""


def cycle(response: float) -> float:
    """Seconds from the beginning of a session to that of the next."""
    return CALLS * response + (CALLS - 1) * THINK + PAUSE


def off(response: float, seconds: float) -> float:
    """Four standard deviations of the rate of calls, counted so long: renewals of sessions, each with calls of its own."""
    mean = cycle(response)
    sessions = USERS * seconds / mean
    of_cycle = (PAUSE**2 + (CALLS - 1) * THINK**2 + SPREAD * (THINK + response) ** 2) / mean**2
    return 4 * sqrt(sessions * (SPREAD + CALLS**2 * of_cycle)) / seconds


def test_shop_sessions() -> None:
    """Rates are held within four standard deviations of renewal theory, what is under way by Little's law."""
    done = run("shop_sessions")

    def rate(begin: float, end: float, only: str = "") -> float:
        rows = done.of("shop/prod", begin, end)
        return len(rows[rows["method"] == only] if only else rows) / (end - begin)

    quick, slow = USERS * CALLS / cycle(0.2), USERS * CALLS / cycle(2)
    orders = USERS * ORDERS / cycle(0.2)
    before, meanwhile, bought = rate(120, 300), rate(360, 480), rate(120, 300, "POST /orders")
    assert abs(before - quick) <= off(0.2, 180)
    assert abs(meanwhile - slow) <= off(2, 120)
    assert abs(bought - orders) <= 4 * sqrt(orders / 180)
    calls = done.result.calls
    began, ended = calls["started_ns"] / SECOND, calls["ended_ns"] / SECOND
    under_way = float((ended.clip(360, 480) - began.clip(360, 480)).sum() / 120)
    assert under_way == pytest.approx(meanwhile * 2, rel=0.03)
    assert done.summary["clients"]["shoppers"]["gave_up"] == 0
    assert tries_of(__file__) == {("shop_sessions", f"--set {MORE}")}
    many = run("shop_sessions", [MORE])
    rows = many.of("shop/prod", 120, 300)
    knock, passed = len(rows) / 180, int((rows["status"] == 200).sum()) / 180
    assert passed == pytest.approx(100, abs=1)
    assert abs(knock - 5 * USERS * CALLS / cycle(0.2 * passed / knock)) <= sqrt(5) * off(0.2, 180)
    check(
        COMMENTS["shop_sessions"].tries[f"--set {MORE}"],
        [
            Claim("make {}/s, more than the account's {}/s", (5 * quick, 100)),
            Claim("{} that knock and {} that pass", (knock, passed)),
        ],
    )
    vouched(
        "shop_sessions",
        [
            Claim("has {} + {} + {} x {} = {} calls, so {} thoughts", (1, 0.7, 0.7, 0.3, CALLS, CALLS - 1)),
            Claim("takes {} x {} s + {} x {} s + {} s = {} s", (CALLS, 0.2, CALLS - 1, THINK, PAUSE, cycle(0.2))),
            Claim("{} x {} / {} s = {}/s, and {} x {} / {} s = {} orders",
                  (USERS, CALLS, cycle(0.2), quick, USERS, ORDERS, cycle(0.2), orders)),
            Claim("takes {} s, and a session {} s: {}/s", (2, cycle(2), slow)),
            Claim("load falls by {} %", (100 * (1 - slow / quick),)),
            Claim("gone on at {}/s", (quick,)),
            Claim("users it is {} in the place of {}", (2 * slow, 0.2 * quick)),
        ],
        [
            Claim("{}/s from {} min to {} min, {} of them orders", (before, 2, 5, bought)),
            Claim("{}/s from {} min to {} min, and {} calls under way", (meanwhile, 6, 8, under_way)),
        ],
    )  # fmt: skip
