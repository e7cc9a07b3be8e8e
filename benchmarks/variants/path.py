"""The whole gateway path with metrics, from the scenario's file to the summary."""

from __future__ import annotations

from pathlib import Path

import apigw_sim

HERE = Path(__file__).resolve().parent.parent


def run(n: int, seed: int, scenario: str, per_second: int, engine: str) -> dict[str, float]:
    """`per_second` attempts of simulated time, retries included; `gates.counted` wants it true to a tenth."""
    overrides = {"run.duration": f"{round(n * 1000 / per_second)} ms"}
    result = apigw_sim.run(HERE / f"{scenario}.yaml", seed=seed, overrides=overrides, engine=engine)
    summary = result.summary
    assert summary["engine"] == engine, summary["engine_reason"]
    functions = summary["functions"].values()
    return {
        "requests": summary["requests"]["count"],
        "calls": summary["clients"]["shoppers"]["calls"],
        "refused": summary["requests"]["by_status"].get("429", 0),
        "cache_hits": summary["cache"]["hits"],
        "invocations": sum(function["invocations"] for function in functions),
        "cold_starts": sum(function["cold_starts"] for function in functions),
    }
