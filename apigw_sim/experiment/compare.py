"""Alternatives beside a baseline, on common random numbers: better, worse, or not known yet.

The r-th run of each alternative has the draws of the r-th run of the baseline, call by call, so the difference within a
pair varies far less than the figures do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from apigw_sim.experiment.collect import Told, collect
from apigw_sim.experiment.estimates import CONFIDENCE, jackknife, t_quantile
from apigw_sim.experiment.folder import RECORDS, Key, StudyFolder
from apigw_sim.experiment.frames import StudyError, design
from apigw_sim.experiment.mapper import Mapper, Workers, at, fitting
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.runs import Prepared, Source, job, prepare
from apigw_sim.experiment.statistics import Statistic, find, main, statistics
from apigw_sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from apigw_sim.scenario.load import Overrides

RUNS = 10
FAR = 10_000
"""More runs than this are not counted out."""
Verdict = Literal["better", "worse", "higher", "lower", "same", "not known yet"]
Correction = Literal["holm", "bonferroni", "none"]
BETTER_HIGH = ("succeeded", "hit_ratio", "carried", "carried_per_s")
NEUTRAL = ("count", "offered_per_s", "calls", "attempts", "invocations")


@dataclass(frozen=True)
class Difference:
    """An alternative less the baseline in one figure."""

    metric: str
    unit: str
    alternative: str
    baseline: float | None
    value: float | None
    difference: float | None
    low: float | None
    high: float | None
    runs: int
    confidence: float
    """Of this interval, so that all together have the confidence that was asked for."""
    verdict: Verdict
    more_runs: int | None
    """About how many more it would take, if the difference is what it seems; None: known, or cannot be told."""
    pairing: float | None
    """How many times as many independent runs would tell as much as these pairs."""
    probability: float
    """Of a difference so far from 0, were there none; before any correction."""
    estimand: str


def direction(metric: str) -> int:
    """1 where more is better, -1 where less is, 0 where it is neither."""
    if metric.startswith("expectations."):
        return 1
    last = metric.rpartition(".")[2]
    if last in BETTER_HIGH:
        return 1
    return 0 if last in NEUTRAL or metric.startswith(("requests.by_status", "requests.by_reason")) else -1


@dataclass
class Comparison:
    """A baseline, its alternatives, and the runs of each."""

    names: tuple[str, ...]
    """The baseline's first."""
    seed: int
    records: list[list[Record]]
    confidence: float = CONFIDENCE
    correction: Correction = "holm"
    known: dict[str, Statistic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = statistics(record for of_one in self.records for record in of_one)

    def __repr__(self) -> str:
        return f"<{' and '.join(self.names[1:])} against {self.names[0]}: {len(self.records[0])} pairs of runs each>"

    def differences(self, metrics: Iterable[str] = ()) -> list[Difference]:
        """Each alternative against the baseline in each figure; those that matter most where none is named.

        All of them are one family: the confidence holds for all together.
        """
        chosen = [find(self.known, metric) for metric in metrics] or main(self.known)
        pairs = [(one, number) for one in chosen for number in range(1, len(self.names))]
        found = [(one, number, self._pair(one, number)) for one, number in pairs]
        told = [pair for _, _, pair in found]
        family = sum(pair is not None for pair in told) if self.correction != "none" else 1
        judged = _judged([1.0 if pair is None else pair.probability for pair in told], family, self)
        return [
            self._difference(one, number, pair, family, sure)
            for (one, number, pair), sure in zip(found, judged, strict=True)
        ]

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each alternative and each figure that matters; the family is all of them."""
        import pandas as pd

        return pd.DataFrame([vars(one) for one in self.differences()])

    def plot(self, metrics: Iterable[str] = ()) -> Figure:
        """The differences with their intervals, and what is known of them."""
        from apigw_sim.report.intervals import forest

        rows = [vars(one) for one in self.differences(metrics)]
        return forest(f"{self.names[0]} and its alternatives", rows)

    def _pair(self, one: Statistic, number: int) -> _Pair | None:
        """What the pairs of runs say of one figure."""
        before, after = self.records[0], self.records[number]
        if one.kind in ("share", "ratio"):
            a, b = (_contributions(one, records) for records in (before, after))
            if a is None or b is None:
                return None
        else:
            own = [(one.own(x), one.own(y)) for x, y in zip(before, after, strict=True)]
            both = [(x, y) for x, y in own if x is not None and y is not None]
            if len(both) < len(own):
                return None
            a, b = np.array([x for x, _ in both]), np.array([y for _, y in both])
        if len(a) < 2:
            return None
        return _Pair(a, b)

    def _difference(
        self, one: Statistic, number: int, pair: _Pair | None, family: int, sure: bool
    ) -> Difference:
        values = [one.estimate(self.records[which], self.confidence).value for which in (0, number)]
        confidence = 1 - (1 - self.confidence) / max(family, 1)
        runs = len(self.records[number])
        what = (
            "expected difference of a run's figure"
            if one.kind == "quantile"
            else "difference of " + one.estimand
        )
        if pair is None:
            return Difference(
                one.name, one.unit, self.names[number], values[0], values[1], None, None, None, runs, confidence,
                "not known yet", None, None, 1.0, what,
            )  # fmt: skip
        reach = t_quantile(pair.runs, confidence) * pair.error
        verdict: Verdict = "not known yet"
        if pair.alike:
            verdict = "same"
        elif sure:
            sign = direction(one.name)
            good: Verdict = "better" if sign else "higher"
            bad: Verdict = "worse" if sign else "lower"
            verdict = good if pair.mean * (sign or 1) > 0 else bad
        more = _more(pair, confidence) if verdict == "not known yet" else None
        return Difference(
            one.name, one.unit, self.names[number], values[0], values[1], pair.mean, pair.mean - reach,
            pair.mean + reach, runs, confidence, verdict, more, pair.bought, pair.probability, what,
        )  # fmt: skip


class _Pair:
    """Paired values of a figure and their differences."""

    def __init__(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> None:
        from scipy.special import stdtr

        away = after - before
        self.runs = len(away)
        self.mean = float(away.mean())
        self.variance = float(away.var(ddof=1))
        scale = float(max(np.abs(before).max(), np.abs(after).max()))
        self.alike = bool(np.all(np.abs(away) <= 1e-12 * scale))
        self.error = math.sqrt(self.variance / self.runs)
        apart = float(before.var(ddof=1) + after.var(ddof=1))
        self.bought = apart / self.variance if self.variance > 1e-24 * scale * scale else None
        if self.alike:
            self.probability = 1.0
        elif self.error == 0:
            self.probability = 0.0
        else:
            self.probability = float(2 * stdtr(self.runs - 1, -abs(self.mean) / self.error))


def _contributions(one: Statistic, records: Sequence[Record]) -> NDArray[np.float64] | None:
    """What each run contributes to a ratio over all runs; None where too few runs have any."""
    pairs = [one.pair(record) for record in records]
    part, whole = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    if len(part) < 2 or np.any(whole.sum() - whole <= 0):
        return None
    return jackknife(part, whole)


def _judged(probabilities: Sequence[float], family: int, study: Comparison) -> list[bool]:
    """Which differences are known, at the confidence for all together (Holm 1979, or Bonferroni)."""
    alpha = 1 - study.confidence
    if study.correction != "holm":
        return [p <= alpha / max(family, 1) for p in probabilities]
    sure = [False] * len(probabilities)
    order = sorted(range(len(probabilities)), key=lambda number: probabilities[number])
    for step, number in enumerate(order):
        if probabilities[number] > alpha / max(family - step, 1):
            break
        sure[number] = True
    return sure


def _more(pair: _Pair, confidence: float) -> int | None:
    """About how many more runs it takes until the interval leaves 0 out."""
    if pair.mean == 0:
        return None
    need = pair.runs + 1
    while need < FAR:
        reach = t_quantile(need, confidence) * math.sqrt(pair.variance / need)
        if reach < abs(pair.mean):
            return need - pair.runs
        need = max(need + 1, math.ceil(min(need * (reach / pair.mean) ** 2, FAR)))
    return None


def compare(
    baseline: Source,
    alternatives: Mapping[str, Source | Overrides] | Sequence[Source],
    *,
    runs: int = RUNS,
    seed: int | None = None,
    overrides: Overrides = (),
    confidence: float = CONFIDENCE,
    correction: Correction = "holm",
    engine: str = "auto",
    workers: Workers = None,
    cluster: str | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Told | None = None,
    using: Mapper | None = None,
) -> Comparison:
    """Run a baseline and its alternatives on common random numbers and say what differs.

    An alternative is another scenario, or overrides of the baseline: `{"twice": {"account.throttle.rate": "5000/s"}}`.
    `overrides` hold for all of them. All have the baseline's seed, or `seed`.
    """
    if runs < 2:
        raise StudyError("a comparison takes 2 runs of each or more, better 10")
    if correction not in ("holm", "bonferroni", "none"):
        raise StudyError(f"correction '{correction}': one of holm, bonferroni, none")
    ready = [prepare(baseline, overrides, seed=seed, engine=engine, runs=runs)]
    names = ["baseline"]
    for name, alternative in _named(alternatives):
        names.append(name)
        ready.append(_alternative(baseline, alternative, overrides, ready[0], engine, runs))
    if len(ready) < 2:
        raise StudyError("there is nothing to compare with; give an alternative")
    points = [{"name": name, "sha256": one.scenario.sha256()} for name, one in zip(names, ready, strict=True)]
    folder = (
        None
        if out is None
        else StudyFolder.begin(Path(out), design("compare", ready[0], points, "paired"), RECORDS)
    )
    records: list[list[Record]] = [[] for _ in ready]
    # Pair by pair, so that an interrupted study has whole pairs.
    wanted = (Key(point, replication) for replication in range(runs) for point in range(len(ready)))
    with (
        at(
            using, fitting(workers, sum(one.calls for one in ready) * runs, ready[0].engine), cluster
        ) as where,
        closing(
            collect(wanted, lambda key: job(ready[key.point], key.replication), where, folder, progress)
        ) as coming,
    ):
        for key, found in coming:
            records[key.point].append(found)
    done = Comparison(tuple(names), ready[0].seed, records, confidence, correction)
    if folder is not None:
        folder.write_results("results.parquet", done.frame)
    return done


def _named(alternatives: Mapping[str, Any] | Sequence[Any]) -> list[tuple[str, Any]]:
    if isinstance(alternatives, Mapping):
        return list(alternatives.items())
    found = []
    for number, one in enumerate(alternatives, 1):
        found.append((Path(one).stem if isinstance(one, str | os.PathLike) else f"alternative {number}", one))
    return found


def _alternative(
    baseline: Source, alternative: Any, overrides: Overrides, first: Prepared, engine: str, runs: int
) -> Prepared:
    chosen = first.engine if engine == "auto" else engine
    common = list(overrides.items()) if isinstance(overrides, Mapping) else list(overrides)
    if isinstance(alternative, str | os.PathLike | Scenario) or _is_scenario(alternative):
        return prepare(alternative, common, seed=first.seed, engine=chosen, runs=runs)
    if isinstance(baseline, Scenario):
        raise StudyError("overrides are for a baseline that is yet to be loaded: give its file")
    more = list(alternative.items()) if isinstance(alternative, Mapping) else list(alternative)
    return prepare(baseline, [*common, *more], seed=first.seed, engine=chosen, runs=runs)


def _is_scenario(data: Any) -> bool:
    return isinstance(data, Mapping) and "apis" in data and "clients" in data
