"""The disk cache of one compiled function, as numba's dispatcher asks for it.

numba's own writes an index and then the data, and refuses a folder that it cannot write to; here a signature is one
file with a checksum, because a flipped bit in machine code would be a crash and not an exception.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from llvmlite.binding import address_of_symbol
from numba.core import config
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

from apigw_sim.jit import store, telling
from apigw_sim.jit.meaning import Helpers, meaning


class Kept:
    """What numba calls a cache: it loads a signature of one function, or saves it."""

    def __init__(self, function: Callable[..., Any], helpers: Helpers) -> None:
        self._function = function
        self._meaning = f"{meaning([function])} {helpers.meaning}"
        self._forbidden = ""

    @property
    def cache_path(self) -> str:
        """The folder, for numba's statistics."""
        return str(store.folder())

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The compiled function, or None; then it is compiled next, and the user is told why it takes a while."""
        content = store.read(self._file(signature, context.codegen()))
        if content is not None:
            try:
                symbols, reduced = pickle.loads(content)
                _set_up(context, symbols)
                return CompileResult._rebuild(context, *reduced)
            except Exception:  # whatever is wrong with it, compiling anew puts it right
                pass
        self._forbidden = store.forbidden()
        once = "" if self._forbidden else ", once for this version"
        where = f"not kept: {self._forbidden}" if self._forbidden else f"kept in {store.folder()}"
        telling.once("compiling", f"compiling the fast engine{once}: about 40 s ({where})")
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled function. One that holds addresses of this process is a mistake in its source."""
        if result.library.has_dynamic_globals or any(not lifted.can_cache for lifted in result.lifted):
            name = self._function.__qualname__
            raise TypeError(f"{name} cannot be kept: it uses large arrays, pointers or objects of its module")
        content = dumps((_symbols(result.library), result._reduce()))
        why_not = store.write(self._file(signature, result.codegen), content)
        if why_not and not self._forbidden:
            telling.once("not kept", f"what was compiled is not kept: {why_not}")

    def enable(self) -> None:
        """It always is."""

    def disable(self) -> None:
        """It never is."""

    def flush(self) -> None:
        """Nothing is waiting to be written."""

    def _file(self, signature: Any, codegen: Any) -> str:
        function = self._function
        key = (str(signature), codegen.magic_tuple(), config.BOUNDSCHECK, int(config.OPT), self._meaning)
        digest = blake2b(repr(key).encode(), digest_size=10).hexdigest()
        name = f"{function.__module__}.{function.__qualname__}".removeprefix("apigw_sim.")
        plain = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "._") else "-" for mark in name)
        return f"{plain[-100:]}-{digest}{store.ENDING}"


def _symbols(library: Any) -> list[str] | None:
    """What machine code wants from outside of it; None where numba does not let it be seen."""
    module = getattr(library, "_final_module", None)
    if module is None:
        return None
    return sorted(
        one.name for one in module.functions if one.is_declaration and not one.name.startswith("llvm.")
    )


def _set_up(context: Any, symbols: list[str] | None) -> None:
    """Set up what machine code needs of numba: its runtime, hardly ever more; all of it would take most of a second.

    LLVM ends the process where a symbol is not found, so each is looked for before.
    """
    rtsys.initialize(context)
    if symbols is None or not all(address_of_symbol(name) for name in symbols):
        context.refresh()
