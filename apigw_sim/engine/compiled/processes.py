"""What a client's process keeps between its calls: retry quota, budget, circuit breaker and rate limiter.

It learns of an answer when the client has it, and not when the gateway gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.names import reported
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import PROCESS
from apigw_sim.engine.order import USER_MASK
from apigw_sim.records import NULL
from apigw_sim.rules import breaker, limiter, retry

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

THROTTLED = 429
CLOSED, OPEN, HALF_OPEN = breaker.CLOSED, breaker.OPEN, breaker.HALF_OPEN
REFUSED, PROBE = breaker.REFUSED, breaker.PROBE
ONE, SLOT, PRICE = limiter.ONE, limiter.SLOT, retry.RETRY


def process_of(s: State, c: View, a: View) -> View:
    """The process that makes an attempt: calls go to them in turn, of users each has one."""
    turn = a.call if c.users == NULL else a.who & USER_MASK
    return view(s.process, c.process + turn % c.processes * PROCESS)


def may_send(s: State, c: View, a: View) -> int:
    """When an attempt may be sent: now, or when the limiter lets it; NULL: the circuit breaker is open."""
    if c.processes == 0:
        return s.now
    p = process_of(s, c, a)
    if a.number == 1 and c.earns != NULL:
        p.budget = retry.earned(p.budget, c.earns, c.saves)
    if c.breaker != NULL:
        verdict = breaker.verdict(p.state, p.until, s.now, p.probing, c.probes)
        if verdict == REFUSED:
            return NULL
        a.probe = 1 if verdict == PROBE else 0
        if verdict == PROBE:
            if p.state == OPEN:
                p.state = HALF_OPEN
                p.probing = 0
                p.good = 0
            p.probing += 1
    if c.adaptive == 0 or p.acts == 0:
        return s.now
    fill_up(s, p)
    p.level -= ONE
    return s.now + limiter.wait(p.level, p.rate)


def fill_up(s: State, p: View) -> None:
    """Bring a limiter's bucket up to now."""
    idle = (s.now - p.at) // 1000 * 1000
    p.level = limiter.refilled(p.level, idle, p.rate)
    p.at += idle


def learnt(s: State, c: View, a: View, status: int) -> None:
    """The client has a status, or (NULL) has waited long enough: what its process learns of it."""
    p = process_of(s, c, a)
    if c.checks != NULL:
        reported(s, c, p, a, status)
    if c.breaker != NULL:
        tried(s, c, p, 1 if status == NULL or listed(s, c, status) else 0, a.probe)
    if c.adaptive:
        adapt(s, p, 1 if status == THROTTLED else 0)
    if c.quota != NULL and status >= 200 and status < 300:
        p.tokens = retry.repaid(p.tokens, a.paid if a.number > 1 else 0, c.quota)


def listed(s: State, c: View, status: int) -> bool:
    """Whether a status is among those that a client retries."""
    for place in range(c.statuses, c.statuses + c.statuses_n):
        if s.status[place] == status:
            return True
    return False


def tried(s: State, c: View, p: View, failed: int, probe: int) -> None:
    """A circuit breaker hears an outcome; while it is not closed those of probes alone count."""
    if p.state == CLOSED:
        p.bits = breaker.noted(p.bits, c.window, failed)
        if p.seen < c.window:
            p.seen += 1
        if breaker.trips(p.bits, p.seen, c.window, c.breaker):
            p.state = OPEN
            p.until = s.now + c.open_ns
    elif p.state == HALF_OPEN and probe != 0:
        if failed != 0:
            p.state = OPEN
            p.until = s.now + c.open_ns
            return
        p.good += 1
        if p.good >= c.probes:
            p.state = CLOSED
            p.bits = 0
            p.seen = 0


def adapt(s: State, p: View, throttled: int) -> None:
    """A limiter hears an answer, or that none came in time."""
    p.count += 1
    slot = s.now // SLOT
    if slot > p.slot:
        p.measured = limiter.measured(p.count, slot - p.slot, p.measured)
        p.count = 0
        p.slot = slot
    if throttled:
        most = p.measured
        if p.acts and p.rate < most:
            most = p.rate
        p.most = most
        p.plateau = limiter.plateau(most)
        p.throttled_at = s.now
        p.acts = 1
        rate = limiter.lowered(most)
    else:
        rate = limiter.cubic(p.most, p.plateau, s.now - p.throttled_at)
    fill_up(s, p)
    p.rate = limiter.allowed(rate, p.measured)
    full = limiter.capacity(p.rate)
    if p.level > full:
        p.level = full


def may_retry(s: State, c: View, a: View, status: int) -> bool:
    """Whether budget and quota pay for a retry; they pay both or neither."""
    if c.processes == 0:
        return True
    p = process_of(s, c, a)
    if c.earns != NULL and p.budget < PRICE:
        return False
    if c.quota != NULL:
        cost = c.quota_other
        if status == NULL:
            cost = c.quota_timed_out
        elif status == THROTTLED:
            cost = c.quota_throttled
        left = retry.paid(p.tokens, cost)
        if left < 0:
            return False
        p.tokens = left
        a.paid = cost
    if c.earns != NULL:
        p.budget -= PRICE
    return True
