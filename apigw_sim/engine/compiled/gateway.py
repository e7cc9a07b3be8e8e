"""API Gateway in integers: route, key, throttles, cache, integration, answer (facts 9.1), a stage of the line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.answers import because, passed_on
from apigw_sim.engine.compiled.caching import keep, look_up
from apigw_sim.engine.compiled.callers import blank, will_answer
from apigw_sim.engine.compiled.checks import (
    customised,
    lost,
    of_lambda,
    small,
    supported,
    unavailable,
    valid,
)
from apigw_sim.engine.compiled.drawing import draw_hit, draw_work, four
from apigw_sim.engine.compiled.events import wake
from apigw_sim.engine.compiled.fronts import detour, keep_at_edge, turned_away
from apigw_sim.engine.compiled.hosts import account_of, account_refuses, host_of, refuse
from apigw_sim.engine.compiled.levels import fits, hold, spend, spend_quota
from apigw_sim.engine.compiled.plain import copy, view
from apigw_sim.engine.compiled.words import (
    ACCESS,
    ADMIT,
    ANSWER,
    ANSWERED,
    ANSWERING,
    ARRIVE,
    ATTEMPT_COLUMNS,
    BACKEND,
    BUCKET,
    BY_TURNS,
    CONNECTS,
    DONE,
    EVENT,
    FOR_EVER,
    GIVE_UP,
    GUARD,
    KEY,
    LAPSE,
    LATE,
    LEARN,
    METHOD,
    QUOTA,
    REASON_BITS,
    RELAY,
    STAGE,
    STATUS_BITS,
    TIMED_OUT,
    WAIT,
    WORK,
)
from apigw_sim.engine.order import USER_BITS, USER_MASK, Hop, Rank
from apigw_sim.plan.tables import Unauthorized
from apigw_sim.records import NULL, Cache, Flag, Outcome
from apigw_sim.rules import pick, reason
from apigw_sim.rules.bucket import TOKEN

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_ARRIVE, OF_RELAY, OF_TIMEOUT, OF_ANSWER = (
    int(Rank.ARRIVE),
    int(Rank.RELAY),
    int(Rank.TIMEOUT),
    int(Rank.ANSWER),
)
OF_DONE, OF_WORK, OF_CALLER = int(Rank.DONE), int(Hop.WORK), int(Hop.CALLER)
HIT, MISS = int(Cache.HIT), int(Cache.MISS)
CALLER_GONE, COLD_START, SERVED_OTHER = int(Flag.CALLER_GONE), int(Flag.COLD_START), int(Flag.SERVED_OTHER)
CANARY, OF_CANARY = int(Flag.CANARY), int(Group.CANARY)
MAX_AGE_0, IGNORED_MAX_AGE_0 = int(Flag.MAX_AGE_0), int(Flag.IGNORED_MAX_AGE_0)
FAIL_WITH_403 = int(Unauthorized.FAIL_WITH_403)
WENT_WELL, QUEUE_FULL = int(Outcome.OK), int(Outcome.QUEUE_FULL)
SIZE_SHIFT = STATUS_BITS + REASON_BITS
OK = reason.OK


def travel(s: State, a: View) -> int:
    """Through the network to the gateway."""
    c = view(s.client, a.client)
    if c.detours:
        return detour(s, a, c)
    reaches = s.now + a.rtt // 2
    will_answer(s, a, reaches)
    wake(s, a, reaches, OF_ARRIVE, 0, ARRIVE)
    return WAIT


def arrive(s: State, a: View) -> int:
    """A request reaches the gateway, now; gives the stage that follows."""
    if s.detoured == 0:
        blank(a)
    number = view(s.pick, a.pick).method
    a.method = number
    if s.fronts and turned_away(s, a, view(s.client, a.client)):
        a.release = NULL
        a.arrived = s.now
        s.answers = s.now + a.overhead
        return ANSWERING
    if number != NULL and view(s.method, number * METHOD).moves:
        number = released(s, a, view(s.method, number * METHOD))
    a.release = number
    a.arrived = s.now
    if number != NULL and view(s.method, number * METHOD).authorizer != NULL:
        s.answers = s.now + a.overhead
        return GUARD
    return ADMIT


def admitted(s: State, a: View) -> int:
    """A request that may call meets what stands before its integration, now."""
    now, number = s.now, a.release
    s.answers = now + a.overhead
    if not admit(s, a, number, a.key, now):
        return ANSWERING
    m = view(s.method, number * METHOD)
    if m.ttl > 0 and look_up(s, a, m, now):
        s.answers += draw_hit(s, a)
        return ANSWERING
    if a.reason != OK:
        return ANSWERING
    if s.size_check_after_cache and not small(s, a):
        return ANSWERING
    if m.validator and s.validation_after_cache and not valid(s, a, m.validator):
        return ANSWERING
    if m.refused_types and not supported(s, a, m.refused_types):
        return ANSWERING
    if m.misconfigured:
        because(s, a, reason.API_CONFIGURATION_ERROR, NULL, NULL)
        return ANSWERING
    service = draw_work(s, a, m.works)
    backend = m.backend
    if backend == NULL:
        passed_on(a, m.mock_status, a.drawn_response)
        return ANSWERING
    a.backend = backend * BACKEND
    a.alias = m.alias
    return relay(s, a, m, service)


def released(s: State, a: View, m: View) -> int:
    """What answers for a method, of what deployments have made of it: the stage's, or its canary's; NULL: nothing.

    Where some of them ask for an API key and this one does not, the request has none.
    """
    share, row = view(s.stage, m.stage * STAGE).canary, m.released
    if share > 0:
        word, _, _, _ = four(s, a, OF_CANARY)
        if pick.happens(word, share):
            a.flags |= CANARY
            row = m.canary_released
    if m.moves == BY_TURNS and (row == NULL or view(s.method, row * METHOD).needs_key == 0):
        a.key = NULL
    if row == NULL:
        return NULL
    return row + host_of(s, a) * s.releases


# throttles


def passes(s: State, a: View, now: int) -> bool:
    """What comes before all that an API decides: an account's throttle in front, the URL and headers, the stage's health."""
    if s.front and account_refuses(s, a, now):
        return False
    refused = view(s.pick, a.pick).refused
    if refused != NULL:
        forbid(s, a, refused, s.front)
        return False
    if s.unhealthy and unavailable(s, a):
        forbid(s, a, reason.GATEWAY_UNAVAILABLE, s.front)
        return False
    return True


def admit(s: State, a: View, number: int, key: int, now: int) -> bool:
    """Route, API key, throttles, size and validity: whether the request may go on; else its answer is known."""
    met, front = s.met, s.front
    guarded = number != NULL and view(s.method, number * METHOD).authorizer != NULL  # it has passed before
    if not guarded and not passes(s, a, now):
        return False
    if number == NULL:
        forbid(s, a, view(s.stage, view(s.client, a.client).stage * STAGE).no_route, front)
        return False
    m = view(s.method, number * METHOD)
    n, quota, in_front, account = 0, -1, 0 if guarded else front, m.account
    if in_front:
        n = met_too(s, n, account)
    if m.needs_key:
        if m.needs_key == CONNECTS:
            n = met_too(s, n, s.new_connections + host_of(s, a) * s.parted)
        else:
            if key == NULL:
                forbid(s, a, reason.INVALID_API_KEY, in_front)
                return False
            k = view(s.key, key * KEY)
            x = view(s.access, (k.group * s.method_count + m.place) * ACCESS)
            if x.allowed == 0:
                forbid(s, a, reason.INVALID_API_KEY, in_front)
                return False
            ordinal = k.ordinal
            if x.method != NULL:
                n = met_too(s, n, x.method + ordinal)
            if x.plan != NULL:
                n = met_too(s, n, x.plan + ordinal)
            if x.quota != NULL:
                quota = x.quota + ordinal
    before = n
    if m.bucket != NULL:
        n = met_too(s, n, m.bucket)
    if not front:
        n = met_too(s, n, account)

    held = 0
    while held < n and hold(s, met[held], now) >= TOKEN:
        held += 1
    if held < n or (quota >= 0 and not fits(s, quota, now)):
        turn_down(s, a, held, n, before, quota, now)
        return False
    while held > 0:
        held -= 1
        spend(s, met[held])
    if quota >= 0:
        spend_quota(s, quota)
    if s.size_check_after_cache == 0 and not small(s, a):
        return False
    if m.validator and s.validation_after_cache == 0:
        return valid(s, a, m.validator)
    return True


def turn_down(s: State, a: View, empty: int, n: int, before: int, quota: int, now: int) -> None:
    """Refuse a request: of the n buckets that it meets that at `empty` has no token; n: its quota, met at `before`, is used up.

    Where throttles spend as they go, those that it has passed before are spent.
    """
    met, as_you_go = s.met, s.as_you_go
    for i in range(n + 1):
        if i == before and quota >= 0:
            if not fits(s, quota, now):
                because(s, a, reason.QUOTA_EXCEEDED, view(s.quota, quota * QUOTA).limit, NULL)
                return
            if as_you_go:
                spend_quota(s, quota)
        if i == empty:
            counted = as_you_go != 0 and i >= before
            if quota >= 0 and s.counts_refused and not counted and fits(s, quota, now):
                spend_quota(s, quota)
            refuse(s, a, met[i])
            return
        if as_you_go:
            spend(s, met[i])


def met_too(s: State, n: int, bucket: int) -> int:
    """One more bucket that a request meets, unless it is off; gives how many there are."""
    if view(s.bucket, bucket * BUCKET).off:
        return n
    s.met[n] = bucket
    return n + 1


def forbid(s: State, a: View, why: int, in_front: int) -> None:
    """An answer before the throttles; where the account's throttle stands in front, it has been passed and is spent."""
    because(s, a, why, NULL, NULL)
    if in_front:
        spend(s, account_of(s, a))


# the integration


def relay(s: State, a: View, m: View, service: int) -> int:
    """Relay the request to its backend, and wait for the answer at most until the integration's timeout."""
    relayed = relayed_at(a)
    limit = relayed + m.timeout
    a.stops = limit
    a.detached = EVENT if m.asynchronous else 0
    reaches = relayed + service
    if reaches >= limit:
        a.refs += 1
        wake(s, a, reaches, OF_RELAY, 0, LATE)
        will_answer(s, a, limit)
        wake(s, a, limit, OF_TIMEOUT, 0, TIMED_OUT)
    else:
        will_answer(s, a, reaches)
        wake(s, a, reaches, OF_RELAY, 0, RELAY)
    return WAIT


def relayed_at(a: View) -> int:
    """When a request was relayed."""
    if a.authorizing > 0:
        return a.arrived + a.authorizing + a.overhead // 2
    return a.arrived + a.overhead // 2


def watch_limits(s: State, a: View) -> int:
    """The end of a job is not known yet: wake at the limits of the caller and of the gateway."""
    if a.limit < FOR_EVER and a.gone == 0:
        a.refs += 1
        wake(s, a, a.limit, OF_TIMEOUT, OF_CALLER, GIVE_UP)
    a.refs += 1
    wake(s, a, a.stops, OF_TIMEOUT, OF_WORK, LAPSE)
    return WAIT


def known(s: State, a: View) -> int:
    """The end of a job is known, or it never began: wait for the earlier of it and the integration's timeout."""
    if a.duration == NULL:
        return LEARN
    end, limit, overhead = a.end, a.stops, a.overhead
    if end > limit:
        a.refs += 1
        detach(s, a)
        will_answer(s, a, limit)
        wake(s, a, limit, OF_TIMEOUT, 0, TIMED_OUT)
    else:
        will_answer(s, a, end + overhead - overhead // 2)
        wake(s, a, end, OF_DONE, 0, DONE)
    return WAIT


def detach(s: State, a: View) -> None:
    """Let a running job end by itself: nobody waits for it any more, but it holds its row."""
    if a.detached == 0:
        a.detached = 1
    wake(s, a, a.end, OF_DONE, OF_WORK, WORK)


def timed_out(s: State, a: View) -> int:
    """The gateway stops waiting; the backend does not stop working."""
    because(s, a, reason.INTEGRATION_TIMEOUT, NULL, NULL)
    a.integration = s.now - relayed_at(a)
    return back(s, a)


def learn(s: State, a: View) -> int:
    """What the backend's answer means, and the cache's share in it."""
    a.integration = s.now - relayed_at(a)
    a.integration_status = a.job_status
    outcome = a.outcome
    f = view(s.backend, a.backend)
    is_lambda = f.is_lambda > 0
    m = view(s.method, a.release * METHOD)
    if a.init != NULL and a.detached == 0:
        a.flags |= COLD_START
    own = False
    if m.mapped != NULL:
        own = customised(s, a, m, f)
    elif outcome == WENT_WELL:
        if a.drawn_response > f.largest_response:
            too = reason.RESPONSE_TOO_LARGE if is_lambda else reason.BACKEND_RESPONSE_TOO_LARGE
            because(s, a, too, NULL, NULL)
        elif s.rare_502 and is_lambda and lost(s, a):
            because(s, a, reason.BAD_GATEWAY_AT_LOAD, NULL, NULL)
        else:
            own = True
            passed_on(a, a.job_status, a.drawn_response)
    elif outcome == QUEUE_FULL:
        own = True
        passed_on(a, a.job_status, 0)
        a.refused_by = a.job_refused_by
    elif is_lambda:
        because(s, a, of_lambda(outcome), a.job_refused_by, NULL)
    else:
        because(s, a, reason.INTEGRATION_FAILURE, NULL, NULL)
    if own and m.ttl > 0:
        keep(s, a, m)
    return back(s, a)


def back(s: State, a: View) -> int:
    """Through the second half of the gateway's own time."""
    overhead = a.overhead
    s.answers = s.now + overhead - overhead // 2
    return ANSWERING


def answering_at(s: State, a: View) -> int:
    """The gateway's own answer is known, now: it leaves after the whole overhead."""
    s.answers = s.now + a.overhead
    return ANSWERING


def answering(s: State, a: View) -> int:
    """When the answer will leave is known."""
    will_answer(s, a, s.answers)
    wake(s, a, s.answers, OF_ANSWER, 0, ANSWER)
    return WAIT


def record(s: State, a: View) -> None:
    """The row of an attempt that is answered now."""
    c, out, r = view(s.client, a.client), s.attempts, s.attempts_n * ATTEMPT_COLUMNS
    if c.distribution != NULL:
        keep_at_edge(s, a, c)
    flags = a.flags
    if a.gone:
        flags |= CALLER_GONE
    who = a.who
    out[r] = who >> USER_BITS
    out[r + 1] = who & USER_MASK
    out[r + 2] = a.call
    out[r + 3] = a.number
    out[r + 4] = c.stage
    out[r + 5] = a.method
    out[r + 6] = a.key
    out[r + 7] = a.arrived
    out[r + 8] = s.now - a.arrived
    copy(out, r + 9, s.row, a.me + ANSWERED, 9)  # authorizer_ns to authorizer
    out[r + 18] = a.body
    out[r + 19] = a.response
    out[r + 20] = flags
    s.attempts_n += 1
    if s.attempts_n >= s.block_rows:
        s.stop = 1
