"""SQS FIFO queues: a rate of their own, and order within message groups, of each of which one batch is under way at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from apigw_sim.draws import Group
from apigw_sim.draws.stream import numbered_one
from apigw_sim.engine.model.queues import Message, Queue
from apigw_sim.engine.model.services import Taking

if TYPE_CHECKING:
    from apigw_sim.draws import Draws
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.model import Model
    from apigw_sim.engine.model.recorder import Recorder
    from apigw_sim.plan import tables


class Messages:
    """A message group: those that wait, and whether a batch of it is under way."""

    def __init__(self) -> None:
        self.waiting: deque[Message] = deque()
        self.busy = False


class FifoQueue(Queue, Taking):
    """A FIFO queue: what its rate allows becomes a message, as of a service, and its mapping reads group by group."""

    def __init__(self, number: int, row: tables.Backend, model: Model, draws: Draws, jobs: Recorder) -> None:
        super().__init__(number, row, model, draws, jobs)
        self.offers(row, model.buckets[row.rate_bucket])
        self.groups: defaultdict[int, Messages] = defaultdict(Messages)
        self.ready: deque[Messages] = deque()
        """Groups with messages of which none is under way, in the order in which that became so."""

    def group_of(self, attempt: Attempt) -> int:
        """The message group of a call; retries have the same."""
        assert self.said.groups is not None
        return numbered_one(self.said.groups, attempt.words(Group.PARTITION, 0)[0])

    def stand(self, message: Message) -> None:
        """A message can be received, after those of its group."""
        self.visible.move(1)
        group = self.groups[message.group]
        group.waiting.append(message)
        if len(group.waiting) == 1 and not group.busy:
            self.ready.append(group)

    def done_with(self, messages: list[Message]) -> None:
        """The messages of a batch are deleted: the next ones of its group may be read."""
        group = self.groups[messages[0].group]
        group.busy = False
        if group.waiting:
            self.ready.append(group)

    def again(self, messages: list[Message]) -> None:
        """The messages of a batch that failed are the first ones of their group again."""
        self.visible.move(len(messages))
        group = self.groups[messages[0].group]
        group.waiting.extendleft(reversed(messages))
        group.busy = False
        self.ready.append(group)

    def waits(self) -> bool:
        """Whether something may be read."""
        return bool(self.ready)

    def _receive(self, now: int) -> list[Message]:
        """Up to a batch of messages of one group: of the one that has been ready the longest."""
        while self.ready:
            group = self.ready.popleft()
            if found := self.read(group.waiting, now):
                group.busy = True
                return found
        return []
