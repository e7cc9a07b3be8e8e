"""X-Ray: who is sampled, and segment documents by hand and by what the developer guide asks of them."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from engine.running import FUNCTION, MS, SECOND, at, client, planned, story
from logs.segments import SEGMENT
from scipy import stats

import apigw_sim
from apigw_sim.compose import simulate
from apigw_sim.draws import draw
from apigw_sim.logs import xray
from apigw_sim.records import ATTEMPTS
from apigw_sim.result import Kept, NotKeptError

START = datetime.fromisoformat("2026-01-01T00:00:00+00:00").timestamp()
VALID = jsonschema.Draft202012Validator(SEGMENT)


def segments(
    said: dict[str, Any], *, engine: str = "simpy", rows: int = 50, stage: int = 0
) -> list[dict[str, Any]]:
    """The segments of a story whose stages are all traced."""
    said = deepcopy(said)
    for body in said["apis"]["a"]["stages"].values():
        body["xray"] = True
    plan, kept = planned(said), Kept(logs=True)
    done = simulate(plan, engine=engine, sink=kept.fold)
    texts = xray.lines(draw(plan, done.seed), stage, lambda: kept.chunks(ATTEMPTS, rows))
    made = [json.loads(text) for text in texts]
    for document in made:
        VALID.validate(document)
    return made


def test_a_segment_and_its_subsegment_by_hand() -> None:
    """Arrives at 1.25 s; 10.25 of the gateway's 20.5 ms lie before the backend's 30 ms, and 10.25 behind."""
    said = story(
        at(1250 * MS), {"http_proxy": "h"}, backends={"h": {"http": {"latency": "30 ms", "size": "5 B"}}},
        assumptions={"rest_overhead": "20.5 ms"}, clients=None, call="GET /",
    )  # fmt: skip
    said["clients"]["c"]["address"] = "203.0.113.7"
    (made,) = segments(said)
    assert made["name"] == "a/s"
    assert made["start_time"] == pytest.approx(START + 1.25, abs=1e-6)
    assert made["end_time"] == pytest.approx(START + 1.3005, abs=1e-6)
    assert made["http"]["request"] == {
        "method": "GET", "url": "https://a.execute-api.us-east-1.amazonaws.com/s/", "client_ip": "203.0.113.7"
    }  # fmt: skip
    assert made["http"]["response"] == {"status": 200, "content_length": 5}
    assert made["trace_id"].split("-")[:2] == ["1", f"{int(START) + 1:08x}"]
    (inner,) = made["subsegments"]
    assert (inner["name"], inner["namespace"]) == ("h", "remote")
    assert inner["start_time"] == pytest.approx(START + 1.26025, abs=1e-6)
    assert inner["end_time"] == pytest.approx(START + 1.29025, abs=1e-6)
    assert not {"error", "fault", "throttle"} & {*made, *inner}


@pytest.mark.parametrize("change", [{"id": "12"}, {"trace_id": "1-2-3"}, {"http": "GET"}, {"fault": "yes"}])
def test_the_schema_sees_what_is_wrong(change: dict[str, Any]) -> None:
    (made,) = segments(story(at(0)))
    with pytest.raises(jsonschema.ValidationError):
        VALID.validate({**made, **change})


def test_errors_faults_and_throttles_are_marked() -> None:
    refused = segments(story(at(0), settings={"throttle": {"rate": "1/s", "burst": 0}}))
    assert [(one["error"], one["throttle"], "fault" in one) for one in refused] == [(True, True, False)]
    assert "subsegments" not in refused[0]
    functions = {"f": {"duration": "1 s", "reserved_concurrency": 0}}
    (made,) = segments(story(at(0), FUNCTION, functions=functions))
    assert (made["fault"], "error" in made) == (True, False)  # a throttled Lambda is a 500 to the client
    (inner,) = made["subsegments"]
    assert (inner["namespace"], inner["error"], inner["throttle"]) == ("aws", True, True)


def test_the_first_of_each_second_is_sampled_over_all_stages_together() -> None:
    """Whoever arrives first, not whoever is answered first: the slow one of each second here."""
    said = story(
        clients={
            "slow": client(at(*(n * SECOND for n in range(9))), "GET /slow"),
            "fast": {**client(at(*(n * SECOND + 1 for n in range(9))), "GET /fast"), "target": "a/t"},
        },
        methods={"GET /slow": {"integration": {"http_proxy": "h"}}, "GET /fast": {"integration": {"mock": {}}}},
        backends={"h": {"http": {"latency": "5 s"}}},
    )  # fmt: skip
    said["apis"]["a"]["stages"]["t"] = {}
    slow, fast = segments(said), segments(said, stage=1)
    assert [one["start_time"] for one in slow] == [START + n for n in range(9)]
    assert len(fast) <= 3  # 5 % of nine: four and more have a chance of 0.1 %


def test_of_the_rest_one_in_twenty_is_sampled() -> None:
    """Binomial: 20,000 requests in 50 s, so 5 % of all but fifty. Seen: 4 % or 6 % (false alarm 1e-4, power 0.99)."""
    said = story({"process": "even", "rate": "400/s"}, run={"duration": "50 s"})
    rest, found = 20_000 - 50, len(segments(said, rows=5_000)) - 50
    low, high = stats.binom.ppf(0.5e-4, rest, 0.05), stats.binom.isf(0.5e-4, rest, 0.05)
    assert stats.binom.sf(high, rest, 0.06) > 0.99
    assert stats.binom.cdf(low - 1, rest, 0.04) > 0.99
    assert low <= found <= high


def test_ids_are_the_attempts_own_and_both_engines_write_the_same() -> None:
    said = story(
        {"process": "poisson", "rate": "50/s"}, FUNCTION, functions={"f": {"duration": "30 ms"}},
        settings={"throttle": {"rate": "30/s", "burst": 3}}, retry={"attempts": 3},
    )  # fmt: skip
    made = segments(said)
    assert made == segments(said, engine="compiled", rows=7)
    ids = Counter([one["id"] for one in made] + [one["trace_id"] for one in made])
    assert ids.most_common(1)[0][1] == 1
    assert len(made) > 20


def test_traces_are_written_for_stages_that_have_them(tmp_path: Path) -> None:
    said = story({"process": "even", "rate": "2/s"}, stage={"xray": True})
    result = apigw_sim.run(said, engine="simpy", logs=True)
    result.write_traces("a/s", tmp_path / "t.jsonl")
    assert len((tmp_path / "t.jsonl").read_text().splitlines()) >= 10
    result.write(tmp_path / "out")
    assert (tmp_path / "out" / "traces.a.s.jsonl").read_text() == (tmp_path / "t.jsonl").read_text()
    with pytest.raises(NotKeptError, match="write xray: true"):
        result.write_traces("a/t", tmp_path / "u.jsonl")
