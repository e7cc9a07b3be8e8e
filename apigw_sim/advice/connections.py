"""Advice on connections to WebSocket APIs: silence that closes them, and clients that come back all at once."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.plan.tables import Client
from apigw_sim.rules import backoff


def falls_silent(case: Case) -> Iterator[Finding]:
    """Connections whose messages are rarer, on the average, than AWS lets them be silent."""
    for name, _, row in case.clients():
        said = row.connections
        if said is not None and said.every.mean > said.idle_ns:
            idle = units.show_duration(said.idle_ns)
            text = (
                f"connections of {name} send a message every {units.show_duration(round(said.every.mean))} on the average, and "
                f"AWS closes one that was silent for {idle}"
            )
            fix = "let clients send something every few minutes, such as a call of a route with a mock integration"
            yield Finding(("clients", name, "connections", "every"), text, fix)


def comes_back_at_once(case: Case) -> Iterator[Finding]:
    """Clients that connect again after one and the same time, and whose refused connects are not spread either."""
    for name, _, row in case.clients():
        said = row.connections
        if said is None or said.reconnect is None or said.reconnect.constant is None or _spreads(row):
            continue
        drops = [drop for drop in case.plan.drops if drop.stage == row.stage]
        if drops:
            text = (
                f"all connections of {name} that are lost at {units.show_duration(drops[0].at)} are opened again at one "
                "instant, and those that are refused come again together"
            )
            fix = "write reconnect: {uniform: {min: 0 s, max: 30 s}}, and retry with a jitter"
            yield Finding(("clients", name, "connections", "reconnect"), text, fix)


def _spreads(row: Client) -> bool:
    """Whether attempts of a client's connects are drawn apart."""
    return row.retry.attempts > 1 and row.retry.jitter != backoff.NONE
