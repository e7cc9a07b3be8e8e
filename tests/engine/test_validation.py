"""Request validation, content types and payloads: what the gateway refuses although it admitted it (facts 5, 9)."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MOCK, MS, SECOND, SERVER, Run, at, client, difference, story

from apigw_sim.records import ATTEMPTS

MB = 1024**2
MESSAGE = len('{"message":""}')


def validated(
    arrivals: Any = None, validator: str | None = "both", call: dict[str, Any] | None = None, **parts: Any
) -> Any:
    """POST / invokes f; the method validates, and the call is wrong as `call` says."""
    method = {"validator": validator} if validator else {}
    return story(
        arrivals, FUNCTION, route="POST /", method=method, call=[{"call": "POST /", **(call or {})}],
        functions={"f": {"duration": "100 ms"}}, **parts,
    )  # fmt: skip


ALL, NO_BODY, NO_PARAMETERS = (
    {"body": "100 %", "parameters": "100 %"},
    {"body": "100 %"},
    {"parameters": "100 %"},
)


def test_an_invalid_request_is_a_400_after_the_gateways_own_time_and_asks_no_backend(run: Run) -> None:
    ran = run(validated(call={"invalid": NO_BODY}, assumptions={"rest_overhead": "8 ms"}))
    (row,) = ran.attempts
    assert (row.status, row.reason, row.latency_ns) == (400, "BAD_REQUEST_BODY", 8 * MS)
    assert (row.integration_ns, row.response_bytes) == (None, MESSAGE + len("Invalid request body"))
    assert ran.invocations == []


@pytest.mark.parametrize(
    ("validator", "invalid", "reason"),
    [
        ("body", NO_BODY, "BAD_REQUEST_BODY"),
        ("body", NO_PARAMETERS, "OK"),
        ("parameters", NO_PARAMETERS, "BAD_REQUEST_PARAMETERS"),
        ("parameters", NO_BODY, "OK"),
        ("both", NO_BODY, "BAD_REQUEST_BODY"),
        ("both", NO_PARAMETERS, "BAD_REQUEST_PARAMETERS"),
        ("both", ALL, "BAD_REQUEST_PARAMETERS"),
        (None, ALL, "OK"),
    ],
)
def test_a_validator_sees_what_it_looks_at_parameters_first(
    run: Run, validator: str | None, invalid: Any, reason: str
) -> None:
    assert run(validated(validator=validator, call={"invalid": invalid})).reasons == [reason]


@pytest.mark.parametrize(
    ("verb", "reason"), [("POST", "BAD_REQUEST_BODY"), ("GET", "BAD_REQUEST_PARAMETERS")]
)
def test_a_bare_share_means_the_body_where_there_is_one(run: Run, verb: str, reason: str) -> None:
    route = f"{verb} /"
    said = story(route=route, method={"validator": "both"}, call=[{"call": route, "invalid": "100 %"}])
    assert run(said).reasons == [reason]


def test_as_many_are_invalid_as_are_said_to_be(run: Run) -> None:
    """4,000 calls of 5 %: 200 +- 62 is 4.5 standard deviations, a false alarm in 150,000; 6 % is seen with power 0.1, 7 % 0.9."""
    said = validated(at(*range(0, 4000 * MS, MS)), call={"invalid": {"body": "5 %"}})
    assert abs(run(said).count("BAD_REQUEST_BODY") - 200) <= 62


def test_a_call_that_is_invalid_stays_so_when_it_is_sent_again(run: Run) -> None:
    """Of 100 calls some are wrong, and of these every attempt."""
    retry = {"attempts": 3, "statuses": [400], "backoff": {"base": "10 ms", "jitter": "none"}}
    ran = run(validated(at(*range(0, 100 * MS, MS)), call={"invalid": {"body": "30 %"}}, retry=retry))
    outcomes: dict[int, set[int]] = {}
    for row in ran.attempts:
        outcomes.setdefault(row.call, set()).add(row.status)
    assert sorted(map(tuple, {frozenset(found) for found in outcomes.values()})) == [(200,), (400,)]
    wrong = sum(found == {400} for found in outcomes.values())
    assert len(ran.attempts) == 100 + 2 * wrong


def test_what_is_invalid_shifts_no_other_draw(run: Run) -> None:
    """The calls that pass have the same draws as without the validator."""
    laws = {"rest_overhead": {"p50": "8 ms", "p99": "30 ms"}}
    arrivals = at(*range(0, SECOND, 10 * MS))
    with_it = run(validated(arrivals, call={"invalid": {"body": "30 %"}}, assumptions=laws))
    without = run(validated(arrivals, None, call={"invalid": {"body": "30 %"}}, assumptions=laws))
    latencies = {row.call: row.latency_ns for row in without.attempts}
    passed = [row for row in with_it.attempts if row.status == 200]
    assert 50 < len(passed) < 90
    assert all(row.latency_ns == latencies[row.call] for row in passed)


def test_validation_stands_behind_the_throttles_and_the_size(run: Run) -> None:
    """The first spends the only token on its 400; and who is too large is not read."""
    throttle = {"throttle": {"rate": "0/s", "burst": 1}}
    assert run(validated(at(0, 1), call={"invalid": ALL}, settings=throttle)).statuses == [400, 429]
    assert run(validated(call={"invalid": ALL, "body": "11 MB"})).statuses == [413]


@pytest.mark.parametrize(
    ("position", "statuses"), [("before_cache", [200, 400, 200]), ("after_cache", [200, 200, 200])]
)
def test_whether_a_cached_answer_skips_validation_is_a_setting(
    run: Run, position: str, statuses: list[int]
) -> None:
    """At 0 s and 2 s a valid request, at 1 s an invalid one, all of one cache entry."""
    said = story(
        methods={"GET /": {"integration": FUNCTION, "validator": "parameters"}},
        functions={"f": {"duration": "1 ms"}},
        stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "300 s"}},
        clients={
            "good": client(at(0, 2 * SECOND)),
            "bad": client(at(SECOND), [{"call": "GET /", "invalid": "100 %"}]),
        },
        assumptions={"validation_position": position},
    )  # fmt: skip
    ran = run(said)
    assert ran.statuses == statuses
    assert len(ran.invocations) == 1


def test_after_the_cache_a_miss_is_validated(run: Run) -> None:
    said = validated(call={"invalid": ALL}, assumptions={"validation_position": "after_cache"})
    assert run(said).reasons == ["BAD_REQUEST_PARAMETERS"]


# content types


@pytest.mark.parametrize(
    ("passthrough", "templates", "content_type", "status"),
    [
        ("WHEN_NO_MATCH", ["application/json"], "application/json", 200),
        ("WHEN_NO_MATCH", ["application/json"], "application/xml", 200),
        ("WHEN_NO_MATCH", [], "application/xml", 200),
        ("WHEN_NO_TEMPLATES", ["application/json"], "application/json", 200),
        ("WHEN_NO_TEMPLATES", ["application/json"], "application/xml", 415),
        ("WHEN_NO_TEMPLATES", [], "application/xml", 200),
        ("NEVER", ["application/json"], "application/json", 200),
        ("NEVER", ["application/json"], "application/xml", 415),
        ("NEVER", [], "application/json", 415),
    ],
)
def test_passthrough_is_aws_table(
    run: Run, passthrough: str, templates: list[str], content_type: str, status: int
) -> None:
    """Developer guide, "Integration passthrough behaviors"."""
    integration = {"http": "h", "passthrough": passthrough, "templates": templates}
    said = story(
        integration=integration, route="POST /", backends={"h": {"http": {"latency": "1 ms"}}},
        call=[{"call": "POST /", "content_type": content_type}],
    )  # fmt: skip
    ran = run(said)
    assert ran.statuses == [status]
    assert len(ran.invocations) == (status == 200)


def test_as_many_are_of_a_content_type_as_are_said_to_be(run: Run) -> None:
    """4,000 requests of 10 %: 400 +- 86 is 4.5 standard deviations, a false alarm in 150,000; 13 % is seen with power 0.95."""
    types = {"application/json": "90 %", "text/plain": "10 %"}
    said = story(
        at(*range(0, 4000 * MS, MS)),
        {"http": "h", "passthrough": "NEVER", "templates": ["application/json"]}, route="POST /",
        backends={"h": {"http": {"latency": "1 ms"}}}, call=[{"call": "POST /", "content_type": types}],
    )  # fmt: skip
    ran = run(said)
    assert abs(ran.count("UNSUPPORTED_MEDIA_TYPE") - 400) <= 86
    assert len(ran.invocations) == 4000 - ran.count("UNSUPPORTED_MEDIA_TYPE")


# payloads: 6 MB are 6,291,456 bytes, and 4,718,592 bytes are that in base64


@pytest.mark.parametrize(
    ("size", "content_type", "status"),
    [
        (6 * MB, "text/plain", 200),
        (6 * MB + 1, "text/plain", 413),
        (4_718_592, "image/png", 200),
        (4_718_593, "image/png", 413),
        (10 * MB, "text/plain", 413),
    ],
)
def test_an_invocation_takes_6_mb_and_in_base64_three_quarters(
    run: Run, size: int, content_type: str, status: int
) -> None:
    said = validated(
        call={"body": f"{size} B", "content_type": content_type}, assumptions={"lambda_overhead": "7 ms"}
    )
    said["apis"]["a"]["binary_media_types"] = ["image/png"]
    ran = run(said)
    (row,) = ran.attempts
    assert (row.status, row.reason) == (status, "OK" if status == 200 else "LAMBDA_REQUEST_TOO_LARGE")
    (job,) = ran.invocations
    if status == 413:
        assert (row.integration_ns, row.integration_status, row.latency_ns) == (7 * MS, 413, 7 * MS)
        assert (job.outcome, job.duration_ns, job.environment) == ("TOO_LARGE", None, None)


def test_what_is_too_large_for_lambda_takes_none_of_its_limits_and_may_be_a_500(run: Run) -> None:
    said = validated(
        call={"body": "7 MB"}, assumptions={"lambda_request_too_large": 500},
        account={"lambda_requests_per_concurrency": 1},
    )  # fmt: skip
    said["functions"]["f"]["reserved_concurrency"] = 0
    ran = run(said)
    assert [(row.status, row.reason, row.refused_by) for row in ran.attempts] == [
        (500, "LAMBDA_REQUEST_TOO_LARGE", None)
    ]


def test_every_content_type_is_binary_where_the_api_says_so(run: Run) -> None:
    said = validated(call={"body": "5 MB"})
    assert run(said).statuses == [200]
    said["apis"]["a"]["binary_media_types"] = ["*/*"]
    assert run(said).statuses == [413]


@pytest.mark.parametrize(
    ("integration", "size", "binary", "status", "reason"),
    [
        (FUNCTION, 6 * MB, False, 200, "OK"),
        (FUNCTION, 6 * MB + 1, False, 502, "RESPONSE_TOO_LARGE"),
        (FUNCTION, 4_718_592, True, 200, "OK"),
        (FUNCTION, 4_718_593, True, 502, "RESPONSE_TOO_LARGE"),
        (SERVER, 10 * MB, False, 200, "OK"),
        (SERVER, 10 * MB + 1, False, 500, "BACKEND_RESPONSE_TOO_LARGE"),
        ({"http": "h"}, 10 * MB + 1, False, 500, "BACKEND_RESPONSE_TOO_LARGE"),
        ({"lambda": "f", "responses": {"function_error": 509}}, 6 * MB + 1, False, 509, "RESPONSE_TOO_LARGE"),
        ({"lambda": "f"}, 6 * MB + 1, False, 200, "RESPONSE_TOO_LARGE"),
    ],
)
def test_what_is_too_large_to_go_back(
    run: Run, integration: Any, size: int, binary: bool, status: int, reason: str
) -> None:
    said = story(
        integration=integration,
        functions={"f": {"duration": "1 ms", "response": {"size": f"{size} B", "binary": binary}}},
        backends={"h": {"http": {"latency": "1 ms", "size": f"{size} B"}}},
    )
    (row,) = run(said).attempts
    assert (row.status, row.reason) == (status, reason)


@pytest.mark.parametrize(
    ("sizes", "status", "reason"),
    [
        ({"url_size": "10240 B", "headers_size": "10240 B"}, 200, "OK"),
        ({"url_size": "10241 B"}, 414, "URI_TOO_LONG"),
        ({"headers_size": "10241 B"}, 431, "HEADERS_TOO_LARGE"),
    ],
)
def test_a_url_or_headers_above_10240_bytes_are_refused_before_anything_else(
    run: Run, sizes: dict[str, str], status: int, reason: str
) -> None:
    """Before the key is asked for, and no token is spent."""
    said = story(
        at(0, 1), MOCK, method={"api_key_required": True} if status != 200 else {}, call=[{"call": "GET /", **sizes}],
        settings={"throttle": {"rate": "0/s", "burst": 1}},
    )  # fmt: skip
    ran = run(said)
    assert ran.statuses == ([200, 429] if status == 200 else [status, status])
    assert ran.reasons[0] == reason


def test_the_engines_draw_requests_alike_where_nothing_else_is_drawn(run: Run) -> None:
    """The words of validity belong to the call: a second run on the same seed has the same 400s."""
    said = validated(at(*range(0, SECOND, MS)), call={"invalid": {"body": "50 %"}})
    assert difference(run(said), run(said), tables=[ATTEMPTS]) is None
    assert run(said).statuses != run(said, seed=2).statuses
