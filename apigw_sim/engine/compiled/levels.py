"""Levels in integers: gauges, token buckets and quotas, moved where they change and told at each tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BUCKET, GAUGE, LEVEL_COLUMNS, QUOTA
from apigw_sim.rules import bucket, window

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.state import State


def touch(s: State, gauge: int) -> None:
    """A gauge has been touched for the first time since the last tick."""
    s.touched[s.touched_n] = gauge
    s.touched_n += 1


def level_of(s: State, gauge: int) -> int:
    """The level of a gauge."""
    return view(s.gauge, gauge * GAUGE).level


def move(s: State, gauge: int, by: int) -> None:
    """Raise or lower a level, now."""
    g, now = view(s.gauge, gauge * GAUGE), s.now
    level = g.level
    if g.stale:
        g.stale = 0
        g.area = 0
        g.at = s.last_tick
        g.low = level
        g.peak = level
        touch(s, gauge)
    if g.integral:
        g.area += level * (now - g.at)
    g.at = now
    level = level + by
    g.level = level
    if level > g.peak:
        g.peak = level
    elif level < g.low:
        g.low = level


def hold(s: State, number: int, now: int) -> int:
    """Bring a bucket up to date; gives its level."""
    b = view(s.bucket, number * BUCKET)
    level = bucket.refill(b.level, b.at, now, b.rate, b.full)
    b.level = level
    b.at = now
    if b.stale:
        b.stale = 0
        b.low = level
        touch(s, s.tokens_first + number)
    return level


def spend(s: State, number: int) -> None:
    """Take a token out of a bucket that is up to date."""
    b = view(s.bucket, number * BUCKET)
    left = b.level - bucket.TOKEN
    b.level = left
    if left < b.low:
        b.low = left


def used(s: State, number: int, now: int) -> int:
    """Begin a new period of a quota if one has begun; gives the requests used in it."""
    q = view(s.quota, number * QUOTA)
    while q.reset < q.resets_end and now >= s.resets[q.reset]:
        q.reset += 1
        q.used = 0
    if q.stale:
        q.stale = 0
        q.low = q.requests - q.used
        touch(s, s.quota_first + number)
    return q.used


def fits(s: State, number: int, now: int) -> bool:
    """Whether a quota has room for one more request."""
    return window.quota(used(s, number, now), view(s.quota, number * QUOTA).requests)


def spend_quota(s: State, number: int) -> None:
    """Count a request in a quota that is up to date."""
    q = view(s.quota, number * QUOTA)
    q.used += 1
    left = q.requests - q.used
    if left < q.low:
        q.low = left


def tick(s: State, at: int) -> int:
    """The rows of `levels` of what has been touched, in the order of `touched`; gives how many."""
    out, n = s.levels, s.touched_n
    for i in range(n):
        number, row = s.touched[i], i * LEVEL_COLUMNS
        peak, area = -1, -1
        if number < s.tokens_first:
            g = view(s.gauge, number * GAUGE)
            g.stale = 1
            level, low, peak = g.level, g.low, g.peak
            if g.integral:
                area = g.area + level * (at - g.at)
        elif number < s.quota_first:
            b = view(s.bucket, (number - s.tokens_first) * BUCKET)
            b.stale = 1
            low = b.low
            level = bucket.refill(b.level, b.at, at, b.rate, b.full)
        else:
            q = view(s.quota, (number - s.quota_first) * QUOTA)
            q.stale = 1
            low = q.low
            level = q.requests - q.used
        out[row] = at
        out[row + 1] = number
        out[row + 2] = level
        out[row + 3] = low
        out[row + 4] = peak
        out[row + 5] = area
    s.touched_n = 0
    s.last_tick = at
    return n
