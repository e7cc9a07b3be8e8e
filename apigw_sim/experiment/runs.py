"""One run of many: from (scenario, overrides, seed, replication) to its record, in this process or another."""

from __future__ import annotations

import hashlib
import os
import pickle
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim import jit
from apigw_sim.choice import ENGINES, choose
from apigw_sim.compose import simulate
from apigw_sim.experiment.records import Record, record
from apigw_sim.plan import plan
from apigw_sim.plan.offered import expected_calls
from apigw_sim.scenario import Scenario, load

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario.load import Overrides

Source = str | os.PathLike[str] | Mapping[str, Any] | Scenario
KEPT = 4
"""How many plans a process remembers; jobs of one plan come one after the other."""
WORTH_LOADING_ONCE = 200_000
"""Calls of all runs together from which on loading the compiled engine in each process is repaid."""


@dataclass(frozen=True)
class Prepared:
    """A scenario made ready to be run many times, also on a machine that has none of its files."""

    packed: bytes
    """The plan and the expectations, pickled and compressed."""
    digest: str
    """Over what was packed."""
    scenario: Scenario
    seed: int
    engine: str
    """The one that was chosen: every process runs the same."""
    calls: float
    """Expected in one run."""
    tables_sha256: str
    """Over the tables of the plan."""


class Job(NamedTuple):
    """One run to be made."""

    packed: bytes
    digest: str
    seed: int
    replication: int
    engine: str


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
    plain = pickle.dumps((planned, tuple(scenario.expect)), protocol=5)
    digest = hashlib.sha256(plain).hexdigest()
    seed = planned.seed if seed is None else seed
    return Prepared(zlib.compress(plain, 1), digest, scenario, seed, engine, calls, planned.tables_sha256)


def job(ready: Prepared, replication: int) -> Job:
    """The job of one replication."""
    return Job(ready.packed, ready.digest, ready.seed, replication, ready.engine)


_plans: OrderedDict[str, Any] = OrderedDict()


def run_job(given: Job) -> Record:
    """Run one replication."""
    planned, expect = _unpacked(given.packed, given.digest)
    done = simulate(planned, given.seed, replication=given.replication, engine=given.engine, expect=expect)
    return record(done.metrics, given.replication)


def _unpacked(packed: bytes, digest: str) -> Any:
    if digest not in _plans:
        _plans[digest] = pickle.loads(zlib.decompress(packed))
        while len(_plans) > KEPT:
            _plans.popitem(last=False)
    _plans.move_to_end(digest)
    return _plans[digest]


def run_one(
    source: Source, overrides: Overrides = (), *, seed: int | None = None, replication: int = 0, engine: str = "auto"
) -> Record:  # fmt: skip
    """One replication alone: the same record as among many."""
    ready = prepare(source, overrides, seed=seed, engine=engine)
    return run_job(job(ready, replication))
