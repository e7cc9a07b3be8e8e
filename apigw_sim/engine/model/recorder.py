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
        self.pack = Struct(f"={len(table.columns)}q").pack
        self._rows: list[bytes] = []
        self.write = self._rows.append

    def spill(self) -> None:
        """Hand on what there is if it makes a block."""
        if len(self._rows) >= BLOCK_ROWS:
            self.seal()

    def seal(self) -> None:
        """Hand on what there is, in blocks."""
        for first in range(0, len(self._rows), BLOCK_ROWS):
            rows = np.frombuffer(b"".join(self._rows[first : first + BLOCK_ROWS]), np.int64)
            self.sink(Block(self.table, rows.reshape(-1, len(self.table.columns))))
        self._rows.clear()
