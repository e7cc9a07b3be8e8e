"""Curves of which the answer is known, and a search along them: loads from 1 up, each 1 % above the last."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from apigw_sim.experiment.judging import Judge, Outcome
from apigw_sim.experiment.search import Found, Point, search

Curve = Callable[[float], float]
LOADS = [1.01**number for number in range(100)]
RESOLUTION = 1.0201 * (1 + 1e-9)
"""Two loads are close that are two steps apart."""


class Searched(NamedTuple):
    """What came of a search, in loads; 0 and infinity where an end is open."""

    meets: float
    fails: float
    found: Found

    def wrong(self, meets: Callable[[float], bool]) -> bool:
        """Whether what it says is not so."""
        return (self.meets > 0 and not meets(self.meets)) or (self.fails < math.inf and meets(self.fails))


def searched(
    draw: Callable[[random.Random, float], Outcome], judge: Judge, seed: int, **how: object
) -> Searched:
    """Search with outcomes drawn by load."""
    rng = random.Random(seed)

    def ask(setting: int, order: int, had: int, wanted: int) -> list[Outcome]:
        return [draw(rng, LOADS[setting]) for _ in range(wanted)]

    found = search(ask, len(LOADS), lambda a, b: LOADS[b] / LOADS[a] <= RESOLUTION, judge, **how)  # type: ignore[arg-type]
    return Searched(
        0 if found.meets is None else LOADS[found.meets],
        math.inf if found.fails is None else LOADS[found.fails],
        found,
    )


def sharing(curve: Curve) -> Callable[[random.Random, float], Outcome]:
    """Runs that meet with the share that the curve has at a load."""
    return lambda rng, load: Outcome(rng.random() < curve(load))


def logistic(middle: float, width: float) -> Curve:
    """A share that falls from 1 to 0 around a load; `width` is that of its logarithm."""
    return lambda load: 1 / (1 + math.exp((math.log(load) - math.log(middle)) / width))


def step(at: float, before: float = 1.0, behind: float = 0.0) -> Curve:
    """A share up to a load, and another behind it."""
    return lambda load: before if load < at else behind


def tried(found: Found, load: float) -> Point:
    """The point at a load."""
    return next(point for point in found.points if LOADS[point.setting] == load)
