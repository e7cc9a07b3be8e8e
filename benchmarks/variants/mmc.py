"""One queue for all: M/M/50 at nine tenths of its capacity, and what each program reports of it."""

from __future__ import annotations

from collections.abc import Iterable

SERVERS = 50
RATE = 450.0  # arrivals per second
SERVICE = 0.1  # mean seconds of service
WARM_UP = 20.0  # seconds left out at the start: 13 relaxation times of this queue
COOL_DOWN = 5.0  # seconds left out at the end, where a peer loses what is under way


def horizon(n: int) -> float:
    """Seconds that give about n arrivals."""
    return n / RATE


def window(n: int) -> float:
    """Seconds whose arrivals are looked at."""
    return horizon(n) - WARM_UP - COOL_DOWN


def in_system(journeys: Iterable[tuple[float, float]], n: int) -> float:
    """The mean number in system, from (arrival, departure): Little's law over the arrivals in the window."""
    end = horizon(n) - COOL_DOWN
    return sum(end_s - start_s for start_s, end_s in journeys if WARM_UP <= start_s < end) / window(n)
