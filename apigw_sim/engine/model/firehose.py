"""Firehose behind a data stream: records are buffered, and delivered to S3 by size or by interval.

Nothing waits for a delivery, so no event is made of it: a buffer whose interval has passed is settled when the next
record comes, or at the next tick, as it was at the instant of its delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.engine.model.backends import Job
from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.engine.model.services import Stream
from apigw_sim.plan import services as plan
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.rules.buffering import NS_PER_AGE, is_due, is_full
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from apigw_sim.engine.model.gauges import Gauges
    from apigw_sim.plan.tables import Plan


class Figures:
    """The gauges of a Firehose stream, which its buffers share."""

    def __init__(self, gauges: Gauges, plan: Plan, place: int) -> None:
        (
            self.delivered_records, self.delivered_bytes, self.by_size, self.by_interval, self.object_bytes,
            self.object_age, self.object_ages,
        ) = (
            Gauge(gauges, plan.gauge(GaugeKind(kind), place), integral=False)
            for kind in range(GaugeKind.DELIVERED_RECORDS, GaugeKind.OBJECT_AGES + 1)
        )  # fmt: skip


class Buffer:
    """Records that wait for their delivery."""

    def __init__(self, said: plan.Firehose, figures: Figures) -> None:
        self.said = said
        self.figures = figures
        self.records = 0
        self.held = 0
        self.first = 0
        """When the first of them came."""

    def take(self, size: int, now: int) -> None:
        """A record comes."""
        self.settle(now)
        if not self.records:
            self.first = now
        self.records += 1
        self.held += size
        if is_full(self.held, self.said.size):
            self._deliver(now - self.first, self.figures.by_size)

    def settle(self, now: int) -> None:
        """What was due by now has been delivered."""
        if is_due(self.records, self.first, self.said.interval_ns, now):
            self._deliver(self.said.interval_ns, self.figures.by_interval)

    def _deliver(self, age: int, by: Gauge) -> None:
        figures = self.figures
        by.move(1)
        figures.delivered_records.move(self.records)
        figures.delivered_bytes.move(self.held)
        for gauge, figure in ((figures.object_bytes, self.held), (figures.object_age, age)):
            gauge.move(figure)
            gauge.move(-figure)
        figures.object_ages.move(age // NS_PER_AGE)
        self.records = self.held = 0


class Delivered(Stream):
    """A data stream that Firehose reads: what it takes is delivered."""

    def __init__(self, said: plan.Firehose, figures: Figures, *its: Any) -> None:
        """`its`: what a stream is made of."""
        super().__init__(*its)
        self.buffers = [Buffer(said, figures) for _ in range(said.buffers)]
        """One of the stream, or one for each shard."""

    def has(self, job: Job) -> None:
        """A record is in the stream, and in the buffer."""
        super().has(job)
        buffer = self.buffers[self.shard_of[job] % len(self.buffers)]
        attempt = job.attempt
        buffer.take(attempt.body, attempt.clock.now)
        attempt.note(self._told(buffer, attempt.clock.now))

    def _told(self, buffer: Buffer, now: int) -> str:
        """What becomes of the record that has just come, for people."""
        name = self.row.said_name
        if not buffer.records:
            return f"Firehose of {name}: it fills the buffer, which is delivered to S3 at once"
        return (
            f"Firehose of {name}: one of {buffer.records:,} records that wait, {buffer.held:,} bytes together; "
            f"delivered to S3 after {(buffer.first + buffer.said.interval_ns - now) / SECOND:g} s, or sooner by size"
        )

    def settle(self, now: int) -> None:
        """What was due before now has been delivered."""
        for buffer in self.buffers:
            buffer.settle(now - 1)
