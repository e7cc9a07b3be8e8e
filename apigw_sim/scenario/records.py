"""DNS records that lead to stages in several Regions, their health checks, and how clients remember what they answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import RouteName
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.quantities import Words, one_of, quantity, quantity_schema

POLICIES = ("failover", "weighted", "latency")
FOREVER: Literal["forever"] = "forever"
INTERVALS = (10 * units.SECOND, 30 * units.SECOND)


def _read_interval(value: object) -> int:
    found = units.duration(value)
    if found not in INTERVALS:
        raise Bad(f"Route 53 has no interval of {units.show_duration(found)}", "write 10 s or 30 s")
    return found


Remembered = Annotated[int, quantity("duration", high=24 * units.HOUR)]
Interval = Annotated[int, Leaf(_read_interval, units.show_duration, lambda: quantity_schema("duration"))]


class HealthCheck(Part):
    """Route 53's health check of each target: requests of its checkers, which meet limits and are billed as any."""

    call: RouteName = Field(
        description="what each checker asks for: a route of every target, which answers 2xx or 3xx within 2 s if it is healthy",
        examples=["GET /health"],
    )
    interval: Interval = Field(
        30 * units.SECOND, description="between two requests of one checker: 10 s or 30 s"
    )
    failure_threshold: Annotated[int, quantity("count", 1, 10)] = Field(
        3, description="how many in a row change what a checker reports, either way"
    )


class RecordTarget(Part):
    """A stage that a record may answer with."""

    stage: Words = Field(description="the stage, as api/stage", examples=["api/stage"])
    weight: Annotated[int, quantity("count", 0, 255)] = Field(
        1, description="of a weighted record: its share is its weight over the sum of all"
    )


class Record(Part):
    """A name whose record in Route 53 leads to one of several stages, with a custom domain in the Region of each."""

    policy: Annotated[
        Literal["failover", "weighted", "latency"], one_of(*POLICIES, noun="routing policy")
    ] = Field(
        description="failover: the first target while it is healthy, else the second; weighted; or latency: the nearest",
        examples=["failover"],
    )
    ttl: Remembered = Field(60 * units.SECOND, description="how long an answer may be remembered")
    health_check: HealthCheck | None = Field(
        None, description="what finds a target unhealthy; without one all are healthy always"
    )
    targets: tuple[RecordTarget, ...] = Field(
        description="the stages it leads to; of failover the primary and the standby",
        examples=[[{"stage": "api/stage"}, {"stage": "other/stage"}]],
    )


class Dns(Part):
    """How a client's calls find out where a record leads: by resolvers that remember its answer."""

    resolvers: Annotated[int, quantity("count", 1, 1 << 20)] = Field(
        100, description="how many caches there are; each call, or each user, uses one of them"
    )
    cache: (
        Annotated[int | Literal["forever"], quantity("duration", high=24 * units.HOUR, words=(FOREVER,))]
        | None
    ) = Field(
        None,
        description="how long they remember an answer, whatever its TTL, or forever; default: the record's TTL",
    )
