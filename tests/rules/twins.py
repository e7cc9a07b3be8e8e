"""Every leaf rule beside a slow and obvious twin: exact fractions, lists searched from end to end.

A check takes the rule's module, so that a mutant of it can be checked as well; it raises AssertionError.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from types import ModuleType
from typing import Any

SECOND = 1_000_000_000
WORDS = 1 << 63
EDGES = (0, 1, 2, 3, (1 << 16) - 1, 1 << 16, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, (1 << 43) - 1, 1 << 43,
         (1 << 61) - 1, 1 << 61, (1 << 62) - 1, 1 << 62, (1 << 62) + 1, WORDS - (1 << 32), WORDS - 2, WORDS - 1)  # fmt: skip
"""Words at which something begins or ends."""


class Int64(int):
    """A whole number that refuses to leave 64 bits, and to become anything else."""

    def __new__(cls, value: int) -> Int64:
        if not -(1 << 63) <= value < 1 << 63:
            raise OverflowError(f"{value} is no int64")
        return super().__new__(cls, value)


def _checked(name: str) -> Callable[..., Any]:
    plain = getattr(int, name)

    def operation(self: int, *others: int) -> Any:
        made = plain(self, *others)
        return made if made is NotImplemented else Int64(made)

    return operation


for _name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and", "or", "xor"):
    setattr(Int64, f"__{_name}__", _checked(f"__{_name}__"))
    setattr(Int64, f"__r{_name}__", _checked(f"__r{_name}__"))
Int64.__neg__ = _checked("__neg__")  # type: ignore[method-assign]
for _name in ("__truediv__", "__rtruediv__", "__pow__", "__rpow__", "__float__"):
    setattr(Int64, _name, None)


def words(n: int, seed: int = 1) -> list[int]:
    """The edges, and n words that reach into both tails."""
    source = random.Random(seed)
    inner = [source.getrandbits(63) >> source.randrange(63) for _ in range(n // 2)]
    return [*EDGES, *inner, *(WORDS - 1 - word for word in inner)]


# the bucket


class ExactBucket:
    """A token bucket in fractions of a token and of a second."""

    def __init__(self, rate: Fraction, burst: int) -> None:
        self.rate, self.burst, self.level, self.at = rate, burst, Fraction(burst), 0

    def holds(self, now: int) -> Fraction:
        self.level = min(
            self.level + self.rate * Fraction(now - self.at, SECOND), Fraction(max(self.burst, 0))
        )
        self.at = now
        return self.level


def buckets_agree(bucket: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """Buckets of all sizes through arrivals dense and rare, with changes of rate and burst in between."""
    source = random.Random(seed)
    for _ in range(60):
        rate = Fraction(source.choice([0, 1, 7, 999, 1_000, 20_000, 3_333_333, 10_000_000]), 1_000)
        burst = source.choice([0, 1, 2, 3, 50, 5_000, 9_000_000])
        exact = ExactBucket(rate, burst)
        level, at, per_ns, full = (
            number(burst * bucket.TOKEN),
            number(0),
            number(int(rate * 1_000)),
            number(burst * bucket.TOKEN),
        )
        now = 0
        for _ in range(80):
            gap = source.choice([0, 1, 2, 1_000, 99_999, 10**6, 10**8, SECOND - 1, SECOND, 3_600 * SECOND])
            if rate and source.random() < 0.5:
                gap = int(Fraction(SECOND) / rate) + source.choice([-1, 0, 1])
            now += max(gap, 0)
            level, at = bucket.refill(level, at, number(now), per_ns, full), number(now)
            assert Fraction(int(level), bucket.TOKEN) == exact.holds(now)
            until = bucket.wait(level, per_ns)
            assert until == (
                0 if exact.level >= 1 else -1 if not rate else -((exact.level - 1) * SECOND // rate)
            )
            if exact.level >= 1:
                level, exact.level = level - bucket.TOKEN, exact.level - 1
            if source.random() < 0.1:
                rate = Fraction(source.choice([0, 5, 1_000, 500_000]), 1_000)
                burst = source.choice([0, 1, 10, 5_000])
                exact.rate, exact.burst, exact.level = rate, burst, min(exact.level, Fraction(burst))
                per_ns, full = number(int(rate * 1_000)), number(burst * bucket.TOKEN)
                level = bucket.cut(level, full)


# windows


def windows_agree(window: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """At most n events in any span: one more fits if fewer than n lie in the span that ends with it."""
    source = random.Random(seed)
    for _ in range(40):
        n, span = source.randrange(1, 6), source.choice([1, 5, 10])
        events: list[int] = []
        now = 0
        for _ in range(60):
            now += source.choice([0, 0, 1, 2, 5])
            fits = sum(now - span < event <= now for event in events) < n
            nth_last = events[-n] if len(events) >= n else -1
            assert window.sliding(number(nth_last), number(now), number(span)) == fits
            if fits:
                events.append(now)
    for limit in range(4):
        assert [window.quota(number(used), number(limit)) for used in range(5)] == [
            used < limit for used in range(5)
        ]
    for init, duration in (
        (0, 0),
        (0, 1),
        (0, 10**6),
        (1, 10**6),
        (999_999, 1),
        (10**6, 1),
        (85 * 10**6, 40 * 10**6 + 1),
    ):
        assert window.billed_ms(number(init), number(duration)) == -(-(init + duration) // 10**6)


# picking


def picks_agree(pick: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """Shares, weights, uniform numbers and aliases at their thresholds and between them."""
    for word in words(200, seed):
        for threshold in (0, 1, 1 << 62, WORDS - 1, max(word - 1, 0), word, min(word + 1, WORDS - 1)):
            assert pick.happens(number(word), number(threshold)) == (word < threshold)
        for cuts in (
            (WORDS - 1,),
            (1 << 62, WORDS - 1),
            (0, word, WORDS - 1),
            (5, 5, max(word, 5), WORDS - 1, WORDS - 1),
        ):
            index = next((k for k, cut in enumerate(cuts[:-1]) if word < cut), len(cuts) - 1)
            assert pick.choose(number(word), [number(cut) for cut in cuts]) == index
        for n in (1, 2, 3, 500, 1 << 26):
            assert pick.uniform(number(word), number(n)) == (word >> 27) * n // 2**36 < n
        for n in (1, 3, 7):
            cut, other = [(k * 977) % 2**32 for k in range(n)], [(k + 1) % n for k in range(n)]
            column = (word >> 32) * n // 2**31
            want = column if word % 2**32 < cut[column] else other[column]
            table = [number(o * 2**32 + c) for c, o in zip(cut, other, strict=True)]
            assert pick.alias(number(word), table) == want
    column = 3
    exact = (column << 61) | 7
    assert [pick.alias(exact, [0, 1 << 32, 2 << 32, c]) for c in (7, 8)] == [0, 3]


# quantiles


def edges() -> list[int]:
    """The tails at which the table's values stand, rising: 0, and 64 steps an octave from 2**32 to 2**62."""
    return [
        0,
        *((1 << (32 + octave)) + (cell << (26 + octave)) for octave in range(30) for cell in range(64)),
        1 << 62,
    ]


def quantiles_agree(quantile: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """Between two edges the value is linear, by the 16 highest bits of the part, from the outer edge inwards."""
    source = random.Random(seed)
    stands = edges()
    assert 2 * len(stands) - 1 == quantile.SIZE == 3843
    table = sorted(source.randrange(quantile.LARGEST) for _ in range(quantile.SIZE))
    table[0], table[-1] = 0, quantile.LARGEST
    checked = [number(value) for value in table]
    near = [edge + step for edge in stands for step in (-1, 0, 1) if edge + step >= 0]
    near += [WORDS - 1 - word for word in near]
    for word in [*words(600, seed), *source.sample(near, 2_000)]:
        upper = word >= 1 << 62
        tail = WORDS - 1 - word if upper else word
        cell = bisect.bisect_right(stands, tail) - 1
        part = (tail - stands[cell]) * 2**16 // (stands[cell + 1] - stands[cell])
        if upper:
            high, low = table[-1 - cell], table[-2 - cell]
            want = high - (high - low) * part // 2**16
        else:
            low, high = table[cell], table[cell + 1]
            want = low + (high - low) * part // 2**16
        assert quantile.value(number(word), checked) == want, word


def quantiles_rise(quantile: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """Common random numbers stay monotone: a larger word never gives a smaller value."""
    source = random.Random(seed)
    table = sorted(source.randrange(1_000) ** 3 for _ in range(quantile.SIZE))
    rising = sorted(words(4_000, seed))
    values = [quantile.value(word, table) for word in rising]
    assert all(one <= two for one, two in pairwise(values))
    assert values[0] == table[0]
    assert values[-1] == table[-1]
    median = len(table) // 2
    assert table[median] <= quantile.value(1 << 62, table) <= table[median + 1]


# waiting


def backoffs_agree(backoff: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """AWS's four formulas, with the uniform part by the 20 highest bits of the word."""
    source = random.Random(seed)

    def uniform(word: int, span: int) -> int:
        return (word >> 43) * (span + 1) // 2**20

    for word in words(60, seed):
        base = source.choice([0, 1, 100 * 10**6, SECOND])
        cap = source.choice([base, base * 3 + 7, 20 * SECOND, backoff.MOST_NS])
        cap = max(cap, base)
        for retry in (0, 1, 2, 5, 60, 998):
            top = min(base * 2**retry, cap)
            given = (number(base), number(cap), number(retry))
            previous = source.choice([base, min(cap, base * 3), cap])
            rest = (number(previous), number(word))
            assert backoff.delay(backoff.NONE, *given, *rest) == top
            assert backoff.delay(backoff.FULL, *given, *rest) == uniform(word, top) <= top
            assert (
                backoff.delay(backoff.EQUAL, *given, *rest) == top // 2 + uniform(word, top - top // 2) <= top
            )
            wait = base + uniform(word, max(3 * previous - base, 0))
            assert backoff.delay(backoff.DECORRELATED, *given, *rest) == min(wait, cap)
    assert backoff.part(WORDS - 1, 10) == 10
    assert backoff.part(0, 10) == 0


# reasons


def answers_agree(reason: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """A backend's own status is a success below 400, its 4xx below 500."""
    for status in range(200, 600):
        want = "OK" if status < 400 else "BACKEND_4XX" if status < 500 else "BACKEND_5XX"
        assert reason.REASONS[reason.passed_on(number(status))].name == want


def responses_agree(response: ModuleType, number: Callable[[int], int] = int, seed: int = 1) -> None:
    """An integration response catches its own code, else the default does, else none; wherever each stands."""
    source = random.Random(seed)
    for _ in range(500):
        codes = source.sample([200, 202, 404, 429, 503, -1, -2, 0], source.randint(0, 6))
        code = source.choice([200, 202, 404, 429, 503, 599, -1, -2])
        want = codes.index(code) if code in codes else codes.index(0) if 0 in codes else -1
        assert response.caught([number(each) for each in codes], number(code)) == want
