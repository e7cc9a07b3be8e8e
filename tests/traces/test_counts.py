"""Counts of a metric become counts of arrivals: stories of a few periods, with every number known by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from apigw_sim.draws.arrivals import source
from apigw_sim.plan.tables import Counted, Placement
from apigw_sim.plan.traces import Reading, bursts

KEY = (1, 2)
"""Of draws that a trace does not need."""

Read = Callable[..., Reading]
S = 1_000_000_000
MINUTES = "timestamp,value\n2026-11-27 09:00:00,10\n2026-11-27 09:01:00,20\n2026-11-27 09:02:00,30\n"


BURST = "{bursty: {peak_to_mean: 4, over: 10 s}}"


def csv(trace: Read, text: str, more: str = "", **options: float) -> Reading:
    return trace("m.csv", text, f"{{cloudwatch: m.csv{', ' + more if more else ''}}}", **options)


def placed(reading: Reading) -> list[tuple[float, int]]:
    """(second, count) of every period that has arrivals."""
    assert isinstance(reading.arrivals, Counted)
    return [
        (int(b) / S, int(n)) for b, n in zip(reading.arrivals.begins, reading.arrivals.counts, strict=True)
    ]


def test_each_timestamp_begins_its_period_and_the_first_falls_on_time_0(trace: Read) -> None:
    reading = csv(trace, MINUTES)
    assert placed(reading) == [(0, 10), (60, 20), (120, 30)]
    assert isinstance(reading.arrivals, Counted)
    assert (reading.arrivals.span, reading.arrivals.placement) == (60 * S, Placement.POISSON)
    assert reading.window == reading.arrivals.end == 180 * S
    report = reading.report
    assert (report.file, report.rows, report.requests, report.placed, report.cut) == ("m.csv", 3, 60, 60, 0)
    assert (report.missing_periods, report.unreadable, report.period_ns) == (0, 0, 60 * S)
    assert reading.requests is None


def test_scale_multiplies_counts_and_carries_the_fraction(trace: Read) -> None:
    """Three minutes of one request: at half the traffic every second one; at 2.5 times 2, then 3, then 2."""
    text = "timestamp,value\n0,1\n60,1\n120,1\n"
    assert placed(csv(trace, text, "scale: 0.5")) == [(60, 1)]
    reading = csv(trace, text, "scale: 2.5")
    assert placed(reading) == [(0, 2), (60, 3), (120, 2)]
    assert (reading.report.requests, reading.report.placed, reading.report.cut) == (3, 7, 0)


def test_a_third_is_carried_exactly(trace: Read) -> None:
    """Tenths are no binary fractions: thirty times 0.1 must be three requests, one at each tenth period."""
    text = "timestamp,value\n" + "".join(f"{60 * k},0.1\n" for k in range(30))
    reading = csv(trace, text)
    assert placed(reading) == [(540, 1), (1140, 1), (1740, 1)]
    assert "fractions" in reading.report.notes[0]


def test_a_missing_period_has_none_and_is_reported(trace: Read) -> None:
    text = "timestamp,value\n0,5\n60,5\n120,5\n300,5\n"
    reading = csv(trace, text)
    assert placed(reading) == [(0, 5), (60, 5), (120, 5), (300, 5)]
    assert (reading.report.missing_periods, reading.window) == (2, 360 * S)


def test_a_fraction_is_carried_over_a_missing_period(trace: Read) -> None:
    assert placed(csv(trace, "timestamp,value\n0,1\n60,0\n180,1\n240,0\n", "scale: 0.5")) == [(180, 1)]


def test_the_period_is_the_commonest_spacing_and_of_two_the_shorter(trace: Read) -> None:
    assert csv(trace, "timestamp,value\n0,1\n300,1\n600,1\n1800,1\n").report.period_ns == 300 * S
    assert csv(trace, "timestamp,value\n0,1\n60,1\n180,1\n").report.period_ns == 60 * S


def test_a_row_off_the_grid_begins_its_own_period_and_is_mentioned(trace: Read) -> None:
    reading = csv(trace, "timestamp,value\n0,1\n60,1\n120,1\n210,1\n270,1\n")
    assert placed(reading)[-2:] == [(210, 1), (270, 1)]
    assert any("1 rows do not follow" in note for note in reading.report.notes)


def test_speed_divides_time_and_keeps_counts(trace: Read) -> None:
    reading = csv(trace, MINUTES, "speed: 60")
    assert placed(reading) == [(0, 10), (1, 20), (2, 30)]
    assert isinstance(reading.arrivals, Counted)
    assert (reading.arrivals.span, reading.window) == (S, 3 * S)
    assert reading.report.period_ns == 60 * S
    assert reading.report.notes == ()  # a period of one second of the run hides nothing worth a word


def test_a_speed_that_does_not_divide_leaves_periods_in_order(trace: Read) -> None:
    reading = csv(trace, MINUTES, "speed: 7")
    assert isinstance(reading.arrivals, Counted)
    assert reading.arrivals.begins.tolist() == [0, 60 * S // 7, 120 * S // 7]
    assert reading.arrivals.span == 60 * S // 7


def test_a_speed_with_many_digits_stays_exact(trace: Read) -> None:
    """Two days in ns times a million is more than 64 bits hold."""
    reading = csv(trace, "timestamp,value\n0,1\n86400,1\n172800,1\n", "speed: 1.000001")
    assert isinstance(reading.arrivals, Counted)
    assert reading.arrivals.begins.tolist() == [0, 86_399_913_600_086, 172_799_827_200_172]


def test_slow_motion_stretches_time(trace: Read) -> None:
    reading = csv(trace, MINUTES, "speed: 0.001")
    assert placed(reading) == [(0, 10), (60_000, 20), (120_000, 30)]


# the end


@pytest.mark.parametrize(
    ("how", "kept"),
    [("poisson", 15), ("even", 15), ("start", 30), (BURST, 6)],
)
def test_what_lies_past_the_end_is_cut_and_counted(trace: Read, how: str, kept: int) -> None:
    """The run ends in the middle of the third minute, which has 30 requests.

    Bursts of 10 s at four times the mean take 20 of the 30 into [30 s, 40 s), behind the end; the other 10 are
    spread over 50 s, of which 30 s lie before it: 6.
    """
    reading = csv(trace, MINUTES, f"within_period: {how}", seconds=150)
    assert placed(reading) == [(0, 10), (60, 20), (120, kept)]
    assert (reading.report.placed, reading.report.cut) == (30 + kept, 30 - kept)
    assert isinstance(reading.arrivals, Counted)
    assert reading.arrivals.end == 150 * S
    assert reading.window == 180 * S


def test_an_end_on_the_edge_of_a_period_cuts_no_period(trace: Read) -> None:
    reading = csv(trace, MINUTES, seconds=120)
    assert placed(reading) == [(0, 10), (60, 20)]
    assert reading.report.cut == 30


def test_a_run_longer_than_the_trace_ends_arrivals_with_the_window(trace: Read) -> None:
    reading = csv(trace, MINUTES, seconds=3600)
    assert isinstance(reading.arrivals, Counted)
    assert (reading.arrivals.end, reading.report.cut) == (180 * S, 0)


def test_even_keeps_those_that_lie_before_the_end(trace: Read) -> None:
    """Six a minute lie at 0, 10, 20 .. 50 s: a run of 25 s has three of them."""
    reading = csv(trace, "timestamp,value\n0,6\n60,6\n", "within_period: even", seconds=25)
    assert placed(reading) == [(0, 3)]


@pytest.mark.parametrize("seconds", [None, 100, 150, 151.5])
@pytest.mark.parametrize("how", ["poisson", "even", "start", BURST])
def test_the_draws_place_as_many_as_the_report_says(trace: Read, how: str, seconds: float | None) -> None:
    reading = csv(trace, MINUTES, f"scale: 100, within_period: {how}", seconds=seconds)
    end = reading.window if seconds is None else round(seconds * S)
    made = np.random.default_rng(7)
    words = made.integers(0, 2**63, size=6000, dtype=np.int64)
    instants = source(reading.arrivals, lambda first, count: words[first : first + count], end, KEY).take(
        10_000
    )
    assert len(instants) == reading.report.placed
    assert instants[-1] < end
    assert np.all(np.diff(instants) >= 0)


# the window


def test_a_window_takes_part_of_the_trace_and_counts_the_rest(trace: Read) -> None:
    reading = csv(trace, MINUTES, 'window: {from: "2026-11-27 09:01:00", to: "2026-11-27 09:02:00"}')
    assert placed(reading) == [(0, 20)]
    assert (reading.window, reading.report.placed, reading.report.cut) == (60 * S, 20, 40)


def test_a_window_in_durations_counts_from_the_first_row(trace: Read) -> None:
    assert placed(csv(trace, MINUTES, "window: {from: 1 min}")) == [(0, 20), (60, 30)]
    assert placed(csv(trace, MINUTES, "window: {to: 2 min}")) == [(0, 10), (60, 20)]


def test_an_instant_of_a_window_has_an_offset_or_is_utc(trace: Read) -> None:
    assert placed(csv(trace, MINUTES, 'window: {from: "2026-11-27T18:02:00+09:00"}')) == [(0, 30)]


def test_the_carry_begins_with_the_window(trace: Read) -> None:
    """What lies before a window does not move a request within it."""
    text = "timestamp,value\n0,1\n60,1\n120,1\n"
    reading = csv(trace, text, "scale: 0.5, window: {from: 1 min}")
    assert placed(reading) == [(60, 1)]
    assert (reading.report.placed, reading.report.cut) == (1, 0)


def test_a_period_that_begins_before_the_window_is_left_out_and_mentioned(trace: Read) -> None:
    reading = csv(trace, MINUTES, "window: {from: 30 s}")
    assert placed(reading) == [(30, 20), (90, 30)]
    assert reading.report.cut == 10
    assert any(
        "2026-11-27T09:00:00Z, before the window, is left out" in note for note in reading.report.notes
    )


def test_a_period_that_the_window_cuts_keeps_its_part(trace: Read) -> None:
    reading = csv(trace, MINUTES, "window: {to: 90 s}")
    assert placed(reading) == [(0, 10), (60, 10)]
    assert (reading.window, reading.report.cut) == (90 * S, 40)


def test_periods_that_a_wide_window_adds_are_missing(trace: Read) -> None:
    reading = csv(trace, MINUTES, 'window: {from: "2026-11-27 08:58:00", to: "2026-11-27 09:05:00"}')
    assert placed(reading) == [(120, 10), (180, 20), (240, 30)]
    assert (reading.report.missing_periods, reading.window) == (4, 420 * S)


# how files are written


@pytest.mark.parametrize(
    "text",
    [
        MINUTES.replace("\n", "\r\n"),
        MINUTES.replace("\n", "\r"),
        "\ufeff" + MINUTES,
        MINUTES.rstrip("\n"),
        MINUTES.replace("\n", "\n\n"),
        MINUTES.replace(",", " , "),
        "value,x,timestamp\n10,a,2026-11-27T09:00:00Z\n20,b,2026-11-27T09:01Z\n30,c,2026-11-27T09:02:00+00:00\n",
        'timestamp,value\n"2026-11-27T18:00:00+09:00","10"\n"2026-11-27T18:01:00+0900",20\n2026-11-27 18:02:00+09,30\n',
        "timestamp,value\n1795770000,10\n1795770060,20\n1795770120,30\n",
        "timestamp,value\n1795770000000,10\n1795770060000,20\n1795770120000,30\n",
        "timestamp,value\n27/Nov/2026:09:00:00 +0000,10.0\n27/Nov/2026:09:01:00 +0000,2e1\n1795770120,30.\n",
        "timestamp,value\n2026-11-27 09:02:00,30\n2026-11-27 09:01:00,20\n2026-11-27 09:00:00,10\n",
    ],
    ids=["CRLF", "CR", "BOM", "no-newline-at-end", "blank-lines", "spaces", "order-of-columns", "quotes-and-offsets",
         "seconds", "milliseconds", "log-time", "descending"],
)  # fmt: skip
def test_one_metric_in_many_spellings(trace: Read, text: str) -> None:
    reading = csv(trace, text, 'window: {from: "2026-11-27 09:01:00"}')
    assert placed(reading) == [(0, 20), (60, 30)]


def test_columns_are_named(trace: Read) -> None:
    text = "Time,Sum\n0,1\n60,2\n"
    assert placed(csv(trace, text, "columns: {timestamp: Time, value: Sum}")) == [(0, 1), (60, 2)]


def metric_data(*results: dict[str, object], **more: object) -> str:
    return json.dumps({"MetricDataResults": results, **more}, indent=1)


STAMPS = ["2026-11-27T09:02:00+00:00", "2026-11-27T09:01:00+00:00", "2026-11-27T09:00:00+00:00"]
COUNT = {
    "Id": "m1",
    "Label": "Count",
    "Timestamps": STAMPS,
    "Values": [30.0, 20.0, 10.0],
    "StatusCode": "Complete",
}
ERRORS = {
    "Id": "m2",
    "Label": "5XXError",
    "Timestamps": STAMPS,
    "Values": [3.0, 2.0, 1.0],
    "StatusCode": "Complete",
}


def with_values(*values: object) -> str:
    return metric_data({**COUNT, "Values": values})


def with_stamps(*stamps: object) -> str:
    return metric_data({**COUNT, "Timestamps": stamps})


def answer(trace: Read, text: str, more: str = "") -> Reading:
    return trace("m.json", text, f"{{cloudwatch: m.json{more}}}")


def test_get_metric_data_descends_as_aws_gives_it_or_ascends(trace: Read) -> None:
    up = {**COUNT, "Timestamps": STAMPS[::-1], "Values": [10, 20, 30]}
    for result in (COUNT, up):
        assert placed(answer(trace, metric_data(result))) == [(0, 10), (60, 20), (120, 30)]


@pytest.mark.parametrize("name", ["m2", "5XXError"])
def test_one_of_several_results_is_named_by_id_or_label(trace: Read, name: str) -> None:
    reading = answer(trace, metric_data(COUNT, ERRORS), f", id: {name}")
    assert placed(reading) == [(0, 1), (60, 2), (120, 3)]


def test_numbers_of_json_may_be_epochs_too(trace: Read) -> None:
    result = {"Id": "m1", "Timestamps": [1795770000, 1795770060.0], "Values": [1, 2]}
    assert placed(answer(trace, metric_data(result))) == [(0, 1), (60, 2)]


def test_pages_of_one_result_are_joined(trace: Read) -> None:
    late = {**COUNT, "Timestamps": STAMPS[:1], "Values": [30]}
    early = {**COUNT, "Timestamps": STAMPS[1:], "Values": [20, 10]}
    for pages in ((late, early), (early, late)):
        assert placed(answer(trace, metric_data(*pages))) == [(0, 10), (60, 20), (120, 30)]


def test_an_answer_that_is_not_whole_is_mentioned(trace: Read) -> None:
    reading = answer(trace, metric_data({**COUNT, "StatusCode": "PartialData"}, NextToken="abc"))
    assert [note.partition(":")[0] for note in reading.report.notes[:2]] == [
        "the file has a NextToken",
        "the file says PartialData of its data",
    ]


# what a placement assumed


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            "",
            "the trace says how many requests came in 1 min (at most 30), not when; they are placed within it",
        ),
        ("", "at random instants, independent of each other: at most 0.5/s on average; --bursts shows"),
        ("scale: 1000", "came in 1 min (at most 30,000), not when"),
        ("scale: 1000", "at most 500/s on average"),
        ("within_period: even", "evenly, at most 0.5/s"),
        ("within_period: start", "all at its beginning, at most 30 at once"),
        (f"within_period: {BURST}", "with 4 times its mean rate for 10 s: at most 2/s there"),
        ("speed: 6", "came in 10 s (at most 30)"),
    ],
)
def test_a_period_above_a_second_says_what_its_placement_assumed(trace: Read, more: str, words: str) -> None:
    notes = csv(trace, MINUTES, more).report.notes
    assert len(notes) == 1
    assert words in notes[0]


def test_a_period_of_a_second_has_nothing_to_say(trace: Read) -> None:
    assert csv(trace, "timestamp,value\n0,5\n1,5\n").report.notes == ()


def test_bursts_are_of_the_traces_clock(trace: Read) -> None:
    reading = csv(trace, MINUTES, "speed: 2, within_period: {bursty: {peak_to_mean: 3, over: 10 s}}")
    arrivals = reading.arrivals
    assert isinstance(arrivals, Counted)
    assert (arrivals.placement, arrivals.peak_to_mean, arrivals.over, arrivals.span) == (
        Placement.BURSTY, 3.0, 5 * S, 30 * S,
    )  # fmt: skip


def test_a_burst_has_its_multiple_of_the_mean_rate(trace: Read) -> None:
    """80 s, cut into eight spans of 10 s; the fifth, [40 s, 50 s), has four eighths of the 8,000 requests.

    The other seven share 4,000. So before 40 s there are 4 * 4000 / 7 = 2285, at 45 s half a burst more.
    """
    text = "timestamp,value\n0,8000\n80,0\n"
    how = f"within_period: {BURST}"
    for seconds, kept in ((40, 2285), (45, 4285), (50, 6285), (79, 7942)):
        assert csv(trace, text, how, seconds=seconds).report.placed == kept


def test_bursts_on_the_command_line(trace: Read) -> None:
    """Peak-to-mean 1, 2, 4, 8 over an eighth of the period: at 8 a period's requests come all in that eighth."""
    reports = {"web": csv(trace, MINUTES).report, "fine": csv(trace, "timestamp,value\n0,5\n1,5\n").report}
    path = "clients.web.arrivals.trace.within_period"
    assert bursts(reports) == [
        (1, [(path, "poisson")]),
        (2, [(path, {"bursty": {"peak_to_mean": 2, "over": "7500 ms"}})]),
        (4, [(path, {"bursty": {"peak_to_mean": 4, "over": "7500 ms"}})]),
        (8, [(path, {"bursty": {"peak_to_mean": 8, "over": "7500 ms"}})]),
    ]
    assert bursts({"fine": reports["fine"]}) == []
    for _, overrides in bursts(reports)[1:]:
        ((_, value),) = overrides
        assert isinstance(value, dict)
        assert csv(trace, MINUTES, f"within_period: {json.dumps(value)}").report.placed == 60


# refusals


def bursty(ratio: int, over: str) -> str:
    return f"within_period: {{bursty: {{peak_to_mean: {ratio}, over: {over}}}}}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "m.csv: is empty; name a file with data"),
        ("\n \n", "m.csv: is empty"),
        ("timestamp,value\n", "m.csv: has no data; export the metric"),
        ("timestamp,value\n0,1\n60,-2\n", "m.csv:3:4 value: -2 is negative; a count is 0 or more"),
        ("timestamp,value\n0,1\n60,many\n", "m.csv:3:4 value: 'many' is no number"),
        ("timestamp,value\n0,1\n60,NaN\n", "m.csv:3:4 value: NaN is no count; write 0, or leave the row out"),
        ("timestamp,value\n0,1\n60,-inf\n", "m.csv:3:4 value: -inf is no count"),
        ("timestamp,value\n0,1\n60,\n", "m.csv:3:4 value: there is no value; write 0, or leave the row out"),
        ("timestamp,value\n0,1\n60\n", "m.csv:3:1: the row has 1 field, the header more; complete it"),
        (
            'timestamp,value\n0,1\n60,"1,234"\n',
            "m.csv:3:5 value: '1,234' has separators in its number; write 1234",
        ),
        ("timestamp,value\n0,1\nnoon,2\n", "m.csv:3:1 timestamp: 'noon' is no instant; write it as 2026-"),
        ("timestamp,value\n0,1\n-60,2\n", "m.csv:3:1 timestamp: -60 is negative"),
        ("timestamp,value\n2026-02-30 00:00,1\n", "m.csv:2:1 timestamp: '2026-02-30' is no day"),
        ("timestamp,value\n2026-02-03 24:00,1\n", "m.csv:2:1 timestamp: '24:00:00' is no time of day"),
        ("timestamp,value\n9999-02-03 00:00,1\n", "m.csv:2:1 timestamp: '9999-02-03' is outside the years"),
        ("timestamp,value\n99999999999999999,1\n", "m.csv:2:1 timestamp: '99999999999999999' is too large"),
        (
            "timestamp,value\n0,1\n60,1\n0,1\n60,1\n",
            "m.csv:4:1: 0 s comes behind 60 s; sort the rows by time",
        ),
        (
            "timestamp,value\n0,1\n60,1\n60,2\n",
            "m.csv:4:1: 60 s is there twice, first on line 3; keep one row",
        ),
        ("timestamp,value\n60,1\n60,2\n0,1\n", "m.csv:3:1: 60 s is there twice, first on line 2"),
        ("timestamp,value\n0,1\n", "m.csv:2:1: one row does not tell how long a period is"),
        (
            "timestamp,value\n0,1\n300,1\n600,1\n660,1\n",
            "m.csv:5:1: the row of 660 s begins 1 min after the row before",
        ),
        (
            "timestamp,value\n0,1\n9,1\n18,1\n20,1\n22,1\n40,1\n49,1\n",
            "within that one's period of 9 s (and 1 more rows)",
        ),
        ("Timestamp,Sum\n0,1\n", "m.csv:1:1: has no column 'timestamp', only Timestamp, Sum; name it, as in"),
        ("A,Timestamp,value\n0,1\n", "as in columns: {timestamp: Timestamp}"),
        ("timestamp,value,value\n0,1,2\n", "m.csv:1:1: has two columns 'value'"),
        (
            "timestamp;value\n0;1\n",
            "m.csv:1:1: has no column 'timestamp': commas do not separate its columns",
        ),
        (
            "2026-11-27 09:00:00,5\n",
            "m.csv:1:1: has no header with a column 'timestamp': its first line is data",
        ),
        (b"\x1f\x8b\x08\x00rest", "m.csv: is compressed; unpack it first"),
        (b"PK\x03\x04rest", "m.csv: is compressed"),
        ("timestamp,value\n0,1\n".encode("utf-16"), "m.csv: is not UTF-8 text"),
        ("timestamp,value\n0,1\n".encode("utf-16-be"), "m.csv: is not UTF-8 text"),
        ("timestamp,value\n0,1e30\n60,1\n", "trace.scale: the trace times scale is 1,000,000,000,000,000,"),
        ("timestamp,value\n0," + "9" * 5000 + "\n", "m.csv:2:3 value: '" + "9" * 57 + "...' is no number"),
    ],
)
def test_a_bad_metric_is_refused_with_its_line(
    refusal: Callable[..., str], text: str | bytes, words: str
) -> None:
    said = refusal("m.csv", text, "{cloudwatch: m.csv}")
    assert words in said
    assert said.startswith(words) or not words.startswith("m.csv")


def test_all_bad_rows_are_named_and_beyond_twenty_counted(refusal: Callable[..., str]) -> None:
    said = refusal("m.csv", "timestamp,value\n" + "x,-1\n" * 25, "{cloudwatch: m.csv}").split("\n")
    assert (
        said[0] == "m.csv:2:1 timestamp: 'x' is no instant; write it as 2026-11-27T09:00:00Z, or in seconds"
    )
    assert len(said) == 21
    assert said[20] == "m.csv:22: and 5 more from here on; mend them too"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"MetricDataResults": [}', "m.json:1:24: is no JSON: Expecting value; name the answer of `aws cloudwatch"),
        ('{"Datapoints": []}', "m.json: has no list MetricDataResults"),
        ("[1]", "m.json: has no list MetricDataResults"),
        ('{"MetricDataResults": []}', "m.json: has no results"),
        (metric_data({**COUNT, "Timestamps": [], "Values": []}), "m.json: has no data"),
        (metric_data(COUNT, ERRORS), "m.json: has 2 results: m1 (Count), m2 (5XXError); name one by its Id, as"),
        (with_values(1, 2), "m.json:3:3 MetricDataResults[0]: Timestamps and Values are not two lists"),
        (with_values(1, float("nan"), 2), "m.json:13:5 MetricDataResults[0].Values[1]: NaN is no count"),
        (with_values(1, -2, 2), "m.json:13:5 MetricDataResults[0].Values[1]: -2 is negative"),
        (with_values(1, None, 2), "m.json:13:5 MetricDataResults[0].Values[1]: null is no value"),
        (with_stamps(*STAMPS[:2], "noon"), "m.json:9:5 MetricDataResults[0].Timestamps[2]: 'noon' is no"),
        (with_stamps(STAMPS[0], *STAMPS[:2]), "m.json: 2026-11-27T09:02:00Z is there twice; keep one"),
        ("[" * 100_000, "m.json: is nested too deeply"),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_bad_answer_is_refused_with_its_place(refusal: Callable[..., str], text: str, words: str) -> None:
    said = refusal("m.json", text, "{cloudwatch: m.json}")
    assert said.startswith(words)


def test_an_unknown_result_is_refused_with_those_there_are(refusal: Callable[..., str]) -> None:
    said = refusal("m.json", metric_data(COUNT, ERRORS), "{cloudwatch: m.json, id: m3}")
    assert (
        said == "m.json: has no result 'm3', only m1 (Count), m2 (5XXError); name one by its Id, as in id: m1"
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            "window: {from: 1 h}",
            "window: the window from 2026-11-27T10:00:00Z to 2026-11-27T09:03:00Z is empty",
        ),
        ("window: {from: 1 h, to: 2 h}", "window: nothing lies in the window from 2026-11-27T10:00:00Z to"),
        (
            "window: {from: 1 h, to: 2 h}",
            "; the trace runs from 2026-11-27T09:00:00Z to 2026-11-27T09:03:00Z",
        ),
        ('window: {to: "9999-01-01"}', "speed: at this speed the window lasts longer than 36500 d; raise it"),
        ("speed: 1000000000000", "speed: at this speed the window lasts less than a nanosecond"),
        ("speed: 100000000000", "speed: at this speed a period lasts less than a nanosecond"),
        (
            "speed: 0.0000000001",
            "speed: at this speed the window lasts longer than 36500 d; raise it, or set a window",
        ),
        ("scale: 100000000000000", "scale: the trace times scale is 6,000,000,000,000,000 requests, above"),
        (
            bursty(2, "2 min"),
            "within_period.bursty.over: 2 min is longer than the trace's period of 1 min; write a part",
        ),
        (
            bursty(9, "7 s"),
            "within_period.bursty.peak_to_mean: 9 times the mean for 7 s is more than the trace's",
        ),
        (bursty(9, "7 s"), "trace's period of 1 min has; write 8.57 or less, or a shorter `over`"),
    ],
)
def test_settings_that_the_trace_cannot_meet_are_refused_at_their_line(
    refusal: Callable[..., str], more: str, words: str
) -> None:
    said = refusal("m.csv", MINUTES, f"{{cloudwatch: m.csv, {more}}}")
    assert said.startswith("13:")
    assert words in said
