"""Firehose behind a data stream, in integers: records that wait, and what of them is delivered to S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.queues import tally
from apigw_sim.rules.buffering import NS_PER_AGE, is_due, is_full

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State


def buffer(s: State, d: View, size: int) -> None:
    """A record comes, now; who was due before has been delivered."""
    settle(s, d, s.now)
    if d.records == 0:
        d.first = s.now
    d.records += 1
    d.held += size
    if is_full(d.held, d.size):
        deliver(s, d, d.objects_by_size, s.now - d.first)


def settle(s: State, d: View, now: int) -> None:
    """What was due by `now` has been delivered."""
    if is_due(d.records, d.first, d.interval, now):
        deliver(s, d, d.objects_by_interval, d.interval)


def deliver(s: State, d: View, by: int, age: int) -> None:
    """An object of all that waits, the oldest of it so old."""
    tally(s, by, 1)
    tally(s, d.delivered_records, d.records)
    tally(s, d.delivered_bytes, d.held)
    tally(s, d.object_bytes, d.held)
    tally(s, d.object_bytes, -d.held)
    tally(s, d.object_age, age)
    tally(s, d.object_age, -age)
    tally(s, d.object_ages, age // NS_PER_AGE)
    d.records = 0
    d.held = 0
