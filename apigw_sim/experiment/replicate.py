"""Replications: independent runs of one scenario, and what they say together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from apigw_sim.compose import simulate
from apigw_sim.experiment.collect import Told, collect
from apigw_sim.experiment.estimates import CONFIDENCE, Interval
from apigw_sim.experiment.folder import RECORDS, Key, StudyFolder
from apigw_sim.experiment.frames import StudyError, design, row, runs_frame
from apigw_sim.experiment.mapper import Mapper, Workers, at, fitting
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.runs import Prepared, Source, job, prepare
from apigw_sim.experiment.statistics import Statistic, find, main, statistics
from apigw_sim.experiment.stopping import MOST, Stopping, Target
from apigw_sim.experiment.verdicts import NO_SAMPLE, NOT_MET, Judged, over_runs
from apigw_sim.experiment.warmup import Batches, Correlation, correlation, mser, pilot
from apigw_sim.plan import plan
from apigw_sim.scenario import Scenario
from apigw_sim.units import MS, UnitError, duration, show_duration

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario.load import Overrides

RUNS = 10
"""Runs of a study that says neither how many nor how precise."""
PILOT = 5
"""Replications on which the warm-up is looked for."""
Window = Literal["terminating", "steady"]


@dataclass(frozen=True)
class WarmUp:
    """What was cut at the beginning, and why."""

    cut_ns: int
    how: str
    slot_ns: int = 0
    series: NDArray[np.float64] | None = None
    """Mean latency in ms by slot, over the pilot's replications."""
    spread: NDArray[np.float64] | None = None
    """Their standard deviation by slot."""
    settled: bool = True


@dataclass
class Replications:
    """Several runs of one scenario and their figures, each with its interval."""

    scenario: Scenario
    seed: int
    window: Window
    warm_up: WarmUp
    records: list[Record]
    confidence: float = CONFIDENCE
    stopping: Stopping | None = None
    batches: dict[str, Correlation] | None = None
    """Of one long run cut into batches: how far neighbours hang together, by metric."""
    known: dict[str, Statistic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = statistics(self.records)

    def __repr__(self) -> str:
        return f"<{len(self.records)} runs of {self.scenario.name}, seed {self.seed}>"

    def interval(self, metric: str) -> Interval:
        """A figure with its interval; `metric` as in the frame, or as an expectation says it."""
        return self._estimate(find(self.known, metric))

    def _estimate(self, statistic: Statistic, runs: int | None = None) -> Interval:
        records = self.records[:runs]
        if self.stopping is not None:
            return self.stopping.estimate(statistic, records)
        return statistic.estimate(records, self.confidence)

    def intervals(self, metrics: Iterable[str] = ()) -> list[tuple[Statistic, Interval]]:
        """Several figures; those that matter most where none is named."""
        found = [find(self.known, metric) for metric in metrics] or main(self.known)
        return [(statistic, self._estimate(statistic)) for statistic in found]

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each figure: estimate, interval, what it estimates, how, and how far to trust it."""
        import pandas as pd

        return pd.DataFrame([row(one, self._estimate(one)) for one in self.known.values()])

    @property
    def runs(self) -> pd.DataFrame:
        """A row for each run, a column for each figure."""
        return runs_frame(self.records, self.known)

    @property
    def reached(self) -> bool:
        """Whether every precision that was asked for was reached; True if none was."""
        if self.stopping is None:
            return True
        return all(target.met(self.interval(target.metric)) for target in self.stopping.targets)

    @property
    def judged(self) -> list[Judged]:
        """Each expectation of the scenario over all runs: met, not met or undecided, with its interval; batches have none."""
        if self.batches is not None:
            return []
        texts = [one.text for one in self.scenario.expect]
        rows = [[_seen(record, text) for text in texts] for record in self.records]
        return over_runs(self.scenario.expect, rows, self.confidence)

    @property
    def failed(self) -> list[str]:
        """Expectations that the runs together do not meet, or of which no run had a sample; undecided is no failure."""
        return [one.text for one in self.judged if one.outcome in (NOT_MET, NO_SAMPLE)]

    def plot(self, metrics: Iterable[str] = ()) -> Figure:
        """How each figure settled as runs were added, with its interval."""
        from apigw_sim.report.intervals import convergence

        return convergence(self.scenario.name, self._paths(metrics), self.confidence)

    def plot_warm_up(self) -> Figure:
        """The mean latency by time, and what was cut."""
        from apigw_sim.report.intervals import warm_up

        if self.warm_up.series is None:
            raise StudyError("nothing was looked at to find the warm-up: replicate with warm_up='mser-5'")
        return warm_up(
            self.scenario.name, self.warm_up.series, self.warm_up.spread, self.warm_up.slot_ns,
            self.warm_up.cut_ns, self.warm_up.how,
        )  # fmt: skip

    def _paths(self, metrics: Iterable[str]) -> list[dict[str, Any]]:
        """Of each figure: its estimate and interval from the first n runs, and each run's own value."""
        chosen = [find(self.known, metric) for metric in metrics] or main(self.known)[:6]
        steps = np.unique(np.linspace(2, len(self.records), min(len(self.records), 40)).astype(int)).tolist()
        found = []
        for one in chosen:
            path = [(n, self._estimate(one, n)) for n in steps if n >= 2]
            own = [one.own(record) for record in self.records]
            found.append({"metric": one.name, "unit": one.unit, "path": path, "own": own})
        return found


def _seen(record: Record, text: str) -> dict[str, Any]:
    """What a run found of an expectation, as its summary would have it."""
    met = record.shares.get(f"expectations.{text}")
    return {"met": None if met is None else bool(met[0]), "value": record.values.get(f"expected.{text}")}


def replicate(
    scenario: Source,
    *,
    runs: int | None = None,
    precision: str | Iterable[str] = (),
    most: int = MOST,
    seed: int | None = None,
    overrides: Overrides = (),
    confidence: float = CONFIDENCE,
    steady: bool = False,
    warm_up: str = "scenario",
    engine: str = "auto",
    workers: Workers = None,
    cluster: str | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Told | None = None,
    using: Mapper | None = None,
) -> Replications:
    """Run a scenario many times, independently, and say what they say together.

    So many `runs`, or until every `precision` is reached, such as `shop/prod p99(Latency) 2 %`, within `most` runs.
    A run is terminating: it begins as the scenario says and what happens then belongs to it. With `steady` the long
    run is meant, and `warm_up` says what is cut: `scenario` (the scenario's own), `mser-5`, `none`, or a time.
    With `out` each finished run is written there at once, and calling this again goes on where it was ended.
    """
    targets = [Target.read(text) for text in ([precision] if isinstance(precision, str) else precision)]
    _check(runs, targets, most, confidence)
    cut, ready = _with_warm_up(scenario, overrides, seed, engine, warm_up, steady, runs or RUNS)
    budget = (runs or most) if targets else (runs or RUNS)
    stopping = Stopping(targets, budget, confidence)
    window: Window = "steady" if steady else "terminating"
    about = design("replicate", ready, [{}], window) | {"warm_up": show_duration(cut.cut_ns)}
    folder = None if out is None else StudyFolder.begin(Path(out), about, RECORDS)
    records: list[Record] = []
    wanted = (Key(0, number) for number in range(budget))
    with (
        at(using, fitting(workers, ready.calls * budget, ready.engine), cluster) as where,
        closing(collect(wanted, lambda key: job(ready, key.replication), where, folder, progress)) as coming,
    ):
        for _, found in coming:
            records.append(found)
            if targets and stopping.enough(records, statistics(records)):
                break
    done = Replications(
        ready.scenario, ready.seed, window, cut, records, confidence, stopping if targets else None
    )
    if folder is not None:
        folder.write_results("results.parquet", done.frame)
    return done


def _check(runs: int | None, targets: list[Target], most: int, confidence: float) -> None:
    if runs is not None and runs < 1:
        raise StudyError(f"{runs} runs are no study; ask for 2 or more, better 10")
    if most < 2:
        raise StudyError(f"a budget of {most} runs gives no interval; allow 2 or more")
    if not 0.5 <= confidence < 1:
        raise StudyError(f"a confidence of {confidence:g} cannot be; write one such as 0.95")
    if len({target.metric for target in targets}) < len(targets):
        raise StudyError("a metric has two precisions; give the narrower one")


def _with_warm_up(
    source: Source, overrides: Overrides, seed: int | None, engine: str, warm_up: str, steady: bool, runs: int
) -> tuple[WarmUp, Prepared]:
    """The scenario with its warm-up, found or given, and what was cut."""
    ready = prepare(source, overrides, seed=seed, engine=engine, runs=runs)
    if warm_up == "scenario":
        return WarmUp(ready.scenario.run.warm_up, "as the scenario says"), ready
    if isinstance(source, Scenario):
        raise StudyError("a warm-up is set in a scenario that is yet to be loaded: give its file")
    if warm_up == "none":
        cut = WarmUp(0, "none")
    elif warm_up == "mser-5":
        if not steady:
            raise StudyError(
                "mser-5 looks for where a run settles: it is for steady=True, on the command line --steady"
            )
        cut = _looked_for(plan(ready.scenario), ready)
    else:
        try:
            cut = WarmUp(duration(warm_up), "fixed")
        except UnitError as error:
            raise StudyError(f"warm-up: {error}; or scenario, mser-5 or none") from None
    pairs = list(overrides.items()) if isinstance(overrides, Mapping) else list(overrides)
    again = prepare(
        source,
        [*pairs, ("run.warm_up", show_duration(cut.cut_ns))],
        seed=seed,
        engine=ready.engine,
        runs=runs,
    )
    return cut, again


def _looked_for(planned: Plan, ready: Prepared) -> WarmUp:
    """MSER-5 on the mean over a pilot's replications, which smooths what is chance and keeps what is not."""
    rows, slot = pilot(planned, ready.seed, ready.engine, PILOT)
    series = rows.mean(axis=0)
    found = mser(series)
    how = f"MSER-5 on the mean latency of {PILOT} replications"
    if not found.settled:
        how += "; it finds no place where the run settles: make the run longer"
    # A whole number of ms, so that it can be written and read.
    cut = -(-found.cut * slot // MS) * MS if found.settled else planned.duration // 2 // MS * MS
    return WarmUp(min(cut, planned.duration - 1), how, slot, series, rows.std(axis=0, ddof=1), found.settled)


def batch(
    scenario: Source,
    batches: int = 20,
    *,
    seed: int | None = None,
    replication: int = 0,
    overrides: Overrides = (),
    confidence: float = CONFIDENCE,
    warm_up: str = "scenario",
    engine: str = "auto",
) -> Replications:
    """One long run cut into batches, which are taken for runs; `Replications.batches` says how far they hang together."""
    if batches < 5:
        raise StudyError(f"{batches} batches say little of how batches differ; take 10 to 30")
    cut, ready = _with_warm_up(scenario, overrides, seed, engine, warm_up, True, 1)
    planned = plan(ready.scenario)
    if planned.duration - planned.warm_up < batches:
        raise StudyError("the run is too short for so many batches")
    sink = Batches(planned, batches)
    simulate(planned, ready.seed, replication=replication, engine=ready.engine, sink=sink.fold)
    records = sink.records()
    done = Replications(ready.scenario, ready.seed, "steady", cut, records, confidence)
    done.batches = {}
    for name, one in done.known.items():
        own = [value for record in records if (value := one.own(record)) is not None]
        if len(own) == batches:
            done.batches[name] = correlation(np.array(own))
    return done
