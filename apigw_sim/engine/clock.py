"""SimPy's clock in integer nanoseconds: what both engines' control planes run on."""

from __future__ import annotations

from typing import Any

import simpy
from simpy.core import SimTime
from simpy.events import NORMAL, EventPriority


class Instants(simpy.Environment):
    """An environment whose time is integer nanoseconds since run.start.

    On a `grid` above 1 ns nothing ever happens between two of its lines: it makes ties, to test them.
    """

    _queue: list[Any]
    _now: int
    now: int = 0
    """Nanoseconds since run.start; a plain attribute, for it is read more often than anything else."""

    def __init__(self, grid: int = 1) -> None:
        super().__init__(0)
        self.now = 0
        self.grid = grid

    def schedule(self, event: simpy.Event, priority: EventPriority = NORMAL, delay: SimTime = 0) -> None:
        """SimPy's own scheduling; a float would poison the integer clock for ever."""
        if type(delay) is not int:
            raise TypeError(f"instants are integer nanoseconds, not {delay!r}")
        if self.grid != 1:
            delay = -(-(self._now + delay) // self.grid) * self.grid - self._now
        super().schedule(event, priority, delay)

    def step(self) -> None:
        """The next event happens."""
        if self._queue:
            self.now = self._queue[0][0]
        super().step()

    def come(self, instant: int) -> None:
        """It is `instant`, and nothing has happened since the last event."""
        self.now = self._now = instant

    @property
    def waiting(self) -> int:
        """How many events are still to come."""
        return len(self._queue)
