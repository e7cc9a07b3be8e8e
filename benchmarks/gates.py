"""Gates: what must hold, as ratios and counts, never seconds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

import theory
from rows import Row, speed, spread
from variants import mmc

EASY = 0.6 if os.environ.get("BENCH_EASY", "") not in {"", "0"} else 1.0
"""With BENCH_EASY every ratio may be worse by this factor: CI's machine may have company, and ratios swing with its speed."""

COUNTS = 0.1
CHECK_Z = 3.3  # a right program fails one time in a thousand; one without a queue passes less than one time in fifty


class Gate(NamedTuple):
    """Whether something holds, and what was found."""

    good: bool
    text: str


def at_least(ratio: float, floor: float) -> bool:
    """Whether a ratio reaches a floor."""
    return ratio >= floor * EASY


def at_most(ratio: float, ceiling: float) -> bool:
    """Whether a ratio stays below a ceiling."""
    return ratio <= ceiling / EASY


def bound(value: float, *, floor: bool) -> str:
    """A bound as it is applied."""
    return f"{value * EASY if floor else value / EASY:.3g}"


def ratios(rows: dict[str, list[Row]], over: str, under: str) -> list[float]:
    """The ratios of speeds of neighbours in time."""
    beside = {row["round"]: row for row in rows[under]}
    return [speed(row) / speed(beside[row["round"]]) for row in rows[over] if row["round"] in beside]


def faster(rows: dict[str, list[Row]], over: str, under: str, least: float, aim: float | None) -> Gate:
    """The median ratio of speeds, with its range, held against a floor."""
    pairs = ratios(rows, over, under)
    text = f"{over} / {under} = {spread(pairs, 2)}, at least {bound(least, floor=True)}"
    return Gate(at_least(median(pairs), least), text + (f", aim {aim:g}" if aim else ""))


def undecided(rows: dict[str, list[Row]], over: str, under: str, least: float, _: float | None) -> bool:
    """Whether the median misses the floor and the best reaches it."""
    pairs = ratios(rows, over, under)
    return not at_least(median(pairs), least) and at_least(max(pairs), least)


def more_memory(small: list[Row], large: Row, most_mb: float) -> Gate:
    """What a longer run holds more than a shorter one."""
    more = large["peak_mb"] - median(row["peak_mb"] for row in small)
    counts = f"{large['counts']['requests']:,} attempts against {small[0]['counts']['requests']:,}"
    return Gate(more <= most_mb, f"peak memory of {counts}: {more:+.1f} MB, at most +{most_mb:g}")


def memory(rows: Iterable[Row], most_mb: float) -> Gate:
    """The most that any of the runs has held."""
    worst = max(rows, key=lambda row: float(row["peak_mb"]))
    text = (
        f"{worst['variant']}: {worst['counts']['requests']:,} attempts in {worst['peak_mb']:.0f} MB at most"
    )
    return Gate(worst["peak_mb"] <= most_mb, f"{text}, no more than {most_mb:g}")


def counted(runs: list[Row]) -> Gate:
    """The same seed gives the same counts, as many requests as were asked for, and nothing was compiled anew."""
    first = runs[0]
    asked, came = first["n"], first["counts"]["requests"]
    good = all(row["counts"] == first["counts"] for row in runs) and abs(came - asked) <= COUNTS * asked
    text = f"{first['variant']}: {came:,} requests for {asked:,}, the same counts in {len(runs)} runs"
    if "compiled_anew" in first:
        anew = sum(row["compiled_anew"] for row in runs)
        good, text = good and anew == 0, f"{text}, {anew} functions compiled anew"
    return Gate(good, text)


def exact(row: Row) -> Gate:
    """How far the mean number in an M/M/c system lies from the exact one."""
    mean = mmc.RATE * theory.mean_response(mmc.SERVERS, mmc.RATE, mmc.SERVICE)
    about = theory.in_system_spread(mmc.SERVERS, mmc.RATE, mmc.SERVICE, row["counts"]["window_s"])
    found = row["counts"]["in_system"]
    z = (found - mean) / about
    text = f"{row['variant']}: {found:.2f} in an M/M/{mmc.SERVERS}, exact {mean:.2f} +- {about:.2f} (z = {z:+.1f})"
    return Gate(abs(z) <= CHECK_Z, text)
