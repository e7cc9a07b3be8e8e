"""Advice on provisioned concurrency: less than the load needs."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.advice.offered import Offered
from apigw_sim.advice.words import instant, per_second
from apigw_sim.plan.tables import Plan

MOST_SPILLED = 0.01
"""A share of invocations that spill over, of which nobody is told."""


def erlang_b(servers: int, offered: float) -> float:
    """Erlang's loss formula: the share that finds every server busy."""
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    return blocked


def too_little(case: Case) -> Iterator[Finding]:
    """Provisioned concurrency over which more than a hundredth of the invocations at the peak spill."""
    offered = Offered(case)
    for number, row in enumerate(case.plan.provisions):
        most = _most(case.plan, number)
        peak = offered.most_at_once([row.backend])
        share = erlang_b(most, peak.at_once)
        if not most or share <= MOST_SPILLED:
            continue
        needed = most
        while erlang_b(needed, peak.at_once) > MOST_SPILLED:
            needed += 1
        name, _, qualifier = row.name.partition(":")
        keys: Keys = ("functions", name, "provisioned_concurrency", qualifier)
        text = (
            f"{row.name} has {most:,} provisioned and is offered {peak.at_once:.4g} at once: "
            f"{per_second(peak.requests)} (first attempts, at {instant(peak.at)}), so by Erlang's formula "
            f"{100 * share:.3g} % of them spill over, and those for which no environment is idle start cold"
        )
        yield Finding(keys, text, f"provision {needed:,} for 1 % and less, or shorten the Duration")


def _most(plan: Plan, number: int) -> int:
    """The most that is ever provisioned."""
    set_to = (
        int(cell.args[1])
        for event in plan.timeline
        for cell in event.begin
        if cell.verb == "provisioned" and cell.args[0] == number
    )
    scaled_to = (
        maximum
        for row in plan.scalings
        if row.provision == number
        for maximum in (row.maximum, *(action.maximum for action in row.actions))
    )
    return max((plan.provisions[number].start, *set_to, *scaled_to))
