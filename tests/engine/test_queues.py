"""SQS queues behind integrations and the functions that work them off: times by hand, and fluid arithmetic."""

from __future__ import annotations

from collections import Counter
from typing import Any

from engine.running import MINUTE, MS, SECOND, At, Ran, Run, at, story

from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Source


def queued(
    arrivals: At,
    function: dict[str, Any],
    consumer: dict[str, Any] | None = None,
    duration: str = "20 s",
    **sqs: Any,
) -> Any:
    """POST / puts a message into a queue, which answers after 10 ms; the function w gets it.

    All that is sent at an instant is there a millisecond later, at once: times below count from then.
    """
    return story(
        arrivals,
        {"service": "q", "responses": {"200": 202}},
        route="POST /",
        network={"rtt": "2 ms"},
        functions={"w": {"timeout": "1 s", **function}},
        backends={
            "q": {"sqs": {"latency": "10 ms", "consumer": {"function": "w", **(consumer or {})}, **sqs}}
        },
        run={"duration": duration, "period": "1 min"},
    )


def offered(ran: Ran) -> list[tuple[int, str]]:
    """When Lambda was offered batches, ms, and what came of it."""
    rows = [row for row in ran.invocations if row.source == Source.EVENT_SOURCE]
    return sorted((row.arrived_ns // MS - 1, row.outcome) for row in rows)


def figure(ran: Ran, kind: GaugeKind, tick: int = 1 << 62) -> int:
    """A figure of the queue at the last tick, or at an earlier one."""
    rows = [row for row in ran.levels(ran.plan.gauge(kind)) if row.at_ns <= tick]
    level = rows[-1].level if rows else 0
    return level - MS if kind is GaugeKind.EMPTIED else level


def test_who_sends_has_the_answer_at_once_and_batches_follow(run: Run) -> None:
    """A hundred messages at one instant, batches of ten, five at a time, a second each: drained after two seconds."""
    ran = run(queued(at(*[0] * 100), {"duration": "1 s"}))
    assert {(row.status, row.integration_status, row.latency_ns) for row in ran.attempts} == {
        (202, 200, 10 * MS)
    }
    assert offered(ran) == [(0, "OK")] * 5 + [(1000, "OK")] * 5
    assert {row.client for row in ran.invocations if row.source == Source.EVENT_SOURCE} == {None}
    counts = {kind: figure(ran, kind) for kind in (GaugeKind.SENT, GaugeKind.RECEIVED, GaugeKind.DELETED)}
    assert set(counts.values()) == {100}
    assert figure(ran, GaugeKind.EMPTIED) == 2 * SECOND
    assert ran.peak(ran.plan.gauge(GaugeKind.HIDDEN)) == 50


def test_a_batch_takes_what_is_there_and_each_message_takes_its_time(run: Run) -> None:
    """Three messages: 200 ms and three times 50."""
    ran = run(queued(at(0, 0, 0), {"duration": "200 ms"}, {"per_message": "50 ms"}))
    (batch,) = (row for row in ran.invocations if row.source == Source.EVENT_SOURCE)
    assert batch.duration_ns == 350 * MS
    assert figure(ran, GaugeKind.EMPTIED) == 350 * MS


def test_the_backlog_is_what_comes_in_less_what_goes_out(run: Run) -> None:
    """50/s come for a minute, two batches of ten a second go: 30/s stay, and at 20/s all 3,000 take 150 s.

    After a minute 1,200 have gone, those of the first 24 s: the oldest is 36 s old, give or take a batch of each.
    """
    consumer = {"maximum_concurrency": 2}
    ran = run(queued(at(*(n * 20 * MS for n in range(3000))), {"duration": "1 s"}, consumer, "60 s"))
    held = sum(figure(ran, kind, MINUTE) for kind in (GaugeKind.VISIBLE, GaugeKind.HIDDEN))
    assert abs(held - 1800) <= 2 * 2 * 10
    assert abs(figure(ran, GaugeKind.OLDEST, MINUTE) - 36 * SECOND) <= SECOND
    assert abs(figure(ran, GaugeKind.EMPTIED) - 150 * SECOND) <= 2 * SECOND
    assert figure(ran, GaugeKind.DELETED) == 3000


def test_a_mapping_reads_five_batches_at_once_and_three_hundred_more_after_a_minute(run: Run) -> None:
    """400 messages, one a batch, 30 s each: 5 at 0 s, 5 at 30 s, 305 at 60 s, the last 85 at 90 s."""
    function = {"duration": "30 s", "timeout": "30 s"}
    ran = run(queued(at(*[0] * 400), function, {"batch_size": 1}, visibility_timeout="180 s"))
    assert Counter(when // 1000 for when, _ in offered(ran)) == {0: 5, 30: 5, 60: 305, 90: 85}


def test_what_fails_is_received_again_after_its_visibility_timeout_and_at_last_a_dead_letter(
    run: Run,
) -> None:
    """Received at 0 and at 5 s, failed at 1 s and 6 s; the third receive, at 10 s, is one too many."""
    function = {"duration": "1 s", "crash": "100 %"}
    ran = run(queued(at(0), function, visibility_timeout="5 s", max_receive_count=2))
    assert offered(ran) == [(0, "CRASH"), (5000, "CRASH")]
    assert [figure(ran, kind) for kind in (GaugeKind.RECEIVED, GaugeKind.DELETED, GaugeKind.DEAD)] == [
        2,
        0,
        1,
    ]
    assert figure(ran, GaugeKind.EMPTIED) == 10 * SECOND


def test_one_message_that_fails_takes_its_batch_with_it(run: Run) -> None:
    """Ten messages in one batch: ten dead letters."""
    function = {"duration": "2 s", "crash": "0 %"}
    ran = run(queued(at(*[0] * 10), function, visibility_timeout="5 s", max_receive_count=1))
    assert [outcome for _, outcome in offered(ran)] == ["TIMEOUT"]  # the function ends after its second
    assert figure(ran, GaugeKind.DEAD) == 10


def test_a_batch_that_lambda_refuses_is_offered_again_while_its_messages_are_hidden(run: Run) -> None:
    """No concurrency, 3 s of visibility, a second of back-off: at 0, 1 and 2 s, then received anew at 3 s."""
    ran = run(
        queued(
            at(0),
            {"duration": "1 s", "reserved_concurrency": 0},
            visibility_timeout="3 s",
            max_receive_count=2,
        )
    )
    assert offered(ran) == [(n * 1000, "THROTTLED_RESERVED") for n in range(6)]
    assert figure(ran, GaugeKind.DEAD) == 1
    assert figure(ran, GaugeKind.EMPTIED) == 6 * SECOND


def test_a_maximum_concurrency_keeps_lambda_from_refusing(run: Run) -> None:
    """Two at once of 60 batches: five pollers are refused over and over, two never are."""
    function = {"duration": "500 ms", "reserved_concurrency": 2}
    times = at(*[0] * 600)
    assert "THROTTLED_RESERVED" in dict(map(reversed, offered(run(queued(times, function)))))  # type: ignore[arg-type]
    ran = run(queued(times, function, {"maximum_concurrency": 2}))
    assert Counter(outcome for _, outcome in offered(ran)) == {"OK": 60}
    assert figure(ran, GaugeKind.EMPTIED) == 15 * SECOND


def test_a_message_that_is_older_than_the_retention_is_gone_at_its_next_receive(run: Run) -> None:
    """A minute of retention; received at 0, 30 and 60 s, too old at 90 s."""
    function = {"duration": "1 s", "crash": "100 %"}
    ran = run(queued(at(0), function, visibility_timeout="30 s", retention="1 min"))
    assert [when // 1000 for when, _ in offered(ran)] == [0, 30, 60]
    assert (figure(ran, GaugeKind.EXPIRED), figure(ran, GaugeKind.EMPTIED)) == (1, 90 * SECOND)


def test_what_sqs_does_not_take_is_in_no_queue_and_nobody_receives_without_a_mapping(run: Run) -> None:
    said = queued(at(0, SECOND), {"duration": "1 s"})
    said["timeline"] = [{"at": "0 s", "fault": {"backend": "q", "errors": "100 %", "for": "500 ms"}}]
    ran = run(said)
    assert [row.integration_status for row in ran.attempts] == [503, 200]
    assert figure(ran, GaugeKind.SENT) == 1
    del said["backends"]["q"]["sqs"]["consumer"]
    ran = run(said)
    assert not offered(ran)
    assert figure(ran, GaugeKind.VISIBLE) == 1
