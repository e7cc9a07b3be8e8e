"""The loop: the next event, and the straight line of stages behind it, until what is under way must wait.

An event enters where its attempt waits and falls through. One event needs at most `words.ROOM` rows, nodes and records,
so room is looked for once before each. Entries: `advance`, `tick`, `sweep`, `close`, `flush`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.asynchronous import (
    comes_again,
    given_up,
    goes_on,
    handed_over,
    has_run,
    queue_of,
)
from apigw_sim.engine.compiled.authorizing import asked, authorize, heard, unanswered
from apigw_sim.engine.compiled.backends import free_place, reach, take_next, waits
from apigw_sim.engine.compiled.callers import (
    answered,
    connection_due,
    freed,
    give_up,
    learns,
    leaves,
    opened,
    release,
    resent,
    sent,
    started,
)
from apigw_sim.engine.compiled.environments import bury_all
from apigw_sim.engine.compiled.events import fetch, free_node, pop, sink_client
from apigw_sim.engine.compiled.fronts import at_edge
from apigw_sim.engine.compiled.gateway import (
    admitted,
    answering,
    arrive,
    detach,
    known,
    learn,
    record,
    timed_out,
    travel,
    watch_limits,
)
from apigw_sim.engine.compiled.plain import taken, view
from apigw_sim.engine.compiled.queues import of_queue, offered, over
from apigw_sim.engine.compiled.words import (
    ADMIT,
    ANSWER,
    ANSWERING,
    ARRIVE,
    ASK,
    ASK_LATE,
    ASKED,
    BLOCK_FULL,
    CALLS,
    DONE,
    DROP,
    DUE,
    EDGE,
    EVENT,
    FOR_EVER,
    FREED,
    GIVE_UP,
    GROW,
    GUARD,
    HEARD,
    HELD,
    KNOWN,
    LAPSE,
    LATE,
    LEARN,
    LEFT,
    OFFER,
    POLL,
    REACHED,
    RELAY,
    RETRY,
    SEND,
    START,
    TIMED_OUT,
    TRIED,
    TRY,
    UNANSWERED,
    WAIT,
    WORK,
    WORKED,
)
from apigw_sim.records import NULL, Source

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

BY_INTEGRATION, BY_AUTHORIZER, BY_EVENT_SOURCE, BY_EVENT_QUEUE = map(int, Source)


def advance(s: State, until: int) -> int:
    """Let everything before `until` happen; gives why it came back (`words.REACHED` and others), and is called again."""
    if s.turned:
        s.turned = 0
        sink_client(s, 0)
    while True:
        if s.stop:
            why = needs(s)
            if why != REACHED:
                return why
        if s.drain != 0:
            a, what = drained(s)
        else:
            opens = FOR_EVER
            if s.clients > 0:
                opens = view(s.client, s.turn[0]).at
            if s.heap_n == 0 and s.pending > 0:
                fetch(s, opens if opens < until else until)
            if s.heap_n > 0 and s.heap[0] <= opens:
                if s.heap[0] >= until:
                    return REACHED
                node = pop(s)
                n = view(s.node, node)
                s.pending -= 1
                s.now = n.at
                a, what = view(s.row, n.row), n.what
                free_node(s, node)
            else:
                if opens >= until:
                    return REACHED
                s.now = opens
                a = opened(s)
                what = sent(s, a)

        if what >= RETRY and what <= LEFT:
            if what == RETRY or what == START or what == FREED or what == DUE:
                row = a.me
                if what == RETRY:
                    resent(s, a)
                elif what == START:
                    row = started(s)
                elif what == FREED:
                    row = freed(s, a)
                else:
                    row = connection_due(s)
                what = WAIT
                if row != 0:
                    a = view(s.row, row)
                    what = sent(s, a)
            elif what == HELD:
                what = leaves(s, a, view(s.client, a.client))
            else:
                learns(s, a, s.now, what)
                release(s, a)
                what = WAIT
        if what == SEND:
            what = travel(s, a)
        elif what == RELAY or what == LATE:
            if what == LATE and a.detached == 0:
                a.detached = 1
            reach(s, a, BY_INTEGRATION)
            what = reached(s, a, what)
        elif what == DONE or what == WORK:
            free_place(s, a)
            if waits(s, view(s.backend, a.backend)):
                s.drain = a.backend + 1  # the first backend's id is 0
                s.drain_row = a.me if what == DONE else 0
                if what == WORK:
                    release(s, a)
                what = WAIT
            elif what == WORK:
                release(s, a)
            else:
                what = LEARN
        elif what == LAPSE:
            what = lapsed(s, a)
        elif what == GIVE_UP:
            if a.gone == 0 and a.waiting and a.detached == 0:
                give_up(s, a)
            release(s, a)
        elif what == EDGE:
            what = at_edge(s, a)
        if what == ARRIVE:
            what = arrive(s, a)
        if what >= GUARD:
            what = guarded(s, a, what)
        if what == ADMIT:
            what = admitted(s, a)
        if what == KNOWN:
            what = known(s, a)
        if what == LEARN:
            what = learn(s, a)
        elif what == TIMED_OUT:
            what = timed_out(s, a)
        if what == ANSWERING:
            answering(s, a)
        elif what == ANSWER:
            record(s, a)
            if a.gone == 0:
                answered(s, a)
            release(s, a)


def needs(s: State) -> int:
    """What has to be done before the next event, where anything may be; REACHED: nothing."""
    if s.wants != 0:
        return CALLS
    if s.row_top > s.row_room or s.node_top > s.node_room:
        return GROW
    if s.environment_top > s.environment_room or s.message_top > s.message_room:
        return GROW
    if s.connection_top > s.connection_room:
        return GROW
    if s.dead_first != 0:
        bury_all(s)
    block = s.block_rows
    if s.environments_n >= block:
        return BLOCK_FULL
    if (s.attempts_n >= block or s.invocations_n >= block or s.calls_n >= block) and not handed_on(s):
        return BLOCK_FULL
    s.stop = 0
    return REACHED


def handed_on(s: State) -> bool:
    """Whether rows go to who takes them where they stand, and all of those have been taken that are nearly enough."""
    if s.takes == 0:
        return False
    nearly = nearly_full(s.block_rows)
    if s.attempts_n >= nearly:
        if not taken(s.takes_attempts, s.of_attempts, s.attempts, s.attempts_n):
            return False
        s.attempts_n = 0
    if s.invocations_n >= nearly:
        if not taken(s.takes_invocations, s.of_invocations, s.invocations, s.invocations_n):
            return False
        s.invocations_n = 0
    if s.calls_n >= nearly:
        if not taken(s.takes_calls, s.of_calls, s.calls, s.calls_n):
            return False
        s.calls_n = 0
    return True


def nearly_full(block: int) -> int:
    """How many rows of a table go with those of another whose block is full."""
    return 3 * block // 4 if block > 1 else 1


def reached(s: State, a: View, what: int) -> int:
    """What follows when a request has reached its backend; of one that came too late only its work is left."""
    if a.detached == EVENT:  # Lambda has it, and the gateway waits no longer
        handed_over(s, a)
        if what != LATE:
            return LEARN
        release(s, a)
        return WAIT
    if what == LATE:
        if a.waiting:
            return WAIT
        if a.duration == NULL:
            release(s, a)
            return WAIT
        detach(s, a)
        return WAIT
    if a.waiting:
        return watch_limits(s, a)
    return KNOWN


def guarded(s: State, a: View, what: int) -> int:
    """What an authorizer does, from the arrival to its verdict, and what a queue does; gives the stage that follows."""
    if what == GUARD:
        return authorize(s, a)
    if what == UNANSWERED:
        return unanswered(s, a)
    if what >= POLL:
        of_queue(s, a, what)
        return WAIT
    if what == DROP:
        given_up(s, a, queue_of(s, a).expired)
        return WAIT
    if what == ASK or what == ASK_LATE or what == OFFER or what == TRY:
        source, detached = BY_AUTHORIZER, 0
        if what == ASK_LATE:
            detached = 1
        elif what == OFFER:
            source = BY_EVENT_SOURCE
        elif what == TRY:
            source, detached = BY_EVENT_QUEUE, EVENT
            comes_again(s, a)
        a.detached = detached
        reach(s, a, source)
        if what == OFFER:
            offered(s, a)
            return WAIT
        if what == TRY:
            goes_on(s, a)
            return WAIT
        if what == ASK_LATE:
            return reached(s, a, LATE)
        what = asked(s, a)
    elif what == ASKED or what == WORKED or what == TRIED:
        free_place(s, a)
        if what == TRIED:
            has_run(s, a)
            return WAIT
        if what == WORKED:
            over(s, a)
            return WAIT
        what = HEARD
    if what == HEARD:
        return heard(s, a)
    return what


def lapsed(s: State, a: View) -> int:
    """The gateway's limit: if the work still waits in a queue, it will be done for nobody."""
    if a.waiting == 0:
        release(s, a)
        return WAIT
    a.detached = 1
    return TIMED_OUT


def drained(s: State) -> tuple[View, int]:
    """A place has become free: who waits for it begins, until nobody can; then the attempt goes on whose work ended."""
    f = view(s.backend, s.drain - 1)
    found, what = s.drain_row, LEARN
    if waits(s, f):
        found, what = take_next(s, f), KNOWN
    else:
        s.drain = 0
    if found == 0:
        what = WAIT
    return view(s.row, found), what
