"""The composer: plan, draws, engine and control on one clock, their rows folded into metrics as they come."""

from __future__ import annotations

import gc
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from apigw_sim.choice import choose
from apigw_sim.control import Alarms, Provisioning, Records, Scalings, Servers, Timeline
from apigw_sim.draws import draw
from apigw_sim.engine.model import Model, Watch
from apigw_sim.engine.model.clock import Clock
from apigw_sim.engine.model.code import refuse
from apigw_sim.engine.model.coded import CodedModel
from apigw_sim.metrics import Metrics
from apigw_sim.records import TAKEN, Sink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apigw_sim.control.alarms import Listener
    from apigw_sim.draws import Draws
    from apigw_sim.engine.clock import Instants
    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block, Takers
    from apigw_sim.scenario.expect import Expectation

Story = list[tuple[int, str]]
STEPS = 200
"""In how many steps the progress of a run is told."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for cyclic garbage seldom: what a run makes is short-lived and has no cycles, and looking costs a tenth."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Engine(Protocol):
    """What the composer asks of an engine; what control writes into it stands beside."""

    @property
    def clock(self) -> Instants:
        """SimPy's clock: the control plane's."""

    @property
    def story(self) -> Story | None:
        """What happened to the attempt that was watched, once it is answered."""

    @property
    def pending(self) -> int:
        """How many events are still to come, control's own included."""

    def advance(self, until: int) -> None:
        """Let everything before `until` happen."""

    def tick(self, at: int) -> None:
        """Hand on all rows so far, and the levels of what was touched since the last tick."""

    def close(self) -> None:
        """The run is over."""


def made(
    engine: str, plan: Plan, draws: Draws, sink: Sink, grid: int, watch: Watch | None, takers: Takers | None = None
) -> Engine:  # fmt: skip
    """An engine with a run before it; the compiled one asks `takers` before the sink."""
    if engine == "simpy":
        own = any(backend.code is not None for backend in plan.backends)
        return (CodedModel if own else Model)(plan, draws, sink, Clock(grid), watch)
    from apigw_sim.engine.compiled import build
    from apigw_sim.engine.compiled.engine import Compiled

    return Compiled(plan, draws, sink, build.compiled(), grid, takers=takers)


@dataclass(frozen=True)
class Run:
    """One finished run."""

    plan: Plan
    seed: int
    replication: int
    metrics: Metrics
    engine: str
    engine_reason: str
    story: Story | None
    """What happened to the attempt that was watched: (ns, text)."""
    alarms: Alarms
    """The alarms, with all their changes of state."""


def simulate(
    plan: Plan,
    seed: int | None = None,
    *,
    replication: int = 0,
    engine: str = "auto",
    expect: Iterable[Expectation] = (),
    sink: Sink | None = None,
    tables: Container[str] | None = None,
    watch: Watch | None = None,
    grid: int = 1,
    fold: bool = True,
    progress: Callable[[int], None] | None = None,
    enough: Callable[[], bool] | None = None,
    on_alarm: Listener | None = None,
    allow_code: bool = False,
) -> Run:
    """Run a plan from its start until the last answer has left.

    On a `grid` above 1 ns nothing happens between two of its lines, and without `fold` no metrics are made of the rows:
    both are for tests of the engines.

    `sink` sees every block after the metrics have, or those of `tables` alone, and the run is faster without attempts, calls
    and invocations among them; `progress` is told the simulated instant (ns) from time to time.
    `enough` is asked at each tick: a run that is enough ends there, and its metrics are not whole.
    `on_alarm` is told each alarm's changes of state as they happen.
    Python code that the scenario names runs only with `allow_code`; raises CodeError, also if that code fails.
    """
    if not allow_code:
        refuse(plan.backends)
    chosen = choose(plan, engine, watched=watch is not None)
    seed = plan.seed if seed is None else seed
    metrics = Metrics(plan, expect, fast=fold and chosen.engine == "compiled")

    def taken(block: Block) -> None:
        if fold:
            metrics.fold(block)
        if sink is not None and (tables is None or block.table.name in tables):
            sink(block)

    unseen = sink is None or (tables is not None and not any(table in tables for table in TAKEN))
    takers = metrics.takers() if fold and unseen else None
    model = made(chosen.engine, plan, draw(plan, seed, replication), taken, grid, watch, takers)
    provisioning = Provisioning(model.clock, plan, model, taken)
    timeline = Timeline(model.clock, plan, provisioning, taken)
    alarms = Alarms(model.clock, plan, metrics, taken if fold else None)
    records = Records(model.clock, plan, model, taken)
    alarms.on_alarm(timeline.hear)
    if on_alarm is not None:
        alarms.on_alarm(on_alarm)
    servers = Servers(model.clock, plan, model, metrics, taken)
    scalings = Scalings(model.clock, plan, (provisioning, servers), alarms, taken)
    control = (timeline, provisioning, alarms, scalings, servers, records)
    now = period = 0
    slice_ns = max(plan.duration // STEPS, 1)
    with few_collections():
        while now < max(plan.duration, alarms.until) or model.pending > sum(each.pending for each in control):
            end = (period + 1) * plan.period
            tick = min(at for at in (end, plan.warm_up, plan.duration) if at > now)
            while now < tick:
                now = tick if now >= plan.duration else min(now + slice_ns, tick)
                model.advance(now)
                if progress is not None:
                    progress(now)
            model.tick(now)
            if now == end:
                if fold:
                    metrics.close(period)
                period += 1
            if enough is not None and enough():
                break
    model.close()
    return Run(plan, seed, replication, metrics, chosen.engine, chosen.reason, model.story, alarms)
