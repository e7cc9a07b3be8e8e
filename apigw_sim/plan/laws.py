"""Distributions as integer quantile tables, and shares and weights as threshold words.

A table holds the value at the edges of `rules.quantile`: in the lower half at the tails 0, 2**32 and on by 64 steps an
octave to 2**62, in the upper half mirrored; a tail t stands for the probability t / 2**63, the outermost edge for
2**-34. Values are rounded, not negative, never fall, and stay within `rules.quantile.LARGEST`.
"""

from __future__ import annotations

import bisect
import hashlib
import math
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

from apigw_sim import units
from apigw_sim.plan.tables import Law, Shares
from apigw_sim.rules import quantile
from apigw_sim.rules.pick import WORD_BITS
from apigw_sim.scenario import laws as said

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS = 1 << WORD_BITS
OUTERMOST = 2.0**-34
"""The probability at which the outermost edges stand."""


class TooLargeError(ValueError):
    """A distribution reaches beyond the largest value that a table holds."""


@dataclass(frozen=True)
class Shape:
    """A distribution as two functions: the value at the probability p, and at 1 - q; both are asked up to 1/2 only."""

    text: str
    lower: Callable[[float], float]
    upper: Callable[[float], float]
    mean: float | None = None
    """Where a formula gives it."""


@lru_cache(maxsize=64)
def law(spoken: said.Law, kind: str) -> Law:
    """A scenario's distribution as a law; `kind` is "duration" (ns) or "size" (bytes). Raises TooLargeError.

    Points of a study share most of theirs, so the last are kept.
    """
    show: Callable[[int], str] = units.show_size if kind == "size" else units.show_duration
    match spoken:
        case said.Constant():
            return constant(spoken.value, show(spoken.value))
        case said.Lognormal():
            text = f"lognormal, mean {show(spoken.mean)}, cv {units.show_number(spoken.cv)}"
            return table(lognormal(spoken.mean, float(spoken.cv), text))
        case said.Exponential():
            return table(exponential(spoken.mean, f"exponential, mean {show(spoken.mean)}"))
        case said.Uniform():
            return table(
                uniform(spoken.min, spoken.max, f"uniform, {show(spoken.min)} to {show(spoken.max)}")
            )
        case said.Empirical():
            of = f", function {spoken.function}" if spoken.function is not None else ""
            return table(empirical(spoken.values, f"empirical, {spoken.path}{of}"))
        case said.Percentiles():
            low = 0.0 if spoken.min is None else float(spoken.min)
            high = math.inf if spoken.max is None else float(spoken.max)
            parts = [f"p{units.show_number(share * 100)} {show(value)}" for share, value in spoken.points]
            parts += [f"min {show(spoken.min)}"] if spoken.min is not None else []
            parts += [f"max {show(spoken.max)}"] if spoken.max is not None else []
            return table(percentiles(spoken.points, low, high, ", ".join(parts)))


def constant(value: int, text: str) -> Law:
    """The law that has one value."""
    if value > quantile.LARGEST:
        raise TooLargeError(text)
    return Law(text, value, _flat(value), float(value))


def table(shape: Shape) -> Law:
    """A shape as a law; one whose table has a single value is a constant."""
    import numpy as np

    low = [shape.lower(p) for p in _tails()]
    values = low + [shape.upper(q) for q in reversed(_tails()[:-1])]
    if values[-1] > quantile.LARGEST:
        raise TooLargeError(shape.text)
    whole = [max(math.floor(value + 0.5), 0) for value in values]
    return tabled(shape.text, np.array(list(accumulate(whole, max)), np.int64), shape.mean)


def tabled(text: str, cells: NDArray[np.int64], known: float | None = None) -> Law:
    """A rising quantile table as a law; one that has a single value is a constant."""
    cells.flags.writeable = False
    if cells[0] == cells[-1]:
        return Law(text, int(cells[0]), cells, float(cells[0]))
    return Law(text, None, cells, mean(cells) if known is None else known)


def percentile(law: Law, p: float) -> int:
    """The value that a law's table gives at the probability p; 0 < p < 1, for people."""
    if law.constant is not None:
        return law.constant
    word = min(int(Fraction(p) * WORDS), WORDS - 1)
    return quantile.value(word, law.cells.tolist())


# shapes


def lognormal(mean: float, cv: float, text: str) -> Shape:
    """The lognormal of a mean and a coefficient of variation."""
    variance = math.log1p(cv * cv)
    return _lognormal(math.log(mean) - variance / 2, math.sqrt(variance), text, mean)


def exponential(mean: float, text: str) -> Shape:
    """The exponential of a mean."""
    return Shape(text, lambda p: -mean * math.log1p(-p), lambda q: -mean * math.log(q), mean)


def uniform(low: float, high: float, text: str) -> Shape:
    """The uniform between two values."""
    span = high - low
    return Shape(text, lambda p: low + span * p, lambda q: high - span * q, (low + high) / 2)


def empirical(sample: Iterable[float], text: str) -> Shape:
    """A sample: p is the linear interpolation between its order statistics at (n - 1) p."""
    ordered = sorted(sample)
    last = len(ordered) - 1

    def lower(p: float) -> float:
        rank = int(last * p)
        return ordered[rank] + (ordered[min(rank + 1, last)] - ordered[rank]) * (last * p - rank)

    def upper(q: float) -> float:
        rank = int(last * q)
        high = ordered[last - rank]
        return high - (high - ordered[max(last - rank - 1, 0)]) * (last * q - rank)

    whole = math.fsum(ordered) - (ordered[0] + ordered[last]) / 2
    return Shape(text, lower, upper, whole / last if last else float(ordered[0]))


def percentiles(points: Sequence[tuple[Fraction, float]], low: float, high: float, text: str) -> Shape:
    """The law through two percentiles or more, rising in both, cut to low..high; points are (share, value above 0).

    Two give the lognormal; more are joined by a monotone cubic (Fritsch and Carlson) in (normal quantile, log value).
    Beyond the outermost points the straight line through the two outermost goes on, with the cubic's slope there.
    """
    z = [normal(share) for share, _ in points]
    y = [math.log(value) for _, value in points]
    if len(points) == 2:
        sigma = (y[1] - y[0]) / (z[1] - z[0])
        mu = y[0] - sigma * z[0]
        exact = math.exp(mu + sigma * sigma / 2) if (low, high) == (0, math.inf) else None
        return _clamped(_lognormal(mu, sigma, text, exact), low, high)
    slopes = _slopes(z, y)

    def at(x: float) -> float:
        if x <= z[0]:
            return math.exp(y[0] + slopes[0] * (x - z[0]))
        if x >= z[-1]:
            return math.exp(y[-1] + slopes[-1] * (x - z[-1]))
        k = bisect.bisect_right(z, x) - 1
        h = z[k + 1] - z[k]
        t = (x - z[k]) / h
        low_weight = (1 + 2 * t) * (1 - t) ** 2
        return math.exp(
            low_weight * y[k]
            + (1 - low_weight) * y[k + 1]
            + h * t * (1 - t) * ((1 - t) * slopes[k] - t * slopes[k + 1])
        )

    return _clamped(Shape(text, lambda p: at(_normal(p)), lambda q: at(-_normal(q))), low, high)


def normal(share: Fraction) -> float:
    """The standard normal quantile of a share between 0 and 1, by its nearer tail."""
    return _normal(float(share)) if share * 2 <= 1 else -_normal(float(1 - share))


# shares and weights


def threshold(share: Fraction) -> int:
    """The word below which something of this share happens: floor(share * 2**63), and for 1 the largest int64.

    At share 1 a single word of 2**63 does not happen.
    """
    return min(math.floor(share * WORDS), WORDS - 1)


def cumulative(weights: Sequence[Fraction]) -> tuple[int, ...]:
    """Cumulative threshold words of weights that are not all zero."""
    total = sum(weights, Fraction(0))
    return tuple(threshold(running / total) for running in accumulate(weights))


def shares(statuses: Iterable[tuple[int, Fraction]]) -> Shares:
    """HTTP statuses by share, those of no share left out."""
    present = [(status, share) for status, share in statuses if share > 0]
    return Shares(tuple(status for status, _ in present), cumulative([share for _, share in present]))


# all tables


def fingerprint(tables: Iterable[NDArray[np.int64]]) -> str:
    """The SHA-256 of the digests of tables in their order: each of little-endian int64, with its length before it."""
    digest = hashlib.sha256()
    for one in tables:
        digest.update(_digest(one))
    return digest.hexdigest()


_digests: dict[int, tuple[weakref.ref[NDArray[np.int64]], bytes]] = {}


def _digest(table: NDArray[np.int64]) -> bytes:
    """The SHA-256 of a table's length and values; of one that nobody can write to, taken once while it lives."""
    key = id(table)
    if key in _digests and _digests[key][0]() is table:
        return _digests[key][1]
    found = hashlib.sha256(len(table).to_bytes(8, "little"))
    found.update(memoryview(table.astype("<i8", copy=False).data))
    if not table.flags.writeable:
        _digests[key] = weakref.ref(table, lambda _: _digests.pop(key, None)), found.digest()
    return found.digest()


@cache
def _tails() -> tuple[float, ...]:
    """The probabilities of the lower half's edges, rising to 1/2."""
    octaves, cells = quantile.OCTAVES, quantile.CELLS
    inner = [
        (1 + cell / cells) * 2.0 ** (octave - octaves - 1)
        for octave in range(octaves)
        for cell in range(cells)
    ]
    return (OUTERMOST, *inner, 0.5)


def edges() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The probabilities below and above the edges of a table."""
    import numpy as np

    low = np.array(_tails())
    low[0] = 0.0
    return np.concatenate([low, 1 - low[-2::-1]]), np.concatenate([1 - low, low[-2::-1]])


@cache
def _weights() -> tuple[float, ...]:
    """The probability of each cell of the lower half."""
    edges = (0.0, *_tails()[1:])
    return tuple(above - below for below, above in pairwise(edges))


def mean(cells: NDArray[np.int64]) -> float:
    """The mean of a table: linear between its edges."""
    weights = (*_weights(), *reversed(_weights()))
    values: list[int] = cells.tolist()
    return math.fsum(
        weight * (below + above) / 2
        for weight, below, above in zip(weights, values, values[1:], strict=False)
    )


@lru_cache(maxsize=256)
def _flat(value: int) -> NDArray[np.int64]:
    import numpy as np

    cells = np.full(quantile.SIZE, value, np.int64)
    cells.flags.writeable = False
    return cells


@lru_cache(maxsize=8192)
def _normal(p: float) -> float:
    """The standard normal quantile of p, at most 1/2."""
    return NormalDist().inv_cdf(p)


def _lognormal(mu: float, sigma: float, text: str, mean: float | None) -> Shape:
    return Shape(
        text,
        lambda p: _exp(mu + sigma * _normal(p)),
        lambda q: _exp(mu - sigma * _normal(q)),
        mean,
    )


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def _clamped(shape: Shape, low: float, high: float) -> Shape:
    if (low, high) == (0, math.inf):
        return shape
    return Shape(
        shape.text,
        lambda p: min(max(shape.lower(p), low), high),
        lambda q: min(max(shape.upper(q), low), high),
    )


def _slopes(x: Sequence[float], y: Sequence[float]) -> list[float]:
    """The monotone cubic's slopes: weighted harmonic means of the secants beside a point, at the ends the secant."""
    h = [b - a for a, b in pairwise(x)]
    secant = [(b - a) / step for a, b, step in zip(y, y[1:], h, strict=False)]
    inner = []
    for k in range(1, len(secant)):
        left, right = secant[k - 1], secant[k]
        one, two = 2 * h[k] + h[k - 1], h[k] + 2 * h[k - 1]
        inner.append(0.0 if left <= 0 or right <= 0 else (one + two) / (one / left + two / right))
    return [secant[0], *inner, secant[-1]]
