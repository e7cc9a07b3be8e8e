"""The cheapest combination of several settings that meets the expectations, with a stated error."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apigw_sim import units
from apigw_sim.experiment.axes import Axis, Range
from apigw_sim.experiment.axis import CapacityError, quantity
from apigw_sim.experiment.judging import Judge, judge_of
from apigw_sim.experiment.mapper import Mapper, Workers, at, fitting
from apigw_sim.experiment.optimum import Found, Grid, Search, Steps
from apigw_sim.experiment.runs import Source
from apigw_sim.experiment.search import Point
from apigw_sim.experiment.trials import PER_SETTING, Trial
from apigw_sim.experiment.variants import Answer, Told, Variants, keep, pairs, refuse, what_is_wrong
from apigw_sim.scenario.paths import value_at

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from apigw_sim.scenario import Scenario
    from apigw_sim.scenario.load import Overrides

BUDGET = 600
STEPS = 40
"""Of a range that says none; of whole numbers every one, if they are fewer."""
STARTING = 10
"""Proposals at random before the optimiser has learnt anything."""


class Optimum(Answer):
    """What a search came to: the answer, and every combination that was tried."""

    def __init__(
        self, scenario: Scenario, grid: Grid, found: Found, judge: Judge, trials: dict[int, list[Trial]],
        asked: Mapping[str, Any],
    ) -> None:  # fmt: skip
        super().__init__(scenario, judge, trials, found.error, asked)
        self.grid, self.found = grid, found

    def __repr__(self) -> str:
        return f"<Optimum of {self.scenario.name} over {', '.join(self.grid.paths)}: {self.answer}>"

    @property
    def best(self) -> dict[str, Any] | None:
        """The cheapest combination that is proved to meet, by path; to be given as `overrides`."""
        return None if self.found.best is None else self.grid.setting(self.found.best)

    @property
    def cost(self) -> float | None:
        """What it costs."""
        return None if self.found.best is None else self.grid.cost(self.found.best)

    @property
    def answer(self) -> str:
        """The answer in a sentence."""
        best, guess = self.found.best, self.found.guess
        if best is not None:
            return f"{self.grid.show(best)} meets, for {self.grid.cost(best):,.6g}"
        if guess is None:
            return "nothing that was tried leans to meet, the dearest combination among it"
        return (
            f"nothing is proved to meet; {self.grid.show(guess)} leans to, for {self.grid.cost(guess):,.6g}"
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row per combination that was tried, the cheapest first."""
        return [
            {path: str(value) for path, value in self.grid.setting(point.setting).items()}
            | {"cost": self.grid.cost(point.setting)} | self._figures(point) | {"verdict": self.verdict(point)}
            for point in self.found.points
        ]  # fmt: skip

    def verdict(self, point: Point) -> str:
        """`meets`: proved; `leans to meet` or `leans to fail`: by the runs so far."""
        if point.setting in self.found.proved:
            return "meets"
        return "leans to meet" if self.judge.leaning(point.outcomes) >= 0 else "leans to fail"

    def one_less(self) -> list[dict[str, Any]]:
        """What one step less of each setting came to: its path, its row, or that it was not tried and why."""
        if self.found.best is None:
            return []
        tried = {point.setting: point for point in self.found.points}
        below = dict(self.grid.beside(self.found.best, -1))
        made: list[dict[str, Any]] = []
        for path in self.grid.paths:
            number = below.get(path)
            if number is None:
                made.append({"path": path, "value": None, "verdict": "the least that was asked about"})
                continue
            value = str(self.grid.setting(number)[path])
            if number not in tried:
                made.append({"path": path, "value": value, "verdict": self._why_not(number)})
                continue
            point = tried[number]
            made.append({
                "path": path, "value": value, "verdict": self.verdict(point), "runs": len(point.outcomes),
                "met": sum(one.met for one in point.outcomes),
            })  # fmt: skip
        return made

    def _why_not(self, number: int) -> str:
        """Of a combination that was not tried."""
        for point in self.found.points:
            if self.judge.leaning(point.outcomes) < 0 and self.grid.has_all_of(point.setting, number):
                return f"not tried: {self.grid.show(point.setting)} has more and leans to fail"
        return "not tried: the budget ended"

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All of it as plain data."""
        found = self.found
        return {
            "scenario": self.scenario.name, "scenario_sha256": self.scenario.sha256(), **self.asked,
            "answer": self.answer, "best": self.best, "cost": self.cost,
            "guess": None if found.guess is None else self.grid.setting(found.guess),
            "runs": found.runs, "error": found.error, "proofs": len(found.proofs), "one_less": self.one_less(),
            "points": self.rows(),
        }  # fmt: skip

    def plot(self) -> Figure:
        """What each combination costs, and what its runs say of it."""
        from apigw_sim.report import capacity

        return capacity.draw_costs(self.summary)


class Proposals:
    """Combinations proposed by Optuna's tree-structured Parzen estimators, which learn from those that were tried."""

    def __init__(self, grid: Grid, seed: int) -> None:
        try:
            import optuna
        except ImportError:
            raise CapacityError(
                "several settings at once take optuna: pip install 'apigw-sim[optimize]'"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(
            seed=seed % 2**32, multivariate=True, n_startup_trials=STARTING
        )  # of 32 bits, as numpy takes them
        self._study: Any = optuna.create_study(sampler=sampler)
        self._places = {
            path: optuna.distributions.IntDistribution(0, len(values) - 1)
            for path, values in zip(grid.paths, grid.values, strict=True)
        }
        self._trial: Any = None

    def ask(self) -> Steps:
        """The next one."""
        self._trial = self._study.ask(self._places)
        return tuple(self._trial.params[path] for path in self._places)

    def tell(self, cost: float, lacking: float) -> None:
        """What became of it."""
        self._trial.set_constraint("lacking", lacking)
        self._study.tell(self._trial, cost)


def optimize(
    source: Source,
    axes: Mapping[str, Axis],
    prices: Mapping[str, float] | None = None,
    *,
    overrides: Overrides = (),
    error: float = 0.05,
    budget: int = BUDGET,
    share: float = 0.95,
    judge: str = "share",
    seed: int | None = None,
    engine: str = "auto",
    workers: Workers = None,
    cluster: str | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Told | None = None,
    using: Mapper | None = None,
) -> Optimum:
    """Search for the cheapest combination of several settings that meets the scenario's expectations.

    `axes` has values for each path, or a `Range`; `prices` what one unit of each costs, 1 where none is said: the cost
    of a combination is the sum of its values times their prices. A combination meets if the share `share` of runs meet
    all expectations, or with `judge="mean"` if their means do. That the answer meets is wrong with a probability of
    `error` at most; that it is the cheapest is what was found within `budget` runs, taking more of a setting for never
    worse. With `out` each finished run is kept there, and calling this again goes on where it was ended.
    """
    refuse(what_is_wrong(error, budget, share, judge))
    grid = grid_of(axes, prices or {})
    judged = judge_of(judge, share)
    asked = {
        "paths": list(grid.paths), "values": [[str(one) for one in values] for values in grid.values],
        "prices": list(grid.prices), "budget": budget, "judge": judge, "bar": judged.bar, "seed": seed,
    }  # fmt: skip
    variants = Variants(source, pairs(overrides), grid, seed, engine, budget, progress)
    proposals = Proposals(grid, variants.base.run.seed if seed is None else seed)
    with at(using, fitting(workers, variants.calls * budget / 4, variants.engine), cluster) as where:
        variants.on(where, out)

        def ask(number: int, had: int, wanted: int) -> Sequence[Any]:
            return variants.outcomes(number, number * PER_SETTING + had, wanted)

        search = Search(
            ask, grid, judged, proposals, error=error, budget=budget, first=_as_it_is(grid, variants.base)
        )
        found = search.run()
    made = Optimum(variants.base, grid, found, judged, variants.trials, asked)
    if out is not None:
        keep(Path(out), made)
    return made


def grid_of(axes: Mapping[str, Axis], prices: Mapping[str, float]) -> Grid:
    """The combinations of axes: of each the values in the order of their sizes."""
    if len(axes) < 2:
        raise CapacityError(
            "an optimiser is for two settings or more; `capacity` finds the least value of one"
        )
    for path, price in prices.items():
        if path not in axes:
            raise CapacityError(f"{path}: has a price and is not varied; varied are {', '.join(axes)}")
        if not price >= 0 or price == float("inf"):
            raise CapacityError(f"{path}: a price of {price:g} cannot be; write 0 or more")
    values, sizes = [], []
    for path, axis in axes.items():
        found = sorted((quantity(value, path), value) for value in _values(axis))
        if len(found) < 2:
            raise CapacityError(f"{path}: a search needs two values or more")
        if len({unit for (_, unit), _ in found}) > 1:
            raise CapacityError(f"{path}: write all values in one unit")
        values.append(tuple(value for _, value in found))
        sizes.append(tuple(float(size) for (size, _), _ in found))
    return Grid(tuple(axes), tuple(values), tuple(sizes), tuple(float(prices.get(path, 1)) for path in axes))


def _values(axis: Axis) -> list[Any]:
    if not isinstance(axis, Range):
        return list(dict.fromkeys(axis))
    low, width = axis.low, axis.high - axis.low
    whole = not axis.unit and float(low).is_integer() and float(width).is_integer()
    steps = min(int(width), STEPS) if whole else STEPS
    made = (
        round(low + width * step / steps) if whole else axis.at(step / steps) for step in range(steps + 1)
    )
    return list(dict.fromkeys(made))


def _as_it_is(grid: Grid, scenario: Scenario) -> list[int]:
    """The combination that the scenario has, if it is one of them."""
    resolved = scenario.resolved()
    steps = []
    for path, values in zip(grid.paths, grid.values, strict=True):
        now, shown = _plain(value_at(resolved, path)), [_plain(value) for value in values]
        if now not in shown:
            return []
        steps.append(shown.index(now))
    return [grid.number(tuple(steps))]


def _plain(value: Any) -> str:
    """A value as it is compared: 100/s and 100.0 /s are one."""
    try:
        size, unit = quantity(value, "")
    except CapacityError:
        return str(value)
    return f"{units.show_number(size)}{unit}"
