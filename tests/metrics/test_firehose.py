"""What Firehose delivered, in the summary and on the terminal, from whole runs of a few records."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import SECOND, at, client, planned
from engine.test_firehose import delivering

from apigw_sim.compose import simulate
from apigw_sim.metrics.firehose import summary
from apigw_sim.terminal.firehose import firehoses
from apigw_sim.terminal.page import Page
from apigw_sim.terminal.words import size

KB = 1024


def told(said: dict[str, Any], engine: str = "simpy") -> dict[str, Any]:
    made = planned(said)
    done = simulate(made, engine=engine)
    return summary(made, done.metrics.gauges)


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_the_summary_has_objects_their_sizes_and_the_ages_of_their_oldest(engine: str) -> None:
    """300 KB at 0, 1, 2 and 3 s are an object; at 100 s one more, delivered at 160 s; that of 280 s waits at the end."""
    instants = at(*(n * SECOND for n in (0, 1, 2, 3, 100, 280)))
    assert told(delivering(instants), engine)["firehoses"]["clicks"] == {
        "objects": 2, "by_size": 1, "by_interval": 1, "records": 5, "bytes": 1500 * KB,
        "mean_object_bytes": 750 * KB, "max_object_bytes": 1200 * KB, "mean_age_s": 31.5, "max_age_s": 60.0,
        "waiting_records": 1, "waiting_bytes": 300 * KB,
    }  # fmt: skip


def test_without_an_object_there_is_no_mean() -> None:
    row = told(delivering(at(280 * SECOND)))["firehoses"]["clicks"]
    assert (row["objects"], row["waiting_records"]) == (0, 1)
    assert {row[name] for name in ("mean_object_bytes", "max_object_bytes", "mean_age_s", "max_age_s")} == {
        None
    }


def test_without_firehose_the_summary_says_nothing() -> None:
    said = delivering(at(0))
    del said["backends"]["clicks"]["kinesis"]["firehose"]
    assert told(said) == {}


def test_the_terminal_shows_them() -> None:
    made = Page()
    firehoses(made, told(delivering(at(*(n * SECOND for n in (0, 1, 2, 3, 100, 280))))))
    lines = [" ".join(line.split()) for line in made.plain().splitlines() if line.strip()]
    assert lines[0] == "FIREHOSE TO S3"
    assert lines[2] == "clicks 2 1 1 750 KB 1.17 MB 31.5 s 60.0 s 1"


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [(None, "-"), (0, "0 B"), (1023, "1,023 B"), (1024, "1 KB"), (2_255_000, "2.15 MB")],
)
def test_sizes_are_shown_to_three_digits(bytes_: int | None, text: str) -> None:
    assert size(bytes_) == text


def test_what_waits_is_of_the_stream_that_firehose_reads() -> None:
    """Another stream, which stands before it and gets nine bytes, is not its own."""
    said = delivering(at(*(n * SECOND for n in (0, 1, 2, 3, 100, 280))))
    said["backends"] = {"bare": {"kinesis": {"shards": 1}}, **said["backends"]}
    said["apis"]["a"]["methods"]["PUT /bare"] = {"integration": {"service": "bare"}}
    said["clients"]["bare"] = client(at(SECOND), [{"call": "PUT /bare", "body": "9 B"}])
    row = told(said)["firehoses"]["clicks"]
    assert (row["records"], row["waiting_records"], row["waiting_bytes"]) == (5, 1, 300 * KB)
