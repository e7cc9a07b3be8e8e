"""Access logs: the lines of a stage, rendered from the rows of its requests block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.logs.context import Block
from apigw_sim.records import Flag
from apigw_sim.scenario.logging import VARIABLE

if TYPE_CHECKING:
    from apigw_sim.draws import Draws
    from apigw_sim.logs.drawn import Columns

UNSEEN = Flag.IN_FRONT | Flag.UNMETERED | Flag.UNLOGGED
"""Marks of requests of which a stage logs nothing: it never met them, or AWS says that it does not."""


def lines(draws: Draws, stage: int, chunks: Iterable[Columns]) -> Iterator[str]:
    """The lines of a stage's access log, in the order of answers, some thousands to a text."""
    template = draws.plan.stages[stage].access_log
    pieces = VARIABLE.split(template)
    names = pieces[1::2]
    form = "%s".join(piece.replace("%", "%%") for piece in pieces[::2]) + "\n"
    for columns in chunks:
        mine = np.flatnonzero((columns["stage"] == stage) & (columns["flags"] & UNSEEN == 0))
        if not len(mine):
            continue
        block = Block(draws, stage, {name: column[mine] for name, column in columns.items()})
        values = {name: block.column(name) for name in dict.fromkeys(names)}
        yield "".join(map(form.__mod__, zip(*(values[name].tolist() for name in names), strict=True)))
