"""What stands before the gateway, in integers: handshakes, domains, and distributions with their cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.answers import because
from apigw_sim.engine.compiled.callers import give_up, release, will_answer
from apigw_sim.engine.compiled.drawing import OF_SEND, four, value
from apigw_sim.engine.compiled.events import wake
from apigw_sim.engine.compiled.plain import part, view, words
from apigw_sim.engine.compiled.waf import stopped
from apigw_sim.engine.compiled.words import (
    ANSWERING,
    ARRIVE,
    DISTRIBUTION,
    EDGE,
    EDGE_ENTRY,
    EDGE_KEY,
    WAIT,
)
from apigw_sim.engine.order import USER_MASK, Rank
from apigw_sim.plan.tables import Front
from apigw_sim.records import NULL, Flag
from apigw_sim.rules import edge, pick, reason

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_ARRIVING, OF_CONNECTION, UNMAPPED = int(Rank.ARRIVE), int(Group.CONNECTION), int(Front.UNMAPPED)
OF_LOSS = int(Group.LOSS)
NOWHERE_STATUS = reason.REASONS[reason.NO_MAPPING].status
NOWHERE_BYTES = reason.REASONS[reason.NO_MAPPING].body_bytes
"""What a path without a mapping gets; it reaches no stage that could say otherwise."""
IN_FRONT, NEW_CONNECTION = int(Flag.IN_FRONT), int(Flag.NEW_CONNECTION)


def lost(s: State, a: View, c: View) -> bool:
    """Whether a request is lost on its way; if it or its answer is, its client waits until its limit."""
    request, answer, _, _ = four(s, a, OF_LOSS)
    if pick.happens(request, c.loses_requests):
        give_up(s, a)
        release(s, a)
        return True
    if pick.happens(answer, c.loses_answers):
        give_up(s, a)
    return False


def detour(s: State, a: View, c: View) -> int:
    """To the gateway by a new connection, by a distribution, or by a network that loses; gives the stage that follows."""
    if (c.loses_requests > 0 or c.loses_answers > 0) and lost(s, a, c):
        return WAIT
    if c.distribution != NULL:
        word, _, _, _ = four(s, a, OF_SEND)
        a.rtt = value(s, c.edge, c.edge_c, word)
    reaches = s.now + a.rtt // 2
    if c.new_connection > 0:
        word, _, _, _ = four(s, a, OF_CONNECTION)
        if pick.happens(word, c.new_connection):
            a.flags |= NEW_CONNECTION
            word, _, _, _ = four(s, a, OF_SEND)
            reaches += value(s, c.handshakes, c.handshakes_c, word)
    if c.distribution == NULL:
        if reaches == s.now:
            return ARRIVE
        will_answer(s, a, reaches)
        wake(s, a, reaches, OF_ARRIVING, 0, ARRIVE)
        return WAIT
    will_answer(s, a, reaches)
    if reaches == s.now:
        return at_edge(s, a)
    wake(s, a, reaches, OF_ARRIVING, 0, EDGE)
    return WAIT


def at_edge(s: State, a: View) -> int:
    """A request reaches the nearest edge of a distribution, now: it answers, or asks the gateway."""
    now, where = s.now, asked_for(s, a)
    if where != NULL:
        found = view(s.edge_entry, where * EDGE_ENTRY)
        if found.ready <= now and now < found.expires:
            a.status = found.status
            a.reason = found.reason
            a.response = found.size
            a.flags |= IN_FRONT
            a.method = view(s.pick, a.pick).method
            a.release = NULL
            a.arrived = now
            s.answers = now
            return ANSWERING
    near = a.rtt
    word, _, _, _ = four(s, a, OF_SEND)
    p = view(s.pick, a.pick)
    a.rtt = value(s, p.rtt, p.rtt_c, word)
    reaches = now + a.rtt // 2 - near // 2
    if reaches == now:
        return ARRIVE
    will_answer(s, a, reaches)
    wake(s, a, reaches, OF_ARRIVING, 0, ARRIVE)
    return WAIT


def asked_for(s: State, a: View) -> int:
    """The entry of a distribution that a request asks for; NULL: its method is not cached."""
    method, c = view(s.pick, a.pick).method, view(s.client, a.client)
    if method == NULL:
        return NULL
    k = view(s.edge_key, (c.distribution * s.method_count + method) * EDGE_KEY)
    if k.first == NULL:
        return NULL
    constants = part(s.digits, k.constants, k.constants_n)
    return k.first + edge.entry_of(a.resource, constants, part(s.digits, k.digits, k.digits_n))


def keep_at_edge(s: State, a: View, c: View) -> None:
    """The gateway's answer leaves for the edge, which will keep it; one that is kept already stays."""
    d = view(s.distribution, c.distribution * DISTRIBUTION)
    lives = edge.kept_for(a.status, d.ttl, d.error_ttl)
    if lives == 0 or a.flags & IN_FRONT:
        return
    where = asked_for(s, a)
    if where == NULL:
        return
    word, _, _, _ = four(s, a, OF_SEND)
    near = value(s, c.edge, c.edge_c, word)
    ready = s.now + (a.rtt - a.rtt // 2) - (near - near // 2)
    found = view(s.edge_entry, where * EDGE_ENTRY)
    if found.expires <= ready:
        found.ready = ready
        found.expires = ready + lives
        found.status = a.status
        found.reason = a.reason
        found.size = a.response


def turned_away(s: State, a: View, c: View) -> bool:
    """Whether the domain leads nowhere, the caller may not enter by it, or AWS WAF stops it; its answer is known then."""
    if c.front == UNMAPPED:
        a.reason = reason.NO_MAPPING
        a.status = NOWHERE_STATUS
        a.response = NOWHERE_BYTES
        a.flags |= IN_FRONT
        return True
    if c.front > 0:
        word, _, _, _ = words(c, a.call, 0, a.who & USER_MASK, OF_CONNECTION)
        if pick.happens(word, c.untrusted):
            a.release = NULL
            because(s, a, reason.NO_CERTIFICATE, NULL, NULL)
            return True
    return c.tests != NULL and stopped(s, a, c)
