"""AWS services behind integrations: what they take, and what they answer when it is too much."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from apigw_sim.scenario.base import Part
from apigw_sim.scenario.code import Code
from apigw_sim.scenario.functions import OK, HttpBackend, Statuses
from apigw_sim.scenario.laws import DurationLaw, SizeLaw, constant
from apigw_sim.scenario.quantities import Size, quantity
from apigw_sim.scenario.settings import Burst, ThrottleRate

ErrorStatus = Annotated[int, quantity("count", 400, 599, note="write an HTTP status from 400 to 599")]
LATENCY = "its time for a request; default: assumptions.service_latency"


class Service(Part):
    """Any AWS service, by the token bucket that it has for its callers."""

    rate: ThrottleRate = Field(description="requests per second that it takes", examples=["300/s"])
    burst: Burst = Field(description="requests that may come at once", examples=[300])
    throttle_status: ErrorStatus = Field(400, description="what it answers when that is used up")
    unit: Size | None = Field(
        None, description="bytes of a request that one token pays for; default: a token a request"
    )
    latency: DurationLaw | None = Field(None, description=LATENCY)
    status: Statuses = Field(OK, description="the shares of the statuses that it answers else, or one status")
    size: SizeLaw = Field(constant(200), description="the answer's size")


class Backend(Part):
    """A backend that is no Lambda function: exactly one of http, service and python."""

    http: HttpBackend | None = Field(None, description="an HTTP server", examples=[{"latency": "90 ms"}])
    service: Service | None = Field(None, description="an AWS service by its rate, burst and throttle status")

    python: Code | None = Field(
        None, description="a class of your own, as module:Class; its code runs only where you allow it"
    )

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(name for name in KINDS if getattr(self, name) is not None)


KINDS = ("http", "service", "python")
"""The kinds of backends, of which each has one."""
