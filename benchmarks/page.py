"""Writes the measured part of docs/performance.md, and its picture, from what `make bench` printed.

make bench | tee bench.txt
.venv-bench-3.11/bin/python benchmarks/page.py bench.txt 2026-11-25
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median

from plot import draw
from rows import HERE, Row, speed, spread
from whole_runs import ENGINES

DOCS = HERE.parent / "docs"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Rows = dict[object, list[Row]]


def markdown(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A table, its first column to the left."""
    rule = ("---", *["--:"] * (len(head) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def sorted_out(text: str) -> tuple[Row, Row, dict[str, list[Row]], Rows, Rows]:
    """Machine, compiling, programs by name, times by (axis, value), whole runs by (size, engine)."""
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    programs: dict[str, list[Row]] = {}
    times: Rows = {}
    wholes: Rows = {}
    for row in rows:
        part = row.get("part")
        if part == "scaling":
            times.setdefault((row["axis"], row["value"]), []).append(row)
        elif part == "whole":
            wholes.setdefault((row["n"], row["engine"]), []).append(row)
        elif "variant" in row and "round" in row:
            programs.setdefault(row["variant"], []).append(row)
    (machine,) = (row for row in rows if row.get("part") == "machine")
    compiling = next(row for row in rows if row.get("part") == "compiling")
    return machine, compiling, programs, times, wholes


def measured(text: str, date: str) -> str:
    """The part of the page between the markers."""
    machine, compiling, programs, _, wholes = sorted_out(text)
    versions = {"CPython": machine["python"]}
    for runs in programs.values():
        versions |= {name: said for name, said in runs[0]["versions"].items() if name != "python"}
    versions |= {name: compiling["versions"][name] for name in ("llvmlite",)}
    named = ", ".join(f"{name} {said}" for name, said in versions.items() if name != "apigw-sim")
    flags = sum("flag" in row for runs in programs.values() for row in runs)
    where = f"a shared virtual machine of {machine['cores']} cores ({machine['machine']}), {named}"
    said = [
        f"One run of `make bench` on {date}, {where}. Medians, with the range; rows flagged: {flags}.",
        markdown(
            ("program", "requests", "thousands per CPU second", "peak MB"),
            [
                (
                    f"`{variant}`", f"{runs[0]['counts']['requests']:,}", spread(map(speed, runs), 1),
                    f"{median(row['peak_mb'] for row in runs):.0f}",
                )
                for variant, runs in programs.items()
            ],
        ),
        markdown(
            ("attempts: CPU seconds of a whole process", *(f"`{engine}`" for engine in ENGINES)),
            [
                (f"{size:,}", *(
                    spread((row["cpu_s"] for row in wholes[size, engine]), 2) if (size, engine) in wholes else ""
                    for engine in ENGINES
                ))
                for size in sorted({size for size, _ in wholes})  # type: ignore[misc]
            ],
        ),
        markdown(
            ("compiled once for a version", "s"),
            [
                *((f"`{name}`" if "." in name.split(",")[0] else name, f"{took:.2f}")
                  for name, took in compiling["functions"]),
                (f"all {compiling['compiled_anew']} functions", f"{compiling['compiling_s']:.1f}"),
            ],
        ),
        "What held:",
        "```text\n" + "\n".join(line for line in text.splitlines() if line.startswith(("ok    ", "FAILED"))) + "\n```",
    ]  # fmt: skip
    return "\n\n".join(said)


def main() -> int:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    page = DOCS / "performance.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{measured(text, sys.argv[2])}\n{END}{after}", encoding="utf-8")
    _, _, programs, times, _ = sorted_out(text)
    draw(programs, times, DOCS / "performance.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
