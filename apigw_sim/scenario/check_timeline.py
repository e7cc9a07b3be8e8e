"""Cross references of the timeline: instants, verbs and faults."""

from __future__ import annotations

from itertools import pairwise

from apigw_sim import units
from apigw_sim.scenario.base import listed
from apigw_sim.scenario.check_deploy import Deploys
from apigw_sim.scenario.check_set import check_set
from apigw_sim.scenario.check_shift import check_shifts
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.timeline import VERBS, Entry, Fault
from apigw_sim.scenario.tree import Keys

_KINDS = ("slow", "errors", "outage", "gateway_unavailable")


def check_timeline(report: Report) -> Scenario:
    """The timeline; the scenario with the values of `set` read."""
    scenario = report.scenario
    entries = list(scenario.timeline)
    for number, entry in enumerate(entries):
        _check_entry(report, ("timeline", number), entry)
    _check_overlaps(report, entries)
    state = scenario.resolved() if any(entry.set for entry in entries) else {}
    deploys = Deploys(report)
    for number in sorted(range(len(entries)), key=lambda number: (entries[number].at, number)):
        if entries[number].set is None:
            deploys.check(number, entries[number], state)
        else:
            entries[number] = check_set(report, number, entries[number], state)
    check_shifts(report, entries)
    return scenario.model_copy(update={"timeline": tuple(entries)})


def _check_entry(report: Report, keys: Keys, entry: Entry) -> None:
    run = report.scenario.run.duration
    if isinstance(run, int) and entry.at >= run:
        at, end = units.show_duration(entry.at), units.show_duration(run)
        fix = "make it earlier, or the run longer"
        report.say((*keys, "at"), f"{at} is not before the end of the run ({end})", fix, ("run", "duration"))
    given = [verb for verb in VERBS if getattr(entry, verb) is not None]
    if len(given) > 1:
        report.say(
            keys, f"{' and '.join(given)} stand in one entry", "one verb an entry: write an entry for each"
        )
    elif not given:
        report.say(keys, "the entry has no verb", listed(VERBS))
    if entry.flush_cache is not None:
        report.stage((*keys, "flush_cache"), entry.flush_cache)
    if entry.flush_authorizers_cache is not None:
        report.stage((*keys, "flush_authorizers_cache"), entry.flush_authorizers_cache)
    if entry.fault is not None:
        _check_fault(report, (*keys, "fault"), entry.fault)


def _check_fault(report: Report, keys: Keys, fault: Fault) -> None:
    scenario = report.scenario
    named = [kind for kind in ("function", "backend", "stage") if getattr(fault, kind) is not None]
    if len(named) > 1:
        report.say(keys, f"{' and '.join(named)} stand in one fault", "write an entry for each")
    elif fault.function is not None:
        report.refer((*keys, "function"), fault.function, ("functions",), scenario.functions, "function")
    elif fault.backend is not None:
        report.refer((*keys, "backend"), fault.backend, ("backends",), scenario.backends, "backend")
    elif fault.stage is not None:
        report.stage((*keys, "stage"), fault.stage)
    else:
        report.say(
            keys, "the fault names no function, no backend and no stage",
            "write function: NAME, backend: NAME, or stage: api/stage",
        )  # fmt: skip
    given = [kind for kind in _KINDS if getattr(fault, kind) is not None]
    if len(given) > 1:
        report.say(keys, f"{' and '.join(given)} stand in one fault", "write an entry for each")
    elif not given:
        fix = (
            "write gateway_unavailable: 20 %"
            if fault.stage
            else "write slow: 6, errors: 20 %, or outage: true"
        )
        report.say(keys, "the fault does nothing", fix)
    elif len(named) == 1 and (fault.stage is not None) != (given == ["gateway_unavailable"]):
        fix = "write gateway_unavailable: 20 %" if fault.stage else "name a stage, or write errors: 20 %"
        report.say((*keys, given[0]), f"a {named[0]} cannot be at fault so", fix)


def _check_overlaps(report: Report, entries: list[Entry]) -> None:
    seen: dict[tuple[tuple[str, str], str], list[tuple[int, int, int]]] = {}
    for number, entry in enumerate(entries):
        if entry.fault is not None:
            row = (entry.at, entry.at + entry.fault.for_, number)
            seen.setdefault((entry.fault.target, entry.fault.kind), []).append(row)
    for (target, kind), rows in seen.items():
        for (_, end, first), (begin, _, second) in pairwise(sorted(rows)):
            if begin < end:
                report.say(
                    ("timeline", second, "fault"),
                    f"timeline[{first}] still makes {target[1]} {kind if kind == 'slow' else 'fail'} then",
                    f"begin at {units.show_duration(end)} or later, or make one entry of both",
                    ("timeline", first),
                )
