"""Closed-loop users: they call, wait for the end of the call, think, and call again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from apigw_sim.scenario.base import Part
from apigw_sim.scenario.laws import DurationLaw, constant
from apigw_sim.scenario.quantities import Duration, quantity

MOST_USERS = (1 << 24) - 1
"""As many as an event's id can tell apart (`engine.order`)."""

Workers = Annotated[int, quantity("count", 1, 1_000_000, note="write 1 to 1,000,000")]
UserCount = Annotated[int, quantity("count", 1, MOST_USERS, note=f"write 1 to {MOST_USERS:,}")]


class Sessions(Part):
    """Calls come in sessions: all of `calls` in their order, until the last, or until a user leaves early."""

    pause: DurationLaw | None = Field(
        None, description="what lies between two sessions of a user; default: a think time"
    )


class Users(Part):
    """So many users, each of whom has one call under way at most."""

    count: UserCount = Field(description="how many there are", examples=[100])
    think_time: DurationLaw = Field(
        constant(0), description="what lies between the end of a user's call and the next one"
    )
    ramp_up: Duration = Field(
        0,
        description="how long it takes until all have come, evenly one after the other; default: all at once",
    )
    sessions: Sessions | None = Field(
        None, description="calls in their order; default: each call is drawn by weight"
    )
