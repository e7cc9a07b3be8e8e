"""Periods of AWS/ApiGateway and AWS/Lambda: samples wait for the end of their period and leave figures behind."""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from apigw_sim.metrics.coding import CACHE_BITS, FATE_BITS, LAST_METERED, Coding, Fate, added, tallies
from apigw_sim.metrics.quantiles import Grouped, grouped, of_shares
from apigw_sim.metrics.series import KINDS, METRIC_BY_NAME, Figures, Metric, Numbering, WorkLevel
from apigw_sim.plan.tables import Plan
from apigw_sim.records import Cache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

RAN_WELL, RAN_BADLY, THROTTLED = 0, 1, 2
"""What an invocation is to AWS/Lambda."""


class Waiting:
    """Columns of samples, by period, until the period is closed."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.next = 0
        """The first period that is not closed yet."""
        self._parts: dict[int, list[tuple[NDArray[np.signedinteger], ...]]] = {}

    def add(self, stamp: NDArray[np.int64], *columns: NDArray[np.signedinteger]) -> None:
        """Keep rows for the period of each one's stamp."""
        if not len(stamp):
            return
        first, last = int(stamp.min()) // self.length, int(stamp.max()) // self.length
        if first < self.next:
            raise RuntimeError(f"a row of period {first} came after that period had been closed")
        if first == last:
            self._parts.setdefault(first, []).append(columns)
            return
        period = stamp // self.length
        steps = np.diff(period)
        if bool((steps >= 0).all()):
            cuts = [0, *(np.nonzero(steps)[0] + 1).tolist(), len(stamp)]
            for begin, end in pairwise(cuts):
                parts = tuple(column[begin:end] for column in columns)
                self._parts.setdefault(int(period[begin]), []).append(parts)
            return
        for number in np.unique(period):
            of_period = period == number
            self._parts.setdefault(int(number), []).append(tuple(column[of_period] for column in columns))

    def take(self, number: int) -> tuple[NDArray[np.signedinteger], ...] | None:
        """All rows of a period, which is closed by that; None where it has none."""
        self.next = number + 1
        parts = self._parts.pop(number, None)
        if parts is None:
            return None
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))

    @property
    def last(self) -> int:
        """The last period that has rows; -1: none has."""
        return max(self._parts, default=-1)


class Traffic(NamedTuple):
    """What one stage (-1: all together) did in one period, beyond what CloudWatch shows."""

    period: int
    stage: int
    fates: tuple[int, ...]
    """Attempts by `Fate`."""
    hits: int
    misses: int
    p50: float
    """Of Latency, ns; the other three likewise."""
    p99: float
    carried_p50: float
    """Of the answers below 400; NaN where there was none."""
    carried_p99: float


class Level(IntEnum):
    """By what samples of the gateway are grouped."""

    METHOD = 0
    STAGE = 1
    API = 2
    ALL = 3
    CANARY = 4


class Groups:
    """The group of each leaf at each level, and how many groups there are."""

    def __init__(self, coding: Coding, numbering: Numbering) -> None:
        self.coding = coding
        self.of_leaf = {
            Level.METHOD: np.where(
                np.append(numbering.of_method, -1)[coding.method_of_leaf] >= 0, coding.method_of_leaf, -1
            ),
            Level.CANARY: np.maximum(coding.unit_of_leaf - coding.stages, -1),
            Level.STAGE: coding.stage_of_leaf,
            Level.API: numbering.api_of_stage[coding.stage_of_leaf],
            Level.ALL: np.zeros(coding.leaves, np.int64),
        }
        """-1: none, of what matched no method or one without series of its own, or met no canary."""
        self.sizes = {
            Level.METHOD: coding.methods, Level.STAGE: coding.stages, Level.API: len(numbering.apis), Level.ALL: 1,
            Level.CANARY: len(coding.canaried),
        }  # fmt: skip


class Samples:
    """The attempts of one period: what is asked of them."""

    def __init__(
        self,
        groups: Groups,
        code: NDArray[np.int32],
        latency: NDArray[np.int64],
        integration: NDArray[np.int64],
    ) -> None:
        self._groups = groups
        self.cells = groups.coding.count(code)
        fate = (code >> CACHE_BITS) & ((1 << FATE_BITS) - 1)
        metered = fate <= LAST_METERED
        if not metered.all():
            code, fate, latency, integration = (
                code[metered],
                fate[metered],
                latency[metered],
                integration[metered],
            )
        self._leaf = code >> (CACHE_BITS + FATE_BITS)
        self._latency, self._integration = latency, integration
        self._relayed = integration >= 0
        self._carried = fate <= Fate.CARRIED_3XX

    def latencies(self, level: Level) -> Grouped:
        """Latency."""
        return self._grouped(level, self._leaf, self._latency)

    def integrations(self, level: Level) -> Grouped:
        """IntegrationLatency of those that were relayed."""
        return self._grouped(level, self._leaf[self._relayed], self._integration[self._relayed])

    def carried(self, level: Level) -> Grouped:
        """Latency of the answers below 400; its percentiles alone are asked for."""
        return self._grouped(level, self._leaf[self._carried], self._latency[self._carried])

    def _grouped(self, level: Level, leaf: NDArray[np.int32], values: NDArray[np.int64]) -> Grouped:
        size = self._groups.sizes[level]
        if level in {Level.METHOD, Level.CANARY}:
            group = self._groups.of_leaf[level][leaf]
            known = group >= 0
            return grouped(group[known], values[known], size)
        return grouped(None if size == 1 else self._groups.of_leaf[level][leaf], values, size)


class Work:
    """The invocations of one period."""

    def __init__(
        self, levels: Sequence[WorkLevel], code: NDArray[np.int32], duration: NDArray[np.int64]
    ) -> None:
        self._code, self._duration, self._levels = code, duration, levels
        pairs = len(levels[0].of_pair)
        self.counts = np.bincount(code, minlength=4 * pairs).reshape(-1, 4).astype(np.int64)
        """By pair and fate."""

    def durations(self, number: int) -> Grouped:
        """Duration of what was not throttled, by group of a level."""
        level = self._levels[number]
        groups = level.of_pair[self._code >> 2]
        mine = (self._code & 3 != THROTTLED) & (groups >= 0)
        return grouped(groups[mine], self._duration[mine], len(level.series))


class GatewayPeriods:
    """AWS/ApiGateway, by API, stage and method."""

    def __init__(
        self, plan: Plan, groups: Groups, numbering: Numbering, figures: Figures, waiting: Any,
        samples: Callable[..., Samples],
    ) -> None:  # fmt: skip
        self.waiting = waiting
        self.traffic: list[Traffic] = []
        self._coding = coding = groups.coding
        self._numbering = numbering
        self._figures = figures
        has_cache = np.array([stage.cache_bytes > 0 for stage in plan.stages], bool)
        by_api = added(has_cache.astype(np.int64), numbering.api_of_stage, len(numbering.apis)) > 0
        by_method = has_cache[coding.stage_of_leaf[: coding.methods]]
        self._with_canaries = len(numbering.of_canary) > 0
        by_canary = has_cache[coding.canaried] if self._with_canaries else has_cache[:0]
        self._cached = np.concatenate([by_api, has_cache, by_method, by_canary])
        self._ids = np.concatenate(
            [numbering.of_api, numbering.of_stage, numbering.of_method, numbering.of_canary]
        )
        self._own = np.array([series.websocket for series in numbering.series], bool)
        """Series of WebSocket APIs, which have other metrics (`metrics.connections`), of these only IntegrationLatency."""
        self._shown = (self._ids >= 0) & ~self._own[self._ids]
        self._samples = samples
        self._groups = groups
        self._one_stage_each = len(numbering.apis) == len(plan.stages)

    def close(self, number: int) -> None:
        """Turn the samples of a period into figures."""
        rows = self.waiting.take(number)
        if rows is None:
            return
        samples = self._samples(self._groups, *rows)
        cells = samples.cells
        by_stage = self._coding.by_stage(cells)
        by_api = added(by_stage, self._numbering.api_of_stage, len(self._numbering.apis))
        by_method, by_canary = self._coding.by_method(cells), cells[:0]
        if self._with_canaries:
            by_canary = self._coding.by_canary(cells)
        self._counts(number, np.concatenate([by_api, by_stage, by_method, by_canary]))
        of_stage = self._times(number, Metric.LATENCY, samples.latencies)
        self._times(number, Metric.INTEGRATION_LATENCY, samples.integrations)
        self._see_traffic(number, by_stage, of_stage, samples)

    def _counts(self, period: int, cells: NDArray[np.int64]) -> None:
        """Count, errors and the cache, of all series at once."""
        counted = tallies(cells)
        counts = counted["Count"]
        seen = counts > 0
        cached = self._cached | (counted["CacheHitCount"] + counted["CacheMissCount"] > 0)
        for name, ones in counted.items():
            metric = METRIC_BY_NAME[name]
            shown = (seen & cached if name.startswith("Cache") else seen) & self._shown
            self._figures.add(period, metric, self._ids[shown], *zero_one(metric, counts[shown], ones[shown]))

    def _times(self, period: int, metric: Metric, of: Callable[[Level], Grouped]) -> Grouped:
        """Latencies by method, stage and API; gives those by stage."""
        numbering = self._numbering
        of_stage = of(Level.STAGE)
        if len(of_stage.ids):
            own = numbering.api_of_stage
            of_api = of_stage.renumbered(own) if self._one_stage_each else of(Level.API)
            self._add(period, metric, of(Level.METHOD).renumbered(numbering.of_method))
            self._add(period, metric, of_stage.renumbered(numbering.of_stage))
            if self._with_canaries:
                self._add(period, metric, of(Level.CANARY).renumbered(numbering.of_canary))
            self._add(period, metric, of_api.renumbered(numbering.of_api))
        return of_stage

    def _add(self, period: int, metric: Metric, found: Grouped) -> None:
        if metric is Metric.LATENCY:
            found = found.only(~self._own[found.ids])
        self._figures.add(period, metric, *found)

    def _see_traffic(
        self, period: int, cells: NDArray[np.int64], of_stage: Grouped, samples: Samples
    ) -> None:
        of_carried = samples.carried(Level.STAGE)
        counts = cells.sum(axis=(1, 2))
        if not len(of_stage.ids):  # nothing that CloudWatch has a sample of
            for number in (-1, *np.nonzero(counts)[0].tolist()):
                own = cells.sum(axis=0) if number < 0 else cells[number]
                self._keep(period, number, own, np.full(2, np.nan), of_carried.points[:0])
            return
        alone = len(of_stage.ids) == 1
        of_all = of_stage if alone else samples.latencies(Level.ALL)
        all_carried = of_carried if alone else samples.carried(Level.ALL)
        self._keep(period, -1, cells.sum(axis=0), of_all.points[0], all_carried.points[:1])
        where = {int(number): row for row, number in enumerate(of_carried.ids)}
        metered = {int(number): row for row, number in enumerate(of_stage.ids)}
        for number in np.nonzero(counts)[0].tolist():
            at, row = where.get(number), metered.get(number)
            points = of_carried.points[at : at + 1] if at is not None else of_carried.points[:0]
            own = np.full(2, np.nan) if row is None else of_stage.points[row]
            self._keep(period, number, cells[number], own, points)

    def _keep(
        self, period: int, stage: int, cells: NDArray[np.int64], points: NDArray[np.float64],
        carried: NDArray[np.float64],
    ) -> None:  # fmt: skip
        fates = cells.sum(axis=1)
        low, high = (float(carried[0, 0]), float(carried[0, -1])) if len(carried) else (np.nan, np.nan)
        self.traffic.append(
            Traffic(
                period, stage, tuple(int(fates[fate]) for fate in Fate), int(cells[:, Cache.HIT].sum()),
                int(cells[:, Cache.MISS].sum()), float(points[0]), float(points[-1]), low, high,
            )
        )  # fmt: skip


class LambdaPeriods:
    """AWS/Lambda, by function, and by its aliases and versions; concurrency comes from gauges."""

    def __init__(
        self, numbering: Numbering, figures: Figures, waiting: Any, work: Callable[..., Work]
    ) -> None:
        self.waiting = waiting
        self._work = work
        self._levels = numbering.work
        self._figures = figures

    def close(self, number: int) -> None:
        """Turn the samples of a period into figures."""
        rows = self.waiting.take(number)
        if rows is None:
            return
        work = self._work(self._levels, *rows)
        for level, (of_pair, series) in enumerate(self._levels):
            if len(series):
                mine = of_pair >= 0
                counts = added(work.counts[mine], of_pair[mine], len(series))
                self._publish(number, counts, series, work.durations(level))

    def _publish(
        self, number: int, counts: NDArray[np.int64], series: NDArray[np.int64], durations: Grouped
    ) -> None:
        ran = counts[:, RAN_WELL] + counts[:, RAN_BADLY]
        asked = ran + counts[:, THROTTLED]
        for metric, of, ones in (
            (Metric.INVOCATIONS, ran, ran),
            (Metric.ERRORS, ran, counts[:, RAN_BADLY]),
            (Metric.THROTTLES, asked, counts[:, THROTTLED]),
        ):
            seen = of > 0
            self._figures.add(number, metric, series[seen], *zero_one(metric, of[seen], ones[seen]))
        self._figures.add(number, Metric.DURATION, *durations.renumbered(series))


def zero_one(
    metric: Metric, counts: NDArray[np.int64], ones: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Figures of 0/1 samples: counts, sums, minima, maxima and percentiles."""
    if not KINDS[metric].shares:
        return counts, ones, np.ones_like(ones), np.ones_like(ones), np.ones((len(ones), 4))
    return (
        counts, ones, (ones == counts).astype(np.int64), (ones > 0).astype(np.int64), of_shares(counts, ones),
    )  # fmt: skip
