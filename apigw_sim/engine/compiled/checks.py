"""What keeps a request from its backend though it was admitted, and what a custom integration makes of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.answers import because, passed_on
from apigw_sim.engine.compiled.drawing import OF_GATEWAY, four, of_request
from apigw_sim.engine.compiled.plain import part, view
from apigw_sim.engine.compiled.words import EVENT, STAGE
from apigw_sim.records import NULL, Outcome
from apigw_sim.rules import pick, reason, response

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

BODY, PARAMETERS = 1, 2
ACCEPTED, ANY_SHAPE = 202, 200
ERROR_OBJECT = len('{"errorMessage":"","errorType":""}')
WENT_WELL, CRASH, MALFORMED, RAN_OUT = (
    int(Outcome.OK), int(Outcome.CRASH), int(Outcome.MALFORMED), int(Outcome.TIMEOUT),
)  # fmt: skip
OUTAGE, QUEUE_FULL, TOO_LARGE = int(Outcome.OUTAGE), int(Outcome.QUEUE_FULL), int(Outcome.TOO_LARGE)
SERVICE_THROTTLED = int(Outcome.SERVICE_THROTTLED)


def unavailable(s: State, a: View) -> bool:
    """Whether the stage itself is out of order for this request."""
    share = view(s.stage, view(s.client, a.client).stage * STAGE).unavailable
    if share == 0:
        return False
    word, _, _, _ = four(s, a, OF_GATEWAY)
    return pick.happens(word, share)


def small(s: State, a: View) -> bool:
    """Whether the body is within the gateway's 10 MB; else 413."""
    if a.body <= s.largest_request:
        return True
    because(s, a, reason.REQUEST_TOO_LARGE, NULL, NULL)
    return False


def valid(s: State, a: View, validator: int) -> bool:
    """Whether a request is what the method's validator asks for; else 400."""
    p = view(s.pick, a.pick)
    body, parameters, _, _ = of_request(s, a)
    why = NULL
    if validator & BODY and pick.happens(body, p.invalid_body):
        why = reason.BAD_REQUEST_BODY
    if validator & PARAMETERS and pick.happens(parameters, p.invalid_parameters):
        why = reason.BAD_REQUEST_PARAMETERS
    if why == NULL:
        return True
    because(s, a, why, NULL, NULL)
    return False


def content_type(s: State, a: View) -> int:
    """The bit of an attempt's content type."""
    p = view(s.pick, a.pick)
    place = 0
    if p.types_n > 1:
        _, _, word, _ = of_request(s, a)
        place = pick.choose(word, part(s.share, p.types, p.types_n))
    return 1 << s.status[p.types + place]


def supported(s: State, a: View, refused_types: int) -> bool:
    """Whether the integration takes the content type; else 415."""
    if content_type(s, a) & refused_types == 0:
        return True
    because(s, a, reason.UNSUPPORTED_MEDIA_TYPE, NULL, NULL)
    return False


def too_large(s: State, a: View, m: View) -> bool:
    """Whether a body is above what an invocation takes; three bytes are four in base64."""
    most = m.largest_body
    if m.binary_types != 0 and content_type(s, a) & m.binary_types != 0:
        most = m.largest_binary
    return a.body > most


def lost(s: State, a: View) -> bool:
    """Whether a function's answer is one of the 502s under load."""
    _, word, _, _ = four(s, a, OF_GATEWAY)
    return pick.happens(word, s.rare_502)


# custom integrations


def customised(s: State, a: View, m: View, f: View) -> bool:
    """What a custom integration makes of its backend's answer; whether that is its own, and no gateway response."""
    outcome = a.outcome
    if a.detached == EVENT and outcome != OUTAGE and outcome != TOO_LARGE:
        a.integration_status = ACCEPTED
        return respond(s, a, m, ACCEPTED, 0, NULL)
    if outcome == WENT_WELL or outcome == MALFORMED:
        if a.drawn_response > f.largest_response:
            if f.is_lambda > 0:
                return respond(s, a, m, response.FUNCTION_ERROR, ERROR_OBJECT, reason.RESPONSE_TOO_LARGE)
            because(s, a, reason.BACKEND_RESPONSE_TOO_LARGE, NULL, NULL)
            return False
        status = ANY_SHAPE if outcome == MALFORMED else a.job_status
        return respond(s, a, m, status, a.drawn_response, NULL)
    if outcome == QUEUE_FULL or outcome == SERVICE_THROTTLED:
        why = reason.SERVICE_THROTTLED if outcome == SERVICE_THROTTLED else NULL
        own = respond(s, a, m, a.job_status, 0, why)
        a.refused_by = a.job_refused_by
        return own
    if outcome == CRASH:
        return respond(s, a, m, response.FUNCTION_ERROR, ERROR_OBJECT, reason.FUNCTION_ERROR)
    if outcome == RAN_OUT:
        return respond(s, a, m, response.FUNCTION_TIMEOUT, ERROR_OBJECT, reason.FUNCTION_TIMEOUT)
    because(
        s, a, of_lambda(outcome) if f.is_lambda > 0 else reason.INTEGRATION_FAILURE, a.job_refused_by, NULL
    )
    return False


def respond(s: State, a: View, m: View, code: int, size: int, why: int) -> bool:
    """Answer with the integration response that catches a code; where none does it is a 500."""
    first, count = m.mapped, m.mapped_n
    place = response.caught(part(s.status, first, count), code)
    if place < 0:
        because(s, a, reason.UNMAPPED_RESPONSE, NULL, NULL)
        return False
    mapped = s.status[first + 2 * count + place]
    passed_on(a, code, size if mapped == NULL else mapped)
    a.status = s.status[first + count + place]
    if why != NULL:
        a.reason = why
    return True


def of_lambda(outcome: int) -> int:
    """What a proxy integration makes of an invocation that did not end well (facts 4.2)."""
    if outcome == CRASH:
        return reason.FUNCTION_ERROR
    if outcome == MALFORMED:
        return reason.MALFORMED_RESPONSE
    if outcome == RAN_OUT:
        return reason.FUNCTION_TIMEOUT
    if outcome == OUTAGE:
        return reason.API_CONFIGURATION_ERROR
    if outcome == TOO_LARGE:
        return reason.LAMBDA_REQUEST_TOO_LARGE
    return reason.LAMBDA_THROTTLED
