"""Cross references of functions: versions, aliases, formats, and the names by which they are invoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from apigw_sim.scenario.aliases import LATEST
from apigw_sim.scenario.base import NONE, propose, suggest
from apigw_sim.scenario.clients import Call
from apigw_sim.scenario.functions import Context, formats
from apigw_sim.scenario.tree import Keys

if TYPE_CHECKING:
    from apigw_sim.scenario.checks import Report
    from apigw_sim.scenario.functions import Function

MOST_FORMATS = 60
SNAP_STARTED = ("java", "python", "dotnet")
"""How the runtimes begin that SnapStart knows, of those that were measured."""


def check_functions(report: Report) -> None:
    """Aliases name versions that there are; calls have formats that some function speaks of."""
    for name, function in report.scenario.functions.items():
        for alias, weights in function.aliases.items():
            check_weights(report, ("functions", name, "aliases", alias), name, function, weights)
        if function.database is not None:
            known = report.scenario.databases
            report.refer(
                ("functions", name, "database", "name"),
                function.database.name,
                ("databases",),
                known,
                "database",
            )
        if function.event_invoke.on_failure is not None:
            _check_destination(
                report, ("functions", name, "event_invoke", "on_failure"), function.event_invoke.on_failure
            )
        _check_contexts(report, name, function)
        if function.snap_start is not None:
            _check_snap_start(report, name, function)
    for name, database in report.scenario.databases.items():
        if database.slowdown != 1 and database.connections == 1:
            what = "of one connection there are no others that could be at work"
            report.say(
                ("databases", name, "slowdown"), what, "leave slowdown out, or give it more connections"
            )
    _check_formats(report)


def _check_destination(report: Report, keys: Keys, name: str) -> None:
    """What is given up goes to an SQS queue that there is."""
    backends = report.scenario.backends
    if not report.refer(keys, name, ("backends",), backends, "backend"):
        return
    queue = backends[name].sqs
    if queue is None:
        report.say(keys, f"'{name}' is no SQS queue", "name a backend with sqs:", ("backends", name))
    elif queue.fifo is not None:
        report.say(
            keys, f"'{name}' is a FIFO queue", "name a standard one", ("backends", name, "sqs", "fifo")
        )


def _check_snap_start(report: Report, name: str, function: Function) -> None:
    """SnapStart has versions to restore, of a runtime that knows it, and none of them is provisioned."""
    base: Keys = ("functions", name)
    keys: Keys = (*base, "snap_start")
    if not function.versions:
        fix = f'publish one: functions: {{{name}: {{versions: {{"1": {{}}}}}}}}'
        report.say(keys, "AWS restores published versions only, and there is none", fix, (*base, "versions"))
    if function.provisioned_concurrency:
        what = "AWS has no SnapStart together with provisioned concurrency"
        report.say(keys, what, "keep one of them", (*base, "provisioned_concurrency"))
    for number in (LATEST, *function.versions):
        cold = function.version(number).cold_start
        where: Keys = (*base, "cold_start") if number == LATEST else (*base, "versions", number, "cold_start")
        if cold == NONE:
            report.say(keys, "without a cold start there is nothing to restore", "write a cold_start", where)
            return
        if cold.runtime and not cold.runtime.startswith(SNAP_STARTED):
            what = f"{cold.runtime} has no SnapStart"
            report.say(keys, what, "AWS has it for Java, Python from 3.12 on and .NET from 8 on", where)
            return


def _check_contexts(report: Report, name: str, function: Function) -> None:
    """Each context can be the first that fits."""
    for number, said in enumerate(function.contexts):
        keys: Keys = ("functions", name, "contexts", number)
        if not said.stage_variables:
            fix = "name one; what always holds belongs to the function"
            report.say((*keys, "stage_variables"), "without a stage variable it fits every event", fix)
        if said == Context(stage_variables=said.stage_variables):
            report.say(
                keys,
                "nothing is otherwise in this context",
                "write its duration, response, crash or malformed",
            )
        for before, earlier in enumerate(function.contexts[:number]):
            if earlier.stage_variables and earlier.stage_variables.items() <= said.stage_variables.items():
                what = f"contexts[{before}] fits wherever this one does, and stands before it"
                report.say(keys, what, "put this one first, or take one out")
                break


def check_weights(report: Report, keys: Keys, name: str, function: Function, weights: Iterable[str]) -> None:
    """The versions of an alias exist."""
    for version in weights:
        if version != LATEST and version not in function.versions:
            table: Keys = ("functions", name, "versions")
            fix = propose(version, [*function.versions, LATEST]) if function.versions else _add(name, version)
            if not report.validated.lost(table) and not report.validated.unsure((*table, version)):
                report.say((*keys, version), f"{name} has no version {version}", fix)


def _add(name: str, version: str) -> str:
    return f'publish it: functions: {{{name}: {{versions: {{"{version}": {{}}}}}}}}'


def check_callee(report: Report, keys: Keys, text: str) -> bool:
    """Whether a text names a function, one of its versions or one of its aliases."""
    functions = report.scenario.functions
    name, colon, qualifier = text.partition(":")
    if not report.refer(keys, name, ("functions",), functions, "function"):
        return False
    function, base = functions[name], ("functions", name)
    if not colon or qualifier == LATEST or qualifier in (*function.versions, *function.aliases):
        return True
    table: Keys = (*base, "versions" if qualifier.isdigit() else "aliases")
    if report.validated.lost(table) or report.validated.unsure((*table, qualifier)):
        return False
    noun = "version" if qualifier.isdigit() else "alias"
    near = suggest(qualifier, [*function.versions, *function.aliases, LATEST])
    fix = f"did you mean '{name}:{near}'?" if near else f"add it under functions.{name}.{table[-1]}:"
    report.say(keys, f"{name} has no {noun} '{qualifier}'", fix, base)
    return False


def _check_formats(report: Report) -> None:
    """Formats of calls: misspelt ones, and those that nothing would come of."""
    scenario = report.scenario
    accepted = formats(scenario.functions.values())
    sent: dict[str, None] = dict.fromkeys(accepted)
    for client, body in scenario.clients.items():
        for number, call in enumerate(body.calls):
            if not isinstance(call, Call) or call.format is None:
                continue
            keys: Keys = ("clients", client, "calls", number, "format")
            near = suggest(call.format, accepted)
            if not accepted:
                what, fix = "no function says which formats it accepts", "write accepts: [v1, v2] at one"
                report.say(keys, what, fix, ("functions",))
            elif call.format not in accepted and near:
                what, fix = f"no function accepts the format '{call.format}'", f"did you mean '{near}'?"
                report.say(keys, what, fix, ("functions",))
            sent[call.format] = None
            if len(sent) > MOST_FORMATS:
                report.say(keys, f"{len(sent)} different formats", f"{MOST_FORMATS} are the most")
                return
