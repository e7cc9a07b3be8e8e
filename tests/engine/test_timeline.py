"""What happens in mid-run: faults, and limits that are set (those of throttles and caches stand with theirs)."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MS, SECOND, SERVER, Ran, Run, at, client, story

from apigw_sim.plan.tables import GaugeKind


def faulty(arrivals: Any, *faults: dict[str, Any], backend: bool = False, **parts: Any) -> dict[str, Any]:
    """GET / behind a function, or a server, of 100 ms, and faults of it: {at, ..., for}."""
    target = {"backend": "h"} if backend else {"function": "f"}
    timeline = [{"at": fault.pop("at"), "fault": {**target, **fault}} for fault in faults]
    behind = (
        {"backends": {"h": {"http": {"latency": "100 ms", **parts.pop("server", {})}}}}
        if backend
        else {"functions": {"f": {"duration": "100 ms", **parts.pop("function", {})}}}
    )
    return story(arrivals, SERVER if backend else FUNCTION, timeline=timeline, **behind, **parts)


def took(ran: Ran) -> list[int]:
    """Milliseconds of work, in the order of arrival."""
    rows = sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))
    return [(row.duration_ns or 0) // MS for row in rows]


# faults


@pytest.mark.parametrize("backend", [False, True], ids=["function", "backend"])
def test_a_slow_fault_stretches_the_work_that_starts_while_it_lasts(run: Run, backend: bool) -> None:
    """From 1 s up to 2 s, the end not included; what began at 0.95 s takes its 100 ms."""
    instants = at(950 * MS, SECOND - 1, SECOND, 2 * SECOND - 1, 2 * SECOND)
    ran = run(faulty(instants, {"at": "1 s", "slow": 6, "for": "1 s"}, backend=backend))
    assert took(ran) == [100, 100, 600, 600, 100]
    assert [(row.at_ns, row.event, row.ends) for row in ran.journal] == [(SECOND, 0, 0), (2 * SECOND, 0, 1)]


def test_a_slow_fault_may_also_be_a_fast_one(run: Run) -> None:
    assert took(run(faulty(at(SECOND), {"at": "1 s", "slow": 0.25, "for": "1 s"}))) == [25]


def test_a_slow_fault_leaves_cold_starts_alone(run: Run) -> None:
    cold = {"cold_start": {"provisioning": "50 ms", "init": "80 ms"}}
    ran = run(faulty(at(SECOND), {"at": "1 s", "slow": 3, "for": "1 s"}, function=cold))
    assert ran.attempts[0].latency_ns == (50 + 80 + 300) * MS


def test_a_slow_fault_may_drive_a_function_into_its_own_timeout(run: Run) -> None:
    ran = run(faulty(at(SECOND), {"at": "1 s", "slow": 20, "for": "1 s"}, function={"timeout": "1 s"}))
    assert [(row.status, row.reason, row.latency_ns) for row in ran.attempts] == [
        (502, "FUNCTION_TIMEOUT", SECOND)
    ]


@pytest.mark.parametrize(
    ("backend", "status", "why", "outcome"),
    [(False, 502, "FUNCTION_ERROR", "CRASH"), (True, 503, "BACKEND_5XX", "OK")],
    ids=["function", "backend"],
)
def test_errors_are_crashes_of_a_function_and_503s_of_a_backend(
    run: Run, backend: bool, status: int, why: str, outcome: str
) -> None:
    ran = run(
        faulty(at(0, SECOND, 2 * SECOND), {"at": "1 s", "errors": "100 %", "for": "1 s"}, backend=backend)
    )
    assert [(row.status, row.reason, row.latency_ns) for row in ran.attempts] == [
        (200, "OK", 100 * MS), (status, why, 100 * MS), (200, "OK", 100 * MS),
    ]  # fmt: skip
    assert [job.outcome for job in ran.invocations] == ["OK", outcome, "OK"]


def test_errors_come_in_their_share_and_are_those_of_a_larger_share_too(run: Run) -> None:
    """Of 1,000 a fifth: 200 +- 62, a false alarm in a million; and whoever fails at 20 % fails at 60 %."""
    failed = {}
    for share in (20, 60):
        ran = run(faulty(at(*range(1_000)), {"at": "0 s", "errors": f"{share} %", "for": "1 s"}))
        failed[share] = {row.call for row in ran.attempts if row.status == 502}
    assert 138 < len(failed[20]) < 262
    assert failed[20] < failed[60]


@pytest.mark.parametrize(
    ("backend", "status", "why"),
    [(False, 500, "API_CONFIGURATION_ERROR"), (True, 504, "INTEGRATION_FAILURE")],
    ids=["function", "backend"],
)
def test_an_outage_fails_at_once(run: Run, backend: bool, status: int, why: str) -> None:
    ran = run(faulty(at(0, SECOND, 2 * SECOND), {"at": "1 s", "outage": True, "for": "1 s"}, backend=backend))
    down = ran.attempts[1]
    assert (down.status, down.reason, down.latency_ns, down.integration_ns) == (status, why, 0, 0)
    assert [job.outcome for job in ran.invocations] == ["OK", "OUTAGE", "OK"]
    assert (ran.attempts[0].status, ran.attempts[2].status) == (200, 200)


def test_an_outage_does_not_touch_what_runs_already(run: Run) -> None:
    for backend in (False, True):
        ran = run(faulty(at(SECOND - 1), {"at": "1 s", "outage": True, "for": "1 s"}, backend=backend))
        assert ran.statuses == [200]


def test_an_outage_meets_who_waited_in_the_queue_when_his_turn_comes(run: Run) -> None:
    """A fault acts on work that starts while it lasts: the second begins at 1.05 s, in the outage."""
    ran = run(
        faulty(
            at(950 * MS, 960 * MS), {"at": "1 s", "outage": True, "for": "1 s"},
            backend=True, server={"concurrency": 1, "queue": 5},
        )
    )  # fmt: skip
    assert [(row.status, row.reason) for row in ran.attempts] == [(200, "OK"), (504, "INTEGRATION_FAILURE")]
    assert ran.attempts[1].latency_ns == 90 * MS


def test_faults_of_different_kinds_act_together(run: Run) -> None:
    """Slow 2 from 1 s to 4 s, errors from 2.5 s to 3.5 s, an outage from 3 s to 4.5 s."""
    ran = run(
        faulty(
            at(*range(500 * MS, 5500 * MS, 1000 * MS)),
            {"at": "1 s", "slow": 2, "for": "3 s"},
            {"at": "2.5 s", "errors": "100 %", "for": "1 s"},
            {"at": "3 s", "outage": True, "for": "1.5 s"},
        )
    )
    assert took(ran) == [100, 200, 200, 0, 100]
    assert ran.statuses == [200, 200, 502, 500, 200]


def test_a_fault_that_follows_another_at_its_end_takes_over(run: Run) -> None:
    ran = run(
        faulty(
            at(SECOND, 2 * SECOND, 3 * SECOND),
            {"at": "2 s", "slow": 3, "for": "1 s"},
            {"at": "1 s", "slow": 2, "for": "1 s"},
        )
    )
    assert took(ran) == [200, 300, 100]


def test_a_fault_of_one_function_leaves_the_others(run: Run) -> None:
    each = {"duration": "100 ms"}
    ran = run(
        story(
            functions={"f": each, "g": each},
            methods={f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in "fg"},
            clients={name: client(at(SECOND), f"GET /{name}") for name in "fg"},
            timeline=[{"at": "1 s", "fault": {"function": "g", "slow": 3, "for": "1 s"}}],
        )
    )
    assert {row.client: row.latency_ns // MS for row in ran.attempts} == {"f": 100, "g": 300}


def test_a_fault_may_outlast_the_run(run: Run) -> None:
    ran = run(faulty(at(9 * SECOND), {"at": "1 s", "slow": 20, "for": "1 h"}))
    assert took(ran) == [2000]
    assert ran.statuses == [200]


# limits that are set


def setting(arrivals: Any, *sets: tuple[str, dict[str, Any]], **parts: Any) -> dict[str, Any]:
    """GET / behind a function of 100 ms, and what is set when."""
    parts["functions"] = {"f": {"duration": "100 ms", **parts.pop("function", {})}, **parts.pop("others", {})}
    return story(arrivals, FUNCTION, timeline=[{"at": when, "set": to} for when, to in sets], **parts)


RESERVED = "functions.f.reserved_concurrency"


def test_a_reservation_acts_at_once_and_does_not_end_what_runs(run: Run) -> None:
    """Three run when two are reserved at 50 ms: none more until at 100 ms all three are done; then two."""
    ran = run(setting(at(0, 0, 0, 50 * MS, 99 * MS, 100 * MS, 100 * MS, 100 * MS), ("50 ms", {RESERVED: 2})))
    by_call = {row.call: row.status for row in ran.attempts}
    assert by_call == {0: 200, 1: 200, 2: 200, 3: 500, 4: 500, 5: 200, 6: 200, 7: 500}
    assert {row.refused_by for row in ran.attempts} == {None, "f reserved concurrency"}


def test_what_runs_moves_between_the_pools_with_a_reservation(run: Run) -> None:
    """An account of 101. g takes all the 101; at 50 ms 1 is reserved for f, so g's next ones meet 100.

    Unreserved in use: 101 of g; the reservation of f moves nothing, since f runs nothing.
    """
    said = setting(
        at(60 * MS),
        ("50 ms", {RESERVED: 1}),
        others={"g": {"duration": "1 s"}},
        account={"lambda_concurrency": 101},
    )
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"]["g"] = client(at(*[0] * 101, SECOND, *[SECOND + MS] * 101), "GET /g")
    ran = run(said)
    assert [row.status for row in ran.of("c")] == [200]
    assert sum(row.status == 200 for row in ran.of("g")) == 101 + 100


def test_work_of_a_function_that_gets_a_reservation_leaves_the_unreserved_pool(run: Run) -> None:
    """Account 110: 100 of f run unreserved. At 50 ms 10 are reserved for f: the pool of 100 is free for g."""
    said = setting(
        at(*[0] * 100), ("50 ms", {RESERVED: 10}),
        others={"g": {"duration": "1 s"}}, account={"lambda_concurrency": 110},
    )  # fmt: skip
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"]["g"] = client(at(*[60 * MS] * 101), "GET /g")
    ran = run(said)
    assert sum(row.status == 200 for row in ran.of("g")) == 100
    gauge = ran.plan.gauge(GaugeKind.UNRESERVED_CONCURRENCY)
    (row,) = ran.levels(gauge)
    assert (row.level, row.peak, row.area) == (0, 100, 100 * 50 * MS + 100 * SECOND)


def test_the_accounts_concurrency_and_its_requests_per_second_change_together(run: Run) -> None:
    """From 1 s on 2 at once and 20 a second: of three at once one is refused."""
    ran = run(
        setting(
            at(*[0] * 3, *[SECOND] * 3),
            ("1 s", {"account.lambda_concurrency": 2}),
            account={"lambda_concurrency": 3},
        )
    )
    assert ran.statuses == [200, 200, 200, 500, 200, 200]


def test_a_functions_timeout_holds_for_what_starts_from_then_on(run: Run) -> None:
    ran = run(
        setting(
            at(SECOND - 1, SECOND),
            ("1 s", {"functions.f.timeout": "1 s"}),
            function={"duration": "2 s", "timeout": "3 s"},
        )
    )
    assert sorted((row.arrived_ns, row.status) for row in ran.attempts) == [(SECOND - 1, 200), (SECOND, 502)]


def test_several_settings_of_one_entry_and_entries_of_one_instant_act_in_order(run: Run) -> None:
    """At 1 s the burst becomes 5, then 1, and in the end 2: cut to 1 it stays 1."""
    path = "apis.a.stages.s.method_settings.every_method.throttle.burst"
    said = story(at(*[SECOND] * 3), settings={"throttle": {"rate": "0/s", "burst": 9}})
    said["timeline"] = [{"at": "1 s", "set": {path: burst}} for burst in (5, 1, 2)]
    ran = run(said)
    assert ran.statuses == [200, 429, 429]
    assert [row.event for row in ran.journal] == [0, 1, 2]


def test_a_setting_at_0_holds_for_the_first_request(run: Run) -> None:
    path = "apis.a.stages.s.method_settings.every_method.throttle.burst"
    said = story(at(0, 0), settings={"throttle": {"rate": "0/s", "burst": 9}})
    said["timeline"] = [{"at": "0 s", "set": {path: 1}}]
    assert run(said).statuses == [200, 429]
