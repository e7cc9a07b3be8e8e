"""Laws, shares and choices: what is drawn, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NULL = -1


@dataclass(frozen=True)
class Law:
    """A distribution: `constant`, or where that is None a quantile table of `rules.quantile.SIZE` cells."""

    text: str
    constant: int | None
    cells: NDArray[np.int64]
    """int64, rules.quantile.SIZE values; all equal to `constant` where there is one."""
    mean: float
    """Exact where a formula exists, else of the table."""


@dataclass(frozen=True)
class Shares:
    """HTTP statuses by share: `thresholds` are cumulative 63-bit words, the last one catches the rest."""

    statuses: tuple[int, ...]
    thresholds: tuple[int, ...]


class Choice(IntEnum):
    """How a whole number is drawn."""

    UNIFORM = 0
    ZIPF = 1


@dataclass(frozen=True)
class Numbered:
    """A drawn whole number 0..n-1: uniform, or Zipf by an alias table (`rules.pick.alias`)."""

    choice: Choice
    n: int
    table: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Parameter:
    """One drawn path, query or header value of a call: value v adds v * stride to the ids."""

    name: str
    """path.id, query.page, header.Accept"""
    word: int
    """Number of its word among the call's parameter draws."""
    law: Numbered
    resource_stride: int
    entry_stride: int
    """0 where it is no cache key."""


class Drawn(NamedTuple):
    """A segment of a path that is drawn for each call."""

    word: int
    """Number of its word among the call's parameter draws."""
    law: Numbered


@dataclass(frozen=True)
class Works:
    """What an attempt draws for its backend, or for a mock."""

    service: Law
    """Lambda's service overhead; HTTP backends and mocks have none."""
    duration: Law
    response: Law
    """Bytes."""
    status: Shares | None
    """None: a mock, whose status is its method's."""
    crash: int = 0
    """Threshold word."""
    malformed: int = 0
    """Threshold word."""
