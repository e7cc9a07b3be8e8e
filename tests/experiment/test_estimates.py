"""Estimates of several runs beside figures known by hand, tables, and scipy's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from apigw_sim.experiment.cells import Cells, pooled
from apigw_sim.experiment.estimates import (
    ENOUGH_EVENTS,
    Interval,
    count_bound,
    mean_interval,
    quantile_interval,
    ratio_interval,
    share_interval,
    skewness,
    t_quantile,
)


def test_students_t_as_the_tables_have_it() -> None:
    assert t_quantile(5) == pytest.approx(2.776, abs=5e-4)
    assert t_quantile(10) == pytest.approx(2.262, abs=5e-4)
    assert t_quantile(10, 0.99) == pytest.approx(3.250, abs=5e-4)


def test_a_mean_of_1_to_5_by_hand() -> None:
    """Mean 3, variance 2.5: half-width 2.776 * sqrt(2.5 / 5) = 1.963."""
    found = mean_interval([1, 2, 3, 4, 5])
    assert found.value == 3
    assert found.half == pytest.approx(1.963, abs=1e-3)
    assert found.relative == pytest.approx(0.654, abs=1e-3)
    assert (found.low, found.high) == pytest.approx((3 - 1.963, 3 + 1.963), abs=1e-3)
    assert found.trusted


def test_one_run_has_no_interval_and_says_so() -> None:
    found = mean_interval([7])
    assert (found.value, found.low, found.high, found.half) == (7, None, None, None)
    assert found.trust == "one run has no interval"
    assert mean_interval([]).value is None
    assert share_interval([1], [4]).low is None
    assert quantile_interval([Cells.of([1, 2, 3])], 0.5).low is None
    assert ratio_interval([0, 0], [0, 0]).value is None


def test_equal_runs_leave_no_doubt() -> None:
    assert mean_interval([4.2] * 5).half == pytest.approx(0, abs=1e-12)
    assert mean_interval([0, 0, 0]).relative == 0
    assert mean_interval([0.0, 1e-9, -1e-9]).relative == math.inf


def test_skewness_is_that_of_scipy_and_lopsided_runs_are_marked_with_the_runs_that_mend_it() -> None:
    values = np.array([1, 1, 2, 2, 3, 3, 2, 2, 1, 30.0])
    skew = float(stats.skew(values, bias=False))
    assert skewness(values) == pytest.approx(skew)
    found = mean_interval(values)
    assert "lopsided" in found.trust
    assert found.mend == math.ceil(10 * skew**2)
    assert skewness(np.full(5, 0.1)) == 0


def test_a_ratio_of_equal_wholes_is_a_mean() -> None:
    """With equal wholes the pseudo-values are the runs' own ratios."""
    parts = np.array([3, 5, 4, 7, 6.0])
    one, other = ratio_interval(parts, [10] * 5), mean_interval(parts / 10)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_a_ratio_by_the_jackknife_by_hand() -> None:
    """Parts 1, 2, 6 of 2, 4, 4: 9/10; without each 8/8, 7/6, 3/6. Pseudo-values 0.7, 0.3667, 1.7: mean 0.9222."""
    found = ratio_interval([1, 2, 6], [2, 4, 4])
    pseudo = np.array([2.7 - 2, 2.7 - 7 / 3, 2.7 - 1])
    assert found.value == pytest.approx(pseudo.mean())
    assert found.half == pytest.approx(4.302653 * pseudo.std(ddof=1) / math.sqrt(3), rel=1e-5)


def test_none_of_3000_is_at_most_one_in_a_thousand() -> None:
    """The rule of three: 1 - 0.05^(1/3000) = 0.000998."""
    found = share_interval([0, 0, 0], [1000, 1000, 1000])
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(3 / 3000, rel=0.01)
    assert found.method.startswith("upper bound")
    every = share_interval([10, 20], [10, 20])
    assert every.value == 1
    assert every.low == pytest.approx(0.05 ** (1 / 30))
    assert count_bound(10).high == pytest.approx(0.29957, abs=1e-5)


def test_a_few_independent_events_get_clopper_and_pearsons_interval() -> None:
    """12 of 400 without a spread between runs: Clopper and Pearson's, on 400 trials times (z / t)^2 for 4 runs."""
    found = share_interval([3, 3, 3, 3], [100] * 4)
    trials = 400 * (stats.norm.isf(0.025) / stats.t.isf(0.025, 3)) ** 2
    seen = trials * 0.03
    assert found.method.startswith("Clopper-Pearson")
    assert found.low == pytest.approx(stats.beta.ppf(0.025, seen, trials - seen + 1))
    assert found.high == pytest.approx(stats.beta.isf(0.025, seen + 1, trials - seen))
    assert found.trusted


def test_events_that_all_fell_into_one_run_are_one_event() -> None:
    found = share_interval([40, 0, 0, 0, 0], [1000] * 5)
    assert "1.0 independent events" in found.trust
    assert found.mend == pytest.approx(5 * ENOUGH_EVENTS, abs=1)
    assert found.high is not None
    assert found.high > 0.05


def test_many_events_are_left_to_the_jackknife_within_0_and_1() -> None:
    found = share_interval([300, 320, 310, 290, 280], [1000] * 5)
    assert found.method == "ratio over all runs, jackknife"
    assert found.value == pytest.approx(0.3)
    high = share_interval([1000, 1000, 985, 990, 985], [1000] * 5).high
    assert high is not None
    assert high <= 1


# cells and quantiles


def test_cells_know_their_edges_and_lose_at_most_a_thousandth() -> None:
    """200,000 lognormal samples: numpy's own quantile, within a cell and the gap between two samples."""
    values = np.random.default_rng(4).lognormal(18, 1, 200_000).astype(np.int64)
    for point in (0.01, 0.5, 0.99, 0.999):
        found = Cells.of(values).quantiles([point])[0]
        assert found == pytest.approx(float(np.quantile(values, point)), rel=1.5e-3)
    one = Cells.of([5_000_000] * 7)
    assert one.quantiles([0.0, 0.5, 1.0]) == [5_000_000.0] * 3


def test_pooling_is_the_same_however_it_is_cut_and_coarse_cells_win() -> None:
    rng = np.random.default_rng(5)
    values = rng.lognormal(18, 1, 3000).astype(np.int64)
    whole = Cells.of(values)
    parts = pooled([Cells.of(values[:1000]), Cells.of(values[1000:]), Cells.of([])])
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
    coarse = Cells.of(values, 7)
    mixed = pooled([Cells.of(values[:1000]), Cells.of(values[1000:], 7)])
    assert all(np.array_equal(a, b) for a, b in zip(coarse, mixed, strict=True))
    assert whole.coarser(7).cells.tolist() == coarse.cells.tolist()


def test_the_share_below_a_quantile_is_its_point() -> None:
    cells = Cells.of(np.random.default_rng(6).exponential(1e7, 20_000).astype(np.int64))
    for point in (0.05, 0.5, 0.99, 0.999):
        assert cells.share_to(cells.quantiles([point])[0]) == pytest.approx(point, abs=1e-9)
    assert (cells.share_to(-1), cells.share_to(1e18)) == (0, 1)


def test_an_interval_of_a_quantile_reaches_where_nothing_was_seen() -> None:
    """p99.9 of 5 x 200 samples: one lies beyond it; no upper end can be told, and that is said."""
    rng = np.random.default_rng(7)
    found = quantile_interval([Cells.of(rng.exponential(1e7, 200).astype(np.int64)) for _ in range(5)], 0.999)
    assert found.high is None
    assert found.half is None
    assert "independent events, fewer than 10" in found.trust
    assert found.mend is not None
    assert found.mend > 5


def test_the_interval_of_a_median_of_independent_samples_is_that_of_order_statistics() -> None:
    """30 x 500 uniform samples: the share's standard error is 0.5 / sqrt(15,000), times t = 2.045 for 30 runs.

    The estimated error is never below that of independent trials, so a little wider on average."""
    rng = np.random.default_rng(8)
    halves = []
    for _ in range(100):
        found = quantile_interval([Cells.of(rng.integers(10**6, 2 * 10**6, 500)) for _ in range(30)], 0.5)
        assert found.half is not None
        halves.append(found.half / 10**6)
    assert np.mean(halves) == pytest.approx(2.045 * 0.5 / math.sqrt(15_000), rel=0.12)


def test_an_interval_is_plain_data() -> None:
    found = mean_interval([1, 2, 3])
    assert isinstance(found, Interval)
    assert Interval(**vars(found)) == found
