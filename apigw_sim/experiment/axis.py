"""What a capacity search varies: the load of all clients, or one setting; its values from what should meet on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from apigw_sim import quotas, units
from apigw_sim.errors import ApigwSimError
from apigw_sim.scenario import Scenario

LOAD = "load"
"""The name of the axis that multiplies every client's arrivals."""
Find = Literal["largest", "smallest"]
MOST_VALUES = 2000
DIGITS = 4
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(.*?)\s*")


class CapacityError(ApigwSimError):
    """A search that cannot be made as it is asked for."""


@dataclass(frozen=True)
class Axis:
    """The values of a search, in the order in which they go from meeting to failing."""

    path: str
    """`load`, or the path of a setting."""
    values: tuple[Any, ...]
    """As an override takes them; of the load, fractions."""
    sizes: tuple[float, ...]
    """The same as numbers."""
    unit: str
    find: Find
    stepped: bool = False
    """Whether there is nothing between the values."""

    @property
    def kind(self) -> str:
        """Of a study that varies it."""
        return "capacity"

    @property
    def count(self) -> int:
        """How many values it has."""
        return len(self.values)

    def points(self) -> list[dict[str, Any]]:
        """What each value sets, as a study's folder names it."""
        return [{self.path: value} for value in self.values]

    def show(self, number: int) -> str:
        """A value for people."""
        value = self.values[number]
        return f"{units.show_number(value)} x" if self.path == LOAD else str(value)

    def close(self, resolution: float) -> Any:
        """Whether two values, given by number, are within the resolution."""
        if self.stepped:
            return lambda one, other: abs(one - other) <= 1

        def close(one: int, other: int) -> bool:
            low, high = sorted((self.sizes[one], self.sizes[other]))
            return high <= low * (1 + resolution) * (1 + 1e-9)

        return close

    def overrides(self, number: int, scenario: Scenario) -> list[tuple[str, Any]]:
        """What makes the scenario that of a value."""
        if self.path == LOAD:
            return times(scenario, self.values[number])
        return [(self.path, self.values[number])]


def between(
    path: str, low: str | float, high: str | float, resolution: float, find: Find | None = None
) -> Axis:
    """An axis between two values, half as far apart as the resolution asks, so that one may lie undecided between two."""
    find = find or ("largest" if path == LOAD else "smallest")
    if path.rpartition(".")[2] == "cache_cluster":
        return listed(path, _cache_sizes(str(low), str(high)), find)
    (first, unit), (last, other) = (quantity(text, path) for text in (low, high))
    if path == LOAD and (unit or other):
        raise CapacityError(
            f"a load is a number without a unit: 1 is what the scenario says; not '{low}' to '{high}'"
        )
    if unit and other and unit != other:
        raise CapacityError(f"'{low}' to '{high}': write both in one unit")
    if not 0 < first < last:
        raise CapacityError(f"'{low}' to '{high}': write the lower end first, above 0")
    steps = math.ceil(2 * math.log(last / first) / math.log1p(resolution) - 1e-9)
    if steps >= MOST_VALUES:
        raise CapacityError(
            f"'{low}' to '{high}' has more than {MOST_VALUES:,} steps of that resolution; write a coarser one or a"
            " narrower range"
        )
    whole = path != LOAD and not (unit or other) and first.denominator == last.denominator == 1
    made = [first]
    for step in range(1, steps):
        value = float(first) * (float(last) / float(first)) ** (step / steps)
        made.append(Fraction(round(value)) if whole else _rounded(value))
    made = sorted({*made, last})
    if find == "smallest":
        made.reverse()
    unit = other or unit
    values = tuple(made if path == LOAD else [_written(value, unit) for value in made])
    return Axis(path, values, tuple(float(value) for value in made), unit, find)


def listed(path: str, values: Sequence[Any], find: Find | None = None) -> Axis:
    """An axis of given values, the smallest first."""
    if len(values) < 2:
        raise CapacityError(f"{path}: a search needs two values or more")
    find = find or ("largest" if path == LOAD else "smallest")
    ordered = list(values) if find == "largest" else list(reversed(values))
    if path == LOAD:
        ordered = [quantity(value, path)[0] for value in ordered]
    sizes = tuple(float(number) for number in range(len(values)))
    if path == LOAD:
        sizes = tuple(float(value) for value in ordered)
    return Axis(path, tuple(ordered), sizes, "", find, stepped=True)


def _cache_sizes(low: str, high: str) -> list[str]:
    sizes = list(quotas.cache_sizes())
    for text in (low, high):
        if text not in sizes:
            raise CapacityError(f"'{text}' is no size of a cache; write one of {', '.join(sizes)}")
    return sizes[sizes.index(low) : sizes.index(high) + 1]


def quantity(text: Any, path: str) -> tuple[Fraction, str]:
    """A number and its unit, empty where there is none."""
    if isinstance(text, int | float | Fraction) and not isinstance(text, bool):
        return Fraction(str(text)), ""
    found = _QUANTITY.fullmatch(str(text))
    if not found:
        raise CapacityError(
            f"{path}: '{text}' is no quantity; write a number with its unit, such as 200/s or 500"
        )
    return Fraction(found[1]), found[2]


def _rounded(value: float) -> Fraction:
    return Fraction(f"{value:.{DIGITS}g}")


def _written(value: Fraction, unit: str) -> str | int:
    text = units.show_number(value)
    if not unit:
        return int(value) if value.denominator == 1 else text
    return f"{text}{unit}" if unit.startswith(("/", "%")) else f"{text} {unit}"


# the load


def times(scenario: Scenario, factor: Fraction) -> list[tuple[str, Any]]:
    """The overrides that multiply the arrivals of every client."""
    made: list[tuple[str, Any]] = []
    resolved = scenario.resolved()["clients"]
    for name in scenario.clients:
        arrivals: Mapping[str, Any] = resolved[name].get("arrivals") or {}
        path = f'clients["{name}"].arrivals'
        trace = arrivals.get("trace")
        if trace is not None:
            scale = Fraction(str(trace.get("scale", 1))) * factor
            made.append((f"{path}.trace.scale", units.show_number(_exact(scale))))
        elif arrivals.get("rate") is not None:
            made.append((f"{path}.rate", _times_rate(arrivals["rate"], factor)))
        else:
            raise CapacityError(
                f"client {name} has no arrivals whose rate could be multiplied; search along a path of it instead of load"
            )
    return made


def _times_rate(rate: Any, factor: Fraction) -> Any:
    if isinstance(rate, list):
        return [{**step, "rate": _times_rate(step["rate"], factor)} for step in rate]
    return _per_second(units.rate(rate) * factor)


def _per_second(rate: Fraction) -> str:
    return f"{units.show_number(_exact(rate))}/s"


def _exact(value: Fraction) -> Fraction:
    """A value that decimals can write: to a part in 10^12, where they cannot."""
    return (
        value
        if value.denominator in (1, 2, 4, 5, 8, 10, 20, 25, 50, 100, 1000)
        else Fraction(f"{float(value):.12g}")
    )
