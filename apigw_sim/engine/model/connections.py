"""Clients of WebSocket APIs: each arrival opens a connection, sends messages by it, and closes or loses it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Group
from apigw_sim.draws.users import UserStream
from apigw_sim.engine.model.attempt import OPEN as ARRIVES
from apigw_sim.engine.model.attempt import REFUSED, SUCCEEDED, TIMED_OUT, Attempt
from apigw_sim.engine.model.caller import Caller
from apigw_sim.engine.model.clock import FOR_EVER, Journey, Wait
from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.engine.model.users import USER
from apigw_sim.engine.order import CALL_STEP, identity
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.rules import connection as rule
from apigw_sim.rules import pick

if TYPE_CHECKING:
    from apigw_sim.draws import Stream
    from apigw_sim.engine.model.model import Model


REASONS = {
    rule.BY_CLIENT: "its client closes it",
    rule.OLD: "AWS closes it after two hours",
    rule.LOST: "it is lost",
}
"""What may be known of its end as it opens."""


class Connections(Caller):
    """A client whose arrivals are connections."""

    def __init__(self, model: Model, number: int, client: tables.Client, stream: Stream) -> None:
        assert client.connections is not None
        self.said = client.connections
        self.drops = [(row, drop) for row, drop in enumerate(model.plan.drops) if drop.stage == client.stage]
        self.levels = model.connections[client.stage]
        super().__init__(model, number, client, stream)

    def calls(self) -> Generator[Wait, None, None]:
        """Every connection that is opened in the run, at its instant; they are numbered as users are, from 1."""
        first = ARRIVES + self.id
        for block in self.stream.blocks():
            for number, at in enumerate(block.at, block.first):
                yield at, first + number * CALL_STEP
                Connection(self, number + 1).connect(0)


class Connection(Caller):
    """One of them: all that its client is, with a number and draws of its own; opened again, it is the same one."""

    said: tables.Connections
    drops: list[tuple[int, tables.Drop]]
    levels: tuple[Gauge, ...]
    ends = 0
    """When it is closed, if nothing else happens before."""
    why = rule.OPEN
    """For what reason."""

    def __init__(self, client: Connections, number: int) -> None:
        self.__dict__.update(client.__dict__)
        self.user = number
        self.id = identity(self.number, number, 0, 0)
        self.leave = self.send
        self.draws = self.stream = UserStream(client.stream, number)

    def connect(self, number: int) -> None:
        """Call $connect, now."""
        self.leave(self._attempt(number, self.said.connect))

    def _attempt(self, number: int, picked: int) -> Attempt:
        """The first attempt of a call."""
        self.model.spill()
        call = self.draws.call(number, picked)
        return Attempt(self, call, 1, self.stream.send(number, 1, call[1]), None, None)

    def try_again(self, attempt: Attempt, since: int) -> None:
        """Only what connects is tried again."""
        if attempt.call[1] == self.said.connect:
            super().try_again(attempt, since)
        elif attempt.gone:
            self.end(attempt, since, NULL, TIMED_OUT)
        else:
            self.end(attempt, since, attempt.status, REFUSED)

    def end(self, attempt: Attempt, at: int, status: int, outcome: int) -> None:
        """A call is over; with $connect the connection is open from the gateway's answer on."""
        super().end(attempt, at, status, outcome)
        if attempt.call[1] == self.said.connect and outcome == SUCCEEDED:
            self.open(attempt.call[0], at)
            if attempt.notes is not None:
                attempt.note(
                    f"the connection is open; what ends it: {REASONS[self.why]} at {self.ends / 1e9:g} s"
                )

    def open(self, number: int, since: int) -> None:
        """It is open, now, and its client knows it at `since`; when it ends can be told already."""
        now, said = self.clock.now, self.said
        gap, lifetime, _, _ = self.draws.row(Group.CONNECTED, number, 0)
        self.levels[0].move(1)
        self.levels[1].move(1)
        self.ends, self.why = rule.ends(now, self.draws.value(said.lifetime, lifetime), said.longest_ns)
        for row, drop in self.drops:
            if now < drop.at <= self.ends:
                word, _, _, _ = self.draws.row(Group.DROP, number, row)
                if pick.happens(word, drop.share):
                    self.ends, self.why = drop.at, rule.LOST
                    break
        self.go_on(number + 1, since, gap)

    def go_on(self, number: int, since: int, word: int) -> None:
        """What happens next, with the call of that number, unless the run is over then."""
        said = self.said
        at, what = rule.follows(since, self.draws.value(said.every, word), said.idle_ns, self.ends, self.why)
        if at < self.model.plan.duration:
            Journey(self.clock, self._next(number, at, what)).go()

    def _next(self, number: int, at: int, what: int) -> Generator[Wait, None, None]:
        yield at, USER + self.id + number * CALL_STEP
        if what == rule.OPEN:
            self.message(number)
        else:
            self.close(number, what)

    def message(self, number: int) -> None:
        """Send a message, now; one that is too large closes the connection before it is a request."""
        attempt = self._attempt(number, NULL)
        if attempt.body > self.said.largest:
            attempt.steps.close()
            self.close(number, rule.TOO_LARGE)
            return
        gap, _, _, _ = self.draws.row(Group.CONNECTED, number, 0)
        self.go_on(number + 1, self.clock.now, gap)
        self.leave(attempt)

    def close(self, number: int, why: int) -> None:
        """It is closed, now: $disconnect is called by the gateway itself; who has lost it connects again."""
        said = self.said
        self.levels[0].move(-1)
        self.levels[2 + why].move(1)
        if why != rule.BY_CLIENT and said.reconnect is not None:
            _, _, wait, _ = self.draws.row(Group.CONNECTED, number, 0)
            at = self.clock.now + self.draws.value(said.reconnect, wait)
            if at < self.model.plan.duration:
                Journey(self.clock, self._again(number + 1, at)).go()
        if said.disconnect != NULL:
            attempt = self._attempt(number, said.disconnect)
            attempt.rtt, attempt.limit = 0, FOR_EVER
            self.leave(attempt)

    def _again(self, number: int, at: int) -> Generator[Wait, None, None]:
        yield at, USER + self.id + number * CALL_STEP
        self.connect(number)


def levels(model: Model) -> list[tuple[Gauge, ...]]:
    """By stage: its open connections, those opened so far, and those closed by each reason."""
    plan = model.plan
    if not plan.gauge_base or plan.account.connections == NULL:
        return []
    kinds = [kind for kind in GaugeKind if GaugeKind.OPEN <= kind <= GaugeKind.CLOSED_TOO_LARGE]
    return [
        tuple(Gauge(model.gauges, plan.gauge(kind, stage)) for kind in kinds)
        for stage in range(len(plan.stages))
    ]
