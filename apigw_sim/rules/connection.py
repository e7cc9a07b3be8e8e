"""How long a connection to a WebSocket API is open, and what happens to it next (facts 1.7)."""

OPEN = -1
"""A message is sent, and nothing else happens."""
BY_CLIENT, IDLE, OLD, LOST, TOO_LARGE = 0, 1, 2, 3, 4
"""Why a connection is closed: by its client, after 10 min without a message, after two hours, on the way, with 1009."""


def ends(opened: int, lifetime: int, longest: int) -> tuple[int, int]:
    """When a connection is closed if nothing else happens, and why; a client that closes at two hours was first."""
    if lifetime <= longest:
        return opened + lifetime, BY_CLIENT
    return opened + longest, OLD


def follows(since: int, gap: int, idle: int, end: int, why: int) -> tuple[int, int]:
    """What happens next to a connection whose last message was at `since`, and when: OPEN, or why it is closed.

    A message at the instant at which it would be idle for too long is in time; one at its end is not sent.
    """
    quiet = since + idle
    if since + gap <= quiet and since + gap < end:
        return since + gap, OPEN
    if quiet < end:
        return quiet, IDLE
    return end, why
