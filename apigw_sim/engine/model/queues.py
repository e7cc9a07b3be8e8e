"""SQS queues behind integrations, and the event source mappings that have Lambda functions work them off.

A message is in the queue from the instant at which SQS has the request. A batch hides its messages until its function
has ended well, and they are deleted, or until their visibility timeout has passed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.draws import CRASH, Group
from apigw_sim.draws.philox import Key, row
from apigw_sim.engine.model.backends import DONE, OK, SENT_WELL, Http, Job
from apigw_sim.engine.model.clock import Clock, Journey, Wait
from apigw_sim.engine.model.functions import Function, drawn
from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.engine.model.recorder import Recorder
from apigw_sim.engine.order import Hop, Rank, identity, priority
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.records import Outcome, Source
from apigw_sim.rules import event_source, pick
from apigw_sim.units import MINUTE

if TYPE_CHECKING:
    from apigw_sim.draws import Draws
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.model import Model

TIMER = priority(Rank.TIMER)


class Sender(NamedTuple):
    """Stands where a batch's caller would: it has none."""

    number: int = NULL
    user: int = 0


class Unmapped(NamedTuple):
    """Stands where a batch's method would."""

    asynchronous: bool = False
    largest_binary: int = 0


class Delivery:
    """Stands where a batch's attempt would: nobody waits for an answer."""

    caller = Sender()
    number = 0
    body = 0
    gone = False
    notes = None

    def __init__(self, call: int, identity: int) -> None:
        self.call = (call,)
        self.id = identity

    def note(self, text: str) -> None:
        """Nobody watches."""


class Message:
    """A message: when it was sent, and how often it has been received."""

    __slots__ = ("group", "number", "received", "sent")

    def __init__(self, number: int, sent: int, group: int) -> None:
        self.number = number
        self.sent = sent
        self.group = group
        """Its message group, of a FIFO queue."""
        self.received = 0


class Batch(Job):
    """Messages on their way to the function; offered to it anew, it is another job with the same draws."""

    source = int(Source.EVENT_SOURCE)
    idempotent = True

    def __init__(self, queue: Queue, number: int, identity: int, messages: list[Message], now: int) -> None:
        super().__init__(Delivery(number, identity), Unmapped(), now)  # type: ignore[arg-type]
        self.queue = queue
        self.messages = messages
        self.received = now

    def words(self, group: Group) -> tuple[int, int, int, int]:
        """The four words of a group."""
        return row(self.queue.key, self.attempt.call[0], 0, 0, group)

    def drawn(self) -> tuple[int, int]:
        """Its duration, and whether it crashes; what it answers nobody reads."""
        function = self.queue.function.row
        duration, crash, _, _ = self.words(Group.EVENT_SOURCE)
        lasts = drawn(function.duration, duration) + len(self.messages) * self.queue.said.per_message_ns
        return lasts, CRASH if pick.happens(crash, function.crash) else 200

    def birth(self) -> tuple[int, int, int, int]:
        """The words of the environment that it causes."""
        return self.words(Group.AUTHORIZER_BIRTH)

    def fault_word(self) -> int:
        """The word that says whether a fault makes it fail."""
        return self.words(Group.EVENT_SOURCE)[2]

    def query_word(self) -> int:
        """The word for its query of a database."""
        return self.words(Group.QUERY)[0]

    def run(self) -> None:
        """It begins."""


class Queue(Http):
    """An SQS standard queue: it takes every message, and its mapping reads batches, so many at once."""

    function: Function

    def __init__(self, number: int, row: tables.Backend, model: Model, draws: Draws, jobs: Recorder) -> None:
        gauges, plan = model.gauges, model.plan
        busy, waiting = (
            Gauge(gauges, plan.gauge(kind, number)) for kind in (GaugeKind.BUSY, GaugeKind.QUEUE)
        )
        super().__init__(number, row, busy, waiting, jobs)
        assert row.sqs is not None
        self.said = row.sqs
        self.clock: Clock = model.clock
        self.key: Key = draws.queue(number)
        place = plan.queues.index(number)
        self.me = len(plan.clients) + place
        """Its events are ordered behind those of all clients."""
        self.visible, self.hidden, self.sent, self.received, self.deleted, self.dead, self.expired = (
            Gauge(gauges, plan.gauge(GaugeKind(kind), place))
            for kind in range(GaugeKind.VISIBLE, GaugeKind.OLDEST)
        )
        self.oldest, self.emptied = (
            Gauge(gauges, plan.gauge(kind, place), integral=False)
            for kind in (GaugeKind.OLDEST, GaugeKind.EMPTIED)
        )
        self.kept: dict[int, Message] = {}
        """All messages by number, the oldest first."""
        self.waiting: deque[Message] = deque()
        """Those that can be received, in the order in which that became so."""
        self.empty_since = 0
        self.batches = 0
        self.under_way = 0
        self.at_once = self.said.at_once
        self.polling = False
        self.due = 0
        """Until when messages are gathered for a batch; 0: they are not."""
        self.gathering = False
        """Whether an event waits for that, or for an earlier window that a full batch has ended."""
        self.widening = False
        if self.said.function != NULL:
            self.function = model.functions[self.said.function]

    def arrive(self, job: Job) -> None:
        """A request arrives, now: its message is there."""
        super().arrive(job)
        if job.outcome is OK and job.status < SENT_WELL:
            self.take(self.group_of(job.attempt))
            job.attempt.note(
                f"queue {self.row.name}: has the message, as one of {self.visible.level:,} that wait"
            )

    def group_of(self, _attempt: Attempt) -> int:
        """The message group of a call; a standard queue has none."""
        return 0

    def take(self, group: int = 0) -> None:
        """A message is there, now."""
        message = Message(self.sent.level, self.clock.now, group)
        self.sent.move(1)
        self.kept[message.number] = message
        self.stand(message)
        self._look()

    def stand(self, message: Message) -> None:
        """A message can be received, after those that can be already."""
        self.visible.move(1)
        self.waiting.append(message)

    # the mapping

    def waits(self) -> bool:
        """Whether something may be read."""
        return bool(self.waiting)

    def _look(self) -> None:
        """Let a batch be read, now, if messages wait and one more may be under way; else let there be more of them."""
        now = self.clock.now
        if not self.waits() or self.polling or self.said.function == NULL:
            return
        if self.under_way < self.at_once:
            if self.said.window_ns and self.visible.level < self.said.batch:
                self._gather(now)
                return
            self.polling = True
            Journey(self.clock, self._poll(now)).go()
        elif self.at_once < self.said.most and not self.widening:
            self.widening = True
            Journey(self.clock, self._widen(now + MINUTE)).go()

    def _gather(self, now: int) -> None:
        """Wait for more messages, from the first one on for as long as the window is."""
        if not self.due:
            self.due = now + self.said.window_ns
        if not self.gathering:
            self.gathering = True
            Journey(self.clock, self._close_window()).go()

    def _close_window(self) -> Generator[Wait, None, None]:
        while self.due > self.clock.now:
            yield self.due, TIMER + identity(self.me, 0, 0, 0, Hop.CALLER)
        self.gathering = False
        if self.due:
            self._read()

    def _poll(self, now: int) -> Generator[Wait, None, None]:
        yield now, TIMER + identity(self.me, 0, 0, 0)
        self.polling = False
        self._read()

    def _read(self) -> None:
        """Have a batch read, if one more may be under way."""
        now = self.clock.now
        self.due = 0
        if self.under_way < self.at_once and self.hidden.level + self.said.batch <= self.said.most_hidden:
            messages = self._receive(now)
            if messages:
                self.under_way += 1
                self.batches += 1
                Journey(self.clock, self._deliver(self.batches, messages, now)).go()
            self._look()

    def _widen(self, at: int) -> Generator[Wait, None, None]:
        yield at, TIMER + identity(self.me, 0, 0, 0, Hop.WORK)
        self.widening = False
        if self.waits() and self.under_way >= self.at_once:
            self.at_once = event_source.widened(self.at_once, self.said.step, self.said.most)
        self._look()

    def _receive(self, now: int) -> list[Message]:
        """Up to a batch of messages."""
        return self.read(self.waiting, now)

    def read(self, waiting: deque[Message], now: int) -> list[Message]:
        """Up to a batch of those that wait; who are too old or were received too often go another way."""
        found: list[Message] = []
        while waiting and len(found) < self.said.batch:
            message = waiting.popleft()
            self.visible.move(-1)
            if now - message.sent > self.said.retention_ns:
                self._gone(message, self.expired)
            elif event_source.is_dead(message.received, self.said.most_receives):
                self._gone(message, self.dead)
            else:
                message.received += 1
                self.received.move(1)
                self.hidden.move(1)
                found.append(message)
        return found

    def _gone(self, message: Message, where: Gauge) -> None:
        """A message has left the queue."""
        where.move(1)
        del self.kept[message.number]
        if not self.kept:
            self.empty_since = self.clock.now

    def _deliver(self, number: int, messages: list[Message], received: int) -> Generator[Wait, None, None]:
        """A batch: the function has it, or Lambda refuses and gets it again, until its messages are visible again."""
        said, clock, me = self.said, self.clock, identity(self.me, 0, number, 0)
        yield received, TIMER + me
        while True:
            job = Batch(self, number, me, messages, clock.now)
            self.function.arrive(job)
            if job.duration != NULL:
                yield job.end, DONE + me
                self.function.done(job)
                break
            again = clock.now + said.backoff_ns
            if not event_source.may_retry(received, said.visibility_ns, again):
                break
            yield again, TIMER + me
        self.under_way -= 1
        if job.duration != NULL and job.outcome not in (Outcome.CRASH, Outcome.TIMEOUT):
            for message in messages:
                self.hidden.move(-1)
                self._gone(message, self.deleted)
            self.done_with(messages)
        self._look()
        if messages[0].number in self.kept:
            yield event_source.visible_again(received, said.visibility_ns, clock.now), TIMER + me
            self.hidden.move(-len(messages))
            self.again(messages)
            self._look()

    def done_with(self, messages: list[Message]) -> None:
        """The messages of a batch are deleted."""

    def again(self, messages: list[Message]) -> None:
        """The messages of a batch that failed can be received again."""
        for message in messages:
            self.stand(message)

    def tick(self, at: int) -> None:
        """What is known at ticks alone."""
        age = at - next(iter(self.kept.values())).sent if self.kept else 0
        for gauge, figure in ((self.oldest, age), (self.emptied, self.empty_since)):
            if gauge.level != figure:
                gauge.move(figure - gauge.level)
