"""Sweeps: designs, axes as they are written, and frames."""

from __future__ import annotations

import numpy as np
import pytest

import apigw_sim as sim
from apigw_sim.experiment.axes import Range, points, read_axis
from apigw_sim.experiment.frames import StudyError
from apigw_sim.report.sweeps import numbers

PLACES = "functions.f.reserved_concurrency"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1, 2, 3", ["1", "2", "3"]),
        ("a.b=100/s..300/s:3", ["100/s", "200/s", "300/s"]),
        ("a.b=10 ms..1000 ms:3 log", ["10 ms", "100 ms", "1000 ms"]),
        ("a.b=1..4:4", [1, 2, 3, 4]),
        ("a.b=0.5 GB..2 GB:4", ["0.5 GB", "1 GB", "1.5 GB", "2 GB"]),
        ("a.b={x: 1, y: 2}, {x: 3}", ["{x: 1, y: 2}", "{x: 3}"]),
        ("a.b=1 %..5 %:3", ["1%", "3%", "5%"]),
    ],
)
def test_an_axis_as_it_is_written(text: str, values: list[object]) -> None:
    assert read_axis(text) == ("a.b", values)


def test_a_key_that_is_no_word_stands_in_brackets() -> None:
    path, _ = read_axis('apis.a["GET /"].x=1,2')
    assert path == 'apis.a["GET /"].x'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.b", "varies nothing"),
        ("a.b=", "varies nothing"),
        ("=1", "the path is empty"),
        ("a.b=1 s..2 min:3", "begins in s and ends in min"),
        ("a.b=5..1:3", "lower end first"),
        ("a.b=0..10:3 log", "above 0"),
        ("a.b=1..5:1", "take 2 or more"),
    ],
)
def test_an_axis_that_is_none_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        read_axis(text)


def test_the_designs() -> None:
    axes = {"x": [1, 2], "y": ["a", "b"]}
    assert points(axes, "grid", None, 1) == [
        {"x": 1, "y": "a"}, {"x": 1, "y": "b"}, {"x": 2, "y": "a"}, {"x": 2, "y": "b"},
    ]  # fmt: skip
    assert points(axes, "list", None, 1) == [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]
    assert points(axes, "one_at_a_time", None, 1) == [{}, {"x": 1}, {"x": 2}, {"y": "a"}, {"y": "b"}]
    with pytest.raises(StudyError, match="as many values of each path"):
        points({"x": [1, 2], "y": [1]}, "list", None, 1)
    with pytest.raises(StudyError, match="write :10 behind it"):
        points({"x": Range(1, 2)}, "grid", None, 1)
    with pytest.raises(StudyError, match="more than 100,000 points"):
        points({"x": range(1000), "y": range(1000)}, "grid", None, 1)


def test_a_latin_hypercube_meets_each_stratum_of_each_axis_once() -> None:
    axes = {"x": Range(0, 1), "y": Range(1.5, 150.5, log=True), "z": ["a", "b"]}
    found = points(axes, "latin_hypercube", 20, 7)
    x = sorted(int(float(point["x"]) * 20) for point in found)
    y = sorted(int(np.log(float(point["y"]) / 1.5) / np.log(150.5 / 1.5) * 20) for point in found)
    assert x == y == list(range(20))
    assert sum(point["z"] == "a" for point in found) == 10
    assert found == points(axes, "latin_hypercube", 20, 7)
    assert found != points(axes, "latin_hypercube", 20, 8)


def test_a_grid_gives_a_tidy_frame_on_common_random_numbers(loss: str) -> None:
    told: list[int] = []
    done = sim.sweep(loss, {PLACES: [1, 2, 4]}, runs=3, progress=told.append)
    assert told == list(range(1, 10))
    frame = done.frame
    refused = frame[frame["metric"] == "requests.5XXError"]
    assert refused[PLACES].tolist() == [1, 2, 4]
    assert refused["value"].is_monotonic_decreasing
    assert frame.groupby(["point", "metric"]).size().max() == 1
    runs = done.runs
    assert len(runs) == 9
    offered = runs.pivot(index="replication", columns="point", values="requests.offered_per_s")
    assert (offered.nunique(axis=1) == 1).all()
    assert list(done.table(["requests.5XXError"]).columns) == ["requests.5XXError"]
    alone = sim.replicate(loss, runs=3, overrides={PLACES: 4}).interval("requests.5XXError")
    assert refused["low"].iloc[2] == alone.low


def test_one_at_a_time_leaves_the_rest_as_it_is(loss: str) -> None:
    done = sim.sweep(loss, {PLACES: [1], "clients.c.arrivals.rate": ["5/s"]}, design="one_at_a_time", runs=1)
    table = done.table(["requests.offered_per_s", "requests.5XXError"])
    assert table["requests.offered_per_s"][0] == table["requests.offered_per_s"][1]
    assert table["requests.offered_per_s"][2] < 10
    assert table["requests.5XXError"][1] > table["requests.5XXError"][0]


def test_wrong_values_are_told_before_the_first_run_and_all_at_once(loss: str) -> None:
    told: list[int] = []
    with pytest.raises(sim.ScenarioError) as caught:
        sim.sweep(loss, {PLACES: [1, "many"], "clients.c.arrivals.rate": ["5/s", "5"]}, progress=told.append)
    assert len(caught.value.problems) == 2
    assert told == []


@pytest.mark.parametrize("design", ["grid", "map", "one_at_a_time", "latin_hypercube"])
def test_each_design_has_its_picture(loss: str, design: str) -> None:
    axes: dict[str, object] = {PLACES: [1, 2]}
    if design != "grid":
        axes["clients.c.arrivals.rate"] = ["5/s", "10/s"]
    kind = "grid" if design == "map" else design
    done = sim.sweep(loss, axes, design=kind, size=3, runs=2)  # type: ignore[arg-type]
    figure = done.plot("a/s avg(5XXError)")
    panels = [one for one in figure.axes if one.get_visible()]
    if design == "map":
        assert {text.get_text().count("±") for text in panels[0].texts} == {1}
        assert len(panels[0].texts) == 4
    else:
        assert PLACES in panels[0].get_xlabel()
        assert len(panels) == len(axes)


def test_quantities_of_one_kind_are_numbers() -> None:
    read = numbers(["500 ms", "2 s"])
    assert read is not None
    assert (read[0].tolist(), read[1]) == ([500, 2000], "ms")
    assert numbers(["a", "b"]) is None
    assert numbers(["1 s", "1 MB"]) is None
