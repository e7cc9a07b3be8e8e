"""The scenario with logs does what its comment says, as a tool that reads logs sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from scenarios.comments import Claim
from scenarios.test_scenarios import run, vouched

RATE, SENT, BURST = 25, 30 * 60, 5


def test_logs_and_traces(tmp_path: Path) -> None:
    """The log is read by pandas, a line of JSON at a time; X-Ray's shares are those of its default rule."""
    done = run("logs_and_traces")
    done.result.write_access_log("shop/prod", str(tmp_path / "access.log"))
    done.result.write_traces("shop/prod", str(tmp_path / "traces.jsonl"))
    log = pd.read_json(tmp_path / "access.log", lines=True)
    throttled = log[log["status"] == 429]
    last = (SENT - 1) / 30
    passed = int(BURST + RATE * last)
    assert (len(log), len(throttled)) == (SENT, SENT - passed)
    assert set(throttled["error"]) == {"THROTTLED"}
    assert set(throttled["backend_ms"]) == {"-"}
    answered = log[log["status"] == 200]
    own = answered["ms"] - answered["backend_ms"].astype(int)
    slow = answered["ms"] > 500
    assert abs(slow.mean() - 0.1) < 4 * (0.09 / len(answered)) ** 0.5  # once in 15,000 seeds
    assert abs(own[slow].mean() - own[~slow].mean()) < 3  # of some 10 ms
    segments = [
        json.loads(line) for line in (tmp_path / "traces.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    of_chance = 0.05 * (SENT - 60)
    assert abs(len(segments) - 60 - of_chance) < 4 * (0.95 * of_chance) ** 0.5
    assert len({int(segment["start_time"]) for segment in segments}) == 60
    refused = [segment for segment in segments if segment.get("throttle")]
    assert all(("subsegments" in segment) != bool(segment.get("throttle")) for segment in segments)
    vouched(
        "logs_and_traces",
        [
            Claim("{} requests a second for {} s are {} lines", (30, 60, SENT)),
            Claim("{} + {} x {} = {}", (BURST, RATE, last, passed)),
            Claim("The other {} have a status of {}", (SENT - passed, 429)),
            Claim(
                "sampled, {}, and {} % of the other {}, some {}: {} segments",
                (60, 5, SENT - 60, of_chance, 60 + of_chance),
            ),
        ],
        [
            Claim("{} lines, {} of them with a {}, and", (SENT, SENT - passed, 429)),
            Claim("{} segments, {} of them", (len(segments), len(refused))),
        ],
    )
