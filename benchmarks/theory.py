"""The exact answer of the M/M/c queue, and how far a finite run may lie from it."""

from __future__ import annotations

from math import sqrt


def erlang_c(servers: int, load: float) -> float:
    """The probability that an arrival waits; `load` in Erlang. Erlang B by its recursion, then C from B.

    >>> round(erlang_c(1, 0.9), 12)
    0.9
    >>> round(erlang_c(2, 1.0), 12)
    0.333333333333
    """
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_response(servers: int, rate: float, service: float) -> float:
    """Mean seconds in the system of an M/M/c queue with `rate` arrivals/s and mean service of `service` s.

    >>> round(mean_response(1, 9.0, 0.1), 12)
    1.0
    """
    return service + erlang_c(servers, rate * service) / (servers / service - rate)


def in_system_spread(servers: int, rate: float, service: float, seconds: float) -> float:
    """The standard deviation of the mean number in system over `seconds`, from stationarity.

    A birth-death process has it exactly, as 2 / T times the sum over n of (sum over j <= n of (j - mean) p_j)^2
    / (rate p_n) (Whitt, "Planning queueing simulations", Management Science 35, 1989). M/M/1 has a closed form:

    >>> rho = 0.5  # of one server with a mean service of 1 s
    >>> round(in_system_spread(1, rho, 1.0, 2 * rho * (1 + rho) / (1 - rho) ** 4), 9)
    1.0
    """
    states = [1.0]
    while len(states) <= servers or states[-1] > 1e-18 * max(states):
        states.append(states[-1] * rate * service / min(len(states), servers))
    total = sum(states)
    shares = [weight / total for weight in states]
    mean = sum(n * share for n, share in enumerate(shares))
    below = variance = 0.0
    for n, share in enumerate(shares):
        below += (n - mean) * share
        variance += 2 * below * below / (rate * share)
    return sqrt(variance / seconds)
