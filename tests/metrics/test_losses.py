"""Requests that never arrived have a figure of their own."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import SECOND, at, client, planned, story
from metrics.stories import summary

from apigw_sim.compose import simulate

TWICE = {
    "attempts": 2,
    "client_timeout": True,
    "backoff": {"base": "100 ms", "cap": "100 ms", "jitter": "none"},
}
EVERY_SECOND = at(*(n * SECOND for n in range(8)))


def told(engine: str, **fault: Any) -> dict[str, Any]:
    """The clients' rows of the summary: each calls once a second for 8 s, and c's network is at fault from 1 s to 4 s."""
    said = story(
        clients={"c": client(EVERY_SECOND, timeout="500 ms", retry=TWICE), "d": client(EVERY_SECOND)},
        timeline=[{"at": "1 s", "fault": {"client": "c", "for": "3 s", **fault}}],
    )
    found: dict[str, Any] = summary(simulate(planned(said), engine=engine).metrics)["clients"]
    return found


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_lost_requests_are_what_was_sent_less_what_arrived(engine: str) -> None:
    """The calls of 1, 2 and 3 s are sent twice and never arrive: 6 requests, which the attempts lack."""
    found = told(engine, lost_requests="100 %")
    assert (found["c"]["lost_requests"], found["c"]["attempts"], found["c"]["gave_up"]) == (6, 5, 3)
    assert "lost_requests" not in found["d"]


def test_lost_answers_are_of_requests_that_arrived() -> None:
    found = told("simpy", lost_answers="100 %")
    assert (found["c"]["lost_requests"], found["c"]["attempts"], found["c"]["gave_up"]) == (0, 11, 3)
