"""From the web ACLs of a plan to vectors: tests of each client's requests, and the counts of rate-based rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.filling import Ints, Tables, fill, rows
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.rules import rate_based

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Client, Plan


class Screens:
    """What AWS WAF needs of the vectors."""

    def __init__(self, plan: Plan, vectors: dict[str, Ints], tables: Tables) -> None:
        self.plan = plan
        self.vectors = vectors
        self.tables = tables
        self._made = 0
        self._rates = self._rate_based()
        tests = sum(len(client.screen.tests) for client in plan.aims if client.screen)
        vectors["test"] = rows(tests, w.TEST)

    def of(self, client: Client) -> dict[str, int]:
        """The words of a client, whose tests are written too."""
        screen, said = client.screen, client.addresses
        if screen is None or said is None:
            return {"tests": NULL}
        first = self._made
        for test in screen.tests:
            rule = self.plan.waf.rules[test.rule]
            fill(
                self.vectors["test"], "test", self._made, asks=test.asks, low=test.low, high=test.high,
                priority=rule.priority, action=rule.action, rate=self._rates.get(test.rule, NULL),
                gauge=self.plan.gauge(GaugeKind.WAF_MATCHED, test.rule),
            )  # fmt: skip
            self._made += 1
        return {
            "tests": first * w.TEST, "tests_n": len(screen.tests),
            "allowed": self.plan.gauge(GaugeKind.WAF_ALLOWED, screen.acl),
            "addresses": said.which.n, "address_table": self.tables.numbered(said.which),
            "first_address": screen.first_address,
        }  # fmt: skip

    def _rate_based(self) -> dict[int, int]:
        """The rate-based rules with room for what they count; gives their rows by those of plan.waf.rules."""
        waf = self.plan.waf
        found = [(number, rule.rate) for number, rule in enumerate(waf.rules) if rule.rate is not None]
        self.vectors["rate"] = rows(len(found), w.RATE)
        senders = counts = 0
        for row, (_, rate) in enumerate(found):
            slots = rate_based.slots(rate.window_ns, waf.interval_ns, waf.delay_ns)
            fill(
                self.vectors["rate"], "rate", row, limit=rate.limit, window=rate.window_ns // waf.interval_ns,
                slots=slots, senders=senders, counts=counts,
            )  # fmt: skip
            senders += waf.addresses
            counts += waf.addresses * slots
        self.vectors["sender"] = rows(senders, w.SENDER)
        self.vectors["count"] = rows(counts, 1)
        return {number: row for row, (number, _) in enumerate(found)}
