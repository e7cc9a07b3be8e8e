"""Faults with a shape, cut concurrency, lost packets, and limits that are given back: small stories, checked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MS, SECOND, SERVER, Run, at, planned, story
from engine.test_timeline import faulty, took

from apigw_sim.explain import NotThereError, Wanted, explain


def waiting(*timeline: dict[str, Any], arrivals: Any, places: int = 3) -> dict[str, Any]:
    """GET / behind a server of 100 ms that serves so many at once."""
    server = {"http": {"latency": "100 ms", "concurrency": places, "queue": 9}}
    return story(arrivals, SERVER, backends={"h": server}, timeline=list(timeline))


# shapes


def test_a_fault_comes_and_goes_in_twenty_steps_each_worth_its_middle(run: Run) -> None:
    """Slow 3 is 1 + 2: a step of 4 s / 20 is the first fortieth, the eleventh is 21/40; the way back mirrors it."""
    instants = at(SECOND, 3 * SECOND, 5 * SECOND - 1, 5 * SECOND, 9 * SECOND - 1, 9 * SECOND, 9900 * MS)
    shaped = {"at": "1 s", "slow": 3, "ramp": "4 s", "back": "1 s", "for": "9 s"}
    ran = run(faulty(instants, shaped))
    assert took(ran) == [105, 205, 295, 300, 300, 295, 115]
    assert [(row.at_ns, row.ends) for row in ran.journal] == [(SECOND, 0), (10 * SECOND, 1)]


def test_the_mean_of_a_ramp_is_that_of_a_straight_line(run: Run) -> None:
    """From 1 to 3 within 2 s: an even stream takes 2 times as long, on the whole to the nanosecond."""
    ran = run(
        faulty(at(*range(0, 2 * SECOND, 10 * MS)), {"at": "0 s", "slow": 3, "ramp": "2 s", "for": "2 s"})
    )
    assert sum(row.duration_ns for row in ran.invocations) == 200 * 200 * MS


def test_shares_ramp_too(run: Run) -> None:
    """Errors of 100 % within 1 s, of 1,000 calls: 500 +- 65, a false alarm in a million; few at first, all at last."""
    ran = run(
        faulty(at(*range(0, SECOND, MS)), {"at": "0 s", "errors": "100 %", "ramp": "1 s", "for": "1 s"})
    )
    failed = [row.call for row in ran.attempts if row.status == 502]
    assert 435 < len(failed) < 565
    assert sum(call < 100 for call in failed) < 25 < 75 < sum(call >= 900 for call in failed)


# cut concurrency


def test_a_cut_lets_who_is_served_finish_and_the_others_wait(run: Run) -> None:
    """Three run at 1 s, two wait; one place is left: they begin at 1.05 and 1.15 s."""
    cut = {"at": "1 s", "fault": {"backend": "h", "concurrency": 1, "for": "1 s"}}
    ran = run(waiting(cut, arrivals=at(*[950 * MS] * 3, *[960 * MS] * 2)))
    assert [row.latency_ns // MS for row in ran.attempts] == [100, 100, 100, 190, 290]


def test_who_waits_begins_when_the_places_are_given_back(run: Run) -> None:
    """Of four at 1.9 s one begins. At 2 s two more places come first, then the first one's end makes room for the last."""
    cut = {"at": "1 s", "fault": {"backend": "h", "concurrency": 1, "for": "1 s"}}
    ran = run(waiting(cut, arrivals=at(*[1900 * MS] * 4)))
    assert [row.latency_ns // MS for row in ran.attempts] == [100, 200, 200, 200]
    assert [job.queued_ns // MS for job in ran.invocations] == [0, 100, 100, 100]


def test_a_server_cut_to_nothing_serves_nobody_until_it_is_back(run: Run) -> None:
    cut = {"at": "1 s", "fault": {"backend": "h", "concurrency": 0, "for": "1 s"}}
    ran = run(waiting(cut, arrivals=at(SECOND, 1500 * MS)))
    assert [row.latency_ns // MS for row in ran.attempts] == [1100, 600]


def test_a_cut_may_come_slowly(run: Run) -> None:
    """From 41 places to 1 within 20 s, two a second, each step worth its middle: 40 in the first, 22 in the tenth."""
    cut = {"at": "0 s", "fault": {"backend": "h", "concurrency": 1, "ramp": "20 s", "for": "30 s"}}
    said = waiting(cut, arrivals=at(*[0] * 41, *[9 * SECOND] * 41), places=41)
    jobs = run(said | {"run": {"duration": "30 s"}}).invocations
    begun = [job.arrived_ns for job in jobs if job.outcome == "OK" and job.queued_ns == 0]
    assert [begun.count(instant) for instant in (0, 9 * SECOND)] == [40, 22]


# lost packets


def lossy(arrivals: Any, **fault: Any) -> dict[str, Any]:
    """GET / behind a function of 100 ms; the client gives up after 500 ms and tries once more 100 ms later."""
    again = {
        "attempts": 2,
        "client_timeout": True,
        "backoff": {"base": "100 ms", "cap": "1 s", "jitter": "none"},
    }
    timeline = [{"at": "1 s", "fault": {"client": "c", "for": "1 s", **fault}}]
    each = {"f": {"duration": "100 ms"}}
    return story(arrivals, FUNCTION, functions=each, timeline=timeline, timeout="500 ms", retry=again)


def test_a_lost_request_is_one_that_the_gateway_never_sees(run: Run) -> None:
    """Sent at 1.9 s and lost; the client waits until 2.4 s, sends again at 2.5 s, and has its answer at 2.6 s."""
    ran = run(lossy(at(900 * MS, 1900 * MS), lost_requests="100 %"))
    assert [(row.call, row.attempt, row.arrived_ns // MS) for row in ran.attempts] == [
        (0, 1, 900),
        (1, 2, 2500),
    ]
    call = ran.calls[1]
    assert (call.attempts, call.status, call.ended_ns // MS) == (2, 200, 2600)
    assert len(ran.invocations) == 2


def test_a_lost_answer_leaves_work_that_was_done_for_nobody_and_is_done_again(run: Run) -> None:
    ran = run(lossy(at(1900 * MS), lost_answers="100 %"))
    assert [(row.attempt, row.status, row.flags & 1) for row in ran.attempts] == [(1, 200, 1), (2, 200, 0)]
    assert [(job.abandoned, job.repeated) for job in ran.invocations] == [(1, 0), (0, 1)]
    assert ran.calls[0].ended_ns == 2600 * MS


def test_a_call_whose_every_attempt_is_lost_ends_at_its_last_limit(run: Run) -> None:
    """Sent at 1 s and at 1.6 s, given up at 2.1 s."""
    ran = run(lossy(at(SECOND), lost_requests="100 %"))
    assert ran.attempts == []
    call = ran.calls[0]
    assert (call.attempts, call.status, call.outcome, call.ended_ns) == (2, None, "TIMED_OUT", 2100 * MS)


def test_losses_come_in_their_share_and_are_those_of_a_larger_share_too(run: Run) -> None:
    """Of 1,000 first attempts a fifth: 200 +- 62, a false alarm in a million."""
    lost = {}
    for share in (20, 60):
        ran = run(lossy(at(*range(SECOND, SECOND + 1000)), lost_requests=f"{share} %"))
        lost[share] = set(range(1000)) - {row.call for row in ran.attempts if row.attempt == 1}
    assert 138 < len(lost[20]) < 262
    assert lost[20] < lost[60]


def test_explain_tells_what_was_lost() -> None:
    said = lossy({"process": "even", "rate": "1/s"}, lost_answers="100 %")
    texts = [text for _, text in explain(planned(said), Wanted(identity=("c", 1, 1))).story]
    assert texts[0] == "its answer will be lost on the way back"
    assert "the client gives up waiting; the request goes on for nobody" in texts
    said = lossy({"process": "even", "rate": "1/s"}, lost_requests="100 %")
    with pytest.raises(NotThereError, match=r"^c/1/1 was lost on its way, so the gateway never saw it$"):
        explain(planned(said), Wanted(identity=("c", 1, 1)))


# limits that are given back

RESERVED = "functions.f.reserved_concurrency"


def lowered(arrivals: Any, *sets: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """GET / behind a function of 100 ms, and settings that hold for a while."""
    functions = {"f": {"duration": "100 ms", **parts.pop("function", {})}}
    return story(arrivals, FUNCTION, functions=functions, timeline=list(sets), **parts)


@pytest.mark.parametrize(("before", "after"), [({}, [200, 200]), ({"reserved_concurrency": 1}, [200, 500])])
def test_a_reservation_that_is_given_back_is_what_it_was_before(
    run: Run, before: dict[str, Any], after: list[int]
) -> None:
    """None, or one of 1; from 1 s to 2 s it is 0. By 2.1 s the ten requests a second of 1 have brought a token."""
    cut = {"at": "1 s", "for": "1 s", "set": {RESERVED: 0}}
    ran = run(lowered(at(SECOND, 2 * SECOND - 1, *[2100 * MS] * 2), cut, function=before))
    by_call = {row.call: row.status for row in ran.attempts}
    assert [by_call[call] for call in range(4)] == [500, 500, *after]
    assert [(row.at_ns, row.ends) for row in ran.journal] == [(SECOND, 0), (2 * SECOND, 1)]


def test_a_throttle_of_a_method_that_had_none_is_taken_away_again(run: Run) -> None:
    path = 'apis.a.stages.s.method_settings["GET /"].throttle'
    shut = {"at": "1 s", "for": "1 s", "set": {path: {"rate": "0/s", "burst": 1}}}
    ran = run(lowered(at(*[1500 * MS] * 3, *[2 * SECOND] * 3), shut))
    assert sorted(ran.statuses) == [200] * 4 + [429] * 2


def test_a_bucket_that_was_lowered_has_its_rate_again_and_keeps_its_tokens(run: Run) -> None:
    """10/s, burst 10. From 1 s to 2 s burst 1: cut to one token, spent at 2 s; 0.5 s later there are 5."""
    path = "apis.a.stages.s.method_settings.every_method.throttle"
    low = {"at": "1 s", "for": "1 s", "set": {f"{path}.burst": 1, f"{path}.rate": "0/s"}}
    throttle = {"throttle": {"rate": "10/s", "burst": 10}}
    ran = run(lowered(at(*[2 * SECOND] * 2, *[2500 * MS] * 6), low, settings=throttle))
    by_call = {row.call: row.status for row in ran.attempts}
    assert [by_call[call] for call in range(8)] == [200, 429, *[200] * 5, 429]
    assert {row.refused_by for row in ran.attempts} == {None, "a/s every_method throttle"}


def test_what_ends_at_an_instant_is_given_back_before_what_begins_then(run: Run) -> None:
    """0 from 1 s to 2 s, 1 from 2 s to 3 s, and then none again."""
    sets = [{"at": f"{n} s", "for": "1 s", "set": {RESERVED: n - 1}} for n in (1, 2)]
    ran = run(lowered(at(*[1500 * MS] * 2, *[2 * SECOND] * 2, *[3 * SECOND] * 2), *reversed(sets)))
    by_call = {row.call: row.status for row in ran.attempts}
    assert [sorted((by_call[call], by_call[call + 1])) for call in (0, 2, 4)] == [
        [500, 500],
        [200, 500],
        [200, 200],
    ]
