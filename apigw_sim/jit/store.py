"""Where compiled code is kept: a folder for each stamp, a file for each function, each written whole or not at all."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from apigw_sim.errors import ApigwSimError
from apigw_sim.files import PART, write_whole
from apigw_sim.jit.sources import stamp

VARIABLE = "APIGW_SIM_CACHE"
"""The environment variable that names another folder. Whoever can write there can run code here."""
UNUSED = 30 * 86_400
"""Seconds after which a stamp's folder that nobody has read from is removed."""
TOUCHED = 86_400
"""Seconds after which reading from a folder makes it younger again."""
MARKER = "warm"
ENDING = ".kernel"
DIGEST = 32
NOWHERE = f"no folder is known for a cache; name one in {VARIABLE}"

_kept: dict[Path, int] = {}
"""The files that this process has read or written, with their sizes."""
_lost: set[Path] = set()
"""Those that it wanted to write and could not."""


class CacheError(ApigwSimError):
    """The cache cannot be removed."""


def root() -> Path | None:
    """The folder of all stamps; None where no place is known, as for a user without a home."""
    named = os.environ.get(VARIABLE)
    if not named:
        from platformdirs import user_cache_dir

        named = user_cache_dir("apigw-sim", appauthor=False)
    try:
        return Path(named).expanduser().absolute()
    except (OSError, RuntimeError):
        return None  # no home, or relative to a folder that is gone


def folder() -> Path | None:
    """The folder of this stamp, whether or not it exists."""
    above = root()
    return None if above is None else above / stamp()


# --- files ------------------------------------------------------------------------------------------------


def read(name: str) -> bytes | None:
    """What was written under a name; None if nothing was, or if it is not what was written."""
    place = folder()
    if place is None:
        return None
    try:
        data = (place / name).read_bytes()
    except OSError:
        return None
    digest, content = data[:DIGEST], data[DIGEST:]
    if digest != _digest(content):
        return None
    _kept[place / name] = len(data)
    _touch(place)
    return content


def write(name: str, content: bytes) -> str:
    """Keep something under a name; gives why that cannot be done, empty if it could."""
    place = folder()
    if place is None:
        return NOWHERE
    path, data = place / name, _digest(content) + content
    try:
        _make(place)
        write_whole(path, data)
    except OSError as error:
        if read(name) is None:  # another process may hold it open, having just written it
            _lost.add(path)
            return _why(place, error)
    else:
        _kept[path] = len(data)
    _lost.discard(path)
    return ""


def forbidden() -> str:
    """Why nothing can be written into this stamp's folder, which is made if need be; empty if it can."""
    place = folder()
    if place is None:
        return NOWHERE
    try:
        _make(place)
        probe = place / f"{os.urandom(8).hex()}{PART}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return _why(place, error)
    return ""


def _why(place: Path, error: OSError) -> str:
    return f"{place} cannot be written: {error.strerror or error}"


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST).digest()


def _make(place: Path) -> None:
    """Make a stamp's folder; a new one is the occasion to remove those that nobody uses any more."""
    if place.is_dir():
        return
    place.mkdir(parents=True, exist_ok=True)
    for old in _stamps(place.parent):
        with suppress(OSError):
            if old != place and old.stat().st_mtime < time.time() - UNUSED:
                _remove(old)


def _touch(place: Path) -> None:
    with suppress(OSError):
        if place.stat().st_mtime < time.time() - TOUCHED:
            os.utime(place)


# --- warm -------------------------------------------------------------------------------------------------


def is_warm() -> bool:
    """Whether everything that was in use when the marker was written is still here; numba is not imported."""
    place = folder()
    if place is None:
        return False
    try:
        lines = (place / MARKER).read_text(encoding="utf-8").splitlines()
        files = [line.partition(" ")[::2] for line in lines]
        return bool(files) and all((place / name).stat().st_size == int(size) for size, name in files)
    except (OSError, ValueError):
        return False


def mark_warm() -> bool:
    """Write the marker: all that a run needs has been compiled or loaded by this process. Gives `is_warm()`.

    Nothing is marked if something could not be kept.
    """
    place = folder()
    kept = sorted((path.name, size) for path, size in _kept.items() if path.parent == place)
    if place is not None and kept and not any(path.parent == place for path in _lost):
        lines = "".join(f"{size} {name}\n" for name, size in kept).encode()
        with suppress(OSError):
            if not _is(place / MARKER, lines):
                write_whole(place / MARKER, lines)
    return is_warm()


def _is(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


# --- removal ----------------------------------------------------------------------------------------------


def clear() -> int:
    """Remove the folders of all stamps, and the one above if it is empty then; gives the bytes that were freed.

    Only what was written here is removed.
    """
    above = root()
    if above is None:
        return 0
    _kept.clear()
    _lost.clear()
    try:
        freed = sum(_remove(place) for place in _stamps(above))
    except OSError as error:
        raise CacheError(f"{error.filename}: cannot be removed: {error.strerror or error}") from None
    with suppress(OSError):
        above.rmdir()
    return freed


def _stamps(above: Path) -> list[Path]:
    """The folders of stamps; what else lies beside them is not ours."""
    try:
        beside = [path for path in above.iterdir() if re.fullmatch("[0-9a-f]{32}", path.name)]
        return [path for path in beside if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _remove(place: Path) -> int:
    """Remove a stamp's folder, the marker first, and give the bytes that were in it."""
    freed = 0
    for pattern in (MARKER, f"*{ENDING}", f"*{PART}"):
        for path in list(place.glob(pattern)):
            with suppress(FileNotFoundError):
                freed += path.stat().st_size
                path.unlink()
    with suppress(FileNotFoundError):
        place.rmdir()
    return freed
