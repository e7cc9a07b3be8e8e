"""A whole run, its summary and metrics reckoned again from the rows, the slow and obvious way."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from apigw_sim.metrics.summary import to_json
from apigw_sim.result import Result, run

SCENARIO: dict[str, Any] = {
    "name": "reckoned",
    "run": {"duration": "70 s", "warm_up": "15 s", "period": "10 s", "seed": 3},
    "account": {"throttle": {"rate": "95/s", "burst": 20}, "lambda_concurrency": 120},
    "functions": {
        "fast": {"duration": {"p50": "30 ms", "p99": "200 ms"}, "crash": "2 %", "malformed": "1 %"},
        "slow": {"duration": {"p50": "150 ms", "p99": "900 ms"}, "reserved_concurrency": 5, "timeout": "1 s"},
    },
    "backends": {
        "stock": {"http": {"latency": {"p50": "500 ms", "p99": "900 ms"}, "concurrency": 1, "queue": 1}},
    },
    "apis": {
        "shop": {
            "type": "REST", "endpoint": "REGIONAL",
            "methods": {
                "GET /items/{id}": {"integration": {"lambda_proxy": "fast"}, "cache_key": ["path.id"]},
                "POST /orders": {"integration": {"lambda_proxy": "slow", "timeout": "400 ms"}},
                "GET /stock/{id}": {"api_key_required": True, "integration": {"http_proxy": "stock"}},
            },
            "stages": {
                "prod": {
                    "cache_cluster": "0.5 GB",
                    "method_settings": {
                        "every_method": {
                            "throttle": {"rate": "60/s", "burst": 20}, "caching": {"ttl": "5 s"}, "metrics": True,
                        },
                        "POST /orders": {"throttle": {"rate": "25/s", "burst": 5}},
                    },
                },
            },
        },
    },
    "usage_plans": {
        "gold": {
            "throttle": {"rate": "4/s", "burst": 4}, "quota": {"limit": 250, "period": "DAY"},
            "stages": {"shop/prod": {"GET /stock/{id}": {"rate": "6/s", "burst": 3}}},
        },
    },
    "api_keys": {"acme": {"plans": ["gold"]}, "fans": {"plans": ["gold"], "count": 3}},
    "clients": {
        "web": {
            "target": "shop/prod", "arrivals": {"process": "poisson", "rate": "90/s"},
            "calls": [
                {"call": "GET /items/{id}", "weight": 3, "path": {"id": {"uniform": {"n": 200}}}},
                {"call": "POST /orders", "idempotent": False},
            ],
            "timeout": "600 ms",
            "retry": {"attempts": 3, "statuses": [429, 500, 502, 504], "client_timeout": True,
                      "backoff": {"base": "50 ms", "cap": "1 s", "jitter": "full"}},
        },
        "fans": {
            "target": "shop/prod", "api_key": {"from": "fans", "zipf": {"s": 1.0}},
            "arrivals": {"process": "poisson", "rate": "25/s"},
            "calls": [{"call": "GET /stock/{id}", "path": {"id": {"uniform": {"n": 9}}}}],
        },
        "keyless": {
            "target": "shop/prod", "arrivals": {"process": "even", "rate": "1/s"},
            "calls": [{"call": "GET /stock/{id}", "path": {"id": {"uniform": {"n": 9}}}}],
        },
    },
    "timeline": [
        {"at": "30 s", "fault": {"function": "slow", "slow": 3, "for": "10 s"}},
        {"at": "50 s", "set": {'apis.shop.stages.prod.method_settings["POST /orders"].throttle.rate': "50/s"}},
    ],
    "expect": ["shop/prod p90(Latency) < 1 s in every 10 s", "fast avg(Errors) < 5 %", "web avg(gave_up) < 1 %"],
}  # fmt: skip
WARM_UP, END, PERIOD = 15 * 10**9, 70 * 10**9, 10 * 10**9
POINTS = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@pytest.fixture(scope="module")
def result() -> Result:
    return run(SCENARIO, requests=True)


@pytest.fixture(scope="module")
def requests(result: Result) -> pd.DataFrame:
    return result.requests


def selected(frame: pd.DataFrame, column: str = "arrived_ns") -> pd.DataFrame:
    return frame[(frame[column] >= WARM_UP) & (frame[column] < END)]


def latency(ns: pd.Series) -> dict[str, Any]:
    samples = ns.to_numpy(np.float64) / 1e6
    row = {"mean": samples.mean(), **{name: np.quantile(samples, at) for name, at in POINTS.items()}}
    return {
        name: pytest.approx(value, abs=6e-4) for name, value in (row | {"max": samples.max()}).items()
    } | {"exact": True}


def test_the_story_has_something_of_everything(result: Result) -> None:
    found = result.summary
    assert all(found["throttled_by"].values()), found["throttled_by"]
    assert found["lambda_throttled_by"]["reserved"]
    reasons = found["requests"]["by_reason"]
    for why in (
        "OK",
        "INTEGRATION_TIMEOUT",
        "LAMBDA_THROTTLED",
        "FUNCTION_ERROR",
        "BACKEND_5XX",
        "INVALID_API_KEY",
    ):
        assert reasons[why], why
    web = found["clients"]["web"]
    assert web["duplicate_executions"]
    assert web["executed_for_nobody"]


def test_requests_and_reasons(result: Result, requests: pd.DataFrame) -> None:
    mine = selected(requests)
    found = result.summary
    assert found["requests"]["count"] == len(mine)
    assert found["requests"]["by_status"] == {str(s): n for s, n in sorted(Counter(mine["status"]).items())}
    assert found["requests"]["by_reason"] == dict(Counter(mine["reason"]))
    assert found["latency_ms"] == latency(mine["latency_ns"])
    assert found["latency_2xx_ms"] == latency(mine.loc[mine["status"] // 100 == 2, "latency_ns"])
    assert found["integration_latency_ms"] == latency(mine["integration_ns"].dropna())
    cache = Counter(mine["cache"])
    assert found["cache"] == {
        "hits": cache["hit"],
        "misses": cache["miss"],
        "served_other": mine["served_other"].sum(),
    }


def test_limits(result: Result, requests: pd.DataFrame) -> None:
    """Each request walks down the levels of its own until one refuses it."""
    reached: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    refused: Counter[str] = Counter()
    first: dict[str, int] = {}
    for row in requests.itertuples():
        if row.reason == "INVALID_API_KEY":
            continue
        levels = []
        if row.method == "GET /stock/{id}":
            plan = ("plan gold shop/prod GET /stock/{id} throttle", "plan gold throttle", "plan gold quota")
            levels += [(limit, row.api_key) for limit in plan]
        own = "POST /orders" if row.method == "POST /orders" else "every_method"
        levels += [(f"shop/prod {own} throttle", row.method), ("account throttle", "")]
        for limit, who in levels:
            reached[limit, who][row.arrived_ns // 10**9] += 1
            if row.status == 429 and row.refused_by == limit:
                refused[limit] += WARM_UP <= row.arrived_ns < END
                first[limit] = min(first.get(limit, row.arrived_ns), row.arrived_ns)
                break
    rows = {row["limit"]: row for row in result.summary["limits"]}
    at_gateway = {name for name in rows if name.endswith(("throttle", "quota"))}
    assert {name for name, _ in reached} == at_gateway
    for limit in at_gateway:
        row = rows[limit]
        assert row["refused"] == refused[limit], limit
        assert row["first_refusal_s"] == (round(first[limit] / 1e9, 3) if limit in first else None)
        peaks = {who: max(counts.values()) for (name, who), counts in reached.items() if name == limit}
        worst = row.get("worst", "").split(" GET ")[0] if "plan" in limit else row.get("worst")
        assert row["peak_1s"] == (peaks[worst] if worst else max(peaks.values())), limit


def test_functions(result: Result) -> None:
    rows = selected(result.invocations)
    for name, found in result.summary["functions"].items():
        mine = rows[rows["backend"] == name]
        ran = mine[mine["outcome"].isin(["ok", "crash", "malformed", "timeout"])]
        assert found["invocations"] == len(ran)
        assert found["errors"] == mine["outcome"].isin(["crash", "timeout"]).sum()
        assert found["throttles"] == mine["outcome"].str.startswith("throttled").sum()
        assert found["cold_starts"] == ran["init_ns"].notna().sum()
        ms = np.ceil((ran["init_ns"].fillna(0) + ran["duration_ns"]).to_numpy(np.float64) / 1e6).sum()
        assert found["billed_gb_s"] == pytest.approx(ms / 1000 * 128 / 1024, abs=1e-6)


def test_mean_concurrency_is_little_s_law(result: Result) -> None:
    """The integral of concurrency is the time that invocations held environments, cut to the window."""
    rows = result.invocations
    for name, found in result.summary["functions"].items():
        mine = rows[(rows["backend"] == name) & rows["duration_ns"].notna()]
        begin = mine["arrived_ns"].to_numpy(np.float64)
        end = begin + sum(
            mine[c].fillna(0).to_numpy(np.float64) for c in ("provisioning_ns", "init_ns", "duration_ns")
        )
        held = np.clip(np.minimum(end, END) - np.maximum(begin, WARM_UP), 0, None).sum()
        assert found["mean_concurrency"] == pytest.approx(held / (END - WARM_UP), abs=1e-6)
        edges = sorted(
            [(at, 1) for at in begin] + [(at, -1) for at in end], key=lambda edge: (edge[0], edge[1])
        )
        level = np.cumsum([step for _, step in edges])
        inside = [n for (at, _), n in zip(edges, level, strict=True) if WARM_UP <= at < END]
        assert found["max_concurrency"] == max(inside)


def test_clients(result: Result, requests: pd.DataFrame) -> None:
    calls = selected(result.calls, "started_ns")
    work = selected(result.invocations)
    pick = {(row.client, row.call): row.pick for row in result.calls.itertuples()}
    ran = work[work["outcome"].isin(["ok", "crash", "malformed", "timeout"])]
    for name, found in result.summary["clients"].items():
        mine = calls[calls["client"] == name]
        assert found["calls"] == len(mine)
        assert found["attempts"] == (selected(requests)["client"] == name).sum()
        assert found["gave_up"] == (mine["outcome"] != "succeeded").sum()
        assert found["call_latency_ms"] == latency(mine["ended_ns"] - mine["started_ns"])
        own = ran[ran["client"] == name]
        assert found["executed_for_nobody"] == own["abandoned"].sum()
        again = [pick[name, row.call] for row in own[own["repeated"]].itertuples()]
        assert found["duplicate_executions"] == again.count("POST /orders")


def test_every_period_of_cloudwatch(result: Result, requests: pd.DataFrame) -> None:
    metrics = result.metrics
    period = (requests["arrived_ns"] + requests["latency_ns"]) // PERIOD
    route = metrics["resource"].astype(str).radd(metrics["method"].astype(str) + " ")
    begins = metrics["timestamp"].dt.tz_localize(None).astype("datetime64[ns]").astype(np.int64)
    number = (begins - begins.min()) // PERIOD
    for key, mine in requests.groupby([period, "method"], observed=True):
        at, method = key  # type: ignore[misc]
        rows = metrics[(number == at) & (route == method)].set_index("metric")
        assert rows.loc["Count", "Sum"] == len(mine)
        assert rows.loc["4XXError", "Sum"] == (mine["status"] // 100 == 4).sum()
        assert rows.loc["5XXError", "Average"] == (mine["status"] // 100 == 5).mean()
        assert rows.loc["CacheHitCount", "Sum"] == (mine["cache"] == "hit").sum()
        samples = mine["latency_ns"].to_numpy(np.float64)
        for name, point in POINTS.items():
            assert rows.loc["Latency", name] == np.quantile(samples, point) / 1e6
        assert rows.loc["Latency", "Sum"] == pytest.approx(samples.sum() / 1e6)
    by_stage = metrics[
        (metrics["metric"] == "Count") & (metrics["stage"] == "prod") & (metrics["resource"] == "")
    ]
    assert by_stage["Sum"].sum() == len(requests)


def test_expectations(result: Result, requests: pd.DataFrame) -> None:
    every, errors, gave_up = result.summary["expectations"]
    stamp = (requests["arrived_ns"] + requests["latency_ns"]) // PERIOD
    worst = max(
        float(np.quantile(requests.loc[stamp == n, "latency_ns"].to_numpy(np.float64), 0.9))
        for n in range(2, 7)
    )
    assert every["value"] == pytest.approx(worst / 1e6, abs=6e-4)
    assert every["periods"] == 5
    functions = result.summary["functions"]["fast"]
    assert errors["value"] == pytest.approx(functions["errors"] / functions["invocations"], abs=1e-6)
    assert gave_up["met"] is False


def test_the_same_run_says_the_same(result: Result) -> None:
    assert to_json(run(SCENARIO).summary) == to_json(result.summary)
