"""The command as a test runs it, and small scenarios in which every number is known by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from apigw_sim.cli import main

Command = Callable[..., Result]

TINY = """\
name: tiny
run: {duration: 10 s, seed: 1}
functions:
  f: {duration: 100 ms, cold_start: {provisioning: 50 ms, init: 150 ms}}
apis:
  shop:
    type: REST
    endpoint: REGIONAL
    methods:
      GET /a: {integration: {lambda_proxy: f}}
    stages:
      prod:
        method_settings:
          GET /a: {throttle: {rate: 1/s, burst: 2}}
clients:
  web:
    target: shop/prod
    arrivals: {process: even, rate: 4/s}
    calls: [{call: GET /a}]
    network: {rtt: 20 ms}
    retry: {attempts: 2, statuses: [429], backoff: {base: 100 ms, cap: 1 s, jitter: none}}
assumptions: {rest_overhead: 10 ms, lambda_overhead: 4 ms}
"""
"""Four calls a second, every 250 ms from 0 s on, at a bucket of two tokens that gets one a second.

Calls 0 and 1 arrive at 10 and 260 ms and leave it 1 and 0.25 tokens; call 2 arrives at 510 ms, finds 0.5 tokens and
is refused, and so is its second attempt 130 ms later. 11 of the 40 calls are carried: 2 tokens at first, and one for
each of the 9.76 seconds until the last call arrives.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the command is run in, with tiny.yaml in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def command(folder: Path) -> Command:
    """Run `apigw-sim` with some arguments in `folder`; an error that is no exit status is raised."""
    apart = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    runner = CliRunner(**apart)

    def run(*arguments: object) -> Result:
        return runner.invoke(
            main, [str(one) for one in arguments], catch_exceptions=False, prog_name="apigw-sim"
        )

    return run
