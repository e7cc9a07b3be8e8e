"""Cross references of faults: what they name, what can be at fault so, their shape, and that none covers another."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from apigw_sim import units
from apigw_sim.scenario.base import NONE
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.faults import KINDS, TARGETS, Fault, Target
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.timeline import Entry
from apigw_sim.scenario.tree import Keys

_EXAMPLES: dict[Target, str] = {
    "function": "slow: 6, errors: 20 %, or outage: true",
    "backend": "slow: 6, errors: 20 %, outage: true, or concurrency: 2",
    "stage": "gateway_unavailable: 20 %",
    "client": "lost_requests: 5 %, or lost_answers: 5 %",
    "region": "outage: true, or gateway_unavailable: 100 %",
}


def check_fault(report: Report, keys: Keys, fault: Fault) -> None:
    """One fault: one target that can be at fault so, and a shape that fits into its time."""
    named = [target for target in TARGETS if getattr(fault, target) is not None]
    given = [kind for kind in KINDS if getattr(fault, kind) is not None]
    if len(named) > 1:
        report.say(keys, f"{' and '.join(named)} stand in one fault", "write an entry for each")
    elif named:
        _check_target(report, (*keys, named[0]), *fault.target)
    else:
        fix = "write function: NAME, backend: NAME, stage: api/stage, client: NAME, or region: NAME"
        report.say(keys, "the fault names no function, backend, stage, client or Region", fix)
    example = _EXAMPLES[named[0]] if len(named) == 1 else _EXAMPLES["function"]
    if len(given) > 1:
        report.say(keys, f"{' and '.join(given)} stand in one fault", "write an entry for each")
    elif not given:
        report.say(keys, "the fault does nothing", f"write {example}")
    elif len(named) == 1:
        if named[0] not in KINDS[given[0]]:
            fix = f"write {example}"
            if (named[0], given[0]) == ("function", "concurrency"):
                fix = f"write for: 1 min and set: {{functions.{fault.function}.reserved_concurrency: 10}}"
            report.say((*keys, given[0]), f"a {named[0]} cannot be at fault so", fix)
        else:
            _check_kind(report, keys, fault)
    _check_shape(report, keys, fault)


def _check_target(report: Report, keys: Keys, target: Target, name: str) -> None:
    scenario = report.scenario
    if target == "stage":
        report.stage(keys, name)
        return
    if target == "region":
        if name not in scenario.every_region:
            what, fix = f"the account has nothing in {name}", f"add it: regions: {{{name}: {{}}}}"
            report.say(keys, what, fix, ("regions",), ("account", "region"))
        return
    known: dict[str, Iterable[str]] = {
        "function": scenario.functions,
        "backend": scenario.backends,
        "client": scenario.clients,
    }
    found = report.refer(keys, name, (f"{target}s",), known[target], target)
    if found and target == "client" and scenario.clients[name].connections is not None:
        what = "requests of a client with connections are not lost one by one"
        fix = "write disconnect: api/stage, with a share"
        report.say(keys, what, fix, ("clients", name, "connections"))


def _check_kind(report: Report, keys: Keys, fault: Fault) -> None:
    """What a kind of fault needs of its target."""
    scenario = report.scenario
    lose = [fault.client] if fault.client is not None else []
    if fault.region is not None and fault.outage is not None:
        lose = clients_of(scenario, fault.region)
    for name in lose:
        client, at = scenario.clients.get(name), (*keys, fault.target[0])
        if client is not None and client.connections is not None and fault.region is not None:
            what = f"connections of {name} are not lost with a Region"
            report.say(
                at, what, "write disconnect: api/stage, with a share", ("clients", name, "connections")
            )
        elif client is not None and client.timeout is None:
            what = f"{name} waits for ever, so a call whose packets are lost would never end"
            report.say(at, what, f"give it one: clients.{name}.timeout: 5 s", ("clients", name))
    backend = scenario.backends.get(fault.backend or "")
    if backend is not None and backend.python is not None and fault.kind in ("slow", "concurrency"):
        what, fix = "what Python code does is its own", "write errors: 20 %, or outage: true"
        report.say((*keys, fault.kind), what, fix, ("backends", fault.backend or ""))
        return
    if fault.concurrency is None or backend is None:
        return
    table = ("backends", fault.backend or "")
    served = backend.http.concurrency if backend.http is not None else NONE
    if served == NONE:
        what = f"{fault.backend} serves any number at once, so there is nothing to cut"
        fix = f"give it a number: backends.{fault.backend}.http.concurrency: 50"
        report.say((*keys, "concurrency"), what, fix, table)
    elif fault.concurrency >= served:
        what = f"{fault.backend} serves {served} at once as it is"
        report.say((*keys, "concurrency"), what, "write a smaller number", table)


def clients_of(scenario: Scenario, region: str) -> list[str]:
    """The clients some of whose requests go to a Region."""
    found = []
    for name, client in scenario.clients.items():
        stages = scenario.stages_of(client.target)
        apis = (scenario.apis.get((stage or "").partition("/")[0]) for stage in stages)
        if any(api is not None and (api.region or scenario.account.region) == region for api in apis):
            found.append(name)
    return found


def _check_shape(report: Report, keys: Keys, fault: Fault) -> None:
    shaped = "ramp" if fault.ramp else "back"
    if not fault.ramp and not fault.back:
        return
    if fault.outage is not None:
        what, fix = "an outage is whole from the first moment", f"leave {shaped} out, or write errors: 100 %"
        report.say((*keys, shaped), what, fix)
    elif fault.ramp + fault.back > fault.for_:
        both = units.show_duration(fault.ramp + fault.back)
        what = f"to come and go takes {both}, and the fault lasts {units.show_duration(fault.for_)}"
        report.say((*keys, shaped), what, "ramp and back lie within `for`: make it longer, or them shorter")


def check_overlaps(report: Report, entries: list[Entry]) -> None:
    """No two faults of one kind act on one target at one time."""
    seen: dict[tuple[tuple[str, str], str], list[tuple[int, int, int]]] = {}
    for number, entry in enumerate(entries):
        if entry.fault is not None:
            row = (entry.at, entry.at + entry.fault.for_, number)
            seen.setdefault((entry.fault.target, entry.fault.kind), []).append(row)
    for (target, kind), rows in seen.items():
        for (_, end, first), (begin, _, second) in pairwise(sorted(rows)):
            if begin < end:
                does = kind if kind == "slow" else "serve fewer" if kind == "concurrency" else "fail"
                report.say(
                    ("timeline", second, "fault"),
                    f"timeline[{first}] still makes {target[1]} {does} then",
                    f"begin at {units.show_duration(end)} or later, or make one entry of both",
                    ("timeline", first),
                )
