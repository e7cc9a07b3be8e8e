"""The catalogue's plans of provisioned concurrency: what spills over, what is taken from which pool, changes."""

from __future__ import annotations

from typing import Any

from engine.catalogue_aliases import split
from engine.catalogue_backends import COLD, fault, reserve
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client

SOON = {"provisioned_preparation": "100 ms"}


def ready(
    first: int, second: int, *timeline: dict[str, Any], function: dict[str, Any] | None = None, **parts: Any
) -> Any:
    """As `split`, with so much provisioned for version 1 and for version 2."""
    body = {**COLD, "provisioned_concurrency": {"1": first, "2": second}, **(function or {})}
    assumptions = {**SOON, **parts.pop("assumptions", {})}
    return split(None, *timeline, function=body, assumptions=assumptions, **parts)


def provide(when: str, version: str, count: int) -> dict[str, Any]:
    return {"at": when, "set": {f"functions.f.provisioned_concurrency.{version}": count}}


SPILLED = ("provisioned", "refused by LAMBDA_PROVISIONED", "cold")
ENTRIES: dict[str, Entry] = {
    "provisioned concurrency of two versions": entry(
        ready(3, 1), *SPILLED, "level PROVISIONED", "level PROVISIONED_IN_USE", "level PROVISIONED_UTILIZATION"
    ),
    "provisioned concurrency by an alias": entry(
        split("2", function={**COLD, "provisioned_concurrency": {"PROD": 2}}, two={"duration": "130 ms"}), *SPILLED
    ),
    "provisioned concurrency out of a reservation": entry(
        ready(2, 1, function={"reserved_concurrency": 5}), *SPILLED, "work THROTTLED_RESERVED", "retried"
    ),
    "a reservation that is all provisioned": entry(
        ready(3, 2, function={"reserved_concurrency": 5}), "provisioned", "work THROTTLED_RESERVED"
    ),
    "provisioned concurrency out of a small account": entry(
        ready(3, 2, account={"lambda_concurrency": 106, "used_elsewhere": {"lambda_concurrency": 99}}),
        "provisioned", "work THROTTLED_ACCOUNT",
    ),
    "the requests a second of provisioned concurrency": entry(
        ready(2, 1, account={"lambda_requests_per_concurrency": 5}, one={"duration": "5 ms"}, two={"duration": "5 ms"}),
        *SPILLED,
    ),
    "provisioned concurrency and the requests a second of a reservation": entry(
        ready(2, 2, function={"reserved_concurrency": 6}, account={"lambda_requests_per_concurrency": 5},
              one={"duration": "5 ms"}, two={"duration": "5 ms"}),
        "provisioned", "work THROTTLED_RPS",
    ),
    "provisioned concurrency that grows and shrinks": entry(
        ready(1, 0, provide("200 ms", "1", 4), provide("250 ms", "2", 2), provide("900 ms", "1", 1),
              provide("1 s", "2", 0), provide("1.2 s", "1", 3), provide("1.25 s", "1", 2), provide("1.4 s", "2", 1)),
        *SPILLED, "allocated", "died",
    ),
    "provisioned concurrency on schedules": entry(
        ready(1, 1, provide("700 ms", "2", 2), function={"auto_scaling": {
            "1": {"minimum": 1, "maximum": 2, "schedules": [{"at": "300 ms", "minimum": 4, "maximum": 5},
                                                            {"at": "1.1 s", "minimum": 0, "maximum": 1}]},
            "2": {"minimum": 0, "maximum": 2, "schedules": [{"at": "650 ms", "minimum": 3, "maximum": 3}]}}}),
        *SPILLED, "allocated", "asked",
    ),
    "a reservation beside provisioned concurrency that changes": entry(
        ready(2, 1, reserve("500 ms", 4), provide("800 ms", "2", 2), reserve("1.2 s", 9), function={"reserved_concurrency": 5}),
        "provisioned", "work THROTTLED_RESERVED", "allocated",
    ),
    "a reservation that comes beside provisioned concurrency": entry(
        ready(2, 1, reserve("500 ms", 4), account={"lambda_concurrency": 108, "used_elsewhere": {"lambda_concurrency": 99}}),
        "provisioned", "work THROTTLED_RESERVED", "work THROTTLED_ACCOUNT",
    ),
    "faults hold for provisioned concurrency": entry(
        ready(4, 1, fault("500 ms", "1 s", slow=3), fault("800 ms", "300 ms", errors="40 %"),
              fault("1.5 s", "200 ms", outage=True)),
        "provisioned", "API_CONFIGURATION_ERROR", "FUNCTION_ERROR",
    ),
    "provisioned concurrency that times out, and requests too large for it": entry(
        ready(4, 1, one={"duration": "1.2 s", "timeout": "1 s"},
              clients={"c": client({"process": "even", "rate": "20/s"}, [{"call": "GET /", "body": {"uniform": {
                  "min": "5.9 MB", "max": "6.1 MB"}}}])}),
        "provisioned", "work TIMEOUT", "work TOO_LARGE", "reset",
    ),
    "provisioned concurrency behind a gateway that waits no longer": entry(
        ready(3, 1, timeout="60 ms"), "provisioned", "INTEGRATION_TIMEOUT", "abandoned"
    ),
    "events in provisioned concurrency": entry(
        ready(2, 1, account={"lambda_requests_per_concurrency": 2},
              methods={"GET /": {"integration": {"lambda": "f:1", "invocation_type": "Event"}}},
              clients={"c": client({"process": "even", "rate": f"{SECOND // (40 * MS)}/s"})}),
        "provisioned", "refused by LAMBDA_PROVISIONED",
    ),
}  # fmt: skip
