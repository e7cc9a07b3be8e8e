"""Which limit binds next when one is raised.

Every limit on a request's way has a ceiling in requests per second: a throttle its rate (of a key's own bucket, where
each key has one), a concurrency its size over the mean duration. The limit behind is the one with the next higher
ceiling on a way they share. Limits without a steady rate (quotas, the scaling rate) are behind nothing; before them
stand all others, and before the scaling rate those of Lambda.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from operator import mul

from apigw_sim.plan.guards import Authorizer
from apigw_sim.plan.limits import UNITS_PER_RATE
from apigw_sim.plan.tables import (
    NULL,
    Account,
    Alias,
    Backend,
    BackendKind,
    Bucket,
    KeyGroup,
    Limit,
    LimitKind,
    Method,
    Quota,
    Region,
    Stage,
    Works,
)
from apigw_sim.rules.bucket import TOKEN

OF_LAMBDA = (LimitKind.LAMBDA_ACCOUNT, LimitKind.LAMBDA_RESERVED, LimitKind.LAMBDA_RPS)
NEVER = (LimitKind.QUOTA, LimitKind.LAMBDA_SCALING)


class Ways:
    """The limits on the way of each method's requests, with the requests per second that they carry at most."""

    def __init__(
        self, account: Account, methods: Sequence[Method], backends: Sequence[Backend], works: Sequence[Works],
        aliases: Sequence[Alias], buckets: Sequence[Bucket], quotas: Sequence[Quota], groups: Sequence[KeyGroup],
        authorizers: Sequence[Authorizer], regions: Sequence[Region], stages: Sequence[Stage],
    ) -> None:  # fmt: skip
        self.account = account
        self.backends = backends
        self.works = works
        self.aliases = aliases
        self.buckets = buckets
        self.quotas = quotas
        self.groups = groups
        self.authorizers = authorizers
        self.regions = regions
        self.stages = stages
        self.ways = [way for number, method in enumerate(methods) for way in self._ways(number, method)]

    def _ways(self, number: int, method: Method) -> list[dict[int, Fraction]]:
        """The way to a method, or where it requires a key, one for each group of keys."""
        base: dict[int, Fraction] = {}
        connects = self.account.connections if method.connects else NULL
        for bucket in (self.regions[self.stages[method.stage].region].bucket, method.bucket, connects):
            self._add(base, bucket)
        asked = self._asked(method)
        if asked != NULL:
            self._behind(base, self.backends[asked], Fraction(self.backends[asked].mean_ns))
        if method.backend != NULL:
            self._behind(base, self.backends[method.backend], self._mean(method))
        held = [group.access[method.stage] for group in self.groups if method.stage in group.access]
        if not method.api_key_required or not held:
            return [base]
        ways = []
        for access in held:
            way = dict(base)
            for bucket in (access.plan_bucket.get(number, NULL), access.method_bucket.get(number, NULL)):
                self._add(way, bucket)
            if access.quota != NULL:
                way[self.quotas[access.quota].limit] = Fraction(0)
            ways.append(way)
        return ways

    def _mean(self, method: Method) -> Fraction:
        """The mean duration of what a method invokes, ns; of an alias, by its weights as the run starts."""
        alias = self.aliases[method.alias] if method.alias != NULL else None
        if alias is None or alias.second == NULL:
            return Fraction(self.works[method.works].duration.mean) + self._query(method)
        rows = (alias.first + method.context, alias.second + method.context)
        means = (Fraction(self.works[row].duration.mean) for row in rows)
        return sum(map(mul, means, alias.shares), self._query(method))

    def _query(self, method: Method) -> Fraction:
        """The mean of the query that it makes of a database, ns; all versions make the same."""
        query = self.backends[method.backend].query
        return Fraction(query.mean if query else 0)

    def _asked(self, method: Method) -> int:
        """The function that each request invokes before its backend: an authorizer that caches nothing."""
        if method.authorizer == NULL:
            return NULL
        authorizer = self.authorizers[method.authorizer]
        return NULL if authorizer.ttl_ns else authorizer.backend

    def _behind(self, way: dict[int, Fraction], backend: Backend, mean: Fraction) -> None:
        """The limits on what runs at once."""
        region = self.regions[backend.region]
        if backend.kind is not BackendKind.LAMBDA:
            at_once = [(backend.capacity_limit, backend.concurrency)]
            self._serves(way, backend)
        elif backend.reserved != NULL:
            at_once = [(backend.reserved_limit, backend.reserved)]
            self._add(way, backend.rate_bucket)
        else:
            at_once = [(region.unreserved_limit, region.unreserved)]
        self._add(way, region.rps_bucket if backend.kind is BackendKind.LAMBDA else NULL)
        for row, places in at_once:
            if row != NULL and mean > 0:
                carries = Fraction(places) * 10**9 / mean
                other = way.get(row)  # the authorizer before it draws on the same places
                both = carries + other if other is not None else Fraction(0)
                way[row] = carries * other / both if other is not None and both else carries
        if backend.scaling_limit != NULL:
            way[backend.scaling_limit] = Fraction(0)

    def _serves(self, way: dict[int, Fraction], backend: Backend) -> None:
        """What an AWS service takes, in requests: of a stream all shards together, as if they were asked alike."""
        self._add(way, backend.rate_bucket)
        if backend.service is not None:
            parts = backend.service.shards.count if backend.service.shards else 1
            way[self.buckets[backend.rate_bucket].limit] *= Fraction(parts * TOKEN, backend.service.cost)

    def _add(self, way: dict[int, Fraction], bucket: int) -> None:
        if bucket != NULL and not self.buckets[bucket].off:
            row = self.buckets[bucket]
            way[row.limit] = Fraction(row.rate, UNITS_PER_RATE)

    def behind(self, limits: Sequence[Limit]) -> tuple[Limit, ...]:
        """The limits, each with the one that binds next."""
        return tuple(
            replace(limit, next_behind=self._next(number, limits)) for number, limit in enumerate(limits)
        )

    def _next(self, number: int, limits: Sequence[Limit]) -> int:
        scaling = limits[number].kind is LimitKind.LAMBDA_SCALING
        found = [
            (ceiling, row)
            for way in self.ways
            if number in way
            for row, ceiling in way.items()
            if limits[row].kind not in NEVER
            and (not scaling or limits[row].kind in OF_LAMBDA)
            and (ceiling, row) > (way[number], number)
        ]
        return min(found, default=(Fraction(0), NULL))[1]
