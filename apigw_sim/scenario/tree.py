"""The tree of a scenario as it is written: values with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from os import PathLike, fspath
from typing import Any, NamedTuple

from apigw_sim.scenario.base import Bad, Text

Keys = tuple[str | int, ...]
_SURROGATE = re.compile("[\ud800-\udfff]")
MOST_DEPTH = 64
MOST_NODES = 100_000


class Place(NamedTuple):
    """Where something stands; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Node:
    """A value as it is written; `value` is a dict or list of nodes, or a scalar."""

    value: Any
    place: Place | None = None
    key_place: Place | None = None
    overridden: bool = False

    @property
    def at(self) -> Place | None:
        """What a message points to: a scalar itself, the key of a mapping or list."""
        if isinstance(self.value, dict | list) and self.key_place is not None:
            return self.key_place
        return self.place

    def copy(self) -> Node:
        """A copy to any depth."""
        return Node(_map(self.value, Node.copy), self.place, self.key_place, self.overridden)

    def plain(self) -> Any:
        """The value without places."""
        return _map(self.value, Node.plain)

    def find(self, keys: Keys) -> Node | None:
        """The node at a path, or None."""
        node: Node | None = self
        for key in keys:
            if node is None:
                return None
            node = child(node, key)
        return node

    def walk(self, keys: Keys = ()) -> Iterator[tuple[Keys, Node]]:
        """All nodes with their paths, parents first."""
        yield keys, self
        if isinstance(self.value, dict):
            for key, node in self.value.items():
                yield from node.walk((*keys, key))
        elif isinstance(self.value, list):
            for number, node in enumerate(self.value):
                yield from node.walk((*keys, number))

    def mark_overridden(self) -> None:
        """Say of this and all below that it was overridden."""
        for _, node in self.walk():
            node.overridden = True


def _map(value: Any, of: Any) -> Any:
    if isinstance(value, dict):
        return {key: of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [of(item) for item in value]
    return value


def child(node: Node, key: str | int) -> Node | None:
    """What stands under a key or at an index, or None."""
    if isinstance(node.value, dict):
        found: Node | None = node.value.get(str(key))
        return found
    if isinstance(node.value, list) and isinstance(key, int) and key < len(node.value):
        item: Node = node.value[key]
        return item
    return None


def from_python(value: Any, folder: str, keys: Keys = (), room: list[int] | None = None) -> Node:
    """A tree of plain Python data; what no scenario can hold raises Bad with its place."""
    room = [MOST_NODES] if room is None else room
    room[0] -= 1
    if room[0] < 0:
        raise Bad(f"more than {MOST_NODES:,} values", "make it smaller", keys)
    if len(keys) > MOST_DEPTH:
        raise Bad(f"nested deeper than {MOST_DEPTH}", "make it flatter", keys[:8])
    if isinstance(value, Mapping):
        made: dict[str, Node] = {}
        for key, item in value.items():
            if isinstance(key, bool) or not isinstance(key, str | int):
                if type(key).__str__ is object.__str__ or not isinstance(key, tuple):
                    raise Bad(f"{key!r} is no key", "use texts", keys)
                key = str(key)
            name = from_python(str(key), folder, keys).value
            made[str(name)] = from_python(item, folder, (*keys, str(name)), room)
        return Node(made)
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise Bad("a text that is no Unicode", "write it in UTF-8", keys)
        return Node(Text(value, folder))
    if isinstance(value, PathLike):
        return Node(Text(str(fspath(value)), folder))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return Node([from_python(item, folder, (*keys, number), room) for number, item in enumerate(value)])
    if isinstance(value, float):
        return Node(Decimal(repr(value)))
    if isinstance(value, date):
        return Node(Text(value.isoformat(), folder))
    if value is None or isinstance(value, bool | int | Decimal | Fraction):
        return Node(value)
    if hasattr(value, "item") and not isinstance(value.item(), type(value)):
        return from_python(value.item(), folder, keys, room)
    raise Bad(
        f"a {type(value).__name__} has no place in a scenario", "use texts, numbers, lists and mappings", keys
    )
