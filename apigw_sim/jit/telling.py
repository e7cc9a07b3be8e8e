"""What the user is told about compiling, each line once in a process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress


def to_standard_error(line: str) -> None:
    """Write a line to standard error, if there is one."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(line, file=sys.stderr, flush=True)  # noqa: T201


told: Callable[[str], None] = to_standard_error
"""Who is told; assign another function to `apigw_sim.jit.telling.told` to hear it instead."""

_said: set[str] = set()


def once(subject: str, line: str) -> None:
    """Tell a line, unless one on the same subject has been told in this process."""
    if subject not in _said:
        _said.add(subject)
        told(line)
