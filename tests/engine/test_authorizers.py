"""Who may call: authorizers and their cache, AWS_IAM, resource policies, keys that an authorizer gives (facts 7, 9.1)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from engine.running import MS, SECOND, Run, at, client, planned, run_on, story

from apigw_sim.draws import draw
from apigw_sim.engine.model.authorizers import caller_of
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Authorized, Flag, Source

UNLOGGED = int(Flag.UNLOGGED)
TWO = {"f": {"duration": "100 ms"}, "z": {"duration": "30 ms"}}
TOKEN = {"type": "TOKEN", "function": "z", "ttl": "10 s"}


def guarded(arrivals: Any = None, authorizer: dict[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
    """GET / behind the function f (100 ms) and an authorizer of the function z (30 ms)."""
    identities = more.pop("identities", None)
    parts: dict[str, Any] = {
        "integration": {"lambda_proxy": "f"}, "functions": TWO, "method": {"authorizer": "who"},
        "authorizers": {"who": {**TOKEN, **(authorizer or {})}}, **more,
    }  # fmt: skip
    said = story(arrivals, **parts)
    for body in said["clients"].values():
        if identities:
            body["identities"] = identities
    return said


NOBODY = {"valid": "0 %"}
DENIED = {"denied": "100 %"}
MISSING = {"missing": "100 %"}


def test_a_miss_takes_the_authorizers_time_and_a_hit_none(run: Run) -> None:
    """30 ms of the authorizer and 100 ms of the backend, then 100 ms; at 10.03 s the result has lived its 10 s."""
    ran = run(
        guarded(at(0, SECOND, 10 * SECOND + 30 * MS - 1, 10 * SECOND + 30 * MS), run={"duration": "20 s"})
    )
    assert [row.latency_ns for row in ran.attempts] == [130 * MS, 100 * MS, 100 * MS, 130 * MS]
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 0, 0, 30 * MS]
    assert [row.integration_ns for row in ran.attempts] == [100 * MS] * 4
    assert [Authorized(row.authorizer).name for row in ran.attempts] == ["MISS", "HIT", "HIT", "MISS"]
    asked = [row for row in ran.invocations if row.source == Source.AUTHORIZER]
    assert [(row.backend, row.arrived_ns) for row in asked] == [("z", 0), ("z", 10 * SECOND + 30 * MS)]


def test_a_result_is_cached_from_when_it_is_there_and_misses_at_once_are_not_coalesced(run: Run) -> None:
    """Who comes before 30 ms asks again; who comes at 30 ms finds it."""
    ran = run(guarded(at(0, 30 * MS - 1, 30 * MS)))
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 0, 30 * MS]
    assert sum(row.source == Source.AUTHORIZER for row in ran.invocations) == 2


def test_without_a_ttl_every_request_is_invoked(run: Run) -> None:
    ran = run(guarded(at(0, SECOND, 2 * SECOND), {"ttl": "0 s"}))
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS] * 3
    assert len(ran.invocations) == 6


def test_the_cache_is_kept_by_identity(run: Run) -> None:
    """Two clients are two identities, however alike."""
    clients = {name: client(at(0, SECOND)) for name in ("one", "two")}
    ran = run(guarded(clients=clients))
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 30 * MS, 0, 0]


def test_what_an_identity_is_it_stays(run: Run) -> None:
    """Of 200 calls by 8 identities the same ones are refused, whether results are cached or not."""
    said = guarded(
        {"process": "even", "rate": "20/s"}, {"ttl": "0 s"}, run={"duration": "10 s"},
        identities={"count": 8, "valid": "50 %"},
    )  # fmt: skip
    ran = run(said)
    counts = {status: ran.statuses.count(status) for status in set(ran.statuses)}
    assert set(counts) == {200, 401}
    cached = run(guarded(
        {"process": "even", "rate": "20/s"}, {"ttl": "3600 s"}, run={"duration": "10 s"},
        identities={"count": 8, "valid": "50 %"},
    ))  # fmt: skip
    # with a cache that never expires a valid identity is asked for once (or while the first answer is on its way),
    # one that is not valid each time: the same calls are refused
    assert [row.call for row in cached.attempts if row.status == 401] == [
        row.call for row in ran.attempts if row.status == 401
    ]
    hits = sum(row.authorizer == Authorized.HIT for row in cached.attempts)
    assert hits >= counts[200] - 8


def test_the_shares_of_identities() -> None:
    """Of 4,000 identities 60 % are valid, 20 % denied, 15 % missing.

    Each count is within five standard deviations (155 of 4,000 at most) but in one of a million seeds; a share that is
    off by ten points (400) is found but in one of a million.
    """
    said = guarded(
        {"process": "poisson", "rate": "2000/s"}, run={"duration": "10 s"},
        identities={"count": 4000, "valid": "60 %", "denied": "20 %", "missing": "15 %"},
    )  # fmt: skip
    plan = planned(said)
    stream = draw(plan, 7).client(0)
    worth: dict[int, int] = {}
    for call in range(30_000):
        whom = caller_of(plan.clients[0], stream, call)
        assert worth.setdefault(whom.identity, whom.standing) == whom.standing
    of = [list(worth.values()).count(kind) for kind in range(4)]
    assert sum(of) > 3_980  # by 30,000 draws of 4,000 a share of e^-7.5 is missed: 2.2 of them
    for count, share in zip(of, (0.60, 0.20, 0.15, 0.05), strict=True):
        assert abs(count - share * sum(of)) < 5 * (4_000 * share * (1 - share)) ** 0.5


# what is answered


def test_a_denial_is_a_403_and_cached_like_an_allow(run: Run) -> None:
    ran = run(guarded(at(0, SECOND), identities=DENIED))
    assert ran.reasons == ["ACCESS_DENIED"] * 2
    assert ran.statuses == [403] * 2
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 0]
    assert [row.backend for row in ran.invocations] == ["z"]
    assert [(row.outcome, row.status) for row in ran.invocations] == [("OK", 200)]


def test_unauthorized_is_a_401_an_error_of_the_function_and_not_cached(run: Run) -> None:
    ran = run(guarded(at(0, SECOND), identities=NOBODY))
    assert ran.reasons == ["UNAUTHORIZED"] * 2
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS] * 2
    assert [(row.outcome, row.status) for row in ran.invocations] == [("CRASH", 401)] * 2
    assert not any(row.flags & UNLOGGED for row in ran.attempts)


def test_an_expired_token_passes_the_expression_and_costs_an_invocation(run: Run) -> None:
    """A 401 as that of a token nobody accepts, which the expression would have caught for nothing."""
    ran = run(guarded(at(0), {"validation": "100 %"}, identities={"expired": "100 %"}))
    assert (ran.reasons, [row.source for row in ran.invocations]) == (["UNAUTHORIZED"], [Source.AUTHORIZER])


def test_a_validation_expression_refuses_without_an_invocation_and_without_a_log(run: Run) -> None:
    ran = run(guarded(at(0), {"validation": "100 %"}, identities=NOBODY))
    (row,) = ran.attempts
    assert (row.status, row.latency_ns, row.flags, row.authorizer_ns) == (401, 0, UNLOGGED, None)
    assert not ran.invocations
    assert run(guarded(at(0), {"validation": "100 %"})).statuses == [200]


@pytest.mark.parametrize(
    ("authorizer", "status", "invocations"),
    [
        ({}, 401, 0),
        ({"ttl": "0 s"}, 401, 0),  # a token must be there
        ({"type": "REQUEST"}, 401, 0),
        ({"type": "REQUEST", "ttl": "0 s"}, 401, 1),  # nothing is looked for, so it is asked
    ],
)
def test_a_missing_identity_source(
    run: Run, authorizer: dict[str, Any], status: int, invocations: int
) -> None:
    ran = run(guarded(at(0), authorizer, identities=MISSING))
    assert ran.statuses == [status]
    assert len(ran.invocations) == invocations
    assert bool(ran.attempts[0].flags & UNLOGGED) == (invocations == 0)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"crash": "100 %"}, "AUTHORIZER_FAILURE"),
        ({"malformed": "100 %"}, "AUTHORIZER_FAILURE"),
        ({"duration": "2 s", "timeout": "1 s"}, "AUTHORIZER_FAILURE"),
        ({"reserved_concurrency": 0}, "AUTHORIZER_CONFIGURATION_ERROR"),
    ],
)
def test_an_authorizer_that_fails_is_a_500(run: Run, how: dict[str, Any], reason: str) -> None:
    functions = {"f": TWO["f"], "z": {**TWO["z"], **how}}
    ran = run(guarded(at(0), functions=functions))
    assert (ran.statuses, ran.reasons) == ([500], [reason])
    assert [row.backend for row in ran.invocations] == ["z"]
    other = run(guarded(at(0), functions=functions, assumptions={
        "authorizer_throttled": "AUTHORIZER_FAILURE", "authorizer_malformed": "AUTHORIZER_CONFIGURATION_ERROR",
    }))  # fmt: skip
    turned = {"malformed", "reserved_concurrency"} & set(how)
    assert (other.reasons != ran.reasons) == bool(turned)


def test_an_outage_of_its_function_is_a_500(run: Run) -> None:
    fault = {"at": "0 s", "fault": {"function": "z", "outage": True, "for": "1 s"}}
    ran = run(guarded(at(0, 2 * SECOND), timeline=[fault]))
    assert ran.reasons == ["AUTHORIZER_CONFIGURATION_ERROR", "OK"]


def test_the_gateway_waits_for_its_authorizer_so_long_and_it_runs_on(run: Run) -> None:
    """At exactly the limit it is in time; a ns later the answer is 500 at the limit, and the work ends for nobody."""
    in_time = run(guarded(at(0), assumptions={"authorizer_wait": "30 ms"}))
    assert in_time.statuses == [200]
    late = run(guarded(at(0), assumptions={"authorizer_wait": "29 ms"}))
    (row,) = late.attempts
    assert (row.reason, row.latency_ns, row.authorizer_ns) == ("AUTHORIZER_FAILURE", 29 * MS, 29 * MS)
    (work,) = late.invocations
    assert (work.duration_ns, work.abandoned) == (30 * MS, 1)


def test_an_invocation_that_comes_too_late_is_made_for_nobody(run: Run) -> None:
    late = run(guarded(at(0), assumptions={"authorizer_wait": "20 ms", "lambda_overhead": "20 ms"}))
    (row,) = late.attempts
    assert (row.reason, row.latency_ns) == ("AUTHORIZER_FAILURE", 20 * MS)
    (work,) = late.invocations
    assert (work.arrived_ns, work.abandoned) == (20 * MS, 1)


def test_a_policy_of_the_called_method_denies_the_others_once_it_is_cached(run: Run) -> None:
    """The intermittent 403: GET / first, so its policy is cached, and POST / is denied until it expires."""
    each = {"integration": {"mock": {}}, "authorizer": "who"}
    clients = {
        "c": client(at(0, 2 * SECOND, 4 * SECOND, 13 * SECOND), [{"call": "GET /"}]),
    }
    both = {"GET /": each, "POST /": each}
    said = guarded(None, {"policy": "called_method"}, methods=both, clients=clients, run={"duration": "20 s"})
    said["clients"]["c"]["calls"] = [{"call": "GET /"}, {"call": "POST /"}]
    said["run"]["seed"] = 5
    ran = run(said)
    first = ran.attempts[0].method
    for row in ran.attempts[1:3]:
        assert row.status == (200 if row.method == first else 403)
    assert {row.method for row in ran.attempts[:3]} == {"GET /", "POST /"}
    assert ran.attempts[3].status == 200  # asked anew
    said["authorizers"]["who"]["policy"] = "all_methods"
    assert set(run(said).statuses) == {200}


def test_the_method_among_the_identity_sources_gives_each_method_results_of_its_own(run: Run) -> None:
    each = {"integration": {"mock": {}}, "authorizer": "who"}
    who = {
        "type": "REQUEST", "policy": "called_method",
        "identity_sources": ["header.Authorization", "context.httpMethod"],
    }  # fmt: skip
    said = guarded(at(*range(0, 8 * SECOND, SECOND)), who, methods={"GET /": each, "POST /": each})
    said["clients"]["c"]["calls"] = [{"call": "GET /"}, {"call": "POST /"}]
    ran = run(said)
    assert {row.method for row in ran.attempts} == {"GET /", "POST /"}
    assert set(ran.statuses) == {200}
    assert len(ran.invocations) == 2


# what comes before and behind it


def test_the_throttle_is_met_when_the_authorizer_has_spoken(run: Run) -> None:
    """One token, two requests at 0: the second is refused at 30 ms, its authorizer invoked for nothing."""
    ran = run(guarded(at(0, 0), settings={"throttle": {"rate": "0/s", "burst": 1}}))
    assert ran.reasons == ["THROTTLED", "OK"]
    assert ran.attempts[0].latency_ns == 30 * MS
    assert sum(row.backend == "z" for row in ran.invocations) == 2


def test_an_account_throttle_in_front_spares_the_authorizer(run: Run) -> None:
    said = guarded(
        at(0, 0), account={"throttle": {"rate": "0.001/s", "burst": 1}}, assumptions={"account_throttle_position": "front"}
    )  # fmt: skip
    ran = run(said)
    assert ran.reasons == ["THROTTLED", "OK"]
    assert ran.attempts[0].latency_ns == 0
    assert [row.backend for row in ran.invocations] == ["z", "f"]


def test_in_front_who_is_denied_has_spent_the_accounts_token(run: Run) -> None:
    said = guarded(
        at(0, SECOND), account={"throttle": {"rate": "0.001/s", "burst": 1}}, identities=DENIED,
        assumptions={"account_throttle_position": "front"},
    )  # fmt: skip
    assert run(said).reasons == ["ACCESS_DENIED", "THROTTLED"]
    said["assumptions"]["account_throttle_position"] = "after_usage_plan"
    assert run(said).reasons == ["ACCESS_DENIED"] * 2


def test_an_authorizer_starves_its_backend(run: Run) -> None:
    """Two places for both functions, an overhead of 4 ms, requests at 0, 10 and 31 ms.

    The first authorizer runs to 30 ms, the second from 10 to 40, and the third takes at 31 the place that the first left:
    at 32 ms, when the first request is relayed, its own API's authorizers hold all there is.
    """
    two = {"lambda_concurrency": 10, "used_elsewhere": {"lambda_concurrency": 8}}
    said = guarded(
        at(0, 10 * MS, 31 * MS), {"ttl": "0 s"}, account=two, assumptions={"rest_overhead": "4 ms"}
    )
    ran = run(said)
    assert {row.call: row.reason for row in ran.attempts} == {0: "LAMBDA_THROTTLED", 1: "OK", 2: "OK"}
    assert ran.peak(ran.plan.gauge(GaugeKind.UNRESERVED_CONCURRENCY)) == 2
    said["authorizers"]["who"]["ttl"] = "300 s"
    said["clients"]["c"]["arrivals"] = at(
        0, 35 * MS, 50 * MS
    )  # from 30 ms on the cache answers: only backends run
    assert {row.call: row.reason for row in run(said).attempts} == {0: "OK", 1: "OK", 2: "LAMBDA_THROTTLED"}


def test_it_has_cold_starts_of_its_own(run: Run) -> None:
    cold = {"provisioning": "50 ms", "init": "200 ms"}
    ran = run(guarded(at(0, SECOND), {"ttl": "0 s"}, functions={
        "f": TWO["f"], "z": {**TWO["z"], "cold_start": cold},
    }))  # fmt: skip
    assert [row.authorizer_ns for row in ran.attempts] == [280 * MS, 30 * MS]


def test_a_client_that_gives_up_meanwhile_leaves_its_authorizer_at_work(run: Run) -> None:
    ran = run(guarded(at(0), timeout="20 ms"))
    (call,) = ran.calls
    assert (call.outcome, call.ended_ns) == ("TIMED_OUT", 20 * MS)
    assert [(row.backend, row.abandoned) for row in ran.invocations] == [("z", 1), ("f", 1)]
    assert ran.attempts[0].status == 200


def test_a_retry_is_the_same_identity(run: Run) -> None:
    """503 from the backend: the retry finds the cached result."""
    functions = {"f": {"duration": "100 ms", "response": {"status": 503}}, "z": TWO["z"]}
    retry = {"attempts": 2, "backoff": {"base": "100 ms", "jitter": "none"}}
    ran = run(guarded(at(0), functions=functions, retry=retry, identities={"count": 1000}))
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 0]


def test_a_flush_forgets_the_results_of_the_stage(run: Run) -> None:
    flush = [{"at": "2 s", "flush_authorizers_cache": "a/s"}]
    ran = run(guarded(at(0, SECOND, 2 * SECOND, 3 * SECOND), timeline=flush))
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 0, 30 * MS, 0]


def test_a_flush_leaves_another_stages_results_though_its_own_authorizer_keeps_none(run: Run) -> None:
    """What has no results of its own begins where the next one's begin."""
    said = guarded(
        at(0, SECOND, 2 * SECOND, 3 * SECOND), timeline=[{"at": "2 s", "flush_authorizers_cache": "a/s"}]
    )
    said["apis"]["b"] = deepcopy(said["apis"]["a"])
    said["authorizers"]["forgetful"] = {**TOKEN, "ttl": "0 s"}
    for method in said["apis"]["a"]["methods"].values():
        method["authorizer"] = "forgetful"
    said["clients"]["c"]["target"] = "b/s"
    assert [row.authorizer_ns for row in run(said).attempts] == [30 * MS, 0, 0, 0]


def test_the_answer_of_a_refusal_leaves_after_the_whole_overhead(run: Run) -> None:
    ran = run(guarded(at(0), identities=DENIED, assumptions={"rest_overhead": "8 ms"}))
    assert ran.attempts[0].latency_ns == 38 * MS
    allowed = run(guarded(at(0), assumptions={"rest_overhead": "8 ms"}))
    assert (allowed.attempts[0].latency_ns, allowed.attempts[0].integration_ns) == (138 * MS, 100 * MS)


# user pools and signatures


def pool(arrivals: Any, ttl: str = "0 s", **more: Any) -> dict[str, Any]:
    """A method behind a user pool whose check takes 2 ms."""
    who = {"who": {"type": "COGNITO_USER_POOLS", "ttl": ttl}}
    said = guarded(arrivals, authorizers=who, **more)
    said["assumptions"]["authorization_time"] = "2 ms"
    return said


def test_a_user_pool_invokes_nothing(run: Run) -> None:
    ran = run(pool(at(0, SECOND)))
    assert [row.authorizer_ns for row in ran.attempts] == [2 * MS, 2 * MS]
    assert [row.backend for row in ran.invocations] == ["f", "f"]
    assert [row.authorizer_ns for row in run(pool(at(0, SECOND), "300 s")).attempts] == [2 * MS, 0]


@pytest.mark.parametrize(("who", "took"), [(NOBODY, 2 * MS), (DENIED, 2 * MS), (MISSING, None)])
def test_who_is_not_of_the_user_pool_gets_a_401(run: Run, who: dict[str, str], took: int | None) -> None:
    (row,) = run(pool(at(0), "300 s", identities=who)).attempts
    assert (row.reason, row.authorizer_ns) == ("UNAUTHORIZED", took)


def signed(**more: Any) -> dict[str, Any]:
    """A method that asks for AWS_IAM."""
    said = guarded(at(0), method={"authorization": "AWS_IAM"}, **more)
    said["assumptions"]["authorization_time"] = "2 ms"
    return said


@pytest.mark.parametrize(
    ("who", "reason", "took"),
    [
        (None, "OK", 2 * MS),
        (MISSING, "MISSING_AUTHENTICATION_TOKEN", None),
        (NOBODY, "INVALID_SIGNATURE", 2 * MS),
        ({"expired": "100 %"}, "EXPIRED_TOKEN", 2 * MS),
        (DENIED, "ACCESS_DENIED", 2 * MS),
    ],
)
def test_aws_iam(run: Run, who: dict[str, str] | None, reason: str, took: int | None) -> None:
    (row,) = run(signed(identities=who)).attempts
    assert (row.reason, row.authorizer_ns) == (reason, took)
    assert row.status == (200 if reason == "OK" else 403)


# resource policies

HOME, AWAY = {"address": "192.0.2.7"}, {"address": "198.51.100.7"}
ALLOW = {"effect": "Allow", "from": ["192.0.2.0/24"]}
DENY = {"effect": "Deny", "not_from": ["192.0.2.0/24"]}
ALL = {"effect": "Allow"}


def policed(said: dict[str, Any], where: dict[str, str], *statements: dict[str, Any]) -> dict[str, Any]:
    said["apis"]["a"]["resource_policy"] = list(statements)
    said["clients"]["c"] |= where
    return said


THROUGH = {"vpc_endpoint": "vpce-1", "network": {"private_dns": False}}
"""Through a VPC endpoint, which reaches a public API's default endpoint without private DNS alone."""


@pytest.mark.parametrize(
    ("statements", "where", "reason"),
    [
        ([ALLOW], HOME, "OK"),
        ([ALLOW], AWAY, "ACCESS_DENIED"),  # nothing allows it
        ([ALL, DENY], HOME, "OK"),
        ([ALL, DENY], AWAY, "ACCESS_DENIED"),  # a Deny goes before any Allow
        ([{**ALL, "methods": ["GET /"]}], AWAY, "OK"),
        ([{"effect": "Allow", "vpc_endpoints": ["vpce-1"]}], THROUGH, "OK"),
        ([{"effect": "Allow", "vpc_endpoints": ["vpce-1"]}], HOME, "ACCESS_DENIED"),
        ([ALL, {"effect": "Deny", "not_vpc_endpoints": ["vpce-1"]}], HOME, "ACCESS_DENIED"),
        # through an endpoint there is no aws:SourceIp, so NotIpAddress holds
        ([ALL, DENY], THROUGH, "ACCESS_DENIED"),
    ],
)
def test_a_resource_policy_alone(
    run: Run, statements: list[dict[str, Any]], where: dict[str, Any], reason: str
) -> None:
    said = policed(story(at(0)), where, *statements)
    assert run(said).reasons == [reason]


def test_a_deny_of_the_policy_comes_before_a_lambda_authorizer_is_called(run: Run) -> None:
    denied = run(policed(guarded(at(0)), AWAY, ALL, DENY))
    assert denied.reasons == ["ACCESS_DENIED"]
    assert not denied.invocations
    silent = run(policed(guarded(at(0)), AWAY, ALLOW))
    assert silent.reasons == ["OK"]  # the authorizer's own policy allows


def test_with_a_user_pool_the_policy_comes_after_authentication_and_must_allow(run: Run) -> None:
    assert run(policed(pool(at(0), identities=NOBODY), AWAY, ALL, DENY)).reasons == ["UNAUTHORIZED"]
    for statements in ([ALL, DENY], [ALLOW]):
        ran = run(policed(pool(at(0)), AWAY, *statements))
        assert ran.reasons == ["ACCESS_DENIED"]
        assert ran.attempts[0].authorizer_ns == 2 * MS
    assert run(policed(pool(at(0)), HOME, ALLOW)).reasons == ["OK"]


def test_with_iam_either_policy_allows_and_either_denies(run: Run) -> None:
    assert run(policed(signed(identities=DENIED), HOME, ALLOW)).reasons == ["OK"]
    assert run(policed(signed(identities=DENIED), AWAY, ALLOW)).reasons == ["ACCESS_DENIED"]
    assert run(policed(signed(), AWAY, ALLOW)).reasons == ["OK"]
    assert run(policed(signed(), AWAY, ALL, DENY)).reasons == ["ACCESS_DENIED"]


def test_an_unknown_path_is_refused_before_any_policy(run: Run) -> None:
    """403 MISSING_AUTHENTICATION_TOKEN: there is no method whose policy could be asked."""
    said = policed(story(at(0)), AWAY, {"effect": "Deny"})
    plan = planned(said)
    (client_row,) = plan.clients
    lost = replace(client_row, calls=(replace(client_row.calls[0], method=-1),))
    assert run(replace(plan, clients=(lost,))).reasons == ["MISSING_AUTHENTICATION_TOKEN"]


def test_an_unknown_path_is_a_404_where_the_assumption_says_so(run: Run) -> None:
    """The route is brought by a change that is never deployed."""
    change = {"change": {"api": "a", "methods": {"GET /lost": {"integration": {"mock": {}}}}}}
    said = story(
        at(SECOND), methods={"GET /": {"integration": {"mock": {}}}}, call="GET /lost", timeline=[{"at": "0 s", **change}],
        assumptions={"unknown_resource": "RESOURCE_NOT_FOUND"},
    )  # fmt: skip
    (row,) = run(said).attempts
    assert (row.status, row.reason, row.response_bytes) == (
        404,
        "RESOURCE_NOT_FOUND",
        len('{"message":"Not Found"}'),
    )


# API keys that an authorizer gives


def test_an_authorizer_gives_the_key_of_the_identity(run: Run) -> None:
    """Two keys of one request each: what an identity has used up, another has not."""
    said = guarded(
        at(*range(0, 8 * SECOND, SECOND)), method={"authorizer": "who", "api_key_required": True},
        usage_plans={"p": {"quota": {"limit": 1, "period": "DAY"}, "stages": {"a/s": {}}}},
        api_keys={"k": {"plans": ["p"], "count": 2}}, api_key={"from": "k", "uniform": True},
        identities={"count": 6},
    )  # fmt: skip
    said["apis"]["a"]["api_key_source"] = "AUTHORIZER"
    ran = run(said)
    assert sorted(ran.reasons) == ["OK"] * 2 + ["QUOTA_EXCEEDED"] * 6
    assert {row.api_key for row in ran.attempts} == {"k[0]", "k[1]"}


def test_who_is_refused_has_been_given_no_key_and_none_is_sent(run: Run) -> None:
    said = guarded(
        at(0), method={"authorizer": "who", "api_key_required": True}, identities=DENIED,
        usage_plans={"p": {"stages": {"a/s": {}}}}, api_keys={"k": {"plans": ["p"]}}, api_key="k",
    )  # fmt: skip
    assert [row.api_key for row in run(said).attempts] == ["k"]
    said["apis"]["a"]["api_key_source"] = "AUTHORIZER"
    assert [row.api_key for row in run(said).attempts] == [None]


# what stays as it was


def test_an_authorizer_changes_no_draw_of_what_is_behind_it() -> None:
    """The same durations, sizes, statuses and cold starts, call by call, with an authorizer and without."""
    functions = {
        "f": {
            "duration": {"p50": "40 ms", "p99": "300 ms"}, "crash": "5 %",
            "cold_start": {"runtime": "python3.13"}, "response": {"size": {"p50": "1 KB", "p99": "9 KB"}},
        },
        "z": {"duration": {"p50": "5 ms", "p99": "30 ms"}},
    }  # fmt: skip
    more: dict[str, Any] = {
        "integration": {"lambda_proxy": "f"}, "functions": functions, "network": {"rtt": {"p50": "10 ms", "p99": "40 ms"}},
    }  # fmt: skip
    arrivals = {"process": "poisson", "rate": "20/s"}
    with_one = run_on("simpy", guarded(arrivals, **more))
    without = run_on("simpy", story(arrivals, **more))

    def drawn(ran: Any) -> list[tuple[Any, ...]]:
        rows = {(row.call, row.attempt): row for row in ran.invocations if row.source == Source.INTEGRATION}
        sizes = {(row.call, row.attempt): row.response_bytes for row in ran.attempts}
        return [(key, rows[key].duration_ns, rows[key].outcome, sizes[key]) for key in sorted(rows)]

    assert drawn(with_one) == drawn(without)


# deployments


def test_another_authorizer_means_nothing_before_it_is_deployed(run: Run) -> None:
    """From 2 s on the method has another one, from 4 s on the stage; who is being looked at is not touched."""
    who, other = {**TOKEN, "ttl": "0 s"}, {**TOKEN, "function": "y", "ttl": "0 s"}
    said = guarded(
        at(SECOND, 3 * SECOND, 4 * SECOND - 10 * MS, 5 * SECOND), authorizers={"who": who, "other": other},
        functions={**TWO, "y": {"duration": "70 ms"}},
        timeline=[
            {"at": "2 s", "change": {"api": "a", "methods": {"GET /": {"authorizer": "other"}}}},
            {"at": "4 s", "deploy": "a/s"},
        ],
    )  # fmt: skip
    ran = run(said)
    assert [row.authorizer_ns for row in ran.attempts] == [30 * MS, 30 * MS, 30 * MS, 70 * MS]
    assert [row.backend for row in ran.invocations if row.source == Source.AUTHORIZER] == ["z", "z", "z", "y"]


def test_a_canary_may_have_another_authorizer(run: Run) -> None:
    """All requests meet the canary, whose deployment asks a user pool; results of one are not those of the other."""
    said = guarded(
        at(SECOND, 3 * SECOND, 4 * SECOND),
        authorizers={"who": TOKEN, "pool": {"type": "COGNITO_USER_POOLS", "ttl": "300 s"}},
        timeline=[
            {"at": "2 s", "change": {"api": "a", "methods": {"GET /": {"authorizer": "pool"}}}},
            {"at": "2 s", "deploy": "a/s", "canary": {"traffic": "100 %"}},
        ],
    )  # fmt: skip
    said["assumptions"]["authorization_time"] = "2 ms"
    assert [row.authorizer_ns for row in run(said).attempts] == [30 * MS, 2 * MS, 0]
