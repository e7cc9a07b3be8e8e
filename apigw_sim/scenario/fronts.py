"""What stands before an API: custom domains with their mappings, and distributions with a cache of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import CacheKeyName
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.laws import DurationLaw
from apigw_sim.scenario.quantities import Duration, Flag, Region, Words, one_of

ENDPOINTS = ("EDGE", "REGIONAL", "PRIVATE")
NO_PATH = "(none)"
"""AWS's word for a mapping without a base path."""
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_BASE_PATH = re.compile(r"[A-Za-z0-9$._+!*'()/-]{1,300}")


def read_domain(value: object) -> str:
    """A domain name."""
    if not isinstance(value, str) or not _DOMAIN.fullmatch(value):
        raise Bad(
            f"{units.show(value)} is no domain name", "write one such as api.example.com, in small letters"
        )
    return str(value)


def _read_base_path(value: object) -> str:
    text = str(value) if isinstance(value, str) else units.show(value)
    if text != NO_PATH and (not _BASE_PATH.fullmatch(text) or text.startswith("/") or text.endswith("/")):
        raise Bad(f"{units.show(value)} is no base path", f"write one such as v1, or {NO_PATH} for none")
    return text


DomainName = Annotated[str, Leaf(read_domain, str, lambda: {"type": "string", "pattern": r"^[a-z0-9.-]+$"})]
BasePath = Annotated[str, Leaf(_read_base_path, str, lambda: {"type": "string"})]


class Domain(Part):
    """A custom domain name: where its certificate lies, how it is found, and which stage a base path leads to."""

    endpoint: Annotated[Literal["EDGE", "REGIONAL", "PRIVATE"], one_of(*ENDPOINTS, noun="endpoint type")] = (
        Field(
            description="where TLS ends: at the nearest POP, in the Region, or within the VPC",
            examples=["REGIONAL"],
        )
    )
    certificate: Region = Field(
        description="the Region of its ACM certificate: us-east-1 for EDGE, else the API's own",
        examples=["us-east-1"],
    )
    record: Annotated[Literal["A_ALIAS", "CNAME"], one_of("A_ALIAS", "CNAME", noun="kind of record")] = Field(
        "A_ALIAS", description="the DNS record that leads to it"
    )
    zone: DomainName | None = Field(None, description="its hosted zone; default: its last two labels")
    mutual_tls: Flag = Field(
        False, description="whether callers must present a certificate that its truststore knows"
    )
    mappings: dict[BasePath, Words] = Field(
        description="base path (v1, or (none)) to stage, as api/stage", examples=[{"v1": "api/stage"}]
    )

    later: ClassVar[Mapping[str, str]] = {"routing_rules": "belongs to a later version; leave it out"}


class Distribution(Part):
    """A CloudFront distribution of one's own before a Regional API, with a cache at its edge."""

    origin: Words = Field(description="the stage behind it, as api/stage", examples=["api/stage"])
    ttl: Duration = Field(0, description="how long an answer below 400 is kept; 0 s: nothing is")
    error_ttl: Duration = Field(
        10 * units.SECOND, description="how long a cacheable error is kept; 0 s: not at all"
    )
    cache_key: tuple[CacheKeyName, ...] = Field(
        (), description="query parameters that split entries; the path always does"
    )
    rtt: DurationLaw | None = Field(
        None, description="the round trip to its nearest edge, of clients that do not say rtt_to_edge"
    )
