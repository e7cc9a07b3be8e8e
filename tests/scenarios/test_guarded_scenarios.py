"""The scenarios on what stands in front of a backend and may let more through than one thinks."""

from __future__ import annotations

import pytest
from scenarios.comments import Claim, check, overrides
from scenarios.test_scenarios import COMMENTS, Run, refused, run, tries_of, vouched

HOSTS, WAF = "throttles_on_hosts", "waf_under_attack"
TRIED = [
    (HOSTS, "--set assumptions.throttling=ideal", "sale {} %, feed {} %"),
    (HOSTS, "--set assumptions.throttling.partitioned.each=share", "sale {} %, but feed {} %"),
]


def by_client(done: Run) -> dict[str, float]:
    """The percentage of each client's requests that was refused."""
    return {str(name): refused(rows) for name, rows in done.requests.groupby("client", observed=True)}


def test_throttles_on_hosts() -> None:
    found = by_client(run(HOSTS))
    vouched(
        HOSTS,
        [
            Claim("some {} and holds {}", (200 / 4, 100)),
            Claim("A host gets {}/s, has {}/s", (95 / 4, 100 / 4)),
        ],
        [Claim("sale {} %, feed {} %", (found["sale"], found["feed"]))],
    )


ATTACKED = [
    (WAF, "--set web_acls.front.rules.flood.action=COUNT", "for four minutes: {} % of them are a {}"),
    (WAF, "--set assumptions.account_throttle_position=before_waf", "tokens spent all the same: {} %"),
]


def throttled(done: Run) -> float:
    """The percentage of the customers' requests that was throttled."""
    mine = done.requests[done.requests["client"] == "customers"]
    return 100 * float((mine["status"] == 429).mean())


def test_waf_under_attack() -> None:
    """Counts within four standard errors of what comes in 20 s, in 220 s; the bucket passes its rate and its burst."""
    done = run(WAF)
    came, passed = 640 * 20, 200 * 20 + 100
    of_customers = 40 * 20 * (1 - passed / came) / (40 * 480)
    assert abs(throttled(done) / 100 - of_customers) < 4 * (40 * 20) ** 0.5 / (40 * 480)
    acl, blocked = done.summary["web_acls"]["front"], 600 * 220
    assert abs(acl["blocked"] - blocked) < 4 * blocked**0.5
    rows = done.requests[done.requests["reason"] == "WAF_FILTERED"]
    assert len(rows) == acl["blocked"] == acl["rules"]["flood"]["matched"]
    assert set(rows["client"].unique()) == {"attack"}
    assert 140 <= rows["arrived_ns"].min() / 1e9 < 140.1
    late = done.requests[done.requests["arrived_ns"] >= 141e9]
    assert not (late["status"] == 429).any()
    by_minute = done.result.metrics
    by_minute = by_minute[(by_minute["metric"] == "BlockedRequests") & (by_minute["rule"] == "flood")]
    assert by_minute["Sum"].sum() == acl["blocked"]
    vouched(
        WAF,
        [
            Claim("send {}/s from {} addresses. From minute {} to minute {} an attack", (40, 20_000, 2, 6)),
            Claim("sends {}/s from {} addresses, {}/s each", (600, 30, 600 / 30)),
            Claim("passed the limit after {} s", (100 / 20,)),
            Claim("at {} s finds {} of each, and from {} s on", (130, 20 * 10, 140)),
            Claim("{} s {}/s come to a bucket of {}/s: of {} requests {} have a token, and {} %",
                  (20, 640, 200, came, passed, 100 * (1 - passed / came))),
            Claim("another {} s and sends {} requests", (220, blocked)),
        ],
        [
            Claim("customers {} % were a {}", (throttled(done), 429)),
            Claim("{} requests were blocked", (acl["blocked"],)),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(("name", "options", "words"), ATTACKED)
def test_an_attack_whose_requests_spend_tokens_starves_the_customers(
    name: str, options: str, words: str
) -> None:
    """Over four minutes 640/s come to 200/s, within four standard errors: as many in either order."""
    found = throttled(run(name, overrides(options)))
    share = 1 - (200 * 240 + 100) / (640 * 240)
    assert abs(found / 100 - 9600 * share / 19200) < 4 * 9600**0.5 / 19200
    check(COMMENTS[name].tries[options], [Claim(words, (found, 429)[: words.count("{}")])])


def test_what_to_try_of_them_is_tried() -> None:
    assert tries_of(__file__) == {(name, options) for name, options, _ in [*TRIED, *ATTACKED]}


@pytest.mark.parametrize(("name", "options", "words"), TRIED)
def test_what_to_try_does_what_it_says(name: str, options: str, words: str) -> None:
    found = by_client(run(name, overrides(options)))
    assert found["sale"] == 50
    check(COMMENTS[name].tries[options], [Claim(words, (found["sale"], found["feed"]))])
