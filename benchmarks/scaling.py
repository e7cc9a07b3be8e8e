"""Time per attempt on the compiled engine, along seven axes, in this one process: prints a JSON line a measurement.

What is timed is a part of one run, from an instant after its start: draws, events, rows and metrics, a minute's close
among them, without what a run does once. The points of a round follow each other, so that a busy machine meets them
all. The system's share is told beside: it is for memory that is touched for the first time, not for steps.
`python benchmarks/scaling.py ROUNDS [--long]`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import shapes

from apigw_sim import units
from apigw_sim.compose import simulate
from apigw_sim.plan import plan
from apigw_sim.records import ATTEMPTS
from apigw_sim.scenario import load
from apigw_sim.warm import warm

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block

BASE = "base"
ALL = 99  # rounds
MINUTE = 60.0


class Point(NamedTuple):
    """A value of an axis, and its scenario of so many seconds."""

    axis: str
    value: int
    scenario: shapes.Scenario
    since_s: float = MINUTE
    until_s: float | None = 2 * MINUTE
    """The part that is timed; None: up to the end of the run."""
    rounds: int = ALL
    """How many it is measured in: once between an axis's ends, where no gate rests on it; twice what takes seconds."""


def in_flight(size: int) -> dict[str, Any]:
    """A latency with which `size` requests are under way on the average."""
    mean = 1000 * size / shapes.RATE
    return {"latency": {"uniform": {"min": f"{mean / 2} ms", "max": f"{mean * 1.5} ms"}}}


def points(folder: Path, long: bool) -> list[Point]:
    """All of them; `base` has 10 methods, 10 keys, 1 plan and 100 requests in flight."""

    def line(axis: str, *values: int, make: Callable[[int], dict[str, Any]], ends: int = ALL) -> list[Point]:
        wide = [shapes.gateway(2 * MINUTE, **in_flight(100) | make(value)) for value in values]
        rounds = [ends if value == values[-1] else 1 for value in values]
        return [Point(axis, n, made, rounds=r) for n, made, r in zip(values, wide, rounds, strict=True)]

    found = [Point(BASE, 0, shapes.gateway(2 * MINUTE, **in_flight(100)))]
    found += line("methods", 100, 1000, 10_000, make=lambda n: {"methods": n}, ends=2)
    found += line("keys", 100, 1000, 10_000, make=lambda n: {"keys": n})
    found += line("plans", 30, 100, 300, make=lambda n: {"plans": n}, ends=2)
    found += line("in flight", 1000, 10_000, 100_000, make=in_flight)
    for n in (100, 1000, 10_000, 100_000):
        burst = shapes.burst(2 * MINUTE, n, folder)
        found.append(Point("one instant", n, burst, rounds=ALL if n in {100, 100_000} else 1))
    for n, wait in ((1000, "100 ms"), (1_000_000, "1 h")):
        found.append(Point("far timers", n, shapes.refused(100, wait, **in_flight(100)), 0, None))
    for n in (100_000, 1_000_000, 10_000_000, *([100_000_000] if long else [])):
        lasting = shapes.gateway(n / shapes.RATE, **in_flight(100))
        found.append(Point("requests", n, lasting, 0, None, rounds={100_000: ALL, 1_000_000: 1}.get(n, 2)))
    return found


def clocks() -> tuple[float, float, float]:
    """Seconds of CPU, of those the system's, and of the wall."""
    return time.process_time(), os.times().system, time.perf_counter()


def measured(point: Point, planned: Plan) -> dict[str, float]:
    """Attempts and seconds of the part of one run that counts."""
    since, until = point.since_s * units.SECOND, (point.until_s or float("inf")) * units.SECOND
    begin = end = (0.0, 0.0, 0.0)
    attempts, first = 0, float("inf")

    def tell(now: int) -> None:
        nonlocal begin, end, first
        if now >= since and first == float("inf"):
            begin, first = clocks(), now
        if now == until:
            end = clocks()

    def count(block: Block) -> None:
        nonlocal attempts
        if block.table is ATTEMPTS:
            arrived = block["arrived_ns"]
            attempts += int(((arrived >= first) & (arrived < until)).sum())

    simulate(planned, engine="compiled", sink=count, progress=tell)
    if point.until_s is None:
        end = clocks()
    cpu, system, wall = (round(after - before, 4) for before, after in zip(begin, end, strict=True))
    return {"attempts": attempts, "cpu_s": cpu, "system_s": system, "wall_s": wall}


def main() -> int:
    rounds, long = int(sys.argv[1]), "--long" in sys.argv
    warm()
    with TemporaryDirectory() as folder:
        known = [(point, plan(load(point.scenario))) for point in points(Path(folder), long)]
        for number in range(rounds):
            for point, planned in known:
                if number < point.rounds:
                    row = {"part": "scaling", "axis": point.axis, "value": point.value, "round": number}
                    print(json.dumps(row | measured(point, planned)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
