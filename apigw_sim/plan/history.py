"""The scenario over time: as it starts, and after each entry of its timeline that changes it, worked out before the run.

What a row of the plan starts with is its first state; what control writes later are the differences between states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from apigw_sim.plan import changes
from apigw_sim.plan.changes import Held
from apigw_sim.plan.moves import MOVES, moved, told
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import NULL, Cell
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.deployments import Released
from apigw_sim.scenario.timeline import Move, moves

T = TypeVar("T")
OFF = (0, 0, NULL)
"""A bucket that ends: no rate, no burst, no limit."""


class Level(NamedTuple):
    """A setting of an engine in each state, for the rows `ids`, or for none where there is only one of its kind."""

    verb: str
    ids: Sequence[int] | None
    states: tuple[tuple[int, ...] | None, ...]
    """None: there is no such bucket."""

    def cells(self, state: int) -> list[Cell]:
        """What control writes when the scenario comes into a state."""
        now = self.states[state]
        if now == self.states[state - 1]:
            return []
        args = OFF if now is None else now
        return (
            [Cell(self.verb, args)]
            if self.ids is None
            else [Cell(self.verb, (row, *args)) for row in self.ids]
        )


class History:
    """All states of a scenario, and what of each the engine has to know."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        timeline = reading.scenario.timeline
        self.moves = [move for move in moves(timeline) if timeline[move.number].verb in MOVES]
        """What the scenario's timeline does: moves[k] leads from states[k] to states[k + 1]."""
        self.states: list[Scenario] = [reading.scenario]
        self.released: list[Released] = [Released.first(reading.scenario.apis)]
        """Of each state: the APIs' working copies, and what the stages point to."""
        self.texts: list[tuple[str, str]] = []
        """What each entry changed, before and after, for people."""
        self._held: dict[int, list[Held]] = {}
        for move in self.moves:
            self._apply(move)
        self.levels: list[Level] = []

    def _apply(self, move: Move) -> None:
        state, released = self.states[-1], self.released[-1]
        texts: list[tuple[str, str]] = []
        entry = self.reading.scenario.timeline[move.number]
        if entry.set is None:
            state, after = moved(state, released, entry)
            texts.append(told(released, after, entry))
            released = after
        elif move.back:
            held = self._held.pop(move.number)
            for change, was in reversed(list(zip(entry.set, held, strict=True))):
                state = changes.given_back(state, change, was)
        else:
            held = self._held[move.number] = []
            for change in entry.set:
                before = changes.before(state, change)
                held.append(changes.held(state, change))
                state = changes.after(state, change)
                texts.append((before, changes.show(change.written)))
        self.states.append(state)
        self.released.append(released)
        self.texts.append((", ".join(old for old, _ in texts), ", ".join(new for _, new in texts)))

    def each(self, of: Callable[[Scenario], T]) -> list[T]:
        """Something of each state."""
        return [of(state) for state in self.states]

    def keep(self, verb: str, ids: Sequence[int] | None, states: Sequence[tuple[Any, ...] | None]) -> None:
        """Remember a setting, so that its differences become cells."""
        self.levels.append(Level(verb, ids, tuple(states)))

    def cells(self, state: int) -> tuple[Cell, ...]:
        """What control writes when the scenario comes into a state, from the one before."""
        return tuple(cell for level in self.levels for cell in level.cells(state))

    def at(self, state: int) -> int:
        """When the scenario comes into a state."""
        return 0 if state == 0 else self.moves[state - 1].at

    def state_after(self, number: int, back: bool = False) -> int:
        """The state to which an entry of the timeline leads, or its being given back."""
        return next(n for n, move in enumerate(self.moves, 1) if (move.number, move.back) == (number, back))

    def place(self, state: int, keys: Keys) -> Keys:
        """What a problem of a state, or a limit that begins with it, points to: the setting or the timeline entry."""
        if state == 0:
            return keys
        number = self.moves[state - 1].number
        return ("timeline", number, self.reading.scenario.timeline[number].verb)
