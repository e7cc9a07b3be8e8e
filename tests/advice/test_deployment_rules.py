"""DEP and CAN rules: changes that reach nobody, variables that name nothing, canaries that show nothing."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from advice.conftest import BASE

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
ORDERS = "POST /orders"
CHANGE = {
    "at": "1 min",
    "change": {"api": "shop", "methods": {ORDERS: {"integration": {"mock": {"status": 201}}}}},
}
DEPLOY = {"at": "2 min", "deploy": "shop/prod"}
CANARY = {"traffic": "5 %"}


def shop(
    variables: dict[str, str] | None = None, canary: Any = None, target: str = "${stageVariables.fn}"
) -> Any:
    """The base's APIs: items behind a function that a stage variable names."""
    apis = deepcopy(BASE["apis"])
    apis["shop"]["methods"]["GET /items/{id}"]["integration"] = {"lambda_proxy": target}
    apis["shop"]["stages"]["prod"] = {
        "variables": variables if variables is not None else {"fn": "worker"}, **({"canary": canary} if canary else {})
    }  # fmt: skip
    return apis


def test_dep001_fires_for_a_change_that_no_stage_gets(one: One) -> None:
    path, text, fix = one("DEP001", timeline=[CHANGE])
    assert path == "timeline[0].change"
    assert text == "the change of shop at 1 min is deployed to no stage: it does nothing"
    assert fix.endswith("deploy: shop/prod")


def test_dep001_fires_for_a_change_that_follows_the_last_deployment(one: One) -> None:
    assert one("DEP001", timeline=[{**DEPLOY, "at": "0 s"}, CHANGE])[0] == "timeline[1].change"


def test_dep001_is_silent_once_it_is_deployed(advice: Advised) -> None:
    assert not advice("DEP001", timeline=[CHANGE, DEPLOY])
    assert not advice("DEP001")


@pytest.mark.parametrize("variables", [{"fn": "nobody"}, {}])
def test_dep002_fires_for_a_variable_that_names_nothing(one: One, variables: dict[str, str]) -> None:
    path, text, _ = one("DEP002", apis=shop(variables))
    assert path == "apis.shop.stages.prod.variables"
    assert text.startswith("shop/prod GET /items/{id} leads nowhere")


def test_dep002_fires_for_one_that_a_canary_or_the_timeline_sets(one: One) -> None:
    assert one("DEP002", apis=shop(canary={**CANARY, "variables": {"fn": "worse"}}))
    assert one(
        "DEP002", apis=shop(), timeline=[{"at": "1 min", "set": {"apis.shop.stages.prod.variables.fn": "x"}}]
    )


def test_dep002_is_silent_for_one_that_names_a_function(advice: Advised) -> None:
    assert not advice("DEP002", apis=shop())


def slow_in(**variables: str) -> dict[str, Any]:
    """The base's functions, of which the worker is slower where its event has these stage variables."""
    functions = deepcopy(BASE["functions"])
    functions["worker"]["contexts"] = [{"stage_variables": variables, "duration": "1 s"}]
    return functions


def test_dep003_fires_for_a_context_that_no_stage_makes(one: One) -> None:
    path, text, _ = one("DEP003", apis=shop({"fn": "worker"}), functions=slow_in(fn="worker", mode="full"))
    assert path == "functions.worker.contexts[0]"
    assert text.startswith("no stage that invokes worker ever has fn=worker, mode=full")


def test_dep003_is_silent_where_a_stage_a_canary_or_the_timeline_makes_it(advice: Advised) -> None:
    full = slow_in(mode="full")
    held = {"fn": "worker", "mode": "full"}
    assert not advice("DEP003", apis=shop(held), functions=full)
    assert not advice("DEP003", apis=shop(canary={**CANARY, "variables": {"mode": "full"}}), functions=full)
    assert not advice(
        "DEP003", apis=shop(), functions=full,
        timeline=[{"at": "1 min", "set": {"apis.shop.stages.prod.variables.mode": "full"}}],
    )  # fmt: skip


def test_can001_fires_for_a_canary_that_differs_in_nothing(one: One) -> None:
    path, text, _ = one("CAN001", apis=shop(canary={**CANARY, "variables": {"other": "x"}}))
    assert path == "apis.shop.stages.prod.canary"
    assert text.endswith("it answers as the stage does")


def test_can001_is_silent_for_one_whose_variables_a_function_finds_in_its_event(advice: Advised) -> None:
    apis = shop(canary={**CANARY, "variables": {"mode": "full"}})
    assert not advice("CAN001", apis=apis, functions=slow_in(mode="full"))


def test_can001_is_silent_for_one_that_differs_or_that_nobody_meets(advice: Advised) -> None:
    assert not advice("CAN001", apis=shop(canary={**CANARY, "variables": {"fn": "worker"}}))
    assert not advice("CAN001", apis=shop(canary=CANARY), timeline=[CHANGE, DEPLOY])
    assert not advice("CAN001", apis=shop(canary={"traffic": "0 %"}))
    assert not advice("CAN001")


PROMOTE = {"at": "3 min", "promote_canary": "shop/prod"}
AGAIN = {"at": "5 min", "deploy": "shop/prod"}


def test_can002_fires_for_a_deployment_after_a_promotion(one: One) -> None:
    path, text, fix = one("CAN002", apis=shop(canary=CANARY), timeline=[CHANGE, DEPLOY, PROMOTE, AGAIN])
    assert path == "timeline[3].deploy"
    assert text.endswith("this deployment goes to it, and nobody meets it")
    assert "remove_canary: shop/prod" in fix


def test_can002_is_silent_if_the_canary_is_gone_or_is_met_again(advice: Advised) -> None:
    between = (
        {"at": "4 min", "remove_canary": "shop/prod"},
        {"at": "4 min", "set": {"apis.shop.stages.prod.canary.traffic": "5 %"}},
    )
    for entry in between:
        assert not advice(
            "CAN002", apis=shop(canary=CANARY), timeline=[CHANGE, DEPLOY, PROMOTE, entry, AGAIN]
        )
    assert not advice("CAN002", apis=shop(canary=CANARY), timeline=[CHANGE, DEPLOY, PROMOTE])
