"""One run of many: from (scenario, overrides, seed, replication) to its record, in this process or another."""

from __future__ import annotations

import os
import pickle
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from apigw_sim import jit
from apigw_sim.choice import ENGINES, choose
from apigw_sim.compose import simulate
from apigw_sim.experiment.records import Record, record
from apigw_sim.plan import plan
from apigw_sim.plan.offered import expected_calls
from apigw_sim.scenario import Scenario, load

if TYPE_CHECKING:
    from apigw_sim.metrics import Metrics
    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario.expect import Expectation
    from apigw_sim.scenario.load import Overrides

T = TypeVar("T")
Source = str | os.PathLike[str] | Mapping[str, Any] | Scenario
KEPT = 4
"""How many plans another process remembers; jobs of one plan come one after the other."""
WORTH_LOADING_ONCE = 100_000
"""Calls of all runs together from which on loading the compiled engine in each process is repaid."""


class Parcel:
    """A plan and its expectations, which many runs share: packed only for another process, and unpacked once in each."""

    def __init__(self, plan: Plan, expect: tuple[Expectation, ...]) -> None:
        self.plan, self.expect = plan, expect

    @cached_property
    def packed(self) -> bytes:
        """Pickled and compressed."""
        return zlib.compress(pickle.dumps((self.plan, self.expect), protocol=5), 1)

    def __reduce__(self) -> tuple[Callable[[bytes], Parcel], tuple[bytes]]:
        return unpacked, (self.packed,)


@lru_cache(maxsize=KEPT)
def unpacked(packed: bytes) -> Parcel:
    """The parcel that was packed."""
    return Parcel(*pickle.loads(zlib.decompress(packed)))


@dataclass(frozen=True)
class Prepared:
    """A scenario made ready to be run many times, also on a machine that has none of its files."""

    parcel: Parcel
    scenario: Scenario
    seed: int
    engine: str
    """The one that was chosen: every process runs the same."""
    calls: float
    """Expected in one run."""


class Job(NamedTuple, Generic[T]):
    """One run to be made, and what is kept of it."""

    parcel: Parcel | None
    """None on the way to a cluster, which is sent it beforehand."""
    seed: int
    replication: int
    engine: str
    keep: Callable[[Metrics, int], T]
    """Gives it from the metrics and the replication; a function of a module."""


def prepare(
    source: Source, overrides: Overrides = (), *, seed: int | None = None, engine: str = "auto", runs: int = 1
) -> Prepared:
    """Load and plan a scenario once; `auto` picks the engine that is done sooner with all `runs` together."""
    if isinstance(source, Scenario):
        if overrides:
            raise ValueError("overrides are for a scenario that is yet to be loaded: give its file")
        scenario = source
    else:
        scenario = load(source, overrides=overrides)
    return prepared(scenario, plan(scenario), seed=seed, engine=engine, runs=runs)


def prepared(scenario: Scenario, planned: Plan, *, seed: int | None, engine: str, runs: int) -> Prepared:
    """The same from a scenario and its plan."""
    calls = expected_calls(planned)
    if engine == "auto" and calls * runs >= WORTH_LOADING_ONCE and jit.unusable() is None and jit.is_warm():
        engine = "compiled"
    elif engine in ENGINES:
        engine = choose(planned, engine).engine
    seed = planned.seed if seed is None else seed
    return Prepared(Parcel(planned, tuple(scenario.expect)), scenario, seed, engine, calls)


def job(ready: Prepared, replication: int) -> Job[Record]:
    """The job of one replication."""
    return job_of(ready, replication, record)


def job_of(ready: Prepared, replication: int, keep: Callable[[Metrics, int], T]) -> Job[T]:
    """The same, of which something else is kept than a record."""
    return Job(ready.parcel, ready.seed, replication, ready.engine, keep)


def run_job(given: Job[T]) -> T:
    """Run one replication."""
    assert given.parcel is not None, "a job without its plan"
    plan, expect = given.parcel.plan, given.parcel.expect
    done = simulate(plan, given.seed, replication=given.replication, engine=given.engine, expect=expect)
    return given.keep(done.metrics, given.replication)


def run_one(
    source: Source, overrides: Overrides = (), *, seed: int | None = None, replication: int = 0, engine: str = "auto"
) -> Record:  # fmt: skip
    """One replication alone: the same record as among many."""
    ready = prepare(source, overrides, seed=seed, engine=engine)
    return run_job(job(ready, replication))
