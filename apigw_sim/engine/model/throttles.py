"""The throttles a request meets, in AWS's order: plan per method, plan, quota, method, account (facts 1.3)."""

from __future__ import annotations

from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.engine.model.gauges import Bucket, Quota
from apigw_sim.plan.tables import NULL, Account, Limit, Plan
from apigw_sim.rules import reason
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.window import quota


class Throttles:
    """All buckets and quotas that stand before the integrations."""

    def __init__(self, plan: Plan, buckets: list[Bucket], quotas: list[Quota]) -> None:
        self.limits: tuple[Limit, ...] = plan.limits
        self.account: Account = plan.account
        self.account_bucket = buckets[plan.account.bucket]
        self.buckets = buckets
        self.quotas = quotas
        self.plan = plan
        self.as_you_go = plan.account.as_you_go
        self.front = plan.account.front
        self._levels: dict[tuple[int, int], tuple[Bucket | Quota, ...]] = {}
        self._group = [group for group in plan.key_groups for _ in range(group.count)]

    def covers(self, stage: int, key: int) -> bool:
        """Whether a usage plan lets the key into the stage."""
        return key != NULL and stage in self._group[key].access

    def levels(self, stage: int, method: int, key: int) -> tuple[Bucket | Quota, ...]:
        """The levels that a request meets, in order."""
        levels = self._levels.get((method, key))
        if levels is None:
            levels = self._levels[method, key] = self._find(stage, method, key)
        return levels

    def _find(self, stage: int, method: int, key: int) -> tuple[Bucket | Quota, ...]:
        levels: list[Bucket | Quota] = []
        if key != NULL:
            group = self._group[key]
            access = group.access[stage]
            ordinal = key - group.first
            if method in access.method_bucket:
                levels.append(self.buckets[access.method_bucket[method] + ordinal])
            if method in access.plan_bucket:
                levels.append(self.buckets[access.plan_bucket[method] + ordinal])
            if access.quota != NULL:
                levels.append(self.quotas[access.quota + ordinal])
        row = self.plan.methods[method].bucket
        if row != NULL:
            levels.append(self.buckets[row])
        if self.front:
            return (self.account_bucket, *levels)
        return (*levels, self.account_bucket)

    def account_refuses(self, attempt: Attempt, now: int) -> bool:
        """Whether the account's throttle, standing in front of everything, refuses; it spends later."""
        held = self.account_bucket.now_holds(now)
        if held >= TOKEN:
            return False
        self._refuse(attempt, self.account_bucket, held)
        return True

    def spend_account(self, attempt: Attempt) -> None:
        """Take the account's token for a request that was forbidden behind it."""
        self.account_bucket.spend()
        if attempt.notes is not None:
            self._tell(attempt, self.account_bucket)

    def admit(self, attempt: Attempt, levels: tuple[Bucket | Quota, ...], now: int) -> bool:
        """Pass all levels, or be refused by the first that is empty.

        Only a request that every level admits spends, unless token_accounting is as_you_go.
        """
        as_you_go, watched = self.as_you_go, attempt.notes is not None
        for level in levels:
            if level.__class__ is Bucket:
                held = level.now_holds(now)  # type: ignore[union-attr]
                if held < TOKEN and not level.off:  # type: ignore[union-attr]
                    self._count_refused(levels, level, now)
                    self._refuse(attempt, level, held)
                    return False
            elif not quota(level.now_used(now), level.requests):  # type: ignore[union-attr]
                attempt.because(reason.QUOTA_EXCEEDED, level.limit, 0)
                if watched:
                    attempt.note(f"{self._name(level)}: used up, refused")
                return False
            if as_you_go:
                level.spend()
                if watched:
                    self._tell(attempt, level)
        if not as_you_go:
            for level in levels:
                level.spend()
                if watched:
                    self._tell(attempt, level)
        return True

    def _refuse(self, attempt: Attempt, bucket: Bucket, held: int) -> None:
        attempt.because(reason.THROTTLED, bucket.limit, held)
        if attempt.notes is not None:
            attempt.note(f"{self._name(bucket)}: {tokens(held)} tokens, refused")

    def _tell(self, attempt: Attempt, level: Bucket | Quota) -> None:
        """Tell who watches what a level held before and after."""
        if isinstance(level, Quota):
            attempt.note(f"{self._name(level)}: {level.requests - level.used} requests left")
        elif not level.off:
            after = level.level
            attempt.note(f"{self._name(level)}: {tokens(after + TOKEN)} tokens, {tokens(after)} after this request")

    def _count_refused(self, levels: tuple[Bucket | Quota, ...], refuser: Bucket, now: int) -> None:
        """A throttled request may count to its key's quota all the same (an assumption; default: it does not)."""
        if not self.account.throttled_counts_to_quota:
            return
        for number, level in enumerate(levels):
            if isinstance(level, Quota) and quota(level.now_used(now), level.requests):
                spent = self.as_you_go and number < levels.index(refuser)
                if not spent:
                    level.spend()

    def _name(self, level: Bucket | Quota) -> str:
        limit = self.limits[level.limit]
        return f"{limit.label} ({limit.ceiling})"


def tokens(units: int) -> str:
    """Units of a bucket as tokens, for people."""
    return f"{units / TOKEN:,.3f}".rstrip("0").rstrip(".")
