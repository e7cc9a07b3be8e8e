"""Numbers for what a request asks for: its resource, and the cache entry that may answer it.

A resource is everything in path and query; an entry is what the cache key keeps of path, query and headers. Parameters
that some call draws are digits of a mixed radix: first absent, where a call lacks it; then the drawn numbers, as many
as the widest draw has; then the constants that other calls or traces give. All parameters that are constants wherever
they appear make one more digit together, the lowest, whose values are the combinations that occur: so a trace has an
entry for each thing that was asked for, and no more.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from apigw_sim.plan.reading import numbered
from apigw_sim.plan.tables import Fold, Parameter
from apigw_sim.scenario.clients import Fixed, ParameterValue, UniformKeys, ZipfKeys

VERB = "verb"
"""Behind ANY the verb is a parameter too, of resource and entry."""
MOST_ENTRIES = 1 << 26
MOST_RESOURCES = 1 << 62
Constants = tuple[tuple[str, str], ...]


class Asked(NamedTuple):
    """What a call's ids are made of."""

    resource_base: int
    entry_base: int
    parameters: tuple[Parameter, ...]


@dataclass
class Radix:
    """Digits of a mixed radix over some of a method's parameters, and one for all constants together."""

    sizes: dict[str, int]
    """How many values each drawn parameter has."""
    constants: dict[Constants, int] = field(default_factory=dict)

    def stride(self, name: str) -> int:
        """What one step of a drawn parameter adds."""
        stride = max(len(self.constants), 1)
        for other, size in self.sizes.items():
            if other == name:
                return stride
            stride *= size
        return 0

    def folded(self, kept: Container[str]) -> Fold:
        """Which id stands for all that differ in parameters alone that are not kept."""
        seen: dict[Constants, int] = {}
        constants = [
            seen.setdefault(tuple(pair for pair in values if pair[0] in kept), number)
            for values, number in self.constants.items()
        ] or [0]
        digits: list[int] = []
        for name, size in self.sizes.items():
            if name in kept:
                digits += [self.stride(name), size, self.stride(name)]
        return Fold(tuple(constants), tuple(digits))

    @property
    def size(self) -> int:
        """How many ids there are."""
        size = max(len(self.constants), 1)
        for one in self.sizes.values():
            size *= one
        return size


class Numbering:
    """The ids of one method: `add` all its calls first, then ask for `asked`."""

    def __init__(self, cache_key: tuple[str, ...]) -> None:
        self.cache_key = cache_key
        self._largest: dict[str, int] = {}
        self._optional: set[str] = set()
        self._values: dict[str, dict[str, int]] = {}
        self._calls: list[dict[str, ParameterValue]] = []

    def add(self, values: Mapping[str, ParameterValue]) -> None:
        """Take in a call: `path.id` and the like, each with its value; what no id depends on is dropped."""
        kept = {
            name: value
            for name, value in values.items()
            if name in self.cache_key or not name.startswith("header.")
        }
        for name, value in kept.items():
            if isinstance(value, UniformKeys | ZipfKeys):
                self._largest[name] = max(self._largest.get(name, 0), value.n)
        self._calls.append(kept)

    def close(self) -> None:
        """All calls are in: number their constants."""
        for call in self._calls:
            for name, value in call.items():
                if isinstance(value, Fixed) and name in self._largest:
                    known = self._values.setdefault(name, {})
                    known.setdefault(value.value, len(known))
            self._optional |= self._largest.keys() - call.keys()
        sizes = {
            name: self._first(name) + n + len(self._values.get(name, ())) for name, n in self._largest.items()
        }
        self.resources = Radix({name: size for name, size in sizes.items() if not name.startswith("header.")})
        self.keyed = Radix({name: size for name, size in sizes.items() if name in self.cache_key})
        for call in self._calls:
            for radix, constants in self._constants(call):
                radix.constants.setdefault(constants, len(radix.constants))

    @property
    def entries(self) -> int:
        """How many different entries the method may have."""
        return self.keyed.size

    def fold(self, cache_key: tuple[str, ...]) -> Fold | None:
        """Which entry stands for others under a cache key that tells fewer apart; None: it tells all apart."""
        return None if set(cache_key) >= set(self.cache_key) else self.keyed.folded(cache_key)

    def asked(self, values: Mapping[str, ParameterValue]) -> Asked:
        """The ids of a call that was added: its bases, and what each drawn parameter adds to them.

        A parameter's word is its place among all drawn ones of the call, so that what is dropped shifts no draw.
        """
        call = {
            name: value
            for name, value in values.items()
            if name in self.cache_key or not name.startswith("header.")
        }
        bases = [radix.constants[constants] for radix, constants in self._constants(call)]
        parameters: list[Parameter] = []
        drawn = [name for name, value in values.items() if not isinstance(value, Fixed)]
        for name, value in call.items():
            if name not in self._largest:
                continue
            strides = (self.resources.stride(name), self.keyed.stride(name))
            if isinstance(value, Fixed):
                digit = self._first(name) + self._largest[name] + self._values[name][value.value]
            else:
                digit = self._first(name)
                law = numbered(value.n, float(value.s) if isinstance(value, ZipfKeys) else None)
                parameters.append(Parameter(name, drawn.index(name), law, *strides))
            bases = [base + digit * stride for base, stride in zip(bases, strides, strict=True)]
        return Asked(bases[0], bases[1], tuple(parameters))

    def _first(self, name: str) -> int:
        """The digit of a drawn parameter's first number."""
        return int(name in self._optional)

    def _constants(self, call: Mapping[str, ParameterValue]) -> list[tuple[Radix, Constants]]:
        fixed = {
            name: value.value
            for name, value in sorted(call.items())
            if isinstance(value, Fixed) and name not in self._largest
        }
        of_path = tuple((name, text) for name, text in fixed.items() if not name.startswith("header."))
        of_key = tuple((name, text) for name, text in fixed.items() if name in self.cache_key)
        return [(self.resources, of_path), (self.keyed, of_key)]
