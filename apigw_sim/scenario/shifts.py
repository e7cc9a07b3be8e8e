"""Traffic shifting by CodeDeploy: an alias goes over to another version step by step (facts 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.aliases import VersionName
from apigw_sim.scenario.base import Leaf, Part, choose
from apigw_sim.scenario.quantities import Words

STRATEGIES = (
    *(f"Canary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)),
    "Linear10PercentEvery1Minute",
    *(f"Linear10PercentEvery{minutes}Minutes" for minutes in (2, 3, 10)),
    "AllAtOnce",
)
"""The deployment preferences of AWS SAM; CodeDeploy calls them CodeDeployDefault.Lambda and the same."""
_CODEDEPLOY = "CodeDeployDefault.Lambda"


class Step(NamedTuple):
    """How much of its traffic an alias sends to the new version, from when on."""

    after: int
    """ns since the shift began."""
    share: Fraction


def steps(strategy: str) -> tuple[Step, ...]:
    """The steps of a shift, the first at its beginning, the last to all."""
    if strategy == "AllAtOnce":
        return (Step(0, Fraction(1)),)
    part, minutes = map(int, re.findall(r"\d+", strategy))
    wait, share = minutes * units.MINUTE, Fraction(part, 100)
    if strategy.startswith("Canary"):
        return Step(0, share), Step(wait, Fraction(1))
    count = 100 // part
    return tuple(Step(number * wait, (number + 1) * share) for number in range(count))


def _read_strategy(value: object) -> str:
    bare = value.removeprefix(_CODEDEPLOY) if isinstance(value, str) else value
    return choose(bare, STRATEGIES, "deployment preference")


Strategy = Annotated[
    str,
    Leaf(_read_strategy, str, lambda: {"enum": [*STRATEGIES, *(_CODEDEPLOY + name for name in STRATEGIES)]}),
]


class Shift(Part):
    """An alias goes over from the version it names to another, step by step."""

    alias: Words = Field(description="the alias, as NAME:ALIAS", examples=["checkout:PROD"])
    to: VersionName = Field(description="the version that it goes over to", examples=["2"])
    with_: Strategy = Field(
        alias="with", description="the deployment preference, in AWS SAM's words", examples=["AllAtOnce"]
    )

    alarms: tuple[Words, ...] = Field(
        (),
        description="alarms that end it and take it back while it is under way, and that keep it from beginning",
    )

    later: ClassVar[Mapping[str, str]] = {"hooks": "belongs to a later version; leave it out"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps, by the time since it began."""
        return steps(self.with_)
