"""Clients: what they wait for, when they try again, and what their calls come to."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MS, SECOND, SERVER, Ran, Run, at, client, story

from apigw_sim.draws import Group, draw
from apigw_sim.records import Flag


def refused(retry: dict[str, Any], arrivals: Any = None, **parts: Any) -> dict[str, Any]:
    """A mock that always answers 503, and a client that tries again."""
    return story(arrivals or at(0), {"mock": {"status": 503}}, retry=retry, **parts)


def slow(retry: dict[str, Any] | None = None, *, duration: str = "300 ms", **parts: Any) -> dict[str, Any]:
    """A function of 300 ms, and a client that waits for 100 ms."""
    if retry:
        parts["retry"] = retry
    return story(
        parts.pop("arrivals", at(0)), FUNCTION, functions={"f": {"duration": duration}},
        **{"timeout": "100 ms", **parts},
    )  # fmt: skip


def none(base: str, cap: str = "20 s") -> dict[str, Any]:
    return {"base": base, "cap": cap, "jitter": "none"}


def sent(ran: Ran) -> list[int]:
    """When attempts reached the gateway, in ms, in the order of attempts."""
    return [row.arrived_ns // MS for row in sorted(ran.attempts, key=lambda row: (row.call, row.attempt))]


# one call


def test_a_call_that_is_answered_below_400_has_succeeded(run: Run) -> None:
    for status, outcome in ((200, "SUCCEEDED"), (302, "SUCCEEDED"), (404, "REFUSED"), (503, "REFUSED")):
        (call,) = run(story(integration={"mock": {"status": status}})).calls
        assert (call.status, call.outcome, call.attempts) == (status, outcome, 1)


def test_a_client_waits_for_ever_unless_it_has_a_timeout(run: Run) -> None:
    said = slow(duration="600 s")
    del said["clients"]["c"]["timeout"]
    said["apis"]["a"]["methods"]["GET /"]["integration"]["timeout"] = "29 s"
    (call,) = run(said).calls
    assert (call.ended_ns, call.status) == (29 * SECOND, 504)


def test_a_client_that_gives_up_leaves_the_request_to_go_on_for_nobody(run: Run) -> None:
    ran = run(slow())
    (row,), (job,), (call,) = ran.attempts, ran.invocations, ran.calls
    assert (row.status, row.latency_ns, row.flags) == (200, 300 * MS, Flag.CALLER_GONE)
    assert (job.duration_ns, job.abandoned, job.outcome) == (300 * MS, 1, "OK")
    assert (call.ended_ns, call.status, call.outcome, call.attempts) == (100 * MS, None, "TIMED_OUT", 1)


@pytest.mark.parametrize(("duration", "outcome"), [("100 ms", "SUCCEEDED"), ("100.000001 ms", "TIMED_OUT")])
def test_an_answer_exactly_at_the_clients_limit_is_in_time(run: Run, duration: str, outcome: str) -> None:
    (call,) = run(slow(duration=duration)).calls
    assert (call.ended_ns, call.outcome) == (100 * MS, outcome)


@pytest.mark.parametrize(("duration", "outcome"), [("79 ms", "SUCCEEDED"), ("79.000001 ms", "TIMED_OUT")])
def test_the_whole_round_trip_counts_towards_the_clients_limit(run: Run, duration: str, outcome: str) -> None:
    """21 ms of network: 10.5 ms before the gateway and 10.5 behind it."""
    (call,) = run(slow(duration=duration, network={"rtt": "21 ms"})).calls
    assert call.outcome == outcome


@pytest.mark.parametrize(("duration", "outcome"), [("90 ms", "SUCCEEDED"), ("90.000001 ms", "TIMED_OUT")])
def test_so_do_both_halves_of_the_gateways_overhead(run: Run, duration: str, outcome: str) -> None:
    """10 ms of overhead: 5 before the relay and 5 behind the work."""
    (call,) = run(slow(duration=duration, assumptions={"rest_overhead": "10 ms"})).calls
    assert (call.ended_ns, call.outcome) == (100 * MS, outcome)


@pytest.mark.parametrize(("timeout", "ended", "status"), [("205 ms", 205, None), ("210 ms", 210, 504)])
def test_a_gateways_timeout_may_come_too_late_for_the_client(
    run: Run, timeout: str, ended: int, status: int | None
) -> None:
    """The gateway gives up at 205 ms and answers at 210."""
    said = slow(duration="5 s", timeout=timeout, assumptions={"rest_overhead": "10 ms"})
    said["apis"]["a"]["methods"]["GET /"]["integration"]["timeout"] = "200 ms"
    (call,) = run(said).calls
    assert (call.ended_ns, call.status) == (ended * MS, status)


@pytest.mark.parametrize(("timeout", "outcome"), [("9 ms", "TIMED_OUT"), ("10 ms", "REFUSED")])
def test_a_refusal_may_come_too_late_for_the_client_too(run: Run, timeout: str, outcome: str) -> None:
    said = slow(
        timeout=timeout,
        assumptions={"rest_overhead": "10 ms"},
        settings={"throttle": {"rate": "1/s", "burst": 0}},
    )
    (call,) = run(said).calls
    assert call.outcome == outcome


def test_a_request_may_be_given_up_before_it_even_arrives(run: Run) -> None:
    ran = run(slow(duration="1 ms", network={"rtt": "300 ms"}))
    (row,), (call,) = ran.attempts, ran.calls
    assert (row.arrived_ns, row.status, row.flags) == (150 * MS, 200, Flag.CALLER_GONE)
    assert (call.ended_ns, call.outcome) == (100 * MS, "TIMED_OUT")


def test_a_client_that_gave_up_waiting_in_a_queue_keeps_its_place_there(run: Run) -> None:
    """One place, 300 ms each. The second call is given up at 100 ms, begins at 300 ms and ends at 600 ms."""
    said = story(
        at(0, 0),
        SERVER,
        backends={"h": {"http": {"latency": "300 ms", "concurrency": 1, "queue": 5}}},
        timeout="100 ms",
    )
    ran = run(said)
    assert [(row.latency_ns // MS, row.flags) for row in ran.attempts] == [
        (300, Flag.CALLER_GONE), (600, Flag.CALLER_GONE),
    ]  # fmt: skip
    assert [(call.ended_ns // MS, call.outcome) for call in ran.calls] == [(100, "TIMED_OUT")] * 2
    assert [(job.queued_ns // MS, job.abandoned) for job in ran.invocations] == [(0, 1), (300, 1)]


@pytest.mark.parametrize(("timeout", "outcome"), [("600 ms", "SUCCEEDED"), ("599 ms", "TIMED_OUT")])
def test_a_client_may_be_answered_in_time_after_a_wait_in_the_queue(
    run: Run, timeout: str, outcome: str
) -> None:
    said = story(
        at(0, 0),
        SERVER,
        backends={"h": {"http": {"latency": "300 ms", "concurrency": 1, "queue": 5}}},
        timeout=timeout,
    )
    assert {call.call: call.outcome for call in run(said).calls} == {0: "SUCCEEDED", 1: outcome}


# retries by status


def test_the_wait_doubles_with_each_attempt_up_to_the_cap(run: Run) -> None:
    """100, 200, 400 ms and then 500: sent at 0, 0.1, 0.3, 0.7 and 1.2 s; `attempts` counts the first."""
    ran = run(refused({"attempts": 5, "backoff": none("100 ms", "500 ms")}))
    assert sent(ran) == [0, 100, 300, 700, 1200]
    assert [row.attempt for row in ran.attempts] == [1, 2, 3, 4, 5]
    (call,) = ran.calls
    assert (call.attempts, call.started_ns, call.ended_ns, call.status) == (5, 0, 1200 * MS, 503)


def test_the_wait_begins_when_the_answer_has_come_back(run: Run) -> None:
    """40 ms of network and 8 ms of overhead: 20 there, 28 back, 100 of waiting, 20 there again."""
    ran = run(
        refused(
            {"attempts": 2, "backoff": none("100 ms")},
            network={"rtt": "40 ms"},
            assumptions={"rest_overhead": "8 ms"},
        )
    )
    assert sent(ran) == [20, 168]
    assert ran.calls[0].ended_ns == (48 + 100 + 48) * MS


def test_only_the_statuses_that_are_said_are_tried_again(run: Run) -> None:
    ran = run(refused({"attempts": 3, "statuses": [429, 500]}))
    assert len(ran.attempts) == 1


def test_a_call_ends_with_its_first_good_answer(run: Run) -> None:
    """Empty at 0, a token a second: refused at 0 and 0.4 s, admitted at 1 s."""
    ran = run(
        story(
            at(0),
            settings={"throttle": {"rate": "1/s", "burst": 1}},
            initial={"tokens": {"apis.a.stages.s.method_settings.every_method.throttle": 0}},
            retry={"attempts": 9, "backoff": none("400 ms", "600 ms")},
        )
    )
    assert sent(ran) == [0, 400, 1000]
    assert ran.statuses == [429, 429, 200]
    assert (ran.calls[0].outcome, ran.calls[0].attempts) == ("SUCCEEDED", 3)


def test_a_client_retries_an_exhausted_quota_too_since_it_sees_the_status_alone(run: Run) -> None:
    said = story(
        at(0),
        method={"api_key_required": True},
        api_key="k",
        retry={"attempts": 3, "backoff": none("100 ms")},
    )
    said["usage_plans"] = {"p": {"quota": {"limit": 1, "period": "DAY"}, "stages": {"a/s": {}}}}
    said["api_keys"] = {"k": {"plans": ["p"]}}
    said["initial"] = {"quota_used": {"k": 1}}
    assert run(said).reasons == ["QUOTA_EXCEEDED"] * 3


def step(word: int, span: int) -> int:
    """A uniform whole number in 0..span from the 20 highest of a word's 63 bits."""
    return word // 2**43 * (span + 1) // 2**20


@pytest.mark.parametrize("jitter", ["full", "equal", "decorrelated"])
def test_each_wait_follows_from_the_formula_and_the_drawn_word(run: Run, jitter: str) -> None:
    """AWS's formulas: full 0..top; equal top/2 + 0..top/2; decorrelated base..3 x the last, cut to the cap."""
    base, cap = 100 * MS, 700 * MS
    ran = run(
        refused(
            {"attempts": 8, "backoff": {"base": "100 ms", "cap": "700 ms", "jitter": jitter}}, at(*range(20)),
            run={"duration": "1 s"},
        )
    )  # fmt: skip
    stream = draw(ran.plan, ran.plan.seed).client(0)
    waits: list[int] = []
    for call in range(20):
        rows = sorted((row for row in ran.attempts if row.call == call), key=lambda row: row.attempt)
        last = base
        for number in range(1, 8):
            word = stream.row(Group.SEND, call, number)[3]
            top = min(base * 2 ** (number - 1), cap)
            if jitter == "full":
                wait = step(word, top)
            elif jitter == "equal":
                wait = top // 2 + step(word, top - top // 2)
            else:
                wait = last = min(base + step(word, 3 * last - base), cap)
            assert rows[number].arrived_ns - rows[number - 1].arrived_ns == wait
            waits.append(wait)
    low = {"full": 0, "equal": base // 2, "decorrelated": base}[jitter]
    assert low <= min(waits) < low + 30 * MS
    assert 600 * MS < max(waits) <= cap


# retries after the client's own timeout


def test_a_client_timeout_is_tried_again_only_if_it_is_said_so(run: Run) -> None:
    assert len(run(slow({"attempts": 3})).attempts) == 1
    ran = run(slow({"attempts": 3, "client_timeout": True, "backoff": none("50 ms")}))
    assert sent(ran) == [0, 150, 350]
    (call,) = ran.calls
    assert (call.ended_ns // MS, call.attempts, call.outcome) == (450, 3, "TIMED_OUT")


def test_a_retry_after_a_timeout_does_the_work_twice(run: Run) -> None:
    """The first goes on to 300 ms; the second, sent at 150 ms, finds it at work and takes another environment."""
    ran = run(slow({"attempts": 2, "client_timeout": True, "backoff": none("50 ms")}))
    assert [(job.attempt, job.repeated, job.abandoned, job.environment) for job in ran.invocations] == [
        (1, 0, 1, 0), (2, 1, 1, 1),
    ]  # fmt: skip


def test_a_refused_attempt_is_no_execution_so_what_follows_is_no_duplicate(run: Run) -> None:
    said = story(
        at(0, 0), FUNCTION, functions={"f": {"duration": "100 ms", "reserved_concurrency": 1}},
        retry={"attempts": 2, "backoff": none("200 ms")},
    )  # fmt: skip
    ran = run(said)
    assert [(job.call, job.attempt, job.outcome, job.repeated) for job in ran.invocations] == [
        (1, 1, "THROTTLED_RESERVED", 0), (0, 1, "OK", 0), (1, 2, "OK", 0),
    ]  # fmt: skip


def test_work_whose_error_is_tried_again_is_a_duplicate(run: Run) -> None:
    said = story(
        at(0), FUNCTION, functions={"f": {"duration": "1 ms", "crash": "100 %"}},
        retry={"attempts": 3, "backoff": none("200 ms")},
    )  # fmt: skip
    assert [job.repeated for job in run(said).invocations] == [0, 1, 1]


def test_an_answer_that_comes_after_the_client_gave_up_is_not_tried_again_for_its_status(run: Run) -> None:
    """A 504 at 200 ms to a client that left at 100 ms and came back at 150 ms: two attempts, not three."""
    said = slow({"attempts": 2, "client_timeout": True, "backoff": none("50 ms")}, duration="5 s")
    said["apis"]["a"]["methods"]["GET /"]["integration"]["timeout"] = "200 ms"
    ran = run(said)
    assert sent(ran) == [0, 150]
    assert ran.statuses == [504, 504]
    assert ran.calls[0].outcome == "TIMED_OUT"


def test_the_answer_of_an_earlier_attempt_does_not_end_the_call(run: Run) -> None:
    """The first is answered at 120 ms, while the client has given it up and waits for its second, sent at 110 ms."""
    ran = run(slow({"attempts": 2, "client_timeout": True, "backoff": none("10 ms")}, duration="120 ms"))
    assert [(row.attempt, row.status, bool(row.flags & Flag.CALLER_GONE)) for row in ran.attempts] == [
        (1, 200, True), (2, 200, True),
    ]  # fmt: skip
    assert ran.calls[0].ended_ns == 210 * MS


def test_a_timeout_is_per_attempt(run: Run) -> None:
    """503 at once, then after 80 ms of waiting again: no attempt takes 100 ms though the call does."""
    (call,) = run(refused({"attempts": 4, "backoff": none("80 ms")}, timeout="100 ms")).calls
    assert (call.attempts, call.ended_ns, call.outcome) == (4, (80 + 160 + 320) * MS, "REFUSED")


# what is sent


def test_calls_are_chosen_by_weight(run: Run) -> None:
    """9 to 1 over 2,000: 200 +- 66 orders, a false alarm in a million; weight 0 is never chosen."""
    calls = [
        {"call": f"{verb} /", "weight": weight} for verb, weight in (("GET", 9), ("POST", 1), ("PUT", 0))
    ]
    said = story(
        methods={f"{verb} /": {"integration": {"mock": {}}} for verb in ("GET", "POST", "PUT")},
        clients={"c": client(at(*range(2_000)), calls)},
    )
    methods = [row.method for row in run(said).attempts]
    assert 134 < methods.count("POST /") < 266
    assert methods.count("PUT /") == 0


def test_a_key_is_drawn_for_each_call_and_kept_by_its_retries(run: Run) -> None:
    said = refused(
        {"attempts": 3, "backoff": none("100 ms")}, at(*range(50)),
        method={"api_key_required": True}, api_key={"from": "k", "uniform": True},
    )  # fmt: skip
    said["usage_plans"] = {"p": {"stages": {"a/s": {}}}}
    said["api_keys"] = {"k": {"plans": ["p"], "count": 5}}
    keys: dict[int, set[str]] = {}
    for row in run(said).attempts:
        keys.setdefault(row.call, set()).add(row.api_key)
    assert {len(of_call) for of_call in keys.values()} == {1}
    assert {key for of_call in keys.values() for key in of_call} == {f"k[{n}]" for n in range(5)}
