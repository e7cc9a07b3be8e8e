"""The programs that are measured: what each runs, what it needs, and of what size it is timed."""

from __future__ import annotations

from typing import Any, NamedTuple

OURS = ("apigw-sim", "simpy", "numpy")
COMPILED = (*OURS, "numba")


class Program(NamedTuple):
    """A module of `variants`, whose `run(n, seed, **options)` simulates about n requests and gives its counts."""

    module: str
    size: int
    needs: tuple[str, ...]
    options: dict[str, Any] = {}  # noqa: RUF012


FULL = 30_300_000
FULL_PATH: dict[str, Any] = {"scenario": "full_path", "per_second": 10_000}
MIXED_PATH: dict[str, Any] = {"scenario": "mixed_path", "per_second": 2000}

PROGRAMS = {
    "mixed_path": Program("path", 120_000, OURS, MIXED_PATH | {"engine": "simpy"}),
    "bare_simpy": Program("bare_simpy", 120_000, ("simpy",)),
    "full_path": Program("path", FULL, COMPILED, FULL_PATH | {"engine": "compiled"}),
    "full_path_simpy": Program("path", 120_000, OURS, FULL_PATH | {"engine": "simpy"}),
    "mmc_apigw_sim": Program("mmc_apigw_sim", 60_000, OURS, {"engine": "simpy"}),
    "mmc_compiled": Program("mmc_apigw_sim", 3_000_000, COMPILED, {"engine": "compiled"}),
    "mmc_ciw": Program("mmc_ciw", 20_000, ("ciw",)),
    "mmc_asyncflow": Program("mmc_asyncflow", 10_000, ("asyncflow-sim", "simpy", "numpy")),
    "mmc_happysim": Program("mmc_happysim", 10_000, ("happysim", "numpy")),
}
"""In the order in which a round runs them: what is compared stands side by side."""

QUEUES = tuple(name for name in PROGRAMS if name.startswith("mmc_"))
"""Those of the M/M/50, which must give its exact answer first."""
