"""What an attempt is answered: by the gateway itself, or what the backend said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.words import REASON
from apigw_sim.rules import reason

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State


def because(s: State, a: View, why: int, refused_by: int, tokens: int) -> None:
    """The gateway itself answers."""
    a.reason = why
    a.status = s.status[why * REASON]
    a.response = s.status[why * REASON + 1]
    a.refused_by = refused_by
    a.tokens = tokens


def passed_on(a: View, status: int, response: int) -> None:
    """The backend's own answer."""
    a.reason = reason.passed_on(status)
    a.status = status
    a.response = response
