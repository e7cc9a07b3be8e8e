"""What `apigw_sim.run()` gives back."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apigw_sim.draws import draw
from apigw_sim.errors import ApigwSimError
from apigw_sim.metrics import About, Metrics, cloudwatch
from apigw_sim.metrics.summary import summary, to_json
from apigw_sim.records import ATTEMPTS, CALLS, ENVIRONMENTS, INVOCATIONS, JOURNAL, LEVELS, NULL, Table
from apigw_sim.result import folder
from apigw_sim.result.kept import Kept

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

    from apigw_sim.plan.tables import Plan
    from apigw_sim.report.overview import Story
    from apigw_sim.scenario import Scenario

ROW_GROUP = 1_000_000
LOG_ROWS = 32_000
"""Requests that are rendered together."""


class NotKeptError(ApigwSimError):
    """Rows were asked for that the run did not keep."""


class Result:
    """A run: what CloudWatch would show, the summary, and with `requests=True` every row.

    Made by the composer from `plan` (what ran), `scenario` (what was asked), `metrics` (which were told every block),
    `kept` (a sink that was given every block too) and `about` (engine, version, hash, overrides).
    """

    def __init__(
        self,
        plan: Plan,
        scenario: Scenario | None,
        metrics: Metrics,
        kept: Kept,
        about: About,
        replication: int = 0,
    ) -> None:
        metrics.finish()
        self.plan = plan
        self.scenario = scenario
        self.about = about
        self._told = metrics
        self._kept = kept
        self._replication = replication

    def __repr__(self) -> str:
        count = self.summary["requests"]["count"]
        return f"<Result of {self.plan.name}, seed {self.about.seed}: {count:,} requests>"

    # what came out

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What summary.json holds."""
        return summary(self._told, self.about)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """CloudWatch's metrics: a row per period, series and metric, as in metrics.csv; times in ms."""
        from apigw_sim.result.frames import metrics_frame

        return metrics_frame(self._told)

    @cached_property
    def traffic(self) -> pd.DataFrame:
        """Attempts by what became of them: a row per period and stage (`""`: all), stamped as CloudWatch does."""
        from apigw_sim.result.frames import traffic_frame

        return traffic_frame(self._told)

    @property
    def requests(self) -> pd.DataFrame:
        """A row per attempt, in the order of answers, decoded; only with `requests=True`."""
        return self._frame(ATTEMPTS, "requests")

    @property
    def invocations(self) -> pd.DataFrame:
        """A row per piece of backend work, in the order of ends, decoded; only with `requests=True`."""
        return self._frame(INVOCATIONS, "invocations")

    @property
    def calls(self) -> pd.DataFrame:
        """A row per call, decoded; only with `requests=True`."""
        return self._frame(CALLS, "calls")

    @property
    def environments(self) -> pd.DataFrame:
        """A row per execution environment, decoded; only with `requests=True`."""
        return self._frame(ENVIRONMENTS, "environments")

    @property
    def levels(self) -> pd.DataFrame:
        """Levels of gauges at ticks: concurrency, environments, tokens; areas in unit x s."""
        return self._frame(LEVELS, "levels")

    @property
    def journal(self) -> pd.DataFrame:
        """What the timeline did, and when; `ends`: the entry's effect ended."""
        return self._frame(JOURNAL, "journal")

    def _frame(self, table: Table, name: str) -> pd.DataFrame:
        self._must_keep(table, name, "requests=True", "--requests")
        import pandas as pd
        import pyarrow as pa

        from apigw_sim.result.decoded import Decoder

        nullable: dict[pa.DataType, Any] = {
            pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(),
            pa.int64(): pd.Int64Dtype(),
        }  # fmt: skip
        decoded = Decoder(self.plan).table(table, self._kept.columns(table))
        frame: pd.DataFrame = decoded.to_pandas(types_mapper=nullable.get)
        return frame

    def _must_keep(self, table: Table, name: str, asked: str, option: str) -> None:
        if not self._kept.keeps(table):
            raise NotKeptError(
                f"result.{name}: a run keeps no rows unless it is asked to; run it with {asked}, "
                f"on the command line with {option}"
            )

    # pictures

    def plot(self) -> Figure:
        """The overview: what was offered, carried and refused, latencies, concurrency, cache and buckets over time."""
        from apigw_sim.report import overview

        return overview.draw(self._story())

    def _story(self) -> Story:
        from apigw_sim.report.overview import story
        from apigw_sim.result.frames import lows_frame

        return story(self.summary, self._told, self.traffic, self.metrics, lows_frame(self._told))

    def _repr_html_(self) -> str:
        from apigw_sim.report.card import card

        return card(self.summary, self.traffic, self.plan.period)

    # files

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write summary.json, metrics.csv, metrics.json and overview.svg.

        If rows were kept, requests.parquet too; if logs were asked for, access.API.STAGE.log and traces.API.STAGE.jsonl of
        the stages that have an access log, and X-Ray.

        The folder is filled beside and renamed; an existing one is replaced only if it is empty or holds a
        summary.json.
        """
        folder.replace(Path(path), self._fill)

    def write_access_log(self, stage: str, path: str | os.PathLike[str]) -> None:
        """Write the access log of a stage, `api/stage`, as API Gateway would; with `requests=True` or `logs=True`.

        A line for each request in the order of answers, by the stage's `access_log`; the file is whole or not there.
        """
        from apigw_sim.logs import access

        logging = self._logging()
        if stage not in logging:
            known = f"these stages have one: {', '.join(logging)}" if logging else "no stage has one"
            raise NotKeptError(f"{stage} has no access_log; {known}")
        self._must_keep(ATTEMPTS, "write_access_log", "requests=True or logs=True", "--logs")
        draws = draw(self.plan, self.about.seed, self._replication)
        chunks = self._kept.chunks(ATTEMPTS, LOG_ROWS)
        folder.write_lines(Path(path), access.lines(draws, logging[stage], chunks))

    def write_traces(self, stage: str, path: str | os.PathLike[str]) -> None:
        """Write the X-Ray segments of a stage, `api/stage`, one JSON document a line; needs what access logs need.

        X-Ray's default rule samples the first request of each second over all stages with `xray`, and 5 % of the rest.
        """
        from apigw_sim.logs import xray

        traced = self._tracing()
        if stage not in traced:
            raise NotKeptError(f"{stage} has no xray; write xray: true under the stage")
        self._must_keep(ATTEMPTS, "write_traces", "requests=True or logs=True", "--logs")
        draws = draw(self.plan, self.about.seed, self._replication)
        texts = xray.lines(draws, traced[stage], lambda: self._kept.chunks(ATTEMPTS, LOG_ROWS))
        folder.write_lines(Path(path), texts)

    def execution_logs(self, headers: int = 500) -> pd.DataFrame:
        """What the execution log of each stage of a REST API would come to: events and bytes, by level and data trace.

        A stage that has a canary at some time has a row for that too, `api/stage/Canary`; the stage's own has all.
        `headers`: bytes that all headers of a message have, which data trace writes four times.
        """
        import pandas as pd

        from apigw_sim.logs import execution

        self._must_keep(ATTEMPTS, "execution_logs", "requests=True or logs=True", "--logs")
        rows = []
        for number, stage in enumerate(self.plan.stages):
            if stage.http:  # an HTTP API has access logs alone
                continue
            groups = {stage.name: False}
            if any(row.stage == number and row.canary != NULL for row in self.plan.pointers):
                groups[f"{stage.name}/Canary"] = True
            for group, canary in groups.items():
                chunks = self._kept.chunks(ATTEMPTS, LOG_ROWS)
                found = execution.volumes(self.plan, number, chunks, headers, canary=canary)
                rows += [(group, *which, volume.events, volume.size) for which, volume in found.items()]
        return pd.DataFrame(rows, columns=["stage", "level", "data_trace", "events", "bytes"])

    def _tracing(self) -> dict[str, int]:
        """The stages that X-Ray traces, with their rows."""
        return {stage.name: row for row, stage in enumerate(self.plan.stages) if stage.xray}

    def _logging(self) -> dict[str, int]:
        """The stages that have an access log, with their rows."""
        return {stage.name: row for row, stage in enumerate(self.plan.stages) if stage.access_log}

    def _fill(self, into: Path) -> None:
        from apigw_sim.report import overview

        with (into / "metrics.csv").open("w", encoding="utf-8", newline="") as file:
            file.writelines(cloudwatch.csv_lines(self._told))
        _write(into / "metrics.json", cloudwatch.to_json(cloudwatch.get_metric_data(self._told)))
        _write(into / "overview.svg", overview.svg(self._story()))
        if self._kept.requests:
            self._write_requests(into / "requests.parquet")
        if self._kept.logs:
            for stage in self._logging():
                self.write_access_log(stage, into / f"access.{stage.replace('/', '.')}.log")
            for stage in self._tracing():
                self.write_traces(stage, into / f"traces.{stage.replace('/', '.')}.jsonl")
        _write(into / folder.MARK, to_json(self.summary))

    def _write_requests(self, path: Path) -> None:
        import pyarrow.parquet as pq

        from apigw_sim.result.decoded import Decoder

        decoder = Decoder(self.plan)
        facts = {
            "scenario": self.plan.name, "scenario_sha256": self.about.scenario_sha256,
            "seed": str(self.about.seed), "version": self.about.version,
        }  # fmt: skip
        writer: pq.ParquetWriter | None = None
        for columns in self._kept.chunks(ATTEMPTS, ROW_GROUP):
            table: pa.Table = decoder.table(ATTEMPTS, columns).replace_schema_metadata(facts)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=ROW_GROUP * 2)
        if writer is not None:
            writer.close()


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
