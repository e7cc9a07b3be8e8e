"""Clients: their calls, what an attempt draws, how they wait, give up and try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.connections import closes, comes, connects, due, heard
from apigw_sim.engine.compiled.drawing import OF_SEND, draw_call, draw_calls, draw_key, draw_send, four
from apigw_sim.engine.compiled.events import CALL_SHIFT, WHO_MASK, free_node, sink_client, take_node, wake
from apigw_sim.engine.compiled.names import aimed
from apigw_sim.engine.compiled.plain import ahead, copy, view, words
from apigw_sim.engine.compiled.processes import THROTTLED, learnt, listed, may_retry, may_send
from apigw_sim.engine.compiled.users import goes_on, next_comes
from apigw_sim.engine.compiled.words import (
    ARRIVE,
    CALL_BLOCK,
    CALL_COLUMNS,
    CLIENT,
    FOR_EVER,
    FREED,
    HELD,
    LEFT,
    LINE,
    PERMIT,
    PICK,
    PICKED,
    RETRY,
    ROW,
    SEND,
    SENT,
    TAKEN,
    TOLD,
    WAIT,
)
from apigw_sim.engine.order import USER_BITS, USER_MASK, Hop, Rank
from apigw_sim.records import NULL, PREFLIGHT, CallOutcome
from apigw_sim.rules import backoff, pick

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_RETRY, OF_TIMEOUT, OF_ANSWER, OF_HEARING = map(int, (Rank.RETRY, Rank.TIMEOUT, Rank.ANSWER, Hop.HEARD))
OF_USER = int(Rank.USER)
INTENDED = 4
"""The column of `calls` that says when a call was due."""
SUCCEEDED, REFUSED, TIMED_OUT, SHORT_CIRCUITED, *_ = map(int, CallOutcome)
PREFLIGHT_FAILED = int(CallOutcome.PREFLIGHT_FAILED)
OF_BROWSER = int(Group.BROWSER)


def opened(s: State) -> View:
    """The next call of all clients, as its first attempt."""
    c = view(s.client, s.turn[0])
    if c.block_n == 0:
        draw_calls(s, c)
    a = first_attempt(s, c, c.number << USER_BITS, c.call, c.block)
    # the client's next
    c.block_n -= 1
    c.call += 1
    c.block += CALL_BLOCK
    if c.block_n > 0:
        c.at = view(s.block, c.block).at
        ahead(s.block, c.block + CALL_BLOCK)
        ahead(s.block, c.block + CALL_BLOCK + LINE)
    elif c.instant_n > 0:
        c.at = s.instant[c.instant]
    else:
        s.wants = c.me
        s.stop = 1
    if s.clients > 1 and s.wants == 0:
        sink_client(s, 0)
    return a


def started(s: State) -> int:
    """The row of a user's call that starts, as its first attempt; the node of its event is free and still as it was."""
    n = view(s.node, s.node_free)
    who, call, step = n.rank & WHO_MASK, n.id >> CALL_SHIFT, n.row
    c = view(s.client, ((who >> USER_BITS) + 1) * CLIENT)
    u = view(s.users, c.users)
    if call == 0:
        next_comes(s, u, who)
    draw_call(s, c, call, who & USER_MASK, step if u.steps > 0 else NULL)
    return first_attempt(s, c, who, call, c.block_first).me


def connection_due(s: State) -> int:
    """The row of the call that a connection makes now, 0: none; the node of its event is free and still as it was."""
    n = view(s.node, s.node_free)
    who, call, row = n.rank & WHO_MASK, n.id >> CALL_SHIFT, n.row
    c = view(s.client, ((who >> USER_BITS) + 1) * CLIENT)
    if not due(s, c, row, who, call):
        return 0
    return first_attempt(s, c, who, call, c.block_first).me


def first_attempt(s: State, c: View, who: int, call: int, block: int) -> View:
    """The first attempt of a call that stands in `block`."""
    a = view(s.row, take_row(s))
    a.who = who
    a.client = c.me
    a.call = call
    a.number = 1
    a.started = s.now
    a.record = 0
    a.previous = c.base
    copy(s.row, a.me + PICKED, s.block, block, TAKEN)
    return a


def resent(s: State, a: View) -> None:
    """A retry leaves for the gateway: what it draws; it carries the body that a trace gave it."""
    c, body = view(s.client, a.client), a.body
    draw_send(s, a)
    if c.replays:
        a.body = body
    if c.drops_key:  # it may have lost its own on the way
        a.key = draw_key(s, c, a)


def sent(s: State, a: View) -> int:
    """A request leaves for the gateway, now, if its client's process lets it; gives the stage that follows."""
    a.refs = 1
    c = view(s.client, a.client)
    if c.keeps:
        if c.connections != NULL:
            return by_connection(s, c, a)
        if c.workers != NULL and a.number == 1 and waits_for_worker(s, c, a):
            return WAIT
        if c.names != NULL:
            c = aimed(s, c, a)
        at = may_send(s, c, a)
        if at == NULL:
            a.number -= 1
            over(s, c, a, s.now, NULL, SHORT_CIRCUITED)
            release(s, a)
            return WAIT
        if at > s.now:
            wake(s, a, at, OF_RETRY, 0, HELD)
            return WAIT
        if c.browsers > 0 and asks_first(s, c, a):
            return WAIT
    return leaves(s, a, c)


def by_connection(s: State, c: View, a: View) -> int:
    """A call of a connection leaves, now; gives the stage that follows. For $disconnect nobody waits."""
    if a.who & USER_MASK == 0:
        comes(s, c, a)
    what = leaves(s, a, c)
    if closes(s, c, a):
        a.limit = FOR_EVER
    return what


def leaves(s: State, a: View, c: View) -> int:
    """A request leaves for the gateway, now; gives the stage that follows."""
    timeout = c.timeout
    a.limit = s.now + timeout if timeout != NULL else FOR_EVER
    a.gone = 0
    a.executed = 0
    if s.detoured:
        blank(a)
    if a.rtt > 1 or c.detours:
        return SEND
    return ARRIVE


def blank(a: View) -> None:
    """Nothing of the answer is known: written when a request meets what may answer it, so that it is at hand then."""
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


def will_answer(s: State, a: View, instant: int) -> None:
    """The gateway will answer at `instant`: who cannot have it within its limit gives up at the limit."""
    if a.gone == 0 and instant + a.rtt - a.rtt // 2 > a.limit:
        give_up(s, a)


def give_up(s: State, a: View) -> None:
    """The caller stops waiting at its limit; the gateway and the backend know nothing of it."""
    a.gone = 1
    c = view(s.client, a.client)
    if c.keeps:
        told(s, c, a, a.limit, OF_TIMEOUT, LEFT)
    elif c.client_timeout and a.number < c.attempts:
        try_again(s, a, a.limit)
    else:
        ended(s, a, a.limit, NULL, TIMED_OUT)


def answered(s: State, a: View) -> None:
    """The answer leaves the gateway for a caller who waits for it: it ends the call or tries again."""
    c, status = view(s.client, a.client), a.status
    received = s.now + a.rtt - a.rtt // 2
    if c.keeps:
        told(s, c, a, received, OF_ANSWER, TOLD)
    elif status >= 400 and a.number < c.attempts and listed(s, c, status):
        try_again(s, a, received)
    else:
        ended(s, a, received, status, SUCCEEDED if status < 400 else REFUSED)


def told(s: State, c: View, a: View, at: int, rank: int, what: int) -> None:
    """A client has its answer, or gives up, at `at`; only who keeps something by that instant has to hear of it then."""
    if c.processes > 0 or a.number > PREFLIGHT:
        if at > s.now:
            a.refs += 1
            wake(s, a, at, rank, OF_HEARING, what)
            return
        at = s.now
    learns(s, a, at, what)


def learns(s: State, a: View, at: int, what: int) -> None:
    """What a client learns at `at` of an attempt, and what it does next."""
    c = view(s.client, a.client)
    status = NULL if what == LEFT else a.status
    if a.number > PREFLIGHT:
        permitted(s, c, a, status)
        return
    again = c.client_timeout != 0
    if status != NULL:
        again = listed(s, c, status)
    if c.processes > 0:
        learnt(s, c, a, status)
    if again and c.connections != NULL:
        again = connects(s, c, a)
    if again and a.number < c.attempts and may_retry(s, c, a, status):
        try_again(s, a, at)
    elif status == NULL:
        over(s, c, a, at, NULL, TIMED_OUT)
    else:
        over(s, c, a, at, status, SUCCEEDED if status < 400 else REFUSED)


def over(s: State, c: View, a: View, at: int, status: int, outcome: int) -> None:
    """The call of a client that keeps something is over: a user goes on, or a worker is free."""
    ended(s, a, at, status, outcome)
    if c.connections != NULL:
        heard(s, c, a, at, outcome)
    elif c.users != NULL:
        goes_on(s, c, a, at)
    elif c.workers != NULL:
        s.calls[(s.calls_n - 1) * CALL_COLUMNS + INTENDED] = view(s.node, a.record).id
        a.refs += 1
        wake(s, a, at, OF_USER, 0, FREED)


def asks_first(s: State, c: View, a: View) -> bool:
    """Whether a browser sends a preflight, now, and not yet the request that it asks for."""
    p = view(s.pick, a.pick)
    if p.preflight == NULL or view(s.permit, permission(s, c, a) * PERMIT).expires > s.now:
        return False
    b = view(s.row, take_row(s))
    me = b.me
    copy(s.row, me, s.row, a.me, ROW)
    b.me = me
    b.number = a.number + PREFLIGHT
    b.pick = c.pick + p.preflight * PICK
    b.key = NULL
    b.resource = 0
    b.entry = 0
    b.age = 0
    b.record = 0
    b.previous = a.me  # no back-off follows a preflight: here stands what it asks for
    draw_send(s, b)
    wake(s, b, s.now, OF_RETRY, 0, HELD)
    return True


def permission(s: State, c: View, a: View) -> int:
    """The number of the permission that an attempt needs, over all clients."""
    user = a.who & USER_MASK
    browser = user - 1
    if user == 0:
        word, _, _, _ = words(c, a.call, 0, 0, OF_BROWSER)
        browser = pick.uniform(word, c.browsers)
    return c.permissions + browser * c.each + view(s.pick, a.pick).permission + a.resource


def permitted(s: State, c: View, b: View, status: int) -> None:
    """A browser has the answer to a preflight, or (NULL) none in time: what was asked for is sent, now, or it fails."""
    a = view(s.row, b.previous)
    if status >= 200 and status < 300:
        x = view(s.permit, permission(s, c, a) * PERMIT)
        if s.now + c.permitted_for > x.expires:
            x.expires = s.now + c.permitted_for
        wake(s, a, s.now, OF_RETRY, 0, HELD)
    else:
        a.number -= 1
        over(s, c, a, s.now, NULL, PREFLIGHT_FAILED)
        release(s, a)


def waits_for_worker(s: State, c: View, a: View) -> bool:
    """A call is due, or a worker is free for one that was: whether it has to wait.

    The record that its attempts share keeps, as its `id`, when it was due.
    """
    workers = view(s.workers, c.workers)
    if a.record == 0:
        a.record = take_node(s)
        due = view(s.node, a.record)
        due.row = 1
        due.at = FOR_EVER
        due.id = s.now
    if workers.free > 0:
        workers.free -= 1
        a.started = s.now
        return False
    a.next = 0
    if workers.first == 0:
        workers.first = a.me
    else:
        view(s.row, workers.last).next = a.me
    workers.last = a.me
    return True


def freed(s: State, a: View) -> int:
    """A worker's call is over: the first that is due goes next, if the run is not over; gives its row, 0: none."""
    workers = view(s.workers, view(s.client, a.client).workers)
    release(s, a)
    workers.free += 1
    found = workers.first
    if found == 0 or s.now >= workers.until:
        return 0
    workers.first = view(s.row, found).next
    return found


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
    out, r = s.calls, s.calls_n * CALL_COLUMNS
    who = a.who
    out[r] = who >> USER_BITS
    out[r + 1] = who & USER_MASK
    out[r + 2] = a.call
    out[r + 3] = view(s.pick, a.pick).number
    out[r + INTENDED] = a.started
    out[r + 5] = a.started
    out[r + 6] = at
    out[r + 7] = a.number
    out[r + 8] = status
    out[r + 9] = outcome
    s.calls_n += 1
    if s.calls_n >= s.block_rows:
        s.stop = 1


# rows of attempts


def take_row(s: State) -> int:
    """A row that is free; the one after it is fetched, for who comes next."""
    found = s.row_free
    if found != 0:
        following = view(s.row, found).next
        s.row_free = following
        for word in range(0, SENT, LINE):
            ahead(s.row, following + word)
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
