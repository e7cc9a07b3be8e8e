"""Distributions, as they are written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.scenario import load
from apigw_sim.scenario.base import Bad
from apigw_sim.scenario.laws import (
    Constant,
    Empirical,
    Exponential,
    Law,
    LawOf,
    Lognormal,
    Percentiles,
    Uniform,
)
from apigw_sim.units import KB, MS

TIME, SIZE = LawOf("duration"), LawOf("size")


@pytest.mark.parametrize(
    ("written", "law"),
    [
        ("5 ms", Constant(value=5 * MS)),
        ("0 s", Constant(value=0)),
        (
            {"p50": "40 ms", "p99.9": "300 ms"},
            Percentiles(
                points=((Fraction(1, 2), 40 * MS), (Fraction(999, 1000), 300 * MS)), min=None, max=None
            ),
        ),
        (
            {"p99": "9 ms", "p50": "4 ms", "min": "1 ms", "max": "10 ms"},
            Percentiles(
                points=((Fraction(1, 2), 4 * MS), (Fraction(99, 100), 9 * MS)), min=1 * MS, max=10 * MS
            ),
        ),
        ({"lognormal": {"mean": "5 ms", "cv": 2}}, Lognormal(mean=5 * MS, cv=Fraction(2))),
        ({"exponential": {"mean": "5 ms"}}, Exponential(mean=5 * MS)),
        ({"uniform": {"min": "5 ms", "max": "7 ms"}}, Uniform(min=5 * MS, max=7 * MS)),
    ],
)
def test_a_law_is_read_and_written_back(written: object, law: Law) -> None:
    assert TIME.read(written) == law
    assert TIME.read(TIME.show(law)) == law


def test_sizes() -> None:
    assert SIZE.read("4 KB") == Constant(value=4 * KB)
    with pytest.raises(Bad, match="'4 ms' is a duration, not a size"):
        SIZE.read("4 ms")


def test_observations_from_a_file(tmp_path: Path, small: dict[str, Any]) -> None:
    file = tmp_path / "durations.csv"
    file.write_text("ms\n12\n3.5\n\n40\n")
    small["functions"]["f"]["duration"] = {"empirical": str(file)}
    made = load(small)
    law = made.functions["f"].duration
    assert isinstance(law, Empirical)
    assert law.values == (12 * MS, 3_500_000, 40 * MS)
    assert made.resolved()["functions"]["f"]["duration"] == {"empirical": str(file)}
    before = made.sha256()
    file.write_text("ms\n12\n")
    assert load(small).sha256() != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12\n13\n", "has no unit in its first line"),
        ("", "has no unit in its first line"),
        ("ms\n", "has 0 values; give 1 to 1,000,000"),
        ("ms\n12\nx\n", "value 2: 'x ms' is not a duration"),
        ("ms\n-1\n", "value 1: -1 ms is negative"),
        ("KB\n12\n", "has no unit in its first line"),
    ],
)
def test_files_that_hold_no_observations(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text)
    with pytest.raises(Bad, match=said):
        TIME.read({"empirical": str(file)})
    assert TIME.read("5 ms")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"ms\n\xff\n")
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    for name, said in [
        ("x.csv", "is not UTF-8"),
        ("huge.csv", "is larger than 64 MB"),
        ("no.csv", "there is no file"),
        (".", "there is no file"),
        ("", "is not a file"),
    ]:
        with pytest.raises(Bad, match=said):
            TIME.read({"empirical": str(tmp_path / name) if name else ""})
