"""The leaf rules `quantile`, `pick` over whole columns of words: the same integers as the rules give one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from apigw_sim.rules.pick import ALIAS_BITS, WORD_BITS
from apigw_sim.rules.quantile import CELLS, FRACTION_BITS, OCTAVES, SIZE

Ints = NDArray[np.int64]
MEDIAN = 1 << 62
LAST = (1 << 63) - 1


def quantiles(words: Ints, cells: Ints) -> Ints:
    """`rules.quantile.value` of each word."""
    upper = words >= MEDIAN
    tail = np.where(upper, LAST - words, words)
    # 52 bits are exact in a float, so its exponent is the bit length.
    octave = np.minimum(52 - np.frexp((tail >> 10).astype(np.float64))[1].astype(np.int64), OCTAVES)
    deep = octave == OCTAVES
    shift = np.where(deep, 62 - OCTAVES, 55 - octave)
    edge = np.where(deep, 0, 1 + (OCTAVES - 1 - octave) * CELLS + ((tail >> shift) & (CELLS - 1)))
    fraction = (tail >> (shift - FRACTION_BITS)) & ((1 << FRACTION_BITS) - 1)
    here = cells[np.where(upper, SIZE - 1 - edge, edge)]
    there = cells[np.where(upper, SIZE - 2 - edge, edge + 1)]
    part = (np.abs(there - here) * fraction) >> FRACTION_BITS
    values: Ints = np.where(upper, here - part, here + part)
    return values


def choices(words: Ints, thresholds: Sequence[int]) -> Ints:
    """`rules.pick.choose` of each word."""
    return np.searchsorted(np.array(thresholds[:-1], np.int64), words, side="right").astype(np.int64)


def uniforms(words: Ints, n: int) -> Ints:
    """`rules.pick.uniform` of each word."""
    return ((words >> 27) * n) >> 36


def aliases(words: Ints, table: Ints) -> Ints:
    """`rules.pick.alias` of each word."""
    column = ((words >> ALIAS_BITS) * len(table)) >> (WORD_BITS - ALIAS_BITS)
    entry, low = table[column], (1 << ALIAS_BITS) - 1
    return np.where((words & low) < (entry & low), column, entry >> ALIAS_BITS)
