"""Records: who is healthy when, what resolvers are told and how long they remember it, with times by hand."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from engine.running import MINUTE, MS, SECOND, Ran, Run, at, client, story

AWAY = "us-west-2"
NAME = "api.example.com"
CHECK = {"call": "GET /health", "interval": "10 s"}
TARGETS = [{"stage": "a/s"}, {"stage": "b/s"}]
EVERY_SECOND = {"process": "even", "rate": "1/s"}


def by_record(
    arrivals: Any,
    *,
    record: dict[str, Any] | None = None,
    dns: dict[str, Any] | None = None,
    more: Any = None,
    **parts: Any,
) -> dict[str, Any]:
    """Client c calls by a record whose targets are a/s at home and b/s in a further Region; both are mocks.

    A failover unless the record says otherwise, with one resolver that remembers nothing unless `dns` says so.
    """
    caller = {
        "target": NAME,
        "timeout": "1 s",
        "dns": dns or {"resolvers": 1, "cache": "0 s"},
        **(more or {}),
    }
    made = story(
        methods={"GET /": {"integration": {"mock": {}}}, "GET /health": {"integration": {"mock": {}}}},
        clients={"c": {**client(arrivals), **caller}},
        regions=parts.pop("regions", {AWAY: {}}),
        records={NAME: {"policy": "failover", "targets": TARGETS, **(record or {})}},
        run={"duration": "2 min", **parts.pop("run", {})},
        **parts,
    )  # fmt: skip
    made["apis"]["b"] = {**deepcopy(made["apis"]["a"]), "region": AWAY}
    return made


def down(begin: str, last: str, **fault: Any) -> list[dict[str, Any]]:
    """The home Region is unreachable for a while, or what `fault` says."""
    return [{"at": begin, "fault": {"for": last, **(fault or {"region": "us-east-1", "outage": True})}}]


def verdicts(ran: Ran) -> list[tuple[float, str, int]]:
    """What Route 53 found: when (s), of which stage, healthy or not."""
    rows = [row for row in ran.journal if row.record is not None]
    return [(row.at_ns / SECOND, ran.plan.stages[row.target].name, row.healthy) for row in rows]


def served(ran: Ran, name: str = "c") -> list[tuple[int, str]]:
    """Of each of a client's attempts that arrived: call and stage."""
    return sorted((row.call, row.stage) for row in ran.of(name))


def test_a_target_is_unhealthy_when_enough_checkers_have_failed_often_enough(run: Run) -> None:
    """15 checkers every 10 s, one each 2/3 s, the first at 0; all requests are lost from 30 s on.

    With two reporting well of 15 (13 %) the target is unhealthy, with three (20 %) it is not: the thirteenth has to fail three
    times. It asks at 38 s, 48 s and 58 s and gives up at 62 s; whoever looks each second sees it at 63 s.
    """
    ran = run(by_record(at(0), record={"health_check": CHECK}, timeline=down("30 s", "50 s")))
    assert verdicts(ran)[0] == (63.0, "a/s", 0)


def test_it_is_healthy_again_when_three_have_passed_often_enough(run: Run) -> None:
    """The outage ends at 80 s; the third checker passes at 81.33 s, 91.33 s and 101.33 s, seen at 102 s."""
    ran = run(by_record(at(0), record={"health_check": CHECK}, timeline=down("30 s", "50 s")))
    assert verdicts(ran)[1:] == [(102.0, "a/s", 1)]


def test_a_503_is_found_sooner_than_a_silence(run: Run) -> None:
    """Failures are known at once: the thirteenth checker's third one at 58 s, seen by the look of that instant's next second."""
    fault = {"region": "us-east-1", "gateway_unavailable": "100 %"}
    ran = run(by_record(at(0), record={"health_check": CHECK}, timeline=down("30 s", "50 s", **fault)))
    assert verdicts(ran)[0] == (59.0, "a/s", 0)
    assert ran.count("GATEWAY_UNAVAILABLE") == 50 * 15 // 10


@pytest.mark.parametrize(("threshold", "instant"), [(1, 39.0), (2, 49.0), (3, 59.0)])
def test_the_threshold_is_how_many_in_a_row(run: Run, threshold: int, instant: float) -> None:
    check = {**CHECK, "failure_threshold": threshold}
    fault = {"stage": "a/s", "gateway_unavailable": "100 %"}
    ran = run(by_record(at(0), record={"health_check": check}, timeline=down("30 s", "60 s", **fault)))
    assert verdicts(ran)[0] == (instant, "a/s", 0)


def test_an_answer_after_two_seconds_is_none(run: Run) -> None:
    """The health route takes 2 s, which is in time, and from 30 s to 90 s it takes 2.1 s: that fails when it is answered.

    The thirteenth checker's third failure is the answer at 60.1 s, the third one's third success that at 113.33 s.
    """
    said = by_record(
        at(0), record={"health_check": CHECK}, functions={"f": {"duration": "2 s"}}, more={"timeout": "9 s"},
        timeline=down("30 s", "60 s", function="f", slow=1.05),
    )  # fmt: skip
    for api in "ab":
        said["apis"][api]["methods"]["GET /health"]["integration"] = {"lambda_proxy": "f"}
    assert verdicts(run(said)) == [
        (61.0, "a/s", 0), (61.0, "b/s", 0), (114.0, "a/s", 1), (114.0, "b/s", 1),
    ]  # fmt: skip


def test_calls_go_to_the_standby_while_the_primary_is_unhealthy(run: Run) -> None:
    """A call at each half second: those of 30 s to 62 s are lost; from 63 s to 101 s the standby serves."""
    times = at(*(n * SECOND + 500 * MS for n in range(120)))
    ran = run(by_record(times, record={"health_check": CHECK}, timeline=down("30 s", "50 s")))
    where = dict(served(ran))
    assert [call for call in range(120) if call not in where] == list(range(30, 63))
    assert [call for call, stage in where.items() if stage == "b/s"] == list(range(63, 102))
    assert Counter(row.outcome for row in ran.calls if row.client == "c") == {
        "SUCCEEDED": 87,
        "TIMED_OUT": 33,
    }


def test_a_resolver_asks_again_when_its_ttl_is_over(run: Run) -> None:
    """From its first question after 63 s on, which comes within the 20 s of its TTL, the standby serves all calls."""
    times = at(*(n * SECOND + 500 * MS for n in range(120)))
    record = {"health_check": CHECK, "ttl": "20 s"}
    ran = run(by_record(times, record=record, dns={"resolvers": 1}, timeline=down("30 s", "80 s")))
    first = ran.plan.clients[0]
    assert first.names is not None
    assert first.names.keeps_ns == 20 * SECOND
    away = [call for call, stage in served(ran) if stage == "b/s"]
    assert away[0] in range(63, 84)
    assert away == list(range(away[0], 120))


def test_who_remembers_for_ever_never_learns_of_it(run: Run) -> None:
    times = at(*(n * SECOND for n in range(120)))
    ran = run(
        by_record(
            times, record={"health_check": CHECK}, dns={"cache": "forever"}, timeline=down("30 s", "50 s")
        )
    )
    assert {stage for _, stage in served(ran)} == {"a/s"}
    assert sum(row.outcome == "TIMED_OUT" for row in ran.calls if row.client == "c") == 50


def test_without_a_health_check_the_primary_is_asked_always(run: Run) -> None:
    times = at(*(n * SECOND for n in range(60)))
    ran = run(by_record(times, timeline=down("20 s", "30 s")))
    assert [client.name for client in ran.plan.clients] == ["c"]
    assert served(ran) == [(call, "a/s") for call in [*range(20), *range(50, 60)]]


def test_both_unhealthy_is_as_both_healthy(run: Run) -> None:
    """503 from both: Route 53 answers with the primary again."""
    faults = [*down("30 s", "80 s", stage="a/s", gateway_unavailable="100 %"),
              *down("50 s", "60 s", stage="b/s", gateway_unavailable="100 %")]  # fmt: skip
    times = at(*(n * SECOND + 500 * MS for n in range(110)))
    ran = run(by_record(times, record={"health_check": CHECK}, timeline=faults))
    assert verdicts(ran) == [(59.0, "a/s", 0), (79.0, "b/s", 0)]
    assert [call for call, stage in served(ran) if stage == "b/s"] == list(range(59, 79))


def test_the_nearest_target_is_each_clients_own(run: Run) -> None:
    """40 ms to one Region and 90 ms to the other: half of it on the way there; an unhealthy one is left for the far one."""
    record = {"policy": "latency", "health_check": CHECK}
    far = {"network": {"rtt": "90 ms", "rtt_to": {AWAY: "40 ms"}}}
    fault = {"stage": "b/s", "gateway_unavailable": "100 %"}
    ran = run(
        by_record(at(0, MINUTE + SECOND), record=record, more=far, timeline=down("30 s", "60 s", **fault))
    )
    assert [(row.stage, row.arrived_ns) for row in ran.of("c")] == [
        ("b/s", 20 * MS), ("a/s", MINUTE + SECOND + 45 * MS),
    ]  # fmt: skip


def test_weights_are_shares_of_the_answers(run: Run) -> None:
    """1 of 4 goes to a/s. Of 4,000 answers, each drawn anew, 1,000 are expected with a deviation of 27.4.

    Within 5 deviations: a false alarm once in 1.7 million; weights of 1 to 4 (an expectation of 800) would be found with
    certainty but for one in 300.
    """
    record = {"policy": "weighted", "targets": [{"stage": "a/s"}, {"stage": "b/s", "weight": 3}]}
    ran = run(by_record(at(*(n * 20 * MS for n in range(4_000))), record=record))
    found = Counter(stage for _, stage in served(ran))
    assert abs(found["a/s"] - 1_000) < 5 * 27.4
    assert sum(found.values()) == 4_000


def test_a_weight_of_zero_waits_until_the_others_are_unhealthy(run: Run) -> None:
    record = {
        "policy": "weighted", "targets": [{"stage": "a/s", "weight": 9}, {"stage": "b/s", "weight": 0}], "health_check": CHECK,
    }  # fmt: skip
    fault = {"stage": "a/s", "gateway_unavailable": "100 %"}
    times = at(*(n * SECOND + 500 * MS for n in range(70)))
    ran = run(by_record(times, record=record, timeline=down("30 s", "60 s", **fault)))
    assert [call for call, stage in served(ran) if stage == "b/s"] == list(range(59, 70))


def test_a_retry_asks_for_the_target_again(run: Run) -> None:
    """The call of 58 s fails with 503 and is sent again after 2 s, when the standby is the answer."""
    retry = {"attempts": 2, "statuses": [503], "backoff": {"base": "2 s", "cap": "2 s", "jitter": "none"}}
    fault = {"stage": "a/s", "gateway_unavailable": "100 %"}
    ran = run(
        by_record(at(58 * SECOND), record={"health_check": CHECK}, more={"retry": retry}, timeline=down("30 s", "60 s", **fault))
    )  # fmt: skip
    assert [(row.stage, row.attempt, row.status) for row in ran.of("c")] == [("a/s", 1, 503), ("b/s", 2, 200)]
    assert [(row.attempts, row.outcome) for row in ran.calls if row.client == "c"] == [(2, "SUCCEEDED")]


def test_each_user_keeps_to_one_resolver(run: Run) -> None:
    """50 resolvers that remember for ever what was drawn for them: of a user's calls all go to one target."""
    record = {"policy": "weighted"}
    users = {"users": {"count": 60, "think_time": "5 s"}, "arrivals": None}
    said = by_record(
        at(0), record=record, dns={"resolvers": 50, "cache": "forever"}, more=users, run={"duration": "30 s"}
    )
    said["clients"]["c"].pop("arrivals")
    ran = run(said)
    found: dict[int, set[str]] = {}
    for row in ran.of("c"):
        found.setdefault(row.user, set()).add(row.stage)
    assert len(found) == 60
    assert all(len(stages) == 1 for stages in found.values())
    assert {stage for stages in found.values() for stage in stages} == {"a/s", "b/s"}


def test_checks_meet_the_limits_of_their_target(run: Run) -> None:
    """A bucket of 1/s that holds one gets 1.5 checks a second: every second one passes, of each checker too; all stay healthy."""
    said = by_record(
        at(0), record={"health_check": CHECK}, regions={AWAY: {"throttle": {"rate": "1/s", "burst": 1}}}
    )
    ran = run(said)
    checks = [row for row in ran.attempts if row.client == f"health checks of b/s for {NAME}"]
    assert len(checks) == 2 * 60 * 15 // 10
    assert [row.status for row in checks] == [200, 429] * 90
    assert verdicts(ran) == []
