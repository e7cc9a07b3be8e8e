"""What a type of API does not have, by its name: HTTP and WebSocket APIs against REST APIs (facts 1.7, 2, 4, 7, 8)."""

from __future__ import annotations

from apigw_sim import quotas, units
from apigw_sim.scenario.api import REST, Api, Method, Stage
from apigw_sim.scenario.check_websocket import OF_STAGE as OF_WEBSOCKET_STAGE
from apigw_sim.scenario.check_websocket import check_websocket_api, check_websocket_route
from apigw_sim.scenario.checks import Report, check_lacks
from apigw_sim.scenario.routes import DEFAULT, Route
from apigw_sim.scenario.tree import Keys

OWNER = "an HTTP API"
OF_API = {
    "api_key_source": ("no API keys", "leave it out, or make the API REST"),
    "resource_policy": ("no resource policy", "leave it out, or make the API REST"),
    "gateway_responses": ("no gateway responses: its errors cannot be customised", "leave it out"),
    "binary_media_types": ("no list of binary media types", "leave it out"),
}
OF_METHOD = {
    "api_key_required": ("no API keys", "leave it out, or make the API REST"),
    "cache_key": ("no cache", "leave it out, or put a distribution before the stage"),
    "validator": ("no request validation", "leave it out: the integration has to validate"),
}
OF_INTEGRATION = {
    "lambda": ("no custom integration of a function", "write lambda_proxy:"),
    "http": ("no custom integration of a backend", "write http_proxy:"),
    "mock": ("no mock integration", "for preflights write cors: true; else answer by a function"),
    "service": ("integrations of AWS services of its own, which are not simulated", "make the API REST"),
    "responses": ("no integration responses", "leave it out"),
    "templates": ("no mapping templates", "leave it out"),
    "passthrough": ("no mapping templates", "leave it out"),
    "invocation_type": ("no asynchronous invocation", "leave it out, or make the API REST"),
}
OF_STAGE = {
    "cache_cluster": ("no cache", "leave it out, or put a distribution before the stage"),
    "waf": ("no AWS WAF", "leave it out, or make the API REST"),
    "canary": ("no canary releases", "leave it out; a function's alias with two weights shifts traffic too"),
    "xray": ("no X-Ray tracing", "leave it out; its functions may still be traced"),
}
OF_SETTINGS = {"caching": OF_STAGE["cache_cluster"]}
"""What a part of an HTTP API may not say: what the type lacks, and what to do."""
ONLY_HTTP = {
    "cors": "has no CORS setting: a preflight is a request to a method OPTIONS, with a mock integration",
    "auto_deploy": "deploys by deploy alone",
}
AUTHORIZERS = {True: ("REQUEST", "JWT"), False: ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")}
"""By whether the API is an HTTP API: the types of authorizers that it knows."""


def check_http(report: Report) -> None:
    """What the types of APIs lack."""
    scenario = report.scenario
    for name, api in scenario.apis.items():
        base: Keys = ("apis", name)
        if api.is_websocket:
            check_websocket_api(report, base, api)
            continue
        if api.is_http:
            check_lacks(report, base, base, api, OF_API, OWNER)
            if api.endpoint != "REGIONAL":
                report.say((*base, "endpoint"), "an HTTP API is Regional", "write REGIONAL", (*base, "type"))
        elif api.cors:
            _only_http(report, (*base, "cors"), base, "cors")
        for route, method in api.methods.items():
            check_route(report, (*base, "methods", str(route)), api, route, method)
        for stage, body in api.stages.items():
            _check_stage(report, base, (*base, "stages", stage), api, body)
    for name, plan in scenario.usage_plans.items():
        for stage in plan.stages:
            owner = scenario.stage(stage)[0] if stage in scenario.stages else None
            if owner is not None and owner.type != REST:
                what = f"{owner.article} has no usage plans" + (" here" if owner.is_websocket else "")
                where: Keys = ("apis", stage.partition("/")[0], "type")
                report.say(("usage_plans", name, "stages", stage), what, "leave it out", where)
    for name, domain in scenario.domains.items():
        for path, stage in domain.mappings.items():
            if domain.endpoint == "EDGE" and stage in scenario.stages and scenario.stage(stage)[0].is_http:
                what = "an HTTP API is mapped by Regional custom domains alone"
                report.say(("domains", name, "mappings", path), what, "make the domain REGIONAL")


def check_route(report: Report, keys: Keys, api: Api, route: Route, method: Method) -> None:
    """One method of an API, as it starts or as a change leaves it."""
    base = ("apis", keys[1]) if keys[0] == "apis" else keys[:2]
    if api.is_websocket:
        check_websocket_route(report, keys, base, route, method)
        return
    if route.is_key and route.path != DEFAULT:
        what = f"'{route}' is no route of {api.article}"
        report.say(keys, what, "write METHOD /path, such as GET /items/{id}", (*base, "type"))
    integration = method.integration
    known = report.scenario.authorizers
    if method.authorizer in known:
        said = known[method.authorizer]
        allowed = AUTHORIZERS[api.is_http]
        if said.type not in allowed:
            what = f"{api.article} has no authorizers of type {said.type}"
            report.say(
                (*keys, "authorizer"), what, f"write one of type {' or '.join(allowed)}", ("authorizers",)
            )
        elif said.simple_responses and not api.is_http:
            what = "a REST API's authorizer returns a policy, and this one gives simple responses"
            report.say((*keys, "authorizer"), what, "leave simple_responses out", ("authorizers",))
    if not api.is_http:
        if keys[-1] == DEFAULT:
            report.say(keys, "a REST API has no $default route", "write ANY /{proxy+}", (*base, "type"))
        return
    check_lacks(report, keys, base, method, OF_METHOD, OWNER)
    check_lacks(report, (*keys, "integration"), base, integration, OF_INTEGRATION, OWNER)
    most = quotas.count("http_integration_timeout")
    if api.waits(integration) > most:
        what = f"an HTTP API waits {units.show_duration(most)} at most, and AWS does not raise it"
        report.say((*keys, "integration", "timeout"), what, "lower it", (*base, "type"))


def _check_stage(report: Report, base: Keys, keys: Keys, api: Api, body: Stage) -> None:
    if not api.is_http:
        if keys[-1] == DEFAULT:
            report.say(keys, "a REST API has no $default stage", "give it another name", (*base, "type"))
        if body.auto_deploy is not None:
            _only_http(report, (*keys, "auto_deploy"), base, "auto_deploy")
        return
    check_lacks(report, keys, base, body, OF_STAGE, OWNER)
    for route, settings in body.method_settings.items():
        here = (*keys, "method_settings", route)
        if (*here, "caching") not in report.validated.inherited:
            check_lacks(report, here, base, settings, OF_SETTINGS, OWNER)


def check_reach(report: Report, here: Keys, keys: Keys) -> None:
    """What a `set` reaches at `keys` is there at all."""
    api = report.scenario.apis.get(str(keys[1])) if keys[0] == "apis" else None
    if api is None or api.type == REST:
        return
    lacked = OF_STAGE | OF_SETTINGS if api.is_http else OF_WEBSOCKET_STAGE
    found = [key for key in keys[4:] if isinstance(key, str) and key in lacked]
    if found:
        what, fix = lacked[found[0]]
        report.say(here, f"{api.article} has {what}", fix, (*keys[:2], "type"))


def _only_http(report: Report, keys: Keys, base: Keys, key: str) -> None:
    report.say(keys, f"a REST API {ONLY_HTTP[key]}", "leave it out, or make the API HTTP", (*base, "type"))
