"""The composer: plan, draws, engine and control on one clock, their rows folded into metrics as they come."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apigw_sim.control import Timeline
from apigw_sim.draws import draw
from apigw_sim.engine.model import Model, Watch
from apigw_sim.metrics import Metrics
from apigw_sim.records import Sink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apigw_sim.engine.model.clock import Clock
    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block
    from apigw_sim.scenario.expect import Expectation

ENGINES = ("auto", "simpy")
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


def simulate(
    plan: Plan,
    seed: int | None = None,
    *,
    replication: int = 0,
    engine: str = "auto",
    expect: Iterable[Expectation] = (),
    sink: Sink | None = None,
    watch: Watch | None = None,
    clock: Clock | None = None,
    progress: Callable[[int], None] | None = None,
    enough: Callable[[], bool] | None = None,
) -> Run:
    """Run a plan from its start until the last answer has left.

    `sink` sees every block after the metrics have; `progress` is told the simulated instant (ns) from time to time.
    `enough` is asked at each tick: a run that is enough ends there, and its metrics are not whole.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine {engine!r}: one of {', '.join(ENGINES)}")
    seed = plan.seed if seed is None else seed
    metrics = Metrics(plan, expect)

    def fold(block: Block) -> None:
        metrics.fold(block)
        if sink is not None:
            sink(block)

    model = Model(plan, draw(plan, seed, replication), fold, clock, watch)
    timeline = Timeline(model.clock, plan, model, fold)
    now = period = 0
    slice_ns = max(plan.duration // STEPS, 1)
    with few_collections():
        while now < plan.duration or model.pending > timeline.pending:
            end = (period + 1) * plan.period
            tick = min(at for at in (end, plan.warm_up, plan.duration) if at > now)
            while now < tick:
                over = now >= plan.duration and model.pending == timeline.pending
                now = tick if over else min(now + slice_ns, tick)
                model.advance(now)
                if progress is not None:
                    progress(now)
            model.tick(now)
            if now == end:
                metrics.close(period)
                period += 1
            if enough is not None and enough():
                break
    model.close()
    reason = "the only engine of this version" if engine == "auto" else "asked for"
    return Run(plan, seed, replication, metrics, "simpy", reason, model.story)
