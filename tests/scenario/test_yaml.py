"""The YAML layer: every value reads the same under YAML 1.1 and 1.2, and nothing is unbounded."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from apigw_sim.scenario.yaml_layer import Parsed, parse


def read(text: str) -> Parsed:
    return parse(text, "x.yaml", ".")


def value(text: str) -> Any:
    parsed = read(f"a: {text}\n")
    assert not parsed.problems, parsed.problems
    assert parsed.root is not None
    return parsed.root.plain()["a"]


def said(text: str) -> str:
    return "\n".join(str(problem) for problem in read(text).problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("false", False),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("2.5", Decimal("2.5")),
        (".5", Decimal("0.5")),
        ("null", None),
        ("~", None),
        ("", None),
        ("'7'", "7"),
        ('"on"', "on"),
        ("'on'", "on"),
        ("5 s", "5 s"),
        ("10000/s", "10000/s"),
        ("0.1 %", "0.1 %"),
        ("none", "none"),
        ("GET /items/{id}", "GET /items/{id}"),
        ("2026-11-27T18:00:00+09:00", "2026-11-27T18:00:00+09:00"),
        ("|\n  two\n  lines", "two\nlines\n"),
        ("[1, two, {n: 3}]", [1, "two", {"n": 3}]),
    ],
)
def test_plain_values(text: str, expected: object) -> None:
    got = value(text)
    assert got == expected
    assert type(got) is type(expected) or isinstance(got, str)


@pytest.mark.parametrize("word", ["on", "On", "off", "yes", "No", "NO", "y", "N"])
def test_booleans_of_yaml_1_1_are_errors(word: str) -> None:
    text = said(f"a: {word}\n")
    assert "in YAML 1.1 and a text in YAML 1.2; write " in text
    assert f"or '{word}' in quotes" in text


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("010", "write 10, or quotes around it"),
        ("0x1F", "write it in decimals, or quotes around it"),
        ("0o17", "write it in decimals, or quotes around it"),
        ("0b11", "write it in decimals, or quotes around it"),
        ("1_000", "write 1000"),
        ("1_000.5", "write 1000.5"),
        ("1e3", "write the number out"),
        ("1.5e+3", "write the number out"),
        ("1:30", "write a duration with its unit, such as 90 s"),
        ("1:30:00", "write a duration with its unit, such as 90 s"),
        (".inf", "write a number"),
        ("-.inf", "write a number"),
        (".nan", "write a number"),
        ("9" * 41, "write a shorter one"),
    ],
)
def test_numbers_that_the_two_read_differently_are_errors(text: str, fix: str) -> None:
    assert said(f"a: {text}\n").endswith(f"; {fix}")


# What YAML 1.2's core schema makes of a plain scalar (section 10.3.2).
CORE: list[tuple[str, Any]] = [
    (r"null|Null|NULL|~|", lambda _: None),
    (r"true|True|TRUE", lambda _: True),
    (r"false|False|FALSE", lambda _: False),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+", lambda text: int(text[2:], 8)),
    (r"0x[0-9a-fA-F]+", lambda text: int(text[2:], 16)),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
    (r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN", float),
]
ALPHABET = "0123456789_.:+-eExobyYnNoftrusTRU~ ="


def core(text: str) -> Any:
    return next((read(text) for pattern, read in CORE if re.fullmatch(pattern, text)), text)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return not isinstance(one, str) and not isinstance(other, str) and float(one) == float(other)
    return type(one) is type(other) and bool(one == other)


@given(
    st.text(ALPHABET, min_size=1, max_size=10)
    | st.sampled_from(["yes", "off", "1:30", "0777", "1_0", "1e5", "0x1"])
)
@example("0")
@example("1.")
def test_what_is_accepted_reads_the_same_under_both(text: str) -> None:
    parsed = read(f"a: {text}\n")
    if parsed.problems or parsed.root is None or not isinstance(parsed.root.value, dict):
        return
    got = parsed.root.plain().get("a")
    if isinstance(got, dict | list):
        return
    old = yaml.load(f"a: {text}\n", yaml.SafeLoader)["a"]
    new = core(text.strip().partition(" #")[0].strip())
    plain = float(got) if isinstance(got, Decimal) else str(got) if isinstance(got, str) else got
    if not hasattr(old, "isoformat"):  # an instant is kept as text, and read where one belongs
        assert same(plain, old), (plain, old)
    assert same(plain, new), (plain, new)


def test_keys_are_texts() -> None:
    parsed = read("200: a\nn: b\n'on': c\n")
    assert parsed.root is not None
    assert parsed.root.plain() == {"200": "a", "n": "b", "on": "c"}


@pytest.mark.parametrize("key", ["on", "yes", "true", "null", "~", "<<"])
def test_keys_that_are_no_texts_are_errors(key: str) -> None:
    assert read(f"{key}: 5\n").problems


def test_places_count_from_one() -> None:
    parsed = read("a:\n  b: [1, {c: 5 s}]\n")
    assert parsed.root is not None
    inner = parsed.root.find(("a", "b", 1, "c"))
    assert inner is not None
    assert str(inner.at) == "x.yaml:2:14"
    outer = parsed.root.find(("a",))
    assert outer is not None
    assert str(outer.at) == "x.yaml:1:1"


def test_an_anchor_is_copied_not_shared() -> None:
    parsed = read("a: &x {b: 1}\nc: *x\n")
    assert parsed.root is not None
    assert parsed.root.plain() == {"a": {"b": 1}, "c": {"b": 1}}
    assert parsed.root.find(("a",)) is not parsed.root.find(("c",))


def test_depth_and_number_are_bounded_before_anything_is_built() -> None:
    assert "nested deeper than 64" in said("[" * 100_000)
    assert "nested deeper than 64" in said("- " * 1000)
    assert "nested deeper than 64" in said("a: &a [[[[[[[[x]]]]]]]]\nb: " + "[" * 60 + "*a" + "]" * 60)
    assert "more than 100,000 values" in said("-\n" * 100_001)
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "more than 100,000 values, aliases expanded" in said(bomb)


def test_a_problem_does_not_hide_the_next() -> None:
    assert len(read("a: on\nb: 010\nb: 1_0\nc: !x z\n").problems) == 5


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: {b: GET /{id}}\n", "a { within braces"),
        ("a: {GET /{id}: 1}\n", "a { within braces"),
        ("a: [GET /{proxy+}]\n", "a { within braces"),
        ("a:\t5\n", "a tab"),
        ("a:\n\tb: 5\n", "a tab"),
        ("a: 'x\n", "a quote that is not closed"),
        ("a: [1, 2\n", "a comma or a closing bracket is missing before the end of the file"),
        ("a: b: c\n", "a colon where none can stand"),
        ("a: @x\n", "a value cannot start with '@'"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("a: 1\n...\nb: 2\n", "text after the end of the document"),
        ("a: *b\n", "the alias '*b' has no anchor"),
        ("{a: 1}: 2\n", "a key that is a mapping or list"),
        ("a: x\u2028y\n", "an invisible line separator (U+2028)"),
        ("a: |x\n", "a | or > begins a text on the lines below it"),
        ("a: 1\n-b\n", "a line that is neither a key nor part of a value"),
        ("a: [ , ]\n", "a value is missing before ','"),
    ],
)
def test_syntax(text: str, what: str) -> None:
    assert f": {what}; " in said(text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for problem in read(text).problems:
        assert problem.what
        assert problem.fix


def test_a_text_that_is_read_twice_gives_trees_that_know_nothing_of_each_other() -> None:
    one, two = read("a: {b: [1, 2]}\n"), read("a: {b: [1, 2]}\n")
    assert one.root is not None
    assert two.root is not None
    one.root.value["a"].value.pop("b")
    one.problems.append("something")  # type: ignore[arg-type]
    assert two.root.plain() == {"a": {"b": [1, 2]}}
    assert (two.problems, read("a: {b: [1, 2]}\n").problems) == ([], [])
