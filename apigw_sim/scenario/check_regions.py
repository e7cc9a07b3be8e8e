"""Cross references of Regions: what stands in one names one that the account has."""

from __future__ import annotations

from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.tree import Keys


def check_regions(report: Report) -> None:
    """The Regions of APIs and functions."""
    scenario = report.scenario
    home = scenario.account.region
    if home in scenario.regions:
        fix = "write its limits under account:, and further Regions here"
        report.say(("regions", home), f"{home} is the account's own Region", fix, ("account", "region"))
    for name, api in scenario.apis.items():
        keys: Keys = ("apis", name, "region")
        _check_region(report, keys, api.region)
        if api.is_websocket and api.region not in (None, home):
            fix = "leave region out, or make its Region the account's: account.region"
            report.say(keys, "connections to a further Region are not simulated", fix, ("apis", name, "type"))
    for name, function in scenario.functions.items():
        _check_region(report, ("functions", name, "region"), function.region)
    for name, plan in scenario.usage_plans.items():
        apis = [stage.partition("/")[0] for stage in plan.stages]
        found = {scenario.apis[api].region or home for api in apis if api in scenario.apis}
        if len(found) > 1:
            what = f"its stages are in {' and '.join(sorted(found))}, and a usage plan belongs to one Region"
            report.say(
                ("usage_plans", name, "stages"), what, "write a plan for each Region, and give the key both"
            )


def _check_region(report: Report, keys: Keys, region: str | None) -> None:
    if region is not None and region not in report.scenario.every_region:
        fix = f"add it: regions: {{{region}: {{}}}}"
        report.say(keys, f"the account has nothing in {region}", fix, ("regions",), ("account", "region"))
