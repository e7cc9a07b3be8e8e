"""`explain` of an asynchronous invocation: its wait in Lambda's queue and its retries, long after the answer."""

from __future__ import annotations

from pathlib import Path

from cli.test_explain import steps

SHOP = """\
name: shop
run: {duration: 2 s, seed: 1}
functions:
  f: {duration: 1.6 s, cold_start: none, reserved_concurrency: 1}
apis:
  shop:
    type: REST
    endpoint: REGIONAL
    methods:
      POST /: {integration: {lambda: f, invocation_type: Event}}
    stages: {prod: {}}
clients:
  web:
    target: shop/prod
    arrivals: {process: even, rate: 1/s}
    calls: [{call: POST /}]
assumptions: {rest_overhead: 0 ms, lambda_overhead: 0 ms}
"""
"""Events at 0 and 1 s: the second is refused, and after a second it is 2 s, when the first is done."""


def test_an_events_retries_are_told_after_its_answer(command, folder: Path) -> None:
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    done = command("explain", "shop.yaml", "--attempt", "web/1/1")
    assert (done.exit_code, done.stderr) == (0, "")
    told = steps(done.stdout)
    waits = told.index(("", "the event waits in Lambda's queue and is tried again after 1 s"))
    assert told[waits - 2] == ("", "function f: all 1 of its reserved concurrency in use")
    assert told[-1][0] == "1,000.000 ms"
    assert told[-1][1].startswith("function f: environment 0, warm, Duration 1600 ms")
