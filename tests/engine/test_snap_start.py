"""SnapStart: a new environment of a published version is restored, and has neither provisioning nor Init (facts 10.3)."""

from __future__ import annotations

from typing import Any

from engine.running import MS, NO_LAMBDA_LIMITS, SECOND, Run, at, run_on, story

from apigw_sim.engine.model import Watch


def snapped(arrivals: Any, callee: str = "f:1", **function: Any) -> dict[str, Any]:
    """f takes 100 ms, and starts cold in 60 ms + 2 s, or is restored in 300 ms."""
    body = {
        "duration": "100 ms", "cold_start": {"provisioning": "60 ms", "init": "2 s"}, "snap_start": {"restore": "300 ms"},
        "versions": {"1": {}, "2": {"duration": "50 ms"}}, "aliases": {"PROD": "2"}, **function,
    }  # fmt: skip
    return story(arrivals, {"lambda_proxy": callee}, functions={"f": body}, account=NO_LAMBDA_LIMITS)


def test_a_published_version_is_restored_and_latest_is_not(run: Run) -> None:
    """300 + 100 ms, and warm 100 ms; by an alias 300 + 50 ms; $LATEST 60 + 2000 + 100 ms."""
    ran = run(snapped(at(0, SECOND)))
    assert [row.latency_ns for row in ran.attempts] == [400 * MS, 100 * MS]
    (cold, warm) = ran.invocations
    assert (cold.provisioning_ns, cold.init_ns, warm.init_ns) == (0, 300 * MS, None)
    assert run(snapped(at(0), "f:PROD")).attempts[0].latency_ns == 350 * MS
    assert run(snapped(at(0), "f")).attempts[0].latency_ns == 2160 * MS


def test_where_it_does_not_say_it_takes_what_is_assumed(run: Run) -> None:
    """By default between 100 and 400 ms, whatever Init would take."""
    (row,) = run(snapped(at(0), snap_start={})).invocations
    assert 100 * MS <= row.init_ns <= 400 * MS
    said = snapped(at(0), snap_start={})
    said["assumptions"]["snap_start_restore"] = "250 ms"
    assert run(said).invocations[0].init_ns == 250 * MS


def test_an_environment_that_was_reset_is_restored_again(run: Run) -> None:
    """The first runs into its timeout; the next pays the 300 ms within its Duration."""
    said = snapped(at(0, 2 * SECOND), timeout="1 s")
    said["timeline"] = [{"at": "0 s", "fault": {"function": "f", "slow": 20, "for": "1 s"}}]
    assert [row.duration_ns for row in run(said).invocations] == [SECOND, 400 * MS]


def test_its_story_says_restored() -> None:
    told = run_on("simpy", snapped(at(0)), watch=Watch(0, 0, 1)).story or []
    assert any("environment 0, cold (restored in 300 ms), Duration 100 ms" in text for _, text in told)
