"""All that the loop knows, as named vectors of int64, readable and writable by the names of their words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from apigw_sim.engine.compiled import words as w

Ints = NDArray[np.int64]
EXPIRES = 0
"""The word at which a cached answer and a cached result of an authorizer say until when they live."""


def zeros(count: int) -> Ints:
    """Words of 0 that begin where a line does that the processor fetches at once."""
    room = np.zeros(count + w.LINE, np.int64)
    first = -(room.ctypes.data // room.itemsize) % w.LINE
    return room[first : first + count]


class PlainRow:
    """A row of a vector in plain Python: its words as attributes."""

    __slots__ = ("_first", "_vector")

    def __init__(self, vector: Any, first: int) -> None:
        self._vector = vector
        self._first = first


def word(number: int) -> property:
    """The property that is a word of a row."""

    def get(self: PlainRow) -> int:
        value: int = self._vector[self._first + number]
        return value

    def put(self: PlainRow, value: int) -> None:
        self._vector[self._first + number] = value

    return property(get, put)


def head(number: int) -> property:
    """The property that is a number of which there is one."""

    def get(self: State) -> int:
        value: int = self.head[number]
        return value

    def put(self: State, value: int) -> None:
        self.head[number] = value

    return property(get, put)


ROW_OF = {
    name: type(name, (PlainRow,), {"__slots__": (), **{field: word(n) for n, field in enumerate(fields)}})
    for name, fields in w.FIELDS.items()
}
ARRAY_OF = {name: type(name, (np.ndarray,), {"row": kind}) for name, kind in ROW_OF.items()}
LIST_OF = {name: type(name, (list,), {"row": kind}) for name, kind in ROW_OF.items()}


class State:
    """The vectors; `address` is where the compiler finds their addresses and lengths.

    The numbers of which there is one are attributes, by their names in `words`.
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

    def __init__(self, vectors: dict[str, Any]) -> None:
        self._table = np.zeros(2 * len(w.VECTORS), np.int64)
        for name in w.VECTORS:
            self.put(name, vectors[name])
        self.address = self._table.ctypes.data

    def put(self, name: str, vector: Ints) -> None:
        """A vector in the place of the one of that name."""
        setattr(self, name, vector.view(ARRAY_OF[name]) if name in ARRAY_OF else vector)
        number = 2 * w.VECTORS.index(name)
        self._table[number : number + 2] = vector.ctypes.data, len(vector)

    def words(self, name: str, first: int, end: int) -> Ints:
        """Words first .. end - 1 of a vector."""
        return np.asarray(getattr(self, name))[first:end]

    def fill(self, name: str, first: int, values: Ints) -> None:
        """Write words of a vector."""
        getattr(self, name)[first : first + values.size] = values.ravel()

    def forget(self, name: str, first: int, end: int) -> None:
        """Nothing is kept in the rows first .. end - 1 of a vector of what expires."""
        width = w.width(name)
        getattr(self, name)[first * width + EXPIRES : end * width : width] = 0

    def grow(self, name: str, least: int) -> None:
        """Double a vector, or more."""
        old = self.words(name, 0, len(getattr(self, name)))
        new = zeros(max(2 * len(old), least))
        new[: len(old)] = old
        self.put(name, new)

    def make_room(self) -> None:
        """Room for the next events, wherever there is too little."""
        for name, width in (
            ("row", w.ROW), ("node", w.NODE), ("environment", w.ENVIRONMENT), ("message", w.MESSAGE),
            ("connection", w.CONNECTION),
        ):  # fmt: skip
            if getattr(self, f"{name}_top") > getattr(self, f"{name}_room") > 0:
                self.grow(name, 0)
            setattr(self, f"{name}_room", len(getattr(self, name)) - w.ROOM * width)
        entries = len(self.node) // w.NODE * w.HEAP
        if len(self.heap) < entries:
            self.grow("heap", entries)


for _number, _name in enumerate(w.FIELDS["head"]):
    setattr(State, _name, head(_number))


class Lists(State):
    """The same vectors as lists of Python's integers, or of a kind that refuses to leave 64 bits: for plain Python."""

    def __init__(self, state: State, number: Callable[[int], int]) -> None:
        self._number = number
        super().__init__({name: getattr(state, name) for name in w.VECTORS})

    def put(self, name: str, vector: Ints) -> None:
        """A vector in the place of the one of that name."""
        setattr(self, name, LIST_OF.get(name, list)(self._number(word) for word in vector.tolist()))

    def words(self, name: str, first: int, end: int) -> Ints:
        """Words first .. end - 1 of a vector."""
        return np.array(getattr(self, name)[first:end], np.int64)

    def fill(self, name: str, first: int, values: Ints) -> None:
        """Write words of a vector."""
        getattr(self, name)[first : first + values.size] = [
            self._number(word) for word in values.ravel().tolist()
        ]

    def forget(self, name: str, first: int, end: int) -> None:
        """Nothing is kept in the rows first .. end - 1 of a vector of what expires."""
        width = w.width(name)
        for where in range(first * width + EXPIRES, end * width, width):
            getattr(self, name)[where] = self._number(0)
