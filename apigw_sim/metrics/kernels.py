"""The compiled kernels of the metrics; numba is imported by `load`, not before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from apigw_sim.metrics import kernels_order as order
from apigw_sim.metrics import kernels_rows as rows
from apigw_sim.metrics import kernels_seconds as seconds
from apigw_sim.metrics import kernels_taken as taken
from apigw_sim.metrics import kernels_watch as watch
from apigw_sim.metrics.kernels_frames import WORDS
from apigw_sim.rules.window import billed_ms

HELPERS = (
    order.bucket_of, order.select, seconds.see, seconds.add, seconds.crown, seconds.count_at,
    billed_ms, rows.epoch_of, rows.put, rows.fold_attempts, rows.fold_calls, rows.fold_invocations,
)  # fmt: skip
INLINED = frozenset([
    "see", "put", "add", "crown", "count_at", "bucket_of", "epoch_of", "fold_attempts", "fold_calls", "fold_invocations",
])  # fmt: skip
"""For every row: a call costs more than what they do, for each array that is passed is counted up and down."""


class Kernels(NamedTuple):
    """All of them, by name."""

    take_attempts: Any
    take_calls: Any
    take_invocations: Any
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
    taken.take_attempts: "i i i i",
    taken.take_calls: "i i i i",
    taken.take_invocations: "i i i i",
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
    from apigw_sim.metrics import kernels_lowered  # noqa: F401

    made, helpers = {}, Helpers(HELPERS)
    for function, words in SIGNATURES.items():
        gives, *takes = (WORDS[word] for word in words.split())
        made[function.__name__] = compiled(
            function, f"{gives}({', '.join(takes)})", helpers=helpers, inlined=INLINED
        )
    return Kernels(**made)
