"""What the comments of the scenarios of arrivals and of retrying clients say of what to try."""

from __future__ import annotations

from typing import Any

from scenarios.comments import Claim

PARTNERS = ("metronome", "people", "jobs", "sessions", "uploads")


def of_partners(done: Any) -> dict[str, float]:
    """The percentage of the requests that is refused, by client of same_mean."""
    requests = done.requests
    return {
        name: 100 * float((requests["status"][requests["client"] == name] >= 400).mean()) for name in PARTNERS
    }


def a_deep_bucket(done: Any) -> list[Claim]:
    found = of_partners(done)
    return [Claim("jobs lose {} %, sessions {} % and uploads {} %", [found[name] for name in PARTNERS[2:]])]


TRIED = [
    (
        "same_mean",
        "--set apis.partners.stages.prod.method_settings.every_method.throttle.burst=120",
        a_deep_bucket,
    ),
]
