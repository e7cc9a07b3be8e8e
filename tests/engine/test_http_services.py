"""HTTP servers whose times grow with their load, and who of the waiting is next: small stories, checked by hand."""

from __future__ import annotations

from typing import Any

from engine.running import MS, SECOND, SERVER, Run, at, story


def served(arrivals: Any, *timeline: dict[str, Any], **server: Any) -> dict[str, Any]:
    """GET / behind a server of 100 ms."""
    http = {"latency": "100 ms", **server}
    return story(arrivals, SERVER, backends={"h": {"http": http}}, timeline=list(timeline))


def test_the_last_that_came_is_next(run: Run) -> None:
    """One place. Calls 1, 2, 3 wait; 3 begins at 100 ms, call 4 comes at 150 ms and begins at 200 ms, then 2, then 1."""
    ran = run(served(at(0, 10 * MS, 20 * MS, 30 * MS, 150 * MS), concurrency=1, queue=9, discipline="LIFO"))
    assert [row.call for row in ran.attempts] == [0, 3, 4, 2, 1]
    assert [row.latency_ns // MS for row in ran.attempts] == [100, 170, 150, 380, 490]


def test_a_full_queue_refuses_who_comes_and_not_who_waits_longest(run: Run) -> None:
    ran = run(served(at(0, 1, 2, 3), concurrency=1, queue=2, discipline="LIFO"))
    assert [(row.call, row.status) for row in ran.attempts] == [(3, 503), (0, 200), (2, 200), (1, 200)]


def test_either_discipline_leaves_the_same_work_and_only_orders_who_waits(run: Run) -> None:
    """Of one time of service each: the sums of what calls take are the same, the longest of them is not."""
    instants = at(*(n * 37 * MS + (n % 7) * MS for n in range(60)))
    took = {}
    for discipline in ("FIFO", "LIFO"):
        ran = run(served(instants, concurrency=2, queue=99, discipline=discipline))
        took[discipline] = [row.latency_ns for row in ran.attempts]
    assert sum(took["FIFO"]) == sum(took["LIFO"])
    assert max(took["FIFO"]) < max(took["LIFO"])


def test_a_request_takes_longer_by_the_share_of_the_other_places_that_are_busy_as_it_starts(run: Run) -> None:
    """Five places, slowdown 3: 1, 1.5, 2, 2.5 and 3 times 100 ms for who finds 0 to 4 others."""
    ran = run(served(at(0, 1, 2, 3, 4), concurrency=5, slowdown=3))
    assert [job.duration_ns // MS for job in ran.invocations] == [100, 150, 200, 250, 300]


def test_a_slow_fault_multiplies_what_the_load_makes_of_a_time(run: Run) -> None:
    """Two places, slowdown 2; from 1 s to 2 s everything is three times as slow, and then as before."""
    fault = {"at": "1 s", "fault": {"backend": "h", "slow": 3, "for": "1 s"}}
    ran = run(served(at(SECOND, SECOND + 1, 3 * SECOND, 3 * SECOND + 1), fault, concurrency=2, slowdown=2))
    assert sorted(job.duration_ns // MS for job in ran.invocations) == [100, 200, 300, 600]
