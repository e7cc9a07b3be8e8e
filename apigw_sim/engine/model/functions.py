"""Lambda: execution environments, concurrency, its request rate and its scaling rate (facts 10)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from apigw_sim.draws import CRASH, REFUSES, Draws
from apigw_sim.engine.model.backends import OK, Fault, Job, record
from apigw_sim.engine.model.clock import Clock
from apigw_sim.engine.model.gauges import Bucket, Gauge
from apigw_sim.engine.model.recorder import Recorder
from apigw_sim.plan import tables
from apigw_sim.plan.tables import Law
from apigw_sim.records import NULL, Outcome
from apigw_sim.rules import pick, quantile, reason
from apigw_sim.rules.bucket import TOKEN, refill
from apigw_sim.rules.window import sliding

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt


def drawn(law: Law, word: int) -> int:
    """A value of a law."""
    return law.constant if law.constant is not None else int(quantile.value(word, law.cells))  # type: ignore[arg-type]


def drawn_lifetimes(row: tables.Backend, number: int, draws: Draws) -> list[int]:
    """Idle lifetimes of the environments that a function has when the run starts."""
    if not row.initial_environments:
        return []
    assert row.idle_lifetime is not None
    return [drawn(row.idle_lifetime, draws.environment(number, n)) for n in range(row.initial_environments)]


class Environment:
    """An execution environment: one invocation at a time, and a lifetime when idle drawn at its birth.

    A lifetime of NULL has no end: the environment is one of provisioned concurrency.
    """

    __slots__ = ("born", "connected", "last_used", "lifetime", "number", "ready", "reset", "resets", "served")

    def __init__(self, number: int, born: int, ready: int, lifetime: int) -> None:
        self.number = number
        self.born = born
        self.ready = ready
        self.last_used = ready
        self.lifetime = lifetime
        self.served = 0
        self.reset = False
        """Whether a timeout, or the end of its process, was the last of it: its next invocation initialises it again."""
        self.resets = 0
        self.connected = False
        """Whether it holds a connection of its function's database."""


class Account:
    """What all functions of the account share in a Region."""

    def __init__(
        self, row: tables.Account, region: tables.Region, rps: Bucket | None, in_use: Gauge, unreserved: Gauge
    ) -> None:
        self.row = row
        self.unreserved_limit = region.unreserved
        self.refused_by = region.unreserved_limit
        self.rps = rps
        self.in_use = in_use
        self.unreserved = unreserved


class Scaling:
    """How fast new environments are made, and what needs none: of all versions of a function together."""

    __slots__ = ("at", "level", "provisioned", "recent")

    def __init__(self, row: tables.Account) -> None:
        most = row.scaling
        self.recent: deque[int] | None = deque(maxlen=most) if most != NULL else None
        self.level = most * TOKEN
        self.at = 0
        self.provisioned = 0
        """Invocations that run in provisioned environments."""


class Function:
    """A Lambda function on demand, as it is written, or one of its published versions.

    Versions share concurrency, request rate and scaling rate with their function, and have environments of their own.
    """

    def __init__(
        self,
        clock: Clock,
        number: int,
        row: tables.Backend,
        account: Account,
        rps: Bucket | None,
        in_use: Gauge,
        alive: Gauge,
        jobs: Recorder,
        environments: Recorder,
        scaling: Scaling,
    ) -> None:
        self.clock = clock
        self.number = number
        self.row = row
        self.account = account
        self.rps = [bucket for bucket in (rps, account.rps) if bucket is not None]
        self.in_use = in_use
        self.alive = alive
        self.jobs = jobs
        self.environments = environments
        self.reserved = row.reserved
        self.timeout = row.timeout_ns
        self.fault = Fault()
        self.idle: list[Environment] = []
        """A stack: the most recently used first, so idle ones can reach the end of their lifetime."""
        self.births = 0
        self.scaling = scaling

    def start_with(self, lifetimes: list[int]) -> None:
        """Environments that exist, idle, when the run starts."""
        for lifetime in lifetimes:
            self.idle.append(Environment(self.births, 0, 0, lifetime))
            self.births += 1
            self.alive.move(1)

    def arrive(self, job: Job) -> None:
        """An invocation reaches Lambda, now: it is refused, or an environment begins it."""
        now = self.clock.now
        refusal = self._refusal(job, now)
        if refusal is not OK:
            self._refuse(job, refusal)
            return
        self._spend(job)
        job.environment = environment = self.idle.pop() if self.idle else self._born(job, now)
        environment.served += 1
        self._run(job, now)

    # what Lambda refuses

    def _refuse(self, job: Job, refusal: Outcome) -> None:
        job.outcome = refusal
        if refusal.throttled:
            job.status = 429
        elif refusal is Outcome.TOO_LARGE:
            job.status = 413
        record(self.jobs, self.number, job)

    def _refusal(self, job: Job, now: int) -> Outcome:
        attempt, account, row = job.attempt, self.account, self.row
        if self.fault.outage:
            attempt.note(f"function {row.name}: outage")
            return Outcome.OUTAGE
        if attempt.body > job.method.largest_binary and job.too_large():
            attempt.note(
                f"function {row.name}: a request of {attempt.body:,} bytes is more than an invocation takes"
            )
            return Outcome.TOO_LARGE
        if self.reserved != NULL:
            if self.in_use.level - self.scaling.provisioned >= self.reserved:
                job.refused_by = row.reserved_limit
                attempt.note(f"function {row.name}: all {self.reserved} of its reserved concurrency in use")
                return Outcome.THROTTLED_RESERVED
        elif account.unreserved.level >= account.unreserved_limit:
            job.refused_by = account.refused_by
            attempt.note(
                f"function {row.name}: all {account.unreserved_limit} of the unreserved concurrency in use"
            )
            return Outcome.THROTTLED_ACCOUNT
        if not self._has_tokens(job, now):
            return Outcome.THROTTLED_RPS
        if self.idle and self.idle[-1].last_used + self.idle[-1].lifetime <= now:
            self._bury(now)
        if not self.idle and not self._may_scale(now):
            job.refused_by = row.scaling_limit
            attempt.note(
                f"function {row.name}: no idle environment, and {account.row.scaling} were made in the last 10 s"
            )
            return Outcome.THROTTLED_SCALING
        return OK

    def _has_tokens(self, job: Job, now: int) -> bool:
        """Whether the account's request rate, and the reservation's, let one more invocation in."""
        for bucket in self.rps:
            held = bucket.now_holds(now)
            if held < TOKEN and not (bucket.off or job.asynchronous):
                job.refused_by = bucket.limit
                job.attempt.note(
                    f"function {self.row.name}: ten requests per second and unit of concurrency are used up"
                )
                return False
        return True

    def _spend(self, job: Job) -> None:
        for bucket in self.rps:
            if not (bucket.off or job.asynchronous):
                bucket.spend()

    def _may_scale(self, now: int) -> bool:
        """A thousand new environments in any ten seconds (or as a bucket, an assumption)."""
        row, scaling = self.account.row, self.scaling
        if scaling.recent is None:
            return True
        if row.scaling_bucket:
            rate = row.scaling * TOKEN // row.scaling_window_ns
            scaling.level = refill(scaling.level, scaling.at, now, rate, row.scaling * TOKEN)
            scaling.at = now
            return scaling.level >= TOKEN
        nth_last = scaling.recent[0] if len(scaling.recent) == row.scaling else NULL
        return sliding(nth_last, now, row.scaling_window_ns)

    # environments

    def _bury(self, now: int) -> None:
        """Drop expired environments from the top of the stack until a live one shows."""
        idle = self.idle
        while idle and idle[-1].last_used + idle[-1].lifetime <= now:
            self._died(idle.pop())

    def sweep(self, now: int) -> None:
        """Drop all expired environments: at a tick, so that the level at the tick is right."""
        expired = [e for e in self.idle if e.last_used + e.lifetime <= now]
        if expired:
            self.idle = [e for e in self.idle if e.last_used + e.lifetime > now]
            for environment in reversed(expired):
                self._died(environment)

    def _died(self, environment: Environment) -> None:
        at = environment.last_used + environment.lifetime
        self.alive.left_at(at)
        self._write(environment, at)

    def _write(self, environment: Environment, died: int) -> None:
        self.environments.write(self.environments.pack(
            self.number, environment.number, environment.born, environment.ready, environment.last_used, died,
            environment.served, environment.lifetime == NULL, environment.resets,
        ))  # fmt: skip

    def close(self) -> None:
        """The run is over: those still alive are written down."""
        for environment in self.idle:
            self._write(environment, NULL)

    def _born(self, job: Job, now: int) -> Environment:
        provisioning, init, lifetime, _ = job.birth()
        cold = self.row.cold
        if cold is not None:
            job.provisioning = drawn(cold.provisioning, provisioning)
            job.init = drawn(cold.init, init)
        assert self.row.idle_lifetime is not None
        environment = Environment(
            self.births,
            now,
            now + job.provisioning + max(job.init, 0),
            drawn(self.row.idle_lifetime, lifetime),
        )
        self.births += 1
        if self.scaling.recent is not None:
            self.scaling.recent.append(now)
            if self.account.row.scaling_bucket:
                self.scaling.level -= TOKEN
        self.alive.move(1)
        return environment

    # the invocation

    def _run(self, job: Job, now: int) -> None:
        attempt, environment = job.attempt, job.environment
        assert environment is not None
        duration, status = job.drawn()
        job.run()
        self._occupy(job, 1)
        if self.row.refuses and status > 0 and not job.source:
            status = self._reads(attempt, status)
        fault = self.fault
        if fault.active:
            duration = fault.stretch(duration)
            if fault.fails(job):
                status = CRASH
        again = 0
        if environment.reset:
            again = self._initialise_again(job)
            duration += again
        if status > 0:
            job.status = status
        elif status == REFUSES:
            job.outcome = Outcome.CRASH
            job.status = reason.REASONS[reason.UNAUTHORIZED].status
        elif status == CRASH:
            job.outcome = Outcome.CRASH
            if self.row.exits and pick.happens(job.birth()[3], self.row.exits):
                self._reset(environment)
        else:
            job.outcome = Outcome.MALFORMED
        if duration > self.timeout:
            duration = self.timeout
            job.outcome = Outcome.TIMEOUT
            job.status = NULL
            self._reset(environment)
        job.duration = duration
        job.end = now + duration if job.init == NULL else now + job.provisioning + job.init + duration
        if attempt.notes is not None:
            kind = (
                ("warm" if environment.lifetime != NULL else "provisioned")
                if job.init == NULL
                else f"cold ({self._told(job)})"
            )
            if again:
                kind += f", reset before and so Init again, {again / 1e6:g} ms of its Duration"
            attempt.note(
                f"function {self.row.name}: environment {environment.number}, {kind}, Duration {duration / 1e6:g} ms"
                f"{self.fault.told()}; at once {self._pool()}"
            )

    def _told(self, job: Job) -> str:
        """What a cold start took, for people."""
        init = f"{job.init / 1e6:g} ms"
        restores = self.row.cold is not None and self.row.cold.restores
        return f"restored in {init}" if restores else f"{job.provisioning / 1e6:g} ms + Init {init}"

    def _reset(self, environment: Environment) -> None:
        environment.resets += not environment.reset
        environment.reset = True

    def _initialise_again(self, job: Job) -> int:
        """What Init takes in an environment that was reset, within its next invocation's Duration and timeout (facts 10.3)."""
        assert job.environment is not None
        job.environment.reset = False
        return 0 if self.row.cold is None else drawn(self.row.cold.init, job.birth()[1])

    def _occupy(self, job: Job, by: int) -> None:  # noqa: ARG002
        """Concurrency of the function and of the pools it draws from."""
        self.in_use.move(by)
        self.account.in_use.move(by)
        if self.reserved == NULL:
            self.account.unreserved.move(by)

    def _reads(self, attempt: Attempt, status: int) -> int:
        """The status of its answer: one of its own to a format that it does not accept."""
        if not attempt.caller.client.calls[attempt.call[1]].format & self.row.refuses:
            return status
        attempt.note(f"function {self.row.name}: does not accept the request's format")
        return self.row.format_error

    def _pool(self) -> str:
        """How much of the concurrency that it draws from is in use, for people."""
        if self.reserved != NULL:
            return f"{self.in_use.level:,} of its {self.reserved:,} reserved"
        unreserved = self.account.unreserved
        return f"{self.in_use.level:,}, with others {unreserved.level:,} of {self.account.unreserved_limit:,} unreserved"

    def done(self, job: Job) -> None:
        """The invocation has ended: its environment is idle again."""
        environment = job.environment
        assert environment is not None
        self._occupy(job, -1)
        environment.last_used = self.clock.now
        self.idle.append(environment)
        record(self.jobs, self.number, job)
