"""One measured run in this fresh process: `python benchmarks/one.py VARIANT N SEED` prints one JSON line.

CPU time counts from the end of the imports, the variant's and all of this project's, to the end of the run; peak
memory is of the whole process. Exit status 3: what the variant needs is not installed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pkgutil
import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NEEDS = {
    "bare_simpy": ["simpy"],
    "mixed_path": ["apigw-sim", "simpy", "numpy"],
    "mmc_apigw_sim": ["apigw-sim", "simpy", "numpy"],
    "mmc_asyncflow": ["asyncflow-sim", "simpy", "numpy"],
    "mmc_ciw": ["ciw"],
    "mmc_happysim": ["happysim", "numpy"],
}


def peak_mb() -> float:
    """The most memory this process has held, in MB of 2**20 bytes."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def import_everything(package: str) -> None:
    """Import every module of a package now, so that lazy imports are not timed."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)


def main() -> int:
    variant, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    row = {"variant": variant, "n": n, "seed": seed}
    versions = {"python": platform.python_version()}
    try:
        versions |= {name: version(name) for name in NEEDS[variant]}
    except PackageNotFoundError as error:
        print(json.dumps(row | {"absent": error.name}))
        return 3
    module = importlib.import_module(f"variants.{variant}")
    if "apigw-sim" in versions:
        import_everything("apigw_sim")
    wall, cpu = time.perf_counter(), time.process_time()
    counts = module.run(n, seed)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    row |= {"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak_mb(), 1)}
    print(json.dumps(row | {"counts": counts, "versions": versions}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
