"""What a capacity search varies."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from apigw_sim.experiment import axis
from apigw_sim.experiment.axis import CapacityError
from apigw_sim.scenario import load


def test_loads_are_half_a_resolution_apart_and_end_where_they_were_asked_to() -> None:
    loads = axis.between("load", 0.5, 4, 0.02)
    assert (loads.values[0], loads.values[-1], loads.find) == (Fraction(1, 2), Fraction(4), "largest")
    steps = [b / a for a, b in zip(loads.sizes, loads.sizes[1:], strict=False)]
    assert max(steps) < 1.011
    close = loads.close(0.02)
    assert close(10, 11)
    assert sum(close(number, number + 2) for number in range(200)) > 150
    assert not close(10, 14)
    assert loads.show(0) == "0.5 x"


def test_counts_are_whole_and_the_largest_comes_first_where_the_smallest_is_looked_for() -> None:
    places = axis.between("functions.f.reserved_concurrency", "3", "12", 0.02)
    assert places.values == (12, 11, 10, 9, 8, 7, 6, 5, 4, 3)
    assert places.find == "smallest"
    assert axis.between("functions.f.reserved_concurrency", "3", "12", 0.02, "largest").values[0] == 3


def test_a_unit_is_kept() -> None:
    rates = axis.between("account.throttle.rate", "100/s", "200/s", 0.1)
    assert (rates.values[0], rates.values[-1]) == ("200/s", "100/s")
    assert all(value.endswith("/s") for value in rates.values)
    assert axis.between("functions.f.duration", "10 ms", "40 ms", 0.5, "largest").values[0] == "10 ms"


def test_sizes_of_a_cache_are_aws_own() -> None:
    sizes = axis.between("apis.shop.stages.prod.cache_cluster", "0.5 GB", "13.5 GB", 0.02)
    assert sizes.values == ("13.5 GB", "6.1 GB", "1.6 GB", "0.5 GB")
    assert sizes.close(0.02)(1, 2)
    assert not sizes.close(0.02)(1, 3)


def test_values_that_are_given_are_taken_as_they_are() -> None:
    made = axis.listed("functions.f.memory", ["128 MB", "512 MB", "1 GB"])
    assert made.values == ("1 GB", "512 MB", "128 MB")
    assert axis.listed("load", ["1", "1.5", "3"]).sizes == (1.0, 1.5, 3.0)


@pytest.mark.parametrize(
    ("path", "low", "high", "problem"),
    [
        ("load", "2", "1", "write the lower end first, above 0"),
        ("load", "0", "1", "write the lower end first, above 0"),
        ("load", "1/s", "2/s", "a load is a number without a unit"),
        ("account.throttle.rate", "1/s", "2/min", "write both in one unit"),
        ("account.throttle.rate", "much", "2/s", "'much' is no quantity"),
        ("load", "0.000001", "1000000", "more than 2,000 steps"),
        (
            "apis.a.stages.s.cache_cluster",
            "1 GB",
            "2 GB",
            "'1 GB' is no size of a cache; write one of 0.5 GB",
        ),
    ],
)
def test_an_axis_that_cannot_be_says_why(path: str, low: str, high: str, problem: str) -> None:
    with pytest.raises(CapacityError, match=problem):
        axis.between(path, low, high, 0.02)


def shop(**arrivals: Any) -> dict[str, Any]:
    return {
        "name": "shop", "run": {"duration": "10 s"},
        "apis": {
            "a": {
                "type": "REST", "endpoint": "REGIONAL", "methods": {"GET /": {"integration": {"mock": {}}}},
                "stages": {"s": {}},
            }
        },
        "clients": {"web": {"target": "a/s", "arrivals": arrivals, "calls": [{"call": "GET /"}]}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("4/s", Fraction(10)),
        ("1/min", Fraction(5, 2) / 60),
        ([{"from": "0 s", "rate": "2/s"}, {"from": "5 s", "rate": "6/s", "ramp": "1 s"}], Fraction(5)),
    ],
)
def test_the_load_multiplies_every_rate_and_nothing_else(rate: Any, expected: Fraction) -> None:
    """2.5 times; a rate that decimals cannot write is right to a part in 10^12."""
    data = shop(process="poisson", rate=rate)
    made = load(data, overrides=axis.times(load(data), Fraction(5, 2)))
    steps, before = made.clients["web"].arrivals.rate, load(data).clients["web"].arrivals.rate
    assert steps is not None
    assert before is not None
    assert float(steps[0].rate / expected) == pytest.approx(1, abs=1e-12)
    assert [(step.from_, step.ramp) for step in steps] == [(step.from_, step.ramp) for step in before]
    assert all(
        float(new.rate / (old.rate * Fraction(5, 2))) == pytest.approx(1)
        for new, old in zip(steps, before, strict=True)
    )
