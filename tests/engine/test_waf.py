"""AWS WAF before a stage: rules in their order, addresses that send too much, and whose tokens an attack spends."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from engine.running import MS, SECOND, Ran, Run, at, client, planned, story
from scipy import stats
from theory.odds import FALSE_ALARM, POWER

from apigw_sim.draws import draw
from apigw_sim.logs.drawn import DrawnOf
from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import ATTEMPTS

ONE, NET = "198.51.100.7", "198.51.100.0/24"
FLOOD = {"priority": 0, "rate_based": {"limit": 10, "window": "60 s"}}
CHECKS = {"waf_check_interval": "10 s", "waf_check_delay": "10 s"}


def screened(rules: dict[str, Any], arrivals: Any = None, **more: Any) -> dict[str, Any]:
    """GET / of a/s behind a web ACL of these rules, and a client c of one address."""
    clients = more.pop("clients", {"c": client(arrivals, address=ONE)})
    assumptions = {**CHECKS, **more.pop("assumptions", {})}
    stage = {"waf": "acl", **more.pop("stage", {})}
    run = {"duration": "200 s", "period": "1 min", **more.pop("run", {})}
    return story(
        stage=stage,
        web_acls={"acl": {"rules": rules}},
        clients=clients,
        assumptions=assumptions,
        run=run,
        **more,
    )


def blocked_at(ran: Ran, name: str = "c") -> list[int]:
    """When a client's requests were blocked, in whole seconds."""
    return [row.arrived_ns // SECOND for row in ran.of(name) if row.reason == "WAF_FILTERED"]


def figures(ran: Ran) -> dict[str, int]:
    """What no rule ended, and what each rule matched, at the last tick."""
    waf = ran.plan.waf

    def level(kind: GaugeKind, target: int) -> int:
        rows = ran.levels(ran.plan.gauge(kind, target))
        return rows[-1].level if rows else 0

    found = {acl: level(GaugeKind.WAF_ALLOWED, number) for number, acl in enumerate(waf.acls)}
    return found | {rule.name: level(GaugeKind.WAF_MATCHED, n) for n, rule in enumerate(waf.rules)}


# rules in order


def test_who_is_blocked_gets_a_403_and_comes_no_further(run: Run) -> None:
    """One token, spent by the second client: the first is stopped before the method's throttle, its key and its route."""
    settings = {"throttle": {"rate": "0/s", "burst": 1}}
    clients = {
        "bad": client(at(0), [{"call": "GET /"}], address="203.0.113.9"),
        "good": client(at(1 * MS, 2 * MS), address=ONE),
    }
    rule = {"priority": 0, "ip_set": ["203.0.113.0/28"]}
    ran = run(
        screened({"list": rule}, clients=clients, settings=settings, assumptions={"rest_overhead": "5 ms"})
    )
    (bad,) = ran.of("bad")
    assert (bad.status, bad.reason, bad.method, bad.latency_ns) == (403, "WAF_FILTERED", "GET /", 5 * MS)
    assert bad.refused_by is None
    assert [row.status for row in ran.of("good")] == [200, 429]
    assert figures(ran) == {"acl": 2, "list": 1}


def test_rules_are_asked_by_priority_and_allow_and_block_end_it(run: Run) -> None:
    """Three addresses: one is let past, one is counted and blocked, one is only counted."""

    def rule(priority: int, action: str, *networks: str) -> dict[str, Any]:
        return {"priority": priority, "action": action, "ip_set": list(networks)}

    rules = {  # written in the reverse order
        "last": rule(30, "BLOCK", "10.0.0.2", "10.0.0.1"),
        "seen": rule(20, "COUNT", "10.0.0.0/24", "2001:db8::/32"),
        "past": rule(10, "ALLOW", "10.0.0.1"),
    }
    clients = {f"c{n}": client(at(n * MS), address=f"10.0.0.{n}") for n in (1, 2, 3)}
    ran = run(screened(rules, clients=clients))
    assert [row.status for row in ran.attempts] == [200, 403, 200]
    assert figures(ran) == {"acl": 1, "past": 1, "seen": 2, "last": 1}


def test_an_ip_set_matches_the_addresses_of_a_range_that_lie_in_it(run: Run) -> None:
    """Half of a /28, in two pieces that touch the client's range at both ends: as many as the log shows there."""
    rules = {
        "list": {"priority": 0, "ip_set": ["192.0.2.252/30", "192.0.2.0/30", "192.0.2.4", "192.0.2.240/31"]}
    }
    clients = {"c": client(at(*(n * MS for n in range(400))), address="192.0.2.240/28")}
    ran = run(screened(rules, clients=clients))
    inside = [address in {"240", "241", "252", "253", "254", "255"} for address in _last_bytes(ran, "c")]
    assert [row.status == 403 for row in ran.of("c")] == inside
    assert 100 < sum(inside) < 200


def _last_bytes(ran: Ran, name: str) -> list[str]:
    """The last byte of the address of each attempt, as the access log would have it."""
    number = next(n for n, row in enumerate(ran.plan.clients) if row.name == name)
    mine = ran.column(ATTEMPTS, "client") == number
    columns = {key: ran.column(ATTEMPTS, key)[mine] for key in ("call", "user", "attempt")}
    addresses = DrawnOf(draw(ran.plan, ran.plan.seed), number, columns).addresses()
    return [text.rpartition(".")[2] for text in addresses.tolist()]


def test_a_customised_answer_is_what_a_blocked_client_gets(run: Run) -> None:
    said = screened({"all": {"priority": 0, "ip_set": [ONE]}}, at(0))
    said["apis"]["a"]["gateway_responses"] = {"WAF_FILTERED": {"status": 418}}
    assert run(said).statuses == [418]


def test_what_is_too_large_to_be_a_request_never_comes_to_it(run: Run) -> None:
    clients = {"c": client(at(0), [{"call": "GET /", "url_size": "11 KB"}], address=ONE)}
    ran = run(screened({"all": {"priority": 0, "ip_set": [ONE]}}, clients=clients))
    assert ran.statuses == [414]
    assert figures(ran) == {"acl": 0, "all": 0}


# a share of a client


def test_a_share_of_a_clients_calls_is_blocked(run: Run) -> None:
    """60 % of 2,000 calls, and of another client none. An exact binomial test at 1e-6; 70 % would be seen (power 0.999)."""
    n, share, wrong = 2_000, 0.6, 0.7
    low, high = stats.binom.ppf(FALSE_ALARM / 2, n, share), stats.binom.isf(FALSE_ALARM / 2, n, share)
    assert stats.binom.sf(high, n, wrong) > POWER
    rules = {"bots": {"priority": 3, "clients": {"c": "60 %"}}}
    clients = {name: client(at(*(k * MS for k in range(n))), address=ONE) for name in "cd"}
    ran = run(screened(rules, clients=clients))
    blocked = Counter(row.client for row in ran.attempts if row.status == 403)
    assert low <= blocked["c"] <= high
    assert blocked["d"] == 0


def test_two_rules_match_independently_and_a_retry_is_matched_as_its_call_is(run: Run) -> None:
    """Two rules of half each: a quarter is matched by both; exact at 1e-6, and one word for both would be seen at once."""
    n = 2_000
    rules = {
        "one": {"priority": 1, "action": "COUNT", "clients": {"c": "50 %"}},
        "two": {"priority": 2, "clients": {"c": "50 %"}},
    }
    retry = {"attempts": 2, "statuses": [403], "backoff": {"base": "1 ms", "jitter": "none"}}
    clients = {"c": client(at(*(k * MS for k in range(n))), address=ONE, retry=retry)}
    ran = run(screened(rules, clients=clients))
    by_call: dict[int, set[int]] = {}
    for row in ran.attempts:
        by_call.setdefault(row.call, set()).add(row.status)
    assert all(len(statuses) == 1 for statuses in by_call.values())
    tries = Counter(row.call for row in ran.attempts)
    blocked = sum(statuses == {403} for statuses in by_call.values())
    assert figures(ran)["two"] == 2 * blocked
    assert all((tries[call] == 2) == (statuses == {403}) for call, statuses in by_call.items())
    # all n calls are seen by the rule that counts, and those that are blocked a second time
    both = figures(ran)["one"]
    low, high = stats.binom.ppf(FALSE_ALARM / 2, n, 0.5), stats.binom.isf(FALSE_ALARM / 2, n, 0.5)
    assert low <= blocked <= high
    # of each call: 1 or 2 looks, counted with probability 1/2 by itself: mean 3/4 n, variance 11/16 n
    spread = (n * 11 / 16) ** 0.5
    assert abs(both - 0.75 * n) < stats.norm.isf(FALSE_ALARM / 2) * spread
    assert (
        n / 2 * 2 - 0.75 * n > 2 * stats.norm.isf(FALSE_ALARM / 2) * spread
    )  # one word for both would count n


# rate-based rules


def test_a_limit_is_passed_seen_and_released(run: Run) -> None:
    """One a second for a minute, then one every ten: limit 10 a minute, counted every 10 s and acted on 10 s later.

    The 11th request comes at 10 s. The count at 10 s has ten, no more than the limit; that of 20 s has twenty, and acts
    from 30 s on. The last of the minute comes at 59 s. At 110 s the minute before holds ten of 50 s to 59 s, and five
    more: 60, 70, ... 100 s; at 120 s it holds 60, 70, ... 110 s: six. That is acted on from 130 s on.
    """
    arrivals = at(*(n * SECOND for n in range(60)), *(n * SECOND for n in range(60, 200, 10)))
    ran = run(screened({"flood": FLOOD}, arrivals))
    assert blocked_at(ran) == [*range(30, 60), *range(60, 130, 10)]
    assert figures(ran) == {"acl": 30 + 7, "flood": 30 + 7}


def test_the_limit_itself_is_let_through(run: Run) -> None:
    """Ten in a minute is the limit and eleven are not, and a count at an instant does not hold what comes at it."""
    ten = at(*(n * SECOND for n in range(10)), 45 * SECOND)
    assert blocked_at(run(screened({"flood": FLOOD}, ten))) == []
    eleven = at(*(n * SECOND for n in range(10)), 20 * SECOND - 1, 45 * SECOND)
    assert blocked_at(run(screened({"flood": FLOOD}, eleven))) == [45]
    late = at(*(n * SECOND for n in range(10)), 20 * SECOND, 30 * SECOND, 40 * SECOND)
    assert blocked_at(run(screened({"flood": FLOOD}, late))) == [40]  # counted at 30 s, not at 20 s


def test_a_rule_that_counts_blocks_nobody_and_each_address_has_its_own_count(run: Run) -> None:
    """Two clients of one address are one, 6 and 6; a third of the same rate is alone, and stays below."""
    six = [n * SECOND for n in range(6)]
    clients = {
        "a": client(at(*six, 50 * SECOND), address=ONE),
        "b": client(at(*six, 51 * SECOND), address=ONE),
        "c": client(at(*six, 52 * SECOND), address="198.51.100.8"),
    }
    ran = run(
        screened({"seen": {**FLOOD, "action": "COUNT"}, "flood": {**FLOOD, "priority": 1}}, clients=clients)
    )
    assert [(name, blocked_at(ran, name)) for name in "abc"] == [("a", [50]), ("b", [51]), ("c", [])]
    assert figures(ran) == {"acl": 19, "seen": 2, "flood": 2}


def test_what_an_earlier_rule_blocks_is_not_counted(run: Run) -> None:
    """Of two rules only the first counts what it blocks: the window of the second empties while it does."""
    rules = {"list": {"priority": 0, "ip_set": [ONE]}, "flood": {**FLOOD, "priority": 1}}
    ran = run(screened(rules, at(*(n * SECOND for n in range(60)))))
    assert figures(ran) == {"acl": 0, "list": 60, "flood": 0}


@pytest.mark.parametrize(
    ("interval", "delay", "window"), [(10, 10, 60), (1, 0, 120), (30, 45, 60), (60, 7, 300)]
)
def test_against_a_window_that_is_counted_otherwise(run: Run, interval: int, delay: int, window: int) -> None:
    """Bursts of some addresses: each request against a sorted list of all before it, by searching and no slots."""
    rate = [
        {"from": "0 s", "rate": "8/s"},
        {"from": "150 s", "rate": "0.5/s"},
        {"from": "400 s", "rate": "8/s"},
    ]
    crowd = client(
        {"process": "poisson", "rate": rate}, address=NET, addresses={"count": 9, "zipf": {"s": 1.2}}
    )
    rules = {"flood": {"priority": 0, "rate_based": {"limit": 120, "window": f"{window} s"}}}
    assumptions = {"waf_check_interval": f"{interval} s", "waf_check_delay": f"{delay} s"}
    ran = run(screened(rules, clients={"c": crowd}, assumptions=assumptions, run={"duration": "600 s"}))
    arrived, address = ran.column(ATTEMPTS, "arrived_ns"), np.array(_last_bytes(ran, "c"))
    blocked = np.array([row.status == 403 for row in ran.attempts])
    assert 100 < blocked.sum() < len(blocked) - 100
    for each in np.unique(address):
        mine = arrived[address == each]
        counted_at = (mine - delay * SECOND) // (interval * SECOND) * (interval * SECOND)
        came = np.searchsorted(mine, counted_at) - np.searchsorted(mine, counted_at - window * SECOND)
        assert (blocked[address == each] == (came > 120)).all()


# whose tokens an attack spends


@pytest.mark.parametrize(
    ("position", "good", "bad"),
    [("after_usage_plan", 200, 403), ("front", 200, 403), ("before_waf", 429, 403)],
)
def test_whether_blocked_requests_spend_the_accounts_tokens(
    run: Run, position: str, good: int, bad: int
) -> None:
    """Two tokens, two blocked requests, then one that is not."""
    clients = {"bad": client(at(0, 1 * MS), address="203.0.113.9"), "good": client(at(2 * MS), address=ONE)}
    ran = run(
        screened(
            {"list": {"priority": 0, "ip_set": ["203.0.113.9"]}}, clients=clients,
            account={"throttle": {"rate": "0/s", "burst": 2}}, assumptions={"account_throttle_position": position},
        )
    )  # fmt: skip
    assert [row.status for row in ran.of("bad")] == [bad, bad]
    assert [row.status for row in ran.of("good")] == [good]


def test_before_waf_an_empty_bucket_is_met_before_the_rules(run: Run) -> None:
    """The second is a 429 that WAF never saw, and the account's limit refused it."""
    ran = run(
        screened(
            {"list": {"priority": 0, "ip_set": [ONE]}}, at(0, 1 * MS),
            account={"throttle": {"rate": "0/s", "burst": 1}}, assumptions={"account_throttle_position": "before_waf"},
        )
    )  # fmt: skip
    assert [(row.status, row.refused_by) for row in ran.attempts] == [(403, None), (429, "account throttle")]
    assert figures(ran) == {"acl": 0, "list": 1}


def test_stages_without_a_web_acl_have_no_rows_of_it(run: Run) -> None:
    plan = planned(story(at(0)))
    assert plan.waf.acls == ()
    assert plan.clients[0].screen is None
    assert run(plan).statuses == [200]
