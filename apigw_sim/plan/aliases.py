"""Aliases of functions as rows, what their weights are as words, and what a name such as `checkout:PROD` invokes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from apigw_sim import units
from apigw_sim.plan import laws
from apigw_sim.plan.tables import NULL, Alias, Backend, Cell, Event, Shift, Step
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.aliases import LATEST
from apigw_sim.scenario.timeline import Change, Entry

Weights = Mapping[str, Fraction]


class Called(NamedTuple):
    """What a name invokes."""

    backend: int
    """Row of plan.backends; of an alias, the version that it names first as the run starts; NULL: nothing."""
    alias: int
    """Row of plan.aliases; NULL: the name is none of an alias."""


@dataclass(frozen=True)
class Callees:
    """All names by which functions can be invoked."""

    backends: Mapping[str, int]
    """`NAME`, `NAME:$LATEST` and `NAME:VERSION` -> row of plan.backends."""
    aliases: Mapping[str, int]
    """`NAME:ALIAS` -> row of plan.aliases."""
    rows: tuple[Alias, ...]

    def called(self, text: str | None) -> Called:
        """What a name invokes; nothing where there is none of that name (`scenario.check_functions` looks for those)."""
        if text is None:
            return Called(NULL, NULL)
        alias = self.aliases.get(text, NULL)
        if alias != NULL:
            return Called(self.rows[alias].first, alias)
        return Called(self.backends.get(text, NULL), NULL)


def callees(scenario: Scenario, backends: Sequence[Backend]) -> Callees:
    """The names of functions, of their versions and of their aliases."""
    rows = {
        backend.name: number
        for number, backend in enumerate(backends)
        if backend.path.startswith("functions")
    }
    rows |= {f"{name}:{LATEST}": rows[name] for name in scenario.functions}
    made: list[Alias] = []
    for name, function in scenario.functions.items():
        for alias, weights in function.aliases.items():
            made.append(Alias(f"{name}:{alias}", rows[name], *state(name, weights, rows)))
    return Callees(rows, {row.name: number for number, row in enumerate(made)}, tuple(made))


def state(function: str, weights: Weights, rows: Mapping[str, int]) -> tuple[int, int, int]:
    """Weights as rows: the older version, the newer one or NULL, and the newer one's share as a threshold word.

    A version without a share is left out; with the older one first, an invocation that a larger share of the newer
    one takes is taken by every larger one.
    """
    named = [version for version, share in weights.items() if share]
    first = rows[f"{function}:{named[0]}"]
    if len(named) == 1:
        return first, NULL, 0
    return first, rows[f"{function}:{named[1]}"], laws.threshold(weights[named[1]])


def written(callees: Callees, changes: Sequence[Change]) -> list[Cell]:
    """What a `set` writes of aliases, also where it sets what they were: a shift may have come between."""
    cells = []
    for change in changes:
        if len(change.keys) == 4 and (change.keys[0], change.keys[2]) == ("functions", "aliases"):
            name = str(change.keys[1])
            row = callees.aliases[f"{name}:{change.keys[3]}"]
            cells.append(Cell("alias", (row, *state(name, change.value, callees.backends))))
    return cells


def shifted(callees: Callees, entry: Entry, number: int, where: str) -> tuple[Shift, list[Event]]:
    """A traffic shift, and its steps as events."""
    said = entry.shift
    assert said is not None
    function = said.alias.partition(":")[0]
    shift = Shift(callees.aliases[said.alias], callees.backends[f"{function}:{said.to}"], said.alarms)
    steps = said.steps
    events = []
    for count, step in enumerate(steps, 1):
        words = laws.threshold(step.share), laws.threshold(1 - step.share)
        events.append(
            Event(
                entry.at + step.after, NULL, f"shift {said.alias}: {units.show_share(step.share)} to version {said.to}",
                where, (), step=Step(number, count == len(steps), *words),
            )
        )  # fmt: skip
    return shift, events
