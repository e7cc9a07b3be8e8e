"""Versions and aliases of functions (facts 8, 10.1): whose settings an invocation meets, and what versions share."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from engine.running import MINUTE, MS, NO_LAMBDA_LIMITS, SECOND, Ran, Run, at, client, planned, story

from apigw_sim.draws import Group, draw
from apigw_sim.plan.tables import GaugeKind

HALF = 1 << 62
"""Of the 63 bits of a word."""


def versions(
    arrivals: Any, callee: str = "f:PROD", aliases: dict[str, Any] | None = None, *, two: dict[str, Any] | None = None,
    function: dict[str, Any] | None = None, **parts: Any,
) -> dict[str, Any]:  # fmt: skip
    """GET / invokes `callee` of f, which takes 100 ms and 200 ms in version 1; version 2 takes 30 ms."""
    made = {
        "duration": "100 ms",
        "versions": {"1": {"duration": "200 ms"}, "2": {"duration": "30 ms", **(two or {})}},
        "aliases": {"PROD": {"1": "100 %"}, **(aliases or {})},
        **(function or {}),
    }
    return story(arrivals, {"lambda_proxy": callee}, functions={"f": made}, **parts)


def both(one: Any, other: Any, function: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """GET /1 invokes version 1 and GET /2 version 2 of f, 100 ms each, at the instants of two clients."""
    methods = {f"GET /{n}": {"integration": {"lambda_proxy": f"f:{n}"}} for n in "12"}
    clients = {"one": client(one, "GET /1"), "two": client(other, "GET /2")}
    body = {"duration": "100 ms", "versions": {"1": {}, "2": {}}, **(function or {})}
    return story(functions={"f": body}, methods=methods, clients=clients, **parts)


def executed(ran: Ran) -> list[str]:
    """Of each invocation in the order of arrival, what ran."""
    return [row.backend for row in sorted(ran.invocations, key=lambda row: (row.arrived_ns, row.call))]


# names


@pytest.mark.parametrize(
    ("callee", "backend", "alias", "took"),
    [
        ("f", "f", None, 100),
        ("f:$LATEST", "f", None, 100),
        ("f:1", "f:1", None, 200),
        ("f:2", "f:2", None, 30),
        ("f:DEV", "f", "f:DEV", 100),
        ("f:TEST", "f:2", "f:TEST", 30),
    ],
)
def test_a_name_invokes_a_version_with_its_own_settings(
    run: Run, callee: str, backend: str, alias: str | None, took: int
) -> None:
    ran = run(versions(at(0), callee, {"DEV": {"$LATEST": "100 %"}, "TEST": {"2": "100 %"}}))
    (work,), (attempt,), (environment,) = ran.invocations, ran.attempts, ran.environments
    assert (work.backend, work.alias, work.duration_ns) == (backend, alias, took * MS)
    assert attempt.integration_ns == took * MS
    assert environment.function == backend


def test_a_version_has_what_it_does_not_say_from_its_function(run: Run) -> None:
    """Version 1 says nothing and answers 404 of 3 KB as f does; version 2 says the size alone."""
    function = {"response": {"size": "3 KB", "status": 404}}
    said = both(at(0), at(0), {**function, "versions": {"1": {}, "2": {"response": {"size": "5 KB"}}}})
    rows = {row.client: (row.status, row.response_bytes) for row in run(said).attempts}
    assert rows == {"one": (404, 3072), "two": (404, 5120)}


def test_versions_crash_in_their_own_shares(run: Run) -> None:
    ran = run(both(at(0), at(0), {"versions": {"1": {"crash": "100 %"}, "2": {"malformed": "100 %"}}}))
    assert {row.client: row.reason for row in ran.attempts} == {
        "one": "FUNCTION_ERROR",
        "two": "MALFORMED_RESPONSE",
    }


# what versions share, and what they do not


def test_each_version_has_environments_of_its_own(run: Run) -> None:
    """Version 2 comes while the environment of version 1 is idle, and has to make one; version 1 finds its own."""
    cold = {"cold_start": {"provisioning": "10 ms", "init": "40 ms"}}
    ran = run(both(at(0, SECOND), at(500 * MS), cold))
    rows = sorted(ran.invocations, key=lambda row: row.arrived_ns)
    assert [(row.backend, row.environment, row.init_ns) for row in rows] == [
        ("f:1", 0, 40 * MS), ("f:2", 0, 40 * MS), ("f:1", 0, None),
    ]  # fmt: skip


def test_environments_at_the_start_are_of_the_version_that_is_named(run: Run) -> None:
    cold = {"cold_start": {"provisioning": "10 ms", "init": "40 ms"}}
    ran = run(both(at(0), at(0), cold, initial={"environments": {"f:2": 1}}))
    assert {row.backend: row.init_ns for row in ran.invocations} == {"f:1": 40 * MS, "f:2": None}


def test_reserved_concurrency_applies_over_all_versions(run: Run) -> None:
    """Facts 10.1. Of one unit version 1 holds it all for 100 ms."""
    ran = run(both(at(0), at(99 * MS, 100 * MS), {"reserved_concurrency": 1}, account=NO_LAMBDA_LIMITS))
    assert [(row.client, row.reason, row.refused_by) for row in ran.attempts] == [
        ("two", "LAMBDA_THROTTLED", "f reserved concurrency"), ("one", "OK", None), ("two", "OK", None),
    ]  # fmt: skip
    assert ran.peak(ran.plan.gauge(GaugeKind.CONCURRENCY, 0)) == 1


def test_a_reservation_that_is_set_applies_over_all_versions(run: Run) -> None:
    timeline = [{"at": "1 s", "set": {"functions.f.reserved_concurrency": 0}}]
    ran = run(both(at(999 * MS, SECOND), at(SECOND), timeline=timeline))
    assert [(row.client, row.reason) for row in ran.attempts] == [
        ("one", "LAMBDA_THROTTLED"), ("two", "LAMBDA_THROTTLED"), ("one", "OK"),
    ]  # fmt: skip


def test_the_request_rate_of_a_reservation_is_shared_by_the_versions(run: Run) -> None:
    """One unit at 1/s holds one request: version 1 takes it, so the next is there a second later."""
    account = {"lambda_scaling": "none", "lambda_requests_per_concurrency": 1}
    ran = run(both(at(0), at(500 * MS, SECOND), {"reserved_concurrency": 1}, account=account))
    rows = [(row.arrived_ns, row.backend, row.outcome) for row in ran.invocations]
    assert sorted(rows) == [
        (0, "f:1", "OK"), (500 * MS, "f:2", "THROTTLED_RPS"), (SECOND, "f:2", "OK"),
    ]  # fmt: skip


@pytest.mark.parametrize("model", ["window", "bucket"])
def test_the_scaling_rate_is_shared_by_the_versions(run: Run, model: str) -> None:
    """One new environment in any ten seconds: version 1 makes it, and version 2 gets none before 10 s."""
    said = both(
        at(0), at(5 * SECOND, 10 * SECOND), account={"lambda_scaling": 1}, assumptions={"scaling_rate_model": model},
        run={"duration": "12 s"},
    )  # fmt: skip
    rows = [(row.arrived_ns, row.backend, row.outcome) for row in run(said).invocations]
    assert sorted(rows) == [
        (0, "f:1", "OK"), (5 * SECOND, "f:2", "THROTTLED_SCALING"), (10 * SECOND, "f:2", "OK"),
    ]  # fmt: skip


def test_a_fault_of_a_function_holds_for_all_its_versions(run: Run) -> None:
    timeline = [{"at": "1 s", "fault": {"function": "f", "slow": 3, "for": "1 s"}}]
    ran = run(both(at(0, SECOND, 2 * SECOND), at(SECOND), timeline=timeline))
    rows = [(row.backend, row.arrived_ns, row.duration_ns // MS) for row in ran.invocations]
    assert sorted(rows) == [
        ("f:1", 0, 100), ("f:1", SECOND, 300), ("f:1", 2 * SECOND, 100), ("f:2", SECOND, 300),
    ]  # fmt: skip


def test_a_published_version_keeps_its_timeout_when_the_functions_is_set(run: Run) -> None:
    """AWS publishes an immutable snapshot: what changes is $LATEST."""
    body = {"duration": "2 s", "timeout": "3 s", "versions": {"1": {}}}
    methods = {f"GET /{n}": {"integration": {"lambda_proxy": name}} for n, name in (("1", "f:1"), ("2", "f"))}
    clients = {"one": client(at(SECOND), "GET /1"), "two": client(at(SECOND), "GET /2")}
    timeline = [{"at": "1 s", "set": {"functions.f.timeout": "1 s"}}]
    ran = run(story(functions={"f": body}, methods=methods, clients=clients, timeline=timeline))
    assert {row.client: row.reason for row in ran.attempts} == {"one": "OK", "two": "FUNCTION_TIMEOUT"}


def test_the_account_counts_all_versions_together(run: Run) -> None:
    ran = run(both(at(0), at(50 * MS)))
    assert ran.peak(ran.plan.gauge(GaugeKind.ACCOUNT_CONCURRENCY)) == 2
    assert ran.peak(ran.plan.gauge(GaugeKind.CONCURRENCY, 0)) == 2
    assert ran.area(ran.plan.gauge(GaugeKind.CONCURRENCY, 0)) == 200 * MS


# which of two


def words(ran: Ran) -> dict[tuple[int, int], int]:
    """The word by which each invocation's version is drawn, made anew from the plan and the seed."""
    stream = draw(ran.plan, ran.plan.seed).client(0)
    return {
        (row.call, row.attempt): stream.row(Group.ALIAS, row.call, row.attempt)[0] for row in ran.invocations
    }


@pytest.mark.parametrize("share", [5, 50, 95])
def test_the_newer_version_takes_the_words_below_its_share(run: Run, share: int) -> None:
    """Word < share * 2**63, whatever the order in which the versions are written."""
    weights = {"2": f"{share} %", "1": f"{100 - share} %"}
    ran = run(versions({"process": "even", "rate": "40/s"}, aliases={"PROD": weights}))
    drawn = words(ran)
    assert len(drawn) == 400
    for row in ran.invocations:
        newer = drawn[row.call, row.attempt] * 100 < share << 63
        assert (row.backend, row.alias) == ("f:2" if newer else "f:1", "f:PROD")
        assert row.duration_ns == (30 if newer else 200) * MS


def test_who_meets_the_newer_version_at_a_smaller_share_meets_it_at_a_larger(run: Run) -> None:
    """And everything else is shared: arrivals, and the durations of those that both runs send to one version."""
    found = []
    law = {"exponential": {"mean": "50 ms"}}
    for share in (10, 30):
        weights = {"1": f"{100 - share} %", "2": f"{share} %"}
        ran = run(
            versions({"process": "poisson", "rate": "40/s"}, aliases={"PROD": weights}, two={"duration": law})
        )
        found.append({row.call: (row.backend, row.arrived_ns, row.duration_ns) for row in ran.invocations})
    few, many = found
    assert few.keys() == many.keys()
    newer = [{call for call, row in rows.items() if row[0] == "f:2"} for rows in found]
    assert newer[0] < newer[1]
    assert all(few[call] == many[call] for call in few if call in newer[0] or call not in newer[1])


def test_each_attempt_draws_its_version_anew(run: Run) -> None:
    """Facts 8: no stickiness. Version 2 always crashes; those that try again mostly meet version 1."""
    retry = {"attempts": 4, "statuses": [502], "backoff": {"base": "10 ms", "jitter": "none"}}
    ran = run(
        versions({"process": "even", "rate": "40/s"}, aliases={"PROD": {"1": "50 %", "2": "50 %"}},
                 two={"crash": "100 %"}, retry=retry)
    )  # fmt: skip
    drawn = words(ran)
    again = [row for row in ran.invocations if row.attempt > 1]
    assert {row.backend for row in again} == {"f:1", "f:2"}
    assert all((row.backend == "f:2") == (drawn[row.call, row.attempt] < HALF) for row in again)


def test_the_split_is_as_weighted_and_has_no_memory(run: Run) -> None:
    """5 % of 40,000 are 2,000 with a standard deviation of 43.6: 4.9 of them either way, false alarm 1e-6.

    A share of 6 % would be seen with a power above 0.9999: 400 more, of which 213 are allowed, at a deviation of 47.
    No memory: a newer one follows a newer one in 100 of the pairs, deviation about 10.2, and 50 either way are allowed
    (1e-6); a client that stuck to its version would make nearly 2,000 of them.
    """
    weights = {"1": "95 %", "2": "5 %"}
    said = versions(
        {"process": "even", "rate": "4000/s"}, aliases={"PROD": weights}, function={"versions": {"1": {}, "2": {}}},
        account={"lambda_concurrency": 100_000, **NO_LAMBDA_LIMITS, "throttle": {"rate": "10000/s", "burst": 5000}},
    )  # fmt: skip
    newer = [name == "f:2" for name in executed(run(said))]
    assert len(newer) == 40_000
    assert abs(sum(newer) - 2000) <= 213
    assert abs(sum(one and other for one, other in pairwise(newer)) - 100) <= 50


# what changes in mid-run


def test_weights_that_are_set_act_on_what_reaches_lambda_from_then_on(run: Run) -> None:
    """The service overhead of 20 ms comes first: who was relayed at 985 ms reaches Lambda after the change at 1 s."""
    timeline = [{"at": "1 s", "set": {"functions.f.aliases.PROD": {"2": "100 %"}}}]
    instants = at(979 * MS, 980 * MS, 985 * MS)
    ran = run(versions(instants, timeline=timeline, assumptions={"lambda_overhead": "20 ms"}))
    assert executed(ran) == ["f:1", "f:2", "f:2"]
    assert [row.duration_ns // MS for row in sorted(ran.invocations, key=lambda row: row.call)] == [
        200,
        30,
        30,
    ]


def test_an_alias_may_be_set_back_to_what_it_was(run: Run) -> None:
    timeline = [
        {"at": "1 s", "set": {"functions.f.aliases.PROD": {"1": "0 %", "2": "100 %"}}},
        {"at": "2 s", "set": {"functions.f.aliases.PROD": "1"}},
    ]
    assert executed(run(versions(at(0, SECOND, 2 * SECOND), timeline=timeline))) == ["f:1", "f:2", "f:1"]


def test_what_comes_too_late_for_the_gateway_still_draws_its_version(run: Run) -> None:
    """The service overhead outlasts the integration's timeout: version 2 works for nobody, 30 ms."""
    said = versions(
        at(0), aliases={"PROD": {"2": "100 %"}}, assumptions={"lambda_overhead": "100 ms"},
    )  # fmt: skip
    said["apis"]["a"]["methods"]["GET /"]["integration"]["timeout"] = "60 ms"
    ran = run(said)
    assert ran.reasons == ["INTEGRATION_TIMEOUT"]
    assert [(row.backend, row.duration_ns, row.abandoned) for row in ran.invocations] == [("f:2", 30 * MS, 1)]


# formats


def formats(run: Run, **versions_of: Any) -> dict[str, tuple[int, str]]:
    """Status and reason of calls without a format, of format v1 and of v2, by version."""
    methods = {f"GET /{n}": {"integration": {"lambda_proxy": f"f:{n}"}} for n in "12"}
    clients = {
        f"{of} to {n}".replace(" ", "_"): client(
            at(0), [{"call": f"GET /{n}", **({} if of == "none" else {"format": of})}]
        )
        for n in "12"
        for of in ("none", "v1", "v2")
    }
    body = {
        "duration": "10 ms",
        "versions": {"1": {"accepts": ["v1"]}, "2": {"accepts": ["v1", "v2"]}},
        **versions_of,
    }
    ran = run(story(functions={"f": body}, methods=methods, clients=clients))
    return {row.client: (row.status, row.reason) for row in ran.attempts}


def test_a_format_that_a_version_does_not_accept_gets_its_own_400(run: Run) -> None:
    found = formats(run)
    assert found.pop("v2_to_1") == (400, "BACKEND_4XX")
    assert set(found.values()) == {(200, "OK")}
    assert len(found) == 5


def test_the_status_for_a_format_may_be_another_and_a_crash_comes_before_it(run: Run) -> None:
    refuses = {"accepts": ["v1"], "format_error": 415}
    found = formats(run, versions={"1": refuses, "2": {**refuses, "crash": "100 %"}})
    assert found["v2_to_1"] == (415, "BACKEND_4XX")
    assert found["v1_to_1"] == (200, "OK")
    assert found["v2_to_2"] == (502, "FUNCTION_ERROR")


# traffic shifting


def shifted(strategy: str, to: str, minutes: int, *, start: str = "1", begins: int = 30) -> dict[str, Any]:
    """A shift of PROD to a version at half a minute; the other calls come 20 a minute."""
    shift = {"alias": "f:PROD", "to": to, "with": strategy}
    return versions(
        {"process": "even", "rate": "20/min"}, aliases={"PROD": {start: "100 %"}},
        timeline=[{"at": f"{begins} s", "shift": shift}], run={"duration": f"{minutes} min", "period": "1 min"},
    )  # fmt: skip


LINEAR = {minutes: [(n * minutes, 10 * (n + 1)) for n in range(10)] for minutes in (1, 2, 3, 10)}
CANARY = {minutes: [(0, 10), (minutes, 100)] for minutes in (5, 10, 15, 30)}
STRATEGIES = {
    "AllAtOnce": [(0, 100)],
    "Linear10PercentEvery1Minute": LINEAR[1],
    "CodeDeployDefault.LambdaLinear10PercentEvery2Minutes": LINEAR[2],
    "Linear10PercentEvery3Minutes": LINEAR[3],
    "Linear10PercentEvery10Minutes": LINEAR[10],
    "Canary10Percent5Minutes": CANARY[5],
    "Canary10Percent10Minutes": CANARY[10],
    "CodeDeployDefault.LambdaCanary10Percent15Minutes": CANARY[15],
    "Canary10Percent30Minutes": CANARY[30],
}
"""Of each deployment preference (minutes since the beginning, per cent to the new version), read from its name."""


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("to", ["1", "2"])
def test_a_shift_goes_in_the_steps_that_its_name_says(run: Run, strategy: str, to: str) -> None:
    """At each instant the word of an invocation decides, as at fixed weights; each step stands in the journal."""
    steps = STRATEGIES[strategy]
    minutes = steps[-1][0] + 3
    ran = run(shifted(strategy, to, minutes, start="2" if to == "1" else "1"))
    drawn = words(ran)
    assert len(drawn) == 20 * minutes
    for row in ran.invocations:
        since = row.arrived_ns - 30 * SECOND
        share = max((per_cent for begin, per_cent in steps if since >= begin * MINUTE), default=0)
        share_of_2 = share if to == "2" else 100 - share
        newer = drawn[row.call, row.attempt] * 100 < share_of_2 << 63
        assert row.backend == ("f:2" if newer else "f:1"), (row.arrived_ns / SECOND, share)
    at_steps = [30 * SECOND + begin * MINUTE for begin, _ in steps]
    assert [(row.at_ns, row.event) for row in ran.journal] == list(
        zip(at_steps, range(len(steps)), strict=True)
    )
    texts = [event.text for event in ran.plan.timeline]
    assert texts == [f"shift f:PROD: {per_cent} % to version {to}" for _, per_cent in steps]


def test_a_set_after_a_shift_acts_also_where_it_sets_what_was_before(run: Run) -> None:
    timeline = [
        {"at": "1 s", "shift": {"alias": "f:PROD", "to": "2", "with": "AllAtOnce"}},
        {"at": "2 s", "set": {"functions.f.aliases.PROD": "1"}},
        {"at": "3 s", "shift": {"alias": "f:PROD", "to": "2", "with": "AllAtOnce"}},
    ]
    ran = run(versions(at(0, SECOND, 2 * SECOND, 3 * SECOND), timeline=timeline))
    assert executed(ran) == ["f:1", "f:2", "f:1", "f:2"]


def test_a_shift_that_outlasts_the_run_ends_with_it(run: Run) -> None:
    ran = run(shifted("Canary10Percent30Minutes", "2", 2))
    assert [row.at_ns for row in ran.journal] == [30 * SECOND]
    assert len(ran.invocations) == 40


# what it costs where it is not used


def test_a_scenario_without_aliases_draws_as_before() -> None:
    """The group of aliases is one of its own: a weight that is drawn shifts no other draw."""
    arrivals = {"process": "poisson", "rate": "40/s"}
    law = {"duration": {"exponential": {"mean": "50 ms"}}}
    plain = planned(story(arrivals, {"lambda_proxy": "f"}, functions={"f": law}))
    weighted = planned(
        story(
            arrivals, {"lambda_proxy": "f:A"},
            functions={"f": {**law, "versions": {"1": {}, "2": {}}, "aliases": {"A": {"1": "50 %", "2": "50 %"}}}},
        )
    )  # fmt: skip
    for call in range(50):
        one, two = (draw(plan, 1).client(0) for plan in (plain, weighted))
        assert one.work(call, 1, 0) == two.work(call, 1, 2)
        assert one.send(call, 1, 0) == two.send(call, 1, 0)
    assert math.isclose(plain.backends[0].duration.mean, 50 * MS, rel_tol=1e-6)
