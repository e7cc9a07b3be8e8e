"""ASYNC rules: asynchronous invocations and Lambda's own queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]


def evented(**event_invoke: Any) -> dict[str, Any]:
    """worker gets orders as events."""
    integration = {"lambda": "worker", "invocation_type": "Event", "responses": {"202": 202}}
    made: dict[str, Any] = {'apis.shop.methods["POST /orders"].integration': integration}
    if event_invoke:
        made["functions.worker.event_invoke"] = event_invoke
    return made


def test_async001_fires_where_events_are_lost_when_they_are_given_up(one: One) -> None:
    path, text, fix = one("ASYNC001", evented(maximum_retry_attempts=1))
    assert path == "functions.worker.event_invoke.on_failure"
    assert text == (
        "worker is invoked asynchronously, and an event that it fails 2 times, or that finds no concurrency for 6 h, is "
        "lost: its sender has had a 202"
    )
    assert fix == "name a backend with sqs: there, and look at what comes into it"


def test_async001_is_silent_where_they_go_to_a_queue_or_nobody_sends_any(advice: Advised) -> None:
    assert not advice("ASYNC001")
    assert not advice("ASYNC001", evented(on_failure="dead") | {"backends.dead": {"sqs": {}}})
