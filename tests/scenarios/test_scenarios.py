"""Every shipped scenario loads, meets its expectations, and does what the comment at its head says.

Figures that arithmetic or theory gives are held against that, within a tolerance that is stated; four standard
errors are a false alarm in 16,000 for a new seed, and none for the seed of the file. Figures that only the run gives
are read out of the comment and compared with the run, so the comment cannot drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scenarios.comments import Claim, Comment, check, numbers, overrides
from scenarios.workloads import TRIED as WORKLOADS_TRIED

import apigw_sim as sim

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
COMMENTS = {file.stem: Comment.of(file) for file in FILES}
TRIES = [(name, options) for name, comment in COMMENTS.items() for options in comment.tries]
ELSEWHERE = {
    "blind_alarms", "endpoint_types", "authorizer_policy_of_one_method", "authorizer_starves_its_backend",
    "throttles_on_hosts", "waf_under_attack", "preflights", "reconnect_storm", "failover", "shop_sessions",
    "clicks_to_s3",
}  # fmt: skip
"""Scenarios whose comments are checked in files of their own."""
SECOND = 10**9


class Run(NamedTuple):
    """A run with every row."""

    result: sim.Result
    requests: pd.DataFrame
    at: np.ndarray[Any, Any]
    """When each request arrived, in s from the start."""

    @property
    def summary(self) -> dict[str, Any]:
        return self.result.summary

    def of(self, stage: str, begin: float, end: float) -> pd.DataFrame:
        """The requests to a stage that arrived in [begin, end)."""
        return self.requests[(self.at >= begin) & (self.at < end) & (self.requests["stage"] == stage)]

    def first_refusal(self) -> float:
        """When the first limit refused."""
        return min(
            row["first_refusal_s"] for row in self.summary["limits"] if row["first_refusal_s"] is not None
        )


def run(name: str, options: Sequence[str] = ()) -> Run:
    result = sim.run(FOLDER / f"{name}.yaml", overrides=options, requests=True, allow_code=True)
    requests = result.requests
    return Run(result, requests, requests["arrived_ns"].to_numpy(np.float64) / SECOND)


def refused(requests: pd.DataFrame) -> float:
    """The percentage of requests that were answered 4xx or 5xx."""
    return 100 * float((requests["status"] >= 400).mean())


def lost(requests: pd.DataFrame) -> int:
    """How many requests were answered 4xx or 5xx."""
    return int((requests["status"] >= 400).sum())


def errors(percent: float, of: int) -> float:
    """Four standard errors of a percentage that was counted in so many independent requests."""
    share = percent / 100
    return 400 * sqrt(share * (1 - share) / of)


def erlang_b(servers: int, offered: float) -> float:
    """Erlang's loss formula: the percentage that finds every server busy."""
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    return 100 * blocked


def vouched(name: str, expected: Sequence[Claim], outcome: Sequence[Claim]) -> None:
    """Check a comment; no number of what came out may stand without a claim."""
    comment = COMMENTS[name]
    check(comment.expected, expected)
    seed = sim.load(FOLDER / f"{name}.yaml").run.seed
    left = check(comment.outcome, [Claim("What came out, with seed {}:", (seed,)), *outcome])
    assert numbers(left) == []


# every scenario


def test_each_has_its_test() -> None:
    """`test_NAME`, in one of the files of this folder."""
    texts = [file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py")]
    assert [file.stem for file in FILES if not any(f"def test_{file.stem}(" in text for text in texts)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_says_what_to_expect_and_has_expectations(file: Path) -> None:
    scenario = sim.load(file)
    assert scenario.name == file.stem.replace("_", "-")
    assert scenario.expect
    assert "What to expect, and why" in COMMENTS[file.stem].expected


@pytest.mark.parametrize(("name", "options"), TRIES)
def test_what_to_try_can_be_tried(name: str, options: str) -> None:
    given = overrides(options)
    assert len(sim.load(FOLDER / f"{name}.yaml", overrides=given).overrides) == len(given)


def tries_of(file: str) -> set[tuple[str, str]]:
    """What the scenarios tested in a file say to try."""
    text = Path(file).read_text(encoding="utf-8")
    return {(name, options) for name, options in TRIES if f"def test_{name}(" in text}


def test_what_to_try_is_tried() -> None:
    here = {(name, options) for name, options in TRIES if name not in ELSEWHERE}
    assert here == {(name, options) for name, options, _ in TRIED}


# the noisy neighbour


def test_noisy_neighbour() -> None:
    # Two Poisson streams see the same bucket. 3800/s into 2500/s: the burst lasts 0.96 s, then 2500/s pass.
    passed, arrived = 9 * 2500 + 1250, 9 * 3800
    share = 100 * (1 - passed / arrived)
    own = 100 * (1 - (9 * 1500 + 750) / (9 * 3500))
    done = run("noisy_neighbour")
    tickets, export = done.of("tickets/prod", 20, 29), done.of("exports/prod", 20, 29)
    again = done.of("exports/prod", 60, 69)
    # At 20 s the bucket lacks what the last few tickets spent, at 29 s it holds less than a token.
    assert len(tickets) + len(export) - lost(tickets) - lost(export) == pytest.approx(passed, abs=5)
    # How many arrive is random too: sqrt(34,200) / 34,200 = 0.5 % of what passes.
    spread = 400 * passed / arrived / sqrt(arrived)
    assert refused(tickets) == pytest.approx(share, abs=errors(share, 2700) + spread)
    assert refused(export) == pytest.approx(share, abs=errors(share, 31_500) + spread)
    # 3653 requests arrive while the burst lasts; a standard deviation more or less of them is 0.046 s.
    assert done.first_refusal() == pytest.approx(20 + 1250 / 1300, abs=4 * 0.046)
    # The export's own bucket is full when it comes and empty when it goes: exact, but for the part of a token.
    assert len(again) - lost(again) == pytest.approx(9 * 1500 + 750, abs=1)
    assert lost(done.of("tickets/prod", 29, 90)) <= 3  # until the bucket has recovered, in some milliseconds
    assert lost(done.of("tickets/prod", 30, 90)) == 0
    assert set(done.requests["reason"]) == {"OK", "THROTTLED"}
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "noisy_neighbour",
        [
            Claim(
                "not {}/s with a burst of {} but {}/s with {}. At {} s somebody throttles the export at {}/s",
                (10000, 5000, 2500, 1250, 50, 1500),
            ),
            Claim("{}/s arrive where {}/s pass", (300 + 3500, 2500)),
            Claim("The burst of {} lasts {} / ({} - {}) = {} s", (1250, 1250, 3800, 2500, 1250 / 1300)),
            Claim("the first refusal comes at about {} s", (20 + 1250 / 1300,)),
            Claim(
                "Of {} that arrive in the nine seconds, {} x {} + {} = {} pass and {} % are refused",
                (arrived, 9, 2500, 1250, passed, share),
            ),
            Claim("{} x {} + {} = {} of {} pass and {} % are refused", (9, 1500, 750, 14_250, 31_500, own)),
            Claim("{} + {} is below {}", (1500, 300, 2500)),
        ],
        [
            Claim(
                "first wave {} % of the tickets and {} % of the export were refused, the first at {} s",
                (refused(tickets), refused(export), done.first_refusal()),
            ),
            Claim(
                "second wave {} % of the export was refused, and {} tickets",
                (refused(again), lost(done.of("tickets/prod", 60, 69))),
            ),
        ],
    )


def metronome(done: Run) -> list[Claim]:
    tickets, export = done.of("tickets/prod", 20, 29), done.of("exports/prod", 20, 29)
    # The bucket gives as much as ever; who gets it is another matter.
    passed = len(tickets) + len(export) - lost(tickets) - lost(export)
    assert passed == pytest.approx(9 * 2500 + 1250, abs=5)
    return [Claim("it loses {} % in the first wave, the tickets {} %", (refused(export), refused(tickets)))]


def ireland(done: Run) -> list[Claim]:
    lost_tickets = lost(done.of("tickets/prod", 20, 29))
    return [Claim("Ireland has {}/s: in the first wave {} tickets are refused", (10000, lost_tickets))]


def no_remedy(done: Run) -> list[Claim]:
    tickets = done.of("tickets/prod", 60, 69)
    return [Claim("{} % of the tickets are refused in the second wave too", (refused(tickets),))]


# its twin behind the gateway


def test_noisy_neighbour_lambda() -> None:
    first, second = erlang_b(1000, 600 * 2 + 200 * 0.1), erlang_b(950, 600 * 2)
    done = run("noisy_neighbour_lambda")
    tickets, pictures = done.of("tickets/prod", 26, 38), done.of("pictures/prod", 26, 38)
    again = done.of("pictures/prod", 76, 88)
    # A full pool finishes at a steady pace, so what varies is how many come: sqrt(7200) of them, 1.2 %.
    spread = 4 * 100 / sqrt(12 * 600)
    assert refused(pictures) == pytest.approx(first, abs=spread)
    assert refused(tickets) == pytest.approx(first, abs=spread + errors(first, 2400))
    assert refused(again) == pytest.approx(second, abs=spread)
    # sqrt(980) pictures more or less are 0.05 s; a few are done by then, one in ten of what began in the first 0.3 s.
    assert 0 <= done.first_refusal() - (20 + 980 / 600) + 4 * 0.052 <= 8 * 0.052 + 0.1
    assert erlang_b(50, 20) < 1e-6
    assert lost(done.of("tickets/prod", 60, 110)) == 0
    assert set(done.requests["reason"]) == {"OK", "LAMBDA_THROTTLED"}
    assert set(done.requests["status"]) == {200, 500}
    assert sum(done.summary["throttled_by"].values()) == 0
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "noisy_neighbour_lambda",
        [
            Claim("share its Lambda concurrency, {} at once", (1000,)),
            Claim(
                "Fans buy tickets at {}/s, and selling one takes {} ms: {} executions", (200, 100, 200 * 0.1)
            ),
            Claim("need {}/s x {} s = {} at once", (600, 2, 600 * 2)),
            Claim("the {} of the tickets they have {},", (20, 980)),
            Claim("{} + {} / {} = {} s", (20, 980, 600, 20 + 980 / 600)),
            Claim("{} wanted where {} fit, {} % refused", (1220, 1000, first)),
            Claim("{} are set aside for the {} that sales need", (50, 20)),
            Claim("left {} for their {}: {} % refused", (950, 1200, second)),
            Claim("{} requests a second fit", (10000,)),
            Claim("and {} executions into Lambda: they meet at {} ms", (1000, 1000 / 10000 * 1000)),
        ],
        [
            Claim(
                "first wave first refusal at {} s; from {} s on {} % of the tickets and {} % of the pictures",
                (done.first_refusal(), 26, refused(tickets), refused(pictures)),
            ),
            Claim(
                "second wave from {} s on {} % of the pictures were refused, and in all of it {} tickets",
                (76, refused(again), lost(done.of("tickets/prod", 70, 90))),
            ),
        ],
    )


def ceiling(done: Run) -> list[Claim]:
    pictures, theory = done.of("pictures/prod", 26, 38), erlang_b(800, 1200)
    assert refused(pictures) == pytest.approx(theory, abs=4 * 100 / sqrt(12 * 600))
    assert done.summary["lambda_throttled_by"]["account"] == 0
    return [
        Claim("In the first wave {} tickets are lost", (lost(done.of("tickets/prod", 20, 38)),)),
        Claim("from {} s on {} % of the pictures", (26, refused(pictures))),
        Claim("where {} want {} (Erlang: {} %)", (1200, 800, theory)),
    ]


def more_for_everybody(done: Run) -> list[Claim]:
    pictures = done.of("pictures/prod", 20, 38)
    assert set(pictures.loc[pictures["status"] == 500, "reason"]) == {"LAMBDA_THROTTLED"}
    assert done.summary["lambda_throttled_by"]["scaling_rate"] == lost(pictures)
    scaling = next(row for row in done.summary["limits"] if row["limit"] == "thumbnail scaling rate")
    assert scaling["ceiling"] == "1000 per 10 s"
    return [
        Claim("{} tickets are lost in the first wave", (lost(done.of("tickets/prod", 20, 38)),)),
        Claim("But pictures are, {} % of them", (refused(pictures),)),
        Claim("{} new environments in any {} s", (1000, 10)),
    ]


def wrong_status(done: Run) -> list[Claim]:
    return [
        Claim(
            "they get {}, and send {} attempts a call",
            (500, done.summary["clients"]["fans"]["amplification"]),
        )
    ]


# the cold-start storm


def test_cold_start_storm() -> None:
    done = run("cold_start_storm")
    search = done.summary["functions"]["search"]
    born = done.result.environments
    alive = (born["born_ns"] <= 12 * 60 * SECOND) & ~(born["died_ns"] <= 12 * 60 * SECOND).fillna(False)
    levels = done.result.levels
    evening = levels[
        (levels["gauge"] == "concurrency") & (levels["at_ns"].between(120 * SECOND, 240 * SECOND))
    ]
    # Little's law: an average over 180 s, of 60/s and lognormal durations with a second moment of 0.008 s^2.
    assert evening["area"].sum() / 180 == pytest.approx(60 * 0.08, abs=4 * sqrt(60 * 0.008 / 180))
    # Who arrives in the first 2.68 s finds nothing warm, give or take four standard deviations of such a count.
    assert search["cold_starts"] == pytest.approx(804, abs=4 * sqrt(804))
    assert not done.requests["cold_start"][done.at < 24 * 60].any()
    assert done.at[done.requests["cold_start"]].max() - 24 * 60 == pytest.approx(2.68, abs=0.15)
    slow = done.requests["latency_ns"][done.requests["cold_start"]]
    assert slow.min() > 2550e6  # provisioning takes 50 ms at least, Init 2.5 s
    assert set(done.requests["status"]) == {200}
    assert all(row["met"] for row in done.summary["expectations"])
    metrics = done.result.metrics
    whole = metrics[
        (metrics["metric"] == "Latency") & (metrics["stage"] == "prod") & (metrics["resource"] == "")
    ]
    begun = (whole["timestamp"] - whole["timestamp"].min()).dt.total_seconds()
    minute, next_minute = whole[begun == 24 * 60].iloc[0], whole[begun == 25 * 60].iloc[0]
    vouched(
        "cold_start_storm",
        [
            Claim("{}/s x {} ms = {} executions at once on average", (60, 80, 60 * 0.08)),
            Claim("by {} min all the others are gone", (4 + 7,)),
            Claim("{}/s x {} ms = {} at once would do", (300, 80, 300 * 0.08)),
            Claim("{}/s x ({} ms + {} s + {} ms) = {} cold starts", (300, 100, 2.5, 80, 300 * 2.68)),
            Claim("since {} of {} are {} %", (804, 300 * 60, 100 * 804 / 18_000)),
        ],
        [
            Claim("night {} environment was alive at {} min", (alive.sum(), 12)),
            Claim(
                "morning {} cold starts, and at most {} executions at once",
                (search["cold_starts"], search["max_concurrency"]),
            ),
            Claim(
                "its first minute has p50 {} ms and p99 {} ms, its second {} ms and {} ms",
                (minute["p50"], minute["p99"], next_minute["p50"], next_minute["p99"]),
            ),
        ],
    )


def ramp(done: Run) -> list[Claim]:
    return [Claim("{} cold starts", (done.summary["functions"]["search"]["cold_starts"],))]


def small_package(done: Run) -> list[Claim]:
    cold = done.requests["cold_start"]
    # Provisioning 100 ms, Init 86 ms on average, 80 ms of work and the gateway's and Lambda's own 20 ms.
    assert float(done.requests["latency_ns"][cold].mean()) / 1e6 == pytest.approx(285, abs=30)
    init = done.result.invocations["init_ns"].dropna().astype(float)
    return [
        Claim("Init takes about {} ms", (5 * round(init.median() / 5e6),)),
        Claim("there are {} cold starts", (done.summary["functions"]["search"]["cold_starts"],)),
    ]


def too_many(done: Run) -> list[Claim]:
    throttled = done.summary["lambda_throttled_by"]
    assert lost(done.requests) == sum(throttled.values())
    return [
        Claim("{}/s x {} s = {} are more than {}", (500, 2.68, 500 * 2.68, 1000)),
        Claim(
            "{} callers get a {} from a function that needs {} at once",
            (lost(done.requests), 500, 500 * 0.08),
        ),
    ]


# the cache and its flush


def zipf_rates(total: float, items: int) -> np.ndarray[Any, Any]:
    """Requests per second for each item by Zipf's law with s = 1."""
    weights = 1 / np.arange(1, items + 1)
    return total * weights / weights.sum()


def misses(done: Run, begin: float, end: float) -> float:
    return int((done.of("shop/prod", begin, end)["cache"] == "miss").sum()) / (end - begin)


def test_cache_and_flush() -> None:
    rates = zipf_rates(250, 5000)
    theory = float(np.sum(rates / (1 + 60 * rates)))
    # Who asks while the first miss is at the server, 0.12 s, misses too; the entry begins again with each answer.
    with_crowd = float(np.sum(rates * (1 + 0.12 * rates) / (1 + (60 + 0.12) * rates)))
    done = run("cache_and_flush")
    before, flush = misses(done, 120, 300), done.of("shop/prod", 300, 480)
    spread = 4 * sqrt(theory / 180)
    assert theory - spread < before < with_crowd + spread
    bad = flush[flush["status"] == 503]
    last = float(bad["arrived_ns"].max()) / SECOND - 300
    steady = done.of("shop/prod", 120, 300)["latency_ns"].to_numpy(np.float64)
    upset = done.of("shop/prod", 300, 310)["latency_ns"].to_numpy(np.float64)
    # Nothing is served faster than it is: for twenty seconds at most 6 at once, 100 ms each, and 60 that wait.
    served = flush[
        (flush["cache"] == "miss") & (flush["status"] == 200) & (flush["arrived_ns"] < 320 * SECOND)
    ]
    assert len(served) <= 20 * 60 + 60 + 4 * sqrt(20 * 60)
    assert set(done.requests["status"]) == {200, 503}
    assert (bad["cache"] == "miss").all()
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "cache_and_flush",
        [
            Claim(
                "answers {} requests at once, in {} ms on average, and lets {} wait: {}/s",
                (6, 100, 60, 6 / 0.1),
            ),
            Claim("the first of them {} times a second", (rates[0],)),
            Claim(
                "that is {}/s of {}/s: a hit ratio of {} %, and the server is {} % busy",
                (theory, 250, 100 - 100 * theory / 250, 100 * theory / 60),
            ),
        ],
        [
            Claim(
                "before {} misses/s, hit ratio {} %, and {} errors",
                (before, 100 - 100 * before * 180 / len(steady), lost(done.of("shop/prod", 120, 300))),
            ),
            Claim(
                "flush {} % of the first five seconds were answered {}, and {} requests in all, the last of them {} s",
                (refused(done.of("shop/prod", 300, 305)), 503, lost(flush), last),
            ),
            Claim(
                "p{} of Latency is {} ms before, and {} ms in the ten seconds after",
                (99, np.percentile(steady, 99) / 1e6, np.percentile(upset, 99) / 1e6),
            ),
        ],
    )
    assert 2.8 < 1 / rates[-1] / 60 < 3.2  # once in three minutes


def without_cache(done: Run) -> list[Claim]:
    found = refused(done.of("shop/prod", 120, 480))
    # The server is always busy and gives 60/s. How many come varies by sqrt(90,000) = 0.33 %, how many it serves by
    # 0.2 % at most.
    assert found == pytest.approx(100 * (1 - 60 / 250), abs=4 * 0.24 * 0.4)
    return [Claim("{}/s of {}/s can be answered, and {} % get a {}", (60, 250, found, 503))]


def cached_errors(done: Run) -> list[Claim]:
    repeats = done.requests[(done.requests["cache"] == "hit") & (done.requests["status"] == 503)]
    last = float(repeats["arrived_ns"].max()) / SECOND - 300
    assert last < 60 + 30  # as long as an entry lives, after the last 503 that was an answer
    return [
        Claim("If a {} is cached like any answer", (503,)),
        Claim("{} hits repeat a stored {}, the last of them {} s after the flush", (len(repeats), 503, last)),
    ]


def longer(done: Run) -> list[Claim]:
    return [Claim("{} misses/s before, and then {} errors", (misses(done, 120, 300), lost(done.requests)))]


def anyone_may_flush(done: Run) -> list[Claim]:
    own = int(done.requests["max_age_0"].sum()) / len(done.requests)
    assert own == pytest.approx(0.2, abs=4 * sqrt(0.16 / len(done.requests)))
    return [
        Claim("a fifth sends Cache-Control: max-age={}", (0,)),
        Claim("That is {}/s by itself", (0.2 * 250,)),
        Claim(
            "{} misses/s before the flush, and {} % of answers are {}",
            (misses(done, 120, 300), refused(done.of("shop/prod", 120, 300)), 503),
        ),
    ]


# the quota


def test_free_tier_quota() -> None:
    shares = zipf_rates(1, 30)
    until_nine, until_eleven = shares * 2 * 3 * 3600, shares * 2 * 2 * 3600
    done = run("free_tier_quota")
    midnight = 3 * 3600
    widget = done.requests[done.requests["client"] == "widget"]
    # One a second from 0 s on: the thousandth at 999 s. At midnight, 10,800 s, it begins again.
    carried = widget["arrived_ns"][widget["status"] == 200].to_numpy() // SECOND
    assert carried.tolist() == [*range(1000), *range(midnight, midnight + 1000)]
    assert set(widget["reason"]) == {"OK", "QUOTA_EXCEEDED"}
    hobby = done.requests[done.requests["client"] == "hobby"]
    late = hobby["arrived_ns"] >= midnight * SECOND
    out = []
    for day, due in ((hobby[~late], until_nine), (hobby[late], until_eleven)):
        used = day["api_key"][day["status"] == 200].value_counts()
        firsts = day[day["attempt"] == 1]["api_key"].value_counts()
        assert used.max() == 1000
        for key, many in enumerate(due):
            assert firsts[f"hobbyists[{key}]"] == pytest.approx(many, abs=4 * sqrt(many))
        out.append(int((used == 1000).sum()))
        assert out[-1] == int((due > 1000).sum())
    # Refused calls are those above 1000, of each key and day; their number varies with the calls of these keys.
    over = np.concatenate([due[due > 1000] for due in (until_nine, until_eleven)])
    client = done.summary["clients"]["hobby"]
    assert client["gave_up"] == pytest.approx(float((over - 1000).sum()), abs=4 * sqrt(over.sum()))
    calls = done.result.calls[done.result.calls["client"] == "hobby"]
    assert set(calls["attempts"][calls["outcome"] == "refused"]) == {3}
    saved = calls[(calls["attempts"] > 1) & (calls["outcome"] == "succeeded")]
    assert (saved["started_ns"] < midnight * SECOND).all()
    assert (saved["ended_ns"] > midnight * SECOND).all()
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "free_tier_quota",
        [
            Claim("it has its {} after {} s, at 06:16:40", (1000, 16 * 60 + 40)),
            Claim("So {} of its {} requests are carried, {} %", (2000, 5 * 3600, 100 * 2000 / 18_000)),
            Claim("(1 + 1/2 + ... + 1/{}) = {} % of their {}/s", (30, 100 * shares[0], 2)),
            Claim(
                "{} / k calls, above {} for the first {};", (until_nine[0], 1000, (until_nine > 1000).sum())
            ),
            Claim("again {} / k, for the first {}.", (until_eleven[0], (until_eleven > 1000).sum())),
        ],
        [
            Claim("widget {} of {} carried, the first refusal at {} s", (2000, 18_000, done.first_refusal())),
            Claim("hobbyists {} keys were out of quota at 09:00, and {} at the end", out),
            Claim(
                "{} calls of {} were given up, at {} attempts a call",
                (client["gave_up"], client["calls"], client["amplification"]),
            ),
            Claim("{} calls were saved by midnight", (len(saved),)),
        ],
    )


def london(done: Run) -> list[Claim]:
    assert done.summary["clients"]["widget"]["succeeded"] == 1000
    return [Claim("the widget gets {} forecasts in five hours", (1000,))]


def patient(done: Run) -> list[Claim]:
    hobby = done.summary["clients"]["hobby"]
    return [
        Claim("leave a {} alone: {} attempts a call", (429, hobby["amplification"])),
        Claim("and {} calls given up", (hobby["gave_up"],)),
    ]


def a_month(done: Run) -> list[Claim]:
    start = done.result.plan.start.astimezone(UTC)
    assert f"{start:%A %d %B}" == "Sunday 01 March"
    return [
        Claim("Sunday, the {}st of March in UTC: at 09:00", (1,)),
        Claim("and {} is the widget's share of March", (done.summary["clients"]["widget"]["succeeded"],)),
    ]


# the flash sale

SHORT = overrides(
    "--set 'run.duration=30 s' --set 'run.warm_up=3 s' --set 'run.period=3 s'"
    " --set 'clients.web.arrivals.rate[1].from=6 s' --set 'clients.web.arrivals.rate[1].ramp=0.5 s'"
    " --set 'clients.web.arrivals.rate[2].from=21 s'"
    " --set clients.acme.arrivals.trace.speed=20 --set clients.acme.arrivals.trace.scale=1"
    " --set 'timeline[0].at=12 s' --set 'timeline[0].fault.for=3 s'"
    " --set 'timeline[1].at=18 s' --set 'timeline[2].at=24 s'"
)
"""Ten minutes in thirty seconds: the same rates and limits, for a twentieth of the time."""


class Sale(NamedTuple):
    """Instants of a sale, in s."""

    settled: float
    """The bursts are spent, and as many come back as went."""
    slow: float
    quick: float
    flush: float
    over: float
    quiet: float
    """The last of those who came back has gone."""
    end: float


def crowd(first: float, passing: float) -> tuple[float, float]:
    """Attempts per second, and the share refused, where calls come at a rate, at most three attempts each.

    Of the calls, the share q^3 fails, so `first` x (1 - q^3) = `passing`.
    """
    q = (1 - passing / first) ** (1 / 3)
    return first * (1 + q + q * q), q


def flash_sale(done: Run, sale: Sale) -> None:
    at, requests = done.at, done.requests
    orders, items = ((requests["method"] == name).to_numpy() for name in ("POST /orders", "GET /items/{id}"))
    throttled = (requests["reason"] == "THROTTLED").to_numpy()
    steady = (
        (at >= sale.settled)
        & (at < sale.over)
        & ~((at >= sale.slow) & (at < sale.quick + 0.5 * (sale.quick - sale.slow)))
    )
    span = sale.over - sale.settled - 1.5 * (sale.quick - sale.slow)
    for method, first, limit, name in (
        (orders, 300, 200, "shop/prod POST /orders throttle"), (items, 2700, 2000, "shop/prod every_method throttle"),
    ):  # fmt: skip
        # While the sale lasts the bucket is empty and gives what flows in, to the request.
        busy = method & (at >= sale.settled) & (at < sale.over)
        assert (busy & ~throttled).sum() == pytest.approx(limit * (sale.over - sale.settled), abs=2)
        assert set(requests["refused_by"][busy & throttled]) == {name}
        # How many attempts there are varies with the calls: sqrt of their number, and each fails up to three times.
        attempts, share = crowd(first, limit)
        assert (method & steady).sum() == pytest.approx(attempts * span, abs=4 * 3 * sqrt(first * span))
        assert (method & steady & throttled).sum() / (method & steady).sum() == pytest.approx(share, abs=0.03)
        # After it, nobody is refused, and raising the limit of orders changes nothing.
        assert not (method & throttled & (at > sale.quiet)).any()
    # 200/s x 120 ms are 24 at once; six times slower they are 144 and there are 100.
    refused_by_lambda = at[(requests["reason"] == "LAMBDA_THROTTLED").to_numpy()]
    assert sale.slow < refused_by_lambda.min()
    assert refused_by_lambda.max() < sale.quick + 1.5
    assert len(refused_by_lambda) / (sale.quick - sale.slow) == pytest.approx(200 * (1 - 100 / 144), rel=0.4)
    assert set(requests["status"][requests["reason"] == "LAMBDA_THROTTLED"]) == {500}
    functions = done.summary["functions"]
    assert functions["checkout"]["max_concurrency"] == 100
    # The flush: the cache answers nearly everything before, and less just after.
    looked = (requests["cache"] != "none").to_numpy()
    hit = (requests["cache"] == "hit").to_numpy()

    def ratio(begin: float, end: float) -> float:
        asked = looked & (at >= begin) & (at < end)
        return float((asked & hit).sum() / asked.sum())

    assert ratio(sale.flush, sale.flush + 1) < ratio(sale.flush - 1, sale.flush) - 0.2
    # Refusals flatter CloudWatch's Latency.
    assert done.summary["latency_ms"]["mean"] < 0.7 * done.summary["latency_2xx_ms"]["mean"]
    assert all(row["met"] for row in done.summary["expectations"])


def test_the_comment_of_the_flash_sale() -> None:
    check(
        COMMENTS["flash_sale"].expected,
        [
            Claim("visitors come at {}/s; when the sale opens at {} min they are {}/s", (100, 2, 3000)),
            Claim("{}/s arrive where the method's throttle lets {}/s pass", (3000 * 0.1, 200)),
            Claim("spent; refused callers come back up to twice", ()),
            Claim("{}/s are above the {}/s of every_method", (3000 * 0.9, 2000)),
            Claim("{} ms become {} ms, which at {}/s needs more than its {}", (120, 6 * 120, 200, 100)),
            Claim("above the {}/s of its plan", (20,)),
            Claim("above the plan's {}/s and meets the day's quota of {}", (5, 500)),
        ],
    )


def test_flash_sale_in_thirty_seconds() -> None:
    flash_sale(run("flash_sale", SHORT), Sale(8.5, 12, 15, 18, 21, 22.5, 30))


@pytest.mark.slow
def test_flash_sale() -> None:
    done = run("flash_sale")
    flash_sale(done, Sale(150, 240, 300, 360, 420, 430, 600))
    # The partner's busiest minute has 71 x 20 = 1420 requests, 23.7/s; in two minutes the 40 of the burst are spent.
    requests, at = done.requests, done.at
    partner = (requests["client"] == "acme").to_numpy() & (requests["status"] == 429).to_numpy()
    assert 300 <= at[partner].min() < 360
    assert set(requests["refused_by"][partner]) == {"plan gold shop/prod GET /stock/{id} throttle"}
    # The first hobbyist by Zipf of 1000 keys: 13.4 % of 50/s.
    rates = zipf_rates(50, 1000)
    assert rates[0] > 5 > rates[1]
    first = requests[requests["api_key"] == "hobbyists[0]"]
    assert len(first) == pytest.approx(600 * rates[0], abs=4 * sqrt(600 * rates[0]))
    assert (~first["reason"].isin(["THROTTLED", "QUOTA_EXCEEDED"])).sum() == 500
    over = requests["api_key"][requests["reason"] == "QUOTA_EXCEEDED"].unique()
    assert {f"hobbyists[{key}]" for key in range(int((600 * rates > 570).sum()))} <= set(over)
    assert len(over) == pytest.approx((600 * rates > 500).sum(), abs=2)


# what the comments say to try

# the ticket sale


def orders(done: Run) -> pd.DataFrame:
    """The orders after the warm-up."""
    within = done.of("tickets/prod", 10, 60)
    return within[within["method"] == "POST /orders"]


def test_ticket_sale() -> None:
    done = run("ticket_sale")
    assert all(row["met"] for row in done.summary["expectations"])
    at = next(n / 1000 for n in range(1000, 3000) if erlang_b(30, 12 * n / 1000) >= 1)
    vouched(
        "ticket_sale",
        [
            Claim("{} orders a second start, and selling a ticket takes {} ms: {} executions", (60, 200, 12)),
            Claim("of the {} that are reserved", (30,)),
            Claim("asked {} times a second", (200,)),
            Claim("may fail in {} % of all cases", (1,)),
            Claim(
                "{} places lose {} % of {} Erlangs, which is {} times",
                (30, erlang_b(30, 12 * at), 12 * at, at),
            ),
            Claim(
                "{} places lose {} % of the load as it is, {} lose {} %",
                (20, erlang_b(20, 12), 19, erlang_b(19, 12)),
            ),
        ],
        [
            Claim(
                "{} of {} orders were refused, and at most {} ran at once",
                (lost(orders(done)), len(orders(done)), done.summary["functions"]["sell"]["max_concurrency"]),
            )
        ],
    )


def twice(done: Run) -> list[Claim]:
    # 6,000 orders, of which those that find all places taken come in clumps: a fifth of the loss is a standard error.
    assert refused(orders(done)) == pytest.approx(erlang_b(30, 24), rel=0.5)
    return [
        Claim(
            "{} % of the orders are refused (Erlang: {} % of {} Erlangs)",
            (refused(orders(done)), erlang_b(30, 24), 24),
        )
    ]


TRIED = [
    ("noisy_neighbour", "--set clients.export_job.arrivals.process=even", metronome),
    ("noisy_neighbour", "--set account.region=eu-west-1", ireland),
    (
        "noisy_neighbour",
        "--set assumptions.account_throttle_position=front --set assumptions.token_accounting=as_you_go",
        no_remedy,
    ),
    ("noisy_neighbour_lambda", "--set functions.thumbnail.reserved_concurrency=800", ceiling),
    ("noisy_neighbour_lambda", "--set account.lambda_concurrency=1300", more_for_everybody),
    ("noisy_neighbour_lambda", '--set "clients.fans.retry={attempts: 3, statuses: [429]}"', wrong_status),
    ("cold_start_storm", '--set "clients.shoppers.arrivals.rate[2].ramp=1 min"', ramp),
    ("cold_start_storm", '--set "functions.search.cold_start={runtime: python3.13}"', small_package),
    ("cold_start_storm", '--set "clients.shoppers.arrivals.rate[2].rate=500/s"', too_many),
    (
        "cache_and_flush",
        "--set apis.shop.stages.prod.method_settings.every_method.caching=false",
        without_cache,
    ),
    ("cache_and_flush", "--set assumptions.cache_error_responses=true", cached_errors),
    (
        "cache_and_flush",
        '--set "apis.shop.stages.prod.method_settings.every_method.caching.ttl=300 s"',
        longer,
    ),
    ("cache_and_flush", '--set "clients.visitors.calls[0].max_age_0=20 %"', anyone_may_flush),
    ("free_tier_quota", "--set run.start=2026-03-02T06:00:00+00:00", london),
    ("free_tier_quota", '--set "clients.hobby.retry.statuses=[503]"', patient),
    ("free_tier_quota", "--set usage_plans.free.quota.period=MONTH", a_month),
    *WORKLOADS_TRIED,
    ("ticket_sale", "--set clients.fans.arrivals.rate=120/s", twice),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "claims"), TRIED)
def test_what_it_says_of_a_try(name: str, options: str, claims: Any) -> None:
    left = check(COMMENTS[name].tries[options], claims(run(name, overrides(options))))
    assert numbers(left) == []
