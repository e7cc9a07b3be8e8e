"""AWS WAF as rows: the web ACLs that stages name, and what their rules ask of the clients behind them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from apigw_sim.plan import laws, logged
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.records import owner
from apigw_sim.plan.tables import Addresses
from apigw_sim.plan.web_acls import Action, Asks, Rate, Rule, Screen, Test, Waf
from apigw_sim.rules import rate_based
from apigw_sim.scenario.waf import Rule as SaidRule
from apigw_sim.units import show_duration

MOST_COUNTS = 1 << 26
"""More counts by address are not kept."""


class Screens:
    """The web ACLs of a scenario, and by client the one before its stage."""

    def __init__(self, reading: Reading, acls: list[str]) -> None:
        """`acls` are those that stages name."""
        self.scenario = scenario = reading.scenario
        rules = [
            Rule(
                acl,
                name,
                reading.where(("web_acls", acl, "rules", name)),
                said.priority,
                Action[said.action],
                Rate(said.rate_based.limit, said.rate_based.window) if said.rate_based else None,
            )
            for acl in acls
            for name, said in scenario.web_acls[acl].in_order
        ]
        self._rows = {(rule.acl, rule.name): number for number, rule in enumerate(rules)}
        behind = {
            name: acl
            for name, client in scenario.clients.items()
            if (stage := scenario.reached(client.target).stage) is not None
            and (acl := scenario.stage(stage)[1].waf) is not None
        }
        sent = {name: logged.addresses(scenario.clients[name]) for name in behind}
        numbers = _numbered(sent)
        total = max((first + sent[name].which.n for name, first in numbers.items()), default=0)
        self.of = {
            name: Screen(
                acls.index(acl), numbers[name], tuple(self._tests(name, acl, sent[name], numbers[name]))
            )
            for name, acl in behind.items()
        }
        left_open = scenario.assumptions
        self.waf = Waf(
            tuple(acls), tuple(rules), left_open.waf_check_interval, left_open.waf_check_delay, total
        )
        self._check_room(reading)

    def _tests(self, client: str, acl: str, sent: Addresses, first: int) -> Iterator[Test]:
        for name, said in self.scenario.web_acls[acl].in_order:
            rule = self._rows[acl, name]
            if said.rate_based is not None:
                yield Test(rule, Asks.RATE)
            elif owner(client) in said.clients:
                yield Test(rule, Asks.SHARE, laws.threshold(said.clients[owner(client)]))
            else:
                yield from (Test(rule, Asks.ADDRESS, *span) for span in _spans(said, sent, first))

    def _check_room(self, reading: Reading) -> None:
        """Whether what rate-based rules count can be kept."""
        for rule in self.waf.rules:
            if rule.rate is None:
                continue
            slots = rate_based.slots(rule.rate.window_ns, self.waf.interval_ns, self.waf.delay_ns)
            if slots * self.waf.addresses > MOST_COUNTS:
                reading.problem(
                    ("web_acls", rule.acl, "rules", rule.name, "rate_based"),
                    f"{self.waf.addresses:,} addresses with {slots:,} counts each in {show_duration(rule.rate.window_ns)}",
                    f"{MOST_COUNTS:,} (2^26) are the most: write addresses: {{count: 10000}}, say, of clients",
                )


def _numbered(sent: dict[str, Addresses]) -> dict[str, int]:
    """The number of each client's first address: an address that several clients have is one."""
    spans = sorted((of.version, of.first, of.first + of.which.n) for of in sent.values())
    blocks: list[list[int]] = []
    for version, first, end in spans:
        if blocks and blocks[-1][0] == version and first <= blocks[-1][2]:
            blocks[-1][2] = max(blocks[-1][2], end)
        else:
            blocks.append([version, first, end])
    found: dict[str, int] = {}
    for name, of in sent.items():
        before = 0
        for version, first, end in blocks:
            if version == of.version and first <= of.first < end:
                found[name] = before + of.first - first
                break
            before += end - first
    return found


def _spans(said: SaidRule, sent: Addresses, first: int) -> Iterator[tuple[int, int]]:
    """The numbers of a client's addresses that lie in an IP set, as (first, behind the last)."""
    ranges: list[Any] = [network for network in said.ip_set if network.version == sent.version]
    for network in ipaddress.collapse_addresses(ranges):
        low = max(int(network.network_address), sent.first)
        high = min(int(network.broadcast_address) + 1, sent.first + sent.which.n)
        if low < high:
            yield first + low - sent.first, first + high - sent.first
