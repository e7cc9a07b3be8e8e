"""What a sweep varies: values of paths, and how they are combined into points."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from apigw_sim.experiment.frames import StudyError
from apigw_sim.scenario.base import Bad
from apigw_sim.scenario.paths import show_path, split_head

Design = Literal["grid", "list", "one_at_a_time", "latin_hypercube"]
DESIGNS: tuple[Design, ...] = ("grid", "list", "one_at_a_time", "latin_hypercube")
Point = dict[str, Any]
MOST_POINTS = 100_000
_RANGE = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)\s*(?P<unit>[^\d\s.:,][^\s.:,]*)?\s*\.\.\s*(?P<high>\d+(?:\.\d+)?)\s*(?P<unit2>[^\d\s.:,][^\s.:,]*)?"
    r"(?:\s*:\s*(?P<steps>\d{1,5})(?P<log>\s+log)?)?"
)


@dataclass(frozen=True)
class Range:
    """Everything between two quantities of one unit."""

    low: float
    high: float
    unit: str = ""
    log: bool = False

    def at(self, share: float) -> str | int:
        """The value at a share of the way; a whole number where both ends are and there is no unit."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        if float(self.low).is_integer() and float(self.high).is_integer() and abs(self.high - self.low) >= 20:
            value = round(value)
        text = f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
        if not self.unit:
            return int(text) if float(text).is_integer() and "e" not in text else text
        return f"{text}{self.unit}" if self.unit.startswith(("/", "%")) else f"{text} {self.unit}"


Axis = Sequence[Any] | Range


def read_axis(text: str) -> tuple[str, Axis]:
    """`PATH=V1, V2, V3` or `PATH=100/s..1000/s`, with `:10` or `:10 log` behind it for so many steps."""
    try:
        keys, rest = split_head(text)
    except Bad as error:
        what = "; ".join(what for _, what, _ in error.items)
        raise StudyError(f"'{text}': {what}") from None
    if not rest.startswith("=") or not rest[1:].strip():
        raise StudyError(f"'{text}' varies nothing; write PATH=V1, V2, V3 or PATH=100/s..1000/s:10")
    path, values = show_path(keys), rest[1:].strip()
    found = _RANGE.fullmatch(values)
    if not found:
        return path, _split(values)
    unit, unit2 = found["unit"] or "", found["unit2"] or ""
    if unit and unit2 and unit != unit2:
        raise StudyError(f"'{text}' begins in {unit} and ends in {unit2}; write both in one unit")
    between = Range(float(found["low"]), float(found["high"]), unit2 or unit, bool(found["log"]))
    if between.low >= between.high or (between.log and between.low == 0):
        raise StudyError(
            f"'{text}' is no range; write the lower end first" + (", above 0" if between.log else "")
        )
    if found["steps"] is None:
        return path, between
    steps = int(found["steps"])
    if steps < 2:
        raise StudyError(f"'{text}' has {steps} step; take 2 or more")
    return path, list(dict.fromkeys(between.at(number / (steps - 1)) for number in range(steps)))


def _split(text: str) -> list[str]:
    """At commas that stand in no bracket and no quotes."""
    found, depth, quote, begin = [], 0, "", 0
    for place, mark in enumerate(text):
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        elif mark in "[{(":
            depth += 1
        elif mark in ")}]":
            depth -= 1
        elif mark == "," and depth == 0:
            found.append(text[begin:place])
            begin = place + 1
    return [value.strip() for value in (*found, text[begin:]) if value.strip()]


def points(axes: Mapping[str, Axis], design: Design, size: int | None, seed: int) -> list[Point]:
    """The points of a design; `size` of a Latin hypercube."""
    if not axes:
        raise StudyError(
            "a sweep varies something; give an axis such as account.throttle.rate=1000/s, 2000/s"
        )
    if design not in DESIGNS:
        raise StudyError(f"design '{design}': one of {', '.join(DESIGNS)}")
    if design == "latin_hypercube":
        return _latin(axes, size or 10 * len(axes), seed)
    lists: dict[str, Sequence[Any]] = {}
    for path, axis in axes.items():
        if isinstance(axis, Range):
            raise StudyError(
                f"{path}: a range without steps is for a Latin hypercube; write :10 behind it for ten steps"
            )
        lists[path] = axis
    if design == "grid":
        if math.prod(len(values) for values in lists.values()) > MOST_POINTS:
            raise StudyError(
                f"the grid has more than {MOST_POINTS:,} points; take fewer values or a Latin hypercube"
            )
        return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    if design == "list":
        lengths = {len(values) for values in lists.values()}
        if len(lengths) > 1:
            raise StudyError("a list of points takes as many values of each path")
        return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    return [{}, *({path: value} for path, values in lists.items() for value in values)]


def _latin(axes: Mapping[str, Axis], size: int, seed: int) -> list[Point]:
    """Each axis in `size` equal strata, each met once, in an order of its own (McKay, Beckman and Conover 1979)."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, size, len(axes)]))
    columns = {path: (rng.permutation(size) + rng.random(size)) / size for path in axes}
    return [
        {
            path: axis.at(float(columns[path][number]))
            if isinstance(axis, Range)
            else axis[int(columns[path][number] * len(axis))]
            for path, axis in axes.items()
        }
        for number in range(size)
    ]
