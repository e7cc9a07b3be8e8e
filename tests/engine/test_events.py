"""Lambda's own queue of events: retries and their instants by hand, what is given up, and what CloudWatch counts."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import HOUR, MS, SECOND, At, Ran, Run, at, story

from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Source

HELD = {"duration": "100 ms", "reserved_concurrency": 1}


def event(arrivals: At, function: dict[str, Any], **parts: Any) -> Any:
    """POST / invokes f asynchronously; nothing but f takes time."""
    return story(
        arrivals, {"lambda": "f", "invocation_type": "Event", "responses": {"202": 202}}, route="POST /",
        functions={"f": function, **parts.pop("others", {})}, **parts,
    )  # fmt: skip


def tries(ran: Ran, call: int = 0) -> list[tuple[int, str]]:
    """When the function was asked for an event, ms, and what came of it."""
    rows = [row for row in ran.invocations if row.call == call and row.source != Source.EVENT_SOURCE]
    return sorted((row.arrived_ns // MS, row.outcome) for row in rows)


def figures(ran: Ran) -> tuple[int, ...]:
    """Received, retried, expired, failed, and still there, at the end."""
    kinds = ("EVENTS_RECEIVED", "EVENTS_RETRIED", "EVENTS_EXPIRED", "EVENTS_FAILED", "EVENTS")
    rows = [ran.levels(ran.plan.gauge(GaugeKind[kind])) for kind in kinds]
    return tuple(of_kind[-1].level if of_kind else 0 for of_kind in rows)


def test_a_throttled_event_is_tried_again_after_one_second_then_two_then_four(run: Run) -> None:
    """The first holds the only environment for 6.5 s: the second finds it at 1 + 2 + 4 = 7 s."""
    ran = run(event(at(0, 0), {**HELD, "duration": "6.5 s"}))
    assert [row.status for row in ran.attempts] == [202, 202]
    throttled = "THROTTLED_RESERVED"
    assert tries(ran, 0) == [(0, "OK")]
    assert tries(ran, 1) == [(0, throttled), (1000, throttled), (3000, throttled), (7000, "OK")]
    assert [row.source for row in ran.invocations if row.call == 1] == [
        Source.INTEGRATION, *[Source.EVENT_QUEUE] * 3,
    ]  # fmt: skip
    assert figures(ran) == (2, 3, 0, 0, 0)


def test_the_wait_grows_to_five_minutes_and_an_event_is_given_up_when_it_is_too_old(run: Run) -> None:
    """1, 2, 4 ... 256 s, then 300 s each: the tenth try comes at 511 s, and (21,600 - 511) / 300 = 70.3 more follow.

    The other holds the only environment for 900 s, and Lambda itself fails from the first second on.
    """
    outage = [{"at": "1 s", "fault": {"function": "f", "outage": True, "for": "7 h"}}]
    ran = run(event(at(0, 0), {**HELD, "duration": "900 s"}, timeline=outage))
    found = tries(ran, 1)
    assert [when // 1000 for when, _ in found[:11]] == [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811]
    assert [what for _, what in found[:2]] == ["THROTTLED_RESERVED", "OUTAGE"]
    assert len(found) == 80
    assert figures(ran) == (2, 79, 1, 0, 0)
    assert ran.area(ran.plan.gauge(GaugeKind.EVENTS)) == 900 * SECOND + 6 * HOUR


def test_a_function_error_is_tried_again_after_one_minute_and_then_two(run: Run) -> None:
    """A second each: at 0, 1 + 60 and 62 + 120 s; given up at 183 s."""
    ran = run(event(at(0), {"duration": "1 s", "crash": "100 %"}))
    assert tries(ran) == [(0, "CRASH"), (61_000, "CRASH"), (182_000, "CRASH")]
    assert figures(ran) == (1, 2, 0, 1, 0)
    assert ran.area(ran.plan.gauge(GaugeKind.EVENTS)) == 183 * SECOND
    assert [row.repeated for row in ran.invocations] == [0, 1, 1]
    assert {(row.client, row.attempt) for row in ran.invocations} == {("c", 1)}


@pytest.mark.parametrize("most", [0, 1])
def test_fewer_retries_if_the_function_says_so(run: Run, most: int) -> None:
    """A timeout is an error of the function too."""
    function = {"duration": "2 s", "timeout": "1 s", "event_invoke": {"maximum_retry_attempts": most}}
    ran = run(event(at(0), function))
    assert tries(ran) == [(0, "TIMEOUT"), (61_000, "TIMEOUT")][: most + 1]
    assert figures(ran) == (1, most, 0, 1, 0)


def test_an_event_that_would_be_tried_when_it_is_too_old_is_given_up_at_its_age(run: Run) -> None:
    """Failed after a second, it would be tried at 61 s; failed after 70 s, it is too old already."""
    limits = {"crash": "100 %", "event_invoke": {"maximum_event_age": "60 s"}}
    for lasts, gone in (("1 s", 60), ("70 s", 70)):
        ran = run(event(at(0), {"duration": lasts, **limits}))
        assert [what for _, what in tries(ran)] == ["CRASH"]
        assert figures(ran) == (1, 0, 1, 0, 0)
        assert ran.area(ran.plan.gauge(GaugeKind.EVENTS)) == gone * SECOND
    ran = run(event(at(0), {"duration": "1 s", **limits, "event_invoke": {"maximum_event_age": "61 s"}}))
    assert len(tries(ran)) == 2  # exactly as old as it may be


def test_a_reservation_of_zero_gives_events_up_at_once(run: Run) -> None:
    """AWS: it stops a function, and its events go to the dead letters without retries. The second one waits until then."""
    ran = run(event(at(0), {**HELD, "reserved_concurrency": 0}))
    assert (tries(ran), figures(ran)) == ([(0, "THROTTLED_RESERVED")], (1, 0, 0, 1, 0))
    off = [{"at": "2 s", "set": {"functions.f.reserved_concurrency": 0}}]
    ran = run(event(at(0, 0), {**HELD, "duration": "9 s"}, timeline=off))
    assert [when for when, _ in tries(ran, 1)] == [0, 1000, 3000]
    assert figures(ran) == (2, 2, 0, 1, 0)


def test_what_is_given_up_goes_to_the_queue_on_failure_and_is_worked_off_there(run: Run) -> None:
    """Failed at 1 s; the worker has the message at once, for half a second."""
    function = {"duration": "1 s", "crash": "100 %"}
    invoke = {"maximum_retry_attempts": 0, "on_failure": "dead"}
    ran = run(event(
        at(0), {**function, "event_invoke": invoke}, others={"w": {"duration": "500 ms", "timeout": "1 s"}},
        backends={"dead": {"sqs": {"consumer": {"function": "w"}}}},
    ))  # fmt: skip
    (work,) = [row for row in ran.invocations if row.source == Source.EVENT_SOURCE]
    assert (work.arrived_ns, work.duration_ns) == (SECOND, 500 * MS)
    assert ran.levels(ran.plan.gauge(GaugeKind.DELETED))[-1].level == 1


def test_an_event_that_was_throttled_works_as_long_as_it_would_have(run: Run) -> None:
    """Its draws are its attempt's, however late it begins."""
    law = {"uniform": {"min": "10 ms", "max": "900 ms"}}
    times = at(*[0] * 9)
    free, held = (run(event(times, {"duration": law, "reserved_concurrency": places})) for places in (9, 2))
    lasted = [
        {row.call: row.duration_ns for row in ran.invocations if row.outcome == "OK"} for ran in (free, held)
    ]
    assert lasted[0] == lasted[1]
    assert figures(held)[1] > 0


def test_each_retry_has_luck_of_its_own(run: Run) -> None:
    """2,000 events that fail by halves: an eighth is given up.

    250 +- 66 is 4.5 standard deviations, a false alarm in 150,000; were the retries as the first try, it would be 1,000.
    """
    arrivals = at(*range(0, 2000 * MS, MS))
    ran = run(event(arrivals, {"duration": "1 ms", "crash": "50 %"}))
    received, retried, expired, failed, left = figures(ran)
    assert (received, expired, left) == (2000, 0, 0)
    assert abs(failed - 250) <= 66
    assert abs(retried - 1500) <= 150


def test_an_event_follows_its_alias_to_the_version_that_it_names_by_then(run: Run) -> None:
    """Version 1 fails; the alias moves to version 2 before the retry."""
    function = {
        "duration": "1 s", "versions": {"1": {"crash": "100 %"}, "2": {"duration": "2 s"}}, "aliases": {"PROD": "1"},
    }  # fmt: skip
    said = event(at(0), function, timeline=[{"at": "5 s", "set": {"functions.f.aliases.PROD": "2"}}])
    said["apis"]["a"]["methods"]["POST /"]["integration"]["lambda"] = "f:PROD"
    rows = run(said).invocations
    assert [(row.backend, row.alias, row.outcome, row.duration_ns // SECOND) for row in rows] == [
        ("f:1", "f:PROD", "CRASH", 1), ("f:2", "f:PROD", "OK", 2),
    ]  # fmt: skip


def test_an_event_that_lambda_did_not_take_is_not_there(run: Run) -> None:
    """Lambda's own outage is the caller's 500: nothing is received, nothing tried again."""
    ran = run(
        event(at(0), HELD, timeline=[{"at": "0 s", "fault": {"function": "f", "outage": True, "for": "1 s"}}])
    )
    assert (ran.statuses, tries(ran), figures(ran)) == ([500], [(0, "OUTAGE")], (0,) * 5)


def test_an_event_that_reaches_lambda_after_the_gateways_limit_is_kept_like_any_other(run: Run) -> None:
    """Nobody waits for it from the start: 100 ms on the way, 50 ms of patience."""
    said = event(at(0), {"duration": "1 s", "crash": "100 %"}, assumptions={"lambda_overhead": "100 ms"})
    said["apis"]["a"]["methods"]["POST /"]["integration"]["timeout"] = "50 ms"
    ran = run(said)
    assert (ran.statuses, figures(ran)) == ([504], (1, 2, 0, 1, 0))
    assert [when for when, _ in tries(ran)] == [100, 61_100, 182_100]


def test_a_retry_works_by_the_stage_variables_that_the_event_has(run: Run) -> None:
    """In the archive each try takes 3 s and fails: 0 s, then after 60 s and 120 s of waiting 63 s and 186 s."""
    archive = {"stage_variables": {"table": "archive"}, "duration": "3 s", "crash": "100 %"}
    said = event(
        at(0), {"duration": "100 ms", "contexts": [archive]}, stage={"variables": {"table": "archive"}}
    )
    assert tries(run(said)) == [(0, "CRASH"), (63_000, "CRASH"), (186_000, "CRASH")]
