"""The cache's own order of use, beside a list in which every use moves its entry to the end."""

from __future__ import annotations

import random

import pytest

from apigw_sim.engine.model.cache import Entry, StageCache
from apigw_sim.engine.model.clock import Clock
from apigw_sim.engine.model.gauges import Gauge, Gauges


class List:
    """Keys in the order of their last use, with their bytes and their ends."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.held: list[tuple[int, int, int]] = []

    def look_up(self, key: int, now: int) -> bool:
        found = [entry for entry in self.held if entry[0] == key]
        self.held = [entry for entry in self.held if entry[0] != key]
        live = [entry for entry in found if entry[2] > now]
        self.held += live
        return bool(live)

    def store(self, key: int, size: int, expires: int) -> None:
        self.held = [entry for entry in self.held if entry[0] != key]
        if size <= self.capacity:
            while sum(entry[1] for entry in self.held) + size > self.capacity:
                del self.held[0]
            self.held.append((key, size, expires))


@pytest.mark.parametrize("seed", range(8))
def test_every_look_up_finds_what_a_list_would_hold(seed: int) -> None:
    """3,000 look-ups of 40 keys in a cache of a hundred bytes, entries of 1 to 30 bytes, now and then a flush."""
    source = random.Random(seed)
    gauges = Gauges(Clock())
    cache, twin = StageCache(100, Gauge(gauges, 0, integral=False)), List(100)
    for now in range(3_000):
        key = min(int(source.expovariate(0.1)), 39)
        found = cache.look_up(key, now)
        assert (found is not None) == twin.look_up(key, now)
        if found is None:
            size, expires = source.choice([1, 5, 30, 101]), now + source.choice([20, 400])
            cache.store(key, Entry(expires, key, 200, 0, size, size))
            twin.store(key, size, expires)
        if source.random() < 0.002:
            cache.flush()
            twin.held.clear()
        assert cache.gauge.level == sum(entry[1] for entry in twin.held)
