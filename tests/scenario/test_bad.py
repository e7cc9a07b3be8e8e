"""Bad scenarios and what is said of each: golden files, reviewed as a user would read them.

`UPDATE_GOLDEN=1 pytest tests/scenario/test_bad.py` writes them anew; read the difference before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from apigw_sim.errors import ApigwSimError, ScenarioError
from apigw_sim.scenario import load

BAD = Path(__file__).parent / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_bad_scenario(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(ScenarioError) as caught:
        load(f"{name}.yaml")
    said, golden = f"{caught.value}\n", BAD / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_there_are_enough_of_them_and_each_has_its_golden_file() -> None:
    assert len(NAMES) >= 40
    assert {path.stem for path in BAD.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_says_where_what_and_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(ScenarioError) as caught:
        load(f"{name}.yaml")
    for problem in caught.value.problems:
        assert problem.file
        assert problem.file.endswith(".yaml")
        assert problem.line
        assert problem.column
        assert problem.what
        assert problem.fix


def test_an_error_is_printed_as_the_house_style_says() -> None:
    with pytest.raises(ApigwSimError) as caught:
        load(BAD / "misspelt.yaml")
    assert caught.value.exit_status == 2
    first = str(caught.value).splitlines()[0]
    assert first == f"{BAD / 'misspelt.yaml'}:3:7 run.duraton: unknown key; did you mean 'duration'?"


def test_problems_are_in_the_order_of_the_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        load(BAD / "many.yaml")
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == sorted(places, key=lambda place: (place[0] or 0, place[1] or 0))
    assert len(places) == 10
