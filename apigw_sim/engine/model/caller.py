"""An open-loop client: it starts calls when its draws say so, whatever becomes of the earlier ones."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Stream, Work
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
        self.timeout = client.timeout_ns
        self.retry = client.retry
        self.replays = not isinstance(client.arrivals, Rated) and client.arrivals.request_bytes is not None
        Journey(model.clock, self.calls()).go()

    def calls(self) -> Generator[Wait, None, None]:
        """Every call of the run, at its instant."""
        model, replays = self.model, self.replays
        for block in self.stream.blocks():
            rows = zip(
                block.at, block.pick, block.api_key, block.resource, block.entry, block.max_age_0,
                zip(*block.work, strict=True), strict=True,
            )  # fmt: skip
            for number, (at, picked, key, resource, entry, max_age_0, work) in enumerate(rows, block.first):
                yield at, OPEN + self.id + number * CALL_STEP
                call = Call(self, number, model.clock.now, picked, key, resource, entry, max_age_0)
                if replays:
                    call.body = work[1]
                model.send(Attempt(call, 1, Work._make(work)))

    def try_again(self, attempt: Attempt, since: int) -> None:
        """Send the call once more, after a back-off that begins at `since`."""
        number = attempt.number + 1
        at = since + attempt.backoff()
        Journey(self.model.clock, self._retry(attempt.call, number, at)).go()

    def _retry(self, call: Call, number: int, at: int) -> Generator[Wait, None, None]:
        yield at, RETRY + self.id + call.number * CALL_STEP + number * ATTEMPT_STEP
        work = self.stream.work(call.number, number, call.picked)
        if call.body >= 0:
            work = work._replace(body=call.body)
        self.model.send(Attempt(call, number, work))

    def end(self, call: Call, attempts: int, at: int, status: int, outcome: CallOutcome) -> None:
        """The call is over for its client."""
        self.model.calls.write(
            self.number, 0, call.number, call.picked, call.started, at, attempts, status, outcome
        )
