"""What a study costs beside its runs: `make bench-studies`, or `python benchmarks/studies.py`.

What a study takes more than its runs is its overhead (loading each point's scenario, planning it, statistics, tables,
files): both are measured within one study, by CPU time in one process, so a machine whose speed swings takes no side.
Medians. Then one replication study on one process and on two, by the clock, and a
sweep of 500 short runs: how long until its first run is told of, and what it holds at its end more than at its
hundredth run. Exit status 1: a gate failed.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory

from gates import Gate, at_least, at_most, bound
from rows import HERE, machine, shown

import apigw_sim as sim
from apigw_sim.experiment.mapper import Here, cores
from apigw_sim.experiment.runs import run_job

SCENARIO = str(HERE / "mixed_path.yaml")
LENGTH = {"run.duration": "4500 ms"}
"""About 9,000 attempts of the simpy engine: 0.2 s or a little more."""
SHORT = {"run.duration": "50 ms"}
PLACE = "functions.checkout.reserved_concurrency"
VALUES = list(range(60, 64))
EACH = 5
"""Runs at each point, as a sweep has them where nothing is said."""
ROUNDS = 3
OVERHEAD, LEAST_RUN_S = 1.05, 0.2
RUNS, TWO_CORES = 40, 1.7
MANY, FIRST_S, MORE_MB = 500, 1.0, 8.0


class Timed(Here):
    """This process, which adds up the CPU seconds of its runs."""

    def __init__(self) -> None:
        self.runs, self.spent = 0, 0.0

    def run(self, jobs):  # type: ignore[no-untyped-def]
        for number, given in jobs:
            began = time.process_time()
            found = run_job(given)
            self.spent += time.process_time() - began
            self.runs += 1
            yield number, found


def study(kind: str, where: Timed) -> None:
    """Make a study."""
    options = {"engine": "simpy", "overrides": LENGTH, "using": where}
    if kind == "replicate":
        sim.replicate(SCENARIO, runs=20, **options)
    elif kind == "compare":
        sim.compare(SCENARIO, [{PLACE: VALUES[0]}, {PLACE: VALUES[1]}], runs=7, **options)
    elif kind == "sweep":
        sim.sweep(SCENARIO, {PLACE: VALUES}, runs=EACH, **options)
    else:
        with TemporaryDirectory() as folder:
            sim.sweep(SCENARIO, {PLACE: VALUES}, runs=EACH, out=f"{folder}/s", **options)


def overheads() -> list[Gate]:
    """What each kind of study takes more than its runs."""
    kinds = ("replicate", "compare", "sweep", "sweep into a folder")
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    each_run: list[float] = []
    for number in range(ROUNDS + 1):  # the first warms what is kept
        for kind in kinds:
            where = Timed()
            began = time.process_time()
            study(kind, where)
            took = time.process_time() - began
            if number:
                found[kind].append(took / where.spent)
                each_run.append(where.spent / where.runs)
                shown(
                    {
                        "part": "studies",
                        "kind": kind,
                        "study_s": round(took, 3),
                        "runs_s": round(where.spent, 3),
                    }
                )
    gates = [
        Gate(
            at_most(median(each), OVERHEAD),
            f"{kind} / its runs = {median(each):.3f} ({min(each):.3f}-{max(each):.3f}), at most {bound(OVERHEAD, floor=False)}",
        )
        for kind, each in found.items()
    ]
    text = f"a run takes {median(each_run):.2f} s, at least {bound(LEAST_RUN_S, floor=True)}"
    return [Gate(at_least(median(each_run), LEAST_RUN_S), text), *gates]


def clocked(make: Callable[[], object]) -> float:
    """Seconds by the clock."""
    began = time.perf_counter()
    make()
    return time.perf_counter() - began


def two_cores() -> list[Gate]:
    """Two processes against one."""
    if cores() < 2:
        print("# one core: two processes are not measured")
        return []
    ratios = []
    for _ in range(5):
        one, two = (
            clocked(
                lambda n=n: sim.replicate(SCENARIO, runs=RUNS, engine="simpy", overrides=LENGTH, workers=n)
            )
            for n in (1, 2)
        )
        shown({"part": "studies", "kind": "two cores", "one_s": round(one, 2), "two_s": round(two, 2)})
        ratios.append(one / two)
    text = (
        f"two processes do {median(ratios):.2f} times what one does, at least {bound(TWO_CORES, floor=True)}"
    )
    return [Gate(at_least(median(ratios), TWO_CORES), text)]


def held_mb() -> float:
    """The most that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def many() -> list[Gate]:
    """500 short runs: when the first is told of, and what they hold."""
    told: dict[int, tuple[float, float]] = {}
    began = time.perf_counter()
    sim.sweep(
        SCENARIO, {PLACE: list(range(50, 100))}, runs=10, engine="simpy", overrides=SHORT,
        progress=lambda count: told.update({count: (time.perf_counter() - began, held_mb())}),
    )  # fmt: skip
    first, more = told[1][0], told[MANY][1] - told[100][1]
    shown(
        {
            "part": "studies",
            "kind": "500 runs",
            "first_s": round(first, 3),
            "all_s": round(told[MANY][0], 2),
            "more_mb": round(more, 1),
        }
    )
    return [
        Gate(
            at_most(first, FIRST_S),
            f"the first of 500 runs is there after {first:.2f} s, at most {bound(FIRST_S, floor=False)}",
        ),
        Gate(more <= MORE_MB, f"400 runs more hold {more:+.1f} MB more, at most +{MORE_MB:g}"),
    ]


def main() -> int:
    """All of it."""
    shown({"part": "machine", "machine": machine(), "cores": os.cpu_count()})
    gates = [*many(), *overheads(), *two_cores()]
    for gate in gates:
        print(f"{'ok    ' if gate.good else 'FAILED'} {gate.text}")
    return 0 if all(gate.good for gate in gates) else 1


if __name__ == "__main__":
    sys.exit(main())
