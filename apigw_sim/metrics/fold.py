"""Metrics: blocks of rows come in, periods are closed, columns of numbers stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from apigw_sim.metrics.alarmed import OF_GAUGES, LevelSight, PlacesSight, Sight
from apigw_sim.metrics.coding import CARRIED, Coding
from apigw_sim.metrics.connections import Socketed
from apigw_sim.metrics.gauges import Gauges
from apigw_sim.metrics.limits import Limits, longest_attempt, longest_invocation
from apigw_sim.metrics.losses import Losses
from apigw_sim.metrics.periods import (
    RAN_BADLY,
    RAN_WELL,
    THROTTLED,
    GatewayPeriods,
    Groups,
    LambdaPeriods,
    Samples,
    Traffic,
    Waiting,
    Work,
)  # fmt: skip
from apigw_sim.metrics.processed import Processed
from apigw_sim.metrics.provisioned import ProvisionedPeriods
from apigw_sim.metrics.quantiles import Spread
from apigw_sim.metrics.records import Recoveries
from apigw_sim.metrics.series import Columns, Figures, Numbering
from apigw_sim.metrics.streams import StreamPeriods
from apigw_sim.metrics.totals import Totals
from apigw_sim.metrics.watch import Watch
from apigw_sim.plan.tables import NULL, Alarm, BackendKind, Front, Plan, WatchedKind
from apigw_sim.records import Block, Flag, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.metrics.fast import FastFold
    from apigw_sim.records import Takers
    from apigw_sim.scenario.expect import Expectation


class Phase(StrEnum):
    """Which part of a run a period begins in."""

    WARM_UP = "warm_up"
    RUN = "run"
    DRAIN = "drain"


class Metrics:
    """What CloudWatch and the summary will say of a run, from its blocks of rows.

    `fold` takes every block; `close(k)` is called at the tick (k+1) * period, when all rows of what ended before it
    have been folded, and the rows of `levels` of that tick. `finish` closes what is left after the last block.
    """

    def __init__(self, plan: Plan, expect: Iterable[Expectation] = (), *, fast: bool = False) -> None:
        """`fast`: by compiled kernels, with the same figures; only then is numba imported."""
        self.plan = plan
        self.numbering = Numbering(plan)
        self.coding = Coding(plan)
        self.totals = Totals(plan, self.coding, tuple(row for row, _ in self.numbering.pair_list))
        self.limits = Limits(plan)
        self._figures = Figures()
        groups = Groups(self.coding, self.numbering)
        of_gateway: Any = Waiting(plan.period)
        of_lambda: Any = Waiting(plan.period)
        samples: Callable[..., Samples] = Samples
        work: Callable[..., Work] = Work
        spread: Callable[[int | None], Spread] = Spread
        if fast:
            from apigw_sim.metrics import fast as by_kernels

            kernels = by_kernels.load()
            samples = by_kernels.Gateway(kernels, groups).samples
            work = partial(by_kernels.CountedWork, kernels)
            in_order = not plan.account.stamp_arrival  # attempts are told of as they are answered
            of_gateway = by_kernels.Parts(plan.period, 2, in_order)
            of_lambda = by_kernels.Parts(plan.period, 1)
            spread = partial(by_kernels.CountedSpread, kernels)
        self._gateway = GatewayPeriods(plan, groups, self.numbering, self._figures, of_gateway, samples)
        self._lambda = LambdaPeriods(self.numbering, self._figures, of_lambda, work)
        self._processed = Processed(plan, self.coding, self.numbering, self._figures)
        self._socketed = Socketed(plan, self.coding, self.numbering, self._figures)
        self.provisioned = ProvisionedPeriods(plan, self.numbering, self._figures)
        self._streams = StreamPeriods(plan, self.numbering, self._figures)
        self.recoveries = Recoveries(plan)
        self.losses = Losses(plan)
        self.gauges = Gauges(plan, self.numbering, self._figures)
        self.watches = [Watch(expectation, plan, self.coding, spread) for expectation in expect]
        self.sights = [self._sight(alarm, spread) for alarm in plan.alarms]
        """What alarms see, in the order of plan.alarms."""
        self._told = [
            *self.watches,
            *(sight for sight in self.sights if not isinstance(sight, LevelSight | PlacesSight)),
        ]
        self.closed = 0
        """How many periods are closed."""
        self._finished = False
        self._by_arrival = plan.account.stamp_arrival
        self._longest = max(longest_attempt(plan), longest_invocation(plan)) if self._by_arrival else 0
        self._fronted = any(
            client.distribution != NULL or client.front is Front.UNMAPPED for client in plan.clients
        )
        self._pair = self.numbering.pair
        self._is_lambda = np.array([b.kind == BackendKind.LAMBDA for b in plan.backends], bool)
        self._folds = {
            "attempts": self._fold_attempts,
            "invocations": self._fold_invocations,
            "calls": self._fold_calls,
            "levels": self.gauges.fold,
        }
        self._fast: FastFold | None = None
        if fast:
            self._fast = by_kernels.FastFold(
                kernels, self.totals, self.limits, of_gateway, of_lambda, self._told, self._pair
            )
            self._folds |= {
                "attempts": self._fast.attempts, "invocations": self._fast.invocations, "calls": self._fast.calls,
            }  # fmt: skip

    def takers(self) -> Takers | None:
        """What can take the rows of an engine where they stand; None where each row has to be seen here."""
        seen = (
            self.recoveries, self.losses, self._fronted, self._processed, self._socketed, self._streams,
            self.provisioned.there, self._told, self.totals.authorized, self.totals.paced,
        )  # fmt: skip
        return None if self._fast is None or any(map(bool, seen)) else self._fast.takers()

    def fold(self, block: Block) -> None:
        """Take in the rows of a block; tables that no metric needs are let go."""
        fold = self._folds.get(block.table.name)
        for of_clients in (self.recoveries, self.losses):
            if of_clients and len(block):
                of_clients.fold(block)
        if self._fronted and block.table.name == "attempts":
            block = self._behind_fronts(block)
        if self._processed and block.table.name == "attempts" and len(block):
            self._processed.fold(block)
        if self._socketed and block.table.name == "attempts" and len(block):
            self._socketed.fold(block)
        if self._streams and block.table.name == "invocations" and len(block):
            self._streams.fold(block)
        if fold is not None and len(block):
            fold(block)
        if self.provisioned.there and block.table.name == "invocations" and len(block):
            self.provisioned.fold(block, self._by_arrival, self.plan.warm_up, self.plan.duration)

    def _behind_fronts(self, block: Block) -> Block:
        """The attempts that reached the gateway; of the others only their clients know."""
        in_front = (block["flags"] & Flag.IN_FRONT) != 0
        if not in_front.any():
            return block
        rows = Block(block.table, block.rows[in_front])
        client, arrived, latency, why = columns(rows, "client", "arrived_ns", "latency_ns", "reason")
        selected = self._selected(arrived)
        self.totals.add_in_front(client[selected], why[selected])
        nothing = np.zeros(len(rows), np.int64)
        stamp = arrived if self._by_arrival else arrived + latency
        for watch in self._told:
            if watch.expectation.kind == "client":
                watch.attempts(nothing, client, stamp, selected, nothing, nothing, nothing, nothing)
        return Block(block.table, block.rows[~in_front])

    def close(self, number: int) -> None:
        """Close period `number` and all before it: the run has reached its end."""
        for period in range(self.closed, number + 1):
            self._close_one(period, (period + 1) * self.plan.period)

    def _close_one(self, number: int, now: int) -> None:
        if self._fast is not None:
            self._fast.settle()
        self.gauges.close(number)
        self.closed = number + 1
        until = now - self._longest  # stamped by arrival, a period is complete only later
        while (self._gateway.waiting.next + 1) * self.plan.period <= until:
            self._publish(self._gateway.waiting.next)
        for watch in (*self.watches, *self.sights):
            watch.close(until)

    def _publish(self, number: int) -> None:
        self._gateway.close(number)
        self._lambda.close(number)
        self._processed.close(number)
        self._socketed.close(number)
        self.provisioned.close(number)
        self._streams.close(number)

    def finish(self) -> None:
        """No more blocks will come; close every period that has rows. Calling it again changes nothing."""
        if self._finished:
            return
        if self._fast is not None:
            self._fast.settle()
        period = self.plan.period
        waiting = max(of.waiting.last for of in (self._gateway, self._lambda, self._streams))
        last = max(-(-self.plan.duration // period) - 1, waiting, -(-self.gauges.pending // period) - 1)
        self.close(last)
        for number in range(self._gateway.waiting.next, last + 1):
            self._publish(number)
        self.limits.finish()
        if self._fast is not None:
            self._fast.finish()
        columns = self.columns()
        for watch in self.watches:
            watch.see_concurrency(self.gauges, columns, self.numbering)
            watch.close(None)
        self._finished = True

    def _sight(self, alarm: Alarm, spread: Callable[[int | None], Spread]) -> Sight:
        if alarm.kind is WatchedKind.PLACES:
            return PlacesSight(alarm, self.plan, self.coding, self.gauges)
        if alarm.metric in OF_GAUGES:
            return LevelSight(alarm, self.plan, self.coding, self.gauges, self.numbering)
        return Sight(alarm, self.plan, self.coding, spread)

    @property
    def lateness(self) -> int:
        """How long after its end a period may still get rows: 0 where they are stamped by the answer."""
        return -(-self._longest // self.plan.period) * self.plan.period

    # what came out

    def columns(self) -> Columns:
        """The figures of all closed periods."""
        return self._figures.columns()

    def traffic(self) -> list[Traffic]:
        """What each stage, and all together, did in each closed period."""
        return self._gateway.traffic

    def ceilings(self) -> dict[str, list[tuple[float, int]]]:
        """(from when in s, how many) of reserved concurrency by function, and as `""` of the unreserved pool."""
        return self.limits.ceilings()

    def phase(self, number: int) -> Phase:
        """The phase of a period."""
        begin = number * self.plan.period
        if begin < self.plan.warm_up:
            return Phase.WARM_UP
        return Phase.RUN if begin < self.plan.duration else Phase.DRAIN

    # folding

    def _selected(self, instant: NDArray[np.int64]) -> NDArray[np.bool_]:
        return within(instant, self.plan.warm_up, self.plan.duration)

    def _fold_attempts(self, block: Block) -> None:
        client, stage, method, key, arrived, latency, integration, status, why, refused_by, cache, flags = columns(
            block, "client", "stage", "method", "api_key", "arrived_ns", "latency_ns", "integration_ns", "status",
            "reason", "refused_by", "cache", "flags",
        )  # fmt: skip
        leaf = self.coding.leaf(stage, method, flags)
        fate = self.coding.fate(status, refused_by, why, flags)
        code = self.coding.code(leaf, fate, cache)
        answered = arrived + latency
        stamp = arrived if self._by_arrival else answered
        self._gateway.waiting.add(stamp, code, latency, integration)
        selected = self._selected(arrived)
        carried = fate <= CARRIED[-1]
        latest = int(answered.max())
        self.limits.attempts(stage, method, key, arrived, why, refused_by, carried, selected, latest)
        for watch in self._told:
            watch.attempts(leaf, client, stamp, selected, fate, cache, latency, integration)
        self.totals.add_authorized(block, selected)
        of_summary = (code, stage, client, latency, integration, status, why, flags)
        self.totals.add_attempts(*_only(selected, of_summary))

    def _fold_calls(self, block: Block) -> None:
        if self.totals.paced:
            block = self.totals.paced.take(block)
        client, started, ended, outcome = columns(block, "client", "started_ns", "ended_ns", "outcome")
        selected = self._selected(started)
        lasted = ended - started
        for watch in self._told:
            watch.calls(client, ended, selected, lasted, outcome)
        self.totals.add_calls(*_only(selected, (client, lasted, outcome)))

    def _fold_invocations(self, block: Block) -> None:
        of = worked(block)
        stamp = of.arrived if self._by_arrival else of.ended
        shown = self._is_lambda[of.backend] & (of.ran | of.throttled)
        fate = np.where(of.throttled, THROTTLED, np.where(of.failed, RAN_BADLY, RAN_WELL))
        pair = self._pair[of.alias + 1, of.backend]
        code = ((pair << 2) | fate).astype(np.int32)
        self._lambda.waiting.add(stamp[shown], code[shown], np.maximum(of.duration, 0)[shown])
        selected = self._selected(of.arrived)
        latest = int(of.ended.max())
        self.limits.invocations(of.backend, of.arrived, of.init, of.outcome, of.refused_by, selected, latest)
        watch_work(self._told, of, stamp, selected)
        marks = (
            pair, of.client, of.ran, of.failed, of.throttled, of.init, of.duration, of.outcome, of.abandoned,
            of.duplicate,
        )  # fmt: skip
        self.totals.add_invocations(*_only(selected, marks))


class Worked(NamedTuple):
    """Invocations by columns, with what each one was."""

    backend: NDArray[np.int64]
    alias: NDArray[np.int64]
    client: NDArray[np.int64]
    arrived: NDArray[np.int64]
    ended: NDArray[np.int64]
    init: NDArray[np.int64]
    duration: NDArray[np.int64]
    outcome: NDArray[np.int64]
    refused_by: NDArray[np.int64]
    ran: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    throttled: NDArray[np.bool_]
    abandoned: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]


def worked(block: Block) -> Worked:
    """The invocations of a block."""
    (
        backend, alias, client, arrived, queued, provisioning, init, duration, outcome, refused_by, abandoned, repeated,
        idempotent,
    ) = columns(
        block, "backend", "alias", "client", "arrived_ns", "queued_ns", "provisioning_ns", "init_ns", "duration_ns", "outcome",
        "refused_by", "abandoned", "repeated", "idempotent",
    )  # fmt: skip
    lasted = queued + np.maximum(provisioning, 0) + np.maximum(init, 0) + np.maximum(duration, 0)
    return Worked(
        backend, alias, client, arrived, arrived + lasted, init, duration, outcome, refused_by,
        ran=outcome <= Outcome.TIMEOUT,
        failed=(outcome == Outcome.CRASH) | (outcome == Outcome.TIMEOUT),
        throttled=(outcome >= Outcome.THROTTLED_ACCOUNT) & (outcome <= Outcome.THROTTLED_SCALING),
        abandoned=abandoned == 1,
        duplicate=(repeated == 1) & (idempotent == 0),
    )  # fmt: skip


def watch_work(
    watches: Iterable[Watch], of: Worked, stamp: NDArray[np.int64], selected: NDArray[np.bool_]
) -> None:
    """Let watches see invocations."""
    for watch in watches:
        watch.invocations(
            of.backend, of.alias, of.client, stamp, selected, of.ran, of.failed, of.throttled, of.duration,
            of.abandoned, of.duplicate,
        )  # fmt: skip


def watch_calls(watches: Iterable[Watch], block: Block, begin: int, end: int) -> None:
    """Let watches see calls; those are selected that started in [begin, end)."""
    client, started, ended, outcome = columns(block, "client", "started_ns", "ended_ns", "outcome")
    for watch in watches:
        watch.calls(client, ended, within(started, begin, end), ended - started, outcome)


def within(instant: NDArray[np.int64], begin: int, end: int) -> NDArray[np.bool_]:
    """Which instants are in [begin, end)."""
    selected = instant >= begin
    selected &= instant < end
    return np.asarray(selected, bool)


def columns(block: Block, *names: str) -> list[NDArray[np.int64]]:
    """Columns of a block as arrays of their own."""
    where = block.table.names
    return [block.rows[:, where.index(name)].copy() for name in names]


def _only(selected: NDArray[np.bool_], arrays: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
    """The selected rows of some columns."""
    return arrays if selected.all() else tuple(array[selected] for array in arrays)
