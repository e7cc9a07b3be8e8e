"""Time per attempt along the axes of `scaling.py`, and of users in a closed loop: the tables, and the gates."""

from __future__ import annotations

from statistics import median

from gates import Gate, at_least, at_most, bound
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

FEW_USERS, MANY_USERS = 10_000, 110_000
HALF = 0.5
USER_BYTES = 800
"""At most for a user: the event of its next call, its place in the pages of the far future, and room to grow."""

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


def of_users(rounds: int) -> list[Gate]:
    """A closed loop of many users beside an open one of the same rate, a process each: speed, and bytes for a user."""
    found: dict[int, list[Row]] = {users: [] for users in (0, FEW_USERS, MANY_USERS)}
    for number in range(rounds):
        for users, rows in found.items():
            rows += script("users.py", users, round=number)
    lines = [
        (
            f"{users:,}" if users else "open loop",
            spread(ns(rows), 0),
            f"{peak(rows) / 1e6:.0f}",
            flagged(rows),
        )
        for users, rows in found.items()
    ]
    table(("users", "ns per attempt", "peak MB", "flagged"), lines)
    ratio = median(ns(found[0])) / median(ns(found[MANY_USERS]))
    each = (peak(found[MANY_USERS]) - peak(found[FEW_USERS])) / (MANY_USERS - FEW_USERS)
    return [
        Gate(
            at_least(ratio, HALF),
            f"{MANY_USERS:,} users do {ratio:.2f} times the attempts of an open loop, at least {bound(HALF, floor=True)}",
        ),
        Gate(each <= USER_BYTES, f"a user takes {each:.0f} bytes, at most {USER_BYTES:,}"),
    ]


def peak(rows: list[Row]) -> float:
    """The median of the most that processes held."""
    return float(median(row["peak_bytes"] for row in rows))
