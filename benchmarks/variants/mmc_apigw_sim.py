"""M/M/50 as an HTTP backend of this project: `mm50.yaml` on either engine, with metrics."""

from __future__ import annotations

from pathlib import Path

import apigw_sim

from . import mmc

SCENARIO = Path(__file__).resolve().parent.parent / "mm50.yaml"


def run(n: int, seed: int, engine: str) -> dict[str, float]:
    # No warm-up: the queue starts empty and forgets that within a second (1 / (c mu (1 - sqrt(rho))**2) = 0.8 s), which
    # over four minutes is less than a tenth of the spread, and so every request that is simulated is counted.
    overrides = {"run.duration": f"{round(mmc.horizon(n) * 1000)} ms", "run.warm_up": "0 s"}
    result = apigw_sim.run(SCENARIO, seed=seed, overrides=overrides, engine=engine)
    assert result.summary["engine"] == engine, result.summary["engine_reason"]
    count = result.summary["requests"]["count"]
    refused = count - result.summary["requests"]["by_reason"]["OK"]
    assert refused == 0, f"{refused} requests were refused"
    span = mmc.horizon(n)
    return {
        "requests": count,
        "in_system": count * result.summary["integration_latency_ms"]["mean"] / 1000 / span,
        "window_s": span,
    }
