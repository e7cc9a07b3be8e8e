"""Where an HTTP API answers otherwise than a REST API (facts 4.2); it has neither gateway responses nor execution logs.

Of what AWS publishes no status for, an unreachable backend is taken for one that does not answer in time.
"""

from apigw_sim.rules.reason import REASONS, Reason

UNAVAILABLE, BROKEN = "Service Unavailable", "Internal Server Error"
OF_HTTP = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "Forbidden", "The route asks for AWS_IAM, and the request is not signed."),
    "ACCESS_DENIED": (403, "Forbidden", "The authorizer denied the request, or its token lacks the route's scopes."),
    "INVALID_SIGNATURE": (403, "Forbidden", "The route asks for AWS_IAM, and the signature is not that of a known key."),
    "EXPIRED_TOKEN": (403, "Forbidden", "The route asks for AWS_IAM, and the credentials have expired."),
    "INTEGRATION_TIMEOUT": (
        503, UNAVAILABLE, "The backend did not answer within the integration timeout; it goes on working for nobody.",
    ),
    "INTEGRATION_FAILURE": (503, UNAVAILABLE, "The backend could not be reached."),
    "LAMBDA_THROTTLED": (
        503, UNAVAILABLE, "Lambda refused the invocation; an HTTP API does not pass its 429 on either.",
    ),
    "FUNCTION_ERROR": (500, BROKEN, "The function raised or crashed; an HTTP API answers 500, a REST API 502."),
    "FUNCTION_TIMEOUT": (
        500, BROKEN, "The function's own timeout ended it before the integration's did; that is a 500, not a 503.",
    ),
    "MALFORMED_RESPONSE": (500, BROKEN, "The function's answer is not of the form that its payload format expects."),
    "RESPONSE_TOO_LARGE": (500, BROKEN, "The function's answer is above Lambda's 6 MB."),
    "API_CONFIGURATION_ERROR": (500, BROKEN, "The integration could not be invoked."),
    "AUTHORIZER_FAILURE": (
        500, BROKEN, "The authorizer itself failed: it crashed, gave no proper answer, or took more than 10 s.",
    ),
    "AUTHORIZER_CONFIGURATION_ERROR": (
        500, BROKEN, "The authorizer could not be invoked: Lambda refused it, or there was an outage.",
    ),
    "HEADERS_TOO_LARGE": (431, "", "The request line and the headers together are above what an HTTP API takes."),
}  # fmt: skip
"""Status, default body, and the sentence for a person."""
LACKED = (
    "QUOTA_EXCEEDED", "INVALID_API_KEY", "WAF_FILTERED", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS",
    "UNSUPPORTED_MEDIA_TYPE", "CACHE_INVALIDATION_DENIED", "UNMAPPED_RESPONSE", "URI_TOO_LONG",
)  # fmt: skip
"""Reasons of what an HTTP API does not have."""


def of_http(row: Reason) -> Reason:
    """A reason as an HTTP API has it."""
    status, says, why = OF_HTTP.get(row.name, (row.status, row.message, row.why))
    return row._replace(status=status, response_type="", log_line="", why=why, says=says)


HTTP_REASONS = tuple(of_http(row) for row in REASONS)
