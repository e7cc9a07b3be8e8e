"""The scenarios about versions and aliases do what the comments at their heads say."""

from __future__ import annotations

import pytest
from scenarios.comments import Claim
from scenarios.test_scenarios import SECOND, Run, erlang_b, errors, run, vouched

MINUTE = 60


def split(done: Run, begin: int, end: int) -> tuple[int, int, float]:
    """What came by PROD between two minutes, how much of it version 2 executed, and the percentage of 502s of prod."""
    rows = done.result.invocations
    arrived = rows["arrived_ns"] / SECOND
    mine = rows[(rows["alias"] == "checkout:PROD") & (arrived >= begin * MINUTE) & (arrived < end * MINUTE)]
    answers = done.of("shop/prod", begin * MINUTE, end * MINUTE)
    return (
        len(mine),
        int((mine["backend"] == "checkout:2").sum()),
        100 * float((answers["status"] == 502).mean()),
    )


def test_weighted_alias() -> None:
    done = run("weighted_alias")
    few, newer, shown = split(done, 1, 8)
    many, half, after = split(done, 8, 12)
    assert 100 * newer / few == pytest.approx(5, abs=errors(5, few))
    assert 100 * half / many == pytest.approx(50, abs=errors(50, many))
    assert shown == pytest.approx(0.1, abs=errors(0.1, few))
    assert after == pytest.approx(1, abs=errors(1, many))
    by = done.summary["functions"]["checkout"]
    assert set(by["aliases"]["DEV"]) == {"$LATEST"}
    assert set(by["aliases"]["TEST"]) == {"2"}
    assert by["versions"]["1"]["errors"] == by["versions"]["$LATEST"]["errors"] == 0
    counted = done.at >= done.result.plan.warm_up / SECOND
    assert by["errors"] == by["versions"]["2"]["errors"] == (done.requests["status"][counted] == 502).sum()
    vouched(
        "weighted_alias",
        [
            Claim(
                "of {}/s in the {} minutes from 1 to 8 min {} are version 2",
                (100, 7, 100 * 7 * MINUTE * 0.05),
            ),
            Claim("give or take {} (", (1.96 * (2100 * 0.95) ** 0.5,)),
            Claim("Of those {} % are a {}: prod as a whole shows {} %", (2, 502, 0.05 * 2)),
            Claim("From 8 min on prod shows {} %", (0.5 * 2,)),
        ],
        [
            Claim(
                "from 1 to 8 min {} of {} invocations of prod were version 2, and {} % of its requests were a {}",
                (newer, few, shown, 502),
            ),
            Claim(
                "from 8 min on {} of {} were version 2, and {} % of its requests were a {}",
                (half, many, after, 502),
            ),
        ],
    )


def test_codedeploy_shift() -> None:
    done = run("codedeploy_shift")
    app = done.requests["client"] == "app"

    def refused(begin: float, end: float) -> tuple[int, int]:
        rows = done.requests[app & (done.at >= begin * MINUTE) & (done.at < end * MINUTE)]
        return len(rows), int((rows["status"] == 400).sum())

    asked, lost = refused(2, 12)
    assert 100 * lost / asked == pytest.approx(45, abs=errors(45, asked))
    for step in range(10):
        of, answered = refused(2 + step + 1 / MINUTE, 3 + step - 1 / MINUTE)
        share = 90 - 10 * step
        assert 100 * answered / of == pytest.approx(share, abs=errors(share, of)), step
    before, all_lost = refused(0, 2 - 1 / MINUTE)
    assert all_lost == before
    assert set(done.requests[~app]["status"]) == {200}
    rows = done.result.invocations
    cold = int(((rows["backend"] == "checkout:2") & rows["init_ns"].notna()).sum())
    vouched(
        "codedeploy_shift",
        [
            Claim("{} % in the mean: of {}/s for {} s that is {}", (45, 20, 600, 20 * 600 * 0.45)),
        ],
        [
            Claim(
                "{} of {} calls in v2 were answered {} during the shift, and {} after it",
                (lost, asked, 400, refused(12, 15)[1]),
            ),
            Claim("version 2 had {} cold starts", (cold,)),
        ],
    )


def test_provisioned_concurrency() -> None:
    """Erlang's formula holds whatever the law of the durations; what spills over comes in clumps, which widens its give."""
    done = run("provisioned_concurrency")
    rows = done.result.invocations
    arrived = rows["arrived_ns"] / SECOND
    crowd = rows[(arrived >= 10 * MINUTE) & (arrived < 15 * MINUTE)]
    mine, twin = (crowd[crowd["backend"] == name] for name in ("checkout:1", "on_demand"))
    spilled, cold = int(mine["refused_by"].notna().sum()), int(mine["init_ns"].notna().sum())
    first = twin[twin["arrived_ns"] < (10 * MINUTE + 2) * SECOND]
    requests = done.of("shop/prod", 10 * MINUTE, 15 * MINUTE)
    slowest = {
        method: requests[requests["method"] == method]["latency_ns"].quantile(0.999) / 1e6
        for method in ("POST /orders", "POST /on_demand")
    }
    assert spilled == pytest.approx(90_000 * erlang_b(75, 60) / 100, abs=270)
    of = done.summary["functions"]["checkout"]["provisioned_concurrency"]["PROD"]
    ready = done.result.journal["allocated"].dropna()
    assert done.result.journal["at_ns"][ready.index].tolist() == [
        (9 * MINUTE + 30.75) * SECOND,
        16 * MINUTE * SECOND,
    ]
    vouched(
        "provisioned_concurrency",
        [
            Claim("{}/s x {} s = {} at once", (300, 0.2, 300 * 0.2)),
            Claim("{} offered to {} find all of them busy {} %", (60, 75, erlang_b(75, 60))),
            Claim("at {} min {} s.", (9, 90 + 75 * 0.01 - MINUTE)),
            Claim("bring {} at the most", (300 * 1.2,)),
        ],
        [
            Claim(
                "from 10 to 15 min {} of {} invocations of checkout spilled over, and {} started cold; its p99.9 was {} ms",
                (spilled, len(mine), cold, slowest["POST /orders"]),
            ),
            Claim(
                "on demand {} started cold in the first 2 s of the crowd; the p99.9 from 10 to 15 min was {} ms",
                (int(first["init_ns"].notna().sum()), slowest["POST /on_demand"]),
            ),
            Claim(
                "in the mean {} were provisioned, and {} % of them in use",
                (of["mean_allocated"], 100 * of["mean_utilization"]),
            ),
        ],
    )
