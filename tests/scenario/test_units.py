"""Quantities: text with a unit to exact numbers, and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apigw_sim import units


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("40 ms", 40_000_000),
        ("40ms", 40_000_000),
        ("0.1 ms", 100_000),
        ("1.5 s", 1_500_000_000),
        ("10 min", 600 * 10**9),
        ("2 h", 7200 * 10**9),
        ("1 d", 86400 * 10**9),
        ("0 s", 0),
        ("0.000001 ms", 1),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert units.duration(text) == ns


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("1 KB", 1024), ("10 MB", 10_485_760), ("0.5 GB", 536_870_912), ("7 B", 7), ("1.6 GB", 1_717_986_918)],
)
def test_sizes_are_binary_and_rounded_down(text: str, size_bytes: int) -> None:
    assert units.size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("200/s", Fraction(200)),
        ("0.001/s", Fraction(1, 1000)),
        ("100/min", Fraction(5, 3)),
        ("1 /h", Fraction(1, 3600)),
        ("1/ d", Fraction(1, 86400)),
    ],
)
def test_rates_are_exact(text: str, per_second: Fraction) -> None:
    assert units.rate(text) == per_second


def test_shares_are_exact() -> None:
    assert units.share("0.1 %") == Fraction(1, 1000)
    assert units.share("99.9%") + units.share("0.1%") == 1


def test_numbers_are_exact_as_written() -> None:
    assert units.number(Decimal("1.1")) == Fraction(11, 10)
    assert units.number(0.1) == Fraction(1, 10)
    assert units.count(Decimal("3.0")) == 3


REFUSED: list[tuple[Callable[[object], object], object, str]] = [
    (units.duration, 5, "5 has no unit; write 5 ms, 5 s, 5 min, 5 h or 5 d"),
    (units.duration, "5", "5 has no unit; write 5 ms, 5 s, 5 min, 5 h or 5 d"),
    (units.duration, "5 S", "'5 S' has an unknown unit 'S'; write one of ms, s, min, h, d"),
    (units.duration, "5 us", "'5 us' has an unknown unit 'us'; write 0.005 ms"),
    (units.duration, "5 m", "'5 m' has an unknown unit 'm'; write 5 min"),
    (units.size, "5 m", "'5 m' has an unknown unit 'm'; write 5 MB"),
    (
        units.duration,
        "5 KB",
        "'5 KB' is a size, not a duration; write a number with its unit: ms, s, min, h or d",
    ),
    (units.duration, "-5 s", "-5 s is negative; write 0 s or more"),
    (units.duration, "1e3 s", "'1e3 s' has an exponent; write the number out in decimals"),
    (
        units.duration,
        "1 min 30 s",
        "'1 min 30 s' is not one quantity; write one number and one unit, such as 90 s",
    ),
    (units.duration, "soon", "'soon' is not a duration; write a number with its unit: ms, s, min, h or d"),
    (units.duration, None, "nothing is not a duration; write a number with its unit: ms, s, min, h or d"),
    (units.duration, True, "true is not a duration; write a number with its unit: ms, s, min, h or d"),
    (units.duration, "36501 d", "36501 d is longer than 36500 d; write a shorter one"),
    (units.duration, "0.0000001 ms", "0.0000001 ms is finer than a nanosecond; round it"),
    (units.size, "1 mb", "'1 mb' has an unknown unit 'mb'; write 1 MB"),
    (units.size, "1 MiB", "'1 MiB' has an unknown unit 'MiB'; write 1 MB (units are binary)"),
    (units.size, "0.5 B", "0.5 B is not a whole number of bytes; round it"),
    (units.rate, 100, "100 has no unit; write 100/s, 100/min, 100/h or 100/d"),
    (units.rate, "1,000/s", "'1,000/s' has separators in its number; write 1000/s"),
    (units.rate, "100 rps", "'100 rps' has an unknown unit 'rps'; write 100/s"),
    (units.share, Decimal("0.05"), "0.05 has no unit; write 5 % (or 0.05 %)"),
    (units.share, 5, "5 has no unit; write 5 %"),
    (units.share, "101 %", "101 % is more than 100 %; write a share from 0 % to 100 %"),
    (units.count, "5 s", "'5 s' has a unit and a count has none; write 5"),
    (units.count, "1_000", "'1_000' is not a count; write 1000, without quotes or separators"),
    (units.count, Decimal("2.5"), "2.5 is not a whole number; write 2 or 3"),
    (units.count, -1, "-1 is negative; write 0 or more"),
    (units.count, 2**63, "9223372036854775808 is too large; write a smaller one"),
    (units.count, float("nan"), "nan is not a whole number; write a whole number"),
    (units.number, float("inf"), "inf is not finite; write a number"),
    (
        units.instant,
        "2026-11-27T18:00:00",
        (
            "'2026-11-27T18:00:00' has no offset from UTC; write it with its offset, "
            "such as 2026-11-27T18:00:00+09:00 or 2026-11-27T09:00:00Z"
        ),
    ),
]


@pytest.mark.parametrize(("read", "value", "said"), REFUSED)
def test_what_is_refused_says_what_to_write(
    read: Callable[[object], object], value: object, said: str
) -> None:
    with pytest.raises(units.UnitError) as caught:
        read(value)
    assert str(caught.value) == said


def test_instants() -> None:
    assert units.instant("2026-11-27T18:00:00+09:00").utcoffset() == timedelta(hours=9)
    assert units.instant("2026-11-27T09:00:00Z") == datetime(2026, 11, 27, 9, tzinfo=UTC)
    assert units.instant_or_utc("2026-11-27T09:00:00") == datetime(2026, 11, 27, 9, tzinfo=UTC)


@given(st.integers(0, units.LONGEST))
def test_a_duration_survives_writing(ns: int) -> None:
    assert units.duration(units.show_duration(ns)) == ns


@given(st.integers(0, units.LARGEST))
def test_a_size_survives_writing(size_bytes: int) -> None:
    assert units.size(units.show_size(size_bytes)) == size_bytes


@given(st.decimals(0, 10**6, places=4), st.sampled_from(sorted(units.RATE_UNITS)))
def test_a_rate_survives_writing(amount: Decimal, unit: str) -> None:
    rate = units.rate(f"{amount:f}{unit}")
    assert units.rate(units.show_rate(rate)) == rate


@given(st.decimals(0, 100, places=6))
def test_a_share_survives_writing(percent: Decimal) -> None:
    share = units.share(f"{percent:f} %")
    assert units.share(units.show_share(share)) == share


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.integers()))
def test_anything_else_is_a_unit_error(value: object) -> None:
    for read in (
        units.duration,
        units.size,
        units.rate,
        units.share,
        units.count,
        units.number,
        units.instant,
    ):
        error = refusal(read, value)
        assert error is None or (error.what and error.fix)


def refusal(read: Callable[[object], object], value: object) -> units.UnitError | None:
    try:
        read(value)
    except units.UnitError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("ns", "text"),
    [(90 * 10**9, "90 s"), (3600 * 10**9, "1 h"), (1_500_000_000, "1500 ms"), (1_000_001, "1.000001 ms")],
)
def test_durations_are_written_short(ns: int, text: str) -> None:
    assert units.show_duration(ns) == text
