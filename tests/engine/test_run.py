"""A run as a whole: the same again, with other blocks, on a grid, watched; and how it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
import simpy
from engine.mixed import MIXED
from engine.running import FUNCTION, MINUTE, MS, SECOND, Ran, Run, at, client, difference, planned, story

import apigw_sim as sim
from apigw_sim.engine.model.clock import Clock, Journey
from apigw_sim.engine.model.model import Watch
from apigw_sim.engine.order import Rank, priority
from apigw_sim.plan.tables import Plan
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, LEVELS, TABLES
from apigw_sim.rules import reason


@pytest.fixture(scope="module")
def mixed() -> Plan:
    return planned(MIXED)


@pytest.fixture(scope="module")
def once(run: Run, mixed: Plan) -> Ran:
    return run(mixed)


# comparing


def test_a_difference_is_named_by_table_row_column_and_values(once: Ran) -> None:
    assert difference(once, once) is None
    rows = once.tables["calls"].copy()
    ended = [column.name for column in CALLS.columns].index("ended_ns")
    rows[7, ended] += 1
    other = replace(once, tables={**once.tables, "calls": rows})
    n, late = len(rows), rows[7, ended]
    assert difference(once, other) == f"calls, row 7 of {n} and {n}, ended_ns: {late - 1} and {late}"
    assert difference(once, other, without=["ended_ns"]) is None
    shorter = replace(once, tables={**once.tables, "calls": rows[:7]})
    assert difference(once, shorter) == f"calls: {n} rows and 7, alike up to the shorter's end"


def test_the_mixed_scenario_has_something_of_everything(once: Ran) -> None:
    """What the comparisons below compare: most reasons, every table, hits, cold starts, retries, duplicates."""
    assert {
        "OK", "BACKEND_4XX", "BACKEND_5XX", "THROTTLED", "QUOTA_EXCEEDED", "CACHE_INVALIDATION_DENIED",
        "INTEGRATION_TIMEOUT", "LAMBDA_THROTTLED", "FUNCTION_ERROR", "MALFORMED_RESPONSE", "API_CONFIGURATION_ERROR",
    } <= set(once.reasons)  # fmt: skip
    assert {
        None, "account throttle", "shop/prod every_method throttle", "shop/prod POST /orders throttle",
        "plan gold throttle", "plan gold shop/prod GET /stock/{id} throttle", "plan gold quota",
        "slow reserved concurrency", "quick scaling rate", "server concurrency",
    } <= {row.refused_by for row in once.attempts}  # fmt: skip
    assert all(len(once.tables[table.name]) > 4 for table in TABLES)
    assert {row.cache for row in once.attempts} == {"NONE", "HIT", "MISS"}
    assert {row.outcome for row in once.calls} == {"SUCCEEDED", "REFUSED", "TIMED_OUT"}
    assert {1, 2, 3} == {row.attempt for row in once.attempts}
    assert any(job.repeated for job in once.invocations)
    assert any(job.abandoned for job in once.invocations)
    assert any(row.died_ns for row in once.environments)


# the same again


def test_the_same_scenario_and_seed_give_the_same_records(run: Run, once: Ran) -> None:
    assert difference(once, run(MIXED)) is None


def test_another_seed_or_replication_gives_others(run: Run, mixed: Plan, once: Ran) -> None:
    assert difference(once, run(mixed, seed=4)) is not None
    assert difference(once, run(mixed, replication=1)) is not None
    assert difference(run(mixed, seed=4), run(mixed, replication=1)) is not None


def test_blocks_of_any_size_hold_the_same_rows(
    run: Run, mixed: Plan, once: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apigw_sim.engine.model.recorder.BLOCK_ROWS", 7)
    assert difference(once, run(mixed)) is None


def test_draws_made_in_blocks_of_any_size_are_the_same(
    run: Run, mixed: Plan, once: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apigw_sim.draws.stream.BLOCK", 5)
    assert difference(once, run(mixed)) is None


def test_to_watch_an_attempt_changes_nothing(run: Run, mixed: Plan, once: Ran) -> None:
    """One attempt of every reason and cache word in turn."""
    seen: dict[object, Watch] = {}
    names = [client.name for client in mixed.clients]
    for row in once.attempts:
        seen.setdefault((row.reason, row.cache), Watch(names.index(row.client), row.call, row.attempt))
    assert len(seen) > 10
    for watch in seen.values():
        watched = run(mixed, watch=watch)
        assert difference(once, watched) is None
        assert watched.story
        assert [instant for instant, _ in watched.story] == sorted(instant for instant, _ in watched.story)


def test_ticks_disturb_nothing(run: Run, mixed: Plan, once: Ran) -> None:
    """Periods of 70 ms, not a second: only levels differ, and when it is noticed that environments have died."""
    other = run(replace(mixed, period=70 * MS))
    assert difference(once, other, tables=[ATTEMPTS, INVOCATIONS, CALLS]) is None
    one, two = (
        sorted(
            (
                row.function,
                row.environment,
                row.born_ns,
                row.served,
                min(row.died_ns or mixed.duration, mixed.duration),
            )
            for row in ran.environments
        )
        for ran in (once, other)
    )
    assert one == two


def test_levels_of_short_periods_add_up_to_those_of_long_ones(run: Run, mixed: Plan, once: Ran) -> None:
    """Of every gauge that keeps them: areas are sums, peaks maxima and lows minima over the ticks of a second."""
    other = run(replace(mixed, period=100 * MS))
    compared = 0
    for gauge in range(mixed.gauges):
        rows = other.levels(gauge)
        for long in once.levels(gauge):
            begin = long.at_ns - SECOND
            parts = [row for row in rows if begin < row.at_ns <= long.at_ns]
            if long.area is None or long.at_ns > mixed.duration:
                continue
            before = [row.level for row in rows if row.at_ns <= begin]
            area, level, at_ns = 0, before[-1] if before else 0, begin
            for row in parts:
                area += level * (row.at_ns - 100 * MS - at_ns) + row.area
                level, at_ns = row.level, row.at_ns
            area += level * (long.at_ns - at_ns)
            assert (area, max(row.peak for row in parts)) == (long.area, long.peak)
            assert (min(row.low for row in parts), parts[-1].level) == (long.low, long.level)
            compared += 1
    assert compared > 30


# on a grid


@pytest.mark.parametrize("grid", [MS, 100 * MS])
def test_on_a_grid_everything_happens_on_its_lines(run: Run, mixed: Plan, grid: int) -> None:
    """Hundreds of ties, and still the same again; every attempt that was sent is answered."""
    ran = run(mixed, grid=grid)
    for table, names in (
        (ATTEMPTS, ("arrived_ns", "latency_ns")), (INVOCATIONS, ("arrived_ns", "queued_ns")), (CALLS, ("started_ns",)),
    ):  # fmt: skip
        for name in names:
            assert not (ran.column(table, name) % grid).any(), name
    assert ran.column(CALLS, "attempts").sum() == len(ran.tables["attempts"])
    assert difference(ran, run(mixed, grid=grid)) is None


def test_a_grid_on_whose_lines_everything_lies_already_changes_nothing(run: Run) -> None:
    """Milliseconds, in a story of ties: two clients, a queue, time-outs, retries and a fault; one period, as on a grid."""
    said = story(
        run={"duration": "2 s", "period": "1 min"},
        integration={"http_proxy": "h", "timeout": "150 ms"},
        backends={"h": {"http": {"latency": "40 ms", "concurrency": 2, "queue": 3}}},
        assumptions={"rest_overhead": "10 ms"},
        clients={
            name: client(
                at(*range(0, SECOND, 10 * MS)), timeout="120 ms", network={"rtt": "20 ms"},
                retry={"attempts": 3, "client_timeout": True, "backoff": {"base": "20 ms", "jitter": "none"}},
            )
            for name in ("c", "d")
        },
        timeline=[{"at": "300 ms", "fault": {"backend": "h", "slow": 2, "for": "100 ms"}}],
    )  # fmt: skip
    ran = run(said)
    assert len(ran.tables["attempts"]) > 400
    assert difference(ran, run(said, grid=MS)) is None


# the clock of the SimPy engine


def test_a_float_delay_is_refused_by_the_clock() -> None:
    with pytest.raises(TypeError, match="instants are integer nanoseconds"):
        Clock().timeout(0.5)


def test_all_of_simpys_own_at_an_instant_precedes_the_models_also_in_chains_of_zero_delays() -> None:
    clock, seen = Clock(), []

    def control() -> object:
        yield clock.timeout(5)
        for _ in range(3):
            seen.append("control")
            yield clock.timeout(0)

    def data() -> object:
        yield 5, priority(Rank.DONE)
        seen.append("data")

    Journey(clock, data()).go()
    clock.process(control())
    clock.advance(6)
    assert seen == ["control", "control", "control", "data"]
    assert clock.now == 6


def test_the_clock_stops_before_the_instant_it_advances_to() -> None:
    clock, seen = Clock(), []

    def data() -> object:
        for instant in (3, 4, 4):
            yield instant, priority(Rank.OPEN) + len(seen)
            seen.append(clock.now)

    Journey(clock, data()).go()
    clock.advance(4)
    assert (seen, clock.now, clock.waiting) == ([3], 4, 1)
    clock.advance(5)
    assert (seen, clock.waiting) == ([3, 4, 4], 0)


def test_on_a_grid_simpys_own_events_too_happen_on_its_lines() -> None:
    """7 ns from 0 is the line at 10; 5 ns from there the one at 20; and 0 ns is now."""
    clock, seen = Clock(grid=10), []

    def control() -> object:
        for delay in (7, 5, 0, 10):
            yield clock.timeout(delay)
            seen.append(clock.now)

    clock.process(control())
    clock.advance(100)
    assert seen == [10, 20, 20, 30]


def test_simpys_own_run_takes_the_same_steps() -> None:
    clock, seen = Clock(), []

    def control() -> object:
        yield clock.timeout(4)
        seen.append(("control", clock.now))

    def data() -> object:
        for instant in (3, 4):
            yield instant, priority(Rank.DONE)
            seen.append(("data", clock.now))

    Journey(clock, data()).go()
    clock.process(control())
    clock.run(until=clock.timeout(9))
    assert seen == [("data", 3), ("control", 4), ("data", 4)]
    assert clock.now == 9


def test_simpys_own_processes_share_the_clock() -> None:
    clock = Clock()

    def waiter(env: simpy.Environment) -> object:
        yield env.timeout(3)
        return env.now

    process = clock.process(waiter(clock))
    clock.advance(10)
    assert process.value == 3


# the end


def test_at_the_end_arrivals_stop_and_what_is_in_flight_is_carried_to_its_answer(run: Run) -> None:
    """The last call starts a nanosecond before the end; two retries and 5 s of work follow. None starts at the end."""
    ran = run(
        story(
            at(10 * SECOND - 1, 10 * SECOND, 11 * SECOND),
            FUNCTION,
            functions={"f": {"duration": "5 s", "crash": "100 %"}},
            retry={"attempts": 3, "backoff": {"base": "1 s", "jitter": "none"}},
        )
    )
    assert [(row.call, row.attempt, row.arrived_ns) for row in ran.attempts] == [
        (0, 1, 10 * SECOND - 1), (0, 2, 16 * SECOND - 1), (0, 3, 23 * SECOND - 1),
    ]  # fmt: skip
    (environment,) = ran.environments
    assert (environment.died_ns, environment.last_used_ns) == (None, 28 * SECOND - 1)


def test_the_last_tick_lies_behind_the_last_event_so_nothing_is_left_in_flight(run: Run, once: Ran) -> None:
    final = {row[1]: row[2] for row in once.columns(LEVELS, "at_ns", "gauge", "level")}
    base = once.plan.gauge_base
    for kind, gauge in base.items():
        if kind.name in ("CONCURRENCY", "ACCOUNT_CONCURRENCY", "UNRESERVED_CONCURRENCY", "BUSY", "QUEUE"):
            assert final.get(gauge, 0) == 0


def test_a_run_in_which_nothing_happens_ends(run: Run) -> None:
    ran = run(story({"process": "even", "rate": "0/s"}))
    assert {name: len(rows) for name, rows in ran.tables.items()} == {table.name: 0 for table in TABLES}


def test_an_entry_of_the_timeline_does_not_keep_a_run_alive_beyond_its_end(run: Run) -> None:
    """A fault of an hour in a run of 10 s: the journal has its beginning, and at most the ticks there are."""
    said = story(functions={"f": {"duration": "1 ms"}}, integration=FUNCTION)
    said["timeline"] = [{"at": "1 s", "fault": {"function": "f", "slow": 2, "for": "1 h"}}]
    ran = run(said)
    assert [(row.at_ns, row.ends) for row in ran.journal] == [(SECOND, 0)]
    assert max(ran.column(LEVELS, "at_ns")) <= MINUTE


# what is selected


def test_the_summary_selects_by_arrival_from_the_end_of_the_warm_up_to_the_end(run: Run) -> None:
    """Warm-up of 2 s: of four arrivals two count, also the one that is answered after the end."""
    said = story(
        {"process": "even", "rate": "0.5/s"},
        FUNCTION,
        run={"duration": "5 s", "warm_up": "2 s"},
        functions={"f": {"duration": "3 s"}},
    )
    result = sim.run(said, requests=True)
    assert list(result.requests["arrived_ns"] // SECOND) == [0, 2, 4]
    assert result.summary["requests"]["count"] == 2
    assert result.summary["functions"]["f"]["invocations"] == 2


def test_a_warm_up_is_simulated_like_the_rest(run: Run) -> None:
    said = planned(MIXED)
    assert (
        difference(run(said), run(replace(said, warm_up=2 * SECOND)), tables=[ATTEMPTS, INVOCATIONS, CALLS])
        is None
    )


def test_the_rows_of_a_result_are_those_of_the_run(once: Ran) -> None:
    result = sim.run(sim.load(_data(MIXED)), requests=True)
    assert len(result.requests) == len(once.tables["attempts"])
    assert list(result.requests["latency_ns"]) == list(once.column(ATTEMPTS, "latency_ns"))
    whys = [reason.REASONS[n].name for n in once.column(ATTEMPTS, "reason")]
    assert list(result.requests["reason"]) == whys


def _data(text: str) -> dict[str, object]:
    import yaml

    return yaml.safe_load(text)
