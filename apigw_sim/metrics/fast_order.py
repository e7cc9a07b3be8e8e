"""Samples of a period kept in parts, and their figures by overlapping groups, found by compiled counting."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apigw_sim.metrics.quantiles import BUCKETS, POINTS, Grouped, between, lerp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from apigw_sim.metrics.kernels import Kernels

MANY = 8_192
"""From how many samples on a class or a group is counted by bucket."""


class Part(NamedTuple):
    """Samples in the order in which they came."""

    code: NDArray[np.int32]
    value: NDArray[np.int64]
    bucket: NDArray[np.int16]


class Levels(NamedTuple):
    """Groups of classes: at each level a class belongs to one of them, or to none (-1)."""

    groups: NDArray[np.int32]
    """Row: class; column: level."""
    first: tuple[int, ...]
    """The first group of each level, and how many there are in all."""
    shift: int
    """Bits of a code below its class."""

    @classmethod
    def of(cls, levels: Sequence[tuple[NDArray[np.int64], int]], shift: int) -> Levels:
        """From each level's group of each class, counted from 0, and how many groups there are."""
        first, columns = [0], []
        for groups, size in levels:
            columns.append(np.where(groups >= 0, groups + first[-1], -1))
            first.append(first[-1] + size)
        return cls(np.stack(columns, axis=1).astype(np.int32), tuple(first), shift)


def count(kernels: Kernels, parts: Sequence[Part], size: int) -> NDArray[np.int64]:
    """How many samples there are of each code."""
    cells = np.zeros(size, np.int64)
    for part in parts:
        kernels.count(part.code, cells)
    return cells


def by_counting(
    kernels: Kernels, parts: Sequence[Part], by_class: NDArray[np.int64], levels: Levels,
    points: Sequence[float] = POINTS,
) -> list[Grouped]:  # fmt: skip
    """What `quantiles.grouped` says of each level; `by_class`: how many samples each class has."""
    size = levels.first[-1]
    counts = _added(by_class, levels.groups, size)
    ids = np.nonzero(counts)[0]
    first, second, share = between(counts[ids], points)
    wanted = np.concatenate([np.zeros((len(ids), 1), np.int64), first, second, counts[ids, None] - 1], axis=1)
    order = np.argsort(wanted, axis=1, kind="stable")
    ranks = np.zeros((size, wanted.shape[1]), np.int64)
    ranks[ids] = np.take_along_axis(wanted, order, axis=1)
    sums, values = _search(kernels, parts, by_class, levels, counts, ranks)
    found = np.empty_like(wanted)
    np.put_along_axis(found, order, values[ids], axis=1)
    width = len(points)
    low, high = found[:, 1 : 1 + width].astype(np.float64), found[:, 1 + width : -1].astype(np.float64)
    of_all = Grouped(
        ids, counts[ids], _added(sums, levels.groups, size)[ids], found[:, 0], found[:, -1],
        lerp(low, high, share),
    )  # fmt: skip
    cuts = np.searchsorted(ids, levels.first)
    return [
        of_all.only(np.arange(begin, end))._replace(ids=ids[begin:end] - at)
        for begin, end, at in zip(cuts[:-1], cuts[1:], levels.first, strict=False)
    ]


def _search(
    kernels: Kernels, parts: Sequence[Part], by_class: NDArray[np.int64], levels: Levels,
    counts: NDArray[np.int64], ranks: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """The sums by class, and the values at the ranks of each group."""
    group_table, tables = _numbered(counts)
    table_of, last = _numbered(by_class, tables)
    inherited = [
        (table_of[kind], group_table[group])
        for kind in np.nonzero(table_of >= 0)[0]
        for group in levels.groups[kind]
        if group >= 0
    ]
    table_of[table_of < 0] = last
    stretch = np.zeros((*ranks.shape, 3), np.int64)
    in_few = np.where(group_table < 0, counts, 0)
    starts = np.cumsum(in_few) - in_few
    stretch[:, :, 0], stretch[:, :, 1] = starts[:, None], in_few[:, None]
    few, counted = np.empty(int(in_few.sum()), np.int64), np.zeros((last + 1, BUCKETS), np.int32)
    sums = np.zeros(len(by_class), np.int64)
    later = np.empty(1 + max((len(part.code) for part in parts), default=0), np.int32)
    known = table_of, levels.groups, group_table
    for part in parts:
        kernels.tally(*part, levels.shift, *known, starts, few, counted, sums, later)
    goes_to, wanted = np.zeros((tables, BUCKETS), np.int32), np.zeros((last + 1, BUCKETS), bool)
    for own, of_group in inherited:
        counted[of_group] += counted[own]
    gathered = np.empty(kernels.aim(group_table, ranks, counted, goes_to, stretch), np.int64)
    wanted[last] = True
    for own, of_group in inherited:
        wanted[own] |= goes_to[of_group] > 0
    if tables:
        for part in parts:
            kernels.gather(*part, levels.shift, *known, wanted, goes_to, gathered, later)
    found = np.zeros_like(ranks)
    kernels.pick(counts, group_table, ranks, stretch, few, gathered, found)
    return sums, found


def _numbered(counts: NDArray[np.int64], first: int = 0) -> tuple[NDArray[np.int32], int]:
    """Tables, from `first` on, for what has many samples, -1 for the rest; and the next table."""
    large = counts >= MANY
    numbers = np.where(large, first - 1 + np.cumsum(large), -1).astype(np.int32)
    return numbers, first + int(large.sum())


def _added(of_class: NDArray[np.int64], groups: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    """Sums over the classes of each group."""
    total = np.zeros(size + 1, np.int64)  # the last one for -1
    seen = np.nonzero(of_class)[0]
    for level in groups[seen].T:
        np.add.at(total, level, of_class[seen])
    return total[:-1]


def grouped(
    kernels: Kernels, groups: NDArray[np.integer] | None, values: NDArray[np.int64], size: int,
    points: Sequence[float] = POINTS,
) -> Grouped:  # fmt: skip
    """`quantiles.grouped` by counting."""
    code = np.zeros(len(values), np.int32) if groups is None else groups.astype(np.int32)
    part = Part(code, values, np.empty(len(values), np.int16))
    kernels.find_buckets(values, part.bucket)
    levels = Levels.of([(np.arange(size), size)], 0)
    return by_counting(kernels, [part], count(kernels, [part], size), levels, points)[0]
