"""Closed-loop users in integers: when their next calls start.

A user that thinks is its next call's event and nothing else; one that waits is its attempt's row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.drawing import value
from apigw_sim.engine.compiled.events import CALL_SHIFT, WHO_BITS, schedule
from apigw_sim.engine.compiled.plain import view, words
from apigw_sim.engine.compiled.words import START
from apigw_sim.engine.order import USER_MASK, Rank
from apigw_sim.rules import pick

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_USER, RANK = int(Group.USER), int(Rank.USER)


def begin(s: State, u: View, who: int, call: int, step: int, at: int) -> None:
    """A user will start a call at `at`, unless the run is over then."""
    if at < u.until:
        schedule(s, at, (RANK << WHO_BITS) + who, call << CALL_SHIFT, START, step)


def next_comes(s: State, u: View, who: int) -> None:
    """The next user comes in its turn."""
    number = who & USER_MASK
    if number < u.count:
        begin(s, u, who + 1, 0, 0, u.ramp * number // u.count)


def goes_on(s: State, c: View, a: View, at: int) -> None:
    """A user's call is over at `at`: it thinks, or pauses after its session, and calls again."""
    u = view(s.users, c.users)
    word, leaves, _, _ = words(c, a.call, 0, a.who & USER_MASK, OF_USER)
    step, wait = 0, 0
    if u.steps > 0:
        p = view(s.pick, a.pick)
        step = p.number + 1
        if step == u.steps or pick.happens(leaves, p.leave):
            step = 0
            wait = value(s, u.pause, u.pause_c, word)
    if step > 0 or u.steps == 0:
        wait = value(s, u.think, u.think_c, word)
    begin(s, u, a.who, a.call + 1, step, at + wait)
