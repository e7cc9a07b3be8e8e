"""Peak seconds: sparse, bounded, and exact as long as nothing takes longer than the longest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apigw_sim.metrics import seconds
from apigw_sim.metrics.seconds import Seconds
from apigw_sim.units import SECOND

LONGEST = 30 * SECOND


def test_the_peak_is_of_whole_seconds() -> None:
    counted = Seconds(2, LONGEST)
    milliseconds = np.array([999, 1000, 1500, 1999, 2000])
    counted.add(milliseconds * (SECOND // 1000), [np.zeros(5, np.int64)], 0)
    counted.finish()
    assert (counted.peak[0], counted.peak_at[0]) == (3, 1)
    assert (counted.peak[1], counted.peak_at[1]) == (0, -1)


def test_of_equal_seconds_the_first_is_told() -> None:
    counted = Seconds(1, LONGEST)
    counted.add(np.array([9, 5, 9, 5], np.int64) * SECOND, [np.zeros(4, np.int64)], 0)
    counted.finish()
    assert counted.peak_at[0] == 5


def test_a_place_of_null_counts_nowhere() -> None:
    counted = Seconds(1, LONGEST)
    counted.add(np.array([5, 5], np.int64) * SECOND, [np.array([-1, 0])], 0)
    counted.finish()
    assert counted.peak[0] == 1


def test_what_stands_beside_is_of_the_largest_second() -> None:
    counted = Seconds(2, LONGEST, [(0, 1)])
    arrived, carried = np.zeros(5, np.int64), np.array([1, -1, -1, 1, 1])
    counted.add(np.array([1, 1, 1, 2, 2], np.int64) * SECOND, [arrived, carried], 0)
    counted.finish()
    assert (counted.peak[0], counted.beside(0)) == (3, 1)


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 2)), min_size=1, max_size=120), st.integers(1, 40)
)
def test_settling_seconds_early_changes_nothing(rows: list[tuple[int, int]], size: int) -> None:
    """Rows come in the order in which they end, up to 30 s after they arrived."""
    random = np.random.default_rng(len(rows))
    arrived = np.array([second for second, _ in rows], np.int64) * SECOND
    places = np.array([place for _, place in rows], np.int64)
    ended = arrived + random.integers(0, LONGEST, len(rows))
    order = np.argsort(ended, kind="stable")
    one, many = Seconds(3, LONGEST), Seconds(3, LONGEST)
    one.add(arrived, [places], 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seconds, "ENOUGH", 0)
        many._enough = 0
        for cut in range(0, len(rows), size):
            part = order[cut : cut + size]
            many.add(arrived[part], [places[part]], int(ended[part].max()))
        many.finish()
    one.finish()
    assert one.peak.tolist() == many.peak.tolist()
    assert one.peak_at.tolist() == many.peak_at.tolist()


def test_a_day_is_held_in_little_room() -> None:
    counted = Seconds(10, LONGEST)
    for hour in range(24):
        arrived = np.arange(hour * 3600, (hour + 1) * 3600) * SECOND
        for place in range(10):
            counted.add(arrived, [np.full(3600, place)], int(arrived[-1]))
    assert counted._held <= seconds.ENOUGH + 3600
    counted.finish()
    assert counted.peak.tolist() == [1] * 10
