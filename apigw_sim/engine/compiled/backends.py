"""What stands behind integrations, in integers: HTTP backends with their queue; Lambda has files of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.aliases import choose_version
from apigw_sim.engine.compiled.callers import begun, release
from apigw_sim.engine.compiled.databases import answered_for, asked
from apigw_sim.engine.compiled.drawing import draw_outcome
from apigw_sim.engine.compiled.firehose import buffer
from apigw_sim.engine.compiled.gateway import detach
from apigw_sim.engine.compiled.jobs import (
    BEGINS,
    NORMAL_SPEED,
    OK,
    OUTAGE,
    QUEUE_FULL,
    SPILLED,
    record_job,
    stretched,
)
from apigw_sim.engine.compiled.lambdas import execute, idle_again, invoke
from apigw_sim.engine.compiled.levels import level_of, move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.provisioned import given_back, provided
from apigw_sim.engine.compiled.queues import SENT_WELL, post, tally
from apigw_sim.engine.compiled.services import key_of, takes
from apigw_sim.engine.compiled.words import BACKEND, UNUSUAL
from apigw_sim.records import NULL

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

NO_CONNECTION = 500
"""What a server answers that gets no connection of its database."""


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
    if f.is_lambda <= 0:
        enqueue(s, a, f)
        return
    found = SPILLED
    if f.is_lambda == UNUSUAL:
        found = provided(s, a, f)
    if found == SPILLED:
        found = invoke(s, a, f)
    if found == BEGINS:
        execute(s, a, f)


def free_place(s: State, a: View) -> None:
    """Work has ended: what it held is free, and its row is written."""
    f = view(s.backend, a.backend)
    if f.is_lambda == 1:
        idle_again(s, a, f)
    elif f.is_lambda > 0:
        given_back(s, a, f)
    elif f.is_lambda == 0:
        move(s, f.busy, -1)
    else:
        answered_for(s, a, f)
    record_job(s, a, f)


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
        z = view(s.service, f.service)
        if z.keeps and a.job_status < SENT_WELL:
            keep(s, a, f, z)
    else:
        if f.service == 0:
            a.outcome = QUEUE_FULL
            a.job_status = 503
            a.job_refused_by = f.capacity_limit
        record_job(s, a, view(s.backend, a.backend))


def keep(s: State, a: View, f: View, z: View) -> None:
    """What a service has taken is in its queue, or in its stream and in the buffer of Firehose."""
    if z.shards == 0:
        post(s, view(s.sqs, z.to), key_of(s, a, z) if z.keys else 0)
        return
    tally(s, z.incoming, 1)
    tally(s, z.incoming_bytes, a.body)
    if z.to:
        shard = (a.backend - f.me) // BACKEND
        buffer(s, view(s.firehose, z.to + shard * z.apart), a.body)


def start(s: State, a: View, f: View) -> None:
    """A place is taken, and the work's end is known."""
    now = s.now
    a.repeated = begun(s, a)
    move(s, f.busy, 1)
    a.queued = now - a.job_arrived
    duration, query = a.drawn_duration, 0
    if f.slow < 0:
        if f.load != NULL:  # its times grow with its load
            duration = duration * s.status[f.load + level_of(s, f.busy)] // NORMAL_SPEED
        duration = duration * -f.slow // NORMAL_SPEED
        if f.is_lambda < 0:
            query = asked(s, a, f)
            duration += max(query, 0)
    else:
        duration = stretched(f, duration)
    a.duration = duration
    a.end = now + duration
    a.job_status = draw_outcome(s, a, f)
    if query == NULL:
        a.job_status = NO_CONNECTION


def fail(s: State, a: View, f: View) -> None:
    """An outage: no answer."""
    a.outcome = OUTAGE
    a.queued = s.now - a.job_arrived
    record_job(s, a, f)


def waits(s: State, f: View) -> bool:
    """Whether a place is free and somebody waits for it."""
    if f.is_lambda > 0 or f.first == 0:
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
