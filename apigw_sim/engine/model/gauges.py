"""Levels over time. A gauge moves where the level moves; what was touched since the last tick writes a row at the next."""

from __future__ import annotations

from apigw_sim.engine.model.clock import Clock
from apigw_sim.records import NULL
from apigw_sim.rules.bucket import TOKEN, refill
from apigw_sim.rules.window import quota


class Gauge:
    """A level with its integral and its extremes since the last tick."""

    __slots__ = ("area", "at", "gauges", "integral", "level", "low", "number", "peak", "stale")

    def __init__(self, gauges: Gauges, number: int, level: int = 0, *, integral: bool = True) -> None:
        self.integral = integral
        """Whether the area is kept; bytes times nanoseconds would leave 63 bits."""
        self.gauges = gauges
        self.number = number
        self.level = self.low = self.peak = level
        self.area = 0
        self.at = 0
        self.stale = True
        """Untouched since the last tick."""

    def move(self, by: int) -> int:
        """Raise or lower the level, now; gives the new level."""
        now = self.gauges.clock.now
        if self.stale:
            self._fresh()
        level = self.level
        self.area += level * (now - self.at)
        self.at = now
        self.level = level = level + by
        if level > self.peak:
            self.peak = level
        elif level < self.low:
            self.low = level
        return level

    def left_at(self, instant: int) -> None:
        """Lower the level by one that had left at `instant`, since the last tick but before now."""
        self.move(-1)
        self.area -= self.at - max(instant, self.gauges.last_tick)

    def _fresh(self) -> None:
        self.stale = False
        self.area = 0
        self.at = self.gauges.last_tick
        self.low = self.peak = self.level
        self.gauges.touched.append(self)

    def row(self, at: int) -> tuple[int, ...]:
        """Its row of `levels` at a tick."""
        area = self.area + self.level * (at - self.at) if self.integral else NULL
        return at, self.number, self.level, self.low, self.peak, area


class Bucket:
    """A token bucket (`rules.bucket`) and its gauge: units of 10**-12 tokens."""

    __slots__ = ("at", "full", "gauges", "level", "limit", "low", "number", "off", "rate", "stale")

    def __init__(
        self, gauges: Gauges, number: int, limit: int, rate: int, full: int, start: int, off: bool
    ) -> None:
        self.gauges = gauges
        self.number = number
        self.limit = limit
        self.rate = rate
        self.full = full
        self.level = self.low = start
        self.off = off
        self.at = 0
        self.stale = True

    def now_holds(self, now: int) -> int:
        """Bring the level up to date; gives it."""
        self.level = level = refill(self.level, self.at, now, self.rate, self.full)
        self.at = now
        if self.stale:
            self.freshen()
        return level

    def freshen(self) -> None:
        """Touched for the first time since the last tick."""
        self.stale = False
        self.low = self.level
        self.gauges.touched.append(self)

    def spend(self, wanted: int = TOKEN) -> None:
        """Take a token, or so many units; the level is up to date. A bucket that is off spends what it never lacks."""
        self.level = level = self.level - wanted
        if level < self.low:
            self.low = level

    def row(self, at: int) -> tuple[int, ...]:
        """Its row of `levels` at a tick."""
        level = refill(self.level, self.at, at, self.rate, self.full)
        return at, self.number, level, self.low, NULL, NULL


class Quota:
    """A usage plan's quota of one key: requests per calendar period, and its gauge of what is left."""

    __slots__ = ("gauges", "limit", "low", "next_reset", "number", "requests", "resets", "stale", "used")

    def __init__(
        self, gauges: Gauges, number: int, limit: int, requests: int, used: int, resets: tuple[int, ...]
    ) -> None:
        self.gauges = gauges
        self.number = number
        self.limit = limit
        self.requests = requests
        self.used = used
        self.resets = resets
        self.next_reset = 0
        self.low = requests - used
        self.stale = True

    def now_used(self, now: int) -> int:
        """Begin a new period if one has begun; gives the requests used in it."""
        while self.next_reset < len(self.resets) and now >= self.resets[self.next_reset]:
            self.next_reset += 1
            self.used = 0
        if self.stale:
            self.stale = False
            self.low = self.requests - self.used
            self.gauges.touched.append(self)
        return self.used

    def count_refused(self, now: int) -> None:
        """Count a request that something else refused, if there is room for it."""
        if quota(self.now_used(now), self.requests):
            self.spend()

    def spend(self) -> None:
        """Count one request."""
        self.used += 1
        left = self.requests - self.used
        if left < self.low:
            self.low = left

    def row(self, at: int) -> tuple[int, ...]:
        """Its row of `levels` at a tick."""
        return at, self.number, self.requests - self.used, self.low, NULL, NULL


class Gauges:
    """What has been touched since the last tick."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.last_tick = 0
        self.touched: list[Gauge | Bucket | Quota] = []

    def rows(self, at: int) -> list[tuple[int, ...]]:
        """The rows of a tick, by gauge, and a new tick begins."""
        rows = sorted(gauge.row(at) for gauge in self.touched)
        for gauge in self.touched:
            gauge.stale = True
        self.touched.clear()
        self.last_tick = at
        return rows
