"""The folder of a run's files: written beside, then renamed, so that nothing is lost and nothing is half there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from apigw_sim.errors import ApigwSimError

MARK = "summary.json"


class FolderError(ApigwSimError):
    """A folder that cannot be written or must not be replaced."""


def check(folder: Path) -> None:
    """Say before a run whether its folder may be written: it is new, empty, or holds an earlier run."""
    if not folder.exists() and not folder.is_symlink():
        return
    try:
        if not folder.is_dir():
            raise FolderError(f"{folder}: is not a folder; name another one")
        if any(folder.iterdir()) and not (folder / MARK).is_file():
            raise FolderError(f"{folder}: holds other files and no {MARK}; name a new or empty folder")
    except OSError as error:
        raise _unusable(folder, error) from None


def replace(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a new folder beside `folder`, then put it in its place; on failure all is as it was."""
    check(folder)
    target = folder.resolve()
    beside = target.with_name(f".{target.name}.new-{os.getpid()}")
    before = target.with_name(f".{target.name}.old-{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        write(beside)
        _swap(target, beside, before)
    except OSError as error:
        raise _unusable(folder, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if before.exists() and target.exists():
            shutil.rmtree(before, ignore_errors=True)


def write_lines(path: Path, texts: Iterable[str]) -> None:
    """Write a file beside its place and put it there when it is whole; on failure all is as it was."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.new-{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.writelines(texts)
        beside.replace(target)
    except OSError as error:
        raise FolderError(
            f"{path}: cannot be written: {error.strerror or error}; name another file"
        ) from None
    finally:
        beside.unlink(missing_ok=True)


def _swap(target: Path, beside: Path, before: Path) -> None:
    if target.exists():
        target.rename(before)
    try:
        beside.rename(target)
    except OSError:
        if before.exists():
            before.rename(target)
        raise


def _unusable(folder: Path, error: OSError) -> FolderError:
    return FolderError(f"{folder}: cannot be written: {error.strerror or error}; name another folder")
