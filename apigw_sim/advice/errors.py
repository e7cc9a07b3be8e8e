"""The page of all errors, docs/errors.md: from the reasons themselves."""

from __future__ import annotations

from apigw_sim.rules.http_reasons import HTTP_REASONS
from apigw_sim.rules.reason import REASONS, Reason

SEEN = {
    "BACKEND_4XX": "c404_backend", "BACKEND_5XX": "c503_backend", "THROTTLED": "c429_throttle",
    "UNAUTHORIZED": "c401_stranger", "ACCESS_DENIED": "c403_denied", "AUTHORIZER_FAILURE": "c500_authorizer",
    "AUTHORIZER_CONFIGURATION_ERROR": "c500_starved", "QUOTA_EXCEEDED": "c429_quota",
    "INVALID_API_KEY": "c403_no_key", "BAD_REQUEST_BODY": "c400_body",
    "BAD_REQUEST_PARAMETERS": "c400_parameter", "REQUEST_TOO_LARGE": "c413_gateway",
    "UNSUPPORTED_MEDIA_TYPE": "c415_text", "INTEGRATION_TIMEOUT": "c504_timeout",
    "INTEGRATION_FAILURE": "c504_outage", "LAMBDA_THROTTLED": "c500_throttled", "FUNCTION_ERROR": "c502_crash",
    "FUNCTION_TIMEOUT": "c502_ended", "MALFORMED_RESPONSE": "c502_misshapen", "RESPONSE_TOO_LARGE": "c502_verbose",
    "GATEWAY_UNAVAILABLE": "c503_gateway", "URI_TOO_LONG": "c414_url", "HEADERS_TOO_LARGE": "c431_headers",
    "LAMBDA_REQUEST_TOO_LARGE": "c413_lambda", "UNMAPPED_RESPONSE": "c500_unmapped",
    "BACKEND_RESPONSE_TOO_LARGE": "c500_large",
}  # fmt: skip
"""Reason -> the client of scenarios/errors_tour.yaml that meets it."""
MADE_BY = {
    "MISSING_AUTHENTICATION_TOKEN": "`calls: from_trace` with a path that no method serves",
    "INVALID_SIGNATURE": "`authorization: AWS_IAM` and identities that are not valid",
    "EXPIRED_TOKEN": "`authorization: AWS_IAM` and `identities: {expired: 5 %}`",
    "RESOURCE_NOT_FOUND": "`assumptions: {unknown_resource: RESOURCE_NOT_FOUND}` and a path that no method serves",
    "CACHE_INVALIDATION_DENIED": "`max_age_0`, `require_authorization` and `FAIL_WITH_403`",
    "API_CONFIGURATION_ERROR": "`fault: {function: NAME, outage: true}`; a stage variable that names no function",
    "BAD_GATEWAY_AT_LOAD": "`assumptions.rare_502_at_load`",
    "NO_MAPPING": "`domains.NAME.mappings` and a `target` below a base path that none has",
    "NO_CERTIFICATE": "`domains.NAME.mutual_tls` and a client without `client_certificate`",
    "ROUTE_NOT_FOUND": "an HTTP API without `$default`, and a path that no route serves",
    "WAF_FILTERED": "`web_acls: {NAME: {rules}}` and `waf: NAME` of a stage",
    "SERVICE_THROTTLED": "`backends: {NAME: {service: {rate, burst, throttle_status}}}`, a stream, table or FIFO queue",
}
"""Reason -> what makes it, where the tour does not."""

_HEAD = """\
# Errors

Every way in which a REST API answers with an error: the status, the reason that `requests.parquet`, the summary's \
`by_reason` and `explain` give, the gateway response type that restyles it, the cause, what the execution log says, and \
whether a client may retry. The scenario [errors_tour](../scenarios/errors_tour.yaml) shows them one by one; the last \
column names its client, or the setting that makes the error:

```sh
apigw-sim explain scenarios/errors_tour.yaml --client c502_crash
```

The status is the default one. `gateway_responses:` of an API gives a type another status and size, and DEFAULT_4XX or \
DEFAULT_5XX all types of the class that are not specified; clients retry by what they see, and CloudWatch still counts \
the class of the default. A custom integration's `responses:` decide the status of whatever its backend answers: an \
error that nothing matches is a 200, and the reason beside it says what it was.
"""

_TAIL = """\

## Which the backend makes and which the gateway

- A **429 behind the gateway is a 500**: Lambda's throttling is not passed on (`LAMBDA_THROTTLED`), and no integration \
response can map it. A backend's own 429 behind a proxy is a 429.
- **502 or 504**: who ended the work? The function's own timeout is a 502, the integration's a 504 after which the \
function runs on for nobody.
- **403, not 404**, for a path that no method serves; a 404 comes from a backend, unless \
`assumptions.unknown_resource` is RESOURCE_NOT_FOUND.
- **413 twice**: the gateway takes 10 MB, an invocation 6 MB, in base64 4.5 MB, an asynchronous one 1 MB.
- **A 200 may be an error**: behind a custom integration a function's error is one unless `function_error` is mapped.
- `assumptions.unmetered` lists the reasons of which CloudWatch has no metrics; the summary counts them all the same.
- An asynchronous invocation (`invocation_type: Event`) is answered before the function runs: whatever becomes of it is \
in Lambda's metrics alone. An event that meets a full concurrency waits in Lambda's own queue and is tried again for up to \
`maximum_event_age`; one that the function fails is tried twice more, after one minute and after two.
"""


_HTTP = """\

## HTTP APIs

An HTTP API has neither gateway responses nor execution logs, and answers otherwise in these cases; the rest is as above. \
Statuses that AWS does not publish are settings: `assumptions.http_lambda_throttled`, `lambda_request_too_large`.

| reason | REST API | HTTP API | cause |
|---|---|---|---|
"""


def _differs() -> str:
    rows = zip(REASONS, HTTP_REASONS, strict=True)
    listed = [
        (rest, http) for rest, http in rows if http.name == "ROUTE_NOT_FOUND" or http.status != rest.status
    ]
    listed.sort(key=lambda pair: (pair[1].status, pair[1].name))
    lines = [f"| {http.name} | {_of_rest(rest)} | {http.status} | {http.why} |" for rest, http in listed]
    return "\n".join(lines) + "\n"


def _of_rest(rest: Reason) -> str:
    return "403 MISSING_AUTHENTICATION_TOKEN" if rest.name == "ROUTE_NOT_FOUND" else str(rest.status)


def markdown() -> str:
    """The page."""
    head = "| status | reason | gateway response | cause | execution log | retry | shown by |"
    lines = [_HEAD, head, "|---|---|---|---|---|---|---|"]
    lines += [_row(reason) for reason in sorted(REASONS, key=lambda reason: (reason.status, reason.name))]
    return "\n".join([line for line in lines if line]) + "\n" + _TAIL + _HTTP + _differs()


def _row(reason: Reason) -> str:
    if reason.name in ("OK", "ROUTE_NOT_FOUND"):
        return ""
    status = str(reason.status) if reason.status else "the backend's"
    log = f"`{reason.log_line}`" if reason.log_line else "none"
    shown = f"`{SEEN[reason.name]}`" if reason.name in SEEN else MADE_BY.get(reason.name, "not simulated")
    kind = reason.response_type or "none"
    return f"| {status} | {reason.name} | {kind} | {reason.why} | {log} | {reason.retryable} | {shown} |"
