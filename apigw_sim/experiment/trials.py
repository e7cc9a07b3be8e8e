"""One run of a capacity search: what it met and what its limits did."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim.experiment.collect import collect
from apigw_sim.experiment.folder import Format, Key, StudyFolder, read_table, table_bytes
from apigw_sim.experiment.judging import Outcome
from apigw_sim.experiment.runs import job_of
from apigw_sim.experiment.verdicts import has_mean, shown_bound

if TYPE_CHECKING:
    from apigw_sim.experiment.mapper import Mapper
    from apigw_sim.experiment.runs import Prepared
    from apigw_sim.metrics import Metrics
    from apigw_sim.scenario.expect import Expectation

PER_SETTING = 10_000
"""Replications set aside for each setting that is tried."""


class LimitSeen(NamedTuple):
    """What one limit of the plan did in a run."""

    peak_1s: int
    left: float | None
    first_refusal_s: float | None
    refused: int


class Trial(NamedTuple):
    """One finished run."""

    replication: int
    outcome: Outcome
    expectations: tuple[dict[str, Any], ...]
    """Of each its text, whether it was met (None: no sample), and the value found."""
    limits: tuple[LimitSeen, ...]
    requests: int
    """Requests that arrived after warm-up."""


def trial(metrics: Metrics, replication: int) -> Trial:
    """What is kept of a finished run."""
    metrics.finish()
    rows = tuple(watch.verdict() for watch in metrics.watches)
    limits = tuple(
        LimitSeen(row["peak_1s"], row["lowest_tokens"], row["first_refusal_s"], row["refused"])
        for row in metrics.limits.rows(metrics.gauges)
    )
    outcome = Outcome(
        all(row["met"] is True for row in rows),
        tuple(margin(watch.expectation, row) for watch, row in zip(metrics.watches, rows, strict=True)),
        _mark(metrics, rows),
    )
    told = tuple({name: row[name] for name in ("text", "met", "value")} for row in rows)
    return Trial(replication, outcome, told, limits, int(metrics.totals.cells.sum()))


def run(
    ready: Prepared, replications: Sequence[int], where: Mapper, folder: StudyFolder[Trial] | None = None, point: int = 0
) -> list[Trial]:  # fmt: skip
    """Make some replications of a point; they come in their order, from the folder where they are there."""
    wanted = (Key(point, replication) for replication in replications)
    return [
        one for _, one in collect(wanted, lambda key: job_of(ready, key.replication, trial), where, folder)
    ]


def margin(expectation: Expectation, row: dict[str, Any]) -> float:
    """By how much an expectation is met, in parts of its bound.

    1 or -1 where no mean can tell: without a sample, at a bound of 0, for == and !=, and in m of n periods.
    """
    if row["value"] is None or not has_mean(expectation):
        return 1.0 if row["met"] else -1.0
    bound = shown_bound(expectation)
    away = (float(row["value"]) - bound) / bound
    return -away if expectation.op in ("<", "<=") else away


def _mark(metrics: Metrics, rows: Sequence[dict[str, Any]]) -> str:
    """What a run comes to: to the nanosecond, so that two runs of the same are runs without chance."""
    totals = metrics.totals
    spreads = (totals.latency, totals.integration, *totals.call_latency)
    parts = [totals.cells.tobytes(), *(f"{s.count} {s.total} {s.least} {s.most}".encode() for s in spreads)]
    return hashlib.sha256(b"|".join([*parts, repr(rows).encode()])).hexdigest()


# a trial as a file


def to_parquet(found: Trial) -> bytes:
    """A trial as a Parquet file: a row an expectation, then a row a limit."""
    import pyarrow as pa

    outcome = found.outcome
    rows = [
        {"kind": "expectation", "name": row["text"], "met": row["met"], "value": row["value"], "margin": margin}
        for row, margin in zip(found.expectations, outcome.margins, strict=True)
    ] + [{"kind": "limit", **seen._asdict()} for seen in found.limits]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=pa.schema(_columns()))
    about = {"met": outcome.met, "mark": outcome.mark, "requests": found.requests}
    about |= {"replication": found.replication}
    return table_bytes(table.replace_schema_metadata({name: str(value) for name, value in about.items()}))


def _columns() -> list[tuple[str, Any]]:
    import pyarrow as pa

    of_expectation = [("met", pa.bool_()), ("value", pa.float64()), ("margin", pa.float64())]
    of_limit = [("peak_1s", pa.int64()), ("left", pa.float64()), ("first_refusal_s", pa.float64())]
    return [("kind", pa.string()), ("name", pa.string()), *of_expectation, *of_limit, ("refused", pa.int64())]


def from_parquet(data: bytes, replication: int) -> Trial:
    """The trial of a file."""
    table = read_table(data)
    about = {name.decode(): value.decode() for name, value in (table.schema.metadata or {}).items()}
    rows = table.to_pylist()
    told = [row for row in rows if row["kind"] == "expectation"]
    limits = tuple(
        LimitSeen(*(row[name] for name in LimitSeen._fields)) for row in rows if row["kind"] == "limit"
    )
    outcome = Outcome(about["met"] == "True", tuple(row["margin"] for row in told), about["mark"])
    expectations = tuple({"text": row["name"], "met": row["met"], "value": row["value"]} for row in told)
    return Trial(replication, outcome, expectations, limits, int(about["requests"]))


TRIALS: Format[Trial] = Format(to_parquet, from_parquet)
"""What a capacity search keeps."""
