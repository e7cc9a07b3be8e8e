"""Distributions: which methods they cache, and how an entry's number follows from that of a resource."""

from __future__ import annotations

from typing import NamedTuple

from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.numbering import MOST_ENTRIES, Numbering
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import Distribution, EdgeKey


def distributions(reading: Reading, gateway: Gateway) -> tuple[Distribution, ...]:
    """The rows of plan.distributions, after all calls have been numbered."""
    made: list[Distribution] = []
    first = 0
    for name, said in reading.scenario.distributions.items():
        keys: dict[int, EdgeKey] = {}
        for number in gateway.edged:
            if gateway.routes[number][0] != said.origin:
                continue
            numbering = gateway.numberings[number]
            kept = {f"query.{key.name}" for key in said.cache_key if key.where == "query"}
            found = _key(numbering, kept)
            keys[number] = EdgeKey(first, *found)
            first += found.size
        made.append(Distribution(name, gateway.stages.index(said.origin), said.ttl, said.error_ttl, keys))
    if first > MOST_ENTRIES:
        path: Keys = ("distributions",)
        what = f"the distributions could hold {first:,} different entries"
        reading.problem(path, what, f"{MOST_ENTRIES:,} (2^26) are the most: draw fewer values")
    return tuple(made)


class _Kept(NamedTuple):
    constants: tuple[int, ...]
    digits: tuple[int, ...]
    size: int


def _key(numbering: Numbering, kept: set[str]) -> _Kept:
    """What a cache key keeps of the resources of a method: the path, and some of the query."""

    def counts(name: str) -> bool:
        return not name.startswith("query.") or name in kept

    radix = numbering.resources
    combinations: dict[tuple[tuple[str, str], ...], int] = {}
    constants = [
        combinations.setdefault(tuple(pair for pair in values if counts(pair[0])), len(combinations))
        for values in radix.constants
    ] or [0]
    stride = max(len(combinations), 1)
    digits: list[int] = []
    for name, size in radix.sizes.items():
        if counts(name):
            digits += [radix.stride(name), size, stride]
            stride *= size
    return _Kept(tuple(constants), tuple(digits), stride)
