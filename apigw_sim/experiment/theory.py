"""Exact figures of queues, buckets and caches, beside which the simulator is held."""

from __future__ import annotations

import math
from collections.abc import Sequence


def erlang_b(servers: int, load: float) -> float:
    """The share that is lost of `load` Erlangs by so many servers without a queue (Erlang 1917)."""
    lost = 1.0
    for n in range(1, servers + 1):
        lost = load * lost / (n + load * lost)
    return lost


def erlang_c(servers: int, load: float) -> float:
    """The share that waits of `load` Erlangs at so many servers with an endless queue; load below servers."""
    lost = erlang_b(servers, load)
    return lost / (1 - load / servers * (1 - lost))


def in_system(servers: int, places: int, load: float) -> list[float]:
    """Stationary probabilities of 0..places requests in M/M/servers/places."""
    weights = [1.0]
    for n in range(1, places + 1):
        weights.append(weights[-1] * load / min(n, servers))
    return [weight / sum(weights) for weight in weights]


def wait_mmc(servers: int, load: float, service: float) -> float:
    """The mean wait in M/M/c, in units of `service`, its mean."""
    return erlang_c(servers, load) * service / (servers - load)


def wait_mg1(load: float, service: float, cv: float) -> float:
    """The mean wait in M/G/1, from the mean and the coefficient of variation of the service (Pollaczek, Khinchine)."""
    return load * service * (1 + cv * cv) / (2 * (1 - load))


def bucket_refuses(burst: int, load: float) -> float:
    """The share that a bucket refuses of a Poisson stream of `load` times its rate.

    What a bucket lacks is the work of a queue that serves a request in 1/rate: a request finds a token if fewer than
    `burst` are in it. So it is what M/D/1/burst loses, by the chain of those left behind at departures.
    """
    arrivals = [math.exp(-load)]
    for n in range(1, burst + 1):
        arrivals.append(arrivals[-1] * load / n)
    # pi[j]: the chance that a departure leaves j, up to a factor; each follows from those below it.
    pi = [1.0]
    for j in range(burst - 1):
        inflow = pi[0] * arrivals[j] + sum(pi[i] * arrivals[j - i + 1] for i in range(1, j + 1))
        pi.append((pi[j] - inflow) / arrivals[0])
    empty = pi[0] / math.fsum(pi)
    return 1 - 1 / (empty + load)


def cache_hits(rates: Sequence[float], ttl: float) -> float:
    """The share of hits among Poisson look-ups of keys, each of which lives for `ttl` from its fetch."""
    return sum(rate * rate * ttl / (1 + rate * ttl) for rate in rates) / sum(rates)


def zipf(n: int, s: float) -> list[float]:
    """The shares of n items by Zipf's law."""
    weights = [k**-s for k in range(1, n + 1)]
    return [weight / sum(weights) for weight in weights]


def attempts(most: int, fails: float) -> float:
    """The mean number of attempts of a call that is tried again until it does not fail, `most` times in all."""
    return sum(fails**n for n in range(most))


def of_users(users: int, servers: int, load: float, places: int | None = None) -> list[float]:
    """Stationary probabilities of how many of so many users are at a server, of 0..places (default: all of them).

    `load` is the mean service over the mean think time. With as many places as users it is the machine repairman's
    M/M/c//N, with as many as servers Engset's loss system; there, who finds all taken thinks again.
    """
    weights = [1.0]
    for n in range(1, (users if places is None else places) + 1):
        weights.append(weights[-1] * load * (users - n + 1) / min(n, servers))
    return [weight / sum(weights) for weight in weights]


def engset(users: int, servers: int, load: float) -> float:
    """The share of calls that find all servers taken: what a user sees is the system without itself."""
    return of_users(users - 1, servers, load, servers)[-1]
