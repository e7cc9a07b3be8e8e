"""What API Gateway answers by itself, what it makes of a backend's answer, and which requests it does not take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apigw_sim import quotas
from apigw_sim.plan import laws
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.tables import NULL, Answer, MappedAnswer
from apigw_sim.records import Flag
from apigw_sim.rules import reason, response
from apigw_sim.rules.http_reasons import HTTP_REASONS
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.api import Api, Integration, Method
from apigw_sim.scenario.clients import Call
from apigw_sim.scenario.responses import DEFAULT, FUNCTION_ERROR, FUNCTION_TIMEOUT, JSON

EVERY = "*/*"
MOST_TYPES = 62
"""Bits of a word."""
CODES = {
    FUNCTION_ERROR: response.FUNCTION_ERROR, FUNCTION_TIMEOUT: response.FUNCTION_TIMEOUT, DEFAULT: response.ANY,
}  # fmt: skip
VALIDATED = {"body": 1, "parameters": 2, "both": 3}
"""What a validator looks at, as bits."""


def answers(scenario: Scenario, api: Api) -> tuple[Answer, ...]:
    """What an API answers for each reason: AWS's default, its gateway responses over it, and how it is counted.

    A type that is not specified takes the status and size of DEFAULT_4XX or DEFAULT_5XX, by the class of its own.
    """
    left_open, said = scenario.assumptions, api.gateway_responses
    made = []
    for row in HTTP_REASONS if api.is_http else reason.REASONS:
        status, size, flags = row.status, row.body_bytes, 0
        if row.name == "LAMBDA_REQUEST_TOO_LARGE":
            status = left_open.lambda_request_too_large
        elif api.is_http and row.name == "LAMBDA_THROTTLED":
            status = left_open.http_lambda_throttled
        own = said.get(row.response_type) if row.response_type else None
        if own is None and row.response_type:
            own = said.get("DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX")
        if own is not None and own.size is not None:
            size = own.size
        if own is not None and own.status not in (None, status):
            status, flags = own.status or status, int(Flag.RESTYLED)
        if row.name in left_open.unmetered:
            flags |= Flag.UNMETERED
        made.append(Answer(status, size, int(flags)))
    return tuple(made)


class Answered:
    """The rows of plan.answers; deployments of one API that answer alike share theirs."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.rows: list[tuple[Answer, ...]] = []

    def row(self, api: Api) -> int:
        """The row of what a deployment of an API answers."""
        made = answers(self.scenario, api)
        if made not in self.rows:
            self.rows.append(made)
        return self.rows.index(made)


def mapped(integration: Integration) -> tuple[MappedAnswer, ...] | None:
    """The integration responses of a custom integration; None: a proxy passes on what it gets.

    A pattern that matches every error matches Lambda's own "Task timed out" too, unless that has one of its own.
    """
    if not integration.custom:
        return None
    said = dict(integration.mapped)
    if FUNCTION_ERROR in said:
        said.setdefault(FUNCTION_TIMEOUT, said[FUNCTION_ERROR])
    return tuple(
        MappedAnswer(CODES.get(str(key), key), row.status, NULL if row.size is None else row.size)  # type: ignore[arg-type]
        for key, row in said.items()
        if not isinstance(row, str)
    )


def content_types(reading: Reading) -> dict[str, int]:
    """Every content type that a client sends, numbered; what a request without one is taken for is the first."""
    names = [JSON]
    for client in reading.scenario.clients.values():
        for call in client.calls:
            if isinstance(call, Call):
                names += call.content_type
    found = {name: number for number, name in enumerate(dict.fromkeys(names))}
    if len(found) > MOST_TYPES:
        reading.problem(("clients",), f"{len(found)} different content types", f"{MOST_TYPES} are the most")
    return found


def of_method(api: Api, method: Method, types: Mapping[str, int]) -> dict[str, Any]:
    """What of a method decides which requests reach its backend, and what becomes of the answers."""
    integration = method.integration
    words: dict[str, Any] = {
        "validator": VALIDATED[method.validator] if method.validator else 0,
        "responses": mapped(integration),
        "asynchronous": integration.asynchronous,
        "refused_types": sum(1 << number for name, number in types.items() if not integration.takes(name)),
    }
    if integration.function is None:
        return words
    most = quotas.count("lambda_async_payload_max" if integration.asynchronous else "lambda_payload_max")
    binary = [number for name, number in types.items() if {name, EVERY} & set(api.binary_media_types)]
    return words | {
        "binary_types": sum(1 << number for number in binary),
        "largest_body": most,
        "largest_binary": in_base64_at_most(most),
    }


def of_call(call: Call, types: Mapping[str, int], endpoint: str, *, http: bool) -> dict[str, Any]:
    """What of a call may keep it from its backend, as words of its row; `http`: it is to an HTTP API."""
    refused = too_large(call.url_size, call.headers_size, endpoint, http=http)
    words: dict[str, Any] = {} if refused == NULL else {"refused": refused}
    invalid = call.invalid_shares
    return words | {
        "invalid_body": laws.threshold(invalid.body),
        "invalid_parameters": laws.threshold(invalid.parameters),
        "types": tuple(types[name] for name in call.content_type),
        "type_thresholds": laws.cumulative(list(call.content_type.values())),
    }


def too_large(url: int, headers: int, endpoint: str, *, http: bool) -> int:
    """Why a URL and headers of so many bytes are no request to an API at all; NULL: they are."""
    if http:
        return reason.HEADERS_TOO_LARGE if url + headers > quotas.count("http_headers_max") else NULL
    if url > quotas.url_max(endpoint):
        return reason.URI_TOO_LONG
    return reason.HEADERS_TOO_LARGE if headers > quotas.headers_max(endpoint) else NULL


def in_base64_at_most(size: int) -> int:
    """The bytes that fit into a size in base64, four letters for three bytes."""
    return size // 4 * 3
