"""Compiled: the samples of an expectation that looks at attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.metrics.coding import (
    CACHE_BITS,
    CACHE_MASK,
    CLIENT_ERRORS,
    FATE_MASK,
    LAST_METERED,
    LEAF_SHIFT,
    Fate,
)
from apigw_sim.metrics.kernels_rows import A_ARRIVED, A_CLIENT, A_INTEGRATION, A_LATENCY
from apigw_sim.records import Cache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METRICS = (
    "Count",
    "4XXError",
    "5XXError",
    "CacheHitCount",
    "CacheMissCount",
    "Latency",
    "IntegrationLatency",
)
COUNT, CLIENT_ERROR, SERVER_ERROR, HITS, MISSES, LATENCY, INTEGRATION = range(len(METRICS))
FIRST_ERROR, LAST_ERROR = int(min(CLIENT_ERRORS)), int(max(CLIENT_ERRORS))
SERVER, METERED = int(Fate.SERVER_5XX), LAST_METERED
HIT, MISS = int(Cache.HIT), int(Cache.MISS)


def sample(
    rows: NDArray[np.int64], codes: NDArray[np.int32], by_arrival: bool, begin: int, end: int,
    leaves: NDArray[np.bool_], client: int, metric: int, stamps: NDArray[np.int64], values: NDArray[np.int64],
) -> int:  # fmt: skip
    """Stamps and values of the attempts of a client (-1: any) at some leaves that arrived in [begin, end); how many."""
    found = 0
    for at in range(len(rows)):
        code = codes[at]
        arrived, latency, integration = rows[at, A_ARRIVED], rows[at, A_LATENCY], rows[at, A_INTEGRATION]
        if not leaves[code >> LEAF_SHIFT] or not begin <= arrived < end:
            continue
        if 0 <= client != rows[at, A_CLIENT] or (metric == INTEGRATION and integration < 0):
            continue
        fate = (code >> CACHE_BITS) & FATE_MASK
        if client < 0 and fate > METERED:
            continue
        value = 1
        if metric == LATENCY:
            value = latency
        elif metric == INTEGRATION:
            value = integration
        elif metric == CLIENT_ERROR:
            value = 1 if FIRST_ERROR <= fate <= LAST_ERROR else 0
        elif metric == SERVER_ERROR:
            value = 1 if fate == SERVER else 0
        elif metric == HITS:
            value = 1 if code & CACHE_MASK == HIT else 0
        elif metric == MISSES:
            value = 1 if code & CACHE_MASK == MISS else 0
        stamps[found] = arrived if by_arrival else arrived + latency
        values[found] = value
        found += 1
    return found
