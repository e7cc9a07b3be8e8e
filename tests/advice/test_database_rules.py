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


def serving(connections: int, *servers: int | str) -> dict[str, Any]:
    """Servers of so many places ask the database orders."""
    http = {"latency": "9 ms", "database": {"name": "orders", "query": "30 ms"}}
    return {
        "databases": {"orders": {"connections": connections}},
        "backends": {f"s{n}": {"http": {**http, "concurrency": places}} for n, places in enumerate(servers)},
    }


def test_db001_fires_where_servers_may_ask_more_at_once_than_there_are_connections(one: One) -> None:
    text, fix = one("DB001", serving(100, 60, 41))[1:]
    assert text == (
        "s0 and s1 may ask for 101 at once, and orders has 100 connections: beyond them the answer is a 500"
    )
    assert fix == "give the servers 100 places together, and a queue"
    assert (
        "any number of requests at once (s1 has no concurrency)" in one("DB001", serving(100, 60, "none"))[1]
    )
    beside = serving(100, 60) | querying(100, 50)
    text, fix = one("DB001", beside)[1:]
    assert (
        "s0 may ask for 60 at once, and orders has 100 connections, 50 of which environments may hold" in text
    )
    assert fix == "give the servers 50 places together, and a queue"


def test_db001_is_silent_where_servers_have_places_enough(advice: Advised) -> None:
    assert not advice("DB001", serving(100, 60, 40))
    assert not advice("DB001", serving(110, 60) | querying(110, 50))


def test_db001_counts_the_places_that_auto_scaling_may_add(one: One) -> None:
    said = serving(100, 60)
    said["backends"]["s0"]["http"]["auto_scaling"] = {"minimum": 10, "maximum": 120, "boot_time": "2 min"}
    assert "s0 may ask for 120 at once, and orders has 100 connections" in one("DB001", said)[1]
