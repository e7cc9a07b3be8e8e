"""What the words of a draw are for: names that both engines share."""

from __future__ import annotations

from enum import IntEnum

CRASH, MALFORMED = -1, -2
"""In the place of a status: work that ends without an answer that can be passed on."""


class Group(IntEnum):
    """What the four words of a row are for; call-level groups have attempt number 0."""

    CALL = 0
    """When, what, which API key, Cache-Control: max-age=0."""
    SEND = 1
    """Round trip, body, gateway overhead, back-off after the attempt."""
    WORK = 2
    """Service overhead, duration, response size, time of a cache hit."""
    OUTCOME = 3
    """Crash, malformed answer, status, error of a fault."""
    BIRTH = 4
    """Of the environment that the attempt causes: provisioning, Init, idle lifetime."""
    CANARY = 5
    """Whether it meets its stage's canary; three to spare."""
    REQUEST = 8
    """Of the call: validity of body and of parameters, content type."""
    GATEWAY = 9
    """Whether the gateway is unavailable, and whether it loses the answer."""
    ARRIVAL = 12
    """Calls' own numbers do not matter here. Of a batch: its size; of a visit to a state of a Markov-modulated process:
    how long it lasts, what follows it, and for the first of them which state it is. The attempt number is that of the
    process among those that are superposed, also in CALL, where word "when" is the gap before a batch."""
    PARAMETERS = 16
    """Four parameters a group, from here on."""
