"""What bets prove: beside closed forms, and how often they mislead."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import integrate, stats

from apigw_sim.experiment import evidence


@pytest.mark.parametrize(("met", "failed", "bar"), [(0, 0, 0.95), (7, 2, 0.6), (40, 1, 0.95), (3, 30, 0.2)])
def test_the_evidence_of_a_share_is_the_mixture_that_is_described(met: int, failed: int, bar: float) -> None:
    odds = lambda q: (q / bar) ** met * ((1 - q) / (1 - bar)) ** failed  # noqa: E731
    spread, _ = integrate.quad(odds, bar, 1)
    expected = (spread / (1 - bar) + (bar**-met if failed == 0 else 0)) / 2
    assert math.exp(evidence.of_share(met, failed, bar)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("bar", [0.05, 0.5, 0.95])
def test_the_bet_is_fair_at_the_bar_and_loses_below_it(bar: float) -> None:
    """Its mean after n runs is 1 at the bar, by summing over all outcomes; below it is less."""
    for n in (1, 2, 10, 60):
        for share in (bar, 0.9 * bar):
            mean = sum(
                stats.binom.pmf(met, n, share) * math.exp(evidence.of_share(met, n - met, bar))
                for met in range(n + 1)
            )
            assert (mean == pytest.approx(1)) if share == bar else (mean < 1)


def test_84_runs_without_a_failure_would_be_needed_by_any_test_and_70_by_this_one() -> None:
    """0.95^n <= error: n >= ln(error) / ln(0.95), and ln 2 more for the half of the stake that is elsewhere, at most."""
    need = -math.log(0.045)
    least = need / -math.log(0.95)
    assert least <= evidence.runs_to_prove(0.95, need) <= (need + math.log(2)) / -math.log(0.95) + 1


def test_an_interval_of_a_share_covers_at_every_look() -> None:
    """The share leaves [low, high] at some of 150 looks in at most 2 x 5 % of 400 sequences: more than 73 with 1e-6."""
    rng = random.Random(5)
    left = 0
    for _ in range(400):
        met = 0
        for n in range(1, 151):
            met += rng.random() < 0.8
            if n % 3 == 0:
                found = evidence.share(met, n - met, 0.05)
                assert found.low is not None
                assert found.high is not None
                if not found.low <= 0.8 <= found.high:
                    left += 1
                    break
    assert 0 < left <= 73


def test_the_evidence_of_a_mean_is_the_mixture_that_is_described() -> None:
    """Against the density of the noncentral t, which is what is left when the spread is integrated out."""
    values = [0.4, 1.9, 0.8, -0.3, 1.2, 0.7]
    n = len(values)
    t = np.mean(values) / (np.std(values, ddof=1) / n**0.5)
    odds = [stats.nct.pdf(t, n - 1, effect * n**0.5) / stats.t.pdf(t, n - 1) for effect in evidence.EFFECTS]
    assert math.exp(evidence.of_mean(values)) == pytest.approx(float(np.mean(odds)), rel=1e-6)


@pytest.mark.parametrize("mean", [0.0, -0.3])
def test_a_mean_that_is_not_above_0_is_seldom_taken_to_be(mean: float) -> None:
    """With an error of 10 %, of 300 sequences of 40 looks more than 57 would have a probability of 1e-6."""
    rng = random.Random(11)
    misled = 0
    for _ in range(300):
        values: list[float] = []
        for _ in range(40):
            values.append(rng.gauss(mean, 1))
            if evidence.of_mean(values) >= math.log(10):
                misled += 1
                break
    assert misled <= 57


def test_a_mean_half_a_spread_above_0_is_seen_after_some_forty_runs() -> None:
    """An effect of a half gains 1/8 a run, and ln 20 + ln 6 are wanted: 38 runs, in the middle of 41 sequences."""
    rng = random.Random(3)
    needed = []
    for _ in range(41):
        values = [rng.gauss(0.5, 1) for _ in range(200)]
        needed.append(next(n for n in range(2, 200) if evidence.of_mean(values[:n]) >= math.log(20)))
        assert evidence.of_mean([-value for value in values]) < 0
    assert 20 <= sorted(needed)[20] <= 60


def test_an_interval_of_a_mean_is_where_the_bets_stop() -> None:
    values = [10.2, 9.8, 10.5, 10.1, 9.9, 10.4, 10.0, 10.3]
    interval = evidence.mean(values, 0.05)
    found, low, high = interval.value, interval.low, interval.high
    assert found is not None
    assert low is not None
    assert high is not None
    assert interval.confidence == pytest.approx(0.9)  # two ends, each wrong with 5 %
    assert found == pytest.approx(10.15)
    assert evidence.of_mean(values, low) == pytest.approx(math.log(20), abs=1e-5)
    assert high - found == pytest.approx(found - low, rel=1e-6)
    t = stats.t.isf(0.05, 7) * np.std(values, ddof=1) / 8**0.5
    assert t < high - found < 3 * t  # wider than an interval that is looked at once


def test_a_mean_without_spread_is_known_and_one_value_says_nothing() -> None:
    known, one = evidence.mean([2.5] * 5, 0.05), evidence.mean([2.5], 0.05)
    assert (known.value, known.low, known.high) == (2.5, 2.5, 2.5)
    assert (one.value, one.low, one.high) == (2.5, None, None)
