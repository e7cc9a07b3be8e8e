"""AWS WAF: web ACLs before stages, whose rules look at a request before anything of its API does (facts 9.1)."""

from __future__ import annotations

import ipaddress
from functools import cached_property
from typing import TYPE_CHECKING

from apigw_sim.draws import Group
from apigw_sim.draws.stream import numbered_one
from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.plan.web_acls import Action, Asks
from apigw_sim.rules import pick, rate_based, reason

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.model import Model
    from apigw_sim.plan.tables import Client
    from apigw_sim.plan.web_acls import Rule, Screen, Test


class Sender:
    """What a rate-based rule knows of one address: its requests by slot, and whether it sends too much."""

    def __init__(self, slots: int) -> None:
        self.counts = [0] * slots
        self.slot = 0
        """The latest slot that is counted."""
        self.judged = NULL
        """The count by which `over` was decided."""
        self.over = False

    def count(self, slot: int) -> None:
        """One request more, in a slot; what lies too far back is forgotten."""
        kept = len(self.counts)
        for passed in range(max(self.slot + 1, slot - kept + 1), slot + 1):
            self.counts[passed % kept] = 0
        self.slot = slot
        self.counts[slot % kept] += 1


class RateBased:
    """A rate-based rule: all addresses that it has met."""

    def __init__(self, rule: Rule, interval: int, delay: int) -> None:
        assert rule.rate is not None
        self.rate = rule.rate
        self.interval, self.delay = interval, delay
        self.window = rule.rate.window_ns // interval
        self.slots = rate_based.slots(rule.rate.window_ns, interval, delay)
        self.senders: dict[int, Sender] = {}

    def matches(self, address: int, now: int) -> bool:
        """Count a request of an address, and whether all that it sends now is matched."""
        sender = self.senders.get(address)
        if sender is None:
            sender = self.senders[address] = Sender(self.slots)
        sender.count(rate_based.slot(now, self.interval))
        judged = rate_based.in_force(now, self.interval, self.delay)
        if judged > sender.judged:
            sender.judged = judged
            sender.over = rate_based.exceeds(sender.counts, judged, self.window, self.rate.limit)
        return sender.over


class Waf:
    """All web ACLs of the account, with what they count."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.plan = plan = model.plan.waf
        gauges, gauge = model.gauges, model.plan.gauge
        self.allowed = [
            Gauge(gauges, gauge(GaugeKind.WAF_ALLOWED, number), integral=False)
            for number in range(len(plan.acls))
        ]
        self.matched = [
            Gauge(gauges, gauge(GaugeKind.WAF_MATCHED, number), integral=False)
            for number in range(len(plan.rules))
        ]
        self.rates = {
            number: RateBased(rule, plan.interval_ns, plan.delay_ns)
            for number, rule in enumerate(plan.rules)
            if rule.rate is not None
        }

    def screen(self, client: Client) -> Screened:
        """The web ACL before a client's stage."""
        assert client.screen is not None
        return Screened(self, client, client.screen)


class Screened:
    """A web ACL as it looks at the requests of one client."""

    def __init__(self, waf: Waf, client: Client, row: Screen) -> None:
        self.waf = waf
        self.client = client
        self.row = row
        self.throttles = waf.model.throttles
        self.first = self.throttles.front and waf.model.plan.account.before_waf
        """Whether the account's throttle stands before it."""

    def lets_in(self, attempt: Attempt) -> bool:
        """Whether a request may go on; else its answer is known."""
        if attempt.caller.refused[attempt.call[1]] in reason.TOO_LARGE:
            return True  # its URL or its headers are too large for it to be a request at all
        if self.first and self.throttles.account_refuses(attempt, attempt.clock.now):
            return False
        look = Look(self, attempt)
        for test in self.row.tests:
            if not look.matches(test):
                continue
            self.waf.matched[test.rule].move(1)
            action = self.waf.plan.rules[test.rule].action
            look.tell(test, action)
            if action is Action.BLOCK:
                attempt.because(reason.WAF_FILTERED)
                if self.first:
                    self.throttles.spend_account(attempt)
                return False
            if action is Action.ALLOW:
                return True
        self.waf.allowed[self.row.acl].move(1)
        attempt.note(f"web ACL {self.waf.plan.acls[self.row.acl]}: allowed")
        return True


class Look:
    """What the rules of a web ACL see of one request."""

    def __init__(self, screened: Screened, attempt: Attempt) -> None:
        self.screened = screened
        self.attempt = attempt

    def matches(self, test: Test) -> bool:
        """Whether a rule matches."""
        if test.asks is Asks.SHARE:
            rule = self.screened.waf.plan.rules[test.rule]
            return pick.happens(self.attempt.words(Group.WAF, rule.priority)[0], test.low)
        number = self.screened.row.first_address + self.address
        if test.asks is Asks.ADDRESS:
            return test.low <= number < test.high
        return self.screened.waf.rates[test.rule].matches(number, self.attempt.clock.now)

    @cached_property
    def address(self) -> int:
        """Which of its client's addresses it comes from."""
        said = self.screened.client.addresses
        assert said is not None
        return numbered_one(said.which, self.attempt.words(Group.ADDRESS, 0)[0])

    def tell(self, test: Test, action: Action) -> None:
        """Tell who watches."""
        attempt = self.attempt
        if attempt.notes is None:
            return
        waf = self.screened.waf
        rule = waf.plan.rules[test.rule]
        why = "matches a share of what this client sends"
        if test.asks is not Asks.SHARE:
            why = f"matches {self.spelled()}"
        if rule.rate is not None:
            count = rate_based.in_force(attempt.clock.now, waf.plan.interval_ns, waf.plan.delay_ns)
            why += (
                f", which sent more than {rule.rate.limit:,} requests in the {rule.rate.window_ns / 1e9:g} s before "
                f"{count * waf.plan.interval_ns / 1e9:g} s"
            )
        attempt.note(f"web ACL {rule.acl}: rule {rule.name} {why}: {action.name}")

    def spelled(self) -> str:
        """The address, for people."""
        said = self.screened.client.addresses
        assert said is not None
        of = ipaddress.IPv4Address if said.version == 4 else ipaddress.IPv6Address
        return str(of(said.first + self.address))
