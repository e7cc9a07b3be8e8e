"""Provisioned concurrency (facts 10.1, 10.2): what it runs, what it is taken from, how long it takes to come."""

from __future__ import annotations

from typing import Any

from engine.running import MS, NO_LAMBDA_LIMITS, SECOND, Ran, Run, at, client, story

from apigw_sim.plan.tables import GaugeKind

COLD = {"provisioning": "60 ms", "init": "40 ms"}
READY = [{"provisioned": True}]


def provisioned(
    arrivals: Any, count: int, function: dict[str, Any] | None = None, *timeline: dict[str, Any], **parts: Any
) -> dict[str, Any]:
    """GET / invokes f:PROD, version 1, of which `count` are provisioned; 100 ms, and 100 ms more where it is cold."""
    body = {
        "duration": "100 ms", "cold_start": COLD, "versions": {"1": {}}, "aliases": {"PROD": "1"},
        "provisioned_concurrency": {"PROD": count}, **(function or {}),
    }  # fmt: skip
    account = {**NO_LAMBDA_LIMITS, **parts.pop("account", {})}
    return story(
        arrivals,
        {"lambda_proxy": "f:PROD"},
        functions={"f": body},
        timeline=list(timeline),
        account=account,
        **parts,
    )


def how(ran: Ran) -> list[str]:
    """Of each invocation in the order of arrival: what it ran on."""

    def one(row: Any) -> str:
        if row.duration_ns is None:
            return str(row.outcome)
        if row.provisioning_ns is None:
            return "provisioned"
        return ("spilled, " if row.refused_by else "") + ("warm" if row.init_ns is None else "cold")

    return [one(row) for row in sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))]


def set_to(when: str, count: int) -> dict[str, Any]:
    return {"at": when, "set": {"functions.f.provisioned_concurrency.PROD": count}}


def allocations(ran: Ran) -> list[tuple[int, int]]:
    """When how much was there."""
    return [(row.at_ns, row.allocated) for row in ran.journal if row.provision is not None]


def test_it_has_no_cold_start_and_what_finds_none_free_spills_over(run: Run) -> None:
    """Two are ready, and the third at once starts an environment of its own: AWS's words of a spill-over."""
    ran = run(provisioned(at(0, 0, 0, 300 * MS), 2))
    assert how(ran) == ["provisioned", "provisioned", "spilled, cold", "provisioned"]
    assert sorted(row.latency_ns for row in ran.attempts) == [100 * MS] * 3 + [200 * MS]
    assert sorted((row.provisioned, row.served) for row in ran.environments) == [(0, 1), (1, 1), (1, 2)]


def test_of_200_provisioned_out_of_400_reserved_200_are_warm_200_may_be_cold_and_the_rest_is_throttled(
    run: Run,
) -> None:
    """AWS's example (facts 10.1): PC 200 + RC 400 -> 0-200 warm, 201-400 may be cold, 401+ throttled."""
    ran = run(provisioned(at(*[0] * 450), 200, {"reserved_concurrency": 400}))
    assert how(ran) == ["provisioned"] * 200 + ["spilled, cold"] * 200 + ["THROTTLED_RESERVED"] * 50


def test_what_is_provisioned_out_of_no_reservation_is_taken_from_the_account(run: Run) -> None:
    """Of 1,000 in the account 300 are provisioned for f: g has 700, and f's own spill-over shares those."""
    said = provisioned(at(0), 300)
    said["functions"]["g"] = {"duration": "100 ms", "cold_start": "none"}
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"] = {"g": client(at(*[0] * 750), "GET /g"), "f": client(at(*[MS] * 301))}
    ran = run(said)
    rows = [row for row in ran.invocations if row.backend == "g"]
    assert sum(row.outcome == "OK" for row in rows) == 700
    assert sum(row.outcome == "THROTTLED_ACCOUNT" for row in rows) == 50
    assert how(Ran(ran.plan, ran.tables))[-301:] == ["provisioned"] * 300 + ["THROTTLED_ACCOUNT"]


def test_where_all_that_is_reserved_is_provisioned_latest_is_throttled(run: Run) -> None:
    """AWS's page: if the sum of provisioned concurrency is the reservation, $LATEST is throttled."""
    said = provisioned(at(0), 10, {"reserved_concurrency": 10})
    said["apis"]["a"]["methods"]["GET /latest"] = {"integration": {"lambda_proxy": "f"}}
    said["clients"] = {"c": client(at(0)), "l": client(at(SECOND), "GET /latest")}
    assert how(run(said)) == ["provisioned", "THROTTLED_RESERVED"]


def test_ten_of_them_take_ten_at_once_and_a_hundred_a_second(run: Run) -> None:
    """AWS's page: provisioned concurrency of 10 spills over after 10 at once or 100 requests a second.

    101 in 101 ms, 5 ms each, so one or two at once: the hundredth empties the bucket but for what 100/s refill.
    """
    function = {"duration": "0.5 ms", "cold_start": "none"}
    account = {"lambda_requests_per_concurrency": 10}
    ran = run(provisioned(at(*[n * MS for n in range(115)]), 10, function, account=account))
    found = how(ran)
    # At n ms the bucket has held 100 + n/10 tokens in all: the first without one is n = 111, 111 <= 111.1 still is.
    first = next(n for n, each in enumerate(found) if each != "provisioned")
    assert first == next(n for n in range(200) if n + 1 > 100 + n / 10)
    assert found[first].startswith("spilled")
    assert found.count("provisioned") == sum(1 for each in found if each == "provisioned") >= 110


def test_an_allocation_takes_its_preparation_and_six_thousand_a_minute_and_comes_all_at_once(
    run: Run,
) -> None:
    """90 s of preparation and 10 ms each: of 300 asked for at 10 s none is there before 103 s, and then all are."""
    arrivals = at(*[103 * SECOND - 1] * 2, *[104 * SECOND] * 300)
    ran = run(provisioned(arrivals, 0, {}, set_to("10 s", 300), run={"duration": "3 min"}))
    assert allocations(ran) == [(103 * SECOND, 300)]
    assert how(ran) == ["cold"] * 2 + ["provisioned"] * 300


def test_what_there_is_serves_on_while_more_of_it_comes(run: Run) -> None:
    """From 1 to 3: two more take 90.02 s; the third call at once is at 90 s still a spill-over."""
    arrivals = at(*[90 * SECOND] * 2, *[91 * SECOND] * 3)
    ran = run(provisioned(arrivals, 1, {"cold_start": "none"}, set_to("0 s", 3), run={"duration": "2 min"}))
    assert allocations(ran) == [(90 * SECOND + 20 * MS, 3)]
    assert how(ran) == ["provisioned", "spilled, cold".replace("cold", "warm"), *["provisioned"] * 3]


def test_less_is_there_at_once_and_the_busy_ones_go_when_they_are_free(run: Run) -> None:
    ran = run(provisioned(at(0, 0, 0, 60 * MS, 150 * MS), 3, {"cold_start": "none"}, set_to("50 ms", 1)))
    assert how(ran) == ["provisioned"] * 3 + ["spilled, warm", "provisioned"]
    gone = sorted(row.died_ns for row in ran.environments if row.provisioned and row.died_ns is not None)
    assert gone == [100 * MS, 100 * MS]
    alive = ran.levels(ran.plan.gauge(GaugeKind.ENVIRONMENTS, 1))
    assert alive[-1].level == 2  # the one that is left, and the one on demand


def test_what_is_asked_for_last_is_what_comes(run: Run) -> None:
    """20 at 0 s would be there at 90.2 s; at 30 s the wish is 5, which are there at 120.05 s."""
    ran = run(provisioned(at(0), 0, {}, set_to("0 s", 20), set_to("30 s", 5), run={"duration": "3 min"}))
    assert allocations(ran) == [(120 * SECOND + 50 * MS, 5)]


def test_the_pool_is_smaller_from_the_request_on(run: Run) -> None:
    """Facts 10.1: it counts against the account. 899 are asked for at 1 s, of 1,000: 101 on demand are left."""
    said = provisioned(at(*[2 * SECOND] * 150), 0, {}, set_to("1 s", 899))
    assert how(run(said)) == ["cold"] * 101 + ["THROTTLED_ACCOUNT"] * 49


def test_a_reservation_that_comes_leaves_the_account_its_own(run: Run) -> None:
    """Of 1,000, 100 are provisioned. At 1 s f gets a reservation of 400: 600 are left to g, and f has 400 in all."""
    change = {"at": "1 s", "set": {"functions.f.reserved_concurrency": 400}}
    said = provisioned(at(0), 100, {}, change)
    said["functions"]["g"] = {"duration": "100 ms", "cold_start": "none"}
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"] = {"f": client(at(*[2 * SECOND] * 450)), "g": client(at(*[2 * SECOND] * 700), "GET /g")}
    ran = run(said)
    served = {
        name: sum(row.client == name and row.outcome == "OK" for row in ran.invocations) for name in "fg"
    }
    assert served == {"f": 400, "g": 600}


def test_concurrency_of_the_function_and_of_the_account_counts_both_kinds(run: Run) -> None:
    """Three at once: two provisioned, one on demand, which alone counts as unreserved."""
    ran = run(provisioned(at(0, 0, 0), 2))
    gauge = ran.plan.gauge
    peaks = [ran.peak(gauge(kind)) for kind in (GaugeKind.CONCURRENCY, GaugeKind.ACCOUNT_CONCURRENCY)]
    assert peaks == [3, 3]
    assert ran.peak(gauge(GaugeKind.UNRESERVED_CONCURRENCY)) == 1
    assert ran.peak(gauge(GaugeKind.PROVISIONED_IN_USE)) == 2
    assert ran.peak(gauge(GaugeKind.PROVISIONED_UTILIZATION)) == 1000
    assert ran.area(gauge(GaugeKind.PROVISIONED_UTILIZATION)) == 1000 * 100 * MS


def test_an_outage_and_a_timeout_hold_for_it_too(run: Run) -> None:
    fault = {"at": "1 s", "fault": {"function": "f", "outage": True, "for": "1 s"}}
    slow = {"duration": "3 s", "timeout": "2 s"}
    ran = run(provisioned(at(0, 1500 * MS, 3 * SECOND), 2, slow, fault))
    assert [row.outcome for row in ran.invocations] == ["OUTAGE", "TIMEOUT", "TIMEOUT"]
    assert {row.duration_ns for row in ran.invocations} == {None, 2 * SECOND}
