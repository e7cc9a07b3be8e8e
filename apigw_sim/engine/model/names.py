"""Clients of a record: resolvers remember which target it answered with, and who calls becomes what it is at that target."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING

from apigw_sim.draws import Group, Stream
from apigw_sim.draws.users import UserStream
from apigw_sim.engine.model.clock import FOR_EVER
from apigw_sim.engine.model.process import Process
from apigw_sim.plan.tables import NULL, Client, Retry
from apigw_sim.rules import dns, health_check, pick

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.caller import Caller


class Resolvers:
    """Those of a client, with what each remembers, and the client as it is at each target."""

    def __init__(self, caller: Caller, stream: Stream, streams: list[Stream]) -> None:
        """`streams`: those of the client at the second target and further ones."""
        said = caller.client.names
        assert said is not None
        self.row = said
        self.answer = said.first
        """What the record answers now: cumulative threshold words over the targets."""
        self.streams = streams
        self.remembered: list[tuple[int, int]] = []
        """(target, until when) by resolver."""
        for number in range(said.resolvers):
            which, age, _, _ = stream.row(Group.REMEMBERED, number, 0)
            until = FOR_EVER if said.keeps_ns == NULL else dns.left(age, said.keeps_ns)
            self.remembered.append((pick.choose(which, said.first), until))
        self.at = [caller, *(aimed(caller, twin, own) for twin, own in zip(said.twins, streams, strict=True))]
        """The client at each target."""
        caller.model.twins += self.at[1:]

    def leaving(self, caller: Caller, then: Callable[[Attempt], None]) -> Callable[[Attempt], None]:
        """What becomes of a request of a client, or of one of its users, that would leave: it is aimed at a target."""
        at = self.at
        if caller.user:
            at = [
                caller,
                *(self._user(caller, twin, own) for twin, own in zip(self.at[1:], self.streams, strict=True)),
            ]

        def leave(attempt: Attempt) -> None:
            target = at[self.target(attempt)]
            if attempt.caller is not target:
                aim(attempt, target)
            then(attempt)

        for twin in at[1:]:
            twin.leave = leave
        return leave

    def target(self, attempt: Attempt) -> int:
        """The target that an attempt's resolver has, or is told now."""
        caller, now = attempt.caller, attempt.clock.now
        call = 0 if caller.user else attempt.call[0]
        resolver = pick.uniform(caller.stream.row(Group.RESOLVER, call, 0)[0], self.row.resolvers)
        target, until = self.remembered[resolver]
        asks = until <= now
        if asks:
            target = pick.choose(attempt.words(Group.ANSWER)[0], self.answer)
            self.remembered[resolver] = target, now + self.row.keeps_ns
        if caller.model.watch == (caller.number, attempt.call[0], attempt.number, caller.user):
            attempt.notes = attempt.notes or []
            name = caller.model.plan.stages[self.at[target].stage].name
            still = "for ever" if until == FOR_EVER else f"for another {(until - now) / 1e9:,.3f} s"
            attempt.note(
                f"DNS: its resolver asks, and is told {name}"
                if asks
                else f"DNS: its resolver has {name}, {still}"
            )
        return target

    def _user(self, user: Caller, twin: Caller, stream: Stream) -> Caller:
        made = aimed(user, twin.client, UserStream(stream, user.user))
        if hasattr(made, "crowd"):
            made.crowd = twin
        return made


def aimed(caller: Caller, row: Client, stream: Stream) -> Caller:
    """A client, or a user, as it is at another target: what it keeps is the same, and so is what follows its calls."""
    made = copy(caller)
    made.aim(row, stream)
    made.end = caller.end  # type: ignore[method-assign]
    return made


def aim(attempt: Attempt, caller: Caller) -> None:
    """An attempt is sent by its client at another target: the same words, by the laws and numbers that hold there."""
    number, picked, key, *_ = attempt.call
    _, _, _, resource, entry, max_age_0 = caller.stream.call(number, picked)
    attempt.caller = caller
    attempt.call = number, picked, key, resource, entry, max_age_0
    attempt.rtt, attempt.body, attempt.overhead, attempt.word = caller.stream.send(
        number, attempt.number, picked
    )
    attempt.work = None


class Checker(Process):
    """One of Route 53's checkers of a target: what it reports turns after so many results in a row against it."""

    def __init__(self, retry: Retry, threshold: int) -> None:
        super().__init__(retry)
        self.threshold = threshold
        self.reports = 1
        self.streak = 0

    def heard(self, attempt: Attempt, status: int) -> None:
        passed = int(health_check.passes(status, attempt.clock.now - attempt.started))
        self.streak = health_check.against(self.streak, self.reports, passed)
        if self.streak == self.threshold:
            self.reports, self.streak = passed, 0
        super().heard(attempt, status)
