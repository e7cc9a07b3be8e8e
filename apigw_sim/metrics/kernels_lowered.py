"""Frames and addresses as the compiler sees them. This module is imported only to compile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.sigutils import normalize_signature
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import make_array, populate_array

from apigw_sim.metrics import kernels_taken as taken
from apigw_sim.metrics.kernels_frames import FIRST, FRAMES, WORDS, size_of

WORD = ir.IntType(64)


def kinds_of(words: str) -> list[Any]:
    """Numba's types by their short names."""
    found, _ = normalize_signature(f"void({', '.join(WORDS[word] for word in words.split())})")
    return list(found)


def _loaded(builder: Any, frame: Any, number: int) -> Any:
    """A word of a frame."""
    first = builder.inttoptr(frame, WORD.as_pointer())
    return builder.load(builder.gep(first, [ir.Constant(WORD, number)]))


def _array(context: Any, builder: Any, kind: Any, address: Any, shape: list[Any]) -> Any:
    """A C-contiguous array that owns nothing."""
    made = make_array(kind)(context, builder)
    size = ir.Constant(WORD, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    data = builder.inttoptr(address, context.get_data_type(kind.dtype).as_pointer())
    populate_array(made, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return made._getvalue()


@type_callable(taken.rows_at)
def _type_rows_at(context: Any) -> Any:  # noqa: ARG001
    return lambda rows, n, width: kinds_of("R")[0]  # noqa: ARG005


@lower_builtin(taken.rows_at, types.Integer, types.Integer, types.Integer)
def _rows_at(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows, n, width = (
        context.cast(builder, value, kind, types.int64) for value, kind in zip(args, sig.args, strict=True)
    )
    return _array(context, builder, sig.return_type, rows, [n, width])


@type_callable(taken.room)
def _type_room(context: Any) -> Any:  # noqa: ARG001
    return lambda frame, n: types.boolean  # noqa: ARG005


@lower_builtin(taken.room, types.Integer, types.Integer)
def _room(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
    frame, n = args
    first = builder.inttoptr(frame, WORD.as_pointer())
    left = builder.sub(builder.load(first), n)
    enough = builder.icmp_signed(">=", left, ir.Constant(WORD, 0))
    with builder.if_then(enough):
        builder.store(left, first)
    return enough


def _arguments(words: str, context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """All arguments that stand in a frame."""
    (frame,) = args
    found, at = [], FIRST
    for word, kind in zip(words.split(), kinds_of(words), strict=True):
        value = _loaded(builder, frame, at)
        if isinstance(kind, types.Array):
            shape = [_loaded(builder, frame, at + 1 + axis) for axis in range(kind.ndim)]
            value = _array(context, builder, kind, value, shape)
        elif kind == types.boolean:
            value = builder.icmp_signed("!=", value, ir.Constant(WORD, 0))
        found.append(value)
        at += size_of(word)
    return context.make_tuple(builder, sig.return_type, found)


def _typed(words: str) -> Callable[[Any], Any]:
    whole = types.Tuple(kinds_of(words))
    return lambda context: lambda frame: whole  # noqa: ARG005


for _function, _words in (
    (taken.of_attempts, FRAMES["attempts"]),
    (taken.of_calls, FRAMES["calls"]),
    (taken.of_invocations, FRAMES["invocations"]),
):
    type_callable(_function)(_typed(_words))
    lower_builtin(_function, types.Integer)(partial(_arguments, _words))
