"""Readers of access logs and lists of instants: who called when, and what.

The unreadable lines of a log are counted, the first of them named, and the rest is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, overload

import numpy as np

from apigw_sim.plan.trace_files import (
    Ints,
    TraceFile,
    UnreadError,
    lines_of,
    parse_json,
    quote,
    read_instant,
    read_text,
    table,
)
from apigw_sim.units import SECOND


class Request(NamedTuple):
    """What a line of a log called."""

    method: str
    path: str
    """As sent: percent-encoded, without its query."""
    query: str
    """Without its question mark; "" for none."""
    size: int
    """Bytes of the request's body; 0 where the log does not say."""


class Requests(Sequence[Request]):
    """Requests in the order of arrival; each distinct one is kept once, so that it need be matched only once."""

    def __init__(self, distinct: tuple[Request, ...], which: Ints) -> None:
        self.distinct = distinct
        self.which = which
        """One per arrival: its place in `distinct`."""

    def __len__(self) -> int:
        return len(self.which)

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Requests: ...
    def __getitem__(self, index: int | slice) -> Request | Requests:
        if isinstance(index, slice):
            return Requests(self.distinct, self.which[index])
        return self.distinct[int(self.which[index])]


@dataclass(frozen=True)
class Log:
    """A log as read: ascending instants; those of one instant in the file's order."""

    at: Ints
    requests: Requests | None
    """One for each instant; None for a list of instants."""
    rows: int
    unreadable: int
    first_unreadable: int
    """Line number; 0: none."""
    exact: bool
    """Whether any instant is written finer than a second."""
    notes: tuple[str, ...] = ()


@dataclass
class Lines:
    """A log under construction."""

    file: TraceFile
    at: list[int] = field(default_factory=list)
    which: list[int] = field(default_factory=list)
    known: dict[Request, int] = field(default_factory=dict)
    rows: int = 0
    unreadable: int = 0
    first: int = 0
    why: str = ""
    exact: bool = False

    def skip(self, number: int, why: str) -> None:
        self.unreadable += 1
        if self.unreadable == 1:
            self.first, self.why = number, why

    def add(self, when: tuple[int, bool], request: Request | None) -> None:
        self.at.append(when[0])
        self.exact = self.exact or when[1]
        if request is not None:
            self.which.append(self.number(request))

    def number(self, request: Request) -> int:
        """The place of a request among the distinct ones."""
        return self.known.setdefault(request, len(self.known))

    def done(self, fix: str, notes: tuple[str, ...] = ()) -> Log:
        if not self.rows:
            raise self.file.refuse("has no data", "name a file with data")
        if not self.at:
            what = f"none of its {self.rows:,} lines can be read; of this one: {self.why}"
            raise self.file.refuse(what, fix, self.first)
        at = np.array(self.at, np.int64)
        order = np.argsort(at, kind="stable")
        requests = Requests(tuple(self.known), np.array(self.which, np.int64)[order]) if self.which else None
        if self.unreadable:
            what = (
                f"{self.unreadable:,} of {self.rows:,} lines cannot be read; the first is line {self.first}"
            )
            notes = (f"{what}: {self.why}", *notes)
        return Log(at[order], requests, self.rows, self.unreadable, self.first, self.exact, notes)


_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_COMBINED = re.compile(
    r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):(\d\d)(?:\.(\d{1,9})\d*)? ([+-]\d{4})\] "  # time
    rf"({_QUOTED}) (?:\d{{3}}|-) (?:\d+|-)(?!\S)",  # request line, status, size of the answer
    re.ASCII,
)
_TAIL = re.compile(rf"\s*(?:{_QUOTED} {_QUOTED}(?:\s.*)?)?")
"""Nothing, or referer and user agent, and whatever a server adds to them."""
_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) (\S+)(?: HTTP/\d(?:\.\d)?)?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)


def combined_log(file: TraceFile) -> Log:
    """An access log in Apache's combined format, or in the common one, with which that begins.

    Time, request line, status and size must be there. A line that breaks off behind them tells of a request all the
    same: it is kept and mentioned. The size in such a log is the answer's, so the requests have none.
    """
    log = Lines(file)
    numbers: dict[str, int] = {}
    broken, first = 0, 0
    for number, line in lines_of(read_text(file)):
        log.rows += 1
        found = _COMBINED.search(line)
        if not found:
            log.skip(number, "not the combined log format")
            continue
        minute, second, part, zone, text = found.groups()
        try:
            if second > "59":
                raise UnreadError(f"there is no second {second}")
            at = _minute(minute, zone) + int(second) * SECOND
            if text not in numbers:
                numbers[text] = log.number(_request_line(text[1:-1]))
        except UnreadError as error:
            log.skip(number, error.what)
            continue
        if part:
            at += int(part.ljust(9, "0"))
            log.exact = True
        log.at.append(at)
        log.which.append(numbers[text])
        if line[-1] != '"' and not _TAIL.fullmatch(line, found.end()):
            broken, first = broken + 1, first or number
    notes: tuple[str, ...] = ()
    if broken:
        notes = (
            f"lines that break off behind their size and are kept: {broken:,}; the first is line {first}",
        )
    return log.done("name a log in the combined format, or write format: json and fields:", notes)


@lru_cache(4096)
def _minute(text: str, zone: str) -> int:
    return read_instant(f"{text}:00 {zone}")[0]


def _request_line(text: str) -> Request:
    """`GET /path?query HTTP/1.1` as a request."""
    found = _REQUEST_LINE.fullmatch(text)
    if not found:
        raise UnreadError(f"{quote(text)} is no request line")
    return _request(found[1], found[2], "", 0)


def _request(method: str, target: str, query: str, size: int) -> Request:
    """A request; a target with its origin, as proxies send it, loses that."""
    origin = _ORIGIN.match(target)
    bare = (target[origin.end() :] or "/") if origin else target
    path, _, after = bare.partition("#")[0].partition("?")
    if not path.startswith("/") and target != "*":
        raise UnreadError(f"{quote(target)} is no path")
    return Request(method, path, query.removeprefix("?") or after, size)


def json_log(file: TraceFile, fields: Mapping[str, str]) -> Log:
    """An access log of one JSON object a line.

    `fields` names its fields: `time`, `method` and `path`, and where there are any `query` and `size`, the bytes of
    the request's body. A name with dots reaches into objects; "-" or nothing for query or size means none.
    """
    log = Lines(file)
    for number, line in lines_of(read_text(file)):
        log.rows += 1
        try:
            entry = parse_json(line)
            method, path = _field(entry, fields["method"]), _field(entry, fields["path"])
            query, size = (
                _field(entry, fields[name], "-") if name in fields else "-" for name in ("query", "size")
            )
            if not method.isalpha():
                raise UnreadError(f"{quote(method)} is no method")
            if not re.fullmatch("-|[0-9]{1,15}", size):
                raise UnreadError(f"{quote(size)} is no size in bytes")
            length = 0 if size == "-" else int(size)
            request = _request(method.upper(), path, "" if query == "-" else query, length)
            log.add(read_instant(_field(entry, fields["time"])), request)
        except UnreadError as error:
            log.skip(number, error.what)
        except (json.JSONDecodeError, RecursionError):
            log.skip(number, "no JSON object")
    return log.done("name a log of one JSON object a line, and under fields: the names of its fields")


def _field(entry: Any, name: str, default: str | None = None) -> str:
    """The text of a field."""
    if not isinstance(entry, dict):
        raise UnreadError("no JSON object")
    value: Any = entry
    for step in (name,) if name in entry else name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or value == "":
        if default is None:
            raise UnreadError(f"there is no field '{name}'")
        return default
    if not isinstance(value, str):
        raise UnreadError(f"the field '{name}' is neither text nor a number")
    return value


def instants_csv(file: TraceFile, timestamp: str = "timestamp") -> Log:
    """Arrival times in a CSV: instants or seconds."""
    (when,), rows = table(file, read_text(file), {"timestamp": timestamp})
    log = Lines(file)
    for row in rows:
        log.rows += 1
        try:
            log.add(read_instant(row.fields[when] if when < len(row.fields) else ""), None)
        except UnreadError as error:
            log.skip(row.line, error.what)
    return log.done(f"write an instant, or seconds, in the column '{timestamp}'")
