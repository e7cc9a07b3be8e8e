"""What stands behind integrations: a piece of work, and an HTTP backend with its queue. Lambda has a file of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol

from apigw_sim.draws import Group
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.order import Hop, Rank, priority
from apigw_sim.plan import tables
from apigw_sim.records import NULL, Outcome, Source
from apigw_sim.rules import pick

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.functions import Environment
    from apigw_sim.engine.model.gauges import Gauge
    from apigw_sim.engine.model.recorder import Recorder

DONE = priority(Rank.DONE)
OK = Outcome.OK
SENT_WELL = 400
"""What is sent to a queue or a stream is there if the answer's status is below it."""


class Job:
    """A piece of backend work for an attempt: waiting in a queue, running until `end`, or over."""

    source = int(Source.INTEGRATION)

    __slots__ = ("alias", "arrived", "asynchronous", "attempt", "detached", "duration", "end", "environment", "init", "method",
                 "outcome", "provisioning", "queued", "refused_by", "repeated", "status", "waiting")  # fmt: skip

    def __init__(self, attempt: Attempt, method: tables.Method, arrived: int) -> None:
        self.attempt = attempt
        self.method = method
        self.arrived = arrived
        self.waiting = False
        self.detached = False
        """Whether the gateway has stopped waiting for it."""
        self.asynchronous = method.asynchronous
        """Whether it never waits: an Event."""
        self.queued = 0
        self.provisioning = 0
        self.init = NULL
        self.duration = NULL
        self.end = arrived
        self.environment: Environment | None = None
        self.outcome = OK
        self.status = NULL
        self.refused_by = NULL
        self.repeated = False
        self.alias = NULL
        """Row of plan.aliases by which it was invoked."""

    @property
    def idempotent(self) -> bool:
        """Whether the client may safely repeat what it is done for."""
        return self.attempt.caller.idempotent[self.attempt.call[1]]

    def drawn(self) -> tuple[int, int]:
        """Its duration, and its status (or CRASH or MALFORMED)."""
        _, duration, _, _, status = self.attempt.draw()
        return duration, status

    def birth(self) -> tuple[int, int, int, int]:
        """The words of the environment that it causes."""
        return self.attempt.words(Group.BIRTH)

    def fault_word(self) -> int:
        """The word that says whether a fault makes it fail."""
        return self.attempt.words(Group.OUTCOME)[3]

    def query_word(self) -> int:
        """The word for its query of a database."""
        return self.attempt.words(Group.QUERY)[0]

    def too_large(self) -> bool:
        """Whether its body is above what an invocation takes; three bytes are four in base64."""
        method, attempt = self.method, self.attempt
        in_base64 = method.binary_types and attempt.content_type() & method.binary_types
        return attempt.body > (method.largest_binary if in_base64 else method.largest_body)

    def run(self) -> None:
        """Work begins: a repetition if it had begun for an earlier attempt of the call."""
        attempt = self.attempt
        attempt.executed = True
        if attempt.previous is not None:
            self.repeated = attempt.executed_before()


class Fault:
    """What the timeline does to a backend; it acts on jobs that start while it lasts."""

    loaded = False

    __slots__ = ("active", "errors", "outage", "slow")

    def __init__(self) -> None:
        self.active = False
        self.slow = 1000
        """Thousandths: durations are multiplied by it."""
        self.errors = 0
        """Threshold word: share that fails."""
        self.outage = False

    def stretch(self, duration: int) -> int:
        """A duration under the fault."""
        return duration if self.slow == 1000 else duration * self.slow // 1000

    def told(self) -> str:
        """How it stretches durations, for people."""
        return "" if self.slow == 1000 else f" (a fault makes it {self.slow / 1000:g} times as long)"

    def fails(self, job: Job) -> bool:
        """Whether the fault makes this work fail."""
        return self.errors > 0 and pick.happens(job.fault_word(), self.errors)


class Load(Fault):
    """A fault of a server whose times grow with its own load: that is always there."""

    loaded = True

    __slots__ = ("busy", "times")

    def __init__(self, busy: Gauge, times: tuple[int, ...]) -> None:
        super().__init__()
        self.active = True
        self.busy = busy
        self.times = times

    def stretch(self, duration: int) -> int:
        """A duration under load and fault; who starts is busy already."""
        return super().stretch(duration * self.times[self.busy.level] // 1000)

    def told(self) -> str:
        """How it stretches durations, for people."""
        return f" (its load makes it {self.times[self.busy.level] / 1000:g} times as long){super().told()}"


class Backend(Protocol):
    """What the gateway asks of a backend. A backend of one's own would be a third class of this form."""

    number: int
    fault: Fault

    def arrive(self, job: Job) -> None:
        """A request arrives, now: refuse it (an `outcome` that did not run), begin it (`end`), or let it wait (`waiting`)."""

    def done(self, job: Job) -> None:
        """The work has ended, now: what it held is free."""


def detach(backend: Backend, job: Job) -> None:
    """Let a running job end by itself: nobody waits for it any more."""

    def work() -> Generator[Wait, None, None]:
        yield job.end, DONE + job.attempt.id + Hop.WORK
        backend.done(job)

    Journey(job.attempt.clock, work()).go()


def record(recorder: Recorder, number: int, job: Job) -> None:
    """The row of a job that has ended or was refused."""
    attempt = job.attempt
    recorder.write(recorder.pack(
        number, job.source, attempt.caller.number, attempt.caller.user, attempt.call[0], attempt.number,
        NULL if job.environment is None else job.environment.number,
        job.arrived, job.queued, job.provisioning, job.init, job.duration, job.outcome, job.status, job.refused_by,
        (job.detached or attempt.gone) and not job.asynchronous, job.repeated, job.idempotent, job.alias,
    ))  # fmt: skip


class Http:
    """An HTTP backend: so many requests at once, a bounded queue, its own 503 when that is full."""

    def __init__(self, number: int, row: tables.Backend, busy: Gauge, queue: Gauge, jobs: Recorder) -> None:
        self.number = number
        self.row = row
        self.concurrency = row.concurrency
        self.busy = busy
        self.queue_gauge = queue
        self.queue: deque[Job] = deque()
        self.next = self.queue.pop if row.lifo else self.queue.popleft
        self.jobs = jobs
        self.fault = Load(busy, row.stretch) if row.stretch else Fault()

    def arrive(self, job: Job) -> None:
        """A request arrives, now."""
        row, attempt = self.row, job.attempt
        if self.fault.outage:
            self._fail(job)
        elif self.concurrency == NULL or self.busy.level < self.concurrency:
            self._start(job)
        elif len(self.queue) < row.queue:
            job.waiting = True
            self.queue.append(job)
            self.queue_gauge.move(1)
            attempt.note(
                f"backend {row.name}: all {self.concurrency} busy, waits as number {len(self.queue)}"
            )
        else:
            job.outcome = Outcome.QUEUE_FULL
            job.status = 503
            job.refused_by = row.capacity_limit
            attempt.note(
                f"backend {row.name}: all {self.concurrency} busy and the queue is full: its own 503"
            )
            self._over(job)

    def _start(self, job: Job) -> None:
        attempt = job.attempt
        _, duration, _, _, status = attempt.draw()
        now = attempt.clock.now
        job.run()
        self.busy.move(1)
        job.queued = now - job.arrived
        fault = self.fault
        job.duration = fault.stretch(duration) if fault.active else duration
        job.end = now + job.duration
        job.status = 503 if fault.active and fault.fails(job) else status
        if attempt.notes is not None:
            most = "" if self.concurrency == NULL else f" of {self.concurrency}"
            attempt.note(
                f"backend {self.row.name}: works {job.duration / 1e6:g} ms{self.fault.told()}, "
                f"{self.busy.level}{most} at once"
            )

    def done(self, job: Job) -> None:
        """A place is free: the first in the queue begins."""
        self.busy.move(-1)
        self._over(job)
        self._let_in()

    def serves(self, concurrency: int) -> None:
        """So many are served at once from now on; who is served already stays."""
        self.concurrency = concurrency
        self._let_in()

    def _let_in(self) -> None:
        while self.queue and self.busy.level < self.concurrency:
            after = self.next()
            self.queue_gauge.move(-1)
            after.waiting = False
            if self.fault.outage:
                self._fail(after)
            else:
                self._start(after)
            if not after.detached:
                after.attempt.go()
            elif after.duration != NULL:
                detach(self, after)

    def _fail(self, job: Job) -> None:
        job.outcome = Outcome.OUTAGE
        job.attempt.note(f"backend {self.row.name}: outage")
        job.queued = job.attempt.clock.now - job.arrived
        self._over(job)

    def _over(self, job: Job) -> None:
        record(self.jobs, self.number, job)
