"""HTTP APIs: statuses, timeouts, routes, automatic deployment, authorizers, preflights (facts 1.7, 4.2, 5, 7-9)."""

from __future__ import annotations

from typing import Any

import pytest
from engine.http_stories import http_story
from engine.running import FUNCTION, MOCK, MS, SECOND, SERVER, Run, at, client, run_on, story

from apigw_sim.engine.model import Watch
from apigw_sim.records import Authorized, Source
from apigw_sim.rules.http_reasons import HTTP_REASONS, OF_HTTP
from apigw_sim.rules.reason import REASONS

SLOW = {"f": {"duration": "40 s"}}
TWO = {"f": {"duration": "100 ms"}, "z": {"duration": "30 ms"}}
WHO = {"type": "REQUEST", "function": "z", "ttl": "10 s"}


def test_the_table_changes_reasons_there_are_and_leaves_the_others() -> None:
    """What the facts have in their column of HTTP APIs (4.2), and the 404 of an unknown route."""
    status = {row.name: row.status for row in HTTP_REASONS}
    assert set(OF_HTTP) <= {row.name for row in REASONS}
    assert [row.name for row in HTTP_REASONS] == [row.name for row in REASONS]
    assert {name: status[name] for name in ("FUNCTION_ERROR", "FUNCTION_TIMEOUT", "MALFORMED_RESPONSE")} == {
        "FUNCTION_ERROR": 500, "FUNCTION_TIMEOUT": 500, "MALFORMED_RESPONSE": 500,
    }  # fmt: skip
    assert (status["INTEGRATION_TIMEOUT"], status["THROTTLED"], status["ROUTE_NOT_FOUND"]) == (503, 429, 404)
    assert not any(row.response_type or row.log_line for row in HTTP_REASONS)
    assert next(row for row in HTTP_REASONS if row.name == "UNAUTHORIZED").message == "Unauthorized"


# statuses and limits


@pytest.mark.parametrize(
    ("how", "reason", "rest", "http"),
    [
        ({"crash": "100 %"}, "FUNCTION_ERROR", 502, 500),
        ({"malformed": "100 %"}, "MALFORMED_RESPONSE", 502, 500),
        ({"duration": "2 s", "timeout": "1 s"}, "FUNCTION_TIMEOUT", 502, 500),
        ({"duration": "40 s"}, "INTEGRATION_TIMEOUT", 504, 503),
        ({"reserved_concurrency": 0}, "LAMBDA_THROTTLED", 500, 503),
        ({"response": {"size": "7 MB"}}, "RESPONSE_TOO_LARGE", 502, 500),
    ],
)
def test_one_cause_and_the_status_of_either_type(
    run: Run, how: dict[str, Any], reason: str, rest: int, http: int
) -> None:
    parts: dict[str, Any] = {"integration": FUNCTION, "functions": {"f": {"duration": "100 ms", **how}}}
    for made, status in ((story, rest), (http_story, http)):
        ran = run(made(at(0), **parts))
        assert (ran.reasons, ran.statuses) == ([reason], [status])


def test_a_throttled_function_may_be_a_500(run: Run) -> None:
    """Nobody publishes it: a setting."""
    none = {"f": {"duration": "1 s", "reserved_concurrency": 0}}
    ran = run(http_story(at(0), functions=none, assumptions={"http_lambda_throttled": 500}))
    assert (ran.reasons, ran.statuses) == (["LAMBDA_THROTTLED"], [500])


def test_a_backend_that_cannot_be_reached_is_a_503_and_its_own_status_passes(run: Run) -> None:
    backends = {"h": {"http": {"latency": "100 ms", "status": {503: "100 %"}}}}
    outage = {"at": "1 s", "fault": {"backend": "h", "outage": True, "for": "1 s"}}
    ran = run(http_story(at(0, SECOND), integration=SERVER, backends=backends, timeline=[outage]))
    assert list(zip(ran.reasons, ran.statuses, strict=True)) == [
        ("BACKEND_5XX", 503),
        ("INTEGRATION_FAILURE", 503),
    ]


def test_it_waits_30_s_where_a_rest_api_waits_29(run: Run) -> None:
    for made, waits in ((story, 29), (http_story, 30)):
        ran = run(made(at(0), integration=FUNCTION, functions=SLOW))
        assert [row.latency_ns for row in ran.attempts] == [waits * SECOND]
    ran = run(http_story(at(0), integration={**FUNCTION, "timeout": "50 ms"}))
    assert [(row.status, row.latency_ns) for row in ran.attempts] == [(503, 50 * MS)]


def test_payloads_and_the_request_line_with_the_headers(run: Run) -> None:
    """413 above 10 MB; at 10,240 bytes of both together it goes, one more is a 431; a REST API looks at each alone."""
    calls = [
        {"call": "GET /", "body": "10485761 B"},
        {"call": "GET /", "url_size": "5120 B", "headers_size": "5120 B"},
        {"call": "GET /", "url_size": "5121 B", "headers_size": "5120 B"},
    ]
    clients = {f"c{number}": client(at(number * SECOND), [call]) for number, call in enumerate(calls)}
    assert run(http_story(clients=clients)).statuses == [413, 200, 431]
    assert run(story(integration=FUNCTION, functions=TWO, clients=clients)).statuses == [413, 200, 200]


def test_its_own_overhead(run: Run) -> None:
    """5 ms of an HTTP API and 20 ms of a REST API in one account; half of it lies before the relay."""
    said = http_story(
        clients={"h": client(at(0)), "r": {**client(at(0)), "target": "b/s"}},
        assumptions={"http_overhead": "5 ms", "rest_overhead": "20 ms"},
    )  # fmt: skip
    said["apis"]["b"] = {**said["apis"]["a"], "type": "REST"}
    ran = run(said)
    assert {row.client: row.latency_ns for row in ran.attempts} == {"h": 105 * MS, "r": 120 * MS}
    assert {row.client: row.integration_ns for row in ran.attempts} == {"h": 100 * MS, "r": 100 * MS}


# routes


def test_routes_and_the_default_route(run: Run) -> None:
    """The method itself, then ANY, then $default; without $default it is a 404, where a REST API answers 403."""
    each: dict[str, Any] = {"integration": FUNCTION}
    methods = {"GET /items": each, "ANY /items": each, "GET /{proxy+}": each, "$default": each}
    asked = ("GET /items", "PUT /items", "GET /other", "PUT /other")
    clients = {call: client(at(n * SECOND), call) for n, call in enumerate(asked)}
    ran = run(http_story(methods=methods, clients={f"c{n}": body for n, body in enumerate(clients.values())}))
    assert [row.method for row in ran.attempts] == ["GET /items", "ANY /items", "GET /{proxy+}", "$default"]


def test_what_no_route_serves(run: Run, tmp_path: Any) -> None:
    from engine.running import asked

    clients = {"c": asked(tmp_path, (0, "GET /"), (SECOND, "GET /elsewhere"))}
    ran = run(http_story(clients=clients))
    assert list(zip(ran.statuses, ran.reasons, strict=True)) == [(200, "OK"), (404, "ROUTE_NOT_FOUND")]
    rest = run(story(clients=clients))
    assert list(zip(rest.statuses, rest.reasons, strict=True))[1] == (403, "MISSING_AUTHENTICATION_TOKEN")


def test_each_route_has_a_bucket_and_the_account_one_for_both_types(run: Run) -> None:
    """Two tokens of the route, three of the account, which never refill: of six at once the REST API gets one."""
    throttle = {"throttle": {"rate": "0/s", "burst": 2}}
    said = http_story(
        clients={"h": client(at(0, 0, 0)), "r": {**client(at(MS, MS, MS)), "target": "b/s"}},
        settings=throttle, account={"throttle": {"rate": "0/s", "burst": 3}},
    )  # fmt: skip
    said["apis"]["b"] = {"type": "REST", "endpoint": "REGIONAL", "methods": {"GET /": {"integration": MOCK}},
                         "stages": {"s": {}}}  # fmt: skip
    ran = run(said)
    assert [row.status for row in ran.of("h")] == [429, 200, 200]
    assert [row.status for row in ran.of("r")] == [200, 429, 429]
    assert {row.refused_by for row in ran.attempts} == {None, "a/s every_method throttle", "account throttle"}


# deployment


def test_a_change_acts_at_once_where_a_stage_deploys_itself(run: Run) -> None:
    """Of $default it is so without a word; of the stage s it waits for a deployment."""
    change = {
        "at": "1 s",
        "change": {"api": "a", "methods": {"GET /": {"integration": {"timeout": "50 ms"}}}},
    }
    said = http_story(at(0, 2 * SECOND, 4 * SECOND), timeline=[change, {"at": "3 s", "deploy": "a/s"}])
    assert run(said).statuses == [200, 200, 503]
    itself = http_story(at(0, 2 * SECOND, 4 * SECOND), stage={"auto_deploy": True}, timeline=[change])
    assert run(itself).statuses == [200, 503, 503]
    default = http_story(at(0, 2 * SECOND), timeline=[change])
    default["apis"]["a"]["stages"] = {"$default": {}}
    default["clients"]["c"]["target"] = "a/$default"
    ran = run(default)
    assert ran.statuses == [200, 503]
    (event,) = ran.plan.timeline
    assert (event.before, event.after) == ("a/$default: deployment 1", "a/$default: deployment 2")
    assert not ran.plan.undeployed


def test_a_route_that_a_change_brings_and_one_that_it_takes_away(run: Run) -> None:
    change = {"methods": {"GET /new": {"integration": FUNCTION}}, "remove": ["GET /"]}
    said = http_story(
        clients={"old": client(at(0, 2 * SECOND)), "new": client(at(0, 2 * SECOND), "GET /new")},
        stage={"auto_deploy": True}, timeline=[{"at": "1 s", "change": {"api": "a", **change}}],
    )  # fmt: skip
    ran = run(said)
    assert [row.status for row in ran.of("old")] == [200, 404]
    assert [row.status for row in ran.of("new")] == [404, 200]


# authorizers


def guarded(arrivals: Any = None, who: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """GET / behind the function f (100 ms) and an authorizer, by default of the function z (30 ms)."""
    identities = more.pop("identities", None)
    parts: dict[str, Any] = {"method": {"authorizer": "who"}, "functions": TWO, **more}
    said = http_story(arrivals, authorizers={"who": WHO if who is None else who}, **parts)
    for body in said["clients"].values() if identities else ():
        body["identities"] = identities
    return said


SIMPLE = {**WHO, "simple_responses": True}
INVALID, MISSING, DENIED = {"valid": "0 %"}, {"missing": "100 %"}, {"denied": "100 %"}


@pytest.mark.parametrize(
    ("who", "identities", "answers", "invoked"),
    [
        (SIMPLE, {}, [200, 200], 1),
        (SIMPLE, INVALID, [403, 403], 1),  # it can only say no, and no is cached
        (SIMPLE, DENIED, [403, 403], 1),
        (SIMPLE, MISSING, [401, 401], 0),
        (WHO, INVALID, [401, 401], 2),  # raises Unauthorized, which no cache keeps
        (WHO, DENIED, [403, 403], 1),
        ({**SIMPLE, "ttl": "0 s"}, MISSING, [403, 403], 2),  # without identity sources it is asked
        ({**SIMPLE, "ttl": "0 s", "identity_sources": ["header.Authorization"]}, MISSING, [401, 401], 0),
        ({"type": "JWT"}, {}, [200, 200], 0),
        ({"type": "JWT"}, INVALID, [401, 401], 0),
        ({"type": "JWT"}, MISSING, [401, 401], 0),
        ({"type": "JWT"}, DENIED, [403, 403], 0),  # a good token without the route's scopes
    ],
)
def test_who_may_call(
    run: Run, who: dict[str, Any], identities: dict[str, str], answers: list[int], invoked: int
) -> None:
    ran = run(guarded(at(0, SECOND), who, identities=identities))
    assert ran.statuses == answers
    assert sum(row.source == Source.AUTHORIZER for row in ran.invocations) == invoked


def test_a_result_lives_for_its_ttl_and_over_all_routes(run: Run) -> None:
    """Asked at 0, there from 30 ms until 10.03 s, for the other route too."""
    each = {"integration": FUNCTION, "authorizer": "who"}
    clients = {"c": client(at(0, SECOND, 10 * SECOND + 29 * MS, 10 * SECOND + 30 * MS))}
    said = guarded(
        who=SIMPLE, methods={"GET /": each, "PUT /": each}, clients=clients, run={"duration": "20 s"}
    )
    said["clients"]["c"]["calls"] = [{"call": "GET /"}, {"call": "PUT /"}]
    said["run"]["seed"] = 5
    ran = run(said)
    assert len({row.method for row in ran.attempts[:3]}) == 2
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 0, 0, 30 * MS]
    by_route = run({**said, "authorizers": {"who": {**SIMPLE, "identity_sources": ["context.routeKey"]}}})
    asked = [row for row in by_route.attempts if row.authorizer == Authorized.MISS]
    assert {row.method for row in asked} == {row.method for row in ran.attempts}


def test_a_token_is_checked_each_time_and_neither_hit_nor_miss(run: Run) -> None:
    ran = run(guarded(at(0, SECOND), {"type": "JWT"}, assumptions={"authorization_time": "7 ms"}))
    assert [(row.authorizer_ns, row.latency_ns) for row in ran.attempts] == [(7 * MS, 107 * MS)] * 2
    assert {Authorized(row.authorizer).name for row in ran.attempts} == {"NONE"}


def test_the_gateway_waits_10_s_for_its_authorizer(run: Run) -> None:
    for lasts, status in (("10 s", 200), ("10001 ms", 500)):
        ran = run(guarded(at(0), functions={"f": TWO["f"], "z": {"duration": lasts}}))
        assert ran.statuses == [status]
    (row,) = ran.attempts
    assert (row.reason, row.latency_ns) == ("AUTHORIZER_FAILURE", 10 * SECOND)


def test_iam_on_a_route(run: Run) -> None:
    said = http_story(at(0), method={"authorization": "AWS_IAM"})
    assert run(said).statuses == [200]
    for identities, reason in ((MISSING, "MISSING_AUTHENTICATION_TOKEN"), (INVALID, "INVALID_SIGNATURE")):
        said["clients"]["c"]["identities"] = identities
        ran = run(said)
        assert (ran.statuses, ran.reasons) == ([403], [reason])


# preflights


def preflight(call: str = "OPTIONS /", **parts: Any) -> dict[str, Any]:
    """Three preflights at once to an API with CORS."""
    return http_story(at(0, 0, 0), call=[{"call": call}], api={"cors": True}, **parts)


def test_a_preflight_is_answered_by_the_gateway_and_no_integration_sees_it(run: Run) -> None:
    ran = run(preflight())
    assert [(row.status, row.latency_ns, row.integration_ns) for row in ran.attempts] == [(204, 0, None)] * 3
    assert not ran.invocations
    assert [row.method for row in ran.attempts] == ["OPTIONS /{proxy+}"] * 3


@pytest.mark.parametrize("route", ["ANY /", "$default", "OPTIONS /", "GET /"])
def test_whatever_route_would_catch_it(run: Run, route: str) -> None:
    ran = run(preflight(route=route))
    assert ran.statuses == [204] * 3
    assert not ran.invocations


def test_without_cors_it_is_a_request_like_any_other(run: Run) -> None:
    ran = run(http_story(at(0), route="OPTIONS /", call="OPTIONS /"))
    assert (ran.statuses, len(ran.invocations)) == ([200], 1)


@pytest.mark.parametrize("route", ["ANY /", "$default"])
def test_an_authorizer_of_a_route_that_catches_it_refuses_it(run: Run, route: str) -> None:
    """It carries no credentials, so nobody is invoked; OPTIONS /{proxy+} goes before $default and mends that."""
    parts: dict[str, Any] = {"functions": TWO, "authorizers": {"who": WHO}}
    each = {"integration": FUNCTION}
    ran = run(preflight(methods={route: {**each, "authorizer": "who"}}, **parts))
    assert [(row.status, row.reason, row.method) for row in ran.attempts] == [
        (401, "UNAUTHORIZED", route)
    ] * 3
    assert not ran.invocations
    iam = run(preflight(methods={route: {**each, "authorization": "AWS_IAM"}}))
    assert set(iam.reasons) == {"MISSING_AUTHENTICATION_TOKEN"}
    mended = {route: {**each, "authorizer": "who"}, "OPTIONS /{proxy+}": each}
    assert run(preflight("OPTIONS /x", methods=mended, **parts)).statuses == [204] * 3


def test_preflights_are_throttled_like_requests(run: Run) -> None:
    throttle = {"throttle": {"rate": "0/s", "burst": 2}}
    ran = run(preflight(settings=throttle))
    assert sorted(ran.statuses) == [204, 204, 429]
    account = {"throttle": {"rate": "0/s", "burst": 1}}
    assert sorted(run(preflight(account=account)).statuses) == [204, 429, 429]


def test_preflights_of_a_trace(run: Run, tmp_path: Any) -> None:
    from engine.running import asked

    clients = {"c": asked(tmp_path, (0, "OPTIONS /a/b"), (SECOND, "GET /"))}
    assert run(http_story(clients=clients, api={"cors": True})).statuses == [204, 200]


def test_the_story_of_a_preflight_and_of_a_timeout() -> None:
    told = run_on("simpy", preflight(), watch=Watch(0, 0, 1)).story
    assert told is not None
    assert any(text == "a preflight, which an HTTP API answers itself: 204" for _, text in told)
    late = run_on("simpy", http_story(at(0), functions=SLOW), watch=Watch(0, 0, 1)).story
    assert late is not None
    assert any(text.startswith("integration timeout: 503;") for _, text in late)
