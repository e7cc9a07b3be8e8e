"""What of an API acts by deployment beside its integrations: keys, cache keys, resource policies, gateway responses."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import MS, SECOND, Ran, Run, at, client, run_on, story
from engine.test_deployments import SECONDS, change, mock, moved, words

from apigw_sim.engine.model import Watch
from apigw_sim.records import Authorized

DEPLOY, BACK = {"deploy": "a/s"}, {"roll_back": "a/s"}
KEYED = change(GET_={"api_key_required": True})
OPEN = change(GET_={"api_key_required": False})
PLAN = {
    "usage_plans": {"p": {"throttle": {"rate": "0/s", "burst": 1}, "stages": {"a/s": {}}}},
    "api_keys": {"k": {"plans": ["p"]}},
}


def of_api(**settings: Any) -> dict[str, Any]:
    """A change of the API's own settings."""
    return {"change": {"api": "a", **settings}}


def answers(ran: Ran, who: str = "c") -> list[tuple[int, str]]:
    """Statuses and reasons of a client, in the order of arrival."""
    return [(row.status, row.reason) for row in sorted(ran.of(who), key=lambda row: row.arrived_ns)]


def asked(ran: Ran) -> list[str]:
    """What the authorizer's cache had to say, in the order of arrival."""
    return [Authorized(row.authorizer).name for row in ran.attempts]


# API keys


def test_a_key_is_asked_for_from_the_deployment_on_until_it_is_rolled_back(run: Run) -> None:
    """Changed at 1 s, deployed at 2 s, rolled back at 4 s: who has no key is a 403 in between."""
    ran = run(moved(KEYED, DEPLOY, {"flush_cache": "a/s"}, BACK))
    assert ran.statuses == [200, 200, 403, 403, 200, 200]
    assert {row.reason for row in ran.attempts if row.status == 403} == {"INVALID_API_KEY"}


def test_a_plan_counts_only_while_a_key_is_asked_for(run: Run) -> None:
    """The plan's bucket holds one token and is never filled: of the four requests from 2 s to 5 s one is served.

    The rows show the key where it was asked for, so that nobody counts the others for the plan.
    """
    ran = run(moved(KEYED, DEPLOY, OPEN, BACK, api_key="k", **PLAN))
    assert ran.statuses == [200, 200, 200, 429, 200, 200]
    assert [row.api_key for row in ran.attempts] == [None, None, "k", "k", None, None]


def test_a_retry_finds_the_key_that_its_first_attempt_was_not_asked_for(run: Run) -> None:
    """Sent at 1.9 s it meets a 503 of the open deployment, sent again at 2.1 s the one that asks for a key."""
    timeline = [
        {"at": "1 s", **change(GET_={"api_key_required": True, "integration": mock(200)})},
        {"at": "2 s", **DEPLOY},
    ]
    retry = {"attempts": 2, "statuses": [503], "backoff": {"base": "200 ms", "jitter": "none"}}
    ran = run(story(at(1900 * MS), mock(503), timeline=timeline, api_key="k", retry=retry, **PLAN))
    assert [(row.status, row.api_key, row.arrived_ns) for row in ran.attempts] == [
        (503, None, 1900 * MS), (200, "k", 2100 * MS),
    ]  # fmt: skip


def test_a_canary_may_ask_for_a_key_and_its_stage_not(run: Run) -> None:
    """All requests meet it from its deployment at 2 s until it is removed at 4 s."""
    made = {**DEPLOY, "canary": {"traffic": "100 %"}}
    ran = run(moved(KEYED, made, {"flush_cache": "a/s"}, {"remove_canary": "a/s"}))
    assert ran.statuses == [200, 200, 403, 403, 200, 200]


# cache keys


def pages(*timeline: dict[str, Any], key: list[str], **parts: Any) -> Any:
    """GET /{id} behind a cache of a minute, asked each second in turn as page 1, page 2, page 1, ..."""
    asked = [(1, "1"), (2, "2"), (1, "2"), (2, "1"), (1, "1"), (2, "2"), (1, "2"), (2, "1")]
    clients = {
        f"c{n}": client(at(n * SECOND + 500 * MS), [{"call": f"GET /{id_}", "query": {"page": page}}])
        for n, (id_, page) in enumerate(asked)
    }
    entries = [{"at": f"{2 * n} s", **entry} for n, entry in enumerate(timeline, 1)]
    return story(
        None, route="GET /{id}", integration={"lambda_proxy": "f"}, functions={"f": {"duration": "1 ms"}},
        method={"cache_key": key}, stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "60 s"}},
        clients=clients, timeline=entries, **parts,
    )  # fmt: skip


def rekeyed(*key: str) -> dict[str, Any]:
    """A change of the cache key."""
    return {"change": {"api": "a", "methods": {"GET /{id}": {"cache_key": list(key)}}}}


def test_another_cache_key_holds_from_its_deployment_on(run: Run) -> None:
    """Of /1?1, /2?2, /1?2, /2?1, /1?1, /2?2, /1?2, /2?1 a key of the path alone stores two entries, and page 2 of 1
    gets page 1; by path and page, deployed at 4 s, each of the four is asked for once. A roll-back at 6 s finds the
    two entries of the first deployment."""
    paths = run(pages(key=["path.id"]))
    assert words(paths) == ["MISS", "MISS", *["HIT"] * 6]
    wider = run(pages(rekeyed("path.id", "query.page"), DEPLOY, key=["path.id"]))
    assert words(wider) == ["MISS", "MISS", "HIT", "HIT", "MISS", "MISS", "MISS", "MISS"]
    back = run(pages(rekeyed("path.id", "query.page"), DEPLOY, BACK, key=["path.id"]))
    assert words(back) == ["MISS", "MISS", "HIT", "HIT", "MISS", "MISS", "HIT", "HIT"]
    other = [bool(row.flags) for row in sorted(back.attempts, key=lambda row: row.arrived_ns)]
    assert other == [False, False, True, True, False, False, True, True]


def test_a_narrower_cache_key_serves_one_answer_to_all(run: Run) -> None:
    """By path and page all four are misses; without a key, deployed at 4 s, one entry answers everything."""
    ran = run(pages(rekeyed(), DEPLOY, key=["path.id", "query.page"]))
    assert words(ran) == [*["MISS"] * 5, *["HIT"] * 3]


def test_drawn_values_and_a_header_fold_as_constants_do(run: Run) -> None:
    """A hundred ids and two headers; from 5 s on the header is a key and the id is none: two entries, two misses."""
    timeline = [
        {"at": "4 s", "change": {"api": "a", "methods": {"GET /{id}": {"cache_key": ["header.lang"]}}}},
        {"at": "5 s", **DEPLOY},
    ]
    calls = [
        {"call": "GET /{id}", "path": {"id": {"uniform": {"n": 100}}}, "headers": {"lang": lang}} for lang in ("de", "fr")
    ]  # fmt: skip
    said = story(
        at(*range(0, 10 * SECOND, 50 * MS)), route="GET /{id}", integration={"lambda_proxy": "f"}, call=calls,
        functions={"f": {"duration": "1 ms"}}, method={"cache_key": ["path.id"]}, timeline=timeline,
        stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "60 s"}},
    )  # fmt: skip
    ran = run(said)
    missed = [row.arrived_ns for row in ran.attempts if row.cache == "MISS"]
    assert len([instant for instant in missed if instant >= 5 * SECOND]) == 2
    assert 50 < len(missed) - 2 <= 100


# gateway responses


TEAPOT = of_api(gateway_responses={"MISSING_AUTHENTICATION_TOKEN": {"status": 404, "size": "2 KB"}})


def test_gateway_responses_act_by_deployment_also_where_no_method_is_met(run: Run) -> None:
    """GET /lost is brought by a change that is never deployed."""
    said = moved(
        TEAPOT, DEPLOY, of_api(gateway_responses={}), DEPLOY, change(GET_lost={"integration": mock(200)})
    )
    said["clients"]["lost"] = client(SECONDS, "GET /lost")
    ran = run(said)
    assert [status for status, _ in answers(ran, "lost")] == [403, 403, 404, 404, 403, 403]
    assert {reason for _, reason in answers(ran, "lost")} == {"MISSING_AUTHENTICATION_TOKEN"}
    assert [row.response_bytes for row in ran.of("lost")][2] == 2048


def test_a_canary_answers_with_its_own_gateway_responses(run: Run) -> None:
    """The canary has no GET / and says 404; without it the stage answers."""
    gone = {"change": {**TEAPOT["change"], "remove": ["GET /"]}}
    made = {**DEPLOY, "canary": {"traffic": "100 %"}}
    ran = run(
        moved(gone, made, {"set": {"apis.a.stages.s.canary.traffic": "0 %"}}, {"promote_canary": "a/s"})
    )
    assert ran.statuses == [200, 200, 404, 200, 404, 404]


def test_who_is_under_way_is_answered_by_the_deployment_it_met(run: Run) -> None:
    """Relayed at 1.9 s with a timeout of 300 ms: it ends at 2.2 s as a 504, though 599 has been deployed at 2 s."""
    timeline = [
        {"at": "1 s", **of_api(gateway_responses={"INTEGRATION_TIMEOUT": {"status": 599}})},
        {"at": "2 s", **DEPLOY},
    ]
    ran = run(
        story(
            at(1900 * MS, 2000 * MS), {"lambda_proxy": "f", "timeout": "300 ms"},
            functions={"f": {"duration": "1 s"}}, timeline=timeline,
        )
    )  # fmt: skip
    assert answers(ran) == [(504, "INTEGRATION_TIMEOUT"), (599, "INTEGRATION_TIMEOUT")]


def test_who_is_under_way_is_not_answered_by_a_deployment_without_methods(run: Run) -> None:
    """The same, and what is deployed at 2 s has no GET / any more: no method tells of its answers."""
    gone = of_api(gateway_responses={"INTEGRATION_TIMEOUT": {"status": 599}})
    gone["change"]["remove"] = ["GET /"]
    ran = run(
        story(
            at(1900 * MS, 2000 * MS), {"lambda_proxy": "f", "timeout": "300 ms"},
            functions={"f": {"duration": "1 s"}}, timeline=[{"at": "1 s", **gone}, {"at": "2 s", **DEPLOY}],
        )
    )  # fmt: skip
    assert set(answers(ran)) == {
        (504, "INTEGRATION_TIMEOUT"),
        (403, "MISSING_AUTHENTICATION_TOKEN"),
    }


# resource policies and the source of API keys


def test_a_resource_policy_acts_by_deployment(run: Run) -> None:
    """Denied from 2 s to 4 s, then rolled back to none."""
    deny = of_api(resource_policy=[{"effect": "Allow"}, {"effect": "Deny", "from": ["192.0.2.0/24"]}])
    said = moved(deny, DEPLOY, {"flush_cache": "a/s"}, BACK)
    said["clients"] = {
        name: client(SECONDS, address=address) for name, address in (("c", "192.0.2.7"), ("d", "10.0.0.1"))
    }
    ran = run(said)
    assert [status for status, _ in answers(ran)] == [200, 200, 403, 403, 200, 200]
    assert answers(ran)[2] == (403, "ACCESS_DENIED")
    assert {status for status, _ in answers(ran, "d")} == {200}


def test_a_policy_may_be_taken_away_and_replaced(run: Run) -> None:
    said = moved(of_api(resource_policy=False), DEPLOY, of_api(resource_policy=[{"effect": "Deny"}]), DEPLOY)
    said["apis"]["a"]["resource_policy"] = [{"effect": "Allow", "from": ["10.0.0.0/8"]}]
    said["clients"] = {"c": client(SECONDS, address="192.0.2.7")}
    assert run(said).statuses == [403, 403, 200, 200, 403, 403]


def test_an_authorizers_results_outlive_a_deployment_of_another_policy(run: Run) -> None:
    """Cached at 0.5 s for 300 s: nothing invokes it again when a policy is deployed at 2 s."""
    allow = of_api(resource_policy=[{"effect": "Allow"}])
    ran = run(
        moved(
            allow, DEPLOY, method={"authorizer": "who"}, functions={"z": {"duration": "1 ms"}},
            authorizers={"who": {"type": "TOKEN", "function": "z"}},
        )
    )  # fmt: skip
    assert asked(ran) == ["MISS", *["HIT"] * 5]


def test_a_flush_forgets_the_results_of_all_deployments(run: Run) -> None:
    allow = of_api(resource_policy=[{"effect": "Allow"}])
    ran = run(
        moved(
            allow, DEPLOY, {"flush_authorizers_cache": "a/s"}, method={"authorizer": "who"},
            functions={"z": {"duration": "1 ms"}}, authorizers={"who": {"type": "TOKEN", "function": "z"}},
        )
    )  # fmt: skip
    assert asked(ran) == ["MISS", "HIT", "HIT", "MISS", "HIT", "HIT"]


def test_keys_come_from_the_authorizer_from_the_deployment_on(run: Run) -> None:
    """The authorizer gives the client's key whether it sends it or not: one without a key of its own stays a 403."""
    source = of_api(api_key_source="AUTHORIZER")
    said = moved(
        source, DEPLOY, method={"authorizer": "who", "api_key_required": True}, functions={"z": {"duration": "1 ms"}},
        authorizers={"who": {"type": "REQUEST", "function": "z", "ttl": "0 s"}}, api_key="k",
        **{**PLAN, "usage_plans": {"p": {"stages": {"a/s": {}}}}},
    )  # fmt: skip
    said["clients"]["c"]["identities"] = {"count": 1, "valid": "0 %", "denied": "100 %"}
    ran = run(said)
    assert {reason for _, reason in answers(ran)} == {"ACCESS_DENIED"}
    assert [row.api_key for row in ran.attempts] == ["k", "k", None, None, None, None]


# what explain tells


def test_the_story_says_that_settings_of_the_api_are_not_deployed() -> None:
    said = moved(TEAPOT, DEPLOY)
    told = " / ".join(text for _, text in run_on("simpy", said, watch=Watch(0, 1, 1)).story or [])
    assert "the API was changed at 1 s, and that is not deployed to a/s" in told


@pytest.mark.parametrize("setting", ["gateway_responses", "resource_policy", "api_key_source"])
def test_setting_them_is_an_error_that_says_they_need_a_deployment(setting: str) -> None:
    from apigw_sim.errors import ScenarioError

    with pytest.raises(ScenarioError, match=f"write change: {{api: a, {setting}: ...}}, and deploy: a/STAGE"):
        run_on("simpy", moved({"set": {f"apis.a.{setting}": {}}}))
