"""AWS services behind integrations: their own rate, and what a client gets of their refusals."""

from __future__ import annotations

from typing import Any

from engine.running import MS, Run, at, client, story

SERVICE = {"rate": "2/s", "burst": 2, "latency": "10 ms"}


def serving(
    arrivals: Any, integration: dict[str, Any] | None = None, body: str = "0 B", **service: Any
) -> Any:
    """PUT / goes to a service of 2/s with a burst of 2, unless `service` says otherwise."""
    return story(
        route="PUT /",
        integration={"service": "s", **(integration or {})},
        backends={"s": {"service": {**SERVICE, **service}}},
        clients={"c": client(arrivals, [{"call": "PUT /", "body": body}])},
    )


def test_what_a_service_refuses_is_a_200_to_the_client_unless_it_is_mapped(run: Run) -> None:
    """Six requests in half a second: the burst of two, then nothing until 500 ms have made one token."""
    times = at(*(n * 100 * MS for n in range(6)))
    ran = run(serving(times))
    assert ran.statuses == [200] * 6
    assert [(row.reason, row.integration_status, row.refused_by, row.latency_ns // MS) for row in ran.attempts] == [
        ("OK", 200, None, 10), ("OK", 200, None, 10),
        *[("SERVICE_THROTTLED", 400, "s rate", 0)] * 3,
        ("OK", 200, None, 10),
    ]  # fmt: skip
    assert [row.outcome for row in ran.invocations].count("SERVICE_THROTTLED") == 3
    assert run(serving(times, {"responses": {"400": 429}})).statuses == [200, 200, 429, 429, 429, 200]
    assert run(serving(times, {"responses": {"503": 503}}, throttle_status=503)).statuses[2:5] == [503] * 3


def test_a_full_bucket_holds_its_burst_and_fills_at_its_rate(run: Run) -> None:
    """30 s at 10/s against 2/s and a burst of 5: 5 + 2 x 29.9 = 64.8 tokens, so 64 are taken."""
    ran = run(
        serving(at(*(n * 100 * MS for n in range(300))), rate="2/s", burst=5) | {"run": {"duration": "30 s"}}
    )
    assert ran.count("OK") == 64
    assert ran.count("SERVICE_THROTTLED") == 300 - 64


def test_a_request_pays_for_each_unit_of_bytes_that_it_begins(run: Run) -> None:
    """A burst of 6 tokens of 1 KB each, never refilled: bodies of 2 KB and a byte take three, of 1 KB one."""

    def taken(body: str) -> int:
        return run(serving(at(*range(8)), body=body, rate="0/s", burst=6, unit="1 KB")).count("OK")

    assert [taken(body) for body in ("0 B", "1 KB", "1025 B", "2 KB", "2049 B", "7 KB")] == [6, 6, 3, 3, 2, 0]


def test_a_request_of_more_tokens_than_a_bucket_can_count_is_refused(run: Run) -> None:
    """10 MB at a token a byte are 10,485,760 x 10^12 units, beyond 63 bits; the largest bucket has 9,000,000."""
    ran = run(serving(at(0, 1), body="10 MB", rate="0/s", burst=9_000_000, unit="1 B"))
    assert ran.reasons == ["SERVICE_THROTTLED"] * 2


def test_a_service_works_without_places_and_at_its_latency(run: Run) -> None:
    ran = run(serving(at(*[0] * 50), rate="0/s", burst=50, status=201, size="3 KB"))
    assert {(row.status, row.integration_status, row.latency_ns) for row in ran.attempts} == {
        (200, 201, 10 * MS)
    }
    assert {row.response_bytes for row in ran.attempts} == {3 * 1024}


def test_the_account_and_the_method_are_asked_first(run: Run) -> None:
    """What a throttle of the gateway's own refuses spends nothing of the service's."""
    said = serving(at(0, 1, 2), burst=9)
    said["apis"]["a"]["stages"]["s"]["method_settings"] = {
        "every_method": {"throttle": {"rate": "0/s", "burst": 1}}
    }
    ran = run(said)
    assert ran.reasons.count("THROTTLED") == 2
    assert len(ran.invocations) == 1


def test_a_stage_variable_that_names_a_server_for_a_service_is_a_500(run: Run) -> None:
    said = serving(at(0), {"service": "${stageVariables.to}"})
    said["backends"]["h"] = {"http": {"latency": "5 ms"}}
    said["apis"]["a"]["stages"]["s"]["variables"] = {"to": "h"}
    assert run(said).reasons == ["API_CONFIGURATION_ERROR"]
    said["apis"]["a"]["stages"]["s"]["variables"] = {"to": "s"}
    assert run(said).reasons == ["OK"]


def test_a_service_that_is_out_of_order_spends_no_token(run: Run) -> None:
    """An outage to 150 ms, and a bucket of two that never fills: the two after it are taken."""
    said = serving(at(0, 100 * MS, 200 * MS, 300 * MS), rate="0/s")
    said["timeline"] = [{"at": "0 s", "fault": {"backend": "s", "outage": True, "for": "150 ms"}}]
    assert run(said).reasons == ["INTEGRATION_FAILURE", "INTEGRATION_FAILURE", "OK", "OK"]
