"""The work behind an integration: how it may end, and its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BACKEND, EVENT, INVOCATION_COLUMNS
from apigw_sim.engine.order import USER_BITS, USER_MASK
from apigw_sim.records import NULL, Outcome, Source

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OK, CRASHED, MALFORMED, RAN_OUT = (
    int(Outcome.OK),
    int(Outcome.CRASH),
    int(Outcome.MALFORMED),
    int(Outcome.TIMEOUT),
)
BY_ACCOUNT, BY_RESERVED = int(Outcome.THROTTLED_ACCOUNT), int(Outcome.THROTTLED_RESERVED)
BY_RPS, BY_SCALING = int(Outcome.THROTTLED_RPS), int(Outcome.THROTTLED_SCALING)
OUTAGE, QUEUE_FULL, TOO_LARGE = int(Outcome.OUTAGE), int(Outcome.QUEUE_FULL), int(Outcome.TOO_LARGE)
BY_INTEGRATION, BY_AUTHORIZER, BY_EVENT_SOURCE, BY_EVENT_QUEUE = map(int, Source)
BEGINS, REFUSED, SPILLED = range(3)
"""What an invocation meets: an environment that begins it, a refusal, or, where it is provisioned, what is on demand."""
NORMAL_SPEED = 1000


def stretched(f: View, duration: int) -> int:
    """A duration under the backend's fault."""
    if f.slow == NORMAL_SPEED:
        return duration
    return duration * f.slow // NORMAL_SPEED


def record_job(s: State, a: View, f: View) -> None:
    """The row of a job that has ended or was refused."""
    out, r = s.invocations, s.invocations_n * INVOCATION_COLUMNS
    out[r] = f.me // BACKEND
    out[r + 1] = a.source
    who = a.who
    out[r + 2] = who >> USER_BITS
    out[r + 3] = who & USER_MASK
    out[r + 4] = a.call
    out[r + 5] = a.number
    out[r + 6] = view(s.environment, a.environment).number if a.environment != 0 else NULL
    out[r + 7] = a.job_arrived
    out[r + 8] = a.queued
    out[r + 9] = a.provisioning
    out[r + 10] = a.init
    out[r + 11] = a.duration
    out[r + 12] = a.outcome
    out[r + 13] = a.job_status
    out[r + 14] = a.job_refused_by
    out[r + 15] = 0 if a.detached == EVENT else 1 if a.detached or a.gone else 0
    out[r + 16] = a.repeated
    out[r + 17] = 1
    if a.source == BY_INTEGRATION:
        out[r + 17] = view(s.pick, a.pick).idempotent
    elif a.source == BY_EVENT_SOURCE:  # nobody called for a batch of a queue
        out[r + 2] = NULL
    elif a.source == BY_EVENT_QUEUE:
        out[r + 17] = view(s.pick, a.pick).idempotent
    out[r + 18] = a.alias
    s.invocations_n += 1
    if s.invocations_n >= s.block_rows:
        s.stop = 1
