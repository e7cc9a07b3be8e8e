"""The scenario at each setting that a search tries: planned when it is first needed, run, and kept in a folder."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from apigw_sim.experiment.axis import CapacityError
from apigw_sim.experiment.folder import StudyFolder
from apigw_sim.experiment.frames import design
from apigw_sim.experiment.judging import Judge, Outcome
from apigw_sim.experiment.runs import Prepared, Source, prepared
from apigw_sim.experiment.search import Point
from apigw_sim.experiment.trials import TRIALS, Trial, run
from apigw_sim.experiment.verdicts import Judged, over_runs
from apigw_sim.plan import plan
from apigw_sim.scenario import Scenario, load

if TYPE_CHECKING:
    import pandas as pd

    from apigw_sim.experiment.mapper import Mapper
    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario.load import Overrides

Told = Callable[[int, str], None]
"""Is told how many runs are done, and of what setting the last were."""


class Settings(Protocol):
    """Numbered settings of a scenario."""

    @property
    def kind(self) -> str:
        """Of the study."""

    @property
    def count(self) -> int:
        """How many there are."""

    def overrides(self, number: int, scenario: Scenario) -> list[tuple[str, Any]]:
        """What makes the scenario that of a setting."""

    def show(self, number: int) -> str:
        """A setting for people."""

    def points(self) -> list[dict[str, Any]]:
        """All of them, as a study's folder names them."""


class Answer(ABC):
    """What a search came to, with the runs at every setting that was tried."""

    def __init__(
        self, scenario: Scenario, judge: Judge, trials: dict[int, list[Trial]], error: float, asked: Mapping[str, Any]
    ) -> None:  # fmt: skip
        self.scenario, self.judge, self.trials, self.asked = scenario, judge, trials, asked
        self._error = error

    def expectations(self, setting: int) -> list[Judged]:
        """Each expectation over the runs at a setting that was tried."""
        return over_runs(self.scenario.expect, [trial.expectations for trial in self.trials[setting]])

    @property
    def points(self) -> pd.DataFrame:
        """A row per setting that was tried: runs, the figure that is judged, its interval, what is proved."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """The same as plain rows."""

    @property
    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """All of it as plain data."""

    def _figures(self, point: Point) -> dict[str, Any]:
        """What a point's runs say."""
        interval = self.judge.interval(point.outcomes, self._error / 2)
        return {
            "order": point.order, "runs": len(point.outcomes), "met": sum(one.met for one in point.outcomes),
            "found": _rounded(interval.value), "low": _rounded(interval.low), "high": _rounded(interval.high),
        }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


class Variants:
    """A scenario and the settings that are tried in it; `trials` has the runs of each."""

    def __init__(
        self, source: Source, overrides: list[Any], settings: Settings, seed: int | None, engine: str, budget: int,
        progress: Told | None,
    ) -> None:  # fmt: skip
        if isinstance(source, Scenario):
            source = source.resolved()
        self.source, self.given, self.settings = source, overrides, settings
        self.seed, self.wanted, self.budget, self.progress = seed, engine, budget, progress
        self.base = load(source, overrides=overrides)
        if not self.base.expect:
            raise CapacityError(
                f"{self.base.name} expects nothing, so that everything meets it; write expect: in it, or"
                " --set 'expect=[shop/prod avg(5XXError) < 1 %]'"
            )
        for number in (0, settings.count - 1):
            self.scenario(number)  # what is wrong with an end is said before anything runs
        self._base = self._prepared(self.base)
        self.calls, self.engine = self._base.calls, self._base.engine
        self.trials: dict[int, list[Trial]] = {}
        self._ready: dict[int, Prepared] = {}
        self._where: Mapper | None = None
        self._folder: StudyFolder[Trial] | None = None
        self._done = 0

    def on(self, where: Mapper, out: str | os.PathLike[str] | None) -> Variants:
        """Where runs are made, and kept: what each is depends on the settings, and not on how they are searched."""
        self._where = where
        if out is not None:
            about = design(self.settings.kind, self._base, self.settings.points(), "terminating")
            self._folder = StudyFolder.begin(Path(out), about, TRIALS)
        return self

    def scenario(self, number: int) -> Scenario:
        """The scenario at a setting."""
        return load(self.source, overrides=[*self.given, *self.settings.overrides(number, self.base)])

    def _prepared(self, scenario: Scenario) -> Prepared:
        """A scenario made ready; a quarter of the budget is what `auto` takes the engine to have before it."""
        runs = max(self.budget // 4, 1)
        return prepared(scenario, plan(scenario), seed=self.seed, engine=self.wanted, runs=runs)

    @property
    def plans(self) -> dict[int, Plan]:
        """The plan of each setting that was tried."""
        return {number: ready.parcel.plan for number, ready in self._ready.items()}

    def outcomes(self, number: int, first: int, wanted: int) -> list[Outcome]:
        """What so many runs at a setting come to, from a replication on."""
        assert self._where is not None, "runs are made somewhere"
        if number not in self._ready:
            self._ready[number] = self._prepared(self.scenario(number))
        replications = range(first, first + wanted)
        found = run(self._ready[number], replications, self._where, self._folder, number)
        self.trials.setdefault(number, []).extend(found)
        self._done += wanted
        if self.progress is not None:
            self.progress(self._done, self.settings.show(number))
        return [one.outcome for one in found]


def pairs(overrides: Overrides) -> list[Any]:
    """Overrides as a list."""
    return list(overrides.items()) if isinstance(overrides, Mapping) else list(overrides)


def what_is_wrong(error: float, budget: int, share: float, judge: str) -> list[tuple[bool, str]]:
    """What all searches are asked with, and whether it is wrong."""
    return [
        (not 0 < error <= 0.5, f"the error {error:g} is not above 0 and at most 50 %"),
        (budget < 1, f"a budget of {budget} runs is none"),
        (
            not 0.01 <= share <= 0.999,
            f"the share {share:g} is not between 1 % and 99.9 %: all runs can never be proved",
        ),
        (judge not in ("share", "mean"), f"judge '{judge}': share or mean"),
    ]


def refuse(wrong: list[tuple[bool, str]]) -> None:
    """Raise the first that is wrong."""
    for is_wrong, what in wrong:
        if is_wrong:
            raise CapacityError(what)


def keep(path: Path, found: Answer) -> None:
    """Write an answer beside the runs of its folder: results.parquet, what was tried, and summary.json."""
    from apigw_sim.metrics.summary import to_json
    from apigw_sim.result.folder import MARK

    folder = StudyFolder.open(path, TRIALS)
    folder.write_results("results.parquet", found.points)
    folder.write_file(MARK, to_json(found.summary).encode())
