"""From words to numbers: names become ids, times ns, laws quantile tables; each row remembers its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario import Scenario

__all__ = ["plan"]


def plan(scenario: Scenario) -> Plan:
    """A scenario as integers and arrays; raises ScenarioError with all that stands against it."""
    from apigw_sim.plan.build import build

    return build(scenario)
