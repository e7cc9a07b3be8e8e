"""Why an attempt ended as it did: one closed list, each reason with what AWS answers, logs and means by it.

Sources: developer guide "Gateway response types", re:Post "api-gateway-429-limit" and "api-gateway-5xx-error",
Lambda guide "services-apigateway-errors" (facts 1.4, 4.1, 4.2).
"""

from typing import NamedTuple


class Reason(NamedTuple):
    """One way for an attempt to end."""

    name: str
    status: int
    """HTTP status of the answer; 0: the backend's own."""
    response_type: str
    """The gateway response type behind the answer; empty where the backend answered."""
    log_line: str
    """What the execution log says."""
    retryable: str
    """May a client retry: "yes", "no" or "if idempotent"."""
    why: str
    """One sentence for a person."""
    says: str = ""
    """What the default body says, where that is not what its response type says."""

    @property
    def message(self) -> str:
        """What the gateway's default body says; empty where the backend answers."""
        return self.says or MESSAGES.get(self.name) or MESSAGES.get(self.response_type, "")

    @property
    def body_bytes(self) -> int:
        """Size of the gateway's default body, `{"message":"..."}`; 0 where the backend answers."""
        return len('{"message":""}') + len(self.message) if self.message else 0


MESSAGES = {
    "THROTTLED": "Too Many Requests",
    "QUOTA_EXCEEDED": "Limit Exceeded",
    "INVALID_API_KEY": "Forbidden",
    "MISSING_AUTHENTICATION_TOKEN": "Missing Authentication Token",
    "UNAUTHORIZED": "Unauthorized",
    "ACCESS_DENIED": "Forbidden",
    "INVALID_SIGNATURE": "The request signature we calculated does not match the signature you provided.",
    "EXPIRED_TOKEN": "The security token included in the request is expired",
    "BAD_REQUEST_BODY": "Invalid request body",
    "BAD_REQUEST_PARAMETERS": "Missing required request parameters",
    "REQUEST_TOO_LARGE": "Request Too Long",
    "UNSUPPORTED_MEDIA_TYPE": "Unsupported Media Type",
    "INTEGRATION_TIMEOUT": "Endpoint request timed out",
    "INTEGRATION_FAILURE": "Network error communicating with endpoint",
    "API_CONFIGURATION_ERROR": "Internal server error",
    "DEFAULT_5XX": "Service Unavailable",
    "LAMBDA_THROTTLED": "Internal server error",
    "ROUTE_NOT_FOUND": "Not Found",
    "RESOURCE_NOT_FOUND": "Not Found",
}
"""Default bodies by gateway response type, or by reason, as captured in the wild (facts 1.4, 4.2)."""

RESPONSE_TYPES: dict[str, int] = {
    "ACCESS_DENIED": 403, "API_CONFIGURATION_ERROR": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500, "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400, "BAD_REQUEST_PARAMETERS": 400, "DEFAULT_4XX": 0, "DEFAULT_5XX": 0, "EXPIRED_TOKEN": 403,
    "INTEGRATION_FAILURE": 504, "INTEGRATION_TIMEOUT": 504, "INVALID_API_KEY": 403, "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 403, "QUOTA_EXCEEDED": 429, "REQUEST_TOO_LARGE": 413, "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429, "UNAUTHORIZED": 401, "UNSUPPORTED_MEDIA_TYPE": 415, "WAF_FILTERED": 403,
}  # fmt: skip
"""Every gateway response type of a REST API and its status; 0: whatever the class's cause has (facts 4.1)."""


REASONS = (
    Reason("OK", 0, "", "Method completed with status: {status}", "no", "The request was carried."),
    Reason("BACKEND_4XX", 0, "", "Method completed with status: {status}", "no",
           "The backend itself answered with a 4xx; a proxy integration passes it on."),
    Reason("BACKEND_5XX", 0, "", "Method completed with status: {status}", "if idempotent",
           "The backend itself answered with a 5xx; a proxy integration passes it on."),
    Reason("THROTTLED", 429, "THROTTLED", "{limit} exceeded throttle limit. Rate Exceeded.", "yes",
           "A token bucket held less than one token."),
    Reason("QUOTA_EXCEEDED", 429, "QUOTA_EXCEEDED", "Key quota exhausted for Usage Plan. {limit}", "no",
           "The key's quota is used up until the period ends; retrying before then cannot help."),
    Reason("INVALID_API_KEY", 403, "INVALID_API_KEY", "API Key is not authorized because no usage plan covers it.", "no",
           "The method requires an API key and none, or none that a plan of this stage covers, was sent."),
    Reason("MISSING_AUTHENTICATION_TOKEN", 403, "MISSING_AUTHENTICATION_TOKEN", "No method matches the request.", "no",
           "No method of this stage matches the path; API Gateway answers 403, not 404."),
    Reason("UNAUTHORIZED", 401, "UNAUTHORIZED", "Unauthorized request.", "no",
           "The caller was not authenticated: it sent no identity, or one that the authorizer does not accept."),
    Reason("ACCESS_DENIED", 403, "ACCESS_DENIED", "User is not authorized to access this resource.", "no",
           "The authorizer or a policy denied the request."),
    Reason("WAF_FILTERED", 403, "WAF_FILTERED", "Request blocked by WAF.", "no", "A web ACL blocked the request."),
    Reason("BAD_REQUEST_BODY", 400, "BAD_REQUEST_BODY", "Request body does not match model schema.", "no",
           "The request body failed validation."),
    Reason("BAD_REQUEST_PARAMETERS", 400, "BAD_REQUEST_PARAMETERS", "Missing required request parameters.", "no",
           "A required parameter was missing."),
    Reason("REQUEST_TOO_LARGE", 413, "REQUEST_TOO_LARGE", "Request payload exceeds 10485760 bytes.", "no",
           "The request body is above the gateway's 10 MB."),
    Reason("UNSUPPORTED_MEDIA_TYPE", 415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type.", "no",
           "No template matches the content type and passthrough is NEVER."),
    Reason("CACHE_INVALIDATION_DENIED", 403, "ACCESS_DENIED",
           "Not authorized to invalidate the cache (execute-api:InvalidateCache).", "no",
           "Cache-Control: max-age=0 was sent without permission, and the strategy is FAIL_WITH_403."),
    Reason("INTEGRATION_TIMEOUT", 504, "INTEGRATION_TIMEOUT",
           "Execution failed due to a timeout error", "if idempotent",
           "The backend did not answer within the integration timeout; it goes on working for nobody."),
    Reason("INTEGRATION_FAILURE", 504, "INTEGRATION_FAILURE", "Execution failed due to an integration failure", "if idempotent",
           "The backend could not be reached."),
    Reason("LAMBDA_THROTTLED", 500, "INTEGRATION_FAILURE",
           "Lambda invocation failed with status: 429. Execution failed due to configuration error: Rate Exceeded.", "yes",
           "Lambda refused the invocation; API Gateway does not pass its 429 on, it answers 500."),
    Reason("FUNCTION_ERROR", 502, "API_CONFIGURATION_ERROR",
           "Lambda execution failed with status 200 due to customer function error", "if idempotent",
           "The function raised or crashed; behind a proxy integration that is a 502."),
    Reason("FUNCTION_TIMEOUT", 502, "API_CONFIGURATION_ERROR", "Task timed out after the function's own timeout", "if idempotent",
           "The function's own timeout ended it before the integration's did; that is a 502, not a 504."),
    Reason("MALFORMED_RESPONSE", 502, "API_CONFIGURATION_ERROR",
           "Execution failed due to configuration error: Malformed Lambda proxy response", "if idempotent",
           "The function's answer is not of the form that a proxy integration expects."),
    Reason("RESPONSE_TOO_LARGE", 502, "API_CONFIGURATION_ERROR", "Response payload size exceeded maximum allowed (6 MB)",
           "no", "The function's answer is above Lambda's 6 MB."),
    Reason("AUTHORIZER_FAILURE", 500, "AUTHORIZER_FAILURE", "Authorizer failed.", "yes",
           "The authorizer itself failed: it crashed, ran out of time, or gave no proper policy."),
    Reason("AUTHORIZER_CONFIGURATION_ERROR", 500, "AUTHORIZER_CONFIGURATION_ERROR", "Could not reach the authorizer.", "yes",
           "The authorizer could not be invoked: Lambda refused it, or there was an outage."),
    Reason("API_CONFIGURATION_ERROR", 500, "API_CONFIGURATION_ERROR",
           "Execution failed due to configuration error: Lambda invocation failed", "yes",
           "The integration could not be invoked."),
    Reason("GATEWAY_UNAVAILABLE", 503, "DEFAULT_5XX", "Service Unavailable", "yes", "The gateway itself was unavailable."),
    Reason("URI_TOO_LONG", 414, "", "", "no",
           "The URL is longer than the endpoint takes; the request is refused before it is one of the API's."),
    Reason("HEADERS_TOO_LARGE", 431, "", "", "no",
           "The headers together are larger than the endpoint takes; the request is refused before it is one of the API's."),
    Reason("LAMBDA_REQUEST_TOO_LARGE", 413, "REQUEST_TOO_LARGE",
           "Lambda invocation failed with status: 413. Execution failed due to configuration error: Request Too Long", "no",
           "The request is within the gateway's 10 MB and above what an invocation takes: 6 MB, in base64 4.5 MB."),
    Reason("UNMAPPED_RESPONSE", 500, "API_CONFIGURATION_ERROR",
           "Execution failed due to configuration error: No match for output mapping and no default endpoint configured",
           "if idempotent", "No integration response matches what the backend answered, and there is no default one."),
    Reason("BACKEND_RESPONSE_TOO_LARGE", 500, "API_CONFIGURATION_ERROR",
           "Execution failed due to configuration error: Integration response of length above 10485760 bytes is not "
           "supported.", "no", "The backend's answer is above the gateway's 10 MB."),
    Reason("BAD_GATEWAY_AT_LOAD", 502, "DEFAULT_5XX", "Execution failed due to configuration error: out of order invocation",
           "if idempotent", "AWS's occasional 502 for out-of-order invocations under heavy load, an assumption's share."),
    Reason("INVALID_SIGNATURE", 403, "INVALID_SIGNATURE", "The request signature does not match.", "no",
           "The method asks for AWS_IAM, and the request's signature is not that of a known key."),
    Reason("NO_MAPPING", 403, "", "", "no",
           "The custom domain maps this base path to no stage; CloudWatch has neither metric nor log of it."),
    Reason("NO_CERTIFICATE", 403, "ACCESS_DENIED", "Access denied. Reason: Could not find issuer for certificate", "no",
           "The domain asks for mutual TLS, and the caller presented no certificate that its truststore knows."),
    Reason("SERVICE_THROTTLED", 0, "", "Method completed with status: {status}", "yes",
           "The AWS service behind the integration refused, its own rate being used up; unmapped that is a 200."),
    Reason("ROUTE_NOT_FOUND", 404, "", "", "no",
           "No route of this HTTP API serves the request, and it has no $default route; a REST API would answer 403."),
    Reason("EXPIRED_TOKEN", 403, "EXPIRED_TOKEN", "The security token included in the request is expired.", "no",
           "The method asks for AWS_IAM, and the temporary credentials that signed the request have expired."),
    Reason("RESOURCE_NOT_FOUND", 404, "RESOURCE_NOT_FOUND", "No method matches the request.", "no",
           "No method of this stage matches the path, and `assumptions.unknown_resource` says that this is a 404."),
)  # fmt: skip

NUMBER = {reason.name: number for number, reason in enumerate(REASONS)}

OK = NUMBER["OK"]
BACKEND_4XX = NUMBER["BACKEND_4XX"]
BACKEND_5XX = NUMBER["BACKEND_5XX"]
THROTTLED = NUMBER["THROTTLED"]
QUOTA_EXCEEDED = NUMBER["QUOTA_EXCEEDED"]
INVALID_API_KEY = NUMBER["INVALID_API_KEY"]
MISSING_AUTHENTICATION_TOKEN = NUMBER["MISSING_AUTHENTICATION_TOKEN"]
UNAUTHORIZED = NUMBER["UNAUTHORIZED"]
ACCESS_DENIED = NUMBER["ACCESS_DENIED"]
INVALID_SIGNATURE = NUMBER["INVALID_SIGNATURE"]
EXPIRED_TOKEN = NUMBER["EXPIRED_TOKEN"]
AUTHORIZER_FAILURE = NUMBER["AUTHORIZER_FAILURE"]
AUTHORIZER_CONFIGURATION_ERROR = NUMBER["AUTHORIZER_CONFIGURATION_ERROR"]
REQUEST_TOO_LARGE = NUMBER["REQUEST_TOO_LARGE"]
BAD_REQUEST_BODY = NUMBER["BAD_REQUEST_BODY"]
BAD_REQUEST_PARAMETERS = NUMBER["BAD_REQUEST_PARAMETERS"]
UNSUPPORTED_MEDIA_TYPE = NUMBER["UNSUPPORTED_MEDIA_TYPE"]
CACHE_INVALIDATION_DENIED = NUMBER["CACHE_INVALIDATION_DENIED"]
NO_MAPPING = NUMBER["NO_MAPPING"]
NO_CERTIFICATE = NUMBER["NO_CERTIFICATE"]
INTEGRATION_TIMEOUT = NUMBER["INTEGRATION_TIMEOUT"]
INTEGRATION_FAILURE = NUMBER["INTEGRATION_FAILURE"]
LAMBDA_THROTTLED = NUMBER["LAMBDA_THROTTLED"]
FUNCTION_ERROR = NUMBER["FUNCTION_ERROR"]
FUNCTION_TIMEOUT = NUMBER["FUNCTION_TIMEOUT"]
MALFORMED_RESPONSE = NUMBER["MALFORMED_RESPONSE"]
RESPONSE_TOO_LARGE = NUMBER["RESPONSE_TOO_LARGE"]
API_CONFIGURATION_ERROR = NUMBER["API_CONFIGURATION_ERROR"]
GATEWAY_UNAVAILABLE = NUMBER["GATEWAY_UNAVAILABLE"]
URI_TOO_LONG = NUMBER["URI_TOO_LONG"]
HEADERS_TOO_LARGE = NUMBER["HEADERS_TOO_LARGE"]
LAMBDA_REQUEST_TOO_LARGE = NUMBER["LAMBDA_REQUEST_TOO_LARGE"]
UNMAPPED_RESPONSE = NUMBER["UNMAPPED_RESPONSE"]
BACKEND_RESPONSE_TOO_LARGE = NUMBER["BACKEND_RESPONSE_TOO_LARGE"]
BAD_GATEWAY_AT_LOAD = NUMBER["BAD_GATEWAY_AT_LOAD"]
SERVICE_THROTTLED = NUMBER["SERVICE_THROTTLED"]
WAF_FILTERED = NUMBER["WAF_FILTERED"]
ROUTE_NOT_FOUND = NUMBER["ROUTE_NOT_FOUND"]

TOO_LARGE = (URI_TOO_LONG, HEADERS_TOO_LARGE)
"""Of what is no request at all."""


def passed_on(status: int) -> int:
    """The reason of an answer whose status is the backend's own."""
    if status >= 500:
        return BACKEND_5XX
    if status >= 400:
        return BACKEND_4XX
    return OK
