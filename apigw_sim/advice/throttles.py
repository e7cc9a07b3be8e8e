"""Advice on token buckets: the account's, those of methods, those of usage plans."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from apigw_sim import units
from apigw_sim.advice.case import Case, Limit
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import about, several

SHALLOW = Fraction(1, 10)
"""Seconds of its rate that a bucket should hold."""


def refuses_everything(case: Case) -> Iterator[Finding]:
    """Throttles whose rate or burst is 0."""
    for limit in (case.account_limit, *case.method_limits, *case.plan_limits):
        rate, burst = limit.throttle.rate, limit.throttle.burst
        if rate and burst:
            continue
        whom = f"{limit.label} ({several(limit.methods)})" if limit.is_template else limit.label
        text = f"{whom} has burst {burst} and refuses every request with 429"
        if burst:
            text = f"{whom} has rate 0/s: it lets {burst} through and then refuses every request with 429"
        setting = "rate" if burst else "burst"
        fix = f"write a {setting} above 0; if this is a kill switch, write advice: {{ignore: [THR001]}}"
        yield Finding((*limit.keys, setting), text, fix)


def above_the_account(case: Case) -> Iterator[Finding]:
    """Throttles with a rate or burst above the account's."""
    for limit in (*case.method_limits, *case.plan_limits):
        region = case.region_of(limit.keys)
        account = case.scenario.throttle_in(case.plan.regions[region].name)
        setting = f"regions.{case.plan.regions[region].name}" if region else "account"
        rate, burst = limit.throttle.rate, limit.throttle.burst
        if rate > account.rate:
            mine, most = units.show_rate(rate), units.show_rate(account.rate)
            text = f"{limit.label} allows {mine} and the account {most}: the account's bucket refuses first"
            fix = f"write {most} or less, or have AWS raise the account's rate ({setting}.throttle.rate)"
            yield Finding((*limit.keys, "rate"), text, fix)
        if burst > account.burst:
            held = f"{limit.label} has burst {burst} and the account {account.burst}"
            text = f"{held}: the account's bucket refuses first"
            fix = f"write {account.burst} or less: AWS sets the account's burst from its rate, and not on request"
            yield Finding((*limit.keys, "burst"), text, fix)


def shallow(case: Case) -> Iterator[Finding]:
    """Throttles whose burst is below 0.1 s of their rate; a burst of 0 is another rule's."""
    for limit in (case.account_limit, *case.method_limits, *case.plan_limits):
        rate, burst = limit.throttle.rate, limit.throttle.burst
        least = math.ceil(rate * SHALLOW)
        if not 0 < burst < rate * SHALLOW:
            continue
        holds = about(float(burst * units.SECOND / rate))
        tokens = f"{burst} tokens at {units.show_rate(rate)}, {holds} of it"
        text = f"{limit.label} holds {tokens}: a clump of requests empties it"
        fix = f"write burst: {least} or more"
        if limit.keys[0] == "account":
            fix += ", if that is what GetAccount says of yours: AWS sets it from the rate"
        yield Finding((*limit.keys, "burst"), text, fix)


def thin_parts(case: Case) -> Iterator[Finding]:
    """Bursts that several hosts share and that are too small for a token each."""
    said = case.scenario.assumptions.throttling
    if isinstance(said, str) or said.each != "share":
        return
    for limit in (case.account_limit, *case.method_limits, *case.plan_limits):
        burst = limit.throttle.burst
        if not 0 < burst < said.hosts:
            continue
        yield Finding(
            ("assumptions", "throttling"),
            f"{limit.label} has burst {burst}, less than a token for each of {said.hosts} hosts: each holds one all the "
            f"same, {said.hosts} together",
            f"write hosts: {burst} or fewer, or read the burst of {limit.label} as {said.hosts}",
        )


def promise_too_much(case: Case) -> Iterator[Finding]:
    """Throttles of two methods or more that add up to more than the account has left in its own Region."""
    limits = [limit for limit in case.method_limits if case.region_of(limit.keys) == 0]
    total = sum((_together(limit) for limit in limits), Fraction(0))
    buckets = sum(len(limit.methods) for limit in limits)
    if buckets < 2 or total <= case.account_rate:
        return
    largest = max(limits, key=_together)
    has = f"the account's {units.show_rate(case.scenario.account.throttle.rate)}"
    elsewhere = case.scenario.account.used_elsewhere.rate
    has += f", of which {units.show_rate(elsewhere)} are used elsewhere" if elsewhere else ""
    text = (
        f"the throttles of {buckets} methods add up to {units.show_rate(total)}, above {has}: "
        "together they can starve every API of the account"
    )
    fix = (
        f"lower them to {units.show_rate(case.account_rate)} together, the most of it here "
        f"({largest.label}, {units.show_rate(_together(largest))}), or have AWS raise the account's rate"
    )
    yield Finding((*largest.keys, "rate"), text, fix)


def _together(limit: Limit) -> Fraction:
    return limit.throttle.rate * len(limit.methods)


def not_shared(case: Case) -> Iterator[Finding]:
    """Throttles of every_method that two methods or more take a copy of."""
    for limit in case.method_limits:
        if len(limit.methods) < 2:
            continue
        rate = units.show_rate(limit.throttle.rate)
        text = (
            f"{limit.label} gives {rate} to each of {several(limit.methods)}, "
            f"{units.show_rate(_together(limit))} together: a stage has no shared bucket"
        )
        fix = "give each method the rate it needs under its own name; only the account's bucket is shared"
        yield Finding((*limit.keys, "rate"), text, fix)
