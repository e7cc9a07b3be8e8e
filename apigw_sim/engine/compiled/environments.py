"""Execution environments of Lambda in integers: how they are made, lie idle on a stack, and die (facts 10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.levels import move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BACKEND, ENVIRONMENT, ENVIRONMENT_COLUMNS, GAUGE
from apigw_sim.records import NULL

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State


RESET = 1 << 61
"""What the lifetime of an environment lacks that Lambda has reset: it looks expired, so that nobody else has to ask."""
AGAIN = -2
"""In the place of an invocation's Init: it finds its environment reset."""


def reset(v: View) -> None:
    """A timeout, or the end of its process, was the last of an environment."""
    if v.lifetime >= NULL:
        v.lifetime -= RESET
        v.resets += 1


def finds(a: View, v: View) -> None:
    """An invocation takes an environment that has been reset."""
    v.lifetime += RESET
    a.init = AGAIN


def lasts(v: View) -> int:
    """The lifetime of an environment when idle, reset or not."""
    lifetime: int = v.lifetime
    return lifetime if lifetime >= NULL else lifetime + RESET


def made(s: State, f: View, born: int, ready: int, lifetime: int) -> int:
    """The row of a new environment."""
    me = s.environment_free
    if me != 0:
        s.environment_free = view(s.environment, me).below
    else:
        me = s.environment_top
        s.environment_top = me + ENVIRONMENT
        if s.environment_top > s.environment_room:
            s.stop = 1
    v = view(s.environment, me)
    v.me = me
    v.number = f.births
    v.born = born
    v.ready = ready
    v.used = ready
    v.lifetime = lifetime
    v.served = 0
    v.connected = 0
    v.resets = 0
    v.function = f.me // BACKEND
    f.births += 1
    move(s, f.alive, 1)
    return me


def bury(s: State, a: View, f: View, now: int) -> None:
    """Drop expired environments from the top of the stack until a live one shows, which the invocation will get."""
    while f.idle != 0:
        v = view(s.environment, f.idle)
        if v.used + v.lifetime > now:
            return
        if v.used + lasts(v) > now:
            finds(a, v)
            return
        f.idle = v.below
        died(s, f, v)


def died(s: State, f: View, v: View) -> None:
    """An environment's idle lifetime has ended, since the last tick but before now."""
    at = v.used + lasts(v)
    left_at(s, f.alive, at)
    mourn(s, v, at)


def left_at(s: State, gauge: int, at: int) -> None:
    """Lower a level by one that had left at `at`, since the last tick or before it."""
    move(s, gauge, -1)
    since = at
    if since < s.last_tick:
        since = s.last_tick
    view(s.gauge, gauge * GAUGE).area -= s.now - since


def mourn(s: State, v: View, at: int) -> None:
    """An environment waits for its row to be written, in order."""
    if v.connected and at != NULL:  # its connection to a database is free
        left_at(s, view(s.database, view(s.backend, v.function * BACKEND).database).held, at)
    v.died = at
    v.below = 0
    if s.dead_first == 0:
        s.dead_first = v.me
    else:
        view(s.environment, s.dead_last).below = v.me
    s.dead_last = v.me
    s.stop = 1


def bury_all(s: State) -> None:
    """Write the rows of dead environments, as many as there is room for."""
    out = s.environments
    while s.dead_first != 0 and s.environments_n < s.block_rows:
        v, r = view(s.environment, s.dead_first), s.environments_n * ENVIRONMENT_COLUMNS
        out[r] = v.function
        out[r + 1] = v.number
        out[r + 2] = v.born
        out[r + 3] = v.ready
        out[r + 4] = v.used
        out[r + 5] = v.died
        out[r + 6] = v.served
        out[r + 7] = 1 if lasts(v) == NULL else 0
        out[r + 8] = v.resets
        s.environments_n += 1
        s.dead_first = v.below
        v.below = s.environment_free
        s.environment_free = v.me


def sweep(s: State, function: int, now: int) -> None:
    """Drop all expired environments of a function: at a tick, so that the level at the tick is right."""
    f, above = view(s.backend, function), 0
    here = f.idle
    while here != 0:
        v = view(s.environment, here)
        below = v.below
        if v.used + lasts(v) <= now:
            if above == 0:
                f.idle = below
            else:
                view(s.environment, above).below = below
            died(s, f, v)
        else:
            above = here
        here = below


def close(s: State, function: int) -> None:
    """The run is over: the idle environments of a function are written down, the least recently used first."""
    f, above = view(s.backend, function), 0
    here = f.idle
    f.idle = 0
    while here != 0:  # turn the stack over
        v = view(s.environment, here)
        below = v.below
        v.below = above
        above = here
        here = below
    while above != 0:
        v = view(s.environment, above)
        above = v.below
        mourn(s, v, NULL)
