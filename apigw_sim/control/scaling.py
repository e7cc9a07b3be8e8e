"""Application Auto Scaling at work: it asks for provisioned concurrency, or places of servers, by schedules and alarms.

CloudWatch invokes an action of Auto Scaling each minute while its alarm rings, not only when it begins to.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from apigw_sim.control.alarms import Alarms
from apigw_sim.control.journal import journal
from apigw_sim.control.provisioning import Provisioning
from apigw_sim.control.servers import Servers
from apigw_sim.metrics.watch import Number
from apigw_sim.plan.tables import NULL, Plan, Scaling
from apigw_sim.records import Sink
from apigw_sim.rules import target_tracking as rule


class Scalings:
    """All scalable targets of a plan."""

    def __init__(
        self,
        clock: simpy.Environment,
        plan: Plan,
        supplies: tuple[Provisioning, Servers],
        alarms: Alarms,
        sink: Sink,
    ) -> None:
        self.pending = 0
        """How many of the clock's events are scheduled actions."""
        for row in plan.scalings:
            target = Target(clock, row, supplies[row.backend != NULL], sink)
            if row.actions:
                self.pending += 1
                clock.process(self._act(target))
            if row.target != NULL:
                alarms.while_it_rings(row.high, target.scale_out)
                alarms.while_it_rings(row.low, target.scale_in)

    def _act(self, target: Target) -> Generator[simpy.Event, Any, None]:
        for action in target.row.actions:
            wait = action.at - int(target.clock.now)
            yield target.clock.timeout(max(wait, 0))  # a grid brings the one before to after it
            target.bound(action.minimum, action.maximum)
        self.pending -= 1


class Target:
    """A scalable target: the provisioned concurrency of one version or alias, or the places of a server."""

    def __init__(
        self, clock: simpy.Environment, row: Scaling, supply: Provisioning | Servers, sink: Sink
    ) -> None:
        self.clock = clock
        self.row = row
        self.sink = sink
        self.supply = supply
        self.of = max(row.provision, row.backend)
        self.minimum, self.maximum = row.minimum, row.maximum
        self.added = 0
        """What the last scale-out by the policy added."""
        self.no_less_before = 0
        """No scale-in before this instant."""

    @property
    def capacity(self) -> int:
        """What is asked for at the moment."""
        return self.supply.asked[self.of]

    def bound(self, minimum: int, maximum: int) -> None:
        """A scheduled action: what is provisioned is brought between its bounds."""
        self.minimum, self.maximum = minimum, maximum
        capacity = min(max(self.capacity, minimum), maximum)
        if capacity != self.capacity:
            self._ask(capacity)

    def scale_out(self, metric: Number) -> None:
        """The high alarm rings: more, unless what was asked for is still on its way."""
        row, before = self.row, self.capacity
        if self.supply.under_way(self.of):
            return
        came = self.supply.came[self.of]
        counted = self.added if self.clock.now < came + row.out_ns else 0
        more = rule.scaled_out(before, _parts(metric), row.target, counted, self.maximum)
        if more > before:
            self.added, self.no_less_before = more - before, 0
            self._ask(more)

    def scale_in(self, metric: Number) -> None:
        """The low alarm rings: less, unless that was so a moment ago."""
        now = int(self.clock.now)
        if self.supply.under_way(self.of) or now < self.no_less_before:
            return
        less = rule.scaled_in(self.capacity, _parts(metric), self.row.target, self.minimum)
        if less < self.capacity:
            self.no_less_before = now + self.row.in_ns
            self._ask(less)

    def _ask(self, capacity: int) -> None:
        now, row = int(self.clock.now), self.row
        self.sink(journal(now, provision=row.provision, backend=row.backend, asked=capacity))
        self.supply.ask(self.of, capacity)


def _parts(metric: Number) -> int:
    return round(metric * rule.WHOLE)
