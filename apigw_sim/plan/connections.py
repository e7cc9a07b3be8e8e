"""Connections to WebSocket APIs: what a client's arrivals open, the calls they make by themselves, and when some are lost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from apigw_sim import quotas
from apigw_sim.plan import laws
from apigw_sim.plan.tables import NULL, CallRow, Connections, Drop
from apigw_sim.scenario import laws as said_laws
from apigw_sim.scenario.routes import ANY, CONNECT, DISCONNECT, Route

if TYPE_CHECKING:
    from apigw_sim.plan.gateway import Gateway
    from apigw_sim.plan.reading import Keys, Reading
    from apigw_sim.scenario import Scenario
    from apigw_sim.scenario.connections import Connections as Said


def rows(
    reading: Reading, gateway: Gateway, said: Said, stage: str, calls: tuple[CallRow, ...], path: Keys
) -> tuple[Connections, tuple[CallRow, ...]]:
    """What a client's arrivals open, and its calls with those that connections make: $connect, and $disconnect."""
    nothing, longest = reading.nothing("size"), quotas.count("websocket_duration")
    own: list[CallRow] = []
    places = {CONNECT: NULL, DISCONNECT: NULL}
    for key in places:
        route = Route(ANY, key)
        if gateway.has(stage, route):
            places[key] = len(calls) + len(own)
            method = gateway.row(stage, route)
            own.append(CallRow(key, method, 0, 0, (), nothing, 0, 0, idempotent=True))
    lifetime = said_laws.constant(longest + 1) if said.lifetime is None else said.lifetime
    made = Connections(
        connect=places[CONNECT],
        disconnect=places[DISCONNECT],
        every=reading.law(said.every, "duration", (*path, "every")),
        lifetime=reading.law(lifetime, "duration", (*path, "lifetime")),
        reconnect=None
        if said.reconnect is None
        else reading.law(said.reconnect, "duration", (*path, "reconnect")),
        longest_ns=longest,
        idle_ns=quotas.count("websocket_idle"),
        largest=quotas.count("websocket_message_max"),
    )
    return made, (*(replace(call, idempotent=False) for call in calls), *own)


def drops(scenario: Scenario, stages: list[str]) -> tuple[Drop, ...]:
    """When connections are lost, in the order of time."""
    found = [
        Drop(
            entry.at,
            stages.index(entry.disconnect),
            laws.threshold(Fraction(1) if entry.share is None else entry.share),
        )
        for entry in scenario.timeline
        if entry.disconnect is not None
    ]
    return tuple(sorted(found, key=lambda drop: drop.at))
