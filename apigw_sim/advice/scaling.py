"""Advice on auto scaling: what comes after the peak, or after the run, and targets out of reach."""

from __future__ import annotations

import math
from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.advice.offered import Offered, Peak
from apigw_sim.advice.provisioned import MOST_SPILLED, erlang_b
from apigw_sim.advice.words import exceeds, instant
from apigw_sim.plan.tables import NULL, Plan, Scaling
from apigw_sim.rules.target_tracking import WHOLE


def too_late(case: Case) -> Iterator[Finding]:
    """Scheduled actions whose environments are there only after the load that needs them."""
    for row, name, keys, peak in _each(case):
        ready = case.plan.provisions[row.provision].start
        for action in row.actions:
            wanted = min(max(ready, action.minimum), action.maximum)
            takes = _takes(case.plan, wanted - ready)
            late = action.at + takes - peak.at
            if late > 0 and wanted > ready:
                if erlang_b(ready, peak.at_once) > MOST_SPILLED >= erlang_b(wanted, peak.at_once):
                    text = (
                        f"{wanted:,} are asked for {name} at {instant(action.at)} and are there "
                        f"{instant(late)} after the load that needs them, {peak.at_once:.4g} at once from "
                        f"{instant(peak.at)} on: an allocation takes {instant(takes)}, and none is usable before all are"
                    )
                    fix = f"ask for them by {instant(max(peak.at - takes, 0))}"
                    if peak.at < takes:
                        fix = f"start with provisioned_concurrency: {wanted:,}"
                    yield Finding((*keys, "schedules"), text, fix)
                break
            ready = wanted


def out_of_reach(case: Case) -> Iterator[Finding]:
    """Targets that are not met however much is provisioned, or that nothing ever measures."""
    for row, name, keys, peak in _each(case):
        if row.target == NULL:
            continue
        maximum = max(row.maximum, *(action.maximum for action in row.actions), 0)
        minimum = max(row.minimum, *(action.minimum for action in row.actions), 0)
        share, start = row.target / WHOLE, case.plan.provisions[row.provision].start
        if not max(minimum, start):
            text = f"nothing of {name} is ever provisioned: with none there is no utilization, and no alarm rings"
            yield Finding((*keys, "minimum"), text, "write 1 or more")
        elif exceeds(peak.at_once, maximum * share):
            text = (
                f"{name} may have {maximum:,}, of which {100 * share:.4g} % are {maximum * share:.4g}, and is offered "
                f"{peak.at_once:.4g} at once (at {instant(peak.at)}): its utilization stays above the target"
            )
            yield Finding(
                (*keys, "maximum"), text, f"raise it to {math.ceil(peak.at_once / share):,}, or the target"
            )


def _each(case: Case) -> Iterator[tuple[Scaling, str, Keys, Peak]]:
    offered = Offered(case)
    for row in case.plan.scalings:
        if row.backend != NULL:
            continue
        provision = case.plan.provisions[row.provision]
        function, _, qualifier = provision.name.partition(":")
        keys: Keys = ("functions", function, "auto_scaling", qualifier)
        yield row, provision.name, keys, offered.most_at_once([provision.backend])


def _takes(plan: Plan, more: int) -> int:
    timing = plan.allocation
    return timing.preparation_ns + max(more, 0) * timing.each_ns


def never_comes(case: Case) -> Iterator[Finding]:
    """Auto scaling of servers whose first step would come after the run."""
    plan = case.plan
    for row in plan.scalings:
        if row.backend == NULL:
            continue
        alarm, name = plan.alarms[row.high], plan.backends[row.backend].name
        least = alarm.n * alarm.period + plan.alarm_delay + row.boot_ns
        if least < plan.duration:
            continue
        text = (
            f"{name} cannot scale before {units.show_duration(least)}: its alarm needs {alarm.n} minutes, sees them "
            f"{units.show_duration(plan.alarm_delay)} late, and new places boot for {units.show_duration(row.boot_ns)}; the "
            f"run lasts {units.show_duration(plan.duration)}"
        )
        keys: Keys = ("backends", name, "http", "auto_scaling")
        yield Finding(keys, text, "let the run last longer, or start with the places that it needs")
