"""Advice on AWS WAF: whose tokens an attack spends, and rate-based rules that act on nobody."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.offered import Offered
from apigw_sim.advice.words import per_second
from apigw_sim.plan.web_acls import Action


def _behind(case: Case, acl: int) -> list[int]:
    """The rows of the clients that a web ACL looks at."""
    clients = enumerate(case.plan.clients)
    return [number for number, row in clients if row.screen is not None and row.screen.acl == acl]


def spent_by_an_attack(case: Case) -> Iterator[Finding]:
    """Web ACLs before which more comes than the account's bucket takes: it hangs on the order who is starved."""
    waf, offered = case.plan.waf, Offered(case)
    for number, acl in enumerate(waf.acls):
        if not any(waf.rules[row].action is Action.BLOCK for row in waf.rules_of(number)):
            continue
        come = offered.most_arriving(_behind(case, number))
        if come <= case.account_rate:
            continue
        both = f"{per_second(come)} come to {acl} at the peak, and the account takes {per_second(case.account_rate)}"
        if case.plan.account.before_waf:
            text = (
                f"{both}: what {acl} blocks spends the account's tokens here, so an attack starves all APIs though it is "
                "blocked"
            )
            other = "after_usage_plan"
        else:
            text = (
                f"{both}: what {acl} blocks spends none of its tokens here, and AWS does not say so; if it does, an attack "
                "starves all APIs though it is blocked"
            )
            other = "before_waf"
        fix = f"to see the other order, run with --set assumptions.account_throttle_position={other}"
        yield Finding(("assumptions", "account_throttle_position"), text, fix)


def acts_on_nobody(case: Case) -> Iterator[Finding]:
    """Rate-based rules whose limit not even the busiest address passes."""
    waf, offered = case.plan.waf, Offered(case)
    for number in range(len(waf.acls)):
        clients = _behind(case, number)
        if not clients or any(case.plan.clients[row].users is not None for row in clients):
            continue
        for rule in (waf.rules[row] for row in waf.rules_of(number)):
            if rule.rate is None:
                continue
            most, busiest = max(
                (offered.most_arriving([row]) * _largest_share(case, row), case.plan.clients[row].name)
                for row in clients
            )
            sent = most * rule.rate.window_ns / units.SECOND
            if sent > rule.rate.limit:
                continue
            text = (
                f"{rule.name} of {rule.acl} acts on more than {rule.rate.limit:,} requests of an address in "
                f"{units.show_duration(rule.rate.window_ns)}, and the busiest, of {busiest}, sends some {sent:,.1f}"
            )
            fix = (
                f"lower the limit, or say how few addresses call: clients.{busiest}.addresses: {{count: 10}}"
            )
            yield Finding(("web_acls", rule.acl, "rules", rule.name, "rate_based", "limit"), text, fix)


def _largest_share(case: Case, client: int) -> float:
    """The share of a client's calls that comes from its busiest address."""
    row = case.plan.clients[client]
    assert row.addresses is not None
    client_said = case.scenario.clients.get(row.name)  # None: checkers of health
    said = client_said.addresses if client_said else None
    skew = float(said.zipf.s) if said is not None and said.zipf is not None else 0.0
    return 1 / float(np.sum(np.arange(1, row.addresses.which.n + 1) ** -skew))
