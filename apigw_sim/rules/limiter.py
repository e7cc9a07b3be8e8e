"""The rate limiter of the SDKs' adaptive retry mode, in integers: CUBIC, a measured rate, a bucket of permissions.

Source: botocore's retries/adaptive, bucket and throttling (facts 12.1). Rates are millionths of a request per second,
permissions millionths of a request, instants ns. A bucket may owe permissions: who takes one that is not there yet gets
the instant at which it will be, in the order of asking.
"""

ONE = 1_000_000
LEAST_RATE = 500_000
MOST_RATE = 1_000_000_000_000
SLOT = 500_000_000
"""The measured rate is taken twice a second."""
LATEST_MS = 1_000_000


def cube_root(n: int) -> int:
    """The whole part of the cube root of a number below 2**60."""
    root = 0
    step = 524_288
    while step > 0:
        more = root + step
        if more * more * more <= n:
            root = more
        step = step >> 1
    return root


def plateau(most: int) -> int:
    """Milliseconds after a throttle until the curve is back at `most`: the cube root of most x (1 - 0.7) / 0.4."""
    return cube_root(most * 750)


def cubic(most: int, plateau_ms: int, since: int) -> int:
    """The rate `since` ns after the last throttle: 0.4 (t - plateau)^3 + most, t in seconds."""
    ms = since // 1_000_000
    if ms > plateau_ms + LATEST_MS:
        ms = plateau_ms + LATEST_MS
    x = ms - plateau_ms
    return x * x * x // 2500 + most


def lowered(rate: int) -> int:
    """The rate right after a throttle: 0.7 of it."""
    return rate * 7 // 10


def measured(count: int, slots: int, rate: int) -> int:
    """The measured rate after `count` answers in so many slots: four fifths new, one fifth old."""
    return (count * 2_000_000 // slots * 8 + rate * 2) // 10


def allowed(rate: int, seen: int) -> int:
    """The rate that is set: at most twice what is measured, within bounds."""
    if rate > 2 * seen:
        rate = 2 * seen
    if rate > MOST_RATE:
        rate = MOST_RATE
    return LEAST_RATE if rate < LEAST_RATE else rate


def capacity(rate: int) -> int:
    """What a bucket holds at most: what comes in a second, and one at least."""
    return ONE if rate < ONE else rate


def refilled(level: int, idle: int, rate: int) -> int:
    """A bucket after `idle` ns, a whole number of microseconds."""
    full = capacity(rate)
    missing = full - level
    if missing <= 0:
        return full
    us = idle // 1000
    if us // ONE > missing // rate:
        return full
    level += us * rate // ONE
    return full if level > full else level


def wait(level: int, rate: int) -> int:
    """ns until a bucket that has given a permission, and may owe it, owes nothing: whole microseconds, rounded up."""
    if level >= 0:
        return 0
    owed = -level
    return (owed // rate * ONE + (owed % rate * ONE + rate - 1) // rate) * 1000
