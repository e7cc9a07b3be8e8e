"""Closed-loop users beside exact theory: the interactive response time law, the machine repairman, Engset's loss.

Each test states the wrong alternative that it would see; see `odds` for the false-alarm rate and the power.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from engine.catalogue_users import users
from engine.running import FUNCTION, NO_LAMBDA_LIMITS, SECOND, SERVER, Ran, Run, story
from theory.odds import replications_agree

from apigw_sim.experiment.theory import engset, of_users
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import CALLS, NULL

LONG = [pytest.param(True, marks=pytest.mark.slow, id="long"), pytest.param(False, id="short")]
USERS, SERVERS, THINK, SERVICE = 12, 3, 1.0, 0.25
LAWS = {
    "exponential": {"exponential": {"mean": "250 ms"}},
    "constant": "250 ms",
    "lognormal": {"lognormal": {"mean": "250 ms", "cv": 1.5}},
}
RAISED = {"throttle": {"rate": "1000000/s", "burst": 1_000_000}, **NO_LAMBDA_LIMITS}


def queued(seconds: int, think: Any = None, latency: Any = None, **more: Any) -> dict[str, Any]:
    """Twelve users of a server with three places and a queue for all the others."""
    think = think or {"exponential": {"mean": f"{THINK} s"}}
    return story(
        None, {**SERVER, "timeout": "29 s"}, account=RAISED, clients={"c": users(USERS, think, **more)},
        backends={"h": {"http": {"latency": latency or LAWS["exponential"], "concurrency": SERVERS, "queue": USERS}}},
        run={"duration": f"{seconds} s", "warm_up": "10 s", "period": f"{seconds} s"},
    )  # fmt: skip


def test_the_interactive_response_time_law_holds_to_the_nanosecond(run: Run) -> None:
    """N = X (R + Z) as an operational law: a user's time is its calls and its thinking, and nothing else. With Z of 1 s
    and 40 ms of network, over all cycles that are whole: their number, times Z, and the sum of R are all of it."""
    ran = run(queued(60, "1 s", network={"rtt": "40 ms"}))
    rows = np.array(ran.columns(CALLS, "user", "call", "started_ns", "ended_ns"))
    cycles = spent = span = 0
    for user in range(1, USERS + 1):
        mine = rows[rows[:, 0] == user]
        mine = mine[np.argsort(mine[:, 1])]
        cycles += len(mine) - 1
        spent += int((mine[:-1, 3] - mine[:-1, 2]).sum())
        span += int(mine[-1, 2] - mine[0, 2])
    assert cycles > 400
    assert spent + cycles * SECOND == span
    throughput, response = cycles / (span / USERS), spent / cycles
    assert throughput * (response + SECOND) == pytest.approx(USERS, rel=1e-12)


def cycled(ran: Ran, seconds: int) -> tuple[float, float]:
    """Calls a second that start after 10 s, and their mean time."""
    started, ended = (ran.column(CALLS, name) for name in ("started_ns", "ended_ns"))
    later = started >= 10 * SECOND
    return int(later.sum()) / (seconds - 10), float((ended - started)[later].mean()) / SECOND


@pytest.mark.parametrize("long", LONG)
def test_users_of_a_queue_are_the_machine_repairmans(run: Run, long: bool) -> None:
    """M/M/3//12. Throughput, time at the server and number in the queue over 30 replications of 50 s, after 10 s.
    Seen: a throughput 10 % off, times 30 % off, a queue of twice or half the length (long: 3 %, 6 % and 15 %)."""
    replications, seconds = (40, 500) if long else (30, 60)
    chances = of_users(USERS, SERVERS, SERVICE / THINK)
    there = sum(n * chance for n, chance in enumerate(chances))
    throughput = (USERS - there) / THINK
    # by hand, from the product form: p(n) ~ C(N, n) a^n up to c, then N! / ((N - n)! c! c^(n - c)) a^n
    assert chances[2] / chances[0] == pytest.approx(comb(12, 2) * 0.25**2)
    found, times, waits = [], [], []
    for replication in range(replications):
        ran = run(queued(seconds), replication=replication)
        calls, took = cycled(ran, seconds)
        found.append(calls)
        times.append(took)
        rows = {row.at_ns: row for row in ran.levels(ran.plan.gauge(GaugeKind.QUEUE, 0))}
        waits.append(rows[seconds * SECOND].area / ((seconds - 10) * SECOND))
    replications_agree(found, throughput, 1.03 if long else 1.1)
    replications_agree(times, there / throughput, 1.06 if long else 1.3)
    replications_agree(
        waits, sum(max(n - SERVERS, 0) * chance for n, chance in enumerate(chances)), 1.15 if long else 2.0
    )


@pytest.mark.parametrize(
    ("law", "kind"),
    [("constant", "no queue"), ("lognormal", "no queue"), ("exponential", "reserved concurrency")],
)
@pytest.mark.parametrize("long", LONG)
def test_users_of_a_limit_without_a_queue_lose_engsets_share(
    run: Run, kind: str, law: str, long: bool
) -> None:
    """Twelve users, three at once: who finds all taken thinks again. Engset's loss depends on the law of the duration by
    its mean alone. 30 replications of 50 s after 10 s. Seen: a share 40 % off (long: 8 %)."""
    replications, seconds = (40, 400) if long else (30, 60)
    said = queued(seconds, latency=LAWS[law])
    said["backends"]["h"]["http"]["queue"] = 0
    if kind == "reserved concurrency":
        said["apis"]["a"]["methods"]["GET /"]["integration"] = FUNCTION
        function = {
            "cold_start": "none",
            "duration": LAWS[law],
            "reserved_concurrency": SERVERS,
            "timeout": "900 s",
        }
        said |= {"backends": {}, "functions": {"f": function}}
    shares = []
    for replication in range(replications):
        ran = run(said, replication=replication)
        later = ran.column(CALLS, "started_ns") >= 10 * SECOND
        status = ran.column(CALLS, "status")[later]
        assert NULL not in status
        shares.append(float((status >= 500).mean()))
    share = engset(USERS, SERVERS, SERVICE / THINK)
    # the textbook's form: C(N - 1, c) a^c over the sum of C(N - 1, k) a^k
    terms = [comb(USERS - 1, k) * (SERVICE / THINK) ** k for k in range(SERVERS + 1)]
    assert share == pytest.approx(terms[-1] / sum(terms))
    replications_agree(shares, share, 1.08 if long else 1.4)
