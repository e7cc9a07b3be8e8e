"""What functions say, as this process has imported them.

The stamp reads the files as they are now. Where they were edited after the import, as happens in a notebook, the old
code would be kept under the new stamp but for this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import EnumMeta
from functools import cached_property
from hashlib import blake2b
from types import CodeType, ModuleType
from typing import Any


class Helpers(tuple[Any, ...]):
    """The plain functions that compiled ones call; what they say is found out once for all that have the same."""

    @cached_property
    def meaning(self) -> str:
        """Their digest."""
        return meaning(self)


PLAIN = (int, float, complex, str, bytes, bool, type(None))


def meaning(functions: Iterable[Callable[..., Any]]) -> str:
    """A digest of the functions' code and of the plain values of their modules that they name."""
    digest = blake2b(digest_size=16)
    for function in functions:
        for word in _function(function):
            digest.update(f"{len(word)} {word}".encode(errors="surrogatepass"))
    return digest.hexdigest()


def _function(function: Any) -> Iterator[str]:
    function = getattr(function, "py_func", function)
    yield f"{function.__module__}.{function.__qualname__} {_value(function.__defaults__)}"
    for code in _codes(function.__code__):
        yield code.co_code.hex()
        yield repr((code.co_varnames, code.co_names, code.co_freevars))
        yield from (_value(value) for value in code.co_consts)
        yield from _named(code.co_names, function.__globals__)
    for cell in function.__closure__ or ():
        yield _value(cell.cell_contents)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


def _named(names: tuple[str, ...], scope: dict[str, Any]) -> Iterator[str]:
    """The values behind the names of a code, those of a module's or an enumeration's attributes among them."""
    for name in names:
        value = scope.get(name)
        inner: dict[str, Any] = {}
        if isinstance(value, EnumMeta):
            inner = dict(value.__members__)
        elif isinstance(value, ModuleType):
            inner = vars(value)
        yield _value(value)
        yield from (_value(inner.get(attribute)) for attribute in names if inner)


def _value(value: Any) -> str:
    """A value as text that is the same in every process; nothing for what has none."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_value, value))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_value, value)))}}}"
    if not isinstance(value, type) and hasattr(value, "tobytes") and hasattr(value, "dtype"):
        return f"{value.dtype!r} {value.shape} {value.tobytes().hex()}"
    return ""
