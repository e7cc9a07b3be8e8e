"""Levels over time: what gauges say per period, over the summary's window, and over the whole run.

A gauge that was not touched between two ticks writes no row: its level is carried forward. A bucket's or quota's
is not, since it refills; only its low is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apigw_sim.metrics.events import EventPeriods
from apigw_sim.metrics.firehose import FirehosePeriods
from apigw_sim.metrics.quantiles import POINTS
from apigw_sim.metrics.queues import QueuePeriods
from apigw_sim.metrics.series import Figures, Metric, Numbering
from apigw_sim.metrics.streams import Incoming
from apigw_sim.metrics.tables import TablePeriods
from apigw_sim.metrics.waf import WafPeriods
from apigw_sim.plan.tables import BackendKind, GaugeKind, Plan
from apigw_sim.records import NULL, Block
from apigw_sim.rules.utilization import WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEVER = np.iinfo(np.int64).max


OF_PROVISIONED = (
    (GaugeKind.PROVISIONED_IN_USE, Metric.PROVISIONED_CONCURRENT_EXECUTIONS, 1),
    (GaugeKind.PROVISIONED_UTILIZATION, Metric.PROVISIONED_CONCURRENCY_UTILIZATION, WHOLE),
)
"""The gauges of provisioned concurrency that CloudWatch shows, each with its metric and what its level is divided by."""


class Decoded(NamedTuple):
    """What a gauge measures."""

    kind: GaugeKind
    target: int


class GaugeNames:
    """Gauges by number, back to kind and target."""

    def __init__(self, plan: Plan) -> None:
        self._bases = sorted((base, kind) for kind, base in plan.gauge_base.items())
        self._starts = np.array([base for base, _ in self._bases], np.int64)

    def decode(self, gauge: int) -> Decoded:
        """The kind of a gauge and the row it is of."""
        base, kind = self._bases[int(np.searchsorted(self._starts, gauge, side="right")) - 1]
        return Decoded(kind, gauge - base)


class Use(NamedTuple):
    """How a level behaved over some span."""

    mean: float
    low: int
    peak: int


class _Span:
    """Integrals and extremes of all carried gauges over some span."""

    def __init__(self, size: int) -> None:
        self.area = np.zeros(size, np.float64)
        self.low = np.full(size, NEVER, np.int64)
        self.peak = np.full(size, NULL, np.int64)
        self.length = 0

    def take(
        self, area: NDArray[np.float64], low: NDArray[np.int64], peak: NDArray[np.int64], length: int
    ) -> None:
        self.area += area
        np.minimum(self.low, low, out=self.low)
        np.maximum(self.peak, peak, out=self.peak)
        self.length += length

    def use(self, slot: int) -> Use:
        if not self.length:
            return Use(0.0, 0, 0)
        return Use(float(self.area[slot]) / self.length, int(self.low[slot]), int(self.peak[slot]))


class Gauges:
    """All gauges of a run."""

    def __init__(self, plan: Plan, numbering: Numbering, figures: Figures) -> None:
        self._plan = plan
        self._figures = figures
        self._rows: list[NDArray[np.int64]] = []
        self._upto = 0
        self._base = plan.gauge_base
        sizes = {GaugeKind.TOKENS: len(plan.buckets), GaugeKind.QUOTA_LEFT: len(plan.quotas)}
        self._left = {
            kind: slice(self._base[kind], self._base[kind] + size)
            for kind, size in sizes.items()
            if kind in self._base
        }
        carried = np.ones(plan.gauges, bool)
        for where in self._left.values():
            carried[where] = False
        self._slot = np.where(carried, np.cumsum(carried) - 1, NULL)
        """Place of each carried gauge among them."""
        self._size = int(carried.sum())
        self._levels = np.zeros(self._size, np.int64)
        self._steps: list[tuple[int, NDArray[np.int64]]] = []
        """Each tick, and the peaks since the one before."""
        self._ticks, self._peaks = np.zeros(0, np.int64), np.zeros((0, self._size), np.int64)
        self.window = _Span(self._size)
        self.whole = _Span(self._size)
        self._least = np.full(plan.gauges, NEVER, np.int64)
        self.lows: list[tuple[int, NDArray[np.int32], NDArray[np.int64]]] = []
        """Of each period: which buckets' and quotas' gauges were touched, and the least each held."""
        every = [n for n, backend in enumerate(plan.backends) if backend.kind == BackendKind.LAMBDA]
        functions = [n for n in every if plan.backends[n].version_of == NULL]
        self._reserved = [(0, number, plan.backends[number].reserved) for number in functions]
        self._reserved += [(at, *args) for at, args in plan.writes("reserved")]
        self._reserved.sort(key=lambda write: write[0])
        for number in every:
            alive = self._find(GaugeKind.ENVIRONMENTS, number)
            if alive is not None:
                self._levels[alive] = plan.backends[number].initial_environments
        self._functions = np.array(functions, np.int64)
        self._function_series = numbering.of_backend[self._functions]
        self._of_region = numbering.of_region
        self._queues = QueuePeriods(plan, numbering, figures, self._find) if plan.queues else None
        self._waf = WafPeriods(plan, numbering, figures, self._find) if plan.waf.acls else None
        self._tables = TablePeriods(plan, numbering, figures, self._find) if plan.capacities else None
        self._streams = Incoming(plan, numbering, figures, self._find) if plan.streams else None
        self._firehoses = FirehosePeriods(plan, numbering, figures, self._find) if plan.firehoses else None
        self._events = EventPeriods(plan, numbering, figures, self._find) if plan.events else None
        self._provision_series = numbering.of_provision
        self.wanted: dict[tuple[Metric, int], dict[int, tuple[float, float, float]]] = {}
        """Metrics of series that somebody watches: of each period the mean, low and peak."""
        self.watched: dict[tuple[GaugeKind, int], dict[int, float]] = {}
        """Gauges that somebody watches, by kind and target: of each period the mean."""

    def _find(self, kind: GaugeKind, target: int = 0) -> int | None:
        base = self._base.get(kind)
        return None if base is None else int(self._slot[base + target])

    def fold(self, block: Block) -> None:
        """Keep rows of `levels` until their period is closed."""
        self._rows.append(block.rows.copy())

    def close(self, number: int) -> None:
        """Take in all rows up to the end of a period."""
        period = self._plan.period
        begin, end = number * period, (number + 1) * period
        rows = np.concatenate(self._rows) if self._rows else np.zeros((0, 6), np.int64)
        here = rows[:, 0] <= end
        self._rows = [] if here.all() else [rows[~here]]
        rows = rows[here]
        slot = self._slot[rows[:, 1]]
        self._take_lows(number, rows[slot == NULL])
        rows, slot = rows[slot != NULL], slot[slot != NULL]
        span = _Span(self._size)
        touched = np.zeros(self._size, bool)
        touched[slot] = True
        marks = {end, self._plan.warm_up, self._plan.duration, *rows[:, 0].tolist()}
        for at in sorted(mark for mark in marks if begin < mark <= end):
            now = rows[:, 0] == at
            self._step(at, rows[now], slot[now], span)
        for (kind, target), means in self.watched.items():
            means[number] = span.use(int(self._slot[self._base[kind] + target])).mean
        self._publish(number, span, touched)
        self._publish_provisioned(number, span, touched)

    def _take_lows(self, number: int, rows: NDArray[np.int64]) -> None:
        """Buckets and quotas: only the least counts."""
        if not len(rows):
            return
        order = np.lexsort((rows[:, 3], rows[:, 1]))
        ids, first = np.unique(rows[order, 1], return_index=True)
        low = rows[order[first], 3]
        self._least[ids] = np.minimum(self._least[ids], low)
        self.lows.append((number, ids.astype(np.int32), low))

    def _step(self, at: int, rows: NDArray[np.int64], slot: NDArray[np.int64], span: _Span) -> None:
        """What happened from the last tick to this one."""
        length = at - self._upto
        area = np.asarray(self._levels * float(length), np.float64)
        low, peak = self._levels.copy(), self._levels.copy()
        _, _, level, row_low, row_peak, row_area = rows.T
        low[slot] = row_low
        peak[slot] = np.where(row_peak == NULL, level, row_peak)
        area[slot] = np.where(row_area == NULL, level * float(length), row_area)
        self._levels[slot] = level
        self._steps.append((at, peak))
        span.take(area, low, peak, length)
        self.whole.take(area, low, peak, length)
        if self._plan.warm_up <= self._upto and at <= self._plan.duration:
            self.window.take(area, low, peak, length)
        self._upto = at

    def _publish(self, number: int, span: _Span, touched: NDArray[np.bool_]) -> None:
        """AWS/Lambda's concurrency: one sample, whose Average is the mean over the period."""
        if self._waf is not None:
            self._waf.publish(number, self._levels)
        if self._queues is not None:
            self._queues.publish(number, self._levels, span.area / span.length, span.low, span.peak)
        if self._tables is not None:
            self._tables.publish(number, self._levels)
        if self._streams is not None:
            self._streams.publish(number, self._levels)
        if self._firehoses is not None:
            self._firehoses.publish(number, self._levels, span.peak)
        if self._events is not None:
            self._events.publish(number, self._levels, span.peak)
        if len(self._functions) and GaugeKind.CONCURRENCY in self._base:
            slots = self._slot[self._base[GaugeKind.CONCURRENCY] + self._functions]
            busy = touched[slots] | (span.peak[slots] > 0)
            self._add(number, Metric.CONCURRENT_EXECUTIONS, self._function_series[busy], slots[busy], span)
        for region, series in enumerate(self._of_region):
            self._publish_account(number, region, np.array([series]), span, touched)

    def _publish_account(
        self, number: int, region: int, series: NDArray[np.int64], span: _Span, touched: NDArray[np.bool_]
    ) -> None:
        """What all functions of a Region have in use."""
        account = self._find(GaugeKind.ACCOUNT_CONCURRENCY, region)
        unreserved = self._find(GaugeKind.UNRESERVED_CONCURRENCY, region)
        if account is None or unreserved is None or not (touched[account] or span.peak[account] > 0):
            return
        all_of_it, shared = np.array([account]), np.array([unreserved])
        self._add(number, Metric.CONCURRENT_EXECUTIONS, series, all_of_it, span)
        self._add(number, Metric.UNRESERVED_CONCURRENT_EXECUTIONS, series, shared, span)
        claimed = self._claimed(region, (number + 1) * self._plan.period)
        self._add(number, Metric.CLAIMED_ACCOUNT_CONCURRENCY, series, shared, span, claimed)

    def _publish_provisioned(self, number: int, span: _Span, touched: NDArray[np.bool_]) -> None:
        """ProvisionedConcurrentExecutions and ...Utilization, of what was in use in the period."""
        count = len(self._plan.provisions)
        if not count:
            return
        busy = self._slots(GaugeKind.PROVISIONED_IN_USE, count)
        seen = touched[busy] | (span.peak[busy] > 0)
        for kind, metric, scale in OF_PROVISIONED:
            slots = self._slots(kind, count)
            self._add(number, metric, self._provision_series[seen], slots[seen], span, scale=scale)

    def _slots(self, kind: GaugeKind, count: int) -> NDArray[np.int64]:
        return self._slot[self._base[kind] : self._base[kind] + count]

    def _claimed(self, region: int, until: int) -> int:
        """What reservations in a Region take before an instant, and provisioned concurrency out of none."""
        of = self._plan.backends
        reserved = {
            function: most
            for at, function, most in self._reserved
            if at < until and of[function].region == region
        }
        claimed = sum(most for most in reserved.values() if most != NULL)
        for number, row in enumerate(self._plan.provisions):
            if reserved.get(self._plan.function_of(row.backend), 0) == NULL:
                claimed += int(self._levels[self._slot[self._base[GaugeKind.PROVISIONED] + number]])
        return claimed

    def _add(
        self, number: int, metric: Metric, series: NDArray[np.int64], slots: NDArray[np.int64], span: _Span,
        more: int = 0, scale: int = 1,
    ) -> None:  # fmt: skip
        mean = span.area[slots] / span.length / scale + more
        nothing = np.full((len(slots), len(POINTS)), np.nan)
        one = np.ones(len(slots), np.int64)
        low, peak = span.low[slots] / scale + more, span.peak[slots] / scale + more
        self._figures.add(number, metric, series, one, mean, low, peak, nothing)
        for (watched, of), samples in self.wanted.items():
            if watched is metric:
                for at in np.nonzero(series == of)[0]:
                    samples[number] = float(mean[at]), float(low[at]), float(peak[at])

    def in_window(self, kind: GaugeKind, target: int = 0) -> Use:
        """A level within [warm_up, duration)."""
        slot = self._find(kind, target)
        return Use(0.0, 0, 0) if slot is None else self.window.use(slot)

    def level(self, kind: GaugeKind, target: int = 0) -> int:
        """A level as it is now."""
        slot = self._find(kind, target)
        return 0 if slot is None else int(self._levels[slot])

    def ever(self, kind: GaugeKind, target: int = 0) -> Use:
        """A level over the whole run."""
        slot = self._find(kind, target)
        return Use(0.0, 0, 0) if slot is None else self.whole.use(slot)

    def room(
        self, levels: Sequence[tuple[GaugeKind, int, int]], ceilings: Sequence[tuple[int, int]]
    ) -> int | None:
        """The least that levels together left under their ceiling, given as (from when, how much), tick by tick.

        A level is given as kind, target and sign.

        Where the ceiling changes between two ticks, the highest counts.
        """
        found = [(self._find(kind, target), sign) for kind, target, sign in levels]
        slots, signs = zip(*((slot, sign) for slot, sign in found if slot is not None), strict=True)
        if not self._steps or not ceilings:
            return None
        at, peaks = self._stacked()
        since = np.concatenate([[0], at[:-1]])
        begins, most = (np.array(column, np.int64) for column in zip(*ceilings, strict=True))
        before = np.searchsorted(begins, since, side="right") - 1
        highest = np.where(before >= 0, most[before], NULL)
        for begin, ceiling in ceilings:
            within = (since < begin) & (begin < at)
            highest[within] = np.maximum(highest[within], ceiling)
        room = (highest - peaks[:, list(slots)] @ np.array(signs))[highest != NULL]
        return max(int(room.min()), 0) if len(room) else None

    def _stacked(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ticks, and the peaks before each as a row; made anew only when there are more."""
        if len(self._ticks) != len(self._steps):
            self._ticks = np.array([at for at, _ in self._steps], np.int64)
            self._peaks = np.stack([peak for _, peak in self._steps])
        return self._ticks, self._peaks

    def least(self, kind: GaugeKind) -> NDArray[np.int64]:
        """The least that each bucket (in units) or quota ever held; NEVER where it was not touched."""
        where = self._left.get(kind)
        return np.zeros(0, np.int64) if where is None else self._least[where]

    @property
    def pending(self) -> int:
        """The latest instant of a row that is not taken in yet; NULL: there is none."""
        return max((int(rows[:, 0].max()) for rows in self._rows if len(rows)), default=NULL)
