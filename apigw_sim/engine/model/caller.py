"""An open-loop client: it starts calls when its draws say so, whatever becomes of the earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Group, Stream
from apigw_sim.engine.model.attempt import OPEN, RETRY, Attempt
from apigw_sim.engine.model.browsers import Browsers
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.model.names import Checker, Resolvers
from apigw_sim.engine.model.process import Process
from apigw_sim.engine.order import ATTEMPT_STEP, CALL_STEP, identity
from apigw_sim.plan.tables import NULL, Answer, Client, Front, Rated
from apigw_sim.rules import pick
from apigw_sim.rules.reason import REASONS

if TYPE_CHECKING:
    from apigw_sim.engine.model.model import Model


STANDARD = tuple(Answer(row.status, row.body_bytes, 0) for row in REASONS)
"""What is answered where no stage is reached that could say otherwise."""


class Caller:
    """A client of the plan at work."""

    def __init__(self, model: Model, number: int, client: Client, stream: Stream) -> None:
        self.model = model
        self.clock = model.clock
        self.gateway = model.gateway
        self.number = number
        self.user = 0
        self.id = identity(number, 0, 0, 0)
        self.pack, self.write = model.calls.pack, model.calls.write
        self.timeout = client.timeout_ns
        self.retry = client.retry
        self.processes = [
            Process(client.retry) if client.checks == NULL else Checker(client.retry, client.checks)
            for _ in range(client.retry.processes)
        ]
        self.replays = not isinstance(client.arrivals, Rated) and client.arrivals.request_bytes is not None
        self.aim(client, stream)
        self.resolvers = None if client.names is None else Resolvers(self, stream, model.streams_at(number))
        self.leave = self.leaving()
        self.first = self.leave
        """What becomes of a call that is due."""
        Journey(model.clock, self.calls()).go()

    def aim(self, client: Client, stream: Stream) -> None:
        """Be what the client is at a target: most have one, and are so from the start."""
        model = self.model
        self.client = client
        self.stream = stream
        self.stage = client.stage
        self.answers = STANDARD if client.stage == NULL else model.answers[client.stage][0]
        """By reason: what the stage answers."""
        self.settled = client.stage == NULL or not model.moving[client.stage]
        """Whether no request of its has an answer of another deployment than the stage's."""
        self.refused = [call.refused for call in client.calls]
        self.idempotent = [call.idempotent for call in client.calls]
        self.methods = [call.method for call in client.calls]
        self.usual = stream.usual
        self.front, self.new_connection = client.front, client.new_connection
        self.screen = model.waf.screen(client) if client.screen is not None else None
        """The web ACL before its stage."""
        self.detours = (
            client.front is not Front.OPEN
            or client.new_connection > 0
            or client.distribution != NULL
            or self.screen is not None
        )
        """Whether anything stands between it and the gateway but the network."""
        self.edge = model.plan.distributions[client.distribution] if client.distribution != NULL else None

    def calls(self) -> Generator[Wait, None, None]:
        """Every call of the run, at its instant."""
        first = OPEN + self.id
        send = self.first
        for block in self.stream.blocks():
            self.model.spill()
            calls = zip(
                range(block.first, block.first + len(block.at)), block.pick, block.api_key, block.resource,
                block.entry, block.max_age_0, strict=True,
            )  # fmt: skip
            for at, call, sends, work in zip(block.at, calls, block.send, block.work, strict=True):
                yield at, first + call[0] * CALL_STEP
                send(Attempt(self, call, 1, sends, work, None))

    def leaving(self) -> Callable[[Attempt], None]:
        """What becomes of a request that would leave: it does, or something that its client keeps decides."""
        if self.client.browser is not None:
            return Browsers(self).send
        then = self.offered if self.processes else self.sent
        if self.resolvers is not None:
            return self.resolvers.leaving(self, then)
        return self.offer if self.processes else self.send

    def process(self, attempt: Attempt) -> Process:
        """The process that makes an attempt."""
        return self.processes[attempt.call[0] % len(self.processes)]

    def offer(self, attempt: Attempt) -> None:
        """A request would leave, if its process lets it."""
        self.process(attempt).send(attempt)

    def offered(self, attempt: Attempt) -> None:
        """The same of who calls by a record: its attempt's client is what it is at a target."""
        attempt.caller.offer(attempt)

    def sent(self, attempt: Attempt) -> None:
        """A request of who calls by a record leaves for the gateway, now."""
        attempt.caller.send(attempt)

    def send(self, attempt: Attempt) -> None:
        """A request leaves for the gateway, now."""
        watch = self.model.watch
        if watch is not None and watch == (self.number, attempt.call[0], attempt.number, self.user):
            attempt.notes = attempt.notes or []
        attempt.go()

    def try_again(self, attempt: Attempt, since: int) -> None:
        """Send the call once more, after a back-off that begins at `since`."""
        number = attempt.number + 1
        at = since + attempt.backoff()
        if attempt.notes is not None:
            attempt.notes.append(
                (at, f"after a back-off of {(at - since) / 1e6:g} ms the client sends attempt {number}")
            )
        Journey(self.clock, self._retry(attempt, number, at)).go()

    def _retry(self, attempt: Attempt, number: int, at: int) -> Generator[Wait, None, None]:
        call = attempt.call
        yield at, RETRY + attempt.id + ATTEMPT_STEP
        rtt, body, overhead, word = self.stream.send(call[0], number, call[1])
        if self.replays:
            body = attempt.body
        self.leave(Attempt(self, call, number, (rtt, body, overhead, word), None, attempt))

    def end(self, attempt: Attempt, at: int, status: int, outcome: int) -> None:
        """The call is over for its client, after this attempt."""
        self.record(attempt, attempt.started, at, status, outcome)

    def record(self, attempt: Attempt, intended: int, at: int, status: int, outcome: int) -> None:
        """The row of a call."""
        number, picked, *_ = attempt.call
        self.write(self.pack(
            self.number, self.user, number, picked, intended, attempt.started, at, attempt.number, status, outcome
        ))  # fmt: skip


class Lossy(Caller):
    """A client some of whose packets are lost at some time."""

    loses = 0, 0
    """Threshold words: the shares of its requests and of its answers."""

    def send(self, attempt: Attempt) -> None:
        """A request leaves, now; if it or its answer will be lost, the client waits until its limit."""
        of_requests, of_answers = self.loses
        if not (of_requests or of_answers):
            super().send(attempt)
            return
        request, answer, _, _ = attempt.words(Group.LOSS)
        if pick.happens(request, of_requests):
            attempt.give_up()
            attempt.steps.close()
            return
        if pick.happens(answer, of_answers):
            if self.model.watch == (self.number, attempt.call[0], attempt.number, self.user):
                attempt.notes = []
            attempt.note("its answer will be lost on the way back")
            attempt.give_up()
        super().send(attempt)
