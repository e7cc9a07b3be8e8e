"""Application Auto Scaling, of provisioned concurrency and of servers: its bounds, schedules and targets."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from apigw_sim import quotas, units
from apigw_sim.scenario.base import Part
from apigw_sim.scenario.quantities import Count, Duration, PositiveCount, quantity

Cooldown = Annotated[
    int, quantity("duration", step=units.SECOND, note="Application Auto Scaling takes whole seconds")
]
TimeOfDay = Annotated[
    int,
    quantity(
        "duration", 0, units.DAY - units.MINUTE, step=units.MINUTE,
        note="write a time of day in whole minutes, such as 8 h or 510 min",
    ),
]  # fmt: skip
NO_COOLDOWN = quotas.count("lambda_scaling_cooldown")


class TargetTracking(Part):
    """A target tracking policy on ProvisionedConcurrencyUtilization, with the two alarms that AWS makes for it."""

    target: Annotated[
        Fraction, quantity("share", Fraction(1, 10), Fraction(9, 10), note="AWS allows 10 % to 90 %")
    ] = Field(Fraction(7, 10), description="the utilization that it aims at")
    scale_out_cooldown: Cooldown = Field(
        NO_COOLDOWN,
        description="after a scale-out has come: so long what it added counts toward the next one",
    )
    scale_in_cooldown: Cooldown = Field(
        NO_COOLDOWN, description="after a scale-in: so long no other follows it"
    )


class ScheduledAction(Part):
    """A scheduled action: other bounds from an instant on; what is provisioned is brought between them."""

    at: Duration | None = Field(None, description="when, from run.start")
    daily: TimeOfDay | None = Field(
        None, description="instead: every day so long after midnight, by run.start's offset from UTC"
    )
    minimum: Count = Field(description="the least that is provisioned from then on", examples=[75])
    maximum: PositiveCount = Field(description="the most that is provisioned from then on", examples=[100])


class AutoScaling(Part):
    """A scalable target of Application Auto Scaling."""

    minimum: Count = Field(description="the least that is provisioned", examples=[2])
    maximum: PositiveCount = Field(description="the most that is provisioned", examples=[100])
    schedules: list[ScheduledAction] = Field([], description="scheduled actions, each with other bounds")
    target_tracking: TargetTracking | None = Field(
        None, description="a policy that follows the utilization; default: schedules alone change it"
    )

    @property
    def most(self) -> int:
        """The most that it ever provisions."""
        return max(self.maximum, *(action.maximum for action in self.schedules), 0)


class ServerScaling(TargetTracking):
    """Auto scaling of an HTTP server by the share of its places that are busy, with alarms as for an ECS service."""

    minimum: PositiveCount = Field(description="the fewest places", examples=[10])
    maximum: PositiveCount = Field(description="the most places", examples=[100])
    boot_time: Duration = Field(
        description="from the decision until new places take requests", examples=["2 min"]
    )
    scale_out_cooldown: Cooldown = Field(
        quotas.count("server_scaling_cooldown"),
        description="after a scale-out has come: so long what it added counts toward the next one",
    )
    scale_in_cooldown: Cooldown = Field(
        quotas.count("server_scaling_cooldown"), description="after a scale-in: so long no other follows it"
    )
