"""Provisioned concurrency: environments that are ready before anybody calls (facts 10.1, 10.2)."""

from __future__ import annotations

from typing import Any, NamedTuple

from apigw_sim.engine.model.backends import Job, record
from apigw_sim.engine.model.functions import Environment, Function
from apigw_sim.engine.model.gauges import Gauge
from apigw_sim.plan import tables
from apigw_sim.records import NULL, Outcome
from apigw_sim.rules.bucket import TOKEN, cut, refill
from apigw_sim.rules.utilization import utilization


class Levels(NamedTuple):
    """Its gauges."""

    allocated: Gauge
    busy: Gauge
    utilization: Gauge


class Provisioned(Function):
    """A version with provisioned concurrency; what finds none of it free, or not its request rate, spills over.

    An invocation in one of its environments takes nothing of the concurrency that is shared on demand.
    """

    def __init__(self, provision: tables.Provision, levels: Levels, *of_function: Any) -> None:
        super().__init__(*of_function)
        self.provision = provision
        self.levels = levels
        self.ready: list[Environment] = []
        """Those that are free, the most recently used last."""
        self.surplus = 0
        """Busy ones that go as soon as they are free."""
        self.tokens = self.tokens_at = self.rate = self.full = 0
        """Their own requests per second."""
        self.limited = False

    def provide(self, count: int, rate: int, full: int, limited: bool) -> None:
        """So many environments there are from now on; of those that are too many, busy ones go when they are free."""
        now, more = self.clock.now, count - self.levels.allocated.level
        self.tokens = cut(refill(self.tokens, self.tokens_at, now, self.rate, self.full), full)
        if not self.levels.allocated.level:
            self.tokens = full
        self.tokens_at, self.rate, self.full, self.limited = now, rate, full, limited
        self.levels.allocated.move(more)
        kept = min(self.surplus, max(more, 0))
        self.surplus -= kept
        for _ in range(more - kept):
            self.ready.append(Environment(self.births, now, now, NULL))
            self.births += 1
            self.alive.move(1)
        for _ in range(-more):
            if self.ready:
                self._gone(self.ready.pop())
            else:
                self.surplus += 1
        self._measure()

    def arrive(self, job: Job) -> None:
        """An invocation reaches Lambda: a provisioned environment begins it, or it is as one on demand."""
        now, attempt = self.clock.now, job.attempt
        large = attempt.body > job.method.largest_binary and job.too_large()
        if self.fault.outage or large or not self._free(job, now):
            super().arrive(job)
            return
        if not self._has_tokens(job, now):
            self._refuse(job, Outcome.THROTTLED_RPS)
            return
        self._spend(job)
        if self.limited and not job.asynchronous:
            self.tokens -= TOKEN
        job.provisioning = NULL
        job.environment = environment = self.ready.pop()
        environment.served += 1
        self._run(job, now)

    def _free(self, job: Job, now: int) -> bool:
        """Whether there is an environment, and a request of its rate; if not, the invocation spills over."""
        allocated = self.levels.allocated.level
        if not allocated:
            return False
        if not self.ready:
            why = f"all {allocated} of its provisioned concurrency in use"
        elif self.limited and not job.asynchronous and self._holds(now) < TOKEN:
            why = "the requests per second of its provisioned concurrency are used up"
        else:
            return True
        job.refused_by = self.provision.limit
        job.attempt.note(f"function {self.row.name}: {why}, spills over")
        return False

    def _holds(self, now: int) -> int:
        self.tokens = refill(self.tokens, self.tokens_at, now, self.rate, self.full)
        self.tokens_at = now
        return self.tokens

    def _occupy(self, job: Job, by: int) -> None:
        assert job.environment is not None
        if job.environment.lifetime != NULL:
            super()._occupy(job, by)
            return
        self.in_use.move(by)
        self.account.in_use.move(by)
        self.scaling.provisioned += by
        self.levels.busy.move(by)
        self._measure()

    def _measure(self) -> None:
        allocated, busy, level = self.levels
        level.move(utilization(busy.level, allocated.level) - level.level)

    def done(self, job: Job) -> None:
        """The invocation has ended: its environment is free again, or gone if it is one too many."""
        environment = job.environment
        assert environment is not None
        if environment.lifetime != NULL:
            super().done(job)
            return
        self._occupy(job, -1)
        environment.last_used = self.clock.now
        if self.surplus:
            self.surplus -= 1
            self._gone(environment)
        else:
            self.ready.append(environment)
        record(self.jobs, self.number, job)

    def _gone(self, environment: Environment) -> None:
        self.alive.move(-1)
        self._write(environment, self.clock.now)

    def close(self) -> None:
        """The run is over: those still alive are written down."""
        super().close()
        for environment in self.ready:
            self._write(environment, NULL)
