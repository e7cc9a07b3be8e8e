"""Cross references of the timeline: instants and verbs."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.scenario.base import listed
from apigw_sim.scenario.check_deploy import Deploys
from apigw_sim.scenario.check_fault import check_fault, check_overlaps
from apigw_sim.scenario.check_set import Sets
from apigw_sim.scenario.check_shift import check_shifts
from apigw_sim.scenario.check_websocket import check_disconnect
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.timeline import VERBS, Entry, moves
from apigw_sim.scenario.tree import Keys


def check_timeline(report: Report) -> Scenario:
    """The timeline; the scenario with the values of `set` read."""
    scenario = report.scenario
    entries = list(scenario.timeline)
    for number, entry in enumerate(entries):
        _check_entry(report, ("timeline", number), entry)
    check_overlaps(report, entries)
    state = scenario.resolved() if any(entry.set for entry in entries) else {}
    deploys, sets = Deploys(report), Sets(report, state)
    for move in moves(entries):
        number = move.number
        if entries[number].set is None:
            deploys.check(number, entries[number], state)
        elif move.back:
            sets.give_back(number)
        else:
            entries[number] = sets.check(number, entries[number])
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
    if entry.for_ is not None and entry.set is None and given:
        fix = "write it within the fault" if entry.fault is not None else "leave it out"
        report.say((*keys, "for"), f"`for` says how long a set holds, and this is a {given[0]}", fix)
    if entry.disconnect is not None:
        check_disconnect(report, keys, entry.disconnect)
    elif entry.share is not None:
        report.say((*keys, "share"), "share belongs to disconnect", "leave it out")
    if entry.fault is not None:
        check_fault(report, (*keys, "fault"), entry.fault)
