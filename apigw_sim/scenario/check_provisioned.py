"""Cross references of provisioned concurrency: what it is for, and from which concurrency it is taken (facts 10.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from apigw_sim import quotas
from apigw_sim.scenario.aliases import LATEST
from apigw_sim.scenario.base import propose
from apigw_sim.scenario.check_scaling import check_scaling, most
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.tree import Keys

if TYPE_CHECKING:
    from apigw_sim.scenario.checks import Report
    from apigw_sim.scenario.functions import Function

FIELD, SCALED = "provisioned_concurrency", "auto_scaling"


def check_provisioned(report: Report) -> None:
    """Each is for one published version, and no version has two."""
    scenario = report.scenario
    for name, function in scenario.functions.items():
        check_scaling(report, name, function)
        taken: dict[str, str] = {}
        for qualifier in function.provisioned_concurrency:
            keys: Keys = ("functions", name, FIELD, qualifier)
            version = _version(report, keys, name, function, qualifier)
            if version in taken:
                what = f"version {version} has provisioned concurrency by {taken[version]} already"
                report.say(
                    keys, what, "keep one: AWS provisions a version once", (*keys[:-1], taken[version])
                )
            elif version:
                taken[version] = qualifier
    for region in scenario.every_region:
        functions = {
            name: {
                "reserved_concurrency": one.reserved_concurrency,
                FIELD: most(one),
                SCALED: one.auto_scaling,
            }
            for name, one in scenario.functions_in(region).items()
        }
        limit, elsewhere = scenario.lambda_limit_in(region), scenario.elsewhere_in(region)
        check_claims(report, functions, limit, elsewhere, where=scenario.limit_path(region))
    _check_moves(report)


def _version(report: Report, keys: Keys, name: str, function: Function, qualifier: str) -> str:
    """The version that is provisioned; empty where that cannot be said."""
    if qualifier in function.versions:
        return qualifier
    weights = function.aliases.get(qualifier)
    table: Keys = ("functions", name, "versions" if qualifier.isdigit() else "aliases")
    if weights is None:
        if not report.validated.lost(table) and not report.validated.unsure((*table, qualifier)):
            noun = "version" if qualifier.isdigit() else "alias"
            fix = propose(qualifier, [*function.versions, *function.aliases])
            report.say(
                keys, f"{name} has no {noun} {qualifier}", fix or f"add it under {'.'.join(map(str, table))}:"
            )
        return ""
    named = [version for version, share in weights.items() if share]
    if LATEST in named:
        what = f"{name}:{qualifier} names {LATEST}, and AWS provisions published versions only"
        report.say(keys, what, f"let {qualifier} name a version under versions:", (*table, qualifier))
    elif len(named) > 1:
        what = f"{name}:{qualifier} names versions {' and '.join(named)}"
        report.say(
            keys, what, "write provisioned_concurrency by the numbers of the versions", (*table, qualifier)
        )
    else:
        return named[0]
    return ""


def _check_moves(report: Report) -> None:
    """An alias that is provisioned stays with its version: how AWS moves its environments is not simulated."""
    for number, entry in enumerate(report.scenario.timeline):
        moved: list[tuple[Keys, str]] = [
            (("timeline", number, "set", change.path), change.path) for change in entry.set or ()
        ]
        if entry.shift is not None:
            name, _, alias = entry.shift.alias.partition(":")
            moved = [(("timeline", number, "shift", "alias"), f"functions.{name}.aliases.{alias}")]
        for keys, path in moved:
            for name, function in report.scenario.functions.items():
                for qualifier in function.provisioned_concurrency:
                    if path == f"functions.{name}.aliases.{qualifier}":
                        fix = "write provisioned_concurrency by the numbers of the versions"
                        report.say(keys, f"{name}:{qualifier} is provisioned and so cannot move", fix,
                                   ("functions", name, FIELD, qualifier))  # fmt: skip


def check_claims(
    report: Report,
    functions: Mapping[str, Mapping[str, Any]],
    limit: int,
    elsewhere: int,
    at: Keys | None = None,
    where: Keys = ("account", "lambda_concurrency"),
) -> None:
    """Provisioned concurrency fits into its function's reservation, or leaves the account's unreserved floor."""
    left = limit - sum(int(body.get("reserved_concurrency") or 0) for body in functions.values())
    floor = quotas.unreserved_floor(limit)
    for name, keys, amount, before in _claims(functions):
        reserved = functions[name].get("reserved_concurrency")
        if reserved is not None:
            if before + amount > int(reserved):
                what = f"{before + amount} provisioned are more than the {reserved} that {name} has reserved"
                fix = f"provision {max(int(reserved) - before, 0)} at most, or raise reserved_concurrency"
                report.say(at or keys, what, fix, ("functions", name, "reserved_concurrency"))
            continue
        left -= amount
        if amount and left < max(floor, elsewhere):
            what = f"{amount} provisioned for {name}:{keys[-1]} leave {left} of {limit} unreserved"
            most = amount + left - max(floor, elsewhere)
            fix = f"provision {max(most, 0)} at most: AWS keeps {floor} unreserved"
            if elsewhere > floor:
                fix = f"provision {max(most, 0)} at most: {elsewhere} are used elsewhere"
            report.say(
                at or keys,
                what,
                f"{fix}; or raise {show_path(where)}",
                where,
            )
            return


def _claims(functions: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Keys, int, int]]:
    """Function, path, amount, and what the function's other versions before it have."""
    for name, body in functions.items():
        before = 0
        for qualifier, amount in (body.get(FIELD) or {}).items():
            field = SCALED if qualifier in body.get(SCALED, ()) else FIELD
            yield name, ("functions", name, field, str(qualifier)), int(amount), before
            before += int(amount)
