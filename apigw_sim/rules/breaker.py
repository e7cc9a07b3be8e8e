"""A circuit breaker: closed, open for a while, then half open for some probes (Nygard, Release It!, 2007).

The last `window` outcomes are the bits of a word, the latest lowest, 1 for a failure; a window has MOST at most.
"""

CLOSED, OPEN, HALF_OPEN = 0, 1, 2
REFUSED, PASSED, PROBE = 0, 1, 2
MOST = 60


def verdict(state: int, until: int, now: int, probing: int, probes: int) -> int:
    """Whether a request may be sent: REFUSED, PASSED, or PROBE, with which an open one is half open."""
    if state == CLOSED:
        return PASSED
    if state == OPEN:
        return PROBE if now >= until else REFUSED
    return PROBE if probing < probes else REFUSED


def noted(bits: int, window: int, failure: int) -> int:
    """The outcomes with one more; the oldest is forgotten."""
    return ((bits << 1) | failure) & ((1 << window) - 1)


def failures(bits: int) -> int:
    """How many of the outcomes are failures."""
    count = 0
    while bits > 0:
        bits = bits & (bits - 1)
        count += 1
    return count


def trips(bits: int, seen: int, least: int, share: int) -> bool:
    """Whether a closed one opens: of `least` outcomes or more, a share of failures, in thousandths, or more."""
    return seen >= least and failures(bits) * 1000 >= share * seen
