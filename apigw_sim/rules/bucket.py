"""The token bucket of API Gateway's throttles, exact in integers.

A token is TOKEN units and a rate is units per nanosecond, so a rate of r requests per second refills
1000 * r units in each nanosecond and 0.001/s is the smallest rate. A bucket starts full, refills
continuously, and a request that finds exactly one token is admitted.
Source: developer guide, "Throttle requests to your REST APIs" (facts 1.1, 1.6).
"""

TOKEN = 1_000_000_000_000
MOST_TOKENS = 9_000_000
"""Most tokens of a burst, and most requests per second of a rate: beyond, a product could leave 63 bits."""
SECOND = 1_000_000_000


def refill(level: int, at: int, now: int, rate: int, full: int) -> int:
    """The level at `now` of a bucket that held `level` units at `at`.

    Within a second no product leaves 63 bits; a longer idle time is held against the time to full first.
    """
    idle = now - at
    missing = full - level
    if idle > SECOND and rate > 0 and idle >= (missing + rate - 1) // rate:
        return full
    gained = idle * rate
    if gained >= missing:
        return full
    return level + gained


def cut(level: int, full: int) -> int:
    """The level after the burst has changed to `full`: kept, but cut to the new burst."""
    if level > full:
        return full
    return level


def wait(level: int, rate: int) -> int:
    """Nanoseconds until a bucket with `level` units holds one token; -1 if it never will."""
    if level >= TOKEN:
        return 0
    if rate == 0:
        return -1
    return (TOKEN - level + rate - 1) // rate
