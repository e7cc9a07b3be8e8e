"""A search for the cheapest combination of several settings that meets, over runs that differ by chance.

Whoever proposes a combination knows nothing of runs; whoever decides knows nothing of how it was found.

- A few guiding runs say where a combination leans. What is dearer in nothing than one that fails is not tried, nor is
  what costs more than the cheapest that leans to meet.
- From the cheapest that leans to meet it goes down, a step of one setting at a time, as long as that leans to meet.
- Then combinations are proved, the cheapest first, by runs that guided nothing. Each is a claim that it meets, bet
  against as in `search`; the k-th has 6 / (pi k)^2 of the error, so that all together are wrong with a probability of
  `error` at most, however many are tried.

That an answer meets is proved. That none is cheaper is not: it is the cheapest that was found, and it is said what one
step less of each setting came to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from apigw_sim.experiment.axis import CapacityError
from apigw_sim.experiment.judging import Judge, Outcome
from apigw_sim.experiment.search import BATCH, PILOT, Point

if TYPE_CHECKING:
    from apigw_sim.scenario import Scenario

Ask = Callable[[int, int, int], Sequence[Outcome]]
"""Outcomes of (combination, how many runs it has had, how many are wanted)."""
Steps = tuple[int, ...]
"""A combination, by the number of each setting's value."""

SCREEN = 16
"""Guiding runs before a proof begins."""
EXPLORE = 0.5
"""Of the budget, for what is proposed; the rest goes down and proves."""
DESCEND = 0.7
"""Of the budget, before the first proof begins."""
DOUBTED = 40
"""Guiding runs at most at what is one step less than the answer and leans to fail."""
STALE = 40
"""Proposals that bring nothing new, after which no more are asked for."""
MOST = 10_000
"""Combinations at most."""


@dataclass(frozen=True)
class Grid:
    """All combinations of the values of several settings, numbered."""

    paths: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    """Of each setting, the cheapest first."""
    sizes: tuple[tuple[float, ...], ...]
    """The same as numbers."""
    prices: tuple[float, ...]
    """Of one of its units."""

    kind = "optimize"

    def __post_init__(self) -> None:
        if self.count > MOST:
            raise CapacityError(
                f"these are {self.count:,} combinations, more than {MOST:,}: take fewer values, such as 10..60:11"
            )

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return math.prod(len(values) for values in self.values)

    def number(self, steps: Steps) -> int:
        """Of a combination."""
        number = 0
        for step, values in zip(steps, self.values, strict=True):
            number = number * len(values) + step
        return number

    def steps(self, number: int) -> Steps:
        """The combination of a number."""
        found: list[int] = []
        rest = number
        for values in reversed(self.values):
            rest, step = divmod(rest, len(values))
            found.append(step)
        return tuple(reversed(found))

    def cost(self, number: int) -> float:
        """What it costs: prices times sizes."""
        chosen = zip(self.prices, self.sizes, self.steps(number), strict=True)
        return math.fsum(price * sizes[step] for price, sizes, step in chosen)

    def setting(self, number: int) -> dict[str, Any]:
        """What it sets."""
        chosen = zip(self.paths, self.values, self.steps(number), strict=True)
        return {path: values[step] for path, values, step in chosen}

    def overrides(self, number: int, _: Scenario) -> list[tuple[str, Any]]:
        """What makes the scenario that of a combination."""
        return list(self.setting(number).items())

    def show(self, number: int) -> str:
        """A combination for people: its values, in the order of the settings."""
        return ", ".join(str(value) for value in self.setting(number).values())

    def points(self) -> list[dict[str, Any]]:
        """All combinations, as a study's folder names them."""
        return [self.setting(number) for number in range(self.count)]

    def beside(self, number: int, by: int) -> Iterator[tuple[str, int]]:
        """The combinations that have one step more, or less, of one setting: its path, and the number."""
        steps = self.steps(number)
        for place, path in enumerate(self.paths):
            moved = steps[place] + by
            if 0 <= moved < len(self.values[place]):
                yield path, self.number((*steps[:place], moved, *steps[place + 1 :]))

    def has_all_of(self, one: int, other: int) -> bool:
        """Whether `one` has of every setting at least what `other` has."""
        return all(a >= b for a, b in zip(self.steps(one), self.steps(other), strict=True))


class Proposer(Protocol):
    """Proposes combinations, and learns what became of them."""

    def ask(self) -> Steps:
        """The next one; it may have been proposed before."""

    def tell(self, cost: float, lacking: float) -> None:
        """What the last one costs, and how far it is from meeting; at most 0: it meets."""


@dataclass(frozen=True)
class Found:
    """What a search says."""

    best: int | None
    """The cheapest combination that is proved to meet."""
    guess: int | None
    """The cheapest that leans to meet."""
    points: tuple[Point, ...]
    """All that were tried, the cheapest first."""
    proofs: tuple[int, ...]
    """Those that were put to a proof, in their order."""
    proved: frozenset[int]
    """Those that are proved to meet."""
    runs: int
    error: float


class Search:
    """One search."""

    def __init__(
        self, ask: Ask, grid: Grid, judge: Judge, proposer: Proposer, *, error: float, budget: int,
        first: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self.ask, self.grid, self.judge, self.proposer = ask, grid, judge, proposer
        self.error, self.budget, self.left = error, budget, budget
        self.first = [grid.count - 1, *first]
        self.points: dict[int, Point] = {}
        self.proofs: list[int] = []
        self.proved: set[int] = set()

    def run(self) -> Found:
        """Explore, go down, prove."""
        for number in self.first:
            self._try(number)
        self._explore()
        self._descend(self.budget * (1 - DESCEND))
        while (candidate := self._next()) is not None:
            self._prove(candidate)
            self._descend(0)
        return Found(
            self._best(), self._cheapest(),
            tuple(sorted(self.points.values(), key=lambda point: (self.grid.cost(point.setting), point.setting))),
            tuple(self.proofs), frozenset(self.proved), self.budget - self.left, self.error,
        )  # fmt: skip

    # guiding

    def leaning(self, number: int) -> float:
        """From -1 to 1: at 0 or above, the runs at a combination lean to meeting."""
        return self.judge.leaning(self.points[number].outcomes)

    def _expected(self, number: int) -> float | None:
        """How a combination leans, by its runs or by those of one that has more or less of everything."""
        if number in self.points:
            return self.leaning(number)
        for other in self.points:
            lean = self.leaning(other)
            if lean < 0 and self.grid.has_all_of(other, number):
                return lean
            if lean >= 0 and self.grid.has_all_of(number, other):
                return lean
        return None

    def _try(self, number: int) -> None:
        """Guiding runs at a combination that has none."""
        if number not in self.points and self.left > 0:
            self.points[number] = Point(number, len(self.points))
            self._buy(number, PILOT)

    def _buy(self, number: int, runs: int) -> Sequence[Outcome]:
        point, runs = self.points[number], min(runs, self.left)
        found = self.ask(number, len(point.outcomes), runs)
        self.left -= runs
        point.take(found, self.judge)
        if point.certain:
            self.proved.add(number)
        return found

    def _cheapest(self) -> int | None:
        """Of all that lean to meet."""
        return self._least(number for number in self.points if self.leaning(number) >= 0)

    def _best(self) -> int | None:
        """The cheapest of all that are proved."""
        return self._least(self.proved)

    def _least(self, numbers: Iterable[int]) -> int | None:
        return min(numbers, key=lambda number: (self.grid.cost(number), number), default=None)

    def _explore(self) -> None:
        stale = 0
        while stale < STALE and self.left > self.budget * (1 - EXPLORE):
            number = self.grid.number(self.proposer.ask())
            before = self._cheapest()
            expected = self._expected(number)
            if expected is None and (before is None or self.grid.cost(number) < self.grid.cost(before)):
                self._try(number)
                expected = self.leaning(number)
            # What is too dear to be worth a run is told as meeting, at its cost.
            self.proposer.tell(self.grid.cost(number), -expected if expected is not None else 0.0)
            stale = 0 if self._cheapest() != before else stale + 1

    def _descend(self, keep: float) -> None:
        """From the cheapest that leans to meet, one step less of one setting at a time."""
        while self.left > keep and (here := self._cheapest()) is not None:
            below = [
                number for _, number in self.grid.beside(here, -1)
                if number not in self.points and self._expected(number) is None
            ]  # fmt: skip
            if not below:
                return
            self._try(min(below, key=self.grid.cost))

    # proving

    def _next(self) -> int | None:
        """The cheapest combination that leans to meet and whose proof the budget allows; where none does, more is tried."""
        best = self._best()
        dearest = math.inf if best is None else self.grid.cost(best)
        while True:
            open_ = [
                number for number in self.points
                if self.leaning(number) >= 0 and self.grid.cost(number) < dearest and self._runs_to_prove(number) <= self.left
            ]  # fmt: skip
            if open_ or self.left <= 0:
                return self._least(open_)
            more = self._one_more(dearest)
            if more is not None:
                self._try(more)
            elif (doubtful := self._doubtful(best)) is None:
                return None
            elif doubtful in self.points:
                self._buy(doubtful, BATCH)
            else:
                self._try(doubtful)

    def _one_more(self, dearest: float) -> int | None:
        """One step more of a setting than what failed, if it costs less than what is proved."""
        above = {
            number for failed in self.points if self.leaning(failed) < 0
            for _, number in self.grid.beside(failed, 1)
            if number not in self.points and self.grid.cost(number) < dearest and self._expected(number) is None
        }  # fmt: skip
        return self._least(above)

    def _doubtful(self, best: int | None) -> int | None:
        """One step less of a setting than the answer, of which it is not known well that it fails."""
        below = [] if best is None else [number for _, number in self.grid.beside(best, -1)]
        return self._least(number for number in below if number not in self.points or self._may_meet(number))

    def _may_meet(self, number: int) -> bool:
        point = self.points[number]
        if self.leaning(number) >= 0 or point.certain is not None or len(point.outcomes) >= DOUBTED:
            return False
        high = self.judge.interval(point.outcomes, self.error).high
        return high is None or high > self.judge.bar

    def _runs_to_prove(self, number: int) -> float:
        """Roughly, from where it is."""
        point = self.points[number]
        gain = self.judge.gain(point.outcomes, self.leaning(number))
        place = self.proofs.index(number) if number in self.proofs else len(self.proofs)
        return (evidence_for(place + 1, self.error) - point.won[True]) / gain if gain > 0 else math.inf

    def _prove(self, number: int) -> None:
        """Bet that a combination meets, until that is proved, or it leans to fail, or the budget does not allow it."""
        point = self.points[number]
        while len(point.outcomes) < SCREEN and self.left > 0 and self.leaning(number) >= 0:
            self._buy(number, BATCH)
        if number in self.proved or self.leaning(number) < 0 or self._runs_to_prove(number) > self.left:
            return
        if number not in self.proofs:
            self.proofs.append(number)
        need = evidence_for(self.proofs.index(number) + 1, self.error)
        while self.left > 0 and self.leaning(number) >= 0 and self._runs_to_prove(number) <= self.left:
            point.bets[True] += self._buy(number, BATCH)
            point.won[True] = self.judge.evidence(point.bets[True], True)
            if point.won[True] >= need:
                self.proved.add(number)
                return


def evidence_for(proof: int, error: float) -> float:
    """The logarithm of the evidence that the k-th proof takes: all of them together may be wrong with `error`."""
    return math.log((math.pi * proof) ** 2 / (6 * error))
