"""The scenario's timeline at work: every entry is a SimPy process that writes its cells, and takes a fault back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from apigw_sim.control.shifts import Shifts
from apigw_sim.plan.tables import NULL, Cell, Plan, Step
from apigw_sim.records import JOURNAL, Block, Sink


class Timeline:
    """All entries of a plan's timeline. At one instant they act in the order in which they are written."""

    def __init__(self, clock: simpy.Environment, plan: Plan, engine: Any, sink: Sink) -> None:
        self.clock = clock
        self.engine = engine
        self.sink = sink
        self.pending = 0
        """How many of the clock's events are this timeline's own."""
        self.shifts = Shifts(plan)
        for number, event in enumerate(plan.timeline):
            self._at(event.at, number, event.begin, False, event.step)
            if event.until != NULL:
                self._at(event.until, number, event.end, True)

    def _at(
        self, instant: int, number: int, cells: tuple[Cell, ...], ends: bool, step: Step | None = None
    ) -> None:
        self.pending += 1
        self.clock.process(self._act(instant, number, cells, ends, step))

    def _act(
        self, instant: int, number: int, cells: tuple[Cell, ...], ends: bool, step: Step | None
    ) -> Generator[simpy.Event, Any, None]:
        yield self.clock.timeout(instant)
        for cell in cells if step is None else self.shifts.cells(step):
            self.shifts.see(cell)
            getattr(self.engine, cell.verb)(*cell.args)
        self.pending -= 1
        row = np.array([[self.clock.now, number, int(ends), NULL, NULL]], np.int64)
        self.sink(Block(JOURNAL, row))
