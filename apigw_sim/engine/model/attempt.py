"""A call and its attempts: what a client knows of them, and how it waits and tries again."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Send, Work
from apigw_sim.engine.model.clock import FOR_EVER, Journey, Wait
from apigw_sim.engine.order import ATTEMPT_STEP, CALL_STEP, Hop, Rank, priority
from apigw_sim.records import NULL, CallOutcome
from apigw_sim.rules import backoff, reason

if TYPE_CHECKING:
    from apigw_sim.engine.model.backends import Job
    from apigw_sim.engine.model.caller import Caller

RETRY = priority(Rank.RETRY)
TIMEOUT = priority(Rank.TIMEOUT)
OPEN = priority(Rank.OPEN)

STATUS = tuple(row.status for row in reason.REASONS)
BODY_BYTES = tuple(row.body_bytes for row in reason.REASONS)


class Call:
    """What a client wants once, over all its attempts."""

    __slots__ = ("body", "caller", "delay", "entry", "executed", "key", "max_age_0", "number", "picked", "resource", "started")

    def __init__(
        self, caller: Caller, number: int, started: int, picked: int, key: int, resource: int, entry: int, max_age_0: int
    ) -> None:
        self.caller = caller
        self.number = number
        self.started = started
        self.picked = picked
        self.key = key
        self.resource = resource
        self.entry = entry
        self.max_age_0 = max_age_0
        self.body = NULL
        """Bytes of a replayed request; NULL: drawn for each attempt."""
        self.delay = 0
        """The last back-off."""
        self.executed = False
        """Whether backend work has begun for it."""


class Attempt(Journey):
    """One HTTP request of a call, on its way from the client through the gateway and back, and what becomes of it.

    Three lives hang on it: the caller's waiting (`limit`, `gone`), the gateway's (the journey itself) and the
    backend's work (`job`), which goes on if the other two have ended.
    """

    gone = False
    """Whether its answer will reach nobody."""
    job: Job | None = None
    notes: list[tuple[int, str]] | None = None
    """What `explain` tells; None unless somebody watches this attempt."""

    # the answer, as far as the gateway knows it
    reason = reason.OK
    status = 0
    response_bytes = 0
    refused_by = NULL
    tokens = NULL
    integration_ns = NULL
    integration_status = NULL
    cache = 0
    flags = 0

    def __init__(self, call: Call, number: int, send: Send, work: Work | None = None) -> None:
        caller = call.caller
        model = caller.model
        self.call = call
        self.number = number
        self.rtt, self.body, self.overhead, self.word = send
        self._work = work
        self.id = caller.id + call.number * CALL_STEP + number * ATTEMPT_STEP
        self.limit = model.clock.now + caller.timeout if caller.timeout != NULL else FOR_EVER
        """The caller waits until then."""
        self.clock = model.clock
        self.steps = model.gateway.journey(self)
        if model.watch is not None and model.watch == (caller.number, call.number, number):
            self.notes = []

    @property
    def work(self) -> Work:
        """What it draws for the cache and the backend; drawn when it gets there."""
        if self._work is None:
            call = self.call
            self._work = call.caller.stream.work(call.number, self.number, call.picked)
        return self._work

    def because(self, why: int, refused_by: int = NULL, tokens: int = NULL) -> None:
        """The gateway itself answers."""
        self.reason = why
        self.status = STATUS[why]
        self.response_bytes = BODY_BYTES[why]
        self.refused_by = refused_by
        self.tokens = tokens

    def passed_on(self, status: int, response_bytes: int) -> None:
        """The backend's own answer."""
        self.reason = reason.passed_on(status)
        self.status = status
        self.response_bytes = response_bytes

    def note(self, text: str) -> None:
        """Tell the watcher what happens now."""
        if self.notes is not None:
            self.notes.append((self.clock.now, text))

    def will_answer(self, instant: int) -> None:
        """The gateway will answer at `instant`: the caller who cannot have it within its limit gives up at the limit."""
        rtt = self.rtt
        if not self.gone and instant + rtt - rtt // 2 > self.limit:
            self.give_up()

    def give_up(self) -> None:
        """The caller stops waiting at its limit; the gateway and the backend know nothing of it."""
        self.gone = True
        call = self.call
        caller = call.caller
        if self.notes is not None:
            self.notes.append((self.limit, "the client gives up waiting; the request goes on for nobody"))
        if caller.retry.client_timeout and self.number < caller.retry.attempts:
            caller.try_again(self, self.limit)
        else:
            caller.end(call, self.number, self.limit, NULL, CallOutcome.TIMED_OUT)

    def watch_limit(self) -> None:
        """The end is not known yet: wake at the caller's limit, when it may have become known."""
        if self.limit < FOR_EVER and not self.gone:
            Journey(self.clock, self._lapse()).go()

    def _lapse(self) -> Generator[Wait, None, None]:
        yield self.limit, TIMEOUT + self.id + Hop.CALLER
        if not self.gone and self.job is not None and self.job.waiting:
            self.give_up()

    def answered(self) -> None:
        """The answer leaves the gateway for a caller who waits for it: it ends the call or tries again."""
        call, status = self.call, self.status
        caller = call.caller
        retry = caller.retry
        received = self.clock.now + self.rtt - self.rtt // 2
        if self.notes is not None:
            self.notes.append((received, "the client has the answer"))
        if self.number < retry.attempts and status in retry.statuses:
            caller.try_again(self, received)
        else:
            outcome = CallOutcome.SUCCEEDED if status < 400 else CallOutcome.REFUSED
            caller.end(call, self.number, received, status, outcome)

    def backoff(self) -> int:
        """How long the caller waits before it tries again."""
        call = self.call
        retry = call.caller.retry
        previous = call.delay if self.number > 1 else retry.base_ns
        call.delay = backoff.delay(retry.jitter, retry.base_ns, retry.cap_ns, self.number - 1, previous, self.word)
        return call.delay
