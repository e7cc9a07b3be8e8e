"""Vectors while they are filled: rows of zeros, words by their names, and tables that are kept once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.state import zeros
from apigw_sim.plan.tables import NULL, Law
from apigw_sim.rules.quantile import SIZE

if TYPE_CHECKING:
    from apigw_sim.plan import tables

Ints = NDArray[np.int64]


class Tables:
    """Quantile and alias tables, each once, and where they begin."""

    def __init__(self) -> None:
        self.cells: list[Ints] = []
        self.columns: list[Ints] = []
        self._cells: dict[int, int] = {}
        self._aliases: dict[int, int] = {}
        self._entries = 0

    def law(self, law: Law | None) -> tuple[int, int]:
        """The words of a law; None and constants have no table."""
        if law is None:
            return NULL, 0
        if law.constant is not None:
            return NULL, law.constant
        if id(law.cells) not in self._cells:
            self._cells[id(law.cells)] = len(self.cells) * SIZE
            self.cells.append(law.cells)
        return self._cells[id(law.cells)], 0

    def numbered(self, law: tables.Numbered) -> int:
        """Where a law of whole numbers has its alias table; NULL: it is uniform."""
        if law.table is None:
            return NULL
        if id(law.table) not in self._aliases:
            self._aliases[id(law.table)] = self._entries
            self._entries += len(law.table)
            self.columns.append(law.table)
        return self._aliases[id(law.table)]


def joined(parts: Iterable[Ints]) -> Ints:
    """Vectors one after the other; never empty."""
    return np.concatenate([*parts, np.zeros(1, np.int64)]).astype(np.int64)


def rows(count: int, width: int) -> Ints:
    """Rows of zeros, one at least."""
    return zeros(max(count, 1) * width)


def fill(vector: Ints, kind: str, row: int, /, **words: int) -> None:
    """Write words of the row of that number."""
    fields, width = w.FIELDS[kind], w.width(kind)
    for field, value in words.items():
        vector[row * width + fields.index(field)] = value
