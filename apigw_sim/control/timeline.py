"""The scenario's timeline at work: every entry is a SimPy process that writes its cells, and takes them back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from apigw_sim.control.journal import journal
from apigw_sim.control.provisioning import Provisioning
from apigw_sim.control.shifts import Shifts
from apigw_sim.metrics.alarmed import Change
from apigw_sim.plan.tables import NULL, Cell, Plan, Step
from apigw_sim.records import AlarmState, Sink


class Timeline:
    """All entries of a plan's timeline. At one instant they act in the order in which they are written."""

    def __init__(self, clock: simpy.Environment, plan: Plan, provisioning: Provisioning, sink: Sink) -> None:
        self.clock = clock
        self.sink = sink
        self.pending = 0
        """How many of the clock's events are this timeline's own."""
        self.shifts = Shifts(plan)
        self.provisioning = provisioning
        self._begins = {
            event.step.shift: number
            for number, event in reversed(list(enumerate(plan.timeline)))
            if event.step is not None
        }
        """Row of plan.shifts -> the row of plan.timeline with which it begins."""
        for number, event in enumerate(plan.timeline):
            self._at(event.at, number, event.begin, False, event.step)
            for at, cells in event.steps:
                self._at(at, number, cells, None)
            if event.until != NULL:
                self._at(event.until, number, event.end, True)

    def _at(
        self, instant: int, number: int, cells: tuple[Cell, ...], ends: bool | None, step: Step | None = None
    ) -> None:
        self.pending += 1
        self.clock.process(self._act(instant, number, cells, ends, step))

    def _act(
        self, instant: int, number: int, cells: tuple[Cell, ...], ends: bool | None, step: Step | None
    ) -> Generator[simpy.Event, Any, None]:
        yield self.clock.timeout(instant)
        self.pending -= 1
        if step is not None:
            if not self.shifts.goes_on(step):
                return
            cells = self.shifts.cells(step)
        for cell in cells:
            self._write(cell)
        if ends is not None:  # a step in between is no row of the journal
            self._note(number, ends)

    def _write(self, cell: Cell) -> None:
        self.shifts.see(cell)
        self.provisioning.write(cell)

    def _note(self, number: int, ends: bool) -> None:
        self.sink(journal(int(self.clock.now), event=number, ends=int(ends)))

    def hear(self, change: Change) -> None:
        """An alarm changes its state: the shifts that it watches are taken back while they are under way."""
        for number, cell in self.shifts.rings(change.alarm, change.after is AlarmState.ALARM):
            self._write(cell)
            self._note(self._begins[number], True)
