"""What a client gets of a backend's answer: of a proxy as it is, of a custom integration as its responses map it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.records import NULL
from apigw_sim.rules import reason
from apigw_sim.rules.response import caught

if TYPE_CHECKING:
    from apigw_sim.engine.model.model import Method

ERROR_OBJECT = len('{"errorMessage":"","errorType":""}')
"""Bytes of what Lambda says of an error, without its texts."""


def respond(attempt: Attempt, method: Method, code: int, size: int, why: int | None = None) -> bool:
    """Answer with the integration response that catches a code (`rules.response`); False: none does, and it is a 500.

    The reason stays that of the backend's answer, whatever status the client gets.
    """
    if method.codes is None:
        attempt.passed_on(code, size)
        return True
    place = caught(method.codes, code)
    if place < 0:
        attempt.note("no integration response matches and there is no default one: 500")
        attempt.because(reason.UNMAPPED_RESPONSE)
        return False
    assert method.row.responses is not None
    _, status, mapped = method.row.responses[place]
    attempt.passed_on(code, size if mapped == NULL else mapped)
    attempt.note(f"integration response: {status} for {code if code > 0 else 'the error of the function'}")
    attempt.status = status
    if why is not None:
        attempt.reason = why
    return True
