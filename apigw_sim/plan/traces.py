"""Traces: counts and instants of real traffic as a client's arrivals, every request accounted for.

A count is kept: times `scale`, the fraction carried to the next period. The window's first instant falls on time 0,
`speed` divides time, and what lies at or beyond the end of the run or of the window is cut and counted, so that
placed + cut is the whole trace times scale, rounded down.

BURSTY: each period is cut into spans of length `over`, from its beginning (the last may be shorter). The middle one,
number (period // over) // 2 counted from 0, has `peak_to_mean` times the period's mean rate; the others share what is
left, evenly. `over` belongs to the trace's clock, so `speed` divides it too; `peak_to_mean` is at most
period / over, at which nothing is left for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm

import numpy as np

from apigw_sim import units
from apigw_sim.errors import Problem, ScenarioError
from apigw_sim.plan.tables import Counted, Listed, Placement, TraceReport
from apigw_sim.plan.trace_azure import Wanted, counts_2019, log_2021
from apigw_sim.plan.trace_files import (
    LATEST,
    Ints,
    Metric,
    TraceFile,
    ns_since_1970,
    read_metric,
    show_instant,
)
from apigw_sim.plan.trace_logs import Log, Requests, combined_log, instants_csv, json_log
from apigw_sim.scenario.arrivals import Bursty, Trace
from apigw_sim.scenario.clients import FROM_TRACE
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.paths import show_path

MOST_COUNTED = 1 << 40
"""Arrivals of a client: an identity has 40 bits for its calls."""
MOST_LISTED = 1 << 28
"""Arrivals whose instants or requests are kept one by one."""
RATIOS = (1, 2, 4, 8)
"""Peak to mean, of `--bursts`."""
_ROOM = 1 << 62
_PLACEMENTS = {"poisson": Placement.POISSON, "even": Placement.EVEN, "start": Placement.START}


@dataclass(frozen=True)
class Reading:
    """What a trace gives to a plan.

    The last period of Counted may be cut by `end`: its count is that of the part before it, to be placed there.

    With `calls: from_trace`, `requests[k]` is what the client's k-th arrival calls, for Counted and Listed alike:
    arrivals are numbered by period and ascend within it, and in that order the requests stand. To find the arrays
    `pick`, `resource`, `entry` and `request_bytes`, match each of `requests.distinct` to a route once and index the
    answers by `requests.which`, as in `rows_of_distinct[requests.which]`.
    """

    arrivals: Counted | Listed
    """Without pick arrays."""
    report: TraceReport
    window: int
    """ns: the length of the window after `speed`, for `duration: trace`."""
    requests: Requests | None = None
    """One per placed arrival; None where the calls are not from the trace."""


def read_trace(spec: Trace, scenario: Scenario, client: str, duration: int | None) -> Reading:
    """Read the trace of a client; `duration` is the run's in ns, None for the length of the window."""
    trace = _Trace(spec, scenario, client, duration)
    file = TraceFile(spec.file.path, spec.file.written)
    if spec.kind == "cloudwatch":
        return trace.counts(read_metric(file, spec.columns.timestamp, spec.columns.value, spec.id))
    if spec.kind in ("azure_2019", "azure_2021"):
        wanted = Wanted(spec.function, spec.app, spec.top)
        if spec.kind == "azure_2019":
            return trace.counts(counts_2019(file, wanted))
        return trace.log(log_2021(file, wanted))
    if spec.kind == "instants":
        return trace.log(instants_csv(file, spec.columns.timestamp))
    if spec.format == "json" and spec.fields is not None:
        return trace.log(json_log(file, {name: where for name, where in spec.fields if where is not None}))
    return trace.log(combined_log(file))


def bursts(traces: Mapping[str, TraceReport]) -> list[tuple[int, list[tuple[str, object]]]]:
    """What `--bursts` runs: for each peak-to-mean ratio the overrides, path and value, of the clients' placements.

    `traces` holds the reports by client; only those whose period is above 1 s take part, none of them giving an empty
    list. A burst lasts an eighth of the period, so the highest ratio puts all of a period into it.
    """
    coarse = {
        client: report.period_ns for client, report in traces.items() if report.period_ns > units.SECOND
    }
    return [
        (
            ratio,
            [(_path(client, "within_period"), _burst(ratio, period)) for client, period in coarse.items()],
        )
        for ratio in RATIOS
        if coarse
    ]


def _burst(ratio: int, period: int) -> object:
    if ratio == 1:
        return "poisson"
    return {"bursty": {"peak_to_mean": ratio, "over": units.show_duration(period // max(RATIOS))}}


def _path(client: str, *keys: str) -> str:
    return show_path(("clients", client, "arrivals", "trace", *keys))


@dataclass(frozen=True)
class _Window:
    """The part of a trace that is used, in the trace's own clock."""

    begin: int
    end: int
    first: int
    """Rows first .. last - 1 begin within it."""
    last: int


@dataclass(frozen=True)
class _Trace:
    """A trace of a scenario, and what its window, scale, speed and placement make of what a file holds."""

    spec: Trace
    scenario: Scenario
    client: str
    duration: int | None

    def refuse(self, what: str, fix: str, *keys: str) -> ScenarioError:
        """An error at a place of the scenario, within the trace."""
        place = self.scenario.place(("clients", self.client, "arrivals", "trace", *keys))
        file, line, column = place or (None, None, None)
        return ScenarioError([Problem(file, line, column, _path(self.client, *keys), what, fix)])

    def total(self, requests: int, most: int) -> int:
        """The whole trace times scale, where that can be simulated."""
        if requests > most:
            raise self.refuse(
                f"the trace times scale is {requests:,} requests, above {most:,}", "lower it", "scale"
            )
        return requests

    # the window and the clock

    def window(self, at: Ints, tail: int) -> _Window:
        """The window over ascending instants; by default from the first of them to `tail` after the last."""
        start = int(at[0])
        edges = [start, int(at[-1]) + tail]
        for side, edge in enumerate((self.spec.window.from_, self.spec.window.to)):
            if edge is not None:
                edges[side] = start + edge if isinstance(edge, int) else ns_since_1970(edge)
        begin, end = edges
        shown = f"from {show_instant(begin)} to {show_instant(end)}"
        if end <= begin:
            raise self.refuse(f"the window {shown} is empty", "end it after it begins", "window")
        first, last = (int(np.searchsorted(at, max(-LATEST, min(edge, LATEST)))) for edge in edges)
        if first == last:
            has = f"{show_instant(start)} to {show_instant(int(at[-1]) + tail)}"
            raise self.refuse(f"nothing lies in the window {shown}", f"the trace runs from {has}", "window")
        if self.run_time(end - begin) > units.LONGEST:
            what = f"at this speed the window lasts longer than {units.LONGEST // units.DAY} d"
            raise self.refuse(what, "raise it, or set a window", "speed")
        if self.run_time(end - begin) < 1:
            raise self.refuse("at this speed the window lasts less than a nanosecond", "lower it", "speed")
        return _Window(begin, end, first, last)

    def run_time(self, ns: int) -> int:
        """A span of the trace's clock in the run's, rounded down."""
        return ns * self.spec.speed.denominator // self.spec.speed.numerator

    def run_times(self, ns: Ints) -> Ints:
        """Ascending spans of the trace's clock in the run's, rounded down."""
        return _times(ns, 1 / self.spec.speed)

    def end(self, window: _Window) -> int:
        """Where arrivals stop, in ns of the run."""
        length = self.run_time(window.end - window.begin)
        return length if self.duration is None else min(length, self.duration)

    # counts

    def counts(self, found: Metric) -> Reading:
        """The arrivals of a metric."""
        period, odd = self.period(found)
        window = self.window(found.at, period)
        at = found.at[window.first : window.last]
        values = found.values[window.first : window.last]
        total = self.total(sum(carried(found.values, self.spec.scale)), MOST_COUNTED)
        placed = self.place(at, np.array(carried(values, self.spec.scale), np.int64), period, window)
        notes = list(found.notes)
        if any(value.denominator > 1 for value in found.values):
            notes.append("values have fractions: a count of requests has none; is it the statistic Sum?")
        if odd:
            notes.append(f"{odd:,} rows do not follow the one before by a whole number of periods")
        before = window.first - 1
        if before >= 0 and int(found.at[before]) + period > window.begin:
            stamp = show_instant(int(found.at[before]))
            notes.append(f"the period that begins at {stamp}, before the window, is left out")
        notes += self.assumed(placed.counts, placed.span)
        report = TraceReport(
            file=self.spec.file.written,
            rows=len(found.at),
            requests=sum(carried(found.values, Fraction(1))),
            placed=int(placed.counts.sum()),
            cut=total - int(placed.counts.sum()),
            missing_periods=_missing(at, period, window),
            unreadable=0,
            first_unreadable=0,
            period_ns=period,
            notes=tuple(notes),
        )
        return Reading(placed, report, self.run_time(window.end - window.begin))

    def period(self, found: Metric) -> tuple[int, int]:
        """The commonest spacing (the shortest of several), and how many spacings are no multiple of it."""
        gaps = np.diff(found.at)
        if not len(gaps):
            raise ScenarioError([_in_file(self.spec, found, 0, "one row does not tell how long a period is",
                                          "export two periods at least")])  # fmt: skip
        lengths, often = np.unique(gaps, return_counts=True)
        period = int(lengths[np.argmax(often)])
        short = np.flatnonzero(gaps < period)
        if len(short):
            row = int(short[0]) + 1
            gap, usual = units.show_duration(int(gaps[row - 1])), units.show_duration(period)
            what = f"begins {gap} after the row before it, within that one's period of {usual}"
            if len(short) > 1:
                what += f" (and {len(short) - 1:,} more rows)"
            stamp = f"the row of {show_instant(int(found.at[row]))} {what}"
            raise ScenarioError([_in_file(self.spec, found, row, stamp, "export the metric with one period")])
        return period, int(np.count_nonzero(gaps % period))

    def place(self, at: Ints, counts: Ints, period: int, window: _Window) -> Counted:
        """Counts of periods that begin within the window, cut to the run.

        A period that the end cuts keeps the part of its count that its placement puts before the end (rounded down;
        `even` gives them exactly), to be placed between its begin and the end.
        """
        span, end = self.run_time(period), self.end(window)
        if span < 1:
            raise self.refuse("at this speed a period lasts less than a nanosecond", "lower it", "speed")
        placement, ratio, over = self.placement(period)
        begins = self.run_times(at - window.begin)
        inside = (begins < end) & (counts > 0)
        begins, counts = begins[inside], counts[inside]
        made = Counted(begins, counts, span, placement, float(ratio), over, end)
        if len(begins) and int(begins[-1]) + span > end:
            kept = _before(made, int(counts[-1]), end - int(begins[-1]), ratio)
            whole = len(begins) if kept else len(begins) - 1
            counts = np.append(counts[:-1], kept)[:whole]
            made = replace(made, begins=begins[:whole], counts=counts)
        return made

    def placement(self, period: int) -> tuple[Placement, Fraction, int]:
        """How counts are placed within a period, with peak_to_mean and over of bursts (else 1 and the period)."""
        how = self.spec.within_period
        if not isinstance(how, Bursty):
            return _PLACEMENTS[how], Fraction(1), self.run_time(period)
        at = ("within_period", "bursty")
        over, written = self.run_time(how.over), units.show_duration(period)
        if how.over > period:
            what = f"{units.show_duration(how.over)} is longer than the trace's period of {written}"
            raise self.refuse(what, "write a part of it", *at, "over")
        if over < 1:
            raise self.refuse(
                "at this speed a burst lasts less than a nanosecond", "write a longer one", *at, "over"
            )
        if how.peak_to_mean * how.over > period:
            most = units.show_number(Fraction(period * 100 // how.over, 100))
            burst = (
                f"{units.show_number(how.peak_to_mean)} times the mean for {units.show_duration(how.over)}"
            )
            what = f"{burst} is more than the trace's period of {written} has"
            raise self.refuse(what, f"write {most} or less, or a shorter `over`", *at, "peak_to_mean")
        return Placement.BURSTY, how.peak_to_mean, over

    def assumed(self, counts: Ints, span: int) -> Iterable[str]:
        """What the placement of counts in long periods assumed, in a sentence."""
        if span <= units.SECOND or not len(counts):
            return
        most = int(counts.max())
        mean = most * units.SECOND / span
        length = units.show_duration(span)
        how = ""
        match self.spec.within_period:
            case "poisson":
                how = f"at random instants, independent of each other: at most {_shown(mean)}/s on average"
            case "even":
                how = f"evenly, at most {_shown(mean)}/s: real traffic is never as smooth"
            case "start":
                how = f"all at its beginning, at most {most:,} at once: real traffic is hardly as rough"
            case Bursty(peak_to_mean=ratio, over=over):
                burst = units.show_duration(self.run_time(over))
                peak = _shown(mean * float(ratio))
                how = f"with {float(ratio):g} times its mean rate for {burst}: at most {peak}/s there"
        counted = f"the trace says how many requests came in {length} (at most {most:,}), not when"
        yield f"{counted}; they are placed within it {how}; --bursts shows what burstier traffic would do"

    # logs

    def log(self, found: Log) -> Reading:
        """The arrivals of a log or of a list of instants."""
        second = units.SECOND
        whole = -(-(int(found.at[-1] - found.at[0]) + 1) // second) * second
        window = self.window(found.at, whole - int(found.at[-1] - found.at[0]))
        total = self.total(int(len(found.at) * self.spec.scale), MOST_LISTED)
        at = found.at[window.first : window.last]
        shares = _times(np.arange(len(at) + 1, dtype=np.int64), self.spec.scale)
        repeats = np.diff(shares)
        notes = list(found.notes)
        log = self.spec.kind == "access_log"
        spread = not found.exact and (log or bool(np.any(found.at[1:] == found.at[:-1])))
        arrivals: Counted | Listed
        if spread:
            seconds, starts = np.unique(at, return_index=True)
            counted = self.place(seconds, np.add.reduceat(repeats, starts), second, window)
            placed, arrivals = int(counted.counts.sum()), counted
            notes += self.assumed(counted.counts, counted.span)
            if not log:
                how = "bursty" if isinstance(self.spec.within_period, Bursty) else self.spec.within_period
                notes.append(
                    f"instants are whole seconds, some of them equal: spread over their second ({how})"
                )
        else:
            listed = np.repeat(self.run_times(at - window.begin), repeats)
            listed = listed[: int(np.searchsorted(listed, self.end(window)))]
            placed, arrivals = len(listed), Listed(listed)
            if self.spec.scale > 1:
                many = units.show_number(self.spec.scale)
                notes.append(
                    f"each instant is {many} arrivals at once; speed: {many} gives that rate without batches"
                )
        requests = None
        if found.requests is not None and self.scenario.clients[self.client].calls == FROM_TRACE:
            which = np.repeat(found.requests.which[window.first : window.last], repeats)[:placed]
            requests = Requests(found.requests.distinct, which)
        report = TraceReport(
            file=self.spec.file.written,
            rows=found.rows,
            requests=len(found.at),
            placed=placed,
            cut=total - placed,
            missing_periods=0,
            unreadable=found.unreadable,
            first_unreadable=found.first_unreadable,
            period_ns=second if spread else 0,
            notes=tuple(notes),
        )
        return Reading(arrivals, report, self.run_time(window.end - window.begin), requests)


def _shown(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def carried(values: Iterable[Fraction], scale: Fraction) -> list[int]:
    """Values times scale as whole numbers, each fraction carried to the next; their sum is the whole, rounded down."""
    exact = list(values)
    unit = lcm(*{value.denominator for value in exact})
    whole = (value.numerator * (unit // value.denominator) for value in exact)
    sums = [total * scale.numerator // (unit * scale.denominator) for total in accumulate(whole, initial=0)]
    return [two - one for one, two in pairwise(sums)]


def _times(numbers: Ints, factor: Fraction) -> Ints:
    """Ascending numbers times a factor, rounded down."""
    p, q = factor.numerator, factor.denominator
    if len(numbers) and int(numbers[-1]) * p >= _ROOM:
        return np.array([number * p // q for number in numbers.tolist()], np.int64)
    return numbers * p // q


def _missing(at: Ints, period: int, window: _Window) -> int:
    """Periods of the window that have no row."""
    between = int((np.diff(at) // period - 1).sum())
    before = (int(at[0]) - window.begin) // period
    behind = max((window.end - int(at[-1]) - 1) // period, 0)
    return before + between + behind


def _before(trace: Counted, count: int, reach: int, ratio: Fraction) -> int:
    """How many of a period's arrivals lie in its first `reach` ns, rounded down."""
    span = trace.span
    match trace.placement:
        case Placement.START:
            return count
        case Placement.EVEN:
            return -(-count * reach // span)
        case Placement.POISSON:
            return count * reach // span
    begin = span // trace.over // 2 * trace.over
    width = Fraction(trace.over, span)
    mass = min(ratio * width, Fraction(1))
    rest = (1 - mass) / (1 - width) if width < 1 else Fraction(0)
    inside = min(max(reach - begin, 0), trace.over)
    return int(count * (inside * mass / trace.over + (reach - inside) * rest / span))


def _in_file(spec: Trace, found: Metric, row: int, what: str, fix: str) -> Problem:
    line, column = (found.lines[row], 1) if found.lines else (None, None)
    return Problem(spec.file.written, line, column, "", what, fix)
