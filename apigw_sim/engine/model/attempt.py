"""A call and its attempts: what a client knows of them, and how it waits and tries again."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Group, Send, Work
from apigw_sim.engine.model.clock import FOR_EVER, Journey, Wait
from apigw_sim.engine.order import ATTEMPT_STEP, CALL_STEP, Hop, Rank, priority
from apigw_sim.records import NULL, CallOutcome
from apigw_sim.rules import backoff, pick, reason

if TYPE_CHECKING:
    from apigw_sim.engine.model.backends import Job
    from apigw_sim.engine.model.caller import Caller
    from apigw_sim.plan.tables import Answer

RETRY = priority(Rank.RETRY)
TIMEOUT = priority(Rank.TIMEOUT)
OPEN = priority(Rank.OPEN)

SUCCEEDED, REFUSED, TIMED_OUT, *_ = map(int, CallOutcome)
THROTTLED = 429


Call = tuple[int, int, int, int, int, int]
"""What a client wants once: number, row of its calls, API key, resource, cache entry, Cache-Control: max-age=0."""


class Attempt(Journey):
    """One HTTP request of a call, on its way from the client through the gateway and back, and what becomes of it.

    Three lives hang on it: the caller's waiting (`limit`, `gone`), the gateway's (the journey itself) and the
    backend's work (a `Job`), which goes on if the other two have ended.
    """

    __slots__ = (
        "answers", "authorizer", "authorizer_ns", "body", "cache", "call", "caller", "delay", "executed", "flags", "gone", "id",
        "integration_ns", "integration_status", "limit", "notes", "number", "overhead", "paid", "previous", "probe", "reason",
        "refused_by", "response_bytes", "rtt", "started", "status", "tokens", "word", "work", "works",
    )  # fmt: skip

    # written only for those who need it, which most do not
    works: int
    """The row of plan.works whose laws `work` is drawn by; the gateway writes it when it admits the attempt."""
    paid: int
    """What the retry that it is, or that follows it, has cost of a retry quota; a `Process` writes it."""
    probe: bool
    """Whether a circuit breaker that is half open let it through; a `Process` writes it."""
    answers: tuple[Answer, ...]
    """By reason: what it is answered, where deployments differ in that; the gateway writes it when it meets one."""

    def __init__(
        self, caller: Caller, call: Call, number: int, send: Send, work: Work | None, previous: Attempt | None
    ) -> None:
        self.caller = caller
        self.call = call
        self.number = number
        self.rtt, self.body, self.overhead, self.word = send
        self.work = work
        """None until `draw`: a retry draws it when it gets as far as the cache or the backend."""
        self.previous = previous
        self.clock = clock = caller.clock
        self.id = caller.id + call[0] * CALL_STEP + number * ATTEMPT_STEP
        self.started: int = clock.now if previous is None else previous.started
        """When the call began."""
        self.limit = clock.now + caller.timeout if caller.timeout != NULL else FOR_EVER
        """The caller waits until then."""
        self.gone = False
        """Whether its answer will reach nobody."""
        self.executed = False
        """Whether backend work has begun for it."""
        self.delay = 0
        """The back-off after it."""
        self.notes: list[tuple[int, str]] | None = None
        """What `explain` tells; None unless somebody watches this attempt."""
        # the answer, as far as the gateway knows it
        self.reason = reason.OK
        self.status = 0
        self.response_bytes = 0
        self.refused_by = NULL
        self.tokens = NULL
        self.authorizer_ns = NULL
        self.integration_ns = NULL
        self.integration_status = NULL
        self.cache = 0
        self.authorizer = 0
        self.flags = 0
        self.steps = caller.gateway.journey(self)

    def draw(self) -> Work:
        """What it draws for the cache and the backend."""
        if self.work is None:
            self.work = self.caller.stream.work(self.call[0], self.number, self.works)
        return self.work

    def because(self, why: int, refused_by: int = NULL, tokens: int = NULL) -> None:
        """The gateway itself answers."""
        self.reason = why
        caller = self.caller
        answers = caller.answers if caller.settled else getattr(self, "answers", caller.answers)
        self.status, self.response_bytes, marks = answers[why]
        self.flags |= marks
        self.refused_by = refused_by
        self.tokens = tokens

    def passed_on(self, status: int, response_bytes: int) -> None:
        """The backend's own answer."""
        self.reason = reason.passed_on(status)
        self.status = status
        self.response_bytes = response_bytes

    def words(self, group: int, attempt: int | None = None) -> tuple[int, int, int, int]:
        """The four words of a group: its own, or the call's (`attempt` 0)."""
        return self.caller.stream.row(group, self.call[0], self.number if attempt is None else attempt)

    def content_type(self) -> int:
        """The bit of its content type; retries have the call's."""
        row = self.caller.client.calls[self.call[1]]
        if len(row.types) == 1:
            return 1 << row.types[0]
        return 1 << row.types[pick.choose(self.words(Group.REQUEST, 0)[2], row.type_thresholds)]

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
        caller = self.caller
        if self.notes is not None:
            self.notes.append((self.limit, "the client gives up waiting; the request goes on for nobody"))
        if caller.processes:
            caller.process(self).gave_up(self)
        elif caller.retry.client_timeout and self.number < caller.retry.attempts:
            caller.try_again(self, self.limit)
        else:
            caller.end(self, self.limit, NULL, TIMED_OUT)

    def watch_limit(self, job: Job) -> None:
        """The end of the job is not known yet: wake at the caller's limit, when it may have become known."""
        if self.limit < FOR_EVER and not self.gone:
            Journey(self.clock, self._lapse(job)).go()

    def _lapse(self, job: Job) -> Generator[Wait, None, None]:
        yield self.limit, TIMEOUT + self.id + Hop.CALLER
        if not self.gone and job.waiting and not job.detached:
            self.give_up()

    def answered(self) -> None:
        """The answer leaves the gateway for a caller who waits for it: it ends the call or tries again."""
        caller, status = self.caller, self.status
        received = self.clock.now + self.rtt - self.rtt // 2
        if self.notes is not None:
            self.notes.append((received, "the client has the answer"))
        if caller.processes:
            caller.process(self).answered(self, received)
        elif status < 400:
            caller.end(self, received, status, SUCCEEDED)
        elif status in caller.retry.statuses and self.number < caller.retry.attempts:
            caller.try_again(self, received)
        else:
            caller.end(self, received, status, REFUSED)

    def restart(self) -> None:
        """It is sent only now: its caller's limit counts from here."""
        caller = self.caller
        self.limit = self.clock.now + caller.timeout if caller.timeout != NULL else FOR_EVER

    def executed_before(self) -> bool:
        """Whether backend work has begun for an earlier attempt of the call."""
        earlier = self.previous
        while earlier is not None:
            if earlier.executed:
                return True
            earlier = earlier.previous
        return False

    def backoff(self) -> int:
        """How long the caller waits before it tries again."""
        retry = self.caller.retry
        previous = retry.base_ns if self.previous is None else self.previous.delay
        base = retry.base_ns
        if retry.base_throttled_ns != NULL and not self.gone and self.status == THROTTLED:
            base = retry.base_throttled_ns
        self.delay = backoff.delay(retry.jitter, base, retry.cap_ns, self.number - 1, previous, self.word)
        return self.delay
