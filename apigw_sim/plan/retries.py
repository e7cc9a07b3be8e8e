"""How clients retry, as rows: their own rule, or what an SDK does in a retry mode (facts 12.1)."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.plan.tables import NULL, Breaker, Retry, RetryQuota
from apigw_sim.rules import backoff
from apigw_sim.rules.retry import RETRY
from apigw_sim.scenario.clients import Client
from apigw_sim.scenario.retries import Backoff, CircuitBreaker
from apigw_sim.scenario.retries import Retry as SaidRetry

JITTERS = {
    "none": backoff.NONE, "full": backoff.FULL, "equal": backoff.EQUAL, "decorrelated": backoff.DECORRELATED,
}  # fmt: skip
STANDARD = RetryQuota(tokens=500, throttled=5, timed_out=10, other=5)
STANDARD_2026 = RetryQuota(tokens=500, throttled=5, timed_out=14, other=14)
FIRST, FIRST_2026, LONGEST = units.SECOND, 50 * units.MS, 20 * units.SECOND
"""The first wait's upper end, that of 2026 for anything but a throttle, and the longest."""


def row(client: Client) -> Retry:
    """The row of a client's retries."""
    said = client.retry
    breaker = _breaker(client.circuit_breaker) if client.circuit_breaker else None
    if said is None:
        failures = frozenset(SaidRetry.model_fields["statuses"].default) if breaker else frozenset()
        processes = client.processes if breaker else 0
        return Retry(1, failures, False, backoff.NONE, 0, 0, processes=processes, breaker=breaker)
    quota = None
    if said.mode not in (None, "legacy"):
        quota = STANDARD_2026 if said.mode.endswith("2026") else STANDARD
    gone = said.client_timeout
    if gone is None:
        gone = said.mode is not None and client.timeout is not None
    jitter, base, cap, throttled = _waits(said)
    kept = quota is not None or said.budget is not None or breaker is not None
    return Retry(
        attempts=said.attempts,
        statuses=frozenset(said.statuses),
        client_timeout=gone,
        jitter=jitter,
        base_ns=base,
        cap_ns=cap,
        base_throttled_ns=throttled,
        processes=client.processes if kept else 0,
        quota=quota,
        earns=NULL if said.budget is None else int(said.budget.share * RETRY),
        saves=0 if said.budget is None else said.budget.burst * RETRY,
        breaker=breaker,
        adaptive=said.mode in ("adaptive", "adaptive_2026"),
    )


def _waits(said: SaidRetry) -> tuple[int, int, int, int]:
    """Jitter, base, cap, and the base after a throttle."""
    if said.mode is None:
        waits = said.backoff or Backoff()
        cap = min(waits.cap, backoff.MOST_NS)
        return JITTERS[waits.jitter], min(waits.base, cap), cap, NULL
    if said.mode == "legacy":
        return backoff.FULL, FIRST, backoff.MOST_NS, NULL
    if said.mode.endswith("2026"):
        return backoff.FULL, FIRST_2026, LONGEST, FIRST
    return backoff.FULL, FIRST, LONGEST, NULL


def _breaker(said: CircuitBreaker) -> Breaker:
    return Breaker(int(said.failures * 1000), said.window, said.open, said.probes)
