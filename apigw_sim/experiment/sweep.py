"""Sweeps: the same replications at every point of a design, each figure with its interval, as a tidy frame."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apigw_sim.errors import Problem, ScenarioError
from apigw_sim.experiment.axes import Axis, Design, Point, points
from apigw_sim.experiment.cells import Cells
from apigw_sim.experiment.collect import Told, collect
from apigw_sim.experiment.estimates import CONFIDENCE
from apigw_sim.experiment.folder import RECORDS, Key, StudyFolder
from apigw_sim.experiment.frames import StudyError, row
from apigw_sim.experiment.frames import design as design_of
from apigw_sim.experiment.mapper import Mapper, Workers, at, fitting
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.runs import Prepared, Source, job, prepare
from apigw_sim.experiment.statistics import Statistic, find, main, statistics
from apigw_sim.scenario import Scenario, load

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from apigw_sim.scenario.load import Overrides

RUNS = 5
TRIED = 24
"""How many values of the axes are tried before the first run, so that a wrong one is told at once."""


@dataclass
class Swept:
    """The points of a sweep and what the runs at each of them say."""

    name: str
    seed: int
    axes: tuple[str, ...]
    points: list[Point]
    design: Design
    runs_each: int
    rows: list[dict[str, Any]]
    """Of the frame."""
    own: list[dict[str, Any]]
    """Each run's figures."""
    known: dict[str, Statistic] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{len(self.points)} points of {self.name}, {self.runs_each} runs each, seed {self.seed}>"

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each point and figure: the point's values, the estimate, its interval."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run: the point, the replication, its own figures."""
        import pandas as pd

        return pd.DataFrame(self.own)

    def table(self, metrics: Iterable[str] = ()) -> pd.DataFrame:
        """A row for each point, a column for each figure: the estimates alone."""
        frame = self.frame
        chosen = [find(self.known, metric).name for metric in metrics] or [
            one.name for one in main(self.known)
        ]
        wide = frame[frame["metric"].isin(chosen)].pivot(index="point", columns="metric", values="value")
        return wide.reindex(columns=chosen)

    def plot(self, metric: str) -> Figure:
        """Lines with bands over one axis, a heat map over two, a panel for each axis otherwise."""
        from apigw_sim.report import sweeps

        one = find(self.known, metric)
        frame = self.frame
        return sweeps.draw(frame[frame["metric"] == one.name], self.axes, self.design, self.name, one.unit)


def sweep(
    scenario: Source,
    axes: Mapping[str, Axis],
    *,
    design: Design = "grid",
    size: int | None = None,
    runs: int = RUNS,
    seed: int | None = None,
    overrides: Overrides = (),
    confidence: float = CONFIDENCE,
    engine: str = "auto",
    workers: Workers = None,
    cluster: str | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Told | None = None,
    using: Mapper | None = None,
) -> Swept:
    """Run a scenario at every point of a design over its paths, on common random numbers.

    `grid` takes every combination, `list` the first values together, the second together and so on, `one_at_a_time`
    changes one path and leaves the others as they are, `latin_hypercube` takes `size` points between the ends of
    `Range`s. Memory does not grow with the runs but for a row of figures for each.
    """
    if runs < 1:
        raise StudyError("a sweep takes a run at each point or more, better 5")
    if isinstance(scenario, Scenario):
        raise StudyError("a sweep sets values in a scenario that is yet to be loaded: give its file")
    common = list(overrides.items()) if isinstance(overrides, Mapping) else list(overrides)
    base = prepare(scenario, common, seed=seed, engine=engine, runs=runs * 10)
    wanted_points = points(axes, design, size, base.seed)
    _try(scenario, common, axes)
    many = runs * len(wanted_points)
    folder = None
    if out is not None:
        folder = StudyFolder.begin(Path(out), design_of("sweep", base, wanted_points, design), RECORDS)
    ready = _Lazily(scenario, common, wanted_points, base, engine, many)
    done = Swept(base.scenario.name, base.seed, tuple(axes), wanted_points, design, runs, [], [])
    here: list[Record] = []
    wanted = (Key(point, replication) for point in range(len(wanted_points)) for replication in range(runs))
    with (
        at(using, fitting(workers, base.calls * many, base.engine), cluster) as where,
        closing(
            collect(wanted, lambda key: job(ready[key.point], key.replication), where, folder, progress)
        ) as coming,
    ):
        for key, found in coming:
            here.append(found)
            if len(here) == runs:
                _settle(done, key.point, here, confidence)
                here = []
    if folder is not None:
        folder.write_results("results.parquet", done.frame.astype(dict.fromkeys(axes, str)))
    return done


def _settle(done: Swept, number: int, records: list[Record], confidence: float) -> None:
    """Take in the runs of a point, and let their histograms go."""
    known = statistics(records)
    for name, one in known.items():
        done.known.setdefault(name, one)
    place = {"point": number} | {path: done.points[number].get(path) for path in done.axes}
    pools: dict[str, Cells] = {}
    done.rows += [place | row(one, one.estimate(records, confidence, pools)) for one in known.values()]
    done.own += [
        place | {"replication": record.replication} | {name: one.own(record) for name, one in known.items()}
        for record in records
    ]


def _try(scenario: Any, common: list[Any], axes: Mapping[str, Axis]) -> None:
    """Load the scenario with single values of the axes, and tell everything that is wrong with them at once."""
    each = max(TRIED // len(axes), 2)
    problems: list[Problem] = []
    for path, axis in axes.items():
        values = (
            [axis[step] for step in _spread(len(axis), each)]
            if not hasattr(axis, "at")
            else [axis.at(0), axis.at(1)]
        )
        for value in values:
            try:
                load(scenario, overrides=[*common, (path, value)])
            except ScenarioError as error:
                problems += error.problems
    if problems:
        raise ScenarioError(problems)


def _spread(length: int, most: int) -> list[int]:
    """At most so many places of a list, its ends among them."""
    if length <= most:
        return list(range(length))
    return sorted({round(number * (length - 1) / (most - 1)) for number in range(most)})


class _Lazily:
    """Points made ready when their first run is due; jobs come in the order of points, so two are kept."""

    def __init__(
        self, scenario: Any, common: list[Any], wanted: list[Point], base: Prepared, engine: str, runs: int
    ) -> None:
        self._of = (scenario, common, wanted, base, engine, runs)
        self._kept: dict[int, Prepared] = {}

    def __getitem__(self, number: int) -> Prepared:
        if number not in self._kept:
            scenario, common, wanted, base, engine, runs = self._of
            while len(self._kept) > 1:
                self._kept.pop(next(iter(self._kept)))
            chosen = [*common, *wanted[number].items()]
            self._kept[number] = prepare(scenario, chosen, seed=base.seed, engine=engine, runs=runs)
        return self._kept[number]
