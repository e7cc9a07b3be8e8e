"""When Firehose delivers what it has buffered: the first condition that is satisfied triggers it (buffering-hints)."""

from __future__ import annotations

NS_PER_AGE = 1000
"""Ages of objects are added up in microseconds, so that those of many buffers together stay within 63 bits."""


def is_due(records: int, first: int, interval: int, now: int) -> bool:
    """Whether a buffer's interval, from its first record on, has passed by `now`."""
    return records > 0 and now - first >= interval


def is_full(held: int, size: int) -> bool:
    """Whether a buffer has its size, with the record that has just come."""
    return held >= size
