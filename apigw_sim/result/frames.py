"""Frames of what the metrics kept: CloudWatch's figures, the traffic and the buckets, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apigw_sim.metrics.cloudwatch import DIMENSIONS
from apigw_sim.metrics.coding import CARRIED, Fate
from apigw_sim.metrics.gauges import GaugeNames
from apigw_sim.metrics.series import KINDS, NS_PER_MS, OF_HTTP, STATISTICS
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.metrics import Metrics


def metrics_frame(metrics: Metrics) -> pd.DataFrame:
    """metrics.csv as a frame: a row per period, series and metric; times in ms."""
    columns = metrics.columns()
    series = metrics.numbering.series
    made: dict[str, Any] = _when(metrics, columns.period)
    made["namespace"] = _categories(columns.series, [one.namespace for one in series])
    http = np.array([one.http for one in series], bool)[columns.series]
    names = [*(kind.name for kind in KINDS), *(OF_HTTP.get(kind.name, kind.name) for kind in KINDS)]
    made["metric"] = _categories(columns.metric + len(KINDS) * http, names)
    for name in DIMENSIONS:
        made[name] = _categories(columns.series, [getattr(one, name) for one in series])
    made["unit"] = _categories(columns.metric, [kind.unit for kind in KINDS])
    made |= {name: columns.values[:, number] for number, name in enumerate(STATISTICS)}
    made["SampleCount"] = columns.values[:, 0].astype(np.int64)
    return pd.DataFrame(made)


def traffic_frame(metrics: Metrics) -> pd.DataFrame:
    """A row per period and stage (`""`: all of them): attempts by fate, hits and misses, latencies in ms."""
    rows = metrics.traffic()
    stages = [stage.name for stage in metrics.plan.stages]
    made: dict[str, Any] = _when(metrics, np.array([row.period for row in rows], np.int64))
    made["begin_s"] = [row.period * metrics.plan.period / SECOND for row in rows]
    made["stage"] = ["" if row.stage < 0 else stages[row.stage] for row in rows]
    fates = np.array([row.fates for row in rows], np.int64).reshape(len(rows), len(Fate))
    made["offered"] = fates.sum(axis=1)
    made["carried"] = fates[:, CARRIED].sum(axis=1)
    made |= {fate.name.lower(): fates[:, fate] for fate in Fate if fate not in CARRIED}
    made |= {name: np.array([getattr(row, name) for row in rows], np.int64) for name in ("hits", "misses")}
    for name in ("p50", "p99", "carried_p50", "carried_p99"):
        made[f"{name}_ms"] = np.array([getattr(row, name) for row in rows], np.float64) / NS_PER_MS
    return pd.DataFrame(made)


def lows_frame(metrics: Metrics) -> pd.DataFrame:
    """A row per period and limit whose buckets or quotas were touched: the least share of its burst that one held.

    `empty`: one held less than a request.
    """
    plan = metrics.plan
    names = GaugeNames(plan)
    states = {
        GaugeKind.TOKENS: (TOKEN, metrics.limits.at.bucket_states()),
        GaugeKind.QUOTA_LEFT: (1, metrics.limits.at.quota_states()),
    }
    rows: list[tuple[int, int, float, bool]] = []
    for period, gauges, low in metrics.gauges.lows:
        least: dict[int, tuple[float, bool]] = {}
        for gauge, held in zip(gauges.tolist(), low.tolist(), strict=True):
            kind, target = names.decode(gauge)
            one, of_kind = states[kind]
            end = (period + 1) * plan.period
            _, limit, full = next(state for state in reversed(of_kind[target]) if state[0] < end)
            if limit == NULL:
                continue
            share = min(held / full, 1.0) if full else 0.0
            before = least.get(limit, (1.0, False))
            least[limit] = (min(before[0], share), before[1] or held < one)
        rows += [(period, limit, *found) for limit, found in sorted(least.items())]
    made: dict[str, Any] = _when(metrics, np.array([row[0] for row in rows], np.int64))
    made["begin_s"] = [row[0] * plan.period / SECOND for row in rows]
    made["limit"] = [plan.limits[row[1]].label for row in rows]
    made["share"] = np.array([row[2] for row in rows], np.float64)
    made["empty"] = np.array([row[3] for row in rows], bool)
    return pd.DataFrame(made)


def _when(metrics: Metrics, period: NDArray[np.int64]) -> dict[str, Any]:
    """The beginning of each period, in UTC, and its phase."""
    start = pd.Timestamp(metrics.plan.start).tz_convert("UTC").as_unit("ns")
    return {
        "timestamp": start + pd.to_timedelta(period * metrics.plan.period, unit="ns"),
        "phase": [str(metrics.phase(number)) for number in period.tolist()],
    }


def _categories(numbers: NDArray[np.int64], names: list[str]) -> Any:
    distinct = list(dict.fromkeys(names))
    place = {name: number for number, name in enumerate(distinct)}
    to = np.array([place[name] for name in names], np.int64)
    return pd.Categorical.from_codes(to[numbers], dtype=pd.CategoricalDtype(distinct))
