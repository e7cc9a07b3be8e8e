"""What replications, comparisons and sweeps share: the design that a folder keeps, and rows of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apigw_sim.errors import ApigwSimError
from apigw_sim.experiment.estimates import Interval
from apigw_sim.experiment.folder import versions
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.runs import Prepared
from apigw_sim.experiment.statistics import Statistic

if TYPE_CHECKING:
    import pandas as pd


class StudyError(ApigwSimError):
    """A study that cannot be made as it is asked for."""


def design(kind: str, ready: Prepared, points: Sequence[Mapping[str, Any]], window: str) -> dict[str, Any]:
    """What study.json holds: everything that makes the runs of a study what they are."""
    return {
        "kind": kind,
        "scenario": ready.scenario.name,
        "scenario_sha256": ready.scenario.sha256(),
        "tables_sha256": ready.parcel.plan.tables_sha256,
        "seed": ready.seed,
        "window": window,
        "points": [{name: str(value) for name, value in point.items()} for point in points],
        "versions": versions(),
        "resolved": ready.scenario.resolved(),
    }


def row(statistic: Statistic, interval: Interval) -> dict[str, Any]:
    """A row of a frame of results."""
    return {
        "metric": statistic.name, "unit": statistic.unit, "value": interval.value, "low": interval.low,
        "high": interval.high, "runs": interval.runs, "confidence": interval.confidence,
        "estimand": interval.estimand, "method": interval.method, "trust": interval.trust,
        "runs_to_mend": interval.mend,
    }  # fmt: skip


def runs_frame(records: Sequence[Record], known: Mapping[str, Statistic]) -> pd.DataFrame:
    """Each run's own figures."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"replication": record.replication} | {name: one.own(record) for name, one in known.items()}
            for record in records
        ]
    )
