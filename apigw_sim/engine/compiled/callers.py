"""Clients: their calls, what an attempt draws, how they wait, give up and try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.drawing import OF_SEND, draw_calls, draw_key, draw_send, four
from apigw_sim.engine.compiled.events import free_node, sink_client, take_node, wake
from apigw_sim.engine.compiled.plain import copy, view
from apigw_sim.engine.compiled.processes import THROTTLED, learnt, listed, may_retry, may_send
from apigw_sim.engine.compiled.words import (
    ARRIVE,
    CALL_BLOCK,
    CALL_COLUMNS,
    FOR_EVER,
    HELD,
    LEFT,
    PICKED,
    RETRY,
    ROW,
    SEND,
    TAKEN,
    TOLD,
    WAIT,
)
from apigw_sim.engine.order import USER_BITS, Hop, Rank
from apigw_sim.records import NULL, CallOutcome
from apigw_sim.rules import backoff

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_RETRY, OF_TIMEOUT, OF_ANSWER, OF_HEARING = map(int, (Rank.RETRY, Rank.TIMEOUT, Rank.ANSWER, Hop.HEARD))
SUCCEEDED, REFUSED, TIMED_OUT, SHORT_CIRCUITED = map(int, CallOutcome)


def opened(s: State) -> View:
    """The next call of all clients, as its first attempt."""
    c = view(s.client, s.turn[0])
    if c.block_n == 0:
        draw_calls(s, c)
    a = view(s.row, take_row(s))
    a.who = c.number << USER_BITS
    a.client = c.me
    a.call = c.call
    a.number = 1
    a.started = s.now
    a.record = 0
    a.previous = c.base
    copy(s.row, a.me + PICKED, s.block, c.block, TAKEN)
    # the client's next
    c.block_n -= 1
    c.call += 1
    c.block += CALL_BLOCK
    if c.block_n > 0:
        c.at = view(s.block, c.block).at
    elif c.instant_n > 0:
        c.at = s.instant[c.instant]
    else:
        s.wants = c.me
        s.stop = 1
    if s.clients > 1 and s.wants == 0:
        sink_client(s, 0)
    return a


def resent(s: State, a: View) -> None:
    """A retry leaves for the gateway: what it draws; it carries the body that a trace gave it."""
    c, body = view(s.client, a.client), a.body
    draw_send(s, a)
    if c.replays:
        a.body = body
    if c.identities > 0:  # an authorizer may have given it another key
        a.key = draw_key(s, c, a.call)


def sent(s: State, a: View) -> int:
    """A request leaves for the gateway, now, if its client's process lets it; gives the stage that follows."""
    a.refs = 1
    c = view(s.client, a.client)
    if c.processes > 0:
        at = may_send(s, c, a)
        if at == NULL:
            a.number -= 1
            ended(s, a, s.now, NULL, SHORT_CIRCUITED)
            release(s, a)
            return WAIT
        if at > s.now:
            wake(s, a, at, OF_RETRY, 0, HELD)
            return WAIT
    return leaves(s, a, c)


def leaves(s: State, a: View, c: View) -> int:
    """A request leaves for the gateway, now; gives the stage that follows."""
    timeout = c.timeout
    a.limit = s.now + timeout if timeout != NULL else FOR_EVER
    a.gone = 0
    a.executed = 0
    a.response = 0
    a.flags = 0
    a.authorizing = NULL
    a.integration = NULL
    a.status = 0
    a.integration_status = NULL
    a.reason = 0
    a.refused_by = NULL
    a.tokens = NULL
    a.cache = 0
    a.authorizer = 0
    if a.rtt > 1 or c.detours:
        return SEND
    return ARRIVE


def will_answer(s: State, a: View, instant: int) -> None:
    """The gateway will answer at `instant`: who cannot have it within its limit gives up at the limit."""
    if a.gone == 0 and instant + a.rtt - a.rtt // 2 > a.limit:
        give_up(s, a)


def give_up(s: State, a: View) -> None:
    """The caller stops waiting at its limit; the gateway and the backend know nothing of it."""
    a.gone = 1
    c = view(s.client, a.client)
    if c.processes > 0:
        told(s, a, a.limit, OF_TIMEOUT, LEFT)
    elif c.client_timeout and a.number < c.attempts:
        try_again(s, a, a.limit)
    else:
        ended(s, a, a.limit, NULL, TIMED_OUT)


def answered(s: State, a: View) -> None:
    """The answer leaves the gateway for a caller who waits for it: it ends the call or tries again."""
    c, status = view(s.client, a.client), a.status
    received = s.now + a.rtt - a.rtt // 2
    if c.processes > 0:
        told(s, a, received, OF_ANSWER, TOLD)
    elif status >= 400 and a.number < c.attempts and listed(s, c, status):
        try_again(s, a, received)
    else:
        ended(s, a, received, status, SUCCEEDED if status < 400 else REFUSED)


def told(s: State, a: View, at: int, rank: int, what: int) -> None:
    """A client that keeps something between its calls has its answer, or gives up, at `at`."""
    if at <= s.now:
        learns(s, a, what)
        return
    a.refs += 1
    wake(s, a, at, rank, OF_HEARING, what)


def learns(s: State, a: View, what: int) -> None:
    """What a client's process learns now of an attempt, and what the client does next."""
    c = view(s.client, a.client)
    status = NULL if what == LEFT else a.status
    learnt(s, c, a, status)
    again = c.client_timeout != 0
    if status != NULL:
        again = listed(s, c, status)
    if again and a.number < c.attempts and may_retry(s, c, a, status):
        try_again(s, a, s.now)
    elif status == NULL:
        ended(s, a, s.now, NULL, TIMED_OUT)
    else:
        ended(s, a, s.now, status, SUCCEEDED if status < 400 else REFUSED)


def try_again(s: State, a: View, since: int) -> None:
    """Send the call once more, after a back-off that begins at `since`."""
    c = view(s.client, a.client)
    _, _, _, word = four(s, a, OF_SEND)
    base = c.base
    if c.base_throttled != NULL and a.gone == 0 and a.status == THROTTLED:
        base = c.base_throttled
    wait = backoff.delay(c.jitter, base, c.cap, a.number - 1, a.previous, word)
    if a.record == 0:
        a.record = take_node(s)
        view(s.node, a.record).row = 1  # attempts that hold the record
        view(s.node, a.record).at = a.number if a.executed else FOR_EVER
    view(s.node, a.record).row += 1
    b = view(s.row, take_row(s))
    me = b.me
    copy(s.row, me, s.row, a.me, ROW)
    b.me = me
    b.number = a.number + 1
    b.previous = wait
    wake(s, b, since + wait, OF_RETRY, 0, RETRY)


def begun(s: State, a: View) -> int:
    """Backend work begins for an attempt: whether it had begun for an earlier one of its call.

    The record that a call's attempts share keeps, as its `at`, the first for which work has begun.
    """
    a.executed = 1
    if a.record == 0:
        return 0
    record = view(s.node, a.record)
    first = record.at
    if a.number < first:
        record.at = a.number
    return 1 if first < a.number else 0


def ended(s: State, a: View, at: int, status: int, outcome: int) -> None:
    """The call is over for its client, after this attempt."""
    c, out, r = view(s.client, a.client), s.calls, s.calls_n * CALL_COLUMNS
    out[r] = c.number
    out[r + 1] = 0
    out[r + 2] = a.call
    out[r + 3] = view(s.pick, a.pick).number
    out[r + 4] = a.started
    out[r + 5] = at
    out[r + 6] = a.number
    out[r + 7] = status
    out[r + 8] = outcome
    s.calls_n += 1
    if s.calls_n >= s.block_rows:
        s.stop = 1


# rows of attempts


def take_row(s: State) -> int:
    """A row that is free."""
    found = s.row_free
    if found != 0:
        s.row_free = view(s.row, found).next
        return found
    found = s.row_top
    s.row_top = found + ROW
    if s.row_top > s.row_room:
        s.stop = 1
    view(s.row, found).me = found
    return found


def release(s: State, a: View) -> None:
    """One of an attempt's lives is over; with the last its row is free."""
    a.refs -= 1
    if a.refs > 0:
        return
    if a.record != 0:
        record = view(s.node, a.record)
        record.row -= 1
        if record.row == 0:
            free_node(s, a.record)
    a.next = s.row_free
    s.row_free = a.me
