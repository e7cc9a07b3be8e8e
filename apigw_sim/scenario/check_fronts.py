"""Cross references of what stands before APIs: endpoints, custom domains, distributions, and who can reach them."""

from __future__ import annotations

from apigw_sim import quotas, units
from apigw_sim.scenario.api import Api
from apigw_sim.scenario.base import propose
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import Client
from apigw_sim.scenario.fronts import Distribution, Domain
from apigw_sim.scenario.tree import Keys

FOR_CLOUDFRONT = "us-east-1"


def check_fronts(report: Report) -> None:
    """Edge-optimized APIs, custom domains and distributions."""
    for name, domain in report.scenario.domains.items():
        _check_domain(report, ("domains", name), name, domain)
    for name, distribution in report.scenario.distributions.items():
        _check_distribution(report, ("distributions", name), distribution)
    most = quotas.count("integration_timeout")
    for name, api in report.scenario.apis.items():
        check_private(report, ("apis", name), api)
        for route, method in api.methods.items() if api.endpoint == "EDGE" and not api.is_http else ():
            if api.waits(method.integration) > most:
                report.say(
                    ("apis", name, "methods", str(route), "integration", "timeout"),
                    f"AWS raises integration timeouts above {units.show_duration(most)} for Regional and private APIs only",
                    "lower it, or make the API REGIONAL",
                    ("apis", name, "endpoint"),
                )


def check_private(report: Report, keys: Keys, api: Api) -> None:
    """A private API has a resource policy: without one AWS refuses its deployment."""
    if api.endpoint == "PRIVATE" and not api.resource_policy:
        what = "AWS deploys no private API without a resource policy that says who may call it"
        fix = (
            "write resource_policy: [{effect: Allow, vpc_endpoints: [vpce]}], or the names of your endpoints"
        )
        report.say((*keys, "resource_policy"), what, fix)


def _check_domain(report: Report, keys: Keys, name: str, domain: Domain) -> None:
    region = _region_of(report, domain)
    wanted = FOR_CLOUDFRONT if domain.endpoint == "EDGE" else region
    if domain.certificate != wanted:
        whose = {
            "EDGE": "an edge-optimized custom domain is served by CloudFront, whose certificates lie in us-east-1",
            "REGIONAL": "a Regional custom domain takes its certificate from the API's own Region",
            "PRIVATE": "a private custom domain takes its certificate from the API's own Region",
        }[domain.endpoint]
        report.say(
            (*keys, "certificate"), whose, f"write {wanted}", ("account", "region"), (*keys, "endpoint")
        )
    zone = domain.zone or ".".join(name.split(".")[-2:])
    if name != zone and not name.endswith(f".{zone}"):
        report.say((*keys, "zone"), f"{name} does not lie in the zone {zone}", "write the zone that holds it")
    elif domain.record == "CNAME" and name == zone:
        what = f"DNS allows no CNAME at the apex of a zone, and {name} is that of its own"
        report.say((*keys, "record"), what, "write A_ALIAS")
    if domain.mutual_tls and domain.endpoint != "REGIONAL":
        report.say(
            (*keys, "mutual_tls"),
            "mutual TLS is for Regional custom domains only",
            "make the domain REGIONAL",
        )
    for path, stage in domain.mappings.items():
        here: Keys = (*keys, "mappings", path)
        if "/" in path and domain.endpoint == "EDGE":
            report.say(
                here, "base paths of several levels are for Regional custom domains only", "write one level"
            )
        if not report.stage(here, stage):
            continue
        api = stage.partition("/")[0]
        if (report.scenario.apis[api].endpoint == "PRIVATE") != (domain.endpoint == "PRIVATE"):
            what = "private custom domains lead to private APIs, and to them alone"
            report.say(here, what, f"map it by a domain of {api}'s own kind", ("apis", api, "endpoint"))
        own = report.scenario.apis[api].region or report.scenario.account.region
        if own != region:
            what = f"{api} is in {own} and the domain in {region}, and a domain maps to APIs of its Region"
            report.say(here, what, f"map it by a domain of its own in {own}", ("apis", api, "region"))


def _region_of(report: Report, domain: Domain) -> str:
    """The Region of a custom domain: that of the first API it maps to."""
    scenario = report.scenario
    names = (stage.partition("/")[0] for stage in domain.mappings.values())
    first = next((scenario.apis[name].region for name in names if name in scenario.apis), None)
    return first or scenario.account.region


def _check_distribution(report: Report, keys: Keys, distribution: Distribution) -> None:
    for number, key in enumerate(distribution.cache_key):
        here = (*keys, "cache_key", number)
        if key.where == "header":
            report.say(
                here, "headers in a distribution's cache key belong to a later version", "leave it out"
            )
        elif key in distribution.cache_key[:number]:
            report.say(here, f"{key} stands twice", "keep one")
    if not report.stage((*keys, "origin"), distribution.origin):
        return
    api = distribution.origin.partition("/")[0]
    body = report.scenario.apis[api]
    if body.is_websocket:
        what = "a distribution before a WebSocket API is not simulated"
        report.say((*keys, "origin"), what, "let clients connect to the stage", ("apis", api, "type"))
    if body.endpoint != "REGIONAL":
        what = {
            "EDGE": f"{api} is edge-optimized and has a distribution of AWS's own before it already",
            "PRIVATE": f"{api} is private, and CloudFront reaches no private API",
        }[body.endpoint]
        report.say((*keys, "origin"), what, "make the API REGIONAL", ("apis", api, "endpoint"))
    elif body.disable_default_endpoint:
        what = f"the default endpoint of {api} is disabled, and the distribution asks there"
        report.say((*keys, "origin"), what, "leave disable_default_endpoint out", ("apis", api))


def check_target(report: Report, keys: Keys, client: Client) -> str | None:
    """The stage that a client reaches, where it is known and can be reached; problems of the way there."""
    scenario, target, here = report.scenario, client.target, (*keys, "target")
    name = target.partition("/")[0]
    if target in scenario.distributions:
        origin = scenario.distributions[target].origin
        return origin if origin in scenario.stages else None
    if target in scenario.records:
        return next((stage for stage in scenario.stages_of(target) if stage in scenario.stages), None)
    if name not in scenario.domains:
        if "." in name:
            known = [*scenario.domains, *scenario.records]
            report.refer(
                here, name, ("domains",), known, "domain or record" if scenario.records else "domain"
            )
            return None
        if "/" not in target and name not in scenario.apis and scenario.distributions:
            fix = propose(target, [*scenario.distributions, *scenario.stages])
            report.say(here, f"there is no stage, domain or distribution '{target}'", fix, ("apis",))
            return None
        if not report.stage(here, target):
            return None
        if scenario.apis[name].disable_default_endpoint:
            what = f"the default endpoint of {name} is disabled"
            report.say(here, what, "call it by a domain that maps it", ("apis", name))
    found = scenario.reached(target)
    _check_way(report, keys, client)
    return found.stage if found.stage in scenario.stages else None


def _check_way(report: Report, keys: Keys, client: Client) -> None:
    """Whether the client's network leads to the endpoint."""
    found = report.scenario.reached(client.target)
    api: Keys = ("apis",) if found.domain is None else ("domains", found.domain)
    if found.endpoint == "PRIVATE":
        if client.vpc_endpoint is None:
            what = "a private API is reached through an interface VPC endpoint for execute-api alone"
            report.say((*keys, "target"), what, "write vpc_endpoint: true beside it", api)
        if client.network.tls == "1.3":
            what = "a private API speaks TLS 1.2 only"
            report.say((*keys, "network", "tls"), what, "write 1.2, or leave it out", api)
    elif client.vpc_endpoint is not None and client.network.private_dns and found.domain is None:
        what = "with private DNS on its VPC endpoint, a VPC cannot reach the default endpoints of public APIs"
        fix = "write network: {private_dns: false}, or call it by a custom domain"
        report.say((*keys, "target"), what, fix, api)
