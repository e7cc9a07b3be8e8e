"""Plain functions made into compiled ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from importlib import util
from threading import RLock
from typing import Any

from apigw_sim.errors import ApigwSimError

OFF = "NUMBA_DISABLE_JIT"

_done: dict[Any, Any] = {}
_registered: set[Callable[..., Any]] = set()
_lock = RLock()


class UnusableError(ApigwSimError):
    """Nothing can be compiled here."""


def unusable() -> str | None:
    """Why nothing can be compiled here, and what to do; None if it can. numba is looked for, not imported."""
    if util.find_spec("numba") is None:
        return "numba is not installed; pip install numba"
    if os.environ.get(OFF, "").strip() not in ("", "0"):
        return f"the environment variable {OFF} is set; unset it"
    return None


def check_usable() -> None:
    """Import numba; raise an UnusableError where nothing can be compiled."""
    reason = unusable()
    if reason is None:
        try:
            from numba.core.config import DISABLE_JIT
        except ImportError as error:
            reason = f"numba cannot be imported: {error}"
        else:
            reason = "numba is configured not to compile" if DISABLE_JIT else None
    if reason is not None:
        raise UnusableError(f"the fast engine can't be had here: {reason}")


def compiled(
    function: Callable[..., Any],
    signature: Any,
    *,
    helpers: Iterable[Callable[..., Any]] = (),
    inlined: Container[str] = (),
) -> Any:
    """Compile a function of a module for one numba signature, or load it from disk; gives numba's dispatcher.

    `helpers` are the plain functions that it calls, directly or through others; they stay plain, and become callable
    from any compiled function; those named in `inlined` are put into their callers whole. Integers wrap at 64 bits, and
    a division by zero gives 0, an infinity or a nan: it raises nothing. Indices are checked under NUMBA_BOUNDSCHECK=1
    only. The GIL is released. Arguments of other types than the signature's, or convertible to them, are a TypeError.
    """
    check_usable()
    from numba import njit
    from numba.core import event, sigutils, typing
    from numba.extending import register_jitable

    from apigw_sim.jit.kept import Kept
    from apigw_sim.jit.times import TIMES

    with _lock:
        arguments, result = sigutils.normalize_signature(signature)
        key = (function, arguments, result)
        if key in _done:
            return _done[key]
        helpers = tuple(helpers)
        for helper in helpers:
            if helper not in _registered and not hasattr(helper, "py_func"):
                # Nobody calls a helper from outside: no wrappers, which saves a tenth of the time.
                whole = {"forceinline": True} if helper.__name__ in inlined else {}
                register_jitable(no_cfunc_wrapper=True, no_cpython_wrapper=True, **whole)(helper)
                _registered.add(helper)
        dispatcher = njit(nogil=True, error_model="numpy")(function)
        dispatcher._cache = Kept(function, helpers)
        with event.install_listener("numba:compile", TIMES), without_vectors():
            dispatcher.compile(arguments if result is None else typing.signature(result, *arguments))
        dispatcher.disable_compile()
        _done[key] = dispatcher
        return dispatcher


@contextmanager
def without_vectors() -> Iterator[None]:
    """Leave LLVM's vectorisers out: loops over events have nothing for them, and they cost a fifth of the time."""
    from numba.core import config

    names = ("LOOP_VECTORIZE", "SLP_VECTORIZE")
    before = {name: getattr(config, name) for name in names}
    try:
        for name in names:
            setattr(config, name, 0)
        yield
    finally:
        for name, value in before.items():
            setattr(config, name, value)


def compile_times() -> list[tuple[str, float]]:
    """Seconds that each function took to compile in this process, longest first; empty if all came from disk.

    A helper that was compiled on another's behalf stands for itself, so the sum is the whole.
    """
    times = sys.modules.get("apigw_sim.jit.times")
    found: dict[str, float] = {} if times is None else times.TIMES.seconds
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))
