"""Route 53's rules, case by case as its developer guide has them."""

from __future__ import annotations

import pytest

from apigw_sim.rules import dns, health_check

SECOND = 1_000_000_000


def test_only_2xx_and_3xx_within_two_seconds_pass() -> None:
    assert [status for status in (-1, 199, 200, 204, 301, 399, 400, 403, 429, 503) if health_check.passes(status, SECOND)] == [
        200, 204, 301, 399,
    ]  # fmt: skip
    assert health_check.passes(200, 2 * SECOND)
    assert not health_check.passes(200, 2 * SECOND + 1)


def test_a_result_that_agrees_breaks_a_row() -> None:
    streak, seen = 0, []
    for passed in (0, 0, 1, 0, 0, 0):
        streak = health_check.against(streak, 1, passed)
        seen.append(streak)
    assert seen == [1, 2, 0, 1, 2, 3]


@pytest.mark.parametrize(("checkers", "enough"), [(15, 3), (16, 3), (50, 10), (100, 19), (5, 1)])
def test_more_than_18_percent_have_to_report_health(checkers: int, enough: int) -> None:
    assert [health_check.is_healthy(n, checkers) for n in (enough - 1, enough)] == [False, True]


@pytest.mark.parametrize(
    ("healthy", "found"),
    [
        ((1, 1, 1), [1, 3, 0]),
        ((0, 1, 1), [0, 3, 0]),
        ((0, 0, 1), [0, 0, 1]),
        ((1, 0, 0), [1, 0, 0]),
        ((0, 0, 0), [1, 3, 0]),
    ],
)
def test_weights_of_healthy_targets(healthy: tuple[int, ...], found: list[int]) -> None:
    """Unhealthy ones are left out, weight 0 counts when no other is left, and if none is healthy all are."""
    assert dns.weights(True, (1, 3, 0), (0, 1, 2), [bool(one) for one in healthy]) == found


@pytest.mark.parametrize(
    ("healthy", "found"), [((1, 1), [0, 1]), ((1, 0), [1, 0]), ((0, 1), [0, 1]), ((0, 0), [0, 1])]
)
def test_the_first_healthy_one_in_the_order(healthy: tuple[int, ...], found: list[int]) -> None:
    assert dns.weights(False, (1, 1), (1, 0), [bool(one) for one in healthy]) == found


def test_what_is_left_of_a_ttl_is_uniform() -> None:
    words = [(2 * k + 1) << 56 for k in range(64)]
    left = [dns.left(word, 60 * SECOND) for word in words]
    assert left == [60 * SECOND * (2 * k + 1) // 128 for k in range(64)]
