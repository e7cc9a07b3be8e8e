"""SQS queues and their event source mappings, in integers: messages, and batches of them on their way to a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, Group
from apigw_sim.engine.compiled.callers import release, take_row
from apigw_sim.engine.compiled.drawing import four, value
from apigw_sim.engine.compiled.events import wake
from apigw_sim.engine.compiled.levels import level_of, move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BACKEND, MESSAGE, OFFER, POLL, RETURN, WIDEN, WORKED
from apigw_sim.engine.order import Hop, Rank
from apigw_sim.records import NULL, Outcome
from apigw_sim.rules import event_source, pick
from apigw_sim.units import MINUTE

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_TIMER, OF_DONE, OF_WORK = int(Rank.TIMER), int(Rank.DONE), int(Hop.WORK)
OF_EVENT_SOURCE, OF_CRASH = int(Group.EVENT_SOURCE), CRASH
CRASHED, RAN_OUT = int(Outcome.CRASH), int(Outcome.TIMEOUT)
SENT_WELL, RAN_WELL, A_MINUTE = 400, 200, MINUTE


def tally(s: State, gauge: int, by: int) -> None:
    """Move a figure of a queue."""
    move(s, gauge, by)


def later(s: State, a: View, at: int, rank: int, hop: int, what: int) -> None:
    """Something happens to a queue or to a batch at `at`."""
    wake(s, a, at, rank, hop, what)


def post(s: State, q: View) -> None:
    """A message is in a queue, now."""
    me = take_message(s)
    m = view(s.message, me)
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
    """A message can be received, after those that can be already."""
    tally(s, q.visible, 1)
    m.next = 0
    if q.first == 0:
        q.first = m.me
    else:
        view(s.message, q.last).next = m.me
    q.last = m.me


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
        q.polling = 1
        later(s, view(s.row, q.row), s.now, OF_TIMER, 0, POLL)
    elif q.at_once < q.most and q.widening == 0:
        q.widening = 1
        later(s, view(s.row, q.row), s.now + A_MINUTE, OF_TIMER, OF_WORK, WIDEN)


def of_queue(s: State, a: View, what: int) -> None:
    """What happens to a queue, or to a batch whose messages are visible again."""
    q = view(s.sqs, a.pick)
    if what == POLL:
        q.polling = 0
        if q.under_way < q.at_once and level_of(s, q.hidden) + q.batch <= q.most_hidden:
            receive(s, a, q)
            look(s, q)
        return
    if what == WIDEN:
        q.widening = 0
        if q.first != 0 and q.under_way >= q.at_once:
            q.at_once = event_source.widened(q.at_once, q.step, q.most)
    else:
        here = a.entry
        while here != 0:
            m = view(s.message, here)
            here = m.next
            tally(s, q.hidden, -1)
            stand(s, q, m)
        release(s, a)
    look(s, q)


def receive(s: State, a: View, q: View) -> None:
    """A batch is read and on its way; messages that are too old or were received too often go another way."""
    first, last, count, now = 0, 0, 0, s.now
    while q.first != 0 and count < q.batch:
        m = view(s.message, q.first)
        q.first = m.next
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
    if count == 0:
        return
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
    here = a.entry
    while here != 0 and not failed:
        m = view(s.message, here)
        here = m.next
        tally(s, q.hidden, -1)
        gone(s, q, m, q.deleted)
    look(s, q)
    if failed:
        later(s, a, event_source.visible_again(a.started, q.visibility, s.now), OF_TIMER, 0, RETURN)
    else:
        release(s, a)
