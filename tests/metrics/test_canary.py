"""A canary's own figures: what its rows say, counted by hand; part of its stage's; on either fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import apigw_sim as sim

MINUTE = 60 * 10**9
SHOP: dict[str, Any] = {
    "run": {"duration": "3 min", "warm_up": "1 min", "start": "2026-11-27T09:00:00Z", "seed": 3},
    "functions": {
        "f": {"duration": {"p50": "50 ms", "p99": "200 ms"}},
        "g": {"duration": {"p50": "20 ms", "p99": "90 ms"}, "crash": "20 %"},
    },
    "apis": {
        "shop": {
            "type": "REST", "endpoint": "REGIONAL",
            "methods": {
                "GET /": {"integration": {"lambda_proxy": "${stageVariables.fn}"}, "cache_key": ["query.q"]},
                "POST /": {"integration": {"lambda_proxy": "${stageVariables.fn}"}},
            },
            "stages": {
                "test": {"variables": {"fn": "f"}},
                "prod": {
                    "variables": {"fn": "f"}, "cache_cluster": "0.5 GB",
                    "method_settings": {"every_method": {"caching": {"ttl": "20 s"}, "metrics": True}},
                    "canary": {"traffic": "30 %", "variables": {"fn": "g"}},
                },
            },
        },
    },
    "clients": {
        "web": {
            "target": "shop/prod", "arrivals": {"process": "poisson", "rate": "20/s"},
            "calls": [{"call": "GET /", "query": {"q": {"uniform": {"n": 40}}}}, {"call": "POST /"}],
        },
        "tester": {
            "target": "shop/test", "arrivals": {"process": "poisson", "rate": "2/s"}, "calls": [{"call": "POST /"}]
        },
    },
}  # fmt: skip
ENGINES = ["simpy", "compiled"]


@pytest.fixture(scope="module", params=ENGINES)
def done(request: pytest.FixtureRequest) -> sim.Result:
    """A run whose metrics numpy folds, or the kernels."""
    return sim.run(SHOP, engine=request.param, requests=True)


def series(done: sim.Result, stage: str, metric: str, method: str = "") -> pd.DataFrame:
    """One metric of a stage, or of a method of it, period by period."""
    found = done.metrics
    rows = found[(found["stage"] == stage) & (found["metric"] == metric) & (found["method"] == method)]
    return rows.set_index((rows["timestamp"] - pd.Timestamp(SHOP["run"]["start"])).dt.total_seconds() // 60)


def answered(done: sim.Result) -> pd.DataFrame:
    """The requests to prod with the minute in which they are counted: that of the answer."""
    rows = done.requests[done.requests["stage"] == "shop/prod"]
    return rows.assign(minute=(rows["arrived_ns"] + rows["latency_ns"]) // MINUTE)


def test_a_canary_has_series_of_its_own_and_its_stage_has_it_too(done: sim.Result) -> None:
    for stage, rows in (
        ("prod/Canary", answered(done)[answered(done)["canary"]]), ("prod", answered(done)),
    ):  # fmt: skip
        by_minute = rows.groupby("minute")
        assert series(done, stage, "Count")["Sum"].to_dict() == by_minute.size().to_dict()
        errors = by_minute["status"].apply(lambda of: (of >= 500).mean())
        assert series(done, stage, "5XXError")["Average"].to_numpy() == pytest.approx(errors.to_numpy())
        hits = by_minute["cache"].apply(lambda of: (of == "hit").sum())
        assert series(done, stage, "CacheHitCount")["Sum"].to_numpy() == pytest.approx(hits.to_numpy())
        for point, column in ((50, "p50"), (99, "p99")):
            latency = by_minute["latency_ns"].apply(lambda of, point=point: np.percentile(of, point) / 1e6)
            assert series(done, stage, "Latency")[column].to_numpy() == pytest.approx(latency.to_numpy())


def test_a_methods_series_holds_what_met_the_canary(done: sim.Result) -> None:
    rows = answered(done)
    for verb in ("GET", "POST"):
        counts = rows[rows["method"] == f"{verb} /"].groupby("minute").size()
        assert series(done, "prod", "Count", verb)["Sum"].to_dict() == counts.to_dict()


def test_the_summary_tells_the_canary_apart_within_its_stage(done: sim.Result) -> None:
    rows = answered(done)
    rows = rows[rows["arrived_ns"].between(MINUTE, 3 * MINUTE - 1)]
    stages = done.summary["stages"]
    assert stages["shop/prod"]["count"] == len(rows)
    met = rows[rows["canary"]]
    of = stages["shop/prod"]["canary"]
    assert of["count"] == len(met)
    assert of["5XXError"] == pytest.approx((met["status"] >= 500).mean(), abs=1e-6)
    assert of["latency_ms"]["p99"] == pytest.approx(np.percentile(met["latency_ns"], 99) / 1e6, abs=1e-3)
    assert stages["shop/prod"]["latency_ms"]["mean"] == pytest.approx(
        rows["latency_ns"].mean() / 1e6, abs=1e-3
    )
    assert "canary" not in stages["shop/test"]


def test_without_the_series_the_stage_still_has_it_all() -> None:
    with_series, without = (
        sim.run(SHOP, overrides={"assumptions.canary_series": shown}) for shown in (True, False)
    )
    frames = [done.metrics for done in (with_series, without)]
    assert set(frames[0]["stage"]) - set(frames[1]["stage"]) == {"prod/Canary"}
    frames = [frame.astype({"stage": str}) for frame in frames]
    rest = frames[0][frames[0]["stage"] != "prod/Canary"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, frames[1].reset_index(drop=True))
