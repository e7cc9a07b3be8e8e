"""The timeline as events: what control writes into an engine, and when it takes it back."""

from __future__ import annotations

from fractions import Fraction

from apigw_sim import units
from apigw_sim.plan import aliases, laws
from apigw_sim.plan.aliases import Callees
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.history import History
from apigw_sim.plan.moves import text
from apigw_sim.plan.tables import NULL, Cell, Event, Shift
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.timeline import Fault

WELL = (1000, 0, 0)
"""A backend without a fault: thousandths of its times, threshold word of errors, outage."""


def events(
    history: History, gateway: Gateway, backends: dict[str, int], callees: Callees
) -> tuple[tuple[Event, ...], tuple[Shift, ...]]:
    """The rows of plan.timeline, the scenario's entries in the order of time, equal ones as they are written; the shifts.

    Each step of a shift is a row.
    """
    scenario = history.reading.scenario
    faults = Faults(scenario, gateway.stages, backends)
    order = sorted(range(len(scenario.timeline)), key=lambda number: (scenario.timeline[number].at, number))
    made: list[Event] = []
    shifts: list[Shift] = []
    for number in order:
        entry = scenario.timeline[number]
        where = scenario.where(("timeline", number))
        if entry.fault is not None:
            until = entry.at + entry.fault.for_
            begin, end = (faults.cells(entry.fault, at) for at in (entry.at, until))
            made.append(Event(entry.at, until, faults.text(entry.fault), where, begin, end))
        elif entry.flush_cache is not None:
            cells = tuple(Cell("flush", (cache,)) for cache in gateway.caches_of(entry.flush_cache))
            made.append(Event(entry.at, NULL, f"flush the cache of {entry.flush_cache}", where, cells))
        elif entry.flush_authorizers_cache is not None:
            name = entry.flush_authorizers_cache
            cell = Cell("flush_authorizers", (gateway.stages.index(name),))
            told = f"flush the authorizers' cache of {name}"
            made.append(Event(entry.at, NULL, told, where, (cell,)))
        elif entry.shift is not None:
            shift, steps = aliases.shifted(callees, entry, len(shifts), where)
            shifts.append(shift)
            made += steps
        else:
            state = history.entries.index(number) + 1
            before, after = history.texts[state - 1]
            cells = (*history.cells(state), *aliases.written(callees, entry.set or ()))
            made.append(Event(entry.at, NULL, text(entry), where, cells, before=before, after=after))
    return tuple(sorted(made, key=lambda event: event.at)), tuple(shifts)


class Faults:
    """All faults of a timeline; those of one target that overlap act together."""

    def __init__(self, scenario: Scenario, stages: list[str], backends: dict[str, int]) -> None:
        self.stages = stages
        self.backends = backends
        self.spans = [
            (entry.at, entry.at + entry.fault.for_, entry.fault) for entry in scenario.timeline if entry.fault
        ]

    def cells(self, fault: Fault, at: int) -> tuple[Cell, ...]:
        """What holds for a fault's target from an instant on: of two faults of one kind, the worse.

        A function's fault is one of all its versions.
        """
        if fault.stage is not None:
            share = max(
                (other.gateway_unavailable or Fraction(0) for begin, end, other in self.spans
                 if other.stage == fault.stage and begin <= at < end),
                default=Fraction(0),
            )  # fmt: skip
            return (Cell("unavailable", (self.stages.index(fault.stage), laws.threshold(share))),)
        slow, errors, outage = Fraction(1), Fraction(0), 0
        slows = []
        for begin, end, other in self.spans:
            if other.target != fault.target or not begin <= at < end:
                continue
            if other.slow is not None:
                slows.append(other.slow)
            errors = max(errors, other.errors or Fraction(0))
            outage |= int(other.outage is not None)
        slow = max(slows, default=slow)
        state = round(slow * 1000), laws.threshold(errors), outage
        return tuple(Cell("fault", (row, *state)) for row in self.rows(fault))

    def rows(self, fault: Fault) -> list[int]:
        """The rows of plan.backends that are at fault."""
        kind, name = fault.target
        path = f"{kind}s.{name}"
        return [
            row
            for known, row in self.backends.items()
            if known == path or known.startswith(f"{path}.versions")
        ]

    def text(self, fault: Fault) -> str:
        """A fault, for people."""
        if fault.gateway_unavailable is not None:
            what = f"gateway unavailable {units.show_share(fault.gateway_unavailable)}"
        elif fault.slow is not None:
            what = f"slow {units.show_number(fault.slow)}"
        else:
            what = f"errors {units.show_share(fault.errors)}" if fault.errors is not None else "outage"
        return f"{' '.join(fault.target)}: {what} for {units.show_duration(fault.for_)}"
