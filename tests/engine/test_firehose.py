"""Firehose behind a data stream: what is delivered to S3, when and by what, with times and sizes by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from engine.running import MINUTE, MS, SECOND, At, Ran, Run, at, client, story

from apigw_sim.plan.tables import GaugeKind
from apigw_sim.rules.buffering import NS_PER_AGE

KINDS = [GaugeKind(kind) for kind in range(GaugeKind.INCOMING_RECORDS, GaugeKind.CONSUMING)]
MOST = (GaugeKind.OBJECT_BYTES, GaugeKind.OBJECT_AGE)
KB = 1024


def delivering(
    arrivals: At, body: str = "300 KB", kinesis: dict[str, Any] | None = None, **parts: Any
) -> dict[str, Any]:
    """PUT / puts records into a stream, of which Firehose delivers 1 MB, or what has come in 60 s."""
    firehose = {"buffer_size": "1 MB", "buffer_interval": "60 s"}
    return story(
        route="PUT /",
        integration={"service": "clicks"},
        backends={
            "clicks": {"kinesis": {"shards": 1, "latency": "10 ms", "firehose": firehose, **(kinesis or {})}}
        },
        clients={"c": client(arrivals, [{"call": "PUT /", "body": body}])},
        **{"run": {"duration": "5 min", "period": "1 min"}, **parts},
    )


def delivered(ran: Ran, tick: int = 1 << 62, place: int = 0) -> SimpleNamespace:
    """What the gauges say at a tick, the last by default, and what waits; of objects the most up to then."""
    found = {}
    for kind in KINDS:
        rows = [row for row in ran.levels(ran.plan.gauge(kind, place)) if row.at_ns <= tick]
        most = max((row.peak for row in rows), default=0)
        found[kind.name.lower()] = most if kind in MOST else rows[-1].level if rows else 0
    waiting = found["incoming_records"] - found["delivered_records"]
    waiting_bytes = found["incoming_bytes"] - found["delivered_bytes"]
    return SimpleNamespace(**found, waiting=waiting, waiting_bytes=waiting_bytes)


def test_a_buffer_that_has_its_size_is_delivered_at_once_with_the_record_that_fills_it(run: Run) -> None:
    """Three records of 300 KB are less than 1 MB, the fourth makes 1,200 KB of them, 3 s after the first; a fifth waits."""
    found = delivered(run(delivering(at(*(n * SECOND for n in range(5))))), MINUTE)
    assert (found.objects_by_size, found.objects_by_interval) == (1, 0)
    assert (found.delivered_records, found.delivered_bytes) == (4, 1200 * KB)
    assert (found.waiting, found.waiting_bytes) == (1, 300 * KB)
    assert (found.object_bytes, found.object_age) == (1200 * KB, 3 * SECOND)
    assert found.object_ages * NS_PER_AGE == 3 * SECOND


def test_exactly_the_size_is_enough(run: Run) -> None:
    found = delivered(run(delivering(at(0, SECOND), body="512 KB")))
    assert (found.objects_by_size, found.delivered_bytes, found.waiting) == (1, 1024 * KB, 0)


def test_what_has_waited_for_the_interval_is_delivered(run: Run) -> None:
    """The first comes at 10 s, so at 70 s both go: before the tick at 2 min, not before that at 1 min."""
    ran = run(delivering(at(10 * SECOND, 40 * SECOND)))
    assert delivered(ran, MINUTE).waiting == 2
    found = delivered(ran, 2 * MINUTE)
    assert (found.objects_by_size, found.objects_by_interval, found.waiting) == (0, 1, 0)
    assert (found.delivered_records, found.object_bytes, found.object_age) == (2, 600 * KB, MINUTE)


def test_the_interval_begins_anew_with_the_next_record(run: Run) -> None:
    """At 10 s and 100 s: delivered at 70 s and at 160 s, after the tick at 2 min."""
    ran = run(delivering(at(10 * SECOND, 100 * SECOND)))
    assert [delivered(ran, n * MINUTE).objects_by_interval for n in (1, 2, 3)] == [0, 1, 2]
    assert delivered(ran).object_ages * NS_PER_AGE == 2 * MINUTE


@pytest.mark.parametrize(("last", "objects", "largest"), [(MINUTE - 1, (1, 0), 1200), (MINUTE, (0, 2), 900)])
def test_the_condition_that_is_satisfied_first_triggers(
    run: Run, last: int, objects: tuple[int, int], largest: int
) -> None:
    """The fourth record would fill the buffer: a nanosecond before the interval it does. At its end the others have gone."""
    found = delivered(run(delivering(at(0, SECOND, 2 * SECOND, last))))
    assert (found.objects_by_size, found.objects_by_interval) == objects
    assert found.object_bytes == largest * KB


def test_what_is_due_at_the_instant_of_a_tick_is_delivered_after_it(run: Run) -> None:
    """As everything that happens at the end of a period."""
    ran = run(delivering(at(0)))
    assert [delivered(ran, n * MINUTE).objects_by_interval for n in (1, 2)] == [0, 1]


def test_what_waits_when_the_run_is_over_is_waiting(run: Run) -> None:
    """Of eleven records twice four go by size; the interval of the last three, 900 KB, ends after the run."""
    ran = run(delivering(at(*(n * SECOND for n in range(11))), run={"duration": "30 s", "period": "10 s"}))
    found = delivered(ran)
    assert (found.objects_by_size, found.objects_by_interval) == (2, 0)
    assert (found.waiting, found.waiting_bytes) == (3, 900 * KB)


def test_a_record_as_large_as_the_buffer_is_an_object(run: Run) -> None:
    """1 MB after 300 KB: an object of both, a second old; the next 1 MB is one by itself, of no age."""
    said = delivering(at(0))
    said["clients"]["d"] = client(at(SECOND, 4 * SECOND), [{"call": "PUT /", "body": "1 MB"}])
    found = delivered(run(said))
    assert (found.objects_by_size, found.object_bytes) == (2, 1324 * KB)
    assert found.object_ages * NS_PER_AGE == SECOND


SHARDS_4 = {"shards": 4, "partition_keys": {"count": 100}}


@pytest.mark.parametrize(("buffers", "objects"), [("stream", 1), ("shard", 4)])
def test_all_shards_share_a_buffer_unless_each_has_its_own(run: Run, buffers: str, objects: int) -> None:
    """A hundred small records come to all four shards, and go by the interval."""
    said = delivering(
        at(*(n * 10 * MS for n in range(100))), "1 B", SHARDS_4, assumptions={"firehose_buffers": buffers}
    )
    ran = run(said)
    assert {row.backend for row in ran.invocations} == {f"clicks[{part}]" for part in range(4)}
    found = delivered(ran)
    assert (found.objects_by_interval, found.delivered_records, found.delivered_bytes) == (objects, 100, 100)


def test_what_a_shard_refuses_or_a_fault_makes_fail_is_not_delivered(run: Run) -> None:
    """Of twelve at once ten are taken; then nothing in an outage, and nothing where errors are certain."""
    said = delivering(
        at(*[0] * 12, 2 * SECOND, 4 * SECOND, 6 * SECOND), "1 B", assumptions={"service_burst": "10 ms"},
        timeline=[
            {"at": "1 s", "fault": {"backend": "clicks", "outage": True, "for": "2 s"}},
            {"at": "3 s", "fault": {"backend": "clicks", "errors": "100 %", "for": "2 s"}},
        ],
    )  # fmt: skip
    assert delivered(run(said)).delivered_records == 11


def test_two_streams_have_a_firehose_each_and_a_third_has_none(run: Run) -> None:
    said = delivering(at(0))
    stream = said["backends"]["clicks"]["kinesis"]
    said["backends"] |= {
        "bare": {"kinesis": {name: of for name, of in stream.items() if name != "firehose"}},
        "views": {"kinesis": {**stream, "shards": 2}},
    }
    for number, name in enumerate(("bare", "views"), 2):
        said["apis"]["a"]["methods"][f"PUT /{name}"] = {"integration": {"service": name}}
        calls = [{"call": f"PUT /{name}", "body": f"{number} B"}]
        said["clients"][name] = client(at(*[SECOND] * number), calls)
    ran = run(said)
    assert [delivered(ran, place=place).delivered_bytes for place in (0, 1)] == [300 * KB, 9]


@pytest.mark.parametrize(
    ("every_ms", "size", "expected"),
    [(100, 50_000, 5 * 60 * 10 * 50_000 / 2**20), (100, 10, 5), (1000, 300 * KB, 5 * 60 / 4)],
)
def test_a_steady_stream_makes_so_many_objects(run: Run, every_ms: int, size: int, expected: float) -> None:
    """Fluid arithmetic: rate x bytes / size, or one an interval, whichever is more, and records are whole.

    By size an object has ceil(1 MB / bytes) records, so there are fewer by less than one record in each; by interval one
    begins with the first record after it, at most a gap later.
    """
    count = 5 * MINUTE // (every_ms * MS)
    found = delivered(run(delivering(at(*(n * every_ms * MS for n in range(count))), f"{size} B")))
    objects = found.objects_by_size + found.objects_by_interval
    each = -(-(2**20) // size)
    if found.objects_by_size:
        assert objects == count // each
        assert expected * (1 - size / 2**20) - 1 < objects <= expected
    else:
        assert expected * (1 - every_ms * MS / MINUTE) - 1 < objects <= expected
