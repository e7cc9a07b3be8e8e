"""Advice on usage plans and API keys."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several, verb
from apigw_sim.plan.tables import NULL
from apigw_sim.plan.tables import Client as ClientRow
from apigw_sim.scenario.clients import Client


def over_no_key(case: Case) -> Iterator[Finding]:
    """Stages of a plan where no method requires a key, and a plan's throttles of methods that require none."""
    for name, plan in case.scenario.usage_plans.items():
        for stage, throttles in plan.stages.items():
            methods = case.scenario.stage(stage)[0].methods
            keys = ("usage_plans", name, "stages", stage)
            if not any(method.api_key_required for method in methods.values()):
                text = f"usage plan {name} covers {stage}, where no method requires a key: it limits and counts nothing"
                fix = "write api_key_required: true at the methods it is meant for, or take the stage out of the plan"
                yield Finding(keys, text, fix)
                continue
            for route in throttles:
                if route in methods and not methods[route].api_key_required:
                    text = (
                        f"usage plan {name} throttles {stage} {route}, which requires no key: it never acts"
                    )
                    fix = f"write api_key_required: true at {route}, or take it out of the plan"
                    yield Finding((*keys, str(route)), text, fix)


def not_covered(case: Case) -> Iterator[Finding]:
    """Methods that require a key where no key has a plan, and clients whose key opens nothing."""
    covered = {stage for group in case.plan.key_groups for stage in group.access}
    for number, name in enumerate(case.scenario.stages):
        keyed = [place for place in case.places if place.stage == name and place.said.api_key_required]
        if keyed and number not in covered:
            needs = several(place.route for place in keyed)
            what = f"{name} {needs} {verb(keyed, 'requires', 'require')} a key"
            plans = [plan for plan, said in case.scenario.usage_plans.items() if name in said.stages]
            if plans:
                text = (
                    f"{what}, and usage plan {several(plans)} has no keys: every request is refused with 403"
                )
                fix = f"give a key the plan: api_keys: {{NAME: {{plans: [{plans[0]}]}}}}"
            else:
                text = f"{what}, and no usage plan covers {name}: every request is refused with 403"
                fix = f"add {name} under stages: of a usage plan that has keys, or require no key"
            yield Finding((*keyed[0].keys, "api_key_required"), text, fix)
    for name, client, row in case.clients():
        methods = [method for method in case.methods(row) if method.api_key_required]
        if not methods or row.stage not in covered or _opens(case, row):
            continue
        routes = several(method.route for method in methods)
        what = f"{name} calls {client.target} {routes}, which {verb(methods, 'requires', 'require')} a key, "
        fix = f"give it a key whose usage plan covers {client.target}"
        if row.first_key == NULL:
            yield Finding(("clients", name), f"{what}and sends none: 403 for each call", fix)
        else:
            held = _held(client)
            text = f"{what}and no usage plan of its key {held} covers {client.target}: 403 for each call"
            yield Finding(
                ("clients", name, "api_key"), text, f"{fix}, or add {client.target} to a plan of {held}"
            )


def _opens(case: Case, row: ClientRow) -> bool:
    """Whether a plan of the client's key covers its stage."""
    return any(
        row.stage in group.access
        for group in case.plan.key_groups
        if row.first_key != NULL and group.first <= row.first_key < group.first + group.count
    )


def _held(client: Client) -> str:
    key = client.api_key
    return key if isinstance(key, str) else key.from_ if key else ""
