"""A scenario of which something is known: what a limit of two executions refuses of Poisson calls is Erlang's B."""

from __future__ import annotations

from pathlib import Path

import pytest

LOSS = """\
name: loss
run: {duration: 30 s, warm_up: 5 s, period: 5 s, seed: 3}
account: {lambda_scaling: none, lambda_requests_per_concurrency: none}
functions:
  f:
    duration: {exponential: {mean: 100 ms}}
    cold_start: none
    reserved_concurrency: 2
apis:
  a:
    type: REST
    endpoint: REGIONAL
    methods:
      GET /: {integration: {lambda_proxy: f}}
    stages: {s: {}}
clients:
  c:
    target: a/s
    arrivals: {process: poisson, rate: 20/s}
    calls: [{call: GET /}]
expect: [a/s avg(5XXError) < 45 %]
assumptions: {rest_overhead: 0 ms, lambda_overhead: 0 ms}
"""
"""2 Erlangs on 2 places: B = 0.4."""


@pytest.fixture
def loss(tmp_path: Path) -> str:
    """The path of the scenario."""
    path = tmp_path / "loss.yaml"
    path.write_text(LOSS, encoding="utf-8")
    return str(path)
