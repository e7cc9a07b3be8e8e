"""Compiled: rows taken in where they stand, for Python and for the engine's loop alike.

What a fold takes besides rows stands in a frame of words (`kernels_frames.Frame`): how many rows more it has room for, then each
argument as the compiler knows it: a number, or an array as its address and its shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.metrics.kernels_rows import fold_attempts, fold_calls, fold_invocations
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OF_ATTEMPTS, OF_CALLS, OF_INVOCATIONS = len(ATTEMPTS.columns), len(CALLS.columns), len(INVOCATIONS.columns)


def rows_at(rows: int, n: int, width: int) -> NDArray[np.int64]:
    """The n rows that stand at an address."""
    raise NotImplementedError("only what is compiled goes by addresses")


def room(frame: int, n: int) -> bool:
    """Whether a frame has room for n rows more, which are counted."""
    raise NotImplementedError("only what is compiled goes by addresses")


def of_attempts(frame: int) -> tuple[Any, ...]:
    """What `fold_attempts` takes after the rows."""
    raise NotImplementedError("only what is compiled goes by addresses")


def of_calls(frame: int) -> tuple[Any, ...]:
    """What `fold_calls` takes after the rows."""
    raise NotImplementedError("only what is compiled goes by addresses")


def of_invocations(frame: int) -> tuple[Any, ...]:
    """What `fold_invocations` takes after the rows."""
    raise NotImplementedError("only what is compiled goes by addresses")


def take_attempts(frame: int, rows: int, n: int) -> int:
    """Take in n attempts that stand at an address, if there is room: 1, else 0."""
    if not room(frame, n):
        return 0
    fold_attempts(rows_at(rows, n, OF_ATTEMPTS), *of_attempts(frame))
    return 1


def take_calls(frame: int, rows: int, n: int) -> int:
    """Take in n calls, as `take_attempts`."""
    if not room(frame, n):
        return 0
    fold_calls(rows_at(rows, n, OF_CALLS), *of_calls(frame))
    return 1


def take_invocations(frame: int, rows: int, n: int) -> int:
    """Take in n invocations, as `take_attempts`."""
    if not room(frame, n):
        return 0
    fold_invocations(rows_at(rows, n, OF_INVOCATIONS), *of_invocations(frame))
    return 1
