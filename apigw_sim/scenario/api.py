"""REST, HTTP and WebSocket APIs: methods, integrations, stages and their settings by method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

from pydantic import Field

from apigw_sim import quotas, units
from apigw_sim.scenario.base import Bad, Leaf, Part, or_false, suggest
from apigw_sim.scenario.laws import SizeLaw, constant
from apigw_sim.scenario.logging import AccessLog
from apigw_sim.scenario.quantities import Flag, Name, Region, Share, Words, one_of, quantity, read_name
from apigw_sim.scenario.responses import (
    STANDARD,
    ContentType,
    GatewayResponse,
    IntegrationResponses,
    ResponseType,
)
from apigw_sim.scenario.routes import ANY, CALLBACK, CONNECT, DEFAULT, KEY, Route, RouteError, parse
from apigw_sim.scenario.security import Statement
from apigw_sim.scenario.settings import Throttle
from apigw_sim.scenario.variables import VariableName, VariableValue

KINDS = ("lambda_proxy", "lambda", "http_proxy", "http", "service", "mock")
CUSTOM = ("lambda", "http", "service")
OF_CUSTOM = ("responses", "invocation_type", "templates", "passthrough")
"""What only custom integrations have."""
PASSTHROUGHS = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
EVERY_METHOD = "every_method"
"""The kinds of integration, of which each has one."""
_LATER = "belongs to a later version; leave it out"
_ROUTE_PATTERN = rf"^(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS|ANY) /|^{KEY}$"
REST: Final = "REST"
HTTP: Final = "HTTP"
WEBSOCKET: Final = "WEBSOCKET"
PREFLIGHT = Route("OPTIONS", "/{proxy+}")
"""Of an HTTP API with CORS: the route that stands for the preflights which it answers itself."""


def read_route(value: object) -> Route:
    """A route: `METHOD /path`, `$default`, or the key of a WebSocket API's route."""
    if isinstance(value, Route):
        return value
    if not isinstance(value, str):
        raise Bad(f"{units.show(value)} is no route", "write METHOD /path, such as GET /items/{id}")
    try:
        return parse(value)
    except RouteError as error:
        raise Bad(error.what, error.fix) from None


RouteName = Annotated[Route, Leaf(read_route, str, lambda: {"type": "string", "pattern": _ROUTE_PATTERN})]


def _read_method_name(value: object) -> str:
    if value == EVERY_METHOD:
        return EVERY_METHOD
    if isinstance(value, str) and " " not in value and suggest(value, [EVERY_METHOD]):
        raise Bad(f"{units.show(value)} is no route", f"did you mean '{EVERY_METHOD}'?")
    return str(read_route(value))


MethodName = Annotated[
    str,
    Leaf(
        _read_method_name, str, lambda: {"type": "string", "pattern": _ROUTE_PATTERN + f"|^{EVERY_METHOD}$"}
    ),
]


class CacheKey(NamedTuple):
    """A request parameter that splits cache entries; `str()` gives `path.id`."""

    where: Literal["path", "query", "header"]
    name: str

    def __str__(self) -> str:
        return f"{self.where}.{self.name}"


def _read_cache_key(value: object) -> CacheKey:
    if isinstance(value, CacheKey):
        return value
    fix = "write path.NAME, query.NAME or header.NAME"
    if not isinstance(value, str):
        raise Bad(f"{units.show(value)} is no cache key", fix)
    where, _, name = value.partition(".")
    if where == "path" and name:
        return CacheKey("path", name)
    if where == "query" and name:
        return CacheKey("query", name)
    if where == "header" and name:
        return CacheKey("header", name)
    raise Bad(f"{units.show(value)} is no cache key", fix)


def _cache_key_schema() -> dict[str, Any]:
    return {"type": "string", "pattern": r"^(path|query|header)\..+$", "examples": ["path.id"]}


CacheKeyName = Annotated[CacheKey, Leaf(_read_cache_key, str, _cache_key_schema)]


class Mock(Part):
    """An answer by the gateway itself."""

    status: Annotated[int, quantity("count", 200, 599, note="write an HTTP status from 200 to 599")] = Field(
        200, description="the status it answers"
    )
    size: SizeLaw = Field(constant(0), description="the body's size")


class Integration(Part):
    """What a method does with a request: exactly one of lambda_proxy, lambda, http_proxy, http, service and mock.

    `lambda`, `http` and `service` are AWS's custom (non-proxy) integrations. No mapping template is executed: what its
    outcome would be is said by `responses`, `templates` and sizes.
    """

    lambda_proxy: Words | None = Field(
        None,
        description="a function, invoked with the whole request; ${stageVariables.NAME} may stand in its name",
    )
    lambda_: Words | None = Field(
        None,
        alias="lambda",
        description="a function behind a custom integration: errors are 200s unless mapped",
    )
    http_proxy: Words | None = Field(
        None, description="a backend, sent the whole request; ${stageVariables.NAME} may stand in its name"
    )
    http: Words | None = Field(
        None, description="a backend behind a custom integration: its statuses are mapped by responses"
    )
    service: Words | None = Field(
        None, description="an AWS service: its refusals are 200s unless responses map them"
    )
    mock: Mock | None = Field(None, description="an answer by the gateway itself")
    responses: IntegrationResponses | None = Field(
        None,
        description="of a custom integration: by status of the backend, function_error, function_timeout or default, "
        "what the client gets; default: {default: 200}",
    )
    invocation_type: Annotated[
        Literal["RequestResponse", "Event"], one_of("RequestResponse", "Event", noun="invocation type")
    ] = Field("RequestResponse", description="of `lambda`: Event answers at once, and the function runs on")
    templates: tuple[ContentType, ...] = Field(
        (), description="content types for which a custom integration has a mapping template"
    )
    passthrough: Annotated[
        Literal["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"],
        one_of(*PASSTHROUGHS, noun="passthrough behavior"),
    ] = Field(
        "WHEN_NO_MATCH",
        description="whether a custom integration takes a content type without template: else 415",
    )
    timeout: (
        Annotated[
            int,
            quantity(
                "duration",
                quotas.count("integration_timeout_min"),
                quotas.count("integration_timeout_raisable_to"),
                note="AWS allows 50 ms to 29 s, and up to 300 s where it has raised account.integration_timeout_limit",
            ),
        ]
        | None
    ) = Field(
        None,
        description="how long the gateway waits; default: 29 s, and 504 after it; of an HTTP API 30 s, and 503",
    )

    later: ClassVar[Mapping[str, str]] = {
        "aws": "is written service: NAME, of a backend that is an AWS service",
        "vpc_link": _LATER,
        "http_backend": _LATER,
        "transfer_mode": _LATER,
    }

    @property
    def kind(self) -> Literal["lambda_proxy", "lambda", "http_proxy", "http", "service", "mock"]:
        """Which of them it is."""
        if self.function is not None:
            return "lambda_proxy" if self.lambda_proxy is not None else "lambda"
        if self.backend is not None:
            return (
                "http_proxy"
                if self.http_proxy is not None
                else "http"
                if self.http is not None
                else "service"
            )
        return "mock"

    @property
    def custom(self) -> bool:
        """Whether it is no proxy integration, so that `responses` decides what a client gets."""
        return self.kind in CUSTOM

    @property
    def function(self) -> str | None:
        """The function it names."""
        return self.lambda_proxy if self.lambda_proxy is not None else self.lambda_

    @property
    def backend(self) -> str | None:
        """The backend it names."""
        return next((name for name in (self.http_proxy, self.http, self.service) if name is not None), None)

    @property
    def target(self) -> str | None:
        """The function or backend it names; None for a mock."""
        return self.function if self.function is not None else self.backend

    @property
    def asynchronous(self) -> bool:
        """Whether it only hands the request to Lambda."""
        return self.invocation_type == "Event"

    @property
    def mapped(self) -> dict[int | str, Any]:
        """The integration responses of a custom integration; of a proxy none."""
        return (self.responses or STANDARD) if self.custom else {}

    def takes(self, content_type: str) -> bool:
        """Whether a request of a content type is passed on; else it is a 415."""
        if not self.custom or content_type in self.templates or self.passthrough == "WHEN_NO_MATCH":
            return True
        return self.passthrough == "WHEN_NO_TEMPLATES" and not self.templates


class Method(Part):
    """One method of one path."""

    integration: Integration = Field(description="what it does with a request", examples=[{"mock": {}}])
    api_key_required: Flag = Field(
        False, description="whether a request needs an API key that a usage plan covers"
    )
    cache_key: tuple[CacheKeyName, ...] = Field(
        (), description="parameters that split cache entries: path.id, query.q"
    )
    authorizer: Name | None = Field(None, description="the authorizer that decides who may call it")
    authorization: Annotated[Literal["NONE", "AWS_IAM"], one_of("NONE", "AWS_IAM", noun="authorization")] = (
        Field("NONE", description="AWS_IAM: requests are signed, and an identity policy must allow them")
    )
    validator: (
        Annotated[
            Literal["body", "parameters", "both"], one_of("body", "parameters", "both", noun="validator")
        ]
        | None
    ) = Field(
        None, description="what of a request is validated: 400 for one that is not valid; default: nothing"
    )

    later: ClassVar[Mapping[str, str]] = {
        "models": _LATER,
        "timeout": "belongs to the integration; write it under integration:",
        "throttle": "belongs to a stage; write it under stages.STAGE.method_settings",
        "caching": "belongs to a stage; write it under stages.STAGE.method_settings",
    }


ITSELF = (Route(ANY, CONNECT), Route(ANY, CALLBACK))
"""Of a WebSocket API: what it answers where there is no such route."""


def _answers(status: int) -> Method:
    """What stands for something that API Gateway answers itself."""
    return Method(integration=Integration(mock=Mock(status=status)))


UNAUTHORIZED = ("FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER")


class Caching(Part):
    """How a method's answers are cached."""

    ttl: Annotated[
        int,
        quantity(
            "duration",
            0,
            quotas.count("cache_ttl_max"),
            step=units.SECOND,
            note="AWS allows 0 s to 3600 s, in whole seconds",
        ),
    ] = Field(quotas.count("cache_ttl"), description="how long an entry lives; 0 s turns caching off")
    require_authorization: Flag = Field(
        False, description="whether max-age=0 needs execute-api:InvalidateCache"
    )
    unauthorized: Annotated[
        Literal["FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"],
        one_of(*UNAUTHORIZED, noun="strategy"),
    ] = Field(
        "FAIL_WITH_403", description="what an unauthorized max-age=0 gets where authorization is required"
    )


class MethodSettings(Part):
    """A stage's settings for one method, or the template for every one."""

    throttle: Annotated[Throttle | Literal[False], or_false(Throttle, "{rate: 100/s, burst: 200}")] | None = (
        Field(None, description="the method's own bucket; false: none but the account's")
    )
    caching: Annotated[Caching | Literal[False], or_false(Caching, "{ttl: 300 s}")] | None = Field(
        None, description="whether and how its answers are cached; false: they are not"
    )
    metrics: Flag | None = Field(
        None,
        description="detailed metrics: whether CloudWatch has series of this method; billed, off by default",
    )

    later: ClassVar[Mapping[str, str]] = {"logging": _LATER, "data_trace": _LATER}


def _read_cache_size(value: object) -> int:
    sizes = quotas.cache_sizes()
    listed = f"AWS offers {', '.join(sizes)}"
    try:
        got = units.size(value)
    except units.UnitError as error:
        raise Bad(error.what, f"write {value} GB" if f"{value} GB" in sizes else listed) from None
    if got not in sizes.values():
        raise Bad(f"{units.show(value)} is no cache size", listed)
    return got


def _show_cache_size(value: int) -> str:
    return next(
        (name for name, size in quotas.cache_sizes().items() if size == value), units.show_size(value)
    )


CacheSize = Annotated[
    int, Leaf(_read_cache_size, _show_cache_size, lambda: {"enum": list(quotas.cache_sizes())})
]


class Canary(Part):
    """A share of a stage's requests, drawn for each by itself, that another deployment answers."""

    traffic: Share = Field(description="the share of requests that meet the canary", examples=["5 %"])
    variables: dict[VariableName, VariableValue] = Field(
        {}, description="stage variables that differ for the canary"
    )
    use_stage_cache: Flag = Field(
        False,
        description="whether the canary shares the stage's cache; else it has one of its own, of that size",
    )


def _read_stage_name(value: object) -> str:
    return DEFAULT if value == DEFAULT else read_name(value)


StageName = Annotated[
    str,
    Leaf(_read_stage_name, str, lambda: {"type": "string", "pattern": r"^([A-Za-z0-9_-]{1,128}|\$default)$"}),
]


class Stage(Part):
    """A stage of an API."""

    auto_deploy: Flag | None = Field(
        None,
        description="of an HTTP API: whether a change acts at once; default: true of the stage $default, else false",
    )
    variables: dict[VariableName, VariableValue] = Field(
        {}, description="stage variables, which integrations may name as ${stageVariables.NAME}"
    )
    canary: Canary | None = Field(None, description="a canary release: a share of the requests meets it")

    cache_cluster: CacheSize | None = Field(
        None, description="the size of the stage's cache; it caches nothing alone"
    )
    method_settings: dict[MethodName, MethodSettings] = Field(
        {}, description="by route; `every_method` is a template of which each method gets its own copy"
    )
    access_log: AccessLog | None = Field(
        None, description="a line for each request, written by `run --logs`; default: none"
    )
    xray: Flag = Field(
        False, description="whether X-Ray traces the sampled requests; segments are written by `run --logs`"
    )
    waf: Name | None = Field(
        None, description="the web ACL that looks at its requests before anything else; default: none"
    )

    later: ClassVar[Mapping[str, str]] = {
        "web_acl": "is called waf here; write waf: NAME of one of the web_acls",
        "deployment": _LATER,
        "logging": _LATER,
        "route_settings": "is called method_settings here; write method_settings: {GET /items: {throttle: ...}}",
        "default_route_settings": "is called every_method here; write method_settings: {every_method: {throttle: ...}}",
        "throttle": "is not a setting of the stage: there is no shared stage bucket; write "
        "method_settings: {every_method: {throttle: {rate: 100/s, burst: 200}}}",
        "caching": "is not a setting of the stage; write method_settings: {every_method: {caching: {ttl: 300 s}}}",
    }

    @property
    def logs_paths(self) -> bool:
        """Whether somebody will ask for the concrete paths of its requests."""
        return self.access_log is not None or self.xray


class Api(Part):
    """A REST, an HTTP or a WebSocket API; what one of the types does not have is an error that says so."""

    type: Annotated[
        Literal["REST", "HTTP", "WEBSOCKET"], one_of(REST, HTTP, WEBSOCKET, noun="type of API")
    ] = Field(description="the type of API", examples=["REST"])
    endpoint: Annotated[
        Literal["EDGE", "REGIONAL", "PRIVATE"], one_of("EDGE", "REGIONAL", "PRIVATE", noun="endpoint type")
    ] = Field(
        description="the endpoint type; AWS's own default is EDGE, so it must be written; HTTP and WebSocket APIs are REGIONAL",
        examples=["REGIONAL"],
    )
    region: Region | None = Field(None, description="the Region it is deployed in; default: the account's")
    disable_default_endpoint: Flag = Field(
        False, description="whether the API answers under its custom domains alone"
    )
    methods: dict[RouteName, Method] = Field(
        description="its methods by route, METHOD /path; an HTTP API's routes, $default among them; of a WebSocket API by key: "
        "$connect, $disconnect, $default and names",
        examples=[{"GET /": {"integration": {"mock": {}}}}],
    )
    stages: dict[StageName, Stage] = Field(
        description="its stages by name; an HTTP API may have one that is called $default",
        examples=[{"prod": {}}],
    )
    cors: Flag = Field(
        False,
        description="of an HTTP API: whether it answers preflights (OPTIONS) itself, without integration",
    )
    api_key_source: Annotated[
        Literal["HEADER", "AUTHORIZER"], one_of("HEADER", "AUTHORIZER", noun="source of API keys")
    ] = Field("HEADER", description="whether clients send their API key, or a Lambda authorizer gives it")
    resource_policy: tuple[Statement, ...] | None = Field(
        None, description="who may call it from where; without one everybody from anywhere"
    )
    gateway_responses: dict[ResponseType, GatewayResponse] = Field(
        {},
        description="statuses and sizes of the answers that API Gateway itself makes, by gateway response type",
    )
    binary_media_types: tuple[ContentType, ...] = Field(
        (), description="content types of bodies that reach a function in base64; */* is every one"
    )

    later: ClassVar[Mapping[str, str]] = {
        "authorizers": "belongs to the scenario; write authorizers: beside apis:",
        "routes": "is called methods here, of every type of API; write methods: {GET /items: {integration: ...}}",
        "domains": _LATER,
        "models": _LATER,
        "version": _LATER,
    }

    @property
    def is_http(self) -> bool:
        """Whether it is an HTTP API."""
        return self.type == HTTP

    @property
    def article(self) -> str:
        """Its type within a sentence."""
        return {REST: "a REST API", HTTP: "an HTTP API", WEBSOCKET: "a WebSocket API"}[self.type]

    @property
    def is_websocket(self) -> bool:
        """Whether it is a WebSocket API."""
        return self.type == WEBSOCKET

    @property
    def served(self) -> dict[Route, Method]:
        """Its methods, and what stands for that which it answers itself.

        That are the preflights of an HTTP API with CORS; of a WebSocket API callbacks, and connects without a route.
        """
        if self.is_websocket:
            return {**dict.fromkeys(ITSELF, _answers(200)), **self.methods}
        return {**self.methods, PREFLIGHT: _answers(204)} if self.cors else self.methods

    def answers(self, call: Route) -> bool:
        """Whether a call is a preflight that it answers itself."""
        return self.cors and call.method == PREFLIGHT.method

    def waits(self, integration: Integration) -> int:
        """How long it waits for an integration."""
        most = quotas.count("http_integration_timeout" if self.is_http else "integration_timeout")
        return most if integration.timeout is None else integration.timeout

    def deploys_itself(self, stage: str) -> bool:
        """Whether a change acts at once on one of its stages."""
        said = self.stages[stage].auto_deploy
        return self.is_http and (stage == DEFAULT if said is None else said)
