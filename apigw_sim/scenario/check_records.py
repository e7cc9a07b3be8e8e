"""Cross references of records: where they lead, what their health checks ask, and the clients that call by them."""

from __future__ import annotations

from apigw_sim.scenario.base import propose
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import FROM_TRACE, Client
from apigw_sim.scenario.records import Dns, Record
from apigw_sim.scenario.tree import Keys


def check_records(report: Report) -> None:
    """Every record, and that clients speak of DNS only where they call by one."""
    for name, record in report.scenario.records.items():
        keys: Keys = ("records", name)
        if name in report.scenario.domains:
            what, fix = f"{name} stands under domains too", "give one of them another name"
            report.say(keys, what, fix, ("domains", name))
        _check_targets(report, keys, record)
        _check_health(report, keys, record)
    for name, client in report.scenario.clients.items():
        _check_client(report, ("clients", name), client)


def _check_targets(report: Report, keys: Keys, record: Record) -> None:
    scenario, targets = report.scenario, record.targets
    if record.policy == "failover" and len(targets) != 2:
        what = f"failover is from a primary to a standby, and there are {len(targets)} targets"
        report.say((*keys, "targets"), what, "write two, the primary first", (*keys, "policy"))
    elif len(targets) < 2:
        report.say((*keys, "targets"), "a record with one target decides nothing", "write two or more")
    if record.policy == "weighted" and targets and not any(target.weight for target in targets):
        report.say((*keys, "targets"), "all weights are zero", "give one target a weight above 0")
    seen: set[str] = set()
    for number, target in enumerate(targets):
        here: Keys = (*keys, "targets", number)
        if target.weight != 1 and record.policy != "weighted":
            what = f"{record.policy} does not go by weights"
            report.say((*here, "weight"), what, "leave it out, or write policy: weighted", (*keys, "policy"))
        if target.stage in seen:
            report.say((*here, "stage"), f"{target.stage} stands twice", "keep one")
        seen.add(target.stage)
        if not report.stage((*here, "stage"), target.stage):
            continue
        api = target.stage.partition("/")[0]
        body = scenario.apis[api]
        if body.is_websocket:
            what = "records of WebSocket APIs are not simulated"
            report.say((*here, "stage"), what, "let clients connect to the stage", ("apis", api, "type"))
        elif body.endpoint != "REGIONAL":
            what = f"{api} is {body.endpoint}, and a record chooses among Regional custom domains"
            report.say((*here, "stage"), what, "make the API REGIONAL", ("apis", api, "endpoint"))


def _check_health(report: Report, keys: Keys, record: Record) -> None:
    check = record.health_check
    for target in record.targets if check is not None else ():
        api = target.stage.partition("/")[0]
        if check is None or target.stage not in report.scenario.stages:
            continue
        here: Keys = (*keys, "health_check", "call")
        match = report.scenario.routes(api).named(check.call)
        if match is None:
            known = map(str, report.scenario.routes(api).routes)
            fix = propose(str(check.call), known) or "ask for a route that every target has"
            report.say(here, f"{api} has no method '{check.call}'", fix, ("apis", api, "methods"))
        elif set(match[0].parameters) - set(match[1]):
            report.say(here, f"{check.call} has parameters", "ask for a concrete path, such as GET /items/1")


def _check_client(report: Report, keys: Keys, client: Client) -> None:
    by_record = client.target in report.scenario.records
    for region in client.network.rtt_to:
        here: Keys = (*keys, "network", "rtt_to", region)
        if region not in report.scenario.every_region:
            report.say(
                here, f"the account has nothing in {region}", "leave it out", ("regions",), ("account",)
            )
    if not by_record:
        own = {"dns": client.dns != Dns(), "network.rtt_to": bool(client.network.rtt_to)}
        for path, given in own.items():
            if given:
                what = f"{client.target} is no record, so DNS decides nothing"
                fix = "leave it out, or let the client call by a record"
                report.say((*keys, *path.split(".")), what, fix, (*keys, "target"))
        return
    lacks = {
        "browser": (client.browser is not None, "preflights by a record are not simulated"),
        "connections": (client.connections is not None, "connections by a record are not simulated"),
        "calls": (client.calls == FROM_TRACE, "calls of a trace are those of one stage"),
        "vpc_endpoint": (client.vpc_endpoint is not None, "a record leads to public endpoints"),
    }
    for key, (given, what) in lacks.items():
        if given:
            report.say((*keys, key), what, "leave it out, or let the client call a stage", (*keys, "target"))
