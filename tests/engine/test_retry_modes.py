"""The SDKs' retry modes, retry budgets and circuit breakers: what a client's process keeps between its calls."""

from __future__ import annotations

import re
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.retries.adaptive import RateClocker
from botocore.retries.bucket import TokenBucket
from botocore.retries.throttling import CubicCalculator
from click.testing import CliRunner
from engine.running import FUNCTION, MS, SECOND, Ran, Run, at, story
from rules.client_twins import Told

from apigw_sim.cli import main
from apigw_sim.draws import Group, draw

NOTHING_PASSES = {"throttle": {"rate": "0/s", "burst": 0}}
NO_WAIT = {"base": "0.000001 ms", "cap": "0.000001 ms", "jitter": "none"}


def failing(
    calls: int, retry: dict[str, Any] | None = None, *, apart: int = 60 * SECOND, **parts: Any
) -> dict[str, Any]:
    """A mock that always answers 503, and calls so far apart that each is over before the next."""
    if retry:
        parts["retry"] = retry
    run = {"duration": f"{calls * apart // SECOND + 1} s", "period": "1 h"}
    return story(at(*(n * apart for n in range(calls))), {"mock": {"status": 503}}, run=run, **parts)


def attempts(ran: Ran) -> list[int]:
    """How many attempts each call had, in the order of calls."""
    return [call.attempts for call in sorted(ran.calls, key=lambda call: call.call)]


def step(word: int, span: int) -> int:
    """A uniform whole number in 0..span from the 20 highest of a word's 63 bits."""
    return word // 2**43 * (span + 1) // 2**20


# how long a mode waits


@pytest.mark.parametrize(
    ("mode", "many", "base", "cap"),
    [
        ("legacy", 5, 1, 1000), ("standard", 3, 1, 20), ("standard_2026", 3, 0.05, 20), ("adaptive", 3, 1, 20),
        ("adaptive_2026", 3, 0.05, 20),
    ],
)  # fmt: skip
def test_a_mode_waits_a_random_part_of_its_doubling_time(
    run: Run, mode: str, many: int, base: float, cap: int
) -> None:
    """After a 503: rand(0, 1) x min(base x 2^i, cap) seconds, of the word that is drawn; and its number of attempts."""
    ran = run(failing(8, {"mode": mode}))
    assert attempts(ran) == [many] * 8
    ran = run(failing(4, {"mode": mode, "attempts": 8}, apart=1000 * SECOND))
    stream = draw(ran.plan, ran.plan.seed).client(0)
    for call in range(4):
        rows = sorted((row for row in ran.attempts if row.call == call), key=lambda row: row.attempt)
        assert len(rows) == 8
        for number in range(1, 8):
            top = int(min(base * 2 ** (number - 1), cap) * SECOND)
            wait = step(stream.row(Group.SEND, call, number)[3], top)
            assert rows[number].arrived_ns - rows[number - 1].arrived_ns == wait


def test_since_2026_a_throttle_is_waited_for_twenty_times_as_long(run: Run) -> None:
    """1 s instead of 50 ms; before, there was one base for all."""
    ran = run(failing(4, {"mode": "standard_2026"}, settings=NOTHING_PASSES))
    stream = draw(ran.plan, ran.plan.seed).client(0)
    for call in range(4):
        first, second, third = sorted(row.arrived_ns for row in ran.attempts if row.call == call)
        assert second - first == step(stream.row(Group.SEND, call, 1)[3], SECOND)
        assert third - second == step(stream.row(Group.SEND, call, 2)[3], 2 * SECOND)


@pytest.mark.parametrize(
    ("mode", "status", "many"), [("legacy", 509, 5), ("standard", 509, 1), ("standard", 429, 3)]
)
def test_a_mode_retries_its_statuses(run: Run, mode: str, status: int, many: int) -> None:
    said = failing(1, {"mode": mode})
    said["apis"]["a"]["methods"]["GET /"]["integration"]["mock"]["status"] = status
    assert attempts(run(said)) == [many]


# the retry quota


@pytest.mark.parametrize(
    ("mode", "settings", "retries"),
    [
        ("legacy", None, 4 * 150), ("standard", None, 500 // 5), ("standard", NOTHING_PASSES, 500 // 5),
        ("standard_2026", None, 500 // 14), ("standard_2026", NOTHING_PASSES, 500 // 5), ("adaptive", None, 500 // 5),
    ],
)  # fmt: skip
def test_when_nothing_succeeds_the_quota_is_spent_and_retries_stop(
    run: Run, mode: str, settings: Any, retries: int
) -> None:
    """500 tokens; a retry costs 5, since 2026 14 unless it was throttled; legacy has none and goes on for ever."""
    parts = {"settings": settings} if settings else {}
    found = attempts(run(failing(150, {"mode": mode}, **parts)))
    assert sum(found) - 150 == retries
    if mode != "legacy":
        assert found == sorted(found, reverse=True)
        assert found[:10] == [3] * 10


def test_a_timeout_costs_twice_as_much(run: Run) -> None:
    """10 a retry, so 50 of them; a mode retries the client's timeout without being told."""
    said = story(
        at(*(n * 60 * SECOND for n in range(60))), FUNCTION, functions={"f": {"duration": "300 ms"}}, timeout="100 ms",
        retry={"mode": "standard"}, run={"duration": "1 h", "period": "1 h"},
    )  # fmt: skip
    ran = run(said)
    assert sum(attempts(ran)) - 60 == 50
    assert {call.outcome for call in ran.calls} == {"TIMED_OUT"}


def test_each_process_has_a_quota_of_its_own(run: Run) -> None:
    """Four processes take calls in turn: 4 x 35 retries, and each stops for itself after 18 of its calls."""
    found = attempts(run(failing(160, {"mode": "standard_2026"}, processes=4)))
    assert sum(found) - 160 == 4 * 35
    assert found[: 4 * 17] == [3] * 68
    assert found[4 * 17 : 4 * 18] == [2] * 4
    assert found[4 * 18 :] == [1] * 88


def outages(*spans: tuple[int, float], calls: int) -> dict[str, Any]:
    """A function called once a minute by a client of the standard mode, with outages from a second on, for so long."""
    return story(
        at(*(n * 60 * SECOND for n in range(calls))), FUNCTION, functions={"f": {"duration": "0 ms"}},
        retry={"mode": "standard"}, run={"duration": f"{calls * 60} s", "period": "1 h"},
        timeline=[
            {"at": f"{begin} s", "fault": {"function": "f", "outage": True, "for": f"{span} s"}} for begin, span in spans
        ],
    )  # fmt: skip


def test_a_success_at_once_gives_back_one_token(run: Run) -> None:
    """50 calls spend 500 tokens; 12 that succeed at once earn 12: two more retries, not three."""
    found = attempts(run(outages((0, 3570), (4290, 2000), calls=90)))
    assert found == [*[3] * 50, *[1] * 10, *[1] * 12, 3, *[1] * 17]


def test_a_success_after_a_retry_gives_back_what_the_retry_cost(run: Run) -> None:
    """20 calls fail for a millisecond and succeed with their retry: nothing is lost, and 100 retries can still be paid."""
    found = attempts(run(outages(*((60 * n, 0.001) for n in range(20)), (1190, 9000), calls=150)))
    assert found[:20] == [2] * 20
    assert found[20:] == [*[3] * 50, *[1] * 80]


# budgets


@pytest.mark.parametrize(
    ("share", "burst", "retries"), [("10 %", 3, 3 + 9), ("25 %", 1, 1 + 24), ("0 %", 7, 7), ("50 %", 10, 59)]
)
def test_a_budget_pays_for_a_share_of_the_calls(run: Run, share: str, burst: int, retries: int) -> None:
    """100 calls that fail: what was saved, and the share of each from then on, as far as it makes whole retries.

    10 %: the first call earns nothing, as the budget is full; three retries later 97 x 10 % and more add up to 9 or so.
    """
    retry = {"attempts": 2, "backoff": NO_WAIT, "budget": {"share": share, "burst": burst}}
    found = attempts(run(failing(100, retry)))
    budget, want = burst * 10**6, 0
    for _ in range(100):
        budget = min(budget + int(float(share[:-2]) * 10**4), burst * 10**6)
        if budget >= 10**6:
            budget, want = budget - 10**6, want + 1
    assert sum(found) - 100 == want
    assert abs(want - retries) <= 1


def test_a_budget_counts_attempts_and_not_calls(run: Run) -> None:
    """Four attempts a call while the ten that were saved last: 3, 3, 3 and 1 retries."""
    retry = {"attempts": 4, "backoff": NO_WAIT, "budget": {"share": "0 %", "burst": 10}}
    assert attempts(run(failing(6, retry))) == [4, 4, 4, 2, 1, 1]


# circuit breakers

BREAKER = {"failures": "50 %", "window": 4, "open": "1 s", "probes": 1}


def outcomes(ran: Ran) -> list[str]:
    return [call.outcome for call in sorted(ran.calls, key=lambda call: call.call)]


def broken(instants: list[int], breaker: dict[str, Any], status: int = 503, **options: Any) -> dict[str, Any]:
    """Calls at these ms to a mock, with a circuit breaker."""
    said = story(at(*(ms * MS for ms in instants)), {"mock": {"status": status}})
    said["clients"]["c"] |= {"circuit_breaker": breaker, **options}
    return said


def test_it_opens_with_the_failure_that_fills_the_window_and_lets_one_probe_through(run: Run) -> None:
    """Four failures by 30 ms; nothing is sent until 1030 ms; the probe fails, and it is open until 2030 ms."""
    ran = run(broken([0, 10, 20, 30, 40, 1029, 1030, 1031, 2029, 2030], BREAKER))
    assert [row.arrived_ns // MS for row in ran.attempts] == [0, 10, 20, 30, 1030, 2030]
    shut = "SHORT_CIRCUITED"
    assert outcomes(ran) == [*["REFUSED"] * 4, shut, shut, "REFUSED", shut, shut, "REFUSED"]
    assert [(call.attempts, call.status) for call in ran.calls if call.outcome == shut] == [(0, None)] * 4
    assert all(call.ended_ns == call.started_ns for call in ran.calls)


def test_successes_keep_it_closed(run: Run) -> None:
    ran = run(broken(list(range(0, 1000, 10)), BREAKER, status=200))
    assert outcomes(ran) == ["SUCCEEDED"] * 100


def test_all_probes_must_succeed(run: Run) -> None:
    """An outage ends at 1 s. Two probes are let through, until 1150 and 1160 ms, and nobody else; then it is closed."""
    said = story(
        at(*(ms * MS for ms in (0, 10, 20, 30, 1100, 1110, 1120, 1155, 1300, 1310))), FUNCTION,
        functions={"f": {"duration": "50 ms"}},
        timeline=[{"at": "0 s", "fault": {"function": "f", "outage": True, "for": "1 s"}}],
    )  # fmt: skip
    said["clients"]["c"]["circuit_breaker"] = {**BREAKER, "probes": 2}
    assert outcomes(run(said)) == [
        *["REFUSED"] * 4, "SUCCEEDED", "SUCCEEDED", "SHORT_CIRCUITED", "SHORT_CIRCUITED", "SUCCEEDED", "SUCCEEDED",
    ]  # fmt: skip


def test_what_was_sent_before_it_opened_is_no_probe(run: Run) -> None:
    """What began at 25 ms fails at 10.025 s, while the probe of 1.1 s is out: that neither closes it nor opens it again.

    The probe succeeds at 11.1 s; two calls that come then are both sent, for it is closed and not half open.
    """
    said = story(
        at(*(ms * MS for ms in (0, 10, 20, 25, 30, 1100, 10500, 10700, 11150, 11160))), {**FUNCTION, "timeout": "29 s"},
        functions={"f": {"duration": "10 s", "timeout": "20 s"}}, run={"duration": "12 s"},
        timeline=[
            {"at": "0 s", "fault": {"function": "f", "outage": True, "for": "24 ms"}},
            {"at": "24 ms", "fault": {"function": "f", "errors": "100 %", "for": "3 ms"}},
            {"at": "27 ms", "fault": {"function": "f", "outage": True, "for": "1 s"}},
        ],
    )  # fmt: skip
    said["clients"]["c"]["circuit_breaker"] = BREAKER
    ran = run(said)
    # the crash at 10.025 s is of a call from before: it neither closes nor opens; the probe ends at 11.1 s
    assert outcomes(ran)[5:] == ["SUCCEEDED", "SHORT_CIRCUITED", "SHORT_CIRCUITED", "SUCCEEDED", "SUCCEEDED"]
    assert [call.ended_ns // MS for call in ran.calls if call.call in (3, 5)] == [10_025, 11_100]


def test_a_client_learns_of_a_failure_when_the_answer_has_come(run: Run) -> None:
    """100 ms of network: the fourth failure, sent at 30 ms, is known at 130 ms; what is sent before that still goes."""
    ran = run(broken([0, 10, 20, 30, 60, 129, 130, 131], BREAKER, network={"rtt": "100 ms"}))
    assert outcomes(ran) == [*["REFUSED"] * 6, "SHORT_CIRCUITED", "SHORT_CIRCUITED"]


def test_and_of_a_timeout_when_it_has_waited_so_long(run: Run) -> None:
    """A function of 10 s, given up after 100 ms: that this will be so is known at once, but not to the client."""
    said = story(
        at(*(ms * MS for ms in (0, 10, 20, 30, 60, 129, 130))), FUNCTION, functions={"f": {"duration": "10 s"}},
        timeout="100 ms",
    )  # fmt: skip
    said["clients"]["c"]["circuit_breaker"] = BREAKER
    ran = run(said)
    assert outcomes(ran) == [*["TIMED_OUT"] * 6, "SHORT_CIRCUITED"]
    assert [call.ended_ns // MS for call in ran.calls][:3] == [100, 110, 120]


def test_a_retry_meets_the_open_breaker_too(run: Run) -> None:
    """One failure opens it: the retry of 10 ms later is not sent, and the call ends with the one attempt it had."""
    retry = {"attempts": 3, "backoff": {"base": "10 ms", "jitter": "none"}}
    ran = run(broken([0], {**BREAKER, "window": 1}, retry=retry))
    (call,) = ran.calls
    assert (call.outcome, call.attempts, call.ended_ns) == ("SHORT_CIRCUITED", 1, 10 * MS)


def test_each_process_has_a_breaker_of_its_own(run: Run) -> None:
    """Calls in turn to two processes: each sees one failure of its window of one."""
    ran = run(broken([0, 1, 2, 3], {**BREAKER, "window": 1}, processes=2))
    assert outcomes(ran) == ["REFUSED", "REFUSED", "SHORT_CIRCUITED", "SHORT_CIRCUITED"]


# the adaptive mode's limiter


def paced(instants: list[int], statuses: list[int]) -> list[float]:
    """When botocore's classes would send, in s, if answers come at once: `statuses` by the order of sending.

    Who waits gets the permission that will be there, in the order of asking, as threads that wait for a lock do.
    """
    clock = Told()
    cubic, clocker, bucket = CubicCalculator(0, 0.0), RateClocker(clock), TokenBucket(1, clock)
    events: list[tuple[int, int, int]] = []
    for n, instant in enumerate(instants):
        heappush(events, (instant, 1, n))
    enabled, sent = False, []
    while events:
        clock.ns, kind, n = heappop(events)
        if kind == 1 and enabled:
            bucket._refill()
            sleep = bucket._sleep_amount(1)
            bucket._current_capacity -= 1
            if sleep > 0:
                heappush(events, (clock.ns + round(sleep * SECOND), 0, n))
                continue
        throttled = statuses[len(sent)] == 429
        sent.append(clock.ns / SECOND)
        seen, now = clocker.record(), clock.current_time()
        if throttled:
            rate = cubic.error_received(min(seen, bucket.max_rate) if enabled else seen, now)
            enabled = True
        else:
            rate = cubic.success_received(now)
        bucket.max_rate = min(rate, 2 * seen)
    return sent


@pytest.mark.parametrize("mode", ["adaptive", "adaptive_2026"])
def test_the_adaptive_mode_sends_when_botocore_would(run: Run, mode: str) -> None:
    """20/s at a bucket of 5/s, for 20 s: from the first 429 on it sends less, also first attempts, and catches up later."""
    instants = [n * 50 * MS for n in range(400)]
    said = story(
        at(*instants), settings={"throttle": {"rate": "5/s", "burst": 10}}, retry={"mode": mode, "attempts": 1},
        run={"duration": "20 s", "period": "20 s"},
    )  # fmt: skip
    ran = run(said)
    rows = sorted(ran.attempts, key=lambda row: row.arrived_ns)
    found = [row.arrived_ns / SECOND for row in rows]
    want = paced(instants, [row.status for row in rows])
    assert len(found) == len(want) == 400
    assert found[:10] == [n / 20 for n in range(10)]
    gone = [abs(one - two) for one, two in zip(found, want, strict=True)]
    assert max(gone[:40]) < 1e-3  # a microsecond here and a millisecond there add up
    assert all(off < 2e-3 * instant for off, instant in zip(gone[40:], want[40:], strict=True))
    assert found[-1] > 40
    calls = sorted(ran.calls, key=lambda call: call.call)
    assert [call.started_ns for call in calls] == instants
    refused = sum(row.status == 429 for row in rows)  # 20/s at 5/s would lose 290 of 400 without it
    assert refused < 100


# what is said of it


def test_what_the_documentation_shows_can_be_run(run: Run, root: Path) -> None:
    text = (root / "docs" / "retries.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    said = failing(120, apart=SECOND)
    said["clients"]["c"] |= yaml.safe_load(block)["clients"]["app"]
    assert {"REFUSED", "SHORT_CIRCUITED"} <= {call.outcome for call in run(said).calls}


def test_explain_says_what_a_client_keeps(tmp_path: Path) -> None:
    said = story(
        retry={"mode": "adaptive_2026", "budget": {"share": "10 %"}}, circuit_breaker={}, processes=3
    )
    said["clients"]["c"]["arrivals"] = {"process": "even", "rate": "1/s"}
    file = tmp_path / "story.yaml"
    file.write_text(yaml.safe_dump(said))
    done = CliRunner().invoke(main, ["explain", str(file), "--attempt", "1"])
    words = " ".join(done.output.split())
    assert "full jitter from 50 ms (1 s after a 429) up to 20 s; each of its 3 processes has" in words
    assert (
        "a retry quota of 500 tokens, a budget of 10.0 % of its calls, a rate limiter and a circuit breaker"
        in words
    )
