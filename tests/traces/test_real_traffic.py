"""Real traffic: every request of a real load balancer's metric and of a real web site's log is accounted for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from apigw_sim.plan.tables import Counted
from apigw_sim.plan.traces import Reading

Read = Callable[..., Reading]
S = 1_000_000_000
METRIC = "cloudwatch/elb_request_count.csv"
LOG = "access-logs/apache_combined.log"


@pytest.fixture
def content(shared_data: Path) -> Callable[[str], bytes]:
    """What one of the real files holds."""

    def held(name: str) -> bytes:
        path = shared_data / name
        if not path.is_file():
            pytest.skip(f"a real input is not here: no file ../shared/data/{name} beside the repository")
        return path.read_bytes()

    return held


@pytest.fixture
def real(content: Callable[[str], bytes], trace: Read) -> Read:
    """Reads one of the real files."""

    def reading(name: str, spec: str, **options: object) -> Reading:
        return trace(name.rpartition("/")[2], content(name), spec, **options)

    return reading


@pytest.mark.parametrize(
    ("scale", "placed"), [("1", 249_327), ("4", 997_308), ("0.5", 124_663), ("0.1", 24_932)]
)
def test_the_load_balancers_metric_loses_no_request(real: Read, scale: str, placed: int) -> None:
    """4,032 rows over 4,040 periods of 5 minutes, 249,327 requests, 656 in the busiest."""
    reading = real(METRIC, f"{{cloudwatch: elb_request_count.csv, scale: {scale}}}")
    report, arrivals = reading.report, reading.arrivals
    assert (report.rows, report.missing_periods, report.period_ns) == (4032, 8, 300 * S)
    assert (report.requests, report.placed, report.cut) == (249_327, placed, 0)
    assert reading.window == 4040 * 300 * S
    assert isinstance(arrivals, Counted)
    assert int(arrivals.counts.sum()) == placed
    assert int(arrivals.counts.max()) == round(656 * float(scale))
    assert np.all(arrivals.begins % (300 * S) == 0)


@pytest.mark.parametrize("scale", ["1", "4", "0.5"])
def test_a_day_of_it_leaves_the_rest_counted(real: Read, scale: str) -> None:
    reading = real(METRIC, f"{{cloudwatch: elb_request_count.csv, scale: {scale}}}", seconds=86_400)
    assert reading.report.placed + reading.report.cut == int(249_327 * float(scale))
    assert isinstance(reading.arrivals, Counted)
    assert int(reading.arrivals.begins[-1]) < 86_400 * S


def test_its_first_hour_is_read_by_hand(real: Read) -> None:
    """The first twelve values of the file: 94, 56, 187, 95, 51, 46, 96, 114, 81, 14, 27, 72."""
    arrivals = real(METRIC, "{cloudwatch: elb_request_count.csv}", seconds=3600).arrivals
    assert isinstance(arrivals, Counted)
    assert arrivals.counts[:4].tolist() == [94, 56, 187, 95]
    assert arrivals.begins[:4].tolist() == [0, 300 * S, 600 * S, 900 * S]


def test_a_clock_put_forward_in_a_local_time_is_refused(
    content: Callable[[str], bytes], refusal: Callable[..., str]
) -> None:
    """The other metric was exported in local time: on 9 March 2014 twelve rows are all of 03:00."""
    said = refusal("l.csv", content("cloudwatch/ec2_request_latency.csv"), "{cloudwatch: l.csv}")
    assert said.startswith("l.csv:559:1: 2014-03-09T03:00:00Z is there twice, first on line 558")
    assert said.endswith("keep one row of a period; export one metric, in UTC")
    assert len(said.split("\n")) == 11


@pytest.mark.parametrize("scale", [1, 3])
def test_the_web_sites_log_loses_no_line(real: Read, scale: int) -> None:
    """10,000 lines of 17 to 20 May 2015; line 8,899 breaks off within its user agent."""
    reading = real(LOG, f"{{access_log: apache_combined.log, scale: {scale}}}", calls="from_trace")
    report, requests = reading.report, reading.requests
    assert (report.rows, report.unreadable) == (10_000, 0)
    assert (report.requests, report.placed, report.cut) == (10_000, 10_000 * scale, 0)
    assert report.notes == ("lines that break off behind their size and are kept: 1; the first is line 8899",)
    assert reading.window == (3 * 86_400 + 11 * 3600 + 60) * S
    assert requests is not None
    methods = Counter(request.method for request in requests)
    assert methods == Counter(GET=9952 * scale, HEAD=42 * scale, POST=5 * scale, OPTIONS=scale)


def test_the_web_sites_seconds_hold_what_a_simple_reader_finds(
    real: Read, content: Callable[[str], bytes]
) -> None:
    """The obvious reader: split at brackets and quotes, count by second, sort stably."""
    reading = real(LOG, "{access_log: apache_combined.log}", calls="from_trace")
    lines = content(LOG).decode().splitlines()
    stamps = [line.split("[")[1].split("]")[0] for line in lines]  # one month: text sorts as time does
    order = sorted(range(len(lines)), key=stamps.__getitem__)
    assert isinstance(reading.arrivals, Counted)
    assert reading.arrivals.counts.tolist() == [n for _, n in sorted(Counter(stamps).items())]
    targets = [lines[n].split('"')[1].split(" ")[1] for n in order]
    assert reading.requests is not None
    assert [r.path for r in reading.requests] == [t.partition("?")[0].partition("#")[0] for t in targets]


def test_damaged_lines_of_the_real_log_are_counted(content: Callable[[str], bytes], trace: Read) -> None:
    """Every hundredth line cut off within its time: 100 cannot be read, 9,900 can."""
    lines = content(LOG).splitlines(keepends=True)
    text = b"".join(line[:30] + b"\n" if number % 100 == 0 else line for number, line in enumerate(lines, 1))
    report = trace("a.log", text, "{access_log: a.log}", calls="from_trace").report
    assert (report.rows, report.unreadable, report.first_unreadable) == (10_000, 100, 100)
    assert (report.requests, report.placed) == (9_900, 9_900)


@pytest.mark.slow
def test_a_million_lines_are_read_in_seconds(content: Callable[[str], bytes], trace: Read) -> None:
    text = content(LOG) * 100
    began = time.process_time()
    reading = trace("a.log", text, "{access_log: a.log}", calls="from_trace")
    assert reading.report.placed == 1_000_000
    assert time.process_time() - began < 30
