"""How often intervals hold what they promise, on processes of which the truth is known; printed with its own interval.

A thousand studies of each process, at 5, 10 and 30 runs and after stopping at a precision. What must be at least 93 % is
the coverage of those intervals that are not marked to be trusted less; the mark itself is looked at as well. `pytest -m
slow -s tests/experiment/test_coverage.py` prints the table. It fails below 93 % less three standard errors, 90.6 %: a
coverage that is 93 % does so in one test of 550, one that is 95 % never; one of 88 % is seen with a power above 0.99.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats
from theory.odds import erlang_b

from apigw_sim.experiment.cells import Cells
from apigw_sim.experiment.estimates import Interval
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.statistics import statistics
from apigw_sim.experiment.stopping import Stopping, Target
from apigw_sim.units import MS

Rng = np.random.Generator
LEAST = 0.93
STUDIES = 1000


def waits(rho: float, customers: int, runs: int, rng: Rng, settle: int = 1000) -> NDArray[np.float64]:
    """Times in an M/M/1 queue of service rate 1, a row for each run (Lindley 1952)."""
    service = rng.exponential(1.0, (runs, customers + settle))
    steps = np.empty_like(service)
    steps[:, 0] = 0
    steps[:, 1:] = service[:, :-1] - rng.exponential(1 / rho, (runs, customers + settle - 1))
    walk = steps.cumsum(axis=1)
    return (walk - np.minimum.accumulate(walk, axis=1) + service)[:, settle:]


def erlang_loss(servers: int, load: float, calls: int, runs: int, rng: Rng) -> NDArray[np.int64]:
    """How many of so many Poisson calls are lost in each run: the chain before arrivals, all runs in step."""
    state = rng.integers(0, servers + 1, runs)
    lost = np.zeros(runs, np.int64)
    for call in range(calls + 50):
        ended = rng.binomial(state, 1 - np.exp(-rng.exponential(1 / load, runs)))
        state -= ended
        full = state == servers
        if call >= 50:
            lost += full
        state += ~full
    return lost


def refused_by_bucket(rho: float, calls: int, runs: int, rng: Rng) -> NDArray[np.int64]:
    """Of Poisson calls at a bucket of burst 1, rho calls a token: refused are those within one token of the last admitted."""
    gaps = rng.exponential(1 / rho, (runs, calls))
    since = np.full(runs, 2.0)
    refused = np.zeros(runs, np.int64)
    for call in range(calls):
        since += gaps[:, call]
        took = since >= 1
        refused += ~took
        since[took] = 0
    return refused


def hits(rate: float, items: int, calls: int, runs: int, rng: Rng) -> NDArray[np.int64]:
    """Hits among so many calls for equally popular items, `rate` of each in a lifetime of 1; the first 200 left out."""
    instants = rng.exponential(1 / (rate * items), (runs, calls + 200)).cumsum(axis=1)
    asked = rng.integers(0, items, (runs, calls + 200))
    stored, every = np.full((runs, items), -2.0), np.arange(runs)
    found = np.zeros(runs, np.int64)
    for call in range(calls + 200):
        item, now = asked[:, call], instants[:, call]
        hit = now - stored[every, item] < 1
        found += hit & (call >= 200)
        stored[every[~hit], item[~hit]] = now[~hit]
    return found


class Case(NamedTuple):
    """A process of which the truth is known."""

    name: str
    truth: float
    metric: str
    records: Callable[[int, Rng], list[Record]]
    """So many runs of it."""
    precision: str
    """What is asked for where a study goes on until it is reached."""

    def stream(self, rng: Rng) -> Iterator[Record]:
        """Runs without an end: one study takes some, the next goes on behind it."""
        while True:
            yield from self.records(200, rng)

    def fixed(self, runs: int, stream: Iterator[Record]) -> Interval:
        """The interval of a study of so many runs."""
        records = list(islice(stream, runs))
        return statistics(records)[self.metric].estimate(records)

    def sequential(self, stream: Iterator[Record]) -> Interval:
        """The interval of a study that goes on until the precision is reached."""
        stopping = Stopping([Target.read(f"{self.metric} {self.precision}")], 400)
        records = [next(stream)]
        known = statistics(records)
        while not stopping.enough(records, known):
            records.append(next(stream))
        return stopping.estimate(known[self.metric], records)


def mean_wait(rho: float, customers: int) -> Callable[[int, Rng], list[Record]]:
    """Runs of which each has the mean time of its customers."""
    return lambda runs, rng: [
        Record(0, values={"x": float(mean)}) for mean in waits(rho, customers, runs, rng).mean(axis=1)
    ]


def latencies(
    point: str, samples: Callable[[int, Rng], NDArray[np.float64]]
) -> Callable[[int, Rng], list[Record]]:
    """Runs that keep their samples as cells, in ms."""
    return lambda runs, rng: [
        Record(
            0,
            values={f"latency_ms.{point}": 0.0},
            cells={"latency_ms": Cells.of((row * MS).astype(np.int64))},
        )
        for row in samples(runs, rng)
    ]


def shares(counts: Callable[[int, Rng], NDArray[np.int64]], whole: int) -> Callable[[int, Rng], list[Record]]:
    """Runs of which each has so many of so many."""
    return lambda runs, rng: [Record(0, shares={"share": (int(count), whole)}) for count in counts(runs, rng)]


def lognormal(samples: int) -> Callable[[int, Rng], NDArray[np.float64]]:
    return lambda runs, rng: rng.lognormal(0, 1, (runs, samples))


CASES = [
    Case("M/M/1 mean time, load 0.5", 1 / 0.5, "x", mean_wait(0.5, 2000), "2.5 %"),
    Case("M/M/1 mean time, load 0.8", 1 / 0.2, "x", mean_wait(0.8, 4000), "5 %"),
    Case(
        "M/M/1 p99 of time, load 0.5", math.log(100) / 0.5, "latency_ms.p99",
        latencies("p99", lambda n, r: waits(0.5, 4000, n, r)), "5 %",
    ),
    Case("bucket, twice its rate", 2 / 3, "share", shares(lambda n, r: refused_by_bucket(2.0, 300, n, r), 300), "1.5 %"),
    Case(
        "Erlang B, 5 servers, 3 Erlangs", erlang_b(5, 3.0), "share",
        shares(lambda n, r: erlang_loss(5, 3.0, 500, n, r), 500), "8 %",
    ),
    Case("cache hit rate", 2 / 3, "share", shares(lambda n, r: hits(2.0, 10, 400, n, r), 400), "1.2 %"),
    Case("lognormal p50", 1.0, "latency_ms.p50", latencies("p50", lognormal(500)), "2.5 %"),
    Case("lognormal p99", math.exp(special.ndtri(0.99)), "latency_ms.p99", latencies("p99", lognormal(2000)), "4 %"),
    Case("lognormal p99.9", math.exp(special.ndtri(0.999)), "latency_ms.p99.9", latencies("p99.9", lognormal(5000)), "8 %"),
    Case("a rare share, 1 in 1,000", 1e-3, "share", shares(lambda n, r: r.binomial(1000, 1e-3, n), 1000), "50 %"),
]  # fmt: skip
BY_NAME = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def holds(interval: Interval, truth: float) -> bool:
    """Whether an interval has the truth; a bound or a missing end has no limit there."""
    low = -math.inf if interval.low is None else interval.low
    high = math.inf if interval.high is None else interval.high
    # Cells are 0.1 % wide.
    return low * (1 - 5e-4) <= truth <= high * (1 + 5e-4)


def told(name: str, how: str, found: list[bool], marked: int) -> float:
    """Print a coverage with Clopper and Pearson's interval; gives it."""
    seen, n = sum(found), len(found)
    ends = stats.binomtest(seen, n).proportion_ci(0.95) if n else None
    between = f"[{ends.low:.1%}, {ends.high:.1%}]" if ends else ""
    sys.stdout.write(f"{name:34} {how:>14}  {seen / max(n, 1):6.1%} {between}  of {n}, {marked} marked\n")
    return seen / n if n else 1.0


def bound(studies: int) -> float:
    """What a coverage of 93 % may show by chance in so many studies: three standard errors less."""
    return LEAST - 3 * math.sqrt(LEAST * (1 - LEAST) / studies)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [5, 10, 30])
@BY_NAME
def test_intervals_of_so_many_runs_hold_the_truth(case: Case, runs: int) -> None:
    """1,000 studies each. Seen: a coverage of 89 % (power 0.94) and of 88 % (above 0.99)."""
    stream = case.stream(np.random.default_rng([runs, len(case.name)]))
    intervals = [case.fixed(runs, stream) for _ in range(STUDIES)]
    judged(case, f"{runs} runs", intervals)


@pytest.mark.slow
@BY_NAME
def test_intervals_hold_the_truth_after_stopping_at_a_precision(case: Case) -> None:
    """1,000 studies each. Stopping when it looks narrow favours what is too narrow by chance: with the plain
    intervals the two M/M/1 cases at load 0.8 and p99 have 92.9 % and 92.5 %."""
    stream = case.stream(np.random.default_rng([13, len(case.name)]))
    intervals = [case.sequential(stream) for _ in range(STUDIES)]
    runs = np.mean([one.runs for one in intervals])
    judged(case, f"~{runs:.0f} runs, stopped", intervals)
    assert runs > 12, "the precision was reached too easily to show anything"


def judged(case: Case, how: str, intervals: list[Interval]) -> None:
    """All intervals together hold, and those that are trusted do where they are many; or nearly all are marked."""
    trusted = [holds(one, case.truth) for one in intervals if one.trusted]
    coverage = told(case.name, how, trusted, len(intervals) - len(trusted))
    every = sum(holds(one, case.truth) for one in intervals) / len(intervals)
    assert every >= bound(len(intervals)) or len(trusted) < 0.1 * len(intervals)
    if len(trusted) >= 0.5 * len(intervals):
        assert coverage >= bound(len(trusted))


def test_intervals_of_five_runs_hold_the_truth_in_small() -> None:
    """300 studies of each of four cases. Seen: a coverage below 85 % (power above 0.99); false alarm below 1e-4."""
    for case in CASES[3:7]:
        stream = case.stream(np.random.default_rng(11))
        found = [holds(case.fixed(5, stream), case.truth) for _ in range(300)]
        assert told(case.name, "5 runs", found, 0) >= 0.9, case.name


@pytest.mark.parametrize("runs", [5, 10])
def test_a_quantile_beyond_what_the_runs_can_tell_is_marked(runs: int) -> None:
    """p99.9 of an M/M/1 queue at load 0.8 from 1,000 customers a run: a busy period is one event, and few reach so far."""
    tail = latencies("p99.9", lambda n, rng: waits(0.8, 1000, n, rng))
    case = Case("M/M/1 p99.9 of time, load 0.8", math.log(1000) / 0.2, "latency_ms.p99.9", tail, "10 %")
    stream = case.stream(np.random.default_rng(12))
    marked = [not case.fixed(runs, stream).trusted for _ in range(100)]
    assert np.mean(marked) >= 0.97


@pytest.mark.slow
def test_the_simulators_own_losses_are_within_their_intervals(loss: str) -> None:
    """Erlang's B of 2 servers and 2 Erlangs is 0.4: 60 studies of 5 runs of the simulator, 95 % of which have it. Seen:
    a loss or an interval that is off so that fewer than 80 % have it (power 0.99); false alarm 1e-4."""
    from apigw_sim.experiment.runs import job, prepare, run_job

    ready = prepare(loss)
    records = [run_job(job(ready, number)) for number in range(300)]
    one = statistics(records)["functions.f.throttles"]
    found = [holds(one.estimate(records[begin : begin + 5]), 0.4) for begin in range(0, 300, 5)]
    assert told("simulated Erlang B", "5 runs", found, 0) >= 0.85
    whole = one.estimate(records, 0.999)
    assert holds(whole, 0.4)
    assert whole.relative is not None
    assert whole.relative < 0.02
