"""RETRY and TRACE rules: what a client repeats, and what its trace cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
Traced = Callable[..., dict[str, Any]]
ORDERS = {"clients.web.calls": [{"call": "POST /orders"}]}


def test_retry001_fires_for_a_post_that_is_sent_again(one: One) -> None:
    retry = {"attempts": 2, "statuses": [429, 504, 500], "client_timeout": True}
    over = {**ORDERS, "clients.web.timeout": "60 s", "clients.web.retry": retry}
    path, text, fix = one("RETRY001", over)
    assert path == "clients.web.retry"
    assert text == (
        "web sends POST /orders up to 2 times, after 500, 504 and its own timeout too, and it is not idempotent: "
        "a first attempt that acted acts again"
    )
    assert fix.startswith("retry 429 alone")


def test_retry001_fires_for_a_timeout_alone(advice: Advised) -> None:
    retry = {"attempts": 2, "statuses": [429], "client_timeout": True}
    assert advice("RETRY001", {**ORDERS, "clients.web.timeout": "60 s", "clients.web.retry": retry})


@pytest.mark.parametrize(
    "over",
    [
        {**ORDERS, "clients.web.retry": {"attempts": 1}},
        {**ORDERS, "clients.web.retry": {"attempts": 3, "statuses": [429]}},
        {**ORDERS, "clients.web.retry": {"attempts": 3, "statuses": []}},
        {"clients.web.retry": {"attempts": 3}},
        {"clients.web.retry": {"attempts": 3}, "clients.web.calls": [{"call": "POST /orders", "idempotent": True}]},
        {"clients.web.retry": {"attempts": 3},
         "clients.web.calls": [{"call": "POST /orders", "weight": 0}, {"call": "GET /list"}]},
        ORDERS,
    ],
    ids=["one attempt", "429 alone", "nothing", "a GET", "said to be", "never called", "no retry"],
)  # fmt: skip
def test_retry001_is_silent_where_nothing_acts_twice(advice: Advised, over: dict[str, Any]) -> None:
    assert not advice("RETRY001", over)


def test_retry002_fires_for_an_sdks_mode(one: One) -> None:
    path, text, fix = one("RETRY002", {"clients.web.retry": {"mode": "standard"}, "clients.web.processes": 8})
    assert path == "clients.web.retry.mode"
    assert "with a retry quota of 500 tokens in each of 8 processes" in text
    assert text.endswith("a client of your own API does not retry unless you made it")
    assert fix.startswith("if it is a plain HTTP client take retry: out")


def test_retry002_says_that_legacy_has_no_quota(one: One) -> None:
    assert (
        "in mode legacy, without a retry quota"
        in one("RETRY002", {"clients.web.retry": {"mode": "legacy"}})[1]
    )


@pytest.mark.parametrize("over", [{}, {"clients.web.retry": {"attempts": 3}}])
def test_retry002_is_silent_for_a_rule_of_ones_own(advice: Advised, over: dict[str, Any]) -> None:
    assert not advice("RETRY002", over)


def test_trace001_fires_for_a_trace_that_is_retried(one: One, trace: Traced) -> None:
    over = {"clients.web.arrivals": trace(), "clients.web.retry": {"attempts": 2}}
    path, text, fix = one("TRACE001", over)
    assert path == "clients.web.retry"
    assert text.endswith(
        "counts.csv counts attempts, retries among them, and web makes up to 2 attempts of each: retries count twice"
    )
    assert "take retry: out" in fix


def test_trace001_is_silent_without_retries_and_without_a_trace(advice: Advised, trace: Traced) -> None:
    assert not advice("TRACE001", {"clients.web.arrivals": trace(), "clients.web.retry": {"attempts": 1}})
    nothing = {"attempts": 3, "statuses": []}
    assert not advice("TRACE001", {"clients.web.arrivals": trace(), "clients.web.retry": nothing})
    assert not advice("TRACE001", {"clients.web.arrivals": trace()})
    assert not advice("TRACE001", {"clients.web.retry": {"attempts": 3}})


def test_trace002_fires_for_periods_above_a_second(one: One, trace: Traced) -> None:
    path, text, fix = one("TRACE002", {"clients.web.arrivals": trace(1.001)})
    assert path == "clients.web.arrivals.trace"
    assert "counts.csv counts by 1001 ms, at most 10 of web in 1001 ms (9.99/s on average)" in text
    assert "--bursts" in fix


def test_trace002_is_silent_for_a_second_for_bursts_that_are_said_and_for_rates(
    advice: Advised, trace: Traced
) -> None:
    assert not advice("TRACE002", {"clients.web.arrivals": trace(1)})
    bursty = {"bursty": {"peak_to_mean": 4, "over": "1 s"}}
    assert not advice("TRACE002", {"clients.web.arrivals": trace(60, within_period=bursty)})
    assert not advice("TRACE002")
