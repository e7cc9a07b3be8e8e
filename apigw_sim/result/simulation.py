"""From a scenario to its result, in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from apigw_sim.compose import simulate
from apigw_sim.metrics import About
from apigw_sim.plan import plan
from apigw_sim.result.kept import Kept
from apigw_sim.result.result import Result
from apigw_sim.scenario import Scenario, load

if TYPE_CHECKING:
    from apigw_sim.scenario.load import Overrides


def run(
    scenario: str | os.PathLike[str] | Mapping[str, Any] | Scenario,
    *,
    seed: int | None = None,
    replication: int = 0,
    overrides: Overrides = (),
    engine: str = "auto",
    requests: bool = False,
    logs: bool = False,
    progress: Callable[[int], None] | None = None,
    allow_code: bool = False,
) -> Result:
    """Run a scenario: a file, plain data as YAML would give it, or one that is loaded already.

    `overrides` are {path: value}; `seed` stands instead of the scenario's; `requests` keeps every row, for
    `Result.requests` and its like, `logs` what `Result.write_access_log` needs. `progress` is told the simulated
    nanoseconds as they pass.
    `allow_code` lets Python code run that the scenario names as a backend: read it before.
    Raises ScenarioError with every problem of the scenario, CodeError for such code, and nothing else for bad input.
    """
    if not isinstance(scenario, Scenario):
        scenario = load(scenario, overrides=overrides)
    elif overrides:
        raise ValueError("overrides are for a scenario that is yet to be loaded: give them to load()")
    planned = plan(scenario)
    kept = Kept(requests, logs)
    done = simulate(
        planned,
        seed,
        replication=replication,
        engine=engine,
        expect=scenario.expect,
        sink=kept.fold,
        tables=kept.tables,
        progress=progress,
        allow_code=allow_code,
    )
    about = About(
        engine=done.engine,
        engine_reason=done.engine_reason,
        version=version(),
        scenario_sha256=scenario.sha256(),
        overrides=tuple(scenario.overrides),
        seed=done.seed,
    )
    return Result(planned, scenario, done.metrics, kept, about, replication)


def version() -> str:
    """The version of apigw_sim."""
    return metadata.version("apigw-sim")
