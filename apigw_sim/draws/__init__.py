"""Every random number of a run: a pure function of (seed, replication, stream, user, call, attempt, purpose).

A refusal shifts nothing that follows, a change of rate scales the same gaps, and two scenarios on one seed share
their randomness call by call. Blocks made in bulk are only a cache of what `Stream.row` gives one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, MALFORMED, REFUSES, Group
from apigw_sim.draws.stream import CallBlock, Send, Work
from apigw_sim.draws.stream import Stream as Stream
from apigw_sim.plan.tables import Plan

if TYPE_CHECKING:
    from apigw_sim.draws.philox import Key

__all__ = ["CRASH", "MALFORMED", "REFUSES", "CallBlock", "Draws", "Group", "Send", "Stream", "Work", "draw"]


class Draws:
    """All randomness of one replication of a plan."""

    def __init__(self, plan: Plan, seed: int, replication: int = 0) -> None:
        self.plan = plan
        self.seed = seed
        self.replication = replication

    def client(self, number: int) -> Stream:
        """The stream of a client, keyed by its name: a change to one client does not disturb the others."""
        return Stream(self.plan, number, self.seed, self.replication)

    def queue(self, backend: int) -> Key:
        """The key of the stream of a queue's batches."""
        from apigw_sim.draws.philox import key

        return key(self.seed, self.replication, "queue", self.plan.backends[backend].name)

    def environment(self, backend: int, ordinal: int) -> int:
        """The word for the lifetime of a function's `ordinal`-th initial environment."""
        from apigw_sim.draws.philox import key, row

        stream = key(self.seed, self.replication, "function", self.plan.backends[backend].name)
        return row(stream, ordinal, 0, 0, Group.BIRTH)[2]


def draw(plan: Plan, seed: int, replication: int = 0) -> Draws:
    """All randomness of one replication; nothing is drawn before it is asked for."""
    return Draws(plan, seed, replication)
