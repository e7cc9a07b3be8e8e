"""Whole runs beside exact theory: what a bucket refuses, what a limit loses, how long a queue is, how often a cache hits.

Each test states the wrong alternative that it would see; see `odds` for the false-alarm rate and the power.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.running import FUNCTION, MOCK, NO_LAMBDA_LIMITS, SECOND, SERVER, Ran, Run, client, story
from theory.odds import erlang_b, in_system, met, normal_agrees, poisson_agrees, replications_agree

from apigw_sim.draws import Group, draw, vectors
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import ATTEMPTS, INVOCATIONS, Cache, Outcome
from apigw_sim.rules import reason

LONG = [pytest.param(True, marks=pytest.mark.slow, id="long"), pytest.param(False, id="short")]
"""The same test twice: in a second or two with some power, and slowly with more."""


def poisson(rate: float) -> dict[str, Any]:
    return {"process": "poisson", "rate": f"{rate}/s"}


def lasting(seconds: float) -> dict[str, Any]:
    """A run that is a tenth longer than what is expected, in one period."""
    span = f"{int(seconds * 1.1) + 2} s"
    return {"duration": span, "period": span}


def raised() -> dict[str, Any]:
    """An account whose throttle is never met."""
    return {"throttle": {"rate": "1000000/s", "burst": 1_000_000}}


def between(begins: np.ndarray, cycles: int) -> int:
    """How many lie between the first of `begins` (a mask over arrivals) and the one that ends so many cycles."""
    places = np.flatnonzero(begins)
    assert len(places) > cycles, "the run is too short"
    return int(places[cycles] - places[0]) - cycles


# a bucket


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize("rho", [0.5, 2.0])
def test_poisson_through_a_bucket_of_burst_1_is_refused_with_rho_over_1_plus_rho(
    run: Run, rho: float, long: bool
) -> None:
    """Whoever is admitted found exactly one token, so it leaves exactly none, and for 1/rate all are refused: a Poisson
    number of mean rho; then the next to come is admitted. So the refused in K such cycles are Poisson of K rho, exactly,
    and of all the share rho / (1 + rho). Seen: rho 10 % off (long: 3 %)."""
    cycles = int((90_000 if long else 9_000) / rho)
    said = story(
        poisson(100 * rho), settings={"throttle": {"rate": "100/s", "burst": 1}}, account=raised(),
        run=lasting(cycles * (1 + 1 / rho) / 100),
    )  # fmt: skip
    ran = run(said)
    refused = between(ran.column(ATTEMPTS, "reason") == reason.OK, cycles)
    poisson_agrees(refused, cycles * rho, 1.03 if long else 1.1)


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize("hosts", [2, 5])
def test_poisson_through_a_bucket_on_several_hosts_loses_what_its_parts_lose(
    run: Run, hosts: int, long: bool
) -> None:
    """Poisson arrivals that choose among hosts are independent Poisson streams, and a burst of one token a host makes
    each the bucket above, of a share of the rate: at rho 2 every host refuses a Poisson number of mean 2 in a cycle, so
    in K cycles of each all together refuse Poisson of K rho hosts. Seen: rho 10 % off (long: 3 %), and far more an ideal
    bucket of that burst, which refuses half of all and not two thirds."""
    rho, cycles = 2.0, (45_000 if long else 4_500) // hosts
    said = story(
        poisson(100 * rho), settings={"throttle": {"rate": "100/s", "burst": hosts}}, account=raised(),
        run=lasting(cycles * hosts * (1 + 1 / rho) / 100),
        assumptions={"throttling": {"partitioned": {"hosts": hosts, "each": "share"}}},
    )  # fmt: skip
    ran = run(said)
    calls = ran.column(ATTEMPTS, "call")
    ones = np.ones_like(calls)
    words = draw(ran.plan, ran.plan.seed).client(0).words(Group.HOST, calls, ones, 0 * ones)[:, 0]
    came, admitted = vectors.uniforms(words, hosts), ran.column(ATTEMPTS, "reason") == reason.OK
    refused = sum(between(admitted[came == host], cycles) for host in range(hosts))
    poisson_agrees(refused, hosts * cycles * rho, 1.03 if long else 1.1)


# a concurrency limit


LAWS = {
    "exponential": {"exponential": {"mean": "100 ms"}},
    "constant": "100 ms",
    "lognormal": {"lognormal": {"mean": "100 ms", "cv": 1.5}},
}


def limited(servers: int, load: float, law: str, seconds: float) -> dict[str, Any]:
    """A function with a reservation, cold starts, scaling rate and request limit off; durations of 100 ms."""
    return story(
        poisson(load * 10), {**FUNCTION, "timeout": "29 s"},
        functions={"f": {"duration": LAWS[law], "reserved_concurrency": servers}},
        account={**raised(), **NO_LAMBDA_LIMITS},
        run=lasting(seconds),
    )  # fmt: skip


def first(ran: Ran, n: int) -> np.ndarray:
    """Which of the first n calls, in their order, were refused by Lambda."""
    order = np.argsort(ran.column(ATTEMPTS, "call"))[:n]
    assert len(order) == n, "the run is too short"
    return ran.column(ATTEMPTS, "reason")[order] == reason.LAMBDA_THROTTLED


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize(("servers", "load"), [(1, 1.0), (5, 10.0)])
def test_with_exponential_durations_what_a_limit_refuses_is_the_chains_own_number(
    run: Run, servers: int, load: float, long: bool
) -> None:
    """M/M/c/c from empty: mean and variance of the number lost among the first n are exact, not those of the limit.
    Seen: a loss 10 % off (long: 3 %; the share in the long run is Erlang's B)."""
    n = 110_000 if long else 11_000
    lost = int(first(run(limited(servers, load, "exponential", n / load / 10)), n).sum())
    mean, variance = met(load, [float(k) for k in range(servers + 1)], {servers}, n)
    assert mean / n == pytest.approx(erlang_b(servers, load), rel=2e-3)
    normal_agrees(lost, mean, variance, 1.03 if long else 1.1)


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize("law", ["constant", "lognormal"])
def test_whatever_the_law_of_the_duration_the_share_refused_is_erlang_b(
    run: Run, law: str, long: bool
) -> None:
    """M/G/c/c with 5 servers and 10 Erlangs. 40 replications, the first second (10 durations) of each left out.
    Seen: a loss 10 % off (long: 3 %)."""
    calls = {"constant": 600, "lognormal": 850}[law] * (11 if long else 1)
    shares = []
    for replication in range(40):
        ran = run(limited(5, 10.0, law, calls / 100 * 1.1), replication=replication)
        order = np.argsort(ran.column(ATTEMPTS, "call"))
        later = ran.column(ATTEMPTS, "arrived_ns")[order] >= SECOND
        refused = (ran.column(ATTEMPTS, "reason")[order] == reason.LAMBDA_THROTTLED)[later][:calls]
        assert len(refused) == calls
        shares.append(float(refused.mean()))
    replications_agree(shares, erlang_b(5, 10.0), 1.03 if long else 1.1)


@pytest.mark.parametrize("long", LONG)
def test_what_a_database_refuses_is_the_chains_own_number(run: Run, long: bool) -> None:
    """M/M/c/c: a connection for each query, nothing else that takes time, and no limit before the connections.
    Seen: a loss 10 % off (long: 3 %)."""
    n, connections, load = 110_000 if long else 11_000, 5, 10.0
    said = limited(100, load, "exponential", n / load / 10)
    said["databases"] = {"d": {"connections": connections}}
    query = {"name": "d", "query": LAWS["exponential"], "connection": "each"}
    said["functions"]["f"] |= {"duration": "0 ms", "database": query}
    ran = run(said)
    order = np.argsort(ran.column(ATTEMPTS, "call"))[:n]
    refused = int((ran.column(ATTEMPTS, "reason")[order] == reason.FUNCTION_ERROR).sum())
    normal_agrees(
        refused,
        *met(load, [float(k) for k in range(connections + 1)], {connections}, n),
        1.03 if long else 1.1,
    )


def test_concurrency_over_time_is_what_the_loss_lets_through(run: Run) -> None:
    """The area of the concurrency gauge is the sum of the durations that ran, to the nanosecond (Little's law)."""
    ran = run(limited(5, 10.0, "exponential", 20))
    durations = ran.column(INVOCATIONS, "duration_ns")
    rows = ran.levels(ran.plan.gauge(GaugeKind.CONCURRENCY, 0))
    assert sum(row.area for row in rows) == durations[durations >= 0].sum()
    assert (max(row.peak for row in rows), rows[-1].level) == (5, 0)


# a queue


@pytest.mark.parametrize("long", LONG)
def test_an_http_backend_is_the_queue_m_m_c_k(run: Run, long: bool) -> None:
    """2 places and 3 to wait, load 3: who finds all 5 taken gets 503, who finds 2 to 4 waits. From empty, exactly.
    Seen: a loss 15 % off and a share that waits 10 % off (long: 5 % and 3 %)."""
    n = 142_000 if long else 19_000
    servers, places, load = 2, 5, 3.0
    ran = run(
        story(
            poisson(load * 10), {**SERVER, "timeout": "29 s"}, account=raised(),
            backends={"h": {"http": {"latency": LAWS["exponential"], "concurrency": servers, "queue": places - servers}}},
            run=lasting(n / load / 10),
        )
    )  # fmt: skip
    order = np.argsort(ran.column(INVOCATIONS, "call"))[:n]
    assert len(order) == n
    lost = ran.column(INVOCATIONS, "outcome")[order] == Outcome.QUEUE_FULL
    waited = ran.column(INVOCATIONS, "queued_ns")[order] > 0
    leaving = [float(min(k, servers)) for k in range(places + 1)]
    stationary = in_system(servers, places, load)
    mean, variance = met(load, leaving, {places}, n)
    assert mean / n == pytest.approx(stationary[-1], rel=5e-3)
    normal_agrees(int(lost.sum()), mean, variance, 1.05 if long else 1.15)
    mean, variance = met(load, leaving, set(range(servers, places)), n)
    normal_agrees(int(waited.sum()), mean, variance, 1.03 if long else 1.1)


# a cache


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_a_cache_before_a_backend_that_answers_at_once_hits_lambda_t_over_1_plus_lambda_t(
    run: Run, rate: float, long: bool
) -> None:
    """A miss is stored at once and lives for T = 1 s, in which all that come are hits: a Poisson number of mean lambda T.
    So the hits in K such cycles are Poisson of K lambda T. Seen: lambda T 10 % off (long: 3 %)."""
    cycles = int((90_000 if long else 9_000) / rate)
    ran = run(
        story(
            poisson(rate), SERVER, account=raised(), backends={"h": {"http": {"latency": "0 ms"}}},
            stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "1 s"}},
            run=lasting(cycles * (1 + 1 / rate)),
        )
    )  # fmt: skip
    order = np.argsort(ran.column(ATTEMPTS, "call"))
    hits = between(ran.column(ATTEMPTS, "cache")[order] == Cache.MISS, cycles)
    poisson_agrees(hits, cycles * rate, 1.03 if long else 1.1)


def test_each_entry_of_a_cache_hits_by_its_own_rate(run: Run) -> None:
    """Ten items by Zipf (s = 1) at 20/s, T = 1 s: of item k the expected share of hits is m / (1 + m), m = lambda_k T.
    The hits of 400 cycles of each of the three most popular are Poisson of 400 m. Seen: m 35 % off."""
    ran = run(
        story(
            route="GET /items/{id}", integration=SERVER, method={"cache_key": ["path.id"]}, account=raised(),
            clients={"c": client(poisson(20), [{"call": "GET /items/{id}", "path": {"id": {"zipf": {"n": 10, "s": 1}}}}])},
            backends={"h": {"http": {"latency": "0 ms"}}},
            stage={"cache_cluster": "0.5 GB"}, settings={"caching": {"ttl": "1 s"}},
            run=lasting(800),
        )
    )  # fmt: skip
    (row,) = ran.plan.clients
    blocks = _items(ran)
    order = np.argsort(ran.column(ATTEMPTS, "call"))
    missed = ran.column(ATTEMPTS, "cache")[order] == Cache.MISS
    harmonic = sum(1 / k for k in range(1, 11))
    assert len(row.calls[0].parameters) == 1
    for item in range(3):
        rate = 20 / harmonic / (item + 1)
        poisson_agrees(between(missed[blocks == item], 400), 400 * rate, 1.35)


def _items(ran: Ran) -> np.ndarray:
    """The item that each call asked for, in the order of calls."""
    from apigw_sim.draws import draw

    return np.concatenate([block.entry for block in draw(ran.plan, ran.plan.seed).client(0).blocks()])


# what a mock that is never refused does with Poisson


def test_a_mock_answers_every_one_of_a_poisson_number(run: Run) -> None:
    """10,000 expected. Seen: a rate 10 % off."""
    ran = run(story(poisson(1_000), MOCK, account=raised()))
    assert set(ran.column(ATTEMPTS, "status")) == {200}
    poisson_agrees(len(ran.tables["attempts"]), 10_000, 1.1)
