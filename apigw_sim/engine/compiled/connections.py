"""Connections to WebSocket APIs in integers: one that is open is a row, and the event of what happens to it next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.drawing import draw_call, value
from apigw_sim.engine.compiled.events import CALL_SHIFT, WHO_BITS, schedule
from apigw_sim.engine.compiled.levels import move
from apigw_sim.engine.compiled.plain import copy, view, words
from apigw_sim.engine.compiled.words import CONNECTION, DISCONNECT, DUE, PICKED, TAKEN
from apigw_sim.engine.order import USER_MASK, Rank
from apigw_sim.records import NULL, CallOutcome
from apigw_sim.rules import connection, pick

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_USER, CONNECTED, DROPPED = int(Rank.USER), int(Group.CONNECTED), int(Group.DROP)
SUCCEEDED = int(CallOutcome.SUCCEEDED)
OPEN, BY_CLIENT, LOST, TOO_LARGE = (
    connection.OPEN,
    connection.BY_CLIENT,
    connection.LOST,
    connection.TOO_LARGE,
)


def comes(s: State, c: View, a: View) -> None:
    """An arrival becomes the first call of a connection."""
    number = a.call + 1
    a.who += number
    a.call = 0
    draw_call(s, c, 0, number, view(s.connections, c.connections).connect)
    copy(s.row, a.me + PICKED, s.block, c.block_first, TAKEN)


def connects(s: State, c: View, a: View) -> bool:
    """Whether an attempt is one of $connect."""
    return view(s.pick, a.pick).number == view(s.connections, c.connections).connect


def closes(s: State, c: View, a: View) -> bool:
    """Whether an attempt is one of $disconnect."""
    return view(s.pick, a.pick).number == view(s.connections, c.connections).disconnect


def heard(s: State, c: View, a: View, since: int, outcome: int) -> None:
    """A call is over; with $connect the connection is open, now, and its client knows it at `since`."""
    if outcome != SUCCEEDED or not connects(s, c, a):
        return
    x = view(s.connections, c.connections)
    gap, lifetime, _, _ = words(c, a.call, 0, a.who & USER_MASK, CONNECTED)
    move(s, x.open, 1)
    move(s, x.connected, 1)
    me = s.connection_free
    if me != 0:
        s.connection_free = view(s.connection, me).next
    else:
        me = s.connection_top
        s.connection_top = me + CONNECTION
        if s.connection_top > s.connection_room:
            s.stop = 1
    k = view(s.connection, me)
    k.me = me
    ends, why = connection.ends(s.now, value(s, x.lifetime, x.lifetime_c, lifetime), x.longest)
    for number in range(s.drops):
        d = view(s.disconnect, number * DISCONNECT)
        if d.stage == x.stage and s.now < d.at and d.at <= ends:
            word, _, _, _ = words(c, a.call, number, a.who & USER_MASK, DROPPED)
            if pick.happens(word, d.share):
                ends, why = d.at, LOST
                break
    k.ends = ends
    k.why = why
    go_on(s, x, k, a.who, a.call + 1, since, gap)


def go_on(s: State, x: View, k: View, who: int, call: int, since: int, word: int) -> None:
    """What happens next, with the call of that number, unless the run is over then."""
    at, what = connection.follows(since, value(s, x.every, x.every_c, word), x.idle, k.ends, k.why)
    k.due = what
    if at < x.until:
        schedule(s, at, (OF_USER << WHO_BITS) + who, call << CALL_SHIFT, DUE, k.me)


def due(s: State, c: View, row: int, who: int, call: int) -> bool:
    """What happens to a connection now; `row` is 0 where a lost one is opened again; whether that is a call, now drawn."""
    x, user = view(s.connections, c.connections), who & USER_MASK
    if row == 0:
        draw_call(s, c, call, user, x.connect)
        return True
    k = view(s.connection, row)
    why = k.due
    if why == OPEN:
        draw_call(s, c, call, user, NULL)
        if view(s.block, c.block_first).body <= x.largest:
            gap, _, _, _ = words(c, call, 0, user, CONNECTED)
            go_on(s, x, k, who, call + 1, s.now, gap)
            return True
        why = TOO_LARGE
    move(s, x.open, -1)
    move(s, x.closed + why * x.closed_step, 1)
    k.next = s.connection_free
    s.connection_free = row
    if why != BY_CLIENT and x.returns:
        _, _, wait, _ = words(c, call, 0, user, CONNECTED)
        at = s.now + value(s, x.reconnect, x.reconnect_c, wait)
        if at < x.until:
            schedule(s, at, (OF_USER << WHO_BITS) + who, (call + 1) << CALL_SHIFT, DUE, 0)
    if x.disconnect == NULL:
        return False
    draw_call(s, c, call, user, x.disconnect)
    view(s.block, c.block_first).rtt = 0  # the gateway itself calls it
    return True
