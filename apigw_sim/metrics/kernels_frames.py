"""What compiled folds take besides rows, in words that compiled callers can hand over without Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS = {
    "i": "int64", "b": "boolean", "I": "int64[::1]", "II": "int64[:, ::1]", "III": "int64[:, :, ::1]",
    "n": "int32[::1]", "nn": "int32[:, ::1]", "nnn": "int32[:, :, ::1]", "h": "int16[::1]", "B": "boolean[::1]",
    "BB": "boolean[:, ::1]", "R": "Array(int64, 2, 'C', True)", "v": "void",
}  # fmt: skip
"""Short names of numba's types: integers, truths, arrays of them by dimension (I, II, III), narrower ones (n, h).

R: rows that are only read."""
FRAMES = {
    "attempts": "b i i i i I I II I I b I I I I I I II II n I I I II II I n I h I n I h I",
    "calls": "i i i I II II II n I I",
    "invocations": "b i i B II I I II II I I I II II I n I h I",
}
"""What the fold of each table takes after the rows."""
DTYPES = {"I": "int64", "n": "int32", "h": "int16", "B": "bool"}
LEFT, FIRST = 0, 1
"""Words of a frame: for how many rows more there is room, -1 where nothing may be taken in; the first argument."""


def size_of(word: str) -> int:
    """How many words an argument takes: a number one, an array its address and its shape."""
    return 1 if word in "ib" else 1 + len(word)


class Frame:
    """The arguments of one fold; the arrays among them are kept alive."""

    def __init__(self, table: str) -> None:
        self._takes = FRAMES[table].split()
        sizes = [size_of(word) for word in self._takes]
        self._at = (FIRST + np.cumsum([0, *sizes[:-1]])).tolist()
        self.words: NDArray[np.int64] = np.zeros(FIRST + sum(sizes), np.int64)
        self.address = self.words.ctypes.data
        self._arguments: list[Any] = [None] * len(sizes)
        self.close()

    def put(self, left: int, *arguments: Any) -> None:
        """The arguments from now on, and how many rows there is room for.

        Compiled code believes what it is told, so an array of another dtype, dimension or layout is a TypeError here.
        """
        words = self.words
        for number, (at, argument, kind) in enumerate(zip(self._at, arguments, self._takes, strict=True)):
            if argument is self._arguments[number]:
                continue
            if isinstance(argument, np.ndarray):
                like = argument.dtype.name, argument.ndim, argument.flags.c_contiguous
                if like != (DTYPES.get(kind[0]), len(kind), True):
                    raise TypeError(f"argument {number}: {kind} is wanted, not {like}")
                words[at] = argument.ctypes.data
                words[at + 1 : at + 1 + argument.ndim] = argument.shape
            elif kind in "ib":
                words[at] = argument
            else:
                raise TypeError(f"argument {number}: {kind} is wanted, not {argument!r}")
            self._arguments[number] = argument
        words[LEFT] = left

    def close(self) -> None:
        """Let nothing be taken in until arguments are put anew."""
        self.words[LEFT] = -1
