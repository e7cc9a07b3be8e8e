"""Compiling, or loading, all of the compiled engine in this fresh process: prints one JSON line."""

from __future__ import annotations

import json
import platform
import time
from importlib.metadata import version

SMALL = 0.2  # seconds: functions that took less are told as one

wall, cpu = time.perf_counter(), time.process_time()

from apigw_sim import jit  # noqa: E402
from apigw_sim.warm import warm  # noqa: E402

assert warm(), "the compiled functions cannot be kept"
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
times = jit.compile_times()
large = [(name, round(seconds, 2)) for name, seconds in times if seconds >= SMALL]
rest = [seconds for _, seconds in times if seconds < SMALL]
if rest:
    large.append((f"{len(rest)} others, {rest[0]:.2f} s at most", round(sum(rest), 2)))
row = {
    "part": "compiling",
    "cpu_s": round(cpu, 3),
    "wall_s": round(wall, 3),
    "compiled_anew": len(times),
    "compiling_s": round(sum(seconds for _, seconds in times), 2),
    "functions": large,
    "versions": {"python": platform.python_version()}
    | {name: version(name) for name in ("numba", "llvmlite", "numpy")},
}
print(json.dumps(row))
