"""M/M/50 as an HTTP backend of this project: `mm50.yaml` on the `simpy` engine, with metrics."""

from __future__ import annotations

from pathlib import Path

import apigw_sim

from . import mmc

SCENARIO = Path(__file__).resolve().parent.parent / "mm50.yaml"


def run(n: int, seed: int) -> dict[str, float]:
    milliseconds = round(mmc.horizon(n) * 1000)
    overrides = {"run.duration": f"{milliseconds} ms", "run.warm_up": f"{round(mmc.WARM_UP * 1000)} ms"}
    result = apigw_sim.run(SCENARIO, seed=seed, overrides=overrides)
    count = result.summary["requests"]["count"]  # of the arrivals after the warm-up
    refused = count - result.summary["requests"]["by_reason"]["OK"]
    assert refused == 0, f"{refused} requests were refused"
    span = mmc.horizon(n) - mmc.WARM_UP
    return {
        "requests": result.summary["clients"]["source"]["attempts"],
        "in_system": count * result.summary["integration_latency_ms"]["mean"] / 1000 / span,
        "window_s": span,
    }
