"""Auto scaling of HTTP servers with instants told by hand: requests of a second each, metrics seen at once."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from engine.running import SERVER, client, difference, planned, run_on, story

import apigw_sim as sim
from apigw_sim.errors import ScenarioError

BASE: dict[str, Any] = {"target": "70 %", "minimum": 5, "maximum": 40, "boot_time": "2 min"}


def told(
    rates: dict[str, int], scaling: dict[str, Any] | None = None, duration: str = "30 min", **http: Any
) -> dict[str, Any]:
    """A server of 10 places; a request takes a second, so a rate is what is busy at once."""
    server = {"latency": "1 s", "concurrency": 10, "auto_scaling": BASE | (scaling or {}), **http}
    steps = [{"from": since, "rate": f"{rate}/s"} for since, rate in rates.items()]
    return story(
        integration=SERVER, backends={"h": {"http": server}}, run={"duration": duration},
        clients={"c": client({"process": "even", "rate": steps})}, assumptions={"metrics_delay": "0 s"},
    )  # fmt: skip


def scaled(engine: str, *args: Any, **more: Any) -> list[tuple[str, float, int]]:
    """What is asked for and what comes, with the second."""
    journal = sim.run(told(*args, **more), engine=engine).journal
    return [
        (word, row.at_ns / 1e9, int(value))
        for row in journal[journal["backend"] == "h"].itertuples()
        for word, value in (("asked", row.asked), ("there", row.allocated))
        if not pd.isna(value)
    ]


def test_three_minutes_above_the_target_boot_more_which_serve_when_they_are_up(engine: str) -> None:
    """9 of 10 are 90 %: 13, two minutes later. At 300 s the newest minute is from before they came: 13 x 90 / 70 are 17,
    less 13, less the 3 that came and are in their cool-down: one more. 9 of 14 are 64 %.
    """
    found = [("asked", 180, 13), ("there", 300, 13), ("asked", 300, 14), ("there", 420, 14)]
    assert scaled(engine, {"0 s": 9}) == found


def test_an_idle_server_scales_in_for_its_share_is_nothing_and_not_missing(engine: str) -> None:
    """Unlike Lambda's utilization: after fifteen minutes to the minimum, at once."""
    assert scaled(engine, {"0 s": 0}) == [("asked", 900, 5), ("there", 900, 5)]


def test_less_is_asked_for_once_in_a_cool_down(engine: str) -> None:
    """5 of 10 want 8 at 900 s; 2 of those want 3, a minute later, or when the five minutes of the cool-down are over."""
    rates = {"0 s": 5, "15 min": 2}
    assert [row[1:] for row in scaled(engine, rates, {"minimum": 2}) if row[0] == "asked"] == [
        (900, 8), (1200, 3),
    ]  # fmt: skip
    quick = {"minimum": 2, "scale_in_cooldown": "0 s"}
    assert [row[1:] for row in scaled(engine, rates, quick) if row[0] == "asked"][:2] == [(900, 8), (960, 3)]


def test_who_waits_begins_as_the_new_places_are_up() -> None:
    """12/s for 10 places: at 300 s 600 wait, and ceil(10 / 0.7) = 15 places take the next five of them at once."""
    said = told({"0 s": 12}, duration="6 min", queue=1000)
    for engine in ("simpy", "compiled"):
        ran = run_on(engine, said)
        begun = [row.arrived_ns + row.queued_ns for row in ran.invocations]
        assert sum(instant == 300 * 10**9 for instant in begun) >= 5


def test_both_engines_agree_row_for_row() -> None:
    plan = planned(told({"0 s": 9, "5 min": 25, "12 min": 1}, {"scale_in_cooldown": "0 s"}, queue=100))
    one, two = (run_on(engine, plan) for engine in ("simpy", "compiled"))
    assert difference(one, two) is None
    assert sum(row.asked is not None for row in one.journal) >= 4


def test_a_fault_that_cuts_places_and_auto_scaling_do_not_go_together() -> None:
    said = told({"0 s": 1})
    said["timeline"] = [{"at": "1 min", "fault": {"backend": "h", "concurrency": 3, "for": "1 min"}}]
    with pytest.raises(ScenarioError, match="auto scaling decides how many places h has"):
        planned(said)
