"""Lambda in integers: execution environments, concurrency, its request rate and its scaling rate (facts 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, REFUSES
from apigw_sim.engine.compiled.asynchronous import event_birth, event_work
from apigw_sim.engine.compiled.authorizing import question
from apigw_sim.engine.compiled.callers import begun
from apigw_sim.engine.compiled.checks import too_large
from apigw_sim.engine.compiled.databases import queried
from apigw_sim.engine.compiled.drawing import OF_AUTHORIZER_BIRTH, OF_BIRTH, draw_outcome, four, value
from apigw_sim.engine.compiled.environments import AGAIN, bury, made, reset
from apigw_sim.engine.compiled.jobs import (
    BEGINS,
    BY_ACCOUNT,
    BY_AUTHORIZER,
    BY_EVENT_QUEUE,
    BY_INTEGRATION,
    BY_RESERVED,
    BY_RPS,
    BY_SCALING,
    CRASHED,
    MALFORMED,
    NORMAL_SPEED,
    OK,
    OUTAGE,
    RAN_OUT,
    REFUSED,
    TOO_LARGE,
    record_job,
    stretched,
)
from apigw_sim.engine.compiled.levels import hold, level_of, move, spend
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.queues import batch_work
from apigw_sim.engine.compiled.words import (
    BUCKET,
    EVENT,
    METHOD,
)
from apigw_sim.records import NULL
from apigw_sim.rules import pick, reason, window
from apigw_sim.rules.bucket import TOKEN, refill

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_CRASH, OF_REFUSES = CRASH, REFUSES
UNAUTHORIZED_STATUS = reason.REASONS[reason.UNAUTHORIZED].status


def invoke(s: State, a: View, f: View) -> int:
    """An invocation reaches Lambda, on demand: it is refused, or gets an environment."""
    now = s.now
    refusal = refused(s, a, f, now)
    if refusal != OK:
        refuse(s, a, f, refusal)
        return REFUSED
    spend_rates(s, a, f)
    if f.idle != 0:
        a.environment = f.idle
        f.idle = view(s.environment, f.idle).below
    else:
        a.environment = born(s, a, f, now)
    occupy(s, f, 1)
    return BEGINS


def refuse(s: State, a: View, f: View, refusal: int) -> None:
    """Lambda refuses an invocation."""
    a.outcome = refusal
    if refusal == TOO_LARGE:
        a.job_status = 413
    elif refusal != OUTAGE:
        a.job_status = 429
    record_job(s, a, f)


def spend_rates(s: State, a: View, f: View) -> None:
    """An invocation spends of the request rates of its reservation and of the account."""
    for number in (f.own_rps, f.all_rps):
        if number != NULL and view(s.bucket, number * BUCKET).off == 0 and a.detached != EVENT:
            spend(s, number)


def execute(s: State, a: View, f: View) -> None:
    """An environment begins an invocation, and its end is known."""
    now = s.now
    view(s.environment, a.environment).served += 1
    if a.source == BY_AUTHORIZER:
        duration, status = question(s, a, f)
    elif a.source != BY_INTEGRATION:
        duration, status = of_queues(s, a, f)
    else:
        a.repeated = begun(s, a)
        duration, status = a.drawn_duration, draw_outcome(s, a, f)
    if f.slow != NORMAL_SPEED:
        duration, status = slowed(s, a, f, duration, status)
    if status > 0:
        a.job_status = status
    elif status == OF_CRASH:
        a.outcome = CRASHED
        if f.exits:
            exits(s, a, f)
    elif status == OF_REFUSES:
        a.outcome = CRASHED
        a.job_status = UNAUTHORIZED_STATUS
    else:
        a.outcome = MALFORMED
    if duration > f.timeout:
        duration = f.timeout
        a.outcome = RAN_OUT
        a.job_status = NULL
        reset(view(s.environment, a.environment))
    a.duration = duration
    end = now + duration
    if a.init != NULL:
        if a.init == AGAIN:
            end = now + again(s, a, f)
        else:
            end += a.provisioning + a.init
    a.end = end


def exits(s: State, a: View, f: View) -> None:
    """An invocation crashes: perhaps that ends its environment's process."""
    _, _, _, word = four(s, a, birth_of(s, a) if a.source else OF_BIRTH)
    if pick.happens(word, f.exits):
        reset(view(s.environment, a.environment))


def again(s: State, a: View, f: View) -> int:
    """An environment that was reset initialises within the Duration, and the timeout, of an invocation (facts 10.3)."""
    a.init = NULL
    if f.cold:
        _, init, _, _ = four(s, a, birth_of(s, a) if a.source else OF_BIRTH)
        a.duration += value(s, f.init, f.init_c, init)
        if a.duration > f.timeout:
            a.duration = f.timeout
            a.outcome = RAN_OUT
            a.job_status = NULL
            reset(view(s.environment, a.environment))
    return a.duration


def slowed(s: State, a: View, f: View, duration: int, status: int) -> tuple[int, int]:
    """A duration under the function's fault, with its query of a database; without a connection it crashes."""
    if f.slow > 0:
        return stretched(f, duration), status
    query = queried(s, a, f)
    duration = duration * -f.slow // NORMAL_SPEED
    if query == NULL:
        return duration, OF_CRASH
    return duration + query, status


def of_queues(s: State, a: View, f: View) -> tuple[int, int]:
    """What a batch of a queue works, or an event that is tried again."""
    if a.source == BY_EVENT_QUEUE:
        return event_work(s, a, f)
    return batch_work(s, a, f)


def occupy(s: State, f: View, by: int) -> None:
    """Concurrency of a function and of the pools it draws from."""
    move(s, f.in_use, by)
    move(s, f.account_in_use, by)
    if f.reserved == NULL:
        move(s, f.unreserved_in_use, by)


def refused(s: State, a: View, f: View, now: int) -> int:
    """Why Lambda refuses, or OK."""
    if f.outage:
        return OUTAGE
    m = view(s.method, a.release * METHOD)
    if a.source == 0 and a.body > m.largest_binary and too_large(s, a, m):
        return TOO_LARGE
    reserved = f.reserved
    if reserved != NULL:
        if level_of(s, f.in_use) - view(s.backend, f.main).provisioned >= reserved:
            a.job_refused_by = f.reserved_limit
            return BY_RESERVED
    elif level_of(s, f.unreserved_in_use) >= f.unreserved:
        a.job_refused_by = f.unreserved_limit
        return BY_ACCOUNT
    if not has_tokens(s, a, f, now):
        return BY_RPS
    bury(s, a, f, now)
    if f.idle == 0 and not may_scale(s, f, now):
        a.job_refused_by = f.scaling_limit
        return BY_SCALING
    return OK


def has_tokens(s: State, a: View, f: View, now: int) -> bool:
    """Whether the request rates of its reservation and of the account let one more invocation in."""
    for number in (f.own_rps, f.all_rps):
        if number == NULL:
            continue
        empty = hold(s, number, now) < TOKEN
        if empty and view(s.bucket, number * BUCKET).off == 0 and a.detached != EVENT:
            a.job_refused_by = view(s.bucket, number * BUCKET).limit
            return False
    return True


def may_scale(s: State, f: View, now: int) -> bool:
    """A thousand new environments in any ten seconds (or as a bucket, an assumption)."""
    most = s.scaling
    if most == NULL:
        return True
    g = view(s.backend, f.main)
    if s.scaling_bucket:
        rate = most * TOKEN // s.scaling_window
        g.scaling_level = refill(g.scaling_level, g.scaling_at, now, rate, most * TOKEN)
        g.scaling_at = now
        return g.scaling_level >= TOKEN
    nth_last = NULL
    if g.ring_n == most:
        nth_last = s.ring[g.ring + g.ring_at]
    return window.sliding(nth_last, now, s.scaling_window)


# environments


def born(s: State, a: View, f: View, now: int) -> int:
    """A new environment, for this attempt."""
    provisioning, init, lifetime, _ = four(s, a, birth_of(s, a) if a.source else OF_BIRTH)
    ready = now
    if f.cold:
        a.provisioning = value(s, f.provisioning, f.provisioning_c, provisioning)
        a.init = value(s, f.init, f.init_c, init)
        ready += a.provisioning + a.init
    me = made(s, f, now, ready, value(s, f.lifetime, f.lifetime_c, lifetime))
    most = s.scaling
    if most != NULL:
        g = view(s.backend, f.main)
        if s.scaling_bucket:
            g.scaling_level -= TOKEN
        elif most > 0:
            s.ring[g.ring + g.ring_at] = now
            g.ring_at += 1
            if g.ring_at == most:
                g.ring_at = 0
            if g.ring_n < most:
                g.ring_n += 1
    return me


def birth_of(s: State, a: View) -> int:
    """The group of the words of an environment that no integration causes."""
    if a.source == BY_EVENT_QUEUE:
        return event_birth(s, a)
    return OF_AUTHORIZER_BIRTH


def idle_again(s: State, a: View, f: View) -> None:
    """The invocation has ended: its environment is idle again, the most recently used."""
    occupy(s, f, -1)
    v = view(s.environment, a.environment)
    v.used = s.now
    v.below = f.idle
    f.idle = v.me
