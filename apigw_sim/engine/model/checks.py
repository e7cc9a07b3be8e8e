"""What keeps a request from its backend though it was admitted: its size, its validity, its content type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws import Group
from apigw_sim.engine.model.attempt import Attempt
from apigw_sim.engine.model.clock import FOR_EVER
from apigw_sim.records import NULL
from apigw_sim.rules import pick, reason

if TYPE_CHECKING:
    from apigw_sim.engine.model.model import Method
    from apigw_sim.plan import tables

BODY, PARAMETERS = 1, 2
"""What a validator looks at."""


class Checks:
    """The checks, before the cache lookup and behind it."""

    def __init__(self, account: tables.Account) -> None:
        self.largest_request = account.largest_request
        self.size_behind = account.size_check_after_cache
        self.validation_behind = account.validation_after_cache

    def unchecked(self, row: tables.Method) -> int:
        """Up to how many bytes a method's requests go on to the cache without a look."""
        if row.validator and not self.validation_behind:
            return NULL
        return FOR_EVER if self.size_behind else self.largest_request

    def before_cache(self, attempt: Attempt, method: Method) -> bool:
        """Whether the request may go on to the cache; else its answer is known."""
        if attempt.body > self.largest_request and not self.size_behind:
            return self.fits(attempt)
        return not method.validator or self.validation_behind or self.valid(attempt, method)

    def behind_cache(self, attempt: Attempt, method: Method) -> bool:
        """Whether the request may go on to its backend; else its answer is known."""
        if self.size_behind and not self.fits(attempt):
            return False
        if self.validation_behind and method.validator and not self.valid(attempt, method):
            return False
        return not method.row.refused_types or self.supported(attempt, method.row.refused_types)

    def fits(self, attempt: Attempt) -> bool:
        """Whether the body is within the gateway's 10 MB; else 413."""
        if attempt.body <= self.largest_request:
            return True
        attempt.note(f"body of {attempt.body:,} bytes: above the {self.largest_request:,} allowed")
        attempt.because(reason.REQUEST_TOO_LARGE)
        return False

    def valid(self, attempt: Attempt, method: Method) -> bool:
        """Whether the request is what its method's validator asks for; else 400. Parameters come before the body."""
        call = attempt.caller.client.calls[attempt.call[1]]
        body, parameters, _, _ = attempt.words(Group.REQUEST, 0)
        if method.validator & PARAMETERS and pick.happens(parameters, call.invalid_parameters):
            attempt.note("validation: a required parameter is missing: 400, and the backend is not asked")
            attempt.because(reason.BAD_REQUEST_PARAMETERS)
            return False
        if method.validator & BODY and pick.happens(body, call.invalid_body):
            attempt.note("validation: the body does not match its model: 400, and the backend is not asked")
            attempt.because(reason.BAD_REQUEST_BODY)
            return False
        attempt.note("validation: passed")
        return True

    def supported(self, attempt: Attempt, refused_types: int) -> bool:
        """Whether the integration takes the content type; else 415."""
        if not attempt.content_type() & refused_types:
            return True
        attempt.note("no mapping template for the content type, and passthrough does not let it through: 415")
        attempt.because(reason.UNSUPPORTED_MEDIA_TYPE)
        return False
