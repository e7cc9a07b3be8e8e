"""API Gateway: the journey of one attempt through an API, in AWS's order (facts 9.1); who may call is in `authorizers`."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Group
from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.engine.model.backends import DONE, Job, detach
from apigw_sim.engine.model.cache import Entry
from apigw_sim.engine.model.clock import FOR_EVER, Journey, Wait
from apigw_sim.engine.model.fronts import Fronts
from apigw_sim.engine.model.mapping import ERROR_OBJECT, respond
from apigw_sim.engine.model.throttles import UNKNOWN
from apigw_sim.engine.order import Hop, Rank, priority
from apigw_sim.plan.tables import Unauthorized
from apigw_sim.records import NULL, Cache, Flag, Outcome
from apigw_sim.rules import edge, pick, reason
from apigw_sim.rules.reason import REASONS
from apigw_sim.rules.response import FUNCTION_ERROR, FUNCTION_TIMEOUT

if TYPE_CHECKING:
    from apigw_sim.engine.model.model import Method, Model

TIMEOUT = priority(Rank.TIMEOUT)
ANSWER = priority(Rank.ANSWER)
ARRIVE = priority(Rank.ARRIVE)
RELAY = priority(Rank.RELAY)

HIT, MISS = int(Cache.HIT), int(Cache.MISS)
CALLER_GONE, COLD_START, SERVED_OTHER = int(Flag.CALLER_GONE), int(Flag.COLD_START), int(Flag.SERVED_OTHER)
CANARY = int(Flag.CANARY)
MAX_AGE_0, IGNORED_MAX_AGE_0 = int(Flag.MAX_AGE_0), int(Flag.IGNORED_MAX_AGE_0)

OK = reason.OK
WENT_WELL = Outcome.OK
ACCEPTED = 202
"""What Lambda answers to an asynchronous invocation."""
ANY_SHAPE = 200
"""What a custom integration makes of an answer that no proxy could read: to it any answer is one."""
LAMBDA_ANSWERS = {
    Outcome.CRASH: reason.FUNCTION_ERROR,
    Outcome.MALFORMED: reason.MALFORMED_RESPONSE,
    Outcome.TIMEOUT: reason.FUNCTION_TIMEOUT,
    Outcome.THROTTLED_ACCOUNT: reason.LAMBDA_THROTTLED,
    Outcome.THROTTLED_RESERVED: reason.LAMBDA_THROTTLED,
    Outcome.THROTTLED_RPS: reason.LAMBDA_THROTTLED,
    Outcome.THROTTLED_SCALING: reason.LAMBDA_THROTTLED,
    Outcome.OUTAGE: reason.API_CONFIGURATION_ERROR,
    Outcome.TOO_LARGE: reason.LAMBDA_REQUEST_TOO_LARGE,
}
"""What a proxy integration makes of work that did not end well (facts 4.2)."""


class Gateway:
    """All stages of all APIs of the account."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.fronts = Fronts(model)
        self.plan = model.plan
        self.clock = model.clock
        self.account = model.plan.account
        self.throttles = model.throttles
        self.pack, self.write = model.attempts.pack, model.attempts.write
        self.released, self.canary_released = model.released, model.canary_released
        self.canaries, self.answers, self.moving = model.canaries, model.answers, model.moving
        self.by_turns = model.plan.keyed_by_turns
        self.caches = model.caches
        self.checks = model.checks
        self.unavailable = [0] * len(model.plan.stages)
        """By stage: the share of requests that it answers with 503, a threshold word."""
        self.settle()

    def journey(self, attempt: Attempt) -> Generator[Wait | None, None, None]:
        """From the client's sending to the gateway's answer."""
        clock, caller, overhead = self.clock, attempt.caller, attempt.overhead
        watched = attempt.notes is not None
        _, picked, key, resource, entry, max_age_0 = attempt.call
        welcome, at_edge = True, False
        if caller.detours:
            welcome, at_edge = yield from self.fronts.journey(attempt)
        else:
            if attempt.rtt > 1:
                reaches = clock.now + attempt.rtt // 2
                attempt.note("sent")
                attempt.will_answer(reaches)
                yield reaches, ARRIVE + attempt.id
            if watched:
                attempt.note(f"arrives at the gateway: {caller.client.calls[picked].text}")
        arrived = clock.now
        number = caller.methods[picked]
        method = None
        if welcome and number != NULL:
            if self.moving[caller.stage]:
                method, key = self.meet(attempt, number, key)
            else:
                method = self.released[number]
            if watched:
                self.tell(attempt, number, arrived)

        guard, decided = None if method is None else method.guard, arrived
        if guard is not None and method is not None:
            given = yield from guard.journey(attempt, method, number, key, arrived)
            decided, welcome = clock.now, given is not None
            key = given if given is not None else NULL if guard.row.gives_key else key
        answers = arrived if at_edge else decided + overhead
        if welcome and self.admit(attempt, method, key, decided):
            assert method is not None
            attempt.works = works = method.row.works
            if works != caller.usual[picked]:
                attempt.work = None
            where = method.first_entry + entry
            if method.ttl and self.look_up(attempt, method, where, resource, max_age_0, decided):
                answers += (attempt.work or attempt.draw())[3]
            elif attempt.reason != OK or not self.checks.behind_cache(attempt, method):
                pass  # refused at the cache or behind it
            elif method.row.misconfigured:
                attempt.note("its integration names, by a stage variable, what does not exist: 500")
                attempt.because(reason.API_CONFIGURATION_ERROR)
            elif method.backend is None:
                attempt.passed_on(method.row.mock_status, attempt.draw()[2])
                http = self.plan.stages[caller.stage].http
                how = "a preflight, which an HTTP API answers itself" if http else "mock integration"
                attempt.note(f"{how}: {method.row.mock_status}")
            else:
                own = yield from self.integrate(attempt, method, decided)
                if own and method.ttl:
                    self.keep(attempt, method, where, resource)
                answers = clock.now + overhead - overhead // 2
        if answers + attempt.rtt - attempt.rtt // 2 > attempt.limit:
            attempt.will_answer(answers)
        yield answers, ANSWER + attempt.id

        if caller.edge is not None:
            self.fronts.keep(attempt)
        if attempt.gone:
            attempt.flags |= CALLER_GONE
        self.write(self.pack(
            caller.number, caller.user, attempt.call[0], attempt.number, caller.stage, number, key,
            arrived, clock.now - arrived, attempt.authorizer_ns, attempt.integration_ns,
            attempt.status, attempt.integration_status, attempt.reason, attempt.refused_by, attempt.tokens,
            attempt.cache, attempt.authorizer, attempt.body, attempt.response_bytes, attempt.flags,
        ))  # fmt: skip
        if watched:
            self.model.story = attempt.notes
            attempt.note(f"answered: {attempt.status} {REASONS[attempt.reason].name}")
        if not attempt.gone:
            attempt.answered()

    # what comes before the integration

    def meet(self, attempt: Attempt, number: int, key: int) -> tuple[Method | None, int]:
        """What answers where it may be one of several deployments, and the API key, if that asks for one.

        On a stage with a canary it is that or the stage, drawn for each request by itself (facts 8).
        """
        stage = attempt.caller.stage
        method, share = self.released[number], self.canaries[stage]
        if share:
            word = attempt.caller.stream.row(Group.CANARY, attempt.call[0], attempt.number)[0]
            if pick.happens(word, share):
                attempt.flags |= CANARY
                attempt.note("meets the stage's canary")
                method = self.canary_released[number]
        if method is None:
            attempt.answers = self.answers[stage][bool(attempt.flags & CANARY)]
        else:
            attempt.answers = self.plan.answers[method.row.answers]
        if self.by_turns[number] and not (method is not None and method.row.api_key_required):
            key = NULL
        return method, key

    def tell(self, attempt: Attempt, number: int, now: int) -> None:
        """Which deployment answers, where there are several, and whether a change has not been deployed yet."""
        plan, stage = self.plan, self.plan.methods[number].stage
        moves = [pointer for pointer in plan.pointers if pointer.stage == stage]
        if len(moves) > 1 or moves[0].canary != NULL:
            now_at = [pointer for pointer in moves if pointer.at <= now][-1]
            answers = now_at.canary if attempt.flags & CANARY else now_at.active
            attempt.note(f"deployment {answers} answers, since {now_at.at / 1e9:g} s" if now_at.at else
                         f"deployment {answers} answers")  # fmt: skip
        for late in () if attempt.flags & CANARY else plan.undeployed:
            if late.place == number and late.begin <= now and (late.end == NULL or now < late.end):
                attempt.note(
                    f"the API was changed at {late.begin / 1e9:g} s, and that is not deployed to {plan.stages[stage].name}"
                )

    def admit(self, attempt: Attempt, method: Method | None, key: int, now: int) -> bool:
        """Route, API key, throttles, size and validity: whether the request may go on; else its answer is known."""
        throttles = self.throttles
        guarded = method is not None and method.guard is not None  # it has passed before its authorizer
        if self.careful and not guarded and not self.passes(attempt, now):
            return False
        if method is None:
            return self.forbid(attempt, self.plan.stages[attempt.caller.stage].no_route)
        levels = method.levels.get(key, UNKNOWN)
        if levels is UNKNOWN:
            levels = method.levels[key] = throttles.levels(method.row, key)
        if levels is None:
            return self.forbid(attempt, reason.INVALID_API_KEY, guarded)
        if not throttles.admit(attempt, levels, now):
            return False
        return attempt.body <= method.unchecked or self.checks.before_cache(attempt, method)

    def settle(self) -> None:
        """Whether anybody may be stopped by what `passes` looks at."""
        refused = any(call.refused != NULL for client in self.plan.aims for call in client.calls)
        self.careful = self.throttles.front or any(self.unavailable) or refused

    def passes(self, attempt: Attempt, now: int) -> bool:
        """What comes before all that an API decides: an account's throttle in front, the URL and headers, the stage's health."""
        throttles, caller = self.throttles, attempt.caller
        if throttles.front and throttles.account_refuses(attempt, now):
            return False
        refused = caller.refused[attempt.call[1]]
        if refused != NULL:
            return self.forbid(attempt, refused)
        down = self.unavailable[caller.stage]
        if down and pick.happens(attempt.words(Group.GATEWAY)[0], down):
            return self.forbid(attempt, reason.GATEWAY_UNAVAILABLE)
        return True

    def forbid(self, attempt: Attempt, why: int, guarded: bool = False) -> bool:
        """An answer before the throttles; where the account's throttle stands in front, it has been passed and is spent."""
        attempt.note(REASONS[why].why)
        attempt.because(why)
        if self.throttles.front and not guarded:
            self.throttles.spend_account(attempt)
        return False

    def look_up(
        self, attempt: Attempt, method: Method, where: int, resource: int, max_age_0: int, now: int
    ) -> bool:
        """Ask the stage's cache, if there is one: whether it answers."""
        cache = self.caches[method.cache]
        if not cache.capacity or now < cache.ready:
            return False
        if max_age_0 and self.refresh(attempt, method, max_age_0):
            return False
        entry = cache.look_up(where, now)
        if entry is None and method.fold is not None:
            entry = cache.look_up(folded(method, where), now)
        if entry is None:
            attempt.cache = MISS
            attempt.note("cache: miss, so the backend is asked")
            return False
        attempt.cache = HIT
        attempt.status, attempt.reason, attempt.response_bytes = (
            entry.status,
            entry.reason,
            entry.response_bytes,
        )
        if attempt.notes is not None:
            attempt.note(f"cache: hit; the entry lives for another {(entry.expires - now) / 1e9:,.3f} s")
        if entry.resource != resource:
            attempt.flags |= SERVED_OTHER
            attempt.note("... with the answer of another resource: the cache key does not tell them apart")
        return True

    def refresh(self, attempt: Attempt, method: Method, max_age_0: int) -> bool:
        """Cache-Control: max-age=0 was sent: whether it keeps the cache from answering."""
        attempt.flags |= MAX_AGE_0
        if max_age_0 == 1 and method.require_authorization:
            if method.unauthorized == Unauthorized.FAIL_WITH_403:
                attempt.note("Cache-Control: max-age=0 without permission: 403")
                attempt.because(reason.CACHE_INVALIDATION_DENIED)
                return True
            attempt.flags |= IGNORED_MAX_AGE_0
            return False
        if self.account.max_age_0_is_a_miss:
            attempt.cache = MISS
        attempt.note("cache: Cache-Control: max-age=0, so the backend is asked and the entry replaced")
        return True

    # the integration

    def integrate(self, attempt: Attempt, method: Method, decided: int) -> Generator[Wait | None, None, bool]:
        """Relay the request to its backend and wait for the answer, at most until the integration's timeout.

        Gives whether the answer is the integration's own; what the gateway itself makes up is not cached.
        """
        clock, backend = self.clock, method.backend
        assert backend is not None
        overhead = attempt.overhead
        service = attempt.draw()[0]
        relayed = decided + overhead // 2
        limit = relayed + method.timeout
        reaches = relayed + service
        hurried = attempt.limit != FOR_EVER
        if attempt.notes is not None:
            attempt.notes.append(
                (relayed, f"relayed to the backend; integration timeout {method.timeout / 1e6:g} ms")
            )
        if reaches >= limit:
            Journey(clock, self.late(attempt, method, reaches)).go()
            yield from self.time_out(attempt, relayed, limit)
            return False
        if hurried:
            attempt.will_answer(reaches)
        yield reaches, RELAY + attempt.id
        job = Job(attempt, method.row, clock.now)
        if method.alias is not None:
            backend = method.alias.version(job)
        if attempt.notes is not None and method.row.event:
            attempt.note(
                f"the function's event has the stage variables {method.row.event}: it works as its "
                f"contexts[{method.row.in_context}] say"
            )
        backend.arrive(job)
        if job.asynchronous:
            attempt.note("an asynchronous invocation: Lambda has it, and the gateway waits no longer")
            method.hand_over(job, backend)
            attempt.integration_ns = clock.now - relayed
            return self.learn_nothing(attempt, method, job)
        if job.waiting:
            if hurried:
                attempt.watch_limit(job)
            Journey(clock, self.lapse(job, limit)).go()
            yield None
            if job.waiting:
                job.detached = True
                self.timed_out(attempt, relayed)
                return False
        if job.duration != NULL:
            if job.end > limit:
                job.detached = True
                detach(backend, job)
                yield from self.time_out(attempt, relayed, limit)
                return False
            if hurried:
                attempt.will_answer(job.end + overhead - overhead // 2)
            yield job.end, DONE + attempt.id
            backend.done(job)
        attempt.integration_ns = clock.now - relayed
        return self.learn(attempt, method, job)

    def late(self, attempt: Attempt, method: Method, reaches: int) -> Generator[Wait, None, None]:
        """A request that reaches its backend after the gateway has stopped waiting: the work is done for nobody."""
        backend = method.backend
        assert backend is not None
        yield reaches, RELAY + attempt.id
        job = Job(attempt, method.row, self.clock.now)
        job.detached = True
        if method.alias is not None:
            backend = method.alias.version(job)
        backend.arrive(job)
        if job.asynchronous:
            method.hand_over(job, backend)
        elif not job.waiting and job.duration != NULL:
            detach(backend, job)

    def lapse(self, job: Job, limit: int) -> Generator[Wait, None, None]:
        """Wake an attempt whose work still waits in a queue at the integration's timeout."""
        yield limit, TIMEOUT + job.attempt.id + Hop.WORK
        if job.waiting:
            job.attempt.go()

    def time_out(self, attempt: Attempt, relayed: int, limit: int) -> Generator[Wait, None, None]:
        """Wait for nothing but the integration's timeout."""
        attempt.will_answer(limit)
        yield limit, TIMEOUT + attempt.id
        self.timed_out(attempt, relayed)

    def timed_out(self, attempt: Attempt, relayed: int) -> None:
        """The gateway stops waiting; the backend does not stop working."""
        attempt.because(reason.INTEGRATION_TIMEOUT)
        attempt.note(f"integration timeout: {attempt.status}; the backend works on for nobody")
        attempt.integration_ns = self.clock.now - relayed

    def learn(self, attempt: Attempt, method: Method, job: Job) -> bool:
        """What the backend's answer means; whether the client gets the integration's own."""
        attempt.integration_status = job.status
        outcome, response = job.outcome, attempt.draw()[2]
        if attempt.notes is not None:
            says = job.status if job.status != NULL else outcome.name
            attempt.note(
                f"the backend's answer is there: {says}; IntegrationLatency {attempt.integration_ns / 1e6:g} ms"
            )
        if job.init != NULL:
            attempt.flags |= COLD_START
        custom = method.codes is not None
        if outcome == WENT_WELL or (custom and outcome == Outcome.MALFORMED):
            return self.answer(attempt, method, job, response)
        if outcome in (Outcome.QUEUE_FULL, Outcome.SERVICE_THROTTLED):
            why = reason.SERVICE_THROTTLED if outcome == Outcome.SERVICE_THROTTLED else None
            own = respond(attempt, method, job.status, 0, why)
            attempt.refused_by = job.refused_by
            return own
        if custom and outcome == Outcome.CRASH:
            return respond(attempt, method, FUNCTION_ERROR, ERROR_OBJECT, reason.FUNCTION_ERROR)
        if custom and outcome == Outcome.TIMEOUT:
            return respond(attempt, method, FUNCTION_TIMEOUT, ERROR_OBJECT, reason.FUNCTION_TIMEOUT)
        because = LAMBDA_ANSWERS[outcome] if method.is_lambda else reason.INTEGRATION_FAILURE
        attempt.because(because, job.refused_by)
        return False

    def answer(self, attempt: Attempt, method: Method, job: Job, response: int) -> bool:
        """An answer that is there: whether it fits through, and what is made of it."""
        account, custom = self.account, method.codes is not None
        if response > method.largest_response:
            if custom and method.is_lambda:  # to Lambda an error of the function
                return respond(attempt, method, FUNCTION_ERROR, ERROR_OBJECT, reason.RESPONSE_TOO_LARGE)
            attempt.because(
                reason.RESPONSE_TOO_LARGE if method.is_lambda else reason.BACKEND_RESPONSE_TOO_LARGE
            )
            return False
        lost = account.rare_502 and method.is_lambda and not custom
        if lost and pick.happens(attempt.words(Group.GATEWAY)[1], account.rare_502):
            attempt.because(reason.BAD_GATEWAY_AT_LOAD)
            return False
        status = job.status if job.status != NULL else ANY_SHAPE
        return respond(attempt, method, status, response)

    def learn_nothing(self, attempt: Attempt, method: Method, job: Job) -> bool:
        """Lambda has taken an asynchronous invocation or has not; what becomes of it the gateway never learns."""
        if job.outcome in (Outcome.OUTAGE, Outcome.TOO_LARGE):
            attempt.integration_status = job.status
            attempt.because(LAMBDA_ANSWERS[job.outcome])
            return False
        attempt.integration_status = ACCEPTED
        return respond(attempt, method, ACCEPTED, 0)

    def keep(self, attempt: Attempt, method: Method, where: int, resource: int) -> None:
        """Put a backend's answer into the stage's cache."""
        now, account, response = self.clock.now, self.account, attempt.response_bytes
        cache = self.caches[method.cache]
        if not cache.there(now) or response > account.largest_cached:
            return
        if attempt.status >= 400 and not account.cache_errors:
            return
        held = response + account.encryption_overhead
        if method.fold is not None:
            where = folded(method, where)
        cache.store(where, Entry(now + method.ttl, resource, attempt.status, attempt.reason, response, held))
        if attempt.notes is not None:
            attempt.note(f"cache: keeps the answer for {method.ttl / 1e9:g} s")


def folded(method: Method, where: int) -> int:
    """The entry that stands for another where the deployment's cache key does not tell them apart."""
    assert method.fold is not None
    return method.first_entry + edge.entry_of(where - method.first_entry, *method.fold)
