"""Auto scaling of provisioned concurrency with instants told by hand: calls of a second each, metrics seen at once."""

from __future__ import annotations

from typing import Any

import pandas as pd
from engine.running import NO_LAMBDA_LIMITS, at, story

import apigw_sim as sim

TRACKED: dict[str, Any] = {"target_tracking": {}}


def scaled(
    engine: str, rates: dict[str, int], scaling: dict[str, Any], **run: Any
) -> list[tuple[str, float, int]]:
    """What is asked for and what comes, with the second: a call takes a second, so a rate is what runs at once.

    10 are there as the run starts; an allocation takes 90 s and 10 ms for each environment that is new.
    """
    function = {
        "duration": "1 s", "versions": {"1": {}}, "aliases": {"PROD": "1"}, "provisioned_concurrency": {"PROD": 10},
        "auto_scaling": {"PROD": {"minimum": 5, "maximum": 40, **scaling}},
    }  # fmt: skip
    said = story(
        at(0), {"lambda_proxy": "f:PROD"}, functions={"f": function}, account=NO_LAMBDA_LIMITS,
        run={"duration": "30 min", **run}, assumptions={"metrics_delay": "0 s"},
    )  # fmt: skip
    steps = [{"from": since, "rate": f"{rate}/s"} for since, rate in rates.items()]
    said["clients"]["c"]["arrivals"] = {"process": "even", "rate": steps}
    journal = sim.run(said, engine=engine).journal
    return [
        (word, row.at_ns / 1e9, int(value))
        for row in journal.itertuples()
        for word, value in (("asked", row.asked), ("there", row.allocated))
        if not pd.isna(value)
    ]


def test_three_minutes_above_the_target_scale_out_to_where_the_load_is_at_the_target(engine: str) -> None:
    """9 of 10 are 90 %: 10 x 90 / 70 is 13, which are there after 90.03 s. The minute from 240 s on is half of it 90 %
    and half 9 of 13, 79.6 % in the mean: 13 x 79.6 / 70 is 15. What rings while an allocation is under way does nothing.
    9 of 15 are below 63 %: after fifteen minutes of it, from 7 min on, 15 x 60 / 70 are 13 again.
    """
    assert scaled(engine, {"0 s": 9}, TRACKED) == [
        ("asked", 180, 13), ("there", 270.03, 13), ("asked", 300, 15), ("there", 390.02, 15),
        ("asked", 1320, 13), ("there", 1320, 13),
    ]  # fmt: skip


def test_in_its_cool_down_what_a_scale_out_added_counts_toward_the_next(engine: str) -> None:
    """As above, but at 300 s the 3 that came at 270 s count: 15 - 13 are no more than those."""
    policy = {"target_tracking": {"scale_out_cooldown": "3 min"}}
    assert scaled(engine, {"0 s": 9}, policy) == [("asked", 180, 13), ("there", 270.03, 13)]


def test_at_its_maximum_nothing_more_is_asked_for(engine: str) -> None:
    """9 of 12 are 75 %: the alarm rings on."""
    assert scaled(engine, {"0 s": 9}, TRACKED | {"maximum": 12}) == [
        ("asked", 180, 12),
        ("there", 270.02, 12),
    ]


def test_fifteen_minutes_below_nine_tenths_of_the_target_scale_in(engine: str) -> None:
    """5 of 10 are below 63 %: 10 x 50 / 70 is 8. 5 of 8 are 62.5 %, and 8 x 62.5 / 70 is 8 again."""
    assert scaled(engine, {"0 s": 5}, TRACKED) == [("asked", 900, 8), ("there", 900, 8)]


def test_within_the_target_and_nine_tenths_of_it_nothing_happens(engine: str) -> None:
    """Of 65 % nine tenths are 58.5 %, and 6 of 10 run."""
    assert scaled(engine, {"0 s": 6}, {"target_tracking": {"target": "65 %"}}) == []


def test_a_scale_in_waits_for_the_cool_down_of_the_one_before(engine: str) -> None:
    """From 900 s on 2 of 8 are 25 %: the least, 5, is asked for a minute later, or when five minutes are over."""
    rates = {"0 s": 5, "15 min": 2}
    policy = {"target_tracking": {"scale_in_cooldown": "5 min"}}
    assert [row[1:] for row in scaled(engine, rates, TRACKED) if row[0] == "asked"] == [(900, 8), (960, 5)]
    assert [row[1:] for row in scaled(engine, rates, policy) if row[0] == "asked"] == [(900, 8), (1200, 5)]


def test_a_scale_out_ends_the_cool_down_of_the_scale_in_before_it(engine: str) -> None:
    """Application Auto Scaling's guide: a scale-out during the cool-down after a scale-in ends it. 8 of the 8 that are left
    at 900 s are 100 %, so that 8 x 100 / 70 = 12 are asked for; then fifteen minutes of 4, of which 4 of 12 at their end:
    12 x 33.3 / 70 is 6, within the hour in which nothing else may scale in.
    """
    policy = {"target_tracking": {"scale_in_cooldown": "1 h"}}
    rows = scaled(engine, {"0 s": 5, "15 min": 8, "18 min": 4}, policy, duration="40 min")
    assert [row[1:] for row in rows if row[0] == "asked"] == [(900, 8), (1080, 12), (1980, 6)]


def test_where_nothing_runs_there_is_no_utilization_and_nothing_scales_in(engine: str) -> None:
    """AWS's page: without data the alarm is in INSUFFICIENT_DATA. The last call of ten minutes ends with the tenth."""
    assert scaled(engine, {"0 s": 6, "599 s": 0}, {"target_tracking": {"target": "65 %"}}) == []


def test_scheduled_actions_bring_it_between_their_bounds(engine: str) -> None:
    actions = [
        {"at": "20 min", "minimum": 5, "maximum": 8},
        {"at": "10 min", "minimum": 20, "maximum": 40},
        {"at": "15 min", "minimum": 5, "maximum": 40},
    ]
    assert scaled(engine, {"0 s": 1}, {"schedules": actions}) == [
        ("asked", 600, 20), ("there", 690.1, 20), ("asked", 1200, 8), ("there", 1200, 8),
    ]  # fmt: skip


def test_a_daily_action_comes_at_its_time_by_the_clock_of_the_run(engine: str) -> None:
    """At ten past nine, wherever that is."""
    action = {"daily": "550 min", "minimum": 12, "maximum": 12}
    asked = scaled(engine, {"0 s": 0}, {"schedules": [action]}, start="2026-11-27T09:00:00+01:00")
    assert asked == [("asked", 600, 12), ("there", 690.02, 12)]


def test_a_schedule_raises_the_floor_of_a_policy(engine: str) -> None:
    """The policy would have 5 at 900 s; the schedule holds 9 until 20 min, and the policy has 5 a minute later."""
    actions = [{"at": "1 min", "minimum": 9, "maximum": 40}, {"at": "20 min", "minimum": 5, "maximum": 40}]
    found = scaled(engine, {"0 s": 2}, TRACKED | {"schedules": actions})
    assert [row[1:] for row in found if row[0] == "asked"] == [(900, 9), (1200, 5)]
