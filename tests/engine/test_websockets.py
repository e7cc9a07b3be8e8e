"""WebSocket APIs: connections, their messages, why they end, and who may open one (facts 1.7)."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MINUTE, MOCK, MS, SECOND, Ran, Run, at, client
from engine.websocket_stories import ROUTES, connections, sent, websocket_story

from apigw_sim.plan.tables import GaugeKind

KB = 1024
CLOSED = ("CLOSED_BY_CLIENT", "CLOSED_IDLE", "CLOSED_OLD", "LOST", "CLOSED_TOO_LARGE")
ONCE = {"f": {"duration": "100 ms"}}


def closed(ran: Ran) -> dict[str, int]:
    """How many connections ended for each reason that ended any, and how many are open still."""
    kinds = {name: GaugeKind[name] for name in (*CLOSED, "OPEN")}
    rows = {name: ran.levels(ran.plan.gauge(kind)) for name, kind in kinds.items()}
    return {name: levels[-1].level for name, levels in rows.items() if levels and levels[-1].level}


def test_a_connection_is_opened_sends_and_is_closed_by_its_client(run: Run) -> None:
    """Messages every 10 s of a life of 25 s; the connect has no route of its own and is answered all the same."""
    ran = run(websocket_story(connections(lifetime="25 s")))
    assert sent(ran) == [
        (1, 0, "$connect", 0, 200), (1, 1, "send", 10_000, 200), (1, 2, "send", 20_000, 200),
        (1, 3, "$disconnect", 25_000, 200),
    ]  # fmt: skip
    assert closed(ran) == {"CLOSED_BY_CLIENT": 1}
    assert [(row.user, row.call, row.outcome) for row in ran.calls] == [(1, n, "SUCCEEDED") for n in range(4)]


def test_it_is_open_from_the_gateways_answer_on_and_its_client_knows_it_later(run: Run) -> None:
    """Of 40 ms of network 20 lie before the gateway: open at 20 ms, known at 40 ms; $disconnect is the gateway's own."""
    ran = run(websocket_story(connections(lifetime="25 s", network={"rtt": "40 ms"})))
    assert [row[3] for row in sent(ran)] == [20, 10_060, 20_060, 25_020]
    assert ran.area(ran.plan.gauge(GaugeKind.OPEN)) == 25 * SECOND


def test_the_upgrade_waits_for_the_integration_of_connect(run: Run) -> None:
    """100 ms of the function; the first message 10 s after that."""
    said = websocket_story(
        connections(), methods={"$connect": {"integration": FUNCTION}, **ROUTES}, functions=ONCE
    )
    assert [row[3] for row in sent(run(said))] == [0, 10_100, 20_100, 30_100, 40_100, 50_100]


@pytest.mark.parametrize(
    ("every", "ends", "why"),
    [("10 min", None, None), ("600.001 s", 10 * MINUTE, "CLOSED_IDLE"), ("5 min", None, None)],
)
def test_silence_of_more_than_ten_minutes_closes_it(
    run: Run, every: str, ends: int | None, why: str | None
) -> None:
    """A message exactly ten minutes after the one before is in time."""
    ran = run(websocket_story(connections(every=every), run={"duration": "21 min", "period": "7 min"}))
    ended = [arrived * MS for _, _, route, arrived, _ in sent(ran) if route == "$disconnect"]
    assert ended == ([] if ends is None else [ends])
    assert closed(ran) == ({"OPEN": 1} if why is None else {why: 1})


def test_after_two_hours_it_is_closed_and_opened_again(run: Run) -> None:
    """Messages at 5, 10, ... 115 minutes; the one that would fall on the end is not sent; 3 s later it is back."""
    said = connections(every="5 min", reconnect="3 s")
    ran = run(websocket_story(said, run={"duration": "123 min", "period": "41 min"}))
    rows = sent(ran)
    assert [row[3] for row in rows] == [*range(0, 7_200_000, 300_000), 7_200_000, 7_203_000]
    assert [row[2] for row in rows[-2:]] == ["$disconnect", "$connect"]
    assert {row[0] for row in rows} == {1}
    assert [row[1] for row in rows] == list(range(len(rows)))
    assert closed(ran) == {"CLOSED_OLD": 1, "OPEN": 1}


@pytest.mark.parametrize(("life", "why"), [("2 h", "CLOSED_BY_CLIENT"), ("7200.001 s", "CLOSED_OLD")])
def test_who_closes_at_two_hours_was_first(run: Run, life: str, why: str) -> None:
    ran = run(
        websocket_story(
            connections(every="5 min", lifetime=life), run={"duration": "123 min", "period": "41 min"}
        )
    )
    assert closed(ran) == {why: 1}


@pytest.mark.parametrize(("size", "fits"), [(128 * KB, True), (128 * KB + 1, False)])
def test_a_message_of_more_than_128_kb_closes_it_and_is_no_request(run: Run, size: int, fits: bool) -> None:
    """1009: at 10 s, when it is sent; its number is the one that $disconnect has."""
    ran = run(
        websocket_story(connections(call=[{"call": "send", "body": f"{size} B"}]), run={"duration": "15 s"})
    )
    what = (1, 1, "send" if fits else "$disconnect", 10_000, 200)
    assert sent(ran) == [(1, 0, "$connect", 0, 200), what]
    assert closed(ran) == ({"OPEN": 1} if fits else {"CLOSED_TOO_LARGE": 1})


def test_new_connections_have_a_bucket_of_the_account_besides_that_of_requests(run: Run) -> None:
    """Five at once, three tokens of connections: two are refused by them and cost no token of the account's six."""
    said = websocket_story(
        connections(at(*[0] * 5), every="5 s"), run={"duration": "6 s"},
        account={"websocket_connections": {"rate": "1/s", "burst": 3}, "throttle": {"rate": "0/s", "burst": 5}},
    )  # fmt: skip
    ran = run(said)
    assert [(row[0], row[4]) for row in sent(ran)[:5]] == [(1, 200), (2, 200), (3, 200), (4, 429), (5, 429)]
    assert [row.refused_by for row in ran.attempts[:5]] == [None] * 3 + ["new connections throttle"] * 2
    assert [(row[0], row[2], row[4]) for row in sent(ran)[5:]] == [
        (1, "send", 200), (2, "send", 200), (3, "send", 429),
    ]  # fmt: skip
    assert ran.attempts[-1].refused_by == "account throttle"


def test_by_default_500_connect_in_a_second(run: Run) -> None:
    """600 at one instant: AWS's quota (facts 1.7), and as many as it gives in a second at once."""
    ran = run(websocket_story(connections(at(*[0] * 600), every="1 min")))
    assert [row.status for row in ran.attempts] == [200] * 500 + [429] * 100


def test_a_refused_connect_is_tried_again_and_a_refused_message_is_not(run: Run) -> None:
    """One token a second for all routes together with the account's: the second client connects a second later."""
    again = {"attempts": 3, "statuses": [429], "backoff": {"base": "1 s", "cap": "1 s", "jitter": "none"}}
    said = websocket_story(
        connections(at(0, 0), every="1 s", retry=again), run={"duration": "3 s"},
        account={"throttle": {"rate": "1/s", "burst": 1}},
    )  # fmt: skip
    ran = run(said)
    assert [(row.user, row.call, row.attempt, row.arrived_ns // MS, row.status) for row in ran.attempts] == [
        (1, 0, 1, 0, 200), (2, 0, 1, 0, 429), (2, 0, 2, 1000, 200), (1, 1, 1, 1000, 429), (1, 2, 1, 2000, 200),
        (2, 1, 1, 2000, 429),
    ]  # fmt: skip


def test_who_could_not_connect_sends_nothing(run: Run) -> None:
    """The function of $connect fails: 502, no connection, no $disconnect."""
    methods = {"$connect": {"integration": FUNCTION}, **ROUTES}
    said = websocket_story(methods=methods, functions={"f": {"duration": "1 ms", "crash": "100 %"}})
    ran = run(said)
    assert sent(ran) == [(1, 0, "$connect", 0, 502)]
    assert closed(ran) == {}


def test_who_gave_up_connecting_has_no_connection(run: Run) -> None:
    """50 ms of patience, 100 ms of the function."""
    methods = {"$connect": {"integration": FUNCTION}, **ROUTES}
    ran = run(websocket_story(connections(timeout="50 ms"), methods=methods, functions=ONCE))
    assert sent(ran) == [(1, 0, "$connect", 0, 200)]
    assert [call.outcome for call in ran.calls] == ["TIMED_OUT"]
    assert closed(ran) == {}


def test_an_authorizer_is_asked_as_it_connects_and_never_again(run: Run) -> None:
    """Four connections of four identities, of which some are denied: who is not let in has sent nothing."""
    methods = {"$connect": {"integration": MOCK, "authorizer": "who"}, **ROUTES}
    said = websocket_story(
        connections(at(0, 0, 0, 0), identities={"count": 9, "valid": "40 %", "denied": "60 %"}), run={"duration": "15 s"},
        methods=methods, functions={"z": {"duration": "30 ms"}},
        authorizers={"who": {"type": "REQUEST", "function": "z", "ttl": "0 s", "identity_sources": []}},
    )  # fmt: skip
    ran = run(said)
    let_in = {row[0] for row in sent(ran) if row[2] == "$connect" and row[4] == 200}
    assert {row[4] for row in sent(ran) if row[2] == "$connect"} == {200, 403}
    assert {row[0] for row in sent(ran) if row[2] == "send"} == let_in
    assert len(ran.invocations) == 4


@pytest.mark.parametrize("route", ["$default", None])
def test_what_no_route_serves_goes_to_default_or_is_refused(run: Run, route: str | None) -> None:
    methods = {**ROUTES, **({route: {"integration": MOCK}} if route else {})}
    ran = run(websocket_story(connections(call="elsewhere"), methods=methods, run={"duration": "15 s"}))
    assert sent(ran)[1] == (1, 1, route, 10_000, 200 if route else 403)


def test_routes_have_throttles_of_their_own_and_callbacks_have_none_but_the_accounts(run: Run) -> None:
    """every_method has no token; what a backend posts to @connections is no route's, and the account has three."""
    backend = client(at(SECOND, SECOND, SECOND, SECOND), "@connections")
    said = websocket_story(
        clients={"c": connections(), "b": backend}, settings={"throttle": {"rate": "0/s", "burst": 1}},
        account={"throttle": {"rate": "0/s", "burst": 4}}, run={"duration": "15 s"},
    )  # fmt: skip
    ran = run(said)
    assert [row[2:] for row in sent(ran)] == [("$connect", 0, 200), ("send", 10_000, 429)]
    assert [row.status for row in ran.of("b")] == [200, 200, 200, 429]
    assert {row.integration_ns for row in ran.of("b")} == {None}


def test_a_drop_closes_what_is_open_and_who_reconnects_is_back_after_its_wait(run: Run) -> None:
    """At 15 s; one that opens at 15 s is not hit. Each is the same connection as before, with its calls numbered on."""
    said = connections(at(0, 15 * SECOND), every="20 s", reconnect="2 s")
    ran = run(websocket_story(said, {"at": "15 s", "disconnect": "a/s"}, run={"duration": "30 s"}))
    assert sent(ran) == [
        (1, 0, "$connect", 0, 200), (1, 1, "$disconnect", 15_000, 200), (2, 0, "$connect", 15_000, 200),
        (1, 2, "$connect", 17_000, 200),
    ]  # fmt: skip
    assert closed(ran) == {"LOST": 1, "OPEN": 2}
    assert [row.at_ns for row in ran.journal] == [15 * SECOND]


def test_a_drop_hits_its_stage_and_its_share(run: Run) -> None:
    """Of 1,000 connections 30 % are lost: within 3.9 standard deviations of 300, which chance misses once in 10,000."""
    said = connections(at(*range(1000)), every="1 min")
    more: dict[str, Any] = {
        "account": {"websocket_connections": {"rate": "500/s", "burst": 1000}},
        "run": {"duration": "30 s"},
    }
    ran = run(websocket_story(said, {"at": "10 s", "disconnect": "a/s", "share": "30 %"}, **more))
    assert abs(closed(ran)["LOST"] - 300) <= 3.9 * (1000 * 0.3 * 0.7) ** 0.5
    other = websocket_story(said, {"at": "10 s", "disconnect": "a/t"}, **more)
    other["apis"]["a"]["stages"]["t"] = {}
    assert closed(run(other)) == {"OPEN": 1000}


def test_as_many_are_open_as_arrive_in_a_lifetime(run: Run) -> None:
    """Little: two a second that live for 15 s are 30, from 15 s on at every instant."""
    ran = run(websocket_story(connections({"process": "even", "rate": "2/s"}, every="1 min", lifetime="15.25 s"),
                              run={"duration": "1 min", "period": "10 s"}))  # fmt: skip
    levels = ran.levels(ran.plan.gauge(GaugeKind.OPEN))
    assert [(row.low, row.peak) for row in levels[2:6]] == [(30, 31)] * 4
    assert [row.area for row in levels[2:6]] == [int(2 * 15.25 * 10 * SECOND)] * 4


def test_messages_go_on_whatever_becomes_of_the_ones_before(run: Run) -> None:
    """The function takes 25 s and messages come every 10 s: nobody waits for an answer."""
    methods = {**ROUTES, "send": {"integration": FUNCTION}}
    ran = run(websocket_story(methods=methods, functions={"f": {"duration": "25 s"}}))
    assert [row[3] for row in sent(ran)] == [0, 10_000, 20_000, 30_000, 40_000, 50_000]
    assert max(row.peak for row in ran.levels(ran.plan.gauge(GaugeKind.CONCURRENCY))) == 3
