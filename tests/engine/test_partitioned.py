"""Throttles on several hosts: what each lets through, counted by the host that its request came to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from engine.running import EVERY, MS, SECOND, Ran, Run, at, difference, story

from apigw_sim.draws import Group, draw
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import ATTEMPTS, CALLS
from apigw_sim.rules.pick import uniform


def parted(hosts: int, each: str = "share", **more: Any) -> dict[str, Any]:
    return {"throttling": {"partitioned": {"hosts": hosts, "each": each}}, **more}


def throttle(rate: str, burst: int) -> dict[str, Any]:
    return {"throttle": {"rate": rate, "burst": burst}}


def hosts_of(ran: Ran) -> list[int]:
    """The host that each attempt came to, in the order of answers."""
    stream = draw(ran.plan, ran.plan.seed).client(0)
    words = (stream.row(Group.HOST, row.call, row.attempt)[0] for row in ran.attempts)
    return [uniform(word, ran.plan.account.hosts) for word in words]


@pytest.mark.parametrize(("each", "mine"), [("share", 3), ("burst", 9)])
@pytest.mark.parametrize("front", ["front", "after_usage_plan"])
def test_of_a_crowd_each_host_lets_its_own_burst_through(run: Run, each: str, mine: int, front: str) -> None:
    """Sixty at once at three hosts: nine together where they share the burst of 9, up to 27 where each has it."""
    for settings, account in ((throttle("0/s", 9), {}), ({}, throttle("0/s", 9))):
        said = story(
            at(*[0] * 60), settings=settings, account=account,
            assumptions=parted(3, each, account_throttle_position=front),
        )  # fmt: skip
        ran = run(said)
        came = Counter(hosts_of(ran))
        passed = Counter(
            host for host, row in zip(hosts_of(ran), ran.attempts, strict=True) if row.status == 200
        )
        assert passed == {host: min(count, mine) for host, count in came.items()}
        assert len(came) == 3


def test_each_host_refills_at_its_share_of_the_rate(run: Run) -> None:
    """Of 4/s two hosts have 2/s each: one token of burst each, so a host admits what comes half a second later."""
    ran = run(
        story(at(*(n * 100 * MS for n in range(60))), settings=throttle("4/s", 2), assumptions=parted(2))
    )
    ready = {0: 0, 1: 0}
    for host, row in zip(hosts_of(ran), ran.attempts, strict=True):
        assert (row.status == 200) == (row.arrived_ns >= ready[host])
        if row.status == 200:
            ready[host] = row.arrived_ns + 500 * MS
    assert set(ran.statuses) == {200, 429}


def test_a_host_holds_one_token_at_least(run: Run) -> None:
    """A burst of 1 on four hosts is four tokens, one each; a burst of 0 stays 0."""
    ran = run(story(at(*[0] * 40), settings=throttle("0/s", 1), assumptions=parted(4)))
    assert ran.statuses.count(200) == 4
    assert set(run(story(at(*[0] * 40), settings=throttle("9/s", 0), assumptions=parted(4))).statuses) == {
        429
    }


def test_a_limit_that_is_set_is_set_on_every_host(run: Run) -> None:
    said = story(at(*[0] * 40, *[2 * SECOND] * 40), settings=throttle("0/s", 0), assumptions=parted(2))
    said["timeline"] = [{"at": "1 s", "set": {f"{EVERY}.throttle": {"rate": "20/s", "burst": 10}}}]
    ran = run(said)
    assert ran.statuses[:40] == [429] * 40
    # in a second each has gained ten of its five
    assert ran.statuses[40:].count(200) == 10


def test_every_part_has_a_gauge_of_its_own(run: Run) -> None:
    ran = run(story(at(*[0] * 40), settings=throttle("0/s", 8), assumptions=parted(2)))
    own, stride = ran.plan.methods[0].bucket, ran.plan.parted
    gauges = [ran.plan.gauge(GaugeKind.TOKENS, own + host * stride) for host in (0, 1)]
    assert [ran.levels(gauge)[0].low for gauge in gauges] == [0, 0]
    assert stride * 2 == len(ran.plan.buckets)


def test_two_hosts_and_one_draw_nothing_else(run: Run) -> None:
    """Where nothing is refused, hosts change nothing."""
    calm = story({"process": "poisson", "rate": "20/s"}, settings=throttle("1000/s", 1000))
    on_hosts = {**calm, "assumptions": {**calm["assumptions"], **parted(4)}}
    assert difference(run(calm), run(on_hosts), tables=[ATTEMPTS, CALLS]) is None
