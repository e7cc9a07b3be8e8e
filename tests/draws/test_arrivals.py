"""When calls start: exact instants, counts that are the rate's integral, and Poisson's own spread."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import pytest
from engine.running import MS, SECOND, planned, story
from scipy import stats

from apigw_sim.draws import draw
from apigw_sim.draws.arrivals import ROOM, reach, source
from apigw_sim.plan.tables import Counted, Placement, Segment


def instants(process: str, rate: Any, duration: str = "10 s", seed: int = 1, take: int = 1_000) -> list[int]:
    """The arrivals of a run, taken so many at a time."""
    plan = planned(story({"process": process, "rate": rate}, run={"duration": duration}))
    stream = draw(plan, seed).client(0)
    arrivals = source(plan.clients[0].arrivals, stream._when, plan.duration, stream.key)
    made: list[int] = []
    while len(more := arrivals.take(take)):
        made += more.tolist()
    return made


# even


@pytest.mark.parametrize(
    ("rate", "per_second"), [("3/s", Fraction(3)), ("7/min", Fraction(7, 60)), ("0.3/s", Fraction(3, 10))]
)
def test_even_arrivals_are_at_the_first_nanosecond_that_is_not_before_n_over_rate(
    rate: str, per_second: Fraction
) -> None:
    """At 3/s: 0, 333,333,334, 666,666,667, 1 s and so on for ever: no error adds up."""
    found = instants("even", rate, "1000 s")
    assert found == [ceil(n * SECOND / per_second) for n in range(ceil(1_000 * per_second))]


def test_a_rate_that_is_no_round_number_is_exact_too() -> None:
    """1000.000001/s: the sums leave 64 bits, the instants do not."""
    want = [ceil(n * SECOND / Fraction("1000.000001")) for n in range(10_001)]
    assert (
        instants("even", "1000.000001/s", take=20_000)
        == instants("even", "1000.000001/s", take=4_096)
        == want
    )


def test_the_last_even_arrival_lies_before_the_end() -> None:
    assert instants("even", "1/s", "3 s") == [0, SECOND, 2 * SECOND]
    assert instants("even", "1/s", "3.000000001 s") == [0, SECOND, 2 * SECOND, 3 * SECOND]


def test_a_fast_even_client_hits_every_nanosecond_it_should() -> None:
    found = instants("even", "1000000/s", "10 ms")
    assert found == [1_000 * n for n in range(10_000)]


def test_at_a_step_the_gap_that_has_begun_goes_on_at_the_new_rate() -> None:
    """1/s up to 2.5 s leaves half a request over: at 10/s the other half takes 50 ms."""
    rate = [{"from": "0 s", "rate": "1/s"}, {"from": "2500 ms", "rate": "10/s"}]
    assert instants("even", rate, "3 s") == [0, SECOND, 2 * SECOND, *range(2550 * MS, 3000 * MS, 100 * MS)]


def test_while_the_rate_is_zero_nothing_comes() -> None:
    rate = [{"from": "1 s", "rate": "2/s"}, {"from": "2 s", "rate": "0/s"}, {"from": "4 s", "rate": "2/s"}]
    assert instants("even", rate, "5 s") == [SECOND, 1500 * MS, 4 * SECOND, 4500 * MS]


def test_on_a_ramp_the_n_th_arrival_is_where_the_integral_reaches_n() -> None:
    """From 0 to 100/s in 10 s: n = 5 t^2, so t = sqrt(n / 5), 500 of them; then 100/s."""
    rate = [{"from": "0 s", "rate": "100/s", "ramp": "10 s"}]
    found = instants("even", rate, "12 s")
    ramped = [at for at in found if at < 10 * SECOND]
    assert len(ramped) == 500
    assert len(found) == 700
    for n, at in enumerate(ramped):
        assert -1 <= at - (n / 5) ** 0.5 * SECOND <= 2
    assert found[500:] == [10 * SECOND + 10 * MS * n for n in range(200)]


RAMPS = [
    ([{"from": "0 s", "rate": "50/s"}, {"from": "5 s", "rate": "10/s", "ramp": "4 s"}], 250 + 120 + 10),
    (
        [{"from": "0 s", "rate": "30/s", "ramp": "1 s"}, {"from": "2 s", "rate": "0/s", "ramp": "6 s"}],
        15 + 30 + 90,
    ),
    ([{"from": "2 s", "rate": "1000/s", "ramp": "2 s"}], 1_000 + 6_000),
]


@pytest.mark.parametrize(("rate", "integral"), RAMPS)
def test_counts_of_ramps_are_the_integral(rate: Any, integral: int) -> None:
    found = instants("even", rate)
    assert len(found) == integral
    assert found == sorted(found)


@pytest.mark.parametrize("process", ["even", "poisson"])
@pytest.mark.parametrize("rate", ["37/s", RAMPS[0][0], RAMPS[1][0]])
def test_arrivals_are_the_same_however_many_are_taken_at_a_time(process: str, rate: Any) -> None:
    want = instants(process, rate, take=1_000_000)
    assert instants(process, rate, take=1) == instants(process, rate, take=7) == want


# Poisson


def test_poisson_counts_are_poissons() -> None:
    """40 seeds of 1,000 expected: the sum is Poisson of 40,000, and the index of dispersion chi-square.

    A false alarm each in a million; a rate 5 % off would be missed in fewer than one case of a million.
    """
    counts = [len(instants("poisson", "100/s", seed=seed)) for seed in range(40)]
    low, high = stats.poisson.interval(1 - 1e-6, 40_000)
    assert low <= sum(counts) <= high
    assert stats.poisson.sf(high, 42_000) > 1 - 1e-6
    assert stats.poisson.cdf(low, 38_000) > 1 - 1e-6
    spread = np.var(counts, ddof=1) / np.mean(counts) * 39
    assert stats.chi2.ppf(5e-7, 39) < spread < stats.chi2.isf(5e-7, 39)


def test_poisson_gaps_are_exponential() -> None:
    """20,000 gaps by Kolmogorov and Smirnov: a false alarm in a million where the distance exceeds 2.69 / sqrt(n).

    Even gaps are at distance 0.63, and gaps of an Erlang-2 at 0.19; 0.02 off would be seen.
    """
    found = np.array(instants("poisson", "200/s", "100 s"))
    gaps = np.diff(found, prepend=0) / SECOND
    assert len(gaps) > 19_000
    distance = stats.kstest(gaps, stats.expon(scale=1 / 200).cdf).statistic
    assert distance < 2.69 / np.sqrt(len(gaps)) < 0.02


def test_the_outermost_words_give_gaps_of_nothing_and_of_37_times_the_mean() -> None:
    """A gap is -log(1 - u): nothing for the first word, and 53 log 2 = 36.7 where a float cannot be nearer to 1."""
    plan = planned(story({"process": "poisson", "rate": "1/s"}, run={"duration": "100 s"}))
    for word, longest in ((0, 1), ((1 << 63) - 1, 36_736_800_570)):
        arrivals = source(
            plan.clients[0].arrivals, lambda _, n, w=word: np.full(n, w, np.int64), plan.duration, (0, 0)
        )
        first, second = arrivals.take(2).tolist()
        assert 0 <= first <= longest
        assert second - first == first
        assert first > longest - 1_000_000


@pytest.mark.parametrize(("rate", "integral"), RAMPS)
def test_poisson_counts_follow_ramps(rate: Any, integral: int) -> None:
    """Over 20 seeds; half of them before the instant at which the integral reaches its half."""
    middle = sorted(instants("even", rate))[integral // 2]
    found = [instants("poisson", rate, seed=seed) for seed in range(20)]
    for count, mean in (
        (sum(map(len, found)), 20 * integral),
        (sum(at < middle for one in found for at in one), 20 * (integral // 2)),
    ):
        low, high = stats.poisson.interval(1 - 1e-6, mean)
        assert low <= count <= high


# counts of a trace


def counted(placement: Placement, counts: list[int], **more: Any) -> list[int]:
    """Periods of a second, on the mixed words of client c."""
    made = Counted(
        np.arange(len(counts), dtype=np.int64) * SECOND, np.array(counts, np.int64), SECOND, placement,
        more.get("peak_to_mean", 1.0), more.get("over", SECOND), more.get("end", len(counts) * SECOND),
    )  # fmt: skip
    stream = draw(planned(story()), 1).client(0)
    arrivals = source(made, stream._when, 3_600 * SECOND, stream.key)
    found: list[int] = []
    while len(more_of_it := arrivals.take(64)):
        found += more_of_it.tolist()
    return found


def per_second(found: list[int]) -> list[int]:
    return np.bincount(np.array(found) // SECOND).tolist()


@pytest.mark.parametrize("placement", list(Placement))
def test_every_count_is_kept_within_its_period(placement: Placement) -> None:
    counts = [3, 0, 100, 7, 1]
    found = counted(placement, counts, peak_to_mean=4.0, over=125 * MS)
    assert per_second(found) == counts
    assert found == sorted(found)


def test_even_and_start_are_exact() -> None:
    assert counted(Placement.EVEN, [4, 3]) == [
        0,
        250 * MS,
        500 * MS,
        750 * MS,
        SECOND,
        1_333_333_333,
        1_666_666_666,
    ]
    assert counted(Placement.START, [2, 1]) == [0, 0, SECOND]


def test_a_burst_has_its_share() -> None:
    """Four times the mean for an eighth of each second: half of it in the middle eighth, 0.5 s to 0.625 s.

    Of 20,000: 10,000 +- 346, a false alarm in a million; 5 % off would be seen.
    """
    found = np.array(counted(Placement.BURSTY, [2_000] * 10, peak_to_mean=4.0, over=125 * MS)) % SECOND
    inside = int(((found >= 500 * MS) & (found < 625 * MS)).sum())
    assert abs(inside - 10_000) < 4.9 * np.sqrt(20_000 / 4)


def test_placed_as_poisson_a_count_is_as_many_uniform_instants() -> None:
    found = np.array(counted(Placement.POISSON, [10_000])) / SECOND
    assert stats.kstest(found, "uniform").statistic < 2.69 / 100
    assert all(one <= two for one, two in pairwise(found))


@pytest.mark.parametrize("rate", [(3, 1), (7, 3), (9_180, 10**9), (10**9 - 1, 10**12)])
@pytest.mark.parametrize("passed", [0, 5, 10**9 + 7])
def test_a_steady_rate_is_reached_at_the_first_nanosecond_not_before_its_exact_time(
    rate: tuple[int, int], passed: int
) -> None:
    """In exact fractions: also where a product leaves 63 bits, and for a stretch that begins late."""
    begin, more = 60 * SECOND + 1, [0, 1, 2, 1_000, 10**7]
    want = [begin + ceil((passed + units) / Fraction(*rate)) for units in more]
    found = reach(Segment(begin, 10 * begin, rate, rate), passed, np.array(more, np.int64))
    assert found.tolist() == want
    assert (more[-1] * rate[1] >= ROOM) == (rate[1] == 10**12)
