"""`apigw-sim compile`, with two tiny parts in place of the engine's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = """\
from apigw_sim import jit

def more(x):
    return x + 1

def most(x):
    return x * 2

def engine():
    jit.compiled(more, "int64(int64)")

def metrics():
    jit.compiled(most, "int64(int64)")
"""
MAIN = """\
import apigw_sim.warm
from apigw_sim.cli import main
apigw_sim.warm.PARTS = ("parts:engine", "parts:metrics")
main(prog_name="apigw-sim")
"""


@pytest.fixture
def compiling(tmp_path: Path):
    """Run `apigw-sim compile` with some arguments and variables; gives its status and what it printed."""
    (tmp_path / "parts.py").write_text(PARTS, encoding="utf-8")

    def run(*arguments: str, **env: str) -> tuple[int, list[str], list[str]]:
        variables = {"APIGW_SIM_CACHE": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", MAIN, "compile", *arguments], cwd=tmp_path,
            env=os.environ | variables | env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    return run


def test_it_compiles_once_says_where_and_clears(compiling, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    status, out, err = compiling()
    (place,) = cache.iterdir()
    assert (status, len(err)) == (0, 1)
    assert err[0].startswith("compiling the fast engine, once for this version")
    assert re.fullmatch(rf"COMPILED  in \d+\.\d s, kept in {place}", out[0])
    assert sorted(line.split()[-1] for line in out[1:]) == ["parts.more", "parts.most"]
    assert all(re.fullmatch(r"  \d+\.\d\d s  parts\.\w+", line) for line in out[1:])
    assert sorted(path.suffix for path in place.iterdir()) == ["", ".kernel", ".kernel"]

    assert compiling() == (0, [f"ALREADY THERE  {place}"], [])

    status, out, err = compiling("--clear")
    assert (status, err) == (0, [])
    assert re.fullmatch(rf"removed 0\.\d\d MB from {cache}", out[0])
    assert not cache.exists()
    assert compiling("--clear") == (0, [f"nothing is kept in {cache}"], [])


def test_where_it_cannot_be_kept_that_is_an_error(compiling, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    status, out, err = compiling(APIGW_SIM_CACHE=str(tmp_path / "file"))
    assert (status, out, len(err)) == (2, [], 2)
    assert re.fullmatch(
        rf"compiled in \d+\.\d s, but not kept: {tmp_path}/file/\w+ cannot be written: .*", err[1]
    )


def test_where_nothing_can_be_compiled_that_is_an_error(compiling) -> None:
    status, out, err = compiling(NUMBA_DISABLE_JIT="1")
    assert (status, out) == (2, [])
    assert err == [
        "the fast engine can't be had here: the environment variable NUMBA_DISABLE_JIT is set; unset it"
    ]


def test_without_numba_that_is_an_error(command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    done = command("compile")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "the fast engine can't be had here: numba is not installed; pip install numba\n"


def test_a_cache_that_cannot_be_cleared_is_told(compiling, tmp_path: Path) -> None:
    letter = tmp_path / "cache" / ("0" * 32) / "letter.txt"
    letter.parent.mkdir(parents=True)
    letter.write_bytes(b"")
    assert compiling("--clear") == (2, [], [f"{letter.parent}: cannot be removed: Directory not empty"])
    assert letter.exists()
