"""Closed-loop users: each calls, waits for the end of the call, thinks, and calls again."""

from __future__ import annotations

from collections.abc import Generator

from apigw_sim.draws.users import UserStream
from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.engine.model.caller import Caller, Lossy
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.model.process import Process
from apigw_sim.engine.order import CALL_STEP, Rank, identity, priority
from apigw_sim.records import NULL

USER = priority(Rank.USER)


class Users(Caller):
    """A client whose users come one after the other."""

    loses = 0, 0
    """Threshold words: the shares of its users' requests and of their answers."""

    def calls(self) -> Generator[Wait, None, None]:
        """Every user's coming, evenly within the ramp."""
        users = self.client.users
        assert users is not None
        kind = LossyUser if self.number in self.model.plan.lossy else User
        for number in range(1, users.count + 1):
            at = users.ramp_ns * (number - 1) // users.count
            yield at, USER + identity(self.number, number, 0, 0)
            kind(self, number).start(0, 0)


class User(Caller):
    """One of them: all that its client is, with a number and draws of its own."""

    def __init__(self, client: Users, number: int) -> None:
        self.__dict__.update(client.__dict__)
        self.crowd = client
        self.user = number
        self.id = identity(self.number, number, 0, 0)
        self.draws = self.stream = UserStream(client.stream, number)
        self.leave = self.leaving()
        self.in_sessions = client.client.users is not None and client.client.users.steps > 0

    def process(self, attempt: Attempt) -> Process:  # noqa: ARG002
        """A user has one process for all its calls."""
        return self.processes[self.user % len(self.processes)]

    def start(self, number: int, step: int) -> None:
        """Its call of that number starts, now."""
        self.model.spill()
        call = self.draws.call(number, step if self.in_sessions else NULL)
        self.leave(Attempt(self, call, 1, self.stream.send(number, 1, call[1]), None, None))

    def end(self, attempt: Attempt, at: int, status: int, outcome: int) -> None:
        """The call is over; what follows begins when the user knows it, unless the run is over then."""
        super().end(attempt, at, status, outcome)
        number, picked, *_ = attempt.call
        step, wait = self.draws.next(number, picked)
        if at + wait < self.model.plan.duration:
            Journey(self.clock, self._next(number + 1, step, at + wait)).go()

    def _next(self, number: int, step: int, at: int) -> Generator[Wait, None, None]:
        yield at, USER + self.id + number * CALL_STEP
        self.start(number, step)


class LossyUser(Lossy, User):
    """A user some of whose packets are lost at some time, as its client's are."""

    @property
    def loses(self) -> tuple[int, int]:  # type: ignore[override]
        """Those of the client, now."""
        return self.crowd.loses
