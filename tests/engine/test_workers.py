"""Clients with workers: a call that is due waits for a free one, and what is measured depends on where one starts."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import MS, SECOND, SERVER, Ran, Run, client, story


def stalled(workers: int, **more: Any) -> dict[str, Any]:
    """A call each 100 ms, 100 ms of work for each; the one of 500 ms takes 800 ms."""
    return story(
        None, SERVER, backends={"h": {"http": {"latency": "100 ms"}}}, run={"duration": "2 s"},
        clients={"c": client({"process": "even", "rate": "10/s"}, workers=workers, **more)},
        timeline=[{"at": "500 ms", "fault": {"backend": "h", "slow": 8, "for": "1 ms"}}],
    )  # fmt: skip


def called(ran: Ran) -> list[tuple[int, int, int]]:
    """When calls were due, started and ended, in ms, in the order of calls; those that started."""
    rows = sorted(ran.calls, key=lambda row: row.call)
    return [
        (row.intended_ns // MS, row.started_ns // MS, row.ended_ns // MS)
        for row in rows
        if row.started_ns is not None
    ]


def test_one_worker_falls_behind_by_the_stall_and_never_catches_up(run: Run) -> None:
    """It is stuck from 500 to 1,300 ms, and then always 700 ms late; at 2 s what was due from 1,300 ms on has not started."""
    ran = run(stalled(1))
    on_time = [(due, due, due + 100) for due in range(0, 500, 100)]
    late = [(due, due + 700, due + 800) for due in range(600, 1300, 100)]
    assert called(ran) == [*on_time, (500, 500, 1300), *late]
    never = [row for row in ran.calls if row.outcome == "NOT_STARTED"]
    assert [(row.call, row.intended_ns // MS, row.attempts, row.status) for row in never] == [
        (call, 100 * call, 0, None) for call in range(13, 20)
    ]  # fmt: skip
    assert {row.ended_ns for row in never} == {2 * SECOND}
    assert len(ran.attempts) == 13


def test_with_workers_enough_all_start_when_they_are_due(run: Run) -> None:
    """So they do without workers, and draw the same."""
    ran, free = run(stalled(2)), stalled(2)
    del free["clients"]["c"]["workers"]
    assert called(ran) == [(due, due, due + (800 if due == 500 else 100)) for due in range(0, 2000, 100)]
    assert called(run(free)) == called(ran)


def test_a_worker_is_free_when_it_has_the_answer(run: Run) -> None:
    """40 ms of network: a call takes 140 ms, and the next one waits for it."""
    said = stalled(1, network={"rtt": "40 ms"})
    said["timeline"] = []
    assert called(run(said))[:4] == [(0, 0, 140), (100, 140, 280), (200, 280, 420), (300, 420, 560)]


@pytest.mark.parametrize(("timeout", "last"), [("150 ms", 650), ("90 ms", 690)])
def test_a_workers_patience_counts_from_the_start_of_its_call(run: Run, timeout: str, last: int) -> None:
    """The one of 500 ms is left after 150 ms, so the next starts 50 ms late; or every one is left after 90 ms."""
    rows = called(run(stalled(1, timeout=timeout)))
    if last == 650:
        assert rows[5:8] == [(500, 500, 650), (600, 650, 750), (700, 750, 850)]
    else:
        assert rows[5:7] == [(500, 500, 590), (600, 600, last)]


def test_a_retry_is_the_same_workers(run: Run) -> None:
    """503 at once, 150 ms of back-off, 503: a call takes 150 ms, and the next start late."""
    said = stalled(1, retry={"attempts": 2, "backoff": {"base": "150 ms", "jitter": "none"}})
    said["apis"]["a"]["methods"]["GET /"]["integration"] = {"mock": {"status": 503}}
    said["timeline"], said["backends"] = [], {}
    assert called(run(said))[:3] == [(0, 0, 150), (100, 150, 300), (200, 300, 450)]
