"""Where a run settles, and one long run cut into batches.

MSER-5 (White 1997; Hoad, Robinson and Davies 2010): of the means of each five neighbours, leave out so many from the
beginning that the standard error of the mean of the rest is least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.compose import simulate
from apigw_sim.experiment.records import Record, of_totals
from apigw_sim.metrics.coding import Coding
from apigw_sim.metrics.fold import worked
from apigw_sim.metrics.totals import Totals
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, Block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan

SLOTS = 500
"""Into how many slots a run is cut to see where it settles."""
NEIGHBOURS = 5
CORRELATED = 0.05
"""Below this probability of von Neumann's ratio batches count as correlated."""


@dataclass(frozen=True)
class Settling:
    """What MSER-5 says of a series."""

    cut: int
    """How many values at the beginning are left out."""
    settled: bool
    """Whether it found a place: a cut in the second half says that the series is too short or never settles."""


def mser(values: NDArray[np.float64], neighbours: int = NEIGHBOURS) -> Settling:
    """Where a series settles, by MSER on the means of neighbours."""
    batches = len(values) // neighbours
    if batches < 4:
        return Settling(0, False)
    means = values[: batches * neighbours].reshape(batches, neighbours).mean(axis=1)
    # Sums over what is left after each cut, from the end, about the overall mean so that nothing cancels.
    away = means - means.mean()
    left = np.arange(batches, 0, -1)
    totals, squares = np.cumsum(away[::-1])[::-1], np.cumsum((away**2)[::-1])[::-1]
    error = (squares - totals**2 / left) / left**2
    # The last few batches agree by chance.
    cut = int(np.argmin(error[: batches - 3]))
    return Settling(cut * neighbours, cut <= batches // 2)


class Slots:
    """A sink: the mean latency of carried attempts by slot of arrival, from the first instant on."""

    def __init__(self, plan: Plan, slots: int = SLOTS) -> None:
        self._width = max(-(-plan.duration // slots), 1)
        self._size = -(-plan.duration // self._width)
        self._sum = np.zeros(self._size)
        self._count = np.zeros(self._size, np.int64)
        self._of = tuple(ATTEMPTS.names.index(name) for name in ("arrived_ns", "latency_ns", "status"))

    @property
    def width_ns(self) -> int:
        """How long a slot is."""
        return self._width

    def fold(self, block: Block) -> None:
        """Take in a block, if it is of attempts."""
        if block.table.name != ATTEMPTS.name or not len(block):
            return
        arrived, latency, status = (block.rows[:, column] for column in self._of)
        carried = status < 400
        slot = np.minimum(arrived[carried] // self._width, self._size - 1)
        self._sum += np.bincount(slot, latency[carried], self._size)
        self._count += np.bincount(slot, minlength=self._size)

    def series(self) -> NDArray[np.float64]:
        """Mean latency in ms by slot; a slot without one has the last before it."""
        found = (
            np.divide(self._sum, self._count, out=np.full(self._size, np.nan), where=self._count > 0) / 1e6
        )
        known = np.maximum.accumulate(np.where(np.isnan(found), -1, np.arange(self._size)))
        first = found[~np.isnan(found)][:1]
        return np.where(known >= 0, found[np.maximum(known, 0)], first[0] if len(first) else 0.0)


def pilot(plan: Plan, seed: int, engine: str, runs: int) -> tuple[NDArray[np.float64], int]:
    """The mean latency by slot, a row for each of so many replications; and the length of a slot in ns."""
    rows, width = [], 1
    for replication in range(runs):
        slots = Slots(plan)
        simulate(plan, seed, replication=replication, engine=engine, sink=slots.fold)
        rows.append(slots.series())
        width = slots.width_ns
    return np.array(rows), width


# one long run


class Batches:
    """A sink that counts a run's rows by batch: equal spans of time after the warm-up, by arrival and start."""

    def __init__(self, plan: Plan, batches: int) -> None:
        self._begin = plan.warm_up
        self._length = -(-(plan.duration - plan.warm_up) // batches)
        self._end = plan.duration
        self._coding = Coding(plan)
        self._totals = [Totals(plan, self._coding) for _ in range(batches)]

    def fold(self, block: Block) -> None:
        """Take in a block."""
        table = block.table
        if table.name not in (ATTEMPTS.name, CALLS.name, INVOCATIONS.name) or not len(block):
            return
        stamp = block.rows[:, table.names.index("started_ns" if table.name == CALLS.name else "arrived_ns")]
        inside = (stamp >= self._begin) & (stamp < self._end)
        batch = np.where(inside, (stamp - self._begin) // self._length, -1)
        for number in np.unique(batch[inside]).tolist():
            part = Block(table, block.rows[batch == number].copy())
            self._add(self._totals[number], part)

    def _add(self, totals: Totals, part: Block) -> None:
        def of(*names: str) -> list[NDArray[np.int64]]:
            return [part.rows[:, part.table.names.index(name)] for name in names]

        if part.table.name == ATTEMPTS.name:
            stage, method, client, latency, integration, status, why, flags, cache, refused_by = of(
                "stage", "method", "client", "latency_ns", "integration_ns", "status", "reason", "flags", "cache",
                "refused_by",
            )  # fmt: skip
            leaf = self._coding.leaf(stage, method, flags)
            code = self._coding.code(leaf, self._coding.fate(status, refused_by, why, flags), cache)
            totals.add_attempts(code, stage, client, latency, integration, status, why, flags)
        elif part.table.name == CALLS.name:
            client, started, ended, outcome = of("client", "started_ns", "ended_ns", "outcome")
            totals.add_calls(client, ended - started, outcome)
        else:
            work = worked(part)
            totals.add_invocations(
                work.backend, work.client, work.ran, work.failed, work.throttled, work.init, work.duration,
                work.outcome, work.abandoned, work.duplicate,
            )  # fmt: skip

    def records(self) -> list[Record]:
        """What each batch counted, as if it were a run."""
        return [of_totals(totals, number, self._length) for number, totals in enumerate(self._totals)]


@dataclass(frozen=True)
class Correlation:
    """Whether neighbours in a series hang together."""

    lag_1: float
    von_neumann: float
    """The mean square of successive differences by the variance: 2 where neighbours are independent."""
    probability: float
    """Of a ratio so small or smaller, were they independent."""

    @property
    def correlated(self) -> bool:
        """Whether that is too improbable."""
        return self.probability < CORRELATED


def correlation(values: NDArray[np.float64]) -> Correlation:
    """Lag-1 correlation and von Neumann's ratio (1941), with its normal approximation."""
    from scipy.special import ndtr

    n = len(values)
    away = values - values.mean()
    squares = float((away**2).sum())
    if n < 4 or squares == 0:
        return Correlation(0.0, 2.0, 1.0)
    lag = float((away[1:] * away[:-1]).sum()) / squares
    ratio = float((np.diff(values) ** 2).sum()) / squares
    # Mean 2 and variance 4 (n - 2) / (n^2 - 1), about sums of n squares.
    z = (ratio - 2) / math.sqrt(4 * (n - 2) / (n * n - 1))
    return Correlation(lag, ratio, float(ndtr(z)))
