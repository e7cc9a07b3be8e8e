"""Connections of a client to a WebSocket API: how long they last, what is sent by them, and what follows when one is lost."""

from __future__ import annotations

from pydantic import Field

from apigw_sim.scenario.base import Part
from apigw_sim.scenario.laws import DurationLaw


class Connections(Part):
    """Each arrival opens a connection by a call of $connect, sends messages, which are its `calls`, and closes it.

    `retry` is of $connect alone: a message that was refused is not sent again.
    """

    every: DurationLaw = Field(
        description="what lies between two messages of a connection, and before the first",
        examples=[{"exponential": {"mean": "30 s"}}],
    )
    lifetime: DurationLaw | None = Field(
        None,
        description="how long it is open until the client closes it; default: for ever, of which AWS allows 2 h",
    )
    reconnect: DurationLaw | None = Field(
        None,
        description="how long a client waits when its connection was lost, before it connects again; default: it does not",
    )
