"""Quantile tables against exact quantiles, means against formulas, percentile lists through their points."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apigw_sim.plan import laws
from apigw_sim.plan.tables import Law
from apigw_sim.rules import pick, quantile
from apigw_sim.scenario.laws import LawOf

MS = 1_000_000
PROBABILITIES = (1e-4, 0.01, 0.5, 0.9, 0.99, 0.999, 1 - 1e-6)


def read(value: object, kind: str = "duration") -> Law:
    return laws.law(LawOf(kind).read(value), kind)


def assert_follows(law: Law, exact: dict[float, float], tolerance: float = 1e-4) -> None:
    for p, value in exact.items():
        assert laws.percentile(law, p) == pytest.approx(value, rel=tolerance), p


def test_lognormal_follows_its_exact_quantiles_and_mean() -> None:
    law = read({"lognormal": {"mean": "120 ms", "cv": 1.2}})
    sigma = math.sqrt(math.log(1 + 1.2**2))
    mu = math.log(120 * MS) - sigma**2 / 2
    assert_follows(law, {p: math.exp(mu + sigma * NormalDist().inv_cdf(p)) for p in PROBABILITIES})
    assert law.mean == 120 * MS
    assert laws.mean(law.cells) == pytest.approx(120 * MS, rel=1e-4)


def test_two_percentiles_are_the_lognormal_through_both() -> None:
    law = read({"p50": "40 ms", "p99": "300 ms"})
    sigma = math.log(300 / 40) / NormalDist().inv_cdf(0.99)
    assert_follows(
        law, {0.5: 40 * MS, 0.99: 300 * MS, 0.999: 40 * MS * math.exp(sigma * NormalDist().inv_cdf(0.999))}
    )
    assert law.mean == pytest.approx(40 * MS * math.exp(sigma**2 / 2), rel=1e-12)


def test_exponential_follows_its_exact_quantiles_and_mean() -> None:
    law = read({"exponential": {"mean": "1 s"}})
    assert_follows(law, {p: -1e9 * math.log1p(-p) for p in PROBABILITIES})
    assert law.mean == 1e9
    assert laws.mean(law.cells) == pytest.approx(1e9, rel=1e-4)


def test_uniform_follows_its_exact_quantiles_and_mean() -> None:
    law = read({"uniform": {"min": "5 min", "max": "7 min"}})
    assert_follows(law, {p: (300 + 120 * p) * 1e9 for p in PROBABILITIES}, 1e-7)
    assert law.mean == 360e9
    assert laws.mean(law.cells) == pytest.approx(360e9, rel=1e-9)


def test_outermost_edges_stand_at_two_to_the_minus_34() -> None:
    cells = read({"exponential": {"mean": "1 s"}}).cells
    assert len(cells) == quantile.SIZE
    assert cells[-1] == round(34 * math.log(2) * 1e9)
    assert cells[-2] == round(31 * math.log(2) * 1e9)
    assert cells[quantile.HALF] == round(math.log(2) * 1e9)
    assert cells[0] == round(1e9 * 2**-34)


def test_three_percentiles_and_more_go_through_their_points_and_never_fall() -> None:
    points = {"p10": 8, "p50": 40, "p90": 45, "p99": 300, "p99.9": 2000}
    law = read({name: f"{value} ms" for name, value in points.items()})
    assert_follows(law, {float(name[1:]) / 100: value * MS for name, value in points.items()})
    assert (np.diff(law.cells) >= 0).all()
    assert law.cells[-1] > law.cells[-2]


def test_beyond_the_outermost_percentiles_the_straight_line_goes_on() -> None:
    law = read({"p50": "40 ms", "p90": "100 ms", "p99": "300 ms"})
    z = NormalDist().inv_cdf
    slope = math.log(300 / 100) / (z(0.99) - z(0.9))
    low = math.log(100 / 40) / z(0.9)
    assert_follows(law, {
        0.999: 300 * MS * math.exp(slope * (z(0.999) - z(0.99))),
        0.01: 40 * MS * math.exp(low * z(0.01)),
    })  # fmt: skip


def test_min_and_max_cut_percentiles_and_the_mean_follows() -> None:
    free = read({"p50": "40 ms", "p99": "300 ms"})
    cut = read({"p50": "40 ms", "p99": "300 ms", "min": "20 ms", "max": "500 ms"})
    assert (cut.cells[0], cut.cells[-1]) == (20 * MS, 500 * MS)
    assert laws.percentile(cut, 0.5) == laws.percentile(free, 0.5)
    assert cut.mean == pytest.approx(
        np.mean([laws.percentile(cut, (k + 0.5) / 2000) for k in range(2000)]), rel=1e-3
    )


def test_empirical_interpolates_between_order_statistics(tmp_path: object) -> None:
    law = laws.table(laws.empirical([40, 10, 20, 30], ""))
    assert [laws.percentile(law, p) for p in (1e-9, 1 / 3, 0.5, 1 - 1e-9)] == [10, 20, 25, 40]
    assert law.mean == 25
    assert laws.table(laws.empirical([7], "")).constant == 7


def test_constant_has_one_value_everywhere() -> None:
    law = read("40 ms")
    assert law.constant == 40 * MS == law.mean == laws.percentile(law, 0.999)
    assert set(law.cells.tolist()) == {40 * MS}
    assert len(law.cells) == quantile.SIZE


def test_what_a_table_cannot_hold_is_refused() -> None:
    with pytest.raises(laws.TooLargeError):
        read({"p50": "1 s", "p99": "1000 s"})
    assert read({"p50": "1 s", "p99": "1000 s", "max": "1 h"}).cells[-1] == 3600 * 10**9


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_larger_word_never_gives_a_smaller_value(one: int, two: int) -> None:
    cells = read({"p50": "40 ms", "p99": "300 ms"}).cells.tolist()
    low, high = sorted((one, two))
    assert quantile.value(low, cells) <= quantile.value(high, cells)


def test_thresholds_are_floors_and_certainty_is_the_largest_word() -> None:
    assert laws.threshold(Fraction(0)) == 0
    assert laws.threshold(Fraction(1, 4)) == 2**61
    assert laws.threshold(Fraction(1, 3)) == 2**63 // 3
    assert laws.threshold(Fraction(1)) == 2**63 - 1
    assert laws.cumulative([Fraction(9), Fraction(0), Fraction(1)]) == (
        9 * 2**63 // 10,
        9 * 2**63 // 10,
        2**63 - 1,
    )


def test_statuses_without_a_share_are_left_out() -> None:
    made = laws.shares([(200, Fraction(1, 2)), (404, Fraction(0)), (503, Fraction(1, 2))])
    assert made.statuses == (200, 503)
    assert made.thresholds == (2**62, 2**63 - 1)
    assert made.statuses[pick.choose(2**62 - 1, made.thresholds)] == 200
    assert made.statuses[pick.choose(2**62, made.thresholds)] == 503


def test_fingerprint_knows_order_and_content() -> None:
    one, two = np.arange(3, dtype=np.int64), np.arange(4, dtype=np.int64)
    assert laws.fingerprint([one, two]) == laws.fingerprint([one.copy(), two])
    assert len({laws.fingerprint(t) for t in ([one, two], [two, one], [one], [one, two + 1])}) == 4


def test_fingerprint_sees_what_is_written_into_a_table_that_can_be_written() -> None:
    """A table that nobody can write to is hashed once; another of the same numbers has the same print."""
    table = np.arange(3, dtype=np.int64)
    before = laws.fingerprint([table])
    table[0] = 7
    after = laws.fingerprint([table])
    table.flags.writeable = False
    assert before != after == laws.fingerprint([table]) == laws.fingerprint([table])
    assert laws.fingerprint([np.array([7, 1, 2], np.int64)]) == after
