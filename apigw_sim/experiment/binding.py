"""What the limits did along a search: which one binds first, when growth will meet each, what to ask AWS for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim import quotas, units
from apigw_sim.plan.tables import NULL, LimitKind, Plan

if TYPE_CHECKING:
    from apigw_sim.experiment.capacity import Capacity
    from apigw_sim.experiment.trials import Trial

AWS = {
    LimitKind.ACCOUNT: "account_throttle_rate",
    LimitKind.CONNECTIONS: "websocket_connections_rate",
    LimitKind.LAMBDA_ACCOUNT: "lambda_concurrency",
    LimitKind.LAMBDA_SCALING: "lambda_scaling",
}
"""Limits that are AWS's, by their row of quotas.yaml; the others are the user's own settings."""


class Binding(NamedTuple):
    """The limit that refuses first where the expectations fail."""

    limit: str
    path: str
    where: str
    ceiling: str
    refused_where_it_fails: float
    """Of all requests, the share that it refused."""
    refused_where_it_meets: float
    behind: str | None
    """The limit that binds next when it is raised, and its ceiling."""
    value: str | int | None
    """What stands at the path; None where it is not one number."""

    def raised(self, factor: float) -> str | int:
        """The value times a factor."""
        assert self.value is not None
        if isinstance(self.value, int):
            return math.ceil(self.value * factor)
        rate = units.rate(self.value) * Fraction(str(factor))
        return f"{units.show_number(Fraction(f'{float(rate):.9g}'))}/s"


class Reach(NamedTuple):
    """When load reaches a limit."""

    limit: str
    path: str
    ceiling: str
    free_at: float | None
    """The highest load tried at which no run was refused by it, below all at which one was."""
    met_at: float | None
    """The lowest load tried at which a run was; None: none was."""
    months_from: float | None
    months_to: float | None
    """Between which months growth reaches it."""
    raisable: str
    """yes, no, by AWS (quotas.yaml), or own: it is a setting of the scenario."""


class Request(NamedTuple):
    """What a limit of AWS has to be for load to grow as long as is asked."""

    limit: str
    path: str
    now: str
    needed: str
    enough: bool
    how: str


def _refused(trials: Sequence[Trial], limit: int) -> float:
    """The share of requests that a limit refused."""
    count = sum(trial.requests for trial in trials)
    return sum(trial.limits[limit].refused for trial in trials) / count if count else 0.0


def binding(found: Capacity) -> Binding | None:
    """The limit whose refusals grow most from the last value that meets to the first that does not."""
    tried = [point.setting for point in found.found.points]
    good = found.found.meets if found.found.meets is not None else found.found.guess
    behind = [setting for setting in tried if good is None or setting > good]
    if not behind:
        return None
    bad = found.found.fails if found.found.fails is not None else min(behind)
    plan = found.plans[bad]
    rows = []
    for number in range(len(plan.limits)):
        there = _refused(found.trials[bad], number)
        here = _refused(found.trials[good], number) if good is not None else 0.0
        rows.append((there - here, -number, there, here))
    more, minus, there, here = max(rows, default=(0.0, 0, 0.0, 0.0))
    if more <= 0:
        return None
    limit = plan.limits[-minus]
    following = None if limit.next_behind == NULL else plan.limits[limit.next_behind]
    return Binding(
        limit.label, limit.path, limit.where, limit.ceiling, round(there, 6), round(here, 6),
        None if following is None else f"{following.label}, {following.ceiling}",
        _value(found.scenario.resolved(), limit.path),
    )  # fmt: skip


def _value(resolved: dict[str, Any], path: str) -> str | int | None:
    from apigw_sim.scenario.paths import value_at

    node = value_at(resolved, path)
    if isinstance(node, bool) or not isinstance(node, int | str):
        return None
    return node if isinstance(node, int) or "/" in node else None


def raisable(kind: LimitKind, path: str) -> str:
    """Whether AWS raises a limit: yes, no, by AWS; or own, where it is the user's setting."""
    if path == "account.lambda_concurrency":
        kind = LimitKind.LAMBDA_ACCOUNT
    name = AWS.get(kind)
    return "own" if name is None else quotas.limits()[name].adjustable


def reach(found: Capacity, growth: float | None) -> list[Reach]:
    """A row a limit, the first to be met first; a limit that was never met comes last."""
    if found.axis.path != "load":
        return []
    plan = _any(found)
    made = []
    for number, limit in enumerate(plan.limits):
        if limit.kind is LimitKind.LAMBDA_PROVISIONED:  # who meets it is served all the same
            continue
        met = sorted(
            found.axis.sizes[setting] for setting, trials in found.trials.items()
            if any(trial.limits[number].first_refusal_s is not None for trial in trials)
        )  # fmt: skip
        lowest = met[0] if met else math.inf
        free = [size for size in (found.axis.sizes[setting] for setting in found.trials) if size < lowest]
        free_at, met_at = max(free, default=None), met[0] if met else None
        made.append(
            Reach(
                limit.label, limit.path, limit.ceiling, free_at, met_at, _months(free_at, growth),
                _months(met_at, growth), raisable(limit.kind, limit.path),
            )
        )  # fmt: skip
    return sorted(made, key=lambda row: (row.met_at is None, row.met_at or 0.0, row.limit))


def _any(found: Capacity) -> Plan:
    return found.plans[min(found.plans)]


def _months(load: float | None, growth: float | None) -> float | None:
    """After how many months load has grown so much; 0 where it is there already."""
    if load is None or not growth:
        return None
    return round(max(math.log(load) / math.log1p(growth), 0.0), 2)


def requests(found: Capacity, growth: float, months: int) -> list[Request]:
    """The account's rate and Lambda's concurrency, for the load after so many months; what was used, in proportion."""
    if found.axis.path != "load":
        return []
    load = (1 + growth) ** months
    plan = _any(found)
    made = []
    for number, limit in enumerate(plan.limits):
        if limit.kind == LimitKind.ACCOUNT:
            used, at = _used(found, number, lambda seen: seen.peak_1s)
            region = next(region for region in plan.regions if plan.buckets[region.bucket].limit == number)
            throttle = found.scenario.throttle_in(region.name)
            now = throttle.rate
            needed = math.ceil(used * load / at)
            burst = f"its burst, {throttle.burst:,} now, comes with it: AWS sets it from the rate"
            made.append(
                Request(limit.label, limit.path, units.show_rate(now), f"{needed}/s", needed <= now, burst)
            )
        elif limit.kind == LimitKind.LAMBDA_ACCOUNT:
            region = next(region for region in plan.regions if region.unreserved_limit == number)
            whole = found.scenario.lambda_limit_in(region.name)
            now_at_once = region.unreserved
            used, at = _used(found, number, lambda seen, n=now_at_once: n - (seen.left or 0))
            reserved = whole - now_at_once
            needed = math.ceil(used * load / at) + reserved
            how = "a quota increase, in Service Quotas" + (
                f"; {reserved:,} of it set aside" if reserved else ""
            )
            enough = needed <= whole
            made.append(
                Request(
                    limit.label,
                    limit.path,
                    f"{whole}",
                    f"{needed}",
                    enough,
                    how,
                )
            )
    return made


def _used(found: Capacity, limit: int, of: Any) -> tuple[float, float]:
    """The most that any run used of a limit at the highest load at which no limit refused anything, and that load."""
    sizes = sorted((found.axis.sizes[setting], setting) for setting in found.trials)
    free: list[tuple[float, int]] = []
    for size, setting in sizes:
        if any(seen.first_refusal_s is not None for trial in found.trials[setting] for seen in trial.limits):
            break
        free.append((size, setting))
    size, setting = free[-1] if free else sizes[0]
    return max(of(trial.limits[limit]) for trial in found.trials[setting]), size
