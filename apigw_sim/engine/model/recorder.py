"""Rows on their way out: packed as they are written, handed to the sink in blocks."""

from __future__ import annotations

from struct import Struct

import numpy as np

from apigw_sim.records import BLOCK_ROWS, Block, Sink, Table


class Recorder:
    """One table of a run."""

    def __init__(self, table: Table, sink: Sink) -> None:
        self.table = table
        self.sink = sink
        self._row = Struct(f"={len(table.columns)}q")
        self._buffer = bytearray(BLOCK_ROWS * self._row.size)
        self._end = 0

    def write(self, *row: int) -> None:
        """Add a row, in the order of the table's columns."""
        self._row.pack_into(self._buffer, self._end, *row)
        self._end += self._row.size
        if self._end == len(self._buffer):
            self.seal()

    def seal(self) -> None:
        """Hand on what there is."""
        if self._end:
            rows = np.frombuffer(self._buffer[: self._end], np.int64)
            self._end = 0
            self.sink(Block(self.table, rows.reshape(-1, len(self.table.columns))))
