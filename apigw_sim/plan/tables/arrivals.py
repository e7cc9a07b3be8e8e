"""When calls start: rated processes and traces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apigw_sim.plan.tables.draws import Law


@dataclass(frozen=True)
class Segment:
    """A stretch of the arrival rate: from `begin` to `end`, linear from first to last, in requests/s = p / q."""

    begin: int
    end: int
    first: tuple[int, int]
    """(p, q): the rate at `begin` is p / q requests per second."""
    last: tuple[int, int]


@dataclass(frozen=True)
class Chain:
    """The states of a Markov-modulated process: each multiplies the rate while it lasts."""

    times: tuple[tuple[int, int], ...]
    """(p, q): by state, the rate is multiplied by p / q."""
    holds: tuple[int, ...]
    """ns: the mean holding time of each."""
    successors: tuple[tuple[int, ...], ...]
    """By state, those that may follow it."""
    thresholds: tuple[tuple[int, ...], ...]
    """Cumulative threshold words over them."""
    first: tuple[int, ...]
    """Cumulative threshold words over the states: the equilibrium in which it begins."""
    mean: float
    """Of `times`, in equilibrium."""


@dataclass(frozen=True)
class Batches:
    """How many calls start at once."""

    sizes: NDArray[np.int64]
    thresholds: tuple[int, ...]
    """Cumulative threshold words over the sizes."""
    mean: float


@dataclass(frozen=True)
class Rated:
    """Arrivals by a process and a rate."""

    poisson: bool
    """Whether gaps are exponential; else even, or of the law `gaps`."""
    segments: tuple[Segment, ...]
    gaps: Law | None = None
    """Of a renewal process: gaps in units of `plan.gaps.UNIT`, of which the mean is one."""
    first_gap: Law | None = None
    """What is left at 0 of the gap under way."""
    chain: Chain | None = None
    batches: Batches | None = None
    also: tuple[Rated, ...] = ()
    """What is superposed on it."""

    @property
    def streams(self) -> tuple[Rated, ...]:
        """Itself and what is superposed on it."""
        return self, *self.also


class Placement(IntEnum):
    """How the counts of a trace are placed within their period."""

    POISSON = 0
    EVEN = 1
    START = 2
    BURSTY = 3


@dataclass(frozen=True)
class Counted:
    """Arrivals as counts per period, from a trace; counts are after `scale`, cut to the run."""

    begins: NDArray[np.int64]
    """ns, ascending, one per period that has arrivals."""
    counts: NDArray[np.int64]
    span: int
    """ns: a period's length, after `speed`."""
    placement: Placement
    peak_to_mean: float
    """BURSTY: the rate within a burst over the mean rate."""
    over: int
    """BURSTY: length of a burst, ns."""
    end: int
    """Nothing lies at or beyond."""
    pick: NDArray[np.int64] | None = None
    """With `calls: from_trace`, as in Listed: one per arrival, in the order of arrival."""
    resource: NDArray[np.int64] | None = None
    entry: NDArray[np.int64] | None = None
    request_bytes: NDArray[np.int64] | None = None
    path: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Listed:
    """Arrivals at given instants, from a trace; with `calls: from_trace` what each one called."""

    at: NDArray[np.int64]
    """ns, ascending."""
    pick: NDArray[np.int64] | None = None
    """Row of the client's calls."""
    resource: NDArray[np.int64] | None = None
    entry: NDArray[np.int64] | None = None
    request_bytes: NDArray[np.int64] | None = None
    path: NDArray[np.int64] | None = None
    """Row of the client's `paths`."""


@dataclass(frozen=True)
class TraceReport:
    """What reading a trace found: nothing is dropped silently."""

    file: str
    rows: int
    """Rows read."""
    requests: int
    """What they count, before scale."""
    placed: int
    """Arrivals placed in the run."""
    cut: int
    """Arrivals beyond the end of the run or outside the window."""
    missing_periods: int
    unreadable: int
    first_unreadable: int
    """Line number; 0: none."""
    period_ns: int
    """0 for lists of instants."""
    notes: tuple[str, ...] = ()
