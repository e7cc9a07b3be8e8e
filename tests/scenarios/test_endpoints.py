"""The scenario of the endpoint types: its means are arithmetic, within four standard errors of the share drawn."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from scenarios.comments import Claim, Comment, check, numbers, overrides

import apigw_sim as sim

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "endpoint_types.yaml"
COMMENT = Comment.of(FILE)
CLIENTS = ("seoul", "seoul-by-edge", "batch")


def latencies(result: sim.Result) -> dict[str, dict[str, float]]:
    return {name: result.summary["clients"][name]["call_latency_ms"] for name in CLIENTS}


def test_endpoint_types() -> None:
    done = sim.run(FILE)
    found: dict[str, Any] = latencies(done)
    calls = done.summary["clients"]["seoul"]["calls"]
    # a fifth of some 12,000 calls: the share has a standard error of 0.37 %, worth 1.8 ms of 480 (a false alarm in
    # 16,000 seeds, none for this one; one handshake less would be 48 ms)
    error = 4 * sqrt(0.2 * 0.8 / calls)
    assert found["seoul"]["mean"] == pytest.approx(240 + 10 + 0.2 * 2 * 240, abs=480 * error)
    assert found["seoul-by-edge"]["mean"] == pytest.approx(240 + 10 + 0.2 * 2 * 8, abs=16 * error)
    assert found["batch"]["mean"] == pytest.approx(1 + 10 + 3)
    assert all(row["met"] for row in done.summary["expectations"])
    check(
        COMMENT.expected,
        [
            Claim("a round trip of {} ms away from it, and {} ms away", (240, 8)),
            Claim("in the Region, {} ms away", (1,)),
            Claim("The gateway adds {} ms", (10,)),
            Claim("{} ms and the gateway's {} ms: {} ms", (240, 10, 250)),
            Claim(
                "{} more: {} ms on top. On average {} ms + {} % x {} ms = {} ms", (1, 480, 250, 20, 480, 346)
            ),
            Claim("at the POP: {} ms on top, {} ms on average", (16, 250 + 0.2 * 16)),
            Claim("{} round trips: {} ms + {} ms + {} ms = {} ms", (2, 1, 10, 3, 14)),
        ],
    )
    means = tuple(found[name]["mean"] for name in CLIENTS)
    seoul, edge = found["seoul"], found["seoul-by-edge"]
    assert seoul["p50"] == edge["p50"]
    left = check(
        COMMENT.outcome,
        [
            Claim("with seed {}:", (1,)),
            Claim("means of {} ms, {} ms and {} ms", means),
            Claim("p50 of {} ms for both kinds of clients in Seoul, p99 of {} ms and {} ms",
                  (seoul["p50"], seoul["p99"], edge["p99"])),
        ],
    )  # fmt: skip
    assert numbers(left) == []


def stays_open(result: sim.Result) -> list[Claim]:
    return [Claim("as good as edge-optimized: {} ms on average", (latencies(result)["seoul"]["mean"],))]


def faster(result: sim.Result) -> list[Claim]:
    mean = latencies(result)["seoul-by-edge"]["mean"]
    assert mean == pytest.approx(8 + 0.8 * 232 + 10 + 0.2 * 16, abs=0.3)
    return [Claim("{} ms on average at the edge", (mean,))]


TRIED: dict[str, Callable[[sim.Result], list[Claim]]] = {
    '--set "clients.seoul.network.new_connection=0 %"': stays_open,
    '--set "assumptions.edge_backbone=80 %"': faster,
}


def test_what_it_says_of_a_try() -> None:
    assert set(COMMENT.tries) == set(TRIED)
    for options, claims in TRIED.items():
        done = sim.run(FILE, overrides=overrides(options))
        assert numbers(check(COMMENT.tries[options], claims(done))) == []
