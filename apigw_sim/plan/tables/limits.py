"""What can refuse: buckets, quotas, and the keys that meet them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from apigw_sim.plan.tables.draws import NULL


class LimitKind(IntEnum):
    """What kind of limit a row of plan.limits is."""

    ACCOUNT = 0
    METHOD = 1
    PLAN = 2
    PLAN_METHOD = 3
    QUOTA = 4
    LAMBDA_ACCOUNT = 5
    """Account concurrency, what the unreserved functions share."""
    LAMBDA_RESERVED = 6
    LAMBDA_RPS = 7
    """Ten requests per second per unit of concurrency."""
    LAMBDA_SCALING = 8
    """New environments in any ten seconds, per function."""
    BACKEND = 9
    """An HTTP backend's concurrency and queue."""
    SERVICE = 10
    """What an AWS service takes of its callers."""
    LAMBDA_PROVISIONED = 11
    """Provisioned concurrency of a version, beyond which its invocations spill over: it refuses none."""
    CONNECTIONS = 12
    """New connections to all WebSocket APIs of the account."""
    SERVICE_BYTES = 13
    """What a shard of a stream takes of its callers in bytes."""


@dataclass(frozen=True)
class Limit:
    """A limit written or defaulted in the scenario: one row of the summary's `limits`."""

    kind: LimitKind
    label: str
    """For people: "shop/prod POST /orders throttle"."""
    path: str
    """Path of its setting in the scenario: what to change."""
    where: str
    """file:line:column, or "default" where AWS's default holds."""
    ceiling: str
    """"200/s burst 100"."""
    next_behind: int = NULL
    """The limit that binds next when this one is raised."""


@dataclass(frozen=True)
class Bucket:
    """A token bucket of `rules.bucket`; `off` until a timeline entry writes a limit for it."""

    limit: int
    rate: int
    """Units per ns: 1000 times the requests per second."""
    full: int
    """Units: burst times rules.bucket.TOKEN."""
    start: int
    """Units at t = 0: full unless `initial.tokens` says otherwise."""
    owner: str
    """Which key or method: for people."""
    off: bool = False


@dataclass(frozen=True)
class Quota:
    """A usage plan's quota of one API key, aggregated over the plan's stages."""

    limit: int
    """Row of plan.limits."""
    requests: int
    """Requests per period."""
    used: int
    """Spent at t = 0: the plan's offset plus `initial.quota_used`."""
    resets: tuple[int, ...]
    """Instants at which a new calendar period (UTC) begins, ascending, to a day beyond the end."""
    owner: str


@dataclass(frozen=True)
class Access:
    """What a usage plan holds for one key group on one stage; the bucket of a key is base + its ordinal in the group."""

    plan: str
    plan_bucket: dict[int, int]
    """Row of plan.methods -> base row of plan.buckets, the plan's own throttle (per key, or per key and method)."""
    method_bucket: dict[int, int]
    """Row of plan.methods -> base row of plan.buckets, the plan's throttle for that method."""
    quota: int
    """Base row of plan.quotas; NULL: none."""


@dataclass(frozen=True)
class KeyGroup:
    """API keys that share a declaration; keys first .. first + count - 1."""

    name: str
    first: int
    count: int
    access: dict[int, Access]
    """Row of plan.stages -> what their plan holds there; no entry: the key opens nothing on that stage."""
