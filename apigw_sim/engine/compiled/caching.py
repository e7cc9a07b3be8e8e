"""A stage's cache in integers: look-ups, what is kept, and who has to go when its bytes are full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.answers import because
from apigw_sim.engine.compiled.levels import level_of, move
from apigw_sim.engine.compiled.plain import copy, part, view
from apigw_sim.engine.compiled.words import ENTRY, QUEUE, REASON_BITS, STAGE, STATUS_BITS
from apigw_sim.plan.tables import Unauthorized
from apigw_sim.records import NULL, Cache, Flag
from apigw_sim.rules import edge, reason

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

HIT, MISS = int(Cache.HIT), int(Cache.MISS)
SERVED_OTHER, MAX_AGE_0, IGNORED_MAX_AGE_0 = (
    int(Flag.SERVED_OTHER),
    int(Flag.MAX_AGE_0),
    int(Flag.IGNORED_MAX_AGE_0),
)
FAIL_WITH_403 = int(Unauthorized.FAIL_WITH_403)
SIZE_SHIFT = STATUS_BITS + REASON_BITS


def look_up(s: State, a: View, m: View, now: int) -> bool:
    """Ask the stage's cache, if there is one: whether it answers."""
    st = view(s.stage, m.cache * STAGE)
    if st.capacity == 0 or now < st.ready:
        return False
    age = a.age
    if age > 0:
        a.flags |= MAX_AGE_0
        if age == 1 and m.require_authorization:
            if m.unauthorized == FAIL_WITH_403:
                because(s, a, reason.CACHE_INVALIDATION_DENIED, NULL, NULL)
                return False
            a.flags |= IGNORED_MAX_AGE_0
        else:
            if s.max_age_0_is_a_miss:
                a.cache = MISS
            return False
    where = (m.first_entry + a.entry) * ENTRY
    e = view(s.entry, where)
    if e.expires <= now and m.fold != NULL:
        e = view(s.entry, (m.first_entry + folded(s, a, m)) * ENTRY)
    if e.expires <= now:
        if e.expires > 0:
            drop(s, st, e)
        a.cache = MISS
        return False
    st.uses += 1
    e.used = st.uses
    answer = e.answer
    a.cache = HIT
    a.status = answer & ((1 << STATUS_BITS) - 1)
    a.reason = (answer >> STATUS_BITS) & ((1 << REASON_BITS) - 1)
    a.response = answer >> SIZE_SHIFT
    if e.resource != a.resource:
        a.flags |= SERVED_OTHER
    return True


def keep(s: State, a: View, m: View) -> None:
    """Put a backend's answer into the stage's cache, and push out what no longer fits."""
    now, response, status = s.now, a.response, a.status
    st = view(s.stage, m.cache * STAGE)
    if st.capacity == 0 or now < st.ready or response > s.largest_cached:
        return
    if status >= 400 and not s.cache_errors:
        return
    entry = a.entry
    if m.fold != NULL:
        entry = folded(s, a, m)
    where = (m.first_entry + entry) * ENTRY
    e = view(s.entry, where)
    held = response + s.encryption_overhead
    if e.expires > 0:
        drop(s, st, e)
    if held > st.capacity:
        return
    while level_of(s, st.gauge) + held > st.capacity:
        push_out(s, st)
    e.expires = now + m.ttl
    e.resource = a.resource
    e.answer = (response << REASON_BITS | a.reason) << STATUS_BITS | status
    st.uses += 1
    e.used = st.uses
    if st.binds:
        line_up(s, st, where)
    move(s, st.gauge, held)


def folded(s: State, a: View, m: View) -> int:
    """The entry that stands for the attempt's where the deployment's cache key does not tell them apart."""
    x = view(s.fold, m.fold)
    constants = part(s.digits, x.constants, x.constants_n)
    return edge.entry_of(a.entry, constants, part(s.digits, x.digits, x.digits_n))


def drop(s: State, st: View, e: View) -> None:
    """An entry out of its cache; its place in the queue is found to be empty when its turn comes."""
    e.expires = 0
    move(s, st.gauge, -((e.answer >> SIZE_SHIFT) + s.encryption_overhead))


# the order of uses: a heap of (use, entry), in which a use may have been overtaken by later ones


def line_up(s: State, st: View, where: int) -> None:
    """An entry that has just been used joins the queue, at its end: no use is later."""
    if st.queue_n == st.queue_room:
        tidy(s, st)
    q = view(s.queue, st.queue + st.queue_n * QUEUE)
    e = view(s.entry, where)
    q.used = s.queued[where // ENTRY] = e.used
    q.where = where
    st.queue_n += 1


def push_out(s: State, st: View) -> None:
    """The entry whose last use is longest ago out of the cache.

    A hit costs a number, not a place: who comes first with a use that is not its last is put back by its last.
    """
    while True:
        q = view(s.queue, st.queue)
        e = view(s.entry, q.where)
        stands = e.expires > 0 and s.queued[q.where // ENTRY] == q.used
        if stands and e.used > q.used:
            q.used = s.queued[q.where // ENTRY] = e.used
            settle(s, st, 0)
            continue
        st.queue_n -= 1
        copy(s.queue, st.queue, s.queue, st.queue + st.queue_n * QUEUE, QUEUE)
        settle(s, st, 0)
        if stands:
            drop(s, st, e)
            return


def settle(s: State, st: View, place: int) -> None:
    """Let an entry of the queue sink to where its use belongs."""
    n = st.queue_n
    mover = view(s.queue, st.queue + place * QUEUE)
    used, where = mover.used, mover.where
    while 2 * place + 1 < n:
        child = 2 * place + 1
        c = view(s.queue, st.queue + child * QUEUE)
        if child + 1 < n and view(s.queue, st.queue + (child + 1) * QUEUE).used < c.used:
            child += 1
            c = view(s.queue, st.queue + child * QUEUE)
        if c.used >= used:
            break
        q = view(s.queue, st.queue + place * QUEUE)
        q.used = c.used
        q.where = c.where
        place = child
    q = view(s.queue, st.queue + place * QUEUE)
    q.used = used
    q.where = where


def tidy(s: State, st: View) -> None:
    """Only entries that are there stay in the queue: at most half of its room, so this is seldom."""
    kept = 0
    for place in range(st.queue_n):
        q = view(s.queue, st.queue + place * QUEUE)
        e = view(s.entry, q.where)
        if e.expires > 0 and s.queued[q.where // ENTRY] == q.used:
            to = view(s.queue, st.queue + kept * QUEUE)
            to.used = q.used
            to.where = q.where
            kept += 1
    st.queue_n = kept
    for place in range(kept // 2 - 1, -1, -1):
        settle(s, st, place)
