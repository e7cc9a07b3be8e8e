"""The timeline as events: what control writes into an engine, and when it takes it back."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.plan import aliases
from apigw_sim.plan.aliases import Callees
from apigw_sim.plan.faults import Faults
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.history import History
from apigw_sim.plan.moves import text
from apigw_sim.plan.records import Spread
from apigw_sim.plan.tables import NULL, Cell, Event, Shift


def events(
    history: History, gateway: Gateway, backends: dict[str, int], callees: Callees, spread: Spread
) -> tuple[tuple[Event, ...], tuple[Shift, ...]]:
    """The rows of plan.timeline, the scenario's entries in the order of time, equal ones as they are written; the shifts.

    Each step of a shift is a row.
    """
    scenario = history.reading.scenario
    faults = Faults(scenario, gateway.stages, backends, spread)
    order = sorted(range(len(scenario.timeline)), key=lambda number: (scenario.timeline[number].at, number))
    made: list[Event] = []
    shifts: list[Shift] = []
    for number in order:
        entry = scenario.timeline[number]
        where = scenario.where(("timeline", number))
        if entry.fault is not None:
            made.append(faults.event(entry.at, entry.fault, where))
        elif entry.flush_cache is not None:
            cells = tuple(Cell("flush", (cache,)) for cache in gateway.caches_of(entry.flush_cache))
            made.append(Event(entry.at, NULL, f"flush the cache of {entry.flush_cache}", where, cells))
        elif entry.flush_authorizers_cache is not None:
            name = entry.flush_authorizers_cache
            cell = Cell("flush_authorizers", (gateway.stages.index(name),))
            told = f"flush the authorizers' cache of {name}"
            made.append(Event(entry.at, NULL, told, where, (cell,)))
        elif entry.disconnect is not None:
            share = "" if entry.share is None else f"{units.show_share(entry.share)} of "
            made.append(
                Event(entry.at, NULL, f"lose {share}the connections to {entry.disconnect}", where, ())
            )
        elif entry.shift is not None:
            shift, steps = aliases.shifted(callees, entry, len(shifts), where)
            shifts.append(shift)
            made += steps
        else:
            state = history.state_after(number)
            before, after = history.texts[state - 1]
            cells = (*history.cells(state), *aliases.written(callees, entry.set or ()))
            until, end = NULL, tuple[Cell, ...]()
            if entry.set is not None and entry.for_ is not None:
                until = entry.at + entry.for_
                end = history.cells(history.state_after(number, back=True))
            told = text(entry, at_once=bool(entry.change and after))
            made.append(Event(entry.at, until, told, where, cells, end, before=before, after=after))
    return tuple(sorted(made, key=lambda event: event.at)), tuple(shifts)
