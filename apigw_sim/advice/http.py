"""Advice on HTTP APIs: preflights that an authorizer catches, and what a retried 503 may be."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several
from apigw_sim.plan.tables import NULL
from apigw_sim.scenario.api import PREFLIGHT


def catches_preflights(case: Case) -> Iterator[Finding]:
    """Routes with an authorizer that catch the preflights of an API with CORS."""
    for name, api in case.scenario.apis.items():
        for route, method in api.methods.items() if api.cors else ():
            if method.authorizer is None and method.authorization == "NONE":
                continue
            caught = case.scenario.routes(name).match(PREFLIGHT.method, route.example)
            if caught is None or caught.route != route:
                continue
            text = (
                f"{name} {route} asks who calls and catches preflights, which carry no credentials: "
                "each is refused, and browsers call nothing of it"
            )
            fix = (
                f"add {PREFLIGHT} without an authorizer"
                if route.path.startswith("$")
                else "name its methods one by one"
            )
            yield Finding(("apis", name, "methods", str(route)), text, fix)


UNAVAILABLE, TIMED_OUT = 503, 504


def may_have_run(case: Case) -> Iterator[Finding]:
    """Clients of HTTP APIs that repeat a 503, and no 504, of calls that are not idempotent."""
    for name, _, row in case.clients():
        http = row.stage != NULL and case.plan.stages[row.stage].http
        statuses = row.retry.statuses
        if not http or row.retry.attempts < 2 or UNAVAILABLE not in statuses or TIMED_OUT in statuses:
            continue
        routes = [call.row.text for call in case.calls(row) if not call.row.idempotent]
        if routes:
            text = (
                f"{name} repeats a 503 of {several(dict.fromkeys(routes))}, and no 504: an HTTP API's 503 may be the "
                "integration's timeout, after which the backend still does its work"
            )
            fix = "make the call idempotent (an idempotency key), or leave 503 out of statuses"
            yield Finding(("clients", name, "retry", "statuses"), text, fix)
