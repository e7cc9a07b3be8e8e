"""All cross references, in the order of a scenario."""

from __future__ import annotations

from apigw_sim.errors import Problem
from apigw_sim.scenario.check_alarms import check_alarms
from apigw_sim.scenario.check_clients import check_clients
from apigw_sim.scenario.check_expect import check_expect, check_tokens
from apigw_sim.scenario.check_fronts import check_fronts
from apigw_sim.scenario.check_functions import check_functions
from apigw_sim.scenario.check_http import check_http
from apigw_sim.scenario.check_provisioned import check_provisioned
from apigw_sim.scenario.check_records import check_records
from apigw_sim.scenario.check_regions import check_regions
from apigw_sim.scenario.check_scaling import check_servers
from apigw_sim.scenario.check_security import check_security
from apigw_sim.scenario.check_services import check_services
from apigw_sim.scenario.check_timeline import check_timeline
from apigw_sim.scenario.check_waf import check_waf
from apigw_sim.scenario.checks import Report, check_apis, check_initial, check_plans, check_run
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.validate import Validated


def check(scenario: Scenario, validated: Validated) -> tuple[Scenario, list[Problem]]:
    """Check what the parts say of each other; the scenario with `set` and `expect` resolved, and the problems."""
    report = Report(scenario, validated)
    check_regions(report)
    check_run(report)
    check_functions(report)
    check_services(report)
    check_servers(report)
    check_provisioned(report)
    check_apis(report)
    check_http(report)
    check_plans(report)
    check_fronts(report)
    check_records(report)
    check_clients(report)
    check_security(report)
    check_waf(report)
    check_initial(report)
    check_tokens(report)
    check_alarms(report)
    report.scenario = check_timeline(report)
    return check_expect(report), report.problems
