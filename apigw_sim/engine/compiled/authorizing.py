"""Authorizers in integers: who may call, before the API key and the throttles (facts 7, 9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import REFUSES
from apigw_sim.engine.compiled.answers import because
from apigw_sim.engine.compiled.callers import will_answer
from apigw_sim.engine.compiled.drawing import (
    CRASHED,
    MISSHAPEN,
    OF_AUTHORIZER,
    OF_AUTHORIZER_FAULT,
    OF_IDENTITY,
    OF_STANDING,
    four,
    numbered,
    value,
)
from apigw_sim.engine.compiled.events import wake
from apigw_sim.engine.compiled.gateway import answering_at, detach, passes
from apigw_sim.engine.compiled.hosts import account_of
from apigw_sim.engine.compiled.levels import spend
from apigw_sim.engine.compiled.plain import view, words
from apigw_sim.engine.compiled.words import (
    ADMIT,
    ANSWERING,
    ASK,
    ASK_LATE,
    ASKED,
    AUTHORIZER,
    BACKEND,
    GRANT,
    HEARD,
    METHOD,
    UNANSWERED,
    WAIT,
)
from apigw_sim.engine.order import USER_MASK, Rank
from apigw_sim.records import NULL, Authorized, Flag, Outcome
from apigw_sim.rules import authorization as rule
from apigw_sim.rules import pick, reason

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_ARRIVE, OF_RELAY, OF_TIMEOUT, OF_DONE = (
    int(Rank.ARRIVE),
    int(Rank.RELAY),
    int(Rank.TIMEOUT),
    int(Rank.DONE),
)
HIT, MISS, UNLOGGED = int(Authorized.HIT), int(Authorized.MISS), int(Flag.UNLOGGED)
WENT_WELL, CRASH, MALFORMED, RAN_OUT, OUTAGE = (
    int(Outcome.OK),
    int(Outcome.CRASH),
    int(Outcome.MALFORMED),
    int(Outcome.TIMEOUT),
    int(Outcome.OUTAGE),
)
ALLOWED_STATUS, REFUSED = 200, REFUSES


def authorize(s: State, a: View) -> int:
    """A request has arrived whose method has an authorizer, AWS_IAM or a resource policy; gives the stage that follows."""
    now = s.now
    z = view(s.authorizer, view(s.method, a.release * METHOD).authorizer * AUTHORIZER)
    if z.gives_key:
        a.key = NULL
    if not passes(s, a, now):
        return ANSWERING
    if s.front:
        spend(s, account_of(s, a))
    caught = identify(s, a, z)
    policy = verdict(s, a, z)
    why = rule.turned_away(z.kind, policy, a.standing, z.needs_identity != 0, pick.happens(caught, z.caught))
    if why != reason.OK:
        if why == reason.UNAUTHORIZED:
            a.flags |= UNLOGGED
        because(s, a, why, NULL, NULL)
        return ANSWERING
    if z.kind == rule.NO_AUTHORIZER:
        return ADMIT
    a.authorizing = 0
    if z.ttl > 0:
        g = view(s.grant, (z.first_entry + a.identity) * GRANT)
        if g.expires > now:
            a.authorizer = HIT
            return judge(s, a, z, z.one_method != 0 and g.method != a.method)
    if rule.keeps(z.kind):
        a.authorizer = MISS
    if rule.invokes(z.kind):
        return ask(s, a, z)
    _, word, _, _ = four(s, a, OF_AUTHORIZER_FAULT)
    ends = now + value(s, z.time, z.time_c, word)
    will_answer(s, a, ends + a.overhead)
    wake(s, a, ends, OF_ARRIVE, 0, HEARD)
    return WAIT


def verdict(s: State, a: View, z: View) -> int:
    """What the resource policy of the deployment says of a call."""
    return view(s.pick, a.pick).policies >> z.policy & 3


def identify(s: State, a: View, z: View) -> int:
    """Whom a call is taken for, and the API key that its authorizer gives; gives the word of the validation expression."""
    c = view(s.client, a.client)
    user = a.who & USER_MASK
    word, _, _, _ = words(c, 0 if user else a.call, 0, user, OF_IDENTITY)  # a user stays who it is
    number = numbered(s, word, c.identities, c.identity_table)
    worth, key, caught, _ = words(c, number, 0, 0, OF_STANDING)
    a.identity = c.first_identity + number
    a.standing = rule.standing_of(worth, c.valid, c.denied, c.missing, c.expired)
    a.given = NULL
    if z.gives_key:
        a.given = c.first_key + (numbered(s, key, c.key_n, c.key_table) if c.key_n > 0 else 0)
    return caught


def ask(s: State, a: View, z: View) -> int:
    """Invoke the authorizer's function, and wait for it no longer than the gateway does."""
    now = s.now
    service, _, _, _ = four(s, a, OF_AUTHORIZER)
    reaches = now + value(s, z.service, z.service_c, service)
    limit = now + z.wait
    a.backend = z.backend * BACKEND
    a.alias = NULL
    a.stops = limit
    if reaches >= limit:
        a.refs += 1
        wake(s, a, reaches, OF_RELAY, 0, ASK_LATE)
        will_answer(s, a, limit)
        wake(s, a, limit, OF_TIMEOUT, 0, UNANSWERED)
    else:
        will_answer(s, a, reaches)
        wake(s, a, reaches, OF_RELAY, 0, ASK)
    return WAIT


def asked(s: State, a: View) -> int:
    """The function has been reached: it has refused, or its end is known."""
    if a.duration == NULL:
        return HEARD
    if a.end > a.stops:
        a.refs += 1
        detach(s, a)
        will_answer(s, a, a.stops)
        wake(s, a, a.stops, OF_TIMEOUT, 0, UNANSWERED)
    else:
        will_answer(s, a, a.end + a.overhead)
        wake(s, a, a.end, OF_DONE, 0, ASKED)
    return WAIT


def question(s: State, a: View, f: View) -> tuple[int, int]:
    """What an authorizer's invocation draws: its duration, and its status or how it fails."""
    z = view(s.authorizer, view(s.method, a.release * METHOD).authorizer * AUTHORIZER)
    _, duration, crash, malformed = four(s, a, OF_AUTHORIZER)
    status = ALLOWED_STATUS
    if rule.decided(z.kind, rule.NO_POLICY, a.standing) == reason.UNAUTHORIZED:
        status = REFUSED
    if pick.happens(malformed, f.malformed):
        status = MISSHAPEN
    if pick.happens(crash, f.crash):
        status = CRASHED
    if f.errors:
        error, _, _, _ = four(s, a, OF_AUTHORIZER_FAULT)
        if pick.happens(error, f.errors):
            status = CRASHED
    return value(s, z.duration, z.duration_c, duration), status


def heard(s: State, a: View) -> int:
    """The authorizer has been asked: what it says, and whether its cache keeps it."""
    z = view(s.authorizer, view(s.method, a.release * METHOD).authorizer * AUTHORIZER)
    a.authorizing = s.now - a.arrived
    if rule.invokes(z.kind):
        why = failure(s, a)
        if why != reason.OK:
            because(s, a, why, a.job_refused_by, NULL)
            return answering_at(s, a)
    if z.ttl > 0 and rule.is_cached(z.kind, a.standing):
        g = view(s.grant, (z.first_entry + a.identity) * GRANT)
        g.expires = s.now + z.ttl
        g.method = a.method
    what = judge(s, a, z, False)
    if what == ADMIT and rule.invokes(z.kind):  # who may go on does so among the arrivals of the instant
        wake(s, a, s.now, OF_ARRIVE, 0, ADMIT)
        return WAIT
    return what


def judge(s: State, a: View, z: View, of_another_method: bool) -> int:
    """The verdict; with a policy that speaks of another method it is a denial."""
    why = rule.decided(z.kind, verdict(s, a, z), a.standing)
    if why == reason.OK and of_another_method:
        why = reason.ACCESS_DENIED
    if why != reason.OK:
        because(s, a, why, NULL, NULL)
        return answering_at(s, a)
    if z.gives_key:
        a.key = a.given
    return ADMIT


def failure(s: State, a: View) -> int:
    """What an invocation that gave no verdict is answered with; OK: it gave one."""
    outcome = a.outcome
    if outcome == WENT_WELL:
        return reason.OK
    if outcome == CRASH:
        return reason.OK if a.job_status != NULL else reason.AUTHORIZER_FAILURE
    if outcome == RAN_OUT:
        return reason.AUTHORIZER_FAILURE
    if outcome == MALFORMED:
        return s.authorizer_malformed
    if outcome == OUTAGE:
        return reason.AUTHORIZER_CONFIGURATION_ERROR
    return s.authorizer_refused


def unanswered(s: State, a: View) -> int:
    """The gateway waits no longer; the function runs on."""
    a.authorizing = s.now - a.arrived
    because(s, a, reason.AUTHORIZER_FAILURE, NULL, NULL)
    return answering_at(s, a)
