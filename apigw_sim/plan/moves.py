"""What the timeline's deployments make of a scenario and of what is released, and how that is told."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.deployments import Released, settings
from apigw_sim.scenario.timeline import Entry

STAGED = ("deploy", "promote_canary", "remove_canary", "roll_back")
MOVES = ("set", "change", *STAGED)
"""Verbs that lead from one state of the scenario to the next."""


def stage_of(entry: Entry) -> str:
    """The stage that an entry moves."""
    return next(str(stage) for verb in STAGED if (stage := getattr(entry, verb)) is not None)


def moved(scenario: Scenario, released: Released, entry: Entry) -> tuple[Scenario, Released]:
    """The settings and what is released after an entry."""
    if entry.change is not None:
        return scenario, released.changed(entry.change)
    stage = stage_of(entry)
    name, _, own = stage.partition("/")
    api = scenario.apis[name]
    stages = settings(api.stages, own, entry.verb, entry.canary)
    scenario = scenario.model_copy(
        update={"apis": {**scenario.apis, name: api.model_copy(update={"stages": stages})}}
    )
    if entry.deploy is not None:
        return scenario, (released.with_canary(stage) if entry.canary else released).deployed(stage)
    if entry.promote_canary is not None:
        return scenario, released.promoted(stage)
    if entry.remove_canary is not None:
        return scenario, released.without_canary(stage)
    return scenario, released.rolled_back(stage, entry.to if isinstance(entry.to, int) else None)


def told(before: Released, after: Released, entry: Entry) -> tuple[str, str]:
    """What a stage, or its canary, pointed to before and after an entry."""
    if entry.change is not None:
        moves = [name for name in after.stages if after.stages[name] is not before.stages[name]]
        texts = [(f"{name}: {_told(before, name)}", f"{name}: {_told(after, name)}") for name in moves]
        return ", ".join(old for old, _ in texts), ", ".join(new for _, new in texts)
    stage = stage_of(entry)
    return _told(before, stage), _told(after, stage)


def _told(released: Released, stage: str) -> str:
    pointer = released.stages[stage]
    text = f"deployment {pointer.active.number}"
    return text if pointer.canary is None else f"{text}, canary deployment {pointer.canary.number}"


def text(entry: Entry, *, at_once: bool = False) -> str:
    """An entry, for people; `at_once`: stages deploy a change by themselves."""
    if entry.set is not None:
        lasts = "" if entry.for_ is None else f" for {units.show_duration(entry.for_)}"
        return f"set {', '.join(change.path for change in entry.set)}{lasts}"
    if entry.change is not None:
        said = f"change {entry.change.api}: {entry.change.text()}"
        return said if at_once else f"{said}, not deployed yet"
    said = f"{entry.verb.replace('_', ' ')} {stage_of(entry)}"
    if entry.canary is not None:
        return f"{said} to a new canary with {units.show_share(entry.canary.traffic)} of the traffic"
    return said if entry.to is None else f"{said} to {entry.to}"
