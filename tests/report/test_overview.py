"""The overview: what it shows, and that it is the same wherever it is drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from engine.running import story
from matplotlib.figure import Figure
from metrics.stories import (
    ABOUT,
    ACCOUNT,
    BUCKETS,
    CATALOGUE,
    CHECKOUT,
    EVERY_METHOD,
    POSTS,
    SECOND,
    attempt,
    block,
    level,
    refused,
    story_plan,
)

import apigw_sim
from apigw_sim.metrics import Metrics
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, GaugeKind, Plan
from apigw_sim.records import ATTEMPTS, LEVELS, Cache
from apigw_sim.report import overview, panels
from apigw_sim.report.panels import Clock, percent, shortened
from apigw_sim.report.style import house
from apigw_sim.result import Kept, Result
from apigw_sim.result.frames import lows_frame
from apigw_sim.rules.bucket import TOKEN

ONE_STAGE = tuple(row for row in story_plan().stages[:1])


def busy_plan(**other: Any) -> Plan:
    event = tables.Event(120 * SECOND, 150 * SECOND, "function checkout: slow 6 for 30 s", "", ())
    changed = tables.Event(130 * SECOND, NULL, "set apis.shop", "", (), before="200/s", after="400/s")
    return story_plan(timeline=(event, changed), **other)


def result(plan: Plan, both_stages: bool = True) -> Result:
    random = np.random.default_rng(5)
    metrics, kept = Metrics(plan), Kept()
    rows = [
        attempt(at, float(random.lognormal(3, 1)), int(status), cache=int(random.integers(1, 3)))
        for at, status in zip(
            random.uniform(0, 180, 900), random.choice([200, 200, 404, 503], 900), strict=True
        )
    ]
    rows += [refused(at, by) for by in (ACCOUNT, EVERY_METHOD) for at in random.uniform(90, 180, 200)]
    if both_stages:
        rows += [attempt(at, method=POSTS, cache=Cache.NONE) for at in random.uniform(0, 180, 300)]
    levels = []
    for at, peak, low in ((60, 4, 40), (120, 10, 0), (180, 8, 20)):
        levels += [
            level(plan, at, GaugeKind.CONCURRENCY, CATALOGUE, 1, low=0, peak=3 * peak, area=60 * SECOND),
            level(plan, at, GaugeKind.CONCURRENCY, CHECKOUT, 1, low=0, peak=peak, area=60 * SECOND),
            level(plan, at, GaugeKind.ACCOUNT_CONCURRENCY, 0, 1, low=0, peak=4 * peak, area=60 * SECOND),
            level(plan, at, GaugeKind.UNRESERVED_CONCURRENCY, 0, 1, low=0, peak=3 * peak, area=60 * SECOND),
            level(plan, at, GaugeKind.TOKENS, 0, 50 * TOKEN, low=low * TOKEN),
            level(plan, at, GaugeKind.TOKENS, 1, 10 * TOKEN, low=TOKEN),
        ]
    for sink in (metrics.fold, kept.fold):
        sink(block(ATTEMPTS, rows))
        sink(block(LEVELS, levels))
    return Result(plan, None, metrics, kept, ABOUT)


def titles(figure: Any) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def texts(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [
        text.get_text() for text in figure.texts
    ]


def test_five_panels_for_a_stage_with_a_cache_and_functions() -> None:
    plan = busy_plan(stages=ONE_STAGE, methods=story_plan().methods[:3])
    figure = result(plan, both_stages=False).plot()
    shown = titles(figure)
    assert len(shown) == 5
    for title, word in zip(shown, ("Requests", "Latency", "concurrency", "hit ratio", "bucket"), strict=True):
        assert word in title
    assert (
        figure.axes[-1]
        .get_xlabel()
        .startswith("min from 2026-11-27 09:00:00 UTC; one step is a period of 1 min")
    )
    assert {axes.get_ylabel() for axes in figure.axes} >= {"requests/s", "ms", "executions at once"}


def test_two_stages_have_a_panel_each_and_the_words_of_the_run_are_there() -> None:
    figure = result(busy_plan()).plot()
    assert sum("Requests of" in title for title in titles(figure)) == 2
    words = "\n".join(texts(figure))
    for word in ("429 account", "5xx", "p99 carried", "limit of checkout  10", "warm-up", "empty in 1 of 3",
                 "function checkout: slow 6", "set apis.shop: 400/s", "busiest second", "story, seed 7"):  # fmt: skip
        assert word in words, word


def test_entries_of_one_instant_have_one_name_between_them() -> None:
    several = tuple(tables.Event(90 * SECOND, NULL, name, "", ()) for name in ("first", "second", "third"))
    words = texts(result(story_plan(timeline=several)).plot())
    assert "3 at once: first" in words
    assert not {"first", "second", "third"} & set(words)


def test_a_throttle_that_begins_on_the_timeline_has_a_strip_from_then_on() -> None:
    off = replace(BUCKETS[1], off=True)
    cells = (tables.Cell("bucket", (1, 5000, 5 * TOKEN, EVERY_METHOD)),)
    event = tables.Event(70 * SECOND, NULL, "set", "", cells)
    plan = story_plan(buckets=(BUCKETS[0], off, *BUCKETS[2:]), timeline=(event,))
    metrics = Metrics(plan)
    metrics.fold(block(LEVELS, [
        level(plan, at, GaugeKind.TOKENS, 1, 0, low=low * TOKEN) for at, low in ((60, 9), (120, 5), (180, 1))
    ]))  # fmt: skip
    metrics.finish()
    frame = lows_frame(metrics)
    assert frame["limit"].tolist() == ["shop/prod every_method throttle"] * 2
    assert frame["share"].tolist() == [1.0, 0.2]


def test_heights_are_rates_stacked_to_what_was_offered() -> None:
    figure = matplotlib.figure.Figure()
    axes = figure.add_subplot()
    begins = [0.0, 60.0]
    frame = pd.DataFrame(
        {"begin_s": begins, "phase": ["run", "run"], "offered": [60, 180], "carried": [60, 120]}
    )
    for name, *_ in panels.CLASSES[1:]:
        frame[name] = [0, 60] if name == "account" else [0, 0]
    panels.traffic(axes, frame, Clock(60.0, "min", 60.0, 120.0), "Requests")
    tops = [collection.get_datalim(axes.transData).ymax for collection in axes.collections]
    assert tops == [2.0, 3.0]
    shares = [text.get_text() for text in axes.texts]
    assert shares == ["429 account  25.0 %", "carried (2xx, 3xx)  75.0 %"]


def test_a_missing_period_is_shown_as_nothing_carried_and_no_latency() -> None:
    frame = pd.DataFrame({"begin_s": [0.0, 120.0], "offered": [5, 6], "p50_ms": [1.0, 2.0]})
    whole = panels.complete(frame, Clock(60.0, "min", 60.0, 180.0))
    assert whole["offered"].tolist() == [5, 0, 6]
    assert np.isnan(whole["p50_ms"].iloc[1])


@pytest.mark.parametrize(
    "plan", [story_plan(), story_plan(warm_up=0, duration=30 * SECOND, period=30 * SECOND)]
)
def test_a_run_in_which_nothing_happened_can_be_drawn(plan: Plan) -> None:
    made = Result(plan, None, Metrics(plan), Kept(), ABOUT)
    assert "no request arrived" in "\n".join(texts(made.plot()))
    assert "<svg" in overview.svg(made._story())
    assert "requests" in made._repr_html_()


def test_many_stages_functions_and_limits_stay_readable() -> None:
    base = story_plan()
    stages = tuple(tables.Stage(f"api{n}/prod", f"api{n}", 0) for n in range(9))
    methods = tuple(replace(base.methods[0], stage=n) for n in range(9))
    plan = story_plan(stages=stages, methods=methods)
    metrics, kept = Metrics(plan), Kept()
    rows = [attempt(61 + n, method=n % 9, stage=n % 9) for n in range(90)]
    metrics.fold(block(ATTEMPTS, rows))
    figure = Result(plan, None, metrics, kept, ABOUT).plot()
    assert sum("Requests" in title for title in titles(figure)) == 1


def test_the_svg_is_the_same_with_any_matplotlibrc_backend_and_locale(tmp_path: Path) -> None:
    """Drawn in three processes: plain, with a hostile matplotlibrc, and with another hash seed."""
    hostile = (
        "font.size: 30\nfigure.facecolor: red\nsvg.fonttype: none\naxes.linewidth: 4\nxtick.major.pad: 20\n"
    )
    (tmp_path / "matplotlibrc").write_text(hostile)
    code = (
        "import hashlib, runpy, sys; sys.path.insert(0, 'tests');"
        "made = runpy.run_path('tests/report/test_overview.py');"
        "from apigw_sim.report import overview;"
        "text = overview.svg(made['result'](made['busy_plan']())._story());"
        "print(hashlib.sha256(text.encode()).hexdigest(), 'dc:date' in text)"
    )
    root = Path(__file__).resolve().parents[2]
    said = set()
    for extra in (
        {},
        {"MATPLOTLIBRC": str(tmp_path), "MPLBACKEND": "svg", "PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "DISPLAY": ""},
    ):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | extra,
            capture_output=True,
            text=True,
            check=True,
        )
        said.add(done.stdout.strip())
    assert len(said) == 1
    assert said.pop().endswith("False")


def test_drawing_leaves_the_users_settings_alone() -> None:
    with matplotlib.rc_context({"font.size": 31, "axes.linewidth": 5}):
        before = dict(matplotlib.rcParams)
        result(busy_plan()).plot()
        assert dict(matplotlib.rcParams) == before


def test_a_figure_shows_itself_without_pyplot() -> None:
    figure = result(busy_plan()).plot()
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (0.0001, "<0.1 %"), (0.5, "50.0 %"), (0.99999, ">99.9 %"), (1, "100.0 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    assert shortened("plan gold shop/prod GET /stock/{id}", 20) == "plan g…T /stock/{id}"
    assert shortened("short", 20) == "short"


def test_the_unit_of_time_suits_the_length() -> None:
    assert [panels.clock(s, 60, s).unit for s in (60, 600, 4 * 3600, 5 * 86_400)] == ["s", "min", "h", "d"]


def test_alarms_are_strips_those_that_rang_first() -> None:
    quiet, loud = (
        ((0.0, "INSUFFICIENT_DATA"), (60.0, "OK")),
        ((0.0, "INSUFFICIENT_DATA"), (120.0, "ALARM"), (150.0, "OK")),
    )
    many = tuple((f"quiet-{number}", quiet) for number in range(8))
    with house():
        axes = Figure().add_subplot()
        panels.alarms(axes, (*many, ("loud", loud)), Clock(60.0, "min", 60.0, 180.0))
    assert next(text.get_text() for text in axes.texts) == "loud  rang at 2 min"
    assert len(axes.texts) == panels.MOST_STRIPS
    assert "and 2 more in summary.json" in axes.get_title(loc="left")
    edges = [path.get_extents() for bar in axes.collections[:3] for path in bar.get_paths()]
    assert [(round(box.x0, 6), round(box.x1, 6)) for box in edges] == [(0, 2), (2, 2.5), (2.5, 3)]
    assert edges[1].height > edges[2].height > edges[0].height


def test_a_queue_has_a_panel_with_its_backlog() -> None:
    """Ten messages a second for ten seconds, and 5 a second worked off: at the end of second n 5 n of them wait."""
    consumer = {"function": "w", "batch_size": 1, "maximum_concurrency": 5}
    said = story(
        {"process": "even", "rate": "10/s"},
        {"service": "q"},
        route="POST /",
        functions={"w": {"duration": "1 s", "timeout": "2 s"}},
        backends={"q": {"sqs": {"latency": "1 ms", "consumer": consumer}}},
        run={"period": "1 s"},
    )
    ran = apigw_sim.run(said)
    (shown,) = (axes for axes in ran.plot().axes if "queues" in axes.get_title(loc="left"))
    (line,) = shown.get_lines()
    heights = [int(height) for height in np.asarray(line.get_ydata())]
    assert all(abs(heights[second - 1] - 5 * second) <= 1 for second in range(1, 11))


def test_each_region_has_its_own_limit_of_concurrency() -> None:
    """Two functions share the 12 of one Region, and one has the 7 of another to itself."""
    functions = {
        "f": {"duration": "2 s", "cold_start": "none"},
        "g": {"duration": "2 s", "cold_start": "none"},
        "west": {"duration": "2 s", "cold_start": "none", "region": "us-west-2"},
    }
    said = story({"process": "even", "rate": "2/s"}, {"lambda_proxy": "f"}, functions=functions)
    said["account"] = {**said.get("account", {}), "lambda_concurrency": 12}
    said["regions"] = {"us-west-2": {"lambda_concurrency": 7}}
    said["apis"]["b"] = {
        **said["apis"]["a"], "region": "us-west-2", "methods": {"GET /": {"integration": {"lambda_proxy": "west"}}}
    }  # fmt: skip
    said["apis"]["a"]["methods"]["GET /g"] = {"integration": {"lambda_proxy": "g"}}
    said["clients"]["g"] = {**said["clients"]["c"], "calls": [{"call": "GET /g"}]}
    said["clients"]["w"] = {**said["clients"]["c"], "target": "b/s"}
    words = texts(apigw_sim.run(said).plot())
    assert "limit of all unreserved  12" in words
    assert "limit of west  7" in words
    assert not [word for word in words if "us-west-2" in word and "unreserved" in word]
