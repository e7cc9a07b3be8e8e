"""The order of simultaneous events, in one place: `(t, rank, id)`.

`t` is integer nanoseconds since run.start. SimPy's own events (priorities 0 and 1) are the control plane; every
rank here lies above them, so that all control at an instant precedes all data at it. The id is that of what the
event happens to, not the order in which somebody scheduled it, so two programs written differently agree on ties.
"""

from enum import IntEnum

HOP_BITS, ATTEMPT_BITS, CALL_BITS, USER_BITS, CLIENT_BITS = 4, 12, 40, 24, 16
USER_MASK = (1 << USER_BITS) - 1
ID_BITS = HOP_BITS + ATTEMPT_BITS + CALL_BITS + USER_BITS + CLIENT_BITS


class Rank(IntEnum):
    """What happens first when two things happen at one nanosecond, and why."""

    CONTROL = 0
    """Limits, faults and flushes: whatever else happens at the instant already meets the new setting."""
    DONE = 1
    """Work ends before anything new begins, so that what it held is free for a request of the same instant,
    and before a limit of the same instant: an answer that comes exactly at the limit is in time."""
    TIMEOUT = 2
    """Somebody stops waiting, before answers leave: what a client has given up reaches nobody."""
    ANSWER = 3
    """The gateway answers, before it takes new requests in."""
    ARRIVE = 4
    """A request reaches the gateway: throttles and cache are decided, in the order of identities."""
    RELAY = 5
    """A request reaches its backend, after the arrivals of the same instant have met their throttles."""
    RETRY = 6
    """A client sends again: older work goes before new."""
    TIMER = 7
    """Deadlines of the model's own, such as a cooling period."""
    USER = 8
    """A closed-loop user starts a call."""
    OPEN = 9
    """An open-loop client starts a call: new work comes last."""


class Hop(IntEnum):
    """Which of an attempt's lives an event belongs to."""

    ATTEMPT = 0
    WORK = 1
    CALLER = 2
    HEARD = 3
    """What a client learns when it has the answer, or has waited long enough."""


ATTEMPT_STEP = 1 << HOP_BITS
CALL_STEP = ATTEMPT_STEP << ATTEMPT_BITS
"""What the next attempt and the next call add to an id."""


def identity(client: int, user: int, call: int, attempt: int, hop: int = 0) -> int:
    """The id of an attempt's events: client, user, call, attempt and hop in ID_BITS bits, most significant first."""
    high = (client << USER_BITS | user) << CALL_BITS | call
    return (high << ATTEMPT_BITS | attempt) << HOP_BITS | hop


def priority(rank: Rank) -> int:
    """A rank as the high part of a SimPy priority, above SimPy's own 0 and 1; add the id."""
    return int(rank) << ID_BITS
