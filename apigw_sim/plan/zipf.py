"""Zipf's law as an alias table (Walker, Vose): whole weights that add up exactly, so a draw is one word and no float.

Rank k of n has the weight (k + 1) ** -s. The weights are scaled to integers with the sum n * 2**32 and dealt out by
Vose's method in its sweeping order; since they fall with the rank, the heavy columns are the first ones, and
the whole construction is a few sums and searches over arrays (after Hübschle-Schneider and Sanders, "Parallel Weighted
Random Sampling", 2019).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from apigw_sim.rules.pick import ALIAS_BITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 1 << 26
"""The largest n: `rules.pick.uniform` and the product inside `rules.pick.alias` stay within 63 bits."""
_CHUNK = 1 << 20


@lru_cache(maxsize=16)
def zipf(n: int, s: float) -> NDArray[np.int64]:
    """The table of `rules.pick.alias` for Zipf's law over 0..n-1; read-only; n in 1..MOST, s at least 0."""
    table = deal(_weights(n, s))
    table.flags.writeable = False
    return table


def deal(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The alias table of n whole weights that never rise and add up to n * 2**32, which it is made of in place.

    A column that is all its own is its own alias.
    """
    import numpy as np

    cut, n = weights, len(weights)
    scale = 1 << ALIAS_BITS
    other = np.arange(n, dtype=np.int64)
    heavy = n - int(np.searchsorted(cut[::-1], scale, side="right"))
    if heavy == 0:
        return _entries(cut, other)
    # excess[j]: what the heavy columns up to j have to give away; light columns take it in order, each from one heavy
    # column, and a heavy column that gave more than it had becomes light and takes the rest from the next.
    excess = np.cumsum(cut[:heavy] - scale)
    taken = np.empty(heavy, np.int64)
    given, done = 0, 0
    for begin in range(heavy, n, _CHUNK):
        lack = scale - cut[begin : begin + _CHUNK]
        after = given + np.cumsum(lack)
        giver = np.searchsorted(excess, after - lack, side="right")
        other[begin : begin + _CHUNK] = np.minimum(giver, heavy - 1)
        given = int(after[-1])
        upto = int(np.searchsorted(excess, given, side="right"))
        taken[done:upto] = after[np.searchsorted(after, excess[done:upto], side="left")]
        done = upto
    cut[:heavy] = scale - (taken - excess)
    other[: heavy - 1] = np.arange(1, heavy)
    return _entries(cut, other)


def _entries(cut: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The table in which column j is its own in cut[j] of 2**32 words, and else other[j]; it takes the place of `cut`."""
    import numpy as np

    own = np.flatnonzero(cut == 1 << ALIAS_BITS)
    cut[own], other[own] = 0, own
    other <<= ALIAS_BITS
    cut |= other
    return cut


def shares(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of each whole number that a table of `zipf` gives, columns taken as equally likely."""
    import numpy as np

    weight = table & ((1 << ALIAS_BITS) - 1)
    np.add.at(weight, table >> ALIAS_BITS, (1 << ALIAS_BITS) - weight)
    return weight / (len(table) << ALIAS_BITS)


def _weights(n: int, s: float) -> NDArray[np.int64]:
    """Whole weights, never rising, with the sum n * 2**32: rounded down, and what is left goes to the first."""
    import numpy as np

    if s == 0:
        return np.full(n, 1 << ALIAS_BITS, np.int64)

    def powers(begin: int) -> NDArray[np.float64]:
        return np.arange(begin + 1, min(begin + _CHUNK, n) + 1, dtype=np.float64) ** -s

    begins = range(0, n, _CHUNK)
    unit = (n << ALIAS_BITS) / math.fsum(float(powers(begin).sum()) for begin in begins)
    unit *= 1 - 2**-50  # so that floating point never makes the sum too large
    weights = np.empty(n, np.int64)
    for begin in begins:
        weights[begin : begin + _CHUNK] = np.floor(powers(begin) * unit)
    weights[0] += (n << ALIAS_BITS) - int(weights.sum())
    return weights
