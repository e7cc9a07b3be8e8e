"""A small account made by hand, and rows as an engine would write them: times in seconds and milliseconds.

shop/prod has a cache and three methods: GET /items/{id} (function catalogue), POST /orders (function checkout, ten
reserved) and GET /stock/{id} (HTTP backend inventory, an API key required); blog/prod has one method, a mock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from apigw_sim.metrics import About, Metrics
from apigw_sim.metrics import summary as summary_of
from apigw_sim.metrics.series import METRIC_BY_NAME, STATISTICS
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, BackendKind, GaugeKind, Law, LimitKind, Plan
from apigw_sim.records import ATTEMPTS, INVOCATIONS, Block, CallOutcome, Outcome, Table
from apigw_sim.rules import reason
from apigw_sim.rules.bucket import TOKEN

MS, SECOND = 1_000_000, 1_000_000_000
SHOP, BLOG = 0, 1
ITEMS, ORDERS, STOCK, POSTS = 0, 1, 2, 3
CATALOGUE, CHECKOUT, INVENTORY = 0, 1, 2
WEB, PARTNER = 0, 1
ACCOUNT, EVERY_METHOD, ORDERS_LIMIT, GOLD, GOLD_STOCK, QUOTA, UNRESERVED, RESERVED, RPS, SCALING, CAPACITY = (
    range(11)
)
ACME, HOBBY_0, HOBBY_1 = 0, 1, 2
ABOUT = About("simpy", "small run", "0.1.0", "0" * 64, 7, ("run.seed: 1 -> 7",))


def constant(value: int) -> Law:
    return Law(f"{value}", value, np.full(1, value, np.int64), float(value))


def bucket(limit: int, rate: float, burst: int, owner: str, off: bool = False) -> tables.Bucket:
    return tables.Bucket(limit, int(rate * 1000), burst * TOKEN, burst * TOKEN, owner, off)


def limit(kind: LimitKind, label: str, ceiling: str) -> tables.Limit:
    return tables.Limit(kind, label, f"path.of.{kind.name.lower()}", "story.yaml:1:1", ceiling)


LIMITS = (
    limit(LimitKind.ACCOUNT, "account throttle", "100/s burst 50"),
    limit(LimitKind.METHOD, "shop/prod every_method throttle", "20/s burst 10"),
    limit(LimitKind.METHOD, "shop/prod POST /orders throttle", "2/s burst 2"),
    limit(LimitKind.PLAN, "plan gold throttle", "5/s burst 5"),
    limit(LimitKind.PLAN_METHOD, "plan gold shop/prod GET /stock/{id} throttle", "1/s burst 3"),
    limit(LimitKind.QUOTA, "plan gold quota", "100 per DAY"),
    limit(LimitKind.LAMBDA_ACCOUNT, "account concurrency", "1000"),
    limit(LimitKind.LAMBDA_RESERVED, "checkout reserved concurrency", "10"),
    limit(LimitKind.LAMBDA_RPS, "account Lambda requests per second", "10000/s"),
    limit(LimitKind.LAMBDA_SCALING, "Lambda scaling rate", "1000 per 10 s"),
    limit(LimitKind.BACKEND, "inventory capacity", "4 at once, queue 2"),
)
BUCKETS = (
    bucket(ACCOUNT, 100, 50, "account"),
    bucket(EVERY_METHOD, 20, 10, "GET /items/{id}"),
    bucket(ORDERS_LIMIT, 2, 2, "POST /orders"),
    bucket(EVERY_METHOD, 20, 10, "GET /stock/{id}"),
    *(bucket(GOLD, 5, 5, owner) for owner in ("acme", "hobby[0]", "hobby[1]")),
    *(bucket(GOLD_STOCK, 1, 3, owner) for owner in ("acme", "hobby[0]", "hobby[1]")),
    bucket(RPS, 10_000, 10_000, "account"),
)
GAUGE_SIZES = {
    GaugeKind.CONCURRENCY: 3, GaugeKind.ENVIRONMENTS: 3, GaugeKind.ACCOUNT_CONCURRENCY: 1,
    GaugeKind.UNRESERVED_CONCURRENCY: 1, GaugeKind.BUSY: 3, GaugeKind.QUEUE: 3, GaugeKind.CACHE_BYTES: 2,
    GaugeKind.TOKENS: len(BUCKETS), GaugeKind.QUOTA_LEFT: 3,
}  # fmt: skip


def method(
    place: int, stage: int, verb: str, resource: str, row: int, backend: int, key: bool = False
) -> tables.Method:
    return tables.Method(
        place=place, stage=stage, cache=stage, verb=verb, resource=resource, api_key_required=key, bucket=row,
        backend=backend, works=max(backend, 0), mock_status=200, misconfigured=False, timeout_ns=29 * SECOND, ttl_ns=0,
        require_authorization=False, unauthorized=tables.Unauthorized.FAIL_WITH_403, first_entry=0, entries=0,
    )  # fmt: skip


def backend(kind: BackendKind, name: str, **more: Any) -> tables.Backend:
    law, status = constant(100 * MS), tables.Shares((200,), ())
    return tables.Backend(
        kind, name, f"functions.{name}", "story.yaml:2:1", law, constant(1024), status, 0, 0, 6 << 20, **more
    )


def call(text: str, row: int, idempotent: bool = True) -> tables.CallRow:
    return tables.CallRow(text, row, 0, 0, (), constant(0), 0, 0, idempotent)


def client(name: str, key: int, *calls: tables.CallRow) -> tables.Client:
    arrivals = tables.Rated(True, ())
    retry = tables.Retry(1, frozenset(), False, 0, 0, 0)
    return tables.Client(
        name, "story.yaml:3:1", SHOP, None, key, arrivals, calls, (), constant(0), NULL, retry
    )


def story_plan(**other: Any) -> Plan:
    """Three minutes in periods of one minute, the first of them warm-up; `other` replaces fields."""
    account = tables.Account(
        bucket=0, front=False, as_you_go=False, throttled_counts_to_quota=False, unreserved=990,
        unreserved_limit=UNRESERVED, rps_bucket=10, scaling=1000, scaling_window_ns=10 * SECOND, scaling_bucket=False,
        cache_errors=True, max_age_0_is_a_miss=True, encryption_overhead=0, gateway_overhead=constant(8 * MS),
        http_overhead=constant(4 * MS),
        service_overhead=constant(8 * MS), hit_time=constant(MS), stamp_arrival=False, largest_request=10 << 20,
        canary_series=True, largest_cached=1 << 20, cache_rebuild_ns=240 * SECOND,
    )  # fmt: skip
    access = tables.Access("gold", {STOCK: 4}, {STOCK: 7}, 0)
    hobby = tables.Access("gold", {STOCK: 5}, {STOCK: 8}, 1)
    bases, gauges = {}, 0
    for kind, size in GAUGE_SIZES.items():
        bases[kind] = gauges
        gauges += size
    lambda_row = {"timeout_ns": 10 * SECOND, "memory_mb": 512, "scaling_limit": SCALING}
    plan = Plan(
        name="story", duration=180 * SECOND, warm_up=60 * SECOND, period=60 * SECOND, seed=7,
        start=datetime(2026, 11, 27, 9, tzinfo=UTC), region="us-east-1", account=account,
        stages=(tables.Stage("shop/prod", "shop", 1 << 29), tables.Stage("blog/prod", "blog", 0)),
        methods=(
            method(ITEMS, SHOP, "GET", "/items/{id}", 1, CATALOGUE),
            method(ORDERS, SHOP, "POST", "/orders", 2, CHECKOUT),
            method(STOCK, SHOP, "GET", "/stock/{id}", 3, INVENTORY, key=True),
            method(POSTS, BLOG, "GET", "/posts", NULL, NULL),
        ),
        variants=(), released=(0, 1, 2, 3), canary_released=(NULL,) * 4, canary_caches=(), pointers=(), undeployed=(),
        works=(),
        backends=(
            backend(BackendKind.LAMBDA, "catalogue", **lambda_row),
            backend(BackendKind.LAMBDA, "checkout", reserved=10, reserved_limit=RESERVED, **lambda_row),
            backend(BackendKind.HTTP, "inventory", concurrency=4, queue=2, capacity_limit=CAPACITY),
        ),
        buckets=BUCKETS,
        quotas=tuple(tables.Quota(QUOTA, 100, 0, (), owner) for owner in ("acme", "hobby[0]", "hobby[1]")),
        limits=LIMITS,
        key_groups=(
            tables.KeyGroup("acme", ACME, 1, {SHOP: access}),
            tables.KeyGroup("hobby", HOBBY_0, 2, {SHOP: hobby}),
        ),
        keys=3,
        clients=(
            client("web", NULL, call("GET /items/{id}", ITEMS), call("POST /orders", ORDERS, idempotent=False)),
            client("partner", ACME, call("GET /stock/{id}", STOCK)),
        ),
        timeline=(), entries=0, tables_sha256="0" * 64, assumptions=("token_accounting=all_or_none",),
        gauge_base=bases, gauges=gauges,
    )  # fmt: skip
    in_account = {
        name: other.pop(name) for name in list(other) if name in tables.Account.__dataclass_fields__
    }
    return replace(plan, account=replace(plan.account, **in_account), **other)


def block(table: Table, rows: Iterable[dict[str, int]]) -> Block:
    listed = list(rows)
    cells = np.array([[row[name] for name in table.names] for row in listed], np.int64)
    return Block(table, cells.reshape(len(listed), len(table.names)))


def attempt(
    at: float, ms: float = 100, status: int = 200, method: int = ITEMS, **other: Any
) -> dict[str, int]:
    """An attempt that arrives at `at` seconds and is answered `ms` later; relayed for half of that if carried."""
    stage = BLOG if method == POSTS else SHOP
    row = dict.fromkeys(ATTEMPTS.names, NULL) | {
        "client": WEB, "user": 0, "call": 0, "attempt": 1, "stage": stage, "method": method,
        "arrived_ns": round(at * SECOND), "latency_ns": round(ms * MS), "status": status, "reason": reason.OK,
        "cache": 0, "request_bytes": 0, "response_bytes": 1024, "flags": 0,
    }  # fmt: skip
    if status < 400 and method != POSTS:
        row["integration_ns"] = row["latency_ns"] // 2
    return row | other


def refused(at: float, by: int, method: int = ITEMS, **other: Any) -> dict[str, int]:
    """A 429 within 8 ms."""
    why = reason.QUOTA_EXCEEDED if LIMITS[by].kind == LimitKind.QUOTA else reason.THROTTLED
    return attempt(at, 8, 429, method, reason=why, refused_by=by, tokens=0, **other)


def invocation(at: float, ms: float = 100, backend: int = CATALOGUE, **other: Any) -> dict[str, int]:
    """A piece of work that arrives at `at` seconds at a warm backend."""
    row = dict.fromkeys(INVOCATIONS.names, NULL) | {
        "backend": backend, "client": WEB, "user": 0, "call": 0, "attempt": 1, "environment": 0,
        "arrived_ns": round(at * SECOND), "queued_ns": 0, "provisioning_ns": 0, "duration_ns": round(ms * MS),
        "outcome": Outcome.OK, "status": 200, "abandoned": 0, "repeated": 0, "idempotent": 1,
    }  # fmt: skip
    return row | other


def throttled(at: float, backend: int, by: int, outcome: Outcome) -> dict[str, int]:
    """An invocation that Lambda refused."""
    return invocation(at, backend=backend, duration_ns=NULL, outcome=outcome, refused_by=by, status=429)


def called(at: float, seconds: float, attempts: int = 1, client: int = WEB, **other: Any) -> dict[str, int]:
    """A call that succeeded after some seconds."""
    return {
        "client": client, "user": 0, "call": 0, "pick": 0, "intended_ns": round(at * SECOND), "started_ns": round(at * SECOND),
        "ended_ns": round((at + seconds) * SECOND), "attempts": attempts, "status": 200,
        "outcome": CallOutcome.SUCCEEDED,
    } | other  # fmt: skip


def level(plan: Plan, at: float, kind: GaugeKind, target: int, now: int, **other: int) -> dict[str, int]:
    """A gauge's row at a tick, in its own unit."""
    row = {"at_ns": round(at * SECOND), "gauge": plan.gauge(kind, target), "level": now, "low": now}
    return row | {"peak": NULL, "area": NULL} | other


def told(plan: Plan, *tables_and_rows: Any, expect: Iterable[Any] = ()) -> Metrics:
    """Metrics that were told a whole story: pairs of a table and its rows, folded in order of the periods."""
    metrics = Metrics(plan, expect)
    for table, rows in zip(tables_and_rows[::2], tables_and_rows[1::2], strict=True):
        listed = list(rows)
        if listed:
            metrics.fold(block(table, listed))
    metrics.finish()
    return metrics


def summary(metrics: Metrics) -> dict[str, Any]:
    return summary_of(metrics, ABOUT)


def figures(metrics: Metrics, label: str, metric: str) -> dict[int, dict[str, float]]:
    """The figures of one series and metric by period."""
    columns = metrics.columns()
    numbers = [n for n, series in enumerate(metrics.numbering.series) if series.label == label]
    mine = np.isin(columns.series, numbers) & (columns.metric == METRIC_BY_NAME[metric])
    return {
        int(period): dict(zip(STATISTICS, values.tolist(), strict=True))
        for period, values in zip(columns.period[mine], columns.values[mine], strict=True)
    }
