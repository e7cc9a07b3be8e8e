"""What a run reached, in words: the reasons, outcomes, limits and features that its rows show, each with its count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from engine.running import Ran

from apigw_sim.plan.tables import GaugeKind, LimitKind
from apigw_sim.records import (
    ATTEMPTS,
    CALLS,
    ENVIRONMENTS,
    INVOCATIONS,
    JOURNAL,
    LEVELS,
    NULL,
    Authorized,
    Cache,
    CallOutcome,
    Flag,
    Outcome,
    Source,
)
from apigw_sim.rules import reason
from apigw_sim.rules.reason import REASONS

REASONS_OF_TODAY = (
    "OK", "BACKEND_4XX", "BACKEND_5XX", "THROTTLED", "QUOTA_EXCEEDED", "INVALID_API_KEY",
    "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "CACHE_INVALIDATION_DENIED", "INTEGRATION_TIMEOUT",
    "INTEGRATION_FAILURE", "LAMBDA_THROTTLED", "FUNCTION_ERROR", "FUNCTION_TIMEOUT", "MALFORMED_RESPONSE",
    "RESPONSE_TOO_LARGE", "API_CONFIGURATION_ERROR", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS",
    "UNSUPPORTED_MEDIA_TYPE", "GATEWAY_UNAVAILABLE", "URI_TOO_LONG", "HEADERS_TOO_LARGE", "LAMBDA_REQUEST_TOO_LARGE",
    "UNMAPPED_RESPONSE", "BACKEND_RESPONSE_TOO_LARGE", "BAD_GATEWAY_AT_LOAD",
    "RESPONSE_TOO_LARGE", "API_CONFIGURATION_ERROR", "UNAUTHORIZED", "ACCESS_DENIED", "AUTHORIZER_FAILURE",
    "AUTHORIZER_CONFIGURATION_ERROR", "INVALID_SIGNATURE", "EXPIRED_TOKEN", "RESOURCE_NOT_FOUND",
    "UNMAPPED_RESPONSE", "BACKEND_RESPONSE_TOO_LARGE", "BAD_GATEWAY_AT_LOAD", "NO_MAPPING", "NO_CERTIFICATE",
    "SERVICE_THROTTLED",
    "ROUTE_NOT_FOUND", "WAF_FILTERED",
)  # fmt: skip
"""The reasons that something in this version leads to."""

WORDS = (
    *REASONS_OF_TODAY,
    *(f"work {outcome.name}" for outcome in Outcome),
    *(f"call {outcome.name}" for outcome in CallOutcome),
    *(f"cache {word.name}" for word in Cache),
    *(f"authorizer {word.name}" for word in Authorized),
    *(f"work for {source.name}" for source in Source),
    *(f"flag {flag.name}" for flag in Flag),
    *(f"refused by {kind.name}" for kind in LimitKind),
    *(f"level {kind.name}" for kind in GaugeKind),
    "authorizer refused", "authorizer gone", "authorizer cold",
    "retried", "queued", "abandoned", "abandoned in a queue", "repeated", "late", "cold", "died", "reset", "not idempotent",
    "journal", "fault ended", "provisioned", "allocated", "asked", "mapped to success", "by an alias", "by a version",
    "user", "user again", "late start", "health", "at a further target",
)  # fmt: skip
"""Every word there is."""


class Entry(NamedTuple):
    """A scenario of the catalogue, and what it must reach so that it proves something."""

    said: Any
    reaches: tuple[str, ...]


def entry(said: Any, *reaches: str) -> Entry:
    """A scenario that must reach these words."""
    unknown = set(reaches) - set(WORDS)
    assert not unknown, f"{unknown}: no words of reaching.py"
    return Entry(said, reaches)


def _named(values: np.ndarray[Any, Any], kind: type[IntEnum], prefix: str) -> Iterable[tuple[str, int]]:
    for value, count in zip(*np.unique(values, return_counts=True), strict=True):
        yield f"{prefix} {kind(value).name}", int(count)


def reached(ran: Ran) -> Counter[str]:
    """How often a run reached each word."""
    found: Counter[str] = Counter()
    for value, count in zip(*np.unique(ran.column(ATTEMPTS, "reason"), return_counts=True), strict=True):
        found[REASONS[value].name] += int(count)
    kinds = np.array([limit.kind for limit in ran.plan.limits], np.int64)
    for table in (ATTEMPTS, INVOCATIONS):
        limits = ran.column(table, "refused_by")
        if table is ATTEMPTS or len(limits):
            found.update(dict(_named(kinds[limits[limits != NULL]], LimitKind, "refused by")))
    found.update(dict(_named(ran.column(INVOCATIONS, "outcome"), Outcome, "work")))
    found.update(dict(_named(ran.column(CALLS, "outcome"), CallOutcome, "call")))
    found.update(dict(_named(ran.column(ATTEMPTS, "cache"), Cache, "cache")))
    found.update(dict(_named(ran.column(ATTEMPTS, "authorizer"), Authorized, "authorizer")))
    source = ran.column(INVOCATIONS, "source")
    found.update(dict(_named(source, Source, "work for")))
    asked = source == Source.AUTHORIZER
    flags = ran.column(ATTEMPTS, "flags")
    found.update({f"flag {flag.name}": int(((flags & flag) != 0).sum()) for flag in Flag})
    base = sorted((first, kind) for kind, first in ran.plan.gauge_base.items())
    gauges = ran.column(LEVELS, "gauge")
    if len(gauges):
        at = np.searchsorted([first for first, _ in base], gauges, side="right") - 1
        found.update(dict(_named(np.array([kind for _, kind in base])[at], GaugeKind, "level")))
    queued = ran.column(INVOCATIONS, "queued_ns") > 0
    abandoned = ran.column(INVOCATIONS, "abandoned") == 1
    failed = ran.column(ATTEMPTS, "reason") != reason.OK
    counted = {
        "mapped to success": failed & (ran.column(ATTEMPTS, "status") < 400),
        "retried": ran.column(ATTEMPTS, "attempt") > 1,
        "queued": queued,
        "abandoned": abandoned,
        "abandoned in a queue": abandoned & queued,
        "authorizer refused": asked & (ran.column(INVOCATIONS, "refused_by") != NULL),
        "authorizer gone": asked & abandoned,
        "authorizer cold": asked & (ran.column(INVOCATIONS, "init_ns") != NULL),
        "repeated": ran.column(INVOCATIONS, "repeated") == 1,
        "not idempotent": ran.column(INVOCATIONS, "idempotent") == 0,
        "provisioned": ran.column(INVOCATIONS, "provisioning_ns") == NULL,
        "allocated": ran.column(JOURNAL, "allocated") != NULL,
        "asked": ran.column(JOURNAL, "asked") != NULL,
        "cold": ran.column(INVOCATIONS, "init_ns") != NULL,
        "died": ran.column(ENVIRONMENTS, "died_ns") != NULL,
        "reset": ran.column(ENVIRONMENTS, "resets") > 0,
        "by an alias": ran.column(INVOCATIONS, "alias") != NULL,
        "by a version": np.isin(ran.column(INVOCATIONS, "backend"), _versions(ran)),
        "user": ran.column(CALLS, "user") > 0,
        "late start": ran.column(CALLS, "started_ns") > ran.column(CALLS, "intended_ns"),
        "user again": (ran.column(CALLS, "user") > 0) & (ran.column(CALLS, "call") > 0),
        "health": ran.column(JOURNAL, "healthy") != NULL,
        "at a further target": _elsewhere(ran),
        "journal": ran.column(JOURNAL, "ends") == 0,
        "fault ended": ran.column(JOURNAL, "ends") == 1,
    }
    found.update({word: int(rows.sum()) for word, rows in counted.items()})
    found["late"] = _late(ran)
    return Counter({word: count for word, count in found.items() if count})


def _elsewhere(ran: Ran) -> np.ndarray[Any, Any]:
    """Whether attempts went to another target of a record than the first."""
    first = np.array([client.stage for client in ran.plan.clients], np.int64)
    return ran.column(ATTEMPTS, "stage") != first[ran.column(ATTEMPTS, "client")]


def _versions(ran: Ran) -> list[int]:
    """The rows of plan.backends that are published versions."""
    return [row for row, backend in enumerate(ran.plan.backends) if backend.version_of != NULL]


def _late(ran: Ran) -> int:
    """How many invocations reached their backend after the gateway had stopped waiting for them (or at that instant)."""
    ids = ("client", "user", "call", "attempt")
    ends = {
        row[:4]: row[4] + row[5]
        for row in ran.columns(ATTEMPTS, *ids, "arrived_ns", "integration_ns", "status")
        if row[5] != NULL and row[6] == 504
    }
    return sum(row[4] >= ends.get(row[:4], 1 << 62) for row in ran.columns(INVOCATIONS, *ids, "arrived_ns"))
