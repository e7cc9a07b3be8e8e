"""Readers of the traces that Azure published of its Functions: counts by the minute (2019), single invocations (2021).

2019: a row per function with its hashes and its trigger, and a column for each minute of a day, 1 to 1440. 2021: a row
per invocation with its app, its function, the seconds from the trace's beginning to its end, and how long it took.
https://github.com/Azure/AzurePublicDataset; Shahrad et al., ATC 2020; Zhang et al., SOSP 2021.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from apigw_sim import units
from apigw_sim.plan.trace_files import (
    Metric,
    Row,
    TraceFile,
    UnreadError,
    lines_of,
    quote,
    read_text,
    read_value,
    table,
)
from apigw_sim.plan.trace_logs import Lines, Log

MINUTES_2019 = "name the file of a day, invocations_per_function_md.anon.d01.csv"
ROWS_2021 = "name the file of the invocations, AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt"


class Wanted(NamedTuple):
    """Which functions of a trace are meant: by the beginning of a hash, or the busiest; without either, all."""

    function: str | None
    app: str | None
    top: int | None


def counts_2019(file: TraceFile, wanted: Wanted) -> Metric:
    """The invocations per minute of the functions that are wanted, summed."""
    text = read_text(file)
    (app, function), rows = table(file, text, {"app": "HashApp", "function": "HashFunction"})
    header = [name.strip() for name in next(lines_of(text))[1].split(",")]
    minutes = {int(name): place for place, name in enumerate(header) if name.isdecimal()}
    if not minutes:
        raise file.refuse("has no columns 1, 2, 3 and on, one a minute", MINUTES_2019, 1)
    places = [minutes[minute] for minute in sorted(minutes)]
    names: list[tuple[str, str]] = []
    counts: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for row in rows:
        key = _fields(file, row, app, function)
        if _meant(key, wanted):
            names.append(key)
            counts.append(_minutes(file, row, places))
    chosen = _chosen(file, names, [int(count.sum()) for count in counts], wanted)
    total = sum((counts[place] for place in chosen), np.zeros(len(places), np.int64))
    at = np.array([(minute - 1) * units.MINUTE for minute in sorted(minutes)], np.int64)
    return Metric(at, tuple(Fraction(count) for count in total.tolist()), (), _notes(names, chosen, wanted))


def log_2021(file: TraceFile, wanted: Wanted) -> Log:
    """When the invocations of the functions that are wanted began: their end less their duration."""
    places, rows = table(
        file, read_text(file), {name: name for name in ("app", "func", "end_timestamp", "duration")}
    )
    app, function, end, duration = places
    log = Lines(file)
    names: list[tuple[str, str]] = []
    begun: list[int] = []
    for row in rows:
        log.rows += 1
        try:
            if len(row.fields) <= max(places):
                raise UnreadError("the row is too short")
            at = _ns(row.fields[end]) - _ns(row.fields[duration])
            if at < 0:
                raise UnreadError("it began before the trace")
        except UnreadError as error:
            log.skip(row.line, error.what)
            continue
        key = row.fields[app].strip(), row.fields[function].strip()
        if _meant(key, wanted):
            names.append(key)
            begun.append(at)
    if names or not log.unreadable:
        distinct = list(dict.fromkeys(names))
        often = dict.fromkeys(distinct, 0)
        for key in names:
            often[key] += 1
        chosen = {distinct[k] for k in _chosen(file, distinct, list(often.values()), wanted)}
        log.at = [at for at, key in zip(begun, names, strict=True) if key in chosen]
        log.exact = True
        return log.done(ROWS_2021, _notes(distinct, [distinct.index(key) for key in chosen], wanted))
    return log.done(ROWS_2021)


def _ns(text: str) -> int:
    """Seconds as ns, rounded."""
    return round(read_value(text) * units.SECOND)


def _fields(file: TraceFile, row: Row, *places: int) -> tuple[str, str]:
    if len(row.fields) <= max(places):
        raise file.refuse("the row is shorter than the header", "complete it or leave it out", row.line, 1)
    first, second = (row.fields[place].strip() for place in places)
    return first, second


def _minutes(file: TraceFile, row: Row, places: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The counts of a row."""
    found = []
    for place in places:
        text = row.fields[place].strip() if place < len(row.fields) else ""
        if not text.isdecimal() or len(text) > 15:
            what = f"{quote(text)} is no count of invocations" if text else "a minute has no count"
            raise file.refuse(
                what,
                "write a whole number, 0 for none",
                row.line,
                row.column(min(place, len(row.fields) - 1)),
            )
        found.append(int(text))
    return np.array(found, np.int64)


def _meant(key: tuple[str, str], wanted: Wanted) -> bool:
    app, function = key
    return function.startswith(wanted.function or "") and app.startswith(wanted.app or "")


def _chosen(file: TraceFile, names: list[tuple[str, str]], often: list[int], wanted: Wanted) -> list[int]:
    """The places of the functions that are wanted; with `top` the busiest, of equals the first."""
    if not names:
        asked = " and ".join(
            f"{what} {quote(text)}"
            for what, text in (("function", wanted.function), ("app", wanted.app))
            if text
        )
        raise file.refuse(
            f"has nothing of {asked}" if asked else "has no data", "name a hash of the file, or top: 1"
        )
    if wanted.function is not None and len(set(names)) > 1:
        some = ", ".join(function[:12] for _, function in list(dict.fromkeys(names))[:4])
        what = (
            f"has {len(set(names))} functions whose hashes begin with {quote(wanted.function)}: {some}, ..."
        )
        raise file.refuse(what, "write more of it")
    order = sorted(range(len(names)), key=lambda place: (-often[place], place))
    return order if wanted.top is None else order[: wanted.top]


def _notes(names: list[tuple[str, str]], chosen: Iterable[int], wanted: Wanted) -> tuple[str, ...]:
    many = len(list(chosen))
    if wanted.top is not None and wanted.top > len(names):
        return (f"top asks for {wanted.top:,} functions, and there are {len(names):,}",)
    return () if wanted.function is not None else (f"{many:,} of {len(names):,} functions, summed",)
