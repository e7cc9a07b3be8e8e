"""Compiled functions: numba's, made once for a version and kept on disk; numba itself is imported when it is needed."""

from apigw_sim.jit.compiling import (
    UnusableError,
    address,
    check_usable,
    compile_times,
    compiled,
    entry_point,
    unusable,
)
from apigw_sim.jit.meaning import Helpers
from apigw_sim.jit.sources import stamp
from apigw_sim.jit.store import CacheError, clear, folder, is_warm, mark_warm

__all__ = [
    "CacheError",
    "Helpers",
    "UnusableError",
    "address",
    "check_usable",
    "clear",
    "compile_times",
    "compiled",
    "entry_point",
    "folder",
    "is_warm",
    "mark_warm",
    "stamp",
    "unusable",
]
