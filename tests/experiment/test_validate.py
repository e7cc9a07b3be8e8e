"""The cases of `validate`: the theory beside figures known otherwise, and verdicts that can fail."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from apigw_sim.experiment import theory, validate
from apigw_sim.experiment.cases import Case, cases
from apigw_sim.experiment.validate import check, each_error, matching
from apigw_sim.terminal import validation

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation.md"
CONFIDENCE = 1 - each_error(22)


# the theory


def test_erlang_c_as_the_tables_have_it() -> None:
    """M/M/1 waits with the chance that it is busy; M/M/2 at one Erlang with 1/3."""
    assert theory.erlang_c(1, 0.6) == pytest.approx(0.6)
    assert theory.erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert theory.erlang_c(10, 8.0) == pytest.approx(0.40918, abs=1e-5)


def test_waits_are_those_of_m_m_1() -> None:
    """rho / (1 - rho) services; a constant service halves it."""
    assert theory.wait_mmc(1, 0.5, 100) == pytest.approx(100)
    assert theory.wait_mg1(0.5, 100, 1) == pytest.approx(100)
    assert theory.wait_mg1(0.5, 100, 0) == pytest.approx(50)


@pytest.mark.parametrize("load", [0.3, 0.9, 1.0, 1.7])
def test_a_bucket_of_one_token_refuses_rho_over_1_plus_rho(load: float) -> None:
    assert theory.bucket_refuses(1, load) == pytest.approx(load / (1 + load))


def in_md1(load: float, n: int) -> float:
    """The chance of n in an endless M/D/1 queue, as Crommelin has it."""

    def term(k: int) -> float:
        powers = (k * load) ** (n - k) / math.factorial(n - k)
        if n - k >= 1:
            powers += (k * load) ** (n - k - 1) / math.factorial(n - k - 1)
        return (-1) ** (n - k) * math.exp(k * load) * powers

    if n == 0:
        return 1 - load
    if n == 1:
        return (1 - load) * (math.exp(load) - 1)
    return (1 - load) * sum(term(k) for k in range(1, n + 1))


@pytest.mark.parametrize(("burst", "load"), [(2, 0.8), (3, 0.5), (5, 0.9), (8, 0.95)])
def test_what_a_bucket_refuses_follows_from_the_endless_queue(burst: int, load: float) -> None:
    """With Q the chance of `burst` or more in the endless queue, M/G/1/K loses (1 - rho) Q / (1 - rho Q) (Keilson)."""
    more = 1 - sum(in_md1(load, n) for n in range(burst))
    assert theory.bucket_refuses(burst, load) == pytest.approx(
        (1 - load) * more / (1 - load * more), rel=1e-6
    )


def test_a_bucket_that_is_swamped_lets_its_rate_through() -> None:
    assert theory.bucket_refuses(50, 1.2) == pytest.approx(1 - 1 / 1.2, rel=1e-6)
    assert theory.bucket_refuses(20, 1.0) == pytest.approx(1 / (2 * 20), rel=0.05)  # heavy traffic


def test_hits_and_attempts_by_hand() -> None:
    assert theory.cache_hits([2.0], 1.5) == pytest.approx(3 / 4)
    assert theory.cache_hits([1.0, 3.0], 1.0) == pytest.approx((1 * 0.5 + 3 * 0.75) / 4)
    assert theory.attempts(3, 0.5) == 1.75
    assert sum(theory.zipf(10, 1.0)) == pytest.approx(1)


# the verdicts


def test_the_false_alarm_is_that_of_all_cases_together() -> None:
    chance = sum(case.random for case in cases())
    one = each_error(chance)
    assert 1 - (1 - one) ** chance == pytest.approx(0.001)
    assert one > 0.001 / chance  # Bonferroni's is a little more strict


@pytest.mark.parametrize("case", [case for case in cases() if not case.random], ids=lambda case: case.name)
def test_examples_and_arithmetic_hold_to_the_request(case: Case) -> None:
    found = check(case, CONFIDENCE, "simpy")
    assert found.simulated == case.exact
    assert found.agrees


def test_a_case_with_chance_agrees_and_a_wrong_theory_would_be_seen() -> None:
    """Erlang B of 5 at 5 Erlangs, lognormal. A theory twice as far off as is stated to be seen is seen."""
    (case,) = [case for case in matching("erlang b") if "lognormal" in case.name and "of 5," in case.name]
    right = check(case, CONFIDENCE, "simpy", runs=8)
    assert right.agrees
    assert right.sees is not None and right.sees < 0.5  # noqa: PT018
    for factor in (0.5, 1.5):
        assert not check(case._replace(exact=case.exact * factor), CONFIDENCE, "simpy", runs=8).agrees


def test_one_request_too_many_is_seen() -> None:
    case = matching("example 4")[0]
    assert not check(case._replace(exact=case.exact + 1), CONFIDENCE, "simpy").agrees


def test_the_page_of_the_documentation_has_every_case_with_what_is_exact() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^\| (.*?) \| (.*?) \| (.*?) \| .* \| agrees \|$", text, flags=re.MULTILINE)
    assert shown == [
        (case.name, case.source, f"{validation.figure(case.exact)} {case.unit}") for case in cases()
    ]
    assert f"All {len(cases())} cases agree" in text


@pytest.mark.slow
def test_the_page_of_the_documentation_is_what_the_command_writes() -> None:
    checked = validate.validate()
    assert validation.markdown(checked, validate.FALSE_ALARM, validate.RUNS) == PAGE.read_text(
        encoding="utf-8"
    )
    assert math.isfinite(sum(one.simulated for one in checked))
