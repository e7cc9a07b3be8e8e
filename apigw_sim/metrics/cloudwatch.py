"""The figures as files: metrics.csv, and metrics.json in the shape of CloudWatch's GetMetricData."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.series import KINDS, MILLISECONDS, STATISTICS, Kind, Series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from apigw_sim.metrics.fold import Metrics

DIMENSIONS = (
    "api",
    "stage",
    "resource",
    "method",
    "function",
    "executed_version",
    "queue",
    "stream",
    "table",
    "web_acl",
    "rule",
    "region",
)
"""The columns that name a series."""
HEADER = ("timestamp", "phase", "namespace", "metric", *DIMENSIONS, "unit")
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def begin(metrics: Metrics, period: int) -> datetime:
    """The instant, in UTC, at which a period begins."""
    offset = timedelta(microseconds=period * metrics.plan.period // 1000)
    return metrics.plan.start.astimezone(UTC) + offset


def iso(instant: datetime) -> str:
    """An instant of UTC, such as 2026-11-27T09:00:00Z."""
    return instant.isoformat().replace("+00:00", "Z")


def csv_lines(metrics: Metrics) -> Iterator[str]:
    """The lines of metrics.csv: a row per period, series and metric that had a sample."""
    yield _line((*HEADER, *STATISTICS))
    columns = metrics.columns()
    heads: dict[tuple[int, int], str] = {}
    last, front = -1, ""
    for period, series, metric, values in zip(
        columns.period.tolist(), columns.series.tolist(), columns.metric.tolist(), columns.values.tolist(),
        strict=True,
    ):  # fmt: skip
        if period != last:
            last, front = period, f"{iso(begin(metrics, period))},{metrics.phase(period)}"
        kind = KINDS[metric]
        show = _milliseconds if kind.unit == MILLISECONDS else _count
        numbers = ",".join([f"{values[0]:.0f}", *map(show, values[1:])])
        head = heads.get((series, metric))
        if head is None:
            head = heads[series, metric] = _head(metrics.numbering.series[series], kind)
        yield f"{front},{head},{numbers}\n"


def _head(series: Series, kind: Kind) -> str:
    names = (
        series.api,
        series.stage,
        series.resource,
        series.method,
        series.function,
        series.executed_version,
        series.queue,
        series.stream,
        series.table,
        series.web_acl,
        series.rule,
        series.region,
    )
    return _line((series.namespace, series.name_of(kind), *names, kind.unit))[:-1]


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _milliseconds(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _count(value: float) -> str:
    """A count, or a share to six decimals; empty where there is none."""
    if value.is_integer():
        return f"{value:.0f}"
    return "" if math.isnan(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def get_metric_data(metrics: Metrics) -> dict[str, Any]:
    """What GetMetricData would answer: for each series and metric the statistics that a console shows."""
    columns = metrics.columns()
    order = np.lexsort((columns.period, columns.metric, columns.series))
    results: list[dict[str, Any]] = []
    taken: set[str] = set()
    for rows in _runs(columns.series[order] * len(KINDS) + columns.metric[order]):
        mine = order[rows]
        series = metrics.numbering.series[int(columns.series[mine[0]])]
        kind = KINDS[int(columns.metric[mine[0]])]
        stamps = [begin(metrics, int(period)).isoformat() for period in columns.period[mine]]
        for statistic in kind.natural:
            values = columns.values[mine, STATISTICS.index(statistic)]
            results.append({
                "Id": _identifier(series, series.name_of(kind), statistic, taken),
                "Label": f"{series.label} {series.name_of(kind)} {statistic}".strip(),
                "Timestamps": stamps,
                "Values": [_number(value) for value in values.tolist()],
                "StatusCode": "Complete",
            })  # fmt: skip
    return {"MetricDataResults": results}


def to_json(found: dict[str, Any]) -> str:
    """The text of metrics.json, a line per result, with a line feed at the end."""
    lines = ",\n".join(
        json.dumps(result, ensure_ascii=False, allow_nan=False) for result in found["MetricDataResults"]
    )
    return f'{{"MetricDataResults": [\n{lines}\n]}}\n' if lines else '{"MetricDataResults": []}\n'


def _runs(keys: NDArray[np.int64]) -> Iterator[slice]:
    """The stretches of equal keys."""
    if not len(keys):
        return
    cuts = [0, *(np.nonzero(np.diff(keys))[0] + 1).tolist(), len(keys)]
    for first, end in pairwise(cuts):
        yield slice(first, end)


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else round(value, 6)


def _identifier(series: Series, metric: str, statistic: str, taken: set[str]) -> str:
    """An Id as GetMetricData asks for: a small letter, then letters, digits and underscores; each once."""
    dimensions = (
        series.api, series.stage, series.method, series.resource, series.function, series.executed_version, series.queue,
        series.stream, series.table, series.web_acl, series.rule, series.region,
    )  # fmt: skip
    words = ("m", metric, statistic, *dimensions)
    stem = _NOT_A_WORD.sub("_", "_".join(word for word in words if word).lower()).strip("_")[:240]
    name, again = stem, 1
    while name in taken:
        again += 1
        name = f"{stem}_{again}"
    taken.add(name)
    return name
