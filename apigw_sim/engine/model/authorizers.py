"""Authorizers: who may call, before the API key and the throttles (facts 7, 9.1)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.draws import CRASH, MALFORMED, REFUSES, Group
from apigw_sim.draws.stream import numbered_one
from apigw_sim.engine.model.backends import DONE, Job, detach
from apigw_sim.engine.model.clock import FOR_EVER, Journey, Wait
from apigw_sim.engine.model.functions import drawn
from apigw_sim.engine.order import Rank, priority
from apigw_sim.plan import guards
from apigw_sim.plan.tables import NULL, Backend, Client
from apigw_sim.records import Authorized, Flag, Outcome, Source
from apigw_sim.rules import authorization as rule
from apigw_sim.rules import pick, reason

if TYPE_CHECKING:
    from apigw_sim.draws import Stream
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.functions import Function
    from apigw_sim.engine.model.model import Method, Model

ARRIVE, RELAY, TIMEOUT = priority(Rank.ARRIVE), priority(Rank.RELAY), priority(Rank.TIMEOUT)
HIT, MISS, UNLOGGED = int(Authorized.HIT), int(Authorized.MISS), int(Flag.UNLOGGED)
STANDINGS = ("valid", "not allowed", "without an identity", "not valid", "expired")
ALLOWED_STATUS = 200


class Grant(NamedTuple):
    """A cached result: until when, and for which method it was made."""

    expires: int
    method: int


class Caller(NamedTuple):
    """Whom a call is taken for."""

    identity: int
    """Its number over all clients."""
    standing: int
    key: int
    """The API key that its authorizer gives."""
    caught: int
    """The word that says whether the validation expression refuses its token."""


def caller_of(client: Client, stream: Stream, call: int) -> Caller:
    """Whom a call is taken for: which identity is drawn for the call, what it is worth is drawn for the identity."""
    said = client.identities
    assert said is not None
    number = numbered_one(said.which, stream.identity(call))
    worth, key, caught, _ = stream.standing(number)
    given = client.first_key + (numbered_one(client.keys, key) if client.keys is not None else 0)
    return Caller(
        said.first + number,
        rule.standing_of(worth, said.valid, said.denied, said.missing, said.expired),
        given,
        caught,
    )


class Question(Job):
    """An authorizer's invocation: work that is drawn by itself, and that no client can repeat."""

    source = int(Source.AUTHORIZER)

    def __init__(
        self, attempt: Attempt, method: Method, arrived: int, backend: Backend, standing: int, kind: int
    ) -> None:
        super().__init__(attempt, method.row, arrived)
        self.asynchronous = False
        self.backend = backend
        self.kind = kind
        self.standing = standing

    @property
    def idempotent(self) -> bool:
        """To ask again does no harm."""
        return True

    def drawn(self) -> tuple[int, int]:
        """Its duration, and its status, CRASH or MALFORMED; REFUSES where it raises `Unauthorized`."""
        _, duration, crash, malformed = self.attempt.words(Group.AUTHORIZER)
        status = ALLOWED_STATUS
        if rule.decided(self.kind, rule.NO_POLICY, self.standing) == reason.UNAUTHORIZED:
            status = REFUSES
        if pick.happens(malformed, self.backend.malformed):
            status = MALFORMED
        if pick.happens(crash, self.backend.crash):
            status = CRASH
        return drawn(self.backend.duration, duration), status

    def birth(self) -> tuple[int, int, int, int]:
        """The words of the environment that it causes."""
        return self.attempt.words(Group.AUTHORIZER_BIRTH)

    def fault_word(self) -> int:
        """The word that says whether a fault makes it fail."""
        return self.attempt.words(Group.AUTHORIZER_FAULT)[0]

    def query_word(self) -> int:
        """The word for its query of a database."""
        return self.attempt.words(Group.QUERY)[1]

    def too_large(self) -> bool:
        """A token, or a request without its body, always fits."""
        return False

    def run(self) -> None:
        """It begins; nothing of the call itself is executed by it."""


class Authorizer:
    """What stands before the API key of some methods of a stage."""

    def __init__(self, model: Model, row: guards.Authorizer) -> None:
        self.model = model
        self.clock = model.clock
        self.row = row
        self.account = model.plan.account
        self.function: Function | None = model.functions[row.backend] if row.backend != NULL else None
        self.grants: dict[int, Grant] = model.grants.setdefault(row.first_entry, {}) if row.ttl_ns else {}
        """By identity; deployments share them."""

    def flush(self) -> None:
        """All cached results out."""
        self.grants.clear()

    def journey(
        self, attempt: Attempt, method: Method, place: int, key: int, arrived: int
    ) -> Generator[Wait | None, None, int | None]:
        """From the arrival to the verdict; gives the API key with which the request goes on, None: its answer is known."""
        row, caller, call = self.row, attempt.caller, attempt.call
        if not self.model.gateway.passes(attempt, arrived):
            return None
        if self.model.throttles.front:
            self.model.throttles.spend_account(attempt)
        whom = caller_of(caller.client, caller.stream, call[0])
        policy = caller.client.calls[call[1]].policies[row.policy]
        caught = pick.happens(whom.caught, row.caught)
        why = rule.turned_away(row.kind, policy, whom.standing, row.needs_identity, caught)
        if why != reason.OK:
            if why == reason.UNAUTHORIZED:
                attempt.flags |= UNLOGGED
            self.tell(attempt, whom, f"answered before it is asked: {reason.REASONS[why].why}")
            attempt.because(why)
            return None
        if row.kind == rule.NO_AUTHORIZER:
            if policy != rule.NO_POLICY:
                attempt.note("resource policy: allowed")
            return NULL if row.gives_key else key
        attempt.authorizer_ns = 0
        one_method = asked = False
        grant = self.grants.get(whom.identity) if row.ttl_ns else None
        if grant is not None and grant.expires > arrived:
            attempt.authorizer = HIT
            one_method = row.one_method and grant.method != place
            left = (grant.expires - arrived) / 1e9
            self.tell(
                attempt, whom, f"cached result, which lives for another {left:,.3f} s: nothing is invoked"
            )
        else:
            if rule.keeps(row.kind):
                attempt.authorizer = MISS
            if self.function is not None:
                asked = True
                if not (yield from self.ask(attempt, method, whom, self.function, arrived)):
                    attempt.authorizer_ns = self.clock.now - arrived
                    return None
            else:
                yield from self.check(attempt, whom, arrived)
            if row.ttl_ns and rule.is_cached(row.kind, whom.standing):
                self.grants[whom.identity] = Grant(self.clock.now + row.ttl_ns, place)
                self.tell(attempt, whom, f"its result is cached for {row.ttl_ns / 1e9:g} s")
        attempt.authorizer_ns = self.clock.now - arrived
        why = rule.decided(row.kind, policy, whom.standing)
        if why == reason.OK and one_method:
            why = reason.ACCESS_DENIED
            attempt.note("... whose policy speaks of another method: denied")
        if why != reason.OK:
            attempt.because(why)
            attempt.note(f"{reason.REASONS[why].name}: {reason.REASONS[why].why}")
            return None
        if asked:  # who may go on does so among the arrivals of the instant
            yield self.clock.now, ARRIVE + attempt.id
        attempt.note(f"authorized after {attempt.authorizer_ns / 1e6:g} ms")
        return whom.key if row.gives_key else key

    def tell(self, attempt: Attempt, whom: Caller, text: str) -> None:
        """Tell who watches."""
        if attempt.notes is not None:
            said = attempt.caller.client.identities
            number = whom.identity - said.first if said is not None else 0
            who = f"identity {number} of {attempt.caller.client.name}, {STANDINGS[whom.standing]}"
            attempt.note(f"authorizer {self.row.name or '(resource policy)'}: {who}: {text}")

    def check(self, attempt: Attempt, whom: Caller, arrived: int) -> Generator[Wait, None, None]:
        """A user pool's token or a signature is checked, without an invocation."""
        word = attempt.words(Group.AUTHORIZER_FAULT)[1]
        ends = arrived + drawn(self.row.time, word)
        if attempt.limit != FOR_EVER:
            attempt.will_answer(ends + attempt.overhead)
        yield ends, ARRIVE + attempt.id
        self.tell(attempt, whom, "looked at")

    def ask(
        self, attempt: Attempt, method: Method, whom: Caller, function: Function, arrived: int
    ) -> Generator[Wait | None, None, bool]:
        """Invoke the function and wait for it; whether it gave a verdict, else the answer is known."""
        clock, overhead = self.clock, attempt.overhead
        word = attempt.words(Group.AUTHORIZER)[0]
        reaches = arrived + drawn(self.row.service, word)
        limit = arrived + self.row.wait_ns
        self.tell(attempt, whom, "invoked")
        if reaches >= limit:
            Journey(clock, self.late(attempt, method, whom, function, reaches)).go()
            yield from self.time_out(attempt, limit)
            return False
        if attempt.limit != FOR_EVER:
            attempt.will_answer(reaches)
        yield reaches, RELAY + attempt.id
        job = Question(attempt, method, clock.now, function.row, whom.standing, self.row.kind)
        function.arrive(job)
        if job.duration != NULL:
            if job.end > limit:
                job.detached = True
                detach(function, job)
                yield from self.time_out(attempt, limit)
                return False
            if attempt.limit != FOR_EVER:
                attempt.will_answer(job.end + overhead)
            yield job.end, DONE + attempt.id
            function.done(job)
        why = self.failure(job)
        if why != reason.OK:
            attempt.because(why, job.refused_by)
            attempt.note(f"authorizer {self.row.name}: {job.outcome.name}: {reason.REASONS[why].name}")
            return False
        return True

    def failure(self, job: Job) -> int:
        """What an invocation that gave no verdict is answered with; OK: it gave one."""
        match job.outcome:
            case Outcome.OK:
                return reason.OK
            case Outcome.CRASH:
                return reason.OK if job.status != NULL else reason.AUTHORIZER_FAILURE
            case Outcome.TIMEOUT:
                return reason.AUTHORIZER_FAILURE
            case Outcome.MALFORMED:
                return self.account.authorizer_malformed
            case Outcome.OUTAGE:
                return reason.AUTHORIZER_CONFIGURATION_ERROR
        return self.account.authorizer_refused

    def late(
        self, attempt: Attempt, method: Method, whom: Caller, function: Function, reaches: int
    ) -> Generator[Wait, None, None]:
        """An invocation that reaches Lambda after the gateway has stopped waiting: done for nobody."""
        yield reaches, RELAY + attempt.id
        job = Question(attempt, method, self.clock.now, function.row, whom.standing, self.row.kind)
        job.detached = True
        function.arrive(job)
        if job.duration != NULL:
            detach(function, job)

    def time_out(self, attempt: Attempt, limit: int) -> Generator[Wait, None, None]:
        """Wait for nothing but the end of the gateway's patience."""
        attempt.will_answer(limit)
        yield limit, TIMEOUT + attempt.id
        attempt.because(reason.AUTHORIZER_FAILURE)
        attempt.note("the gateway waits no longer for its authorizer: 500; the function runs on for nobody")
