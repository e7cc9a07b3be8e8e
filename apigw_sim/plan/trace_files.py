"""Readers of trace files: a metric of somebody else's as instants and values, exactly as written.

Nothing here knows of windows, scales or runs. Instants are ns since 1970, or since whatever zero plain seconds count
from; those without an offset are UTC. A metric that cannot be read is refused with every bad line named.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from apigw_sim import units
from apigw_sim.errors import Problem, ScenarioError

Ints = NDArray[np.int64]
SHOWN = 20
"""Problems of one file that are listed; the rest are counted."""
MILLISECONDS_FROM = 100_000_000_000
"""Plain numbers are seconds; from here on (in seconds the year 5138) they are milliseconds since 1970."""
LATEST = 1 << 62
"""ns; the year 2116."""
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class TraceFile(NamedTuple):
    """A trace file: its path, and its name as the scenario writes it."""

    path: Path
    name: str

    def refuse(
        self, what: str, fix: str, line: int | None = None, column: int | None = None
    ) -> ScenarioError:
        """The error of a file that has one problem."""
        return ScenarioError([Problem(self.name, line, column, "", what, fix)])


@dataclass(frozen=True)
class Metric:
    """A metric as read: ascending instants, none twice, each with its value."""

    at: Ints
    values: tuple[Fraction, ...]
    lines: tuple[int, ...]
    """Where each stands, for errors; empty for JSON."""
    notes: tuple[str, ...] = ()


class UnreadError(ValueError):
    """A text that cannot be read: what is wrong, and what to write."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


# files


def read_text(file: TraceFile) -> str:
    """The text of a file, with or without a byte order mark; bytes that are no UTF-8 are replaced."""
    try:
        raw = file.path.read_bytes()
    except OSError as error:
        raise file.refuse(f"cannot be read: {error.strerror}", "name a file that can") from None
    if raw.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\x28\xb5\x2f\xfd")):
        raise file.refuse("is compressed", "unpack it first (gunzip, unzip) and name what comes out")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[:2].count(0) == 1:
        raise file.refuse("is not UTF-8 text", "save it as UTF-8")
    text = raw.decode("utf-8-sig", "replace")
    if not text.strip():
        raise file.refuse("is empty", "name a file with data")
    return text


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank, whatever the line ends."""
    ends = "\n" if "\n" in text else "\r"
    for number, line in enumerate(text.split(ends), 1):
        if line and not line.isspace():
            yield number, line


# instants and numbers

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)? ?(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_CLF = re.compile(r"(\d\d/[A-Z][a-z]{2}/\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d+))? ([+-]\d{4})", re.ASCII)
_PLAIN = re.compile(r"(-?)(\d{1,19})(?:\.(\d{0,99}))?", re.ASCII)
_INSTANT = "write it as 2026-11-27T09:00:00Z, or in seconds"


def read_instant(text: str) -> tuple[int, bool]:
    """An instant as ns, and whether it is written finer than a second; what is finer than a ns is cut off.

    ISO 8601, a log's `17/May/2015:10:05:03 +0000`, seconds, or from MILLISECONDS_FROM on milliseconds.
    """
    text = text.strip()
    if found := _ISO.fullmatch(text):
        day, hour, minute, second, part, zone = found.groups()
        return _instant(_iso_day(day), hour, minute, second or "00", part, zone or "Z")
    if found := _CLF.fullmatch(text):
        day, hour, minute, second, part, zone = found.groups()
        return _instant(_log_day(day), hour, minute, second, part, zone)
    if found := _PLAIN.fullmatch(text):
        sign, whole, part = found.groups()
        if sign:
            raise UnreadError(f"{text} is negative", "write 0 or more")
        unit = units.SECOND if int(whole) < MILLISECONDS_FROM else units.MS
        ns = int(whole) * unit + int(part or 0) * unit // 10 ** len(part or "")
        if ns > LATEST:
            raise UnreadError(f"{quote(text)} is too large for an instant", _INSTANT)
        return ns, bool(part) or unit == units.MS
    raise UnreadError(f"{quote(text)} is no instant" if text else "there is no instant", _INSTANT)


def _instant(day: int, hour: str, minute: str, second: str, part: str | None, zone: str) -> tuple[int, bool]:
    if hour > "23" or minute > "59" or second > "59":
        raise UnreadError(f"'{hour}:{minute}:{second}' is no time of day", _INSTANT)
    whole = day + int(hour) * 3600 + int(minute) * 60 + int(second) - _offset(zone)
    return whole * units.SECOND + (int(part[:9].ljust(9, "0")) if part else 0), bool(part)


@lru_cache(4096)
def _iso_day(text: str) -> int:
    return _day(text[:4], int(text[5:7]), text[8:], text)


@lru_cache(4096)
def _log_day(text: str) -> int:
    name = text[3:6]
    return _day(text[7:], _MONTHS.index(name) + 1 if name in _MONTHS else 0, text[:2], text)


def _day(year: str, month: int, day: str, text: str) -> int:
    if not "1900" <= year <= "2099":
        raise UnreadError(f"{quote(text)} is outside the years 1900 to 2099", _INSTANT)
    try:
        return (date(int(year), month, int(day)).toordinal() - _EPOCH) * 86400
    except ValueError:
        raise UnreadError(f"{quote(text)} is no day", _INSTANT) from None


@lru_cache(256)
def _offset(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def ns_since_1970(moment: datetime) -> int:
    """An instant that knows its offset, as ns."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * units.SECOND + since.microseconds * units.US


def show_instant(ns: int) -> str:
    """Write an instant in UTC; those of a clock that began later than 1970 as seconds."""
    if 0 <= ns < 366 * units.DAY:
        return f"{units.show_number(Fraction(ns, units.SECOND))} s"
    whole, part = divmod(ns, units.SECOND)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}{f'.{part:09}'.rstrip('0') if part else ''}Z"


_VALUE = re.compile(r"(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_NO_VALUE = "write 0, or leave the row out: a period without a row has none"


@lru_cache(1 << 16)
def read_value(text: str) -> Fraction:
    """A value that is not negative, exactly as written."""
    text = text.strip()
    if _VALUE.fullmatch(text):
        return Fraction(text)
    if not text:
        raise UnreadError("there is no value", _NO_VALUE)
    if text[0] == "-" and _VALUE.fullmatch(text[1:]):
        raise UnreadError(
            f"{text} is negative", "a count is 0 or more; export the metric that counts requests"
        )
    if text.casefold().lstrip("+-") in ("nan", "null", "none", "inf", "infinity"):
        raise UnreadError(f"{text} is no count", _NO_VALUE)
    plain = re.sub(r"[,_' ]", "", text)
    if _VALUE.fullmatch(plain):
        raise UnreadError(f"{quote(text)} has separators in its number", f"write {plain}")
    raise UnreadError(f"{quote(text)} is no number", "write how many requests the period had")


def quote(value: object) -> str:
    """A value of a file in quotes, cut to a line's length."""
    text = str(value)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


# CSV


class Row(NamedTuple):
    """A row of a CSV."""

    line: int
    fields: list[str]
    text: str

    def column(self, index: int) -> int:
        """Where a field begins, counted from 1."""
        if '"' in self.text:
            return max(self.text.find(self.fields[index]), 0) + 1
        return 1 + sum(len(field) + 1 for field in self.fields[:index])


def table(file: TraceFile, text: str, columns: Mapping[str, str]) -> tuple[list[int], Iterator[Row]]:
    """Where columns stand in a CSV's header, and its rows; `columns`: what we call one -> what the file calls it."""
    lines = lines_of(text)
    number, line = next(lines)
    header = [name.strip() for name in _split(line)]
    problems = [
        Problem(file.name, number, 1, "", *_no_column(ours, name, header))
        for ours, name in columns.items()
        if header.count(name) != 1
    ]
    if problems:
        raise ScenarioError(problems)
    return [header.index(name) for name in columns.values()], (
        Row(at, _split(rest), rest) for at, rest in lines
    )


def _split(line: str) -> list[str]:
    try:
        return next(csv.reader([line])) if '"' in line else line.split(",")
    except csv.Error:
        return line.split(",")


def _no_column(ours: str, name: str, header: list[str]) -> tuple[str, str]:
    if name in header:
        return f"has two columns '{name}'", "give each column its own name"
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        return f"has no column '{name}': commas do not separate its columns", "save it with commas"
    try:
        read_instant(header[0])
    except UnreadError:
        near = next((known for known in header if known.casefold() == name.casefold()), header[0])
        return (
            f"has no column '{name}', only {', '.join(header[:12])}",
            f"name it, as in columns: {{{ours}: {near}}}",
        )
    return (
        f"has no header with a column '{name}': its first line is data",
        "put a line above it: timestamp,value",
    )


class _Refusal:
    """The problems of one file, at most SHOWN of them in words."""

    def __init__(self, file: TraceFile) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.more = 0

    def add(self, what: str, fix: str, line: int | None, column: int | None, at: str = "") -> None:
        if len(self.problems) < SHOWN:
            self.problems.append(Problem(self.file.name, line, column, at, what, fix))
        else:
            self.more += 1

    def check(self) -> None:
        if self.more:
            last = self.problems[-1]
            what = f"and {self.more:,} more from here on"
            self.problems.append(
                Problem(last.file, last.line and last.line + 1, None, "", what, "mend them too")
            )
        if self.problems:
            raise ScenarioError(self.problems)


def read_metric(file: TraceFile, timestamp: str, value: str, name: str | None = None) -> Metric:
    """A metric as CSV with two named columns or, where the file begins with a brace, as the JSON of GetMetricData.

    `name` is the Id or Label of the result that is meant, where JSON holds several.
    """
    text = read_text(file)
    if text.lstrip()[:1] in ("{", "["):
        return _metric_json(file, text, name)
    return _metric_csv(file, text, timestamp, value)


def _metric_csv(file: TraceFile, text: str, timestamp: str, value: str) -> Metric:
    """A row per period with its timestamp and its value; rows ascend or descend."""
    (when, what), rows = table(file, text, {"timestamp": timestamp, "value": value})
    bad = _Refusal(file)
    found: list[tuple[int, Fraction, int]] = []
    for row in rows:
        if len(row.fields) <= max(when, what):
            fields = f"the row has {len(row.fields)} field{'s' * (len(row.fields) > 1)}, the header more"
            bad.add(fields, "complete it or leave it out", row.line, 1)
            continue
        try:
            at, index, name = 0, when, timestamp
            at = read_instant(row.fields[when])[0]
            index, name = what, value
            found.append((at, read_value(row.fields[what]), row.line))
        except UnreadError as error:
            bad.add(error.what, error.fix, row.line, row.column(index), name)
    bad.check()
    return _ordered(file, found)


def _ordered(file: TraceFile, found: list[tuple[int, Fraction, int]], notes: Iterable[str] = ()) -> Metric:
    """Ascending, however the rows ran; a row out of order and a timestamp given twice are refused."""
    if not found:
        raise file.refuse("has no data", "export the metric for a span that has data")
    if found[-1][0] < found[0][0]:
        found = found[::-1]
    bad = _Refusal(file)
    for one, two in pairwise(found):
        first, last = sorted((one[2], two[2]))
        place = (last, 1) if last else (None, None)
        if one[0] == two[0]:
            where = f", first on line {first}" if last else ""
            fix = "keep one row of a period; export one metric, in UTC"
            bad.add(f"{show_instant(two[0])} is there twice{where}", fix, *place)
        elif one[0] > two[0]:
            bad.add(
                f"{show_instant(two[0])} comes behind {show_instant(one[0])}", "sort the rows by time", *place
            )
    bad.check()
    at, values, lines = zip(*found, strict=True)
    return Metric(np.array(at, np.int64), values, lines if lines[0] else (), tuple(notes))


# JSON


class Written(str):
    """A number of a JSON file, as it is written there."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=Written, parse_int=Written, parse_constant=Written)


def parse_json(text: str) -> Any:
    """JSON with its numbers as they are written."""
    return _DECODER.decode(text)


_ANSWER = "name the answer of `aws cloudwatch get-metric-data`"


def _metric_json(file: TraceFile, text: str, metric: str | None) -> Metric:
    """Parts of one result (pages put together) are joined; each may ascend or descend."""
    try:
        data = parse_json(text)
    except json.JSONDecodeError as error:
        raise file.refuse(f"is no JSON: {error.msg}", _ANSWER, error.lineno, error.colno) from None
    except RecursionError:
        raise file.refuse("is nested too deeply", _ANSWER) from None
    results = data.get("MetricDataResults") if isinstance(data, dict) else None
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise file.refuse("has no list MetricDataResults", _ANSWER)
    bad = _Refusal(file)
    marks = _Marks(text)
    found: list[tuple[int, Fraction, int]] = []
    notes = ["the file has a NextToken: it is one page of several"] if data.get("NextToken") else []
    chosen = _chosen(file, results, metric)
    for number in chosen:
        part = []
        stamps, values = results[number].get("Timestamps"), results[number].get("Values")
        if not isinstance(stamps, list) or not isinstance(values, list) or len(stamps) != len(values):
            at = f"MetricDataResults[{number}]"
            bad.add("Timestamps and Values are not two lists of one length", _ANSWER, *marks.of(number), at)
            continue
        for index, (stamp, value) in enumerate(zip(stamps, values, strict=True)):
            name = "Timestamps"
            try:
                when = read_instant(_string(stamp))[0]
                name = "Values"
                part.append((when, read_value(_string(value)), 0))
            except UnreadError as error:
                at = f"MetricDataResults[{number}].{name}[{index}]"
                bad.add(error.what, error.fix, *marks.of(number, name, index), at)
        found += part
        if results[number].get("StatusCode", "Complete") != "Complete":
            notes.append(f"the file says {results[number]['StatusCode']} of its data: some may be missing")
    bad.check()
    return _ordered(file, sorted(found) if len(chosen) > 1 else found, notes)


def _string(item: object) -> str:
    if not isinstance(item, str):
        raise UnreadError(f"{json.dumps(item)[:60]} is no value", _NO_VALUE)
    return item


def _chosen(file: TraceFile, results: list[dict[str, Any]], metric: str | None) -> list[int]:
    """The numbers of the parts of the result that is meant."""
    names = [(str(result.get("Id", "")), str(result.get("Label", ""))) for result in results]
    distinct = list(dict.fromkeys(names))
    if not distinct:
        raise file.refuse("has no results", "export the metric for a span that has data")
    listed = ", ".join(f"{name} ({label})" if label not in ("", name) else name for name, label in distinct)
    found = [name for name in distinct if metric in (None, name[0])] or [
        name for name in distinct if metric == name[1]
    ]
    fix = f"name one by its Id, as in id: {(found or distinct)[0][0]}"
    if not found:
        raise file.refuse(f"has no result {quote(metric)}, only {listed}", fix)
    if len(found) > 1:
        raise file.refuse(f"has {len(found)} results: {listed}", fix)
    return [number for number, name in enumerate(names) if name == found[0]]


class _Marks:
    """Where things stand in a JSON file: YAML reads JSON and keeps positions. Large files go without."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.top: Any = None

    def of(self, *path: str | int) -> tuple[int | None, int | None]:
        """Line and column of a value within the results."""
        try:
            if self.top is None:
                if len(self.text) > 4_000_000:
                    return None, None
                self.top = yaml.compose(self.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            node = self.top
            for step in ("MetricDataResults", *path):
                if isinstance(step, int):
                    node = node.value[step]
                else:
                    node = next(value for key, value in node.value if key.value == step)
        except (yaml.YAMLError, StopIteration, RecursionError):
            return None, None
        return node.start_mark.line + 1, node.start_mark.column + 1
