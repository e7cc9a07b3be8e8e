"""Cross references of traffic shifts: what they name, and what their alias does when they begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from apigw_sim import units
from apigw_sim.scenario.aliases import LATEST, ONLY_PUBLISHED
from apigw_sim.scenario.base import propose
from apigw_sim.scenario.check_functions import check_callee
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.shifts import Shift
from apigw_sim.scenario.timeline import Entry
from apigw_sim.scenario.tree import Keys


class _Now(NamedTuple):
    """What an alias sends where."""

    versions: tuple[str, ...]
    until: int = 0
    """When the last shift of it ends."""
    by: int = 0
    """That shift's row in the timeline."""


def check_shifts(report: Report, entries: list[Entry]) -> None:
    """All `shift` entries in the order of time, each upon what those before it, and `set`, left."""
    now = {
        f"{name}:{alias}": _Now(tuple(version for version, share in weights.items() if share))
        for name, function in report.scenario.functions.items()
        for alias, weights in function.aliases.items()
    }
    for number in sorted(range(len(entries)), key=lambda number: (entries[number].at, number)):
        entry = entries[number]
        for change in entry.set or ():
            if len(change.keys) == 4 and change.keys[2] == "aliases" and isinstance(change.value, Mapping):
                alias = f"{change.keys[1]}:{change.keys[3]}"
                if alias in now:
                    here: Keys = ("timeline", number, "set", change.path)
                    _check_over(report, here, alias, entry.at, now[alias])
                    now[alias] = _Now(tuple(v for v, share in change.value.items() if share))
        if entry.shift is not None:
            _check(report, ("timeline", number, "shift"), number, entry.at, entry.shift, now)


def _check(report: Report, keys: Keys, number: int, at: int, shift: Shift, now: dict[str, _Now]) -> None:
    name, _, alias = shift.alias.partition(":")
    if not check_callee(report, (*keys, "alias"), shift.alias):
        return
    function = report.scenario.functions[name]
    if alias not in function.aliases:
        what, fix = f"{shift.alias} is no alias", "write NAME:ALIAS, such as checkout:PROD"
        report.say((*keys, "alias"), what, fix)
        return
    for place, watched in enumerate(shift.alarms):
        report.refer((*keys, "alarms", place), watched, ("alarms",), report.scenario.alarms.own, "alarm")
    if shift.to not in function.versions:
        fix = propose(shift.to, function.versions) or f"add it under functions.{name}.versions:"
        report.say((*keys, "to"), f"{name} has no version {shift.to}", fix, ("functions", name))
        return
    before = now[shift.alias]
    if _check_over(report, keys, shift.alias, at, before):
        if len(before.versions) > 1:
            both = " and ".join(before.versions)
            what = f"{shift.alias} sends to versions {both} then, and a shift begins from one"
            report.say((*keys, "alias"), what, "set the alias to one version before")
        elif before.versions == (shift.to,):
            what = f"{shift.alias} already sends everything to version {shift.to} then"
            report.say((*keys, "to"), what, "leave the shift out, or name another version")
        elif before.versions == (LATEST,) and len(shift.steps) > 1:
            report.say((*keys, "alias"), ONLY_PUBLISHED, "set the alias to a published version before")
    now[shift.alias] = _Now((shift.to,), at + shift.steps[-1].after, number)


def _check_over(report: Report, keys: Keys, alias: str, at: int, before: _Now) -> bool:
    """Whether no shift of the alias is still under way."""
    if at >= before.until:
        return True
    what = f"timeline[{before.by}] still shifts {alias} then"
    fix = f"begin at {units.show_duration(before.until)} or later"
    report.say(keys, what, fix, ("timeline", before.by))
    return False
