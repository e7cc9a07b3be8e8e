"""SimPy's clock in integer nanoseconds, and journeys: generators that wait for an instant."""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop, heappush

from apigw_sim.engine.clock import Instants

Wait = tuple[int, int]
"""An instant in ns, and the rank and id of what happens then (`engine.order`)."""

FOR_EVER = 1 << 62

OURS = -1
"""Stands in SimPy's queue where its own events have their ordinal."""


class Clock(Instants):
    """The clock with journeys in its queue.

    SimPy's own events keep their priorities 0 and 1 and so precede, at an instant, all journeys.
    """

    def wake(self, journey: Journey, instant: int, order: int) -> None:
        """Let `journey` go on at `instant`; simultaneous ones in rising `order`, which is unique."""
        if self.grid != 1:
            instant = -(-instant // self.grid) * self.grid
        heappush(self._queue, (instant, order, OURS, journey))

    def advance(self, until: int) -> None:
        """Let everything before `until` happen; what happens at `until` is still to come."""
        queue, wake, grid = self._queue, self.wake, self.grid
        while queue:
            if queue[0][0] >= until:
                break
            if queue[0][2] != OURS:
                self.step()
                continue
            instant, _, _, journey = heappop(queue)
            self.now = self._now = instant
            wait = next(journey.steps, None)
            if wait is None:
                continue
            if grid == 1:  # `wake`, spelled out: this is where most of them happen
                heappush(queue, (wait[0], wait[1], OURS, journey))
            else:
                wake(journey, wait[0], wait[1])
        self.now = self._now = until

    def step(self) -> None:
        """The next event: a journey goes on, or one of SimPy's own happens."""
        if not self._queue or self._queue[0][2] != OURS:
            super().step()
            return
        instant, _, _, journey = heappop(self._queue)
        self.now = self._now = instant
        journey.go()


class Journey:
    """A generator on its way, and the event that wakes it: it yields `(instant, order)`, its next wait, over and over.

    It yields None to sleep until somebody calls `go`. One event serves all its waits, which is why it is none of
    SimPy's own, each of which happens once.
    """

    __slots__ = ("clock", "steps")

    def __init__(self, clock: Clock, steps: Generator[Wait | None, None, None]) -> None:
        self.clock = clock
        self.steps = steps

    def go(self) -> None:
        """Take the next step, until the next wait."""
        wait = next(self.steps, None)
        if wait is None:
            return
        clock = self.clock
        if clock.grid == 1:  # `wake`, spelled out, as in `advance`
            heappush(clock._queue, (wait[0], wait[1], OURS, self))
        else:
            clock.wake(self, wait[0], wait[1])
