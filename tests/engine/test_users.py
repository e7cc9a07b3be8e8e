"""Closed-loop users: they come, call, wait, think and call again, in sessions or by weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.catalogue_users import users
from engine.running import FUNCTION, MOCK, MS, SERVER, Ran, Run, planned, story

from apigw_sim.draws import Group, draw
from apigw_sim.draws.philox import row as drawn
from apigw_sim.draws.users import picks
from apigw_sim.records import CALLS

SLOW = {"h": {"http": {"latency": "100 ms"}}}


def called(ran: Ran) -> list[tuple[int, int, int, int]]:
    """User, call, start and end in ms, in the order of starts."""
    rows = [(row.user, row.call, row.started_ns // MS, row.ended_ns // MS) for row in ran.calls]
    return sorted(rows, key=lambda row: (row[2], row[0]))


def of_100_ms(said: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return story(None, SERVER, backends=SLOW, clients={"c": said}, run={"duration": "2 s"}, **parts)


def test_a_user_calls_waits_thinks_and_calls_again_until_the_run_is_over(run: Run) -> None:
    """100 ms of work and 500 ms of thinking: 0, 600, 1,200, 1,800 ms; the next would start after the end."""
    ran = run(of_100_ms(users(1, "500 ms")))
    assert called(ran) == [(1, call, 600 * call, 600 * call + 100) for call in range(4)]
    assert [(row.user, row.call, row.attempt) for row in ran.attempts] == [(1, call, 1) for call in range(4)]
    assert [(job.user, job.call) for job in ran.invocations] == [(1, call) for call in range(4)]


@pytest.mark.parametrize(("think", "calls"), [("1.9 s", 1), ("1.899999999 s", 2)])
def test_at_the_runs_end_nobody_starts_anything_new(run: Run, think: str, calls: int) -> None:
    """And what has started is carried to its end."""
    assert len(run(of_100_ms(users(1, think))).calls) == calls


def test_users_come_evenly_within_the_ramp_and_are_numbered_from_one(run: Run) -> None:
    ran = run(of_100_ms(users(4, "10 s", ramp_up="1 s")))
    assert called(ran) == [
        (number, 0, 250 * (number - 1), 250 * (number - 1) + 100) for number in (1, 2, 3, 4)
    ]


def test_without_a_ramp_all_come_at_once_in_the_order_of_their_numbers(run: Run) -> None:
    said = of_100_ms(users(5, "10 s"), settings={"throttle": {"rate": "1/s", "burst": 2}})
    assert [(row.user, row.status) for row in sorted(run(said).attempts, key=lambda row: row.user)] == [
        (1, 200), (2, 200), (3, 429), (4, 429), (5, 429),
    ]  # fmt: skip


def test_thinking_begins_when_the_user_has_the_answer(run: Run) -> None:
    """40 ms of network, 20 on the way back: 140 ms and 360 ms of thinking."""
    ran = run(of_100_ms(users(1, "360 ms", network={"rtt": "40 ms"})))
    assert called(ran) == [(1, call, 500 * call, 500 * call + 140) for call in range(4)]


def test_a_user_who_gives_up_thinks_from_then_on(run: Run) -> None:
    """It leaves after 50 ms; what it left goes on."""
    ran = run(of_100_ms(users(1, "450 ms", timeout="50 ms")))
    assert called(ran) == [(1, call, 500 * call, 500 * call + 50) for call in range(4)]
    assert {call.outcome for call in ran.calls} == {"TIMED_OUT"}
    assert [job.abandoned for job in ran.invocations] == [1] * 4


def test_a_user_who_tries_again_thinks_after_the_last_attempt(run: Run) -> None:
    """503 at once, 100 and 200 ms of back-off, and 700 ms of thinking."""
    retry = {"attempts": 3, "backoff": {"base": "100 ms", "jitter": "none"}}
    ran = run(
        story(
            None,
            {"mock": {"status": 503}},
            clients={"c": users(1, "700 ms", retry=retry)},
            run={"duration": "2 s"},
        )
    )
    assert called(ran) == [(1, 0, 0, 300), (1, 1, 1000, 1300)]
    assert [(row.call, row.attempt) for row in ran.attempts] == [(c, a) for c in (0, 1) for a in (1, 2, 3)]


def test_a_slow_backend_slows_its_users_down(run: Run) -> None:
    """Two users who do not think share one place: it is never free, and each call but the first waits for 100 ms."""
    said = of_100_ms(users(2, "0 ms"), assumptions={"rest_overhead": "0.000002 ms"})
    said["backends"]["h"]["http"] |= {"concurrency": 1, "queue": 5}
    ran = run(said)
    assert sorted(row.started_ns // MS for row in ran.calls) == [0, *range(0, 2000, 100)]
    assert [-(-row.queued_ns // MS) for row in ran.invocations] == [0] + [100] * 20


# sessions

STEPS = {f"GET /{name}": {"integration": MOCK} for name in "xyz"}


def session(*leaves: str, count: int = 1, **more: Any) -> dict[str, Any]:
    calls = [{"call": route, "leave": leave} for route, leave in zip(STEPS, leaves, strict=False)]
    return story(
        methods=STEPS, clients={"c": users(count, "100 ms", calls=calls, **more)}, run={"duration": "2 s"}
    )


def test_a_session_is_all_calls_in_their_order_and_then_a_pause(run: Run) -> None:
    """Mocks answer at once: 0, 100, 200 ms, and 500 ms after the last one again."""
    ran = run(session("0 %", "0 %", "0 %", sessions={"pause": "500 ms"}))
    assert [(row.pick, row.started_ns // MS) for row in ran.calls] == [
        (0, 0), (1, 100), (2, 200), (0, 700), (1, 800), (2, 900), (0, 1400), (1, 1500), (2, 1600),
    ]  # fmt: skip


def test_who_always_leaves_goes_no_further(run: Run) -> None:
    ran = run(session("0 %", "100 %", "0 %", sessions={"pause": "500 ms"}))
    assert [(row.pick, row.started_ns // MS) for row in ran.calls] == [
        (0, 0), (1, 100), (0, 600), (1, 700), (0, 1200), (1, 1300), (0, 1800), (1, 1900),
    ]  # fmt: skip


def test_without_a_pause_of_its_own_a_session_is_followed_by_a_think_time(run: Run) -> None:
    ran = run(session("0 %", "0 %", "0 %", sessions={}))
    assert [row.started_ns // MS for row in ran.calls] == list(range(0, 2000, 100))
    assert [row.pick for row in ran.calls] == [n % 3 for n in range(20)]


def test_who_leaves_is_drawn_for_each_call_of_each_user(run: Run) -> None:
    """By the second word of the user's own, at its share."""
    said = session("40 %", "40 %", "0 %", count=50, sessions={})
    ran, stream = run(said), draw(planned(said), planned(said).seed).client(0)
    made = {(each.user, each.call): each.pick for each in ran.calls}
    seen = 0
    for (user, call), pick in made.items():
        if pick < 2 and (user, call + 1) in made:
            leaves = drawn(stream.key, call, 0, user, Group.USER)[1] < int(0.4 * 2**63)
            assert (made[user, call + 1] == 0) == leaves
            seen += 1
    assert seen > 500


def test_what_a_session_called_is_known_from_its_draws_alone(run: Run) -> None:
    """As access logs need it, for calls in any order."""
    said = planned(session("40 %", "40 %", "0 %", count=9, sessions={}))
    ran = run(said)
    rows = np.array(ran.columns(CALLS, "user", "call", "pick"))
    np.random.default_rng(1).shuffle(rows)
    found = picks(draw(said, said.seed).client(0), rows[:, 0], rows[:, 1])
    assert found.tolist() == rows[:, 2].tolist()


# draws


def test_users_draw_apart_and_an_added_user_disturbs_nobody(run: Run) -> None:
    said = story(
        None,
        FUNCTION,
        functions={"f": {"duration": {"exponential": {"mean": "100 ms"}}}},
        clients={"c": users(3)},
    )
    few = run(said)
    said["clients"]["c"]["users"]["count"] = 4
    more = run(said)
    of = [
        [(row.user, row.call, row.started_ns, row.ended_ns) for row in ran.calls if row.user < 4]
        for ran in (few, more)
    ]
    assert of[0] == of[1]
    first = {row.user: row.ended_ns for row in more.calls if row.call == 0}
    assert len(set(first.values())) == 4


def test_a_user_is_one_identity_and_has_one_process(run: Run) -> None:
    """Of three breakers that open at the first 503, each user has one: who shares it with another is held up by it."""
    breaker = {"failures": "100 %", "window": 1, "open": "1 h", "probes": 1}
    said = story(
        None, {"mock": {"status": 503}}, run={"duration": "1 s"},
        clients={"c": users(4, "400 ms", processes=3, circuit_breaker=breaker, ramp_up="400 ms")},
    )  # fmt: skip
    ran = run(said)
    sent = {user: [row.outcome for row in ran.calls if row.user == user] for user in (1, 2, 3, 4)}
    assert {user: outcomes[0] for user, outcomes in sent.items()} == {
        1: "REFUSED", 2: "REFUSED", 3: "REFUSED", 4: "SHORT_CIRCUITED",
    }  # fmt: skip
    assert {outcome for outcomes in sent.values() for outcome in outcomes[1:]} == {"SHORT_CIRCUITED"}
