"""The yardsticks themselves, beside figures known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from theory.odds import (
    before_arrivals,
    erlang_b,
    in_system,
    met,
    normal_agrees,
    poisson_agrees,
    replications_agree,
)


def test_erlang_b_as_the_tables_have_it() -> None:
    assert erlang_b(1, 1.0) == 0.5
    assert erlang_b(2, 2.0) == pytest.approx(0.4)
    assert erlang_b(10, 5.0) == pytest.approx(0.018385, abs=1e-6)


def test_the_chain_at_arrivals_has_the_stationary_law_of_the_queue() -> None:
    """Arrivals see time averages: the share that finds all full tends to Erlang B, and to p_K with a queue."""
    for servers, places, load in ((1, 1, 1.0), (5, 5, 4.0), (3, 8, 2.5)):
        leaving = [float(min(n, servers)) for n in range(places + 1)]
        assert np.allclose(before_arrivals(load, leaving).sum(axis=1), 1)
        one, _ = met(load, leaving, {places}, 2_000)
        two, _ = met(load, leaving, {places}, 3_000)
        assert (two - one) / 1_000 == pytest.approx(in_system(servers, places, load)[-1], abs=1e-9)
    assert in_system(5, 5, 4.0)[-1] == pytest.approx(erlang_b(5, 4.0))


def test_mean_and_variance_of_the_first_two_arrivals_at_one_server() -> None:
    """rho = 1: the first is never lost, the second if the first still runs: one half. Mean 1/2, variance 1/4."""
    assert met(1.0, [0.0, 1.0], {1}, 2) == pytest.approx((0.5, 0.25))


def test_each_agreement_fails_where_it_should_and_says_if_it_has_too_little() -> None:
    poisson_agrees(10_050, 10_000, 1.1)
    for wrong in (10_600, 9_400):
        with pytest.raises(AssertionError):
            poisson_agrees(wrong, 10_000, 1.1)
    with pytest.raises(AssertionError, match="too few"):
        poisson_agrees(100, 100, 1.03)
    normal_agrees(10_050, 10_000, 10_000, 1.1)
    with pytest.raises(AssertionError):
        normal_agrees(10_600, 10_000, 10_000, 1.1)
    with pytest.raises(AssertionError, match="too few"):
        normal_agrees(10_000, 10_000, 10_000, 1.03)
    ten = [0.99, 1.0, 1.01, 1.005, 0.995] * 4
    replications_agree(ten, 1.0, 1.1)
    with pytest.raises(AssertionError):
        replications_agree([value + 0.05 for value in ten], 1.0, 1.1)
    with pytest.raises(AssertionError, match="too few"):
        replications_agree([0.5, 1.5] * 5, 1.0, 1.1)
