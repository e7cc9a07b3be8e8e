"""Numbers and names as advice writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from apigw_sim import units

_SHOWN = 3
CLOSE = 1 + 1e-9
"""What computed values may differ by without being different."""


def exceeds(value: float, limit: float) -> bool:
    """Whether a computed value is above a limit, by more than rounding."""
    return value > limit * CLOSE


def at_once(value: float) -> int:
    """A computed number of invocations as a whole one, rounded up but for rounding errors."""
    return math.ceil(value / CLOSE)


def per_second(rate: float | Fraction) -> str:
    """A rate that was computed, such as 2,700/s or 0.25/s."""
    rate = float(rate)
    return f"{rate:,.1f}".removesuffix(".0") + "/s" if rate >= 100 else f"{rate:.3g}/s"


def about(ns: float) -> str:
    """A time that was computed, in ms or s, to four digits."""
    return f"{ns / units.MS:.4g} ms" if ns < units.SECOND else f"{ns / units.SECOND:.4g} s"


def instant(ns: float) -> str:
    """An instant of the run, to the second."""
    return units.show_duration(round(ns / units.SECOND) * units.SECOND)


def several(names: Iterable[object]) -> str:
    """Names joined by commas and `and`; of many the first few."""
    texts = [str(name) for name in names]
    if len(texts) > _SHOWN + 1:
        return f"{', '.join(texts[:_SHOWN])} and {len(texts) - _SHOWN} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def verb(names: Sequence[object], one: str, many: str) -> str:
    """The verb that goes with so many names."""
    return one if len(names) == 1 else many
