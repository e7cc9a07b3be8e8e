"""Rows on their way out: packed as they are written, handed to the sink in blocks."""

from __future__ import annotations

from struct import Struct

import numpy as np

from apigw_sim.records import BLOCK_ROWS, Block, Sink, Table


class Recorder:
    """One table of a run: a row is `write(pack(...))`, its columns in the table's order."""

    def __init__(self, table: Table, sink: Sink) -> None:
        self.table = table
        self.sink = sink
        row = Struct(f"={len(table.columns)}q")
        self.pack = row.pack
        self._block = BLOCK_ROWS * row.size
        self._buffer = bytearray()
        self.write = self._buffer.extend

    def spill(self) -> None:
        """Hand on what there is if it makes a block."""
        if len(self._buffer) >= self._block:
            self.seal()

    def seal(self) -> None:
        """Hand on what there is, in blocks."""
        rows = bytes(self._buffer)
        self._buffer.clear()
        for first in range(0, len(rows), self._block):
            block = np.frombuffer(rows[first : first + self._block], np.int64)
            self.sink(Block(self.table, block.reshape(-1, len(self.table.columns))))
