"""AWS limits and defaults from `quotas.yaml`, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from apigw_sim import units


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit or default of AWS with its source."""

    name: str
    value: int | Fraction
    text: str
    unit: str
    scope: str
    adjustable: str
    default: bool
    page: str
    read: str


@cache
def _document() -> dict[str, Any]:
    text = files("apigw_sim").joinpath("quotas.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return document


def _value(raw: object) -> int | Fraction:
    if isinstance(raw, int):
        return raw
    text = str(raw)
    if "/" in text:
        return units.rate(text)
    return units.size(text) if text.endswith("B") else units.duration(text)


@cache
def limits() -> Mapping[str, Quota]:
    """All limits and defaults by name."""
    return MappingProxyType(
        {
            name: Quota(
                name,
                _value(row["value"]),
                str(row["value"]),
                row["unit"],
                row["scope"],
                row["adjustable"],
                row.get("default", False),
                row["page"],
                str(row["read"]),
            )
            for name, row in _document()["limits"].items()
        }
    )


def count(name: str) -> int:
    """A limit that is a count, nanoseconds or bytes."""
    return int(limits()[name].value)


def url_max(endpoint: str) -> int:
    """The longest URL, in bytes, that an endpoint type takes."""
    return count("url_max" if endpoint == "REGIONAL" else f"url_max_{endpoint.lower()}")


def headers_max(endpoint: str) -> int:
    """How large all headers together may be, in bytes, at an endpoint type."""
    return count("headers_max_private" if endpoint == "PRIVATE" else "headers_max")


def rate(name: str) -> Fraction:
    """A limit that is a rate per second."""
    return Fraction(limits()[name].value)


@cache
def regions() -> Mapping[str, str]:
    """The Region codes with their names."""
    table = _document()["regions"]
    return MappingProxyType(dict(sorted({**table["default_throttle"], **table["small_throttle"]}.items())))


def account_throttle(region: str) -> tuple[Fraction, int]:
    """The default rate per second and burst of an account in a Region."""
    kind = "small_region" if region in _document()["regions"]["small_throttle"] else "account"
    return rate(f"{kind}_throttle_rate"), count(f"{kind}_throttle_burst")


@cache
def start_execution(region: str) -> tuple[Fraction, int]:
    """Rate and burst of StartExecution, of standard state machines, in a Region."""
    kind = "" if region in _document()["start_execution"]["large"] else "small_"
    return rate(f"{kind}start_execution_rate"), count(f"{kind}start_execution_burst")


@cache
def cache_sizes() -> Mapping[str, int]:
    """The sizes of a stage cache as AWS names them, with their usable bytes."""
    return MappingProxyType(dict(_document()["cache_sizes"]["usable_bytes"]))


@cache
def runtimes() -> Mapping[str, Mapping[str, int]]:
    """Percentiles of Init Duration in nanoseconds by runtime."""
    table = _document()["init_times"]["runtimes"]
    return MappingProxyType(
        {name: {p: units.duration(text) for p, text in row.items()} for name, row in table.items()}
    )


def unreserved_floor(lambda_concurrency: int) -> int:
    """The concurrency that reservations must leave to everyone else, of an account with this limit."""
    small = count("lambda_unreserved_floor_new_account")
    return small if lambda_concurrency <= small else count("lambda_unreserved_floor")
