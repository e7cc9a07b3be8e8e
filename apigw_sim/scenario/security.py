"""Who may call: authorizers, and the resource policy of an API."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from apigw_sim import quotas, units
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.quantities import Flag, Name, Share, Words, one_of, quantity
from apigw_sim.scenario.routes import Route

SOURCES = ("header", "query", "context", "stage")
BY_METHOD = ("httpMethod", "resourcePath", "routeKey")
"""Of the context, what differs from method to method, so that each has cached results of its own."""
DEFAULT_SOURCE = "header.Authorization"


class IdentitySource(NamedTuple):
    """A part of a request by which an authorizer knows who asks; `str()` gives `header.Authorization`."""

    where: str
    name: str

    def __str__(self) -> str:
        return f"{self.where}.{self.name}"


def _read_source(value: object) -> IdentitySource:
    if isinstance(value, IdentitySource):
        return value
    where, _, name = value.partition(".") if isinstance(value, str) else ("", "", "")
    if where not in SOURCES or not name:
        raise Bad(
            f"{units.show(value)} is no identity source",
            "write header.NAME, query.NAME, context.NAME or stage.NAME",
        )
    return IdentitySource(where, name)


IdentitySourceName = Annotated[
    IdentitySource,
    Leaf(_read_source, str, lambda: {"type": "string", "pattern": rf"^({'|'.join(SOURCES)})\..+$"}),
]


class Authorizer(Part):
    """What decides who may call a method, before its API key and its throttles."""

    type: Annotated[
        Literal["TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT"],
        one_of("TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT", noun="type of authorizer"),
    ] = Field(
        description="a Lambda function that gets a token or the request, or a user pool; of HTTP APIs REQUEST or JWT",
        examples=["TOKEN"],
    )
    function: Name | None = Field(None, description="the Lambda function of a TOKEN or REQUEST authorizer")
    identity_sources: tuple[IdentitySourceName, ...] | None = Field(
        None,
        description="by what it knows who asks: the keys of its cache; default: header.Authorization, "
        "and of REQUEST without caching none",
    )
    validation: Share = Field(
        Fraction(0),
        description="of the invalid tokens, those that a TOKEN authorizer's validation expression refuses: "
        "401 without an invocation",
    )
    ttl: Annotated[
        int,
        quantity(
            "duration",
            0,
            quotas.count("authorizer_ttl_max"),
            step=units.SECOND,
            note="AWS allows 0 s to 3600 s, in whole seconds",
        ),
    ] = Field(quotas.count("authorizer_ttl"), description="how long a result is cached; 0 s turns that off")
    policy: Annotated[
        Literal["all_methods", "called_method"],
        one_of("all_methods", "called_method", noun="policy"),
    ] = Field(
        "all_methods",
        description="what the policy it returns speaks of; one that names the called method only, once cached, "
        "denies the others",
    )

    simple_responses: Flag = Field(
        False,
        description="of an HTTP API's REQUEST authorizer: it answers yes or no for every route, and no policy: a token "
        "that is not accepted is a 403",
    )

    @property
    def is_lambda(self) -> bool:
        """Whether it invokes a function."""
        return self.type in ("TOKEN", "REQUEST")

    @property
    def sources(self) -> tuple[IdentitySource, ...]:
        """Its identity sources, or those of its type."""
        if self.identity_sources is not None:
            return self.identity_sources
        return () if self.type == "REQUEST" and not self.ttl else (_read_source(DEFAULT_SOURCE),)

    @property
    def by_method(self) -> bool:
        """Whether its identity sources tell methods apart."""
        return any(source.where == "context" and source.name in BY_METHOD for source in self.sources)


def _read_network(value: object) -> Any:
    import ipaddress

    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError
        return ipaddress.ip_network(value)
    except ValueError:
        raise Bad(
            f"{units.show(value)} is no range of addresses",
            "write one such as 203.0.113.0/24, or an address such as 203.0.113.7",
        ) from None


Network = Annotated[Any, Leaf(_read_network, str, lambda: {"type": "string", "examples": ["203.0.113.0/24"]})]


def _read_statement_route(value: object) -> Route:
    from apigw_sim.scenario.api import read_route

    return read_route(value)


StatementRoute = Annotated[Route, Leaf(_read_statement_route, str, lambda: {"type": "string"})]


class Statement(Part):
    """One statement of a resource policy; all of its conditions must hold, of a list one."""

    effect: Annotated[Literal["Allow", "Deny"], one_of("Allow", "Deny", noun="effect")] = Field(
        description="what it does", examples=["Allow"]
    )
    from_: tuple[Network, ...] | None = Field(
        None, alias="from", description="addresses it speaks of (IpAddress on aws:SourceIp)"
    )
    not_from: tuple[Network, ...] | None = Field(
        None, description="addresses it does not speak of (NotIpAddress on aws:SourceIp)"
    )
    vpc_endpoints: tuple[Words, ...] | None = Field(
        None, description="VPC endpoints it speaks of (StringEquals on aws:SourceVpce)"
    )
    not_vpc_endpoints: tuple[Words, ...] | None = Field(
        None, description="VPC endpoints it does not speak of (StringNotEquals on aws:SourceVpce)"
    )
    methods: tuple[StatementRoute, ...] | None = Field(
        None, description="methods it speaks of; default: all of the API"
    )

    @property
    def asks_addresses(self) -> bool:
        """Whether it can be decided only of a client whose address is known."""
        return self.from_ is not None or self.not_from is not None

    def matches(self, route: Route, address: Any, vpc_endpoint: str | None) -> bool:
        """Whether it speaks of a request; one through a VPC endpoint has no aws:SourceIp, any other no aws:SourceVpce."""
        inside = _inside if vpc_endpoint is None else _nowhere
        return (
            (self.methods is None or route in self.methods)
            and (self.from_ is None or inside(address, self.from_))
            and (self.not_from is None or not inside(address, self.not_from))
            and (self.vpc_endpoints is None or vpc_endpoint in self.vpc_endpoints)
            and (self.not_vpc_endpoints is None or vpc_endpoint not in self.not_vpc_endpoints)
        )


def _inside(address: Any, networks: tuple[Any, ...]) -> bool:
    return any(address.version == network.version and address.subnet_of(network) for network in networks)


def _nowhere(address: Any, networks: tuple[Any, ...]) -> bool:  # noqa: ARG001
    return False


def straddles(address: Any, networks: tuple[Any, ...]) -> bool:
    """Whether a range of addresses lies partly inside one of some others: then nobody can say."""
    return any(
        address.version == network.version and address.overlaps(network) and not address.subnet_of(network)
        for network in networks
    )


def judged(
    policy: tuple[Statement, ...], route: Route, address: Any, vpc_endpoint: str | None
) -> Literal["Allow", "Deny", "neither"]:
    """What a resource policy says of a request: an explicit Deny goes before any Allow (facts 9.1)."""
    effects = {said.effect for said in policy if said.matches(route, address, vpc_endpoint)}
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else "neither"
