"""Compiled: log buckets, and exact order statistics of many overlapping groups by counting instead of sorting.

A row of samples is a code, a value and the value's log bucket; `code >> shift` is its class, and a class belongs to one
group of each level at most. Values are counted by bucket; only those in buckets that hold a wanted rank are gathered and
searched. Groups and classes with few values are no worth a table of buckets: they are searched as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.quantiles import BIAS, DROPPED

if TYPE_CHECKING:
    from numpy.typing import NDArray


def bucket_of(value: int) -> int:
    """`quantiles.bucket_of` of one value."""
    bits: Any = np.float64(value).view(np.int64)
    bucket: int = (bits >> DROPPED) - BIAS
    return bucket if bucket > 0 else 0


def find_buckets(values: NDArray[np.int64], buckets: NDArray[np.int16]) -> None:
    """`quantiles.bucket_of` of many values."""
    for row in range(len(values)):
        buckets[row] = bucket_of(values[row])


def fill(values: NDArray[np.int64], buckets: NDArray[np.int64]) -> None:
    """Count values by bucket."""
    for row in range(len(values)):
        buckets[bucket_of(values[row])] += 1


def count(code: NDArray[np.int32], cells: NDArray[np.int64]) -> None:
    """Count codes."""
    for row in range(len(code)):
        cells[code[row]] += 1


def tally(
    code: NDArray[np.int32], values: NDArray[np.int64], buckets: NDArray[np.int16], shift: int,
    table_of: NDArray[np.int32], groups: NDArray[np.int32], group_table: NDArray[np.int32],
    free: NDArray[np.int64], few: NDArray[np.int64], counted: NDArray[np.int32], sums: NDArray[np.int64],
    later: NDArray[np.int32],
) -> None:  # fmt: skip
    """Sum samples by class, and count them by bucket in the table of their class or those of their groups.

    Classes without a table have the last one, which nobody reads; -1 is no group, or a group without a table. Samples
    of such a group go to `few`, from where `free` says on.
    """
    last = len(counted) - 1
    found = 0
    for row in range(len(code)):
        kind = code[row] >> shift
        table = table_of[kind]
        sums[kind] += values[row]
        counted[table, buckets[row]] += 1
        later[found] = row
        if table == last:
            found += 1
    for at in range(found):
        row = later[at]
        kind = code[row] >> shift
        for level in range(groups.shape[1]):
            group = groups[kind, level]
            if group >= 0:
                table = group_table[group]
                if table >= 0:
                    counted[table, buckets[row]] += 1
                else:
                    few[free[group]] = values[row]
                    free[group] += 1


def aim(
    group_table: NDArray[np.int32], ranks: NDArray[np.int64], counted: NDArray[np.int32],
    goes_to: NDArray[np.int32], stretch: NDArray[np.int64],
) -> int:  # fmt: skip
    """Find the buckets that hold a group's ranks (rising); gives how many samples lie in them.

    `goes_to`: where the first sample of a bucket is put, plus one; 0: nobody wants it. `stretch`, by group and rank:
    where the samples of its bucket lie, how many, and how many are smaller.
    """
    total = 0
    for group in range(len(group_table)):
        table = group_table[group]
        before = point = 0
        bucket = 0
        while table >= 0 and point < ranks.shape[1]:
            here = counted[table, bucket]
            if ranks[group, point] < before + here:
                goes_to[table, bucket] = total + 1
                while point < ranks.shape[1] and ranks[group, point] < before + here:
                    stretch[group, point, 0] = total
                    stretch[group, point, 1] = here
                    stretch[group, point, 2] = before
                    point += 1
                total += here
            before += here
            bucket += 1
    return total


def gather(
    code: NDArray[np.int32], values: NDArray[np.int64], buckets: NDArray[np.int16], shift: int,
    table_of: NDArray[np.int32], groups: NDArray[np.int32], group_table: NDArray[np.int32],
    wanted: NDArray[np.bool_], goes_to: NDArray[np.int32], gathered: NDArray[np.int64], later: NDArray[np.int32],
) -> None:  # fmt: skip
    """Put the samples of wanted buckets together; `wanted`: whether any group of a class wants a bucket."""
    found = 0
    for row in range(len(code)):
        later[found] = row
        if wanted[table_of[code[row] >> shift], buckets[row]]:
            found += 1
    for at in range(found):
        row = later[at]
        kind = code[row] >> shift
        bucket = buckets[row]
        for level in range(groups.shape[1]):
            group = groups[kind, level]
            if group >= 0 and group_table[group] >= 0:
                place = goes_to[group_table[group], bucket]
                if place > 0:
                    gathered[place - 1] = values[row]
                    goes_to[group_table[group], bucket] = place + 1


def select(values: NDArray[np.int64], low: int, high: int, wanted: int) -> int:
    """The value that a sort of values[low..high] would put at `wanted`; what is left of it is not larger after that."""
    while low < high:
        pivot = values[low + (low * 7_919 + high * 104_729) % (high - low + 1)]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    found: int = values[wanted]
    return found


def pick(
    counts: NDArray[np.int64], group_table: NDArray[np.int32], ranks: NDArray[np.int64],
    stretch: NDArray[np.int64], few: NDArray[np.int64], gathered: NDArray[np.int64], found: NDArray[np.int64],
) -> None:  # fmt: skip
    """The values at the ranks of each group, as if it were sorted."""
    for group in range(len(counts)):
        if counts[group] == 0:
            continue
        among = gathered if group_table[group] >= 0 else few
        low = 0
        for point in range(ranks.shape[1]):
            begin = stretch[group, point, 0]
            wanted = begin + ranks[group, point] - stretch[group, point, 2]
            if low < begin:
                low = begin
            found[group, point] = select(among, low, begin + stretch[group, point, 1] - 1, wanted)
            low = wanted
