"""metrics.csv and metrics.json: fixed to the byte."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from metrics.stories import ACCOUNT, CATALOGUE, SECOND, attempt, invocation, level, refused, story_plan, told

from apigw_sim.metrics import Metrics
from apigw_sim.metrics.cloudwatch import csv_lines, get_metric_data, to_json
from apigw_sim.plan import tables
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import ATTEMPTS, INVOCATIONS, LEVELS, Cache

SEOUL = timezone(timedelta(hours=9))
PLAN = story_plan(start=datetime(2026, 11, 27, 18, tzinfo=SEOUL))
STORY: tuple[Any, ...] = (
    ATTEMPTS, [attempt(61, 100, cache=Cache.HIT), attempt(62.5, 300), refused(63, ACCOUNT), attempt(185, 40)],
    INVOCATIONS, [invocation(62, 100)],
    LEVELS, [level(PLAN, 120, GaugeKind.CONCURRENCY, CATALOGUE, 0, low=0, peak=1, area=SECOND // 10)],
)  # fmt: skip


@pytest.fixture
def metrics() -> Metrics:
    return told(PLAN, *STORY)


def rows(metrics: Metrics) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(csv_lines(metrics)))))


def test_the_header_is_the_contract(metrics: Metrics) -> None:
    assert next(csv_lines(metrics)) == (
        "timestamp,phase,namespace,metric,api,stage,resource,method,function,executed_version,queue,stream,table,web_acl,rule,region,"
        "unit,SampleCount,Sum,Average,Minimum,Maximum,p50,p90,p95,p99\n"
    )


def test_rows_are_in_utc_in_order_and_to_three_decimals(metrics: Metrics) -> None:
    lines = "".join(csv_lines(metrics)).splitlines()
    assert lines[1] == "2026-11-27T09:01:00Z,run,AWS/ApiGateway,Count,shop,,,,,,,,,,,,Count,3,3,1,1,1,1,1,1,1"
    assert lines[2].endswith("4XXError,shop,,,,,,,,,,,,Count,3,1,0.333333,0,1,0,0.8,0.9,0.98")
    assert lines[6] == (
        "2026-11-27T09:01:00Z,run,AWS/ApiGateway,Latency,shop,,,,,,,,,,,,Milliseconds,"
        "3,408.000,136.000,8.000,300.000,100.000,260.000,280.000,296.000"
    )
    last = "2026-11-27T09:03:00Z,drain,AWS/ApiGateway,IntegrationLatency,shop,prod,/items/{id},GET,,"
    assert lines[-1].startswith(last)


def test_a_gauge_has_no_percentiles(metrics: Metrics) -> None:
    row = next(row for row in rows(metrics) if row["metric"] == "ConcurrentExecutions")
    assert (row["function"], row["Maximum"], row["Average"], row["p50"]) == ("catalogue", "1", "0.001667", "")


def test_there_is_no_row_without_a_sample(metrics: Metrics) -> None:
    assert all(int(row["SampleCount"]) > 0 for row in rows(metrics))
    assert not [row for row in rows(metrics) if row["api"] == "blog"]


def test_names_with_commas_are_quoted() -> None:
    stages = (tables.Stage("shop/prod", 'shop, "old"', 0), *PLAN.stages[1:])
    found = rows(told(story_plan(stages=stages), ATTEMPTS, [attempt(1)]))
    assert {row["api"] for row in found} == {'shop, "old"'}


def test_the_shape_of_get_metric_data(metrics: Metrics) -> None:
    found = get_metric_data(metrics)
    assert list(found) == ["MetricDataResults"]
    results = found["MetricDataResults"]
    assert all(list(row) == ["Id", "Label", "Timestamps", "Values", "StatusCode"] for row in results)
    ids = [row["Id"] for row in results]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,254}", one) for one in ids)
    by_label = {row["Label"]: row for row in results}
    count = by_label["shop/prod Count Sum"]
    assert count["Timestamps"] == ["2026-11-27T09:01:00+00:00", "2026-11-27T09:03:00+00:00"]
    assert count["Values"] == [3, 1]
    assert by_label["shop/prod GET /items/{id} Latency p99"]["Values"] == [296, 40]
    assert by_label["catalogue ConcurrentExecutions Maximum"]["Values"] == [1]
    assert by_label["catalogue Duration Average"]["Id"] == "m_duration_average_catalogue"


def test_series_whose_names_differ_only_in_signs_have_ids_of_their_own() -> None:
    stages = (tables.Stage("a-b/prod", "a-b", 0), tables.Stage("a_b/prod", "a_b", 0))
    found = get_metric_data(told(story_plan(stages=stages), ATTEMPTS, [attempt(1), attempt(1, method=3)]))
    ids = [row["Id"] for row in found["MetricDataResults"]]
    assert len(set(ids)) == len(ids)


def test_the_text_is_json_and_the_same_twice() -> None:
    first, second = (told(PLAN, *STORY) for _ in range(2))
    text = to_json(get_metric_data(first))
    assert json.loads(text) == get_metric_data(second)
    assert text == to_json(get_metric_data(second))
    assert "".join(csv_lines(first)) == "".join(csv_lines(second))
    assert json.loads(to_json(get_metric_data(told(PLAN)))) == {"MetricDataResults": []}
