"""How many requests a second reach each function, as far as it can be told before a run.

First attempts only, of all clients together, instant by instant; a method's throttle and the account's let their rate
pass and no more; an authorizer that caches nothing gets all of them, before the throttles. The cache, usage plans and
retries are left out: what the cache saves and what retries add only a run can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.words import CLOSE
from apigw_sim.plan.offered import calls_per_arrival
from apigw_sim.plan.tables import NULL, Counted, Listed, Placement, Rated

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rate:
    """A rate over time in stretches that do not overlap, each linear from `first` to `last` requests per second."""

    begins: Ints
    ends: Ints
    first: Floats
    last: Floats

    def at(self, instants: Ints, *, before: bool) -> Floats:
        """The rate at instants: just before them, or from them on."""
        if not len(self.begins):
            return np.zeros(len(instants))
        row = np.searchsorted(self.begins, instants, "left" if before else "right") - 1
        begin, end = self.begins[row], self.ends[row]
        inside = (row >= 0) & (instants <= end if before else instants < end)
        part = (instants - begin) / np.maximum(end - begin, 1)
        rate: Floats = np.where(inside, self.first[row] + (self.last[row] - self.first[row]) * part, 0.0)
        return rate


def rates_of(arrivals: Rated | Counted | Listed) -> list[Rate]:
    """The expected arrivals of a client per second, to be summed; of a Markov-modulated process in its busiest state."""
    if not isinstance(arrivals, Rated):
        return [rate_of(arrivals)]
    made = []
    for stream in arrivals.streams:
        rows, times = stream.segments, stream.batches.mean if stream.batches else 1.0
        if stream.chain:
            times *= max(p / q for p, q in stream.chain.times)
        made.append(
            Rate(
                np.array([row.begin for row in rows], np.int64),
                np.array([row.end for row in rows], np.int64),
                np.array([row.first[0] / row.first[1] * times for row in rows], np.float64),
                np.array([row.last[0] / row.last[1] * times for row in rows], np.float64),
            )
        )
    return made


def rate_of(arrivals: Counted | Listed) -> Rate:
    """The arrivals of a trace per second; its least stretch is a second."""
    if isinstance(arrivals, Listed) or arrivals.span < units.SECOND or arrivals.placement is Placement.START:
        at, counts = (
            (arrivals.at, None) if isinstance(arrivals, Listed) else (arrivals.begins, arrivals.counts)
        )
        second, which = np.unique(at // units.SECOND, return_inverse=True)
        each = np.bincount(which, counts, minlength=len(second)).astype(np.float64)
        return Rate(second * units.SECOND, (second + 1) * units.SECOND, each, each)
    ends = np.minimum(arrivals.begins + arrivals.span, arrivals.end)
    peak = arrivals.peak_to_mean if arrivals.placement is Placement.BURSTY else 1.0
    each = arrivals.counts * peak * units.SECOND / np.maximum(ends - arrivals.begins, units.SECOND)
    return Rate(arrivals.begins, ends, each, each)


class Peak(NamedTuple):
    """The worst instant of a run for some functions together."""

    requests: float
    """Per second."""
    at_once: float
    """What runs at once: requests times mean Duration."""
    at: int
    """ns: the first instant at which it is so."""


@dataclass(frozen=True)
class Offered:
    """What is offered to the functions of a case."""

    case: Case

    def most_at_once(self, functions: list[int]) -> Peak:
        """The instant at which most runs at once in some rows of plan.backends."""
        return self._peak(functions, by_requests=False)

    def most_requests(self, functions: list[int]) -> Peak:
        """The instant at which most requests a second come to some rows of plan.backends."""
        return self._peak(functions, by_requests=True)

    def most_arriving(self, clients: list[int]) -> float:
        """Most first attempts per second of some rows of plan.clients together."""
        together = sum((self._of_clients[row] for row in clients), self._nothing)
        return float(together.max(initial=0.0))

    def mean(self, function: int) -> float:
        """The mean Duration of a function in seconds, its timeout at most."""
        row = self.case.plan.backends[function]
        return min(row.mean_ns, row.timeout_ns) / units.SECOND

    def methods(self, functions: list[int]) -> list[int]:
        """The rows of plan.methods that send requests to some rows of plan.backends."""
        plan = self.case.plan
        return [
            row
            for row in self._calls
            if plan.invoked(plan.methods[row]).keys() & set(functions) or self._asked(row) in functions
        ]

    def _asked(self, method: int) -> int:
        """The function that each request to a method invokes to be authorized; NULL: none, or its results are cached."""
        guard = self.case.plan.methods[method].authorizer
        authorizer = self.case.plan.authorizers[guard] if guard != NULL else None
        return authorizer.backend if authorizer is not None and not authorizer.ttl_ns else NULL

    def _peak(self, functions: list[int], *, by_requests: bool) -> Peak:
        if not len(self._instants):
            return Peak(0.0, 0.0, 0)
        mine = [(self._passed[row], self.mean(row)) for row in functions if row in self._passed]
        requests = sum((rate for rate, _ in mine), self._nothing)
        at_once = sum((rate * mean for rate, mean in mine), self._nothing)
        judged = requests if by_requests else at_once
        found = int(np.argmax(judged >= judged.max() / CLOSE))
        at = int(self._instants[found // 2])
        return Peak(float(requests[found]), float(at_once[found]), at)

    @cached_property
    def _rates(self) -> list[list[Rate]]:
        return [rates_of(client.arrivals) for client in self.case.plan.clients]

    @cached_property
    def _calls(self) -> dict[int, list[tuple[int, float]]]:
        """Row of plan.methods -> the clients that call it, each with the share of its calls."""
        found: dict[int, list[tuple[int, float]]] = {}
        for method, calls in sorted(self.case.calls_of.items()):
            shares: dict[int, float] = {}
            for client, call in calls:
                shares[client] = shares.get(client, 0.0) + float(call.share)
            found[method] = list(shares.items())
        return found

    @cached_property
    def _instants(self) -> Ints:
        """Where some rate begins, ends or jumps: the peaks lie there."""
        rates = [rate for of_client in self._rates for rate in of_client]
        return np.unique(np.concatenate([edge for rate in rates for edge in (rate.begins, rate.ends)]))

    @cached_property
    def _nothing(self) -> Floats:
        return np.zeros(2 * len(self._instants))

    @cached_property
    def _of_clients(self) -> list[Floats]:
        """First attempts of each client per second, before each instant and from it on."""
        instants = self._instants
        return [
            sum(
                (
                    np.stack(
                        [rate.at(instants, before=True), rate.at(instants, before=False)], axis=1
                    ).ravel()
                    for rate in of_client
                ),
                self._nothing,
            )
            * calls_per_arrival(client, self.case.plan.duration)
            for client, of_client in zip(self.case.plan.clients, self._rates, strict=True)
        ]

    @cached_property
    def _passed(self) -> dict[int, Floats]:
        """Row of plan.backends -> its requests per second, before each instant and from it on."""
        clients, plan = self._of_clients, self.case.plan
        whole = [self._nothing.copy() for _ in plan.regions]
        found = [dict[int, Floats]() for _ in plan.regions]
        asked = dict[int, Floats]()
        for method, shares in self._calls.items():
            rate = sum((clients[client] * share for client, share in shares), self._nothing)
            if self._asked(method) != NULL:  # before the throttles of methods and of the account
                asked[self._asked(method)] = asked.get(self._asked(method), self._nothing) + rate
            throttle = self.case.places[method].settings.throttle
            if throttle:
                rate = np.minimum(rate, float(throttle.rate))
            region = plan.stages[plan.methods[method].stage].region
            whole[region] += rate
            for backend, share in plan.invoked(plan.methods[method]).items():
                here = found[region]
                here[backend] = here.get(backend, self._nothing) + rate * float(share)
        passed = dict[int, Floats]()
        for region, here in enumerate(found):
            most = float(self.case.rate_in(region))
            passes = most / np.maximum(whole[region], most or 1.0)
            for backend, rate in here.items():
                passed[backend] = passed.get(backend, self._nothing) + rate * passes
        for backend, rate in asked.items():
            passed[backend] = passed.get(backend, self._nothing) + rate
        return passed
