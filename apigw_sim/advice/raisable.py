"""Advice on quotas that AWS raises on request; what it does not raise is an error of the scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from apigw_sim import quotas, units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.scenario.api import REST
from apigw_sim.scenario.routes import segments


class Use(NamedTuple):
    """What a scenario uses of a quota, at one place."""

    keys: Keys
    amount: int | Fraction
    text: str


def _rate(case: Case) -> Iterator[Use]:
    rate = case.scenario.account.throttle.rate
    yield Use(
        ("account", "throttle", "rate"), rate, f"the account's throttle has rate {units.show_rate(rate)}"
    )


def _burst(case: Case) -> Iterator[Use]:
    burst = case.scenario.account.throttle.burst
    yield Use(("account", "throttle", "burst"), burst, f"the account's throttle has burst {burst}")


def _integration_timeout(case: Case) -> Iterator[Use]:
    most = case.scenario.account.integration_timeout_limit
    text = f"integrations may wait up to {units.show_duration(most)}"
    yield Use(("account", "integration_timeout_limit"), most, text)


def _connections(case: Case) -> Iterator[Use]:
    rate = case.scenario.account.websocket_connections.rate
    text = f"new connections have rate {units.show_rate(rate)}"
    yield Use(("account", "websocket_connections", "rate"), rate, text)


def _tables(case: Case) -> Iterator[Use]:
    for name, table in case.scenario.tables.items():
        for what, units_of in (("read_capacity", table.reads), ("write_capacity", table.writes)):
            text = f"{name} has {units_of:,} {what.partition('_')[0]} units a second"
            yield Use(("tables", name, what), units_of, text)


def _starts(field: str, part: str, *, large: bool | None = None) -> Callable[[Case], Iterator[Use]]:
    """What is written of a bucket of StartExecution, in Regions with the larger one or in the others."""

    def found(case: Case) -> Iterator[Use]:
        said = getattr(case.scenario.account, field)
        rate, _ = quotas.start_execution(case.scenario.account.region)
        if said is None or large not in (None, rate == quotas.rate("start_execution_rate")):
            return
        shown = units.show_rate(said.rate) if part == "rate" else f"{said.burst:,}"
        yield Use(("account", field, part), getattr(said, part), f"StartExecution has {part} {shown}")

    return found


def _concurrency(case: Case) -> Iterator[Use]:
    most = case.scenario.account.lambda_concurrency
    yield Use(("account", "lambda_concurrency"), most, f"the account has a Lambda concurrency of {most:,}")


def _resources(case: Case) -> Iterator[Use]:
    for name, api in case.scenario.apis.items():
        if api.type != REST:
            continue
        paths = [tuple(segments(route.path)) for route in api.methods]
        resources = {path[:depth] for path in paths for depth in range(len(path) + 1)}
        yield Use(
            ("apis", name, "methods"), len(resources), f"{name} has {len(resources)} resources with its root"
        )


def _routes(case: Case) -> Iterator[Use]:
    for name, api in case.scenario.apis.items():
        if api.is_http:
            yield Use(("apis", name, "methods"), len(api.methods), f"{name} has {len(api.methods)} routes")


def _stages(case: Case) -> Iterator[Use]:
    for name, api in case.scenario.apis.items():
        yield Use(("apis", name, "stages"), len(api.stages), f"{name} has {len(api.stages)} stages")


def _authorizers(case: Case) -> Iterator[Use]:
    for name, api in case.scenario.apis.items():
        used = {method.authorizer for method in api.methods.values()} - {None}
        yield Use(("apis", name, "methods"), len(used), f"{name} uses {len(used)} authorizers")


def _usage_plans(case: Case) -> Iterator[Use]:
    plans = len(case.scenario.usage_plans)
    yield Use(("usage_plans",), plans, f"there are {plans} usage plans")


def _plans_of_a_key(case: Case) -> Iterator[Use]:
    for name, key in case.scenario.api_keys.items():
        yield Use(
            ("api_keys", name, "plans"), len(key.plans), f"API key {name} is in {len(key.plans)} usage plans"
        )


def _method_throttles(case: Case) -> Iterator[Use]:
    for name, plan in case.scenario.usage_plans.items():
        for stage, throttles in plan.stages.items():
            text = f"usage plan {name} throttles {len(throttles)} methods of {stage}"
            yield Use(("usage_plans", name, "stages", stage), len(throttles), text)


def _in_region(uses: Callable[[Case], Iterator[Use]], *, small: bool) -> Callable[[Case], Iterator[Use]]:
    """Uses that count only in Regions with the small throttle, or only in the others."""

    def found(case: Case) -> Iterator[Use]:
        rate, _ = quotas.account_throttle(case.scenario.account.region)
        return uses(case) if small == (rate == quotas.rate("small_region_throttle_rate")) else iter(())

    return found


USES: dict[str, Callable[[Case], Iterator[Use]]] = {
    "account_throttle_rate": _in_region(_rate, small=False),
    "account_throttle_burst": _in_region(_burst, small=False),
    "small_region_throttle_rate": _in_region(_rate, small=True),
    "small_region_throttle_burst": _in_region(_burst, small=True),
    "integration_timeout_max": _integration_timeout,
    "resources_per_api": _resources,
    "routes_per_http_api": _routes,
    "stages_per_api": _stages,
    "authorizers_per_api": _authorizers,
    "usage_plans": _usage_plans,
    "plans_per_key": _plans_of_a_key,
    "method_throttles_per_plan_stage": _method_throttles,
    "lambda_concurrency": _concurrency,
    "websocket_connections_rate": _connections,
    "dynamodb_capacity_max": _tables,
    "start_execution_rate": _starts("start_execution", "rate", large=True),
    "start_execution_burst": _starts("start_execution", "burst", large=True),
    "small_start_execution_rate": _starts("start_execution", "rate", large=False),
    "small_start_execution_burst": _starts("start_execution", "burst", large=False),
    "start_express_execution_rate": _starts("start_express_execution", "rate"),
    "start_express_execution_burst": _starts("start_express_execution", "burst"),
}
"""What a scenario uses of each quota that AWS raises."""

SETTINGS = (
    "lambda_timeout", "lambda_memory", "sqs_visibility", "sqs_retention", "sqs_in_flight", "sqs_batch",
    "firehose_buffer_size", "firehose_buffer_interval",
)  # fmt: skip
"""Adjustable too, but by whoever owns the function, queue or stream: defaults, and no quotas."""

ASK = "ask for more before it is needed (Service Quotas)"
FROM_THE_RATE = (
    "AWS sets the burst from the rate and takes no request for it: ask for the rate that brings it"
)
FIXES = {
    "account_throttle_burst": FROM_THE_RATE,
    "small_region_throttle_burst": FROM_THE_RATE,
    "integration_timeout_max": f"{ASK}; AWS may lower the account's throttle rate in return",
}
"""What to do about a quota, where asking is not all."""


def above_the_default(case: Case) -> Iterator[Finding]:
    """Uses of more than AWS gives without being asked."""
    for name, uses in USES.items():
        quota = quotas.limits()[name]
        for use in uses(case):
            if use.amount > quota.value:
                text = f"{use.text}, and AWS gives {quota.text} per {quota.scope} until it is asked for more"
                yield Finding(use.keys, text, FIXES.get(name, ASK), quota.page)
