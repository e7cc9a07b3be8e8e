"""How clients try again, and when they stop: back-off, retry modes of the SDKs, budgets, circuit breakers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from apigw_sim import units
from apigw_sim.rules import breaker
from apigw_sim.scenario.base import Part
from apigw_sim.scenario.quantities import Flag, PositiveDuration, Share, one_of, quantity

Processes = Annotated[int, quantity("count", 1, 10_000, note="write 1 to 10,000")]


class Backoff(Part):
    """How long a client waits before a retry."""

    base: PositiveDuration = Field(100 * units.MS, description="the first wait, doubled each time")
    cap: PositiveDuration = Field(20 * units.SECOND, description="no wait is longer")
    jitter: Annotated[
        Literal["none", "full", "equal", "decorrelated"],
        one_of("none", "full", "equal", "decorrelated", noun="jitter"),
    ] = Field("full", description="how the wait is spread")


_RETRIED = (429, 500, 502, 503, 504)


Mode = Literal["legacy", "standard", "standard_2026", "adaptive", "adaptive_2026"]
MODES: tuple[Mode, ...] = ("legacy", "standard", "standard_2026", "adaptive", "adaptive_2026")
_BY_MODE: Mapping[str, Mapping[str, Any]] = {
    "legacy": {"attempts": 5, "statuses": [429, 500, 502, 503, 504, 509]},
    **{mode: {"attempts": 3, "statuses": [429, 500, 502, 503, 504]} for mode in MODES[1:]},
}
"""What an AWS SDK does in its retry modes (facts 12.1). It tells a throttle by its error code, and sees 429 here."""


class Budget(Part):
    """How many retries there may be, as a share of the calls."""

    share: Share = Field(description="retries earned by each call", examples=["10 %"])
    burst: Annotated[int, quantity("count", 1, 1_000_000)] = Field(
        10, description="retries that can be saved up; a process begins with so many"
    )


class CircuitBreaker(Part):
    """It opens when too much has failed: nothing is sent for a while, then some probes decide."""

    failures: Annotated[Fraction, quantity("share", Fraction(1, 100), 1)] = Field(
        Fraction(1, 2), description="the share of failures at which it opens"
    )
    window: Annotated[int, quantity("count", 1, breaker.MOST, note=f"write 1 to {breaker.MOST}")] = Field(
        20, description="outcomes of attempts that are looked at, the latest; fewer do not open it"
    )
    open: PositiveDuration = Field(
        30 * units.SECOND, description="how long nothing is sent before it is half open"
    )
    probes: Annotated[int, quantity("count", 1, 1000)] = Field(
        1,
        description="attempts that are let through then: if all succeed it closes, with the first failure it opens",
    )


class Retry(Part):
    """When a client tries again: its own rule, or the retry mode of an AWS SDK."""

    mode: Annotated[Mode, one_of(*MODES, noun="retry mode")] | None = Field(
        None,
        description="an AWS SDK's retry mode, with its attempts, statuses, back-off and retry quota; a client of your "
        "own API has one only if you made it so",
    )
    attempts: Annotated[int, quantity("count", 1, 1000, note="the first attempt counts: write 1 to 1000")] = (
        Field(description="attempts of a call, the first included", examples=[1])
    )
    statuses: tuple[
        Annotated[int, quantity("count", 400, 599, note="write statuses from 400 to 599")], ...
    ] = Field(_RETRIED, description="statuses that are retried")
    client_timeout: Flag | None = Field(
        None, description="whether the client's own timeout is retried; default: with a mode, and not without"
    )
    backoff: Backoff | None = Field(None, description="how long it waits; with a mode that of the mode")
    budget: Budget | None = Field(None, description="how many retries there may be; default: any number")

    @model_validator(mode="before")
    @classmethod
    def _fill_mode(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or "mode" not in value:
            return value
        return {**_BY_MODE.get(str(value["mode"]), {"attempts": 1}), **value}
