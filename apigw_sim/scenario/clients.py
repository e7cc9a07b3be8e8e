"""Clients: what they call, how they arrive, and what they do when refused."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from apigw_sim import units
from apigw_sim.scenario.api import RouteName, read_route
from apigw_sim.scenario.arrivals import Arrivals
from apigw_sim.scenario.base import Bad, Leaf, Part, dump, nested, nested_list, one_key
from apigw_sim.scenario.connections import Connections
from apigw_sim.scenario.laws import DurationLaw, SizeLaw, constant
from apigw_sim.scenario.quantities import (
    Duration,
    Flag,
    Name,
    Number,
    PositiveDuration,
    Region,
    Share,
    Size,
    Words,
    quantity,
    quantity_schema,
)
from apigw_sim.scenario.records import Dns
from apigw_sim.scenario.responses import JSON, ContentTypes
from apigw_sim.scenario.retries import CircuitBreaker, Processes, Retry
from apigw_sim.scenario.security import Network as Range
from apigw_sim.scenario.users import Users, Workers

MOST_KEYS = 1 << 26
FROM_TRACE: Literal["from_trace"] = "from_trace"
_LATER = "belongs to a later version; leave it out"
_SAFE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")

KeyCount = Annotated[int, quantity("count", 1, MOST_KEYS, note=f"write 1 to {MOST_KEYS:,} (2^26)")]


class Fixed(Part):
    """Always the same value of a parameter."""

    value: str = Field(description="the value")


class UniformKeys(Part):
    """One of n values, each equally likely."""

    n: KeyCount = Field(description="how many values")


class ZipfKeys(Part):
    """One of n values by Zipf's law: the k-th with weight 1/k^s."""

    n: KeyCount = Field(description="how many values")
    s: Number = Field(description="the exponent; 0 is uniform")


ParameterValue = Fixed | UniformKeys | ZipfKeys
_KEYED: tuple[tuple[str, type[Part]], ...] = (("uniform", UniformKeys), ("zipf", ZipfKeys))


def _read_parameter(value: object) -> ParameterValue:
    fix = "write a constant, {uniform: {n: 500}}, or {zipf: {n: 500, s: 1.1}}"
    if isinstance(value, str):
        return Fixed(value=str(value))
    if isinstance(value, bool) or value is None or isinstance(value, list | tuple):
        raise Bad(f"{units.show(value)} is no value", fix)
    if not isinstance(value, Mapping):
        return Fixed(value=units.show(value))
    form, inner = one_key(value, tuple(key for key, _ in _KEYED), fix)
    return nested(UniformKeys, inner, form) if form == "uniform" else nested(ZipfKeys, inner, form)


def _show_parameter(value: ParameterValue) -> Any:
    match value:
        case Fixed():
            return value.value
        case UniformKeys():
            return {"uniform": dump(value)}
        case ZipfKeys():
            return {"zipf": dump(value)}


Parameter = Annotated[
    ParameterValue,
    Leaf(_read_parameter, _show_parameter, lambda: {"type": ["string", "number"]}, keyed=_KEYED),
]


class MaxAge0(Part):
    """How many requests carry Cache-Control: max-age=0."""

    share: Share = Field(Fraction(0), description="of the requests, those that carry it")
    authorized: Share = Field(Fraction(0), description="of those, the ones allowed to invalidate")


def _read_max_age_0(value: object) -> MaxAge0:
    if isinstance(value, Mapping):
        return nested(MaxAge0, value)
    return MaxAge0.model_construct(share=units.share(value), authorized=Fraction(0))


MaxAge0Share = Annotated[MaxAge0, Leaf(_read_max_age_0, dump, lambda: quantity_schema("share"), (MaxAge0,))]


class Invalid(Part):
    """How many calls are not valid; it shows where the method has a validator."""

    body: Share = Field(Fraction(0), description="of the calls, those whose body does not match its model")
    parameters: Share = Field(Fraction(0), description="of the calls, those that lack a required parameter")


def _read_invalid(value: object) -> Invalid | Fraction:
    return nested(Invalid, value) if isinstance(value, Mapping | Invalid) else units.share(value)


InvalidShare = Annotated[
    Invalid | Fraction,
    Leaf(
        _read_invalid,
        lambda value: dump(value) if isinstance(value, Invalid) else units.show_share(value),
        lambda: quantity_schema("share"),
        (Invalid,),
    ),
]
_WITH_BODY = ("POST", "PUT", "PATCH")
SAFELISTED = ("accept", "accept-language", "content-language", "content-type", "range")
SIMPLE_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}


class Call(Part):
    """One kind of request a client makes."""

    call: RouteName = Field(
        description="a route of the target, or a concrete path that one serves; of a WebSocket API a key, or @connections",
        examples=["GET /"],
    )
    weight: Number = Field(
        Fraction(1), description="how often, in proportion to the weights of the other calls"
    )
    path: dict[Words, Parameter] = Field({}, description="values of path parameters")
    query: dict[Words, Parameter] = Field({}, description="values of query parameters")
    headers: dict[Words, Parameter] = Field({}, description="values of headers")
    body: SizeLaw = Field(constant(0), description="the request body's size")
    format: Words | None = Field(
        None, description="the format of the request, which functions may or may not accept"
    )
    idempotent: Flag = Field(
        True, description="whether a repetition does no harm; default: false for POST and PATCH"
    )
    max_age_0: MaxAge0Share = Field(MaxAge0(), description="requests that carry Cache-Control: max-age=0")
    invalid: InvalidShare = Field(
        Fraction(0),
        description="calls that are not valid: of POST, PUT and PATCH in their body, of others in their parameters, "
        "or as {body, parameters}; retries of one are as it is",
    )
    content_type: ContentTypes = Field(
        {JSON: Fraction(1)}, description="the body's content type, or the shares of several"
    )
    url_size: Size = Field(
        0, description="the length of the URL: 414 above 10,240 bytes, at EDGE and PRIVATE above 8,192"
    )
    headers_size: Size = Field(
        0, description="the size of all headers: 431 above 10,240 bytes, at PRIVATE above 8,000"
    )

    @property
    def is_simple(self) -> bool:
        """Whether a browser that carries no credentials sends it without a preflight (Fetch standard, CORS-safelisted)."""
        safe = all(name.lower() in SAFELISTED for name in self.headers)
        simple_body = self.call.method != "POST" or set(self.content_type) <= SIMPLE_TYPES
        return self.call.method in ("GET", "HEAD", "POST") and safe and simple_body

    @property
    def invalid_shares(self) -> Invalid:
        """What a call that is not valid is wrong in."""
        if isinstance(self.invalid, Invalid):
            return self.invalid
        body, nothing = self.call.method in _WITH_BODY, Fraction(0)
        return Invalid.model_construct(
            body=self.invalid if body else nothing, parameters=nothing if body else self.invalid
        )

    leave: Share = Field(
        Fraction(0), description="in sessions: of the users who have made this call, those who go no further"
    )

    later: ClassVar[Mapping[str, str]] = {
        "timeout": "belongs to the client; write it beside calls:",
    }

    @model_validator(mode="before")
    @classmethod
    def _fill_idempotent(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or "idempotent" in value:
            return value
        try:
            method = read_route(value.get("call")).method
        except Bad:
            return value
        return {**value, "idempotent": method in _SAFE}


def _read_calls(value: object) -> tuple[Call, ...] | Literal["from_trace"]:
    if value == FROM_TRACE:
        return FROM_TRACE
    if not isinstance(value, list | tuple):
        raise Bad(
            f"{units.show(value)} is no list of calls",
            "write a list such as [{call: GET /items}], or from_trace",
        )
    if not value:
        raise Bad("there are no calls", "write one, such as [{call: GET /items}]")
    return nested_list(Call, value)


def _read_true(value: object) -> Literal[True]:
    if value is not True:
        raise Bad(f"{units.show(value)} is not true", "write true, or leave the key out")
    return True


class KeyByZipf(Part):
    """The skew of a choice."""

    s: Number = Field(description="the exponent; 0 is uniform")


class KeyChoice(Part):
    """A choice among the keys of a group, for each call."""

    from_: Name = Field(alias="from", description="the API keys to choose from", examples=["keys"])
    zipf: KeyByZipf | None = Field(None, description="the k-th key with weight 1/k^s")
    uniform: Annotated[Literal[True], Leaf(_read_true, bool, lambda: {"const": True})] | None = Field(
        None, description="every key equally often"
    )


def _read_key(value: object) -> str | KeyChoice:
    if isinstance(value, str):
        return str(value)
    if not isinstance(value, Mapping):
        raise Bad(f"{units.show(value)} is no API key", "write a name, or {from: NAME, uniform: true}")
    made = nested(KeyChoice, value)
    if (made.zipf is None) == (made.uniform is None):
        raise Bad(
            "a choice takes exactly one of zipf and uniform",
            "write {from: NAME, zipf: {s: 1.0}}, or uniform: true",
        )
    return made


ApiKeyOf = Annotated[
    str | KeyChoice,
    Leaf(
        _read_key,
        lambda value: value if isinstance(value, str) else dump(value),
        lambda: {"type": "string"},
        (KeyChoice,),
    ),
]


class Identities(Part):
    """Whom the callers are taken for where a method has an authorizer; what one is, it stays.

    Those that are neither valid, denied, missing nor expired have a token that nobody accepts.
    """

    count: KeyCount = Field(1, description="how many there are")
    valid: Share | None = Field(
        None, description="those that are known and allowed; default: what the others leave"
    )
    denied: Share = Field(Fraction(0), description="those that are known and not allowed: 403")
    missing: Share = Field(Fraction(0), description="those that send no identity at all")
    expired: Share = Field(
        Fraction(0),
        description="those whose token or temporary credentials were good and have expired: 403 for AWS_IAM, else 401",
    )
    zipf: KeyByZipf | None = Field(None, description="the k-th calls with weight 1/k^s; default: all alike")

    @property
    def shares(self) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """Of valid, denied, missing and expired ones."""
        rest = 1 - self.denied - self.missing - self.expired
        return rest if self.valid is None else self.valid, self.denied, self.missing, self.expired


class Addresses(Part):
    """How many of the addresses of its range a client's calls come from."""

    count: KeyCount = Field(description="how many: the first ones of the range", examples=[100])
    zipf: KeyByZipf | None = Field(None, description="the k-th calls with weight 1/k^s; default: all alike")


class Browser(Part):
    """Callers that are browsers: before a call that is not simple they ask for permission, by a preflight.

    Not simple are calls by other methods than GET, HEAD and POST, calls that carry an API key or credentials, headers that
    are not on the Fetch standard's list, and bodies of other types than its three, JSON among them.
    """

    count: KeyCount = Field(1, description="how many there are; of users each is one")
    max_age: Duration = Field(
        5 * units.SECOND,
        description="the Access-Control-Max-Age of the answers: how long a browser remembers a permission, by method, path "
        "and query; default: what it takes without one",
    )


def _read_tls(value: object) -> str:
    text = str(value)
    if isinstance(value, bool) or text not in ("1.2", "1.3"):
        raise Bad(f"{units.show(value)} is no version of TLS", "write 1.2 or 1.3")
    return text


def _read_vpc_endpoint(value: object) -> str:
    if value is True:
        return "vpce"
    if not isinstance(value, str) or not value:
        raise Bad(f"{units.show(value)} is no VPC endpoint", "write true, or its name")
    return str(value)


class Network(Part):
    """The way between a client and the gateway."""

    rtt: DurationLaw = Field(
        constant(0), description="the round trip to the API's Region; half of it lies before the gateway"
    )
    rtt_to_edge: DurationLaw | None = Field(
        None, description="the round trip to the nearest CloudFront POP; default: as long as rtt"
    )
    new_connection: Share = Field(
        Fraction(0), description="of the requests, those that open a connection and wait for its handshakes"
    )
    tls: Annotated[Literal["1.2", "1.3"], Leaf(_read_tls, str, lambda: {"enum": [1.2, 1.3]})] | None = Field(
        None,
        description="the version they agree on; default: 1.3, and 1.2 for private APIs, which take no other",
    )
    rtt_to: dict[Region, DurationLaw] = Field(
        {}, description="of a client of a record: the round trips to Regions where it is not rtt"
    )
    private_dns: Flag = Field(
        True, description="whether their VPC endpoint answers for the default endpoints of all APIs"
    )


class Client(Part):
    """A population of callers that share a stream of arrivals."""

    target: Words = Field(
        description="what they call: a stage as api/stage, a domain with a base path, a record, or a distribution",
        examples=["api/stage"],
    )
    arrivals: Arrivals = Field(
        Arrivals(), description="when calls start", examples=[{"process": "even", "rate": "1/s"}]
    )
    workers: Workers | None = Field(
        None,
        description="how many send the calls, each one at a time, as a load generator's do: a call that is due waits for a "
        "free one; default: every call starts when it is due",
    )
    connections: Connections | None = Field(
        None,
        description="of a WebSocket API: each arrival is a connection, whose messages are `calls`",
        examples=[{"every": "30 s"}],
    )
    users: Users | None = Field(
        None, description="who calls, waits and calls again, instead of arrivals", examples=[{"count": 100}]
    )
    calls: Annotated[
        tuple[Call, ...] | Literal["from_trace"],
        Leaf(
            _read_calls,
            lambda value: value if value == FROM_TRACE else [dump(call) for call in value],
            lambda: {"enum": [FROM_TRACE]},
            lists=(Call,),
        ),
    ] = Field(description="what they call, by weight; or from_trace", examples=[FROM_TRACE])
    api_key: ApiKeyOf | None = Field(
        None, description="the API key they send, or how one is chosen for each call"
    )
    network: Network = Field(Network(), description="the way to the gateway")
    dns: Dns = Field(Dns(), description="of a client of a record: how its answers are remembered")
    vpc_endpoint: (
        Annotated[str, Leaf(_read_vpc_endpoint, str, lambda: {"type": ["boolean", "string"]})] | None
    ) = Field(None, description="the interface VPC endpoint their requests come through: true, or its name")
    client_certificate: Share = Field(
        Fraction(1), description="of the calls, those with a certificate that a domain with mutual TLS trusts"
    )
    timeout: PositiveDuration | None = Field(
        None, description="how long an attempt is waited for; default: for ever"
    )
    retry: Retry | None = Field(None, description="when they try again; default: never")
    circuit_breaker: CircuitBreaker | None = Field(
        None, description="when they stop sending for a while; default: never"
    )
    processes: Processes = Field(
        1,
        description="how many processes they are, between which calls go in turn: each has its own retry quota, "
        "budget, rate limiter and circuit breaker",
    )
    identities: Identities | None = Field(
        None, description="whom authorizers take them for; default: one identity that is valid"
    )
    address: Range | None = Field(
        None,
        description="where their requests come from, an address or a range, for resource policies, web ACLs and logs",
    )
    addresses: Addresses | None = Field(
        None,
        description="how many addresses of that range call, and how unevenly; default: all of it, alike",
    )

    browser: Browser | None = Field(
        None, description="that they are browsers, which send preflights; default: they are not"
    )

    later: ClassVar[Mapping[str, str]] = {"waf": "belongs to a stage; write waf: NAME there"}
