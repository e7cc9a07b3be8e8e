"""The state as the compiler sees it: a pointer to (address, length) pairs; vectors and rows own nothing.

Nothing is reference-counted, and no capacity is part of a type, so vectors may grow between two calls without a new
compilation. Vectors never overlap, which each access tells the optimiser by the vector's name. A word of a row is one
load at a fixed distance, and so is one step of the compiler's work. This module is imported only to compile.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import (
    NativeValue,
    lower_builtin,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
    type_callable,
    typeof_impl,
    unbox,
)

from apigw_sim.draws.philox import MULTIPLIERS, ROUNDS
from apigw_sim.engine.compiled import plain
from apigw_sim.engine.compiled.state import State
from apigw_sim.engine.compiled.words import FIELDS, ROUND_KEYS, VECTORS
from apigw_sim.rules import quantile

WORD, WIDE = ir.IntType(64), ir.IntType(128)


class StateType(types.Type):  # type: ignore[misc]
    """All vectors."""

    def __init__(self) -> None:
        super().__init__("State")


class Vector(types.Type):  # type: ignore[misc]
    """One vector, or a part of it."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"Vector({field})")


class Row(types.Type):  # type: ignore[misc]
    """A row of a vector, whose words are attributes."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"Row({field})")


state = StateType()


@typeof_impl.register(State)
def _typeof(value: State, context: Any) -> StateType:  # noqa: ARG001
    return state


@register_model(StateType)
class _StateModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, WORD)


@register_model(Vector)
class _VectorModel(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("first", types.CPointer(types.int64)), ("n", types.int64)])


@register_model(Row)
class _RowModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, WORD.as_pointer())


@unbox(StateType)
def _unbox(kind: Any, thing: Any, c: Any) -> NativeValue:  # noqa: ARG001
    address = c.pyapi.object_getattr_string(thing, "address")
    value = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(value)


@infer_getattr
class _OfState(AttributeTemplate):  # type: ignore[misc]
    key = StateType

    def generic_resolve(self, value: Any, name: str) -> types.Type | None:  # noqa: ARG002
        if name in VECTORS:
            return Vector(name)
        return types.int64 if name in FIELDS["head"] else None


@infer_getattr
class _OfRow(AttributeTemplate):  # type: ignore[misc]
    key = Row

    def generic_resolve(self, value: Any, name: str) -> types.Type | None:
        return types.int64 if name in FIELDS[value.field] else None


def _constant(number: int) -> Any:
    return ir.Constant(ir.IntType(32), number)


def _entry(builder: Any, table: Any, name: str, member: int) -> Any:
    """A vector's address or its length."""
    loaded = builder.load(builder.gep(table, [_constant(2 * VECTORS.index(name) + member)]))
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def _first(builder: Any, value: Any, name: str) -> Any:
    """Where a vector begins."""
    table = builder.inttoptr(value, WORD.as_pointer())
    return builder.inttoptr(_entry(builder, table, name, 0), WORD.as_pointer())


def _apart(builder: Any, access: Any, field: str) -> Any:
    """Mark an access as one to this vector, which no other overlaps."""
    module = builder.module
    root = module.add_metadata(["apigw_sim"])
    own = module.add_metadata([field, root, ir.Constant(WORD, 0)])
    access.set_metadata("tbaa", module.add_metadata([own, own, ir.Constant(WORD, 0)]))
    return access


def _word(builder: Any, kind: Any, value: Any, name: str) -> tuple[Any, str]:
    """Where a word stands, and in which vector."""
    field = "head" if isinstance(kind, StateType) else kind.field
    first = _first(builder, value, "head") if isinstance(kind, StateType) else value
    return builder.gep(first, [_constant(FIELDS[field].index(name))]), field


@lower_getattr_generic(StateType)
def _get_of_state(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    if name in FIELDS["head"]:
        return _get_of_row(context, builder, kind, value, name)
    table = builder.inttoptr(value, WORD.as_pointer())
    made = cgutils.create_struct_proxy(Vector(name))(context, builder)
    made.first = _first(builder, value, name)
    made.n = _entry(builder, table, name, 1)
    return made._getvalue()


@lower_getattr_generic(Row)
def _get_of_row(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:  # noqa: ARG001
    where, field = _word(builder, kind, value, name)
    return _apart(builder, builder.load(where), field)


@lower_setattr_generic(StateType)
@lower_setattr_generic(Row)
def _set_of_row(context: Any, builder: Any, sig: Any, args: Any, name: str) -> Any:
    where, field = _word(builder, sig.args[0], args[0], name)
    value = context.cast(builder, args[1], sig.args[1], types.int64)
    _apart(builder, builder.store(value, where), field)


@infer_global(operator.getitem)
class _Get(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
        vector, index = args
        if isinstance(vector, Vector) and isinstance(index, types.Integer):
            return signature(types.int64, vector, types.int64)
        return None


@infer_global(operator.setitem)
class _Set(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
        vector, index, _ = args
        if isinstance(vector, Vector) and isinstance(index, types.Integer):
            return signature(types.none, vector, types.int64, types.int64)
        return None


def _where(context: Any, builder: Any, kind: Vector, vector: Any, index: Any) -> Any:
    parts = cgutils.create_struct_proxy(kind)(context, builder, value=vector)
    if config.BOUNDSCHECK:
        cgutils.do_boundscheck(context, builder, index, parts.n, axis=0)
    return builder.gep(parts.first, [index])


@lower_builtin(operator.getitem, Vector, types.int64)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _apart(builder, builder.load(_where(context, builder, sig.args[0], *args)), sig.args[0].field)


@lower_builtin(operator.setitem, Vector, types.int64, types.int64)
def _set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    where = _where(context, builder, sig.args[0], *args[:2])
    _apart(builder, builder.store(args[2], where), sig.args[0].field)


@lower_builtin(len, Vector)
def _len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0]).n


@infer_global(len)
class _Len(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:  # noqa: ARG002
        return signature(types.int64, *args) if isinstance(args[0], Vector) else None


# what differs from plain Python: typed and lowered where it stands, so that it costs no function of its own


@type_callable(plain.view)
def _type_view(context: Any) -> Any:  # noqa: ARG001
    return lambda vector, first: Row(vector.field)  # noqa: ARG005


@lower_builtin(plain.view, Vector, types.Integer)
def _view(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _where(context, builder, sig.args[0], *_words(context, builder, sig, args))


@type_callable(plain.part)
def _type_part(context: Any) -> Any:  # noqa: ARG001
    return lambda vector, first, count: vector  # noqa: ARG005


@lower_builtin(plain.part, Vector, types.Integer, types.Integer)
def _part(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    vector, first, count = _words(context, builder, sig, args)
    made = cgutils.create_struct_proxy(sig.args[0])(context, builder)
    made.first = _where(context, builder, sig.args[0], vector, first)
    made.n = count
    return made._getvalue()


@type_callable(plain.copy)
def _type_copy(context: Any) -> Any:  # noqa: ARG001
    return lambda target, to, source, first, count: types.none  # noqa: ARG005


@lower_builtin(plain.copy, Vector, types.Integer, Vector, types.Integer, types.Integer)
def _copy(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    target, to, source, first, count = _words(context, builder, sig, args)
    here = _where(context, builder, sig.args[0], target, to)
    there = _where(context, builder, sig.args[2], source, first)
    cgutils.raw_memcpy(builder, here, there, count, 8)
    return context.get_dummy_value()


@type_callable(plain.ahead)
def _type_ahead(context: Any) -> Any:  # noqa: ARG001
    return lambda vector, first: types.none  # noqa: ARG005


@lower_builtin(plain.ahead, Vector, types.Integer)
def _ahead(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    vector, first = _words(context, builder, sig, args)
    parts = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=vector)
    where = builder.gep(parts.first, [first])  # wherever it points: to fetch nothing does no harm
    pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
    flags = [ir.Constant(number, flag) for flag in (0, 3, 1)]  # to read, into every cache, data
    builder.call(prefetch, [builder.bitcast(where, pointer), *flags])
    return context.get_dummy_value()


@type_callable(plain.taken)
def _type_taken(context: Any) -> Any:  # noqa: ARG001
    return lambda function, frame, vector, n: types.boolean  # noqa: ARG005


@lower_builtin(plain.taken, types.Integer, types.Integer, Vector, types.Integer)
def _taken(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    function, frame, vector, n = _words(context, builder, sig, args)
    first = cgutils.create_struct_proxy(sig.args[2])(context, builder, value=vector).first
    kind = ir.FunctionType(WORD, [WORD, WORD, WORD])
    answer = builder.call(
        builder.inttoptr(function, kind.as_pointer()), [frame, builder.ptrtoint(first, WORD), n]
    )
    return builder.icmp_signed("!=", answer, ir.Constant(WORD, 0))


@type_callable(plain.lowest_bit)
def _type_lowest_bit(context: Any) -> Any:  # noqa: ARG001
    return lambda word: types.int64  # noqa: ARG005


@lower_builtin(plain.lowest_bit, types.Integer)
def _lowest_bit(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
    return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))


@type_callable(quantile.depth)
def _type_depth(context: Any) -> Any:  # noqa: ARG001
    return lambda word: types.int64  # noqa: ARG005


@lower_builtin(quantile.depth, types.Integer)
def _depth(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
    """Counted by one instruction: the zeros above the highest bit, less the two above 2**62."""
    zeros = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))
    octave = builder.sub(zeros, ir.Constant(WORD, 2))
    most = ir.Constant(WORD, quantile.OCTAVES)
    return builder.select(builder.icmp_signed("<", octave, most), octave, most)


@type_callable(plain.words)
def _type_words(context: Any) -> Any:  # noqa: ARG001
    return lambda client, number, attempt, user, group: types.UniTuple(types.int64, 4)  # noqa: ARG005


@lower_builtin(plain.words, Row, *[types.Integer] * 4)
def _philox(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """`draws.philox.row` in 64-bit words with products of 128 bits, under keys of rounds that are read and not made."""
    client, number, attempt, user, group = _words(context, builder, sig, args)
    keys = [_get_of_row(context, builder, sig.args[0], client, name) for name in ROUND_KEYS]
    c = [builder.add(number, ir.Constant(WORD, 1)), attempt, user, group]

    def product(factor: int, word: Any) -> tuple[Any, Any]:
        wide = builder.mul(ir.Constant(WIDE, factor), builder.zext(word, WIDE))
        return builder.trunc(builder.lshr(wide, ir.Constant(WIDE, 64)), WORD), builder.trunc(wide, WORD)

    for turn in range(ROUNDS):
        high_0, low_0 = product(MULTIPLIERS[0], c[0])
        high_1, low_1 = product(MULTIPLIERS[1], c[2])
        c = [
            builder.xor(builder.xor(high_1, c[1]), keys[2 * turn]), low_1,
            builder.xor(builder.xor(high_0, c[3]), keys[2 * turn + 1]), low_0,
        ]  # fmt: skip
    words = [builder.lshr(word, ir.Constant(WORD, 1)) for word in c]
    return context.make_tuple(builder, sig.return_type, words)


def _words(context: Any, builder: Any, sig: Any, args: Any) -> list[Any]:
    """Arguments, those that are integers as words."""
    return [
        context.cast(builder, value, kind, types.int64) if isinstance(kind, types.Integer) else value
        for value, kind in zip(args, sig.args, strict=True)
    ]


def signature_of(text: str) -> Any:
    """A signature such as "int64({state}, int64)", with the state's type in its place."""
    result, _, rest = text.partition("(")
    kinds = {"int64": types.int64, "void": types.void, "{state}": state}
    return kinds[result](*(kinds[part.strip()] for part in rest.rstrip(")").split(",")))
