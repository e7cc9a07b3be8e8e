"""Waiting times between the attempts of a call: none, full, equal and decorrelated jitter.

Source: AWS Architecture Blog, "Exponential Backoff And Jitter", 2015 (facts 12.1).
"""

NONE, FULL, EQUAL, DECORRELATED = 0, 1, 2, 3
MOST_NS = 1_000_000_000_000


def part(word: int, span: int) -> int:
    """A uniform whole number in 0..span, of which a 63-bit word has 2**20 steps; span below 2**42."""
    return ((word >> 43) * (span + 1)) >> 20


def delay(jitter: int, base: int, cap: int, retry: int, previous: int, word: int) -> int:
    """Nanoseconds to wait before retry number `retry` (from 0); `previous` is the last delay, or base at first."""
    if jitter == DECORRELATED:
        top = previous * 3
        if top < base:
            top = base
        wait = base + part(word, top - base)
        if wait > cap:
            return cap
        return wait
    top = base
    for _ in range(retry):
        if top >= cap:
            break
        top = top * 2
    if top > cap:
        top = cap
    if jitter == FULL:
        return part(word, top)
    if jitter == EQUAL:
        return top // 2 + part(word, top - top // 2)
    return top
