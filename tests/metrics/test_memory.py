"""Memory stays flat however long the run: what is kept of a period is its figures."""

from __future__ import annotations

import tracemalloc

import numpy as np
from metrics.stories import CATALOGUE, MS, SECOND, attempt, block, called, invocation, story_plan

from apigw_sim.metrics import Metrics
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, Block, Table

ROWS = 20_000


def template(table: Table, row: dict[str, int]) -> Block:
    """A minute's rows, spread evenly, with latencies of their own."""
    made = block(table, [row])
    rows = np.repeat(made.rows, ROWS, axis=0)
    varied = "latency_ns" if table is ATTEMPTS else "duration_ns" if table is INVOCATIONS else "ended_ns"
    rows[:, table.names.index(varied)] += np.random.default_rng(1).integers(0, 50 * MS, ROWS)
    return Block(table, rows)


def later(minute: Block, number: int) -> Block:
    """The same rows in another minute."""
    rows = minute.rows.copy()
    at = number * 60 * SECOND + np.arange(ROWS) * (59 * SECOND // ROWS)
    for name in ("arrived_ns", "started_ns", "ended_ns"):
        if name in minute.table.names:
            rows[:, minute.table.names.index(name)] += at
    return Block(minute.table, rows)


def test_a_million_attempts_need_hardly_more_room_than_two_hundred_thousand() -> None:
    plan = story_plan(duration=3600 * SECOND)
    minutes = [
        template(ATTEMPTS, attempt(0, 20)),
        template(INVOCATIONS, invocation(0, 20, CATALOGUE)),
        template(CALLS, called(0, 0.03)),
    ]
    metrics = Metrics(plan)
    tracemalloc.start()
    try:
        for number in range(50):
            for minute in minutes:
                metrics.fold(later(minute, number))
            metrics.close(number)
            if number == 9:
                tracemalloc.reset_peak()
                early = tracemalloc.get_traced_memory()[0]
            if number == 19:
                first_peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.reset_peak()
        late, last_peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert late - early < 2 << 20
    assert last_peak - first_peak < 2 << 20
