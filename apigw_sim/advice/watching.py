"""Advice on what CloudWatch keeps and watches: detailed metrics and alarms."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.plan.tables import Alarm, WatchedKind
from apigw_sim.scenario.alarms import RECOMMENDED
from apigw_sim.scenario.api import EVERY_METHOD

USD = 0.30
"""A month of one custom or detailed metric of the first 10,000 (facts 11)."""
ALWAYS, OF_A_CACHE = 5, 2
"""Metrics of a method: Count, 4XXError, 5XXError, Latency, IntegrationLatency; CacheHitCount, CacheMissCount."""


def billed_by_method(case: Case) -> Iterator[Finding]:
    """Stages whose methods have series of their own, and what a month of them costs."""
    for name in case.scenario.stages:
        api, _, stage = name.partition("/")
        places = [place for place in case.places if place.stage == name and place.settings.metrics]
        if not places:
            continue
        each = ALWAYS + (OF_A_CACHE if case.scenario.stage(name)[1].cache_cluster else 0)
        series = each * len(places)
        table = case.scenario.stage(name)[1].method_settings
        every = EVERY_METHOD in table and table[EVERY_METHOD].metrics
        written = EVERY_METHOD if every else str(places[0].route)
        methods = "1 method" if len(places) == 1 else f"{len(places)} methods"
        yield Finding(
            ("apis", api, "stages", stage, "method_settings", written, "metrics"),
            f"detailed metrics of {methods} of {name} are {series} metrics: about {series * USD:.2f} USD a month",
            "enable them for the methods that need an alarm or a plot of their own; those of the stage are free",
        )


def without_a_series(case: Case) -> Iterator[Finding]:
    """Alarms on a method whose detailed metrics are off."""
    for alarm in case.plan.alarms:
        if alarm.kind is not WatchedKind.METHOD or case.plan.methods[alarm.target].detailed:
            continue
        place = case.places[alarm.target]
        text = f"alarm {alarm.name} watches {place.name}, which has no series of its own: it never has data"
        fix = f"write method_settings: {{{place.route}: {{metrics: true}}}}, or let it watch {place.stage}"
        yield Finding(("alarms", alarm.name, "metric"), text, fix)


def too_late(case: Case) -> Iterator[Finding]:
    """Alarms that have seen too few datapoints to ring when the run ends."""
    for alarm in case.plan.alarms:
        least = alarm.m * alarm.period + case.plan.alarm_delay
        if least <= case.plan.duration or alarm.kind in (WatchedKind.PROVISIONED, WatchedKind.PLACES):
            continue
        yield Finding(
            _keys(case, alarm),
            f"alarm {alarm.name} needs {alarm.m} datapoints of {units.show_duration(alarm.period)}, and the run lasts "
            f"{units.show_duration(case.plan.duration)}: at best it rings after the end",
            f"let the run last {units.show_duration(least)} at least, or ask for fewer datapoints",
        )


def not_logged(case: Case) -> Iterator[Finding]:
    """Access logs that name variables which are not simulated."""
    for name in case.scenario.stages:
        api, _, stage = name.partition("/")
        log = case.scenario.stage(name)[1].access_log
        if log is None or not log.unknown:
            continue
        yield Finding(
            ("apis", api, "stages", stage, "access_log", "format"),
            f"the access log of {name} names what is not simulated, and prints - for it: {', '.join(log.unknown)}",
            "leave them out, or keep them where a log tool wants the column",
        )


def _keys(case: Case, alarm: Alarm) -> tuple[str, ...]:
    own = alarm.name in case.scenario.alarms.own
    return ("alarms", alarm.name, "datapoints") if own else ("alarms", RECOMMENDED)
