"""A search for the last of ordered settings that meets, over runs that differ by chance.

The settings are ordered from what should meet to what should fail: rising load, or falling capacity. The search says
"`meets` meets and `fails` does not"; that is wrong with a probability of `error` at most, however its runs fall out.

- It guesses cheaply and proves what it says. A few pilot runs at a setting, and the closest curve through all runs that
  never rises, say where to look. Before a run of a proof is made it is said what it is to prove.
- Take the last setting that truly meets. That all behind it do is one claim, that all up to it fail another: each is
  bet against (`evidence`), and the bets at several settings multiply. Either wealth reaches what it takes to be
  believed with a probability of its part of `error` at most, whichever settings are tried, however often one looks.
- Runs go where they are expected to narrow the answer most: a setting that would take too long to decide is left
  between the two, and the resolution is the zone in which it does not matter.
- That what lies beyond `meets` and `fails` goes the same way is an assumption. It is checked on every setting tried.

It ends when the two are as close as was asked, or when the budget of runs is spent; then they are further apart, or one
is open. Settings are known by number; nothing here knows what runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from apigw_sim.experiment.judging import Judge, Outcome

Ask = Callable[[int, int, int, int], Sequence[Outcome]]
"""Outcomes of (setting, when it was first tried, how many runs it has had, how many are wanted)."""

SCAN = 8
"""Settings that are tried before anything else, evenly over all."""
PILOT = 4
"""Runs that only guide, at each setting."""
BATCH = 6
"""Runs that are bought at once."""
SLOW = 28
"""Undecided after so many runs, the settings beside are tried, too."""
CONFIRMED = 24
"""Runs at a setting that seems to break the order, before that is let be."""


@dataclass
class Point:
    """One setting that was tried."""

    setting: int
    order: int
    """When it was first tried, from 0."""
    outcomes: list[Outcome] = field(default_factory=list)
    bets: dict[bool, list[Outcome]] = field(default_factory=lambda: {True: [], False: []})
    """The outcomes that were to prove that it meets (True) or fails."""
    won: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})
    """The logarithm of what the bets won."""
    certain: bool | None = None
    """What every run says, where no two differ."""

    def take(self, found: Sequence[Outcome], judge: Judge) -> None:
        """Add outcomes; a scenario without chance is decided by the first few."""
        self.outcomes += found
        marks = {outcome.mark for outcome in self.outcomes}
        certain = len(self.outcomes) >= PILOT and len(marks) == 1 and "" not in marks
        self.certain = judge.leaning(self.outcomes) >= 0 if certain else None


class Break(NamedTuple):
    """Two settings of which the first, that should do better, does worse."""

    worse: int
    better: int


@dataclass(frozen=True)
class Found:
    """What a search says."""

    meets: int | None
    """The last setting that is proved to meet."""
    fails: int | None
    """The first setting that is proved to fail."""
    done: bool
    """Whether they are as close as was asked, or all or none of the settings meet."""
    guess: int | None
    """Where the runs so far put the last setting that meets."""
    points: tuple[Point, ...]
    """All that were tried, by setting."""
    breaks: tuple[Break, ...]
    """Where more was proved to do better."""
    runs: int
    error: float


def search(
    ask: Ask,
    settings: int,
    close: Callable[[int, int], bool],
    judge: Judge,
    *,
    error: float = 0.05,
    budget: int = 300,
    told: Callable[[Point], None] | None = None,
) -> Found:
    """Search among the settings 0, 1, ..., `settings` - 1; `close(a, b)` says whether b is close enough behind a.

    `told` is told of a point whenever it has had runs.
    """
    return _Search(ask, settings, close, judge, error, budget, told).run()


class _Search:
    def __init__(
        self, ask: Ask, settings: int, close: Callable[[int, int], bool], judge: Judge, error: float, budget: int,
        told: Callable[[Point], None] | None,
    ) -> None:  # fmt: skip
        self.ask, self.settings, self.close, self.judge = ask, settings, close, judge
        self.error, self.budget, self.left, self.told = error, budget, budget, told
        self.need = {
            True: -math.log(error * judge.weight), False: -math.log(error * (1 - judge.weight))
        }  # fmt: skip
        self.points: dict[int, Point] = {}
        self.breaks: list[Break] = []
        self.last, self.first = -1, settings
        """The last that is proved to meet, the first that is proved to fail."""

    def run(self) -> Found:
        """Try, guess and prove until it is done or the budget is spent."""
        number = min(SCAN, self.settings)
        for place in range(number):
            self._pilot(round(place * (self.settings - 1) / max(number - 1, 1)))
        while self.left > 0 and not self._done():
            self._check_order()
            if self.left > 0:
                self._step()
        self._check_order(buying=False)
        guess, _ = self._guess()
        return Found(
            None if self.last < 0 else self.last,
            None if self.first >= self.settings else self.first,
            self._done(),
            None if guess < 0 else guess,
            tuple(self.points[setting] for setting in sorted(self.points)),
            tuple(self.breaks),
            self.budget - self.left,
            self.error,
        )

    # what is proved

    def _settle(self) -> None:
        """See what is proved: no setting before `last` and none from `first` on can be the last that meets."""
        tried = sorted(self.points)
        self.last, self.first = -1, self.settings
        for setting in tried:
            if not self._proved(True, setting):
                break
            self.last = setting
        for setting in reversed(tried):
            if setting <= self.last or not self._proved(False, setting):
                break
            self.first = setting

    def _proved(self, meets: bool, setting: int) -> bool:
        """Whether what was bet at a setting and behind it (before it, of failing) proves the claim."""
        return self._wealth(meets, setting) >= self.need[meets]

    def _wealth(self, meets: bool, setting: int) -> float:
        behind = [
            point for point in self.points.values()
            if (point.setting >= setting if meets else point.setting <= setting)
        ]  # fmt: skip
        if any(point.certain is meets for point in behind):
            return math.inf
        return math.fsum(point.won[meets] for point in behind)

    def _done(self) -> bool:
        if self.first == 0 or self.last == self.settings - 1:
            return True
        both = self.last >= 0 and self.first < self.settings
        return both and (self.first - self.last == 1 or self.close(self.last, self.first))

    # what is guessed

    def _leans(self, setting: int) -> float:
        """Above or at 0 it leans towards meeting."""
        point = self.points[setting]
        if point.certain is not None:
            return 1.0 if point.certain else -1.0
        return self.judge.leaning(point.outcomes)

    def _fit(self) -> dict[int, float]:
        """The leaning at each setting that is not settled, by the curve that never rises and fits best."""
        end = min((one.worse for one in self.breaks if self._leans(one.worse) < 0), default=self.settings)
        tried = [
            setting for setting in sorted(self.points)
            if self.last < setting < self.first and setting <= end
        ]  # fmt: skip
        pooled: list[
            tuple[float, int, int]
        ] = []  # leanings times runs, runs, settings: joined until they fall
        for setting in tried:
            runs = len(self.points[setting].outcomes)
            pooled.append((self._leans(setting) * runs, runs, 1))
            while len(pooled) > 1 and pooled[-2][0] * pooled[-1][1] < pooled[-1][0] * pooled[-2][1]:
                one, other = pooled.pop(), pooled.pop()
                pooled.append((one[0] + other[0], one[1] + other[1], one[2] + other[2]))
        fitted = [lean / runs for lean, runs, number in pooled for _ in range(number)]
        return dict(zip(tried, fitted, strict=True))

    def _guess(self) -> tuple[int, int]:
        """The last setting that leans towards meeting and the first that does not; or what is proved."""
        fitted = self._fit()
        meeting = [setting for setting, lean in fitted.items() if lean >= 0]
        failing = [setting for setting, lean in fitted.items() if lean < 0]
        return max(meeting, default=self.last), min(failing, default=self.first)

    # what is done next

    def _step(self) -> None:
        below, above = self._guess()
        untried = self._untried(below, above)
        if untried is not None:
            self._pilot(untried)
            return
        fitted = self._fit()
        setting = min(fitted, key=lambda setting: (self._price(setting, fitted[setting]), setting))
        point = self.points[setting]
        if len(point.outcomes) >= SLOW:
            for beside in (setting - 1, setting + 1):
                if self.last < beside < self.first:
                    self._pilot(beside)
        if self.left > 0:
            self._prove(point, fitted[setting] >= 0)

    def _price(self, setting: int, leaning: float) -> float:
        """Roughly how many runs a proof at a setting takes, over how many settings it would do away with."""
        meets = leaning >= 0
        gain = self.judge.gain(self.points[setting].outcomes, leaning)
        if gain <= 0:
            return math.inf
        runs = max((self.need[meets] - self._wealth(meets, setting)) / gain, 1.0)
        done_with: float = setting - self.last if meets else self.first - setting
        if self.last < 0 if meets else self.first == self.settings:
            done_with += self.settings / 2  # an end that is open is worth closing anywhere
        return runs / done_with * (1 if runs <= self.left else self.budget)

    def _untried(self, below: int, above: int) -> int | None:
        """A setting between the two that is worth a try: none where they are close already."""
        if below < 0 or above >= self.settings or above - below == 1 or self.close(below, above):
            return None
        places = [below, *(setting for setting in sorted(self.points) if below < setting < above), above]
        before, after = max(pairwise(places), key=lambda pair: pair[1] - pair[0])
        return None if after - before < 2 else (before + after) // 2

    def _pilot(self, setting: int) -> None:
        if setting not in self.points and self.left > 0:
            self.points[setting] = Point(setting, len(self.points))
            self._buy(self.points[setting], PILOT)

    def _prove(self, point: Point, meets: bool) -> None:
        point.bets[meets] += self._buy(point, BATCH)
        point.won[meets] = self.judge.evidence(point.bets[meets], meets)
        self._settle()

    def _buy(self, point: Point, runs: int) -> Sequence[Outcome]:
        runs = min(runs, self.left)
        found = self.ask(point.setting, point.order, len(point.outcomes), runs)
        self.left -= runs
        point.take(found, self.judge)
        if point.certain is not None:
            self._settle()
        if self.told is not None:
            self.told(point)
        return found

    # the order

    def _check_order(self, buying: bool = True) -> None:
        """Look for settings that do worse than a later one, and make sure of those that seem to.

        Intervals at all settings hold together with a probability of 1 - `error`.
        """
        known = {one for pair in self.breaks for one in pair}
        tried = sorted(self.points)
        pairs = [(one, other) for number, one in enumerate(tried) for other in tried[number + 1 :]]
        for one, other in pairs:
            apart = self._leans(other) - self._leans(one)
            if {one, other} <= known or apart < 0.2:
                continue
            worse, better = self.points[one], self.points[other]
            parts = [self.error / 2 / (p.order + 1) / (p.order + 2) for p in (worse, better)]
            sure = worse.certain is False and better.certain is True
            if sure or self.judge.worse(worse.outcomes, better.outcomes, (parts[0], parts[1])):
                self.breaks.append(Break(one, other))
                known |= {one, other}
            elif buying and self._leans(one) < 0 and apart >= 0.5:
                for point in (worse, better):
                    if self.left > 0 and len(point.outcomes) < CONFIRMED and not any(point.bets.values()):
                        self._buy(point, BATCH)
