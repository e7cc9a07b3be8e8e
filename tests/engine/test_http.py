"""An HTTP backend: its places, its queue, its own 503, and what the gateway makes of it."""

from __future__ import annotations

from typing import Any

from engine.running import MS, SECOND, SERVER, Run, at, client, story

from apigw_sim.plan.tables import GaugeKind


def served(
    arrivals: Any = None, timeout: str = "29 s", parts: dict[str, Any] | None = None, **server: Any
) -> Any:
    """GET / goes to a server that takes 100 ms; `timeout` is the integration's, `parts` go to the story."""
    body = {"http": {"latency": "100 ms", **server}}
    return story(arrivals, {**SERVER, "timeout": timeout}, backends={"h": body}, **(parts or {}))


def jobs(ran: Any) -> list[tuple[int, int, str]]:
    """By arrival: ms in the queue, ms of work, outcome."""
    rows = sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))
    return [(row.queued_ns // MS, (row.duration_ns or 0) // MS, row.outcome) for row in rows]


def test_without_a_limit_all_are_served_at_once(run: Run) -> None:
    ran = run(served(at(*[0] * 50)))
    assert {(row.status, row.latency_ns) for row in ran.attempts} == {(200, 100 * MS)}
    assert max(row.peak for row in ran.levels(ran.plan.gauge(GaugeKind.BUSY, 0))) == 50


def test_one_place_one_waiting_and_the_third_gets_the_backends_own_503_at_once(run: Run) -> None:
    ran = run(served(at(0, 1, 2), concurrency=1, queue=1))
    assert [(row.call, row.status, row.reason, row.latency_ns) for row in ran.attempts] == [
        (2, 503, "BACKEND_5XX", 0), (0, 200, "OK", 100 * MS), (1, 200, "OK", 200 * MS - 1),
    ]  # fmt: skip
    refused = ran.attempts[0]
    assert (refused.refused_by, refused.integration_status, refused.integration_ns) == (
        "h concurrency",
        503,
        0,
    )
    assert [(row.queued_ns, row.duration_ns, row.outcome) for row in ran.invocations] == [
        (0, None, "QUEUE_FULL"), (0, 100 * MS, "OK"), (100 * MS - 1, 100 * MS, "OK"),
    ]  # fmt: skip


def test_the_queue_is_served_in_the_order_of_arrival(run: Run) -> None:
    """Two places: two begin at 0, two at 100 ms, one at 200 ms."""
    ran = run(served(at(0, 10 * MS, 20 * MS, 30 * MS, 40 * MS), concurrency=2, queue=10))
    assert jobs(ran) == [(0, 100, "OK"), (0, 100, "OK"), (80, 100, "OK"), (80, 100, "OK"), (160, 100, "OK")]
    assert max(row.peak for row in ran.levels(ran.plan.gauge(GaugeKind.QUEUE, 0))) == 3


def test_a_place_is_free_for_a_request_of_the_instant_in_which_work_ends(run: Run) -> None:
    assert run(served(at(0, 100 * MS), concurrency=1)).statuses == [200, 200]
    assert sorted(run(served(at(0, 100 * MS - 1), concurrency=1)).statuses) == [200, 503]


def test_who_waits_goes_before_who_arrives_at_the_instant_in_which_a_place_is_free(run: Run) -> None:
    ran = run(served(at(0, 50 * MS, 100 * MS), concurrency=1, queue=1))
    assert jobs(ran) == [(0, 100, "OK"), (50, 100, "OK"), (100, 100, "OK")]


def test_of_two_that_arrive_at_once_the_first_client_has_the_place(run: Run) -> None:
    said = served(concurrency=1, parts={"clients": {name: client(at(0)) for name in ("zoe", "adam")}})
    ran = run(said)
    assert {row.client: row.status for row in ran.attempts} == {"zoe": 200, "adam": 503}


def test_time_in_the_queue_counts_towards_the_integrations_timeout(run: Run) -> None:
    """A limit of 150 ms: the second would end at 200 ms. It began at 100 ms and goes on for nobody."""
    ran = run(served(at(0, 0), "150 ms", concurrency=1, queue=1))
    assert [(row.status, row.latency_ns) for row in ran.attempts] == [(200, 100 * MS), (504, 150 * MS)]
    assert [(row.queued_ns, row.abandoned) for row in ran.invocations] == [(0, 0), (100 * MS, 1)]


def test_a_request_that_is_given_up_in_the_queue_is_worked_on_for_nobody(run: Run) -> None:
    """A limit of 60 ms: the second is given up while it waits; at 100 ms it begins, and keeps the third waiting."""
    ran = run(served(at(0, 0, 150 * MS), "60 ms", concurrency=1, queue=1))
    assert [(row.call, row.status, row.latency_ns // MS) for row in ran.attempts] == [
        (0, 504, 60), (1, 504, 60), (2, 504, 60),
    ]  # fmt: skip
    assert [(row.call, row.queued_ns // MS, row.abandoned) for row in ran.invocations] == [
        (0, 0, 1), (1, 100, 1), (2, 50, 1),
    ]  # fmt: skip


def test_a_job_that_ends_exactly_at_the_limit_after_its_wait_is_in_time(run: Run) -> None:
    assert run(served(at(0, 0), "200 ms", concurrency=1, queue=1)).statuses == [200, 200]


def test_the_backends_statuses_are_passed_on(run: Run) -> None:
    for status, why in ((201, "OK"), (404, "BACKEND_4XX"), (503, "BACKEND_5XX")):
        (row,) = run(served(status=status)).attempts
        assert (row.status, row.reason, row.integration_status) == (status, why, status)


def test_statuses_come_in_their_shares(run: Run) -> None:
    """Of 2,000 a quarter is 503: 500 +- 95, a false alarm in a million; a fifth would be told from it."""
    ran = run(served(at(*range(2_000)), status={200: "75 %", 503: "25 %"}))
    assert 405 < ran.statuses.count(503) < 595
    assert set(ran.statuses) == {200, 503}


def test_an_answers_size_is_the_backends(run: Run) -> None:
    (row,) = run(served(size="60 KB")).attempts
    assert row.response_bytes == 60 * 1024


def test_a_mock_answers_by_itself_after_the_overhead(run: Run) -> None:
    ran = run(story(integration={"mock": {"status": 204}}, assumptions={"rest_overhead": "8 ms"}))
    (row,) = ran.attempts
    assert (row.status, row.reason, row.latency_ns, row.integration_ns) == (204, "OK", 8 * MS, None)
    assert (row.integration_status, row.response_bytes, len(ran.invocations)) == (None, 0, 0)


def test_a_mock_answers_with_the_size_that_is_said(run: Run) -> None:
    (row,) = run(story(integration={"mock": {"size": "3 KB"}})).attempts
    assert row.response_bytes == 3 * 1024


def test_a_mock_that_answers_an_error_is_the_backends_error(run: Run) -> None:
    (row,) = run(story(integration={"mock": {"status": 404}})).attempts
    assert (row.status, row.reason) == (404, "BACKEND_4XX")


def test_levels_of_places_and_queue_are_integrals_over_time(run: Run) -> None:
    """One place, three at once, 100 ms each: busy for 300 ms, and 100 + 200 ms of waiting."""
    ran = run(served(at(0, 0, 0), concurrency=1, queue=5))
    busy, queue = (ran.levels(ran.plan.gauge(kind, 0)) for kind in (GaugeKind.BUSY, GaugeKind.QUEUE))
    assert [(row.level, row.peak, row.area) for row in busy] == [(0, 1, 300 * MS)]
    assert [(row.level, row.peak, row.area) for row in queue] == [(0, 2, 300 * MS)]
    assert busy[0].at_ns == 10 * SECOND
