"""Both engines on scenarios made by chance: they agree on every grid, and every run is whole.

A scenario has a number, and `generated(number)` is the same one always. What fails is printed as YAML, made small.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest
from engine.catalogue import GRIDS
from engine.chances import shrunk
from engine.conserved import broken
from engine.generated import as_yaml, generated
from engine.reaching import WORDS, reached
from engine.running import ENGINES, Run, difference, planned, run_on
from engine.test_agreement_notices import changed

from apigw_sim.errors import ScenarioError

ONE, TWO = ENGINES[0], ENGINES[-1]
FEW = range(80, 140)
"""The scenarios of the normal suite."""
TOO_LONG = {"level CLOSED_IDLE", "level CLOSED_OLD"}
"""Ten minutes of silence and two hours: no scenario made by chance lasts so long; the catalogue has both."""
HUNDREDS = range(100, 2_100, 100)


def wrong(said: Any, one: Run | None = None) -> str | None:
    """What is wrong with the runs of a scenario, or with the scenario: its kind, a colon, and the first instance."""
    try:
        plan = planned(said)
    except (ScenarioError, KeyError) as error:
        return f"no scenario: {error}"
    for grid in GRIDS:
        where = f"on a grid of {grid} ns"
        try:
            left = one(plan, grid=grid) if one else run_on(ONE, plan, grid=grid)
            right = run_on(TWO, plan, grid=grid)
        except Exception as error:
            return f"{type(error).__name__}: {error}, {where}"
        if found := difference(left, right):
            return f"{ONE} and {TWO} differ: {found}, {where}"
        if parts := broken(left, grid=grid):
            return f"not whole: {'; '.join(parts[:3])}, {where}"
    return None


def told(said: Any, found: str, one: Run | None = None) -> str:
    """A scenario in which something is wrong, as small as it is found, and what it is there."""
    kind = found.partition(":")[0]
    small = shrunk(said, lambda less: (wrong(less, one) or "").partition(":")[0] == kind, most=1_500)
    return f"{wrong(small, one)}\n\n{as_yaml(small)}"


@pytest.mark.parametrize("number", FEW)
def test_on_a_scenario_made_by_chance(number: int) -> None:
    said = generated(number)
    if found := wrong(said):
        pytest.fail(f"generated({number}): {found}; made small: {told(said, found)}", pytrace=False)


def test_the_few_reach_everything_there_is() -> None:
    """What never reaches a feature proves nothing of it."""
    found: Counter[str] = Counter()
    for number in FEW:
        found.update(reached(run_on(ONE, generated(number))).keys())
    assert {word: found[word] for word in WORDS if not found[word] and word not in TOO_LONG} == {}


def test_what_fails_is_made_small_and_told_as_yaml() -> None:
    """A mutant that answers before it lets work end: of a scenario with everything little more than a client is left."""
    edits = [("    DONE = 1\n", "    DONE = 5\n"), ("    RELAY = 5\n", "    RELAY = 1\n")]
    run = changed("apigw_sim.engine.order", *edits)
    number, found = next((n, text) for n in FEW if (text := wrong(generated(n), run)))
    text = told(generated(number), found, run)
    assert text.startswith(f"{ONE} and {TWO} differ: ")
    assert len(text) < 0.6 * len(as_yaml(generated(number)))
    assert "clients:\n  c" in text


@pytest.mark.slow
@pytest.mark.parametrize("first", HUNDREDS)
def test_on_a_hundred_scenarios_made_by_chance(first: int) -> None:
    for number in range(first, first + 100):
        test_on_a_scenario_made_by_chance(number)


@pytest.mark.slow
def test_how_often_each_word_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a thousand scenarios each word is reached by ten; the table is printed."""
    found: Counter[str] = Counter()
    for number in range(1_000):
        found.update(reached(run_on(ONE, generated(number))).keys())
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(f"{found[word]:5} {word}" for word in WORDS) + "\n")
    assert {word: found[word] for word in WORDS if found[word] < 10 and word not in TOO_LONG} == {}
