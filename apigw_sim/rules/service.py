"""What a request costs of an AWS service's own rate (facts 15)."""

from __future__ import annotations

from apigw_sim.rules.bucket import TOKEN

HALF = TOKEN // 2
"""What an eventually consistent read takes of a table's capacity: no action takes a smaller part of a token."""
MOST_UNITS = 9_200_000_000_000_000_000
"""Beyond every bucket, and within 63 bits."""


def tokens(size: int, unit: int) -> int:
    """The tokens that a request takes: one, or one for each `unit` bytes that it begins."""
    if unit == 0 or size <= unit:
        return 1
    return (size + unit - 1) // unit


def price(size: int, unit: int, cost: int) -> int:
    """Units of a bucket that a request takes, at `cost` units a token; more than any bucket holds are not told apart."""
    wanted = tokens(size, unit)
    if wanted > MOST_UNITS // cost:
        return MOST_UNITS
    return wanted * cost
