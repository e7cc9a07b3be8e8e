"""Comparisons: pairs on common random numbers, what pairing buys, and what several comparisons cost."""

from __future__ import annotations

import numpy as np
import pytest

import apigw_sim as sim
from apigw_sim.experiment.compare import Comparison, direction
from apigw_sim.experiment.frames import StudyError
from apigw_sim.experiment.records import Record

MORE = {"functions.f.reserved_concurrency": 3}


def made(*columns: list[float], name: str = "latency_ms.p50", **more: object) -> Comparison:
    """A comparison of runs that are made up: the baseline's column first."""
    records = [[Record(n, values={name: value}) for n, value in enumerate(column)] for column in columns]
    names = ("baseline", *(f"a{number}" for number in range(1, len(columns))))
    return Comparison(names, 1, records, **more)  # type: ignore[arg-type]


def test_a_paired_difference_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, error 1 / sqrt(3), t = 4.303 for 95 %. Apart the runs vary by 100 and 121."""
    found = made([10, 20, 30], [11, 22, 33]).differences(["latency_ms.p50"])[0]
    reach = 4.302653 / np.sqrt(3)
    assert (found.difference, found.low, found.high) == pytest.approx((2, 2 - reach, 2 + reach), rel=1e-6)
    assert found.pairing == pytest.approx((100 + 121) / 1)
    assert found.verdict == "not known yet"
    assert found.probability == pytest.approx(0.0742, abs=1e-4)
    # With n runs the arm is t(n) / sqrt(n): below 2 first at 4, where it is 3.182 / 2.
    assert found.more_runs == 1


def test_more_is_better_or_worse_by_what_it_is_of() -> None:
    up = [1.0, 1.01, 0.99, 1.0]
    base, other = [5.0, 5.1, 4.9, 5.0], [5 + 2 * step for step in up]
    verdicts = {
        name: made(base, other, name=name).differences([name])[0].verdict
        for name in ("latency_ms.p99", "requests.carried_per_s", "requests.count")
    }
    assert verdicts == {
        "latency_ms.p99": "worse", "requests.carried_per_s": "better", "requests.count": "higher",
    }  # fmt: skip
    assert direction("requests.refused") == -1
    assert direction("expectations.a/s avg(5XXError) < 1 %") == 1


def test_runs_that_are_alike_are_the_same_not_unknown() -> None:
    found = made([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).differences(["latency_ms.p50"])[0]
    assert (found.verdict, found.pairing, found.more_runs) == ("same", None, None)


def test_holm_steps_down_and_bonferroni_does_not() -> None:
    """Three alternatives of p near 0.001, 0.02 and 0.04: Holm asks for 0.05/3, 0.05/2, 0.05/1 and takes all; Bonferroni
    asks for 0.0167 and takes the first."""
    steps = np.array([-1.0, 0, 1, -0.5, 0.5, 0.2, -0.2, 0])
    base = np.zeros(8) + 10.0

    def shifted(t: float) -> list[float]:
        spread = steps.std(ddof=1) / np.sqrt(8)
        return (base + steps - steps.mean() + t * spread).tolist()

    columns = [base.tolist(), shifted(5.5), shifted(3.0), shifted(2.5)]
    probabilities = [one.probability for one in made(*columns).differences(["latency_ms.p50"])]
    assert probabilities == pytest.approx([0.0009, 0.0199, 0.0410], abs=2e-4)
    for correction, known in (("holm", 3), ("bonferroni", 1), ("none", 3)):
        found = made(*columns, correction=correction).differences(["latency_ms.p50"])
        assert sum(one.verdict == "worse" for one in found) == known, correction


def test_intervals_of_all_comparisons_hold_together() -> None:
    """Nothing differs: of 600 studies with 5 alternatives 5 % have a verdict by chance (within 4.9 standard errors: false
    alarm 1e-6), where uncorrected a fifth have (that is seen with power above 0.999)."""
    rng = np.random.default_rng(6)
    wrong = {"holm": 0, "none": 0}
    for _ in range(600):
        base = rng.normal(0, 1, 10)
        columns = [base.tolist(), *(base + rng.normal(0, 1, (5, 10))).tolist()]
        for correction in wrong:
            found = made(*columns, correction=correction).differences(["latency_ms.p50"])
            wrong[correction] += any(one.verdict != "not known yet" for one in found)
    assert wrong["holm"] / 600 == pytest.approx(0.05, abs=4.9 * np.sqrt(0.05 * 0.95 / 600))
    assert wrong["none"] / 600 > 0.12


def test_pairs_share_their_arrivals_so_that_a_difference_shows(loss: str) -> None:
    done = sim.compare(loss, {"three": MORE}, runs=6)
    offered, refused = done.differences(["requests.offered_per_s", "a/s avg(5XXError)"])
    assert offered.verdict == "same"
    assert refused.verdict == "better"
    assert refused.pairing is not None
    assert refused.pairing > 1.5
    assert refused.value < refused.baseline
    assert "three" in repr(done)
    assert set(done.frame["alternative"]) == {"three"}


def test_alternatives_are_overrides_or_scenarios(loss: str) -> None:
    other = sim.load(loss, overrides=MORE)
    one = sim.compare(loss, {"three": MORE}, runs=2).differences(["requests.5XXError"])[0]
    two = sim.compare(loss, {"three": other}, runs=2).differences(["requests.5XXError"])[0]
    assert one == two


def test_the_picture_has_a_line_for_what_differs_and_counts_what_does_not(loss: str) -> None:
    figure = sim.compare(loss, {"three": MORE}, runs=3).plot(["requests.5XXError", "requests.offered_per_s"])
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["requests.5XXError"]
    assert "1 more are alike in every run" in axes.get_xlabel()


@pytest.mark.parametrize(
    ("alternatives", "more", "said"),
    [
        ({}, {}, "nothing to compare with"),
        ({"a": MORE}, {"runs": 1}, "2 runs of each"),
        ({"a": MORE}, {"correction": "guess"}, "one of holm, bonferroni, none"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_words(
    loss: str, alternatives: dict[str, object], more: dict[str, object], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        sim.compare(loss, alternatives, **more)  # type: ignore[arg-type]
