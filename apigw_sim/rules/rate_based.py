"""Rate-based rules of AWS WAF: how much of a window is counted when, and whether it is too much (facts 9.2).

AWS counts "frequently", looking back over the window each time, and acts some time later. Here it counts every
`interval`, at multiples of it, what has come within the window before; `delay` later it acts on that. Requests are
counted by slots of one interval.
"""

from collections.abc import Sequence


def slot(now: int, interval: int) -> int:
    """The slot of an instant; one that lies at its beginning belongs to it."""
    return now // interval


def in_force(now: int, interval: int, delay: int) -> int:
    """The slot at whose beginning was made the latest count that is acted on; negative: none yet."""
    return (now - delay) // interval


def slots(window: int, interval: int, delay: int) -> int:
    """How many slots have to be kept: those of the window that is acted on, and all since."""
    return window // interval + (delay + interval - 1) // interval + 1


def exceeds(counts: Sequence[int], end: int, window: int, limit: int) -> bool:
    """Whether more than `limit` came in the `window` slots before slot `end`; slot k is counted at k modulo their number."""
    total = 0
    kept = len(counts)
    for back in range(1, window + 1):
        if end - back >= 0:
            total += counts[(end - back) % kept]
    return total > limit
