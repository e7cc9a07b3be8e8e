"""The scenarios on queues, SQS's and Lambda's own, do what their comments say."""

from __future__ import annotations

import hashlib

from scenarios.comments import Claim
from scenarios.test_scenarios import run, vouched

WORKED_OFF = 4 * 10 / 1.1
"""Messages a second: four batches of ten at once, 1.1 s each."""
RUSH, BEFORE = 120, 60


def test_queue_based_load_levelling() -> None:
    """Fluid arithmetic, less than two batches of each poller off; latencies before the queue are some ms more."""
    done = run("queue_based_load_levelling")
    queue, functions = done.summary["queues"]["orders"], done.summary["functions"]
    backlog = (100 - WORKED_OFF) * RUSH
    age = (1 - WORKED_OFF / 100) * (360 - BEFORE)
    drained = RUSH + BEFORE + backlog / (WORKED_OFF - 10)
    assert abs(queue["max_visible"] - (backlog - 40)) <= 40  # forty are under way
    assert abs(queue["max_age_s"] - age) <= 2.2
    refused = functions["order"]["throttles"]
    assert 65 * RUSH <= refused <= 1.03 * 65 * RUSH  # drawn latencies clump what arrives at the function
    assert functions["worker"]["throttles"] == 0
    assert functions["worker"]["max_concurrency"] == 4
    assert queue["sent"] == queue["deleted"] == 10 * 420 + 100 * RUSH
    frame = done.result.metrics
    waiting = frame[frame["metric"] == "ApproximateNumberOfMessagesVisible"]["Minimum"].tolist()
    assert [low > 0 for low in waiting[:9]] == [False, False, *[True] * 5, False, False]
    assert 7 * 60 < drained < 8 * 60
    seen = frame[frame["metric"] == "NumberOfMessagesSent"]["Sum"]
    assert seen.sum() == queue["sent"]
    assert abs(seen.iloc[1] - 6000) <= 100  # within a second of the minute
    late = frame[frame["metric"] == "ApproximateAgeOfOldestMessage"]["Maximum"]
    assert round(late.max(), 3) == queue["max_age_s"]
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "queue_based_load_levelling",
        [
            Claim(
                "takes {} ms: {}/s. In the rush {}/s are more than it takes, {} in", (200, 35, 65, 65 * RUSH)
            ),
            Claim("{} s each ({} ms and {} ms a message), four at a time: {}/s", (1.1, 100, 100, WORKED_OFF)),
            Claim("{}/s stay behind, {} messages", (100 - WORKED_OFF, backlog)),
            Claim("{}/s less each second", (WORKED_OFF - 10,)),
            Claim("empty {} s later", (drained - RUSH - BEFORE,)),
            Claim("those before it, {} s", (backlog / WORKED_OFF,)),
            Claim("by the minute, {} s at", (age,)),
        ],
        [
            Claim("straight {} orders were a {} queued", (refused, 500)),
            Claim("{} messages were sent, and as many deleted", (queue["sent"],)),
            Claim(
                "at most {} waited, and the oldest was {} s old", (queue["max_visible"], queue["max_age_s"])
            ),
        ],
    )


def test_hot_shard() -> None:
    """The share of the hot shard is that of the campaigns whose MD5 lies in it; what a bucket takes in 6 s is 7,000."""
    done = run("hot_shard")
    weights = [(key + 1) ** -1.5 for key in range(100)]
    parts = [hashlib.md5(str(key).encode()).digest()[0] // 64 for key in range(100)]
    share = sum(weight for weight, part in zip(weights, parts, strict=True) if part == 3) / sum(weights)
    clients = done.summary["clients"]
    requests = done.result.requests
    refused = requests[requests["reason"] == "SERVICE_THROTTLED"].groupby("client", observed=False).size()
    came = share * 12_000
    assert parts[:4] == [3] * 4
    assert abs(refused["blind"] - (came - 7_000)) < 4 * 12_000**0.5
    worst = next(row for row in done.summary["limits"] if row["limit"] == "blind records")
    assert (worst["worst"], worst["buckets"], worst["buckets_refused"]) == ("shard 3", 4, 1)
    frame = done.result.metrics
    over = (
        frame[frame["metric"] == "WriteProvisionedThroughputExceeded"]
        .groupby("stream", observed=True)["Sum"]
        .sum()
    )
    assert dict(over) == {"blind": refused["blind"], "told": refused["told"], "spread": 0}
    blind = requests[requests["client"] == "blind"]
    assert set(blind["status"]) == {200}
    assert all(row["met"] for row in done.summary["expectations"])
    told = clients["told"]
    vouched(
        "hot_shard",
        [
            Claim("has {} % of the clicks: {}/s", (100 * share, 2000 * share)),
            Claim("of {} clicks in {} s it takes {}. The others, {}", (came, 6, 7000, came - 7000)),
        ],
        [
            Claim(
                "blind {} of {} clicks were refused and each was a {} to",
                (refused["blind"], clients["blind"]["calls"], 200),
            ),
            Claim(
                "told {} of {} clicks arrived, with {} attempts",
                (told["succeeded"], told["calls"], told["attempts"]),
            ),
            Claim("spread {} of {} clicks", (0, clients["spread"]["calls"])),
        ],
    )


def test_asynchronous_invocation() -> None:
    """What stays behind by fluid arithmetic, the ages by the back-off; every event is accounted for."""
    done = run("asynchronous_invocation")
    functions, queue = done.summary["functions"], done.summary["queues"]["late"]
    keeps, drops = functions["keeps"]["events"], functions["drops"]["events"]
    behind = (60 - 10 / 0.5) * 60
    ages = [2**n - 1 for n in range(1, 10)]
    refused = functions["waits"]["throttles"]
    assert behind <= refused <= 1.03 * behind  # drawn latencies clump what arrives
    for row in (keeps, drops):
        assert abs(row["max_at_once"] - (behind + 10)) <= 0.01 * behind  # ten are at work
        assert row["received"] == row["succeeded"] + row["expired"] == 10 * 420 + 60 * 60
    assert (keeps["expired"], keeps["max_age_s"]) == (0, ages[-1])
    assert drops["max_age_s"] == max(age for age in ages if age <= 60)
    assert drops["expired"] == queue["sent"] > 0
    frame = done.result.metrics.set_index(["metric", "function"])
    sums = {name: frame.loc[name]["Sum"].groupby("function", observed=True).sum() for name in
            ("AsyncEventsReceived", "AsyncEventsDropped", "Throttles")}  # fmt: skip
    assert dict(sums["AsyncEventsReceived"]) == {"keeps": 7800, "drops": 7800}
    assert dict(sums["AsyncEventsDropped"]) == {"drops": drops["expired"]}
    assert frame.loc["AsyncEventAge"].loc["keeps"]["Maximum"].max() == ages[-1] * 1000
    assert done.summary["clients"]["waiting"]["gave_up"] == refused
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "asynchronous_invocation",
        [
            Claim("takes {} ms: {}/s. In the rush {}/s are more than it takes, {} in", (500, 20, 40, behind)),
            Claim("at an age of {}, {}, {}, {}, {}, {}, {}, {} and {} s", tuple(ages)),
            Claim("{}/s are free, which would be {} s for all", (10, behind / 10)),
            Claim("event age of {} s, for an order", (60,)),
            Claim("the last try is at {} s, for the next would be at {} s", (31, 63)),
        ],
        [
            Claim("waits {} orders were a {} keeps", (refused, 500)),
            Claim(
                "{} of {} events succeeded, after {} retries", (keeps["succeeded"], 7800, keeps["retried"])
            ),
            Claim("tried at an age of {} s", (keeps["max_age_s"],)),
            Claim(
                "drops {} events were given up, and are in the queue; {} succeeded",
                (drops["expired"], drops["succeeded"]),
            ),
        ],
    )


def test_database_drowned() -> None:
    """Durations by load, and what Little's law makes of them; the rush is the minute from 2 to 3."""
    done = run("database_drowned")
    functions, databases = done.summary["functions"], done.summary["databases"]
    at_work = {busy: 300 * (1 + 9 * (busy - 1) / 99) for busy in (50, 100)}
    carries = 50 / (0.2 + at_work[50] / 1000)
    requests = done.result.requests
    rush = requests[(requests["arrived_ns"] >= 120 * 10**9) & (requests["arrived_ns"] < 180 * 10**9)]
    of = {name: rush[rush["client"] == name] for name in ("bare", "valve")}
    carried = {name: int((rows["status"] < 400).sum()) for name, rows in of.items()}
    assert abs(carried["valve"] - carries * 60) <= 60  # a few seconds to fill it, and to drain
    assert carried["bare"] < 0.2 * carried["valve"]
    assert databases["orders"]["max_at_work"] == databases["orders"]["max_held"] == 100
    assert databases["guarded"]["max_held"] == functions["valve"]["max_concurrency"] == 50
    assert databases["guarded"]["refused"] == 0
    reasons = done.result.requests["reason"].value_counts()
    assert functions["bare"]["errors"] == databases["orders"]["refused"] + reasons["FUNCTION_TIMEOUT"]
    assert reasons["FUNCTION_ERROR"] == databases["orders"]["refused"]
    later = requests[requests["arrived_ns"] >= 240 * 10**9]
    assert (later["status"] == 200).all()  # both have healed a minute after the rush
    assert all(row["met"] for row in done.summary["expectations"])
    vouched(
        "database_drowned",
        [
            Claim("{} ms of its function and a query of {} ms", (200, 300)),
            Claim("query takes {} ms, an order {} ms", (at_work[100], 200 + at_work[100])),
            Claim(
                "a query takes {} ms and an order {} ms, so {}/s", (at_work[50], 200 + at_work[50], carries)
            ),
        ],
        [
            Claim("bare in the rush {} of {} attempts", (carried["bare"], len(of["bare"]))),
            Claim(
                "{} found no connection and {} timed out",
                (databases["orders"]["refused"], reasons["FUNCTION_TIMEOUT"]),
            ),
            Claim("valve in the rush {} of {} attempts", (carried["valve"], len(of["valve"]))),
            Claim("{} were throttled, and at most {} connections", (functions["valve"]["throttles"], 50)),
        ],
    )
