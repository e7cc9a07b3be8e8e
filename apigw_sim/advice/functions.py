"""Advice on Lambda functions: timeouts that do not fit each other, and more than the concurrency holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.advice.offered import Offered, Peak
from apigw_sim.advice.words import about, at_once, exceeds, instant, per_second, several, verb
from apigw_sim.plan.laws import percentile
from apigw_sim.plan.tables import NULL, BackendKind
from apigw_sim.scenario.base import NONE
from apigw_sim.scenario.paths import show_path, split_path


def outlives_the_gateway(case: Case) -> Iterator[Finding]:
    """Functions whose timeout is above the timeout of an integration that invokes them."""
    plan = case.plan
    for number, function in enumerate(plan.backends):
        if function.kind is not BackendKind.LAMBDA:
            continue
        callers = list(
            dict.fromkeys(
                (
                    f"{plan.stages[method.stage].api} {method.route}",
                    method.timeout_ns,
                    plan.stages[method.stage].http,
                )
                for method in plan.methods
                if number in plan.invoked(method)
                and not method.asynchronous
                and method.timeout_ns < function.timeout_ns
            )
        )
        if not callers:
            continue
        name = function.name
        shortest = min(timeout for _, timeout, _ in callers)
        mine, theirs = units.show_duration(function.timeout_ns), units.show_duration(shortest)
        who = several(who for who, *_ in callers)
        after = " or ".join(str(503 if http else 504) for http in sorted({http for *_, http in callers}))
        wait = f"{verb(callers, 'waits', 'wait')} {theirs} for it"
        text = (
            f"{name} may run {mine} and {who} {wait}: after the {after} it runs on for up to "
            f"{units.show_duration(function.timeout_ns - shortest)}, holds its concurrency and is billed"
        )
        least = units.show_duration(shortest // units.SECOND * units.SECOND)
        fix = f"write timeout: {least} or less at the function, or let the integration wait longer"
        if shortest < units.SECOND:
            fix = "let the integration wait longer: a function's timeout is 1 s at least"
        yield Finding((*split_path(function.path), "timeout"), text, fix)


def client_gives_up_first(case: Case) -> Iterator[Finding]:
    """Clients whose timeout is below the timeout of an integration that they reach."""
    for name, client, row in case.clients():
        if client.timeout is None:
            continue
        behind = [row for row in case.methods(row) if row.backend != NULL and not row.asynchronous]
        longer = [method for method in behind if method.timeout_ns > client.timeout]
        if not longer:
            continue
        mine = units.show_duration(client.timeout)
        waits = units.show_duration(max(method.timeout_ns for method in longer))
        who = several(f"{client.target} {method.route}" for method in longer)
        text = (
            f"{name} gives up after {mine} and {who} {verb(longer, 'waits', 'wait')} up to {waits} for "
            f"{verb(longer, 'its', 'their')} backend: what is answered after {mine} was worked out for nobody"
        )
        where = verb(longer, "the method", "the methods")
        fix = f"write integration: {{timeout: {mine}}} or less at {where}, or let {name} wait longer"
        yield Finding(("clients", name, "timeout"), text, fix)


class Pool(NamedTuple):
    """Functions that share a concurrency."""

    names: str
    """For people: `checkout`, or `catalogue and search`."""
    rows: list[int]
    """Rows of plan.backends, of functions: their versions draw from the same."""
    keys: Keys
    concurrency: int

    @property
    def setting(self) -> str:
        """What decides the concurrency."""
        return show_path(self.keys)

    @property
    def text(self) -> str:
        """The concurrency, for people."""
        if self.keys[0] == "functions":
            return f"its reserved concurrency of {self.concurrency:,}"
        return f"the {self.concurrency:,} that functions without a reservation share"


def _reserved(case: Case) -> list[Pool]:
    return [
        Pool(row.name, [number], ("functions", row.name, "reserved_concurrency"), row.reserved)
        for number, row in enumerate(case.plan.backends)
        if row.kind is BackendKind.LAMBDA and row.version_of == NULL and row.reserved != NULL
    ]


def _accounts(case: Case, *, whole: bool) -> Iterator[Pool]:
    """What the functions of each Region share: all of it, or what those without a reservation do."""
    for number, region in enumerate(case.plan.regions):
        rows = [
            row for row in _lambdas(case, unreserved=not whole) if case.plan.backends[row].region == number
        ]
        names = several(case.plan.backends[row].name for row in rows)
        base: Keys = ("regions", region.name) if number else ("account",)
        places = case.scenario.concurrency_in(region.name) if whole else region.unreserved
        yield Pool(names, rows, (*base, "lambda_concurrency"), places)


def _lambdas(case: Case, *, unreserved: bool) -> list[int]:
    return [
        number
        for number, row in enumerate(case.plan.backends)
        if row.kind is BackendKind.LAMBDA
        and row.version_of == NULL
        and not (unreserved and row.reserved != NULL)
    ]


def _when(case: Case, offered: Offered, pool: Pool, peak: Peak) -> str:
    """When the peak is, and what it leaves out."""
    methods = offered.methods(_every(case, pool.rows))
    cached = any(place.row in methods for place in case.cached)
    return f"first attempts{', before the cache' if cached else ''}, at {instant(peak.at)}"


def _every(case: Case, rows: list[int]) -> list[int]:
    """The rows of functions and of all their versions."""
    return [row for function in rows for row in case.plan.versions(function)]


def too_much_at_once(case: Case) -> Iterator[Finding]:
    """Concurrencies below the peak rate times the mean duration (Little's law)."""
    offered = Offered(case)
    for pool in (*_reserved(case), *_accounts(case, whole=False)):
        peak = offered.most_at_once(_every(case, pool.rows))
        if not exceeds(peak.at_once, pool.concurrency):
            continue
        mean = peak.at_once / peak.requests
        needed = at_once(peak.at_once)
        text = (
            f"{pool.names} {verb(pool.rows, 'needs', 'need')} {needed:,} at once and {verb(pool.rows, 'has', 'have')} "
            f"{pool.text}: {per_second(peak.requests)} ({_when(case, offered, pool, peak)}) "
            f"times a mean Duration of {about(mean * units.SECOND)}"
        )
        fix = (
            f"raise {pool.setting} by {needed - pool.concurrency:,} or more, shorten the Duration, "
            f"or throttle at {per_second(pool.concurrency / mean)}"
        )
        yield Finding(pool.keys, text, fix)


def too_many_a_second(case: Case) -> Iterator[Finding]:
    """Concurrencies that take fewer requests a second than are offered at the peak."""
    offered = Offered(case)
    each = case.scenario.account.lambda_requests_per_concurrency
    if each == NONE:
        return
    for pool in (*_reserved(case), *_accounts(case, whole=True)):
        peak, takes = offered.most_requests(_every(case, pool.rows)), each * pool.concurrency
        if not exceeds(peak.requests, takes):
            continue
        text = (
            f"{pool.names} {verb(pool.rows, 'gets', 'get')} {per_second(peak.requests)} "
            f"({_when(case, offered, pool, peak)}) and a concurrency of {pool.concurrency:,} takes "
            f"{per_second(takes)}, {each} for each, however short they are"
        )
        wanted = at_once(peak.requests / each)
        fix = f"raise {pool.setting} to {wanted:,} or more, or throttle at {per_second(takes)}"
        yield Finding(pool.keys, text, fix)


def never_initialised_again(case: Case) -> Iterator[Finding]:
    """Functions into whose timeout their own Init does not fit, so that an environment that is reset stays useless."""
    for function in case.plan.backends:
        if function.kind is not BackendKind.LAMBDA or function.cold is None:
            continue
        init, own = percentile(function.cold.init, 0.5), percentile(function.duration, 0.5)
        if init + own <= function.timeout_ns:
            continue
        text = (
            f"{function.name} has an Init of {about(init)} and a Duration of {about(own)} (medians), and a timeout of "
            f"{units.show_duration(function.timeout_ns)}: once a timeout or the end of its process has reset an environment, "
            "Init is part of the next Duration, and runs into the timeout again"
        )
        least = units.show_duration(-(-(init + own) // units.SECOND) * units.SECOND)
        yield Finding(
            (*split_path(function.path), "timeout"), text, f"write timeout: {least} or more, or start faster"
        )


def not_restored(case: Case) -> Iterator[Finding]:
    """Functions with SnapStart that methods invoke as they are written: only published versions are restored."""
    plan, scenario = case.plan, case.scenario
    for number, row in enumerate(plan.backends):
        if row.kind is not BackendKind.LAMBDA or row.version_of != NULL:
            continue
        if scenario.functions[row.name].snap_start is None:
            continue
        callers = [
            f"{plan.stages[method.stage].api} {method.route}"
            for method in plan.methods
            if number in plan.invoked(method)
        ]
        if callers:
            text = (
                f"{several(dict.fromkeys(callers))} {verb(callers, 'invokes', 'invoke')} {row.name} as $LATEST, which "
                "SnapStart does not restore: its environments start cold with all of their Init"
            )
            newest = list(scenario.functions[row.name].versions)[-1]
            yield Finding(
                ("functions", row.name, "snap_start"), text, f"invoke {row.name}:{newest}, or an alias of it"
            )
