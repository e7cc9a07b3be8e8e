"""AWS/Kinesis: what was put into data streams, from their gauges, and how puts went, from their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.counters import Counters, count, total
from apigw_sim.metrics.firehose import READ
from apigw_sim.metrics.periods import Waiting, zero_one
from apigw_sim.metrics.quantiles import grouped
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.records import NULL, Block, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from apigw_sim.plan.tables import GaugeKind, Plan

WELL = 400
"""A PutRecord below this status succeeded."""


class Incoming:
    """What is in the streams of a plan, period by period."""

    def __init__(
        self, plan: Plan, numbering: Numbering, figures: Figures, slot: Callable[[GaugeKind, int], int | None]
    ) -> None:
        self._figures = figures
        self._series = numbering.of_stream
        places = range(len(plan.streams))
        self._counters = Counters(
            {kind: np.array([slot(kind, place) for place in places], np.int64) for kind in READ}
        )

    def publish(self, number: int, levels: NDArray[np.int64]) -> None:
        """A period has ended at these levels."""
        records, size = self._counters.came(levels).values()
        unknown = np.full(len(records), np.nan)
        count(self._figures, number, Metric.INCOMING_RECORDS, self._series, records)
        total(self._figures, number, Metric.INCOMING_BYTES, self._series, records, size, unknown)


class StreamPeriods:
    """The puts of a period, until it is closed, and what they leave behind; stamped as Lambda's work is."""

    def __init__(self, plan: Plan, numbering: Numbering, figures: Figures) -> None:
        self.waiting = Waiting(plan.period)
        self._series = numbering.of_stream
        self._figures = figures
        self._by_arrival = plan.account.stamp_arrival
        self._of_backend = np.full(len(plan.backends), NULL, np.int64)
        """Of each row of plan.backends that is a shard: the place of its stream."""
        for place, (row, said) in enumerate(plan.streams.items()):
            assert said.shards is not None
            self._of_backend[row : row + said.shards.count] = place

    def __bool__(self) -> bool:
        """Whether there are streams."""
        return len(self._series) > 0

    def fold(self, block: Block) -> None:
        """Take in invocations."""
        stream = self._of_backend[block["backend"]]
        mine = stream != NULL
        if not mine.any():
            return
        names = ("arrived_ns", "duration_ns", "outcome", "status")
        arrived, duration, outcome, status = (block[name][mine] for name in names)
        took = np.maximum(duration, 0)
        well = (outcome == Outcome.OK) & (status < WELL)
        refused = outcome == Outcome.SERVICE_THROTTLED
        stamp = arrived if self._by_arrival else arrived + took
        self.waiting.add(stamp, stream[mine], well.astype(np.int64), refused.astype(np.int64), took)

    def close(self, number: int) -> None:
        """Turn the puts of a period into figures."""
        rows = self.waiting.take(number)
        if rows is None:
            return
        stream, well, refused, took = rows
        size = len(self._series)
        puts, taken, over = (
            np.bincount(stream[rows], minlength=size).astype(np.int64)
            for rows in (slice(None), well == 1, refused == 1)
        )
        for metric, of, ones in (
            (Metric.PUT_RECORD_SUCCESS, puts, taken),
            (Metric.WRITE_PROVISIONED_THROUGHPUT_EXCEEDED, puts, over),
        ):
            seen = of > 0
            self._figures.add(number, metric, self._series[seen], *zero_one(metric, of[seen], ones[seen]))
        found = grouped(stream[well == 1], took[well == 1].astype(np.int64), size)
        self._figures.add(number, Metric.PUT_RECORD_LATENCY, *found.renumbered(self._series))
