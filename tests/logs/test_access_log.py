"""Access logs: lines of stories that can be checked by hand, and whole logs as other programs read them."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from engine.running import FUNCTION, MS, SECOND, asked, at, client, planned, story
from logs.logged import lines_of, logging, templated, values_of

import apigw_sim
from apigw_sim.draws import draw
from apigw_sim.errors import ApigwSimError
from apigw_sim.logs import access
from apigw_sim.records import ATTEMPTS, NULL
from apigw_sim.result import NotKeptError
from apigw_sim.result.folder import write_lines
from apigw_sim.rules.reason import REASONS
from apigw_sim.scenario.logging import SIMULATED

ITEMS = {"GET /items/{id}": {"integration": {"mock": {"size": "2 KB"}}}}


def shop(path: Any, **parts: Any) -> dict[str, Any]:
    """GET /items/{id} of one client at 20/s for 10 s."""
    calls = [{"call": "GET /items/{id}", "path": {"id": path}}]
    return story({"process": "even", "rate": "20/s"}, methods=ITEMS, call=calls, **parts)


# one request, by hand


def test_times_are_those_of_arrival_and_latencies_whole_milliseconds() -> None:
    """A round trip of 100 ms: sent at 1.25 s, there at 1.3 s; 20 ms before the backend's 30, of an overhead of 40.5."""
    said = story(
        at(1250 * MS), {"http_proxy": "h"}, network={"rtt": "100 ms"},
        backends={"h": {"http": {"latency": "30 ms", "size": "5 B"}}},
        run={"start": "2026-11-28T09:59:59.500+01:00"}, assumptions={"rest_overhead": "40.5 ms"},
    )  # fmt: skip
    names = "requestTime requestTimeEpoch responseLatency integrationLatency responseLength"
    # 08:59:59.5 UTC and 1.3 s are 09:00:00.8
    epoch = 1_795_856_400_800
    assert values_of(said, names) == [("28/Nov/2026:09:00:00 +0000", str(epoch), "71", "30", "5")]
    assert pd.Timestamp(epoch, unit="ms") == pd.Timestamp("2026-11-28T09:00:00.8")


def test_a_request_is_named_by_method_resource_path_and_stage() -> None:
    names = "httpMethod resourcePath path stage protocol status"
    said = shop("a b/c")
    assert values_of(said, names)[0] == ("GET", "/items/{id}", "/s/items/a%20b/c", "s", "HTTP/1.1", "200")
    assert values_of(story(), names) == [("GET", "/", "/s/", "s", "HTTP/1.1", "200")]


def test_what_a_throttle_refuses_has_the_gateways_words_and_no_integration() -> None:
    names = "status error.responseType error.message integrationLatency integration.status responseLength"
    said = story(at(0, 0), settings={"throttle": {"rate": "1/s", "burst": 1}})
    assert values_of(said, names) == [
        ("200", "-", "-", "-", "-", "0"),
        ("429", "THROTTLED", "Too Many Requests", "-", "-", "31"),
    ]


def test_lambdas_answer_and_the_functions_are_two_things() -> None:
    """Facts 9.2: `integrationStatus` is Lambda's, `status` the function's; a throttled invocation has Lambda's alone."""
    names = "status integration.integrationStatus integration.status"
    slow = {"f": {"duration": "1 s", "response": {"status": 404}, "reserved_concurrency": 1}}
    assert values_of(story(at(0, 0), FUNCTION, functions=slow), names) == [
        ("500", "429", "-"),
        ("404", "200", "404"),
    ]
    crash = {"f": {"duration": "1 s", "crash": "100 %"}}
    assert values_of(story(at(0), FUNCTION, functions=crash), names) == [("502", "200", "-")]
    late = {"f": {"duration": "30 s"}}
    assert values_of(story(at(0), FUNCTION, functions=late), names) == [("504", "-", "-")]


def test_an_authorizer_has_a_latency_and_an_error_where_it_failed() -> None:
    guard = {"type": "TOKEN", "function": "g"}
    said = story(
        at(0), method={"authorizer": "guard"}, authorizers={"guard": guard},
        functions={"g": {"duration": "25 ms"}},
    )  # fmt: skip
    names = "status authorizer.latency authorizer.error"
    assert values_of(said, names) == [("200", "25", "-")]
    said["functions"]["g"]["crash"] = "100 %"
    assert values_of(said, names) == [("500", "25", "Authorizer failed.")]


def test_a_canary_is_told_only_where_there_is_one() -> None:
    said = story(at(0))
    assert values_of(said, "isCanaryRequest") == [("-",)]
    added = {"at": "1 s", "set": {"apis.a.stages.s.canary.traffic": "100 %"}}
    said = {**story(at(0, 2 * SECOND), stage={"canary": {"traffic": "0 %"}}), "timeline": [added]}
    assert values_of(said, "isCanaryRequest") == [("false",), ("true",)]


def test_a_key_is_named_and_no_key_is_not() -> None:
    said = story(
        clients={"c": client(at(0), api_key="k"), "d": client(at(1))},
        usage_plans={"p": {"stages": {"a/s": {}}}}, api_keys={"k": {"plans": ["p"]}},
    )  # fmt: skip
    assert values_of(said, "identity.apiKeyId") == [("k",), ("-",)]


def test_addresses_are_the_clients_own() -> None:
    one = client(at(0), address="203.0.113.7")
    many = client({"process": "even", "rate": "50/s"}, address="198.51.100.0/24")
    six = client(at(0), address="2001:db8::5")
    assert {ip for (ip,) in values_of(story(clients={"c": one}), "identity.sourceIp")} == {"203.0.113.7"}
    assert {ip for (ip,) in values_of(story(clients={"c": six}), "identity.sourceIp")} == {"2001:db8::5"}
    drawn = [ip for (ip,) in values_of(story(clients={"c": many}), "identity.sourceIp")]
    assert len(drawn) == 500
    assert {ip.rpartition(".")[0] for ip in drawn} == {"198.51.100"}
    # 500 of 256: about 256 (1 - e^-1.95) = 220 are seen; fewer than 190 has a chance below 1e-9
    assert len(set(drawn)) > 190


def test_a_call_keeps_its_address_when_it_is_tried_again() -> None:
    refusing = {"throttle": {"rate": "1/s", "burst": 0}}
    again = {"attempts": 3, "backoff": {"base": "100 ms", "jitter": "none"}}
    values = values_of(story(at(0), settings=refusing, retry=again), "identity.sourceIp")
    assert len(values) == 3
    assert len(set(values)) == 1


@pytest.mark.parametrize("name", SIMULATED)
def test_every_variable_has_a_value_of_one_line(name: str) -> None:
    (value,) = values_of(story(), name)
    assert len(value) == 1


def test_what_is_not_simulated_prints_a_dash() -> None:
    assert values_of(story(), "identity.userAgent status") == [("-", "200")]


def test_no_message_breaks_a_line_a_quote_or_a_column() -> None:
    for why in REASONS:
        assert not set(why.message + why.log_line) & set('"\n\\') or not why.message, why.name
        assert not set(why.message) & set(',"\n\\'), why.name


# request ids


def test_a_request_id_belongs_to_the_attempt_whatever_else_happens() -> None:
    free = values_of(shop({"uniform": {"n": 9}}), "requestId status")
    throttled = values_of(
        shop({"uniform": {"n": 9}}, settings={"throttle": {"rate": "5/s", "burst": 2}}), "requestId status"
    )
    assert [name for name, _ in free] == [name for name, _ in throttled]
    assert {status for _, status in throttled} == {"200", "429"}
    ids = [uuid.UUID(name) for name, _ in free]
    assert len(set(ids)) == 200
    assert {(made.version, made.variant) for made in ids} == {(4, uuid.RFC_4122)}
    assert values_of(shop("1"), "requestId", seed=2)[0] != values_of(shop("1"), "requestId", seed=1)[0]


def test_retries_have_ids_of_their_own_and_both_engines_write_the_same_log() -> None:
    said = shop(
        {"zipf": {"n": 50, "s": 1}}, settings={"throttle": {"rate": "15/s", "burst": 2}},
        retry={"attempts": 3}, network={"rtt": {"uniform": {"min": "0 ms", "max": "200 ms"}}},
    )  # fmt: skip
    form = templated(" ".join(SIMULATED))
    lines = lines_of(said, form, rows=1)
    assert lines == lines_of(said, form, engine="compiled", rows=10_000)
    assert len({line.rpartition("|")[2] for line in lines}) == len(lines) > 200


# paths


@pytest.mark.parametrize("users", [False, True])
def test_the_path_is_the_one_that_the_cache_met(users: bool) -> None:
    """With a long TTL each path misses first, and only then; users who ask at one instant may miss together."""
    said = shop(
        {"zipf": {"n": 40, "s": 1.1}},
        stage={"cache_cluster": "0.5 GB"},
        settings={"caching": {"ttl": "3600 s"}},
    )
    said["apis"]["a"]["methods"]["GET /items/{id}"] = {
        "integration": {"http_proxy": "h"}, "cache_key": ["path.id"]
    }  # fmt: skip
    said["backends"] = {"h": {"http": {"latency": "1 ms"}}}
    if users:
        said["clients"]["c"].pop("arrivals")
        said["clients"]["c"]["users"] = {"count": 9, "think_time": "200 ms"}
    seen: set[str] = set()
    for path, latency in values_of(said, "path integrationLatency"):
        hit = latency == "-"
        assert hit <= (path in seen)
        assert users or hit == (path in seen)
        seen.add(path)
    assert 10 < len(seen) <= 40


def test_a_log_that_is_replayed_writes_the_same_requests(tmp_path: Path) -> None:
    """Out as JSON, in as a trace, and out again: instants to the millisecond, methods and paths."""
    form = '{"id":"$context.requestId","at":"$context.requestTime","method":"$context.httpMethod",'
    form += '"path":"$context.path"}'
    said = shop({"uniform": {"n": 30}}, stage={})
    out = [json.loads(line) for line in lines_of(said, form)]
    wanted = [(0, f"{line['method']} {line['path'].removeprefix('/s')}") for line in out]
    replayed = story(methods=ITEMS, clients={"c": asked(tmp_path, *wanted)})
    back = values_of(replayed, "httpMethod path")
    assert back == [(line["method"], line["path"]) for line in out]
    assert len({path for _, path in back}) > 20


def test_a_path_before_a_domain_begins_with_its_base_path() -> None:
    said = shop("7")
    said["clients"]["c"]["target"] = "api.example.com/v1"
    said["domains"] = {
        "api.example.com": {"endpoint": "REGIONAL", "certificate": "us-east-1", "mappings": {"v1": "a/s"}}
    }
    assert values_of(said, "path stage")[0] == ("/v1/items/7", "s")


def test_what_a_distribution_or_a_domain_answers_is_in_no_log() -> None:
    said = shop("7", clients=None)
    said["clients"]["c"]["target"] = "edge"
    said["distributions"] = {"edge": {"origin": "a/s", "ttl": "3600 s"}}
    assert len(lines_of(said, "clf")) == 1  # the rest are hits


# whole logs


def many() -> dict[str, Any]:
    """Requests of several ends: carried, throttled, forbidden, and a function that crashes."""
    said = story(
        clients={
            "c": client({"process": "poisson", "rate": "40/s"}, "GET /items/7"),
            "d": client({"process": "poisson", "rate": "9/s"}, "POST /orders"),
        },
        methods={
            "GET /items/{id}": {"integration": FUNCTION},
            "POST /orders": {"integration": {"mock": {}}, "api_key_required": True},
        },
        functions={"f": {"duration": "20 ms", "crash": "10 %"}},
        settings={"throttle": {"rate": "30/s", "burst": 5}},
    )
    return logging(said, "json")


@pytest.fixture(scope="module")
def result() -> apigw_sim.Result:
    """A run of them with its rows."""
    return apigw_sim.run(many(), engine="simpy", requests=True)


@pytest.mark.parametrize("form", ["json", "clf", "csv"])
def test_pandas_reads_what_the_rows_say(result: apigw_sim.Result, form: str, tmp_path: Path) -> None:
    run = apigw_sim.run(logging(many(), form), engine="simpy", logs=True)
    file = tmp_path / "access.log"
    run.write_access_log("a/s", file)
    if form == "json":
        frame = pd.read_json(file, lines=True)
        status, length = frame["status"], frame["responseLength"]
    elif form == "clf":
        names = ["ip", "caller", "user", "day", "zone", "request", "status", "length", "id", "extended"]
        frame = pd.read_csv(file, sep=" ", quotechar='"', names=names)
        status, length = frame["status"], frame["length"]
        assert set(frame["request"]) == {"GET /items/{id} HTTP/1.1", "POST /orders HTTP/1.1"}
        assert frame["day"].str.match(r"\[01/Jan/2026:00:00:\d\d$").all()
    else:
        frame = pd.read_csv(file, header=None)
        status, length = frame[7], frame[8]
    rows = result.requests
    assert status.tolist() == rows["status"].tolist()
    assert length.tolist() == rows["response_bytes"].tolist()
    assert set(Counter(status)) == {200, 403, 429, 502}


def test_our_own_reader_of_common_logs_reads_it(tmp_path: Path) -> None:
    """The clf format is Apache's common one with two columns more."""
    said = logging(
        story(
            {"process": "even", "rate": "5/s"}, call="GET /", methods={"GET /": {"integration": {"mock": {}}}}
        ),
        "clf",
    )
    file = tmp_path / "access.log"
    apigw_sim.run(said, engine="simpy", logs=True).write_access_log("a/s", file)
    trace = {"access_log": str(file), "format": "combined", "window": {"from": "2026-01-01T00:00:00Z"}}
    replay = story(clients={"c": {"target": "a/s", "arrivals": {"trace": trace}, "calls": "from_trace"}})
    assert apigw_sim.run(replay, engine="simpy").summary["requests"]["count"] == 50


def test_who_keeps_rows_can_write_and_who_does_not_is_told(result: apigw_sim.Result, tmp_path: Path) -> None:
    result.write_access_log("a/s", tmp_path / "a.log")
    with pytest.raises(NotKeptError, match="these stages have one: a/s"):
        result.write_access_log("a/other", tmp_path / "b.log")
    bare = apigw_sim.run(many(), engine="simpy")
    with pytest.raises(NotKeptError, match="requests=True or logs=True, on the command line with --logs"):
        bare.write_access_log("a/s", tmp_path / "b.log")
    assert [file.name for file in tmp_path.iterdir()] == ["a.log"]


def test_a_log_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    write_lines(file, ["old\n"])

    def broken(error: BaseException) -> Iterator[str]:
        yield "half\n"
        raise error

    with pytest.raises(ApigwSimError, match="No space left"):
        write_lines(file, broken(OSError(28, "No space left on device")))
    with pytest.raises(KeyboardInterrupt):
        write_lines(file, broken(KeyboardInterrupt()))
    assert file.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["access.log"]
    with pytest.raises(ApigwSimError, match="name another file"):
        write_lines(tmp_path / "nowhere" / "access.log", [])


def test_rendering_takes_the_memory_of_a_block_and_not_of_the_log() -> None:
    """200 blocks of a hundred lines take no more than ten such blocks do."""
    made = [lines_traced(blocks) for blocks in (10, 200)]
    assert made[1] < 1.5 * made[0] < 3_000_000


def lines_traced(blocks: int) -> int:
    """The most memory, in bytes, that rendering so many blocks takes at once."""
    plan = planned(logging(shop({"zipf": {"n": 50, "s": 1}}), "json"))
    columns = {column.name: np.zeros(100, np.int64) for column in ATTEMPTS.columns}
    columns |= {"call": np.arange(100), "api_key": np.full(100, NULL), "attempt": np.ones(100, np.int64)}
    texts = access.lines(draw(plan, 1), 0, (columns for _ in range(blocks)))
    next(texts)
    tracemalloc.start()
    for text in texts:
        assert text.count("\n") == 100
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.slow
def test_a_million_lines_are_read_by_pandas(tmp_path: Path) -> None:
    said = logging(shop({"zipf": {"n": 500, "s": 1}}, run={"duration": "100 s"}), "clf")
    said["clients"]["c"]["arrivals"] = {"process": "poisson", "rate": "10000/s"}
    said["apis"]["a"]["stages"]["s"]["method_settings"] = {
        "every_method": {"throttle": {"rate": "9000/s", "burst": 9}}
    }
    done = apigw_sim.run(said, engine="compiled", logs=True)
    done.write_access_log("a/s", tmp_path / "access.log")
    frame = pd.read_csv(tmp_path / "access.log", sep=" ", quotechar='"', header=None, usecols=[6, 8])
    assert len(frame) == done.summary["requests"]["count"] > 990_000
    assert frame[8].nunique() == len(frame)
    assert (frame[6] == 429).sum() == done.summary["requests"]["by_reason"]["THROTTLED"] > 50_000


def test_what_aws_waf_decided_is_in_the_log() -> None:
    """Blocked, allowed, and a URL that is too long to come to it; on a stage without a web ACL nothing is said."""
    clients = {
        "bad": client(at(0), address="203.0.113.9"),
        "good": client(at(1 * MS), address="198.51.100.7"),
        "long": client(at(2 * MS), [{"call": "GET /", "url_size": "11 KB"}], address="203.0.113.9"),
    }
    rules = {"list": {"priority": 0, "ip_set": ["203.0.113.9"]}}
    said = story(clients=clients, web_acls={"acl": {"rules": rules}}, stage={"waf": "acl"})
    names = "wafResponseCode status error.responseType"
    assert values_of(said, names)[:2] == [("WAF_BLOCK", "403", "WAF_FILTERED"), ("WAF_ALLOW", "200", "-")]
    first = {**said, "assumptions": {**said["assumptions"], "account_throttle_position": "before_waf"}}
    first["account"] = {"throttle": {"rate": "0/s", "burst": 1}}
    assert [row[0] for row in values_of(first, names)[:2]] == ["WAF_BLOCK", "-"]
    del said["apis"]["a"]["stages"]["s"]["waf"]
    assert values_of(said, names)[0] == ("-", "200", "-")


def test_a_preflight_is_an_options_request_for_the_path_of_its_call() -> None:
    methods = {
        "PUT /items/{id}": {"integration": {"mock": {}}},
        "OPTIONS /{proxy+}": {"integration": {"mock": {"status": 204}}},
    }
    calls = [{"call": "PUT /items/{id}", "path": {"id": {"uniform": {"n": 9}}}}]
    said = story(
        methods=methods,
        clients={"c": client(at(0, 1 * SECOND), calls, browser={"max_age": "0 s"}, address="10.0.0.0/8")},
    )
    rows = values_of(said, "httpMethod resourcePath path identity.sourceIp status")
    assert [row[0] for row in rows] == ["OPTIONS", "PUT"] * 2
    assert {row[1] for row in rows[::2]} == {"/{proxy+}"}
    assert [row[2:4] for row in rows[::2]] == [row[2:4] for row in rows[1::2]]
    ids = [line.rpartition("|")[2] for line in lines_of(said, "status")]
    assert len(set(ids)) == 4
