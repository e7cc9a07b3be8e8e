"""Alarms in simulated time, with instants that can be told by hand: a request each second, nothing takes time."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pandas as pd
import pytest

import apigw_sim as sim
from apigw_sim.compose import simulate
from apigw_sim.control.alarms import Change
from apigw_sim.plan import plan
from apigw_sim.records import AlarmState
from apigw_sim.rules import alarm as rule
from apigw_sim.scenario import load

BASE: dict[str, Any] = {
    "run": {"duration": "10 min", "start": "2026-11-27T09:00:00Z"},
    "backends": {"h": {"http": {"latency": "0 ms"}}},
    "apis": {
        "shop": {
            "type": "REST", "endpoint": "REGIONAL",
            "methods": {"GET /": {"integration": {"http_proxy": "h"}}, "GET /mock": {"integration": {"mock": {}}}},
            "stages": {"prod": {}, "test": {}},
        },
    },
    "clients": {
        "web": {"target": "shop/prod", "arrivals": {"process": "even", "rate": "1/s"}, "calls": [{"call": "GET /"}]},
    },
    "timeline": [{"at": "2 min", "fault": {"backend": "h", "outage": True, "for": "3 min"}}],
    "assumptions": {"rest_overhead": "0 ms", "metrics_delay": "0 s"},
}  # fmt: skip
ERRORS = {"metric": "shop/prod 5XXError", "statistic": "Average", "threshold": "> 5 %"}


def states(engine: str, alarm: dict[str, Any], **parts: Any) -> list[tuple[float, str]]:
    """The states of one alarm: (from when in s, state), without the first INSUFFICIENT_DATA."""
    data = deepcopy(BASE) | {"alarms": {"it": alarm}} | parts
    ((first, *rest),) = [row["states"] for row in sim.run(data, engine=engine).summary["alarms"]]
    assert first == {"at_s": 0.0, "state": "INSUFFICIENT_DATA", "reason": "the alarm was just created"}
    return [(state["at_s"], state["state"]) for state in rest]


def test_three_of_three_rings_when_the_third_minute_is_over(engine: str) -> None:
    """Every request fails in the minutes that begin at 2, 3 and 4 min."""
    assert states(engine, ERRORS | {"datapoints": 3}) == [(60, "OK"), (300, "ALARM"), (360, "OK")]


def test_what_is_seen_late_rings_late(engine: str) -> None:
    late = BASE["assumptions"] | {"metrics_delay": "90 s"}
    assert states(engine, ERRORS | {"datapoints": "3 of 3"}, assumptions=late) == [
        (150, "OK"), (390, "ALARM"), (450, "OK"),
    ]  # fmt: skip


def test_stamped_by_arrival_an_alarm_waits_until_a_minute_is_complete(engine: str) -> None:
    """An attempt can last 29 s, so each minute may still get rows in the next one."""
    stamped = BASE["assumptions"] | {"metrics_stamp": "arrival"}
    found = states(engine, ERRORS | {"datapoints": 3}, assumptions=stamped)
    assert [state for _, state in found] == ["OK", "ALARM", "OK"]
    assert [at % 60 for at, _ in found] == [0, 0, 0]
    assert found[1][0] > 300


def test_two_of_three_rings_sooner_and_stays_longer(engine: str) -> None:
    """Of minutes 3, 4 and 5 two still breach at 6 min; of 4, 5 and 6 one."""
    assert states(engine, ERRORS | {"datapoints": "2 of 3"}) == [(60, "OK"), (240, "ALARM"), (420, "OK")]


@pytest.mark.parametrize(
    ("missing", "then"),
    [
        ("missing", [(360, "INSUFFICIENT_DATA")]),
        ("breaching", [(360, "ALARM")]),
        ("notBreaching", []),
        ("ignore", []),
    ],
)
def test_when_requests_stop_the_last_datapoints_count_for_two_more_minutes(
    engine: str, missing: str, then: list[tuple[float, str]]
) -> None:
    """Minutes 0 to 2 have data; of 1 datapoint and 2 more that are retrieved, all are missing from 6 min on."""
    clients = deepcopy(BASE["clients"])
    clients["web"]["arrivals"]["rate"] = [{"from": "0 s", "rate": "1/s"}, {"from": "3 min", "rate": "0/s"}]
    alarm = ERRORS | {"missing": missing}
    assert states(engine, alarm, clients=clients, timeline=[]) == [(60, "OK"), *then]


def test_a_longer_period_slides_by_the_minute(engine: str) -> None:
    """AWS: at the end of minute 6 the alarm sees minutes 2 to 6. Sums: 60, 120, 180, 240, 300, 300, ..."""
    counts = {"metric": "shop Count", "statistic": "Sum", "period": "5 min"}
    assert states(engine, counts | {"threshold": ">= 240"}) == [(60, "OK"), (240, "ALARM")]
    assert states(engine, counts | {"threshold": "> 300"}) == [(60, "OK")]
    # 0 %, 0 %, 1/3, 2/4, 3/5, 3/5, 3/5, 2/5, 1/5, 0 of five minutes fail
    shares = {"metric": "shop/prod 5XXError", "statistic": "Average", "period": "5 min"}
    assert states(engine, shares | {"threshold": ">= 50 %"}) == [(60, "OK"), (240, "ALARM"), (480, "OK")]
    assert states(engine, shares | {"threshold": "> 60 %"}) == [(60, "OK")]


def test_five_minutes_twice_look_at_windows_five_minutes_apart(engine: str) -> None:
    """Every minute has 60 requests: at minute 6 the windows hold 300 and, of the first minute alone, 60."""
    alarm = {
        "metric": "shop/prod Count", "statistic": "Sum", "period": "5 min", "threshold": "> 200", "datapoints": 2,
    }  # fmt: skip
    # 4 min: 240 alone, one breaching point of which the next may not be; 6 min: 300 and 60; 9 min: 300 and 240
    assert states(engine, alarm) == [(60, "OK"), (540, "ALARM")]


CLAIMED = {"metric": "account ClaimedAccountConcurrency", "statistic": "Maximum"}
RINGS, IS_OK = ([(60, state), (300, "INSUFFICIENT_DATA")] for state in ("ALARM", "OK"))
FUNCTION = {
    "functions": {"f": {"duration": "50 ms", "cold_start": "none", "reserved_concurrency": 100}},
    "apis": {
        "shop": {
            "type": "REST", "endpoint": "REGIONAL",
            "methods": {"GET /": {"integration": {"lambda_proxy": "f"}}}, "stages": {"prod": {}},
        },
    },
    "assumptions": {"rest_overhead": "0 ms", "lambda_overhead": "0 ms", "metrics_delay": "0 s"},
    "timeline": [{"at": "2 min", "set": {"functions.f.reserved_concurrency": 0}}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("alarm", "found"),
    [
        ({"metric": "f Throttles", "statistic": "Sum", "threshold": ">= 60"}, [(60, "OK"), (180, "ALARM")]),
        ({"metric": "f Errors", "statistic": "Sum", "threshold": "> 0"}, IS_OK),
        ({"metric": "f Duration", "statistic": "p90", "threshold": ">= 50 ms"}, RINGS),
        ({"metric": "f Duration", "statistic": "p90", "threshold": "> 50 ms"}, IS_OK),
        ({"metric": "f Invocations", "statistic": "SampleCount", "threshold": "< 61"}, RINGS),
        ({"metric": "f ConcurrentExecutions", "statistic": "Maximum", "threshold": ">= 1"}, RINGS),
        # what is reserved is claimed whether it is used or not
        ({**CLAIMED, "threshold": ">= 100"}, RINGS),
        ({**CLAIMED, "threshold": "> 100"}, IS_OK),
    ],
)  # fmt: skip
def test_metrics_of_lambda(engine: str, alarm: dict[str, Any], found: list[tuple[float, str]]) -> None:
    """At 2 min the function may no longer run at all: from then on there are throttles, and no other samples."""
    assert states(engine, alarm, **FUNCTION) == found


def test_a_period_of_ten_seconds_is_watched_by_the_minute(engine: str) -> None:
    run = {"run": BASE["run"] | {"period": "10 s"}}
    assert states(engine, ERRORS | {"datapoints": 3}, **run) == [(60, "OK"), (300, "ALARM"), (360, "OK")]
    alarm = {"metric": "f ConcurrentExecutions", "statistic": "Sum", "threshold": "> 0.29"}
    # 10 executions of 50 ms in 10 s are 0.05 on average; six such samples a minute
    assert states(engine, alarm, **FUNCTION, **run)[0] == (60, "ALARM")
    assert states(engine, alarm | {"threshold": "> 0.31"}, **FUNCTION, **run)[0] == (60, "OK")
    assert (
        states(engine, alarm | {"statistic": "Average", "threshold": "> 0.049"}, **FUNCTION, **run)[0][1]
        == "ALARM"
    )


def test_a_method_is_watched_where_its_detailed_metrics_are_on(engine: str) -> None:
    alarm = {"metric": "shop/prod GET / 5XXError", "statistic": "Sum", "threshold": "> 0"}
    assert states(engine, alarm) == []  # INSUFFICIENT_DATA for ever
    apis = deepcopy(BASE["apis"])
    apis["shop"]["stages"]["prod"]["method_settings"] = {"every_method": {"metrics": True}}
    assert states(engine, alarm, apis=apis) == [(60, "OK"), (180, "ALARM"), (360, "OK")]
    quiet = alarm | {"metric": "shop/prod GET /mock 5XXError"}
    assert states(engine, quiet, apis=apis) == []  # nobody calls it


def test_listeners_hear_of_changes_at_their_instant_and_may_act(engine: str) -> None:
    """What is told, the journal has too, with the same instants; a listener of one alarm hears of no other."""
    data = BASE | {"alarms": {"three": ERRORS | {"datapoints": 3}, "one": ERRORS}}
    heard: list[Change] = []
    result = sim.run(data, engine=engine)
    simulate(plan(load(data)), engine=engine, on_alarm=heard.append)
    assert [(change.alarm, change.at // 10**9, change.after.name) for change in heard] == [
        ("three", 60, "OK"), ("one", 60, "OK"), ("one", 180, "ALARM"), ("three", 300, "ALARM"),
        ("three", 360, "OK"), ("one", 360, "OK"),
    ]  # fmt: skip
    assert heard[3].before is AlarmState.OK
    assert heard[3].reason == "3 of the last 3 datapoints > 5 % (newest first: 100 %, 100 %, 100 %)"
    journal = result.journal[result.journal["alarm"].notna()]
    assert [(row.alarm, row.at_ns, row.state) for row in journal.itertuples()] == [
        (change.alarm, change.at, change.after.name) for change in heard
    ]


def test_on_alarm_knows_the_alarms_by_name(engine: str) -> None:
    run = simulate(plan(load(BASE | {"alarms": {"one": ERRORS}})), engine=engine)
    run.alarms.on_alarm(print, "one")
    with pytest.raises(ValueError, match="there is no alarm 'two' among one"):
        run.alarms.on_alarm(print, "two")


def test_a_run_without_alarms_ends_as_it_did(engine: str) -> None:
    result = sim.run(BASE, engine=engine)
    assert result.summary["alarms"] == []
    assert len(result.journal) == 2  # the fault begins and ends


# against metrics.csv


def by_hand(frame: pd.DataFrame, alarm: Any, minutes: int) -> list[tuple[int, int]]:
    """The states that follow from the rows of metrics.csv, minute by minute."""
    column = {"avg": "Average", "sum": "Sum", "max": "Maximum", "p90": "p90"}[alarm.statistic]
    start = frame["timestamp"].min()
    values = dict(zip((frame["timestamp"] - start).dt.total_seconds() // 60, frame[column], strict=True))
    scale = 1e6 if alarm.nature == "time" else 1
    state, changes = rule.INSUFFICIENT_DATA, []
    for end in range(1, minutes + 1):
        window = [values.get(float(end - 1 - age)) for age in reversed(range(alarm.range))]
        points = [
            -1
            if v is None
            else int(v * scale >= alarm.bound if alarm.op == ">=" else v * scale > alarm.bound)
            for v in window
        ]
        after = rule.state(points, alarm.m, alarm.n, alarm.treated_as, state)
        if after != state:
            changes.append((end * 60, after))
        state = after
    return changes


def test_recommended_alarms_say_what_follows_from_metrics_csv(engine: str) -> None:
    data = deepcopy(BASE) | deepcopy(FUNCTION)
    data["run"]["duration"] = "25 min"
    data["clients"]["web"]["arrivals"] = {"process": "poisson", "rate": "3/s"}
    data["functions"]["f"] = {
        "duration": {"p50": "40 ms", "p99": "300 ms"},
        "reserved_concurrency": 1,
        "crash": "4 %",
    }
    data["apis"]["shop"]["stages"]["prod"]["method_settings"] = {
        "every_method": {"throttle": {"rate": "3/s", "burst": 3}}
    }
    data["alarms"] = "recommended"
    data["timeline"] = [{"at": "5 min", "fault": {"function": "f", "slow": 8, "for": "6 min"}}]
    planned = plan(load(data))
    result = sim.run(data, engine=engine)
    assert [alarm.name for alarm in planned.alarms] == [
        "shop-prod-4XXError", "shop-prod-5XXError", "shop-prod-Latency", "f-Errors", "f-Throttles",
        "f-ConcurrentExecutions", "account-ClaimedAccountConcurrency",
    ]  # fmt: skip
    rang = 0
    for alarm, row in zip(planned.alarms, result.summary["alarms"], strict=True):
        of = result.metrics[result.metrics["metric"] == alarm.metric]
        if "account" in alarm.name or alarm.metric.endswith("Executions"):
            of = of[of["function"] == ("" if "account" in alarm.name else "f")]
        elif alarm.metric in ("4XXError", "5XXError", "Latency"):
            of = of[of["stage"] == "prod"]
        told = [(int(state["at_s"]), AlarmState[state["state"]]) for state in row["states"][1:]]
        assert told == by_hand(of, alarm, 25)
        rang += any(state is AlarmState.ALARM for _, state in told)
    assert rang >= 3
