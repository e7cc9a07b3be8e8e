"""The scenarios on AWS services behind integrations do what their comments say."""

from __future__ import annotations

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
