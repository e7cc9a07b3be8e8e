"""The traces of Azure Functions: counts by the minute and single invocations, made up and real."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import apigw_sim as sim
from apigw_sim.plan.tables import Counted, Listed
from apigw_sim.plan.traces import Reading
from apigw_sim.scenario.laws import Empirical, LawOf

Read = Callable[..., Reading]
S, MINUTE = 10**9, 60 * 10**9

MINUTES = """\
HashOwner,HashApp,HashFunction,Trigger,1,2,3,4
o1,a1,f1aa,http,1,0,2,0
o1,a1,f1bb,queue,5,5,5,5
o2,a2,f2,timer,0,0,0,9
"""
SINGLE = """\
app,func,end_timestamp,duration
a1,f1,1.5,0.5
a1,f2,2.25,2.0
a2,f3,3.000000001,0.000000001
a1,f1,10,9.5
"""


def counts(reading: Reading) -> list[int]:
    """By minute of the window."""
    arrivals = reading.arrivals
    assert isinstance(arrivals, Counted)
    found = np.zeros(reading.window // MINUTE, np.int64)
    found[arrivals.begins // MINUTE] = arrivals.counts
    return found.tolist()


@pytest.mark.parametrize(
    ("chosen", "want"),
    [
        ("function: f1aa", [1, 0, 2, 0]),
        ("function: f2", [0, 0, 0, 9]),
        ("app: a1", [6, 5, 7, 5]),
        ("app: a1, top: 1", [5, 5, 5, 5]),
        ("top: 2", [5, 5, 5, 14]),
        ("scale: 2", [12, 10, 14, 28]),
    ],
)
def test_minutes_of_the_functions_that_are_wanted_are_summed(
    trace: Read, chosen: str, want: list[int]
) -> None:
    """f1bb has 20 in all, f2 9 and f1aa 3: those are the busiest, in this order."""
    reading = trace("d01.csv", MINUTES, f"{{azure_2019: d01.csv, {chosen}}}")
    assert counts(reading) == want
    assert reading.window == 4 * MINUTE
    assert reading.report.period_ns == MINUTE


def test_what_is_summed_is_said(trace: Read) -> None:
    assert "2 of 3 functions, summed" in trace("d.csv", MINUTES, "{azure_2019: d.csv, top: 2}").report.notes
    assert (
        "top asks for 9 functions, and there are 3"
        in trace("d.csv", MINUTES, "{azure_2019: d.csv, top: 9}").report.notes
    )


@pytest.mark.parametrize(
    ("chosen", "want"),
    [
        ("function: f1", [0.5, 1]),
        ("top: 1", [0.5, 1]),
        ("app: a1", [0.25, 0.5, 1]),
        ("top: 9", [0.25, 0.5, 1, 3]),
    ],
)
def test_an_invocation_begins_its_duration_before_its_end(
    trace: Read, chosen: str, want: list[float]
) -> None:
    """From the first of those that are wanted on: the window begins there."""
    reading = trace("t.txt", SINGLE, f"{{azure_2021: t.txt, {chosen}}}")
    assert isinstance(reading.arrivals, Listed)
    assert reading.arrivals.at.tolist() == [round((at - want[0]) * S) for at in want]


def test_a_damaged_row_is_counted_and_left_out(trace: Read) -> None:
    text = SINGLE + "a1,f1,oops,1\na1,f1,1,2\na1\n"
    report = trace("t.txt", text, "{azure_2021: t.txt}").report
    assert (report.rows, report.requests, report.unreadable, report.first_unreadable) == (7, 4, 3, 6)


@pytest.mark.parametrize(
    ("kind", "text", "chosen", "said"),
    [
        ("azure_2019", MINUTES, "function: zz", "has nothing of function 'zz'; name a hash of the file, or top: 1"),
        ("azure_2019", MINUTES, "function: f1", "has 2 functions whose hashes begin with 'f1': f1aa, f1bb, ...; write more"),
        ("azure_2019", MINUTES.replace("5,5,5,5", "5,x,5,5"), "top: 1", "d.csv:3:20: 'x' is no count of invocations"),
        ("azure_2019", MINUTES.replace("5,5,5,5", "5,5"), "top: 1", "d.csv:3:"),
        ("azure_2019", SINGLE, "top: 1", "has no column 'HashApp'"),
        ("azure_2019", "HashApp,HashFunction\na,b\n", "top: 1", "has no columns 1, 2, 3 and on"),
        ("azure_2021", MINUTES, "top: 1", "has no column 'app'"),
        ("azure_2021", SINGLE, "app: a9", "has nothing of app 'a9'"),
    ],
)  # fmt: skip
def test_a_bad_trace_is_refused(
    refusal: Callable[..., str], kind: str, text: str, chosen: str, said: str
) -> None:
    assert said in refusal("d.csv", text, f"{{{kind}: d.csv, {chosen}}}")


# durations


def law(folder: Path, function: str, text: str = SINGLE) -> Empirical:
    file = folder / "t.txt"
    file.write_text(text)
    made = LawOf("duration").read({"empirical": {"azure_2021": str(file), "function": function}})
    assert isinstance(made, Empirical)
    return made


def test_the_durations_of_a_function_are_its_law(tmp_path: Path) -> None:
    made = law(tmp_path, "f1")
    assert made.values == (S // 2, 19 * S // 2)
    assert LawOf("duration").read(LawOf("duration").show(made)) == made


@pytest.mark.parametrize(
    ("function", "text", "said"),
    [
        ("f", SINGLE, "has 3 functions whose hash begins so"),
        ("g", SINGLE, "has no function whose hash begins so"),
        ("f1", MINUTES, "has no columns func and duration"),
        ("f1", SINGLE.replace("9.5", "x"), "t.txt:5: 'x' is no duration"),
    ],
)
def test_a_law_without_durations_is_refused(tmp_path: Path, function: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        law(tmp_path, function, text)


# the example, and the real files


def test_the_example_replays_its_files(root: Path) -> None:
    """Everything that the two files count for these functions arrives, and the durations are those of the file."""
    folder = root / "scenarios"
    result = sim.run(folder / "azure_functions.yaml")
    rows = list(csv.DictReader((folder / "azure_minutes.csv").read_text().splitlines()))
    (thumbnails,) = [row for row in rows if row["HashFunction"].startswith("12048002")]
    by_the_minute = sum(int(thumbnails[str(minute)]) for minute in range(1, 61))
    invocations = csv.DictReader((folder / "azure_invocations.csv").read_text().splitlines())
    functions = Counter(row["func"] for row in invocations)
    clients = result.summary["clients"]
    assert clients["by_the_minute"]["calls"] == 10 * by_the_minute
    assert clients["one_by_one"]["calls"] == sum(count for _, count in functions.most_common(2)) == 180
    assert all(row["met"] for row in result.summary["expectations"])


def real(shared_data: Path, name: str) -> str:
    path = shared_data / "traces" / name
    if not path.is_file():
        pytest.skip(f"a real input is not here: no file ../shared/data/traces/{name} beside the repository")
    return path.read_text()


def test_the_real_counts_of_2019_are_kept(shared_data: Path, trace: Read) -> None:
    text = real(shared_data, "azure2019_invocations_per_minute.csv")
    for row in islice(csv.reader(text.splitlines()), 1, None):
        reading = trace("d.csv", text, f"{{azure_2019: d.csv, function: {row[2]!r}}}")
        assert counts(reading) == [int(count) for count in row[4:]]
    whole = trace("d.csv", text, "{azure_2019: d.csv}")
    assert whole.report.placed == 4525
    assert whole.window == 1440 * MINUTE


def test_the_real_invocations_of_2021_begin_when_they_should(shared_data: Path, trace: Read) -> None:
    text = real(shared_data, "azure2021_invocations_200.csv")
    rows = list(csv.DictReader(text.splitlines()))
    begun = sorted(round((Decimal(row["end_timestamp"]) - Decimal(row["duration"])) * S) for row in rows)
    reading = trace("t.csv", text, "{azure_2021: t.csv}")
    assert isinstance(reading.arrivals, Listed)
    assert len(begun) == reading.report.placed == 199
    assert np.abs(reading.arrivals.at - (np.array(begun) - begun[0])).max() <= 1


def test_a_scenario_replays_a_real_function(shared_data: Path, root: Path) -> None:
    """The busiest function of the extract: 32 invocations, each 429 ms or so long there."""
    text = real(shared_data, "azure2021_invocations_200.csv")
    most = Counter(row["func"] for row in csv.DictReader(text.splitlines())).most_common(1)[0]
    file = str((shared_data / "traces" / "azure2021_invocations_200.csv").resolve())
    result = sim.run(
        root / "scenarios" / "azure_functions.yaml",
        overrides=[
            f"clients.one_by_one.arrivals.trace.azure_2021={file}",
            f"clients.one_by_one.arrivals.trace.function={most[0]}",
            "clients.one_by_one.arrivals.trace.top=null",
            f"functions.checkout.duration={{empirical: {{azure_2021: {file}, function: {most[0]}}}}}",
        ],
    )
    assert result.summary["clients"]["one_by_one"]["calls"] == most[1]


def test_what_chooses_of_an_azure_trace_belongs_to_one(refusal: Callable[..., str]) -> None:
    assert "top chooses of an Azure trace, and this is instants" in refusal(
        "i.csv", "timestamp\n1\n", "{instants: i.csv, top: 3}"
    )
    assert "function and top stand together" in refusal(
        "d.csv", MINUTES, "{azure_2019: d.csv, function: f2, top: 1}"
    )
