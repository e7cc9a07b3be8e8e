"""Databases behind functions: their connections, and what a function does with one."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from apigw_sim.scenario.base import Part
from apigw_sim.scenario.laws import DurationLaw
from apigw_sim.scenario.quantities import Slowdown, Words, one_of, quantity

MOST_CONNECTIONS = 100_000


class Database(Part):
    """A database that takes so many connections and refuses the next."""

    connections: Annotated[int, quantity("count", 1, MOST_CONNECTIONS)] = Field(
        description="connections at once, its max_connections; the next one is refused", examples=[100]
    )
    slowdown: Slowdown = Field(
        Fraction(1),
        description="times as long a query takes that finds all other connections at work as it starts; a straight "
        "line from 1, which holds for one that is alone",
    )


class Asks(Part):
    """What a request to a server does with a database: it holds a connection as long as it is worked on."""

    name: Words = Field(description="the database", examples=["orders"])
    query: DurationLaw = Field(
        description="what its query takes, beside the time of its own", examples=["30 ms"]
    )


class Queries(Asks):
    """What an invocation does with a database."""

    connection: Annotated[str, one_of("kept", "each", noun="way to connect")] = Field(
        "kept",
        description="kept: an environment connects in its first invocation and keeps the connection as long as it lives; "
        "each: every invocation has one of its own",
    )
