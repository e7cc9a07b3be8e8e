"""Cross references of Application Auto Scaling: what it scales, and whether its bounds fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim import units
from apigw_sim.scenario.base import NONE, suggest
from apigw_sim.scenario.check_alarms import check_period
from apigw_sim.scenario.settings import TRACE
from apigw_sim.scenario.tree import Keys

if TYPE_CHECKING:
    from apigw_sim.scenario.checks import Report
    from apigw_sim.scenario.functions import Function, HttpBackend
    from apigw_sim.scenario.scaling import AutoScaling, ServerScaling


def most(function: Function) -> dict[str, int]:
    """The most that is ever provisioned of each version or alias, but for the timeline's doing."""
    return {
        qualifier: max(start, function.auto_scaling[qualifier].most)
        if qualifier in function.auto_scaling
        else start
        for qualifier, start in function.provisioned_concurrency.items()
    }


def check_scaling(report: Report, name: str, function: Function) -> None:
    """Each scales provisioned concurrency that there is, within bounds that hold what it starts with."""
    base: Keys = ("functions", name)
    for qualifier, said in function.auto_scaling.items():
        keys: Keys = (*base, "auto_scaling", qualifier)
        start = function.provisioned_concurrency.get(qualifier)
        if start is None:
            near = suggest(qualifier, function.provisioned_concurrency)
            fix = (
                f"did you mean '{near}'?"
                if near
                else f"write provisioned_concurrency: {{{qualifier}: {said.minimum}}}"
            )
            report.say(keys, f"{name} has no provisioned concurrency of {qualifier} to scale", fix,
                       (*base, "provisioned_concurrency"))  # fmt: skip
        elif not said.minimum <= start <= said.maximum and said.minimum <= said.maximum:
            what = f"{start} as the run starts are not between {said.minimum} and {said.maximum}"
            report.say((*base, "provisioned_concurrency", qualifier), what, "start with what is", keys)
        _check(report, keys, said)


def check_servers(report: Report) -> None:
    """Each server that scales has places to start with, and nothing else that decides how many there are."""
    for name, backend in report.scenario.backends.items():
        if backend.http is not None and backend.http.auto_scaling is not None:
            _check_server(report, ("backends", name, "http"), backend.http, backend.http.auto_scaling, name)


def _check_server(report: Report, keys: Keys, server: HttpBackend, said: ServerScaling, name: str) -> None:
    here: Keys = (*keys, "auto_scaling")
    check_period(report)
    if said.minimum > said.maximum:
        report.say(
            (*here, "minimum"), f"{said.minimum} are more than the maximum of {said.maximum}", "swap them"
        )
    elif server.concurrency == NONE or not said.minimum <= server.concurrency <= said.maximum:
        what = f"it starts with {server.concurrency} places, and has {said.minimum} to {said.maximum}"
        report.say((*keys, "concurrency"), what, "start with what is between", here)
    if server.slowdown != 1:
        what = "a slowdown is that of a fixed number of places, and auto scaling changes it"
        report.say((*keys, "slowdown"), what, "leave one of them out", here)
    for number, entry in enumerate(report.scenario.timeline):
        if entry.fault is not None and entry.fault.backend == name and entry.fault.concurrency is not None:
            what = f"auto scaling decides how many places {name} has"
            report.say(
                ("timeline", number, "fault", "concurrency"),
                what,
                "make it slow instead, or scale nothing",
                here,
            )


def _check(report: Report, keys: Keys, said: AutoScaling) -> None:
    if said.target_tracking is None and not said.schedules:
        report.say(keys, "nothing ever scales it", "write schedules or target_tracking")
    if said.target_tracking is not None:
        check_period(report)
    duration = report.scenario.run.duration
    bounds: list[tuple[Keys, int, int]] = [(keys, said.minimum, said.maximum)]
    for number, action in enumerate(said.schedules):
        here: Keys = (*keys, "schedules", number)
        bounds.append((here, action.minimum, action.maximum))
        if (action.at is None) == (action.daily is None):
            report.say(here, "a scheduled action has one time", "write at: 8 min, or daily: 8 h")
        elif action.at is not None and duration != TRACE and action.at >= duration:
            what = f"{units.show_duration(action.at)} is not before the end of the run ({units.show_duration(duration)})"
            report.say((*here, "at"), what, "make it earlier", ("run", "duration"))
    for here, minimum, maximum in bounds:
        if minimum > maximum:
            report.say((*here, "minimum"), f"{minimum} are more than the maximum of {maximum}", "swap them")
