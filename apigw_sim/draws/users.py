"""The draws of one closed-loop user, a call at a time: what it will do next depends on what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apigw_sim.draws import philox
from apigw_sim.draws.groups import Group
from apigw_sim.draws.stream import Stream
from apigw_sim.rules import pick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Users

    Ints = NDArray[np.int64]


class Next(NamedTuple):
    """What a user does after a call."""

    step: int
    """The next call's place in its session; 0 where a new one begins, or where there are none."""
    wait: int
    """ns from the end of the call to the next one."""


class UserStream(Stream):
    """The draws of one user of a client: its client's, at a counter that holds the user's number."""

    def __init__(self, client: Stream, user: int) -> None:
        self.__dict__.update(client.__dict__)  # laws and tables are the client's
        self.client_stream = client
        self.user = user

    def row(self, group: int, call: int, attempt: int) -> philox.Row:
        """The four words of a group."""
        return philox.row(self.key, call, attempt, self.user, group)

    def identity(self, call: int) -> int:  # noqa: ARG002
        """A user stays who it is."""
        return self.row(Group.IDENTITY, 0, 0)[0]

    def standing(self, identity: int) -> philox.Row:
        """Identities are the client's, whoever of its users has them."""
        return self.client_stream.standing(identity)

    def next(self, number: int, picked: int) -> Next:
        """What follows a call: thinking and the next of the session, or a pause and another session."""
        users: Users | None = self.client.users
        assert users is not None
        word, leaves, _, _ = self.row(Group.USER, number, 0)
        if not users.steps:
            return Next(0, self.value(users.think, word))
        if picked == users.steps - 1 or pick.happens(leaves, self.client.calls[picked].leave):
            return Next(0, self.value(users.pause, word))
        return Next(picked + 1, self.value(users.think, word))


def picks(client: Stream, users: Ints, calls: Ints) -> Ints:
    """Which of its client's calls each call of sessions was: it follows from where its user left before."""
    said = client.client.users
    assert said is not None
    leave = [call.leave for call in client.client.calls]
    made = np.empty(len(calls), np.int64)
    order = np.argsort(users, kind="stable")
    numbers, firsts = np.unique(users[order], return_index=True)
    for user, mine in zip(numbers.tolist(), np.split(order, firsts[1:]), strict=True):
        count = int(calls[mine].max()) + 1
        leaves = philox.rows(client.key, 0, count, 0, user, Group.USER)[:, 1].tolist()
        steps = [0]
        for word in leaves:
            step = steps[-1]
            ends = step == said.steps - 1 or pick.happens(word, leave[step])
            steps.append(0 if ends else step + 1)
        made[mine] = np.array(steps, np.int64)[calls[mine]]
    return made
