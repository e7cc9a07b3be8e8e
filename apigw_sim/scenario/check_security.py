"""Cross references of authorizers, resource policies and identities."""

from __future__ import annotations

from collections.abc import Iterable

from apigw_sim.scenario.api import Api, Method
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import Client
from apigw_sim.scenario.quantities import show
from apigw_sim.scenario.security import Authorizer, Statement, straddles
from apigw_sim.scenario.tree import Keys


def check_security(report: Report) -> None:
    """All that decides who may call."""
    scenario = report.scenario
    for name, authorizer in scenario.authorizers.items():
        _check_authorizer(report, ("authorizers", name), authorizer)
    for name, api in scenario.apis.items():
        for route, method in api.methods.items():
            check_authorization(report, ("apis", name, "methods", str(route)), api, method)
        check_policy(report, ("apis", name, "resource_policy"), name, api.resource_policy or ())
    for name, client in scenario.clients.items():
        _check_identities(report, ("clients", name), client)
        if client.address is not None and client.vpc_endpoint is not None:
            report.say(
                ("clients", name, "address"), "a request through a VPC endpoint has no address in aws:SourceIp",
                "keep address or vpc_endpoint",
            )  # fmt: skip
    for name, api in scenario.apis.items():
        check_origins(report, name, api.resource_policy or (), ("apis", name, "resource_policy"))


def _check_authorizer(report: Report, keys: Keys, authorizer: Authorizer) -> None:
    functions, kind = report.scenario.functions, authorizer.type
    if not authorizer.is_lambda:
        whose, other = (
            ("a JWT authorizer", "REQUEST") if kind == "JWT" else ("a user pool's authorizer", "TOKEN")
        )
        if authorizer.function is not None:
            fix = f"leave it out, or write type: {other}"
            report.say((*keys, "function"), f"{whose} invokes no function", fix)
        if authorizer.policy != "all_methods":
            report.say((*keys, "policy"), f"{whose} returns no policy", "leave it out")
    elif authorizer.function is None:
        report.say(
            keys, f"a {kind} authorizer is a Lambda function, and none is named", "write function: NAME"
        )
    else:
        report.refer((*keys, "function"), authorizer.function, ("functions",), functions, "function")
    if authorizer.simple_responses and kind != "REQUEST":
        report.say(
            (*keys, "simple_responses"), f"a {kind} authorizer gives no simple responses", "leave it out"
        )
    elif authorizer.simple_responses and authorizer.policy != "all_methods":
        what = "a simple response speaks of no method"
        report.say((*keys, "policy"), what, "leave it out, or leave simple_responses out")
    if authorizer.validation and kind != "TOKEN":
        report.say((*keys, "validation"), f"a {kind} authorizer has no validation expression", "leave it out")
    sources = authorizer.sources
    if kind == "REQUEST":
        if authorizer.ttl and not sources:
            report.say(
                (*keys, "identity_sources"), "without an identity source nothing can be cached",
                "name one such as header.Authorization, or write ttl: 0 s",
            )  # fmt: skip
    elif len(sources) != 1 or sources[0].where not in (("header", "query") if kind == "JWT" else ("header",)):
        where = "a header or a query parameter" if kind == "JWT" else "a header"
        report.say(
            (*keys, "identity_sources"), f"a {kind} authorizer has one identity source, {where}",
            "write [header.Authorization], or type: REQUEST",
        )  # fmt: skip
    for number, source in enumerate(sources):
        if source in sources[:number]:
            report.say((*keys, "identity_sources", number), f"{source} stands twice", "keep one")


def check_authorization(report: Report, keys: Keys, api: Api, method: Method) -> None:
    """The authorizer of a method, as it starts or as a change leaves it."""
    known, name = report.scenario.authorizers, method.authorizer
    if name is not None:
        report.refer((*keys, "authorizer"), name, ("authorizers",), known, "authorizer")
        if method.authorization != "NONE":
            report.say(
                (*keys, "authorization"), "a method has an authorizer or AWS_IAM, not both", "keep one",
                (*keys, "authorizer"),
            )  # fmt: skip
    check_key_source(report, (*keys, "api_key_required"), api, method, (*keys[:2], "api_key_source"))


def check_key_source(
    report: Report, here: Keys, api: Api, method: Method, *also: Keys, whose: str = "this method"
) -> None:
    """Whether an API key can come from where the API takes it; a problem stands at `here`."""
    known, name = report.scenario.authorizers, method.authorizer
    if api.api_key_source == "AUTHORIZER" and method.api_key_required and not api.is_http:
        named: tuple[Keys, ...] = () if name is None else (("authorizers",),)
        if name is None or (name in known and not known[name].is_lambda):
            report.say(
                here,
                f"the API's keys come from a Lambda authorizer, and {whose} has none: nobody could call it",
                "write authorizer: NAME of one of type TOKEN or REQUEST, or api_key_source: HEADER",
                (*here[:-1], "authorizer"), *also, *named,
            )  # fmt: skip


def check_policy(report: Report, keys: Keys, api: str, policy: Iterable[Statement]) -> None:
    """The statements of a resource policy, from the start or as a change brings it."""
    for number, statement in enumerate(policy):
        for place, route in enumerate(statement.methods or ()):
            report.route((*keys, number, "methods", place), api, route)


def _check_identities(report: Report, base: Keys, client: Client) -> None:
    said = client.identities
    if said is None:
        return
    total = sum(said.shares)
    if min(said.shares) < 0 or total > 1:
        given = said.denied + said.missing + said.expired + (said.valid or 0)
        report.say(
            (*base, "identities"), f"the shares of identities sum to {show('share', given)}",
            "they may sum to 100 % at most; the rest have a token that nobody accepts",
        )  # fmt: skip


def _apis_of(report: Report, client: Client) -> set[str]:
    """The APIs that a client reaches, by a domain, a record or a distribution perhaps."""
    return {(stage or "").partition("/")[0] for stage in report.scenario.stages_of(client.target)}


def check_origins(report: Report, name: str, policy: Iterable[Statement], where: Keys) -> None:
    """Whether a resource policy, which stands at `where`, can be decided for each client of its API."""
    asked = [said for said in policy if said.asks_addresses]
    ranges = [network for said in asked for network in (*(said.from_ or ()), *(said.not_from or ()))]
    for key, client in report.scenario.clients.items():
        base: Keys = ("clients", key)
        if not asked or client.vpc_endpoint is not None or name not in _apis_of(report, client):
            continue
        if client.address is None:
            report.say(
                base, f"the resource policy of {name} asks where requests come from",
                "write address: 203.0.113.7, or a range, or vpc_endpoint: NAME", where,
            )  # fmt: skip
        elif straddles(client.address, tuple(ranges)):
            report.say(
                (*base, "address"), f"{client.address} lies partly inside a range of the resource policy",
                "make two clients of it, one inside and one outside",
            )  # fmt: skip
