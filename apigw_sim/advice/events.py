"""Advice on asynchronous invocations and Lambda's own queue of their events."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding


def given_up_and_lost(case: Case) -> Iterator[Finding]:
    """Functions whose events may be given up, and go nowhere then."""
    for row in case.plan.events:
        name = case.plan.backends[row.function].name
        said = case.scenario.functions[name].event_invoke
        if said.on_failure is None:
            text = (
                f"{name} is invoked asynchronously, and an event that it fails {said.maximum_retry_attempts + 1} times, or that "
                f"finds no concurrency for {units.show_duration(said.maximum_event_age)}, is lost: its sender has had a 202"
            )
            keys = ("functions", name, "event_invoke", "on_failure")
            yield Finding(keys, text, "name a backend with sqs: there, and look at what comes into it")
