"""How long connections last, and what happens to one next, at the instant and a nanosecond to either side."""

from __future__ import annotations

import pytest

from apigw_sim.rules.connection import BY_CLIENT, IDLE, LOST, OLD, OPEN, ends, follows


@pytest.mark.parametrize(
    ("lifetime", "found"), [(99, (109, BY_CLIENT)), (100, (110, BY_CLIENT)), (101, (110, OLD))]
)
def test_a_connection_ends_after_its_life_or_the_longest(lifetime: int, found: tuple[int, int]) -> None:
    assert ends(10, lifetime, 100) == found


@pytest.mark.parametrize(
    ("gap", "end", "found"),
    [
        (5, 100, (15, OPEN)), (20, 100, (30, OPEN)), (21, 100, (30, IDLE)), (20, 30, (30, LOST)), (20, 31, (30, OPEN)),
        (21, 30, (30, LOST)), (21, 31, (30, IDLE)), (5, 15, (15, LOST)), (5, 3, (3, LOST)),
    ],
)  # fmt: skip
def test_a_message_comes_in_time_or_not(gap: int, end: int, found: tuple[int, int]) -> None:
    """The last one was at 10, and 20 without one are too many."""
    assert follows(10, gap, 20, end, LOST) == found
