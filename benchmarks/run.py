"""Speed and memory: `make bench`, or `python benchmarks/run.py`.

Every run is a fresh process (one.py) and one JSON line; variants are interleaved; what counts are medians of CPU
time, and ratios. A row whose wall/CPU is above 1.1 is flagged: something else was busy. Before it is timed, each
program of the M/M/50 must give the exact answer of that queue. Exit status 1: a wrong answer, or a gate failed.
BENCH=long adds the mixed path at 5 million attempts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import theory
from variants import mmc

HERE = Path(__file__).resolve().parent

MIXED, BARE, OURS = "mixed_path", "bare_simpy", "mmc_apigw_sim"
RIVALS = ("mmc_asyncflow", "mmc_happysim")  # to be beaten threefold
PEERS = (*RIVALS, "mmc_ciw")  # Ciw for information
SIZES = {MIXED: 200_000, BARE: 200_000, OURS: 120_000} | dict.fromkeys(PEERS, 20_000)
SEED = 7

CHECK_SIZE = 120_000
CHECK_Z = 3.3  # a right program fails one time in a thousand; one without a queue passes less than one time in fifty
MEMORY_SIZE = 1_000_000
LONG_SIZE = 5_000_000

BARE_SHARE = float(os.environ.get("BENCH_SHARE", "0.4"))  # CI asks for less: its machine may have company
RIVAL_FACTOR = 3.0
MEMORY_MB = 32.0
BUSY = 1.1

Row = dict[str, Any]


def measure(variant: str, n: int) -> Row:
    """One run in a fresh process, printed as it comes."""
    calm = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, str(HERE / "one.py"), variant, str(n), str(SEED)],
        env=os.environ | calm | {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 3}:
        sys.exit(f"FAILED: {variant} of {n} requests ended with status {done.returncode}")
    row: Row = json.loads(done.stdout.splitlines()[-1])
    if "cpu_s" in row and row["wall_s"] > BUSY * row["cpu_s"]:
        row["flag"] = f"wall/CPU {row['wall_s'] / row['cpu_s']:.2f}"
    print(json.dumps(row), flush=True)
    return row


def speed(row: Row) -> float:
    """Thousands of requests per second of CPU time."""
    return float(row["counts"]["requests"] / row["cpu_s"] / 1000)


def answer_problem(row: Row) -> str | None:
    """How far the mean number in system lies from the exact one, where that is too far."""
    exact = mmc.RATE * theory.mean_response(mmc.SERVERS, mmc.RATE, mmc.SERVICE)
    spread = theory.in_system_spread(mmc.SERVERS, mmc.RATE, mmc.SERVICE, row["counts"]["window_s"])
    found = row["counts"]["in_system"]
    z = (found - exact) / spread
    text = f"{row['variant']}: {found:.2f} in system, exact {exact:.2f} +- {spread:.2f} (z = {z:+.1f})"
    print(f"# {text}", flush=True)
    return f"{text}: this is not an M/M/{mmc.SERVERS}" if abs(z) > CHECK_Z else None


def table(rows: dict[str, list[Row]]) -> None:
    print(f"\n{'program':<16}{'requests':>10}{'k/s':>9}{'lowest':>9}{'highest':>9}{'peak MB':>9}  flagged")
    for variant, runs in rows.items():
        speeds = [speed(row) for row in runs]
        busy = sum("flag" in row for row in runs)
        print(
            f"{variant:<16}{runs[0]['counts']['requests']:>10}{median(speeds):>9.1f}{min(speeds):>9.1f}"
            f"{max(speeds):>9.1f}{median(row['peak_mb'] for row in runs):>9.1f}"
            f"  {f'{busy} of {len(runs)}: wall/CPU above {BUSY}' if busy else ''}"
        )


def ratio_gate(rows: dict[str, list[Row]], over: str, under: str, least: float) -> tuple[bool, str]:
    """The median ratio of neighbours in time, with the range, held against a floor."""
    pairs = [speed(a) / speed(b) for a, b in zip(rows[over], rows[under], strict=True)]
    ratio = median(pairs)
    text = f"{over} / {under} = {ratio:.2f} ({min(pairs):.2f} to {max(pairs):.2f}), at least {least:g}"
    return ratio >= least, text


def memory_gate(small: list[Row], large: Row) -> tuple[bool, str]:
    """What a longer run holds more than a shorter one."""
    more = large["peak_mb"] - median(row["peak_mb"] for row in small)
    counts = f"{large['counts']['requests']} attempts against {small[0]['counts']['requests']}"
    return more <= MEMORY_MB, f"peak memory of {counts}: {more:+.1f} MB, at most +{MEMORY_MB:g}"


def count_gate(runs: list[Row]) -> tuple[bool, str]:
    """The same seed gives the same counts, and as many requests as were asked for."""
    first = runs[0]
    asked, came = first["n"], first["counts"]["requests"]
    good = all(row["counts"] == first["counts"] for row in runs) and abs(came - asked) <= 0.05 * asked
    return good, f"{first['variant']}: {came} requests for {asked}, the same counts in {len(runs)} runs"


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed and memory, as ratios.")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each variant (default: 5)")
    repeats = parser.parse_args().repeats
    started = time.monotonic()

    wrong, queues = [], []
    for variant in (OURS, *PEERS):
        row = measure(variant, CHECK_SIZE)
        if "absent" in row:
            print(
                f"# {variant} is skipped: {row['absent']} is not installed (extra `peers`; see docs/performance.md)"
            )
            continue
        queues.append(variant)
        wrong += [problem] if (problem := answer_problem(row)) else []

    rows: dict[str, list[Row]] = {variant: [] for variant in (MIXED, BARE, *queues)}

    def repeat() -> list[tuple[bool, str]]:
        for _ in range(repeats):
            for variant, runs in rows.items():
                runs.append(measure(variant, SIZES[variant]))
        rivals = [(OURS, rival, RIVAL_FACTOR) for rival in RIVALS if rival in queues]
        return [ratio_gate(rows, *pair) for pair in ((MIXED, BARE, BARE_SHARE), *rivals)]

    ratios = repeat()
    if not all(good for good, _ in ratios):
        print("# a ratio is too low: as many runs again, and all of them are judged")
        ratios = repeat()
    large = [
        measure(MIXED, n) for n in (MEMORY_SIZE, LONG_SIZE)[: 2 if os.environ.get("BENCH") == "long" else 1]
    ]

    table(rows)
    gates = [count_gate(runs) for runs in rows.values()]
    gates += ratios
    gates += [memory_gate(rows[MIXED], row) for row in large]
    gates += [(False, problem) for problem in wrong]
    print()
    for good, text in gates:
        print(f"{'ok    ' if good else 'FAILED'} {text}")
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if all(good for good, _ in gates) else 1


if __name__ == "__main__":
    sys.exit(main())
