"""The cheapest combination of several settings, where it is known."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from experiment.test_capacity import METHOD, Stopping, even

import apigw_sim as sim
from apigw_sim.experiment.axis import CapacityError
from apigw_sim.experiment.judging import OfMean, OfShare, Outcome
from apigw_sim.experiment.optimize import grid_of, optimize
from apigw_sim.experiment.optimum import SCREEN, Found, Grid, Search, Steps, evidence_for

GRID = Grid(("a", "b"), (tuple(range(30)), tuple(range(30))), (tuple(map(float, range(30))),) * 2, (1.0, 2.0))


class AtRandom:
    """Proposes anything."""

    def __init__(self, grid: Grid, seed: int) -> None:
        self.rng, self.grid = random.Random(seed), grid

    def ask(self) -> Steps:
        return self.grid.steps(self.rng.randrange(self.grid.count))

    def tell(self, cost: float, lacking: float) -> None:
        pass


def searched(share: Callable[[int, int], float], seed: int, asked: float = 0.9, **how: Any) -> Found:
    """Search where a combination meets with a probability."""
    rng = random.Random(seed)

    def ask(number: int, had: int, wanted: int) -> list[Outcome]:
        return [Outcome(rng.random() < share(*GRID.steps(number))) for _ in range(wanted)]

    how = {"error": 0.05, "budget": 600} | how
    return Search(ask, GRID, OfShare(asked), AtRandom(GRID, seed), **how).run()


def corner(a: int, b: int) -> float:
    """Meets from 12 of the one and 7 of the other on: 26 is the least that it costs."""
    return 1.0 if a >= 12 and b >= 7 else 0.0


def test_numbers_and_combinations_are_one() -> None:
    grid = grid_of({"a": [3, 1, 2], "b": sim.Range(10, 40, "/s"), "c": ["2 s", "1 s"]}, {"b": 0.5})
    assert grid.values[0] == (1, 2, 3)
    assert (len(grid.values[1]), grid.values[1][0], grid.values[1][-1]) == (31, "10/s", "40/s")
    assert grid.count == 3 * 31 * 2
    assert [grid.number(grid.steps(number)) for number in range(grid.count)] == list(range(grid.count))
    dearest = grid.count - 1
    assert grid.setting(dearest) == {"a": 3, "b": "40/s", "c": "2 s"}
    assert grid.cost(dearest) == 3 + 0.5 * 40 + 2
    assert dict(grid.beside(dearest, -1))["c"] == grid.number((2, 30, 0))
    assert dict(grid.beside(dearest, 1)) == {}


@pytest.mark.parametrize("seed", range(20))
def test_the_cheapest_corner_is_found_without_chance(seed: int) -> None:
    """With proposals at random: whatever is proposed, going down ends at the corner."""
    found = searched(corner, seed)
    assert found.best is not None
    assert GRID.steps(found.best) == (12, 7)
    assert found.runs <= 600
    assert len(found.proofs) == 1


def test_where_nothing_meets_nothing_is_said_to() -> None:
    found = searched(lambda *_: 0.0, 1)
    assert (found.best, found.guess) == (None, None)


def test_a_budget_that_proves_nothing_says_what_leans_to_meet() -> None:
    found = searched(corner, 1, budget=40)
    assert found.best is None
    assert found.guess is not None
    assert found.runs <= 40


def test_claims_are_wrong_no_more_often_than_is_stated() -> None:
    """The share of runs that meet rises along both settings from 80 to 99 %, 90 % are asked for, 20 % may be wrong: of 60
    searches more than 26 are with 1e-5 if that holds; 60 % would be seen with a power of 0.99. A step less than what is
    proved is all but as good, so this is where errors are likeliest."""

    def share(a: int, b: int) -> float:
        return 0.8 + 0.19 * min(a, b) / 29

    found = [searched(share, seed, error=0.2, budget=400) for seed in range(60)]
    proved = [number for one in found for number in one.proved]
    wrong = sum(any(share(*GRID.steps(number)) < 0.9 for number in one.proved) for one in found)
    assert len(proved) >= 30
    assert wrong <= 26


def test_all_proofs_together_may_be_wrong_as_often_as_one_search() -> None:
    """By Ville's inequality a proof is wrong with exp(-evidence) at most; the sum over all k is that of 1 / k^2."""
    risks = [math.exp(-evidence_for(proof, 0.05)) for proof in range(1, 10_001)]
    assert 0.05 * (1 - 1e-4) < math.fsum(risks) < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_a_proof_is_made_of_runs_that_guided_nothing(seed: int) -> None:
    """Whoever is chosen for its runs has good ones: what was asked before a proof began is no evidence."""
    rng = random.Random(seed)

    def ask(number: int, had: int, wanted: int) -> list[Outcome]:
        share = 0.5 + 0.5 * min(GRID.steps(number)) / 29
        return [Outcome(rng.random() < share, mark=f"{number} {had + run}") for run in range(wanted)]

    found = Search(ask, GRID, OfShare(0.8), AtRandom(GRID, seed), error=0.05, budget=800).run()
    proofs = [point for point in found.points if point.setting in found.proofs]
    assert found.proved
    for point in proofs:
        guided = len(point.outcomes) - len(point.bets[True])
        assert guided >= SCREEN
        assert point.bets[True] == point.outcomes[guided:]


def test_means_need_fewer_runs() -> None:
    """Margins of 0.02 for each step beyond a + b = 20, with a spread of 0.1; a costs 1 and b 2: 20 of a, none of b."""
    rng = random.Random(2)

    def ask(number: int, had: int, wanted: int) -> list[Outcome]:
        a, b = GRID.steps(number)
        margins = [rng.gauss(0.02 * (a + b - 20), 0.1) for _ in range(wanted)]
        return [Outcome(margin >= 0, (margin,)) for margin in margins]

    found = Search(ask, GRID, OfMean(), AtRandom(GRID, 2), error=0.05, budget=600).run()
    assert found.best is not None
    a, b = GRID.steps(found.best)
    assert a + b >= 20
    assert 20 <= GRID.cost(found.best) <= 32


# with the simulator


def test_two_rates_are_found_to_the_step(tmp_path: Path) -> None:
    """4/s of an even stream need 4/s at the method and at the account; without chance a pilot proves."""
    axes = {
        METHOD: [f"{rate}/s" for rate in range(1, 11)],
        "account.throttle.rate": ["2/s", "3/s", "4/s", "6/s", "9/s"],
    }
    first = Stopping(after=21)
    how: dict[str, Any] = {
        "prices": {METHOD: 3},
        "overrides": {"account.throttle.burst": 1},
        "out": tmp_path / "s",
    }
    with pytest.raises(KeyboardInterrupt):
        optimize(even(), axes, using=first, **how)
    rest = Stopping()
    found = optimize(even(), axes, using=rest, **how)
    assert found.best == {METHOD: "4/s", "account.throttle.rate": "4/s"}
    assert found.cost == 3 * 4 + 4
    assert found.found.runs == 21 + rest.made
    assert found.answer == "4/s, 4/s meets, for 16"
    assert [row["verdict"] for row in found.one_less()] == ["leans to fail"] * 2
    assert found.points["cost"].is_monotonic_increasing
    assert repr(sim.Study.open(tmp_path / "s")) == f"<optimize of even: {found.found.runs} runs>"
    whole = optimize(even(), axes, prices=how["prices"], overrides=how["overrides"])
    assert whole.summary == found.summary
    assert found.plot().axes[0].get_xlabel() == f"cost: 3 x {METHOD} + account.throttle.rate"


@pytest.mark.parametrize(
    ("axes", "prices", "problem"),
    [
        ({"a": [1, 2]}, {}, "for two settings or more; `capacity` finds"),
        ({"a": [1, 2], "b": [1]}, {}, "b: a search needs two values or more"),
        ({"a": [1, 2], "b": ["1 s", "20 ms"]}, {}, "b: write all values in one unit"),
        ({"a": [1, 2], "b": ["many", "few"]}, {}, "b: 'many' is no quantity"),
        ({"a": [1, 2], "b": [1, 2]}, {"c": 1.0}, "c: has a price and is not varied; varied are a, b"),
        ({"a": [1, 2], "b": [1, 2]}, {"a": -1.0}, "a: a price of -1 cannot be"),
        ({"a": [1, 2], "b": [1, 2]}, {"a": math.nan}, "a: a price of nan cannot be"),
        ({"a": range(101), "b": range(101)}, {}, "these are 10,201 combinations, more than 10,000"),
    ],
)
def test_what_cannot_be_searched_is_said(axes: Any, prices: dict[str, float], problem: str) -> None:
    with pytest.raises(CapacityError, match=problem):
        optimize(even(), axes, prices)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(CapacityError, match=r"pip install 'apigw-sim\[optimize\]'"):
        optimize(even(), {METHOD: ["1/s", "5/s"], "account.throttle.rate": ["1/s", "5/s"]})
