"""Advice on databases behind functions."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several


def more_environments_than_connections(case: Case) -> Iterator[Finding]:
    """Databases whose functions may run more at once than there are connections."""
    functions = case.scenario.functions
    for name, database in case.scenario.databases.items():
        mine = {
            function: body.reserved_concurrency
            for function, body in functions.items()
            if body.database is not None and body.database.name == name
        }
        free = [function for function, reserved in mine.items() if reserved is None]
        most = sum(reserved or 0 for reserved in mine.values()) + (
            sum(
                case.plan.regions[row].unreserved
                for row in {case.scenario.region_number(functions[f].region) for f in free}
            )
        )
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
