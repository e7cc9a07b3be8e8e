"""A file that is there as a whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PART = ".part"
"""How the name of a file ends that is being written, or was when its process ended."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside and rename it, so that no reader ever sees half of it, whatever ends the writer."""
    beside = path.with_name(f"{path.name}.{os.urandom(8).hex()}{PART}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
