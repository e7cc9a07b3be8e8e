"""Calendar periods of quotas, in UTC, as instants from run.start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apigw_sim import units

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def resets(period: str, start: datetime, duration: int, week_starts: str = "MONDAY") -> tuple[int, ...]:
    """When new periods begin: ns from `start`, later than it and up to a day beyond the end.

    A run that starts with a period has no reset at 0: that period is the initial one, whose offset counts.
    """
    begin = start.astimezone(UTC)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    made: list[int] = []
    day = midnight
    last = duration + units.DAY
    while True:
        day = _next(period, day, week_starts)
        at = (day - begin) // timedelta(microseconds=1) * units.US
        if at > last:
            return tuple(made)
        made.append(at)


def _next(period: str, day: datetime, week_starts: str) -> datetime:
    """The first day of the period after the one that holds a day."""
    if period == "DAY":
        return day + timedelta(days=1)
    if period == "WEEK":
        return day + timedelta(days=7 - (day.weekday() - DAYS.index(week_starts)) % 7)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
