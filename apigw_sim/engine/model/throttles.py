"""The throttles a request meets, in AWS's order: plan per method, plan, quota, method, account (facts 1.3)."""

from __future__ import annotations

from typing import NamedTuple

from apigw_sim.draws import Group
from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.engine.model.gauges import Bucket, Quota
from apigw_sim.plan.tables import NULL, Account, Limit, Method, Plan
from apigw_sim.rules import reason
from apigw_sim.rules.bucket import TOKEN, refill
from apigw_sim.rules.pick import uniform
from apigw_sim.rules.window import quota as fits


class Levels(NamedTuple):
    """The throttles that a request meets, without those that are off: buckets in order, `before` of them before the quota."""

    buckets: tuple[Bucket, ...]
    before: int
    quota: Quota | None


UNKNOWN = Levels((), 0, None)
"""Stands for levels that have not been looked for."""


class Throttles:
    """All buckets and quotas that stand before the integrations."""

    def __init__(self, plan: Plan, buckets: list[Bucket], quotas: list[Quota]) -> None:
        self.limits: tuple[Limit, ...] = plan.limits
        self.account: Account = plan.account
        self.accounts = [buckets[plan.regions[stage.region].bucket] for stage in plan.stages]
        """By stage: the account's bucket in its Region."""
        self.buckets = buckets
        self.quotas = quotas
        self.plan = plan
        self.as_you_go = plan.account.as_you_go
        self.front = plan.account.front
        self.throttled_counts_to_quota = plan.account.throttled_counts_to_quota
        self._group = [group for group in plan.key_groups for _ in range(group.count)]

    def levels(self, row: Method, key: int) -> Levels | None:
        """The levels that a request of this method with this key meets; None where it may not pass for want of a key."""
        plan: list[Bucket] = []
        quota = None
        method, guarded = row.place, row.authorizer != NULL
        if row.api_key_required:
            if key == NULL or row.stage not in self._group[key].access:
                return None
            group = self._group[key]
            access = group.access[row.stage]
            ordinal = key - group.first
            if method in access.method_bucket:
                plan.append(self.buckets[access.method_bucket[method] + ordinal])
            if method in access.plan_bucket:
                plan.append(self.buckets[access.plan_bucket[method] + ordinal])
            if access.quota != NULL:
                quota = self.quotas[access.quota + ordinal]
        if row.connects:
            plan.append(self.buckets[self.account.connections])
        stage_level = [self.buckets[row.bucket]] if row.bucket != NULL else []
        if self.front:  # who has an authorizer has spent the account's token before it
            first = [] if guarded else [self.accounts[row.stage]]
            plan, rest = [*first, *plan], stage_level
        else:
            rest = [*stage_level, self.accounts[row.stage]]
        met = [bucket for bucket in (*plan, *rest) if not bucket.off]
        return Levels(tuple(met), sum(not bucket.off for bucket in plan), quota)

    def account_refuses(self, attempt: Attempt, now: int) -> bool:
        """Whether the account's throttle, standing in front of everything, refuses; it spends later."""
        bucket = self.account_of(attempt)
        if bucket.now_holds(now) >= TOKEN:
            return False
        self._refuse(attempt, bucket)
        return True

    def account_of(self, attempt: Attempt) -> Bucket:
        """The account's bucket that an attempt meets."""
        return self.accounts[attempt.caller.stage]

    def spend_account(self, attempt: Attempt) -> None:
        """Take the account's token for a request that was forbidden behind it."""
        self._spend(attempt, self.account_of(attempt))

    def admit(self, attempt: Attempt, levels: Levels, now: int) -> bool:
        """Pass all levels, or be refused by the first that is empty.

        Only a request that every level admits spends, unless token_accounting is as_you_go.
        """
        buckets, _, quota = levels
        plain = not self.as_you_go and attempt.notes is None
        for bucket in buckets:
            bucket.level = held = refill(bucket.level, bucket.at, now, bucket.rate, bucket.full)
            bucket.at = now
            if bucket.stale:
                bucket.freshen()
            if held < TOKEN:
                if plain and quota is None:
                    attempt.because(reason.THROTTLED, bucket.limit, held)
                    return False
                plain = False
                break
        if not plain or (quota is not None and not fits(quota.now_used(now), quota.requests)):
            return self._admit_with_care(attempt, levels, now)
        for bucket in buckets:
            bucket.level = left = bucket.level - TOKEN
            if left < bucket.low:
                bucket.low = left
        if quota is not None:
            quota.spend()
        return True

    def _admit_with_care(self, attempt: Attempt, levels: Levels, now: int) -> bool:
        """The same where somebody refuses, spends early or is watched."""
        buckets, before, quota = levels
        spent: list[Bucket | Quota] = []
        for level in (*buckets[:before], *((quota,) if quota else ()), *buckets[before:]):
            if isinstance(level, Quota):
                if not fits(level.now_used(now), level.requests):
                    attempt.because(reason.QUOTA_EXCEEDED, level.limit)
                    self._tell_spared(attempt, spent)
                    attempt.note(f"{self._name(level)}: all {level.requests:,} requests are used up: refused")
                    return False
            elif level.now_holds(now) < TOKEN:
                counted = self.as_you_go and quota in spent
                if quota is not None and self.throttled_counts_to_quota and not counted:
                    quota.count_refused(now)
                self._tell_spared(attempt, spent)
                self._refuse(attempt, level)
                return False
            if self.as_you_go:
                self._spend(attempt, level)
            spent.append(level)
        if not self.as_you_go:
            for level in spent:
                self._spend(attempt, level)
        return True

    def _spend(self, attempt: Attempt, level: Bucket | Quota) -> None:
        level.spend()
        if attempt.notes is not None:
            if isinstance(level, Quota):
                left = level.requests - level.used
                attempt.note(f"{self._name(level)}: {left + 1:,} requests left, {left:,} after this one")
            else:
                left = level.level
                attempt.note(
                    f"{self._name(level)}: {tokens(left + TOKEN)} tokens, {tokens(left)} after this request"
                )

    def _tell_spared(self, attempt: Attempt, admitted: list[Bucket | Quota]) -> None:
        """Tell who watches of the levels before the one that refuses, where they spend nothing."""
        for level in admitted if attempt.notes is not None and not self.as_you_go else ():
            if isinstance(level, Quota):
                counts = "counts it though it is refused" if self.throttled_counts_to_quota else "counts none"
                attempt.note(
                    f"{self._name(level)}: {level.requests - level.used:,} requests left: admits, {counts}"
                )
            else:
                attempt.note(f"{self._name(level)}: {tokens(level.level)} tokens: admits, spends none")

    def _refuse(self, attempt: Attempt, bucket: Bucket) -> None:
        attempt.because(reason.THROTTLED, bucket.limit, bucket.level)
        if attempt.notes is not None:
            attempt.note(f"{self._name(bucket)}: {tokens(bucket.level)} tokens, less than one: refused")

    def _name(self, level: Bucket | Quota) -> str:
        limit = self.limits[level.limit]
        if isinstance(level, Quota):
            owner, size = self.plan.quotas[self.quotas.index(level)].owner, limit.ceiling
        else:
            owner = self.plan.buckets[self.buckets.index(level)].owner
            size = f"{tokens(level.rate * TOKEN // 1000)}/s burst {tokens(level.full)}"
        key, _, route = owner.partition(" ")
        whose = key if route and route in limit.label else owner
        return f"{limit.label}{'' if whose in limit.label else f' of {whose}'} ({size})"


class Partitioned(Throttles):
    """The same on several hosts that know nothing of each other: a request meets the parts of the one that it comes to."""

    def __init__(self, plan: Plan, buckets: list[Bucket], quotas: list[Quota]) -> None:
        super().__init__(plan, buckets, quotas)
        self._number = {id(bucket): number for number, bucket in enumerate(buckets)}

    def account_of(self, attempt: Attempt) -> Bucket:
        return self._part(super().account_of(attempt), self._host(attempt))

    def admit(self, attempt: Attempt, levels: Levels, now: int) -> bool:
        host = self._host(attempt)
        attempt.note(f"comes to host {host + 1} of {self.account.hosts}")
        parts = tuple(self._part(bucket, host) for bucket in levels.buckets)
        return super().admit(attempt, levels._replace(buckets=parts), now)

    def _host(self, attempt: Attempt) -> int:
        return uniform(attempt.words(Group.HOST)[0], self.account.hosts)

    def _part(self, bucket: Bucket, host: int) -> Bucket:
        return self.buckets[self._number[id(bucket)] + host * self.plan.parted]


def throttles(plan: Plan, buckets: list[Bucket], quotas: list[Quota]) -> Throttles:
    """The throttles as the plan has them, ideal or in parts."""
    made = Throttles if plan.account.hosts == 1 else Partitioned
    return made(plan, buckets, quotas)


def tokens(units: int) -> str:
    """Units of a bucket as tokens, for people; rounded down, so that less than one never looks like one."""
    return f"{units * 1000 // TOKEN / 1000:,.3f}".rstrip("0").rstrip(".")
