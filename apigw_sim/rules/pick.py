"""Choices from one 63-bit word: shares as thresholds, weights by thresholds, Zipf and other wide laws by an alias table."""

from collections.abc import Sequence

WORD_BITS = 63
ALIAS_BITS = 32
"""Bits of a word that decide between a column and its alias, and of a table's entry that say how often it is the column."""


def happens(word: int, threshold: int) -> bool:
    """Whether an event of the share threshold / 2**63 happens; monotone in the share for one word."""
    return word < threshold


def choose(word: int, thresholds: Sequence[int]) -> int:
    """The first index whose cumulative threshold lies above the word; the last index catches the rest."""
    low = 0
    high = len(thresholds) - 1
    while low < high:
        middle = (low + high) >> 1
        if word < thresholds[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def uniform(word: int, n: int) -> int:
    """A whole number in 0..n-1; n at most 2**26, so that the product stays within 63 bits."""
    return ((word >> 27) * n) >> 36


def column(word: int, n: int) -> int:
    """The column of an alias table of n that a word's high bits pick."""
    return ((word >> ALIAS_BITS) * n) >> (WORD_BITS - ALIAS_BITS)


def alias(word: int, table: Sequence[int]) -> int:
    """Walker's alias method: the high bits pick a column, the low 32 decide between it and its alias.

    An entry of the table is alias * 2**32 + how many of 2**32 words are the column's own.
    """
    picked = column(word, len(table))
    entry = table[picked]
    return picked if (word & 4294967295) < (entry & 4294967295) else entry >> ALIAS_BITS
