"""A distribution as an integer table: inversion with linear interpolation, both tails refined by octaves.

The lower half of the words, [0, 2**62), is cut into OCTAVES octaves below 2**62, each of CELLS equal cells, and
one last cell down to 0; the upper half mirrors it. The table holds the value at every cell's edge, in rising order
of probability: see `apigw_sim.plan.laws` for how it is made.
"""

from collections.abc import Sequence

OCTAVES = 30
CELLS = 64
HALF = OCTAVES * CELLS + 1
SIZE = 2 * HALF + 1
FRACTION_BITS = 16
LARGEST = 140_737_488_355_328


def depth(word: int) -> int:
    """How many octaves the word lies below 2**62, at most OCTAVES."""
    octave = 0
    top = 2_305_843_009_213_693_952
    while octave < OCTAVES and word < top:
        top = top >> 1
        octave += 1
    return octave


def value(word: int, table: Sequence[int]) -> int:
    """The quantile of a 63-bit word."""
    upper = word >= 4_611_686_018_427_387_904
    tail = 9_223_372_036_854_775_807 - word if upper else word
    octave = depth(tail)
    if octave == OCTAVES:
        edge = 0
        fraction = tail >> (62 - OCTAVES - FRACTION_BITS)
    else:
        shift = 55 - octave
        cell = (tail >> shift) & 63
        edge = 1 + (OCTAVES - 1 - octave) * CELLS + cell
        fraction = (tail >> (shift - FRACTION_BITS)) & 65535
    # One way through for both halves: which of them it is, no processor can foretell.
    step = -1 if upper else 1
    here = SIZE - 1 - edge if upper else edge
    low = table[here]
    return low + step * ((((table[here + step] - low) * step) * fraction) >> FRACTION_BITS)
