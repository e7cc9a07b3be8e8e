"""What a client's process keeps between its calls: retry quota, budget, circuit breaker and rate limiter."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.order import Hop, Rank, priority
from apigw_sim.plan.tables import Breaker, Retry
from apigw_sim.records import NULL, CallOutcome
from apigw_sim.rules import breaker as rule
from apigw_sim.rules import limiter
from apigw_sim.rules.retry import RETRY, earned, paid, repaid

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt

THROTTLED = 429
SENDS, ANSWER, TIMEOUT = priority(Rank.RETRY), priority(Rank.ANSWER), priority(Rank.TIMEOUT)
SUCCEEDED, REFUSED, TIMED_OUT, SHORT_CIRCUITED, *_ = map(int, CallOutcome)


class Process:
    """One of the processes that a client's calls go to in turn.

    It learns of an answer when the client has it, and not when the gateway gives it.
    """

    def __init__(self, retry: Retry) -> None:
        self.retry = retry
        self.tokens = retry.quota.tokens if retry.quota else 0
        self.budget = retry.saves
        self.circuit = Circuit(retry.breaker) if retry.breaker else None
        self.pace = Pace() if retry.adaptive else None

    def send(self, attempt: Attempt) -> None:
        """An attempt may be sent, now or when the limiter lets it, or the circuit breaker is open."""
        now, previous = attempt.clock.now, attempt.previous
        attempt.paid, attempt.probe = 0 if previous is None else previous.paid, False
        if attempt.number == 1 and self.retry.earns != NULL:
            self.budget = earned(self.budget, self.retry.earns, self.retry.saves)
        if self.circuit is not None:
            found = self.circuit.verdict(now)
            if found == rule.REFUSED:
                attempt.number -= 1
                attempt.caller.end(attempt, now, NULL, SHORT_CIRCUITED)
                return
            attempt.probe = found == rule.PROBE
        wait = self.pace.take(now) if self.pace is not None else 0
        if wait:
            Journey(attempt.clock, self._held(attempt, now + wait)).go()
        else:
            attempt.caller.send(attempt)

    def _held(self, attempt: Attempt, at: int) -> Generator[Wait, None, None]:
        yield at, SENDS + attempt.id
        attempt.restart()
        attempt.caller.send(attempt)

    def answered(self, attempt: Attempt, at: int) -> None:
        """The answer is on its way, and the client has it at `at`."""
        if at > attempt.clock.now:
            Journey(attempt.clock, self._heard(attempt, at, ANSWER, attempt.status)).go()
        else:
            self.heard(attempt, attempt.status)

    def gave_up(self, attempt: Attempt) -> None:
        """The client cannot have the answer by its limit."""
        if attempt.limit > attempt.clock.now:
            Journey(attempt.clock, self._heard(attempt, attempt.limit, TIMEOUT, NULL)).go()
        else:
            self.heard(attempt, NULL)

    def _heard(self, attempt: Attempt, at: int, rank: int, status: int) -> Generator[Wait, None, None]:
        yield at, rank + attempt.id + Hop.HEARD
        self.heard(attempt, status)

    def heard(self, attempt: Attempt, status: int) -> None:
        """The client has a status, or (NULL) has waited long enough: what it learns, and what it does next."""
        retry, now, caller = self.retry, attempt.clock.now, attempt.caller
        failed = status == NULL or status in retry.statuses
        if self.circuit is not None:
            self.circuit.heard(failed, attempt.probe, now)
        if self.pace is not None:
            self.pace.heard(status == THROTTLED, now)
        if 200 <= status < 300 and retry.quota is not None:
            self.tokens = repaid(self.tokens, attempt.paid, retry.quota.tokens)
        again = retry.client_timeout if status == NULL else status in retry.statuses
        if again and attempt.number < retry.attempts and self._may_retry(attempt, status):
            caller.try_again(attempt, now)
        elif status == NULL:
            caller.end(attempt, now, NULL, TIMED_OUT)
        else:
            caller.end(attempt, now, status, SUCCEEDED if status < 400 else REFUSED)

    def _may_retry(self, attempt: Attempt, status: int) -> bool:
        """Whether budget and quota pay for a retry; they pay both or neither."""
        quota = self.retry.quota
        if self.retry.earns != NULL and self.budget < RETRY:
            attempt.note("the retry budget is spent: the client does not try again")
            return False
        if quota is not None:
            cost = (
                quota.timed_out if status == NULL else quota.throttled if status == THROTTLED else quota.other
            )
            left = paid(self.tokens, cost)
            if left < 0:
                attempt.note(
                    f"the retry quota has {self.tokens} tokens, a retry costs {cost}: the client does not try again"
                )
                return False
            self.tokens, attempt.paid = left, cost
        if self.retry.earns != NULL:
            self.budget -= RETRY
        return True


class Circuit:
    """A circuit breaker."""

    def __init__(self, row: Breaker) -> None:
        self.row = row
        self.state = rule.CLOSED
        self.bits = self.seen = self.until = self.probing = self.good = 0

    def verdict(self, now: int) -> int:
        """Whether an attempt may be sent, and whether as a probe."""
        found = rule.verdict(self.state, self.until, now, self.probing, self.row.probes)
        if found == rule.PROBE:
            if self.state == rule.OPEN:
                self.state, self.probing, self.good = rule.HALF_OPEN, 0, 0
            self.probing += 1
        return found

    def heard(self, failed: bool, probe: bool, now: int) -> None:
        """The outcome of an attempt; while it is not closed those of probes alone count."""
        if self.state == rule.CLOSED:
            self.bits = rule.noted(self.bits, self.row.window, 1 if failed else 0)
            self.seen = min(self.seen + 1, self.row.window)
            if rule.trips(self.bits, self.seen, self.row.window, self.row.share):
                self._open(now)
        elif self.state == rule.HALF_OPEN and probe:
            if failed:
                self._open(now)
            else:
                self.good += 1
                if self.good >= self.row.probes:
                    self.state, self.bits, self.seen = rule.CLOSED, 0, 0

    def _open(self, now: int) -> None:
        self.state, self.until = rule.OPEN, now + self.row.open_ns


class Pace:
    """The limiter of the adaptive mode; it acts from the first throttle on."""

    def __init__(self) -> None:
        self.acts = False
        self.rate = limiter.ONE
        self.level = self.at = 0
        self.most = self.plateau = self.throttled_at = 0
        self.seen = self.slot = self.count = 0

    def take(self, now: int) -> int:
        """ns to wait for a permission."""
        if not self.acts:
            return 0
        self._refill(now)
        self.level -= limiter.ONE
        return limiter.wait(self.level, self.rate)

    def heard(self, throttled: bool, now: int) -> None:
        """An answer, or the end of the waiting for one."""
        self.count += 1
        slot = now // limiter.SLOT
        if slot > self.slot:
            self.seen = limiter.measured(self.count, slot - self.slot, self.seen)
            self.count, self.slot = 0, slot
        if throttled:
            self.most = min(self.seen, self.rate) if self.acts else self.seen
            self.plateau = limiter.plateau(self.most)
            self.throttled_at = now
            self.acts = True
            rate = limiter.lowered(self.most)
        else:
            rate = limiter.cubic(self.most, self.plateau, now - self.throttled_at)
        self._refill(now)
        self.rate = limiter.allowed(rate, self.seen)
        self.level = min(self.level, limiter.capacity(self.rate))

    def _refill(self, now: int) -> None:
        idle = (now - self.at) // 1000 * 1000
        self.level = limiter.refilled(self.level, idle, self.rate)
        self.at += idle
