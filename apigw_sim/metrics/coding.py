"""An attempt's place and fate in one whole number, so that one `bincount` counts all there is to count."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.plan.tables import LimitKind, Plan
from apigw_sim.records import NULL, Cache, Flag
from apigw_sim.rules.reason import REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Fate(IntEnum):
    """How an attempt ended, as a planner sees it; a 429 by the level that refused it."""

    CARRIED_2XX = 0
    CARRIED_3XX = 1
    PLAN_METHOD = 2
    PLAN = 3
    QUOTA = 4
    METHOD = 5
    ACCOUNT = 6
    OTHER_4XX = 7
    SERVER_5XX = 8
    UNMETERED_4XX = 9
    """Of which CloudWatch has no metrics."""
    UNMETERED_5XX = 10


CARRIED = (Fate.CARRIED_2XX, Fate.CARRIED_3XX)
LAST_CARRIED = int(CARRIED[-1])
REFUSALS = (Fate.PLAN_METHOD, Fate.PLAN, Fate.QUOTA, Fate.METHOD, Fate.ACCOUNT)
"""In AWS's order, and in that of the summary's `throttled_by`."""
CLIENT_ERRORS = (*REFUSALS, Fate.OTHER_4XX)
UNMETERED = (Fate.UNMETERED_4XX, Fate.UNMETERED_5XX)
LAST_METERED = int(Fate.SERVER_5XX)
FATE_OF_KIND = {
    LimitKind.PLAN_METHOD: Fate.PLAN_METHOD,
    LimitKind.PLAN: Fate.PLAN,
    LimitKind.QUOTA: Fate.QUOTA,
    LimitKind.METHOD: Fate.METHOD,
    LimitKind.ACCOUNT: Fate.ACCOUNT,
    LimitKind.CONNECTIONS: Fate.ACCOUNT,
}
CACHE_BITS, FATE_BITS = 2, 4
CACHE_MASK, FATE_MASK = (1 << CACHE_BITS) - 1, (1 << FATE_BITS) - 1
LEAF_SHIFT = CACHE_BITS + FATE_BITS
CELLS = 1 << (CACHE_BITS + FATE_BITS)
TOO_MANY_REQUESTS = 429


class Coding:
    """Codes of attempts: a leaf (a method, a stage for what matched none, a method met by way of a canary), fate, cache."""

    def __init__(self, plan: Plan) -> None:
        self.methods = len(plan.methods)
        self.stages = len(plan.stages)
        self.canaried = sorted({pointer.stage for pointer in plan.pointers if pointer.canary != NULL})
        """Stages that have a canary at some time."""
        with_canary = [row for row, method in enumerate(plan.methods) if method.stage in self.canaried]
        first = self.methods + self.stages
        self.leaves = first + len(with_canary)
        stages = [method.stage for method in plan.methods] + list(range(self.stages))
        self.canary_leaf = np.arange(first)
        """Leaf -> the leaf of what met the canary there."""
        self.canary_leaf[with_canary] = np.arange(first, self.leaves)
        self.method_of_leaf = np.array([*range(self.methods), *[NULL] * self.stages, *with_canary], np.int64)
        self.stage_of_leaf = np.array([*stages, *(plan.methods[row].stage for row in with_canary)], np.int64)
        units = [self.stages + self.canaried.index(plan.methods[row].stage) for row in with_canary]
        self.unit_of_leaf = np.array([*stages, *units], np.int64)
        """What is kept apart: a stage without its canary; behind the stages, the canaries of `canaried`."""
        self.units = self.stages + len(self.canaried)
        self.fate_of_status = np.full(1000, Fate.SERVER_5XX, np.int64)
        self.fate_of_status[:300] = Fate.CARRIED_2XX
        self.fate_of_status[300:400] = Fate.CARRIED_3XX
        self.fate_of_status[400:500] = Fate.OTHER_4XX
        self.status_of_reason = np.array([reason.status for reason in REASONS], np.int64)
        # One entry more than there are limits, for NULL: -1 is the last.
        self.fate_of_limit = np.array(
            [*(FATE_OF_KIND.get(limit.kind, Fate.OTHER_4XX) for limit in plan.limits), Fate.OTHER_4XX],
            np.int64,
        )

    def leaf(
        self, stage: NDArray[np.int64], method: NDArray[np.int64], flags: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The leaf of each attempt."""
        leaf = np.where(method >= 0, method, stage + self.methods)
        if not self.canaried:
            return leaf
        return np.where(flags & Flag.CANARY, self.canary_leaf[leaf], leaf)

    def fate(
        self, status: NDArray[np.int64], refused_by: NDArray[np.int64], why: NDArray[np.int64],
        flags: NDArray[np.int64],
    ) -> NDArray[np.int64]:  # fmt: skip
        """The fate of each attempt; one with a customised status has that of the status it stands for (facts 3.1)."""
        if bool((flags & Flag.RESTYLED).any()):
            status = np.where(flags & Flag.RESTYLED, self.status_of_reason[why], status)
        fate = self.fate_of_status[status]
        refused = np.nonzero(status == TOO_MANY_REQUESTS)[0]
        fate[refused] = self.fate_of_limit[refused_by[refused]]
        unmetered = (flags & Flag.UNMETERED) != 0
        if bool(unmetered.any()):
            fate[unmetered] = np.where(status[unmetered] >= 500, Fate.UNMETERED_5XX, Fate.UNMETERED_4XX)
        return fate

    def code(
        self, leaf: NDArray[np.int64], fate: NDArray[np.int64], cache: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """The three in one."""
        return (((leaf << FATE_BITS) | fate) << CACHE_BITS | cache).astype(np.int32)

    def count(self, code: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many attempts of each leaf, fate and word of the cache."""
        counts = np.bincount(code, minlength=self.leaves * CELLS).astype(np.int64, copy=False)
        return counts.reshape(self.leaves, 1 << FATE_BITS, 1 << CACHE_BITS)

    def by_method(self, by_leaf: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts by leaf added up by method, its canary's among them."""
        if not self.canaried:
            return by_leaf[: self.methods]
        known = self.method_of_leaf >= 0
        return added(by_leaf[known], self.method_of_leaf[known], self.methods)

    def by_canary(self, by_leaf: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts by leaf added up by canary, in the order of `canaried`."""
        return added(by_leaf, self.unit_of_leaf, self.units)[self.stages :]

    def by_stage(self, by_leaf: NDArray[np.int64]) -> NDArray[np.int64]:
        """Counts by leaf added up by stage."""
        return added(by_leaf, self.stage_of_leaf, self.stages)


def added(counts: NDArray[np.int64], parents: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Rows of counts added up by their parents 0..size-1."""
    total = np.zeros((size, *counts.shape[1:]), np.int64)
    np.add.at(total, parents, counts)
    return total


def tallies(cells: NDArray[np.int64], *, metered: bool = True) -> dict[str, NDArray[np.int64]]:
    """CloudWatch's counts of each row of `Coding.count`, or of sums of its rows; or of all that there was."""
    client = CLIENT_ERRORS if metered else (*CLIENT_ERRORS, Fate.UNMETERED_4XX)
    server = (Fate.SERVER_5XX,) if metered else (Fate.SERVER_5XX, Fate.UNMETERED_5XX)
    if metered:
        cells = cells[:, : LAST_METERED + 1, :]
    return {
        "Count": cells.sum(axis=(1, 2)),
        "4XXError": cells[:, client, :].sum(axis=(1, 2)),
        "5XXError": cells[:, server, :].sum(axis=(1, 2)),
        "CacheHitCount": cells[:, :, Cache.HIT].sum(axis=1),
        "CacheMissCount": cells[:, :, Cache.MISS].sum(axis=1),
    }
