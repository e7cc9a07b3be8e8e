"""Percentiles: exact within a period, exact or nearly so over a run, whatever the order and the cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apigw_sim.metrics.quantiles import EXACT, POINTS, Spread, bucket_of, by_group, edge, grouped, of_shares

COUNTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=60)


def spread_of(*parts: np.ndarray, exact: int | None = EXACT) -> Spread:
    spread = Spread(exact)
    for part in parts:
        spread.add(part)
    return spread


def test_four_samples_by_hand() -> None:
    # (4 - 1) * 0.9 = 2.7: seven tenths of the way from the third to the fourth.
    found = grouped(None, np.array([40, 10, 20, 30]), 1, (0.5, 0.9))
    assert found.points.tolist() == [[25.0, 37.0]]
    assert (found.counts[0], found.sums[0], found.least[0], found.most[0]) == (4, 100, 10, 40)


@given(COUNTS, st.integers(1, 6))
def test_groups_have_the_percentiles_that_numpy_gives_each(values: list[int], groups: int) -> None:
    of = np.array([value % groups for value in values])
    samples = np.array(values)
    found = grouped(of, samples, groups)
    for row, group in enumerate(found.ids):
        mine = samples[of == group]
        assert found.points[row].tolist() == np.quantile(mine, POINTS, method="linear").tolist()
        assert found.sums[row] == sum(mine.tolist())
    assert set(found.ids.tolist()) == set(of.tolist())


def test_values_too_large_to_be_packed_beside_their_group_are_sorted_all_the_same() -> None:
    big = np.array([2**62, 2**61, 5, 7])
    found = grouped(np.array([1, 1, 0, 0]), big, 2, (0.0, 1.0))
    assert found.points.tolist() == [[5.0, 7.0], [2.0**61, 2.0**62]]


@given(st.integers(1, 300), st.integers(0, 300))
def test_percentiles_of_shares_are_those_of_zeros_and_ones(count: int, ones: int) -> None:
    ones = min(ones, count)
    samples = np.array([0] * (count - ones) + [1] * ones)
    expected = np.quantile(samples, POINTS, method="linear").tolist()
    assert of_shares(np.array([count]), np.array([ones]))[0].tolist() == expected


@given(COUNTS)
def test_a_short_run_is_exact(values: list[int]) -> None:
    spread = spread_of(np.array(values[:1]), np.array(values[1:], np.int64))
    assert spread.exact
    assert spread.quantiles() == np.quantile(values, POINTS, method="linear").tolist()
    assert (spread.count, spread.total) == (len(values), sum(values))
    assert (spread.least, spread.most) == (min(values), max(values))


def test_the_hundred_thousandth_sample_is_exact_and_the_next_is_not() -> None:
    values = np.arange(EXACT)
    assert spread_of(values).exact
    assert not spread_of(values, np.array([1])).exact


def test_nothing_has_no_percentiles() -> None:
    assert Spread().quantiles() is None
    assert Spread().mean is None


@pytest.mark.parametrize("law", ["lognormal", "uniform", "two clumps", "constant", "small"])
def test_log_buckets_are_within_0_8_percent(law: str) -> None:
    random = np.random.default_rng(1)
    values = {
        "lognormal": random.lognormal(17, 1.5, 150_000),
        "uniform": random.uniform(10**6, 3 * 10**9, 150_000),
        "two clumps": np.where(random.random(150_000) < 0.5, 8 * 10**6, 29 * 10**9),
        "constant": np.full(150_000, 123_456_789),
        "small": random.integers(0, 40, 150_000),
    }[law].astype(np.int64)
    spread = spread_of(values)
    points = (0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
    found = spread.quantiles(points)
    assert found is not None
    for got, expected in zip(found, np.quantile(values, points, method="linear"), strict=True):
        assert got == pytest.approx(expected, rel=0.008, abs=0.6)
    assert spread.mean == values.sum() / len(values)
    assert found[-1] == values.max()


def test_neither_order_nor_cuts_nor_merging_change_what_a_long_run_says() -> None:
    values = np.random.default_rng(2).lognormal(17, 1, 130_000).astype(np.int64)
    whole = spread_of(values)
    cut = spread_of(*np.array_split(values[::-1].copy(), 13))
    merged = Spread()
    for part in (spread_of(values[:50]), spread_of(values[50:120_050]), spread_of(values[120_050:])):
        merged.merge(part)
    assert whole.quantiles() == cut.quantiles() == merged.quantiles()
    assert whole.total == cut.total == merged.total
    assert not merged.exact


def test_a_bucket_is_the_top_bit_and_the_next_seven() -> None:
    assert edge(7 * 128) == 128
    for value in (128, 129, 255, 256, 1 << 40, (1 << 40) + (1 << 33)):
        bucket = int(bucket_of(np.array([value]))[0])
        assert edge(bucket) <= value < edge(bucket + 1)
    assert bucket_of(np.array([0, 1, 2**52])).tolist() == [0, 0, 52 * 128]


def test_values_by_group_are_whole_and_in_order() -> None:
    parts = by_group(np.array([2, 0, 2, 2]), np.array([5, 6, 7, 8]), 3)
    assert [(group, part.tolist()) for group, part in parts] == [(0, [6]), (2, [5, 7, 8])]
