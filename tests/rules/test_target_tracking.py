"""Target tracking: the capacity it comes to is the least at which the load is within the target."""

from __future__ import annotations

import pytest

from apigw_sim.rules.target_tracking import WHOLE, scaled_in, scaled_out, wanted


@pytest.mark.parametrize("target", [WHOLE // 10, WHOLE * 7 // 10, WHOLE * 9 // 10])
@pytest.mark.parametrize("capacity", [1, 3, 10, 4_321])
@pytest.mark.parametrize("metric", [1, 333_333, 630_000, WHOLE])
def test_it_is_the_least_at_which_the_load_is_within_the_target(
    capacity: int, metric: int, target: int
) -> None:
    found, load = wanted(capacity, metric, target), capacity * metric
    assert load <= found * target
    assert load > (found - 1) * target


def test_out_and_in_stay_within_bounds_and_never_go_the_other_way() -> None:
    """10 at 90 % of 70 % want 13, at 35 % want 5."""
    target = WHOLE * 7 // 10
    assert scaled_out(10, 900_000, target, 0, 40) == 13
    assert scaled_out(10, 900_000, target, 0, 12) == 12
    assert scaled_out(10, 900_000, target, 2, 40) == 11
    assert scaled_out(10, 900_000, target, 5, 40) == 10
    assert scaled_out(10, 350_000, target, 0, 40) == 10
    assert scaled_out(50, 900_000, target, 0, 40) == 50
    assert scaled_in(10, 350_000, target, 0) == 5
    assert scaled_in(10, 350_000, target, 7) == 7
    assert scaled_in(10, 900_000, target, 0) == 10
    assert scaled_in(4, 350_000, target, 7) == 4
