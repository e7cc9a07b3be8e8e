"""Clients as rows: rates as stretches, calls by weight, keys, retries; and the plan as a whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from apigw_sim import units
from apigw_sim.errors import ScenarioError
from apigw_sim.plan.arrivals import MOST_RAMPED, segments
from apigw_sim.plan.tables import NULL, Choice, GaugeKind, Plan, Rated, Segment
from apigw_sim.rules import backoff
from apigw_sim.scenario.arrivals import Step

Make = Callable[..., Plan]
S = units.SECOND


def step(begin: int, rate: Fraction | int, ramp: int = 0) -> Step:
    return Step.model_construct(from_=begin * S, rate=Fraction(rate), ramp=ramp * S)


def expected(stretch: Segment) -> Fraction:
    mean = (Fraction(*stretch.first) + Fraction(*stretch.last)) / 2
    return mean * (stretch.end - stretch.begin) / S


def test_steps_and_ramps_are_linear_stretches() -> None:
    made = segments([step(0, 100), step(120, 3000, 10), step(420, 200)], 600 * S)
    assert made == (
        Segment(0, 120 * S, (100, 1), (100, 1)),
        Segment(120 * S, 130 * S, (100, 1), (3000, 1)),
        Segment(130 * S, 420 * S, (3000, 1), (3000, 1)),
        Segment(420 * S, 600 * S, (200, 1), (200, 1)),
    )


def test_before_the_first_step_and_at_rate_0_nothing_arrives() -> None:
    made = segments([step(10, 6, 4), step(20, 0), step(30, Fraction(1, 3))], 40 * S)
    assert made == (
        Segment(10 * S, 14 * S, (0, 1), (6, 1)),
        Segment(14 * S, 20 * S, (6, 1), (6, 1)),
        Segment(30 * S, 40 * S, (1, 3), (1, 3)),
    )


def test_a_ramp_is_cut_by_the_next_step_and_by_the_end() -> None:
    made = segments([step(0, 10, 10), step(5, 0, 10)], 10 * S)
    assert made == (Segment(0, 5 * S, (0, 1), (5, 1)), Segment(5 * S, 10 * S, (5, 1), (5, 2)))


def test_a_long_ramp_is_split_into_stretches_that_join() -> None:
    made = segments([step(0, 100_000, 100)], 100 * S)
    assert len(made) == 10
    assert all(one.end == two.begin and one.last == two.first for one, two in pairwise(made))
    assert max(expected(stretch) for stretch in made) <= MOST_RAMPED
    assert sum(expected(stretch) for stretch in made) == 5_000_000


def test_rates_have_small_denominators_and_none_is_lost(make: Make) -> None:
    arrivals = make(over={"clients.web.arrivals.rate": "12.34567/min"}).clients[0].arrivals
    assert isinstance(arrivals, Rated)
    p, q = arrivals.segments[0].first
    assert q <= 1_000_000
    assert p / q == pytest.approx(12.34567 / 60, rel=1e-9)
    with pytest.raises(ScenarioError, match=r"clients\.web\.arrivals\.rate: .* too small"):
        make(over={"clients.web.arrivals.rate": "0.01/d"})


def test_calls_weights_and_headers(make: Make) -> None:
    calls = [
        {"call": "POST /orders", "weight": 1},
        {"call": "GET /items/7", "weight": 3, "max_age_0": {"share": "50 %", "authorized": "50 %"}},
        {"call": "GET /items/8", "weight": 0},
    ]
    client = make(over={"clients.web.calls": calls}).clients[0]
    assert client.weights == (2**61, 2**63 - 1, 2**63 - 1)
    assert [call.method for call in client.calls] == [2, 0, 0]
    assert [call.text for call in client.calls] == ["POST /orders", "GET /items/7", "GET /items/8"]
    assert [(call.max_age_0, call.max_age_0_authorized) for call in client.calls] == [
        (0, 0),
        (2**62, 2**61),
        (0, 0),
    ]
    assert [call.idempotent for call in client.calls] == [False, True, True]


def test_keys_are_drawn_within_their_group(make: Make) -> None:
    parts = {
        "usage_plans": {"free": {"stages": {"shop/prod": {}}}},
        "api_keys": {"first": {"plans": ["free"]}, "hobby": {"plans": ["free"], "count": 5}},
    }
    one = make(parts, over={"clients.web.api_key": "first"}).clients[0]
    assert (one.keys, one.first_key) == (None, 0)
    zipf = make(parts, over={"clients.web.api_key": {"from": "hobby", "zipf": {"s": 1}}}).clients[0]
    assert zipf.keys is not None
    assert (zipf.keys.choice, zipf.keys.n, zipf.first_key) == (Choice.ZIPF, 5, 1)
    even = make(parts, over={"clients.web.api_key": {"from": "hobby", "uniform": True}}).clients[0]
    assert even.keys is not None
    assert (even.keys.choice, even.keys.table) == (Choice.UNIFORM, None)
    assert make(parts).clients[0].first_key == NULL


def test_retries_wait_no_longer_than_the_rule_can_hold(make: Make) -> None:
    assert make().clients[0].retry.attempts == 1
    waits = {"base": "1 h", "cap": "2 h", "jitter": "decorrelated"}
    over = {
        "clients.web.retry": {"attempts": 4, "statuses": [503], "backoff": waits},
        "clients.web.timeout": "2 s",
    }
    client = make(over=over).clients[0]
    assert (client.retry.cap_ns, client.retry.base_ns) == (backoff.MOST_NS, backoff.MOST_NS)
    assert (client.retry.jitter, client.retry.statuses) == (backoff.DECORRELATED, frozenset({503}))
    assert (client.timeout_ns, client.retry.client_timeout) == (2 * S, False)


def test_backends_have_their_laws_shares_and_cold_starts(make: Make) -> None:
    made = make(over={
        "functions.worker": {
            "duration": "100 ms", "memory": "512 MB", "timeout": "10 s", "crash": "50 %", "malformed": "25 %",
            "cold_start": {"runtime": "java21"}, "response": {"status": {"200": "75 %", "404": "25 %"}},
        },
        "functions.quick": {"duration": "1 ms", "cold_start": "none"},
        "backends.old": {"http": {"latency": "90 ms", "concurrency": 64, "queue": 200}},
        "backends.new": {"http": {"latency": "90 ms"}},
    })  # fmt: skip
    worker, quick, old, new = made.backends
    assert (worker.crash, worker.malformed, worker.memory_mb, worker.timeout_ns) == (
        2**62,
        2**61,
        512,
        10 * S,
    )
    assert (worker.status.statuses, worker.status.thresholds) == ((200, 404), (3 * 2**61, 2**63 - 1))
    assert worker.cold is not None
    assert worker.cold.init.text == "p50 239 ms, p90 266 ms, p99 601 ms"
    assert worker.cold.provisioning.mean == 100 * units.MS
    assert quick.cold is None
    assert (old.concurrency, old.queue, made.limits[old.capacity_limit].label) == (64, 200, "old concurrency")
    assert (new.concurrency, new.capacity_limit) == (NULL, NULL)


def test_gauges_of_a_kind_stand_together_and_none_overlap(make: Make) -> None:
    plans = {"free": {"quota": {"limit": 5, "period": "DAY"}, "stages": {"shop/prod": {}}}}
    parts = {"usage_plans": plans, "api_keys": {"hobby": {"plans": ["free"], "count": 5}}}
    made = make(parts, over={"functions.other": {"duration": "1 ms"}, "apis.shop.stages.dev": {}})
    counts = {kind: len(made.backends) for kind in (GaugeKind.CONCURRENCY, GaugeKind.ENVIRONMENTS, GaugeKind.BUSY,
                                                    GaugeKind.QUEUE)}  # fmt: skip
    counts |= {GaugeKind.ACCOUNT_CONCURRENCY: 1, GaugeKind.UNRESERVED_CONCURRENCY: 1}
    counts |= {GaugeKind.CACHE_BYTES: len(made.stages), GaugeKind.TOKENS: len(made.buckets)}
    counts |= {GaugeKind.QUOTA_LEFT: len(made.quotas)}
    taken = [made.gauge(kind, target) for kind, count in counts.items() for target in range(count)]
    assert sorted(taken) == list(range(made.gauges))


def test_one_scenario_gives_one_plan(make: Make) -> None:
    one, two = make(), make()
    assert one.tables_sha256 == two.tables_sha256
    assert (one.limits, one.buckets, one.methods) == (two.limits, two.buckets, two.methods)
    assert make(over={"functions.worker.duration": "101 ms"}).tables_sha256 != one.tables_sha256
    assert np.array_equal(one.backends[0].duration.cells, two.backends[0].duration.cells)


def test_a_run_as_long_as_its_trace_still_ends_after_warm_up_and_timeline(
    make: Make, tmp_path: object
) -> None:
    file = f"{tmp_path}/at.csv"
    with open(file, "w") as out:  # noqa: PTH123
        out.write("timestamp\n2026-11-27T09:00:00.5Z\n2026-11-27T09:00:09.5Z\n")
    over = {"clients.web.arrivals": {"trace": {"instants": file}}, "run.duration": "trace"}
    assert make(over=over).duration == 10 * S
    late = {"timeline": [{"at": "1 min", "flush_cache": "shop/prod"}]}
    with pytest.raises(
        ScenarioError, match=r"timeline\[0\]\.at: 1 min is not before the end of the run \(10 s\)"
    ):
        make(late, over=over)


def test_asking_for_the_package_loads_nothing_heavy() -> None:
    code = "import sys, apigw_sim.plan; print('numpy' in sys.modules or 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
