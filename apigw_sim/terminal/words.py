"""Numbers and places as a person reads them."""

from __future__ import annotations

from typing import Any

from apigw_sim import units


def count(number: int) -> str:
    """A whole number with separators."""
    return f"{number:,}"


def many(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(part: float, whole: float) -> str:
    """A share of a whole: never 0 % of something, never 100 % for less than all."""
    share = part / whole if whole else 0.0
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{share * 100:.1f} %"


def ms(value: float | None) -> str:
    """Milliseconds, with a decimal where it says something."""
    if value is None:
        return "-"
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def rate(per_second: float | None) -> str:
    """Requests per second."""
    if per_second is None:
        return "-"
    return f"{per_second:,.0f}/s" if per_second >= 100 else f"{per_second:.3g}/s"


def size(size_bytes: float | None) -> str:
    """Bytes, to three digits: `2.15 MB`."""
    if size_bytes is None:
        return "-"
    fitting = [(of, unit) for unit, of in units.SIZE_UNITS.items() if size_bytes >= of]
    of, unit = max(fitting, default=(1, "B"))
    shown = size_bytes / of
    return f"{shown:,.0f} {unit}" if shown >= 100 else f"{_trimmed(shown, 2 if shown < 10 else 1)} {unit}"


def span(ns: int) -> str:
    """A span of time or an instant from the start: `2 min 4.31 s`, to the microsecond below a second."""
    if ns < units.SECOND:
        return f"{_trimmed(ns / units.MS, 3)} ms" if ns else "0 s"
    parts = []
    for unit, name in ((units.DAY, "d"), (units.HOUR, "h"), (units.MINUTE, "min")):
        whole, ns = divmod(ns, unit)
        if whole:
            parts.append(f"{whole} {name}")
    if ns or not parts:
        parts.append(f"{_trimmed(ns / units.SECOND, 3)} s")
    return " ".join(parts)


def _trimmed(value: float, places: int) -> str:
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def line_of(where: str) -> str:
    """Where a setting stands, for people: `flash_sale.yaml:51`, or who set it instead of a file."""
    if where == "default":
        return "AWS's default"
    if where == "override":
        return "set by an override"
    head, _, column = where.rpartition(":")
    file, _, line = head.rpartition(":")
    return head if column.isdigit() and line.isdigit() and file else where


def ceiling(text: str) -> str:
    """A limit's ceiling as a sentence has it: `200/s, burst 100`."""
    return text.replace(" burst ", ", burst ")


def figures(latency: dict[str, Any]) -> list[str]:
    """mean, p50, p90, p99 and max of a latency of the summary."""
    return [ms(latency[name]) for name in ("mean", "p50", "p90", "p99", "max")]
