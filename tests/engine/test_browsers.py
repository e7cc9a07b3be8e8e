"""Browsers: preflights before calls that are not simple, how long a permission lasts, and what becomes of a refusal."""

from __future__ import annotations

from typing import Any

import pytest
from engine.http_stories import http_story
from engine.running import FUNCTION, MOCK, MS, SECOND, Ran, Run, at, client, planned, run_on, story
from theory.odds import normal_agrees

from apigw_sim.engine.model import Watch
from apigw_sim.records import PREFLIGHT

GRANTS = {"integration": {"mock": {"status": 204}}}
FAR = {"rtt": "100 ms"}


def browsed(arrivals: Any = None, call: Any = "PUT /", **parts: Any) -> dict[str, Any]:
    """PUT / and OPTIONS / of a REST API, called by a browser that is told to remember for a second."""
    methods = parts.pop("methods", {"PUT /": {"integration": MOCK}, "OPTIONS /": GRANTS})
    options = {key: parts.pop(key) for key in ("network", "timeout", "retry", "api_key") if key in parts}
    browser = parts.pop("browser", {"max_age": "1 s"})
    calls = call if isinstance(call, list) else [{"call": call}]
    clients = parts.pop("clients", {"c": client(arrivals, calls, browser=browser, **options)})
    return story(methods=methods, clients=clients, **parts)


def arrived(ran: Ran) -> list[tuple[int, str, int]]:
    """What reached the gateway: when, ms, what, and the status of the answer."""
    return sorted(
        (row.arrived_ns // MS, str(row.method).partition(" ")[0], row.status) for row in ran.attempts
    )


def preflights(ran: Ran) -> int:
    return sum(row.attempt > PREFLIGHT for row in ran.attempts)


def ended(ran: Ran) -> list[tuple[str, int, int | None, int]]:
    """Calls by number: outcome, attempts, status, and how long they took, ms."""
    rows = sorted(ran.calls, key=lambda row: row.call)
    return [(row.outcome, row.attempts, row.status, (row.ended_ns - row.started_ns) // MS) for row in rows]


def test_a_browser_asks_first_and_remembers_for_max_age(run: Run) -> None:
    """Asked at 0 s, permitted at 100 ms for a second: the call at 200 ms goes straight, the one at 1,150 ms asks again."""
    ran = run(browsed(at(0, 200 * MS, 1150 * MS), network=FAR))
    assert arrived(ran) == [
        (50, "OPTIONS", 204), (150, "PUT", 200), (250, "PUT", 200), (1200, "OPTIONS", 204), (1300, "PUT", 200),
    ]  # fmt: skip
    assert ended(ran) == [("SUCCEEDED", 1, 200, 200), ("SUCCEEDED", 1, 200, 100), ("SUCCEEDED", 1, 200, 200)]
    assert sorted(row.attempt for row in ran.attempts) == [1, 1, 1, PREFLIGHT + 1, PREFLIGHT + 1]


def test_who_calls_before_the_answer_is_there_asks_too(run: Run) -> None:
    ran = run(browsed(at(0, 99 * MS, 100 * MS), network=FAR))
    assert [what for _, what, _ in arrived(ran)] == ["OPTIONS", "OPTIONS", "PUT", "PUT", "PUT"]


def test_a_browser_keeps_no_permission_longer_than_its_own_limit(run: Run) -> None:
    """Permitted at 0 s; the limit of a second has passed at the instant at which it ends, an hour or not."""
    said = browsed(
        at(0, SECOND - 1, SECOND), browser={"max_age": "1 h"}, assumptions={"browser_max_age": "1 s"}
    )
    assert [what for _, what, _ in arrived(run(said))] == ["OPTIONS", "PUT", "PUT", "OPTIONS", "PUT"]


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ({"call": "GET /"}, False),
        ({"call": "GET /", "headers": {"Accept": "a", "Content-Language": "en"}}, False),
        ({"call": "GET /", "headers": {"x-request-id": "7"}}, True),
        ({"call": "POST /"}, True),
        ({"call": "POST /", "content_type": "text/plain"}, False),
        ({"call": "POST /", "content_type": {"text/plain": "50 %", "application/json": "50 %"}}, True),
        ({"call": "DELETE /"}, True),
    ],
)
def test_which_calls_are_simple(run: Run, said: dict[str, Any], asks: bool) -> None:
    """As the Fetch standard has it: methods, headers and content types that a form could send as well."""
    methods = {f"{verb} /": {"integration": MOCK} for verb in ("GET", "POST", "DELETE")}
    ran = run(browsed(at(0), [said], methods={**methods, "OPTIONS /": GRANTS}))
    assert preflights(ran) == asks
    assert ended(ran)[0][0] == "SUCCEEDED"


def test_a_call_with_a_key_or_credentials_is_not_simple(run: Run) -> None:
    get = {"integration": MOCK}
    keys: dict[str, Any] = {
        "usage_plans": {"p": {"stages": {"a/s": {}}}},
        "api_keys": {"k": {"plans": ["p"]}},
    }
    keyed = browsed(at(0), "GET /", methods={"GET /": get, "OPTIONS /": GRANTS}, api_key="k", **keys)
    assert preflights(run(keyed)) == 1
    for who in ({"authorizer": "pool"}, {"authorization": "AWS_IAM"}):
        methods = {"GET /": {**get, **who}, "OPTIONS /": GRANTS}
        pool = {"pool": {"type": "COGNITO_USER_POOLS"}}
        assert preflights(run(browsed(at(0), "GET /", methods=methods, authorizers=pool))) == 1


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        ({"OPTIONS /": {**GRANTS, "api_key_required": True}}, 403, "INVALID_API_KEY"),
        ({"OPTIONS /": {**GRANTS, "authorizer": "pool"}}, 401, "UNAUTHORIZED"),
        ({"ANY /{proxy+}": {**GRANTS, "authorizer": "pool"}, "OPTIONS /": GRANTS}, 204, "OK"),
        ({"OPTIONS /": {**GRANTS, "authorization": "AWS_IAM"}}, 403, "MISSING_AUTHENTICATION_TOKEN"),
        ({"OPTIONS /": {"integration": {"mock": {"status": 301}}}}, 301, "OK"),
        ({}, 403, "MISSING_AUTHENTICATION_TOKEN"),
    ],
)
def test_a_preflight_without_permission_fails_the_call(
    run: Run, options: dict[str, Any], status: int, reason: str
) -> None:
    """A browser sends neither key nor credentials with a preflight, takes 2xx alone, and does not try again."""
    keys: dict[str, Any] = {
        "usage_plans": {"p": {"stages": {"a/s": {}}}},
        "api_keys": {"k": {"plans": ["p"]}},
    }
    retry = {"attempts": 3, "statuses": [401, 403]}
    ran = run(
        browsed(
            at(0), methods={"PUT /": {"integration": MOCK}, **options}, authorizers={"pool": {"type": "COGNITO_USER_POOLS"}},
            api_key="k", retry=retry, network=FAR, **keys,
        )
    )  # fmt: skip
    first = ran.attempts[0]
    assert (first.status, first.reason, first.attempt) == (status, reason, PREFLIGHT + 1)
    if status == 204:
        assert ended(ran) == [("SUCCEEDED", 1, 200, 200)]
    else:
        assert len(ran.attempts) == 1
        assert ended(ran) == [("PREFLIGHT_FAILED", 0, None, 100)]


@pytest.mark.parametrize(("size", "answers"), [("10240 B", [204, 200]), ("10241 B", [414])])
def test_a_preflight_has_the_url_of_its_call(run: Run, size: str, answers: list[int]) -> None:
    """One that is too long is refused before the call is made at all; headers that are too large are the call's own."""
    ran = run(browsed(at(0), [{"call": "PUT /", "url_size": size}]))
    assert [row.status for row in ran.attempts] == answers
    assert ended(ran)[0][0] == ("SUCCEEDED" if answers[-1] == 200 else "PREFLIGHT_FAILED")
    headers = run(browsed(at(0), [{"call": "PUT /", "headers_size": "1 MB"}]))
    assert [row.status for row in headers.attempts] == [204, 431]


def test_preflights_spend_the_tokens_of_calls(run: Run) -> None:
    """Three tokens: a preflight, its call, another call; what the next preflight finds is an empty bucket."""
    account = {"throttle": {"rate": "0/s", "burst": 3}}
    ran = run(browsed(at(0, 500 * MS, 1500 * MS), account=account))
    assert arrived(ran) == [(0, "OPTIONS", 204), (0, "PUT", 200), (500, "PUT", 200), (1500, "OPTIONS", 429)]
    assert [row[0] for row in ended(ran)] == ["SUCCEEDED", "SUCCEEDED", "PREFLIGHT_FAILED"]


def test_a_retry_whose_permission_has_gone_asks_again(run: Run) -> None:
    """PUT is a 429 at 0 s; two seconds later its permission is a second old too much."""
    retry = {"attempts": 2, "statuses": [429], "backoff": {"base": "2 s", "jitter": "none"}}
    stage = {"method_settings": {"PUT /": {"throttle": {"rate": "0.5/s", "burst": 0}}}}
    ran = run(browsed(at(0), retry=retry, stage=stage))
    assert arrived(ran) == [(0, "OPTIONS", 204), (0, "PUT", 429), (2000, "OPTIONS", 204), (2000, "PUT", 429)]
    assert sorted(row.attempt for row in ran.attempts) == [1, 2, PREFLIGHT + 1, PREFLIGHT + 2]
    assert ended(ran) == [("REFUSED", 2, 429, 2000)]


def test_a_preflight_that_takes_too_long_fails_the_call_and_goes_on(run: Run) -> None:
    """OPTIONS leads to a function of 500 ms, and the browser waits 200 ms; what it cost is spent."""
    methods = {"PUT /": {"integration": MOCK}, "OPTIONS /": {"integration": FUNCTION}}
    ran = run(browsed(at(0), methods=methods, functions={"f": {"duration": "500 ms"}}, timeout="200 ms"))
    assert ended(ran) == [("PREFLIGHT_FAILED", 0, None, 200)]
    assert [(row.status, row.latency_ns // MS) for row in ran.attempts] == [(200, 500)]
    assert [row.abandoned for row in ran.invocations] == [1]


def test_each_user_has_a_browser_that_remembers_each_path(run: Run) -> None:
    """Two users call two paths again and again: four permissions, and the limit of the client counts from the call on."""
    methods = {"GET /items/{id}": {"integration": MOCK}, "OPTIONS /{proxy+}": GRANTS}
    calls = [{"call": "GET /items/{id}", "path": {"id": name}, "headers": {"x-v": "1"}} for name in "12"]
    users = {"count": 2, "think_time": "400 ms", "ramp_up": "0 s", "sessions": {}}
    c = {"target": "a/s", "users": users, "calls": calls, "browser": {"max_age": "1 min"}}
    ran = run(browsed(methods=methods, clients={"c": {**c, "network": FAR, "timeout": "150 ms"}}))
    asked = sorted((row.user, row.call) for row in ran.attempts if row.attempt > PREFLIGHT)
    assert asked == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert {row.outcome for row in ran.calls} == {"SUCCEEDED"}


def test_a_drawn_path_is_remembered_by_itself(run: Run) -> None:
    """One browser, five items: each is asked for once, whichever it is, and two browsers ask ten times."""
    methods = {"GET /items/{id}": {"integration": MOCK}, "OPTIONS /{proxy+}": GRANTS}
    calls = [{"call": "GET /items/{id}", "path": {"id": {"uniform": {"n": 5}}}, "headers": {"x-v": "1"}}]
    for count in (1, 2):
        browser = {"max_age": "1 h", "count": count}
        ran = run(browsed(at(*(n * MS for n in range(300))), calls, methods=methods, browser=browser))
        assert preflights(ran) == 5 * count


def test_how_often_a_browser_asks_is_a_renewal_process(run: Run) -> None:
    """Poisson calls of 10/s, a permission of a second: a preflight each 1.1 s, of which 0.1 s is exponential.

    The count in 600 s is nearly normal with mean 600 / 1.1 and variance 600 * 0.1**2 / 1.1**3 (the first at once adds up
    to one); a false alarm in a million, and 3 % more or less would be seen with power 0.999.
    """
    ran = run(browsed({"process": "poisson", "rate": "10/s"}, run={"duration": "600 s"}))
    assert preflights(ran) + len(ran.calls) == len(ran.attempts)
    normal_agrees(preflights(ran), 600 / 1.1 + 0.5, 600 * 0.1**2 / 1.1**3 + 0.25, 1.05)


def test_an_http_api_answers_the_preflights_of_browsers_itself(run: Run) -> None:
    clients = {"c": client(at(0, 100 * MS), [{"call": "POST /"}], browser={"max_age": "1 s"})}
    ran = run(http_story(route="POST /", clients=clients, api={"cors": True}))
    assert [(row.method, row.status) for row in ran.attempts] == [
        ("OPTIONS /{proxy+}", 204), ("POST /", 200), ("POST /", 200),
    ]  # fmt: skip
    without = run(http_story(route="POST /", clients=clients))
    assert without.statuses == [404, 404]
    assert {row.outcome for row in without.calls} == {"PREFLIGHT_FAILED"}


def test_the_story_of_a_preflight() -> None:
    told = run_on("simpy", browsed(at(0), network=FAR), watch=Watch(0, 0, PREFLIGHT + 1)).story
    assert told is not None
    tokens = "account throttle (10,000/s burst 5,000): 5,000 tokens, 4,999 after this request"
    ends = [
        "mock integration: 204",
        "answered: 204 OK",
        "the browser has permission and sends what it asked for",
    ]
    assert [text for _, text in told] == ["sent", "arrives at the gateway: OPTIONS /", tokens, *ends]


def test_who_is_no_browser_pays_for_nothing() -> None:
    plan = planned(browsed(clients={"c": client(at(0), "PUT /")}))
    assert plan.permissions == 0
    assert [call.preflight for call in plan.clients[0].calls] == [-1]
