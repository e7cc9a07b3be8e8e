"""The notebooks are kept clean and short, use what is public, and run: every cell, without a warning.

`make notebooks` executes them too. Here their answers are looked at as well.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from theory.odds import erlang_b

import apigw_sim as sim

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALLOWED = {"apigw_sim", "matplotlib", "numpy", "pandas", "pathlib", "tempfile"}


def read(file: Path) -> Any:
    return nbformat.read(file, as_version=nbformat.NO_CONVERT)


def sources(file: Path) -> list[str]:
    return [cell.source for cell in read(file).cells if cell.cell_type == "code"]


def test_they_are_all_here() -> None:
    assert [file.stem for file in FILES] == [
        "a_decision",
        "first_steps",
        "how_sure",
        "retry_storm",
        "token_bucket",
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_valid_and_its_outputs_are_cleared(file: Path) -> None:
    notebook = read(file)
    nbformat.validate(notebook)
    assert notebook.nbformat == 4
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_for_a_beginner(file: Path) -> None:
    """Short cells, each after a word of explanation, and nothing that is not public."""
    cells = read(file).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert len(cells) <= 25
    for source in sources(file):
        assert len(source.splitlines()) <= 28
        assert max(len(line) for line in source.splitlines()) <= 110
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= ALLOWED
            elif isinstance(node, ast.ImportFrom):
                assert str(node.module).split(".")[0] in ALLOWED - {"apigw_sim"}
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "sim"
            ):
                assert node.attr in sim.__all__
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_")


def execute(name: str) -> list[Any]:
    """Run a notebook in its folder, as Jupyter does; give all of its outputs."""
    folder = ROOT / "notebooks"
    # Jupyter draws inline: the tests' own backend is not for it.
    env = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])
    notebook = read(folder / f"{name}.ipynb")
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=env)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def images(outputs: list[Any]) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs)


def texts(outputs: list[Any]) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.slow
def test_the_token_bucket_agrees_with_aws() -> None:
    outputs = execute("token_bucket")
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert images(outputs) == 5
    rows = [line.split() for line in texts(outputs[-1:]).splitlines() if line[:1].isdigit()]
    # AWS's five examples: requests, what AWS says, by hand, simulated, refused.
    assert rows == [
        ["1", "10,000", "10,000", "10,000", "10,000", "0"],
        ["2", "10,000", "5,000", "5,000", "5,000", "5,000"],
        ["3", "10,000", "10,000", "10,000", "10,000", "0"],
        ["4", "10,000", "6,000", "6,000", "6,000", "4,000"],
        ["5", "10,000", "10,000", "10,000", "10,000", "0"],
    ]


@pytest.mark.slow
def test_first_steps_run_and_show_what_they_say() -> None:
    outputs = execute("first_steps")
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert images(outputs) == 1
    assert sum("text/html" in output.get("data", {}) for output in outputs) == 2  # the card and a table
    said = texts(outputs)
    assert "did you mean 'account.throttle.burst'?" in said
    assert "THROTTLED" in said
    ideas = [line for line in said.splitlines() if "tickets refused" in line]
    refused = [float(line.split("tickets refused")[1].split("%")[0]) for line in ideas]
    as_it_is, throttled, elsewhere, metronome = refused
    assert throttled == elsewhere == 0
    assert as_it_is > 0
    assert metronome > 2 * as_it_is


@pytest.mark.slow
def test_the_retry_storm_lasts_and_the_budget_heals() -> None:
    outputs = execute("retry_storm")
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert images(outputs) == 1
    storm, budget = (
        line.split() for line in texts(outputs[-1:]).splitlines() if line.startswith(("storm", "budget"))
    )
    assert float(storm[2]) < 0.5 * float(storm[1])
    assert float(budget[2]) > 0.85 * float(budget[1])


@pytest.mark.slow
def test_the_decision_is_the_one_that_erlang_would_make() -> None:
    """30 places lose 1 % at 1.69 times 12 Erlangs; 24 Erlangs lose 1.1 % on 34 places and 0.75 % on 35."""
    outputs = execute("a_decision")
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert images(outputs) == 1
    said = texts(outputs)
    assert said.splitlines()[0].startswith("not met  tickets/prod avg(5XXError) of POST /orders < 1 %")
    load = re.search(r"([\d.]+) x meets, ([\d.]+) x does not", said)
    places = re.search(r"(\d+) meets, (\d+) does not", said)
    assert load is not None
    assert places is not None
    assert erlang_b(30, 12 * float(load[1])) <= 0.01 <= erlang_b(30, 12 * float(load[2]))
    assert erlang_b(int(places[1]), 24) <= 0.01
    assert erlang_b(int(places[2]), 24) >= 0.01
    assert "binds first: sell reserved concurrency, 30" in said
    assert len(re.findall("lost .*, better", said)) == 2
