"""Route 53 at work: each second it sees what its checkers report of the targets of records, and answers accordingly."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from apigw_sim.control.journal import journal
from apigw_sim.plan.records import answer
from apigw_sim.plan.tables import NULL, Plan
from apigw_sim.records import Sink
from apigw_sim.rules import health_check
from apigw_sim.units import SECOND


class Records:
    """All records of a plan whose targets are checked."""

    def __init__(self, clock: simpy.Environment, plan: Plan, engine: Any, sink: Sink) -> None:
        self.clock = clock
        self.plan = plan
        self.engine = engine
        self.sink = sink
        self.healthy = [[True] * len(record.stages) for record in plan.records]
        """By record and target."""
        self.pending = 0
        """How many of the clock's events are these looks."""
        if any(client.checks != NULL for client in plan.clients):
            self.pending = 1
            clock.process(self._act())

    def _act(self) -> Generator[simpy.Event, Any, None]:
        while True:
            yield self.clock.timeout(SECOND)
            for number, record in enumerate(self.plan.records):
                found = [checkers == NULL or self._is_healthy(checkers) for checkers in record.checkers]
                if found != self.healthy[number]:
                    self._tell(number, found)

    def _is_healthy(self, checkers: int) -> bool:
        return health_check.is_healthy(
            self.engine.reporting(checkers), self.plan.clients[checkers].retry.processes
        )

    def _tell(self, number: int, found: list[bool]) -> None:
        """The health of a record's targets has changed: a row for each that did, and other answers."""
        stages = self.plan.records[number].stages
        for stage, before, after in zip(stages, self.healthy[number], found, strict=True):
            if before != after:
                self.sink(journal(int(self.clock.now), record=number, target=stage, healthy=int(after)))
        self.healthy[number] = found
        for client, row in enumerate(self.plan.clients):
            if row.names is not None and row.names.record == number:
                words = answer(self.plan.records[number], row.names.order, tuple(found))
                self.engine.answer(client, words)
