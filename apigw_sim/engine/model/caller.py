"""An open-loop client: it starts calls when its draws say so, whatever becomes of the earlier ones."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Stream
from apigw_sim.engine.model.attempt import OPEN, RETRY, Attempt, Call
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.order import ATTEMPT_STEP, CALL_STEP, identity
from apigw_sim.plan.tables import Client, Rated
from apigw_sim.records import CallOutcome

if TYPE_CHECKING:
    from apigw_sim.engine.model.model import Model


class Caller:
    """A client of the plan at work."""

    def __init__(self, model: Model, number: int, client: Client, stream: Stream) -> None:
        self.model = model
        self.number = number
        self.client = client
        self.stream = stream
        self.id = identity(number, 0, 0, 0)
        self.stage = client.stage
        self.methods = [call.method for call in client.calls]
        self.timeout = client.timeout_ns
        self.retry = client.retry
        self.replays = not isinstance(client.arrivals, Rated) and client.arrivals.request_bytes is not None
        Journey(model.clock, self.calls()).go()

    def calls(self) -> Generator[Wait, None, None]:
        """Every call of the run, at its instant."""
        model, replays = self.model, self.replays
        for block in self.stream.blocks():
            model.spill()
            rows = zip(
                block.at, block.pick, block.api_key, block.resource, block.entry, block.max_age_0,
                block.send, block.work, strict=True,
            )  # fmt: skip
            for number, (at, picked, key, resource, entry, max_age_0, send, work) in enumerate(rows, block.first):
                yield at, OPEN + self.id + number * CALL_STEP
                call = Call(self, number, model.clock.now, picked, key, resource, entry, max_age_0)
                if replays:
                    call.body = send[1]
                Attempt(call, 1, send, work).go()

    def try_again(self, attempt: Attempt, since: int) -> None:
        """Send the call once more, after a back-off that begins at `since`."""
        number = attempt.number + 1
        at = since + attempt.backoff()
        if attempt.notes is not None:
            attempt.notes.append((at, f"after a back-off of {(at - since) / 1e6:g} ms the client sends attempt {number}"))
        Journey(self.model.clock, self._retry(attempt.call, number, at)).go()

    def _retry(self, call: Call, number: int, at: int) -> Generator[Wait, None, None]:
        yield at, RETRY + self.id + call.number * CALL_STEP + number * ATTEMPT_STEP
        send = self.stream.send(call.number, number, call.picked)
        if call.body >= 0:
            send = (send[0], call.body, *send[2:])
        Attempt(call, number, send).go()

    def end(self, call: Call, attempts: int, at: int, status: int, outcome: CallOutcome) -> None:
        """The call is over for its client."""
        calls = self.model.calls
        calls.write(
            calls.pack(self.number, 0, call.number, call.picked, call.started, at, attempts, status, outcome)
        )
