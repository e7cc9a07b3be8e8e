"""The rule of alarms beside AWS's own tables (CW:alarms-and-missing-data) and beside a twin made of its sentences."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import ModuleType

import pytest
from rules.twins import Int64

import apigw_sim.rules
from apigw_sim.rules import alarm

POINTS = {"0": alarm.WITHIN, "X": alarm.BREACH, "-": alarm.NO_DATA}
STATES = {"I": alarm.INSUFFICIENT_DATA, "O": alarm.OK, "A": alarm.ALARM}
TREATED = (alarm.MISSING, alarm.IGNORE, alarm.BREACHING, alarm.NOT_BREACHING)

# The points, and the states by missing, ignore, breaching, notBreaching; R: the current state stays.
THREE_OF_THREE = ("0-X-X OOOO", "0---- OOOO", "----- IRAO", "0XX-X AAAA", "--X-- ARAO")
TWO_OF_THREE = ("0-X-X AAAA", "00X0X AAAA", "0-X-- OOAO", "----0 OOAO", "---X- ARAO")


def read(points: str) -> list[int]:
    return [POINTS[point] for point in points]


@pytest.mark.parametrize(
    ("m", "row"), [(3, row) for row in THREE_OF_THREE] + [(2, row) for row in TWO_OF_THREE]
)
def test_the_tables_of_aws(m: int, row: str) -> None:
    points, states = row.split()
    for treated_as, wanted in zip(TREATED, states, strict=True):
        for before in STATES.values():
            state = before if wanted == "R" else STATES[wanted]
            assert alarm.state(read(points), m, 3, treated_as, before) == state


@pytest.mark.parametrize("points", ["----X", "---X-"])
def test_one_young_breaching_point_is_no_alarm_yet(points: str) -> None:
    """AWS: so that a next point within the threshold shows that it was none."""
    for before in STATES.values():
        assert alarm.state(read(points), 3, 3, alarm.MISSING, before) != alarm.ALARM
        assert alarm.state(read(points), 3, 3, alarm.IGNORE, before) == before
        assert alarm.state([*read(points)[1:], alarm.WITHIN], 3, 3, alarm.MISSING, before) == alarm.OK
    assert alarm.state(read("--X--"), 3, 3, alarm.MISSING, alarm.OK) == alarm.ALARM


def test_the_graph_of_aws() -> None:
    """Three of three: breached in periods 3 to 5 it rings at the fifth, recovers at the sixth; one at 9 does nothing."""
    periods = "00XXX000X0"
    state, seen = alarm.INSUFFICIENT_DATA, []
    for end in range(1, len(periods) + 1):
        state = alarm.state(read(periods[:end].rjust(5, "-")[-5:]), 3, 3, alarm.MISSING, state)
        seen.append(state)
    assert seen == [alarm.OK] * 4 + [alarm.ALARM] + [alarm.OK] * 5


def slow(points: str, m: int, n: int, treated_as: int, before: int) -> int:
    """AWS's sentences, one after the other, over text."""
    real = points.replace("-", "")[-n:]
    if len(real) == n:  # the most recent real points decide
        return alarm.ALARM if real.count("X") >= m else alarm.OK
    gap = n - len(real)
    if treated_as == alarm.BREACHING:
        return alarm.ALARM if (real + "X" * gap).count("X") >= m else alarm.OK
    if treated_as == alarm.NOT_BREACHING:
        return alarm.ALARM if (real + "0" * gap).count("X") >= m else alarm.OK
    if real.count("X") >= m:
        return alarm.ALARM
    if not real:
        return alarm.INSUFFICIENT_DATA if treated_as == alarm.MISSING else before
    if "0" in real:
        return alarm.OK
    if treated_as == alarm.IGNORE:
        return before
    return alarm.ALARM if len(points) - points.index("X") >= m else alarm.OK


def agree(rule: ModuleType, number: type[int] = int) -> None:
    for size, n in ((1, 1), (3, 1), (4, 2), (5, 3), (6, 4)):
        for m in range(1, n + 1):
            for text in map("".join, product("0X-", repeat=size)):
                points = [number(point) for point in read(text)]
                for treated_as, before in product(TREATED, STATES.values()):
                    wanted = slow(text, m, n, treated_as, before)
                    assert rule.state(points, number(m), number(n), treated_as, before) == wanted, text


@pytest.mark.parametrize("number", [int, Int64])
def test_every_range_of_up_to_six_datapoints_agrees_with_the_twin(number: type[int]) -> None:
    agree(alarm, number)


MUTANTS = [
    ("real < n", "real <= n"), ("oldest = age", "oldest = oldest or age"), ("breaching >= m", "breaching > m"),
    ("treated_as == NOT_BREACHING", "treated_as == BREACHING"), ("breaching + n - real >= m", "breaching + n - real > m"),
    ("if real == 0:", "if real <= 1:"), ("if breaching < real:", "if breaching <= real:"),
    ("oldest >= m", "oldest > m"), ("range(1, len(points) + 1)", "range(1, len(points))"),
    ("ALARM if oldest >= m else OK", "ALARM"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), MUTANTS)
def test_a_fault_in_the_rule_is_noticed(old: str, new: str) -> None:
    text = (Path(apigw_sim.rules.__file__).parent / "alarm.py").read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r}: write the mutant anew"
    changed = ModuleType("alarm")
    exec(compile(text.replace(old, new), "alarm.py", "exec"), changed.__dict__)
    with pytest.raises(AssertionError):
        agree(changed)
