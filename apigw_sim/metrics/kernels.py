"""The compiled kernels of the metrics; numba is imported by `load`, not before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from apigw_sim.metrics import kernels_order as order
from apigw_sim.metrics import kernels_rows as rows
from apigw_sim.metrics import kernels_seconds as seconds
from apigw_sim.metrics import kernels_watch as watch
from apigw_sim.rules.window import billed_ms

HELPERS = (
    order.bucket_of, order.select, seconds.see, seconds.add, seconds.crown, seconds.count_at,
    billed_ms, rows.epoch_of, rows.put,
)  # fmt: skip
INLINED = frozenset(["see", "put", "add", "crown", "count_at", "bucket_of", "epoch_of"])
"""For every row: a call costs more than what they do, for each array that is passed is counted up and down."""
WORDS = {
    "i": "int64", "b": "boolean", "I": "int64[::1]", "II": "int64[:, ::1]", "III": "int64[:, :, ::1]",
    "n": "int32[::1]", "nn": "int32[:, ::1]", "nnn": "int32[:, :, ::1]", "h": "int16[::1]", "B": "boolean[::1]",
    "BB": "boolean[:, ::1]", "R": "Array(int64, 2, 'C', True)", "v": "void",
}  # fmt: skip
"""Short names of numba's types: integers, truths, arrays of them by dimension (I, II, III), narrower ones (n, h).

R: rows that are only read."""


class Kernels(NamedTuple):
    """All of them, by name."""

    fold_attempts: Any
    fold_calls: Any
    fold_invocations: Any
    count: Any
    tally: Any
    aim: Any
    gather: Any
    pick: Any
    find_buckets: Any
    fill: Any
    settle_attempts: Any
    settle_invocations: Any
    sample: Any


SIGNATURES: dict[Callable[..., Any], str] = {
    rows.fold_attempts: "v R b i i i i I I II I I b I I I I I I II II n I I I II II I n I h I n I h I",
    rows.fold_calls: "i R i i i I II II II n I i",
    rows.fold_invocations: "v R b i i B II I I II II I I I II II I n I h I",
    order.count: "v n I",
    order.tally: "v n I h i n nn n I I nn I n",
    order.aim: "i n II nn nn III",
    order.gather: "v n I h i n nn n BB nn I n",
    order.pick: "v I n II III I I II",
    order.find_buckets: "v I h",
    order.fill: "v I I",
    seconds.settle_attempts: "v II I i b I i I i i n I nnn I I II II I I I I",
    seconds.settle_invocations: "v II I i I I II II II I II I I I I",
    watch.sample: "i R n b i i B i i I I",
}
"""What each gives, then what it takes."""


@cache
def load() -> Kernels:
    """Compile the kernels, or load them from disk."""
    from apigw_sim.jit import Helpers, compiled

    made, helpers = {}, Helpers(HELPERS)
    for function, words in SIGNATURES.items():
        gives, *takes = (WORDS[word] for word in words.split())
        made[function.__name__] = compiled(
            function, f"{gives}({', '.join(takes)})", helpers=helpers, inlined=INLINED
        )
    return Kernels(**made)
