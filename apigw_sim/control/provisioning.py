"""Provisioned concurrency at work: what is asked for is taken from a pool at once, and usable when all of it is made.

The pools that an engine has are those for invocations on demand: the account's unreserved concurrency, or a function's
reservation, less what is provisioned out of it (facts 10.1, 10.2).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from apigw_sim.control.journal import journal
from apigw_sim.plan.limits import UNITS_PER_RATE
from apigw_sim.plan.tables import NULL, BackendKind, Cell, Plan
from apigw_sim.records import Sink
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.units import SECOND


class Provisioning:
    """All provisioned concurrency of a plan; it writes what control writes, less what is provisioned."""

    def __init__(self, clock: simpy.Environment, plan: Plan, engine: Any, sink: Sink) -> None:
        self.clock = clock
        self.plan = plan
        self.engine = engine
        self.sink = sink
        self.pending = 0
        """How many of the clock's events are allocations."""
        self.asked = [row.start for row in plan.provisions]
        """Row of plan.provisions -> environments asked for last."""
        self.allocated = [0] * len(self.asked)
        """... -> environments that there are."""
        self.came = [0] * len(self.asked)
        """... -> when they came."""
        self._latest = [0] * len(self.asked)
        """... -> how often it was asked for: only the last of them comes."""
        self._unreserved = [region.unreserved for region in plan.regions]
        self._reserved = {
            number: row.reserved
            for number, row in enumerate(plan.backends)
            if row.kind is BackendKind.LAMBDA and row.version_of == NULL
        }
        if plan.provisions:
            self._share()
        for number, count in enumerate(self.asked):
            if count:
                self._allocate(number, count)

    def write(self, cell: Cell) -> None:
        """A cell of the timeline."""
        if cell.verb == "provisioned":
            self.ask(*cell.args)
        elif cell.verb == "unreserved" and self.asked:
            region, self._unreserved[region] = cell.args
            self._share()
        elif cell.verb == "reserved" and self.asked:
            function, self._reserved[function] = cell.args
            self._share()
        else:
            getattr(self.engine, cell.verb)(*cell.args)

    def ask(self, number: int, count: int) -> None:
        """So much is provisioned from now on: less at once, more when all of what comes is there."""
        self.asked[number] = count
        self._latest[number] += 1
        self._share()
        if count <= self.allocated[number]:
            self._allocate(number, count)
            self._note(number)
        else:
            self.pending += 1
            self.clock.process(self._prepare(number, count))

    def under_way(self, number: int) -> bool:
        """Whether more is asked for than there is so far."""
        return self.asked[number] != self.allocated[number]

    def _prepare(self, number: int, count: int) -> Generator[simpy.Event, Any, None]:
        timing, more = self.plan.allocation, count - self.allocated[number]
        mine = self._latest[number]
        yield self.clock.timeout(timing.preparation_ns + more * timing.each_ns)
        self.pending -= 1
        if mine == self._latest[number]:
            self._allocate(number, count)
            self._note(number)

    def _share(self) -> None:
        """The pools for invocations on demand, as they are now."""
        left = list(self._unreserved)
        for function, reserved in self._reserved.items():
            mine = sum(
                asked
                for asked, row in zip(self.asked, self.plan.provisions, strict=True)
                if self.plan.function_of(row.backend) == function
            )
            if reserved == NULL:
                left[self.plan.backends[function].region] -= mine
            self.engine.reserved(function, NULL if reserved == NULL else max(reserved - mine, 0))
        for region, rest in enumerate(left):
            self.engine.unreserved(region, max(rest, 0))

    def _allocate(self, number: int, count: int) -> None:
        self.allocated[number] = count
        self.came[number] = int(self.clock.now)
        timing = self.plan.allocation
        rate = max(timing.requests, 0) * count
        full = rate * timing.burst_ns // SECOND * TOKEN
        self.engine.provide(number, count, rate * UNITS_PER_RATE, full, timing.requests != NULL)

    def _note(self, number: int) -> None:
        self.sink(journal(int(self.clock.now), provision=number, allocated=self.allocated[number]))
