"""The folder of a study: its design, and a file for every finished run, written beside and renamed.

What is there is whole, so a study that was ended by anything at all goes on where it was.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from apigw_sim.errors import ApigwSimError
from apigw_sim.experiment.cells import Cells
from apigw_sim.experiment.records import Record, to_rows
from apigw_sim.files import PART, write_whole

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
MARK = "study.json"
RUNS = "runs"
LIBRARIES = ("numpy", "simpy", "numba")
"""Distributions on which records depend."""
HINT = "name a new folder, or go on with what was begun"


class StudyFolderError(ApigwSimError):
    """A study's folder that cannot be written, read or gone on with."""


class Key(NamedTuple):
    """A run of a study: the point of its design, and the replication."""

    point: int
    replication: int

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"p{self.point:05d}-r{self.replication:06d}.parquet"


def versions() -> dict[str, str]:
    """What the records of this process depend on."""
    found = {"apigw_sim": metadata.version("apigw-sim"), "machine": platform.machine()}
    return found | {name: metadata.version(name) for name in LIBRARIES}


class Format(NamedTuple, Generic[T]):
    """What is kept of a run, as a file."""

    pack: Callable[[T], bytes]
    unpack: Callable[[bytes, int], T]
    """Gives it from the file's bytes and the replication; ValueError or KeyError where they are no such file."""


class StudyFolder(Generic[T]):
    """A folder that holds `study.json` and `runs/`."""

    def __init__(self, path: Path, design: dict[str, Any], kept: Format[T]) -> None:
        self.path = path
        self.design = design
        self._kept = kept
        self._there = {file.name for file in (path / RUNS).iterdir() if file.suffix == ".parquet"}

    @classmethod
    def begin(cls, path: Path, design: dict[str, Any], kept: Format[T]) -> StudyFolder[T]:
        """Make the folder, or go on with the same study in it."""
        try:
            if (path / MARK).is_file():
                found = cls.open(path, kept)
                found.check(design)
                return found
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise StudyFolderError(f"{path}: holds other files and no {MARK}; name a new or empty folder")
            (path / RUNS).mkdir(parents=True, exist_ok=True)
            write_whole(path / MARK, (json.dumps(design, indent=1, ensure_ascii=False) + "\n").encode())
        except OSError as error:
            raise _unusable(path, error) from None
        return cls(path, design, kept)

    @classmethod
    def open(cls, path: Path, kept: Format[T]) -> StudyFolder[T]:
        """A folder that was begun earlier."""
        try:
            design = read_design(path)
            (path / RUNS).mkdir(exist_ok=True)
            for left in (path / RUNS).glob(f"*{PART}"):
                left.unlink()
            return cls(path, design, kept)
        except OSError as error:
            raise _unusable(path, error) from None

    def check(self, design: dict[str, Any]) -> None:
        """Say what differs from the study that was begun here."""
        for name in ("kind", "scenario_sha256", "tables_sha256", "seed", "points", "versions", "window"):
            before, now = self.design.get(name), design.get(name)
            if before != now:
                shown = "" if isinstance(now, list | dict) else f": {before} then, {now} now"
                raise StudyFolderError(f"{self.path}: holds a study with another {name}{shown}; {HINT}")

    def has(self, key: Key) -> bool:
        """Whether a run was finished."""
        return key.file in self._there

    def keys(self) -> Iterator[Key]:
        """The runs that were finished, in order."""
        for name in sorted(self._there):
            point, _, replication = name.removesuffix(".parquet").partition("-")
            yield Key(int(point[1:]), int(replication[1:]))

    def write(self, key: Key, found: T) -> None:
        """Keep a finished run."""
        try:
            write_whole(self.path / RUNS / key.file, self._kept.pack(found))
        except OSError as error:
            raise _unusable(self.path, error) from None
        self._there.add(key.file)

    def read(self, key: Key) -> T | None:
        """A finished run; None if its file is no longer readable, and then it is to be run again."""
        try:
            return self._kept.unpack((self.path / RUNS / key.file).read_bytes(), key.replication)
        except (OSError, ValueError, KeyError):
            self._there.discard(key.file)
            return None

    def write_results(self, name: str, table: Any) -> None:
        """Write a frame of results beside the runs."""
        import pyarrow as pa

        self.write_file(name, table_bytes(pa.Table.from_pandas(table, preserve_index=False)))

    def write_file(self, name: str, data: bytes) -> None:
        """Write a file beside the runs."""
        try:
            write_whole(self.path / name, data)
        except OSError as error:
            raise _unusable(self.path, error) from None


def read_design(path: Path) -> dict[str, Any]:
    """What the `study.json` of a folder holds."""
    try:
        found: dict[str, Any] = json.loads((path / MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyFolderError(f"{path}: holds no {MARK}: no study was begun there") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise StudyFolderError(f"{path / MARK}: is no study; name another folder") from None
    except OSError as error:
        raise _unusable(path, error) from None
    return found


def _unusable(path: Path, error: OSError) -> StudyFolderError:
    why = error.strerror or str(error)
    return StudyFolderError(
        f"{path}: cannot be written: {why}; what was finished is kept: make room and go on"
    )


# a run as a file


def table_bytes(table: pa.Table, **options: Any) -> bytes:
    """A table as a Parquet file; the same table gives the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_table(data: bytes) -> pa.Table:
    """The table of a Parquet file; ValueError where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(pa.BufferReader(data))
    except pa.ArrowInvalid as error:
        raise ValueError(str(error)) from None


def to_parquet(found: Record) -> bytes:
    """A record as a Parquet file."""
    rising = dict.fromkeys(("cells.list.element", "counts.list.element"), "DELTA_BINARY_PACKED")
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": False, "column_encoding": rising}
    return table_bytes(_table(found), write_statistics=False, **options)


def _table(found: Record) -> pa.Table:
    import pyarrow as pa

    rows = to_rows(found)
    names = ("kind", "name", "part", "whole", "bits", "least", "most")
    kinds = (pa.string(), pa.string(), pa.float64(), pa.float64(), pa.int8(), pa.int64(), pa.int64())
    made = {
        name: pa.array([row[number] for row in rows], kind)
        for number, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    for name, raw in (("cells", [row[7] for row in rows]), ("counts", [row[8] for row in rows])):
        parts = [np.frombuffer(data, np.int64) for data in raw]
        made[name] = pa.array(parts, pa.list_(pa.int64()))
    return pa.table(made).replace_schema_metadata({"replication": str(found.replication)})


def from_parquet(data: bytes, replication: int) -> Record:
    """The record of a file."""
    table = read_table(data)
    found = Record(replication)
    columns = {
        name: table[name].to_pylist() for name in table.column_names if name not in ("cells", "counts")
    }
    for row in range(table.num_rows):
        kind, name = columns["kind"][row], columns["name"][row]
        part, whole = columns["part"][row], columns["whole"][row]
        if kind == "value":
            found.values[name] = part
        elif kind == "share":
            found.shares[name] = (int(part), int(whole))
        elif kind == "ratio":
            found.ratios[name] = (part, whole)
        else:
            cells, counts = (
                np.asarray(table[column][row].values.to_numpy(zero_copy_only=False), np.int64)
                for column in ("cells", "counts")
            )
            found.cells[name] = Cells(
                columns["bits"][row], cells, counts, columns["least"][row], columns["most"][row]
            )
    return found


RECORDS: Format[Record] = Format(to_parquet, from_parquet)
"""What replications, comparisons and sweeps keep."""
