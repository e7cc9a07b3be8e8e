"""Compiled: attempts and invocations counted by second in cells, and final seconds taken into the peaks of places.

A cell is (moment, kind, count): a moment is a second and an epoch of the timeline, a kind whatever decides at which
places a row counts. Rows are counted in a small table in which every cell has one place only; the one that stood there
before is written out, and may come again: cells are added up when their second is final.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE = 5
"""The level of what no limit refused; -1: it was answered before it met one."""
OUTSIDE = 6
"""The level of what was answered before an account's throttle that stands in front."""
FRONT = 4
"""The account's level at the gateway."""
CLASS_BITS = 5
CLASSES = 1 << CLASS_BITS
"""Of a kind: ((level + 1) << 2) + 2 * mark + selected."""
MIX_A, MIX_B = 0x9E3779B97F4A7C1, 0x2545F4914F6CDD1D


def see(table: NDArray[np.int64], out: NDArray[np.int64], held: int, moment: int, kind: int) -> int:
    """Count a row in its cell; gives how many cells stand in `out`, where one that has to make way goes.

    There is no branch: what is not wanted is written over, and arrays that are used in some branches only would be
    counted up and down for each row.
    """
    at = ((moment * MIX_A + kind) * MIX_B >> 32) & (len(table) - 1)
    before, was, count = table[at, 0], table[at, 1], table[at, 2]
    same = int((before - moment) | (was - kind) == 0)
    out[held, 0], out[held, 1], out[held, 2] = before, was, count
    table[at, 0], table[at, 1], table[at, 2] = moment, kind, same * count + 1
    return held + (1 - same) * int(count > 0)


def add(tally: NDArray[np.int64], touched: NDArray[np.int64], many: int, place: int, count: int) -> int:
    """Count at a place of the second at hand; gives how many places it has touched."""
    if place < 0:
        return many
    if tally[place] == 0:
        touched[many] = place
        many += 1
    tally[place] += count
    return many


def crown(
    tally: NDArray[np.int64], touched: NDArray[np.int64], many: int, second: int, peaks: NDArray[np.int64]
) -> None:  # fmt: skip
    """End a second: a row of peaks is how many, when, and what was counted beside (at the place in column 3)."""
    for row in range(many):
        place = touched[row]
        if tally[place] > peaks[place, 0]:
            peaks[place, 0] = tally[place]
            peaks[place, 1] = second
            if peaks[place, 3] >= 0:
                peaks[place, 2] = tally[peaks[place, 3]]
    for row in range(many):
        tally[touched[row]] = 0


def count_at(
    places: NDArray[np.int64], level: int, front: bool, chosen: int, count: int, refused_ever: NDArray[np.int64],
    refused: NDArray[np.int64], tally: NDArray[np.int64], touched: NDArray[np.int64], many: int,
) -> int:  # fmt: skip
    """Count rows at the places they reached, one for each level; `front`: the last level stands before the others."""
    for number in range(len(places)):
        place = places[number]
        if place < 0:
            continue
        if level == number:
            refused_ever[place] += count
            refused[place] += count * chosen
        reached = number <= level < OUTSIDE
        if front:
            reached = (number == FRONT and level < OUTSIDE) or (reached and level != FRONT)
        if reached:
            many = add(tally, touched, many, place, count)
    return many


def settle_attempts(
    final: NDArray[np.int64], order: NDArray[np.int64], epochs: int, front: bool,
    accounts: NDArray[np.int64], methods: int,
    stage_of_leaf: NDArray[np.int64], base: int, stages: int, group_of_key: NDArray[np.int32],
    first_key: NDArray[np.int64], held: NDArray[np.int32], quota_places: NDArray[np.int64], own: NDArray[np.int64],
    of_bucket: NDArray[np.int64], peaks: NDArray[np.int64], refused_ever: NDArray[np.int64],
    refused: NDArray[np.int64], tally: NDArray[np.int64], touched: NDArray[np.int64],
) -> None:  # fmt: skip
    """Take final cells of attempts, by rising moments, into the peaks and refusals of places (`Places.at_gateway`)."""
    places = np.empty(5, np.int64)
    leaves = len(stage_of_leaf)
    many, last = 0, -1
    for at in range(len(order)):
        row = order[at]
        moment, kind, count = final[row, 0], final[row, 1], final[row, 2]
        second = moment // epochs
        epoch = moment - second * epochs
        if second != last:
            crown(tally, touched, many, last, peaks)
            many, last = 0, second
        word = kind & (CLASSES - 1)
        key = (kind >> CLASS_BITS) // leaves - 1
        leaf = (kind >> CLASS_BITS) - (key + 1) * leaves
        method = leaf if leaf < methods else len(own) - 1
        places[0] = places[1] = places[2] = -1
        if key >= 0:
            group = group_of_key[key]
            ordinal = key - first_key[group]
            for number in range(2):
                if held[number, group, method] >= 0:
                    places[number] = of_bucket[epoch, held[number, group, method] + ordinal]
            if held[2, group, method] >= 0:
                places[2] = quota_places[held[2, group, method] + ordinal]
        elif held[0, held.shape[1] - 1, method] >= 0:  # a new connection
            places[0] = of_bucket[epoch, held[0, held.shape[1] - 1, method]]
        places[3] = of_bucket[epoch, own[method]]
        places[4] = of_bucket[epoch, accounts[stage_of_leaf[leaf]]]
        many = count_at(
            places, (word >> 2) - 1, front, word & 1, count, refused_ever, refused, tally, touched, many
        )
        here = base + stage_of_leaf[leaf]
        many = add(tally, touched, many, here, count)
        if word & 2 != 0:
            many = add(tally, touched, many, here + stages, count)
    crown(tally, touched, many, last, peaks)


def settle_invocations(
    final: NDArray[np.int64], order: NDArray[np.int64], epochs: int, bucket_epoch: NDArray[np.int64],
    pool_epoch: NDArray[np.int64], of_bucket: NDArray[np.int64], of_pool: NDArray[np.int64],
    rates: NDArray[np.int64], scaling: NDArray[np.int64], peaks: NDArray[np.int64],
    refused_ever: NDArray[np.int64], refused: NDArray[np.int64], tally: NDArray[np.int64], touched: NDArray[np.int64],
) -> None:  # fmt: skip
    """Take final cells of invocations, by rising moments, into the peaks and refusals (`Places.at_backend`)."""
    places = np.empty(4, np.int64)
    many, last = 0, -1
    for at in range(len(order)):
        row = order[at]
        moment, kind, count = final[row, 0], final[row, 1], final[row, 2]
        second = moment // epochs
        epoch = moment - second * epochs
        if second != last:
            crown(tally, touched, many, last, peaks)
            many, last = 0, second
        word = kind & (CLASSES - 1)
        backend = kind >> CLASS_BITS
        places[0] = of_pool[pool_epoch[epoch], backend]
        places[1] = of_bucket[bucket_epoch[epoch], rates[0, backend]]
        places[2] = of_bucket[bucket_epoch[epoch], rates[1, backend]]
        places[3] = scaling[backend] if word & 2 != 0 else -1
        many = count_at(
            places, (word >> 2) - 1, False, word & 1, count, refused_ever, refused, tally, touched, many
        )
    crown(tally, touched, many, last, peaks)
