"""The leaf rules of clients beside their twins: botocore's own classes on a clock that is told the time, and lists."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType

from botocore.retries.adaptive import RateClocker
from botocore.retries.bucket import TokenBucket
from botocore.retries.quota import RetryQuota
from botocore.retries.throttling import CubicCalculator

SECOND, MICRO = 1_000_000_000, 1_000_000
Number = Callable[[int], int]


class Told:
    """A clock for botocore."""

    def __init__(self) -> None:
        self.ns = 0

    def current_time(self) -> float:
        return int(self.ns) / SECOND

    def sleep(self, _: float) -> None:
        raise AssertionError("nothing waits here")


def quotas_agree(rule: ModuleType, number: Number = int, seed: int = 1) -> None:
    """Retries that are paid or not, and successes that give back what the last one cost, or 1."""
    source = random.Random(seed)
    twin, tokens, last = RetryQuota(), number(500), number(0)
    for step in range(2_000):
        if source.random() < (0.02 if step % 400 < 200 else 0.6):
            cost = source.choice((5, 10, 14))
            left = rule.paid(tokens, cost)
            assert (left >= 0) == twin.acquire(cost)
            if left >= 0:
                tokens, last = left, number(cost)
        else:
            tokens = rule.repaid(tokens, last, 500)
            twin.release(last if last else 1)
            last = number(0)
        assert tokens == twin.available_capacity


def budgets_agree(rule: ModuleType, number: Number = int, seed: int = 1) -> None:
    """What is earned is the share of the calls, and no more than is saved."""
    source = random.Random(seed)
    share = source.randrange(1, 500_000)
    budget, exact = number(3 * rule.RETRY), 3 * rule.RETRY
    for _ in range(500):
        if source.random() < 0.1 and exact >= rule.RETRY:
            budget, exact = budget - rule.RETRY, exact - rule.RETRY
        budget, exact = rule.earned(budget, number(share), 3 * rule.RETRY), min(exact + share, 3 * rule.RETRY)
        assert budget == exact


def breakers_agree(rule: ModuleType, number: Number = int, seed: int = 1) -> None:
    """Outcomes as a list, of which the last `window` count; and when a request may be sent."""
    source = random.Random(seed)
    for window in (1, 2, 7, 59, rule.MOST):
        least, share = source.randrange(1, window + 1), source.choice((1, 333, 500, 1000))
        outcomes: list[int] = []
        bits = number(0)
        often = source.random()
        for _ in range(150):
            failure = int(source.random() < often)
            outcomes.append(failure)
            bits = rule.noted(bits, number(window), number(failure))
            held = outcomes[-window:]
            assert rule.failures(bits) == sum(held)
            due = len(held) >= least and sum(held) >= share * len(held) / 1000
            assert rule.trips(bits, len(held), least, share) == due
    closed, is_open, half = rule.CLOSED, rule.OPEN, rule.HALF_OPEN
    for state, until, probing, want in (
        (closed, 10, 9, rule.PASSED), (is_open, 10, 0, rule.REFUSED), (is_open, 9, 0, rule.PROBE),
        (is_open, 8, 5, rule.PROBE), (half, 10, 2, rule.PROBE), (half, 0, 3, rule.REFUSED),
    ):  # fmt: skip
        assert rule.verdict(state, number(until), number(9), probing, number(3)) == want


def near(one: float, two: float, part: float = 2e-3) -> bool:
    """Whether two rates differ by no more than a millisecond, and a rate's rounding, can make them."""
    return abs(one - two) <= part * max(one, two) + 1e-3


def limiters_agree(rule: ModuleType, number: Number = int, seed: int = 1) -> None:
    """Answers at random instants, some of them throttles, and permissions in between: rates and waits are botocore's."""
    source = random.Random(seed)
    clock = Told()
    cubic, clocker, bucket = CubicCalculator(0, 0.0), RateClocker(clock), TokenBucket(1, clock)
    rate, level, at = number(rule.ONE), number(0), 0
    most = plateau = since = seen = slot = count = number(0)
    acts = False
    mean = source.choice((3 * SECOND, SECOND // 5, SECOND // 40))

    def refill() -> None:
        nonlocal level, at
        idle = (clock.ns - at) // 1000 * 1000
        level, at = rule.refilled(level, number(idle), rate), at + idle

    for step in range(600):
        clock.ns += int(source.expovariate(1 / mean)) + 1
        throttled = source.random() < (0.0 if step < 50 else 0.2 if step % 100 < 50 else 0.01)
        count += 1
        if clock.ns // rule.SLOT > slot:
            seen = rule.measured(count, number(clock.ns // rule.SLOT - slot), seen)
            count, slot = number(0), number(clock.ns // rule.SLOT)
        exact_seen = clocker.record()
        assert near(int(seen) / MICRO, exact_seen, 1e-5)
        # the twin goes on from our integers, so that what is compared is one step and not their sum
        if throttled:
            most = (min(seen, rate) if acts else seen) + number(0)
            plateau, since, acts = rule.plateau(most), number(clock.ns), True
            wanted = rule.lowered(most)
            exact = cubic.error_received(int(most) / MICRO, clock.current_time())
            assert near(int(wanted) / MICRO, exact, 1e-5)
        else:
            wanted = rule.cubic(most, plateau, number(clock.ns - since))
            exact = cubic.success_received(clock.current_time())
            # a millisecond more or less of the time since the throttle, and as much of the plateau
            steep = 1.2 * (int(clock.ns - since) / SECOND - int(plateau) / 1000) ** 2 + 0.01
            assert abs(int(wanted) / MICRO - exact) < 3e-3 * steep + 1e-3 or exact > 1e12
        refill()
        rate = rule.allowed(wanted, seen)
        level = min(level, rule.capacity(rate))
        bucket.max_rate = int(min(wanted, 2 * seen)) / MICRO
        assert near(int(rate) / MICRO, min(bucket.max_rate, 1e6), 1e-9)
        if source.random() < 0.7:
            refill()
            level -= rule.ONE
            wait = rule.wait(level, rate)
            bucket._refill()
            sleep = max(bucket._sleep_amount(1), 0.0)
            assert abs(int(wait) / SECOND - sleep) < 5e-6 * (step + 1) / int(rate) * MICRO + 5e-6
            clock.ns += wait
            bucket._refill()
            bucket._current_capacity -= 1


def cube_roots_agree(rule: ModuleType, number: Number = int, seed: int = 1) -> None:
    """The whole part of the cube root, at cubes and beside them."""
    source = random.Random(seed)
    for n in (
        0,
        1,
        7,
        8,
        9,
        *(source.randrange(1 << 59) for _ in range(200)),
        *(k**3 - 1 for k in (10, 999, 90_856)),
    ):
        root = rule.cube_root(number(n))
        assert root**3 <= n < (root + 1) ** 3
        assert rule.cube_root(number(root**3)) == root


def waits_are_least(rule: ModuleType, number: Number = int, seed: int = 1) -> None:
    """After the wait nothing is owed, and a microsecond earlier something still was; also where millions wait."""
    source = random.Random(seed)
    for _ in range(300):
        rate = source.choice((500_000, 1_000_000, source.randrange(500_000, 10**12), 10**12))
        level = -source.randrange(1, source.choice((10, 10**6, 10**12)))
        wait = rule.wait(number(level), number(rate))
        assert rule.refilled(number(level), number(wait), number(rate)) >= 0
        assert wait % 1000 == 0
        assert level + (wait // 1000 - 1) * rate // MICRO < 0
