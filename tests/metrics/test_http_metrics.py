"""What CloudWatch shows of an HTTP API: its own names, and the bytes that it processed (facts 3.1)."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from engine.http_stories import http_story
from engine.running import FUNCTION, MINUTE, SECOND, at, client, planned

from apigw_sim.compose import simulate
from apigw_sim.metrics.cloudwatch import csv_lines, get_metric_data
from apigw_sim.metrics.fold import Metrics
from apigw_sim.records import Block
from apigw_sim.result.frames import metrics_frame


def said() -> dict[str, Any]:
    """Three requests of 1 KB in the first minute, answered with 100 B each, and one that is a 404; one in the second."""
    return http_story(
        clients={
            "c": client(at(0, SECOND, 2 * SECOND, MINUTE + SECOND), [{"call": "GET /", "body": "1 KB"}]),
            "r": {**client(at(0)), "target": "b/s"},
        },
        functions={"f": {"duration": "100 ms", "response": {"size": "100 B"}}},
        settings={"metrics": True, "throttle": {"rate": "0.001/s", "burst": 2}}, run={"duration": "2 min"},
    )  # fmt: skip


def folded(*, fast: bool = False) -> Metrics:
    """The metrics of the story, whose REST API b stands beside it; a throttle refuses the third and the fourth."""
    data, blocks = said(), list[Block]()
    data["apis"]["b"] = {
        "type": "REST", "endpoint": "REGIONAL", "methods": {"GET /": {"integration": FUNCTION}}, "stages": {"s": {}},
    }  # fmt: skip
    plan = planned(data)
    simulate(plan, engine="simpy", sink=lambda b: blocks.append(Block(b.table, b.rows.copy())), fold=False)
    metrics = Metrics(plan, fast=fast)
    for block in blocks:
        metrics.fold(block)
    metrics.finish()
    return metrics


Rows = dict[tuple[str, str, str, str], dict[str, str]]


def rows(metrics: Metrics, minute: int) -> Rows:
    """The figures of a minute by API, stage, resource and metric."""
    found: Rows = {}
    for row in csv.DictReader(csv_lines(metrics)):
        if row["timestamp"] == f"2026-01-01T00:0{minute}:00Z" and row["namespace"] == "AWS/ApiGateway":
            found[row["api"], row["stage"], row["resource"], row["metric"]] = row
    return found


def test_names_of_either_type() -> None:
    found = rows(folded(), 0)
    of_http = {metric for api, stage, resource, metric in found if (api, stage, resource) == ("a", "s", "/")}
    assert of_http == {"Count", "4xx", "5xx", "Latency", "IntegrationLatency", "DataProcessed"}
    of_rest = {metric for api, _, _, metric in found if api == "b"}
    assert of_rest == {"Count", "4XXError", "5XXError", "Latency", "IntegrationLatency"}
    refused = found["a", "s", "", "4xx"]
    assert (refused["SampleCount"], refused["Sum"], refused["unit"]) == ("3", "1", "Count")


@pytest.mark.parametrize("fast", [False, True])
def test_the_bytes_of_requests_and_answers(fast: bool) -> None:
    """Two of 1,024 + 100 bytes and a refusal of 1,024 + 31, `{"message":"Too Many Requests"}`: 3,303 in the minute."""
    metrics = folded(fast=fast)
    assert len('{"message":"Too Many Requests"}') == 31
    for dimensions in (("a", "", ""), ("a", "s", ""), ("a", "s", "/")):
        row = rows(metrics, 0)[*dimensions, "DataProcessed"]
        shown = (row["unit"], row["SampleCount"], row["Sum"], row["Average"], row["Minimum"], row["Maximum"])
        assert shown == ("Bytes", "3", "3303", "1101", "1055", "1124")
    assert rows(metrics, 1)["a", "s", "", "DataProcessed"]["Sum"] == "1055"


def test_the_frame_and_the_json_say_the_same_names() -> None:
    metrics = folded()
    frame = metrics_frame(metrics)
    assert set(frame.loc[frame["api"] == "a", "metric"]) >= {"4xx", "5xx", "DataProcessed"}
    assert not set(frame.loc[frame["api"] == "b", "metric"]) & {"4xx", "5xx", "DataProcessed"}
    labels = [result["Label"] for result in get_metric_data(metrics)["MetricDataResults"]]
    assert {"a/s 4xx Sum", "a/s DataProcessed Sum", "b/s 4XXError Sum"} <= set(labels)
