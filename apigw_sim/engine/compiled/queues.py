"""SQS queues and their event source mappings, in integers: messages, and batches of them on their way to a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, Group
from apigw_sim.engine.compiled.callers import release, take_row
from apigw_sim.engine.compiled.drawing import four, value
from apigw_sim.engine.compiled.events import wake
from apigw_sim.engine.compiled.levels import level_of, move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import (
    BACKEND,
    GATHER,
    GROUP,
    MESSAGE,
    OFFER,
    POLL,
    RETURN,
    WIDEN,
    WORKED,
)
from apigw_sim.engine.order import Hop, Rank
from apigw_sim.records import NULL, Outcome
from apigw_sim.rules import event_source, pick
from apigw_sim.units import MINUTE

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_TIMER, OF_DONE, OF_WORK, OF_CALLER = int(Rank.TIMER), int(Rank.DONE), int(Hop.WORK), int(Hop.CALLER)
OF_EVENT_SOURCE, OF_CRASH = int(Group.EVENT_SOURCE), CRASH
CRASHED, RAN_OUT = int(Outcome.CRASH), int(Outcome.TIMEOUT)
SENT_WELL, RAN_WELL, A_MINUTE = 400, 200, MINUTE


def tally(s: State, gauge: int, by: int) -> None:
    """Move a figure of a queue or a stream."""
    move(s, gauge, by)


def later(s: State, a: View, at: int, rank: int, hop: int, what: int) -> None:
    """Something happens to a queue or to a batch at `at`."""
    wake(s, a, at, rank, hop, what)


def post(s: State, q: View, group: int) -> None:
    """A message, of a FIFO queue one of a message group, is in a queue, now."""
    me = take_message(s)
    m = view(s.message, me)
    m.group = q.groups + group * GROUP
    m.sent = s.now
    m.received = 0
    m.older = q.newest
    m.newer = 0
    if q.newest == 0:
        q.oldest = me
    else:
        view(s.message, q.newest).newer = me
    q.newest = me
    tally(s, q.sent, 1)
    stand(s, q, m)
    look(s, q)


def take_message(s: State) -> int:
    """A row of messages that is free."""
    me = s.message_free
    if me != 0:
        s.message_free = view(s.message, me).next
        return me
    me = s.message_top
    s.message_top = me + MESSAGE
    if s.message_top > s.message_room:
        s.stop = 1
    view(s.message, me).me = me
    return me


def lay_down(s: State, m: View) -> None:
    """A row of messages is free again."""
    m.next = s.message_free
    s.message_free = m.me


def stand(s: State, q: View, m: View) -> None:
    """A message can be received, after those of its group that can be already."""
    tally(s, q.visible, 1)
    g = view(s.group, m.group)
    m.next = 0
    if g.first == 0:
        g.first = m.me
        if g.busy == 0:
            ready(s, q, g)
    else:
        view(s.message, g.last).next = m.me
    g.last = m.me


def ready(s: State, q: View, g: View) -> None:
    """A group may be read, after those that may be already."""
    g.busy = 0
    g.next = 0
    if q.first == 0:
        q.first = g.me
    else:
        view(s.group, q.last).next = g.me
    q.last = g.me


def gone(s: State, q: View, m: View, where: int) -> None:
    """A message has left the queue."""
    tally(s, where, 1)
    if m.older == 0:
        q.oldest = m.newer
    else:
        view(s.message, m.older).newer = m.newer
    if m.newer == 0:
        q.newest = m.older
    else:
        view(s.message, m.newer).older = m.older
    lay_down(s, m)
    if q.oldest == 0:
        q.emptied = s.now


def look(s: State, q: View) -> None:
    """Let a batch be read, now, if messages wait and one more may be under way; else let there be more of them."""
    if q.first == 0 or q.polling or q.function == NULL:
        return
    if q.under_way < q.at_once:
        if q.window and level_of(s, q.visible) < q.batch:
            if q.due == 0:
                q.due = s.now + q.window
            if q.gathering == 0:
                q.gathering = 1
                later(s, view(s.row, q.row), q.due, OF_TIMER, OF_CALLER, GATHER)
            return
        q.polling = 1
        later(s, view(s.row, q.row), s.now, OF_TIMER, 0, POLL)
    elif q.at_once < q.most and q.widening == 0:
        q.widening = 1
        later(s, view(s.row, q.row), s.now + A_MINUTE, OF_TIMER, OF_WORK, WIDEN)


def of_queue(s: State, a: View, what: int) -> None:
    """What happens to a queue, or to a batch whose messages are visible again."""
    q = view(s.sqs, a.pick)
    if what == GATHER and s.now < q.due:  # a full batch has ended the window before
        later(s, a, q.due, OF_TIMER, OF_CALLER, GATHER)
        return
    if what == GATHER:
        q.gathering = 0
        if q.due == 0:
            return
    if what == POLL or what == GATHER:
        if what == POLL:
            q.polling = 0
        q.due = 0
        if q.under_way < q.at_once and level_of(s, q.hidden) + q.batch <= q.most_hidden:
            receive(s, a, q)
            look(s, q)
        return
    if what == WIDEN:
        q.widening = 0
        if q.first != 0 and q.under_way >= q.at_once:
            q.at_once = event_source.widened(q.at_once, q.step, q.most)
    else:
        again(s, a, q)
        release(s, a)
    look(s, q)


def again(s: State, a: View, q: View) -> None:
    """The messages of a batch that failed can be received again: of a FIFO queue before the others of their group."""
    here, last = a.entry, a.entry
    tally(s, q.hidden, -a.age)
    while here != 0:
        last = here
        m = view(s.message, here)
        here = m.next
        if q.fifo == 0:
            stand(s, q, m)
    if q.fifo:
        tally(s, q.visible, a.age)
        m = view(s.message, last)
        g = view(s.group, m.group)
        m.next = g.first
        if g.first == 0:
            g.last = last
        g.first = a.entry
        ready(s, q, g)


def receive(s: State, a: View, q: View) -> None:
    """A batch of a group is read and on its way, if one of them has a message that is not given up."""
    first, count = 0, 0
    while q.first != 0 and count == 0:
        g = view(s.group, q.first)
        q.first = g.next
        first, count = read(s, q, g)
        if q.fifo and count > 0:
            g.busy = 1
        elif g.first != 0:
            ready(s, q, g)
    if count > 0:
        send(s, a, q, first, count)


def read(s: State, q: View, g: View) -> tuple[int, int]:
    """Up to a batch of those that wait: the first of them, and how many; who are too old or received too often go another way."""
    first, last, count, now = 0, 0, 0, s.now
    while g.first != 0 and count < q.batch:
        m = view(s.message, g.first)
        g.first = m.next
        tally(s, q.visible, -1)
        if now - m.sent > q.retention:
            gone(s, q, m, q.expired)
        elif event_source.is_dead(m.received, q.most_receives):
            gone(s, q, m, q.dead)
        else:
            m.received += 1
            tally(s, q.received, 1)
            tally(s, q.hidden, 1)
            m.next = 0
            if first == 0:
                first = m.me
            else:
                view(s.message, last).next = m.me
            last = m.me
            count += 1
    return first, count


def send(s: State, a: View, q: View, first: int, count: int) -> None:
    """A batch is on its way."""
    now = s.now
    q.under_way += 1
    q.batches += 1
    b = view(s.row, take_row(s))
    b.refs = 1
    b.who = a.who
    b.client = a.client
    b.call = q.batches
    b.number = 0
    b.record = 0
    b.gone = 0
    b.body = 0
    b.release = 0
    b.alias = NULL
    b.backend = q.function * BACKEND
    b.pick = q.me
    b.entry = first
    b.age = count
    b.started = now
    later(s, b, now, OF_TIMER, 0, OFFER)


def batch_work(s: State, a: View, f: View) -> tuple[int, int]:
    """The duration of a batch, and whether it crashes; what it answers nobody reads."""
    q = view(s.sqs, a.pick)
    duration, crash, error, _ = four(s, a, OF_EVENT_SOURCE)
    status = RAN_WELL
    if pick.happens(crash, f.crash) or (f.errors and pick.happens(error, f.errors)):
        status = OF_CRASH
    return value(s, q.duration, q.duration_c, duration) + a.age * q.per_message, status


def offered(s: State, a: View) -> None:
    """The function has a batch, or Lambda has refused it: it gets it again while its messages are hidden."""
    q = view(s.sqs, a.pick)
    again = s.now + q.backoff
    if a.duration != NULL:
        later(s, a, a.end, OF_DONE, 0, WORKED)
    elif event_source.may_retry(a.started, q.visibility, again):
        later(s, a, again, OF_TIMER, 0, OFFER)
    else:
        over(s, a)


def over(s: State, a: View) -> None:
    """A batch is under way no longer: its messages are deleted, or stay hidden for what is left of their timeout."""
    q = view(s.sqs, a.pick)
    q.under_way -= 1
    failed = a.duration == NULL or a.outcome == CRASHED or a.outcome == RAN_OUT
    here, group = a.entry, view(s.message, a.entry).group
    while here != 0 and not failed:
        m = view(s.message, here)
        here = m.next
        tally(s, q.hidden, -1)
        gone(s, q, m, q.deleted)
    if q.fifo and not failed:
        g = view(s.group, group)
        g.busy = 0
        if g.first != 0:
            ready(s, q, g)
    look(s, q)
    if failed:
        later(s, a, event_source.visible_again(a.started, q.visibility, s.now), OF_TIMER, 0, RETURN)
    else:
        release(s, a)
