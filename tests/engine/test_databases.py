"""Databases behind functions: connections, refusals and load, with times by hand."""

from __future__ import annotations

from typing import Any

from engine.running import MS, SECOND, At, Ran, Run, at, story

from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Source


def queries(
    arrivals: At | dict[str, Any], connections: int, function: dict[str, Any] | None = None, slowdown: float = 1,
    connection: str = "kept", query: Any = "30 ms", **parts: Any,
) -> Any:  # fmt: skip
    """f works 20 ms by itself and has a query of 30 ms in the database d; nothing else takes time."""
    database = {"name": "d", "query": query, "connection": connection}
    return story(
        arrivals, {"lambda_proxy": "f"}, functions={"f": {"duration": "20 ms", "database": database, **(function or {})}},
        databases={"d": {"connections": connections, "slowdown": slowdown}}, **parts,
    )  # fmt: skip


def worked(ran: Ran) -> list[tuple[int, str]]:
    """Of each invocation by arrival and call: its duration, ms, and what came of it."""
    rows = sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))
    return [(row.duration_ns // MS, row.outcome) for row in rows]


def last(ran: Ran, kind: GaugeKind) -> int:
    """A figure of the database at the last tick."""
    rows = ran.levels(ran.plan.gauge(kind))
    return rows[-1].level if rows else 0


def test_a_query_is_part_of_the_duration(run: Run) -> None:
    ran = run(queries(at(0), 5))
    assert worked(ran) == [(50, "OK")]
    assert ran.area(ran.plan.gauge(GaugeKind.CONNECTIONS_BUSY)) == 50 * MS


def test_without_a_connection_an_invocation_crashes_after_its_own_time(run: Run) -> None:
    """Three at once and two connections: the third is a 502 after 20 ms, and the refusal is counted."""
    ran = run(queries(at(0, 0, 0), 2))
    assert worked(ran) == [(50, "OK"), (50, "OK"), (20, "CRASH")]
    assert sorted(ran.statuses) == [200, 200, 502]
    assert last(ran, GaugeKind.CONNECTIONS_REFUSED) == 1
    assert ran.peak(ran.plan.gauge(GaugeKind.CONNECTIONS_BUSY)) == 2


def test_a_kept_connection_is_held_by_an_idle_environment(run: Run) -> None:
    """Three at once hold or miss two connections. At 1 s the three environments are idle, and one more is made at once.

    The two that have a connection ended last and serve first; the third and the fourth get none while those live.
    With a connection for each invocation the first two of them get one, whoever serves.
    """
    times = at(0, 0, 0, *[SECOND] * 4)
    kept, each = (run(queries(times, 2, connection=way)) for way in ("kept", "each"))
    for ran in (kept, each):
        assert [what for _, what in worked(ran)] == ["OK", "OK", "CRASH", "OK", "OK", "CRASH", "CRASH"]
    assert [row.environment for row in sorted(kept.invocations, key=lambda row: row.call)][3:5] == [1, 0]
    assert (last(kept, GaugeKind.CONNECTIONS), last(each, GaugeKind.CONNECTIONS)) == (2, 0)
    assert each.area(each.plan.gauge(GaugeKind.CONNECTIONS)) == 4 * 50 * MS


def test_another_function_is_starved_by_environments_that_are_idle(run: Run) -> None:
    """f's two environments keep both connections for their 5 s of idle life; g, a second later, gets none, and then does.

    That they have died is seen although nothing of f has happened since.
    """
    own = {"duration": "20 ms", "database": {"name": "d", "query": "30 ms"}}
    said = queries(at(0, 0), 2, {"idle_lifetime": "5 s"})
    said["functions"]["g"] = {**said["functions"]["f"], **own}
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"]["e"] = {
        **said["clients"]["c"],
        "arrivals": at(SECOND, 6 * SECOND),
        "calls": [{"call": "GET /g"}],
    }
    ran = run(said)
    rows = [(row.arrived_ns // SECOND, row.outcome) for row in ran.invocations if row.backend == "g"]
    assert rows == [(1, "CRASH"), (6, "OK")]
    assert ran.area(ran.plan.gauge(GaugeKind.CONNECTIONS)) == 2 * (5 * SECOND + 50 * MS) + (10 - 6) * SECOND


def test_a_query_takes_longer_the_more_connections_are_at_work_as_it_starts(run: Run) -> None:
    """Alone 1, where all five are at work 5 times: 30, 60, 90, 120 and 150 ms beside its own 20."""
    ran = run(queries(at(*[0] * 5), 5, slowdown=5))
    assert [lasted for lasted, _ in worked(ran)] == [50, 80, 110, 140, 170]


def test_a_fault_of_the_function_makes_its_own_time_longer_and_not_its_query(run: Run) -> None:
    fault = [{"at": "0 s", "fault": {"function": "f", "slow": 3, "for": "1 s"}}]
    assert worked(run(queries(at(0, 2 * SECOND), 2, timeline=fault))) == [(90, "OK"), (50, "OK")]


def test_a_timeout_ends_a_slow_query_and_frees_its_connection(run: Run) -> None:
    ran = run(queries(at(0, 1500 * MS), 1, {"timeout": "1 s"}, query="2 s", connection="each"))
    assert worked(ran) == [(1000, "TIMEOUT"), (1000, "TIMEOUT")]


def test_provisioned_environments_connect_in_their_first_invocation(run: Run) -> None:
    """Two provisioned and one that spills over, for two connections."""
    function = {"versions": {"1": {}}, "provisioned_concurrency": {"1": 2}}
    said = queries(at(0, 0, 0, SECOND), 2, function)
    said["apis"]["a"]["methods"]["GET /"]["integration"] = {"lambda_proxy": "f:1"}
    ran = run(said)
    assert worked(ran) == [(50, "OK"), (50, "OK"), (20, "CRASH"), (50, "OK")]
    assert [row.provisioning_ns is None for row in sorted(ran.invocations, key=lambda row: row.call)] == [
        True, True, False, True,
    ]  # fmt: skip


def test_batches_and_events_query_too(run: Run) -> None:
    """A worker of a queue and a retried event have queries of their own."""
    law = {"uniform": {"min": "10 ms", "max": "90 ms"}}
    said = queries(at(0), 1, {"crash": "100 %"}, query=law)
    said["apis"]["a"]["methods"]["GET /"]["integration"] = {"lambda": "f", "invocation_type": "Event"}
    events = [row.duration_ns for row in run(said).invocations]
    assert len(set(events)) == 3
    said = queries(at(0), 1, query=law, backends={"q": {"sqs": {"consumer": {"function": "f"}}}})
    said["functions"]["f"]["timeout"] = "1 s"
    said["apis"]["a"]["methods"]["GET /"]["integration"] = {"service": "q"}
    (batch,) = [row for row in run(said).invocations if row.source == Source.EVENT_SOURCE]
    assert 30 * MS < batch.duration_ns < 110 * MS  # neither end of its law


# servers that ask a database


def asks(
    arrivals: At, connections: int, slowdown: float = 1, server: dict[str, Any] | None = None, **parts: Any
) -> Any:
    """A server that takes 20 ms by itself and asks d for 30 ms; nothing else takes time."""
    http = {"latency": "20 ms", "database": {"name": "d", "query": "30 ms"}, **(server or {})}
    return story(
        arrivals, {"http_proxy": "site"}, backends={"site": {"http": http}},
        databases={"d": {"connections": connections, "slowdown": slowdown}}, **parts,
    )  # fmt: skip


def test_a_request_to_a_server_holds_a_connection_as_long_as_it_is_worked_on(run: Run) -> None:
    """Three at once and two connections: the third is the server's own 500 after its own 20 ms; at 1 s all is free again."""
    ran = run(asks(at(0, 0, 0, SECOND), 2))
    assert worked(ran) == [(50, "OK"), (50, "OK"), (20, "OK"), (50, "OK")]
    assert sorted(ran.statuses) == [200, 200, 200, 500]
    for kind in (GaugeKind.CONNECTIONS, GaugeKind.CONNECTIONS_BUSY):
        assert ran.area(ran.plan.gauge(kind)) == 3 * 50 * MS
        assert last(ran, kind) == 0
    assert last(ran, GaugeKind.CONNECTIONS_REFUSED) == 1


def test_a_servers_query_takes_longer_under_the_databases_load_and_its_own_time_under_its_own(
    run: Run,
) -> None:
    """The database: 30, 60 and 90 ms of three connections at 3 times. The server's places: 20, 40 and 60 ms at 3 times."""
    assert [lasted for lasted, _ in worked(run(asks(at(0, 0, 0), 3, slowdown=3)))] == [50, 80, 110]
    both = asks(at(0, 0, 0), 3, 3, {"concurrency": 3, "slowdown": 3})
    assert [lasted for lasted, _ in worked(run(both))] == [50, 100, 150]


def test_a_fault_of_the_server_makes_its_own_time_longer_and_not_its_query(run: Run) -> None:
    fault = [{"at": "0 s", "fault": {"backend": "site", "slow": 3, "for": "1 s"}}]
    assert worked(run(asks(at(0, 2 * SECOND), 2, timeline=fault))) == [(90, "OK"), (50, "OK")]


def test_who_waits_for_a_place_asks_when_it_begins_and_goes_on_when_nobody_waits_any_more(run: Run) -> None:
    """One place and a queue: the second begins at 50 ms. Its client has gone after 40 ms, its query runs on."""
    said = asks(at(0, 0), 1, server={"concurrency": 1, "queue": 1})
    said["clients"]["c"]["timeout"] = "40 ms"
    ran = run(said)
    assert worked(ran) == [(50, "OK"), (50, "OK")]
    assert [row.queued_ns // MS for row in sorted(ran.invocations, key=lambda row: row.call)] == [0, 50]
    assert ran.area(ran.plan.gauge(GaugeKind.CONNECTIONS)) == 100 * MS


def test_a_server_is_starved_by_environments_that_keep_their_connections(run: Run) -> None:
    """f's two environments hold both connections while they are idle, for 5 s: the server gets one only then."""
    said = queries(at(0, 0), 2, {"idle_lifetime": "5 s"})
    said["backends"] = asks(at(0), 2)["backends"]
    said["apis"]["a"]["methods"]["GET /site"] = {"integration": {"http_proxy": "site"}}
    said["clients"]["e"] = {
        **said["clients"]["c"], "arrivals": at(SECOND, 6 * SECOND), "calls": [{"call": "GET /site"}]
    }  # fmt: skip
    rows = [row.status for row in run(said).invocations if row.backend == "site"]
    assert rows == [500, 200]
