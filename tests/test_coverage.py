"""docs/coverage.md: every cell is filled, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from apigw_sim.advice import RULES
from apigw_sim.records import TABLES
from apigw_sim.rules.reason import REASONS
from apigw_sim.scenario.schema import spot
from apigw_sim.scenario.timeline import Entry

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"
NOT = "not simulated: "
NAMED = re.compile(r"`([^`]+)`")
HEAD = (
    "topic",
    "configured by",
    "changed in mid-run by",
    "seen in",
    "explained by",
    "checked by",
    "tested by",
)


class Row(NamedTuple):
    """A topic's cells, in the order of the head."""

    topic: str
    configured: str
    changed: str
    seen: str
    explained: str
    checked: str
    tested: str


def read(text: str) -> list[Row]:
    """The rows of the table in a page."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    assert cells[0] == HEAD
    return [Row(*row) for row in cells[2:]]


def wrong(row: Row) -> list[str]:
    """What is empty in a row, or named and not there."""
    found = [f"{head} is empty" for head, cell in zip(HEAD, row, strict=True) if not cell]
    if row.configured.startswith(NOT):
        return found if len(row.configured) > len(NOT) + 10 else [*found, "not simulated, and no reason"]
    found += [
        f"no path {path}" for path in NAMED.findall(row.configured) if not spot(tuple(path.split("."))).known
    ]
    verbs = {field.alias or name for name, field in Entry.model_fields.items()}
    found += [f"no verb {verb}" for verb in NAMED.findall(row.changed) if verb not in verbs]
    rules = {rule.id for rule in RULES}
    found += [f"no rule {rule}" for rule in re.findall(r"[A-Z]+\d{3}", row.checked) if rule not in rules]
    scenarios = {file.stem for file in (ROOT / "scenarios").glob("*.yaml")}
    tables = {f"result.{table.name}" for table in TABLES}
    for name in NAMED.findall(row.seen):
        known = (
            name in scenarios | tables
            or "/" in name
            or name.startswith(("stage ", "stages.", "authorizers.", "alarms", "clients.", "functions."))
        )
        found += [] if known else [f"no scenario or table {name}"]
    reasons = {reason.name for reason in REASONS}
    for word in re.findall(r"\b[A-Z]+(?:_[A-Z0-9]+)+\b", row.seen + row.explained):
        found += [] if word in reasons else [f"no reason {word}"]
    tests = NAMED.findall(row.tested)
    return [
        *found,
        *(["no test"] if not tests else []),
        *(f"no test {t}" for t in tests if not (ROOT / t).is_file()),
    ]


ROWS = read(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.topic)
def test_every_cell_is_filled_and_what_it_names_exists(row: Row) -> None:
    assert wrong(row) == []


def test_an_empty_cell_and_a_name_that_does_not_exist_would_be_seen() -> None:
    good = ROWS[0]
    assert wrong(good._replace(seen="")) == ["seen in is empty"]
    assert wrong(good._replace(configured="`apis.*.metods`")) == ["no path apis.*.metods"]
    assert wrong(good._replace(changed="`deplyo`")) == ["no verb deplyo"]
    assert wrong(good._replace(seen="`canary_releas`")) == ["no scenario or table canary_releas"]
    assert wrong(good._replace(checked="DEP999")) == ["no rule DEP999"]
    assert wrong(good._replace(tested="`tests/none.py`")) == ["no test tests/none.py"]
    assert wrong(good._replace(configured="not simulated: no")) == ["not simulated, and no reason"]


def test_topics_stand_once() -> None:
    topics = [row.topic for row in ROWS]
    assert len(set(topics)) == len(topics)
