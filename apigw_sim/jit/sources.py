"""The stamp of compiled code: whatever can change what the compiler makes of the same function changes it.

numba's own cache looks at the file of the compiled function alone, and so misses a change in a function that it calls.
"""

from __future__ import annotations

import os
import platform
import sys
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = (
    "draws/groups.py",
    "draws/philox.py",
    "engine/compiled/**/*.py",
    "engine/order.py",
    "jit/**/*.py",
    "metrics/kernels*.py",
    "metrics/kernels/**/*.py",
    "plan/tables/**/*.py",
    "records.py",
    "rules/**/*.py",
)
"""The files that compiled functions consist of, by patterns below the package."""
VERSIONS = ("apigw-sim", "numba", "llvmlite", "numpy")
SETTINGS = (
    "NUMBA_BOUNDSCHECK",
    "NUMBA_CPU_FEATURES",
    "NUMBA_CPU_NAME",
    "NUMBA_DEBUGINFO",
    "NUMBA_ENABLE_AVX",
    "NUMBA_LOOP_VECTORIZE",
    "NUMBA_OPT",
    "NUMBA_SLP_VECTORIZE",
)
"""Environment variables that change the code numba makes."""
CPUINFO = Path("/proc/cpuinfo")
TELLING = ("model name", "flags", "Features", "CPU implementer", "CPU part", "cpu", "isa")
"""What names a processor in CPUINFO, on x86, Arm, POWER and RISC-V; clocks and core numbers say nothing."""


@lru_cache(maxsize=1)
def stamp() -> str:
    """32 hexadecimal digits, the same in every process that may share compiled code; neither numba nor numpy is imported."""
    digest = blake2b(digest_size=16)
    for part in (*_sources(), *_versions(), *_processor(), *_settings()):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def files() -> list[Path]:
    """The files of SOURCES that exist, in the order of their names."""
    found = {path for pattern in SOURCES for path in PACKAGE.glob(pattern)}
    return sorted(path for path in found if path.is_file())


def _sources() -> list[bytes]:
    return [part for path in files() for part in (str(path.relative_to(PACKAGE)).encode(), path.read_bytes())]


def _versions() -> list[bytes]:
    found = [f"{name} {_version(name)}" for name in VERSIONS]
    return [line.encode() for line in (*found, sys.version, sys.implementation.cache_tag or "")]


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> list[bytes]:
    """What the first core says of itself; numba refuses code made for another processor."""
    said = [sys.platform, platform.machine()]
    try:
        with CPUINFO.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.strip():
                    break
                name, _, value = line.partition(":")
                if name.strip() in TELLING:
                    said.append(value.strip())
    except OSError:
        said.append(platform.processor())
    return [word.encode() for word in said]


def _settings() -> list[bytes]:
    return [
        f"{name}={os.environ[name]}".encode(errors="replace") for name in SETTINGS if os.environ.get(name)
    ]
