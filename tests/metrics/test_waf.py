"""AWS/WAFV2 in the metrics and web ACLs in the summary, from a whole run of a few requests."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from engine.running import MINUTE, MS, SECOND, at, client, planned, story

from apigw_sim.compose import simulate
from apigw_sim.metrics import waf
from apigw_sim.metrics.cloudwatch import csv_lines

RULES = {
    "past": {"priority": 0, "action": "ALLOW", "ip_set": ["10.0.0.1"]},
    "seen": {"priority": 1, "action": "COUNT", "ip_set": ["10.0.0.0/8"]},
    "list": {"priority": 2, "ip_set": ["10.0.0.2"]},
}


def said(**parts: Any) -> dict[str, Any]:
    """In the first minute two requests are allowed by a rule, three blocked, one allowed by none; in the second one blocked."""
    clients = {
        "a": client(at(0, 1 * SECOND), address="10.0.0.1"),
        "b": client(at(0, 1 * MS, 2 * MS, MINUTE + SECOND), address="10.0.0.2"),
        "c": client(at(5 * SECOND), address="10.0.0.3"),
    }
    return story(
        clients=clients,
        web_acls={"acl": {"rules": RULES}},
        stage={"waf": "acl"},
        run={"duration": "2 min"},
        **parts,
    )


@pytest.fixture(params=["simpy", "compiled"])
def done(request: pytest.FixtureRequest) -> Any:
    return simulate(planned(said()), engine=request.param)


def test_the_metrics_of_a_web_acl(done: Any) -> None:
    """By rule, and of all rules what was allowed and blocked; what two rules count would be counted twice."""
    rows = csv.DictReader(csv_lines(done.metrics))
    found = {
        (row["timestamp"][14:16], row["rule"], row["metric"]): row["Sum"]
        for row in rows
        if row["namespace"] == "AWS/WAFV2" and row["web_acl"] == "acl"
    }
    assert found == {
        ("00", "ALL", "AllowedRequests"): "3", ("00", "ALL", "BlockedRequests"): "3",
        ("00", "Default_Action", "AllowedRequests"): "1", ("00", "past", "AllowedRequests"): "2",
        ("00", "seen", "CountedRequests"): "4", ("00", "list", "BlockedRequests"): "3",
        ("01", "ALL", "BlockedRequests"): "1", ("01", "seen", "CountedRequests"): "1", ("01", "list", "BlockedRequests"): "1",
    }  # fmt: skip


def test_the_summary_of_a_web_acl(done: Any) -> None:
    assert waf.summary(done.plan, done.metrics.gauges)["web_acls"] == {
        "acl": {
            "requests": 7, "allowed": 3, "blocked": 4,
            "rules": {
                "past": {"action": "ALLOW", "matched": 2}, "seen": {"action": "COUNT", "matched": 5},
                "list": {"action": "BLOCK", "matched": 4},
            },
        }
    }  # fmt: skip


@pytest.mark.parametrize(("position", "reached"), [("after_usage_plan", 1), ("front", 1), ("before_waf", 4)])
@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_what_is_blocked_reaches_the_accounts_throttle_only_where_that_comes_first(
    engine: str, position: str, reached: int
) -> None:
    """In the busiest second one request of a and three of b."""
    ran = simulate(planned(said(assumptions={"account_throttle_position": position})), engine=engine)
    ran.metrics.limits.finish()
    row = ran.metrics.limits.rows(ran.metrics.gauges)[0]
    assert (row["limit"], row["peak_1s"], row["refused"]) == ("account throttle", reached, 0)
