"""Before the gateway: handshakes, endpoints, domains and distributions, with instants that are sums of round trips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from engine.running import MS, SECOND, Run, at, client, story

from apigw_sim.plan import plan
from apigw_sim.records import ATTEMPTS, CALLS, Flag
from apigw_sim.rules import edge, reason
from apigw_sim.scenario import load

ALWAYS = {"new_connection": "100 %"}
IN_FRONT, NEW = int(Flag.IN_FRONT), int(Flag.NEW_CONNECTION)
DOMAINS = {
    "api.example.com": {"endpoint": "EDGE", "certificate": "us-east-1", "mappings": {"v1": "a/s"}},
    "m.example.com": {
        "endpoint": "REGIONAL", "certificate": "us-east-1", "mutual_tls": True, "mappings": {"(none)": "a/s"},
    },
}  # fmt: skip


def endpoint(kind: str, network: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """One call at 0 s to a mock behind an endpoint of a kind."""
    made = story(network=network, **parts)
    made["apis"]["a"]["endpoint"] = kind
    if kind == "PRIVATE":
        made["clients"]["c"]["vpc_endpoint"] = True
        made["apis"]["a"]["resource_policy"] = [{"effect": "Allow", "vpc_endpoints": ["vpce"]}]
    return made


def seen(run: Run, data: dict[str, Any]) -> tuple[int, int]:
    """When the only call arrived, and when its client had the answer; ms."""
    ran = run(data)
    ((arrived,),) = ran.columns(ATTEMPTS, "arrived_ns")
    ((ended,),) = ran.columns(CALLS, "ended_ns")
    return arrived // MS, ended // MS


@pytest.mark.parametrize(
    ("kind", "network", "arrives", "ends"),
    [
        # to the Region and back: half before the gateway, half after it
        ("REGIONAL", {"rtt": "100 ms"}, 50, 100),
        # TCP 1 RTT, TLS 1.3 1 RTT, then the request; TLS 1.2 takes 2
        ("REGIONAL", {"rtt": "100 ms", **ALWAYS}, 100 + 100 + 50, 300),
        ("REGIONAL", {"rtt": "100 ms", **ALWAYS, "tls": 1.2}, 100 + 200 + 50, 400),
        # a POP 10 ms away: handshakes over the short way, the request over the whole
        ("EDGE", {"rtt": "100 ms", "rtt_to_edge": "10 ms"}, 50, 100),
        ("EDGE", {"rtt": "100 ms", "rtt_to_edge": "10 ms", **ALWAYS}, 10 + 10 + 50, 120),
        ("EDGE", {"rtt": "100 ms", **ALWAYS}, 250, 300),  # the POP is as far as the Region
        ("EDGE", {"rtt": "10 ms", "rtt_to_edge": "40 ms"}, 20, 40),  # a detour is a detour
        # within the VPC, TLS 1.2
        ("PRIVATE", {"rtt": "2 ms", **ALWAYS}, 2 + 4 + 1, 8),
    ],
)
def test_round_trips_and_handshakes(
    run: Run, kind: str, network: dict[str, Any], arrives: int, ends: int
) -> None:
    assert seen(run, endpoint(kind, network)) == (arrives, ends)


def test_the_backbone_may_be_faster_than_the_internet(run: Run) -> None:
    """10 ms to the POP and 80 % of the other 90 ms: 82 ms; a new connection waits for twice 10 ms before."""
    network = {"rtt": "100 ms", "rtt_to_edge": "10 ms", **ALWAYS}
    assert seen(run, endpoint("EDGE", network, assumptions={"edge_backbone": "80 %"})) == (20 + 41, 20 + 82)


def test_all_of_a_way_is_drawn_at_once_and_a_new_connection_moves_nothing_else(run: Run) -> None:
    """The handshakes of an attempt are twice its own round trip; who waits for them and who does not share the rest."""
    rtt = {"rtt": {"p50": "40 ms", "p99": "200 ms"}}
    calls = at(*(number * SECOND for number in range(400)))
    clean = run(story(calls, network=rtt, run={"duration": "401 s"})).tables
    ran = run(story(calls, network={**rtt, "new_connection": "30 %"}, run={"duration": "401 s"}))
    first, then = clean["attempts"], ran.tables["attempts"]
    first, then = first[first[:, 2].argsort()], then[then[:, 2].argsort()]  # by call
    arrived = ATTEMPTS.names.index("arrived_ns")
    started = first[:, 2] * SECOND
    half, late = first[:, arrived] - started, then[:, arrived] - first[:, arrived]
    new = (then[:, ATTEMPTS.names.index("flags")] & NEW) != 0
    # 400 draws at 30 %: 120, and four standard deviations of 9.2 (a false alarm in 16,000 seeds, none for this one)
    assert 83 <= new.sum() <= 157
    assert not late[~new].any()
    # twice the round trip is four times its half, but for what halving rounds down: the table of twice has its own
    assert (abs(late[new] - 4 * half[new]) <= 8).all()


def test_handshakes_count_against_the_clients_patience_and_each_attempt_opens_its_own(run: Run) -> None:
    """300 ms with its handshakes is more than 250 ms: both attempts are given up, and both reach the gateway."""
    network = {"rtt": "100 ms", **ALWAYS}
    backoff = {"base": "10 ms", "cap": "1 s", "jitter": "none"}
    retry = {"attempts": 2, "client_timeout": True, "backoff": backoff}
    ran = run(story(network=network, timeout="250 ms", retry=retry))
    assert ran.columns(ATTEMPTS, "attempt", "arrived_ns") == [(1, 250 * MS), (2, (250 + 10 + 250) * MS)]
    assert ran.columns(CALLS, "ended_ns", "attempts") == [((250 + 10 + 250) * MS, 2)]


@pytest.mark.parametrize(
    ("kind", "url", "headers"),
    [("REGIONAL", 10_240, 10_240), ("EDGE", 8_192, 10_240), ("PRIVATE", 8_192, 8_000)],
)
def test_how_large_url_and_headers_may_be_depends_on_the_endpoint(
    run: Run, kind: str, url: int, headers: int
) -> None:
    for more, status in (
        ({"url_size": f"{url} B", "headers_size": f"{headers} B"}, 200),
        ({"url_size": f"{url + 1} B"}, 414),
        ({"headers_size": f"{headers + 1} B"}, 431),
    ):
        data = endpoint(kind, {}, call=[{"call": "GET /", **more}])
        assert run(data).columns(ATTEMPTS, "status") == [(status,)]


# domains


def of_domain(target: str, calls: int = 1, call: str = "GET /", **more: Any) -> dict[str, Any]:
    instants = at(*(number * MS for number in range(calls)))
    return story(clients={"c": client(instants, call, **more) | {"target": target}}, domains=DOMAINS)


def test_a_domain_leads_to_its_stage_by_its_own_endpoint(run: Run) -> None:
    network = {"rtt": "100 ms", "rtt_to_edge": "10 ms", **ALWAYS}
    data = of_domain("api.example.com/v1", network=network)
    assert data["apis"]["a"]["endpoint"] == "REGIONAL"
    assert seen(run, data) == (70, 120)


def test_a_path_without_a_mapping_is_a_403_that_cloudwatch_does_not_know(run: Run) -> None:
    ran = run(of_domain("api.example.com/v2", call="GET /anything"))
    assert ran.columns(ATTEMPTS, "stage", "method", "status", "reason", "flags") == [
        (-1, -1, 403, reason.NO_MAPPING, IN_FRONT)
    ]
    assert ran.columns(CALLS, "status") == [(403,)]


def test_mutual_tls_turns_away_who_has_no_certificate_whatever_is_retried(run: Run) -> None:
    """A certificate belongs to the call: its retries have it or lack it as well."""
    retry = {"attempts": 2, "statuses": [403], "backoff": {"base": "1 ms", "cap": "1 ms", "jitter": "none"}}
    ran = run(of_domain("m.example.com", 400, client_certificate="75 %", retry=retry))
    rows = ran.columns(ATTEMPTS, "call", "attempt", "status", "reason", "flags")
    refused = {row[0] for row in rows if row[2] == 403}
    # 400 draws at 25 %: 100, and four standard deviations of 8.7
    assert 65 <= len(refused) <= 135
    assert {row[3:] for row in rows if row[0] in refused} == {(reason.NO_CERTIFICATE, 0)}
    assert sum(row[0] in refused for row in rows) == 2 * len(refused)
    assert {row[2] for row in rows if row[0] not in refused} == {200}


# distributions


def cdn(instants: Sequence[int], calls: Any = "GET /", integration: Any = None, **of: Any) -> dict[str, Any]:
    """A distribution 10 ms away of a Region 100 ms away: half of the other 90 ms lie behind its edge."""
    behind = {"origin": "a/s", "ttl": "1 s", **of}
    network = {"rtt": "100 ms", "rtt_to_edge": "10 ms"}
    return story(
        methods={
            "GET /": {"integration": integration or {"mock": {}}},
            "POST /": {"integration": {"mock": {}}},
            "GET /i/{id}": {"integration": {"mock": {}}},
        },
        clients={"c": client(at(*(n * MS for n in instants)), calls, network=network) | {"target": "shop-cdn"}},
        distributions={"shop-cdn": behind},
    )  # fmt: skip


def took(run: Run, data: dict[str, Any]) -> list[int]:
    """How long each call lasted, in ms, in the order of calls."""
    rows = run(data).columns(CALLS, "call", "started_ns", "ended_ns")
    return [(ended - started) // MS for _, started, ended in sorted(rows)]


def test_a_hit_ends_at_the_edge_and_never_reaches_the_gateway(run: Run) -> None:
    ran = run(cdn([0, 200, 300]))
    assert ran.columns(ATTEMPTS, "call", "arrived_ns", "latency_ns", "status", "flags") == [
        (0, 50 * MS, 0, 200, 0), (1, 205 * MS, 0, 200, IN_FRONT), (2, 305 * MS, 0, 200, IN_FRONT),
    ]  # fmt: skip
    assert ran.columns(CALLS, "started_ns", "ended_ns") == [
        (0, 100 * MS), (200 * MS, 210 * MS), (300 * MS, 310 * MS),
    ]  # fmt: skip


def test_an_answer_is_there_when_it_has_come_back_to_the_edge_and_for_as_long_as_it_lives(run: Run) -> None:
    """The answer leaves the gateway at 50 ms and is at the edge at 95 ms, until 1,095 ms; a request takes 5 ms to it."""
    assert took(run, cdn([0, 89, 90, 1089, 1090])) == [100, 100, 10, 10, 100]


def test_only_get_and_head_are_kept(run: Run) -> None:
    assert took(run, cdn([0, 200, 400], "POST /")) == [100, 100, 100]


def test_the_path_always_splits_entries_and_the_query_where_the_key_says_so(run: Run) -> None:
    calls = [
        {
            "call": "GET /i/{id}",
            "path": {"id": {"uniform": {"n": 4}}},
            "query": {"page": {"uniform": {"n": 3}}},
        }
    ]
    instants = range(0, 40_000, 200)
    long = {"ttl": "1 h", "run": None}
    long.pop("run")
    for key, entries in (([], 4), (["query.page"], 12)):
        data = cdn(instants, calls, cache_key=key, **long)
        data["run"]["duration"] = "60 s"
        # two hundred draws of twelve values: one is missing with a chance of 12 (11/12)^200 = 3e-7
        assert took(run, data).count(100) == entries


def test_constants_of_the_query_are_told_apart_only_where_the_key_says_so(run: Run) -> None:
    calls = [{"call": "GET /", "query": {"page": "1"}}, {"call": "GET /", "query": {"page": "2"}}]
    instants = range(0, 10_000, 200)
    for key, entries in (([], 1), (["query.page"], 2)):
        data = cdn(instants, calls, cache_key=key, ttl="1 h")
        data["run"]["duration"] = "60 s"
        assert took(run, data).count(100) == entries


def test_errors_have_a_time_of_their_own_and_some_are_not_kept(run: Run) -> None:
    gone = {"mock": {"status": 503}}
    assert took(run, cdn([0, 200, 1000, 1100], integration=gone)) == [100, 10, 10, 10]  # ten seconds, not one
    assert took(run, cdn([0, 200], integration=gone, error_ttl="0 s")) == [100, 100]
    assert took(run, cdn([0, 200], integration={"mock": {"status": 429}})) == [100, 100]


@pytest.mark.parametrize(
    ("status", "lives"),
    [(200, 7), (304, 7), (400, 3), (404, 3), (429, 0), (401, 0), (500, 3), (504, 3), (505, 0)],
)
def test_what_is_kept_and_for_how_long(status: int, lives: int) -> None:
    assert edge.kept_for(status, 7, 3) == lives


def test_an_entry_is_what_the_key_keeps_of_the_digits() -> None:
    """A resource of two digits, a of 3 and b of 5 values, above a constant of 2: only b counts."""
    made = {
        edge.entry_of(c + 2 * (a + 3 * b), (0, 1), (6, 5, 2))
        for c in range(2)
        for a in range(3)
        for b in range(5)
    }
    assert made == set(range(10))
    assert edge.entry_of(1 + 2 * (2 + 3 * 4), (0, 1), (6, 5, 2)) == 1 + 4 * 2


def test_without_any_of_it_a_plan_asks_for_nothing() -> None:
    planned = plan(load(story({"process": "even", "rate": "1/s"}, network={"rtt": "20 ms"})))
    assert planned.distributions == ()
    assert all(one.handshakes is None and not one.new_connection and not one.front for one in planned.clients)
