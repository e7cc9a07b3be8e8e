"""Time per attempt along the axes of `scaling.py`: the table, and the gates that rest on it."""

from __future__ import annotations

from statistics import median

from gates import Gate, at_most, bound
from rows import Row, flagged, script, spread, table

BASE = "base"
AXES = {
    "methods": ("10 methods to 10,000", 2.5),
    "keys": ("10 keys to 10,000", 2.5),
    "plans": ("1 usage plan to 300, each with a client and 10 keys", 2.5),
    "in flight": ("100 requests in flight to 100,000", 2.5),
    "one instant": ("100 requests at one instant to 100,000", 2.5),
    "far timers": ("1,000 timers 0.1 s away to 1,000,000 an hour away", 2.5),
    "requests": ("100,000 requests to {most:,}", 1.3),
}
"""What an axis is, and how much longer an attempt may take at its end than at its beginning."""
OWN_START = {"one instant", "far timers", "requests"}  # the others begin at the base

Times = dict[tuple[str, int], list[Row]]


def ns(rows: list[Row]) -> list[float]:
    """Nanoseconds of CPU time per attempt."""
    return [row["cpu_s"] / row["attempts"] * 1e9 for row in rows]


def gate(axis: str, times: Times) -> Gate:
    """The end of an axis against its beginning, as medians."""
    values = sorted(value for name, value in times if name == axis)
    first = times[axis, values[0]] if axis in OWN_START else times[BASE, 0]
    what, most = AXES[axis]
    ratio = median(ns(times[axis, values[-1]])) / median(ns(first))
    text = f"time per attempt from {what.format(most=values[-1])}: {ratio:.2f} times"
    return Gate(at_most(ratio, most), f"{text}, at most {bound(most, floor=False)}")


def scaled(rounds: int, long: bool) -> list[Gate]:
    """One process with all measurements, the table and the gates."""
    times: Times = {}
    for row in script("scaling.py", rounds, *(["--long"] if long else [])):
        times.setdefault((row["axis"], row["value"]), []).append(row)
    lines = [
        (axis, f"{value:,}" if value else "", spread(ns(rows), 0), len(rows), flagged(rows))
        for (axis, value), rows in times.items()
    ]
    table(("compiled engine", "", "ns per attempt", "runs", "flagged"), lines)
    return [gate(axis, times) for axis in AXES]
