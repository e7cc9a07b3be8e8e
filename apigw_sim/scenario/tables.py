"""DynamoDB tables: what they take in a second, for the actions behind integrations to name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from apigw_sim import quotas
from apigw_sim.scenario.base import Part
from apigw_sim.scenario.quantities import Duration, one_of, quantity

PROVISIONED: Literal["PROVISIONED"] = "PROVISIONED"
ON_DEMAND: Literal["PAY_PER_REQUEST"] = "PAY_PER_REQUEST"
MOST_UNITS = 1_000_000
CapacityUnits = Annotated[int, quantity("count", 1, MOST_UNITS)]


class Table(Part):
    """A DynamoDB table by its capacity: a read unit is 4 KB a second, strongly consistent, a write unit 1 KB."""

    billing_mode: Annotated[
        Literal["PROVISIONED", "PAY_PER_REQUEST"],
        one_of(PROVISIONED, ON_DEMAND, noun="billing mode"),
    ] = Field(ON_DEMAND, description="whether its capacity is provisioned, or on demand up to a ceiling")
    read_capacity: CapacityUnits | None = Field(
        None, description="read units a second; default, on demand: 12,000, what a new table sustains"
    )
    write_capacity: CapacityUnits | None = Field(
        None, description="write units a second; default, on demand: 4,000, what a new table sustains"
    )
    burst: Duration = Field(
        quotas.count("dynamodb_burst"),
        description="unused provisioned capacity of so long is kept and may be used at once; AWS says best effort",
    )

    @property
    def reads(self) -> int:
        """Read units a second."""
        return self.read_capacity or quotas.count("dynamodb_on_demand_reads")

    @property
    def writes(self) -> int:
        """Write units a second."""
        return self.write_capacity or quotas.count("dynamodb_on_demand_writes")
