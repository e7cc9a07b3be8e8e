"""Where a run settles, and batches of one long run."""

from __future__ import annotations

import numpy as np
import pytest

import apigw_sim as sim
from apigw_sim.experiment.frames import StudyError
from apigw_sim.experiment.warmup import correlation, mser


def test_mser_cuts_a_transient_where_it_ends() -> None:
    """A step of ten standard deviations over the first 100 of 1,000: cut to within two groups of five."""
    rng = np.random.default_rng(1)
    series = rng.normal(0, 1, 1000)
    series[:100] += 10
    found = mser(series)
    assert found.settled
    assert abs(found.cut - 100) <= 10


def test_mser_leaves_what_has_no_transient_nearly_whole() -> None:
    cuts = [mser(np.random.default_rng(seed).normal(0, 1, 1000)).cut for seed in range(20)]
    assert np.median(cuts) <= 50


def test_mser_says_so_where_nothing_settles() -> None:
    assert not mser(np.linspace(0, 1, 1000) ** 6).settled
    assert not mser(np.ones(10)).settled


def test_mser_is_its_definition() -> None:
    """Against the sum written out: the cut that minimises the sum of squares about the mean by the square of the rest."""
    series = np.random.default_rng(3).normal(5, 1, 300).cumsum()[::-1].copy()
    means = series.reshape(-1, 5).mean(axis=1)
    errors = [
        ((means[d:] - means[d:].mean()) ** 2).sum() / len(means[d:]) ** 2 for d in range(len(means) - 3)
    ]
    assert mser(series).cut == 5 * int(np.argmin(errors))


def test_von_neumanns_ratio_by_hand() -> None:
    """1, 2, 3, 4: squares about the mean 5, of differences 3: ratio 0.6; lag 1 is (0.75 - 0.25 + 0.75) / 5."""
    found = correlation(np.array([1.0, 2, 3, 4]))
    assert found.von_neumann == pytest.approx(0.6)
    assert found.lag_1 == pytest.approx(0.25)


def test_independent_batches_are_called_correlated_as_rarely_as_promised() -> None:
    """2,000 series of 20 at 5 %: within 4.9 standard errors (false alarm 1e-6). Autoregressive
    series of 30 at 0.7 are seen nearly always: at least 85 % of 200 (power above 0.999 where it is 93 %)."""
    rng = np.random.default_rng(4)
    cried = np.mean([correlation(rng.normal(0, 1, 20)).correlated for _ in range(2000)])
    assert cried == pytest.approx(0.05, abs=4.9 * np.sqrt(0.05 * 0.95 / 2000))
    seen = 0
    for _ in range(200):
        noise = rng.normal(0, 1, 30)
        series = noise.copy()
        for n in range(1, 30):
            series[n] += 0.7 * series[n - 1]
        seen += correlation(series).correlated
    assert seen > 0.85 * 200


def test_batches_add_up_to_their_run(loss: str) -> None:
    done = sim.batch(loss, 5)
    summary = sim.run(loss).summary
    assert len(done.records) == 5
    assert sum(record.values["requests.count"] for record in done.records) == summary["requests"]["count"]
    parts = [record.shares["stages.a/s.5XXError"] for record in done.records]
    assert sum(part for part, _ in parts) == summary["requests"]["by_status"]["500"]
    assert (
        sum(record.values["functions.f.invocations"] for record in done.records)
        == (summary["functions"]["f"]["invocations"])
    )
    assert (
        sum(record.shares["clients.c.succeeded"][1] for record in done.records)
        == (summary["clients"]["c"]["calls"])
    )
    assert done.batches is not None
    assert set(done.batches) <= set(done.known)
    assert done.interval("latency_ms.p50").low is not None


def test_a_queue_that_starts_empty_settles_and_the_cut_is_what_is_simulated(loss: str) -> None:
    done = sim.replicate(loss, runs=3, steady=True, warm_up="mser-5")
    assert done.window == "steady"
    assert done.scenario.run.warm_up == done.warm_up.cut_ns
    assert done.warm_up.series is not None
    assert done.plot_warm_up().axes[0].get_title(loc="left").startswith("loss: ")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"warm_up": "mser-5"}, "it is for steady=True"),
        ({"warm_up": "soon"}, "or scenario, mser-5 or none"),
        ({"runs": 0}, "0 runs are no study"),
        ({"confidence": 1.5}, "a confidence of 1.5 cannot be"),
        ({"precision": ["latency_ms.p50 1 %", "latency_ms.p50 2 %"]}, "two precisions"),
        ({"precision": "latency_ms.p50 1 %", "most": 1}, "a budget of 1 runs"),
    ],
)
def test_a_study_that_cannot_be_is_refused_in_words(loss: str, more: dict[str, object], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        sim.replicate(loss, **more)  # type: ignore[arg-type]


def test_a_fixed_warm_up_and_none(loss: str) -> None:
    whole = sim.replicate(loss, runs=2, warm_up="none")
    short = sim.replicate(loss, runs=2, warm_up="20 s")
    assert (whole.warm_up.cut_ns, short.warm_up.cut_ns) == (0, 20_000_000_000)
    assert whole.interval("requests.count").value > 2.4 * short.interval("requests.count").value
