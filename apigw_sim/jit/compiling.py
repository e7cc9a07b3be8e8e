"""Plain functions made into compiled ones."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from importlib import util
from threading import RLock
from typing import Any

from apigw_sim.errors import ApigwSimError
from apigw_sim.jit.meaning import Helpers

OFF = "NUMBA_DISABLE_JIT"

_done: dict[Any, Any] = {}
_helpers: dict[Callable[..., Any], Any] = {}
"""The dispatchers of plain functions; numba itself holds them weakly."""
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
    seldom: Container[str] = (),
) -> Any:
    """Compile a function of a module for one numba signature, or load it from disk; gives numba's dispatcher.

    `helpers` are the plain functions that it calls, directly or through others; they stay plain, and become callable
    from any compiled function; those named in `inlined` are put into their callers whole, those in `seldom` are kept
    out of the way. Integers wrap at 64 bits, and a division by zero gives 0, an infinity or a nan: it raises nothing.
    Indices are checked under NUMBA_BOUNDSCHECK=1 only. The GIL is released. Arguments of other types than the
    signature's, or convertible to them, are a TypeError.
    """
    check_usable()
    from numba import njit
    from numba.core import event, sigutils, typing

    from apigw_sim.jit.kept import Kept
    from apigw_sim.jit.times import TIMES

    with _lock:
        arguments, result = sigutils.normalize_signature(signature)
        key = (function, arguments, result)
        if key in _done:
            return _done[key]
        helpers = helpers if isinstance(helpers, Helpers) else Helpers(helpers)
        for helper in helpers:
            if helper not in _helpers and not hasattr(helper, "py_func"):
                _helpers[helper] = _callable(helper, helper.__name__ in inlined)
        dispatcher = njit(nogil=True, error_model="numpy")(function)
        dispatcher._cache = Kept(function, helpers)
        with event.install_listener("numba:compile", TIMES), thrifty(function, seldom):
            dispatcher.compile(arguments if result is None else typing.signature(result, *arguments))
        dispatcher.disable_compile()
        _done[key] = dispatcher
        return dispatcher


def entry_point(function: Any) -> Callable[..., Any]:
    """What `compiled` gives, without its look at the arguments' types, which takes long for a type of our own.

    Arguments must be of the signature's types: nothing else is refused.
    """
    (signature,) = function.signatures
    found: Callable[..., Any] = function.overloads[signature].entry_point
    return found


def address(function: Any) -> int:
    """Where what `compiled` gives stands in this process, for callers by C's rules: words in, a word out."""
    (signature,) = function.signatures
    found = function.overloads[signature]
    where: int = found.library.get_pointer_to_function(found.fndesc.llvm_cfunc_wrapper_name)
    return where


def _callable(helper: Callable[..., Any], inlined: bool) -> Any:
    """Let compiled functions call a plain one by a dispatcher of its own, which is compiled once for each signature.

    `numba.extending.register_jitable` would compile it anew for callers with other options, and for constants. Nobody
    calls it from outside, so it has no wrappers, which saves a tenth of the time.
    """
    from numba import njit, types
    from numba.core.typing.templates import infer_global

    whole = {"forceinline": True} if inlined else {}
    made = njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=True, **whole)(
        helper
    )
    of_types = made.get_call_template
    made.get_call_template = lambda args, kws: of_types(tuple(map(types.unliteral, args)), kws)
    infer_global(helper, types.Dispatcher(made))
    return made


_INSIDE = (
    "_raise_if_finalized",
    "_finalize_dynamic_globals",
    "_get_module_for_linking",
    "add_linking_library",
    "_optimize_final_module",
)
"""What of numba's libraries `thrifty` goes by: private, so it is looked for."""


@contextmanager
def thrifty(function: Callable[..., Any], seldom: Container[str] = ()) -> Iterator[None]:
    """Compile in half the time what runs as fast: a loop over events has nothing for LLVM's vectorisers and higher levels.

    Helpers are linked, optimised and made into machine code where they end, in the function that calls them, and not
    before by themselves with all that they call in turn. Nobody else sees them there, so that LLVM leaves out what no call
    needs: arguments, and to ask whether a function has raised that cannot. Those named in `seldom` are made small rather
    than fast, and what leads to them stands apart. On a numba that does it otherwise there is nothing to leave out.
    """
    from numba.core import codegen, config

    settings = {"LOOP_VECTORIZE": 0, "SLP_VECTORIZE": 0}
    if "NUMBA_OPT" not in os.environ:
        settings["OPT"] = type(config.OPT)(1)
    before = {name: getattr(config, name) for name in settings}
    often = gc.get_threshold()
    library, target = codegen.CPUCodeLibrary, codegen.JITCPUCodegen
    finalize, set_env = library.finalize, target.set_env

    def once(self: Any) -> None:
        if self.name == function.__qualname__:
            self._linking_libraries = _all_below(self)
            own = {one.name for one in self._final_module.functions if not one.is_declaration}
            optimize = self._optimize_final_module

            def close() -> None:
                for one in self._final_module.functions:
                    if not one.is_declaration and one.name not in own:
                        one.linkage = "internal"
                optimize()

            self._optimize_final_module = close
            finalize(self)
        else:
            if self.name in seldom:
                for one in self._final_module.functions:
                    if not one.is_declaration:
                        one.add_function_attribute("cold")
            self._raise_if_finalized()
            self._finalize_dynamic_globals()
            self._finalized = True

    def set_where_it_is(self: Any, env_name: str, env: Any) -> None:
        if self._engine.get_global_value_address(env_name):
            set_env(self, env_name, env)

    try:
        for name, value in settings.items():
            setattr(config, name, value)
        if all(hasattr(library, name) for name in _INSIDE):
            library.finalize, target.set_env = once, set_where_it_is
        gc.set_threshold(200_000, 50, 50)
        yield
    finally:
        for name, value in before.items():
            setattr(config, name, value)
        library.finalize, target.set_env = finalize, set_env
        gc.set_threshold(*often)


def _all_below(library: Any) -> list[Any]:
    """The libraries that one needs, directly or through others, each once and in the order in which they are met."""
    found: dict[Any, None] = {}
    waiting = list(library._linking_libraries)
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            waiting += one._linking_libraries
    return list(found)


def compile_times() -> list[tuple[str, float]]:
    """Seconds that each function took to compile in this process, longest first; empty if all came from disk.

    A helper that was compiled on another's behalf stands for itself, so the sum is the whole.
    """
    times = sys.modules.get("apigw_sim.jit.times")
    found: dict[str, float] = {} if times is None else times.TIMES.seconds
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))
