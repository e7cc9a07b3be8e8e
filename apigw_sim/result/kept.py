"""Rows that outlive their block: narrowed to the dtypes of their columns, in the order in which they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.records import ATTEMPTS, JOURNAL, LEVELS, TABLES, Block, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

Columns = dict[str, "NDArray[Any]"]
LOGGED = (ATTEMPTS,)
"""The tables that logs are rendered from."""


class Kept:
    """A sink that keeps `levels` and `journal`, with `logs` what is logged too, and with `requests` every table."""

    def __init__(self, requests: bool = False, logs: bool = False) -> None:
        self.requests, self.logs = requests, logs
        some = (LEVELS, JOURNAL, *LOGGED) if logs else (LEVELS, JOURNAL)
        tables: Iterable[Table] = TABLES if requests else some
        self.tables = tuple(table.name for table in tables)
        """The names of the tables that are kept."""
        self._blocks: dict[str, list[list[NDArray[Any]]]] = {name: [] for name in self.tables}

    def fold(self, block: Block) -> None:
        """Keep a block, if it is of a table that is kept."""
        blocks = self._blocks.get(block.table.name)
        if blocks is not None and len(block):
            blocks.append([
                _narrowed(block.rows[:, number], column.dtype)
                for number, column in enumerate(block.table.columns)
            ])  # fmt: skip

    def keeps(self, table: Table) -> bool:
        """Whether rows of a table are kept."""
        return table.name in self._blocks

    def count(self, table: Table) -> int:
        """How many rows of a table are kept."""
        return sum(len(columns[0]) for columns in self._blocks[table.name])

    def chunks(self, table: Table, rows: int) -> Iterator[Columns]:
        """The columns of a table, at least `rows` rows at a time; one empty chunk if there is none."""
        waiting: list[list[NDArray[Any]]] = []
        held, given = 0, False
        for columns in self._blocks[table.name]:
            waiting.append(columns)
            held += len(columns[0])
            if held >= rows:
                yield _joined(table, waiting)
                waiting, held, given = [], 0, True
        if waiting or not given:
            yield _joined(table, waiting)

    def columns(self, table: Table) -> Columns:
        """All rows of a table."""
        return _joined(table, self._blocks[table.name])


def _narrowed(values: NDArray[np.int64], dtype: str) -> NDArray[Any]:
    narrow = values.astype(dtype)
    if dtype != "int64" and not np.array_equal(narrow, values):
        raise OverflowError(f"a value does not fit into {dtype}")
    return narrow


def _joined(table: Table, blocks: list[list[NDArray[Any]]]) -> Columns:
    if not blocks:
        return {column.name: np.zeros(0, column.dtype) for column in table.columns}
    return {
        column.name: np.concatenate([block[number] for block in blocks])
        for number, column in enumerate(table.columns)
    }
