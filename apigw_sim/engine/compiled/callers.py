"""Clients: their calls, what an attempt draws, how they wait, give up and try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, MALFORMED, Group
from apigw_sim.engine.compiled.events import free_node, sink_client, take_node, wake
from apigw_sim.engine.compiled.plain import ahead, copy, part, view, words
from apigw_sim.engine.compiled.words import (
    ACCESS,
    ARRIVE,
    BUCKET,
    CALL_BLOCK,
    CALL_COLUMNS,
    DRAWN,
    ENTRY,
    FOR_EVER,
    KEY,
    LISTED,
    PARAMETER,
    PICK,
    PICKED,
    QUOTA,
    RETRY,
    ROW,
    SEND,
    TAKEN,
)
from apigw_sim.engine.order import USER_BITS, Rank
from apigw_sim.records import NULL, CallOutcome
from apigw_sim.rules import backoff, pick, quantile

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_CALL, OF_SEND, OF_WORK, OF_OUTCOME, OF_BIRTH = (
    int(Group.CALL),
    int(Group.SEND),
    int(Group.WORK),
    int(Group.OUTCOME),
    int(Group.BIRTH),
)
OF_PARAMETERS = int(Group.PARAMETERS)
OF_RETRY = int(Rank.RETRY)
SUCCEEDED, REFUSED, TIMED_OUT = map(int, (CallOutcome.SUCCEEDED, CallOutcome.REFUSED, CallOutcome.TIMED_OUT))
TABLE = quantile.SIZE
CRASHED, MISSHAPEN = CRASH, MALFORMED

# what an attempt draws


def four(s: State, a: View, group: int) -> tuple[int, int, int, int]:
    """The four words of a group for an attempt."""
    c = view(s.client, a.client)
    return words(c.key_0, c.key_1, a.call, a.number, group)


def value(s: State, table: int, constant: int, word: int) -> int:
    """The value of a law: by its table, or its constant where there is none."""
    if table == NULL:
        return constant
    return quantile.value(word, part(s.cells, table, TABLE))


def numbered(s: State, word: int, count: int, table: int) -> int:
    """A whole number 0..count-1: uniform, or by the alias table that begins at `table`."""
    if table == NULL:
        return pick.uniform(word, count)
    return pick.alias(word, part(s.cut, table, count), part(s.other, table, count))


def draw_send(s: State, a: View) -> None:
    """Round trip, body and overhead of a retry."""
    p = view(s.pick, a.pick)
    rtt, body, overhead, _ = four(s, a, OF_SEND)
    a.rtt = value(s, p.rtt, p.rtt_c, rtt)
    a.body = value(s, p.body, p.body_c, body)
    a.overhead = value(s, p.overhead, p.overhead_c, overhead)


def draw_work(s: State, a: View) -> int:
    """Duration and size of the answer, once an attempt gets so far; gives the service overhead."""
    p = view(s.pick, a.pick)
    service, duration, response, _ = four(s, a, OF_WORK)
    a.drawn_duration = value(s, p.duration, p.duration_c, duration)
    a.drawn_response = value(s, p.response, p.response_c, response)
    return value(s, p.service, p.service_c, service)


def draw_hit(s: State, a: View) -> int:
    """The time of a cache hit."""
    p = view(s.pick, a.pick)
    if p.hit == NULL:
        return p.hit_c
    _, _, _, hit = four(s, a, OF_WORK)
    return value(s, p.hit, p.hit_c, hit)


def draw_outcome(s: State, a: View, f: View) -> int:
    """The status of a backend's answer, or CRASH or MALFORMED; under a fault its errors too."""
    first = f.statuses
    if f.certain and f.errors == 0:
        return s.status[first]
    crash, malformed, status, error = four(s, a, OF_OUTCOME)
    found = s.status[first + pick.choose(status, part(s.share, first, f.statuses_n))]
    if pick.happens(malformed, f.malformed):
        found = MISSHAPEN
    if pick.happens(crash, f.crash):
        found = CRASHED
    if f.errors and pick.happens(error, f.errors):
        if f.is_lambda:
            return CRASHED
        return 503
    return found


# calls


def draw_when(s: State, client: int, first: int, count: int) -> None:
    """The words "when" of a client's calls first .. first + count - 1."""
    c, out = view(s.client, client), s.when
    for i in range(count):
        out[i], _, _, _ = words(c.key_0, c.key_1, first + i, 0, OF_CALL)


def draw_calls(s: State, c: View) -> None:
    """Draw a client's next calls, with their first attempts: many at once, so that no look-up waits for another."""
    n = c.instant_n if c.instant_n < DRAWN else DRAWN
    for i in range(n):
        draw_words(s, c, view(s.block, c.block_first + i * CALL_BLOCK), i)
    for i in range(n):
        look_words_up(s, c, view(s.block, c.block_first + i * CALL_BLOCK), i)
    for i in range(n):
        look_ahead(s, view(s.block, c.block_first + i * CALL_BLOCK))
    c.undrawn += n
    c.instant += n
    c.instant_n -= n
    c.block = c.block_first
    c.block_n = n
    if c.picked:
        c.listed_at += n * LISTED


def draw_words(s: State, c: View, b: View, i: int) -> None:
    """Draw a call: what it is, what its first attempt draws, and the words of its key and parameters."""
    call = c.undrawn + i
    _, which, b.key, age = words(c.key_0, c.key_1, call, 0, OF_CALL)
    picked = view(s.listed, c.listed_at + i * LISTED).pick if c.picked else 0
    if c.picked == 0 and c.weights_n > 1:
        picked = pick.choose(which, part(s.share, c.weights, c.weights_n))
    p = view(s.pick, c.pick + picked * PICK)
    b.at = s.instant[c.instant + i]
    b.pick = p.me
    b.age = (1 if age < p.age else 0) + (1 if age < p.authorized else 0)
    rtt, body, overhead = 0, 0, 0
    if p.sends:
        rtt, body, overhead, _ = words(c.key_0, c.key_1, call, 1, OF_SEND)
    b.rtt = value(s, p.rtt, p.rtt_c, rtt)
    b.body = value(s, p.body, p.body_c, body)
    b.overhead = value(s, p.overhead, p.overhead_c, overhead)
    if c.key_table != NULL:
        at = c.key_table + pick.column(b.key, c.key_n)
        ahead(s.cut, at)
        ahead(s.other, at)
    if p.parameters_n > 0 and c.listed == 0:
        b.resource, b.entry, b.third, b.fourth = words(c.key_0, c.key_1, call, 0, OF_PARAMETERS)
        d = view(s.parameter, p.parameters)
        if d.table != NULL:
            at = d.table + pick.column(b.resource, d.n)
            ahead(s.cut, at)
            ahead(s.other, at)


def look_words_up(s: State, c: View, b: View, i: int) -> None:
    """The key of a call, and the resource and the cache entry that it asks for."""
    p, said = view(s.pick, b.pick), view(s.listed, c.listed_at + i * LISTED)
    b.key = c.first_key + (numbered(s, b.key, c.key_n, c.key_table) if c.key_n > 0 else 0)
    resource, entry = p.resource, p.entry
    if c.listed:
        resource, entry = said.resource, said.entry
    elif p.parameters_n > 0:
        group = 0
        w0, w1, w2, w3 = b.resource, b.entry, b.third, b.fourth
        for number in range(p.parameters_n):
            d = view(s.parameter, p.parameters + number * PARAMETER)
            if d.word >> 2 != group:
                group = d.word >> 2
                w0, w1, w2, w3 = words(c.key_0, c.key_1, c.undrawn + i, 0, OF_PARAMETERS + group)
            slot = d.word & 3
            word = w0 if slot == 0 else w1 if slot == 1 else w2 if slot == 2 else w3
            found = numbered(s, word, d.n, d.table)
            resource += found * d.resource
            entry += found * d.entry
    b.resource = resource
    b.entry = entry
    if p.first_entry != NULL:
        ahead(s.entry, (p.first_entry + entry) * ENTRY)
    if c.replays:
        b.body = said.body


def look_ahead(s: State, b: View) -> None:
    """Have what a call will meet fetched: the buckets and the quota of its key."""
    p = view(s.pick, b.pick)
    if p.needs_key and b.key != NULL:
        k = view(s.key, b.key * KEY)
        x = view(s.access, (k.group * s.method_count + p.method) * ACCESS)
        ahead(s.bucket, (x.method + k.ordinal) * BUCKET)
        ahead(s.bucket, (x.plan + k.ordinal) * BUCKET)
        ahead(s.quota, (x.quota + k.ordinal) * QUOTA)


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
    body = a.body
    draw_send(s, a)
    if view(s.client, a.client).replays:
        a.body = body


def sent(s: State, a: View) -> int:
    """A request leaves for the gateway, now; gives the stage that follows."""
    timeout = view(s.client, a.client).timeout
    a.limit = s.now + timeout if timeout != NULL else FOR_EVER
    a.refs = 1
    a.gone = 0
    a.executed = 0
    a.response = 0
    a.flags = 0
    a.integration = NULL
    a.status = 0
    a.integration_status = NULL
    a.reason = 0
    a.refused_by = NULL
    a.tokens = NULL
    a.cache = 0
    if a.rtt > 1:
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
    if c.client_timeout and a.number < c.attempts:
        try_again(s, a, a.limit)
    else:
        ended(s, a, a.limit, NULL, TIMED_OUT)


def answered(s: State, a: View) -> None:
    """The answer leaves the gateway for a caller who waits for it: it ends the call or tries again."""
    c, status = view(s.client, a.client), a.status
    received = s.now + a.rtt - a.rtt // 2
    if status >= 400 and a.number < c.attempts and retried(s, c, status):
        try_again(s, a, received)
    else:
        ended(s, a, received, status, SUCCEEDED if status < 400 else REFUSED)


def retried(s: State, c: View, status: int) -> bool:
    """Whether a client retries a status."""
    for place in range(c.statuses, c.statuses + c.statuses_n):
        if s.status[place] == status:
            return True
    return False


def try_again(s: State, a: View, since: int) -> None:
    """Send the call once more, after a back-off that begins at `since`."""
    c = view(s.client, a.client)
    _, _, _, word = four(s, a, OF_SEND)
    wait = backoff.delay(c.jitter, c.base, c.cap, a.number - 1, a.previous, word)
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
