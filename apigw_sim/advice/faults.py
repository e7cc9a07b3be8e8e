"""Advice on what the timeline breaks."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding


def outlasts(case: Case) -> Iterator[Finding]:
    """Faults and lowered limits that end when the run does or later, so that nobody sees what comes after them."""
    end = case.plan.duration
    for number, entry in enumerate(case.scenario.timeline):
        lasts = entry.fault.for_ if entry.fault is not None else entry.for_
        if lasts is None or entry.at + lasts < end:
            continue
        what = "the fault" if entry.fault is not None else "what is set"
        until, run = units.show_duration(entry.at + lasts), units.show_duration(end)
        yield Finding(
            ("timeline", number, "fault" if entry.fault is not None else "for"),
            f"{what} lasts until {until} and the run until {run}: whether the system recovers is not seen",
            f"let the run last some minutes longer than {until}",
        )
