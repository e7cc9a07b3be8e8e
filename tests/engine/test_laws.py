"""Laws that hold in every run: on generated small scenarios, and on the mixed one."""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from engine.mixed import MIXED
from engine.replay import REFUSED_EARLY, end, invoked, looked_up, queued, throttled
from engine.running import (
    EVERY,
    FUNCTION,
    MOCK,
    MS,
    SECOND,
    SERVER,
    Ran,
    Run,
    at,
    client,
    difference,
    planned,
    story,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from apigw_sim.draws import draw as draws_of
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import ATTEMPTS, CALLS, ENVIRONMENTS, INVOCATIONS, Flag
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.reason import REASONS

STATUS = {row.name: row.status for row in REASONS}
ITEMS = "GET /items/{id}"
METHODS = {
    ITEMS: {"integration": {**FUNCTION, "timeout": "120 ms"}, "cache_key": ["path.id"]},
    "POST /g": {"integration": {"lambda_proxy": "g"}},
    "GET /h": {"integration": {**SERVER, "timeout": "150 ms"}, "api_key_required": True},
    "GET /m": {"integration": MOCK},
}
CALLS_OF = [
    {"call": ITEMS, "path": {"id": {"uniform": {"n": 3}}}}, {"call": "POST /g"}, {"call": "GET /h"}, {"call": "GET /m"},
]  # fmt: skip
MANY, SOME, FEW = (settings(max_examples=n) for n in (80, 40, 20))


def throttles(most: int = 60) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "rate": st.sampled_from([f"{most}/s", "20/s", "3/s", "0/s"]), "burst": st.sampled_from([20, 50, 5, 2, 0]),
    })  # fmt: skip


def seldom() -> st.SearchStrategy[bool]:
    """One time in three."""
    return st.sampled_from([False, False, True])


DURATIONS = st.sampled_from(
    ["50 ms", "300 ms", {"exponential": {"mean": "40 ms"}}, {"p50": "30 ms", "p99": "400 ms"}]
)
LISTS = st.lists(st.sampled_from(range(0, 2 * SECOND, 50 * MS)), min_size=1, max_size=40).map(
    lambda found: at(*found)
)
PROCESSES = st.fixed_dictionaries({
    "process": st.sampled_from(["even", "poisson"]), "rate": st.sampled_from(["60/s", "20/s", "5/s"]),
})  # fmt: skip


@st.composite
def functions(draw: st.DrawFn) -> dict[str, Any]:
    """A function: cold or not, with short lives, some of it failing."""
    made: dict[str, Any] = {
        "duration": draw(DURATIONS),
        "idle_lifetime": draw(
            st.sampled_from(["60 ms", "300 ms", "5 min", {"uniform": {"min": "1 ms", "max": "200 ms"}}])
        ),
        "timeout": draw(st.sampled_from(["1 s", "900 s"])),
        "crash": draw(st.sampled_from(["0 %", "20 %"])),
        "response": {"status": draw(st.sampled_from([200, {200: "80 %", 404: "10 %", 503: "10 %"}]))},
    }
    if draw(st.booleans()):
        made["cold_start"] = {"provisioning": "10 ms", "init": draw(st.sampled_from(["20 ms", "200 ms"]))}
    if draw(seldom()):
        made["reserved_concurrency"] = draw(st.sampled_from([1, 2, 3]))
    return made


@st.composite
def clients(draw: st.DrawFn, rtt: str) -> dict[str, Any]:
    """A client: its arrivals, what it calls, how it waits and tries again."""
    made = client(
        draw(st.one_of(LISTS, PROCESSES)),
        draw(st.lists(st.sampled_from(CALLS_OF), min_size=1, max_size=4, unique_by=str)),
    )
    made["network"] = {"rtt": rtt}
    if draw(st.integers(0, 3)):
        made["api_key"] = draw(st.sampled_from(["k", "l"]))
    if draw(st.booleans()):
        made["timeout"] = draw(st.sampled_from(["40 ms", "100 ms", "1 s"]))
    if draw(st.booleans()):
        made["retry"] = {
            "attempts": draw(st.integers(1, 4)),
            "client_timeout": "timeout" in made and draw(st.booleans()),
            "backoff": {
                "base": draw(st.sampled_from(["1 ms", "50 ms"])), "cap": "200 ms",
                "jitter": draw(st.sampled_from(["none", "full", "equal", "decorrelated"])),
            },
        }  # fmt: skip
    return made


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Two functions, a server, a mock, a cache, a usage plan, up to three clients; nothing changes in mid-run."""
    rtt = draw(st.sampled_from(["0 ms", "20 ms"]))
    names = draw(st.sampled_from([["c"], ["d", "c"], ["e", "d", "c"]]))
    plan: dict[str, Any] = {"stages": {"a/s": {"GET /h": draw(throttles())} if draw(seldom()) else {}}}
    if draw(seldom()):
        plan["throttle"] = draw(throttles())
    if draw(seldom()):
        plan["quota"] = {"limit": draw(st.integers(1, 30)), "period": "DAY"}
    every: dict[str, Any] = {}
    if draw(st.booleans()):
        every["caching"] = {"ttl": "1 s"}
    if draw(seldom()):
        every["throttle"] = draw(throttles())
    return story(
        methods=METHODS,
        run={"duration": "2 s", "period": "500 ms", "seed": draw(st.integers(0, 50))},
        functions={"f": draw(functions()), "g": draw(functions())},
        backends={"h": {"http": {
            "latency": draw(DURATIONS),
            "concurrency": draw(st.sampled_from([1, 2, 5])),
            "queue": draw(st.sampled_from([0, 1, 4])),
            "status": draw(st.sampled_from([200, {200: "90 %", 503: "10 %"}])),
        }}},
        stage={"cache_cluster": "0.5 GB"},
        settings=every,
        clients={name: draw(clients(rtt)) for name in names},
        usage_plans={"p": plan},
        api_keys={"k": {"plans": ["p"]}, "l": {"plans": ["p"]}},
        account={
            "throttle": draw(throttles(200)) if draw(seldom()) else {"rate": "10000/s", "burst": 5_000},
            "lambda_concurrency": 106,
            "used_elsewhere": {"lambda_concurrency": draw(st.sampled_from([0, 98, 99]))},
            "lambda_requests_per_concurrency": "none",
            "lambda_scaling": draw(st.sampled_from(["none", 1, 3])),
        },
        assumptions={
            "rest_overhead": draw(st.sampled_from(["0 ms", "6 ms"])),
            "lambda_overhead": draw(st.sampled_from(["0 ms", "5 ms"])),
            "account_throttle_position": draw(st.sampled_from(["after_usage_plan", "front"])),
            "token_accounting": draw(st.sampled_from(["all_or_none", "as_you_go"])),
            "usage_plan_bucket": draw(st.sampled_from(["key", "key_and_method"])),
            "throttled_counts_to_quota": draw(st.booleans()),
        },
    )  # fmt: skip


# every attempt is accounted for once


def accounted(ran: Ran, cached: set[str], grid: int = 1) -> None:
    """The laws that rows alone must obey; `cached` are the methods whose caching is on all the time.

    On a grid an answer may come later than was known when its work ended.
    """
    attempts: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in ran.attempts:
        attempts[row.client, row.call].append(row)
    work = {(job.client, job.call, job.attempt): job for job in ran.invocations}
    assert len(work) == len(ran.invocations)
    started = {(call.client, call.call): call for call in ran.calls}
    assert len(started) == len(ran.calls)
    assert started.keys() == attempts.keys()
    for key, call in started.items():
        rows = sorted(attempts[key], key=lambda row: row.attempt)
        assert [row.attempt for row in rows] == list(range(1, call.attempts + 1))
        assert all(one.arrived_ns <= two.arrived_ns for one, two in pairwise(rows))
        assert call.started_ns <= rows[0].arrived_ns <= call.ended_ns or rows[0].flags & Flag.CALLER_GONE
        if call.outcome == "TIMED_OUT":
            assert call.status is None
            assert rows[-1].flags & Flag.CALLER_GONE
        else:
            assert call.status == rows[-1].status
            assert (call.outcome == "SUCCEEDED") == (call.status < 400)
            assert not rows[-1].flags & Flag.CALLER_GONE
    for row in ran.attempts:
        job = work.get((row.client, row.call, row.attempt))
        own = STATUS[row.reason]
        assert own in (0, row.status)
        assert own or row.reason == (
            "OK" if row.status < 400 else "BACKEND_4XX" if row.status < 500 else "BACKEND_5XX"
        )
        assert (row.integration_ns is None) == (job is None)
        assert 0 <= (row.integration_ns or 0) <= row.latency_ns
        assert (row.refused_by is not None) == (
            row.reason in ("THROTTLED", "QUOTA_EXCEEDED", "LAMBDA_THROTTLED")
            or (job is not None and job.outcome == "QUEUE_FULL" and row.reason == "BACKEND_5XX")
        )
        assert (row.tokens is not None) == (row.reason == "THROTTLED")
        assert (row.tokens or 0) < TOKEN
        reached = row.method in cached and row.reason not in REFUSED_EARLY
        assert (row.cache != "NONE") == reached
        if row.cache == "HIT":
            assert job is None
        if job is not None:
            assert job.arrived_ns >= row.arrived_ns
            gone = row.reason == "INTEGRATION_TIMEOUT" or bool(row.flags & Flag.CALLER_GONE)
            if job.duration_ns is not None and grid == 1:
                assert bool(job.abandoned) == gone
    count = len(ran.attempts)
    assert count == sum(Counter(row.status // 100 for row in ran.attempts)[digit] for digit in (2, 3, 4, 5))
    repeated = Counter()
    for job in sorted(
        (job for job in ran.invocations if job.duration_ns is not None),
        key=lambda job: job.arrived_ns + job.queued_ns,
    ):
        repeated[job.client, job.call] += 1
    for key, times in repeated.items():
        marks = [
            job.repeated
            for job in ran.invocations
            if (job.client, job.call) == key and job.duration_ns is not None
        ]
        assert sorted(marks) == [0] + [1] * (times - 1)


def environments_serve_one_at_a_time(ran: Ran) -> None:
    """No environment serves two at once; what it served is what its row says; it lives from birth to death."""
    jobs: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for job in ran.invocations:
        if job.environment is not None:
            jobs[job.backend, job.environment].append(job)
    assert len({(row.function, row.environment) for row in ran.environments}) == len(ran.environments)
    rows = {(row.function, row.environment): row for row in ran.environments}
    assert jobs.keys() <= rows.keys()
    for key, row in rows.items():
        served = sorted(jobs.get(key, []), key=lambda job: job.arrived_ns)
        assert row.served == len(served)
        assert all(end(one) <= two.arrived_ns for one, two in pairwise(served))
        if served:
            assert served[0].arrived_ns == row.born_ns or served[0].provisioning_ns == 0
            assert row.last_used_ns == end(served[-1])
        assert row.born_ns <= row.ready_ns <= row.last_used_ns
        assert row.died_ns is None or row.last_used_ns <= row.died_ns


def levels_are_littles_law(ran: Ran) -> None:
    """Areas of the gauges are the sums of what rows say was held, to the nanosecond; peaks are the most at once."""
    plan, last = ran.plan, max((row[0] for row in ran.columns_of_levels()), default=0)

    def area(kind: GaugeKind, target: int = 0) -> int:
        return ran.area(plan.gauge(kind, target))

    everything = {"all": 0, "unreserved": 0}
    for number, backend in enumerate(plan.backends):
        jobs = [job for job in ran.invocations if job.backend == backend.name]
        ran_jobs = [job for job in jobs if job.duration_ns is not None]
        held = sum(end(job) - job.arrived_ns - job.queued_ns for job in ran_jobs)
        if backend.name == "h" or not backend.path.startswith("functions"):
            assert area(GaugeKind.BUSY, number) == held
            assert area(GaugeKind.QUEUE, number) == sum(job.queued_ns for job in jobs)
            assert ran.peak(plan.gauge(GaugeKind.QUEUE, number)) == most_at_once(
                [(job.arrived_ns, job.arrived_ns + job.queued_ns) for job in jobs if job.queued_ns]
            )
            busy = plan.gauge(GaugeKind.BUSY, number)
        else:
            assert area(GaugeKind.CONCURRENCY, number) == held
            everything["all"] += held
            everything["unreserved"] += held if backend.reserved == -1 else 0
            lives = sum(
                (last if row.died_ns is None else row.died_ns) - row.born_ns
                for row in ran.environments if row.function == backend.name
            )  # fmt: skip
            assert area(GaugeKind.ENVIRONMENTS, number) == lives
            busy = plan.gauge(GaugeKind.CONCURRENCY, number)
        assert ran.peak(busy) == most_at_once(
            [(job.arrived_ns + job.queued_ns, end(job)) for job in ran_jobs]
        )
    assert area(GaugeKind.ACCOUNT_CONCURRENCY) == everything["all"]
    assert area(GaugeKind.UNRESERVED_CONCURRENCY) == everything["unreserved"]


def most_at_once(spans: list[tuple[int, int]]) -> int:
    """The most that overlap; who leaves at an instant has left before another comes."""
    level = most = 0
    for _, step in sorted([(begin, 1) for begin, _ in spans] + [(finish, -1) for _, finish in spans]):
        level += step
        most = max(most, level)
    return most


def draws_are_whose_they_are(ran: Ran) -> None:
    """The duration of whatever ran is the one that its attempt draws, whoever was refused before it."""
    streams = {
        row.name: draws_of(ran.plan, ran.plan.seed).client(n) for n, row in enumerate(ran.plan.clients)
    }
    picks = {(call.client, call.call): call.pick for call in ran.calls}
    for job in ran.invocations:
        if job.duration_ns is not None and job.outcome != "TIMEOUT":
            stream = streams[job.client]
            drawn = stream.work(job.call, job.attempt, stream.usual[picks[job.client, job.call]])
            assert job.duration_ns == drawn[1]


# every decision is the one that a slow twin makes


def throttles_decide_as_fractions_do(ran: Ran, said: dict[str, Any]) -> None:
    """Every 429 names the limit and the tokens that exact fractions give."""
    forbidden = [row for row in ran.attempts if row.reason == "INVALID_API_KEY"]
    if said["assumptions"]["account_throttle_position"] == "front" and forbidden:
        return  # a forbidden request spends there, and the twin does not know of it
    for row, limit, held in throttled(ran, said):
        assert (row.refused_by if row.status == 429 else None) == limit
        assert row.tokens == (None if held is None else held * TOKEN)


def invocations_meet_their_limit_and_environment(ran: Ran, said: dict[str, Any]) -> None:
    """Every refusal by Lambda is due, none is missing, and the environment is the most recently used one."""
    for row, want in invoked(ran, said):
        assert (row.outcome if row.outcome.startswith("THROTTLED") else "OK") == want


def requests_wait_as_long_as_they_must(ran: Ran, said: dict[str, Any]) -> None:
    """First come, first served, and who finds the queue full is refused."""
    server = said["backends"]["h"]["http"]
    for row, wait in queued(ran, "h", server["concurrency"], server["queue"]):
        assert (None if row.outcome == "QUEUE_FULL" else row.queued_ns) == wait


def settings_of(said: dict[str, Any]) -> dict[str, Any]:
    """What is said of every_method."""
    table = said["apis"]["a"]["stages"]["s"].setdefault("method_settings", {})
    return table.setdefault("every_method", {})


def cached_methods(said: dict[str, Any]) -> set[str]:
    return (
        {route for route in METHODS if route.startswith("GET")} if "caching" in settings_of(said) else set()
    )


@MANY
@given(said=scenarios())
def test_every_run_is_accounted_for_and_every_decision_is_its_slow_twins(
    run: Run, said: dict[str, Any]
) -> None:
    ran = run(said)
    accounted(ran, cached_methods(said))
    environments_serve_one_at_a_time(ran)
    levels_are_littles_law(ran)
    draws_are_whose_they_are(ran)
    throttles_decide_as_fractions_do(ran, said)
    invocations_meet_their_limit_and_environment(ran, said)
    requests_wait_as_long_as_they_must(ran, said)


@SOME
@given(said=scenarios())
def test_every_look_up_hits_if_an_answer_was_stored_within_the_time_to_live(
    run: Run, said: dict[str, Any]
) -> None:
    settings_of(said)["caching"] = {"ttl": "1 s"}
    for row, word in looked_up(run(said), said, ITEMS, SECOND):
        assert row.cache == word


@SOME
@given(said=scenarios(), how=st.sampled_from([{"slow": 3}, {"errors": "50 %"}, {"outage": True}]))
def test_the_laws_of_accounting_hold_through_faults_flushes_and_new_limits(
    run: Run, said: dict[str, Any], how: dict[str, Any]
) -> None:
    said["timeline"] = [
        {"at": "300 ms", "fault": {"function": "f", **how, "for": "700 ms"}},
        {"at": "500 ms", "fault": {"backend": "h", **how, "for": "700 ms"}},
        {"at": "1 s", "flush_cache": "a/s"},
    ]
    if "throttle" in settings_of(said):
        said["timeline"].append({"at": "1 s", "set": {f"{EVERY}.throttle.burst": 3}})
    ran = run(said)
    accounted(ran, cached_methods(said))
    environments_serve_one_at_a_time(ran)
    levels_are_littles_law(ran)


@pytest.mark.parametrize("grid", [1, MS, 100 * MS])
def test_the_mixed_scenario_is_accounted_for_also_on_a_grid(run: Run, grid: int) -> None:
    ran = run(MIXED, grid=grid)
    accounted(ran, {ITEMS, "GET /health"}, grid)
    if grid == 1:
        environments_serve_one_at_a_time(ran)
        levels_are_littles_law(ran)


# what may change, and what may not


@SOME
@given(said=scenarios(), more=st.sampled_from(["account", "method", "plan", "concurrency", "queue", "quota"]))
def test_raising_a_limit_that_nobody_meets_changes_no_row(run: Run, said: dict[str, Any], more: str) -> None:
    """Each run raises one limit; where nobody had met it, all rows are as they were."""
    one, other = run(said), deepcopy(said)
    every = settings_of(other)
    plan, server = other["usage_plans"]["p"], other["backends"]["h"]["http"]
    if more == "account":
        other["account"]["throttle"]["burst"] += 7
        label = "account throttle"
    elif more == "method" and "throttle" in every:
        every["throttle"]["burst"] += 7
        label = "a/s every_method throttle"
    elif more == "plan" and "throttle" in plan:
        plan["throttle"]["burst"] += 7
        label = "plan p throttle"
    elif more == "quota" and "quota" in plan:
        plan["quota"]["limit"] += 7
        label = "plan p quota"
    elif more == "concurrency":
        other["account"]["lambda_concurrency"] += 7
        label = "Lambda account concurrency"
    else:
        server["queue"] += 7
        label = "h concurrency"
    if label not in {row.refused_by for row in one.attempts} | {job.refused_by for job in one.invocations}:
        assert difference(one, run(other), tables=[ATTEMPTS, INVOCATIONS, ENVIRONMENTS, CALLS]) is None


@SOME
@given(instants=LISTS, throttle=throttles(), raised=st.integers(1, 5))
def test_for_one_bucket_more_burst_never_throttles_more_of_the_same_arrivals(
    run: Run, instants: Any, throttle: dict[str, Any], raised: int
) -> None:
    def passed(burst: int) -> list[int]:
        ran = run(
            story(instants, settings={"throttle": {**throttle, "burst": burst}}, run={"duration": "2 s"})
        )
        rows = sorted(ran.attempts, key=lambda row: row.call)
        found, total = [], 0
        for row in rows:
            total += row.status == 200
            found.append(total)
        return found

    fewer, more = passed(throttle["burst"]), passed(throttle["burst"] + raised)
    assert all(one <= two for one, two in zip(fewer, more, strict=True))


@FEW
@given(said=scenarios(), rate=st.sampled_from(["0/s", "11/s", "100/s"]))
def test_where_nothing_is_shared_a_change_of_one_client_changes_no_row_of_another(
    run: Run, said: dict[str, Any], rate: str
) -> None:
    """A client that only calls the mock, whose throttles are off, and one that calls everything else, ever more often."""
    said["account"]["throttle"] = {"rate": "100000/s", "burst": 50_000}
    said["apis"]["a"]["stages"]["s"].get("method_settings", {}).pop("every_method", None)
    (name, *_) = said["clients"]
    quiet = client(
        {"process": "poisson", "rate": "30/s"}, "GET /m", network={"rtt": {"p50": "5 ms", "p99": "60 ms"}}
    )
    said["assumptions"]["rest_overhead"] = {"p50": "8 ms", "p99": "30 ms"}
    said["clients"] = {
        "quiet": {**quiet, "timeout": "30 ms", "retry": {"attempts": 2, "client_timeout": True}},
        name: said["clients"][name],
    }
    one = run(said).of("quiet")
    said["clients"][name]["arrivals"] = {"process": "even", "rate": rate}
    assert [vars(row) for row in run(said).of("quiet")] == [vars(row) for row in one]


@FEW
@given(said=scenarios())
def test_the_same_again_on_a_grid_too(run: Run, said: dict[str, Any]) -> None:
    plan = planned(said)
    assert difference(run(plan), run(plan)) is None
    assert difference(run(plan, grid=100 * MS), run(plan, grid=100 * MS)) is None
