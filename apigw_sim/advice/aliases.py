"""Advice on versions and aliases of functions: weights that show little, and what reaches nobody."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.advice.words import several
from apigw_sim.plan.offered import calls_of
from apigw_sim.plan.tables import Alias

WIDE = 0.2
"""A count that may be off by this part of it, in 95 runs of 100, tells little."""


def _keys(alias: Alias) -> Keys:
    function, _, name = alias.name.partition(":")
    return ("functions", function, "aliases", name)


def _invoking(case: Case, alias: int) -> list[int]:
    """The rows of plan.methods that invoke an alias as the run starts."""
    return [number for number, method in enumerate(case.plan.methods) if method.alias == alias]


def _calls(case: Case, methods: list[int]) -> float:
    """How many calls of these methods are expected."""
    found = 0.0
    for method in methods:
        for client, call in case.calls_of.get(method, []):
            found += calls_of(case.plan.clients[client], case.plan.duration) * float(call.share)
    return found


def few_of_a_version(case: Case) -> Iterator[Finding]:
    """Aliases whose lesser version gets so few invocations that chance decides how many."""
    for number, alias in enumerate(case.plan.aliases):
        share = min(alias.shares)
        calls = _calls(case, _invoking(case, number))
        if not share or not calls:
            continue
        mean = calls * float(share)
        give = 1.96 * math.sqrt(mean * (1 - float(share)))
        if give <= WIDE * mean:
            continue
        version = case.plan.version_name(alias.second if share == alias.shares[1] else alias.first)
        low, high = max(mean - give, 0), mean + give
        text = (
            f"{alias.name} sends {units.show_share(_round(share))} to version {version}: of about {calls:,.0f} invocations "
            f"it gets {mean:,.0f} in the mean, and in 95 runs of 100 between {low:,.0f} and {high:,.0f}"
        )
        needed = math.ceil((1.96 / WIDE) ** 2 * (1 - float(share)) / float(share))
        fix = f"give it {needed:,} invocations or more, or a larger share, before its errors are compared; or replicate"
        yield Finding(_keys(alias), text, fix)


def _round(share: Fraction) -> Fraction:
    """A share from its threshold word, as it was written."""
    return Fraction(round(share * 10**9), 10**9)


def weights_that_nobody_meets(case: Case) -> Iterator[Finding]:
    """Aliases with weights, or that change, which no method ever invokes."""
    plan = case.plan
    called = {method.alias for method in plan.releases}
    for number, alias in enumerate(plan.aliases):
        shifted = any(shift.alias == number for shift in plan.shifts)
        if number in called or not (shifted or plan.ever_weighted(number)):
            continue
        functions = {plan.function_of(row) for method in plan.releases for row in plan.reached(method)}
        text = f"no method invokes {alias.name}: what it sends where changes nothing"
        if alias.function in functions:
            text += f"; {plan.backends[alias.function].name} is invoked by another name"
        yield Finding(
            _keys(alias), text, f'write integration: {{lambda_proxy: "{alias.name}"}} at the method'
        )


def shift_outlasts_the_run(case: Case) -> Iterator[Finding]:
    """Traffic shifts whose last step lies beyond the end of the run."""
    end = case.plan.duration
    for number, entry in enumerate(case.scenario.timeline):
        if entry.shift is None or entry.at + entry.shift.steps[-1].after < end:
            continue
        last = entry.at + entry.shift.steps[-1].after
        done = max(step.share for step in entry.shift.steps if entry.at + step.after < end)
        text = (
            f"the shift of {entry.shift.alias} ends at {units.show_duration(last)} and the run at "
            f"{units.show_duration(end)}: version {entry.shift.to} gets {units.show_share(done)} at the most"
        )
        yield Finding(
            ("timeline", number, "shift"), text, "let the run last longer, or shift in fewer minutes"
        )


def format_refused(case: Case) -> Iterator[Finding]:
    """Calls in a format that some version which they reach does not accept, or that no function reads."""
    plan = case.plan
    for row in plan.clients:
        for number, call in enumerate(row.calls):
            if not call.format or call.method < 0:
                continue
            keys: Keys = ("clients", row.name, "calls", number, "format")
            said = case.scenario.clients[row.name].calls[number]  # no checker of health sends a format
            name = getattr(said, "format", "")
            found = plan.invoked(plan.methods[call.method])
            refusing = {
                each: share for each, share in found.items() if plan.backends[each].refuses & call.format
            }
            if not any(plan.backends[each].format_error for each in found):
                text = f"{row.name} sends {call.text} in format {name}, and no function stands behind it: nothing reads it"
                yield Finding(keys, text, "leave format out")
            elif refusing:
                who = several(plan.backends[each].name for each in refusing)
                part = units.show_share(_round(sum(refusing.values(), Fraction(0))))
                status = plan.backends[next(iter(refusing))].format_error
                text = f"{row.name} sends {call.text} in format {name}: {part} of it meets {who}, which answers {status}"
                fix = "send it where every version accepts it, or deploy the version that does before clients use it"
                yield Finding(keys, text, fix)
