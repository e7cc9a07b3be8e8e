"""Cross references of web ACLs: what their rules match, where they stand, and the addresses that they look at."""

from __future__ import annotations

from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import Client
from apigw_sim.scenario.tree import Keys
from apigw_sim.scenario.waf import STATEMENTS, Rule, WebAcl


def check_waf(report: Report) -> None:
    """Web ACLs, the stages that name them, and the addresses of clients."""
    scenario = report.scenario
    for name, acl in scenario.web_acls.items():
        _check_acl(report, ("web_acls", name), name, acl)
    for name, api in scenario.apis.items():
        for stage, body in api.stages.items():
            if body.waf is not None:
                keys: Keys = ("apis", name, "stages", stage, "waf")
                report.refer(keys, body.waf, ("web_acls",), scenario.web_acls, "web ACL")
    for name, client in scenario.clients.items():
        _check_addresses(report, ("clients", name), client)


def _check_acl(report: Report, base: Keys, name: str, acl: WebAcl) -> None:
    if not acl.rules:
        report.say((*base, "rules"), "the web ACL has no rules", "write one, or leave the web ACL out")
    taken: dict[int, str] = {}
    for key, rule in acl.rules.items():
        keys = (*base, "rules", key)
        first = taken.setdefault(rule.priority, key)
        if first != key:
            what = f"'{first}' has the priority {rule.priority} as well"
            report.say((*keys, "priority"), what, "give each rule its own", (*base, "rules", first))
        _check_statement(report, keys, rule)
        for client in rule.clients:
            here = (*keys, "clients", client)
            if report.refer(here, client, ("clients",), report.scenario.clients, "client"):
                _check_reach(report, here, name, client)


def _check_statement(report: Report, keys: Keys, rule: Rule) -> None:
    """A rule has one statement, and an action that goes with it."""
    forms = f"{', '.join(STATEMENTS[:-1])} or {STATEMENTS[-1]}"
    if len(rule.statements) > 1:
        report.say(
            keys, f"{' and '.join(rule.statements)} stand together", "keep one, or make two rules of it"
        )
    elif not rule.statements:
        report.say(keys, "the rule matches nothing", f"write {forms}, such as rate_based: {{limit: 100}}")
    if rule.rate_based is not None and rule.action == "ALLOW":
        report.say((*keys, "action"), "a rate-based rule cannot allow", "write BLOCK or COUNT")


def _check_reach(report: Report, keys: Keys, acl: str, name: str) -> None:
    """Whether the requests of a client come to the web ACL at all."""
    scenario = report.scenario
    target = scenario.clients[name].target
    stages = [stage for stage in scenario.stages_of(target) if stage in scenario.stages]
    stage = stages[0] if stages else None  # None: said where the client stands
    if stage is not None and all(scenario.stage(each)[1].waf != acl for each in stages if each):
        api, _, place = stage.partition("/")
        where: Keys = ("apis", api, "stages", place, "waf")
        what = f"{name} calls {stage}, before which this web ACL does not stand"
        report.say(
            keys, what, f"leave it out, or write waf: {acl} of the stage", where, ("clients", name, "target")
        )


def _check_addresses(report: Report, keys: Keys, client: Client) -> None:
    said, network = client.addresses, client.address
    if said is None:
        return
    here = (*keys, "addresses")
    if network is None:
        report.say(
            here, "addresses are the first ones of a range, and there is none",
            "write address: 198.51.100.0/24, say, beside it", (*keys, "address"),
        )  # fmt: skip
    elif said.count > network.num_addresses:
        what = f"{network} has {network.num_addresses:,} addresses, and {said.count:,} are to call"
        report.say((*here, "count"), what, "write fewer, or a larger range", (*keys, "address"))
