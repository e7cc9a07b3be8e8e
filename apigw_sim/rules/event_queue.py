"""How Lambda's own queue tries an event again, and when it gives one up (facts 10.5)."""

from __future__ import annotations

FIRST_WAIT, LONGEST_WAIT = 1_000_000_000, 300_000_000_000
"""After a throttle or an error of Lambda's own; twice as long each time."""
AFTER_AN_ERROR = 60_000_000_000
"""After the function's first error; twice as long after its second."""


def longer(wait: int) -> int:
    """How long an event waits that was refused once more, having waited `wait` the time before; 0: it had not."""
    if wait == 0:
        return FIRST_WAIT
    if wait * 2 > LONGEST_WAIT:
        return LONGEST_WAIT
    return wait * 2


def after_errors(errors: int) -> int:
    """How long an event waits that its function has failed so often."""
    return AFTER_AN_ERROR * errors


def comes(received: int, most: int, again: int, now: int) -> int:
    """When an event that would be tried at `again` leaves its wait: then, or sooner if it is too old by then."""
    if again <= received + most:
        return again
    if received + most < now:
        return now
    return received + most
