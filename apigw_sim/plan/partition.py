"""Throttles on several hosts: the parts of each bucket, and the writes to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apigw_sim.plan.tables import Bucket, Cell, Event, Limit, LimitKind
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.scenario.settings import IDEAL, Partitioned

OF_THE_GATEWAY = (
    LimitKind.ACCOUNT,
    LimitKind.METHOD,
    LimitKind.PLAN,
    LimitKind.PLAN_METHOD,
    LimitKind.CONNECTIONS,
)
"""Limits whose buckets are parted; Lambda's are its own affair."""


class Partition:
    """How the gateway's throttles are shared among hosts."""

    def __init__(self, said: str | Partitioned, buckets: Sequence[Bucket], limits: Sequence[Limit]) -> None:
        self._ideal = tuple(buckets)
        self._parted = [limits[row.limit].kind in OF_THE_GATEWAY for row in buckets]
        self.hosts = 1 if isinstance(said, str) else said.hosts
        self._whole_burst = said == IDEAL or (isinstance(said, Partitioned) and said.each == "burst")

    def _part(self, rate: int, full: int) -> tuple[int, int]:
        """What a host has of a rate and a burst: of a burst one token at least, or it would refuse everything."""
        share = full if self._whole_burst else min(full, max(full // self.hosts, TOKEN))
        return rate // self.hosts, share

    def buckets(self) -> tuple[Bucket, ...]:
        """All rows of plan.buckets, those of the first host first."""
        if self.hosts == 1:
            return self._ideal
        made: list[Bucket] = []
        for host in range(self.hosts):
            for row, parted in zip(self._ideal, self._parted, strict=True):
                if parted:
                    rate, full = self._part(row.rate, row.full)
                    start = full * row.start // row.full if row.full else 0
                    made.append(replace(row, rate=rate, full=full, start=start))
                else:
                    made.append(row if host == 0 else replace(row, off=True))
        return tuple(made)

    def events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """The timeline, with a write to each part of a bucket that is set."""
        if self.hosts == 1:
            return tuple(events)
        return tuple(
            replace(
                event,
                begin=self._cells(event.begin),
                steps=tuple((at, self._cells(cells)) for at, cells in event.steps),
                end=self._cells(event.end),
            )
            for event in events
        )

    def _cells(self, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        made: list[Cell] = []
        for cell in cells:
            if cell.verb == "bucket" and self._parted[cell.args[0]]:
                number, rate, full, limit = cell.args
                part = (*self._part(rate, full), limit)
                rows = range(number, number + self.hosts * len(self._ideal), len(self._ideal))
                made += [Cell("bucket", (row, *part)) for row in rows]
            else:
                made.append(cell)
        return tuple(made)
