"""What calls and attempts draw: first attempts many at once, retries and backend work one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import CRASH, MALFORMED, Group
from apigw_sim.engine.compiled.plain import ahead, part, view, words
from apigw_sim.engine.compiled.words import (
    ACCESS,
    BACKEND,
    BUCKET,
    CALL_BLOCK,
    CHANCE,
    CLIENT,
    DRAWN,
    ENTRY,
    KEY,
    LINE,
    LISTED,
    METHOD,
    PARAMETER,
    PICK,
    QUOTA,
    WORKS,
)
from apigw_sim.engine.order import USER_BITS, USER_MASK
from apigw_sim.records import NULL
from apigw_sim.rules import pick, quantile

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_CALL, OF_SEND, OF_WORK, OF_OUTCOME, OF_BIRTH, OF_ALIAS = (
    int(Group.CALL), int(Group.SEND), int(Group.WORK), int(Group.OUTCOME), int(Group.BIRTH), int(Group.ALIAS),
)  # fmt: skip
OF_IDENTITY, OF_STANDING, OF_AUTHORIZER, OF_AUTHORIZER_FAULT, OF_AUTHORIZER_BIRTH = (
    int(Group.IDENTITY), int(Group.STANDING), int(Group.AUTHORIZER), int(Group.AUTHORIZER_FAULT),
    int(Group.AUTHORIZER_BIRTH),
)  # fmt: skip
OF_PARAMETERS, OF_REQUEST, OF_GATEWAY = int(Group.PARAMETERS), int(Group.REQUEST), int(Group.GATEWAY)
TABLE = quantile.SIZE
CRASHED, MISSHAPEN = CRASH, MALFORMED

# what an attempt draws


def four(s: State, a: View, group: int) -> tuple[int, int, int, int]:
    """The four words of a group for an attempt."""
    who = a.who
    c = view(s.client, ((who >> USER_BITS) + 1) * CLIENT)
    return words(c, a.call, a.number, who & USER_MASK, group)


def of_request(s: State, a: View) -> tuple[int, int, int, int]:
    """The words of a call for the validity of its body and of its parameters, and for its content type."""
    c = view(s.client, a.client)
    return words(c, a.call, 0, a.who & USER_MASK, OF_REQUEST)


def value(s: State, table: int, constant: int, word: int) -> int:
    """The value of a law: by its table, or its constant where there is none."""
    if table == NULL:
        return constant
    return quantile.value(word, part(s.cells, table, TABLE))


def numbered(s: State, word: int, count: int, table: int) -> int:
    """A whole number 0..count-1: uniform, or by the alias table that begins at `table`."""
    if table == NULL:
        return pick.uniform(word, count)
    return pick.alias(word, part(s.columns, table, count))


def draw_send(s: State, a: View) -> None:
    """Round trip, body and overhead of a retry."""
    p = view(s.pick, a.pick)
    rtt, body, overhead, _ = four(s, a, OF_SEND)
    a.rtt = value(s, p.rtt, p.rtt_c, rtt)
    a.body = value(s, p.body, p.body_c, body)
    a.overhead = value(s, p.overhead, p.overhead_c, overhead)


def draw_work(s: State, a: View, works: int) -> int:
    """Duration and size of the answer, once an attempt gets so far; gives the service overhead."""
    x = view(s.works, works)
    service, duration, response, _ = four(s, a, OF_WORK)
    a.drawn_duration = value(s, x.duration, x.duration_c, duration)
    a.drawn_response = value(s, x.response, x.response_c, response)
    return value(s, x.service, x.service_c, service)


def works_of(s: State, a: View, backend: int) -> int:
    """Where that stands which an attempt draws for a backend, by the stage variables in a function's event."""
    return (backend // BACKEND + view(s.method, a.release * METHOD).context) * WORKS


def draw_hit(s: State, a: View) -> int:
    """The time of a cache hit."""
    if s.hit == NULL:
        return s.hit_c
    _, _, _, hit = four(s, a, OF_WORK)
    return value(s, s.hit, s.hit_c, hit)


def draw_outcome(s: State, a: View, f: View) -> int:
    """The status of a backend's answer, or CRASH or MALFORMED; under a fault its errors too."""
    first = f.statuses
    if f.certain and f.errors == 0:
        return s.status[first]
    crash, malformed, status, error = four(s, a, OF_OUTCOME)
    several, broken, failing = f.statuses_n, f.malformed, f.crash
    if f.contexts:
        x = view(s.works, works_of(s, a, a.backend))
        first, several, broken, failing = x.statuses, x.statuses_n, x.malformed, x.crash
    found = s.status[first + pick.choose(status, part(s.share, first, several))]
    if (f.refuses & view(s.pick, a.pick).format) != 0:
        found = f.format_error
    if pick.happens(malformed, broken):
        found = MISSHAPEN
    if pick.happens(crash, failing):
        found = CRASHED
    if f.errors and pick.happens(error, f.errors):
        if f.is_lambda > 0:
            return CRASHED
        return 503
    return found


# calls


def draw_key(s: State, c: View, a: View) -> int:
    """The API key that a call is sent with."""
    _, _, word, _ = words(c, a.call, 0, a.who & USER_MASK, OF_CALL)
    return c.first_key + (numbered(s, word, c.key_n, c.key_table) if c.key_n > 0 else 0)


def draw_when(s: State, client: int, first: int, count: int, kept: int) -> None:
    """The words "when" of a client's calls first .. first + count - 1; the others of the first `kept` stay at hand."""
    c, out = view(s.client, client), s.when
    c.chance_from, c.chance_to = first, first + kept
    i, at = 0, c.chance
    while i < kept:
        d = view(s.chance, at)
        out[i], d.which, d.key, d.age = words(c, first + i, 0, 0, OF_CALL)
        i += 1
        at += CHANCE
    while i < count:
        out[i], _, _, _ = words(c, first + i, 0, 0, OF_CALL)
        i += 1


def draw_calls(s: State, c: View) -> None:
    """Draw a client's next calls, with their first attempts: many at once, so that no look-up waits for another."""
    n = c.instant_n if c.instant_n < DRAWN else DRAWN
    begin, first, listed = c.block_first, c.undrawn, c.listed_at
    end = begin + n * CALL_BLOCK
    known = c.chance_from <= first and first + n <= c.chance_to
    at, instant, call = begin, c.instant, first
    while at < end:
        b = view(s.block, at)
        b.at = s.instant[instant]
        picked = view(s.listed, listed + (call - first) * LISTED).pick if c.picked else NULL
        if known:
            d = view(s.chance, c.chance + (call - c.chance_from) * CHANCE)
            b.key, b.age = d.key, d.age
            choose(s, c, b, d.which, picked)
        else:
            choose_call(s, c, b, call, 0, picked)
        at += CALL_BLOCK
        instant += 1
        call += 1
    at, call = begin, first
    while at < end:
        draw_words(s, c, view(s.block, at), call, 0)
        at += CALL_BLOCK
        call += 1
    at, call = begin, first
    while at < end:
        look_words_up(s, c, view(s.block, at), call, 0, listed)
        at += CALL_BLOCK
        call += 1
        listed += LISTED
    at = begin
    while at < end:
        look_ahead(s, view(s.block, at))
        at += CALL_BLOCK
    c.undrawn += n
    c.instant += n
    c.instant_n -= n
    c.block = c.block_first
    c.block_n = n
    if c.picked:
        c.listed_at += n * LISTED


def draw_call(s: State, c: View, call: int, user: int, step: int) -> None:
    """Draw a call of a user, with its first attempt; `step`: which of the client's calls it is, NULL: drawn too."""
    b = view(s.block, c.block_first)
    choose_call(s, c, b, call, user, step)
    draw_words(s, c, b, call, user)
    look_words_up(s, c, b, call, user, 0)


def choose_call(s: State, c: View, b: View, call: int, user: int, picked: int) -> None:
    """Draw what a call is (`picked`: it is known), and the words of its key and of Cache-Control: max-age=0."""
    _, which, b.key, b.age = words(c, call, 0, user, OF_CALL)
    choose(s, c, b, which, picked)


def choose(s: State, c: View, b: View, which: int, picked: int) -> None:
    """What a call is, by its word, or as it is known."""
    if picked == NULL:
        picked = 0
        if c.weights_n > 1:
            picked = s.guide[c.guide + (which >> c.guide_shift)]
            while picked < c.weights_n - 1 and not pick.happens(which, s.share[c.weights + picked]):
                picked += 1
    b.pick = c.pick + picked * PICK
    for word in range(0, PICK, LINE):
        ahead(s.pick, b.pick + word)


def draw_words(s: State, c: View, b: View, call: int, user: int) -> None:
    """Draw what a call's first attempt is made of, and the words of its parameters."""
    p, age = view(s.pick, b.pick), b.age
    b.age = (1 if age < p.age else 0) + (1 if age < p.authorized else 0)
    rtt, body, overhead = 0, 0, 0
    if p.sends:
        rtt, body, overhead, _ = words(c, call, 1, user, OF_SEND)
    b.rtt = value(s, p.rtt, p.rtt_c, rtt)
    b.body = value(s, p.body, p.body_c, body)
    b.overhead = value(s, p.overhead, p.overhead_c, overhead)
    if c.key_table != NULL:
        ahead(s.columns, c.key_table + pick.column(b.key, c.key_n))
    if p.parameters_n > 0 and c.listed == 0:
        b.resource, b.entry, b.third, b.fourth = words(c, call, 0, user, OF_PARAMETERS)
        d = view(s.parameter, p.parameters)
        if d.table != NULL:
            ahead(s.columns, d.table + pick.column(b.resource, d.n))


def look_words_up(s: State, c: View, b: View, call: int, user: int, listed: int) -> None:
    """The key of a call, and the resource and the cache entry that it asks for."""
    p, said = view(s.pick, b.pick), view(s.listed, listed)
    b.key = c.first_key + (numbered(s, b.key, c.key_n, c.key_table) if c.key_n > 0 else 0)
    resource, entry = p.resource, p.entry
    if c.listed:
        resource, entry = said.resource, said.entry
    elif p.parameters_n > 0:
        group = 0
        w0, w1, w2, w3 = b.resource, b.entry, b.third, b.fourth
        at, end = p.parameters, p.parameters + p.parameters_n * PARAMETER
        while at < end:
            d = view(s.parameter, at)
            at += PARAMETER
            if d.word >> 2 != group:
                group = d.word >> 2
                w0, w1, w2, w3 = words(c, call, 0, user, OF_PARAMETERS + group)
            slot = d.word & 3
            word = w0 if slot == 0 else w1 if slot == 1 else w2 if slot == 2 else w3
            found = numbered(s, word, d.n, d.table)
            resource += found * d.resource
            entry += found * d.entry
    b.resource = resource
    b.entry = entry
    if p.first_entry != NULL:
        ahead(s.entry, (p.first_entry + entry) * ENTRY)
    if p.method != NULL:
        ahead(s.method, p.method * METHOD)
        if p.needs_key and b.key != NULL:
            ahead(s.key, b.key * KEY)
            ahead(s.access, (c.key_group * s.method_count + p.method) * ACCESS)
    if c.replays:
        b.body = said.body


def look_ahead(s: State, b: View) -> None:
    """Have what a call will meet fetched: the buckets of its method and its key, and the quota."""
    p = view(s.pick, b.pick)
    if p.method == NULL:
        return
    ahead(s.bucket, view(s.method, p.method * METHOD).bucket * BUCKET)
    if p.needs_key and b.key != NULL:
        k = view(s.key, b.key * KEY)
        x = view(s.access, (k.group * s.method_count + p.method) * ACCESS)
        ahead(s.bucket, (x.method + k.ordinal) * BUCKET)
        ahead(s.bucket, (x.plan + k.ordinal) * BUCKET)
        ahead(s.quota, (x.quota + k.ordinal) * QUOTA)
