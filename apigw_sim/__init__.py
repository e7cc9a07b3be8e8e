"""A traffic simulator of Amazon API Gateway: from a scenario in YAML to CloudWatch's metrics, with the reasons."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apigw_sim.errors import ApigwSimError, ScenarioError
    from apigw_sim.experiment.axes import Range
    from apigw_sim.experiment.compare import compare
    from apigw_sim.experiment.optimize import optimize
    from apigw_sim.experiment.replicate import batch, replicate
    from apigw_sim.experiment.study import Study
    from apigw_sim.experiment.sweep import sweep
    from apigw_sim.result import Result, run
    from apigw_sim.scenario import Scenario
    from apigw_sim.scenario.load import load

__all__ = [
    "ApigwSimError", "Range", "Result", "Scenario", "ScenarioError", "Study", "batch", "capacity", "compare", "load",
    "optimize", "replicate", "run", "sweep",
]  # fmt: skip

_HOME = {
    "ApigwSimError": "errors",
    "ScenarioError": "errors",
    "Result": "result",
    "run": "result",
    "capacity": "experiment.capacity",
    "Scenario": "scenario",
    "load": "scenario",
    "Range": "experiment.axes",
    "Study": "experiment.study",
    "batch": "experiment.replicate",
    "compare": "experiment.compare",
    "optimize": "experiment.optimize",
    "replicate": "experiment.replicate",
    "sweep": "experiment.sweep",
}
"""Where each public name lives; it is imported when it is first used, so that the command starts fast."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
