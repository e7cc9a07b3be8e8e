"""What plain Python and the compiler say differently: here as plain Python has it, in `views` for the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apigw_sim.draws import philox

if TYPE_CHECKING:
    View = Any
    """A row of a vector, whose words are attributes."""


def view(vector: Any, first: int) -> View:
    """The row of a vector that begins at `first`."""
    return vector.row(vector, first)


def part(vector: Sequence[int], first: int, count: int) -> Sequence[int]:
    """`count` words of a vector from `first` on."""
    return vector[first : first + count]


def lowest_bit(word: int) -> int:
    """The number of the lowest bit that is set in a word above 0."""
    return (word & -word).bit_length() - 1


def words(client: View, number: int, attempt: int, user: int, group: int) -> tuple[int, int, int, int]:
    """The four words of a draw (`draws.philox.row`) under the key of a client, whose first two words are those of round 0."""
    kind: Any = type(client.key_0)
    key = int(client.key_0) & philox.MASK, int(client.key_1) & philox.MASK
    a, b, c, d = philox.row(key, int(number), int(attempt), int(user), int(group))
    return kind(a), kind(b), kind(c), kind(d)


def copy(target: Any, to: int, source: Any, first: int, count: int) -> None:
    """Copy `count` words from a vector to a vector, or within one."""
    for word in range(count):
        target[to + word] = source[first + word]


def ahead(vector: Any, first: int) -> None:
    """A word of a vector will be read soon: the compiler has it fetched."""


def taken(function: int, frame: int, vector: Any, n: int) -> bool:
    """Hand the first n rows of a vector to a compiled function at an address, with its frame: whether it took them."""
    raise NotImplementedError("plain Python hands rows to a sink")
