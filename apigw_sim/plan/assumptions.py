"""Which of the assumptions a scenario leans on."""

from __future__ import annotations

from fractions import Fraction

from apigw_sim.plan.changes import show
from apigw_sim.plan.laws import threshold
from apigw_sim.plan.tables import NULL, BackendKind, Law, LimitKind, Plan
from apigw_sim.rules import quantile, reason
from apigw_sim.rules.authorization import COGNITO, IAM, JWT
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.aliases import LATEST
from apigw_sim.scenario.base import NONE, dump
from apigw_sim.scenario.settings import Assumptions
from apigw_sim.scenario.tables import ON_DEMAND


def _large(law: Law) -> int:
    """A size that one in a million is above."""
    if law.constant is not None:
        return law.constant
    return int(quantile.value(threshold(Fraction(999_999, 1_000_000)), law.cells))  # type: ignore[arg-type]


def _default_latency(scenario: Scenario) -> bool:
    """Whether some AWS service has no latency of its own."""
    every = (body.served for body in scenario.backends.values())
    return any(
        body is not None and body.latency is None and getattr(body, "duration", None) is None
        for body in every
    )


def _rate_alone(scenario: Scenario) -> bool:
    """Whether of some AWS service the rate alone is known."""
    tables = {body.dynamodb.table for body in scenario.backends.values() if body.dynamodb}
    on_demand = any(scenario.tables[name].billing_mode == ON_DEMAND for name in tables)
    return on_demand or any(
        body.kinesis or (body.sqs and body.sqs.fifo) for body in scenario.backends.values()
    )


def leant_on(scenario: Scenario, plan: Plan) -> tuple[str, ...]:
    """`name=value` of the assumptions that bear on this plan, in the order in which the language has them."""
    kinds = {plan.limits[bucket.limit].kind for bucket in plan.buckets} | {
        limit.kind for limit in plan.limits
    }
    several = bool(kinds & {LimitKind.METHOD, LimitKind.PLAN, LimitKind.PLAN_METHOD, LimitKind.QUOTA})
    cached = [number for number, method in enumerate(plan.methods) if method.entries]
    calls = [call for client in plan.clients for call in client.calls if call.method in cached]
    lambdas = [backend for backend in plan.backends if backend.kind is BackendKind.LAMBDA]
    asked = [row for row in plan.authorizers if row.invokes]
    periods = {body.quota.period for body in scenario.usage_plans.values() if body.quota}
    said = [
        function.version(name)
        for function in scenario.functions.values()
        for name in (LATEST, *function.versions)
    ]
    colds = [function.cold_start for function in said if function.cold_start != NONE]
    every = [call for client in plan.clients for call in client.calls if call.method != NULL]
    behind = [(call, plan.methods[call.method].backend) for call in every]
    to_functions = [
        call for call, row in behind if row != NULL and plan.backends[row].kind is BackendKind.LAMBDA
    ]
    unmetered = {call.refused for call in every}
    if any(_large(call.body) > plan.account.largest_request for call in every):
        unmetered.add(reason.REQUEST_TOO_LARGE)
    if any(cell.verb == "unavailable" for event in plan.timeline for cell in event.begin):
        unmetered.add(reason.GATEWAY_UNAVAILABLE)
    listed = {reason.NUMBER[name] for name in scenario.assumptions.unmetered}
    bears = {
        "throttling": plan.account.hosts > 1,
        "account_throttle_position": several or bool(plan.waf.acls),
        "token_accounting": several,
        "usage_plan_bucket": LimitKind.PLAN in kinds,
        "throttled_counts_to_quota": LimitKind.QUOTA in kinds,
        "quota_week_starts": LimitKind.QUOTA in kinds and "WEEK" in periods,
        "scaling_rate_model": LimitKind.LAMBDA_SCALING in kinds,
        "lambda_request_burst": LimitKind.LAMBDA_RPS in kinds,
        "cache_error_responses": bool(cached),
        "max_age_0_is_a_miss": any(call.max_age_0 for call in calls),
        "encryption_overhead": bool(cached),
        "cache_hit_time": bool(cached),
        "size_check_position": any(call.body.cells[-1] > plan.account.largest_request for call in calls),
        "validation_position": any(call.invalid_body or call.invalid_parameters for call in calls),
        "lambda_request_too_large": any(
            _large(call.body) > plan.methods[call.method].largest_binary for call in to_functions
        ),
        "unknown_resource": any(
            call.method == NULL and not plan.stages[client.stage].http
            for client in plan.clients
            for call in client.calls
        ),
        "rare_502_at_load": plan.account.rare_502 > 0,
        "unmetered": bool(unmetered & listed)
        or listed != {reason.NUMBER[name] for name in Assumptions().unmetered},
        "rest_overhead": any(not stage.http for stage in plan.stages),
        "http_overhead": any(stage.http for stage in plan.stages),
        "http_lambda_throttled": bool(lambdas) and any(stage.http for stage in plan.stages),
        "lambda_overhead": bool(lambdas),
        "event_source_backoff": any(row.sqs and row.sqs.function != NULL for row in plan.backends),
        "service_burst": _rate_alone(scenario),
        "firehose_buffers": any(
            body.kinesis and body.kinesis.firehose and body.kinesis.shards > 1
            for body in scenario.backends.values()
        ),
        "service_latency": _default_latency(scenario),
        "authorizer_wait": any(not plan.stages[row.stage].http for row in asked),
        "authorizer_throttled": bool(asked),
        "authorizer_malformed": any(plan.backends[row.backend].malformed for row in asked),
        "authorization_time": any(row.kind in (COGNITO, IAM, JWT) for row in plan.authorizers),
        "browser_max_age": any(client.browser for client in scenario.clients.values()),
        "health_checkers": any(client.checks != NULL for client in plan.clients),
        "waf_check_interval": any(rule.rate for rule in plan.waf.rules),
        "waf_check_delay": any(rule.rate for rule in plan.waf.rules),
        "provisioning": any(cold.provisioning is None for cold in colds),
        "snap_start_restore": any(
            one.snap_start is not None and one.snap_start.restore is None
            for one in scenario.functions.values()
        ),
        "provisioned_preparation": bool(plan.scalings)
        or any(cell.verb == "provisioned" for event in plan.timeline for cell in event.begin),
        "canary_series": any(pointer.canary >= 0 for pointer in plan.pointers),
        "metrics_stamp": True,
        "edge_backbone": any(
            scenario.reached(c.target).endpoint == "EDGE" or scenario.reached(c.target).distribution
            for c in scenario.clients.values()
        ),
        "metrics_delay": bool(plan.alarms),
        "alarm_extra_datapoints": bool(plan.alarms),
    }
    values = dump(scenario.assumptions)
    return tuple(f"{name}={show(value)}" for name, value in values.items() if bears.get(name, True))
