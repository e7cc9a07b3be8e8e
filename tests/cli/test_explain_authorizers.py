"""`explain` and `run` where a method has an authorizer: what is cached, what was asked, and where the time went."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.test_explain import section, steps

CLUB = """\
name: club
run: {duration: 4 s, seed: 1}
functions:
  f: {duration: 100 ms, cold_start: none}
  z: {duration: 30 ms, cold_start: none}
authorizers:
  who: {type: TOKEN, function: z, ttl: 2 s}
apis:
  club:
    type: REST
    endpoint: REGIONAL
    methods:
      GET /a: {authorizer: who, integration: {lambda_proxy: f}}
    stages: {prod: {}}
clients:
  web:
    target: club/prod
    identities: {denied: DENIED}
    arrivals: {process: even, rate: 1/s}
    calls: [{call: GET /a}]
assumptions: {rest_overhead: 10 ms, lambda_overhead: 4 ms}
"""
"""One identity, a request a second: the first one asks (4 + 30 ms) and is cached until 2.034 s, the fourth asks again."""


@pytest.fixture
def club(folder: Path) -> str:
    (folder / "club.yaml").write_text(CLUB.replace("DENIED", "0 %"), encoding="utf-8")
    (folder / "denied.yaml").write_text(CLUB.replace("DENIED", "100 %"), encoding="utf-8")
    return "club.yaml"


def test_a_miss_is_walked_through_its_authorizer(command, club) -> None:
    done = command("explain", club, "--attempt", "web/0/1")
    assert (done.exit_code, done.stderr) == (0, "")
    told = steps(done.stdout)
    assert told[:2] == [
        ("0.000 ms", "arrives at the gateway: GET /a"),
        ("", "authorizer who: identity 0 of web, valid: invoked"),
    ]
    assert (
        "4.000 ms",
        "function z: environment 0, warm, Duration 30 ms; at once 1, with others 1 of 1,000 unreserved",
    ) in told
    assert ("34.000 ms", "authorizer who: identity 0 of web, valid: its result is cached for 2 s") in told
    assert ("", "authorized after 34 ms") in told
    why = section(done.stdout, "WHY")
    (latency,) = [line for line in why if line.startswith("Latency")]
    assert latency.endswith(
        "its authorizer 34.0 ms, IntegrationLatency 104.0 ms and 10.0 ms of the gateway's own"
    )


def test_a_hit_says_how_long_it_lives(command, club) -> None:
    told = steps(command("explain", club, "--attempt", "web/1/1").stdout)
    assert told[1] == (
        "", "authorizer who: identity 0 of web, valid: cached result, which lives for another 1.034 s: nothing is invoked"
    )  # fmt: skip
    assert told[2] == ("", "authorized after 0 ms")


def test_a_denial_is_the_first_refusal_and_says_why(command, club) -> None:
    done = command("explain", "denied.yaml")
    assert "the first refusal or error" in done.stdout.splitlines()[0]
    assert "403 ACCESS_DENIED" in done.stdout
    assert any(text.startswith("ACCESS_DENIED: ") for _, text in steps(done.stdout))


def test_run_shows_what_became_of_requests_at_each_authorizer(command, club) -> None:
    done = command("run", club)
    lines = section(done.stdout, "AUTHORIZERS")
    assert lines[1].split()[:7] == ["who", "4", "2", "2", "0", "0", "0"]
