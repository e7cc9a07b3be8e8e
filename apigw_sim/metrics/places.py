"""What limits count by, numbered: buckets, quotas, pools of concurrency; and which of them a request meets when.

A timeline entry may move a bucket or a function from one limit to another, so a place is a pair of both, and the
tables that lead to it have a row per epoch: the stretches of time between such entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apigw_sim.plan.tables import Backend, BackendKind, LimitKind, Plan
from apigw_sim.records import NULL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Place(NamedTuple):
    """What one limit counts by."""

    limit: int
    owner: str
    kind: LimitKind
    target: int
    """Row of the bucket, of the quota, or of the backend; of unreserved functions, of their Region."""


class Epochs:
    """A table of places by row, which changes at some instants."""

    def __init__(self, start: Sequence[int], changes: Sequence[tuple[int, int, int]]) -> None:
        """`changes`: (instant, row, place), in order of time."""
        self.times = np.array(sorted({at for at, _, _ in changes}), np.int64)
        first = np.array([*start, NULL], np.int64)  # the last entry is for NULL
        self.table = np.repeat(first[None, :], len(self.times) + 1, axis=0)
        """A row per epoch, the first before all `times`."""
        for at, row, place in changes:
            self.table[int(np.searchsorted(self.times, at)) + 1 :, row] = place

    def look_up(self, rows: NDArray[np.int64], arrived: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each row at its instant."""
        if not len(self.times):
            return np.asarray(self.table[0][rows], np.int64)
        return np.asarray(self.table[np.searchsorted(self.times, arrived, side="right"), rows], np.int64)


class Places:
    """All places of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers: dict[Place, int] = {}
        quotas = [
            self._number(quota.limit, quota.owner, LimitKind.QUOTA, row)
            for row, quota in enumerate(plan.quotas)
        ]
        self.buckets = self._bucket_epochs()
        self.pools = self._pool_epochs()
        self.scaling = np.array(
            [
                self._number(backend.scaling_limit, plan.backends[of].name, LimitKind.LAMBDA_SCALING, of)
                for of, backend in zip(
                    map(plan.function_of, range(len(plan.backends))), plan.backends, strict=True
                )
            ],
            np.int64,
        )
        self.list: list[Place] = list(self._numbers)
        self.own_rps = np.array([backend.rate_bucket for backend in plan.backends], np.int64)
        self.all_rps = np.array([self._beside(backend) for backend in plan.backends], np.int64)
        accounts = [plan.regions[stage.region].bucket for stage in plan.stages]
        self.accounts = np.array([*accounts, plan.account.bucket], np.int64)
        """By stage: the account's bucket in its Region."""
        self.own_bucket = np.array([*(method.bucket for method in plan.methods), NULL], np.int64)
        self._of_keys(quotas)

    def _beside(self, backend: Backend) -> int:
        """The bucket that an invocation meets beside its own: its Region's request rate, or the bytes of a shard."""
        if backend.kind is BackendKind.LAMBDA:
            return self._plan.regions[backend.region].rps_bucket
        return backend.service.bytes_bucket if backend.service else NULL

    def _number(self, limit: int, owner: str, kind: LimitKind, target: int) -> int:
        if limit == NULL:
            return NULL
        return self._numbers.setdefault(Place(limit, owner, kind, target), len(self._numbers))

    def _bucket_epochs(self) -> Epochs:
        plan = self._plan

        def place(row: int, limit: int) -> int:
            if limit == NULL:
                return NULL
            return self._number(limit, plan.buckets[row].owner, plan.limits[limit].kind, row)

        ours = plan.buckets[: plan.parted]  # parts on several hosts are one place
        start = [NULL if bucket.off else place(row, bucket.limit) for row, bucket in enumerate(ours)]
        now = list(start)
        changes = []
        for at, (row, _, _, limit) in self._plan.writes("bucket"):
            if row >= plan.parted:
                continue
            found = place(row, limit)
            if found != now[row]:
                now[row] = found
                changes.append((at, row, found))
        return Epochs(start, changes)

    def _pool_epochs(self) -> Epochs:
        """Concurrency: reserved or shared, of functions; the capacity of HTTP backends."""
        plan = self._plan

        def place(row: int, reserved: int) -> int:
            backend = plan.backends[row]
            if backend.kind != BackendKind.LAMBDA:
                return self._number(backend.capacity_limit, backend.name, LimitKind.BACKEND, row)
            if reserved != NULL:
                of = plan.function_of(row)
                name = plan.backends[of].name
                return self._number(backend.reserved_limit, name, LimitKind.LAMBDA_RESERVED, of)
            limit = plan.regions[backend.region].unreserved_limit
            return self._number(limit, "unreserved functions", LimitKind.LAMBDA_ACCOUNT, backend.region)

        start = [place(row, backend.reserved) for row, backend in enumerate(plan.backends)]
        changes = [
            (at, row, place(row, reserved))
            for at, (function, reserved) in self._plan.writes("reserved")
            for row in plan.versions(function)
        ]
        return Epochs(start, changes)

    def _of_keys(self, quotas: list[int]) -> None:
        """What usage plans hold, by group of keys and method; one more of each than there are, for NULL."""
        plan = self._plan
        self.first_key = np.array([group.first for group in plan.key_groups], np.int64)
        self.held = np.full((3, len(plan.key_groups) + 1, len(plan.methods) + 1), NULL, np.int32)
        """Base rows of buckets for one method, of the plan's own buckets, and of quotas."""
        metered: list[list[int]] = [[] for _ in plan.stages]
        for row, method in enumerate(plan.methods):
            if method.api_key_required:
                metered[method.stage].append(row)
        for number, group in enumerate(plan.key_groups):
            for stage, access in group.access.items():
                rows = metered[stage]
                self.held[2, number, rows] = access.quota
                for level, base in enumerate((access.method_bucket, access.plan_bucket)):
                    if base:
                        self.held[level, number, rows] = [base.get(row, NULL) for row in rows]
        for row, method in enumerate(plan.methods):  # new connections are counted where requests have no key
            if method.connects:
                self.held[0, -1, row] = plan.account.connections
        self.quota_places = np.array([*quotas, NULL], np.int64)

    def at_gateway(
        self, stage: NDArray[np.int64], method: NDArray[np.int64], key: NDArray[np.int64], arrived: NDArray[np.int64]
    ) -> list[NDArray[np.int64]]:  # fmt: skip
        """The places of requests at each level in AWS's order, the account's last; NULL: none there."""
        none = np.full(len(method), NULL, np.int64)
        own = self.buckets.look_up(self.own_bucket[method], arrived)
        account = self.buckets.look_up(self.accounts[stage], arrived)
        if not (key >= 0).any():
            return [self.buckets.look_up(self.held[0, -1, method], arrived), none, none, own, account]
        group = np.where(key >= 0, np.searchsorted(self.first_key, key, side="right") - 1, NULL)
        ordinal = np.where(key >= 0, key - self.first_key[group], 0)
        of_method, of_plan, quota = (
            np.where(base >= 0, base + ordinal, NULL)
            for base in (self.held[level, group, method] for level in range(3))
        )
        look_up = self.buckets.look_up
        return [
            look_up(of_method, arrived), look_up(of_plan, arrived), self.quota_places[quota], own, account,
        ]  # fmt: skip

    def at_backend(
        self, backend: NDArray[np.int64], arrived: NDArray[np.int64], grows: NDArray[np.bool_]
    ) -> list[NDArray[np.int64]]:
        """The places of invocations: concurrency, the function's request rate, the account's, new environments.

        Of a shard, records in the place of the function's rate and bytes in that of the account's.
        """
        return [
            self.pools.look_up(backend, arrived),
            self.buckets.look_up(self.own_rps[backend], arrived),
            self.buckets.look_up(self.all_rps[backend], arrived),
            np.where(grows, self.scaling[backend], NULL),
        ]

    def ceilings(self, place: Place) -> list[tuple[int, int]]:
        """(from when, how many) of a pool; empty where there is no number."""
        plan = self._plan
        if place.kind == LimitKind.LAMBDA_ACCOUNT:
            writes = [
                (at, most) for at, (row, most) in self._plan.writes("unreserved") if row == place.target
            ]
            return [(0, plan.regions[place.target].unreserved), *writes]
        if place.kind == LimitKind.LAMBDA_RESERVED:
            writes = [(at, most) for at, (row, most) in self._plan.writes("reserved") if row == place.target]
            return [
                (at, most) for at, most in [(0, plan.backends[place.target].reserved), *writes] if most >= 0
            ]
        backend = plan.backends[place.target]
        serves = [(0, backend.concurrency)] if backend.concurrency != NULL else []
        serves += [(at, most) for at, (row, most) in self._plan.writes("serves") if row == place.target]
        return [(at, most + backend.queue) for at, most in serves]

    def bucket_states(self) -> list[list[tuple[int, int, int]]]:
        """Of each bucket: (from when, limit or NULL, units when full), in order of time."""
        buckets = self._plan.buckets
        states = [[(0, NULL if row.off else row.limit, row.full)] for row in buckets]
        for at, (row, _, full, limit) in self._plan.writes("bucket"):
            states[row].append((at, limit, full))
        return states

    def quota_states(self) -> list[list[tuple[int, int, int]]]:
        """Of each quota: (from when, limit, requests), in order of time."""
        states = [[(0, row.limit, row.requests)] for row in self._plan.quotas]
        for at, (row, requests) in self._plan.writes("quota"):
            states[row].append((at, self._plan.quotas[row].limit, requests))
        return states
