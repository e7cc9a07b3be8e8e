"""Whatever is written, a scenario loads or says what is wrong; nothing else comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apigw_sim.errors import Problem, ScenarioError
from apigw_sim.scenario import load, paths

ROOT = Path(__file__).resolve().parents[2] / "scenarios"
TEXT = (ROOT / "flash_sale.yaml").read_text(encoding="utf-8")
TEXT = TEXT[TEXT.index("name:") :]
TOKENS = sorted(set(re.findall(r"[A-Za-z0-9_./{}]+", TEXT)))
NASTY = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "'",
    "\t",
    "\n",
    "#",
    "&a ",
    "*a ",
    "!!str ",
    "? ",
    "- ",
    "%",
    "@",
    "|",
    "~",
    "null",
    "true",
    "on",
    "0",
    "-1",
    "1e9",
    "1_0",
    ".inf",
    "5",
    "5 s",
    "5 KB",
    "5/s",
    "5 %",
    "rest",
    "none",
    "{}",
    "[]",
    "\u2028",
    "\x00",
    "é",
    "<<: ",
    "...",
    "---\n",
    "p50",
    "every_method",
    "GET /",
    "ANY /{proxy+}",
    "\r\n",
    "9" * 50,
    "a" * 300,
    "null\n",
    "p1: 5 ms",
    "extends: x.yaml\n",
]
PIECES = st.sampled_from(NASTY) | st.sampled_from(TOKENS) | st.text(max_size=5)


def broken(text: str, edits: list[tuple[int, int, str]]) -> str:
    for at, length, piece in edits:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + length :]
    return text


def loads_or_says(source: Any, **more: Any) -> None:
    for problem in said(source, **more):
        assert problem.what
        assert problem.fix
        assert "\n" not in str(problem)


def said(source: Any, **more: Any) -> tuple[Problem, ...]:
    try:
        scenario = load(source, **more)
    except ScenarioError as error:
        return error.problems
    assert paths(scenario)
    assert scenario.sha256()
    return ()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 30), PIECES), min_size=1, max_size=4))
def test_mutated_text(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    (tmp_path / "partner_requests.csv").touch()
    file = tmp_path / "mutated.yaml"
    file.write_bytes(broken(TEXT, edits).encode("utf-8", "surrogatepass"))
    loads_or_says(file)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*NASTY, *TOKENS])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TOKENS) | st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def listed() -> list[str]:
    found = {
        re.sub(r"(\.[A-Za-z0-9_]+|\[[^\]]*\])$", "", path)
        for path, _ in paths(load(ROOT / "flash_sale.yaml"))
    }
    return sorted(found | {path for path, _ in paths(load(ROOT / "flash_sale.yaml"))})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_value_anywhere(listed: list[str], data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(listed), VALUES), min_size=1, max_size=4))
    loads_or_says(ROOT / "flash_sale.yaml", overrides=pairs)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30), SCALARS)
def test_any_path(path: str, value: Any) -> None:
    loads_or_says(ROOT / "flash_sale.yaml", overrides=[(path, value)])
    loads_or_says(ROOT / "flash_sale.yaml", overrides=[f"{path}={value}"])
