"""Deployments, stage variables and canary releases: what each verb of the timeline moves, and when."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from engine.running import MS, NO_LAMBDA_LIMITS, SECOND, Ran, Run, at, client, run_on, story

from apigw_sim.engine.model import Watch

SECONDS = at(*(n * SECOND + 500 * MS for n in range(6)))
"""A request in the middle of each second."""


def mock(status: int) -> dict[str, Any]:
    """An integration that answers with a status."""
    return {"mock": {"status": status}}


def change(*, remove: list[str] | None = None, **methods: Any) -> dict[str, Any]:
    """A change of API a; GET / by default."""
    found = {name.replace("_", " /", 1): body for name, body in methods.items()}
    return {
        "change": {
            "api": "a",
            **({"methods": found} if found else {}),
            **({"remove": remove} if remove else {}),
        }
    }


def moved(*timeline: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """GET / that answers 200 by itself, asked in the middle of each of six seconds, and what happens at 1 s, 2 s, ..."""
    entries = [{"at": f"{number} s", **entry} for number, entry in enumerate(timeline, 1)]
    return story(
        parts.pop("arrivals", SECONDS), parts.pop("integration", mock(200)), timeline=entries, **parts
    )


TO_201 = change(GET_={"integration": mock(201)})
TO_202 = change(GET_={"integration": mock(202)})


def canary(**more: Any) -> dict[str, Any]:
    """A canary that every request meets."""
    return {"canary": {"traffic": "100 %", **more}}


# deployments


def test_a_change_does_nothing_until_it_is_deployed(run: Run) -> None:
    assert run(moved(TO_201)).statuses == [200] * 6
    assert run(moved(TO_201, {"deploy": "a/s"})).statuses == [200, 200, 201, 201, 201, 201]


def test_a_deployment_is_a_snapshot(run: Run) -> None:
    """What is changed after it waits for the next."""
    ran = run(moved(TO_201, {"deploy": "a/s"}, TO_202, {"deploy": "a/s"}))
    assert ran.statuses == [200, 200, 201, 201, 202, 202]


def test_a_deployment_reaches_its_stage_and_no_other(run: Run) -> None:
    said = moved(TO_201, {"deploy": "a/s"})
    said["apis"]["a"]["stages"]["other"] = {}
    said["clients"]["o"] = {**client(SECONDS), "target": "a/other"}
    ran = run(said)
    assert [row.status for row in ran.of("c")] == [200, 200, 201, 201, 201, 201]
    assert [row.status for row in ran.of("o")] == [200] * 6


def test_a_roll_back_points_to_what_was_before_and_back_again(run: Run) -> None:
    ran = run(moved(TO_201, {"deploy": "a/s"}, {"roll_back": "a/s"}, {"roll_back": "a/s"}))
    assert ran.statuses == [200, 200, 201, 200, 201, 201]


def test_a_roll_back_may_name_a_deployment(run: Run) -> None:
    ran = run(moved(TO_201, {"deploy": "a/s"}, TO_202, {"deploy": "a/s"}, {"roll_back": "a/s", "to": 1}))
    assert ran.statuses == [200, 200, 201, 201, 202, 200]


def test_routes_come_and_go_with_deployments(run: Run) -> None:
    """GET /new is a 403 MISSING_AUTHENTICATION_TOKEN until it is deployed; GET / is one when it is gone."""
    timeline = change(GET_new={"integration": mock(201)}, remove=["GET /"]), {"deploy": "a/s"}
    ran = run(moved(*timeline, clients={"c": client(SECONDS), "n": client(SECONDS, "GET /new")}))
    assert [row.status for row in ran.of("c")] == [200, 200, 403, 403, 403, 403]
    assert [row.status for row in ran.of("n")] == [403, 403, 201, 201, 201, 201]
    assert {row.reason for row in ran.attempts if row.status == 403} == {"MISSING_AUTHENTICATION_TOKEN"}
    assert {row.method for row in ran.of("n")} == {"GET /new"}


def test_who_is_under_way_keeps_the_deployment_it_met(run: Run) -> None:
    """A timeout of 300 ms is deployed at 2 s: what was relayed at 1.9 s still has its 900 ms, and is answered at 2.5 s."""
    integration = {"lambda_proxy": "f"}
    ran = run(
        moved(
            change(GET_={"integration": {"timeout": "300 ms"}}), {"deploy": "a/s"},
            integration=integration, functions={"f": {"duration": "600 ms"}}, arrivals=at(1900 * MS, 2000 * MS),
        )
    )  # fmt: skip
    by_arrival = sorted((row.arrived_ns, row.status, row.latency_ns) for row in ran.attempts)
    assert by_arrival == [(1900 * MS, 200, 600 * MS), (2000 * MS, 504, 300 * MS)]


def test_stage_settings_act_without_a_deployment(run: Run) -> None:
    off = {"set": {"apis.a.stages.s.method_settings.every_method.throttle": {"rate": "0/s", "burst": 0}}}
    assert run(moved(off)).statuses == [200, *[429] * 5]


def test_deploying_the_next_format_onto_the_stage_of_the_old_breaks_its_clients_until_it_is_rolled_back(
    run: Run,
) -> None:
    """v1 and v2 side by side. The method comes to ask a function that takes v2 alone, at 1 s; v2's stage gets that at
    2 s, as it should, v1's by mistake at 3 s, and is rolled back at 4 s. Requests come at 0.5 s, 1.5 s, ..., 5.5 s."""
    said = moved(
        change(GET_={"integration": {"lambda_proxy": "new"}}), {"deploy": "a/two"}, {"deploy": "a/s"}, {"roll_back": "a/s"},
        integration={"lambda_proxy": "old"},
        functions={"old": {"duration": "10 ms", "accepts": ["v1"]}, "new": {"duration": "10 ms", "accepts": ["v2"]}},
    )  # fmt: skip
    said["apis"]["a"]["stages"]["two"] = {}
    said["clients"] = {
        "v1": client(SECONDS, [{"call": "GET /", "format": "v1"}]),
        "v2": {**client(SECONDS, [{"call": "GET /", "format": "v2"}]), "target": "a/two"},
    }
    ran = run(said)
    assert [row.status for row in ran.of("v1")] == [200, 200, 200, 400, 200, 200]
    assert [row.status for row in ran.of("v2")] == [400, 400, 200, 200, 200, 200]
    assert {row.reason for row in ran.attempts if row.status == 400} == {"BACKEND_4XX"}


# stage variables


def two(**parts: Any) -> dict[str, Any]:
    """Two functions, of 100 and 200 ms; the stage's variable `which` says f, and the method asks it."""
    return {
        "integration": {"lambda_proxy": "${stageVariables.which}"},
        "functions": {"f": {"duration": "100 ms"}, "g": {"duration": "200 ms"}},
        "stage": {"variables": {"which": "f"}, **parts.pop("stage", {})},
        **parts,
    }


def worked(ran: Ran) -> list[str]:
    """The functions that ran, in the order of arrival."""
    return [row.backend for row in sorted(ran.invocations, key=lambda row: row.arrived_ns)]


def test_a_stage_variable_selects_a_function_and_setting_it_acts_at_once(run: Run) -> None:
    ran = run(moved({"set": {"apis.a.stages.s.variables.which": "g"}}, **two()))
    assert worked(ran) == ["f", *"ggggg"]
    assert [row.latency_ns // MS for row in ran.attempts] == [100, *[200] * 5]


@pytest.mark.parametrize("value", ["nobody", None])
def test_a_variable_that_names_nothing_is_a_500_without_a_backend(run: Run, value: str | None) -> None:
    """Or one that the stage does not have (facts 8)."""
    parts = two(stage={"variables": {"which": value} if value else {"other": "f"}})
    ran = run(moved(**parts))
    assert {(row.status, row.reason, row.integration_ns, row.latency_ns) for row in ran.attempts} == {
        (500, "API_CONFIGURATION_ERROR", None, 0)
    }
    assert not ran.invocations


def test_a_variable_may_be_part_of_a_name_and_select_a_host(run: Run) -> None:
    ran = run(
        moved(
            integration={"http_proxy": "host-${stageVariables.colour}"}, stage={"variables": {"colour": "green"}},
            backends={"host-green": {"http": {"latency": "30 ms"}}, "host-blue": {"http": {"latency": "50 ms"}}},
        )
    )  # fmt: skip
    assert worked(ran) == ["host-green"] * 6


ARCHIVE = {
    "stage_variables": {"table": "archive"}, "duration": "300 ms", "response": {"status": {503: "100 %"}}
}  # fmt: skip


def archived(**function: Any) -> dict[str, Any]:
    """A function of 100 ms that takes 300 ms and says 503 where it finds table=archive in its event."""
    return {
        "integration": {"lambda_proxy": "f"},
        "functions": {"f": {"duration": "100 ms", "contexts": [ARCHIVE], **function}},
        "stage": {"variables": {"table": "live"}},
    }


def test_stage_variables_reach_the_functions_event(run: Run) -> None:
    """From 1 s on it works otherwise, and in the environment that it had: the one cold start is the first request's."""
    parts = archived(cold_start={"provisioning": "10 ms", "init": "20 ms"})
    ran = run(moved({"set": {"apis.a.stages.s.variables.table": "archive"}}, **parts))
    assert [(row.status, row.latency_ns // MS) for row in ran.attempts] == [(200, 130), *[(503, 300)] * 5]
    assert len({row.environment for row in ran.invocations}) == 1


def test_a_context_says_what_a_version_does_that_an_alias_chooses(run: Run) -> None:
    """Version 2 takes 200 ms and answers 418 of its own; in the archive its duration and status are the context's."""
    teapot = {"duration": "200 ms", "response": {"status": {418: "100 %"}}}
    parts = archived(versions={"1": {}, "2": teapot}, aliases={"LIVE": {"1": "100 %"}})
    parts["integration"] = {"lambda_proxy": "f:LIVE"}
    other = {"set": {"functions.f.aliases.LIVE": {"2": "100 %"}}}
    full = {"set": {"apis.a.stages.s.variables.table": "archive"}}
    ran = run(moved(other, full, {"set": {"functions.f.aliases.LIVE": {"1": "100 %"}}}, **parts))
    met = [(200, 100), (418, 200), (503, 300), (503, 300)]
    assert [(row.status, row.latency_ns // MS) for row in ran.attempts] == [*met, *[met[-1]] * 2]
    assert worked(ran) == ["f:1", "f:2", "f:2", *["f:1"] * 3]


def test_the_first_context_that_fits_counts_and_a_canarys_variables_make_one(run: Run) -> None:
    """All variables of a context must be there; the canary, which takes all, has the second of two."""
    both = {**ARCHIVE, "stage_variables": {"table": "archive", "mode": "full"}, "duration": "900 ms"}
    parts = archived(contexts=[both, ARCHIVE])
    parts["stage"] |= canary(variables={"table": "archive"})
    full = {"set": {"apis.a.stages.s.variables.mode": "full"}}
    ran = run(moved(full, {"set": {"apis.a.stages.s.canary.traffic": "0 %"}}, **parts))
    assert [row.latency_ns // MS for row in ran.attempts] == [300, 900, *[100] * 4]


# canaries


def test_a_deployment_goes_to_the_canary_while_there_is_one(run: Run) -> None:
    """At 0 % nobody meets it; promotion makes it the stage's and leaves the canary at 0 %."""
    ran = run(moved(TO_201, {"deploy": "a/s"}, {"promote_canary": "a/s"}, stage=canary(traffic="0 %")))
    assert ran.statuses == [200, 200, 200, 201, 201, 201]
    assert not any(row.flags for row in ran.attempts)


def test_a_canary_of_all_traffic_answers_all_of_it_until_it_is_promoted_or_removed(run: Run) -> None:
    promoted = run(moved(TO_201, {"deploy": "a/s"}, {"promote_canary": "a/s"}, stage=canary()))
    assert promoted.statuses == [200, 200, 201, 201, 201, 201]
    assert [bool(row.flags) for row in promoted.attempts] == [True, True, True, False, False, False]
    removed = run(moved(TO_201, {"deploy": "a/s"}, {"remove_canary": "a/s"}, stage=canary()))
    assert removed.statuses == [200, 200, 201, 200, 200, 200]


def test_a_canary_stays_after_its_promotion_and_gets_the_next_deployment(run: Run) -> None:
    ran = run(
        moved(
            TO_201, {"deploy": "a/s", "to": "canary"}, {"promote_canary": "a/s"}, change(GET_={"integration": mock(202)}),
            {"deploy": "a/s"}, stage=canary(),
        )
    )  # fmt: skip
    assert ran.statuses == [200, 200, 201, 201, 201, 201]


def test_a_deployment_may_make_the_canary(run: Run) -> None:
    made = {"deploy": "a/s", "canary": {"traffic": "100 %"}}
    ran = run(moved(TO_201, made, {"set": {"apis.a.stages.s.canary.traffic": "0 %"}}))
    assert ran.statuses == [200, 200, 201, 200, 200, 200]


def test_overrides_of_variables_hold_for_the_canary_and_are_the_stages_own_once_it_is_promoted(
    run: Run,
) -> None:
    parts = two(stage=canary(variables={"which": "g"}))
    parts["stage"]["variables"] = {"which": "f"}
    ran = run(moved({"set": {"apis.a.stages.s.canary.traffic": "0 %"}}, {"promote_canary": "a/s"}, **parts))
    assert worked(ran) == ["g", "f", *"gggg"]


def test_the_split_is_as_wide_as_it_says_by_the_request_and_a_wider_one_holds_a_narrower(run: Run) -> None:
    """Of 8,000 requests 5 % are 400 +- 97, 10 % 800 +- 134: 5 standard deviations, a false alarm in 800,000.

    A split that were 1.5 points off would be noticed 9 times in 10 (5 % of 8,000 against 6.5 %: 120 off, 97 allowed).
    One client's requests are drawn each by itself: of 400 runs of equal choices the longest is below 200.
    """
    met = {}
    for percent in (5, 10):
        said = moved(arrivals=at(*range(0, 8_000 * MS, MS)), stage=canary(traffic=f"{percent} %"))
        rows = sorted(run(said).attempts, key=lambda row: row.call)
        met[percent] = {row.call for row in rows if row.flags}
    assert abs(len(met[5]) - 400) < 97
    assert abs(len(met[10]) - 800) < 134
    assert met[5] < met[10]
    gaps = sorted(met[5])
    assert max(after - before for before, after in pairwise(gaps)) < 350


def test_a_canary_of_5_percent_onto_an_alias_of_5_percent_is_a_quarter_of_a_percent_of_the_traffic(
    run: Run,
) -> None:
    """Of 20,000 requests 50 +- 35 by five standard deviations: a false alarm in 200,000.

    One mechanism alone would send 1,000 to version 2; 10 % onto 5 %, which is 100, is noticed nine times in ten.
    """
    functions = {
        "f": {
            "duration": "1 ms", "versions": {"1": {}, "2": {}},
            "aliases": {"OLD": {"1": "100 %"}, "NEW": {"1": "95 %", "2": "5 %"}},
        }
    }  # fmt: skip
    stage = canary(traffic="5 %", variables={"alias": "NEW"}) | {"variables": {"alias": "OLD"}}
    said = moved(
        arrivals=at(*range(0, 5_000 * MS, MS // 4)), stage=stage, functions=functions,
        integration={"lambda_proxy": "f:${stageVariables.alias}"}, account=NO_LAMBDA_LIMITS,
    )  # fmt: skip
    ran = run(said)
    assert len(ran.invocations) == 20_000
    second = {(row.client, row.call) for row in ran.invocations if row.backend == "f:2"}
    assert abs(len(second) - 50) < 35
    assert second < {(row.client, row.call) for row in ran.attempts if row.flags}


# caches


def cached(*timeline: dict[str, Any], stage: Any, **parts: Any) -> dict[str, Any]:
    """GET / of a function of 100 ms, cached for a minute in half a GB."""
    return moved(
        *timeline, integration={"lambda_proxy": "f"}, functions={"f": {"duration": "100 ms"}},
        stage={"cache_cluster": "0.5 GB", **stage}, settings={"caching": {"ttl": "60 s"}}, **parts,
    )  # fmt: skip


def words(ran: Ran) -> list[str]:
    """What the cache had to say, in the order of arrival."""
    return [row.cache for row in ran.attempts]


def test_another_deployment_has_entries_of_its_own_and_finds_them_again(run: Run) -> None:
    """Deployed at 2 s, rolled back at 3 s: the first deployment's entry is still there (facts 8)."""
    ran = run(
        cached(
            change(GET_={"integration": {"timeout": "20 s"}}),
            {"deploy": "a/s"},
            {"roll_back": "a/s"},
            stage={},
        )
    )
    assert words(ran) == ["MISS", "HIT", "MISS", "HIT", "HIT", "HIT"]


def test_a_canary_on_the_same_deployment_shares_the_stages_cache_if_it_is_told_to(run: Run) -> None:
    off = {"set": {"apis.a.stages.s.canary.traffic": "0 %"}}
    assert words(run(cached(off, stage=canary(use_stage_cache=True)))) == ["MISS", *["HIT"] * 5]


def test_a_canarys_own_cache_is_apart(run: Run) -> None:
    off, on = ({"set": {"apis.a.stages.s.canary.traffic": f"{n} %"}} for n in (0, 100))
    assert words(run(cached(off, on, stage=canary()))) == ["MISS", "MISS", "HIT", "HIT", "HIT", "HIT"]


def test_a_flush_empties_both(run: Run) -> None:
    off = {"set": {"apis.a.stages.s.canary.traffic": "0 %"}}
    ran = run(cached({"flush_cache": "a/s"}, {"flush_cache": "a/s"}, off, stage=canary()))
    assert words(ran) == ["MISS", "MISS", "MISS", "MISS", "HIT", "HIT"]


# what explain tells


def test_the_story_says_what_the_function_finds_in_its_event() -> None:
    parts = archived()
    parts["stage"] = {"variables": {"table": "archive"}}
    told = " / ".join(text for _, text in run_on("simpy", moved(**parts), watch=Watch(0, 0, 1)).story or [])
    assert (
        "the function's event has the stage variables table=archive: it works as its contexts[0] say" in told
    )


def test_the_story_names_the_deployment_and_what_is_not_deployed_yet() -> None:
    said = moved(TO_201, {"deploy": "a/s"}, {"roll_back": "a/s"})
    stories = [run_on("simpy", said, watch=Watch(0, call, 1)).story or [] for call in range(4)]
    told = [" / ".join(text for _, text in each) for each in stories]
    assert "deployment 1 answers" in told[0]
    assert "not deployed" not in told[0]
    assert "the API was changed at 1 s, and that is not deployed to a/s" in told[1]
    assert "deployment 2 answers, since 2 s" in told[2]
    assert "deployment 1 answers, since 3 s" in told[3]
