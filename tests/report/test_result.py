"""The result of a run: frames for a notebook, files for a folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from metrics.stories import (
    ABOUT,
    ACCOUNT,
    ACME,
    CATALOGUE,
    GOLD,
    HOBBY_1,
    MS,
    PARTNER,
    POSTS,
    SECOND,
    STOCK,
    attempt,
    block,
    called,
    invocation,
    level,
    refused,
    story_plan,
)

from apigw_sim.errors import ApigwSimError
from apigw_sim.metrics import Metrics
from apigw_sim.metrics.cloudwatch import csv_lines
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, JOURNAL, LEVELS, Cache, Flag
from apigw_sim.result import Kept, NotKeptError, Result
from apigw_sim.rules import reason
from apigw_sim.rules.bucket import TOKEN

PLAN = story_plan()
LOST = attempt(62, 8, 403, NULL, stage=0, reason=reason.MISSING_AUTHENTICATION_TOKEN)
STORY = (
    (ATTEMPTS, [
        attempt(61, 100.000001, cache=Cache.HIT, flags=Flag.SERVED_OTHER, api_key=HOBBY_1), LOST,
        refused(63, GOLD, STOCK, api_key=ACME) | {"tokens": TOKEN // 4}, attempt(64, method=POSTS),
    ]),
    (INVOCATIONS, [invocation(61, 50, init_ns=200 * MS, provisioning_ns=80 * MS), invocation(62, abandoned=1)]),
    (CALLS, [called(61, 0.2, pick=1), called(61, 0.3, client=PARTNER)]),
    (LEVELS, [
        level(PLAN, 120, GaugeKind.CONCURRENCY, CATALOGUE, 1, low=0, peak=4, area=90 * SECOND),
        level(PLAN, 120, GaugeKind.TOKENS, 4, 2 * TOKEN, low=TOKEN // 2),
    ]),
)  # fmt: skip


def result(requests: bool = True) -> Result:
    metrics, kept = Metrics(PLAN), Kept(requests)
    for table, rows in STORY:
        for sink in (metrics.fold, kept.fold):
            sink(block(table, rows))
    return Result(PLAN, None, metrics, kept, ABOUT)


def test_requests_are_rows_with_names_and_nulls() -> None:
    frame = result().requests
    assert len(frame) == 4
    first = frame.iloc[0]
    assert (first["client"], first["stage"], first["method"]) == ("web", "shop/prod", "GET /items/{id}")
    assert (first["api_key"], first["reason"], first["cache"]) == ("hobby[1]", "OK", "hit")
    assert first["latency_ns"] == 100_000_001
    assert first["arrived"] == pd.Timestamp("2026-11-27T09:01:01Z")
    assert (bool(first["served_other"]), bool(first["max_age_0"])) == (True, False)
    assert frame["method"].isna().tolist() == [False, True, False, False]
    assert frame["integration_ns"].isna().tolist() == [False, True, True, True]
    third = frame.iloc[2]
    assert (third["refused_by"], third["tokens"]) == ("plan gold throttle", 0.25)
    assert frame["tokens"].isna().sum() == 3


def test_invocations_calls_and_levels_are_decoded_too() -> None:
    made = result()
    work = made.invocations
    assert work["backend"].tolist() == ["catalogue", "catalogue"]
    assert work["outcome"].tolist() == ["ok", "ok"]
    assert work["init_ns"].isna().tolist() == [False, True]
    assert work["abandoned"].tolist() == [False, True]
    calls = made.calls
    assert calls["pick"].tolist() == ["POST /orders", "GET /stock/{id}"]
    assert calls["outcome"].tolist() == ["succeeded", "succeeded"]
    assert calls["ended"][0] - calls["started"][0] == pd.Timedelta(200, "ms")
    levels = made.levels
    assert levels["gauge"].tolist() == ["concurrency", "tokens"]
    assert levels["of"].tolist() == ["catalogue", "plan gold throttle: acme"]
    assert levels["low"].tolist() == [0, 0.5]
    assert levels["area"][0] == 90
    assert np.isnan(levels["peak"][1])


def test_the_journal_tells_what_the_timeline_did() -> None:
    flush = tables.Event(120 * SECOND, NULL, "flush the cache of shop/prod", "story.yaml:8:1", ())
    plan, kept = story_plan(timeline=(flush,)), Kept()
    nothing = dict.fromkeys(JOURNAL.names, NULL)
    kept.fold(block(JOURNAL, [{**nothing, "at_ns": 120 * SECOND, "event": 0, "ends": 0}]))
    frame = Result(plan, None, Metrics(plan), kept, ABOUT).journal
    assert (frame["event"][0], bool(frame["ends"][0])) == ("flush the cache of shop/prod", False)
    assert frame["at"][0] == pd.Timestamp("2026-11-27T09:02:00Z")


def test_without_requests_there_are_levels_and_an_error_that_says_what_to_do() -> None:
    made = result(requests=False)
    assert len(made.levels) == 2
    for name in ("requests", "invocations", "calls", "environments"):
        with pytest.raises(NotKeptError, match=rf"result\.{name}.*requests=True"):
            getattr(made, name)
    assert issubclass(NotKeptError, ApigwSimError)


def test_rows_are_kept_as_narrow_as_their_columns() -> None:
    kept = Kept(requests=True)
    kept.fold(block(ATTEMPTS, [attempt(61)]))
    columns = kept.columns(ATTEMPTS)
    assert {name: values.dtype.name for name, values in columns.items()} == {
        c.name: c.dtype for c in ATTEMPTS.columns
    }
    with pytest.raises(OverflowError, match="int16"):
        kept.fold(block(ATTEMPTS, [attempt(61) | {"attempt": 40_000}]))


def test_metrics_are_the_csv_as_a_frame() -> None:
    made = result()
    read = pd.read_csv(
        io.StringIO("".join(csv_lines(made._told))), keep_default_na=False, na_values={"p50": ""}
    )
    frame = made.metrics
    assert list(frame.columns) == list(read.columns)
    assert frame["metric"].tolist() == read["metric"].tolist()
    assert (frame["timestamp"] == pd.to_datetime(read["timestamp"])).all()
    assert np.allclose(frame["Average"], read["Average"], atol=5e-4)
    assert frame["function"].tolist() == read["function"].tolist()


def test_traffic_has_a_row_per_stage_and_one_for_all() -> None:
    frame = result().traffic.set_index("stage")
    assert frame["offered"].to_dict() == {"": 4, "shop/prod": 3, "blog/prod": 1}
    assert (frame.loc["", "carried"], frame.loc["", "plan"], frame.loc["", "other_4xx"]) == (2, 1, 1)
    assert frame.loc["shop/prod", "carried_p50_ms"] == 100.000001
    assert frame.loc["shop/prod", "hits"] == 1
    # 8, 8 (both refused), 100 and 100.000001 ms, the third at blog/prod.
    assert frame["p50_ms"].to_dict() == {"": 54, "shop/prod": 8, "blog/prod": 100}
    assert frame.loc["", "carried_p50_ms"] == pytest.approx(100.0000005, abs=1e-9)
    assert frame.loc["shop/prod", "carried_p99_ms"] == 100.000001


def test_a_result_tells_a_notebook_what_it_is() -> None:
    made = result()
    html = made._repr_html_()
    assert "<table>" in html
    assert "<svg" in html
    assert "refused (429)" in html
    assert repr(made) == "<Result of story, seed 7: 4 requests>"
    assert "<script" not in html


def test_names_in_the_card_are_escaped() -> None:
    from apigw_sim.report.card import card

    made = result()
    summary = made.summary | {"scenario": "<b>&"}
    assert "&lt;b&gt;&amp;" in card(summary, made.traffic, PLAN.period)


# files


def test_a_folder_holds_what_the_design_says(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    result().write(out)
    names = {"summary.json", "metrics.csv", "metrics.json", "overview.svg", "requests.parquet"}
    assert {path.name for path in out.iterdir()} == names
    assert json.loads((out / "summary.json").read_text())["requests"]["count"] == 4
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    result(requests=False).write(out)
    assert not (out / "requests.parquet").exists()


def test_the_files_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        result().write(tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
        assert b"\r" not in path.read_bytes() or path.suffix == ".parquet"


def test_requests_parquet_is_decoded_and_knows_its_run(tmp_path: Path) -> None:
    result().write(tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "requests.parquet")
    assert table.schema.metadata[b"scenario"] == b"story"
    assert str(table.schema.field("stage").type).startswith("dictionary")
    assert table.column("method").null_count == 1
    frame = table.to_pandas()
    assert frame["reason"].tolist() == ["OK", "MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "OK"]
    assert frame["arrived"].iloc[0] == pd.Timestamp("2026-11-27T09:01:01Z")


def test_a_run_without_requests_still_writes_its_parquet(tmp_path: Path) -> None:
    metrics, kept = Metrics(PLAN), Kept(requests=True)
    Result(PLAN, None, metrics, kept, ABOUT).write(tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "requests.parquet").num_rows == 0


def test_parquet_is_written_in_groups_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apigw_sim.result import result as module

    monkeypatch.setattr(module, "ROW_GROUP", 5)
    metrics, kept = Metrics(PLAN), Kept(requests=True)
    for number in range(8):
        for sink in (metrics.fold, kept.fold):
            sink(block(ATTEMPTS, [attempt(61 + number, call=3 * number + n) for n in range(3)]))
    Result(PLAN, None, metrics, kept, ABOUT).write(tmp_path / "out")
    file = pq.ParquetFile(tmp_path / "out" / "requests.parquet")
    assert file.num_row_groups == 4
    assert file.read().column("call").to_pylist() == list(range(24))


def test_refusals_are_told_by_limit() -> None:
    metrics, kept = Metrics(PLAN), Kept(True)
    for sink in (metrics.fold, kept.fold):
        sink(block(ATTEMPTS, [refused(61, ACCOUNT), attempt(62)]))
    frame = Result(PLAN, None, metrics, kept, ABOUT).requests
    assert frame["refused_by"].value_counts()["account throttle"] == 1
