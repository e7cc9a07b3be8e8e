"""The simulator beside what is known: each case with what is exact, what came out, and whether they agree."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from apigw_sim import jit
from apigw_sim.experiment.cases import Case, cases, prepared
from apigw_sim.experiment.estimates import mean_interval
from apigw_sim.result.simulation import run
from apigw_sim.scenario import load

FALSE_ALARM = 0.001
"""With what probability any of the cases disagrees although the simulator is right."""
RUNS = 30
"""Of each case with chance in it."""
POWER = 0.99


class Checked(NamedTuple):
    """A case and what came of it."""

    case: Case
    simulated: float
    low: float
    high: float
    agrees: bool
    sees: float | None
    """The error, as a share of what is exact, that would have been seen with a probability of 99 %; None: any."""
    runs: int


def each_error(number: int, false_alarm: float = FALSE_ALARM) -> float:
    """What each of so many independent cases may err with, so that all together err with `false_alarm` (Sidak)."""
    return -math.expm1(math.log1p(-false_alarm) / max(number, 1))


def check(case: Case, confidence: float, engine: str, runs: int = RUNS) -> Checked:
    """Run a case: once where there is no chance in it, else often; what is exact has to lie in the interval."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = load(prepared(case, Path(folder)))
        number = runs if case.random else 1
        found = [
            case.measure(run(scenario, replication=replication, engine=engine).summary)
            for replication in range(number)
        ]
    if not case.random:
        return Checked(case, found[0], found[0], found[0], found[0] == case.exact, None, 1)
    interval = mean_interval(found, confidence)
    assert interval.value is not None
    assert interval.low is not None
    assert interval.high is not None
    agrees = interval.low <= case.exact <= interval.high
    sees = _seen(interval.high - interval.low, case, confidence, runs)
    return Checked(case, interval.value, interval.low, interval.high, agrees, sees, runs)


def _seen(width: float, case: Case, confidence: float, runs: int) -> float:
    """Half the interval, and what a mean strays with the power's probability beyond it."""
    from scipy.special import ndtri, stdtrit

    reach = width / 2
    stray = reach / float(stdtrit(runs - 1, (1 + confidence) / 2)) * float(ndtri(POWER))
    return (reach + stray) / case.exact


def matching(only: str) -> Sequence[Case]:
    """The cases whose name or source has a text in it."""
    return [case for case in cases() if only.casefold() in f"{case.name} {case.source}".casefold()]


def validate(
    *, engine: str = "auto", only: str = "", runs: int = RUNS, told: Callable[[int, str], None] | None = None
) -> list[Checked]:
    """Check all cases, or those whose name or source has `only` in it."""
    chosen = matching(only)
    if engine == "auto":
        engine = "compiled" if jit.unusable() is None else "simpy"
    chance = sum(case.random for case in cases())
    confidence = 1 - each_error(chance)
    made = []
    for number, case in enumerate(chosen, 1):
        made.append(check(case, confidence, engine, runs))
        if told is not None:
            told(number, case.name)
    return made
