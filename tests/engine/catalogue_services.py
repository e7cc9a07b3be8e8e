"""The catalogue's plans of AWS services behind integrations."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story


def serving(
    service: dict[str, Any], integration: dict[str, Any] | None = None, **parts: Any
) -> dict[str, Any]:
    """PUT / goes to a service, which gets more than it takes, from a client that tries again."""
    return story(
        route="PUT /",
        integration={"service": "s", **(integration or {})},
        backends={"s": service},
        clients={
            "c": client(
                every(15 * MS, 3 * SECOND),
                [{"call": "PUT /", "body": {"uniform": {"min": "100 B", "max": "6 KB"}}}],
                retry={**AGAIN, "statuses": [400, 429, 504]},
                timeout="300 ms",
            )
        },
        run={"duration": "3 s", "period": "500 ms"},
        **parts,
    )


TIGHT = {"rate": "20/s", "burst": 3, "latency": {"p50": "20 ms", "p99": "200 ms"}}
MAPPED = {"responses": {"400": 429}}
FAULTS = [
    {"at": "1 s", "fault": {"backend": "s", "outage": True, "for": "300 ms"}},
    {"at": "1.6 s", "fault": {"backend": "s", "slow": 9, "for": "300 ms"}},
    {"at": "2.2 s", "fault": {"backend": "s", "errors": "50 %", "for": "300 ms"}},
]

ENTRIES: dict[str, Entry] = {
    "a service whose refusals are successes": entry(
        serving({"service": TIGHT}), "SERVICE_THROTTLED", "refused by SERVICE", "work SERVICE_THROTTLED",
        "mapped to success",
    ),
    "a service whose refusals are mapped and tried again": entry(
        serving({"service": TIGHT}, MAPPED, timeline=FAULTS), "SERVICE_THROTTLED", "INTEGRATION_FAILURE", "retried",
        "fault ended",
    ),
    "a service that counts bytes": entry(
        serving({"service": {**TIGHT, "rate": "80/s", "burst": 6, "unit": "1 KB", "throttle_status": 429}}, {
            "responses": {"429": 429, "default": "none", "200": 202},
        }), "SERVICE_THROTTLED", "retried",
    ),
    "a service that answers later than anybody waits": entry(
        serving(
            {"service": {**TIGHT, "rate": "0/s", "burst": 90, "latency": {"uniform": {"min": "20 ms", "max": "400 ms"}}}},
            {"timeout": "150 ms", **MAPPED},
        ),
        "INTEGRATION_TIMEOUT", "abandoned",
    ),
}  # fmt: skip
