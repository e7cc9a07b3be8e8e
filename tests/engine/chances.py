"""What `generated` draws with: laws of chance that are functions of a source of random numbers.

Hypothesis was tried: of a hundred examples half were copies of others with parts made alike, and a few features were
never reached. Here each number gives a scenario of its own, on every machine the same, and `shrunk` makes it small.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")
Law = Callable[[random.Random], T]
Draw = Callable[[Law[Any]], Any]


def drawn(made: Callable[..., T]) -> Callable[..., Law[T]]:
    """Of a function `(draw, ...)`, which draws from other laws, the law of its results."""

    @wraps(made)
    def of(*args: Any, **options: Any) -> Law[T]:
        return lambda source: made(lambda other: other(source), *args, **options)

    return of


def aside(law: Law[T]) -> Law[T]:
    """A law that is drawn from a source of its own, seeded by where the other one is: what follows stays as it was."""
    return lambda source: law(random.Random(repr(source.getstate()[1][:4] + source.getstate()[1][-1:])))


def few(low: int, high: int) -> Law[int]:
    """A whole number, each as likely as another."""
    return lambda source: source.randint(low, high)


def chance(percent: int) -> Law[bool]:
    """True so often."""
    return lambda source: source.random() * 100 < percent


def one_of(*options: T) -> Law[T]:
    """One of several values, as often as it stands there."""
    return lambda source: deepcopy(source.choice(options))


def some(options: Sequence[T], low: int, high: int) -> Law[list[T]]:
    """A few different ones of several values."""
    return lambda source: source.sample(options, min(source.randint(low, high), len(options)))


def often(percent: int, first: Law[T], second: Law[T]) -> Law[T]:
    """By the first law so often, else by the second."""
    return lambda source: first(source) if source.random() * 100 < percent else second(source)


def _smaller(data: Any) -> Iterator[Any]:
    """The same data without one of its parts, for each part, the outermost first."""
    keys = (
        list(data)
        if isinstance(data, dict)
        else list(reversed(range(len(data))))
        if isinstance(data, list)
        else []
    )
    for key in keys:
        yield (
            {k: v for k, v in data.items() if k != key}
            if isinstance(data, dict)
            else [*data[:key], *data[key + 1 :]]
        )
    for key in keys:
        for part in _smaller(data[key]):
            made = data.copy()
            made[key] = part
            yield made


def shrunk(said: Any, fails: Callable[[Any], bool], most: int = 2_000) -> Any:
    """Data that fails, without all of its parts that it fails without too; `fails` is asked so often at most."""
    asked = 0
    found: Any = said
    while found is not None:
        said, found = found, None
        for smaller in _smaller(said):
            asked += 1
            if asked > most:
                return said
            if fails(smaller):
                found = smaller
                break
    return said
