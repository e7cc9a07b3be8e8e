"""One tree over another: for `extends`, for overrides and for the copies of every_method."""

from __future__ import annotations

import re
from collections.abc import Iterable

from apigw_sim.scenario.api import KINDS
from apigw_sim.scenario.faults import KINDS as FAULTS
from apigw_sim.scenario.faults import TARGETS
from apigw_sim.scenario.schema import spot
from apigw_sim.scenario.services import KINDS as SERVICES
from apigw_sim.scenario.tree import Keys, Node

_PERCENTILE = re.compile(r"p\d{1,2}(\.\d+)?")
_ANY_PERCENTILE = "p50, p99 and so on"
_EXCLUSIVE: tuple[tuple[frozenset[str], ...], ...] = (
    tuple(frozenset({kind}) for kind in dict.fromkeys((*KINDS, *SERVICES))),
    (frozenset({"process", "rate"}), frozenset({"trace"})),
    (frozenset({"cloudwatch", "id"}), frozenset({"access_log", "format", "fields"}), frozenset({"instants"})),
    (frozenset({"runtime"}), frozenset({"init"})),
    tuple(frozenset({target}) for target in TARGETS),
    tuple(frozenset({what}) for what in FAULTS),
    (frozenset({"fault"}), frozenset({"flush_cache"}), frozenset({"set"}), frozenset({"shift"})),
    (
        frozenset({"lognormal"}),
        frozenset({"exponential"}),
        frozenset({"uniform"}),
        frozenset({"empirical"}),
        frozenset({"zipf"}),
        frozenset({_ANY_PERCENTILE, "min", "max"}),
    ),
)


def displaced(keys: Keys, present: Iterable[str], new: str) -> list[str]:
    """The keys at a path that a new one takes the place of, since the language does not let them stand together."""
    word = _word(new)
    family = next((family for family in _EXCLUSIVE if any(word in group for group in family)), None)
    if family is None:
        return []
    fixed = spot(keys).keys
    if new not in fixed and not (word == _ANY_PERCENTILE and "lognormal" in fixed):
        return []
    others = {key for group in family if word not in group for key in group}
    return [key for key in present if _word(key) in others]


def _word(key: str) -> str:
    return _ANY_PERCENTILE if _PERCENTILE.fullmatch(key) else key


def merge(base: Node, over: Node, keys: Keys = ()) -> Node:
    """One tree over another: mappings to any depth, lists replaced, null removes."""
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    made: dict[str, Node] = dict(base.value)
    for key, node in over.value.items():
        if node.value is None:
            made.pop(key, None)
            continue
        for other in displaced(keys, made, key):
            del made[other]
        made[key] = merge(made[key], node, (*keys, key)) if key in made else node
    return Node(made, over.place, over.key_place, over.overridden)
