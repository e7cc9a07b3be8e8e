"""Lambda's own queues of events: asynchronous invocations that are tried until one goes well or they are given up.

An event is in its queue from the instant at which Lambda has it, and is tried at once.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from apigw_sim.draws import CRASH, Group
from apigw_sim.engine.model.backends import DONE, Job
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.model.functions import Function, drawn
from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.engine.order import Hop, Rank, priority
from apigw_sim.plan.events import Events as Said
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.records import Outcome, Source
from apigw_sim.rules import event_queue, pick

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.model import Method, Model

TIMER = priority(Rank.TIMER)
NOT_TAKEN = (Outcome.OUTAGE, Outcome.TOO_LARGE)
FAILED = (Outcome.CRASH, Outcome.TIMEOUT)


class Retry(Job):
    """An event that is tried again; until its function has failed it, by the attempt's own draws. Nobody reads its answer."""

    source = int(Source.EVENT_QUEUE)

    def __init__(self, attempt: Attempt, method: Method, now: int, errors: int) -> None:
        super().__init__(attempt, method.row, now)
        self.errors = errors
        self.function: Any = method.backend if method.alias is None else method.alias.version(self)

    def words(self, group: Group) -> tuple[int, int, int, int]:
        """The four words of a group, by how often its function has failed it."""
        return self.attempt.words(group + self.errors - 1)

    def drawn(self) -> tuple[int, int]:
        """Its duration, and whether it crashes."""
        of = self.attempt.caller.stream.plan.works[self.function.number + self.method.context]
        if self.errors:
            word, crash, _, _ = self.words(Group.EVENT_RETRY)
            duration = drawn(of.duration, word)
        else:
            _, duration, _, _, _ = self.attempt.draw()
            crash = self.attempt.words(Group.OUTCOME)[0]
        return duration, CRASH if pick.happens(crash, of.crash) else 200

    def birth(self) -> tuple[int, int, int, int]:
        """The words of the environment that it causes."""
        return self.words(Group.EVENT_BIRTH) if self.errors else super().birth()

    def fault_word(self) -> int:
        """The word that says whether a fault makes it fail."""
        return self.words(Group.EVENT_RETRY)[2] if self.errors else super().fault_word()

    def query_word(self) -> int:
        """The word for its query of a database."""
        return self.attempt.words(Group.QUERY + self.errors)[0]

    def run(self) -> None:
        """Work begins: a repetition if the function has begun with the event, or with an earlier attempt of the call."""
        super().run()
        self.repeated = self.repeated or self.errors > 0


class Events:
    """The queue of a function's events."""

    def __init__(self, number: int, said: Said, model: Model) -> None:
        self.said = said
        self.clock = model.clock
        self.dead = None if said.on_failure == NULL else model.queue(said.on_failure)
        """The queue that gets what is given up."""
        self.there, self.received, self.retried, self.expired, self.failed = (
            Gauge(model.gauges, model.plan.gauge(GaugeKind(kind), number))
            for kind in range(GaugeKind.EVENTS, GaugeKind.EVENT_AGE)
        )
        self.age, self.ages = (
            Gauge(model.gauges, model.plan.gauge(kind, number), integral=False)
            for kind in (GaugeKind.EVENT_AGE, GaugeKind.EVENT_AGES)
        )

    def take(self, job: Job, method: Method, function: Function) -> None:
        """Lambda has been asked, now, and has tried the event once; what it took is in the queue."""
        if job.outcome not in NOT_TAKEN:
            self.received.move(1)
            self.there.move(1)
            Journey(self.clock, self._keep(job, method, function)).go()

    def _keep(self, job: Job, method: Method, function: Function) -> Generator[Wait, None, None]:
        """An event until it is over."""
        attempt, clock, received = job.attempt, self.clock, self.clock.now
        wait = errors = 0
        while True:
            if job.duration != NULL:
                yield job.end, DONE + attempt.id + Hop.WORK
                function.done(job)
                if job.outcome not in FAILED:
                    break
                errors += 1
                if errors > self.said.retries:
                    self._give_up(attempt, self.failed, f"failed {errors} times")
                    break
                again = clock.now + event_queue.after_errors(errors)
            elif job.outcome is Outcome.THROTTLED_RESERVED and function.reserved == 0:
                self._give_up(attempt, self.failed, "no concurrency at all")
                break
            else:
                wait = event_queue.longer(wait)
                again = clock.now + wait
            attempt.note(
                f"the event waits in Lambda's queue and is tried again after {(again - clock.now) / 1e9:g} s"
            )
            at = event_queue.comes(received, self.said.most_age_ns, again, clock.now)
            yield at, TIMER + attempt.id + Hop.WORK
            if at < again:
                self._give_up(attempt, self.expired, f"older than {self.said.most_age_ns / 1e9:g} s")
                break
            self._retried(clock.now - received)
            job = Retry(attempt, method, clock.now, errors)
            function = job.function
            function.arrive(job)
        self.there.move(-1)

    def _retried(self, age: int) -> None:
        self.retried.move(1)
        self.age.move(age)
        self.age.move(-age)
        self.ages.move(age // 1000)

    def _give_up(self, attempt: Attempt, why: Gauge, text: str) -> None:
        why.move(1)
        if self.dead is None:
            attempt.note(f"the event is lost: {text}")
            return
        attempt.note(f"the event goes to {self.dead.row.name}: {text}")
        self.dead.take()
