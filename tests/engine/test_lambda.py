"""Lambda behind the gateway: environments, concurrency, timeouts, and what a client sees of each (facts 4.2, 10)."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MS, SECOND, Run, at, client, story

import apigw_sim as sim
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Flag


def behind(
    arrivals: Any = None, function: dict[str, Any] | None = None, timeout: str = "29 s", **parts: Any
) -> Any:
    """GET / invokes f, which takes 100 ms; `timeout` is the integration's."""
    return story(
        arrivals,
        {**FUNCTION, "timeout": timeout},
        **parts,
        functions={"f": {"duration": "100 ms", **(function or {})}},
    )


def environments(ran: Any) -> list[int | None]:
    """Which environment served, in the order of arrival."""
    rows = sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))
    return [row.environment for row in rows]


# the way of one request


def test_every_part_of_a_latency_stands_where_the_design_says(run: Run) -> None:
    """In ns: 3 of network (1 before, 2 behind), 5 of overhead (2 before the relay, 3 behind), 7 of service, 11 of work."""
    ran = run(
        behind(
            at(100),
            {"duration": "0.000011 ms"},
            network={"rtt": "0.000003 ms"},
            assumptions={"rest_overhead": "0.000005 ms", "lambda_overhead": "0.000007 ms"},
        )
    )
    (row,) = ran.attempts
    assert (row.arrived_ns, row.latency_ns, row.integration_ns) == (101, 2 + 7 + 11 + 3, 7 + 11)
    (job,) = ran.invocations
    assert (job.arrived_ns, job.queued_ns, job.duration_ns) == (101 + 2 + 7, 0, 11)
    (call,) = ran.calls
    assert (call.started_ns, call.ended_ns, call.outcome) == (100, 101 + 23 + 2, "SUCCEEDED")


def test_a_cold_start_is_provisioning_then_init_then_duration(run: Run) -> None:
    ran = run(behind(at(0, SECOND), {"cold_start": {"provisioning": "60 ms", "init": "85 ms"}}))
    cold, warm = ran.attempts
    assert (cold.latency_ns, warm.latency_ns) == (245 * MS, 100 * MS)
    assert (cold.flags, warm.flags) == (Flag.COLD_START, 0)
    assert [(job.provisioning_ns, job.init_ns, job.duration_ns) for job in ran.invocations] == [
        (60 * MS, 85 * MS, 100 * MS), (0, None, 100 * MS),
    ]  # fmt: skip
    (environment,) = ran.environments
    assert (environment.born_ns, environment.ready_ns, environment.last_used_ns) == (0, 145 * MS, 1100 * MS)
    assert (environment.died_ns, environment.served) == (None, 2)


def test_the_cold_starts_of_a_runtime_are_those_that_were_measured(run: Run) -> None:
    """400 births: Init of python3.13 has p50 85 ms and p90 103 ms; provisioning is uniform over 50 to 150 ms.

    The share below the median lies within 0.5 +- 0.13 (a false alarm in 5 million), below p90 within 0.9 +- 0.08.
    """
    ran = run(
        behind(
            at(*range(400)),
            {"cold_start": {"runtime": "python3.13"}},
            assumptions={"provisioning": {"uniform": {"min": "50 ms", "max": "150 ms"}}},
        )
    )
    inits = [job.init_ns for job in ran.invocations]
    assert abs(sum(init < 85 * MS for init in inits) / 400 - 0.5) < 0.13
    assert abs(sum(init < 103 * MS for init in inits) / 400 - 0.9) < 0.08
    spans = [job.provisioning_ns for job in ran.invocations]
    assert 50 * MS <= min(spans) < 55 * MS
    assert 145 * MS < max(spans) <= 150 * MS


# environments


def test_of_idle_environments_the_most_recently_used_serves(run: Run) -> None:
    """Number 0 is idle from 100 ms, number 1 from 150 ms: at 200 ms number 1 serves, at 210 ms number 0."""
    assert environments(run(behind(at(0, 50 * MS, 200 * MS, 210 * MS)))) == [0, 1, 1, 0]


def test_of_two_that_became_idle_at_once_the_later_identity_is_on_top(run: Run) -> None:
    assert environments(run(behind(at(0, 0, 200 * MS)))) == [0, 1, 1]


def test_an_environment_dies_exactly_at_the_end_of_its_idle_lifetime(run: Run) -> None:
    """Idle from 100 ms for a second: at 1.1 s less a nanosecond it serves, at 1.1 s it is gone."""
    last = 1100 * MS
    assert environments(run(behind(at(0, last - 1), {"idle_lifetime": "1 s"}))) == [0, 0]
    ran = run(behind(at(0, last), {"idle_lifetime": "1 s"}))
    assert environments(ran) == [0, 1]
    assert [(row.environment, row.last_used_ns, row.died_ns) for row in ran.environments] == [
        (0, 100 * MS, last), (1, last + 100 * MS, 2 * last),
    ]  # fmt: skip


def test_an_environment_that_dies_at_a_tick_is_not_in_the_level_of_that_tick(run: Run) -> None:
    """Idle from 100 ms for 900 ms: one at most, for a second, and none at the tick of 1 s."""
    said = behind(at(0), {"idle_lifetime": "900 ms"}, run={"duration": "3 s", "period": "1 s"})
    ran = run(said)
    rows = ran.levels(ran.plan.gauge(GaugeKind.ENVIRONMENTS, 0))
    assert [(row.at_ns, row.level, row.peak, row.area) for row in rows] == [(SECOND, 0, 1, SECOND)]
    assert [row.died_ns for row in ran.environments] == [SECOND]


def test_what_lies_below_in_the_stack_dies_while_the_top_is_kept_alive(run: Run) -> None:
    """Two at once, then one each 500 ms: number 0 is never used again."""
    ran = run(behind(at(0, 0, *range(500 * MS, 5 * SECOND, 500 * MS)), {"idle_lifetime": "1 s"}))
    died = {row.environment: row.died_ns for row in ran.environments}
    assert died == {0: 1100 * MS, 1: 4600 * MS + SECOND}
    assert sorted((row.environment, row.served) for row in ran.environments) == [(0, 1), (1, 10)]


def test_at_the_start_there_may_be_environments_that_live_from_0_on(run: Run) -> None:
    said = behind(
        at(0, SECOND - 1, 2 * SECOND),
        {"idle_lifetime": "1 s", "cold_start": {"provisioning": "1 s", "init": "1 s"}},
    )
    said["initial"] = {"environments": {"f": 3}}
    ran = run(said)
    assert environments(ran) == [2, 2, 2]
    assert {row.latency_ns for row in ran.attempts} == {100 * MS}
    died = {row.environment: (row.born_ns, row.died_ns, row.served) for row in ran.environments}
    assert died[0] == died[1] == (0, SECOND, 0)


def test_an_environment_serves_one_request_at_a_time(run: Run) -> None:
    ran = run(behind(at(0, 99 * MS, 100 * MS - 1)))
    assert environments(ran) == [0, 1, 2]
    assert max(row.peak for row in ran.levels(ran.plan.gauge(GaugeKind.CONCURRENCY, 0))) == 3


def test_an_environment_is_free_for_a_request_of_the_instant_in_which_it_ends(run: Run) -> None:
    ran = run(behind(at(0, 100 * MS), {"reserved_concurrency": 1}))
    assert environments(ran) == [0, 0]
    assert ran.statuses == [200, 200]


# what a function's end looks like from outside


@pytest.mark.parametrize(
    ("function", "status", "why", "outcome", "integration_status"),
    [
        ({}, 200, "OK", "OK", 200),
        ({"response": {"status": 404}}, 404, "BACKEND_4XX", "OK", 404),
        ({"response": {"status": 503}}, 503, "BACKEND_5XX", "OK", 503),
        ({"crash": "100 %"}, 502, "FUNCTION_ERROR", "CRASH", None),
        ({"malformed": "100 %"}, 502, "MALFORMED_RESPONSE", "MALFORMED", None),
        ({"crash": "100 %", "malformed": "100 %"}, 502, "FUNCTION_ERROR", "CRASH", None),
        ({"reserved_concurrency": 0}, 500, "LAMBDA_THROTTLED", "THROTTLED_RESERVED", 429),
    ],
)
def test_behind_a_rest_proxy(
    run: Run, function: dict[str, Any], status: int, why: str, outcome: str, integration_status: int | None
) -> None:
    ran = run(behind(at(0), function))
    (row,) = ran.attempts
    assert (row.status, row.reason, row.integration_status) == (status, why, integration_status)
    assert [job.outcome for job in ran.invocations] == [outcome]


@pytest.mark.parametrize(("size", "status"), [("6 MB", 200), ("6291457 B", 502)])
def test_an_answer_above_lambdas_6_mb_is_a_502(run: Run, size: str, status: int) -> None:
    (row,) = run(behind(at(0), {"response": {"size": size}})).attempts
    assert (row.status, row.reason) == (status, "OK" if status == 200 else "RESPONSE_TOO_LARGE")


def test_an_http_backend_may_answer_more_than_6_mb(run: Run) -> None:
    said = story(
        backends={"h": {"http": {"latency": "1 ms", "size": "9 MB"}}}, integration={"http_proxy": "h"}
    )
    assert run(said).statuses == [200]


@pytest.mark.parametrize(("duration", "status", "took"), [("3 s", 200, 3), ("3.000000001 s", 502, 3)])
def test_a_functions_own_timeout_ends_it_with_a_502(run: Run, duration: str, status: int, took: int) -> None:
    """Init of 10 s is not in it."""
    cold = {"provisioning": "0 ms", "init": "10 s"}
    ran = run(behind(at(0), {"duration": duration, "timeout": "3 s", "cold_start": cold}))
    (row,), (job,) = ran.attempts, ran.invocations
    assert (row.status, row.latency_ns) == (status, (10 + took) * SECOND)
    assert (row.reason, job.outcome) == (("OK", "OK") if status == 200 else ("FUNCTION_TIMEOUT", "TIMEOUT"))
    assert job.duration_ns == took * SECOND


def test_an_answer_exactly_at_the_integrations_timeout_is_in_time(run: Run) -> None:
    assert run(behind(at(0), {"duration": "1 s"}, "1 s")).statuses == [200]
    (row,) = run(behind(at(0), {"duration": "1.000000001 s"}, "1 s")).attempts
    assert (row.status, row.reason, row.latency_ns, row.integration_ns) == (
        504,
        "INTEGRATION_TIMEOUT",
        SECOND,
        SECOND,
    )


def test_the_integrations_timeout_runs_from_the_relay_and_covers_lambdas_overhead(run: Run) -> None:
    """9 ms of overhead before the relay are not in the second; 400 ms of Lambda's service are."""
    overheads = {"rest_overhead": "18 ms", "lambda_overhead": "400 ms"}
    (row,) = run(behind(at(0), {"duration": "600 ms"}, "1 s", assumptions=overheads)).attempts
    assert (row.status, row.latency_ns) == (200, 18 * MS + SECOND)
    (row,) = run(behind(at(0), {"duration": "601 ms"}, "1 s", assumptions=overheads)).attempts
    assert (row.status, row.latency_ns, row.integration_ns) == (504, 18 * MS + SECOND, SECOND)


def test_a_gateway_timeout_does_not_stop_the_function(run: Run) -> None:
    """5 s of work, given up after one: until 5 s it holds the only unit of concurrency, and the whole is on the bill."""
    ran = run(
        behind(
            at(0, 5 * SECOND - 1, 5 * SECOND),
            {"duration": "5 s", "reserved_concurrency": 1},
            "1 s",
        )
    )
    assert [(row.status, row.latency_ns) for row in ran.attempts] == [(504, SECOND), (500, 0), (504, SECOND)]
    ends = [(job.outcome, job.duration_ns, job.abandoned) for job in ran.invocations]
    assert ends == [("THROTTLED_RESERVED", None, 0), ("OK", 5 * SECOND, 1), ("OK", 5 * SECOND, 1)]
    (environment,) = ran.environments
    assert (environment.served, environment.last_used_ns) == (2, 10 * SECOND)


def test_what_runs_on_after_a_gateway_timeout_is_billed_whole_with_its_init(run: Run) -> None:
    """2 GB for 80 ms of Init and 4.9205 s of work, which is 5.0005 s, billed as 5.001 s: 10.002 GB-s; provisioning is free."""
    cold = {"provisioning": "1 s", "init": "80 ms"}
    said = behind(at(0), {"duration": "4920.5 ms", "memory": "2048 MB", "cold_start": cold}, "1 s")
    summary = sim.run(planned_as_data(said)).summary
    assert summary["requests"]["by_reason"] == {"INTEGRATION_TIMEOUT": 1}
    assert summary["functions"]["f"]["billed_gb_s"] == pytest.approx(10.002, abs=1e-9)
    assert summary["clients"]["c"]["executed_for_nobody"] == 1


def planned_as_data(said: Any) -> Any:
    """The one arrival at 0 as an even process, which `sim.run` takes."""
    said["clients"]["c"]["arrivals"] = {"process": "even", "rate": "0.01/s"}
    return said


def test_an_invocation_that_reaches_lambda_after_the_timeout_runs_for_nobody(run: Run) -> None:
    """Lambda's service takes 2 s, the integration waits for one: exactly at its limit is too late to begin."""
    for service, arrived in (("1 s", SECOND), ("2 s", 2 * SECOND)):
        ran = run(behind(at(0), None, "1 s", assumptions={"lambda_overhead": service}))
        assert [(row.status, row.latency_ns) for row in ran.attempts] == [(504, SECOND)]
        assert [(job.arrived_ns, job.duration_ns, job.abandoned) for job in ran.invocations] == [
            (arrived, 100 * MS, 1)
        ]


def test_a_refusal_by_lambda_is_answered_after_its_service_overhead_alone(run: Run) -> None:
    overheads = {"rest_overhead": "10 ms", "lambda_overhead": "6 ms"}
    cold = {"provisioning": "1 s", "init": "1 s"}
    (row,) = run(
        behind(at(0), {"reserved_concurrency": 0, "cold_start": cold}, assumptions=overheads)
    ).attempts
    assert (row.status, row.latency_ns, row.integration_ns) == (500, 16 * MS, 6 * MS)
    assert row.response_bytes == len('{"message":"Internal server error"}')


def test_lambdas_service_overhead_holds_no_concurrency(run: Run) -> None:
    """100 ms of service before each: the second begins at 200 ms, when the first has just ended."""
    ran = run(behind(at(0, 100 * MS), {"reserved_concurrency": 1}, assumptions={"lambda_overhead": "100 ms"}))
    assert ran.statuses == [200, 200]


def test_provisioning_and_init_hold_concurrency(run: Run) -> None:
    cold = {"provisioning": "50 ms", "init": "50 ms"}
    ran = run(behind(at(0, 199 * MS, 200 * MS), {"reserved_concurrency": 1, "cold_start": cold}))
    assert sorted((row.arrived_ns // MS, row.status) for row in ran.attempts) == [
        (0, 200),
        (199, 500),
        (200, 200),
    ]


# limits


def test_ten_requests_a_second_for_each_unit_of_concurrency(run: Run) -> None:
    """A reservation of one brings ten at once and one each 100 ms: of 1 ms each, far below its concurrency."""
    spaced = [2 * MS * n for n in range(10)]
    ran = run(
        behind(at(*spaced, 20 * MS, 100 * MS - 1, 100 * MS), {"duration": "1 ms", "reserved_concurrency": 1})
    )
    assert ran.statuses == [200] * 10 + [500, 500, 200]
    refused = ran.attempts[10]
    assert refused.refused_by == "f reserved requests per second"
    assert [job.outcome for job in ran.invocations][10] == "THROTTLED_RPS"


def test_the_number_of_requests_for_each_unit_of_concurrency_can_be_another(run: Run) -> None:
    """Three a second for a reservation of two: six at once, and the seventh finds a token after 167 ms."""
    brief = {"duration": "0.000001 ms", "reserved_concurrency": 2}
    account = {"lambda_requests_per_concurrency": 3}
    ran = run(behind(at(*range(0, 14, 2), 166 * MS, 167 * MS), brief, account=account))
    assert ran.statuses == [200] * 6 + [500, 500, 200]


def test_a_raised_reservation_brings_more_requests_a_second(run: Run) -> None:
    """One brings ten at once. From 1 s on two bring twenty: ten are there still, and one comes each 50 ms."""
    brief = {"duration": "0.000001 ms", "reserved_concurrency": 1}
    said = behind(at(*range(SECOND, SECOND + 22, 2), SECOND + 50 * MS), brief)
    said["timeline"] = [{"at": "1 s", "set": {"functions.f.reserved_concurrency": 2}}]
    assert run(said).statuses == [200] * 10 + [500, 200]


def test_unreserved_functions_share_the_accounts_requests_per_second(run: Run) -> None:
    """An account of 10: 100 at once in all. 60 and 60 of nothing but a nanosecond's work, one after the other."""
    brief = {"duration": "0.000001 ms"}
    ran = run(
        story(
            functions={"f": brief, "g": brief},
            methods={f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in "fg"},
            clients={
                "f": client(at(*range(0, 120, 2)), "GET /f"),
                "g": client(at(*range(120, 240, 2)), "GET /g"),
            },
            account={"lambda_concurrency": 10},
        )
    )
    assert [sum(row.status == 200 for row in ran.of(name)) for name in "fg"] == [60, 40]
    assert {row.refused_by for row in ran.of("g")} == {None, "Lambda account requests per second"}


def test_concurrency_used_elsewhere_is_taken_from_the_account(run: Run) -> None:
    said = behind(
        at(0, 0, 0, 0), account={"lambda_concurrency": 10, "used_elsewhere": {"lambda_concurrency": 8}}
    )
    assert sorted(run(said).statuses) == [200, 200, 500, 500]


def test_unreserved_concurrency_is_shared_and_reserved_is_not_touched(run: Run) -> None:
    """Of 102 are 1 reserved for r: f and g share 101, in the order in which they come."""
    each = {"duration": "1 s"}
    ran = run(
        story(
            functions={"f": each, "g": each, "r": {**each, "reserved_concurrency": 1}},
            methods={f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in "fgr"},
            clients={
                "f": client(at(*[0] * 100), "GET /f"),
                "g": client(at(*[1] * 3), "GET /g"),
                "r": client(at(2, 2), "GET /r"),
            },
            account={"lambda_concurrency": 102},
        )
    )
    assert {name: sum(row.status == 200 for row in ran.of(name)) for name in "fgr"} == {
        "f": 100,
        "g": 1,
        "r": 1,
    }
    assert {row.refused_by for row in ran.attempts} == {
        None, "Lambda account concurrency", "r reserved concurrency",
    }  # fmt: skip
    gauge = ran.plan.gauge
    assert max(row.peak for row in ran.levels(gauge(GaugeKind.ACCOUNT_CONCURRENCY))) == 102
    assert max(row.peak for row in ran.levels(gauge(GaugeKind.UNRESERVED_CONCURRENCY))) == 101


def test_a_refused_invocation_spends_no_request(run: Run) -> None:
    """Ten requests for a reservation of one. Nine are refused while the first runs; the tenth token is still there."""
    ran = run(behind(at(*range(10), *[100 * MS] * 1), {"reserved_concurrency": 1, "duration": "50 ms"}))
    assert sorted(ran.statuses) == [200, 200] + [500] * 9
    assert {row.refused_by for row in ran.attempts} == {None, "f reserved concurrency"}


# who asked for the work


def test_a_jobs_row_names_the_attempt_that_caused_it_and_whether_it_may_be_repeated(run: Run) -> None:
    ran = run(
        story(
            functions={"f": {"duration": "100 ms"}},
            methods={"GET /": {"integration": FUNCTION}, "POST /": {"integration": FUNCTION}},
            clients={"c": client(at(0), "GET /"), "d": client(at(1), "POST /")},
        )
    )
    rows = [(job.client, job.call, job.attempt, job.idempotent, job.repeated) for job in ran.invocations]
    assert rows == [("c", 0, 1, 1, 0), ("d", 0, 1, 0, 0)]
