"""AWS WAF in integers: web ACLs before stages, whose rules look at a request before anything of its API does (facts 9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.answers import because
from apigw_sim.engine.compiled.drawing import numbered
from apigw_sim.engine.compiled.hosts import account_of, account_refuses
from apigw_sim.engine.compiled.levels import move, spend
from apigw_sim.engine.compiled.plain import part, view, words
from apigw_sim.engine.compiled.words import RATE, SENDER, TEST
from apigw_sim.engine.order import USER_MASK
from apigw_sim.plan.web_acls import Action, Asks
from apigw_sim.records import NULL
from apigw_sim.rules import pick, rate_based, reason

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_WAF, OF_ADDRESS = int(Group.WAF), int(Group.ADDRESS)
ALLOW, BLOCK = int(Action.ALLOW), int(Action.BLOCK)
BY_SHARE, BY_ADDRESS = int(Asks.SHARE), int(Asks.ADDRESS)


def stopped(s: State, a: View, c: View) -> bool:
    """Whether a web ACL blocks a request, or the account's throttle before it refuses; its answer is known then."""
    refused = view(s.pick, a.pick).refused
    if refused == reason.URI_TOO_LONG or refused == reason.HEADERS_TOO_LARGE:
        return False  # it is no request at all
    a.release = NULL
    if s.before_waf and account_refuses(s, a, s.now):
        return True
    address = NULL
    for number in range(c.tests_n):
        t = view(s.test, c.tests + number * TEST)
        if t.asks == BY_SHARE:
            word, _, _, _ = words(c, a.call, t.priority, a.who & USER_MASK, OF_WAF)
            matched = pick.happens(word, t.low)
        else:
            if address == NULL:
                address = address_of(s, a, c)
            if t.asks == BY_ADDRESS:
                matched = t.low <= address and address < t.high
            else:
                matched = too_much(s, view(s.rate, t.rate * RATE), address)
        if matched:
            move(s, t.gauge, 1)
            if t.action == BLOCK:
                because(s, a, reason.WAF_FILTERED, NULL, NULL)
                if s.before_waf:
                    spend(s, account_of(s, a))
                return True
            if t.action == ALLOW:
                return False
    move(s, c.allowed, 1)
    return False


def address_of(s: State, a: View, c: View) -> int:
    """The number of the address that a call comes from, over all clients."""
    word, _, _, _ = words(c, a.call, 0, a.who & USER_MASK, OF_ADDRESS)
    return c.first_address + numbered(s, word, c.addresses, c.address_table)


def too_much(s: State, r: View, address: int) -> bool:
    """Count a request of an address for a rate-based rule; gives whether all that it sends now is matched."""
    x = view(s.sender, (r.senders + address) * SENDER)
    kept, now = r.slots, s.now
    counts = r.counts + address * kept
    slot = rate_based.slot(now, s.waf_interval)
    passed = x.slot + 1
    if passed < slot - kept + 1:
        passed = slot - kept + 1
    while passed <= slot:
        s.count[counts + passed % kept] = 0
        passed += 1
    x.slot = slot
    s.count[counts + slot % kept] += 1
    judged = rate_based.in_force(now, s.waf_interval, s.waf_delay)
    if judged > x.judged:
        x.judged = judged
        x.over = 0
        if rate_based.exceeds(part(s.count, counts, kept), judged, r.window, r.limit):
            x.over = 1
    return x.over != 0
