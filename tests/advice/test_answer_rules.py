"""ERR, VAL and PAY rules: errors that look like success, and requests that are not taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
ITEMS = 'apis.shop.methods["GET /items/{id}"]'
CUSTOM = {f"{ITEMS}.integration": {"lambda": "worker"}}
RESPONSES = f"{ITEMS}.integration.responses"


def http(status: Any, **responses: Any) -> dict[str, Any]:
    integration: dict[str, Any] = {"http": "store"}
    if responses:
        integration["responses"] = responses
    return {
        "backends.store": {"http": {"latency": "1 ms", "status": status}},
        f"{ITEMS}.integration": integration,
    }


def test_err001_fires_for_a_custom_integration_without_a_pattern_for_errors(one: One) -> None:
    path, text, fix = one("ERR001", {**CUSTOM, "functions.worker.crash": "2 %"})
    assert path == f"{ITEMS}.integration"
    assert text == (
        "shop GET /items/{id} is a custom integration and maps no error of worker: one that it raises, "
        "2 % of the invocations here, is a 200 to the client and to CloudWatch"
    )
    assert fix == "map it: responses: {function_error: 500}"
    assert one("ERR001", {**CUSTOM, RESPONSES: {404: 404}})[0] == RESPONSES


def test_err001_is_silent_where_it_is_mapped_a_proxy_an_event_or_an_error_anyway(advice: Advised) -> None:
    assert not advice("ERR001")
    assert not advice("ERR001", {**CUSTOM, RESPONSES: {"function_error": 500}})
    assert not advice("ERR001", {**CUSTOM, RESPONSES: {"default": 500}})
    assert not advice("ERR001", {**CUSTOM, RESPONSES: {"default": "none", 200: 200}})
    assert not advice("ERR001", {f"{ITEMS}.integration": {"lambda": "worker", "invocation_type": "Event"}})
    assert not advice("ERR001", http(503))


def test_err002_fires_for_an_error_that_the_default_catches(one: One) -> None:
    path, text, fix = one("ERR002", http({200: "90 %", 404: "5 %", 503: "rest"}, **{"404": 404}))
    assert path == RESPONSES
    assert text == (
        "shop GET /items/{id} maps 200 for whatever is not mapped, and store answers 503 too: "
        "to the client that is a success"
    )
    assert fix == "map it: responses: {503: 503}"


def test_err002_fires_for_a_full_queues_503_and_for_a_functions_own_status(one: One, advice: Advised) -> None:
    over = http(200)
    assert not advice("ERR002", over)
    assert "503" in one("ERR002", {**over, "backends.store.http.concurrency": 1})[1]
    assert (
        "404" in one("ERR002", {**CUSTOM, "functions.worker.response.status": {200: "99 %", 404: "1 %"}})[1]
    )


def test_err002_is_silent_where_all_are_mapped_or_the_default_is_an_error(advice: Advised) -> None:
    assert not advice("ERR002", http({200: "90 %", 503: "rest"}, **{"503": 503}))
    assert not advice("ERR002", http({200: "90 %", 503: "rest"}, **{"200": 200, "default": 500}))
    assert not advice("ERR002", http({200: "100 %", 503: "rest"}))
    assert not advice(
        "ERR002",
        {f"{ITEMS}.integration": {"http_proxy": "store"}, "backends.store": http(503)["backends.store"]},
    )


def test_err003_fires_for_a_status_that_nothing_catches(one: One) -> None:
    path, text, fix = one("ERR003", http({200: "90 %", 503: "rest"}, **{"default": "none", "200": 200}))
    assert path == RESPONSES
    assert text == (
        "shop GET /items/{id} has no default integration response and maps no 503 of store: "
        "that is a 500 Internal server error"
    )
    assert fix == "map it, or write default: 200"
    event = {"lambda": "worker", "invocation_type": "Event", "responses": {"default": "none"}}
    assert "maps no 202 of worker" in one("ERR003", {f"{ITEMS}.integration": event})[1]


def test_err003_is_silent_with_a_default_or_a_match_for_all(advice: Advised) -> None:
    assert not advice("ERR003", http({200: "90 %", 503: "rest"}))
    assert not advice(
        "ERR003", http({200: "90 %", 503: "rest"}, **{"default": "none", "200": 200, "503": 503})
    )


def test_err004_fires_for_an_error_with_a_status_below_400(one: One) -> None:
    path, text, _ = one("ERR004", {"apis.shop.gateway_responses": {"DEFAULT_5XX": {"status": 200}}})
    assert path == "apis.shop.gateway_responses.DEFAULT_5XX.status"
    assert text == (
        "shop answers DEFAULT_5XX with 200: clients take it for a success and do not try again, "
        "while CloudWatch still counts the error"
    )


def test_err004_is_silent_at_400(advice: Advised) -> None:
    assert not advice(
        "ERR004",
        {"apis.shop.gateway_responses": {"DEFAULT_5XX": {"status": 400}, "THROTTLED": {"size": "1 B"}}},
    )


@pytest.mark.parametrize("entry", ["THROTTLED", "DEFAULT_4XX"])
def test_err005_fires_for_a_client_that_knows_only_429(one: One, entry: str) -> None:
    over = {
        "apis.shop.gateway_responses": {entry: {"status": 503}},
        "clients.web.retry": {"attempts": 3, "statuses": [429]},
    }
    path, text, fix = one("ERR005", over)
    assert path == "clients.web.retry.statuses"
    assert text == (
        f"web retries 429 and not 503, and shop answers a throttled request with 503 ({entry}): what is throttled is lost"
    )
    assert fix == "add 503 to the statuses"


def test_err005_is_silent_where_the_client_knows_it_or_never_retried(advice: Advised) -> None:
    responses = {"apis.shop.gateway_responses": {"THROTTLED": {"status": 503}}}
    assert not advice("ERR005", {**responses, "clients.web.retry": {"attempts": 3, "statuses": [429, 503]}})
    assert not advice("ERR005", {**responses, "clients.web.retry": {"attempts": 3, "statuses": [500]}})
    both = {"apis.shop.gateway_responses": {"THROTTLED": {"size": "1 KB"}, "DEFAULT_4XX": {"status": 400}}}
    assert not advice("ERR005", {**both, "clients.web.retry": {"attempts": 3, "statuses": [429]}})


def test_err006_fires_where_no_content_type_is_taken(one: One) -> None:
    over = http(200)
    over[f"{ITEMS}.integration"] |= {"passthrough": "NEVER"}
    path, text, fix = one("ERR006", over)
    assert path == "clients.web.calls[0]"
    assert text == (
        "web sends GET /items/{id} as application/json, and with passthrough NEVER the integration takes only what it "
        "has a template for: every one is a 415"
    )
    assert fix == "write templates: [application/json] at the integration, or passthrough: WHEN_NO_MATCH"


def test_err006_is_silent_where_one_is_taken(advice: Advised) -> None:
    over = http(200)
    over[f"{ITEMS}.integration"] |= {"passthrough": "NEVER", "templates": ["application/json"]}
    assert not advice("ERR006", over)
    half = {"application/json": "1 %", "text/plain": "99 %"}
    assert not advice("ERR006", {**over, "clients.web.calls[0].content_type": half})


def test_val001_fires_for_what_the_method_does_not_look_at(one: One) -> None:
    path, text, fix = one("VAL001", {"clients.web.calls[0].invalid": "2 %"})
    assert path == "clients.web.calls[0]"
    assert text == (
        "web sends GET /items/{id} with invalid parameters, and the method has no validator: "
        "the backend gets such a call and answers as it does to any other"
    )
    assert fix == "write validator: parameters at the method"
    over = {"clients.web.calls[0].invalid": {"body": "2 %"}, f"{ITEMS}.validator": "parameters"}
    assert one("VAL001", over)[2] == "write validator: both at the method"


def test_val001_is_silent_where_it_is_validated_or_all_are_valid(advice: Advised) -> None:
    assert not advice("VAL001")
    assert not advice("VAL001", {f"{ITEMS}.validator": "both"})
    assert not advice("VAL001", {"clients.web.calls[0].invalid": "2 %", f"{ITEMS}.validator": "parameters"})
    assert not advice(
        "VAL001",
        {"clients.web.calls[0].invalid": {"body": "2 %", "parameters": "1 %"}, f"{ITEMS}.validator": "both"},
    )


def test_pay001_fires_just_above_what_an_invocation_takes(one: One) -> None:
    path, text, _ = one("PAY001", {"clients.web.calls[0].body": "6291457 B"})
    assert path == "clients.web.calls[0].body"
    assert text == (
        "web sends GET /items/{id} with bodies of 6291457 B (p99.9): the gateway takes them, and an invocation takes "
        "6 MB at most"
    )
    over = {"apis.shop.binary_media_types": ["*/*"], "clients.web.calls[0].body": "4718593 B"}
    assert "in base64" in one("PAY001", over)[1]
    event = {f"{ITEMS}.integration": {"lambda": "worker", "invocation_type": "Event"}}
    assert "1 MB at most" in one("PAY001", {**event, "clients.web.calls[0].body": "1048577 B"})[1]


def test_pay001_is_silent_at_6_mb_above_10_and_for_what_is_no_function(advice: Advised) -> None:
    body = "clients.web.calls[0].body"
    assert not advice("PAY001", {body: "6 MB"})
    assert not advice("PAY001", {body: "11 MB"})
    assert not advice("PAY001", {**http(200), body: "7 MB"})
    assert not advice(
        "PAY001", {body: "7 MB", "clients.web.calls[0].call": "GET /list", "clients.web.calls[0].path": {}}
    )
    assert not advice("PAY001", {body: {"uniform": {"min": "1 KB", "max": "6 MB"}}})


def test_lmb001_is_silent_and_lmb002_too_about_an_asynchronous_invocation(advice: Advised) -> None:
    event = {f"{ITEMS}.integration": {"lambda": "worker", "invocation_type": "Event", "timeout": "1 s"}}
    over = {**event, "functions.worker.timeout": "60 s", "clients.web.timeout": "500 ms"}
    assert not advice("LMB001", over)
    assert not advice("LMB002", over)
    del event[f"{ITEMS}.integration"]["invocation_type"]
    assert advice("LMB001", over)
    assert advice("LMB002", over)
