"""What the metrics and the summary say of authorizers: every request once, by what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import SECOND, at, client, planned, story
from metrics.stories import ABOUT

from apigw_sim.compose import simulate
from apigw_sim.metrics.fold import Metrics
from apigw_sim.metrics.summary import summary
from apigw_sim.records import Block

WHO = {"type": "TOKEN", "function": "z", "ttl": "10 s"}


def said() -> dict[str, Any]:
    """Three calls of who is valid, two of who is denied, two of who is unknown, one of nobody, one without an authorizer."""
    guarded = {"integration": {"lambda_proxy": "f"}, "authorizer": "who"}
    return story(
        methods={"GET /": guarded, "GET /open": {"integration": {"mock": {}}}},
        functions={"f": {"duration": "100 ms"}, "z": {"duration": "30 ms"}},
        authorizers={"who": WHO, "unused": {"type": "COGNITO_USER_POOLS"}},
        clients={
            "valid": client(at(0, SECOND, 2 * SECOND)),
            "denied": client(at(0, SECOND), identities={"denied": "100 %"}),
            "unknown": client(at(0, SECOND), identities={"valid": "0 %"}),
            "nobody": client(at(0), identities={"missing": "100 %"}),
            "open": client(at(0), "GET /open"),
        },
    )


def summed(data: dict[str, Any], *, fast: bool = False) -> dict[str, Any]:
    """The summary of a run, folded by numpy or by the compiled kernels."""
    plan, blocks = planned(data), list[Block]()
    simulate(
        plan,
        engine="simpy",
        sink=lambda block: blocks.append(Block(block.table, block.rows.copy())),
        fold=False,
    )
    metrics = Metrics(plan, fast=fast)
    for block in blocks:
        metrics.fold(block)
    return summary(metrics, ABOUT)


@pytest.mark.parametrize("fast", [False, True])
def test_every_request_to_an_authorizer_is_counted_once(fast: bool) -> None:
    found = summed(said(), fast=fast)
    (name, row), *others = found["authorizers"].items()
    assert (name, others) == ("who", [])  # what no method names is not shown
    took = row.pop("took_ms")
    assert row == {"requests": 8, "hits": 3, "misses": 4, "denied": 2, "unauthorized": 3, "failed": 0}
    assert (took["mean"], took["max"]) == (30, 30)  # of those that were asked: a hit takes nothing
    assert found["requests"]["by_reason"] == {"OK": 4, "UNAUTHORIZED": 3, "ACCESS_DENIED": 2}
    assert found["stages"]["a/s"]["4XXError"] == round(5 / 9, 6)


@pytest.mark.parametrize("fast", [False, True])
def test_its_function_has_lambdas_metrics_like_any_other(fast: bool) -> None:
    """`Unauthorized` is raised, so it is an error of the function; of the backend's there is one run a call that passed."""
    functions = summed(said(), fast=fast)["functions"]
    assert [functions[name]["invocations"] for name in "zf"] == [4, 3]
    assert [functions[name]["errors"] for name in "zf"] == [2, 0]


def test_one_that_fails_is_counted_and_refused_ones_are_throttles() -> None:
    data = said()
    data["functions"]["z"]["reserved_concurrency"] = 0
    found = summed(data)
    assert found["authorizers"]["who"]["failed"] == 7  # all but who sends nothing
    assert found["lambda_throttled_by"]["reserved"] == 7
    assert found["functions"]["z"]["throttles"] == 7
    assert found["stages"]["a/s"]["5XXError"] == round(7 / 9, 6)
    (limit,) = [row for row in found["limits"] if row["limit"] == "z reserved concurrency"]
    assert limit["refused"] == 7


def test_without_one_the_summary_says_nothing() -> None:
    assert "authorizers" not in summed(story(at(0)))
