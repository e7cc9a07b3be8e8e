"""AWS's own worked examples, to the request: of throttling (facts 1.6) and of Lambda's concurrency (facts 10.1, 10.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.running import FUNCTION, MS, NO_LAMBDA_LIMITS, SECOND, At, Run, story

from apigw_sim.records import ATTEMPTS, INVOCATIONS, LEVELS
from apigw_sim.rules import reason


def spread(n: int, begin: int, end: int) -> list[int]:
    """n instants, evenly in [begin, end), each at the first nanosecond that is not before its exact time."""
    return [begin - (-k * (end - begin) // n) for k in range(n)]


THROTTLING = [
    pytest.param(spread(10_000, 0, SECOND), 10_000, id="1: 10,000 evenly in a second"),
    pytest.param([0] * 10_000, 5_000, id="2: 10,000 in the first ms"),
    pytest.param(
        [0] * 5_000 + spread(5_000, MS, SECOND), 10_000, id="3: 5,000 in the first ms, 5,000 evenly"
    ),
    pytest.param(
        [0] * 5_000 + [100 * MS] * 5_000, 6_000, id="4: 5,000 in the first and 5,000 in the 101st ms"
    ),
    pytest.param(
        [0] * 5_000 + [100 * MS] * 1_000 + spread(4_000, 101 * MS, SECOND), 10_000, id="5: then 4,000 evenly"
    ),
]


@pytest.mark.parametrize(("instants", "processed"), THROTTLING)
def test_of_10000_requests_in_a_second_as_many_pass_as_aws_says(
    run: Run, instants: list[int], processed: int
) -> None:
    ran = run(story(At(instants)))
    assert len(ran.tables["attempts"]) == 10_000
    assert (ran.count("OK"), ran.count("THROTTLED")) == (processed, 10_000 - processed)


@pytest.mark.parametrize(("instants", "processed"), THROTTLING[3:])
def test_the_same_from_a_trace_of_instants_and_in_a_methods_own_bucket(
    run: Run, tmp_path: Path, instants: list[int], processed: int
) -> None:
    """The method has the examples' limits, the account ten times as much."""
    lines = [f"2026-01-01T00:00:{at // SECOND:02}.{at % SECOND:09}Z" for at in instants]
    (tmp_path / "instants.csv").write_text("\n".join(["timestamp", *lines]))
    trace = {"instants": str(tmp_path / "instants.csv")}
    ran = run(
        story(
            {"trace": trace},
            account={"throttle": {"rate": "100000/s", "burst": 50_000}},
            settings={"throttle": {"rate": "10000/s", "burst": 5_000}},
        )
    )
    assert (ran.count("OK"), ran.count("THROTTLED")) == (processed, 10_000 - processed)
    assert {row.refused_by for row in ran.attempts} - {None} <= {"a/s every_method throttle"}


def test_in_the_fourth_example_the_second_spike_finds_exactly_1000_tokens(run: Run) -> None:
    ran = run(story(At([0] * 5_000 + [100 * MS] * 5_000)))
    assert ran.reasons == ["OK"] * 6_000 + ["THROTTLED"] * 4_000
    assert {row.tokens for row in ran.attempts[6_000:]} == {0}


# Lambda: concurrency = requests per second x mean duration


RAISED = {"throttle": {"rate": "100000/s", "burst": 50_000}}


def steady(rate: int, duration: str, seconds: str, **account: Any) -> dict[str, Any]:
    """Even arrivals at a rate for a function of a constant duration; environments may start as fast as they like."""
    return story(
        {"process": "even", "rate": f"{rate}/s"},
        FUNCTION,
        run={"duration": seconds, "period": "1 s"},
        functions={"f": {"duration": duration}},
        account={**RAISED, "lambda_scaling": "none", **account},
    )


@pytest.mark.parametrize(
    ("rate", "duration", "seconds", "concurrency"),
    [(100, "500 ms", "5 s", 50), (5_000, "200 ms", "1 s", 1_000)],
)
def test_concurrency_is_the_rate_times_the_duration(
    run: Run, rate: int, duration: str, seconds: str, concurrency: int
) -> None:
    ran = run(steady(rate, duration, seconds))
    assert set(ran.column(ATTEMPTS, "reason")) == {reason.OK}
    levels = ran.levels(0)
    assert max(row.peak for row in levels) == concurrency
    assert len(ran.environments) == concurrency


def test_5000_a_second_of_200_ms_need_the_last_of_1000(run: Run) -> None:
    """One environment fewer and one in a thousand is refused."""
    ran = run(steady(5_000, "200 ms", "1 s", lambda_concurrency=999))
    assert ran.count("LAMBDA_THROTTLED") > 0
    assert {row.refused_by for row in ran.attempts} == {None, "Lambda account concurrency"}


def test_20000_a_second_of_50_ms_need_2000_since_an_account_of_1000_passes_10000_a_second(run: Run) -> None:
    """1,000 at once would be enough, but ten requests a second for each of the 1,000 are not.

    With a burst of 100 ms, arrival k finds 1,000 - k/2 tokens: 1,999 pass, then every other one, 10,000 a second.
    """
    said = steady(20_000, "50 ms", "500 ms")
    said["assumptions"]["lambda_request_burst"] = "100 ms"
    ran = run(said)
    first = ran.column(ATTEMPTS, "arrived_ns") < 100 * MS
    passed = ran.column(ATTEMPTS, "reason") == reason.OK
    assert ((passed & first).sum(), (passed & ~first).sum()) == (1_999, 4_000)
    assert {row.refused_by for row in ran.attempts} == {None, "Lambda account requests per second"}
    assert max(row.peak for row in ran.levels(0)) == 1_000


def test_an_account_of_2000_passes_20000_a_second_of_50_ms(run: Run) -> None:
    said = steady(20_000, "50 ms", "250 ms", lambda_concurrency=2_000)
    said["assumptions"]["lambda_request_burst"] = "100 ms"
    ran = run(said)
    assert set(ran.column(ATTEMPTS, "reason")) == {reason.OK}
    assert max(row.peak for row in ran.levels(0)) == 1_000


@pytest.mark.parametrize(("concurrency", "passed"), [(2_999, False), (3_000, True)])
def test_30000_a_second_of_20_ms_need_3000_though_600_run_at_once(
    run: Run, concurrency: int, passed: bool
) -> None:
    """With a burst of 2 or 3: 2,999 lack ten requests a second, and have lost a token after 100 ms."""
    said = steady(30_000, "20 ms", "300 ms", lambda_concurrency=concurrency)
    said["assumptions"]["lambda_request_burst"] = "0.1 ms"
    ran = run(said)
    assert (ran.count("LAMBDA_THROTTLED") == 0) == passed
    assert max(row.peak for row in ran.levels(0)) == 600


def three(**account: Any) -> dict[str, Any]:
    """Three functions, two with 400 reserved; 500 requests at once for each of them."""
    names = ("blue", "orange", "other")
    return story(
        functions={
            name: {"duration": "1 s", **({} if name == "other" else {"reserved_concurrency": 400})}
            for name in names
        },
        methods={f"GET /{name}": {"integration": {"lambda_proxy": name}} for name in names},
        clients={
            name: {"target": "a/s", "arrivals": At([0] * 500), "calls": [{"call": f"GET /{name}"}]}
            for name in names
        },
        account={**RAISED, **account},
    )


def test_two_reservations_of_400_leave_200_of_1000_for_the_others(run: Run) -> None:
    ran = run(three())
    carried = {name: sum(row.status == 200 for row in ran.of(name)) for name in ("blue", "orange", "other")}
    assert carried == {"blue": 400, "orange": 400, "other": 200}
    assert {row.refused_by for row in ran.of("blue")} == {None, "blue reserved concurrency"}
    assert {row.refused_by for row in ran.of("other")} == {None, "Lambda account concurrency"}


def test_a_function_at_its_reservation_is_refused_though_others_idle(run: Run) -> None:
    said = three()
    said["clients"] = {"orange": said["clients"]["orange"]}
    ran = run(said)
    assert (ran.count("OK"), ran.count("LAMBDA_THROTTLED")) == (400, 100)


def test_what_reservations_claim_is_not_there_for_others_even_unused(run: Run) -> None:
    """AWS's ClaimedAccountConcurrency: 1,000, of which 600 are reserved and 200 used elsewhere, leave 200.

    Provisioned concurrency, which is what takes the 200 in AWS's example, belongs to a later version.
    """
    said = three(used_elsewhere={"lambda_concurrency": 200})
    for name in ("blue", "orange"):
        said["functions"][name]["reserved_concurrency"] = 300
    said["clients"] = {"other": said["clients"]["other"]}
    ran = run(said)
    assert (ran.count("OK"), ran.count("LAMBDA_THROTTLED")) == (200, 300)


# Lambda: a thousand new environments in any ten seconds


BURSTS = At([0] * 1_500 + [9_999_999_999] * 1_500 + [10 * SECOND] * 1_500)


@pytest.mark.parametrize(("model", "born"), [("window", [1_000, 0, 1_000]), ("bucket", [1_000, 999, 1])])
def test_1000_new_environments_in_any_ten_seconds(run: Run, model: str, born: list[int]) -> None:
    """In a window the thousand of t = 0 leave it at 10 s, and not a nanosecond before.

    As a bucket the limit gains 100 a second: 9.999999999 s bring 999 whole ones, the last nanosecond the thousandth.
    """
    ran = run(
        story(
            BURSTS,
            FUNCTION,
            run={"duration": "11 s"},
            functions={"f": {"duration": "60 s"}},
            account={**RAISED, "lambda_concurrency": 10_000},
            assumptions={"scaling_rate_model": model},
        )
    )
    births = sorted(row.born_ns for row in ran.environments)
    counts = [births.count(instant) for instant in (0, 9_999_999_999, 10 * SECOND)]
    assert counts == born
    refusals = [row for row in ran.attempts if row.status == 500]
    assert {row.refused_by for row in refusals} == {"f scaling rate"}
    assert len(refusals) == 4_500 - sum(born)


def test_functions_scale_independently_of_each_other(run: Run) -> None:
    said = three(lambda_concurrency=10_000, lambda_scaling=100)
    ran = run(said)
    assert {name: sum(row.status == 200 for row in ran.of(name)) for name in said["clients"]} == {
        "blue": 100, "orange": 100, "other": 100,
    }  # fmt: skip


def test_a_warm_environment_needs_no_new_one(run: Run) -> None:
    """One new environment per 10 s: a request each second is served by the first, two at once are not."""
    ran = run(
        story(
            At([0, SECOND, 2 * SECOND, 2 * SECOND]),
            FUNCTION,
            functions={"f": {"duration": "100 ms"}},
            account={"lambda_scaling": 1},
        )
    )
    assert sorted(row.status for row in ran.attempts) == [200, 200, 200, 500]
    assert [row.outcome for row in ran.invocations if row.refused_by] == ["THROTTLED_SCALING"]


def test_none_switches_lambdas_two_rates_off(run: Run) -> None:
    """15,000 new environments at one instant, fifteen times the scaling rate, half as many again as the request rate."""
    ran = run(
        story(
            At([0] * 15_000),
            FUNCTION,
            functions={"f": {"duration": "10 ms"}},
            account={**RAISED, "lambda_concurrency": 15_000, **NO_LAMBDA_LIMITS},
        )
    )
    assert set(ran.column(ATTEMPTS, "status")) == {200}
    assert len(ran.environments) == len(ran.tables[INVOCATIONS.name]) == 15_000
    assert ran.tables[LEVELS.name].shape[0] > 0
