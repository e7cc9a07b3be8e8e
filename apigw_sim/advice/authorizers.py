"""Advice on who may call: authorizers and their cached results, and resource policies."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case, Place
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several, verb
from apigw_sim.plan.tables import NULL, BackendKind
from apigw_sim.scenario.security import Authorizer


def _used(case: Case) -> dict[str, list[Place]]:
    """The authorizers that methods name, each with its methods on all stages."""
    found: dict[str, list[Place]] = {}
    for place in case.places:
        if place.said.authorizer is not None:
            found.setdefault(place.said.authorizer, []).append(place)
    return found


def _lambdas(case: Case) -> Iterator[tuple[str, Authorizer, list[Place]]]:
    for name, places in _used(case).items():
        said = case.scenario.authorizers[name]
        if said.is_lambda:
            yield name, said, places


def caches_nothing(case: Case) -> Iterator[Finding]:
    """Lambda authorizers without cached results."""
    for name, said, places in _lambdas(case):
        if said.ttl:
            continue
        who = several(place.name for place in places)
        text = (
            f"{name} caches nothing: each request to {who} invokes {said.function} before its backend, "
            f"one invocation more for every request, throttled ones too"
        )
        yield Finding(
            ("authorizers", name, "ttl"), text, "write ttl: 300 s, AWS's default, if results may be that old"
        )


def starves_its_backend(case: Case) -> Iterator[Finding]:
    """Lambda authorizers that draw on the same unreserved concurrency as the functions behind them."""
    for name, said, places in _lambdas(case):
        own = case.scenario.functions[said.function or ""]
        if own.reserved_concurrency is not None:
            continue
        behind: dict[str, None] = {}
        for place in places:
            backend = case.plan.methods[place.row].backend
            row = case.plan.backends[backend] if backend != NULL else None
            if row is not None and row.kind is BackendKind.LAMBDA and row.reserved == NULL:
                behind[row.name] = None
        if not behind:
            continue
        text = (
            f"{name} and the {verb(list(behind), 'function', 'functions')} behind it, {several(behind)}, share the "
            f"unreserved concurrency: in a surge of callers whose results are not cached it takes places from them"
        )
        fix = f"write reserved_concurrency: N at functions.{said.function}, which bounds it, or at {several(behind)}"
        yield Finding(("functions", said.function or "", "reserved_concurrency"), text, fix)


def denies_other_methods(case: Case) -> Iterator[Finding]:
    """Cached policies that speak of the called method only, where an identity calls several."""
    for name, said, places in _lambdas(case):
        if said.policy == "all_methods" or not said.ttl or said.by_method:
            continue
        for stage in dict.fromkeys(place.stage for place in places):
            mine = [place for place in places if place.stage == stage]
            if len(mine) < 2:
                continue
            text = (
                f"{name} answers with a policy of the called method and caches it for {units.show_duration(said.ttl)}: "
                f"who calls one of {several(str(place.route) for place in mine)} on {stage} is denied the others until then"
            )
            fix = "write policy: all_methods, or add context.httpMethod and context.resourcePath to identity_sources"
            yield Finding(("authorizers", name, "policy"), text, fix)


def one_identity(case: Case) -> Iterator[Finding]:
    """Clients that meet an authorizer with cached results, and of which nobody said how many they are."""
    for name, client, row in case.clients():
        if client.identities is not None:
            continue
        met = [
            case.plan.authorizers[method.authorizer]
            for method in case.methods(row)
            if method.authorizer != NULL and case.plan.authorizers[method.authorizer].ttl_ns
        ]
        if met:
            who = several(dict.fromkeys(authorizer.name for authorizer in met))
            text = (
                f"{name} calls with one identity that is valid, so {who} {verb(met[:1], 'is', 'are')} asked once in a "
                f"TTL and nobody is refused"
            )
            fix = f"write clients.{name}.identities: {{count: 20000, valid: 99 %}}, as many as there are callers"
            yield Finding(("clients", name), text, fix)


def allows_nobody(case: Case) -> Iterator[Finding]:
    """Resource policies without an Allow, where nothing else allows."""
    for name, api in case.scenario.apis.items():
        statements = api.resource_policy
        if statements is None or any(said.effect == "Allow" for said in statements):
            continue
        closed = [
            route
            for route, method in api.methods.items()
            if method.authorization == "NONE"
            and (method.authorizer is None or not case.scenario.authorizers[method.authorizer].is_lambda)
        ]
        if closed:
            text = (
                f"the resource policy of {name} allows nobody: without an Allow "
                f"{several(closed)} {verb(closed, 'answers', 'answer')} 403 to everybody"
            )
            fix = f"write {{effect: Allow}} as a statement of apis.{name}.resource_policy beside its Deny"
            yield Finding(("apis", name, "resource_policy"), text, fix)
