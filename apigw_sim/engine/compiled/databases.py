"""Databases, in integers: connections that environments hold, and queries that load makes longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.drawing import four, value
from apigw_sim.engine.compiled.environments import sweep
from apigw_sim.engine.compiled.jobs import BY_AUTHORIZER, BY_EVENT_QUEUE, NORMAL_SPEED
from apigw_sim.engine.compiled.levels import level_of, move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BACKEND
from apigw_sim.records import NULL

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_QUERY = int(Group.QUERY)


def queried(s: State, a: View, f: View) -> int:
    """What the query of an invocation that begins takes; NULL: its environment gets no connection."""
    d, v = view(s.database, f.database), view(s.environment, a.environment)
    if v.connected == 0:
        if not connects(s, d):
            return NULL
        v.connected = 1
    move(s, d.busy, 1)
    group = OF_QUERY
    if a.source == BY_EVENT_QUEUE:
        group += view(s.message, a.next).received
    word, of_authorizer, _, _ = four(s, a, group)
    if a.source == BY_AUTHORIZER:
        word = of_authorizer
    return value(s, f.query, f.query_c, word) * s.status[d.load + level_of(s, d.busy)] // NORMAL_SPEED


def connects(s: State, d: View) -> bool:
    """Somebody connects, if a connection is free; who has died since has let its own go."""
    if level_of(s, d.held) >= d.connections:
        number = d.first
        while number != NULL:
            sweep(s, number * BACKEND, s.now)
            number = view(s.backend, number * BACKEND).kin
    if level_of(s, d.held) >= d.connections:
        move(s, d.refused, 1)
        return False
    move(s, d.held, 1)
    return True


def disconnects(s: State, f: View, v: View) -> None:
    """An invocation has ended: its connection is kept, or closed."""
    d = view(s.database, f.database)
    if v.connected:
        move(s, d.busy, -1)
        if f.keeps == 0:
            v.connected = 0
            move(s, d.held, -1)


# servers that ask a database


def asked(s: State, a: View, f: View) -> int:
    """What the query of a server's request that begins takes; NULL: it gets no connection. `next` says which it is."""
    d = view(s.database, f.database)
    a.next = 0
    if not connects(s, d):
        return NULL
    a.next = 1
    move(s, d.busy, 1)
    word, _, _, _ = four(s, a, OF_QUERY)
    return value(s, f.query, f.query_c, word) * s.status[d.load + level_of(s, d.busy)] // NORMAL_SPEED


def answered_for(s: State, a: View, f: View) -> None:
    """A server's request is over: its connection is free, and its place."""
    if a.next:
        d = view(s.database, f.database)
        move(s, d.busy, -1)
        move(s, d.held, -1)
    move(s, f.busy, -1)
