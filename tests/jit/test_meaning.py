"""What functions say as imported: their code, their constants, the plain values of their modules that they name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.jit.meaning import meaning

SOURCE = """\
import enum, math, types

import numpy as np

LIMIT = 7
PAIR = (1, 2)
TABLE = np.array([1, 2, 3])
UNUSED = 1
class Kind(enum.IntEnum):
    ONE = 1
    TWO = 2
other = types.ModuleType("other")
other.DEEP = 5
def helper(x):
    return x + 1
def function(x, y=2):
    if x in {"a", "b", "c"}:
        return Kind.ONE
    inner = [z * LIMIT for z in range(y)]
    return helper(x) + PAIR[0] + TABLE[1] + other.DEEP + np.int64(len(inner)) + 11
"""


def function(source: str = SOURCE, name: str = "function") -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": "made"}
    exec(source, scope)
    return scope[name]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 7", "LIMIT = 8"),
        ("LIMIT = 7", "LIMIT = 7.0"),
        ("(1, 2)", "(1, 3)"),
        ("[1, 2, 3]", "[1, 2, 4]"),
        ("[1, 2, 3]", "[1.0, 2, 3]"),
        ("ONE = 1", "ONE = 9"),
        ("DEEP = 5", "DEEP = 6"),
        ("y=2", "y=3"),
        ("+ 11", "+ 12"),
        ("+ 11", "- 11"),
        ('"c"', '"d"'),
        ("z * LIMIT", "z + LIMIT"),
        ("PAIR[0] +", "LIMIT +"),
    ],
)
def test_an_edit_changes_it(old: str, new: str) -> None:
    assert SOURCE.count(old) == 1
    assert meaning([function()]) != meaning([function(SOURCE.replace(old, new))])


@pytest.mark.parametrize(
    ("old", "new"),
    [("UNUSED = 1", "UNUSED = 2"), ("def helper", "\n\n# a note\ndef helper"), ("x + 1", "x + 2")],
)
def test_what_it_does_not_say_itself_does_not_change_it(old: str, new: str) -> None:
    assert SOURCE.count(old) == 1
    assert meaning([function()]) == meaning([function(SOURCE.replace(old, new))])


def test_it_is_the_same_in_every_process() -> None:
    code = f"from apigw_sim.jit.meaning import meaning\n{SOURCE}\nprint(meaning([function]))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for seed in "123"
    }  # fmt: skip
    assert len(found) == 1


def test_a_helper_counts_when_it_is_given() -> None:
    def of(source: str) -> str:
        return meaning([function(source), function(source, "helper")])

    assert of(SOURCE) == of(SOURCE)
    assert of(SOURCE) != of(SOURCE.replace("x + 1", "x + 2"))
