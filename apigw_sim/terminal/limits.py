"""What the limits did, in sentences: whom each refused, and which one to look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim.plan.tables import NULL, Limit, LimitKind, Plan
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.terminal.words import ceiling, count, line_of, many, span
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apigw_sim.terminal.page import Page

Row = dict[str, Any]

AT_GATEWAY = (
    LimitKind.CONNECTIONS,
    LimitKind.ACCOUNT,
    LimitKind.METHOD,
    LimitKind.PLAN,
    LimitKind.PLAN_METHOD,
    LimitKind.QUOTA,
)
OF_SERVERS = (LimitKind.BACKEND, LimitKind.SERVICE, LimitKind.SERVICE_BYTES)
UNITS_PER_RATE = 1000
"""Units of a bucket per ns that make one request per second."""
EVERY_METHOD = "every_method"


class Phrase(NamedTuple):
    """Whom a limit meets and what it is called."""

    whom: str
    """`for POST /orders`; empty where the name says it."""
    name: str
    """`the method limit 200/s, burst 100`."""


def phrase(limit: Limit, several_stages: bool) -> Phrase:
    """A limit in a sentence."""
    size = ceiling(limit.ceiling)
    label = limit.label.removesuffix(" throttle")
    match limit.kind:
        case LimitKind.ACCOUNT:
            return Phrase("", f"the account's limit {size}")
        case LimitKind.CONNECTIONS:
            return Phrase("", f"the account's limit of new connections {size}")
        case LimitKind.METHOD:
            stage, _, route = label.partition(" ")
            if route == EVERY_METHOD:
                return Phrase(f"to {stage}", f"the limit of every method {size} each")
            of = f" of {stage}" if several_stages else ""
            return Phrase(f"for {route}{of}", f"the method limit {size}")
        case LimitKind.PLAN:
            return Phrase("", f"usage plan {label.removeprefix('plan ')}'s limit {size} per key")
        case LimitKind.PLAN_METHOD:
            plan, _, rest = label.removeprefix("plan ").partition(" ")
            route = rest.partition(" ")[2]
            return Phrase(f"for {route}", f"usage plan {plan}'s method limit {size} per key")
        case LimitKind.QUOTA:
            plan = label.removeprefix("plan ").removesuffix(" quota")
            return Phrase("", f"usage plan {plan}'s quota {size} and key")
        case LimitKind.LAMBDA_ACCOUNT:
            return Phrase("", f"the account's concurrency {size}")
        case LimitKind.LAMBDA_RESERVED:
            return Phrase(
                f"of {label.removesuffix(' reserved concurrency')}", f"its reserved concurrency {size}"
            )
        case LimitKind.LAMBDA_RPS:
            if limit.path == "account.lambda_concurrency":
                return Phrase("", f"the account's ten a second per unit of concurrency, {size}")
            of = label.removesuffix(" reserved requests per second")
            return Phrase(f"of {of}", f"its ten a second per unit of reserved concurrency, {size}")
        case LimitKind.LAMBDA_SCALING:
            return Phrase(f"of {label.removesuffix(' scaling rate')}", f"its scaling rate {size}")
        case LimitKind.LAMBDA_PROVISIONED:
            of = label.removesuffix(" provisioned concurrency")
            return Phrase(f"of {of}", f"its provisioned concurrency {size}")
        case LimitKind.BACKEND:
            return Phrase(f"to {label.removesuffix(' concurrency')}", f"its capacity {size}")
        case LimitKind.SERVICE | LimitKind.SERVICE_BYTES:
            of, _, what = label.partition(" ")
            return Phrase(f"to {of}", f"its own {what} {size}")


def refusals(page: Page, plan: Plan, rows: Sequence[Row]) -> None:
    """Who was refused, by which limit: a sentence each, the most first."""
    several = len(plan.stages) > 1
    found = [(row, limit) for row, limit in zip(rows, plan.limits, strict=True) if row["refused"]]
    if not found:
        page.line("nothing was refused by a limit")
    for row, limit in sorted(found, key=lambda pair: -int(pair[0]["refused"])):
        whom, name = phrase(limit, several)
        noun = "request" if limit.kind in AT_GATEWAY or limit.kind in OF_SERVERS else "invocation"
        who = f"{many(row['refused'], noun)} {whom}".rstrip()
        were = "was" if row["refused"] == 1 else "were"
        page.line(
            f"{who} {were} refused by {name} ({line_of(limit.where)}){_of_many(row, limit)}{_since(row, plan)}"
        )


def _of_many(row: Row, limit: Limit) -> str:
    """Which of many buckets, or quotas."""
    if "buckets" not in row:
        return ""
    noun = "quota" if limit.kind == LimitKind.QUOTA else "bucket"
    some = f"{count(row['buckets_refused'])} of {many(row['buckets'], noun)}"
    return f", in {some}, most often that of {row['worst']}"


def _since(row: Row, plan: Plan) -> str:
    first = round(row["first_refusal_s"] * SECOND)
    return f"; the first at {span(first)}{', in the warm-up' if first < plan.warm_up else ''}"


def look_first(page: Page, plan: Plan, rows: Sequence[Row]) -> None:
    """The limit that refused first, or came nearest to it, with its setting and the limit behind it."""
    refused = [
        (row["first_refusal_s"], n) for n, row in enumerate(rows) if row["first_refusal_s"] is not None
    ]
    if refused:
        first, number = min(refused)
        says = f"the first to refuse, at {span(round(first * SECOND))}"
        if not rows[number]["refused"]:
            says += ", in the warm-up only"
    else:
        used = [
            (use(plan, limit, row), -n) for n, (limit, row) in enumerate(zip(plan.limits, rows, strict=True))
        ]
        share, minus = max(used, default=(0.0, 1))
        number = -minus
        if share <= 0:
            page.line("no limit was met")
            return
        says = f"nothing was refused; this came nearest: {_nearness(plan, plan.limits[number], rows[number])}"
    limit = plan.limits[number]
    page.line(f"{limit.label}, {ceiling(limit.ceiling)}: {says}", "bold")
    page.exact(f"set     {limit.path}", indent=4)
    page.line(f"at      {line_of(limit.where)}", indent=4)
    if limit.next_behind == NULL:
        page.line("behind  no other limit stands behind it", indent=4, hang=8)
    else:
        behind = plan.limits[limit.next_behind]
        page.line(
            f"behind  {behind.label}, {ceiling(behind.ceiling)}, binds next when this one is raised"
            f" ({line_of(behind.where)})",
            indent=4, hang=8,
        )  # fmt: skip


def use(plan: Plan, limit: Limit, row: Row) -> float:
    """How near to its ceiling a limit came that refused nothing, as a share: its peak use."""
    number, peak, left = plan.limits.index(limit), row["peak_1s"], row["lowest_tokens"]
    if not peak:
        return 0.0
    if limit.kind == LimitKind.QUOTA:
        most = max((quota.requests for quota in plan.quotas if quota.limit == number), default=0)
        return 1 - left / most if most and left is not None else 0.0
    buckets = [bucket for bucket in plan.buckets if bucket.limit == number]
    if buckets:
        bucket = buckets[0]
        hosts = plan.account.hosts if limit.kind in AT_GATEWAY else 1
        per_second, full = hosts * bucket.rate / UNITS_PER_RATE, bucket.full / TOKEN
        of_rate = min(peak / per_second, 1.0) if per_second else 0.0
        return max(of_rate, 1 - left / full if full and left is not None else 0.0)
    most = at_once(plan, number)
    if limit.kind == LimitKind.LAMBDA_SCALING:
        return min(float(peak / plan.account.scaling), 1.0)
    return 1 - left / most if most and left is not None else 0.0


def at_once(plan: Plan, number: int) -> int:
    """How much may run at once under a limit of concurrency; 0: it is none."""
    for region in plan.regions:
        if number == region.unreserved_limit:
            return region.unreserved
    for backend in plan.backends:
        if number == backend.reserved_limit:
            return backend.reserved
        if number == backend.capacity_limit:
            return backend.concurrency + backend.queue
    return 0


def _nearness(plan: Plan, limit: Limit, row: Row) -> str:
    number, peak, left = plan.limits.index(limit), row["peak_1s"], row["lowest_tokens"]
    of = f" ({row['worst']})" if "worst" in row else ""
    if limit.kind == LimitKind.QUOTA:
        return f"{left:,} requests of it were left{of}"
    if limit.kind == LimitKind.LAMBDA_SCALING:
        return f"{count(peak)} new environments in its busiest second"
    if limit.kind in (LimitKind.LAMBDA_ACCOUNT, LimitKind.LAMBDA_RESERVED):
        most = at_once(plan, number)
        return f"{count(most - left)} of {count(most)} at once"
    if limit.kind == LimitKind.BACKEND:
        return f"{left:,} of {at_once(plan, number):,} places, queue and all, were left"
    full = max((bucket.full for bucket in plan.buckets if bucket.limit == number), default=0) // TOKEN
    return (
        f"{count(peak)} reached it in its busiest second{of}, its bucket fell to {left:,g} of {full:,} tokens"
    )
