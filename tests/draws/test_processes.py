"""Renewal and Markov-modulated processes, profiles, flash crowds, batches and superpositions, against their theory."""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate, islice
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from engine.running import HOUR, MINUTE, MS, SECOND, planned, story
from scipy import linalg, optimize, stats

from apigw_sim.draws import draw
from apigw_sim.draws.arrivals import _when, process, source
from apigw_sim.draws.chain import visits
from apigw_sim.plan.gaps import UNIT
from apigw_sim.plan.laws import edges, percentile
from apigw_sim.plan.offered import expected_calls
from apigw_sim.plan.tables import Plan, Rated, Segment

STEPPED = [{"from": "0 s", "rate": "50/s"}, {"from": "5 s", "rate": "10/s", "ramp": "4 s"}]
TWO = {"calm": {"times": 0.5, "holds": "3 s"}, "busy": {"times": 4, "holds": "1 s"}}


def plan_of(arrivals: dict[str, Any], duration: str, **run: Any) -> Plan:
    return planned(story(arrivals, run={"duration": duration, **run}))


def of(plan: Plan, seed: int = 1, take: int = 4_096) -> list[int]:
    """The arrivals of a plan, taken so many at a time."""
    stream = draw(plan, seed).client(0)
    arrivals = source(plan.clients[0].arrivals, stream._when, plan.duration, stream.key)
    made: list[int] = []
    while len(more := arrivals.take(take)):
        assert len(more) <= take
        made += more.tolist()
    return made


def renewal(law: str, cv: float, rate: Any = "100/s") -> dict[str, Any]:
    return {"process": {"renewal": {law: {"cv": cv}}}, "rate": rate}


def mmpp(states: dict[str, Any], rate: Any = "100/s") -> dict[str, Any]:
    return {"process": {"mmpp": {"states": states}}, "rate": rate}


def rated(plan: Plan) -> Rated:
    found = plan.clients[0].arrivals
    assert isinstance(found, Rated)
    return found


# renewal


def shape(law: str, cv: float) -> Any:
    """The same distribution in SciPy's words, of mean 1."""
    if law == "gamma":
        return stats.gamma(1 / cv**2, scale=cv**2)
    if law == "lognormal":
        sigma = sqrt(log(1 + cv**2))
        return stats.lognorm(sigma, scale=exp(-(sigma**2) / 2))
    k = optimize.brentq(lambda k: stats.weibull_min(k).std() / stats.weibull_min(k).mean() - cv, 0.2, 9)
    return stats.weibull_min(k, scale=1 / stats.weibull_min(k).mean())


@pytest.mark.parametrize("law", ["gamma", "weibull", "lognormal"])
@pytest.mark.parametrize("cv", [0.5, 2.0])
def test_gaps_have_the_quantiles_of_their_law(law: str, cv: float) -> None:
    """SciPy's own, to a part in 2,000, and 2 ns."""
    gaps, exact = rated(plan_of(renewal(law, cv), "1 s")).gaps, shape(law, cv)
    assert gaps is not None
    assert exact.std() == pytest.approx(cv, rel=1e-5)
    for p in (0.001, 0.03, 0.2, 0.5, 0.77, 0.95, 0.999, 0.999999):
        assert percentile(gaps, p) / UNIT == pytest.approx(exact.ppf(p), rel=5e-4, abs=2e-9)


@pytest.mark.parametrize("cv", [1.5, 3.0])
def test_a_hyperexponential_is_two_exponentials_that_carry_half_the_time_each(cv: float) -> None:
    gaps = rated(plan_of(renewal("hyperexponential", cv), "1 s")).gaps
    share = (1 + sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    assert gaps is not None
    for p in (0.1, 0.5, 0.9, 0.99, 0.9999):
        x = percentile(gaps, p) / UNIT
        assert share * exp(-2 * share * x) + (1 - share) * exp(-2 * (1 - share) * x) == pytest.approx(
            1 - p, rel=1e-3
        )


@pytest.mark.parametrize("law", ["gamma", "weibull", "lognormal", "hyperexponential"])
def test_a_table_of_gaps_has_mean_one_and_the_cv_that_is_asked_for(law: str) -> None:
    gaps = rated(plan_of(renewal(law, 2), "1 s")).gaps
    below, _ = edges()
    assert gaps is not None
    a, b, width = gaps.cells[:-1] / UNIT, gaps.cells[1:] / UNIT, np.diff(below)
    assert (width * (a + b) / 2).sum() == pytest.approx(1, abs=1e-8)
    second = (width * (a * a + a * b + b * b) / 3).sum()
    assert sqrt(second - 1) == pytest.approx(2, rel=2e-3)


@pytest.mark.parametrize(("law", "cv", "third"), [("gamma", 2.0, 2 * 2.0**4), ("gamma", 0.5, 2 * 0.5**4)])
def test_the_variance_of_a_renewal_process_is_coxs(law: str, cv: float, third: float) -> None:
    """In equilibrium Var N(t) = cv^2 t + 1/6 + cv^4/2 - third/3, t in mean gaps and third the gaps' third moment.

    600 seeds of 1,000 gaps: the variance is off by 0.3 in one of a million (the counts are normal enough: 5.2 standard
    deviations of a chi-square). That of a Poisson process, or of a cv 20 % off, would be missed in one of 100.
    """
    plan = plan_of(renewal(law, cv), "10 s")
    counts = [len(of(plan, seed)) for seed in range(600)]
    want = cv**2 * 1_000 + 1 / 6 + cv**4 / 2 - third / 3
    assert abs(np.var(counts, ddof=1) / want - 1) < 0.3
    assert abs(np.mean(counts) - 1_000) < 4.9 * sqrt(want / 600)


def test_a_renewal_process_begins_in_equilibrium() -> None:
    """Half a mean gap has half an arrival on average, whatever the cv; one that begins with an arrival has 1.9 more.

    4,000 seeds, cv 3; the standard error is the sample's own, a false alarm in a million at 4.9 of them (0.1 or so).
    """
    plan = plan_of(renewal("gamma", 3), "5 ms")
    counts = [len(of(plan, seed)) for seed in range(4_000)]
    error = 4.9 * np.std(counts, ddof=1) / sqrt(4_000)
    assert abs(np.mean(counts) - 0.5) < error < 0.2


# Markov-modulated


def dispersion(q1: float, q2: float, one: float, two: float, t: float) -> float:
    """The index of dispersion of the counts of a two-state MMPP in t (Fischer and Meier-Hellstern, 1993)."""
    q = q1 + q2
    return 1 + 2 * q1 * q2 * (one - two) ** 2 / (q**2 * (one * q2 + two * q1)) * (
        1 - (1 - exp(-q * t)) / (q * t)
    )


@pytest.mark.parametrize("seconds", [2, 60])
def test_the_index_of_dispersion_of_two_states_is_the_exact_one(seconds: int) -> None:
    """50/s for 3 s and 400/s for 1 s: it grows from 59 in 2 s to 249 in 60 s, and is 1 of a Poisson process.

    800 seeds: the sample's ratio is off by 0.35 in one of a million (kurtosis below 5 in 2 s, 3.3 in 60 s); holding
    times of twice the length would be missed in one of 1,000.
    """
    plan = plan_of(mmpp(TWO), f"{seconds} s")
    counts = [len(of(plan, seed)) for seed in range(800)]
    want = dispersion(1 / 3, 1, 50, 400, seconds)
    assert np.var(counts, ddof=1) / np.mean(counts) == pytest.approx(want, rel=0.35)
    mean = (3 * 50 + 1 * 400) / 4 * seconds
    assert abs(np.mean(counts) - mean) < 4.9 * sqrt(mean * want / 800)
    assert expected_calls(plan) == pytest.approx(mean)


def test_three_states_that_follow_each_other_by_chance() -> None:
    """The mean and the variance by the generator's matrix exponential, over 800 seeds of 30 s.

    Tolerances as above: a false alarm in a million.
    """
    states = {
        "night": {"rate": "10/s", "holds": "4 s", "next": {"day": "75 %", "storm": "25 %"}},
        "day": {"rate": "60/s", "holds": "2 s", "next": {"night": "50 %", "storm": "50 %"}},
        "storm": {"rate": "300/s", "holds": "500 ms", "next": {"night": "100 %"}},
    }
    arrivals = {"process": {"mmpp": {"states": states}}}
    plan, t = plan_of(arrivals, "30 s"), 30.0
    q = np.array([[-1, 0.75, 0.25], [0.5, -1, 0.5], [1, 0, -1]]) / np.array([[4.0], [2.0], [0.5]])
    rates = np.array([10.0, 60.0, 300.0])
    pi = linalg.null_space(q.T)[:, 0]
    pi /= pi.sum()
    mean = pi @ rates
    grid = np.linspace(0, t, 3_001)
    step = linalg.expm(q * grid[1])
    moved = np.array(
        [row @ rates for row in accumulate(grid[1:], lambda row, _: row @ step, initial=pi * rates)]
    )
    variance = mean * t + 2 * np.trapezoid((t - grid) * (moved - mean**2), grid)
    counts = [len(of(plan, seed)) for seed in range(800)]
    assert rated(plan).chain.mean == pytest.approx(mean)  # type: ignore[union-attr]
    assert abs(np.mean(counts) - mean * t) < 4.9 * sqrt(variance / 800)
    assert np.var(counts, ddof=1) == pytest.approx(variance, rel=0.35)


def test_it_begins_in_equilibrium_and_holds_exponentially() -> None:
    """Over 2,000 seeds a quarter begins busy: 500 +- 95, a false alarm in a million; 20 % off would be seen.

    2,000 stays by Kolmogorov and Smirnov, as for gaps.
    """
    chain = rated(plan_of(mmpp(TWO), "1 s")).chain
    assert chain is not None
    firsts = [next(visits(chain, (seed, 7), 0))[0] for seed in range(2_000)]
    assert abs(sum(firsts) - 500) < 4.9 * sqrt(2_000 * 0.25 * 0.75)
    found = list(islice(visits(chain, (1, 2), 0), 4_001))
    stays = np.diff([0, *(end for _, end in found)])
    busy = stays[[state == 1 for state, _ in found]] / SECOND
    assert stats.kstest(busy, "expon").statistic < 2.69 / sqrt(len(busy))


def test_the_states_of_a_run_do_not_depend_on_its_rate() -> None:
    """Silent for 1 s on average, then 1,000/s: three times the rate fills the same stretches."""
    states = {"off": {"times": 0, "holds": "1 s"}, "on": {"times": 1, "holds": "1 s"}}
    slow, fast = (np.array(of(plan_of(mmpp(states, rate), "20 s"))) for rate in ("1000/s", "3000/s"))
    empty = [set(range(2_000)) - set((at // (10 * MS)).tolist()) for at in (slow, fast)]
    assert len(empty[0] ^ empty[1]) < 20 < len(empty[0] & empty[1])


# profiles and flash crowds: with even arrivals the counts are the integral, to the arrival


def per(span: int, found: list[int]) -> list[int]:
    return np.bincount(np.array(found) // span).tolist()


def even(rate: str, **more: Any) -> dict[str, Any]:
    return {"process": "even", "rate": rate, **more}


def test_a_day_by_hours_is_in_the_offset_of_the_start() -> None:
    """From 18:30 at +09:00: half of hour 18, then 19 to 23, 0, and on; k + 1 times 60/h in hour k."""
    arrivals = even("60/h", profile=list(range(1, 25)))
    found = of(plan_of(arrivals, "7 h", start="2026-11-27T18:30:00+09:00"))
    hours = per(HOUR, [at + 30 * MINUTE for at in found])
    assert hours == [19 * 30, *(60 * k for k in (20, 21, 22, 23, 24, 1)), 2 * 30]


def test_a_week_begins_on_monday() -> None:
    """27 November 2026 is a Friday: its hour 23 is number 4 x 24 + 23."""
    week = [0] * 168
    week[4 * 24 + 23] = 2
    week[5 * 24] = 5
    found = of(plan_of(even("10/h", profile=week), "3 h", start="2026-11-27T22:00:00Z"))
    assert [at // HOUR for at in found] == [1] * 20 + [2] * 50


def test_points_of_a_day_are_joined_across_midnight() -> None:
    """1 at 6 h and 3 at 18 h: from 18 to 6 it falls through 2 at midnight; an hour's count is its trapezium."""
    curve = {"over": "day", "points": [{"at": "6 h", "times": 1}, {"at": "18 h", "times": 3}]}
    found = of(plan_of(even("1200/h", profile=curve), "24 h"))
    want = [2 - (k + 0.5) / 6 for k in range(6)] + [1 + (k + 0.5) / 6 for k in range(12)]
    want += [3 - (k + 0.5) / 6 for k in range(6)]
    for count, mean in zip(per(HOUR, found), want, strict=True):
        assert abs(count - 1200 * mean) <= 1


def test_a_ramp_times_a_curve_is_their_product() -> None:
    """0 to 100/s over an hour, times 1 to 3 over the same: the integral of 100 x (1 + 2x) is 100 x 3600 x (1/2 + 2/3)."""
    curve = {"over": "day", "points": [{"at": "0 s", "times": 1}, {"at": "1 h", "times": 3}]}
    rate = [{"from": "0 s", "rate": "100/s", "ramp": "1 h"}]
    found = of(plan_of({"process": "even", "rate": rate, "profile": curve}, "1 h"))
    assert abs(len(found) - 360_000 * (1 / 2 + 2 / 3)) < 2
    half = sum(at < 30 * MINUTE for at in found)
    assert abs(half - 360_000 * (1 / 8 + 2 / 24)) < 2


def test_a_flash_crowd_rises_stays_and_decays_by_halves() -> None:
    """At 10/s: 20 times as much after a ramp of 10 s, for 30 s; then what is more has halves of 20 s."""
    crowd = {"at": "1 min", "ramp": "10 s", "peak": 20, "hold": "30 s", "half_life": "20 s"}
    found = np.array(of(plan_of(even("10/s", flash_crowds=[crowd]), "10 min"))) / SECOND

    def between(one: float, two: float) -> int:
        return int(((found >= one) & (found < two)).sum())

    assert between(0, 60) == 600
    assert abs(between(60, 70) - 100 * (1 + 20) / 2) <= 1
    assert abs(between(70, 100) - 6_000) <= 1
    for k in range(5):
        more = 190 * 20 / log(2) * (2.0**-k - 2.0 ** -(k + 1))
        assert abs(between(100 + 20 * k, 120 + 20 * k) - 200 - more) <= 1
    assert abs(len(found) - (6_000 + 950 + 5_700 + 190 * 20 / log(2))) <= 2


def test_a_crowd_without_a_half_life_goes_at_once_and_two_crowds_add_up() -> None:
    crowds = [{"at": "2 s", "peak": 3, "hold": "4 s"}, {"at": "4 s", "peak": 6, "hold": "4 s"}]
    found = of(plan_of(even("10/s", flash_crowds=crowds), "10 s"))
    assert per(SECOND, found) == [10, 10, 30, 30, 80, 80, 60, 60, 10, 10]


def test_counts_by_the_hour_of_a_nonhomogeneous_poisson_process_are_poissons() -> None:
    """Five days by the hour, 20 to 480 expected in each: chi-square with 120 degrees of freedom.

    A false alarm in a million; with the hours of the day shifted by one it is beyond 1,000.
    """
    values = [1, 1, 1, 1, 2, 4, 8, 12, 16, 20, 22, 24, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2]
    found = of(plan_of({"process": "poisson", "rate": "20/h", "profile": values}, "5 d"))
    counts, want = np.array(per(HOUR, found)), 20 * np.array(values * 5)
    assert ((counts - want) ** 2 / want).sum() < stats.chi2.isf(1e-6, 120)
    assert ((np.roll(counts, 1) - want) ** 2 / want).sum() > 1_000


# batches


def test_a_batch_of_a_number_starts_so_many_calls_at_once() -> None:
    assert of(plan_of(even("1/s", batch=3), "3 s")) == [0, 0, 0, SECOND, SECOND, SECOND, *[2 * SECOND] * 3]


@pytest.mark.parametrize(
    ("batch", "mean", "second"),
    [
        ({"geometric": {"mean": 4}}, 4, 28),  # p = 1/4: (2 - p) / p^2
        ({"uniform": {"min": 1, "max": 9}}, 5, 95 / 3),  # the mean of 1, 4, ..., 81
        ({"1": "90 %", "20": "10 %"}, 2.9, 40.9),
    ],
)
def test_counts_of_batches_are_compound_poisson(batch: Any, mean: float, second: float) -> None:
    """Mean m E B, variance m E B^2 for m = 1,000 batches over 400 seeds.

    A false alarm in a million each; sizes 10 % off in the mean, or all equal to it, would be seen with near certainty.
    """
    plan = plan_of({"process": "poisson", "rate": "100/s", "batch": batch}, "10 s")
    counts = [len(of(plan, seed)) for seed in range(400)]
    assert abs(np.mean(counts) - 1_000 * mean) < 4.9 * sqrt(1_000 * second / 400)
    assert (
        stats.chi2.ppf(5e-7, 399)
        < np.var(counts, ddof=1) / (1_000 * second) * 399
        < stats.chi2.isf(5e-7, 399)
    )
    assert expected_calls(plan) == pytest.approx(1_000 * 10 * mean / 10)


def test_shares_of_sizes_are_kept() -> None:
    """2,000 batches of 1 or 20: 200 +- 66 of 20, a false alarm in a million."""
    found = of(plan_of({"process": "poisson", "rate": "200/s", "batch": {"1": "90 %", "20": "10 %"}}, "10 s"))
    sizes = Counter(Counter(found).values())
    assert set(sizes) == {1, 20}
    assert abs(sizes[20] - 0.1 * sum(sizes.values())) < 66


# superposition, and what holds for all


def test_superposed_processes_are_the_same_as_alone() -> None:
    """The first draws what it draws alone; what is superposed does not disturb it."""
    one, two = {"process": "poisson", "rate": "30/s"}, renewal("gamma", 2, "20/s")
    alone = of(plan_of(one, "20 s"))
    both = of(plan_of({"superposition": [one, two]}, "20 s"))
    swapped = of(plan_of({"superposition": [one, {"process": "even", "rate": "1/s"}]}, "20 s"))
    rest = Counter(both) - Counter(alone)
    assert not Counter(alone) - Counter(both)
    assert 200 < rest.total() < 700
    assert sorted((Counter(swapped) - Counter(alone)).elements()) == [n * SECOND for n in range(20)]


def test_two_poisson_processes_superposed_are_independent() -> None:
    """Correlation of 2,000 counts of 10 ms: a false alarm in a million above 4.9 / sqrt(2,000)."""
    plan = plan_of({"superposition": [{"process": "poisson", "rate": "500/s"}] * 2}, "20 s")
    stream = draw(plan, 1).client(0)
    counts = []
    for number in (0, 1):
        found = process(
            rated(plan).streams[number], _when(stream.key, number), plan.duration, stream.key, number
        )
        counts.append(np.bincount(found.take(100_000) // (10 * MS), minlength=2_000))
    assert abs(np.corrcoef(counts)[0, 1]) < 4.9 / sqrt(2_000)


EVERY: dict[str, dict[str, Any]] = {
    "gamma": renewal("gamma", 2, STEPPED),
    "weibull": renewal("weibull", 0.5),
    "mmpp": mmpp(TWO, STEPPED),
    "batches": {"process": "poisson", "rate": "20/s", "batch": {"geometric": {"mean": 3}}},
    "superposition": {"superposition": [mmpp(TWO, "9/s"), even("3/s", batch=2), renewal("lognormal", 1.5, "9/s")]},
    "crowd": {
        "process": "poisson", "rate": STEPPED,
        "flash_crowds": [{"at": "1 s", "ramp": "1 s", "peak": 5, "hold": "1 s", "half_life": "1 s"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_arrivals_are_the_same_however_many_are_taken_at_a_time(name: str) -> None:
    plan = plan_of(EVERY[name], "10 s")
    want = of(plan, take=1_000_000)
    assert want == sorted(want)
    assert want == of(plan, take=1) == of(plan, take=7)


@pytest.mark.parametrize("law", ["gamma", "weibull", "lognormal", "hyperexponential"])
def test_a_change_of_rate_scales_the_same_gaps(law: str) -> None:
    slow, fast = (
        of(plan_of(renewal(law, 2, rate), length)) for rate, length in (("50/s", "20 s"), ("100/s", "10 s"))
    )
    assert len(slow) == len(fast) > 500
    assert max(abs(one - 2 * two) for one, two in zip(slow, fast, strict=True)) <= 2


def test_the_stretches_of_a_constant_are_still_one() -> None:
    assert rated(plan_of(even("5/s"), "10 s")).segments == (Segment(0, 10 * SECOND, (5, 1), (5, 1)),)
    assert rated(plan_of(even("5/s", profile=[1] * 24), "2 h")).segments[0].first == (5, 1)


def test_what_the_documentation_shows_can_be_planned(root: Path) -> None:
    text = (root / "docs" / "arrivals.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        said = yaml.safe_load(block)
        if "users" in said or "connections" in said:
            clients = {"web": {"target": "a/s", **said}}
            routes = {call["call"]: {"integration": {"mock": {}}} for call in said["calls"]}
            whole = story(methods=routes, clients=clients, run={"duration": "10 min"})
            whole["apis"]["a"]["type"] = "WEBSOCKET" if "connections" in said else "REST"
            planned(whole)
            continue
        assert len(of(plan_of(said.get("arrivals", {"rate": "5/s", **said}), "30 s"))) > 20
