"""Rows: one JSON line for each run, from a fresh process or read from one; and the table of them."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 7
BUSY = 1.1
ABSENT = 3
CALM = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Row = dict[str, Any]


def environment() -> dict[str, str]:
    """What every measured process sees: one thread, the same hashes, no window."""
    return os.environ | CALM | {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}


def machine() -> str:
    """The kind of machine this is, as far as it says so."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{platform.machine()}, {line.partition(':')[2].strip()}"
    return platform.machine()


def shown(row: Row) -> Row:
    """Print a row as it comes; one that took longer than its CPU time says is flagged."""
    if "cpu_s" in row and row["wall_s"] > BUSY * row["cpu_s"]:
        row["flag"] = f"wall/CPU {row['wall_s'] / row['cpu_s']:.2f}"
    print(json.dumps(row), flush=True)
    return row


def script(name: str, *arguments: object, **more: object) -> list[Row]:
    """Run a script of this folder in a fresh process; gives the rows that it printed, with `more` in each."""
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rows = [shown(json.loads(line) | more) for line in process.stdout if line.startswith("{")]
    if process.returncode not in {0, ABSENT}:
        sys.exit(f"FAILED: {' '.join(map(str, [name, *arguments]))} ended with status {process.returncode}")
    return rows


def measure(variant: str, n: int, **more: object) -> Row:
    """One run of a program in a fresh process."""
    (row,) = script("one.py", variant, n, SEED, **more)
    return row


def whole(arguments: Iterable[str]) -> Row:
    """`apigw-sim` in a fresh process: its CPU and wall seconds and peak memory, start included, and its engine."""
    before = os.times()
    with subprocess.Popen(
        [sys.executable, "-m", "apigw_sim", *arguments], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        printed, _ = process.communicate()
    after = os.times()
    if process.returncode:
        sys.exit(f"FAILED: apigw-sim {' '.join(arguments)} ended with status {process.returncode}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    found = re.search(r"\bengine (\w+)", printed.partition("\n")[0])
    return {
        "cpu_s": round(cpu, 3),
        "wall_s": round(after.elapsed - before.elapsed, 3),
        "ran": found[1] if found else None,
    }


def speed(row: Row) -> float:
    """Thousands of requests per second of CPU time."""
    return float(row["counts"]["requests"] / row["cpu_s"] / 1000)


def spread(values: Iterable[float], digits: int) -> str:
    """A median with its range."""
    known = sorted(values)
    return f"{median(known):,.{digits}f} ({known[0]:,.{digits}f} to {known[-1]:,.{digits}f})"


def flagged(rows: Iterable[Row]) -> str:
    """How many of some rows are flagged; empty if none is."""
    known = list(rows)
    busy = sum("flag" in row for row in known)
    return f"{busy} of {len(known)}: wall/CPU above {BUSY}" if busy else ""


def table(head: tuple[str, ...], lines: Iterable[tuple[object, ...]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    cells = [tuple(map(str, line)) for line in (head, *lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print()
    for line in cells:
        rest = "".join(f"  {cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        print(f"{line[0]:<{widths[0]}}{rest}".rstrip(), flush=True)
