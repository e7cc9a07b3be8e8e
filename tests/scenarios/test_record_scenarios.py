"""The scenarios on records do what their comments say."""

from __future__ import annotations

from math import sqrt

from scenarios.comments import Claim, check
from scenarios.test_scenarios import COMMENTS, run, tries_of, vouched

from apigw_sim.experiment.theory import erlang_b

RAISED, KEPT = "regions.us-west-2.lambda_concurrency=1000", "clients.shoppers.dns.cache=forever"
OUTAGE, PHASE = 6 * 60, 2 / 3
"""s: how long the Region is dark, and from one checker's request to the next one's."""


def test_failover() -> None:
    """The silence: 100 resolvers, one call of 2 s each, that forget after a uniform time of 60 s: 3,150 calls, with a standard
    deviation of 0.5/s x 60 s / sqrt(12) x sqrt(100) = 87; within four of them.

    Of what comes to the standby at least half is refused, and at most what Erlang's B leaves of random arrivals.
    """
    found = 12 * PHASE + 20 + 4
    seen, back = int(found) + 1, int(2 * PHASE + 20) + 1
    done, raised = run("failover"), run("failover", [RAISED])
    kept = run("failover", [KEPT])
    record = done.summary["records"]["api.example.com"]
    assert [(row["at_s"], row["healthy"]) for row in record["health"]] == [
        (180 + seen, False),
        (540 + back, True),
    ]
    calls = done.result.calls
    silent = int(((calls["outcome"] == "timed_out") & (calls["client"] == "shoppers")).sum())
    silence = 50 * (seen + 30)
    assert abs(silent - silence) <= 4 * 0.5 * 60 / sqrt(12) * sqrt(100)
    refused = done.summary["functions"]["checkout_west"]["throttles"]
    alone, ramp = OUTAGE + back - seen - 60, 2 * 30 * 12.5
    assert 25 * alone + ramp - 100 <= refused <= 50 * erlang_b(10, 20) * (alone + 60)
    (fault,) = record["faults"]
    assert tries_of(__file__) == {("failover", f"--set {one}") for one in (RAISED, KEPT)}
    (better,) = raised.summary["records"]["api.example.com"]["faults"]
    (worse,) = kept.summary["records"]["api.example.com"]["faults"]
    assert fault["unhealthy_after_s"] == seen
    assert OUTAGE + back < fault["recovered_after_s"] < OUTAGE + back + 60
    assert seen < better["recovered_after_s"] <= seen + 60
    assert raised.summary["functions"]["checkout_west"]["throttles"] == 0
    assert (worse["calls_lost"], worse["recovered_after_s"]) == (50 * OUTAGE, OUTAGE)
    check(
        COMMENTS["failover"].tries[f"--set {RAISED}"],
        [Claim("{} are refused by it, {} calls are lost, and calls go well again {} s after",
               (0, better["calls_lost"], better["recovered_after_s"]))],
    )  # fmt: skip
    check(
        COMMENTS["failover"].tries[f"--set {KEPT}"],
        [Claim("{} calls are lost", (worse["calls_lost"],))],
    )
    vouched(
        "failover",
        [
            Claim("send {}/s to api.example.com by {} resolvers, which remember an answer for its TTL of {} s", (50, 100, 60)),
            Claim("{} checkers every {} s", (15, 10)),
            Claim("it asks {} s, {} s and {} s after the outage began and gives up after {} s",
                  (12 * PHASE, 12 * PHASE + 10, 12 * PHASE + 20, 4)),
            Claim("sees it after {} s", (seen,)),
            Claim("{}/s x ({} s + {} s) = {} calls", (50, seen, 30, silence)),
            Claim("takes {} ms, so {}/s want {} at once and {} serve {}/s", (400, 50, 50 * 0.4, 10, 10 / 0.4)),
            Claim("asks {} s, {} s and {} s later, and {} s after", (2 * PHASE, 2 * PHASE + 10, 2 * PHASE + 20, back)),
        ],
        [
            Claim("found after {} s, healthy again {} s", (fault["unhealthy_after_s"], back)),
            Claim("{} calls timed out, and {} were refused by the standby's concurrency, of {}", (silent, refused, 36_000)),
            Claim("went well again {} s after", (fault["recovered_after_s"],)),
        ],
    )  # fmt: skip
