"""Advice on databases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several
from apigw_sim.scenario.base import NONE


def more_environments_than_connections(case: Case) -> Iterator[Finding]:
    """Databases whose functions may run more at once than there are connections."""
    functions = case.scenario.functions
    for name, database in case.scenario.databases.items():
        mine = {
            function: body.reserved_concurrency
            for function, body in functions.items()
            if body.database is not None and body.database.name == name
        }
        servers = {
            server: http.auto_scaling.maximum if http.auto_scaling else http.concurrency
            for server, backend in case.scenario.backends.items()
            if (http := backend.http) is not None and http.database is not None and http.database.name == name
        }
        free = [function for function, reserved in mine.items() if reserved is None]
        most = sum(reserved or 0 for reserved in mine.values()) + (
            sum(
                case.plan.regions[row].unreserved
                for row in {case.scenario.region_number(functions[f].region) for f in free}
            )
        )
        yield from _too_many_requests(name, database.connections, most, servers)
        if most <= database.connections:
            continue
        limit = "their reserved concurrency"
        if free:
            limit = (
                f"the account's concurrency, which {several(free)} {'shares' if len(free) == 1 else 'share'}"
            )
        text = (
            f"{several(mine)} may have {most:,} environments by {limit}, and {name} has {database.connections:,} "
            "connections: beyond them invocations crash, and up to them every query is slower"
        )
        fix = f"reserve concurrency so that all of them together have {database.connections:,} at most"
        yield Finding(("databases", name, "connections"), text, fix)


def _too_many_requests(
    name: str, connections: int, environments: int, servers: Mapping[str, int | str]
) -> Iterator[Finding]:
    """Servers that may ask more at once than the functions leave."""
    if not servers or environments > connections:
        return
    left = connections - environments
    some = [server for server, places in servers.items() if places == NONE]
    most = math.inf if some else sum(int(places) for places in servers.values())
    if most <= left:
        return
    at_once = (
        f"any number of requests at once ({several(some)} has no concurrency)"
        if some
        else f"{most:,} at once"
    )
    beside = f", {environments:,} of which environments may hold" if environments else ""
    text = (
        f"{several(servers)} may ask for {at_once}, and {name} has {connections:,} connections{beside}: beyond them the "
        "answer is a 500"
    )
    yield Finding(
        ("databases", name, "connections"), text, f"give the servers {left:,} places together, and a queue"
    )
