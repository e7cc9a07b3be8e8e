"""The whole gateway path, `mixed_path.yaml`, on the `simpy` engine with metrics: from the file to the summary."""

from __future__ import annotations

from pathlib import Path

import apigw_sim

SCENARIO = Path(__file__).resolve().parent.parent / "mixed_path.yaml"
ATTEMPTS_PER_SECOND = 2000  # of simulated time, retries included; run.py wants it true to 5 %


def run(n: int, seed: int) -> dict[str, float]:
    overrides = {"run.duration": f"{n // ATTEMPTS_PER_SECOND} s"}
    summary = apigw_sim.run(SCENARIO, seed=seed, overrides=overrides).summary
    functions = summary["functions"].values()
    return {
        "requests": summary["requests"]["count"],
        "calls": summary["clients"]["shoppers"]["calls"],
        "refused": summary["requests"]["by_status"].get("429", 0),
        "cache_hits": summary["cache"]["hits"],
        "invocations": sum(function["invocations"] for function in functions),
        "cold_starts": sum(function["cold_starts"] for function in functions),
    }
