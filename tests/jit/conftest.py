"""A module of tiny functions, a cache folder, and processes that compile the one into the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.jit import sources, store, telling

TOY = """\
STEP = 3


def step(x):
    return x * STEP


def total(n):
    x = 0
    for _ in range(n):
        x += step(1)
    return x


def ratio(a, b):
    return a // b


def share(a, b):
    return ratio(a, b)


def at(cells, i):
    return cells[i]


def element(cells, i):
    return at(cells, i)
"""
"""total(n) is 3 n."""

PRELUDE = """\
import json, os, sys
from pathlib import Path
from apigw_sim import jit
from apigw_sim.jit import sources, store

# The stamp is of no file, so that an edit of the project in mid-test changes nothing.
sources.PACKAGE, sources.SOURCES = Path.cwd(), ()

def total(n):
    import toy
    return jit.compiled(toy.total, "int64(int64)", helpers=(toy.step,))(n)

def share(a, b):
    import toy
    return jit.compiled(toy.share, "int64(int64, int64)", helpers=(toy.ratio,))(a, b)

def element(cells, i):
    import numpy, toy
    return jit.compiled(toy.element, "int64(int64[::1], int64)", helpers=(toy.at,))(numpy.array(cells), i)

def say(**answers):
    print(json.dumps(answers | dict(times=jit.compile_times())))
"""
TOTAL = "say(total=total(5))"


@dataclass(frozen=True)
class Done:
    """What a process printed: a line of JSON, and what it told its user."""

    found: dict[str, Any]
    told: str

    @property
    def compiled(self) -> list[str]:
        """The functions that it compiled, by name."""
        return sorted(name for name, _ in self.found["times"])


@dataclass(frozen=True)
class Toy:
    """A folder with toy.py in it, and a cache."""

    folder: Path
    cache: Path

    def start(self, code: str = TOTAL, **env: str) -> subprocess.Popen[str]:
        """A process of its own in which warnings are errors."""

        plain = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
        variables = {"APIGW_SIM_CACHE": str(self.cache), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", f"{PRELUDE}\n{code}"], cwd=self.folder,
            env=plain | variables | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait(self, process: subprocess.Popen[str]) -> Done:
        """What it printed; it must not fail."""
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return Done(json.loads(out), err)

    def run(self, code: str = TOTAL, **env: str) -> Done:
        """Start and wait."""
        return self.wait(self.start(code, **env))

    def edit(self, old: str, new: str) -> None:
        """Change toy.py."""
        file = self.folder / "toy.py"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def kernel(self) -> Path:
        """The one file that was kept."""
        (file,) = self.cache.rglob("*.kernel")
        return file


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "toy.py").write_text(TOY, encoding="utf-8")
    return Toy(tmp_path / "code", tmp_path / "cache")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this process, which forgets what it has kept elsewhere."""
    monkeypatch.setenv("APIGW_SIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_kept", {})
    monkeypatch.setattr(store, "_lost", set())
    return tmp_path / "cache"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is told from now on, as if nothing had been yet."""
    lines: list[str] = []
    monkeypatch.setattr(telling, "told", lines.append)
    monkeypatch.setattr(telling, "_said", set())
    return lines


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package folder with a file for each pattern of the sources, and one that is none."""
    folder = tmp_path / "package"
    for name in (
        "rules/bucket.py", "rules/deep/er.py", "engine/order.py", "engine/compiled/loop.py", "draws/philox.py",
        "jit/store.py", "metrics/kernels.py", "metrics/kernels_more.py", "records.py", "cli/run.py",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    monkeypatch.setattr(sources, "PACKAGE", folder)
    sources.stamp.cache_clear()
    yield folder
    sources.stamp.cache_clear()
