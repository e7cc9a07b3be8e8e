"""Rows that the compiled loop hands to the fold where they stand say what they say by way of a sink."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from metrics.test_fast import SHIPPED, says, scenario

from apigw_sim.compose import simulate
from apigw_sim.engine.compiled import engine
from apigw_sim.metrics import Metrics, fast_parts
from apigw_sim.metrics.fast import FastFold
from apigw_sim.metrics.kernels_frames import LEFT, Frame
from apigw_sim.records import TAKEN, Block
from apigw_sim.scenario.expect import read


@pytest.fixture
def fast() -> None:
    """Only compiled folds are here."""


@pytest.mark.parametrize("name", [*SHIPPED, "mixed", "mixed_path"])
@pytest.mark.parametrize("chunk", [fast_parts.CHUNK, 1_000])
def test_what_is_handed_on_without_a_sink_folds_to_the_same(
    name: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks are little and chunks are often full, so that there is room and that there is none."""
    monkeypatch.setattr(engine, "LITTLE_BLOCK", 64)
    monkeypatch.setattr("apigw_sim.metrics.fast.CHUNK", chunk)
    monkeypatch.setattr(fast_parts, "CHUNK", chunk)
    seen: list[int] = []
    by_python = FastFold._taken

    def count(self: FastFold, block: Block) -> object:
        seen.append(len(block))
        return by_python(self, block)

    monkeypatch.setattr(FastFold, "_taken", count)
    of = scenario(name, tmp_path, {})
    wanted = says(simulate(of, engine="compiled", sink=lambda _: None).metrics)
    rows = sum(seen)
    seen.clear()
    found = says(simulate(of, engine="compiled").metrics)
    for what, said in wanted.items():
        assert found[what] == said, what
    assert 0 < sum(seen) < 0.7 * rows, "both ways were gone"


def test_rows_that_python_has_to_see_come_by_way_of_the_sink() -> None:
    """An expectation is measured row by row, so nothing may go past it."""
    of = scenario("weighted_alias", Path(), {})
    watched = read(f"{of.stages[0].name} p99(Latency) < 1 s").model_copy(update={"kind": "stage"})
    assert Metrics(of, fast=True).takers() is not None
    assert Metrics(of, [watched], fast=True).takers() is None
    assert Metrics(of).takers() is None


def test_a_frame_takes_only_what_compiled_code_was_made_for() -> None:
    """It is told addresses, and would read whatever stands there."""
    n, three = np.zeros(4, np.int64), np.zeros((2, 3), np.int64)
    right = [0, 9, 1, n, three, three, three, n.astype(np.int32), n, n]
    frame = Frame("calls")
    assert frame.words[LEFT] == -1
    frame.put(7, *right)
    assert frame.words[LEFT] == 7
    for place, wrong in (
        (3, n.astype(np.int32)), (3, three), (3, np.zeros(8, np.int64)[::2]), (3, 5), (0, n), (7, n), (4, three.T),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"argument {place}: "):
            frame.put(7, *right[:place], wrong, *right[place + 1 :])
    frame.close()
    assert frame.words[LEFT] == -1


def test_a_sink_is_given_the_tables_that_it_asks_for() -> None:
    given: set[str] = set()
    of = scenario("weighted_alias", Path(), {})
    simulate(
        of, engine="compiled", sink=lambda block: given.add(block.table.name), tables=["levels", "calls"]
    )
    assert given == {"levels", "calls"}
    given.clear()
    simulate(of, engine="compiled", sink=lambda block: given.add(block.table.name))
    assert given > set(TAKEN)
