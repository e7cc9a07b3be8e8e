"""Advice on answers: errors that look like success, and requests that API Gateway or Lambda will not take."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from apigw_sim import quotas, units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.advice.words import several, verb
from apigw_sim.plan.laws import percentile, threshold
from apigw_sim.plan.tables import NULL
from apigw_sim.rules import quantile
from apigw_sim.rules.reason import RESPONSE_TYPES
from apigw_sim.scenario.api import Api, Integration
from apigw_sim.scenario.base import NONE
from apigw_sim.scenario.functions import OK
from apigw_sim.scenario.responses import DEFAULT, FUNCTION_ERROR, Mapped
from apigw_sim.scenario.services import START, Backend

FULL_QUEUE = 503
SELDOM = threshold(Fraction(999, 1000))
"""The word of p99.9."""


def _integrations(case: Case) -> Iterator[tuple[str, Keys, Integration]]:
    """All integrations, with a name for people and the path to change."""
    for api, body in case.scenario.apis.items():
        for route, method in body.methods.items():
            keys: Keys = ("apis", api, "methods", str(route), "integration")
            if method.integration.responses is not None:
                keys = (*keys, "responses")
            yield f"{api} {route}", keys, method.integration


def _default(integration: Integration) -> int | None:
    """The status that answers get which nothing else catches; None: there is no default."""
    default = integration.mapped[DEFAULT]
    return default.status if isinstance(default, Mapped) else None


def answered(backend: Backend) -> dict[int, Fraction]:
    """The statuses of a backend, its refusals aside."""
    if backend.sqs or backend.kinesis or backend.step_functions:
        return OK
    body = backend.http or backend.service or backend.dynamodb
    return body.status if body is not None else {}


def _unmapped(case: Case, integration: Integration) -> list[int]:
    """The statuses of a backend that only the default catches, if there is one."""
    scenario = case.scenario
    if integration.asynchronous:
        return []
    if integration.target not in (*scenario.functions, *scenario.backends):
        return []  # a stage variable decides
    if integration.function is not None:
        shares = scenario.functions[integration.function].response.status
    else:
        backend = scenario.backends[integration.backend or ""]
        shares = dict(answered(backend))
        if backend.http is not None and backend.http.concurrency != NONE:
            shares.setdefault(FULL_QUEUE, Fraction(1))
    return [status for status, share in sorted(shares.items()) if share and status not in integration.mapped]


def errors_as_success(case: Case) -> Iterator[Finding]:
    """Functions behind custom integrations whose errors no integration response catches."""
    for name, keys, integration in _integrations(case):
        default = _default(integration) if integration.custom else None
        caught = integration.asynchronous or FUNCTION_ERROR in integration.mapped
        if integration.kind != "lambda" or caught or default is None or default >= 400:
            continue
        function = case.scenario.functions.get(integration.function or "")
        crash = function.crash if function else Fraction(0)
        share = f", {units.show_share(crash)} of the invocations here," if crash else ""
        text = (
            f"{name} is a custom integration and maps no error of {integration.function}: one that it raises{share} "
            f"is a {default} to the client and to CloudWatch"
        )
        yield Finding(keys, text, "map it: responses: {function_error: 500}")


def statuses_as_success(case: Case) -> Iterator[Finding]:
    """Custom integrations whose default response turns a backend's errors into successes."""
    for name, keys, integration in _integrations(case):
        default = _default(integration) if integration.custom else None
        hidden = [status for status in _unmapped(case, integration) if status >= 400] if default else []
        if default is None or default >= 400 or not hidden:
            continue
        text = (
            f"{name} maps {default} for whatever is not mapped, and {integration.target} answers "
            f"{several(hidden)} too: to the client {verb(hidden, 'that is', 'those are')} a success"
        )
        pairs = ", ".join(f"{status}: {status}" for status in hidden)
        yield Finding(keys, text, f"map {verb(hidden, 'it', 'them')}: responses: {{{pairs}}}")


def _unmapped_refusals(case: Case, integration: Integration) -> list[int]:
    """The status of an AWS service's refusals, if only the default response catches it."""
    backend = case.scenario.backends.get(integration.service or "")
    status = None if backend is None else backend.throttle_status
    return [] if status is None or status in integration.mapped else [status]


def throttles_as_success(case: Case) -> Iterator[Finding]:
    """AWS services whose refusals are a success to the client."""
    for name, keys, integration in _integrations(case):
        default = _default(integration) if integration.service else None
        hidden = _unmapped_refusals(case, integration)
        if default is None or default >= 400 or not hidden:
            continue
        text = (
            f"{name} maps {default} for whatever is not mapped, and {integration.service} answers {hidden[0]} when its "
            "rate is used up: to the client what was refused is a success, and nobody tries again"
        )
        yield Finding(keys, text, f"map it: responses: {{{hidden[0]}: 429}}")


def waits_too_long(case: Case) -> Iterator[Finding]:
    """Synchronous executions of state machines of which some take longer than the gateway waits."""
    for number, row in enumerate(case.plan.backends):
        name = row.path.removeprefix("backends.")
        said = case.scenario.backends.get(name) if row.path.startswith("backends.") else None
        if said is None or said.step_functions is None or said.step_functions.action == START:
            continue
        behind = [method for method in case.plan.methods if method.backend == number]
        limit = min((method.timeout_ns for method in behind), default=0)
        longest = percentile(row.duration, 0.999)
        if not limit or longest <= limit:
            continue
        text = (
            f"one execution of {name} in a thousand takes {units.show_duration(int(longest))} or longer, and the gateway waits "
            f"{units.show_duration(limit)}: the caller has a 504, and the execution goes on"
        )
        fix = "write action: StartExecution, and let the caller ask for the result later"
        yield Finding(("backends", name, "step_functions", "action"), text, fix)


def caught_by_nothing(case: Case) -> Iterator[Finding]:
    """Custom integrations without a default response whose backend answers what they do not map."""
    for name, keys, integration in _integrations(case):
        if not integration.custom or _default(integration) is not None:
            continue
        missed = (
            [202]
            if integration.asynchronous and 202 not in integration.mapped
            else [*_unmapped(case, integration), *_unmapped_refusals(case, integration)]
        )
        if not missed:
            continue
        text = (
            f"{name} has no default integration response and maps no {several(missed)} of {integration.target}: "
            f"{verb(missed, 'that is', 'those are')} a 500 Internal server error"
        )
        yield Finding(keys, text, f"map {verb(missed, 'it', 'them')}, or write default: 200")


def _customised(api: Api) -> Iterator[tuple[str, str, int]]:
    """Gateway response types with the entry that sets their status, and that status."""
    said = api.gateway_responses
    for name, own in RESPONSE_TYPES.items():
        entry = name if name in said else "DEFAULT_5XX" if own >= 500 else "DEFAULT_4XX"
        if own and entry in said and said[entry].status is not None:
            yield name, entry, said[entry].status or own


def refusals_as_success(case: Case) -> Iterator[Finding]:
    """Gateway responses that give an error a status below 400."""
    for name, api in case.scenario.apis.items():
        for kind, body in api.gateway_responses.items():
            if body.status is None or body.status >= 400:
                continue
            text = (
                f"{name} answers {kind} with {body.status}: clients take it for a success and do not try again, "
                "while CloudWatch still counts the error"
            )
            yield Finding(
                ("apis", name, "gateway_responses", kind, "status"), text, "write a status of 400 or above"
            )


def throttle_not_retried(case: Case) -> Iterator[Finding]:
    """Clients that retry a 429 where the throttle of their API has another status."""
    for name, client, row in case.clients():
        stage = case.scenario.reached(client.target).stage
        if stage is None:
            continue
        api = stage.partition("/")[0]
        for kind, entry, status in _customised(case.scenario.apis[api]):
            if kind != "THROTTLED" or status in row.retry.statuses or 429 not in row.retry.statuses:
                continue
            text = (
                f"{name} retries 429 and not {status}, and {api} answers a throttled request with {status} "
                f"({entry}): what is throttled is lost"
            )
            yield Finding(("clients", name, "retry", "statuses"), text, f"add {status} to the statuses")


def takes_nothing(case: Case) -> Iterator[Finding]:
    """Calls of which the integration takes no content type."""
    for name, _, row in case.clients():
        for number, made in enumerate(case.calls(row)):
            if made.said is None or made.row.method == NULL:
                continue
            integration = case.places[made.row.method].said.integration
            if any(integration.takes(content_type) for content_type in made.said.content_type):
                continue
            types = several(made.said.content_type)
            text = (
                f"{name} sends {made.row.text} as {types}, and with passthrough {integration.passthrough} the "
                "integration takes only what it has a template for: every one is a 415"
            )
            fix = f"write templates: [{types}] at the integration, or passthrough: WHEN_NO_MATCH"
            yield Finding(("clients", name, "calls", number), text, fix)


def not_validated(case: Case) -> Iterator[Finding]:
    """Calls that are not valid in what their method does not validate."""
    for name, _, row in case.clients():
        for number, made in enumerate(case.calls(row)):
            if made.said is None or made.row.method == NULL:
                continue
            wrong = made.said.invalid_shares
            method = case.places[made.row.method].said
            seen = ("body", "parameters") if method.validator == "both" else (method.validator,)
            missed = [what for what in ("body", "parameters") if getattr(wrong, what) and what not in seen]
            if not missed:
                continue
            has = f"validates only the {method.validator}" if method.validator else "has no validator"
            text = (
                f"{name} sends {made.row.text} with invalid {' and '.join(missed)}, and the method {has}: "
                "the backend gets such a call and answers as it does to any other"
            )
            wanted = "both" if method.validator or len(missed) > 1 else missed[0]
            yield Finding(
                ("clients", name, "calls", number), text, f"write validator: {wanted} at the method"
            )


def too_large_for_lambda(case: Case) -> Iterator[Finding]:
    """Bodies that the gateway takes and an invocation does not, more than one in a thousand."""
    for name, _, row in case.clients():
        for number, made in enumerate(case.calls(row)):
            call = made.row
            if made.said is None or call.method == NULL or not case.plan.methods[call.method].largest_body:
                continue
            method = case.plan.methods[call.method]
            in_base64 = any(method.binary_types >> number & 1 for number in call.types)
            most = method.largest_binary if in_base64 else method.largest_body
            body = call.body.constant
            if body is None:
                body = int(quantile.value(SELDOM, call.body.cells))  # type: ignore[arg-type]
            if not most < body <= quotas.count("payload_max"):
                continue
            of_base64 = ", which are as many in base64 as it takes" if in_base64 else ""
            text = (
                f"{name} sends {call.text} with bodies of {units.show_size(body)} (p99.9): the gateway takes them, and "
                f"an invocation takes {units.show_size(most)} at most{of_base64}"
            )
            fix = "send large bodies to S3 by a presigned URL, or make them smaller"
            yield Finding(("clients", name, "calls", number, "body"), text, fix)
