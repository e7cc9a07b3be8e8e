"""Cross references of expectations, and of the tokens at the start."""

from __future__ import annotations

import re
from typing import Any, Literal

from apigw_sim import units
from apigw_sim.scenario.aliases import qualified
from apigw_sim.scenario.base import Bad, propose
from apigw_sim.scenario.check_set import exists, shape
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.expect import KINDS, OF_HTTP, Expectation, Kind, check_name, metric_table
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.paths import split_path
from apigw_sim.scenario.tree import Keys

_TABLES: dict[str, Keys] = {"stage": ("apis",), "client": ("clients",), "function": ("functions",)}
_NAMED: tuple[Literal["client", "function"], ...] = ("client", "function")


def check_expect(report: Report) -> Scenario:
    """Expectations; the scenario with whom each is about."""
    items = enumerate(report.scenario.expect)
    made = tuple(_check(report, ("expect", number), item) for number, item in items)
    return report.scenario.model_copy(update={"expect": made})


def _check(report: Report, keys: Keys, item: Expectation) -> Expectation:
    kind = _kind(report, keys, item)
    if kind is None:
        return item
    if item.metric not in metric_table(kind):
        report.say(keys, f"{item.metric} is no metric of a {kind}", propose(item.metric, metric_table(kind)))
    elif item.metric == "ConcurrentExecutions" and ":" in item.who:
        report.say(
            keys,
            "concurrency is counted over all versions of a function",
            f"write {item.who.partition(':')[0]}",
        )
    elif item.of_route is not None and kind != "stage":
        report.say(keys, f"a {kind} has no routes", "leave `of ROUTE` out")
    elif item.of_route is not None:
        report.route(keys, item.who.partition("/")[0], item.of_route)
    if kind == "stage":
        try:
            check_name(item.metric, report.scenario.stage(item.who)[0])
        except Bad as error:
            report.say(
                keys, error.items[0][1], error.items[0][2], ("apis", item.who.partition("/")[0], "type")
            )
    run = report.scenario.run
    if item.every_period and isinstance(run.duration, int) and item.every_period > run.duration:
        what = f"the run has no period of {units.show_duration(item.every_period)}"
        report.say(keys, what, "write a shorter one", ("run", "duration"))
    period = run.period if item.every_period == 0 else item.every_period
    metric = OF_HTTP.get(item.metric, item.metric)
    return item.model_copy(update={"kind": kind, "every_period": period, "metric": metric})


def _kind(report: Report, keys: Keys, item: Expectation) -> Kind | None:
    """What `who` names; a name that a client and a function share is told apart by the metric."""
    scenario = report.scenario
    known: dict[str, list[str]] = {
        "stage": list(scenario.stages),
        "client": list(scenario.clients),
        "function": [
            who
            for name, body in scenario.functions.items()
            for who in qualified(name, body.versions, body.aliases)
        ],
    }
    if item.kind == "stage":
        return "stage" if report.stage(keys, item.who) else None
    if item.kind is not None:
        fine = report.refer(keys, item.who, _TABLES[item.kind], known[item.kind], item.kind)
        return item.kind if fine else None
    named = [kind for kind in _NAMED if item.who in known[kind]]
    fitting = [kind for kind in named if item.metric in metric_table(kind)]
    if len(named) == 2 and len(fitting) != 1:
        what = f"'{item.who}' is a client and a function"
        report.say(keys, what, f"write client {item.who} or function {item.who}")
        return None
    if named:
        return (fitting or named)[0]
    options = [name for kind in KINDS for name in known[kind]]
    if not any(report.validated.lost(table) for table in _TABLES.values()):
        fix = propose(item.who, options)
        report.say(keys, f"'{item.who}' is no stage, client or function", fix)
    return None


_BUCKETS = re.compile(
    r"(account|apis\.\*\.stages\.\*\.method_settings\.\*|usage_plans\.\*)\.throttle|usage_plans\.\*\.stages\.\*\.\*"
)


def check_tokens(report: Report) -> None:
    """The tokens at the start: each path leads to a throttle that holds so many."""
    if not report.scenario.initial.tokens:
        return
    state = report.scenario.resolved()
    for path, amount in report.scenario.initial.tokens.items():
        here: Keys = ("initial", "tokens", path)
        try:
            keys = split_path(path)
        except Bad as error:
            report.say(here, error.items[0][1], error.items[0][2])
            continue
        if not _BUCKETS.fullmatch(shape(keys)):
            report.say(here, "this path leads to no throttle", "write one such as account.throttle")
            continue
        if not exists(report, here, (*keys, "burst"), state, whole=True):
            continue
        node: Any = state
        for key in keys:
            node = node[str(key)]
        if amount > node["burst"]:
            report.say(
                here, f"{amount} tokens in a bucket of {node['burst']}", "write its burst at most", keys
            )
