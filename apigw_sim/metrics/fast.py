"""The fold by compiled kernels: the figures that numpy finds in `fold` and `periods`, to the last bit, for a tenth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics import fast_watch
from apigw_sim.metrics.coding import CACHE_BITS, CARRIED, CELLS, FATE_BITS, LAST_METERED
from apigw_sim.metrics.fast_order import Levels, by_counting, count
from apigw_sim.metrics.fast_parts import CHUNK, Parts
from apigw_sim.metrics.fast_seconds import changes, of_attempts, of_invocations
from apigw_sim.metrics.fast_spreads import Spreads
from apigw_sim.metrics.fast_watch import CountedSpread
from apigw_sim.metrics.fold import watch_calls, watch_work, within, worked
from apigw_sim.metrics.kernels import load
from apigw_sim.metrics.kernels_frames import Frame
from apigw_sim.metrics.kernels_rows import HELD, INNER, KEPT, LATEST, OTHERS, OUTER, SHOWN, STATE
from apigw_sim.metrics.periods import THROTTLED, Groups, Level, Samples, Work
from apigw_sim.plan.tables import BackendKind
from apigw_sim.records import TAKEN, Taker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from apigw_sim.metrics.fast_order import Part
    from apigw_sim.metrics.kernels import Kernels
    from apigw_sim.metrics.limits import Limits
    from apigw_sim.metrics.quantiles import Grouped
    from apigw_sim.metrics.series import WorkLevel
    from apigw_sim.metrics.totals import Totals
    from apigw_sim.metrics.watch import Watch
    from apigw_sim.records import Block, Takers

__all__ = ["CountedSpread", "CountedWork", "FastFold", "Gateway", "Parts", "load"]
FATES = 1 << FATE_BITS


class Gateway:
    """Makes samples of the attempts of a period; their groups stand in tables that are made once."""

    def __init__(self, kernels: Kernels, groups: Groups) -> None:
        self._kernels = kernels
        of_leaf, sizes = groups.of_leaf, groups.sizes
        several_stages, several_apis = sizes[Level.STAGE] > 1, sizes[Level.API] > 1
        alike = {Level.API: Level.API if several_apis else Level.ALL, Level.ALL: Level.ALL}
        if not several_stages:
            alike = {Level.API: Level.STAGE, Level.ALL: Level.STAGE}
        self.alike = {Level.METHOD: Level.METHOD, Level.STAGE: Level.STAGE} | alike
        if groups.coding.canaried:
            self.alike[Level.CANARY] = Level.CANARY
        """Of levels with the same groups, the one that is counted."""
        inner = list(dict.fromkeys(self.alike.values()))
        outer = [(level, True) for level in inner] + [
            (level, False) for level in dict.fromkeys([Level.STAGE, self.alike[Level.ALL]])
        ]
        self.of_latency = {key: number for number, key in enumerate(outer)}
        """(Level, whether of all attempts or of those carried) -> number of the level among those counted."""
        self.of_integration = {level: number for number, level in enumerate(inner)}
        fate = np.tile(np.arange(FATES), groups.coding.leaves)

        def of_class(level: Level, every: bool) -> tuple[NDArray[np.int64], int]:
            by_class = np.repeat(of_leaf[level], FATES)
            return np.where(fate <= (LAST_METERED if every else CARRIED[-1]), by_class, -1), sizes[level]

        self.outer = Levels.of([of_class(level, every) for level, every in outer], CACHE_BITS)
        self.inner = Levels.of([of_class(level, True) for level in inner], CACHE_BITS)

    def samples(self, groups: Groups, outer: list[Part], inner: list[Part]) -> CountedSamples:
        """The samples of a period's attempts, and of those that were relayed."""
        return CountedSamples(self, self._kernels, groups.coding.leaves, outer, inner)


class CountedSamples(Samples):
    """The attempts of one period; all levels are found at once."""

    def __init__(
        self, gateway: Gateway, kernels: Kernels, leaves: int, outer: list[Part], inner: list[Part]
    ) -> None:
        self._gateway = gateway
        cells, relayed = (count(kernels, parts, leaves * CELLS) for parts in (outer, inner))
        self.cells = cells.reshape(leaves, FATES, -1)
        by_class = (codes.reshape(leaves * FATES, -1).sum(axis=1) for codes in (cells, relayed))
        self._latencies = by_counting(kernels, outer, next(by_class), gateway.outer)
        self._integrations = by_counting(kernels, inner, next(by_class), gateway.inner)

    def latencies(self, level: Level) -> Grouped:
        """Latency."""
        return self._latencies[self._gateway.of_latency[self._gateway.alike[level], True]]

    def integrations(self, level: Level) -> Grouped:
        """IntegrationLatency of those that were relayed."""
        return self._integrations[self._gateway.of_integration[self._gateway.alike[level]]]

    def carried(self, level: Level) -> Grouped:
        """Latency of the answers below 400."""
        return self._latencies[self._gateway.of_latency[self._gateway.alike[level], False]]


class CountedWork(Work):
    """The invocations of one period."""

    def __init__(self, kernels: Kernels, levels: Sequence[WorkLevel], parts: list[Part]) -> None:
        code = np.arange(4 * len(levels[0].of_pair))
        by_code = count(kernels, parts, len(code))
        self.counts = by_code.reshape(-1, 4)
        groups = [
            (np.where(code & 3 == THROTTLED, -1, level.of_pair[code >> 2]), len(level.series))
            for level in levels
        ]
        self._durations = by_counting(kernels, parts, by_code, Levels.of(groups, 0))

    def durations(self, number: int) -> Grouped:
        """Duration of what was not throttled, by group of a level."""
        return self._durations[number]


class FastFold:
    """Takes in blocks; what it counts stands in `Totals` and `Limits` as if numpy had counted it, after `finish`."""

    def __init__(
        self, kernels: Kernels, totals: Totals, limits: Limits, of_gateway: Parts, of_lambda: Parts,
        watches: Sequence[Watch], pair: NDArray[np.int64],
    ) -> None:  # fmt: skip
        plan, coding = totals.plan, totals.coding
        self._kernels, self._totals = kernels, totals
        self._of_gateway, self._of_lambda = of_gateway, of_lambda
        self._attempt_watches = fast_watch.of_attempts(kernels, plan, watches)
        self._call_watches = [watch for watch in watches if watch.of_calls]
        self._work_watches = [watch for watch in watches if watch.of_work]
        clients = len(plan.clients)
        self._first_client = 1 + 2 * coding.units
        self._spreads = Spreads(self._first_client + clients)
        self._state, self._state_of_work = (np.zeros(STATE, np.int64) for _ in range(2))
        self._frames = {table: Frame(table) for table in TAKEN}
        """What the kernels take besides rows, by table."""
        self._take = {
            "attempts": kernels.take_attempts,
            "calls": kernels.take_calls,
            "invocations": kernels.take_invocations,
        }
        self._codes = np.empty(0, np.int32)
        self._open = False
        """Whether rows can have been taken in that are not settled."""
        self._attempts, self._invocations = of_attempts(kernels, limits), of_invocations(kernels, limits)
        limits.by_attempts, limits.by_invocations = self._attempts, self._invocations
        self._window = (plan.warm_up, plan.duration)
        self._for_attempts = (
            plan.account.stamp_arrival, *self._window, coding.methods, coding.leaves, coding.fate_of_status,
            coding.status_of_reason,
            np.stack([coding.fate_of_limit, limits.gateway_level], axis=1), limits.stands, limits.at.buckets.times,
            len(coding.canaried) > 0, coding.canary_leaf, coding.unit_of_leaf,
            totals.cells.reshape(-1), totals.by_status, totals.by_reason, totals.attempts,
        )  # fmt: skip
        self._refused = limits.refused, limits.first
        is_lambda = np.array([backend.kind == BackendKind.LAMBDA for backend in plan.backends], bool)
        self._of_pair = np.zeros((5, len(totals.invocations)), np.int64)
        self._of_client = np.zeros((3, clients + 1), np.int64)
        self._for_invocations = (
            plan.account.stamp_arrival, *self._window, is_lambda, pair, limits.backend_level, changes(limits),
            self._of_pair, self._of_client, totals.by_outcome,
        )  # fmt: skip

    def attempts(self, block: Block) -> None:
        """Take in attempts."""
        rows = self._taken(block)
        if self._totals.authorized:
            self._totals.add_authorized(block, within(block["arrived_ns"], *self._window))
        if self._attempt_watches:
            upto = int(self._state[OUTER])
            for watch in self._attempt_watches:
                watch.see(rows, self._codes[upto - len(rows) : upto])

    def calls(self, block: Block) -> None:
        """Take in calls."""
        if self._totals.paced:
            block = self._totals.paced.take(block)
        self._taken(block)
        if self._call_watches:
            watch_calls(self._call_watches, block, *self._window)

    def invocations(self, block: Block) -> None:
        """Take in invocations."""
        self._taken(block)
        if self._work_watches:
            of = worked(block)
            stamp = of.arrived if self._for_invocations[0] else of.ended
            watch_work(self._work_watches, of, stamp, within(of.arrived, *self._window))

    def takers(self) -> Takers:
        """What the engine's loop can hand rows to."""
        from apigw_sim.jit import address

        return {
            table: Taker(address(self._take[table]), frame.address) for table, frame in self._frames.items()
        }

    def _taken(self, block: Block) -> NDArray[np.int64]:
        """The rows of a block, taken in."""
        rows, table = whole(block), block.table.name
        where = self._frames[table].address, rows.ctypes.data, len(rows)
        while not self._take[table](*where):
            self.settle()
            self._make_room(len(rows))
        return rows

    def _make_room(self, size: int) -> None:
        """Let `size` rows of a table be taken in, or more; nothing waits to be settled."""
        spreads, state, work = self._spreads, self._state, self._state_of_work
        (stamps, outer), (inner_stamps, inner) = (stream.room(size) for stream in self._of_gateway.streams)
        (work_stamps, shown) = self._of_lambda.streams[0].room(size)
        most, most_shown = min(len(outer.code), len(inner.code)), len(shown.code)
        most_calls = max(size, CHUNK)
        spreads.make_room(2 * most + most_calls)
        kept = spreads.table, spreads.buckets, spreads.kept_of, spreads.kept
        state[KEPT] = spreads.held
        state[HELD], work[HELD] = self._attempts.room(most), self._invocations.room(most_shown)
        self._codes = outer.code
        self._open = True
        self._frames["attempts"].put(
            most, *self._for_attempts, *kept, *self._refused, self._attempts.table, self._attempts.out, stamps, *outer,
            inner_stamps, *inner, state,
        )  # fmt: skip
        self._frames["calls"].put(
            most_calls, *self._window, self._first_client, self._totals.calls, self._totals.ended, *kept, state
        )  # fmt: skip
        self._frames["invocations"].put(
            most_shown, *self._for_invocations, *self._refused, self._invocations.table, self._invocations.out,
            work_stamps, *shown, work,
        )  # fmt: skip

    def settle(self) -> None:
        """See to what rows that were taken in leave behind; what comes next needs room made anew."""
        if not self._open:
            return
        self._open = False
        state, work = self._state, self._state_of_work
        for frame in self._frames.values():
            frame.close()
        self._spreads.held = int(state[KEPT])
        self._spreads.settle()
        self._attempts.took(int(state[HELD]), int(state[LATEST]))
        self._invocations.took(int(work[HELD]), int(work[LATEST]))
        self._of_gateway.took(int(state[OUTER]), int(state[INNER]))
        self._of_lambda.took(int(work[SHOWN]))
        state[OUTER] = state[INNER] = work[SHOWN] = 0

    def finish(self) -> None:
        """No more rows will come: fill in the totals."""
        self.settle()
        totals, spread = self._totals, self._spreads.spread
        totals.served_other = int(self._state[OTHERS])
        totals.invocations, totals.errors, totals.throttles, totals.cold_starts, totals.billed_ms = (
            self._of_pair
        )
        totals.executed_for_nobody, totals.duplicate_executions, totals.executions = self._of_client[:, :-1]
        totals.integration = spread(0)
        stages, canaried = totals.stage_latency, totals.coding.canaried
        units = [(of_stage,) for of_stage in stages] + [
            (stages[number], of_canary)
            for number, of_canary in zip(canaried, totals.canary_latency, strict=True)
        ]
        for number, wholes in enumerate(units):
            others, with_2xx = spread(1 + 2 * number), spread(2 + 2 * number)
            for whole_of in (*wholes, totals.latency):
                whole_of.merge(others)
                whole_of.merge(with_2xx)
            totals.latency_2xx.merge(with_2xx)
        for number in range(len(totals.call_latency)):
            totals.call_latency[number] = spread(self._first_client + number)


def whole(block: Block) -> NDArray[np.int64]:
    """The rows of a block as kernels take them."""
    return np.ascontiguousarray(block.rows, np.int64)
