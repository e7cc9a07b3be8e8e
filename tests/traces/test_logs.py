"""Access logs and lists of instants: a few lines, with every second and every request known by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from apigw_sim.plan.tables import Counted, Listed, Placement
from apigw_sim.plan.trace_logs import Request
from apigw_sim.plan.traces import Reading

Read = Callable[..., Reading]
S = 1_000_000_000


def line(second: int, path: str, method: str = "GET") -> str:
    """A line of a combined log."""
    when = f"27/Nov/2026:18:00:{second:02} +0900"
    return f'203.0.113.9 - - [{when}] "{method} {path} HTTP/1.1" 200 512 "-" "curl/8.5"\n'


LOG = line(5, "/a") + line(5, "/b") + line(7, "/c?x=1&y=2", "POST")


def log(trace: Read, text: str | bytes, more: str = "", **options: float) -> Reading:
    spec = f"{{access_log: a.log{', ' + more if more else ''}}}"
    return trace("a.log", text, spec, calls="from_trace", **options)


def placed(reading: Reading) -> list[tuple[float, int]]:
    assert isinstance(reading.arrivals, Counted)
    return [
        (int(b) / S, int(n)) for b, n in zip(reading.arrivals.begins, reading.arrivals.counts, strict=True)
    ]


def paths(reading: Reading) -> str:
    assert reading.requests is not None
    return " ".join(request.path for request in reading.requests)


# the combined format


def test_a_log_of_whole_seconds_gives_counts_by_second_and_each_lines_request(trace: Read) -> None:
    reading = log(trace, LOG)
    assert placed(reading) == [(0, 2), (2, 1)]
    arrivals = reading.arrivals
    assert isinstance(arrivals, Counted)
    assert (arrivals.span, arrivals.placement, arrivals.end, reading.window) == (
        S,
        Placement.POISSON,
        3 * S,
        3 * S,
    )
    assert list(reading.requests or ()) == [
        Request("GET", "/a", "", 0),
        Request("GET", "/b", "", 0),
        Request("POST", "/c", "x=1&y=2", 0),
    ]
    report = reading.report
    assert (report.rows, report.requests, report.placed, report.cut, report.unreadable) == (3, 3, 3, 0, 0)
    assert (report.missing_periods, report.period_ns, report.notes) == (0, S, ())


def test_lines_are_sorted_by_time_and_within_a_second_keep_the_files_order(trace: Read) -> None:
    """Servers write a line when the answer is sent, so logs are not quite in order."""
    reading = log(trace, line(7, "/late") + line(5, "/one") + line(6, "/mid") + line(5, "/two"))
    assert placed(reading) == [(0, 2), (1, 1), (2, 1)]
    assert paths(reading) == "/one /two /mid /late"


def test_the_same_request_is_kept_once(trace: Read) -> None:
    requests = log(trace, line(5, "/a") + line(5, "/b") + line(6, "/a")).requests
    assert requests is not None
    assert [request.path for request in requests.distinct] == ["/a", "/b"]
    assert requests.which.tolist() == [0, 1, 0]
    assert [request.path for request in requests[1:]] == ["/b", "/a"]


def test_calls_that_are_not_from_the_trace_need_no_requests(trace: Read) -> None:
    assert trace("a.log", LOG, "{access_log: a.log}").requests is None


def test_unreadable_lines_are_counted_and_the_first_is_named(trace: Read) -> None:
    text = (
        "\n" + LOG + "# restarted\n" + line(8, "/d") + line(9, "/e").replace("18:00:09", "18:61:09") + "x\n"
    )
    reading = log(trace, text)
    report = reading.report
    assert (report.rows, report.requests, report.placed) == (7, 4, 4)
    assert (report.unreadable, report.first_unreadable) == (3, 5)
    assert report.notes == ("3 of 7 lines cannot be read; the first is line 5: not the combined log format",)
    assert paths(reading) == "/a /b /c /d"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('h - - [27/Nov/2026:18:00:05 +0900] "-" 408 -', "'-' is no request line"),
        (r'h - - [27/Nov/2026:18:00:05 +0900] "\x16\x03\x01" 400 226', r"'\x16\x03\x01' is no request line"),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET items HTTP/1.1" 400 226', "'items' is no path"),
        ('h - - [31/Feb/2026:18:00:05 +0900] "GET / HTTP/1.1" 200 5', "'31/Feb/2026' is no day"),
        ('h - - [27/Foo/2026:18:00:05 +0900] "GET / HTTP/1.1" 200 5', "'27/Foo/2026' is no day"),
        ('h - - [27/Nov/2026:18:60:05 +0900] "GET / HTTP/1.1" 200 5', "'18:60:00' is no time of day"),
        ('h - - [27/Nov/2026:18:00:60 +0900] "GET / HTTP/1.1" 200 5', "there is no second 60"),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET / HTTP/1.1" 200', "not the combined log format"),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET /', "not the combined log format"),
        ('h - - "GET / HTTP/1.1" 200 5', "not the combined log format"),
    ],
)
def test_what_tells_of_no_request_cannot_be_read(trace: Read, bad: str, why: str) -> None:
    report = log(trace, LOG + bad + "\n").report
    assert (report.unreadable, report.first_unreadable, report.placed) == (1, 4, 3)
    assert report.notes[0].endswith(why)


def test_a_line_that_breaks_off_behind_its_size_is_a_request_all_the_same(trace: Read) -> None:
    reading = log(trace, LOG + line(8, "/d").replace('curl/8.5"', "curl/8"))
    assert (reading.report.placed, reading.report.unreadable) == (4, 0)
    assert reading.report.notes == (
        "lines that break off behind their size and are kept: 1; the first is line 4",
    )


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET /a HTTP/1.1" 200 5', ("GET", "/a", "")),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET /a" 304 -', ("GET", "/a", "")),
        ('h - me [27/Nov/2026:18:00:05 +0900] "GET /a HTTP/2.0" 200 5 "-" "x" 0.003 TLSv1.3', ("GET", "/a", "")),
        ('shop:443 ::1 - a b [27/Nov/2026:18:00:05 +0900] "GET /a HTTP/1.1" 200 5 "-" "-"', ("GET", "/a", "")),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET /a\\"b?c=\\"d\\" HTTP/1.1" 200 5 "-" "a \\"b\\" c"',
         ("GET", '/a\\"b', 'c=\\"d\\"')),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET http://shop.example/a?b=c HTTP/1.1" 200 5', ("GET", "/a", "b=c")),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET https://shop.example HTTP/1.1" 200 5', ("GET", "/", "")),
        ('h - - [27/Nov/2026:18:00:05 +0900] "GET /a%20b?#c HTTP/1.1" 200 5', ("GET", "/a%20b", "")),
        ('h - - [27/Nov/2026:18:00:05 +0900] "OPTIONS * HTTP/1.1" 200 5', ("OPTIONS", "*", "")),
        ('h - - [27/Nov/2026:18:00:05 +0900] "PROPFIND /a HTTP/1.1" 405 5', ("PROPFIND", "/a", "")),
        (b'h - - [27/Nov/2026:18:00:05 +0900] "GET /a HTTP/1.1" 200 5 "-" "caf\xe9"', ("GET", "/a", "")),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_logs_hold_in_practice(trace: Read, text: str | bytes, request_: tuple[str, str, str]) -> None:
    reading = log(trace, text)
    assert list(reading.requests or ()) == [Request(*request_, 0)]
    assert reading.report.notes == ()


def test_a_log_that_was_emptied_under_its_writer_is_read(trace: Read) -> None:
    """Such a file begins with as many zero bytes as were cut off."""
    assert log(trace, b"\0" * 5000 + LOG.encode()).report.placed == 3


def test_a_log_written_finer_than_a_second_gives_instants(trace: Read) -> None:
    reading = log(trace, LOG.replace(":05 ", ":05.250 ").replace(":07 ", ":07.000 "))
    assert isinstance(reading.arrivals, Listed)
    assert reading.arrivals.at.tolist() == [0, 0, 1_750_000_000]
    assert paths(reading) == "/a /b /c"
    assert (reading.report.period_ns, reading.window) == (0, 2 * S)


# scale, speed, window and end


def test_scale_repeats_each_request_and_carries_the_fraction(trace: Read) -> None:
    twice = log(trace, LOG, "scale: 2")
    assert placed(twice) == [(0, 4), (2, 2)]
    assert paths(twice) == "/a /a /b /b /c /c"
    more = log(trace, LOG, "scale: 1.5")
    assert placed(more) == [(0, 3), (2, 1)]
    assert paths(more) == "/a /b /b /c"
    half = log(trace, LOG + line(8, "/d"), "scale: 0.5")
    assert placed(half) == [(0, 1), (3, 1)]
    assert paths(half) == "/b /d"
    assert (half.report.requests, half.report.placed, half.report.cut) == (4, 2, 0)


def test_speed_shortens_the_second(trace: Read) -> None:
    reading = log(trace, LOG, "speed: 4")
    assert placed(reading) == [(0, 2), (0.5, 1)]
    assert isinstance(reading.arrivals, Counted)
    assert (reading.arrivals.span, reading.window) == (S // 4, 3 * S // 4)


def test_the_end_cuts_requests_with_their_arrivals(trace: Read) -> None:
    """Four in the first second and the end after half of it: two of the four, the first two of the file."""
    text = line(5, "/a") + line(5, "/b") + line(5, "/c") + line(5, "/d") + line(6, "/e")
    reading = log(trace, text, seconds=0.5)
    assert placed(reading) == [(0, 2)]
    assert paths(reading) == "/a /b"
    assert (reading.report.placed, reading.report.cut, reading.window) == (2, 3, 2 * S)


def test_a_cut_period_may_keep_nothing(trace: Read) -> None:
    reading = log(trace, line(5, "/a") + line(6, "/b"), seconds=1.5)
    assert placed(reading) == [(0, 1)]
    assert paths(reading) == "/a"


def test_a_window_of_a_log(trace: Read) -> None:
    text = line(5, "/a") + line(6, "/b") + line(7, "/c") + line(9, "/d")
    reading = log(trace, text, 'window: {from: "2026-11-27T09:00:06Z", to: "2026-11-27T18:00:08+09:00"}')
    assert placed(reading) == [(0, 1), (1, 1)]
    assert paths(reading) == "/b /c"
    assert (reading.report.requests, reading.report.placed, reading.report.cut) == (4, 2, 2)
    assert reading.window == 2 * S


def test_slow_motion_makes_seconds_long_enough_for_a_word(trace: Read) -> None:
    assert "came in 10 s (at most 2)" in log(trace, LOG, "speed: 0.1").report.notes[0]


# JSON lines

FIELDS = "format: json, fields: {time: requestTime, method: httpMethod, path: path}"
ENTRY = {"requestTime": "27/Nov/2026:18:00:05 +0900", "httpMethod": "GET", "path": "/a"}


def test_json_lines_with_the_fields_of_a_stages_access_log(trace: Read) -> None:
    second = {**ENTRY, "requestTime": "27/Nov/2026:18:00:06 +0900", "httpMethod": "post", "path": "/b?c=d"}
    reading = log(trace, json.dumps(ENTRY) + "\r\n\r\n" + json.dumps(second) + "\r\n", FIELDS)
    assert placed(reading) == [(0, 1), (1, 1)]
    assert list(reading.requests or ()) == [Request("GET", "/a", "", 0), Request("POST", "/b", "c=d", 0)]


def test_query_and_size_have_fields_of_their_own(trace: Read) -> None:
    entries = [
        {**ENTRY, "query": q, "http": {"bytes": n}}
        for q, n in (("a=b", 2048), ("?c=d", "10"), ("-", "-"), ("", None))
    ]
    fields = "format: json, fields: {time: requestTime, method: httpMethod, path: path, query: query, size: http.bytes}"
    reading = log(trace, "\n".join(map(json.dumps, entries)), fields)
    assert [(r.query, r.size) for r in reading.requests or ()] == [
        ("a=b", 2048),
        ("c=d", 10),
        ("", 0),
        ("", 0),
    ]


def test_milliseconds_since_1970_are_instants(trace: Read) -> None:
    entries = [{**ENTRY, "requestTime": 1795770005000 + ms} for ms in (0, 250, 1_000)]
    reading = log(trace, "\n".join(map(json.dumps, entries)), FIELDS)
    assert isinstance(reading.arrivals, Listed)
    assert reading.arrivals.at.tolist() == [0, 250_000_000, 1_000_000_000]
    assert reading.window == 2 * S


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ("NaN", "no JSON object"),
        ('{"requestTime": 5, "httpMethod": "GET"}', "there is no field 'path'"),
        ('{"requestTime": "noon", "httpMethod": "GET", "path": "/"}', "'noon' is no instant"),
        ('{"requestTime": 5, "httpMethod": "-", "path": "/"}', "'-' is no method"),
        ('{"requestTime": 5, "httpMethod": "GET", "path": "a"}', "'a' is no path"),
        (
            '{"requestTime": {"s": 5}, "httpMethod": "GET", "path": "/"}',
            "the field 'requestTime' is neither text nor a",
        ),
    ],
)
def test_a_bad_line_of_json_is_counted(trace: Read, bad: str, why: str) -> None:
    report = log(trace, json.dumps(ENTRY) + "\n" + bad + "\n", FIELDS).report
    assert (report.rows, report.unreadable, report.first_unreadable, report.placed) == (2, 1, 2, 1)
    assert why in report.notes[0]


def test_a_size_that_is_none_is_counted(trace: Read) -> None:
    text = json.dumps({**ENTRY, "bytes": -5}) + "\n" + json.dumps(ENTRY)
    report = log(trace, text, FIELDS.replace("path: path", "path: path, size: bytes")).report
    assert (report.unreadable, report.first_unreadable) == (1, 1)


# instants


def instants(trace: Read, text: str, more: str = "", **options: float) -> Reading:
    return trace("i.csv", text, f"{{instants: i.csv{', ' + more if more else ''}}}", **options)


def listed(reading: Reading) -> list[float]:
    assert isinstance(reading.arrivals, Listed)
    return [int(at) / S for at in reading.arrivals.at]


def test_instants_are_taken_as_they_are(trace: Read) -> None:
    reading = instants(trace, "timestamp\n0.0\n0.0\n0.1\n2.000000001\n")
    assert listed(reading) == [0, 0, 0.1, 2.000000001]
    assert (reading.window, reading.report.period_ns, reading.report.notes) == (3 * S, 0, ())


def test_instants_are_sorted_and_the_first_is_time_0(trace: Read) -> None:
    text = "timestamp\n2026-11-27T09:00:01.5Z\n2026-11-27T18:00:00.25+09:00\n"
    assert listed(instants(trace, text)) == [0, 1.25]


def test_whole_seconds_are_instants_too_unless_some_are_equal(trace: Read) -> None:
    assert listed(instants(trace, "timestamp\n0\n1\n5\n")) == [0, 1, 5]
    reading = instants(trace, "timestamp\n0\n5\n5\n")
    assert placed(reading) == [(0, 1), (5, 2)]
    assert reading.report.notes == (
        "instants are whole seconds, some of them equal: spread over their second (poisson)",
    )
    kept = instants(trace, "timestamp\n0\n5\n5\n", "within_period: start").arrivals
    assert isinstance(kept, Counted)
    assert kept.placement is Placement.START


def test_speed_scale_window_and_end_of_instants(trace: Read) -> None:
    text = "timestamp\n10.0\n11.0\n12.5\n14.0\n"
    assert listed(instants(trace, text, "speed: 2")) == [0, 0.5, 1.25, 2]
    reading = instants(trace, text, "scale: 1.5, window: {from: 1 s}", seconds=3)
    assert listed(reading) == [0, 1.5, 1.5]
    assert (reading.report.requests, reading.report.placed, reading.report.cut) == (4, 3, 3)
    assert reading.report.notes == (
        "each instant is 1.5 arrivals at once; speed: 1.5 gives that rate without batches",
    )


def test_unreadable_instants_are_counted(trace: Read) -> None:
    report = instants(trace, "a,b\n1,0.5\n2\n3,-1\n4,x\n5,1.5\n", "columns: {timestamp: b}").report
    assert (report.rows, report.requests, report.unreadable, report.first_unreadable) == (5, 2, 3, 3)
    assert report.notes == ("3 of 5 lines cannot be read; the first is line 3: there is no instant",)


# refusals


@pytest.mark.parametrize(
    ("spec", "text", "words"),
    [
        ("{access_log: t}", "", "t: is empty"),
        ("{access_log: t}", "a\nb\n", "t:1: none of its 2 lines can be read; of this one: not the combined log"),
        ("{access_log: t}", "\n{}\n", "name a log in the combined format, or write format: json and fields:"),
        (f"{{access_log: t, {FIELDS}}}", LOG, "t:1: none of its 3 lines can be read; of this one: no JSON object; "),
        (f"{{access_log: t, {FIELDS}}}", "{}\n", "of this one: there is no field 'httpMethod'; name a log of one JSON"),
        ("{instants: t}", "timestamp\n", "t: has no data"),
        ("{instants: t}", "0.5\n1.5\n", "t:1:1: has no header with a column 'timestamp': its first line is data"),
        ("{instants: t}", "at\n1.5\n", "t:1:1: has no column 'timestamp', only at; name it, as in columns: {"),
        ("{instants: t}", "timestamp\nx\n", "t:2: none of its 1 lines can be read; of this one: 'x' is no instant"),
        ("{instants: t, window: {from: 9 s}}", "timestamp\n1\n2\n", "window: the window from 10 s to 3 s is empty"),
        ("{instants: t, window: {from: 9 s, to: 10 s}}", "timestamp\n1\n2\n", "the trace runs from 1 s to 3 s"),
        ("{instants: t, scale: 1000000000}", "timestamp\n1\n2\n", "the trace times scale is 2,000,000,000 requests"),
        ("{access_log: t, within_period: {bursty: {peak_to_mean: 2, over: 2 s}}}", LOG, "over: 2 s is longer than the"),
        ("{access_log: t}", b"\x1f\x8b\x08", "t: is compressed"),
    ],
)  # fmt: skip
def test_a_bad_log_is_refused(refusal: Callable[..., str], spec: str, text: str | bytes, words: str) -> None:
    assert words in refusal("t", text, spec)
