"""`explain` of a record that Firehose reads: when it is delivered to S3 at the latest, or that it is at once."""

from __future__ import annotations

from pathlib import Path

from cli.test_explain import steps

CLICKS = """\
name: clicks
run: {duration: 2 s, seed: 1}
backends:
  clicks: {kinesis: {shards: 1, firehose: {buffer_size: 1 MB, buffer_interval: 60 s}}}
apis:
  site:
    type: REST
    endpoint: REGIONAL
    methods:
      POST /: {integration: {service: clicks}}
    stages: {prod: {}}
clients:
  web:
    target: site/prod
    arrivals: {process: even, rate: 2/s}
    calls: [{call: POST /, body: 400 KB}]
assumptions: {rest_overhead: 0 ms}
"""
"""Records of 400 KB every half second: the third makes 1,200 KB of them."""


def test_a_record_waits_for_the_interval_of_the_first(command, folder: Path) -> None:
    (folder / "clicks.yaml").write_text(CLICKS, encoding="utf-8")
    done = command("explain", "clicks.yaml", "--attempt", "web/1/1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        "",
        "Firehose of clicks: one of 2 records that wait, 819,200 bytes together; delivered to S3 after 59.5 s, or sooner by size",
    ) in steps(done.stdout)


def test_the_record_that_fills_the_buffer_is_delivered_at_once(command, folder: Path) -> None:
    (folder / "clicks.yaml").write_text(CLICKS, encoding="utf-8")
    done = command("explain", "clicks.yaml", "--attempt", "web/2/1")
    assert ("", "Firehose of clicks: it fills the buffer, which is delivered to S3 at once") in steps(
        done.stdout
    )
