"""Detailed metrics: series of a method only where they are enabled (facts 3.1), by either fold."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

import apigw_sim as sim

SCENARIO: dict[str, Any] = {
    "run": {"duration": "2 min", "start": "2026-11-27T09:00:00Z"},
    "apis": {
        "shop": {
            "type": "REST", "endpoint": "REGIONAL",
            "methods": {
                "GET /items/{id}": {"integration": {"mock": {}}, "cache_key": ["path.id"]},
                "POST /orders": {"integration": {"mock": {"status": 201}}},
            },
            "stages": {"prod": {"cache_cluster": "0.5 GB"}, "test": {}},
        },
    },
    "clients": {
        "web": {
            "target": "shop/prod", "arrivals": {"process": "even", "rate": "4/s"},
            "calls": [{"call": "GET /items/{id}", "path": {"id": "1"}}, {"call": "POST /orders", "weight": 3}],
        },
    },
}  # fmt: skip


def series(engine: str, **run: Any) -> set[tuple[str, str, str, str]]:
    """The dimensions of Count: api, stage, method, resource."""
    data = deepcopy(SCENARIO)
    data["run"] |= run.pop("run", {})
    data["apis"]["shop"]["stages"]["prod"]["method_settings"] = run
    frame = sim.run(data, engine=engine).metrics
    counts = frame[(frame["metric"] == "Count") & (frame["namespace"] == "AWS/ApiGateway")]
    return set(counts[["api", "stage", "method", "resource"]].astype(str).itertuples(index=False, name=None))


API, STAGE = ("shop", "", "", ""), ("shop", "prod", "", "")
ITEMS, ORDERS = ("shop", "prod", "GET", "/items/{id}"), ("shop", "prod", "POST", "/orders")


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_methods_have_series_only_where_they_are_enabled(engine: str) -> None:
    assert series(engine) == {API, STAGE}
    assert series(engine, **{"POST /orders": {"metrics": True}}) == {API, STAGE, ORDERS}
    assert series(engine, every_method={"metrics": True}) == {API, STAGE, ITEMS, ORDERS}
    off = {"every_method": {"metrics": True}, "POST /orders": {"metrics": False}}
    assert series(engine, **off) == {API, STAGE, ITEMS}
    assert series(engine, run={"method_series": "always"}) == {API, STAGE, ITEMS, ORDERS}


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_method_is_counted_alone_and_the_stage_with_it(engine: str) -> None:
    data = deepcopy(SCENARIO)
    data["apis"]["shop"]["stages"]["prod"]["method_settings"] = {"POST /orders": {"metrics": True}}
    result = sim.run(data, engine=engine, requests=True)
    of = result.requests
    orders = int((of["method"] == "POST /orders").sum())
    assert 0 < orders < len(of) == 480  # 4 a second for two minutes
    frame = result.metrics[result.metrics["metric"] == "Count"]
    sums = frame.groupby(["stage", "resource"], observed=True)["Sum"].sum()
    assert sums["prod", "/orders"] == orders
    assert sums["prod", ""] == 480
    assert result.summary["requests"]["count"] == 480  # the summary knows all of it either way
