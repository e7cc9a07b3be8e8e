"""Route 53: which targets a record answers with, and how long that is remembered.

Route 53 developer guide, health-checks-how-route-53-chooses-records, read 2026-11-28.
"""

from collections.abc import Sequence


def left(word: int, keeps_ns: int) -> int:
    """How long a resolver still remembers what it was told at an unknown instant: any time is as likely as another."""
    return (word >> 47) * keeps_ns >> 16


def weights(
    weighted: bool, said: Sequence[int], order: Sequence[int], healthy: Sequence[bool]
) -> list[int]:  # fmt: skip
    """How often each target is the answer, in proportion: unhealthy ones never, unless all are.

    By weight, those of weight 0 only where no other is healthy; else the first in the order alone.
    """
    able = healthy if any(healthy) else [True] * len(healthy)
    if weighted:
        found = [weight if fine else 0 for weight, fine in zip(said, able, strict=True)]
        return found if any(found) else [int(fine) for fine in able]
    first = next(place for place in order if able[place])
    return [int(place == first) for place in range(len(able))]
