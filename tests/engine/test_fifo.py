"""FIFO queues: order within message groups, one batch of each at a time; and batching windows of standard queues."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from engine.running import MS, SECOND, Run, at
from engine.test_queues import figure, offered, queued

from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Source

COUNTS = (
    GaugeKind.SENT,
    GaugeKind.DELETED,
    GaugeKind.DEAD,
    GaugeKind.EXPIRED,
    GaugeKind.VISIBLE,
    GaugeKind.HIDDEN,
)


def ordered(
    arrivals: Any, function: dict[str, Any], groups: int, fifo: dict[str, Any] | None = None, **sqs: Any
) -> Any:
    """POST / puts messages of so many groups into a FIFO queue; all that is sent at an instant is there 1 ms later."""
    return queued(arrivals, function, fifo={"message_groups": {"count": groups}, **(fifo or {})}, **sqs)


def test_of_one_group_one_batch_is_under_way_at_a_time(run: Run) -> None:
    """Twenty-five messages at once, batches of ten, a second each: one after the other, where a standard queue has three."""
    ran = run(ordered(at(*[0] * 25), {"duration": "1 s"}, groups=1))
    assert offered(ran) == [(0, "OK"), (1000, "OK"), (2000, "OK")]
    assert figure(ran, GaugeKind.EMPTIED) == 3 * SECOND
    assert [figure(ran, kind) for kind in COUNTS] == [25, 25, 0, 0, 0, 0]


def test_a_batch_holds_messages_of_one_group(run: Run) -> None:
    """Forty messages of eight groups, drawn: five batches at once are all that the mapping reads at first."""
    ran = run(ordered(at(*[0] * 40), {"duration": "1 s"}, groups=8))
    assert offered(ran)[:5] == [(0, "OK")] * 5
    assert offered(ran)[5:8] == [(1000, "OK")] * 3
    assert figure(ran, GaugeKind.DELETED) == 40


def test_a_batch_that_fails_holds_up_its_group_and_no_other(run: Run) -> None:
    """A function that always fails: of group 0 alone three receives of the same ten, a visibility timeout apart, then they
    are dead; the other ten follow."""
    said = ordered(
        at(*[0] * 20),
        {"duration": "100 ms", "crash": "100 %"},
        groups=1,
        visibility_timeout="2 s",
        max_receive_count=3,
    )
    said["run"]["period"] = "1 s"
    ran = run(said)
    assert offered(ran) == [(2000 * n, "CRASH") for n in range(6)]
    assert [figure(ran, GaugeKind.DEAD, second * SECOND) for second in (6, 7, 12, 13)] == [0, 10, 10, 20]
    assert [figure(ran, kind) for kind in COUNTS] == [20, 0, 20, 0, 0, 0]


def test_messages_are_received_in_order_whatever_fails(run: Run) -> None:
    """Half of all batches fail; what is received is the oldest of its group always, so the oldest message only grows younger
    as a group is worked off."""
    said = ordered(at(*range(0, 60 * MS, MS)), {"duration": "100 ms", "crash": "50 %"}, groups=1, visibility_timeout="1 s",
                   duration="2 min")  # fmt: skip
    ran = run(said)
    assert [figure(ran, kind) for kind in COUNTS] == [60, 60, 0, 0, 0, 0]
    rows = sorted(
        (row.arrived_ns, row.duration_ns) for row in ran.invocations if row.source == Source.EVENT_SOURCE
    )
    assert all(begin + lasts <= after for (begin, lasts), (after, _) in pairwise(rows))


def test_a_fifo_queue_takes_300_messages_a_second(run: Run) -> None:
    """At 10 ms of its rate at once, three: of five at one instant two are refused, with a 400."""
    said = ordered(at(*[0] * 5), {"duration": "1 ms"}, groups=9)
    said["assumptions"]["service_burst"] = "10 ms"
    said["apis"]["a"]["methods"]["POST /"]["integration"]["responses"]["400"] = 429
    ran = run(said)
    assert sorted(ran.statuses) == [202] * 3 + [429] * 2
    assert {row.refused_by for row in ran.attempts if row.status == 429} == {"q rate"}
    assert figure(ran, GaugeKind.SENT) == 3
    said["backends"]["q"]["sqs"]["fifo"]["rate"] = "3000/s"  # high throughput
    assert run(said).statuses == [202] * 5


# batching windows


def test_a_batch_waits_for_its_window_unless_it_is_full(run: Run) -> None:
    """Three messages at 0 and one at 3 s: the window of 2 s is over at 2 s, and the next begins with the fourth."""
    ran = run(queued(at(0, 0, 0, 3 * SECOND), {"duration": "100 ms"}, {"batching_window": "2 s"}))
    assert offered(ran) == [(2000, "OK"), (5000, "OK")]
    ran = run(queued(at(*[0] * 10, 3 * SECOND), {"duration": "100 ms"}, {"batching_window": "2 s"}))
    assert offered(ran) == [(0, "OK"), (5000, "OK")]
    ran = run(queued(at(0, *[SECOND] * 12), {"duration": "100 ms"}, {"batching_window": "2 s"}))
    assert offered(ran) == [(1000, "OK"), (3000, "OK")]  # ten at 1 s, the other three a window later


def test_a_large_batch_of_a_window(run: Run) -> None:
    """2,500 messages within half a second: 1,000 and 1,000 as they are full, and 500 at the end of a window of a second."""
    said = queued(
        at(*(n * 200_000 for n in range(2500))),
        {"duration": "10 ms"},
        {"batch_size": 1000, "batching_window": "1 s"},
    )
    ran = run(said)
    # the thousandth is there at 199.8 ms, the two-thousandth at 399.8 ms, and the window begins with the one after it, at 400 ms
    assert offered(ran) == [(199, "OK"), (399, "OK"), (1400, "OK")]
    assert figure(ran, GaugeKind.DELETED) == 2500


@pytest.mark.parametrize(("window", "batches"), [("1 s", 10), ("2 s", 5), ("5 s", 2)])
def test_a_window_makes_fewer_invocations_of_a_steady_stream(run: Run, window: str, batches: int) -> None:
    """Ten a second for ten seconds; a window begins with the first message that waits."""
    arrivals = at(*(n * 100 * MS for n in range(100)))
    ran = run(queued(arrivals, {"duration": "1 ms"}, {"batch_size": 10_000, "batching_window": window}))
    assert abs(len(offered(ran)) - batches) <= 1
    assert figure(ran, GaugeKind.DELETED) == 100
