"""What stands before the gateway: connections and their handshakes, domains, distributions with their cache, web ACLs."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.draws import Group
from apigw_sim.engine.model.clock import Wait
from apigw_sim.engine.order import Rank, priority
from apigw_sim.plan.tables import NULL, Distribution, Front, Law
from apigw_sim.records import Flag
from apigw_sim.rules import edge, pick, reason

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.model import Model

ARRIVE = priority(Rank.ARRIVE)
IN_FRONT, NEW_CONNECTION = int(Flag.IN_FRONT), int(Flag.NEW_CONNECTION)


class Kept(NamedTuple):
    """An answer in a distribution's cache, from when and until when."""

    ready: int
    expires: int
    status: int
    reason: int
    response_bytes: int


class Fronts:
    """All that stands before the APIs of the account."""

    def __init__(self, model: Model) -> None:
        self.clock = model.clock
        self.kept: dict[int, Kept] = {}
        """By entry, of all distributions."""

    def journey(self, attempt: Attempt) -> Generator[Wait | None, None, tuple[bool, bool]]:
        """From the client's sending to the gateway; gives whether it may enter, and whether an edge has its answer."""
        clock, caller = self.clock, attempt.caller
        if caller.edge is not None:
            attempt.rtt = to_edge(attempt)
        reaches = clock.now + attempt.rtt // 2
        if caller.new_connection:
            reaches += self.connect(attempt)
        if caller.edge is not None:
            reaches = yield from self.by_edge(attempt, reaches)
            if attempt.flags & IN_FRONT:
                return False, True
        if reaches > clock.now:
            attempt.note("sent")
            attempt.will_answer(reaches)
            yield reaches, ARRIVE + attempt.id
        if attempt.notes is not None:
            attempt.note(f"arrives at the gateway: {caller.client.calls[attempt.call[1]].text}")
        welcome = caller.front is Front.OPEN or self.lets_in(attempt)
        return welcome and (caller.screen is None or caller.screen.lets_in(attempt)), False

    def connect(self, attempt: Attempt) -> int:
        """What the handshakes take, if the attempt opens a connection: so many of its own round trips."""
        caller = attempt.caller
        word = caller.stream.row(Group.CONNECTION, attempt.call[0], attempt.number)[0]
        law = caller.client.handshakes
        if law is None or not pick.happens(word, caller.new_connection):
            return 0
        attempt.flags |= NEW_CONNECTION
        took = drawn(law, attempt)
        attempt.note(f"opens a connection: handshakes of {took / 1e6:g} ms")
        return took

    def lets_in(self, attempt: Attempt) -> bool:
        """Whether the domain leads somewhere, and the caller may enter by it."""
        caller = attempt.caller
        if caller.front is Front.UNMAPPED:
            attempt.note(reason.REASONS[reason.NO_MAPPING].why)
            attempt.because(reason.NO_MAPPING)
            attempt.flags |= IN_FRONT
            return False
        word = caller.stream.row(Group.CONNECTION, attempt.call[0], 0)[0]
        if pick.happens(word, caller.client.untrusted):
            attempt.note(reason.REASONS[reason.NO_CERTIFICATE].why)
            attempt.because(reason.NO_CERTIFICATE)
            return False
        return True

    # distributions

    def by_edge(self, attempt: Attempt, reaches: int) -> Generator[Wait | None, None, int]:
        """By the nearest edge of a distribution, which answers if it can; gives when the gateway is reached."""
        attempt.note("sent")
        attempt.will_answer(reaches)
        if reaches > self.clock.now:
            yield reaches, ARRIVE + attempt.id
        now, found = self.clock.now, self.kept.get(self.entry(attempt))
        if found is not None and found.ready <= now < found.expires:
            attempt.note(f"the distribution has the answer, for another {(found.expires - now) / 1e9:,.3f} s")
            attempt.status, attempt.reason, attempt.response_bytes = found[2:]
            attempt.flags |= IN_FRONT
            return now
        attempt.note("the distribution does not have the answer and asks the gateway")
        near, attempt.rtt = attempt.rtt, drawn(attempt.caller.client.rtt, attempt)
        return now + attempt.rtt // 2 - near // 2

    def entry(self, attempt: Attempt) -> int:
        """The entry that the request asks for; NULL: its method is not cached."""
        of: Distribution = attempt.caller.edge  # type: ignore[assignment]
        key = of.keys.get(attempt.caller.methods[attempt.call[1]])
        if key is None:
            return NULL
        return key.first + edge.entry_of(attempt.call[3], key.constants, key.digits)

    def keep(self, attempt: Attempt) -> None:
        """The gateway's answer leaves for the edge, which will keep it; one that is kept already stays."""
        of: Distribution = attempt.caller.edge  # type: ignore[assignment]
        where, lives = self.entry(attempt), edge.kept_for(attempt.status, of.ttl_ns, of.error_ttl_ns)
        if where == NULL or not lives or attempt.flags & IN_FRONT:
            return
        near = to_edge(attempt)
        ready = self.clock.now + (attempt.rtt - attempt.rtt // 2) - (near - near // 2)
        before = self.kept.get(where)
        if before is None or before.expires <= ready:
            self.kept[where] = Kept(
                ready, ready + lives, attempt.status, attempt.reason, attempt.response_bytes
            )


def to_edge(attempt: Attempt) -> int:
    """The round trip to the distribution."""
    law = attempt.caller.client.rtt_to_edge
    assert law is not None
    return drawn(law, attempt)


def drawn(law: Law, attempt: Attempt) -> int:
    """A part of the attempt's way: all of it is drawn with one word."""
    if law.constant is not None:
        return law.constant
    word = attempt.caller.stream.row(Group.SEND, attempt.call[0], attempt.number)[0]
    return int(attempt.caller.stream.value(law, word))
