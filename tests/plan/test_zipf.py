"""Alias tables give Zipf's probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from apigw_sim.plan.zipf import deal, shares, zipf
from apigw_sim.rules import pick


@pytest.mark.parametrize(
    ("n", "s"),
    [(1, 1.0), (2, 1.0), (3, 5.0), (10, 0.0), (500, 1e-12), (10_000, 1.1), (1_000, 0.01), (2_500_000, 0.8)],
)
def test_probabilities_are_zipfs(n: int, s: float) -> None:
    table = zipf(n, s)
    exact = np.arange(1, n + 1, dtype=float) ** -s
    exact /= exact.sum()
    assert table.min() >= 0
    assert table.max() < n << 32
    assert np.abs(shares(table) - exact).max() <= 2**-31


def test_weights_are_dealt_out_exactly_also_where_a_column_is_emptied_exactly() -> None:
    half = 1 << 31
    for parts in ([3, 3, 1, 1], [4, 2, 2, 0], [7, 1, 0, 0], [2, 2], [5, 3, 2, 0, 0], [3, 3, 3, 1, 1, 1]):
        table = deal(np.array(parts, np.int64) * half)
        assert (shares(table) * 2 * len(parts)).tolist() == parts


def test_the_rule_draws_what_the_table_says() -> None:
    table = zipf(3, 1.0).tolist()
    words = (np.random.default_rng(1).bit_generator.random_raw(100_000) >> np.uint64(1)).tolist()
    drawn = np.bincount([pick.alias(word, table) for word in words], minlength=3)
    # Five standard deviations of the commonest share: below one false alarm in a million seeds.
    assert drawn / len(words) == pytest.approx(np.array([6, 3, 2]) / 11, abs=0.008)


def test_equal_tables_are_one() -> None:
    assert zipf(100, 1.0) is zipf(100, 1.0)
    with pytest.raises(ValueError, match="read-only"):
        zipf(100, 1.0)[0] = 1
