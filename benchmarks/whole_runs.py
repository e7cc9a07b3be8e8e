"""Whole processes, `apigw-sim run full_path.yaml --engine E`, from the shell's view: does `auto` choose well?"""

from __future__ import annotations

from statistics import median

from gates import Gate, at_most, bound
from rows import HERE, Row, shown, spread, table, whole

PER_SECOND = 10_000
SIZES = (1000, 10_000, 30_000, 80_000, 100_000, 1_000_000, 10_000_000)
ENGINES = ("simpy", "compiled", "auto")
SIMPY_TO = 100_000  # attempts; beyond, the simpy engine is behind by whole seconds
CLOSE = 1.3  # an engine behind by more than this after one round has lost, and is not run again
ONCE = 10_000_000  # from which size on one run says enough
LOSS = 1.1

Runs = dict[tuple[int, str], list[Row]]


def run_once(runs: Runs, size: int, engine: str, number: int) -> None:
    """One process more."""
    length = f"run.duration={size * 1000 // PER_SECOND} ms"
    found = whole(["run", str(HERE / "full_path.yaml"), "--engine", engine, "--set", length])
    row = {"part": "whole", "engine": engine, "n": size, "round": number} | found
    runs.setdefault((size, engine), []).append(shown(row))


def best(runs: Runs, size: int) -> tuple[float, str]:
    """The CPU seconds of the better engine, and which it is."""
    asked = [engine for engine in ENGINES[:2] if (size, engine) in runs]
    return min((median(row["cpu_s"] for row in runs[size, engine]), engine) for engine in asked)


def rounds(runs: Runs, count: int, sizes: tuple[int, ...] = SIZES) -> None:
    """Interleaved rounds; from the second on without those that have lost already."""
    for _ in range(count):
        for size in sizes:
            number = len(runs.get((size, "auto"), []))
            for engine in ENGINES:
                if engine == "simpy" and size > SIMPY_TO:
                    continue
                if number and engine != "auto":
                    least, _ = best(runs, size)
                    if median(row["cpu_s"] for row in runs[size, engine]) > CLOSE * least:
                        continue
                run_once(runs, size, engine, number)


def gates(runs: Runs) -> list[Gate]:
    """`auto` against the better engine, at each size."""
    found = []
    for size in sorted({size for size, _ in runs}):
        least, engine = best(runs, size)
        ratio = median(row["cpu_s"] for row in runs[size, "auto"]) / least
        ran = "/".join(sorted({str(row["ran"]) for row in runs[size, "auto"]}))
        text = f"auto / the better engine at {size:,} attempts = {ratio:.2f} (it ran {ran}; better: {engine})"
        found.append(Gate(at_most(ratio, LOSS), f"{text}, at most {bound(LOSS, floor=False)}"))
    return found


def compared(count: int) -> list[Gate]:
    """Rounds, more of them where `auto` seems to lose, the table and the gates."""
    runs: Runs = {}
    for number in range(count):
        rounds(runs, 1, SIZES if number == 0 else tuple(size for size in SIZES if size < ONCE))
    lost = tuple(size for size, gate in zip(SIZES, gates(runs), strict=True) if not gate.good)
    if lost:
        print("# auto seems to lose: as many runs again, and all of them are judged", flush=True)
        rounds(runs, count, lost)
    lines = []
    for size in SIZES:
        cells = [runs.get((size, engine)) for engine in ENGINES]
        lines.append(
            (f"{size:,}", *(spread((r["cpu_s"] for r in rows), 2) if rows else "-" for rows in cells))
        )
    table(("attempts, whole process, CPU s", *ENGINES), lines)
    return gates(runs)
