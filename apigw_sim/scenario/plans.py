"""Usage plans and API keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from apigw_sim.scenario.api import RouteName
from apigw_sim.scenario.base import Part
from apigw_sim.scenario.quantities import Count, Name, PositiveCount, Words, one_of
from apigw_sim.scenario.settings import Throttle


class Quota(Part):
    """How many requests a key may make in a calendar period, in UTC."""

    limit: PositiveCount = Field(
        description="requests per period and key, over all stages of the plan", examples=[1000]
    )
    period: Annotated[Literal["DAY", "WEEK", "MONTH"], one_of("DAY", "WEEK", "MONTH", noun="period")] = Field(
        description="the calendar period", examples=["DAY"]
    )
    offset: Count = Field(0, description="requests subtracted from the limit in the first period only")


class UsagePlan(Part):
    """A usage plan: what each of its API keys may do on its stages."""

    throttle: Throttle | None = Field(None, description="a bucket of each key's own")
    quota: Quota | None = Field(None, description="requests per key and period")
    stages: dict[Words, dict[RouteName, Throttle]] = Field(
        description="the stages it covers, as api/stage, each with throttles by route: one bucket a key and method",
        examples=[{}],
    )


class ApiKey(Part):
    """An API key, or a group of keys that are alike."""

    plans: tuple[Name, ...] = Field((), description="the usage plans it belongs to")
    count: PositiveCount = Field(1, description="how many keys: each has buckets and a quota of its own")
