"""AWS services behind integrations, in integers: what their own rate allows, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.levels import hold
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BUCKET
from apigw_sim.records import Outcome
from apigw_sim.rules import service
from apigw_sim.rules.bucket import TOKEN

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

SERVICE_THROTTLED = int(Outcome.SERVICE_THROTTLED)


def takes(s: State, a: View, f: View) -> bool:
    """Whether a service takes a request; else its own refusal is known at once."""
    z = view(s.service, f.service)
    if z.sqs:
        return True
    wanted = service.tokens(a.body, z.unit) * TOKEN
    held = hold(s, f.own_rps, s.now)
    b = view(s.bucket, f.own_rps * BUCKET)
    if held < wanted:
        a.outcome = SERVICE_THROTTLED
        a.job_status = z.throttle_status
        a.job_refused_by = b.limit
        return False
    b.level = held - wanted
    if b.level < b.low:
        b.low = b.level
    return True
