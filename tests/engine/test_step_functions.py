"""State machines behind integrations: started by the account's bucket, or run while the caller waits."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import MS, Run, at, client, story


def starting(arrivals: Any, *machines: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """POST /m0, POST /m1 and so on start state machines, by a client each."""
    names = [f"m{number}" for number in range(len(machines))]
    return story(
        methods={
            f"POST /{name}": {"integration": {"service": name, "responses": {"400": 429}}} for name in names
        },
        backends={name: {"step_functions": machine} for name, machine in zip(names, machines, strict=True)},
        clients={name: client(arrivals, f"POST /{name}") for name in names},
        **parts,
    )


STANDARD, EXPRESS = {"latency": "9 ms"}, {"latency": "9 ms", "type": "EXPRESS"}
SYNC = {"type": "EXPRESS", "action": "StartSyncExecution"}


def test_who_starts_an_execution_has_the_answer_at_once(run: Run) -> None:
    (row,) = run(starting(at(0), STANDARD)).attempts
    assert (row.status, row.latency_ns) == (200, 9 * MS)


@pytest.mark.parametrize(("region", "burst"), [("us-east-1", 1300), ("eu-central-1", 800)])
def test_a_bucket_of_the_region_is_for_all_standard_state_machines(run: Run, region: str, burst: int) -> None:
    """Two of them, asked 700 times each at one instant: AWS's own bucket of the Region, and a token every 1/300 or 1/150 s."""
    ran = run(starting(at(*[0] * 700, 10 * MS), STANDARD, STANDARD, account={"region": region}))
    refused = [row for row in ran.attempts if row.status == 429]
    gained = {"us-east-1": 3, "eu-central-1": 1}[region]  # in 10 ms, and two ask
    assert len(refused) == 1402 - burst - min(gained, 2)
    assert {(row.reason, row.integration_status, row.refused_by) for row in refused} == {
        ("SERVICE_THROTTLED", 400, "StartExecution rate")
    }


def test_express_state_machines_have_a_bucket_of_their_own(run: Run) -> None:
    account = {
        "start_execution": {"rate": "0/s", "burst": 2},
        "start_express_execution": {"rate": "0/s", "burst": 5},
    }
    ran = run(starting(at(*[0] * 9), STANDARD, EXPRESS, account=account))
    taken = [row.client for row in ran.attempts if row.status == 200]
    assert (taken.count("m0"), taken.count("m1")) == (2, 5)


def test_a_synchronous_execution_is_waited_for_as_long_as_the_gateway_does(run: Run) -> None:
    """It takes 2 s; a gateway that waits 1.5 s answers 504, and the execution ends for nobody. It has no bucket."""
    ran = run(
        starting(
            at(*[0] * 9),
            {**SYNC, "duration": "2 s"},
            account={"start_express_execution": {"rate": "0/s", "burst": 0}},
        )
    )
    assert [(row.status, row.latency_ns // MS) for row in ran.attempts] == [(200, 2000)] * 9
    said = starting(at(0), {**SYNC, "duration": "2 s"})
    said["apis"]["a"]["methods"]["POST /m0"]["integration"]["timeout"] = "1.5 s"
    ran = run(said)
    assert (ran.statuses, ran.attempts[0].latency_ns // MS) == ([504], 1500)
    (work,) = ran.invocations
    assert (work.duration_ns // MS, work.abandoned) == (2000, 1)
