"""DB rules: databases behind functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]


def querying(connections: int, reserved: int | None = None) -> dict[str, Any]:
    """worker queries the database orders."""
    made: dict[str, Any] = {
        "databases": {"orders": {"connections": connections}},
        "functions.worker.database": {"name": "orders", "query": "30 ms"},
    }
    if reserved is not None:
        made["functions.worker.reserved_concurrency"] = reserved
    return made


def test_db001_fires_where_concurrency_is_more_than_connections(one: One) -> None:
    path, text, fix = one("DB001", querying(100))
    assert path == "databases.orders.connections"
    assert text == (
        "worker may have 1,000 environments by the account's concurrency, which worker shares, and orders has 100 "
        "connections: beyond them invocations crash, and up to them every query is slower"
    )
    assert fix == "reserve concurrency so that all of them together have 100 at most"
    assert "101 environments by their reserved concurrency" in one("DB001", querying(100, 101))[1]


def test_db001_is_silent_where_a_reservation_is_the_valve_or_no_function_queries(advice: Advised) -> None:
    assert not advice("DB001")
    assert not advice("DB001", querying(100, 100))
    assert not advice("DB001", {"databases": {"orders": {"connections": 1}}})
