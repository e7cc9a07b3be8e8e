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
FIRST = {"methods": 10, "keys": 10, "plans": 1, "in flight": 100}  # what the base has: these axes begin there

Times = dict[tuple[str, int], list[Row]]


def ns(rows: list[Row]) -> list[float]:
    """Nanoseconds of CPU time per attempt, without the system's."""
    return [(row["cpu_s"] - row["system_s"]) / row["attempts"] * 1e9 for row in rows]


def system_ns(rows: list[Row]) -> list[float]:
    """The system's nanoseconds per attempt: for memory that is touched for the first time."""
    return [row["system_s"] / row["attempts"] * 1e9 for row in rows]


def line_of(axis: str, times: Times) -> dict[int, list[Row]]:
    """The rows of an axis by its value, the base among them where it begins there."""
    found = {value: rows for (name, value), rows in sorted(times.items()) if name == axis}
    return found if axis not in FIRST else {FIRST[axis]: times[BASE, 0]} | found


def gate(axis: str, times: Times) -> Gate:
    """The end of an axis against its beginning, as medians."""
    line = line_of(axis, times)
    what, most = AXES[axis]
    first, *_, last = line.values()
    ratio = median(ns(last)) / median(ns(first))
    whole = [median(row["cpu_s"] / row["attempts"] for row in rows) for rows in (first, last)]
    text = f"time per attempt from {what.format(most=max(line))}: {ratio:.2f} times"
    text += f" ({whole[1] / whole[0]:.2f} with the system's)"
    return Gate(at_most(ratio, most), f"{text}, at most {bound(most, floor=False)}")


def scaled(rounds: int, long: bool) -> list[Gate]:
    """One process with all measurements, the table and the gates."""
    times: Times = {}
    for row in script("scaling.py", rounds, *(["--long"] if long else [])):
        times.setdefault((row["axis"], row["value"]), []).append(row)
    lines = [
        (
            axis,
            f"{value:,}" if value else "",
            spread(ns(rows), 0),
            f"{median(system_ns(rows)):.0f}",
            len(rows),
            flagged(rows),
        )
        for (axis, value), rows in times.items()
    ]
    table(("compiled engine", "", "ns per attempt", "system", "runs", "flagged"), lines)
    return [gate(axis, times) for axis in AXES]
