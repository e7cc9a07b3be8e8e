"""Limits that count within a span of time: quotas (calendar periods) and Lambda's scaling rate (a sliding window)."""


def sliding(nth_last: int, now: int, span: int) -> bool:
    """Whether one more of at most n events in any `span` fits, given the instant of the n-th last (-1: there was none).

    The window is half open: an event exactly `span` ago has left it.
    """
    return nth_last < 0 or now - nth_last >= span


def quota(used: int, limit: int) -> bool:
    """Whether one more request fits into a quota of which `used` are spent."""
    return used < limit


def billed_ms(init_ns: int, duration_ns: int) -> int:
    """Billed milliseconds of an invocation: Init and Duration, rounded up to 1 ms (facts 10.3, since 2025-08-01)."""
    return (init_ns + duration_ns + 999_999) // 1_000_000
