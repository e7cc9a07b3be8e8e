"""The fold by kernels says what the one by numpy says, to the last bit, however the rows are cut into blocks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.mixed import MIXED
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics.stories import (
    ABOUT,
    CATALOGUE,
    CHECKOUT,
    EVERY_METHOD,
    ORDERS_LIMIT,
    PARTNER,
    SECOND,
    WEB,
    story_plan,
)  # fmt: skip
from numpy.typing import NDArray

from apigw_sim.compose import simulate
from apigw_sim.metrics import Metrics, fast_order, fast_parts, fast_seconds, kernels, summary
from apigw_sim.metrics.cloudwatch import csv_lines, get_metric_data
from apigw_sim.metrics.fast_order import MANY, Levels, Part, by_counting, count
from apigw_sim.metrics.fast_order import grouped as by_kernels
from apigw_sim.metrics.fast_watch import CountedSpread
from apigw_sim.metrics.quantiles import Spread, bucket_of, grouped
from apigw_sim.plan import plan, tables
from apigw_sim.plan.tables import NULL, Plan
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, LEVELS, Block, CallOutcome, Outcome, Table
from apigw_sim.rules.reason import REASONS
from apigw_sim.scenario import load
from apigw_sim.scenario.expect import Expectation, read

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED: dict[str, dict[str, str]] = {
    "cache_and_flush": {}, "cold_start_storm": {}, "free_tier_quota": {}, "noisy_neighbour": {},
    "noisy_neighbour_lambda": {}, "weighted_alias": {}, "codedeploy_shift": {},
    "flash_sale": {"run.duration": "490 s", "clients.web.arrivals.rate[1].rate": "150/s"},
}  # fmt: skip
"""With what makes a scenario shorter."""


@pytest.fixture
def fast() -> None:
    """Here both folds stand side by side."""


def scenario(name: str, folder: Path, overrides: dict[str, str]) -> Plan:
    if name == "mixed":
        path = folder / "mixed.yaml"
        path.write_text(MIXED, encoding="utf-8")
    elif name == "mixed_path":
        path, overrides = ROOT / "benchmarks/mixed_path.yaml", {"run.duration": "20 s"} | overrides
    else:
        path, overrides = ROOT / f"scenarios/{name}.yaml", SHIPPED[name] | overrides
    return plan(load(path, overrides=overrides))


@cache
def recorded(
    name: str, folder: Path, overrides: tuple[tuple[str, str], ...] = ()
) -> tuple[Plan, list[Block]]:
    """What a run on the SimPy engine wrote, in order."""
    blocks: list[Block] = []
    found = scenario(name, folder, dict(overrides))
    simulate(found, engine="simpy", sink=blocks.append)
    return found, blocks


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenarios")


def cut(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """The same rows in blocks of at most `size`; a tick's levels stay together."""
    for block in blocks:
        step = len(block) if block.table is LEVELS else size
        for begin in range(0, len(block), step):
            yield Block(block.table, block.rows[begin : begin + step])


def told(of: Plan, blocks: Iterable[Block], *, fast: bool, expect: Sequence[Expectation] = ()) -> Metrics:
    """Metrics of a run; a tick's rows of `levels` are the last before it closes."""
    metrics = Metrics(of, expect, fast=fast)
    for block in blocks:
        metrics.fold(block)
        if block.table is LEVELS and block.rows[-1, 0] % of.period == 0:
            metrics.close(int(block.rows[-1, 0]) // of.period - 1)
    metrics.finish()
    return metrics


def says(metrics: Metrics) -> dict[str, Any]:
    """All that can be asked of metrics; NaN is made equal to itself."""
    said = summary(metrics, ABOUT)
    said["provenance"] = None
    of = metrics.limits
    return {
        "summary": said,
        "csv": list(csv_lines(metrics)),
        "data": get_metric_data(metrics),
        "columns": [column.tobytes() for column in metrics.columns()],
        "traffic": [repr(row) for row in metrics.traffic()],
        "limits": metrics.limits.rows(metrics.gauges),
        "ceilings": metrics.ceilings(),
        "places": [
            column.tolist()
            for column in (
                of.refused_at,
                of.refused_ever_at,
                of.by_attempts.peak,
                of.by_attempts.peak_at,
                of.by_invocations.peak,
                of.by_invocations.peak_at,
            )
        ],
        "watched": [
            {number: repr(value) for number, value in watch.values.items()} for watch in metrics.watches
        ],
    }


def expectations(of: Plan) -> list[Expectation]:
    """One of every metric and statistic for the first client, stage, route and function."""
    client, stage = of.clients[0].name, of.stages[0].name
    function = next((backend.name for backend in of.backends if backend.timeout_ns >= 0), None)
    route = of.methods[0].route
    lines = [
        *(("stage", f"{stage} {stat}(Latency) < 1 s") for stat in ("p99", "p50", "avg", "min", "max")),
        ("stage", f"{stage} count(Latency) < 9"),
        *(("stage", f"{stage} sum({name}) < 9") for name in (
            "Count", "4XXError", "5XXError", "CacheHitCount", "CacheMissCount",
        )),
        ("stage", f"{stage} p95(IntegrationLatency) of {route} < 1 s"),
        ("stage", f"{stage} avg(4XXError) of {route} < 10 %"),
        *(("client", f"client {client} {stat}") for stat in (
            "sum(calls) > 1", "sum(attempts) > 1", "sum(succeeded) > 1", "sum(gave_up) < 1", "avg(amplification) < 2",
            "p90(call_latency) < 1 s", "sum(executed_for_nobody) < 1", "sum(duplicate_executions) < 1",
        )),
    ]  # fmt: skip
    if function is not None:
        lines += [("function", f"function {function} {stat}") for stat in (
            "sum(Invocations) > 1", "avg(Errors) < 10 %", "sum(Throttles) < 1", "p99(Duration) < 1 s",
            "max(ConcurrentExecutions) < 9",
        )]  # fmt: skip
    made = []
    for kind, text in lines:
        for when in ("", " in every 2 s", " in every 7 s"):
            made.append(read(text + when).model_copy(update={"kind": kind}))
    return made


def assert_equal(
    of: Plan, blocks: list[Block], sizes: Sequence[int] = (), expect: Sequence[Expectation] = ()
) -> None:
    """The kernels, fed with the blocks as they are and cut, say what numpy says."""
    wanted = says(told(of, blocks, fast=False, expect=expect))
    for size in (32_000, *sizes):
        found = says(told(of, cut(blocks, size), fast=True, expect=expect))
        for name, said in wanted.items():
            assert found[name] == said, (size, name)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_fold_to_the_same(name: str, folder: Path) -> None:
    of, blocks = recorded(name, folder)
    assert_equal(of, blocks, [777])


@pytest.mark.parametrize("stamp", ["answer", "arrival"])
def test_everything_at_once_folds_to_the_same(stamp: str, folder: Path) -> None:
    of, blocks = recorded("mixed", folder)
    of = replace(of, account=replace(of.account, stamp_arrival=stamp == "arrival"))
    assert_equal(of, blocks, [1, 7, 100], expectations(of))


@pytest.mark.parametrize("stamp", ["answer", "arrival"])
def test_tens_of_thousands_of_attempts_fold_to_the_same(stamp: str, folder: Path) -> None:
    of, blocks = recorded("mixed_path", folder)
    stamped = replace(of.account, stamp_arrival=stamp == "arrival")
    assert sum(len(block) for block in blocks if block.table is ATTEMPTS) > 2 * MANY
    for period in (20, 3):  # of which no tick's rows were written: all are closed at the end
        other = replace(of, account=stamped, period=period * SECOND, warm_up=4 * SECOND)
        assert_equal(
            other, [block for block in blocks if block.table is not LEVELS], [5_000], expectations(of)
        )


def test_with_the_account_in_front(folder: Path) -> None:
    of, blocks = recorded("mixed", folder, (("assumptions.account_throttle_position", "front"),))
    assert of.account.front
    assert_equal(of, blocks, [50])


# synthetic rows: many stages, epochs, log buckets


def moved() -> tuple[tables.Event, ...]:
    """Entries that move buckets and functions between limits, in mid-second."""

    def event(at: float, verb: str, *args: int) -> tables.Event:
        return tables.Event(round(at * SECOND), NULL, "set", "story.yaml:9:1", (tables.Cell(verb, args),))

    return (
        event(61.5, "bucket", 1, 2000, 10**12, ORDERS_LIMIT), event(90.25, "bucket", 4, 2000, 10**12, NULL),
        event(100.5, "reserved", CATALOGUE, 5), event(120.75, "reserved", CHECKOUT, NULL),
        event(130, "bucket", 1, 2000, 10**12, EVERY_METHOD),
    )  # fmt: skip


def rows(table: Table, size: int, seed: int, of: Plan) -> NDArray[np.int64]:
    """Rows within what a plan allows, in the order of their ends."""
    random = np.random.default_rng(seed)

    def any_of(*values: int) -> NDArray[np.int64]:
        return random.choice(np.array(values), size)

    started = random.integers(0, 200 * SECOND, size)
    started[: size // 4] = any_of(*(event.at for event in moved()))[: size // 4]  # at the very instants
    lasted = (random.lognormal(17, 2, size)).astype(np.int64) % (25 * SECOND)
    column = {name: random.integers(0, 2, size) for name in table.names}
    column |= {"client": any_of(WEB, PARTNER), "arrived_ns": started, "started_ns": started}
    column |= {
        "ended_ns": started + lasted,
        "latency_ns": lasted,
        "duration_ns": np.where(random.random(size) < 0.1, -1, lasted),
    }
    if table is ATTEMPTS:
        method = random.integers(-1, len(of.methods), size)
        of_method = np.array([*(method.stage for method in of.methods), 0])
        column["method"] = method
        column["stage"] = np.where(method < 0, random.integers(0, len(of.stages), size), of_method[method])
        column["api_key"] = random.integers(-1, of.keys, size)
        column["status"] = any_of(200, 200, 200, 201, 304, 403, 429, 429, 500, 503, 504)
        column["reason"] = random.integers(0, len(REASONS), size)
        column["refused_by"] = np.where(
            column["status"] >= 400, random.integers(-1, len(of.limits), size), NULL
        )
        column["integration_ns"] = np.where(random.random(size) < 0.4, lasted // 2, NULL)
        column["cache"] = random.integers(0, 3, size)
        column["flags"] = random.integers(0, 32, size)
        ends = started + lasted
    elif table is INVOCATIONS:
        column["backend"] = random.integers(0, len(of.backends), size)
        column["alias"] = np.full(size, NULL)
        column["outcome"] = random.integers(0, len(Outcome), size)
        column["init_ns"] = np.where(random.random(size) < 0.2, SECOND // 5, NULL)
        column["refused_by"] = np.where(
            column["outcome"] > 3, random.integers(-1, len(of.limits), size), NULL
        )
        ends = started + column["queued_ns"] + np.maximum(column["provisioning_ns"], 0)
        ends += np.maximum(column["init_ns"], 0) + np.maximum(column["duration_ns"], 0)
    else:
        column["outcome"] = random.integers(0, len(CallOutcome), size)
        ends = column["ended_ns"]
    return np.stack([column[name] for name in table.names], axis=1)[np.argsort(ends, kind="stable")]


def made(of: Plan, size: int, seed: int = 1) -> list[Block]:
    found = []
    for table in (ATTEMPTS, INVOCATIONS, CALLS):
        found += cut([Block(table, rows(table, size, seed, of))], 9_000)
    return found


def two_stages_of_an_api() -> Plan:
    of = story_plan()
    stages = (*of.stages, tables.Stage("shop/test", "shop", 0))
    return story_plan(stages=stages, methods=(*of.methods, replace(of.methods[0], stage=2)))


@pytest.mark.parametrize(
    "of",
    [
        story_plan(),
        story_plan(timeline=moved()),
        story_plan(timeline=moved(), front=True, stamp_arrival=True),
        two_stages_of_an_api(),
        replace(two_stages_of_an_api(), period=SECOND, warm_up=0),
    ],
    ids=["stages", "epochs", "front and by arrival", "stages of an API", "periods of a second"],
)
def test_rows_of_every_kind_fold_to_the_same(of: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_seconds, "ENOUGH", 200)
    monkeypatch.setattr(fast_seconds, "CELLS", 64)
    monkeypatch.setattr(fast_parts, "CHUNK", 10_000)
    assert_equal(of, made(of, 60_000), [1_000], expectations(of))


def test_beyond_a_hundred_thousand_samples_spreads_are_the_same() -> None:
    of = story_plan(warm_up=SECOND)
    blocks = made(of, 260_000)
    metrics = told(of, blocks, fast=True)
    exact = [
        spread.exact
        for spread in (metrics.totals.latency, *metrics.totals.stage_latency, *metrics.totals.call_latency)
    ]
    assert exact == [False, False, True, False, False]
    assert_equal(of, blocks, [20_000], expectations(of))


def test_a_run_without_rows_says_the_same() -> None:
    of = story_plan()
    assert_equal(of, [], expect=expectations(of))
    assert_equal(of, made(of, 1), expect=expectations(of))


# order statistics


@given(st.data(), st.integers(1, 4), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_order_statistics_are_those_of_a_sort(data: st.DataObject, groups: int, many: int) -> None:
    values = np.array(
        data.draw(st.lists(st.integers(0, 3_000) | st.integers(0, 2**40), min_size=1, max_size=80))
    )
    of = np.array(data.draw(st.lists(st.integers(0, groups - 1), min_size=len(values), max_size=len(values))))
    points = sorted(data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=4)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_order, "MANY", many)  # counted by bucket from that many on
        found = by_kernels(kernels.load(), of, values, groups, points)
    wanted = grouped(of, values, groups, points)
    for one, other in zip(found, wanted, strict=True):
        assert one.tobytes() == other.tobytes()
    for row, group in enumerate(found.ids):
        exact = np.quantile(values[of == group], points, method="linear")
        assert found.points[row].tolist() == exact.tolist()


def test_many_equal_values_and_many_different_ones() -> None:
    random = np.random.default_rng(5)
    for values in (
        np.full(50_000, 8_000_000), random.integers(10**8, 10**8 + 400_000, 50_000), np.arange(50_000),
        np.arange(50_000)[::-1].copy(), random.lognormal(17, 3, 50_000).astype(np.int64),
    ):  # fmt: skip
        found = by_kernels(kernels.load(), None, values, 1)
        for one, other in zip(found, grouped(None, values, 1), strict=True):
            assert one.tobytes() == other.tobytes()


def test_groups_may_overlap_and_leave_samples_out() -> None:
    random = np.random.default_rng(6)
    code = random.integers(0, 40, 30_000).astype(np.int32)
    code[:15_000] = 7
    values = random.lognormal(15, 2, len(code)).astype(np.int64)
    parts = [
        Part(code[cut], values[cut], bucket_of(values[cut]).astype(np.int16))
        for cut in (slice(9_000), slice(9_000, None))
    ]
    number = np.arange(20)
    maps = [(number, 20), (number // 10, 2), (np.where(number % 3 == 0, 0, -1), 1)]
    by_class = count(kernels.load(), parts, 40).reshape(20, 2).sum(axis=1)
    assert by_class.tolist() == np.bincount(code >> 1, minlength=20).tolist()
    found = by_counting(kernels.load(), parts, by_class, Levels.of(maps, 1))
    for level, (groups, size) in zip(found, maps, strict=True):
        mine = groups[code >> 1]
        wanted = grouped(mine[mine >= 0], values[mine >= 0], size)
        for one, other in zip(level, wanted, strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("exact", [None, 0, 100])
def test_a_counted_spread_is_a_spread(exact: int | None) -> None:
    values = np.random.default_rng(8).lognormal(17, 2, 5_000).astype(np.int64)
    plain, counted = Spread(exact), CountedSpread(kernels.load(), exact)
    for part in np.split(values, [3, 90, 150]):
        plain.add(part)
        counted.add(part)
    assert plain.exact == counted.exact
    if exact != 0:
        assert plain.quantiles((0.5, 0.99, 0.999)) == counted.quantiles((0.5, 0.99, 0.999))
    assert (plain.count, plain.total, plain.least, plain.most) == (
        counted.count, counted.total, counted.least, counted.most,
    )  # fmt: skip


def test_sums_may_leave_63_bits() -> None:
    of = story_plan(warm_up=0, stamp_arrival=True)
    found = made(of, 3_000)[0].rows.copy()
    found[:, ATTEMPTS.names.index("latency_ns")] = 2**52
    blocks = [Block(ATTEMPTS, found)] * 3
    total = told(of, blocks, fast=True).totals.latency.total
    assert total == 2**52 * told(of, blocks, fast=False).totals.latency.count > 2**63


def test_without_kernels_numba_stays_away() -> None:
    code = "import sys, apigw_sim.metrics.fold, apigw_sim.metrics.kernels; print('numba' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        == "False\n"
    )
