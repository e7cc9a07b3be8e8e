"""Speed and memory: `make bench`, or `python benchmarks/run.py`.

Every run is a fresh process and one JSON line; variants are interleaved; what counts are medians of CPU time, and
ratios. A row whose wall/CPU is above 1.1 is flagged: something else was busy. Before it is timed, each program of the
M/M/50 must give the exact answer of that queue. Exit status 1: a wrong answer, or a gate failed. BENCH=long adds
longer runs and more rounds; BENCH_EASY=1 asks for less, where the machine may have company.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from statistics import median
from tempfile import TemporaryDirectory

from gates import Gate, at_most, bound, counted, exact, faster, memory, more_memory, undecided
from programs import PROGRAMS, QUEUES
from rows import Row, flagged, machine, measure, script, shown, speed, spread, table
from scaling_gates import of_users, scaled
from whole_runs import compared

LONG = os.environ.get("BENCH") == "long"
ROUNDS = 5 if LONG else 3
CHECK_SIZE = 120_000
HOUR, DAY = 36_000_000, 864_000_000
MEMORY_MB = 400.0
SIMPY_SIZE, SIMPY_MORE_MB = 1_000_000, 32.0
COMPILING = 60.0
"""Compiling may cost so many times the CPU seconds of bare_simpy, about 0.6: generous, for they are not alike."""

FASTER = (
    ("mixed_path", "bare_simpy", 0.4, None),
    ("full_path", "bare_simpy", 20.0, 30.0),
    ("full_path", "full_path_simpy", 30.0, None),
    ("mmc_compiled", "mmc_ciw", 60.0, None),
    ("mmc_apigw_sim", "mmc_asyncflow", 3.0, None),
    ("mmc_apigw_sim", "mmc_happysim", 3.0, None),
)
"""Which program is to do how many times the requests per CPU second of which, and what is aimed at."""


def compiled() -> tuple[Row, Gate]:
    """Compile into an empty cache, which warms it for all that follows; a second process finds everything there."""
    (row,) = script("compiling.py")
    (again,) = script("compiling.py")
    table(("compiling", "s"), [*row["functions"], ("all", row["compiling_s"])])
    print(f"# {row['compiled_anew']} functions; {again['cpu_s']:g} s to load them the next time", flush=True)
    text = f"compiled {row['compiled_anew']} functions once, and {again['compiled_anew']} in the next process"
    return row, Gate(row["compiled_anew"] > 0 and again["compiled_anew"] == 0, text)


def checked() -> tuple[list[str], list[Gate]]:
    """The programs of the M/M/50 that are installed, and whether each simulates it."""
    present, found = [], []
    for variant in QUEUES:
        row = measure(variant, CHECK_SIZE)
        if "absent" in row:
            why = f"{row['absent']} is not installed (extra `peers`; see docs/performance.md)"
            print(f"# {variant} is skipped: {why}", flush=True)
            continue
        present.append(variant)
        found.append(exact(row))
        print(f"# {found[-1].text}", flush=True)
    return present, found


def raced(variants: list[str], rounds: int) -> tuple[dict[str, list[Row]], list[Gate]]:
    """Interleaved rounds of all programs; if a ratio misses its floor by little, as many again of its two."""
    rows: dict[str, list[Row]] = {variant: [] for variant in PROGRAMS if variant in variants}
    pairs = [pair for pair in FASTER if {*pair[:2]} <= rows.keys()]

    def repeat(some: list[str], first: int) -> None:
        for number in range(first, first + rounds):
            for variant in some:
                rows[variant].append(measure(variant, PROGRAMS[variant].size, round=number))

    repeat(list(rows), 0)
    open_still = {name for pair in pairs if undecided(rows, *pair) for name in pair[:2]}
    if open_still:
        print("# a ratio's floor lies within its range: as many runs again, and all are judged", flush=True)
        repeat([variant for variant in rows if variant in open_still], rounds)
    return rows, [faster(rows, *pair) for pair in pairs]


def programs_table(rows: dict[str, list[Row]]) -> None:
    """Speed and memory of each program."""
    lines = [
        (
            variant, f"{runs[0]['counts']['requests']:,}", spread(map(speed, runs), 1),
            f"{median(row['peak_mb'] for row in runs):.0f}", flagged(runs),
        )
        for variant, runs in rows.items()
    ]  # fmt: skip
    table(("program", "requests", "thousands per CPU second", "peak MB", "flagged"), lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed and memory, as ratios.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"runs of each program ({ROUNDS})")
    rounds = parser.parse_args().rounds
    started = time.monotonic()

    def part(name: str) -> None:
        print(f"\n# {time.monotonic() - started:.0f} s: {name}", flush=True)

    about = {"machine": machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    shown({"part": "machine"} | about)
    with TemporaryDirectory() as cache:
        os.environ["APIGW_SIM_CACHE"] = cache
        part("compiling, once, into an empty cache")
        compiling, gate = compiled()
        found = [gate]
        part(f"does each program simulate the M/M/50? {CHECK_SIZE:,} requests")
        queues, answers = checked()
        part(f"programs, {rounds} rounds")
        rows, ratios = raced([*(set(PROGRAMS) - set(QUEUES)), *queues], rounds)
        programs_table(rows)
        found += [counted(runs) for runs in rows.values()] + answers + ratios
        found.append(memory(rows["full_path"], MEMORY_MB))
        if LONG:
            part("an hour, and a day")
            found += [memory([measure("full_path", n)], MEMORY_MB) for n in (HOUR, DAY)]
            found.append(more_memory(rows["mixed_path"], measure("mixed_path", SIMPY_SIZE), SIMPY_MORE_MB))
        part("time per attempt, as things grow")
        found += scaled(rounds, LONG)
        part("users in a closed loop")
        found += of_users(rounds)
        part("whole processes")
        found += compared(rounds - 1)

    ratio = compiling["cpu_s"] / median(row["cpu_s"] for row in rows["bare_simpy"])
    text = f"compiling / bare_simpy's {PROGRAMS['bare_simpy'].size:,} requests = {ratio:.1f}"
    found.append(Gate(at_most(ratio, COMPILING), f"{text}, at most {bound(COMPILING, floor=False)}"))
    print()
    for good, text in found:
        print(f"{'ok    ' if good else 'FAILED'} {text}")
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if all(good for good, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
