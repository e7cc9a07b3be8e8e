"""Further Regions of the account."""

from __future__ import annotations

from pydantic import Field

from apigw_sim import quotas
from apigw_sim.scenario.base import Part
from apigw_sim.scenario.quantities import PositiveCount
from apigw_sim.scenario.settings import Throttle


class Elsewhere(Part):
    """A further Region of the account: APIs and functions that name it meet its limits."""

    throttle: Throttle | None = Field(
        None, description="one bucket for every API of the account there; default: the Region's"
    )
    lambda_concurrency: PositiveCount = Field(
        quotas.count("lambda_concurrency"),
        description="concurrent executions of all functions there together",
    )
