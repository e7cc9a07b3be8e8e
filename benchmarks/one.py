"""One measured run in this fresh process: `python benchmarks/one.py VARIANT N SEED` prints one JSON line.

First the program runs a few thousand requests, so that all it loads is loaded: modules, and the machine code of the
compiled engine. Then the clock starts; `start_s` is the CPU time before it. Peak memory is of the whole process.
Exit status 3: what the variant needs is not installed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from programs import PROGRAMS

FIRST = 5000  # requests before the clock starts


def peak_mb() -> float:
    """The most memory this process has held, in MB of 2**20 bytes."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def compiled_anew() -> int:
    """How many functions this process had to compile, because the cache did not hold them."""
    from apigw_sim import jit

    return len(jit.compile_times())


def main() -> int:
    variant, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    program = PROGRAMS[variant]
    row: dict[str, Any] = {"variant": variant, "n": n, "seed": seed}
    versions = {"python": platform.python_version()}
    try:
        versions |= {name: version(name) for name in program.needs}
    except PackageNotFoundError as error:
        print(json.dumps(row | {"absent": error.name}))
        return 3
    run = importlib.import_module(f"variants.{program.module}").run
    run(FIRST, seed, **program.options)
    wall, cpu = time.perf_counter(), time.process_time()
    row["start_s"] = round(cpu, 3)
    counts = run(n, seed, **program.options)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    row |= {"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak_mb(), 1)}
    if "numba" in versions:
        row["compiled_anew"] = compiled_anew()
    print(json.dumps(row | {"counts": counts, "versions": versions}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
