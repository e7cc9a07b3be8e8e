"""A client with workers: a call that is due waits until one of them is free, as in a load generator."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Stream
from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.engine.model.caller import Caller, Lossy
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.model.users import USER
from apigw_sim.plan.tables import Client
from apigw_sim.records import NULL, CallOutcome

if TYPE_CHECKING:
    from apigw_sim.engine.model.model import Model

NOT_STARTED = int(CallOutcome.NOT_STARTED)


class Paced(Caller):
    """A client whose calls are as many at once as it has workers; the others start late, in the order in which they were due."""

    def __init__(self, model: Model, number: int, client: Client, stream: Stream) -> None:
        self.free = client.workers
        self.due: deque[Attempt] = deque()
        self.intended: dict[int, int] = {}
        """By call that is under way: when it was due."""
        super().__init__(model, number, client, stream)

    def calls(self) -> Generator[Wait, None, None]:
        """Every call of the run is due at its instant."""
        self.first = self.wait
        return super().calls()

    def wait(self, attempt: Attempt) -> None:
        """A call is due: it starts if a worker is free."""
        if self.free:
            self.free -= 1
            self.start(attempt, attempt.started)
        else:
            self.due.append(attempt)

    def start(self, attempt: Attempt, intended: int) -> None:
        """A worker sends a call, now."""
        self.intended[attempt.call[0]] = intended
        attempt.started = self.clock.now
        attempt.restart()
        self.leave(attempt)

    def end(self, attempt: Attempt, at: int, status: int, outcome: int) -> None:
        """The call is over; its worker is free as soon as it knows."""
        self.record(attempt, self.intended.pop(attempt.call[0]), at, status, outcome)
        Journey(self.clock, self._free(attempt, at)).go()

    def _free(self, attempt: Attempt, at: int) -> Generator[Wait, None, None]:
        yield at, USER + attempt.id
        if self.due and self.clock.now < self.model.plan.duration:
            late = self.due.popleft()
            self.start(late, late.started)
        else:
            self.free += 1

    def close(self) -> None:
        """The run is over: what was due and never started."""
        end = self.model.plan.duration
        for attempt in self.due:
            intended, attempt.started, attempt.number = attempt.started, NULL, 0
            self.record(attempt, intended, end, NULL, NOT_STARTED)


class LossyPaced(Lossy, Paced):
    """... some of whose packets are lost at some time."""
