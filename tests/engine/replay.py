"""Slow and obvious twins of whole parts of the gateway, which read a run's rows and say what each decision had to be.

They take a scenario as data, not as a plan, and know nothing of how an engine works: lists are searched from end to end,
tokens are fractions, every instant is gone through in the order that `engine.order` promises.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from engine.running import SECOND, Ran

from apigw_sim import units
from apigw_sim.draws import draw

REFUSED_EARLY = {
    "THROTTLED", "QUOTA_EXCEEDED", "INVALID_API_KEY", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE",
    "CACHE_INVALIDATION_DENIED",
}  # fmt: skip
Id = tuple[int, int, int]


def identity(ran: Ran, row: SimpleNamespace) -> Id:
    """Client, call and attempt, as numbers."""
    names = [client.name for client in ran.plan.clients]
    return names.index(row.client), row.call, row.attempt


def arrivals(ran: Ran, said: Mapping[str, Any]) -> list[SimpleNamespace]:
    """The attempts in the order in which the gateway decided on them: by instant, rank and identity.

    With a network they arrive; without one a retry is sent before a new call.
    """

    def order(row: SimpleNamespace) -> tuple[Any, ...]:
        client = said["clients"][row.client]
        far = units.duration(client.get("network", {}).get("rtt", "0 ms")) > 1
        return row.arrived_ns, 0 if far else 1 if row.attempt > 1 else 2, identity(ran, row)

    return sorted(ran.attempts, key=order)


# throttles


class Bucket:
    """A token bucket in fractions."""

    def __init__(self, throttle: Mapping[str, Any]) -> None:
        self.rate, self.burst = units.rate(throttle["rate"]), throttle["burst"]
        self.level, self.at = Fraction(self.burst), 0

    def holds(self, now: int) -> Fraction:
        self.level = min(self.level + self.rate * Fraction(now - self.at, SECOND), Fraction(self.burst))
        self.at = now
        return self.level


def throttled(
    ran: Ran, said: Mapping[str, Any]
) -> Iterator[tuple[SimpleNamespace, str | None, Fraction | None]]:
    """Each attempt with the limit that had to refuse it and the tokens that bucket had to hold; None: none.

    Knows a/s with every_method and one usage plan p for all keys, whose quota does not begin anew in the run. Who lacks
    a key is left out: that comes before all throttles but the account's in front.
    """
    api = said["apis"]["a"]
    template = api["stages"]["s"].get("method_settings", {}).get("every_method", {}).get("throttle")
    plan = said.get("usage_plans", {}).get("p", {})
    open_left = said["assumptions"]
    front = open_left.get("account_throttle_position") == "front"
    as_you_go = open_left.get("token_accounting") == "as_you_go"
    counts = open_left.get("throttled_counts_to_quota", False)
    by_method = open_left.get("usage_plan_bucket") == "key_and_method"
    account = ("account throttle", Bucket(said["account"]["throttle"]))
    buckets: dict[tuple[Any, ...], Bucket] = {}
    used: dict[str, int] = defaultdict(int)
    limit = plan.get("quota", {}).get("limit")

    def bucket(throttle: Mapping[str, Any], *of: Any) -> Bucket:
        if of not in buckets:
            buckets[of] = Bucket(throttle)
        return buckets[of]

    for row in arrivals(ran, said):
        if row.reason == "INVALID_API_KEY":
            continue
        key = row.api_key
        levels: list[tuple[str, Bucket | None]] = []
        if api["methods"][row.method].get("api_key_required"):
            own = plan["stages"]["a/s"].get(row.method)
            if own:
                levels.append((f"plan p a/s {row.method} throttle", bucket(own, "own", key, row.method)))
            if "throttle" in plan:
                of = (key, row.method) if by_method else (key,)
                levels.append(("plan p throttle", bucket(plan["throttle"], "plan", *of)))
            if limit is not None:
                levels.append(("plan p quota", None))
        if template:
            levels.append(("a/s every_method throttle", bucket(template, "method", row.method)))
        levels = [account, *levels] if front else [*levels, account]
        passed: list[Bucket | None] = []
        refusal: tuple[str, Fraction | None] | None = None
        for label, level in levels:
            if level is None:
                if used[key] >= limit:
                    refusal = label, None
            elif level.holds(row.arrived_ns) < 1:
                refusal = label, level.level
            if refusal:
                break
            passed.append(level)
        if refusal is None or as_you_go:
            for level in passed:
                if level is None:
                    used[key] += 1
                else:
                    level.level -= 1
        in_front = front and refusal is not None and refusal[0] == account[0]
        spent = as_you_go and None in passed
        if counts and refusal and refusal[1] is not None and not in_front and limit is not None and not spent:
            has_quota = any(level is None for _, level in levels)
            if has_quota and used[key] < limit:
                used[key] += 1
        yield row, *(refusal or (None, None))


# Lambda


def invoked(ran: Ran, said: Mapping[str, Any]) -> Iterator[tuple[SimpleNamespace, str]]:
    """Each invocation of a function with the refusal, or "OK", that it had to meet; no request limit, no outage.

    Checks on the way that the environment is the most recently used one, and new only if none was idle.
    """
    account = said["account"]
    reserved = {name: body.get("reserved_concurrency") for name, body in said["functions"].items()}
    elsewhere = account.get("used_elsewhere", {}).get("lambda_concurrency", 0)
    unreserved = account.get("lambda_concurrency", 1_000) - elsewhere - sum(n or 0 for n in reserved.values())
    scaling = account.get("lambda_scaling", 1_000)
    events: list[tuple[int, int, Id, SimpleNamespace]] = []
    for row in ran.invocations:
        if row.backend in reserved:
            events.append((row.arrived_ns, 1, identity(ran, row), row))
            if row.duration_ns is not None:
                events.append((end(row), 0, identity(ran, row), row))
    died = {(row.function, row.environment): row.died_ns for row in ran.environments}
    running: dict[str, int] = defaultdict(int)
    births: dict[str, list[int]] = defaultdict(list)
    idle: dict[str, dict[int, tuple[int, int]]] = {
        name: {n: (0, n) for n in range(said.get("initial", {}).get("environments", {}).get(name, 0))}
        for name in reserved
    }
    moment = len(events)
    for now, rank, _, row in sorted(events, key=lambda event: event[:3]):
        name = row.backend
        moment += 1
        if rank == 0:
            running[name] -= 1
            idle[name][row.environment] = (now, moment)
            continue
        idle[name] = {n: since for n, since in idle[name].items() if (died.get((name, n)) or now + 1) > now}
        shared = sum(count for other, count in running.items() if reserved[other] is None)
        limit = reserved[name]
        if limit is not None and running[name] >= limit:
            want = "THROTTLED_RESERVED"
        elif limit is None and shared >= unreserved:
            want = "THROTTLED_ACCOUNT"
        elif (
            not idle[name]
            and scaling != "none"
            and sum(now - 10 * SECOND < at for at in births[name]) >= scaling
        ):
            want = "THROTTLED_SCALING"
        else:
            want = "OK"
            running[name] += 1
            latest = max(idle[name], key=lambda n: idle[name][n], default=None)
            if latest is None:
                births[name].append(now)
                assert row.environment not in died or ran_born(ran, name, row.environment) == now
            else:
                assert row.environment == latest, f"{row.environment} served, and {latest} was used last"
                del idle[name][latest]
        yield row, want


def ran_born(ran: Ran, function: str, environment: int) -> int:
    """When an environment was born."""
    return next(
        row.born_ns for row in ran.environments if (row.function, row.environment) == (function, environment)
    )


def end(row: SimpleNamespace) -> int:
    """When a piece of work ended."""
    return row.arrived_ns + row.queued_ns + (row.provisioning_ns or 0) + (row.init_ns or 0) + row.duration_ns


# HTTP


def queued(ran: Ran, name: str, places: int, waiting: int) -> Iterator[tuple[SimpleNamespace, int | None]]:
    """Each request of an HTTP backend with the ns it had to wait; None: it had to be refused."""
    rows = [row for row in ran.invocations if row.backend == name]
    ends: list[int] = []
    begun: list[int] = []
    for row in sorted(rows, key=lambda row: (row.arrived_ns, identity(ran, row))):
        now = row.arrived_ns
        in_queue = sum(begin > now for begin in begun)
        at_work = sum(begin <= now < finish for begin, finish in zip(begun, ends, strict=True))
        if at_work >= places and in_queue >= waiting:
            yield row, None
            continue
        begin = now
        if at_work >= places:
            # the first moment at which fewer than all places are taken by those before it
            begin = next(
                at for at in sorted(ends)
                if at >= now and sum(b <= at < f or b > at for b, f in zip(begun, ends, strict=True)) < places
            )  # fmt: skip
        begun.append(begin)
        ends.append(begin + (row.duration_ns or 0))
        yield row, begin - now


# the cache


def looked_up(
    ran: Ran, said: Mapping[str, Any], method: str, ttl: int
) -> Iterator[tuple[SimpleNamespace, str]]:
    """Each attempt that reached the cache of a method, with HIT or MISS; nothing is flushed, pushed out or forced."""
    overhead = units.duration(said["assumptions"]["rest_overhead"])
    entries = {}
    for number in range(len(ran.plan.clients)):
        for block in draw(ran.plan, ran.plan.seed).client(number).blocks():
            for call, entry in enumerate(block.entry, block.first):
                entries[number, call] = entry
    reached = [row for row in arrivals(ran, said) if row.method == method and row.reason not in REFUSED_EARLY]
    gateways = {
        "LAMBDA_THROTTLED", "FUNCTION_ERROR", "FUNCTION_TIMEOUT", "MALFORMED_RESPONSE", "API_CONFIGURATION_ERROR",
        "INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE", "RESPONSE_TOO_LARGE",
    }  # fmt: skip
    stored: list[tuple[int, int]] = [
        (row.arrived_ns + overhead // 2 + row.integration_ns, entries[identity(ran, row)[:2]])
        for row in reached
        if row.integration_ns is not None and row.reason not in gateways
    ]
    for row in reached:
        entry, now = entries[identity(ran, row)[:2]], row.arrived_ns
        live = [at for at, of in stored if of == entry and at <= now < at + ttl]
        yield row, "HIT" if live else "MISS"
