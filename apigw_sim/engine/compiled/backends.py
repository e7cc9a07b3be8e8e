"""What stands behind integrations, in integers: Lambda (facts 10), and HTTP backends with their queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, REFUSES
from apigw_sim.engine.compiled.aliases import choose_version
from apigw_sim.engine.compiled.authorizing import question
from apigw_sim.engine.compiled.callers import begun, release
from apigw_sim.engine.compiled.checks import too_large
from apigw_sim.engine.compiled.drawing import OF_AUTHORIZER_BIRTH, OF_BIRTH, draw_outcome, four, value
from apigw_sim.engine.compiled.gateway import detach
from apigw_sim.engine.compiled.levels import hold, level_of, move, spend
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.queues import SENT_WELL, batch_work, post
from apigw_sim.engine.compiled.services import takes
from apigw_sim.engine.compiled.words import (
    BACKEND,
    BUCKET,
    ENVIRONMENT,
    ENVIRONMENT_COLUMNS,
    EVENT,
    GAUGE,
    INVOCATION_COLUMNS,
    METHOD,
)
from apigw_sim.engine.order import USER_BITS, USER_MASK
from apigw_sim.records import NULL, Outcome, Source
from apigw_sim.rules import reason, window
from apigw_sim.rules.bucket import TOKEN, refill

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OK, CRASHED, MALFORMED, RAN_OUT = (
    int(Outcome.OK),
    int(Outcome.CRASH),
    int(Outcome.MALFORMED),
    int(Outcome.TIMEOUT),
)
BY_ACCOUNT, BY_RESERVED = int(Outcome.THROTTLED_ACCOUNT), int(Outcome.THROTTLED_RESERVED)
BY_RPS, BY_SCALING = int(Outcome.THROTTLED_RPS), int(Outcome.THROTTLED_SCALING)
OUTAGE, QUEUE_FULL, TOO_LARGE = int(Outcome.OUTAGE), int(Outcome.QUEUE_FULL), int(Outcome.TOO_LARGE)
BY_INTEGRATION, BY_AUTHORIZER = int(Source.INTEGRATION), int(Source.AUTHORIZER)
NORMAL_SPEED, OF_CRASH, OF_REFUSES = 1000, CRASH, REFUSES
UNAUTHORIZED_STATUS = reason.REASONS[reason.UNAUTHORIZED].status


def reach(s: State, a: View, source: int) -> None:
    """A request, or its authorizer's, reaches its backend, now: it is refused, or begins, or waits."""
    a.source = source
    a.waiting = 0
    a.job_arrived = s.now
    a.queued = 0
    a.provisioning = 0
    a.init = NULL
    a.duration = NULL
    a.environment = 0
    a.outcome = OK
    a.job_status = NULL
    a.job_refused_by = NULL
    a.repeated = 0
    if a.alias != NULL:
        choose_version(s, a)
    f = view(s.backend, a.backend)
    if f.is_lambda:
        invoke(s, a, f)
    else:
        enqueue(s, a, f)


def free_place(s: State, a: View) -> None:
    """Work has ended: what it held is free, and its row is written."""
    f = view(s.backend, a.backend)
    if f.is_lambda:
        idle_again(s, a, f)
    else:
        move(s, f.busy, -1)
    record_job(s, a, f)


def stretched(f: View, duration: int) -> int:
    """A duration under the backend's fault."""
    if f.slow == NORMAL_SPEED:
        return duration
    return duration * f.slow // NORMAL_SPEED


def record_job(s: State, a: View, f: View) -> None:
    """The row of a job that has ended or was refused."""
    out, r = s.invocations, s.invocations_n * INVOCATION_COLUMNS
    out[r] = f.me // BACKEND
    out[r + 1] = a.source
    who = a.who
    out[r + 2] = who >> USER_BITS
    out[r + 3] = who & USER_MASK
    out[r + 4] = a.call
    out[r + 5] = a.number
    out[r + 6] = view(s.environment, a.environment).number if a.environment != 0 else NULL
    out[r + 7] = a.job_arrived
    out[r + 8] = a.queued
    out[r + 9] = a.provisioning
    out[r + 10] = a.init
    out[r + 11] = a.duration
    out[r + 12] = a.outcome
    out[r + 13] = a.job_status
    out[r + 14] = a.job_refused_by
    out[r + 15] = 0 if a.detached == EVENT else 1 if a.detached or a.gone else 0
    out[r + 16] = a.repeated
    out[r + 17] = 1
    if a.source == BY_INTEGRATION:
        out[r + 17] = view(s.pick, a.pick).idempotent
    elif a.source != BY_AUTHORIZER:  # nobody called for a batch of a queue
        out[r + 2] = NULL
    out[r + 18] = a.alias
    s.invocations_n += 1
    if s.invocations_n >= s.block_rows:
        s.stop = 1


# HTTP backends


def enqueue(s: State, a: View, f: View) -> None:
    """A request reaches an HTTP backend: a place, the queue, or its own 503."""
    if f.outage:
        fail(s, a, f)
    elif f.concurrency == NULL or level_of(s, f.busy) < f.concurrency:
        start(s, a, f)
    elif level_of(s, f.queued) < f.queue:
        a.waiting = 1
        last = f.last
        if last == NULL:  # the last that came is next
            a.next = f.first
            f.first = a.me
        else:
            a.next = 0
            if f.first == 0:
                f.first = a.me
            else:
                view(s.row, last).next = a.me
            f.last = a.me
        move(s, f.queued, 1)
    elif f.service and takes(s, a, f):  # it has no places, so that all its requests come here
        start(s, a, f)
        if view(s.service, f.service).sqs and a.job_status < SENT_WELL:
            post(s, view(s.sqs, view(s.service, f.service).sqs))
    else:
        if f.service == 0:
            a.outcome = QUEUE_FULL
            a.job_status = 503
            a.job_refused_by = f.capacity_limit
        record_job(s, a, f)


def start(s: State, a: View, f: View) -> None:
    """A place is taken, and the work's end is known."""
    now = s.now
    a.repeated = begun(s, a)
    move(s, f.busy, 1)
    a.queued = now - a.job_arrived
    duration = a.drawn_duration
    if f.slow < 0:  # its times grow with its load
        duration = duration * s.status[f.load + level_of(s, f.busy)] // NORMAL_SPEED * -f.slow // NORMAL_SPEED
    else:
        duration = stretched(f, duration)
    a.duration = duration
    a.end = now + duration
    a.job_status = draw_outcome(s, a, f)


def fail(s: State, a: View, f: View) -> None:
    """An outage: no answer."""
    a.outcome = OUTAGE
    a.queued = s.now - a.job_arrived
    record_job(s, a, f)


def waits(s: State, f: View) -> bool:
    """Whether a place is free and somebody waits for it."""
    if f.is_lambda or f.first == 0:
        return False
    return level_of(s, f.busy) < f.concurrency


def take_next(s: State, f: View) -> int:
    """The first of the queue begins, or fails; it, if the gateway still waits for it, else 0."""
    a = view(s.row, f.first)
    f.first = a.next
    move(s, f.queued, -1)
    a.waiting = 0
    if f.outage:
        fail(s, a, f)
    else:
        start(s, a, f)
    if a.detached == 0:
        return a.me
    if a.duration != NULL:
        detach(s, a)
    else:
        release(s, a)
    return 0


# functions


def invoke(s: State, a: View, f: View) -> None:
    """An invocation reaches Lambda: it is refused, or an environment begins it."""
    now = s.now
    refusal = refused(s, a, f, now)
    if refusal != OK:
        a.outcome = refusal
        if refusal == TOO_LARGE:
            a.job_status = 413
        elif refusal != OUTAGE:
            a.job_status = 429
        record_job(s, a, f)
        return
    for number in (f.own_rps, f.all_rps):
        if number != NULL and view(s.bucket, number * BUCKET).off == 0 and a.detached != EVENT:
            spend(s, number)
    if f.idle != 0:
        a.environment = f.idle
        f.idle = view(s.environment, f.idle).below
    else:
        a.environment = born(s, a, f, now)
    view(s.environment, a.environment).served += 1

    if a.source:
        if a.source == BY_AUTHORIZER:
            duration, status = question(s, a, f)
        else:
            duration, status = batch_work(s, a, f)
    else:
        a.repeated = begun(s, a)
        duration, status = a.drawn_duration, draw_outcome(s, a, f)
    occupy(s, f, 1)
    duration = stretched(f, duration)
    if status > 0:
        a.job_status = status
    elif status == OF_CRASH:
        a.outcome = CRASHED
    elif status == OF_REFUSES:
        a.outcome = CRASHED
        a.job_status = UNAUTHORIZED_STATUS
    else:
        a.outcome = MALFORMED
    if duration > f.timeout:
        duration = f.timeout
        a.outcome = RAN_OUT
        a.job_status = NULL
    a.duration = duration
    end = now + duration
    if a.init != NULL:
        end += a.provisioning + a.init
    a.end = end


def occupy(s: State, f: View, by: int) -> None:
    """Concurrency of a function and of the pools it draws from."""
    move(s, f.in_use, by)
    move(s, s.account_in_use, by)
    if f.reserved == NULL:
        move(s, s.unreserved_in_use, by)


def refused(s: State, a: View, f: View, now: int) -> int:
    """Why Lambda refuses, or OK."""
    if f.outage:
        return OUTAGE
    m = view(s.method, a.release * METHOD)
    if a.source == 0 and a.body > m.largest_binary and too_large(s, a, m):
        return TOO_LARGE
    reserved = f.reserved
    if reserved != NULL:
        if level_of(s, f.in_use) >= reserved:
            a.job_refused_by = f.reserved_limit
            return BY_RESERVED
    elif level_of(s, s.unreserved_in_use) >= s.unreserved:
        a.job_refused_by = s.unreserved_limit
        return BY_ACCOUNT
    for number in (f.own_rps, f.all_rps):
        if number == NULL:
            continue
        empty = hold(s, number, now) < TOKEN
        if empty and view(s.bucket, number * BUCKET).off == 0 and a.detached != EVENT:
            a.job_refused_by = view(s.bucket, number * BUCKET).limit
            return BY_RPS
    bury(s, f, now)
    if f.idle == 0 and not may_scale(s, f, now):
        a.job_refused_by = f.scaling_limit
        return BY_SCALING
    return OK


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
    provisioning, init, lifetime, _ = four(s, a, OF_AUTHORIZER_BIRTH if a.source else OF_BIRTH)
    ready = now
    if f.cold:
        a.provisioning = value(s, f.provisioning, f.provisioning_c, provisioning)
        a.init = value(s, f.init, f.init_c, init)
        ready += a.provisioning + a.init
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
    v.born = now
    v.ready = ready
    v.used = ready
    v.lifetime = value(s, f.lifetime, f.lifetime_c, lifetime)
    v.served = 0
    v.function = f.me // BACKEND
    f.births += 1
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
    move(s, f.alive, 1)
    return me


def idle_again(s: State, a: View, f: View) -> None:
    """The invocation has ended: its environment is idle again, the most recently used."""
    occupy(s, f, -1)
    v = view(s.environment, a.environment)
    v.used = s.now
    v.below = f.idle
    f.idle = v.me


def bury(s: State, f: View, now: int) -> None:
    """Drop expired environments from the top of the stack until a live one shows."""
    while f.idle != 0:
        v = view(s.environment, f.idle)
        if v.used + v.lifetime > now:
            return
        f.idle = v.below
        died(s, f, v)


def died(s: State, f: View, v: View) -> None:
    """An environment's idle lifetime has ended, since the last tick but before now."""
    at = v.used + v.lifetime
    move(s, f.alive, -1)
    since = at
    if since < s.last_tick:
        since = s.last_tick
    view(s.gauge, f.alive * GAUGE).area -= s.now - since
    mourn(s, v, at)


def mourn(s: State, v: View, at: int) -> None:
    """An environment waits for its row to be written, in order."""
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
        if v.used + v.lifetime <= now:
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
