"""Lambda's own queues of events, in integers: an event that did not go well waits and is tried again, or is given up.

An event that is not over keeps its attempt's row, whose word `next` has its own, a row of messages: when it was received,
how often its function has failed it (`received`), and how long it waited when it was last refused (`older`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, Group
from apigw_sim.engine.compiled.callers import begun, release
from apigw_sim.engine.compiled.drawing import four, value, works_of
from apigw_sim.engine.compiled.events import wake
from apigw_sim.engine.compiled.jobs import BY_RESERVED, CRASHED, OUTAGE, RAN_OUT, TOO_LARGE
from apigw_sim.engine.compiled.levels import move
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.queues import lay_down, post, take_message
from apigw_sim.engine.compiled.words import DROP, TRIED, TRY
from apigw_sim.engine.order import Hop, Rank
from apigw_sim.records import NULL
from apigw_sim.rules import event_queue, pick

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_TIMER, OF_DONE, OF_WORK = int(Rank.TIMER), int(Rank.DONE), int(Hop.WORK)
OF_RETRY, OF_RETRY_BIRTH, OF_OUTCOME, OF_BIRTH = (
    int(Group.EVENT_RETRY), int(Group.EVENT_BIRTH), int(Group.OUTCOME), int(Group.BIRTH),
)  # fmt: skip
OF_CRASH, RAN_WELL, MICROSECOND = CRASH, 200, 1000


def handed_over(s: State, a: View) -> None:
    """An asynchronous invocation has reached Lambda, now, and been tried once: if it was taken it is an event."""
    if a.outcome == OUTAGE or a.outcome == TOO_LARGE:
        return
    m = view(s.message, take_message(s))
    m.sent = s.now
    m.received = 0
    m.older = 0
    a.next = m.me
    a.refs += 1
    q = queue_of(s, a)
    move(s, q.received, 1)
    move(s, q.there, 1)
    goes_on(s, a)


def queue_of(s: State, a: View) -> View:
    """The queue of events of the function that an attempt invokes."""
    return view(s.event, view(s.backend, view(s.backend, a.backend).main).events)


def goes_on(s: State, a: View) -> None:
    """An event has been tried: its end is known, or it was refused and waits for longer than the time before."""
    if a.duration != NULL:
        wake(s, a, a.end, OF_DONE, OF_WORK, TRIED)
    elif a.outcome == BY_RESERVED and view(s.backend, a.backend).reserved == 0:
        given_up(s, a, queue_of(s, a).failed)
    else:
        m = view(s.message, a.next)
        m.older = event_queue.longer(m.older)
        waits(s, a, s.now + m.older)


def waits(s: State, a: View, again: int) -> None:
    """An event waits until it is tried again, or until it is too old."""
    at = event_queue.comes(view(s.message, a.next).sent, queue_of(s, a).most_age, again, s.now)
    wake(s, a, at, OF_TIMER, OF_WORK, DROP if at < again else TRY)


def has_run(s: State, a: View) -> None:
    """A function has ended with an event, well or not."""
    if a.outcome != CRASHED and a.outcome != RAN_OUT:
        over(s, a)
        return
    m, q = view(s.message, a.next), queue_of(s, a)
    m.received += 1
    if m.received > q.retries:
        given_up(s, a, q.failed)
    else:
        waits(s, a, s.now + event_queue.after_errors(m.received))


def comes_again(s: State, a: View) -> None:
    """An event is tried again, now."""
    q, age = queue_of(s, a), s.now - view(s.message, a.next).sent
    move(s, q.retried, 1)
    move(s, q.age, age)
    move(s, q.age, -age)
    move(s, q.ages, age // MICROSECOND)


def given_up(s: State, a: View, why: int) -> None:
    """An event is given up: it goes to another queue, or is lost."""
    move(s, why, 1)
    on_failure = queue_of(s, a).on_failure
    if on_failure != NULL:
        post(s, view(s.sqs, on_failure), 0)
    over(s, a)


def over(s: State, a: View) -> None:
    """An event is over."""
    move(s, queue_of(s, a).there, -1)
    lay_down(s, view(s.message, a.next))
    release(s, a)


def event_work(s: State, a: View, f: View) -> tuple[int, int]:
    """The duration of a retry, and whether it crashes; what it answers nobody reads."""
    errors, duration = view(s.message, a.next).received, a.drawn_duration
    a.repeated = begun(s, a)
    x = view(s.works, works_of(s, a, f.me))
    if errors > 0:
        a.repeated = 1
        word, crash, error, _ = four(s, a, OF_RETRY + errors - 1)
        duration = value(s, x.duration, x.duration_c, word)
    else:
        crash, _, _, error = four(s, a, OF_OUTCOME)
    if pick.happens(crash, x.crash) or (f.errors and pick.happens(error, f.errors)):
        return duration, OF_CRASH
    return duration, RAN_WELL


def event_birth(s: State, a: View) -> int:
    """The group of the words of an environment that a retry causes."""
    errors = view(s.message, a.next).received
    return OF_RETRY_BIRTH + errors - 1 if errors > 0 else OF_BIRTH
