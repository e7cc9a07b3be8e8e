"""Clients of a record in integers: resolvers remember its answer, and attempts are aimed at a target; checkers of targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.drawing import choose_call, draw_send, draw_words, four, look_words_up
from apigw_sim.engine.compiled.plain import part, view, words
from apigw_sim.engine.compiled.words import CLIENT, REMEMBERED
from apigw_sim.engine.order import USER_MASK
from apigw_sim.rules import health_check, pick

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_RESOLVER, OF_ANSWER = int(Group.RESOLVER), int(Group.ANSWER)


def aimed(s: State, c: View, a: View) -> View:
    """The client as it is at the target that an attempt's resolver has, or is told now; its attempt is that one's."""
    d, user = view(s.names, c.names), a.who & USER_MASK
    call = a.call if user == 0 else 0
    word, _, _, _ = words(c, call, 0, user, OF_RESOLVER)
    m = view(s.remembered, d.first + pick.uniform(word, d.resolvers) * REMEMBERED)
    if m.until <= s.now:
        word, _, _, _ = four(s, a, OF_ANSWER)
        m.target = pick.choose(word, part(s.share, d.answers, d.answers_n))
        m.until = s.now + d.keeps
    at = d.owner if m.target == 0 else d.twins + (m.target - 1) * CLIENT
    x = view(s.client, at)
    if a.client != at:
        aim(s, x, d, a)
    return x


def aim(s: State, x: View, d: View, a: View) -> None:
    """An attempt is sent by its client at another target: the same words, by the laws and numbers that hold there."""
    user, b = a.who & USER_MASK, view(s.block, d.block)
    choose_call(s, x, b, a.call, user, view(s.pick, a.pick).number)
    draw_words(s, x, b, a.call, user)
    look_words_up(s, x, b, a.call, user, 0)
    a.client = x.me
    a.pick = b.pick
    a.resource = b.resource
    a.entry = b.entry
    a.age = b.age
    draw_send(s, a)


def reported(s: State, c: View, p: View, a: View, status: int) -> None:
    """One of Route 53's checkers has a result: what it reports turns after so many in a row against it."""
    passed = 1 if health_check.passes(status, s.now - a.started) else 0
    p.streak = health_check.against(p.streak, p.reports, passed)
    if p.streak == c.checks:
        p.reports = passed
        p.streak = 0
