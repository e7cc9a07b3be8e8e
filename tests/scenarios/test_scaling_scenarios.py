"""The scenarios about environments and servers that come and go do what the comments at their heads say."""

from __future__ import annotations

import pytest
from scenarios.comments import Claim
from scenarios.test_scenarios import SECOND, erlang_b, run, vouched

MINUTE = 60


def test_provisioned_on_schedule() -> None:
    """Spill-over is bursty: by the peakedness of overflow (3) some five times as variable as Poisson's, so 4 errors are 105."""
    done = run("provisioned_on_schedule")
    rows, asked = done.result.invocations, done.result.journal.dropna(subset="asked")
    arrived = rows["arrived_ns"] / SECOND
    crowd = rows[(arrived >= 15 * MINUTE) & (arrived < 45 * MINUTE)]
    requests = done.of("shop/prod", 15 * MINUTE, 45 * MINUTE)

    def figures(name: str) -> tuple[int, int, int, float]:
        mine = crowd[crowd["backend"] == name]
        of = requests[requests["method"] == f"POST /{name.partition(':')[0]}"]
        slowest = of["latency_ns"].quantile(0.999) / 1e6
        return int(mine["refused_by"].notna().sum()), len(mine), int(mine["init_ns"].notna().sum()), slowest

    scheduled, tracked, on_demand = figures("scheduled:1"), figures("tracked:1"), figures("on_demand")
    assert scheduled[0] == pytest.approx(18_000 * erlang_b(42, 30) / 100, abs=105)
    mine = asked[asked["provision"] == "tracked:PROD"]
    steps = [int(count) for count in mine["asked"]]
    assert mine["at_ns"].iloc[0] == 19 * MINUTE * SECOND
    for before, after in zip([6, *steps[:-2]], steps[:-1], strict=True):
        assert before < after <= -(-before * 10 // 7)
    assert steps[-1] == 6
    ready = done.result.journal.dropna(subset="allocated").iloc[0]
    assert ready["at_ns"] == (12 * MINUTE + 90.36) * SECOND
    means = [
        done.summary["functions"][name]["provisioned_concurrency"]["PROD"]["mean_allocated"]
        for name in ("scheduled", "tracked")
    ]
    words = "{} of {} spilled over{}, {} started cold, and the p99.9 was {} ms"
    vouched(
        "provisioned_on_schedule",
        [
            Claim("{} and {} at once", (1 * 3, 10 * 3)),
            Claim("there {} s later", (90 + 36 * 0.01,)),
            Claim("{} offered to {} find all of them busy {} %", (30, 42, erlang_b(42, 30))),
            Claim("of {} some {} spill over", (10 * 30 * MINUTE, 18_000 * erlang_b(42, 30) / 100)),
            Claim("rings at minute {}.", (15 + 3 + 1,)),
            Claim("{} into {} / {}, rounded up {}", (6, 6, 0.7, -(-6 // 0.7))),
            Claim("first {} s bring {}/s x {} s = {} calls", (4, 10, 4, 10 * 4)),
        ],
        [
            Claim("of scheduled " + words.replace("over{}", "over in the half hour"), scheduled),
            Claim("of tracked " + words.replace("over{}", "over"), tracked),
            Claim("of on_demand {} started cold, and the p99.9 was {} ms", on_demand[2:]),
            Claim("tracked asked for {}, {}, {}, {}, {}, {} and {}:", steps[:-1]),
            Claim("scheduled had {} provisioned, and tracked {}", means),
        ],
    )


def test_timeout_that_never_heals() -> None:
    """Even arrivals and constant times: counts are exact."""
    done = run("timeout_that_never_heals")
    of = {name: done.requests[done.requests["client"] == name] for name in ("long", "short")}
    failed = {name: int((rows["status"] >= 400).sum()) for name, rows in of.items()}
    assert failed == {"long": 5 * 20, "short": 5 * 240}
    resets = done.result.environments.groupby("function", observed=True)["resets"].sum()
    assert resets.to_dict() == failed
    after = of["long"][of["long"]["arrived_ns"] >= 180 * SECOND]
    vouched(
        "timeout_that_never_heals",
        [
            Claim("{}/s x {} s = {} calls each", (5, 20, 100)),
            Claim("needs {} s + {} s = {} s", (2.5, 0.2, 2.7)),
            Claim("{} s for {} s of work", (2, 2.7)),
            Claim("{}/s x {} s = {}.", (5, 240, 1200)),
        ],
        [
            Claim(
                "long failed {} of {} calls and short {}", (failed["long"], len(of["long"]), failed["short"])
            ),
            Claim("long after {} min took {} ms", (3, after["latency_ns"].max() / 1e6)),
        ],
    )


def test_snap_start() -> None:
    """Even arrivals; Lambda's overhead shifts them by some ms, which the gives allow for."""
    done = run("snap_start")
    rows = done.result.invocations
    crowd = rows[rows["arrived_ns"] >= MINUTE * SECOND]
    figures = []
    for name, most, give in (("plain", 170, 20), ("snapped", 20, 6)):
        mine = crowd[crowd["client"] == name]
        cold = int(mine["init_ns"].notna().sum())
        assert cold == pytest.approx(most, abs=give)
        calls = done.requests[(done.requests["client"] == name) & (done.at >= MINUTE)]
        figures.append((cold, len(calls), calls["latency_ns"].quantile(0.99) / 1e6))
    vouched(
        "snap_start",
        [
            Claim("{}/s x {} s = {} at once", (50, 0.1, 5)),
            Claim(
                "after {} s: {}/s x {} s = {} start cold, give or take {} for",
                (4.25, 40, 4.25, 40 * 4.25, 20),
            ),
            Claim("the {} calls of two minutes", (50 * 120,)),
            Claim("after {} s: {}/s x {} s = {} start cold, give or take {}:", (0.5, 40, 0.5, 20, 6)),
        ],
        [
            Claim("plain {} of {} calls of the crowd started cold, p99 {} ms", figures[0]),
            Claim("snapped {} of {} started cold, p99 {} ms", figures[1]),
        ],
    )


def test_servers_that_scale() -> None:
    """Even arrivals and constant times: what is refused is exact."""
    done = run("servers_that_scale")
    journal = done.result.journal
    of = {name: done.requests[done.requests["client"] == name] for name in ("tight", "roomy")}
    refused = {name: int((rows["status"] >= 400).sum()) for name, rows in of.items()}
    assert refused == {"tight": 5 * 348, "roomy": 0}
    late = of["tight"][of["tight"]["status"] >= 400]["arrived_ns"]
    assert 372 <= late.min() / SECOND < 373
    assert 719 < late.max() / SECOND < 720
    asked = {name: journal[(journal["backend"] == name) & journal["asked"].notna()] for name in of}
    there = journal[journal["allocated"].notna()]
    assert {int(rows["at_ns"].iloc[0]) for rows in asked.values()} == {10 * MINUTE * SECOND}
    assert there["at_ns"].iloc[0] == 12 * MINUTE * SECOND
    steps = {name: [int(count) for count in rows["asked"]] for name, rows in asked.items()}
    assert (steps["tight"][0], steps["roomy"][0]) == (-(-15 // 0.7), 20 / 0.4)
    vouched(
        "servers_that_scale",
        [
            Claim("{} and {} at once", (10, 20)),
            Claim("after {} / {} = {} s", (60, 5, 12)),
            Claim("{}/s are refused for {} s, {} in all", (5, 6 * MINUTE - 12, 5 * (6 * MINUTE - 12))),
            Claim("{} / {}, rounded up {}", (15, 0.7, -(-15 // 0.7))),
            Claim("to spare, {}/s, in {} s", (22 - 20, 60 / (22 - 20))),
            Claim("{} / {} = {}", (20, 0.4, 50)),
        ],
        [
            Claim("tight refused {} of {} and roomy {}", (refused["tight"], len(of["tight"]), 0)),
            Claim("tight asked for {}, {} and {}, roomy for {} and {}", (*steps["tight"], *steps["roomy"])),
        ],
    )
