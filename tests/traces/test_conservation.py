"""Whatever the counts and the scale: nothing is lost, nothing is made, and no period is off by more than one."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from apigw_sim.plan.traces import carried

COUNTS = st.lists(st.fractions(0, 1000, max_denominator=1000), max_size=60)
SCALES = st.fractions(Fraction(1, 997), 50, max_denominator=997)


@given(COUNTS, SCALES)
def test_counts_times_scale_are_kept(counts: list[Fraction], scale: Fraction) -> None:
    placed = carried(counts, scale)
    assert len(placed) == len(counts)
    assert all(count >= 0 for count in placed)
    for number in range(len(counts) + 1):
        assert sum(placed[:number]) == floor(sum(counts[:number], Fraction(0)) * scale)


@given(COUNTS, SCALES)
def test_a_period_is_off_by_less_than_one(counts: list[Fraction], scale: Fraction) -> None:
    assert all(
        abs(got - count * scale) < 1 for got, count in zip(carried(counts, scale), counts, strict=True)
    )


@given(st.lists(st.integers(0, 1000), max_size=60), st.integers(1, 50))
def test_whole_counts_and_scales_carry_nothing(counts: list[int], scale: int) -> None:
    assert carried([Fraction(count) for count in counts], Fraction(scale)) == [
        count * scale for count in counts
    ]
