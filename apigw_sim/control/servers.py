"""Places of HTTP servers that scale: new ones boot for a while, and fewer are there at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from apigw_sim.control.journal import journal
from apigw_sim.metrics import Metrics
from apigw_sim.metrics.alarmed import PlacesSight
from apigw_sim.plan.tables import NULL, Plan
from apigw_sim.records import Sink


class Servers:
    """All HTTP servers of a plan that scale."""

    def __init__(
        self, clock: simpy.Environment, plan: Plan, engine: Any, metrics: Metrics, sink: Sink
    ) -> None:
        self.clock = clock
        self.engine = engine
        self.sink = sink
        self.pending = 0
        """How many of the clock's events are places that boot."""
        rows = [row for row in plan.scalings if row.backend != NULL]
        self.asked = {row.backend: plan.backends[row.backend].concurrency for row in rows}
        """Row of plan.backends -> places asked for last."""
        self.came = dict.fromkeys(self.asked, 0)
        """... -> when they came."""
        self._there = dict(self.asked)
        self._boots = {row.backend: row.boot_ns for row in rows}
        self._sights = [sight for sight in metrics.sights if isinstance(sight, PlacesSight)]

    def under_way(self, backend: int) -> bool:
        """Whether places are booting."""
        return self.asked[backend] != self._there[backend]

    def ask(self, backend: int, count: int) -> None:
        """So many places there are from now on, or when those that come have booted."""
        self.asked[backend] = count
        if count < self._there[backend]:
            self._serve(backend)
        else:
            self.pending += 1
            self.clock.process(self._boot(backend))

    def _boot(self, backend: int) -> Generator[simpy.Event, Any, None]:
        yield self.clock.timeout(self._boots[backend])
        self.pending -= 1
        self._serve(backend)

    def _serve(self, backend: int) -> None:
        now, count = int(self.clock.now), self.asked[backend]
        self._there[backend], self.came[backend] = count, now
        for sight in self._sights:
            if sight.alarm.target == backend:
                sight.places.append((now, count))
        self.engine.serves(backend, count)
        self.sink(journal(now, backend=backend, allocated=count))
