"""Provisioned concurrency as rows, and how long it takes to allocate (facts 10.1, 10.2)."""

from __future__ import annotations

from collections.abc import Mapping

from apigw_sim import quotas, units
from apigw_sim.plan.aliases import Callees
from apigw_sim.plan.limits import Limits
from apigw_sim.plan.tables import NULL, Allocation, LimitKind, Provision
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.base import NONE
from apigw_sim.scenario.functions import Function


def provisions(limits: Limits, callees: Callees) -> tuple[Provision, ...]:
    """The rows of all that is provisioned at some time."""
    made: list[Provision] = []
    for function, body in limits.reading.scenario.functions.items():
        for qualifier in body.provisioned_concurrency:
            name, path = (
                f"{function}:{qualifier}",
                ("functions", function, "provisioned_concurrency", qualifier),
            )
            states = limits.history.each(lambda state, f=function, q=qualifier: _amount(state, f, q))  # type: ignore[misc]
            limits.history.keep("provisioned", [len(made)], [(amount,) for amount in states])
            limit = limits.limit(
                LimitKind.LAMBDA_PROVISIONED, f"{name} provisioned concurrency", path, str(states[0])
            )
            made.append(Provision(name, callees.called(name).backend, limit, states[0]))
    return tuple(made)


def _amount(state: Scenario, function: str, qualifier: str) -> int:
    return state.functions[function].provisioned_concurrency[qualifier]


def allocation(scenario: Scenario) -> Allocation:
    """How provisioned concurrency comes to be."""
    requests = scenario.account.lambda_requests_per_concurrency
    return Allocation(
        preparation_ns=scenario.assumptions.provisioned_preparation,
        each_ns=units.MINUTE // quotas.count("lambda_provisioned_rate"),
        requests=NULL if requests == NONE else requests,
        burst_ns=scenario.assumptions.lambda_request_burst,
    )


def claimed(functions: Mapping[str, Function]) -> int:
    """What functions have provisioned out of the unreserved concurrency."""
    return sum(
        sum(function.provisioned_concurrency.values())
        for function in functions.values()
        if function.reserved_concurrency is None
    )
