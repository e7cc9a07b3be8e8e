"""Provisioned concurrency in integers: environments that are ready before anybody calls (facts 10.1, 10.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.checks import too_large
from apigw_sim.engine.compiled.databases import disconnects
from apigw_sim.engine.compiled.environments import finds, lasts, made, mourn
from apigw_sim.engine.compiled.jobs import BEGINS, BY_RPS, REFUSED, SPILLED
from apigw_sim.engine.compiled.lambdas import has_tokens, idle_again, refuse, spend_rates
from apigw_sim.engine.compiled.levels import level_of, move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import EVENT, METHOD
from apigw_sim.records import NULL
from apigw_sim.rules.bucket import TOKEN, cut, refill
from apigw_sim.rules.utilization import utilization

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State


def provided(s: State, a: View, f: View) -> int:
    """An invocation of a version with provisioned concurrency: it gets one of its environments, or spills over."""
    if f.provision < 0:  # it has none, only a database
        return SPILLED
    p, now = view(s.provision, f.provision), s.now
    count = level_of(s, p.allocated)
    m = view(s.method, a.release * METHOD)
    if f.outage or count == 0 or (a.source == 0 and a.body > m.largest_binary and too_large(s, a, m)):
        return SPILLED
    spends = p.limited != 0 and a.detached != EVENT
    if p.idle != 0 and spends:
        p.level = refill(p.level, p.at, now, p.rate, p.full)
        p.at = now
    if p.idle == 0 or (spends and p.level < TOKEN):
        a.job_refused_by = p.limit
        return SPILLED
    if not has_tokens(s, a, f, now):
        refuse(s, a, f, BY_RPS)
        return REFUSED
    spend_rates(s, a, f)
    if spends:
        p.level -= TOKEN
    a.provisioning = NULL
    a.environment = p.idle
    v = view(s.environment, p.idle)
    p.idle = v.below
    if v.lifetime < NULL:
        finds(a, v)
    occupy_provisioned(s, f, 1)
    return BEGINS


def occupy_provisioned(s: State, f: View, by: int) -> None:
    """Concurrency of a function in provisioned environments, which take nothing of the pools on demand."""
    p = view(s.provision, f.provision)
    move(s, f.in_use, by)
    move(s, f.account_in_use, by)
    view(s.backend, f.main).provisioned += by
    move(s, p.busy, by)
    measure(s, p)


def measure(s: State, p: View) -> None:
    """How much of what is provisioned is in use."""
    part = utilization(level_of(s, p.busy), level_of(s, p.allocated))
    move(s, p.utilization, part - level_of(s, p.utilization))


def given_back(s: State, a: View, f: View) -> None:
    """An invocation has ended: a provisioned environment is free again, or gone if it is one too many."""
    v = view(s.environment, a.environment)
    if f.database != NULL:
        disconnects(s, f, v)
    if lasts(v) != NULL:
        idle_again(s, a, f)
        return
    p = view(s.provision, f.provision)
    occupy_provisioned(s, f, -1)
    v.used = s.now
    if p.surplus > 0:
        p.surplus -= 1
        gone(s, f, v)
    else:
        v.below = p.idle
        p.idle = v.me


def gone(s: State, f: View, v: View) -> None:
    """A provisioned environment is not needed any more."""
    move(s, f.alive, -1)
    mourn(s, v, s.now)


def provide(s: State, f: View, count: int, rate: int, full: int, limited: int) -> None:
    """So many environments there are from now on; of those that are too many, busy ones go when they are free."""
    p, now = view(s.provision, f.provision), s.now
    before = level_of(s, p.allocated)
    p.level = cut(refill(p.level, p.at, now, p.rate, p.full), full)
    if before == 0:
        p.level = full
    p.at = now
    p.rate = rate
    p.full = full
    p.limited = limited
    move(s, p.allocated, count - before)
    for _ in range(count - before):
        if p.surplus > 0:
            p.surplus -= 1
        else:
            v = view(s.environment, made(s, f, now, now, NULL))
            v.below = p.idle
            p.idle = v.me
    for _ in range(before - count):
        if p.idle != 0:
            v = view(s.environment, p.idle)
            p.idle = v.below
            gone(s, f, v)
        else:
            p.surplus += 1
    measure(s, p)


def close_provisioned(s: State, f: View) -> None:
    """The run is over: provisioned environments are written down, the least recently used first."""
    p, above = view(s.provision, f.provision), 0
    while p.idle != 0:  # turn the stack over
        v = view(s.environment, p.idle)
        p.idle = v.below
        v.below = above
        above = v.me
    while above != 0:
        v = view(s.environment, above)
        above = v.below
        mourn(s, v, NULL)
