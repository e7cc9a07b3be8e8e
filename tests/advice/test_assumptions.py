"""ASSUME: every assumption has its question, and can be tried out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.advice import Advice, advise
from apigw_sim.advice.assumptions import OPEN
from apigw_sim.advice.sources import page
from apigw_sim.plan import plan
from apigw_sim.scenario import load
from apigw_sim.scenario.settings import Assumptions

Advised = Callable[..., list[Advice]]


def test_assume_fires_for_each_assumption_of_the_plan_and_no_other(root: Path) -> None:
    scenario = load(root / "scenarios" / "flash_sale.yaml")
    planned = plan(scenario)
    notes = [each for each in advise(scenario, planned) if each.note]
    names = [text.partition("=")[0] for text in planned.assumptions]
    assert [each.path for each in notes] == [f"assumptions.{name}" for name in names]
    assert {each.rule for each in notes} == {"ASSUME"}
    assert len(names) == 14


def test_assume_is_silent_about_what_the_scenario_does_not_touch(advice: Advised) -> None:
    quiet = {each.path.partition(".")[2] for each in advice("ASSUME")}
    assert "metrics_stamp" in quiet
    assert not quiet & {"usage_plan_bucket", "cache_hit_time", "quota_week_starts", "token_accounting"}


def test_assume_gives_question_default_consequence_and_what_to_try(advice: Advised) -> None:
    (found,) = [each for each in advice("ASSUME") if each.path == "assumptions.metrics_stamp"]
    assert found.where == "assumptions.metrics_stamp" or found.where == "default"
    assert found.text == (
        "metrics_stamp is answer (the default): AWS does not say whether a request counts in the minute in which it "
        "arrives or is answered; by arrival, slow requests move to an earlier period; sums stay"
    )
    assert found.fix == "to see what hangs on it, run with --set 'assumptions.metrics_stamp=arrival'"
    assert found.source == page("AG:monitoring-cloudwatch")


def test_assume_offers_the_default_where_the_other_value_is_set(advice: Advised) -> None:
    (found,) = [
        each
        for each in advice("ASSUME", {"assumptions.metrics_stamp": "arrival"})
        if each.path == "assumptions.metrics_stamp"
    ]
    assert found.text.startswith("metrics_stamp is arrival (the default is answer): ")
    assert "assumptions.metrics_stamp=answer" in found.fix


def test_assume_says_where_an_assumption_is_written(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "own.yaml"
    base = root / "scenarios" / "flash_sale.yaml"
    file.write_text(f"extends: {base}\nassumptions:\n  metrics_stamp: arrival\n", encoding="utf-8")
    scenario = load(file)
    found = {each.path: each.where for each in advise(scenario, plan(scenario)) if each.note}
    assert found["assumptions.metrics_stamp"] == f"{file}:3:18"
    assert found["assumptions.rest_overhead"] == "default"


def test_every_assumption_of_the_language_is_explained() -> None:
    assert list(OPEN) == list(Assumptions.model_fields)


@pytest.mark.parametrize("name", OPEN)
def test_what_an_assumption_offers_to_try_is_another_value_that_loads(name: str, root: Path) -> None:
    file, said = root / "scenarios" / "flash_sale.yaml", f"assumptions.{name}={OPEN[name].try_out}"
    tried: Any = load(file, overrides=[said]).assumptions
    assert getattr(tried, name) != getattr(load(file).assumptions, name)
