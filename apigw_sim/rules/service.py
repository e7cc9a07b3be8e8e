"""What a request costs of an AWS service's own rate (facts 15)."""

from __future__ import annotations


def tokens(size: int, unit: int) -> int:
    """The tokens that a request takes: one, or one for each `unit` bytes that it begins."""
    if unit == 0 or size <= unit:
        return 1
    return (size + unit - 1) // unit
