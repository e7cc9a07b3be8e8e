"""What an attempt is answered: by the gateway itself, or what the backend said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import METHOD, REASON, STAGE
from apigw_sim.records import NULL, Flag
from apigw_sim.rules import reason

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

CANARY = int(Flag.CANARY)


def because(s: State, a: View, why: int, refused_by: int, tokens: int) -> None:
    """The gateway itself answers."""
    if a.release != NULL:
        at = view(s.method, a.release * METHOD).answers + why * REASON
    else:
        st = view(s.stage, view(s.client, a.client).stage * STAGE)
        at = (st.canary_answers if a.flags & CANARY else st.answers) + why * REASON
    a.reason = why
    a.status = s.status[at]
    a.response = s.status[at + 1]
    a.flags |= s.status[at + 2]
    a.refused_by = refused_by
    a.tokens = tokens


def passed_on(a: View, status: int, response: int) -> None:
    """The backend's own answer."""
    a.reason = reason.passed_on(status)
    a.status = status
    a.response = response
