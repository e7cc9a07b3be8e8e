"""WebSocket APIs: what they lack or is not simulated of them, and clients with connections (facts 1.7)."""

from __future__ import annotations

from apigw_sim import quotas, units
from apigw_sim.scenario.api import EVERY_METHOD, Api, Method
from apigw_sim.scenario.checks import Report, check_lacks
from apigw_sim.scenario.clients import FROM_TRACE, Call, Client
from apigw_sim.scenario.laws import Constant
from apigw_sim.scenario.routes import CALLBACK, CONNECT, DEFAULT, DISCONNECT, Route
from apigw_sim.scenario.tree import Keys

OWNER = "a WebSocket API"
OUT = "leave it out"
OF_API = {
    "cors": ("no CORS", OUT),
    "resource_policy": ("no resource policy", OUT),
    "api_key_source": ("API keys, which are not simulated", OUT),
    "gateway_responses": ("gateway responses, which are not simulated", OUT),
    "binary_media_types": ("no list of binary media types", OUT),
}
OF_METHOD = {
    "api_key_required": ("API keys, which are not simulated", OUT),
    "cache_key": ("no cache", OUT),
    "validator": ("request validation, which is not simulated", OUT),
}
OF_INTEGRATION = {
    "lambda": ("custom integrations, which are not simulated", "write lambda_proxy:"),
    "http": ("custom integrations, which are not simulated", "write http_proxy:"),
    "service": ("integrations of AWS services, which are not simulated", "let a function call it"),
    "responses": ("integration responses, which are not simulated", OUT),
    "templates": ("mapping templates, which are not simulated", OUT),
    "passthrough": ("mapping templates, which are not simulated", OUT),
    "invocation_type": ("asynchronous invocations, which are not simulated", OUT),
}
OF_STAGE = {
    "cache_cluster": ("no cache", OUT),
    "canary": ("no canary releases", "leave it out; a function's alias with two weights shifts traffic too"),
    "xray": ("no X-Ray tracing", "leave it out; its functions may still be traced"),
    "auto_deploy": ("no automatic deployment", "leave it out, and write deploy: in the timeline"),
    "access_log": ("access logs, which are not simulated", OUT),
    "waf": ("no AWS WAF", OUT),
}
OF_SETTINGS = {"caching": OF_STAGE["cache_cluster"]}
"""What a part of a WebSocket API may not say."""
OF_WEBSOCKET = (OF_API, OWNER)
OF_CLIENT = {
    "users": "users call when they have thought, and connections come by arrivals",
    "browser": "a preflight comes before no connection",
    "workers": "connections open when they are due",
    "circuit_breaker": "a circuit breaker is not simulated of connections",
    "api_key": "API keys of WebSocket APIs are not simulated",
}
"""What a client with connections may not have, and why."""


def check_websocket_api(report: Report, base: Keys, api: Api) -> None:
    """A WebSocket API."""
    check_lacks(report, base, base, api, OF_API, OWNER)
    if api.endpoint != "REGIONAL":
        report.say((*base, "endpoint"), f"{OWNER} is Regional", "write REGIONAL", (*base, "type"))
    for route, method in api.methods.items():
        check_websocket_route(report, (*base, "methods", str(route)), base, route, method)
    for stage, body in api.stages.items():
        keys: Keys = (*base, "stages", stage)
        if stage == DEFAULT:
            report.say(keys, f"{OWNER} has no $default stage", "give it another name", (*base, "type"))
        check_lacks(report, keys, base, body, OF_STAGE, OWNER)
        for name, settings in body.method_settings.items():
            here = (*keys, "method_settings", name)
            if name == EVERY_METHOD or (*here, "caching") not in report.validated.inherited:
                check_lacks(report, here, base, settings, OF_SETTINGS, OWNER)


def check_websocket_route(report: Report, keys: Keys, base: Keys, route: Route, method: Method) -> None:
    """One route of a WebSocket API, as it starts or as a change leaves it."""
    if not route.is_key:
        what, fix = (
            f"'{route}' is no route of {OWNER}",
            "write $connect, $disconnect, $default or a key, such as send",
        )
        report.say(keys, what, fix, (*base, "type"))
    elif route.path[0] in "$@" and route.path not in (CONNECT, DISCONNECT, DEFAULT):
        what = f"{route} is no route of one's own"
        report.say(
            keys, what, "write $connect, $disconnect, $default or a key, such as send", (*base, "type")
        )
    check_lacks(report, keys, base, method, OF_METHOD, OWNER)
    check_lacks(report, (*keys, "integration"), base, method.integration, OF_INTEGRATION, OWNER)
    most = quotas.count("websocket_integration_timeout")
    if method.integration.timeout is not None and method.integration.timeout > most:
        what = f"{OWNER} waits {units.show_duration(most)} at most, and AWS does not raise it"
        report.say((*keys, "integration", "timeout"), what, "lower it", (*base, "type"))
    _check_authorizer(report, keys, base, route, method)


def _check_authorizer(report: Report, keys: Keys, base: Keys, route: Route, method: Method) -> None:
    """Who may connect is asked once, and nothing is cached."""
    here: Keys = (*keys, "authorizer")
    if method.authorization != "NONE":
        what = f"{OWNER} has IAM authorization, which is not simulated"
        report.say((*keys, "authorization"), what, OUT, (*base, "type"))
    said = report.scenario.authorizers.get(method.authorizer or "")
    if said is None:
        return
    if route.path != CONNECT:
        report.say(here, f"{OWNER} asks who calls at $connect alone", "write it there", (*base, "type"))
    elif said.type != "REQUEST" or said.simple_responses:
        what = f"{OWNER} has Lambda authorizers of type REQUEST alone, which return a policy"
        report.say(here, what, "name one", ("authorizers",))
    elif said.ttl:
        what = f"{OWNER} caches no authorizer's result"
        report.say(here, what, "write ttl: 0 s at the authorizer", ("authorizers",))


def check_connections(report: Report, base: Keys, client: Client, stage: str | None) -> None:
    """A client with connections, and what calls a WebSocket API without."""
    api = report.scenario.stage(stage)[0] if stage is not None else None
    said, here = client.connections, (*base, "connections")
    if said is None:
        if api is not None and api.is_websocket and client.calls != FROM_TRACE:
            for number, call in enumerate(client.calls):
                assert isinstance(call, Call)
                if call.call.path != CALLBACK:
                    what = f"without a connection nobody sends {call.call} to {OWNER}"
                    fix = "write connections: {every: 30 s} at the client; a backend calls @connections"
                    report.say((*base, "calls", number, "call"), what, fix, (*base, "connections"), ("apis",))
        return
    if api is not None and (not api.is_websocket or client.target not in report.scenario.stages):
        what = f"connections lead to a stage of {OWNER}, and to it directly"
        report.say((*base, "target"), what, "name such a stage, or leave connections out", here, ("apis",))
    for key, why in OF_CLIENT.items():
        if getattr(client, key) is not None:
            report.say(
                (*base, key), f"connections and {key} stand together: {why}", "leave one of the two out", here
            )
    retry = client.retry
    if retry is not None and (retry.budget or retry.mode not in (None, "legacy")):
        what = "what connects keeps no retry quota, budget or limiter here"
        report.say((*base, "retry"), what, "write attempts, statuses and backoff", here)
    if client.network.new_connection:
        what = "a connection is opened by $connect, and its messages open none"
        report.say((*base, "network", "new_connection"), what, OUT, here)
    if isinstance(said.every, Constant) and not said.every.value:
        report.say((*here, "every"), "messages would come without end at one instant", "write 30 s, say")
    if client.calls == FROM_TRACE:
        report.say((*base, "calls"), "the messages of connections are listed", "write [{call: send}]", here)
        return
    for number, call in enumerate(client.calls):
        assert isinstance(call, Call)
        if call.call.path in (CONNECT, DISCONNECT, CALLBACK):
            what = f"{call.call} is no message: connections call it by themselves"
            what = f"{call.call} is what a backend calls" if call.call.path == CALLBACK else what
            report.say((*base, "calls", number, "call"), what, "write the key of a route", here)
        for key in ("url_size", "headers_size"):
            if getattr(call, key):
                report.say((*base, "calls", number, key), "a message has neither URL nor headers", OUT, here)


def check_disconnect(report: Report, keys: Keys, stage: str) -> None:
    """A timeline's `disconnect` names a stage that has connections."""
    if report.stage((*keys, "disconnect"), stage) and not report.scenario.stage(stage)[0].is_websocket:
        what = f"{stage} is no stage of {OWNER}, and has no connections"
        report.say((*keys, "disconnect"), what, "name one that is", ("apis", stage.partition("/")[0], "type"))
