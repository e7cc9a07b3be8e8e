"""The scenario of the alarms: its instants are arithmetic, and the run's are the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from scenarios.comments import Claim, Comment, check, numbers, overrides

import apigw_sim as sim

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "blind_alarms.yaml"
COMMENT = Comment.of(FILE)


def rang(result: sim.Result, name: str) -> list[tuple[float, float | None]]:
    """In minutes, from when until when an alarm rang."""
    (row,) = [row for row in result.summary["alarms"] if row["name"] == name]
    found = []
    for state, after in pairwise([*row["states"], None]):
        if state["state"] == "ALARM":
            found.append((state["at_s"] / 60, after["at_s"] / 60 if after else None))
    return found


def test_blind_alarms() -> None:
    done = sim.run(FILE)
    requests: dict[str, Any] = done.summary["requests"]
    # An even stream: the first outage takes 150 s x 10/s, the second 40 s x 10/s.
    failed = requests["by_reason"]["INTEGRATION_FAILURE"]
    assert failed == 150 * 10 + 40 * 10
    recommended, impatient = rang(done, "shop-prod-5XXError"), rang(done, "impatient")
    assert recommended == [(8, 9)]
    assert impatient == [(6, 9), (16, 17)]
    assert rang(done, "shop-prod-Latency") == []
    assert all(row["met"] for row in done.summary["expectations"])
    check(
        COMMENT.expected,
        [
            Claim("takes {} orders a second", (10,)),
            Claim(
                "At {} min the backend is down for {} min; at {} min it is down again, for {} s",
                (4, 2.5, 14, 40),
            ),
            Claim("{} orders are lost from {} min to {} min", (1500, 4, 6.5)),
            Claim("it rings at {} min, when the outage has been over for {} s", (8, (8 - 6.5) * 60)),
            Claim("over at {} min and seen at {} min: {} s before the end", (5, 6, (6.5 - 6) * 60)),
            Claim(
                "{} orders are lost within one minute, from {} min on, {} % of it", (400, 14, 100 * 40 / 60)
            ),
            Claim("The impatient one rings at {} min", (16,)),
        ],
    )
    left = check(
        COMMENT.outcome,
        [
            Claim("with seed {}:", (1,)),
            Claim(
                "{} of {} orders were lost, {} %",
                (failed, requests["count"], 100 * failed / requests["count"]),
            ),
            Claim("rang once, at {} min, and was OK again at {} min", recommended[0]),  # type: ignore[arg-type]
            Claim("rang at {} min and at {} min", (impatient[0][0], impatient[1][0])),
        ],
    )
    assert numbers(left) == []


def at_once(result: sim.Result) -> list[Claim]:
    (found,) = rang(result, "shop-prod-5XXError")
    return [Claim("rings at {} min, {} s after", (found[0], (found[0] - 6.5) * 60))]


def compromise(result: sim.Result) -> list[Claim]:
    (found,) = rang(result, "impatient")
    return [Claim("rings at {} min, with the outage over for {} s", (found[0], (found[0] - 6.5) * 60))]


TRIED = {
    '--set "assumptions.metrics_delay=0 s"': at_once,
    '--set "alarms.impatient.datapoints=2 of 5"': compromise,
}


def test_what_it_says_of_a_try() -> None:
    assert set(COMMENT.tries) == set(TRIED)
    for options, claims in TRIED.items():
        done = sim.run(FILE, overrides=overrides(options))
        assert numbers(check(COMMENT.tries[options], claims(done))) == []
