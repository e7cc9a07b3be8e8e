"""What a timeout or the end of its process does to an environment: its next invocation initialises it again (facts 10.3).

f takes 100 ms, its Init 40 ms and its provisioning 60 ms. GET / invokes it; a fault makes it run into its timeout of 1 s.
"""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import MS, NO_LAMBDA_LIMITS, SECOND, Run, at, client, run_on, story

from apigw_sim.engine.model import Watch

COLD = {"provisioning": "60 ms", "init": "40 ms"}
STUCK = {"at": "0 s", "fault": {"function": "f", "slow": 100, "for": "1 s"}}
CRASHING = {"at": "0 s", "fault": {"function": "f", "errors": "100 %", "for": "1 s"}}


def told(
    arrivals: Any, fault: dict[str, Any] | None = STUCK, callee: str = "f", **function: Any
) -> dict[str, Any]:
    body = {"duration": "100 ms", "cold_start": COLD, "timeout": "1 s", **function}
    return story(
        arrivals, {"lambda_proxy": callee}, functions={"f": body}, account=NO_LAMBDA_LIMITS,
        timeline=[fault] if fault else [], run={"duration": "1 min"},
    )  # fmt: skip


def spans(ran: Any) -> list[tuple[str, int | None, int]]:
    """Of each invocation in the order of arrival: outcome, Init and Duration in ms."""
    rows = sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))
    return [
        (row.outcome, None if row.init_ns is None else row.init_ns // MS, row.duration_ns // MS)
        for row in rows
    ]


def resets(ran: Any) -> list[int]:
    return [row.resets for row in ran.environments]


def test_after_a_timeout_init_is_part_of_the_next_duration_and_of_that_one_alone(run: Run) -> None:
    ran = run(told(at(0, 2 * SECOND, 3 * SECOND)))
    assert spans(ran) == [("TIMEOUT", 40, 1000), ("OK", None, 140), ("OK", None, 100)]
    assert resets(ran) == [1]
    assert len(ran.environments) == 1


def test_a_handler_that_raises_keeps_its_environment_and_a_process_that_ends_does_not(run: Run) -> None:
    """AWS's runtimes post the error of a handler and ask for the next event; Runtime.ExitError is another matter."""
    arrivals = at(0, 2 * SECOND)
    assert spans(run(told(arrivals, CRASHING))) == [("CRASH", 40, 100), ("OK", None, 100)]
    ran = run(told(arrivals, CRASHING, exit_error="100 %"))
    assert spans(ran) == [("CRASH", 40, 100), ("OK", None, 140)]
    assert resets(ran) == [1]


def test_a_timeout_shorter_than_init_never_gets_over_a_reset(run: Run) -> None:
    """As seen of real functions: Init of 1.2 s may take its time in the Init phase, and never within a timeout of 1 s."""
    slow = {"cold_start": {"provisioning": "60 ms", "init": "1.2 s"}}
    ran = run(told(at(0, 3 * SECOND, 5 * SECOND), **slow))
    assert spans(ran) == [("TIMEOUT", 1200, 1000), ("TIMEOUT", None, 1000), ("TIMEOUT", None, 1000)]
    assert resets(ran) == [3]


def test_an_environment_that_was_reset_lives_no_longer_and_no_less_when_idle(run: Run) -> None:
    """The invocation ends at 1.1 s; 5 s later it is gone: who comes at 6.05 s finds it, who comes at 6.1 s does not."""
    lifetime = {"idle_lifetime": "5 s"}
    assert spans(run(told(at(0, 6050 * MS), **lifetime)))[1] == ("OK", None, 140)
    ran = run(told(at(0, 6100 * MS), **lifetime))
    assert spans(ran)[1] == ("OK", 40, 100)
    assert ran.environments[0].died_ns == 6100 * MS


def test_provisioned_environments_are_reset_too(run: Run) -> None:
    version = {"versions": {"1": {}}, "provisioned_concurrency": {"1": 1}}
    ran = run(told(at(0, 2 * SECOND, 3 * SECOND), callee="f:1", **version))
    assert spans(ran) == [("TIMEOUT", None, 1000), ("OK", None, 140), ("OK", None, 100)]
    assert [(row.provisioned, row.resets) for row in ran.environments] == [(1, 1)]


def test_where_nothing_initialises_nothing_takes_time_again(run: Run) -> None:
    assert spans(run(told(at(0, 2 * SECOND), cold_start="none"))) == [
        ("TIMEOUT", None, 1000),
        ("OK", None, 100),
    ]


def test_a_connection_to_a_database_stays_with_an_environment_that_was_reset(run: Run) -> None:
    """A server finds out late that a client has gone: f's environment holds the only connection, and g finds none."""
    queries = {"database": {"name": "d", "query": "0 ms"}}
    said = told(at(0), **queries)
    said["functions"]["g"] = {"duration": "100 ms", "cold_start": "none", **queries}
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"] = {"f": client(at(0, 2 * SECOND)), "g": client(at(1200 * MS), "GET /g")}
    said["databases"] = {"d": {"connections": 1}}
    assert [row[0] for row in spans(run(said))] == ["TIMEOUT", "CRASH", "OK"]


def test_the_story_of_an_attempt_says_why_it_takes_longer() -> None:
    ran = run_on("simpy", told(at(0, 2 * SECOND)), watch=Watch(0, 1, 1))
    assert ran.story is not None
    (line,) = [text for _, text in ran.story if "environment 0" in text]
    assert line.startswith(
        "function f: environment 0, warm, reset before and so Init again, 40 ms of its Duration, Duration 140 ms; at once 1"
    )


@pytest.mark.parametrize("share", ["0 %", "50 %", "100 %"])
def test_as_many_as_are_said_end_their_process(run: Run, share: str) -> None:
    """Of 400 crashes, one after the other: half is 200, and six standard errors are 60 (a false alarm in 5 * 10^8)."""
    every = at(*[n * 120 * MS for n in range(401)])
    said = told(every, None, duration="10 ms", crash="100 %", exit_error=share)
    (found,) = resets(run(said))
    want = 401 * int(share.removesuffix(" %")) // 100
    assert abs(found - want) <= (60 if share == "50 %" else 1)
