"""Throttles, usage plans and quotas: stories of a few requests, each counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import DAY, EVERY, HOUR, MOCK, MS, SECOND, Run, at, client, story

from apigw_sim.plan.tables import GaugeKind

TOKEN = 10**12


def throttle(rate: str, burst: int) -> dict[str, Any]:
    return {"throttle": {"rate": rate, "burst": burst}}


def keyed(arrivals: Any = None, plan: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """GET / needs a key; the client sends the key k, which belongs to the usage plan p."""
    return story(
        arrivals,
        **{"method": {"api_key_required": True}, "api_key": "k", **parts},
        usage_plans={"p": {"stages": {"a/s": {}}, **(plan or {})}},
        api_keys={"k": {"plans": ["p"]}},
    )


def two_methods(**parts: Any) -> dict[str, Any]:
    """GET / and POST /, mocks, both of which need a key."""
    each = {"integration": MOCK, "api_key_required": True}
    return keyed(methods={"GET /": each, "POST /": each}, **parts)


# one bucket


def test_a_request_that_finds_exactly_one_token_is_admitted(run: Run) -> None:
    """At 1/s the second token is whole after a second, and a nanosecond earlier it lacks 10**-9."""
    ran = run(story(at(0, SECOND - 1, SECOND), settings=throttle("1/s", 1)))
    assert ran.statuses == [200, 429, 200]
    assert [row.tokens for row in ran.attempts] == [None, TOKEN - 1_000, None]
    assert [row.refused_by for row in ran.attempts] == [None, "a/s every_method throttle", None]


def test_the_smallest_rate_gains_a_token_in_a_thousand_seconds(run: Run) -> None:
    said = story(at(0, 1_000 * SECOND - 1, 1_000 * SECOND), settings=throttle("0.001/s", 1))
    said["run"]["duration"] = "1001 s"
    assert run(said).statuses == [200, 429, 200]


def test_a_bucket_that_never_refills_gives_its_burst_once(run: Run) -> None:
    ran = run(story(at(0, 1, SECOND, 2 * SECOND, 9 * SECOND), settings=throttle("0/s", 3)))
    assert ran.statuses == [200, 200, 200, 429, 429]


def test_a_burst_of_zero_refuses_everything(run: Run) -> None:
    ran = run(story(at(0, 9 * SECOND), settings=throttle("100/s", 0)))
    assert ran.statuses == [429, 429]
    assert [row.tokens for row in ran.attempts] == [0, 0]


def test_a_bucket_that_holds_a_long_time_is_full_no_sooner(run: Run) -> None:
    """Emptied at 0, at 1/s: 5 tokens after 5 s, not the whole burst of 50."""
    ran = run(story(at(*[0] * 50, *[5 * SECOND] * 6), settings=throttle("1/s", 50)))
    assert ran.statuses == [200] * 55 + [429]


def test_what_would_overflow_the_burst_is_lost(run: Run) -> None:
    """Two at once, then nine idle seconds at 10/s: two at once again, not ninety."""
    ran = run(story(at(0, 0, *[9 * SECOND] * 3), settings=throttle("10/s", 2)))
    assert ran.statuses == [200, 200, 200, 200, 429]


def test_a_refusal_answers_after_the_overhead_with_the_gateways_own_body(run: Run) -> None:
    ran = run(story(settings=throttle("1/s", 0), assumptions={"rest_overhead": "8 ms"}))
    (row,) = ran.attempts
    assert (row.status, row.reason, row.latency_ns) == (429, "THROTTLED", 8 * MS)
    assert row.response_bytes == len('{"message":"Too Many Requests"}')
    assert row.integration_ns is None


def test_every_method_has_a_bucket_of_its_own(run: Run) -> None:
    """The template every_method is no shared bucket: one request a method, not one in all."""
    ran = run(
        story(
            methods={"GET /": {"integration": MOCK}, "POST /": {"integration": MOCK}},
            settings=throttle("0/s", 1),
            clients={"c": client(at(0, 0), "GET /"), "d": client(at(0, 0), "POST /")},
        )
    )
    assert [(row.client, row.status) for row in ran.attempts] == [
        ("c", 200),
        ("c", 429),
        ("d", 200),
        ("d", 429),
    ]


def test_a_named_method_has_the_throttle_that_it_names(run: Run) -> None:
    ran = run(
        story(
            at(0, 0, 0),
            settings=throttle("0/s", 1),
            stage={"method_settings": {"GET /": {"throttle": {"burst": 2}}}},
        )
    )
    assert ran.statuses == [200, 200, 429]
    assert ran.attempts[2].refused_by == "a/s GET / throttle"


def test_all_stages_and_apis_share_the_accounts_bucket(run: Run) -> None:
    said = story(account=throttle("0/s", 3))
    said["apis"]["b"] = said["apis"]["a"]
    said["apis"]["a"]["stages"]["t"] = {}
    said["clients"] = {
        name: {"target": name, "arrivals": at(0, 1), "calls": [{"call": "GET /"}]}
        for name in ("a/s", "a/t", "b/s")
    }
    said["clients"] = {name.replace("/", "-"): body for name, body in said["clients"].items()}
    ran = run(said)
    assert [(row.client, row.arrived_ns) for row in ran.attempts if row.status == 200] == [
        ("a-s", 0), ("a-t", 0), ("b-s", 0),
    ]  # fmt: skip
    assert {row.refused_by for row in ran.attempts if row.status == 429} == {"account throttle"}


def test_what_is_used_elsewhere_slows_the_refill_and_leaves_the_burst(run: Run) -> None:
    """10/s less 9/s: two at once as the burst says, and the next token after a second."""
    ran = run(
        story(
            at(0, 0, SECOND - 1, SECOND),
            account={**throttle("10/s", 2), "used_elsewhere": {"rate": "9/s"}},
        )
    )
    assert ran.statuses == [200, 200, 429, 200]


# several levels


LEVELS = (
    ("plan p a/s GET / throttle", 'usage_plans.p.stages["a/s"]["GET /"]'),
    ("plan p throttle", "usage_plans.p.throttle"),
    ("plan p quota", ""),
    ("a/s every_method throttle", f"{EVERY}.throttle"),
    ("account throttle", "account.throttle"),
)


def levelled(*empty: int, **assumptions: Any) -> dict[str, Any]:
    """All five levels, of which the numbers of LEVELS given are empty at the start."""
    return keyed(
        plan={
            **throttle("0/s", 5),
            "quota": {"limit": 5, "period": "DAY"},
            "stages": {"a/s": {"GET /": {"rate": "0/s", "burst": 5}}},
        },
        settings=throttle("0/s", 5),
        account=throttle("0/s", 5),
        initial={
            "tokens": {LEVELS[n][1]: 0 for n in empty if n != 2},
            "quota_used": {"k": 5} if 2 in empty else {},
        },
        assumptions=assumptions,
    )


@pytest.mark.parametrize("first", range(5), ids=[label for label, _ in LEVELS])
def test_the_first_empty_level_in_aws_order_refuses(run: Run, first: int) -> None:
    """Plan per method, plan, quota, method, account: those before are full, those behind are empty too."""
    (row,) = run(levelled(*range(first, 5))).attempts
    assert (row.status, row.refused_by) == (429, LEVELS[first][0])
    assert row.reason == ("QUOTA_EXCEEDED" if first == 2 else "THROTTLED")


def test_with_all_levels_full_a_request_passes(run: Run) -> None:
    assert run(levelled()).statuses == [200]


def test_in_front_the_account_refuses_before_all_others(run: Run) -> None:
    assert (
        run(levelled(0, 1, 2, 3, 4, account_throttle_position="front")).attempts[0].refused_by == LEVELS[4][0]
    )
    assert run(levelled(0, 1, 2, 3, account_throttle_position="front")).attempts[0].refused_by == LEVELS[0][0]


def test_a_quota_refuses_with_its_own_body_and_no_bucket(run: Run) -> None:
    (row,) = run(levelled(2)).attempts
    assert row.response_bytes == len('{"message":"Limit Exceeded"}')
    assert row.tokens is None


@pytest.mark.parametrize(
    ("accounting", "expected"),
    [("all_or_none", [429, 429, 200, 200, 429]), ("as_you_go", [429, 429, 429, 429, 429])],
)
def test_a_refused_request_spends_at_the_levels_before_it_only_as_you_go(
    run: Run, accounting: str, expected: list[int]
) -> None:
    """The plan has two tokens. Two POSTs pass it and are refused by their method; then three GETs come."""
    ran = run(
        two_methods(
            plan=throttle("0/s", 2),
            stage={"method_settings": {"POST /": throttle("1/s", 0)}},
            clients={
                "writer": client(at(0, 1), "POST /", api_key="k"),
                "reader": client(at(2, 3, 4), "GET /", api_key="k"),
            },
            assumptions={"token_accounting": accounting},
        )
    )
    assert ran.statuses == expected
    assert ran.attempts[-1].refused_by == "plan p throttle"


@pytest.mark.parametrize(("accounting", "expected"), [("all_or_none", [429, 200]), ("as_you_go", [429, 429])])
def test_in_front_the_account_spends_on_what_its_method_refuses_only_as_you_go(
    run: Run, accounting: str, expected: list[int]
) -> None:
    ran = run(
        story(
            methods={"GET /": {"integration": MOCK}, "POST /": {"integration": MOCK}},
            account=throttle("0/s", 1),
            stage={"method_settings": {"POST /": throttle("1/s", 0)}},
            clients={"writer": client(at(0), "POST /"), "reader": client(at(1), "GET /")},
            assumptions={"account_throttle_position": "front", "token_accounting": accounting},
        )
    )
    assert ran.statuses == expected


@pytest.mark.parametrize(("position", "last"), [("after_usage_plan", 200), ("front", 429)])
def test_a_forbidden_request_spends_the_accounts_token_only_in_front(
    run: Run, position: str, last: int
) -> None:
    """One token; the first request lacks its API key."""
    ran = run(
        keyed(
            account=throttle("0/s", 1),
            clients={"stranger": client(at(0)), "c": client(at(1), api_key="k")},
            assumptions={"account_throttle_position": position},
        )
    )
    assert ran.statuses == [403, last]


# usage plans and keys


@pytest.mark.parametrize(("bucket", "second"), [("key", 429), ("key_and_method", 200)])
def test_a_plans_bucket_is_one_a_key_or_one_a_key_and_method(run: Run, bucket: str, second: int) -> None:
    ran = run(
        two_methods(
            plan=throttle("0/s", 1),
            clients={"c": client(at(0), "GET /", api_key="k"), "d": client(at(1), "POST /", api_key="k")},
            assumptions={"usage_plan_bucket": bucket},
        )
    )
    assert ran.statuses == [200, second]


def test_a_plans_bucket_spans_its_stages_and_its_method_throttle_does_not(run: Run) -> None:
    """The key has 3 requests over both stages, of which GET / of a/s may have one."""
    said = keyed(
        plan={**throttle("0/s", 3), "stages": {"a/s": {"GET /": {"rate": "0/s", "burst": 1}}, "a/t": {}}},
        clients={"c": client(at(0, 1), api_key="k"), "d": client(at(2, 3, 4), api_key="k")},
    )
    said["apis"]["a"]["stages"]["t"] = {}
    said["clients"]["d"]["target"] = "a/t"
    ran = run(said)
    assert ran.statuses == [200, 429, 200, 200, 429]
    assert [row.refused_by for row in ran.attempts if row.status == 429] == [
        "plan p a/s GET / throttle", "plan p throttle",
    ]  # fmt: skip


def test_every_key_has_a_bucket_and_a_quota_of_its_own(run: Run) -> None:
    said = keyed(
        plan={**throttle("0/s", 2), "quota": {"limit": 1, "period": "DAY"}},
        clients={"c": client(at(0, 1), api_key="k"), "d": client(at(0, 1), api_key="other")},
    )
    said["api_keys"]["other"] = {"plans": ["p"]}
    ran = run(said)
    assert [(row.client, row.reason) for row in ran.attempts] == [
        ("c", "OK"), ("d", "OK"), ("c", "QUOTA_EXCEEDED"), ("d", "QUOTA_EXCEEDED"),
    ]  # fmt: skip


def test_a_method_that_requires_a_key_forbids_none_and_one_that_no_plan_covers(run: Run) -> None:
    said = keyed(
        clients={
            "none": client(at(0)), "elsewhere": client(at(1), api_key="e"), "planless": client(at(2), api_key="n"),
            "right": client(at(3), api_key="k"),
        },
    )  # fmt: skip
    said["apis"]["a"]["stages"]["t"] = {}
    said["usage_plans"]["q"] = {"stages": {"a/t": {}}}
    said["api_keys"] |= {"e": {"plans": ["q"]}, "n": {}}
    ran = run(said)
    assert ran.statuses == [403, 403, 403, 200]
    assert ran.reasons == ["INVALID_API_KEY"] * 3 + ["OK"]
    assert [row.api_key for row in ran.attempts] == [None, "e", "n", "k"]
    assert ran.attempts[0].response_bytes == len('{"message":"Forbidden"}')


def test_where_no_key_is_required_a_key_that_is_sent_does_not_count(run: Run) -> None:
    ran = run(
        keyed(
            at(0, 1, 2),
            plan={**throttle("0/s", 1), "quota": {"limit": 1, "period": "DAY"}},
            method={"api_key_required": False},
        )
    )
    assert ran.statuses == [200, 200, 200]


# quotas


def quota(limit: int, period: str, offset: int = 0) -> dict[str, Any]:
    return {"quota": {"limit": limit, "period": period, "offset": offset}}


def long(said: dict[str, Any], start: str, duration: str) -> dict[str, Any]:
    said["run"] = {"duration": duration, "period": "1 h", "start": start}
    return said


def test_a_daily_quota_begins_anew_at_midnight_utc_wherever_the_run_starts(run: Run) -> None:
    """18:00 in Seoul is 09:00 UTC: midnight UTC is 15 hours away."""
    midnight = 15 * HOUR
    said = keyed(at(0, 1, midnight - 1, midnight, midnight + 1), quota(1, "DAY"))
    ran = run(long(said, "2026-11-27T18:00:00+09:00", "16 h"))
    assert ran.reasons == ["OK", "QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "OK", "QUOTA_EXCEEDED"]


def test_an_offset_counts_in_the_first_period_only(run: Run) -> None:
    said = keyed(at(0, 1, *[DAY] * 4), quota(3, "DAY", offset=2))
    ran = run(long(said, "2026-11-27T00:00:00Z", "25 h"))
    assert ran.statuses == [200, 429, 200, 200, 200, 429]


def test_what_is_used_at_the_start_counts_on_top_of_the_offset(run: Run) -> None:
    said = keyed(at(0, 1), quota(4, "DAY", offset=2), initial={"quota_used": {"k": 1}})
    assert run(said).statuses == [200, 429]


@pytest.mark.parametrize(
    ("period", "week", "days"),
    [("DAY", "MONDAY", 1), ("WEEK", "MONDAY", 3), ("WEEK", "SUNDAY", 2), ("MONTH", "MONDAY", 4)],
)
def test_quotas_of_a_day_a_week_and_a_month(run: Run, period: str, week: str, days: int) -> None:
    """From Friday, 27 November 2026: Saturday, Monday or Sunday, and 1 December."""
    begins = days * DAY
    said = keyed(at(0, begins - 1, begins), quota(1, period), assumptions={"quota_week_starts": week})
    assert run(long(said, "2026-11-27T00:00:00Z", "5 d")).statuses == [200, 429, 200]


@pytest.mark.parametrize(("counts", "last"), [(False, "OK"), (True, "QUOTA_EXCEEDED")])
def test_a_throttled_request_counts_to_the_quota_only_if_it_is_said_so(
    run: Run, counts: bool, last: str
) -> None:
    """Three at once, of which the plan's bucket refuses two, and a fourth for which a token is back; quota 3."""
    said = keyed(
        at(0, 0, 0, SECOND),
        {**throttle("1/s", 1), **quota(3, "DAY")},
        assumptions={"throttled_counts_to_quota": counts},
    )
    assert run(said).reasons == ["OK", "THROTTLED", "THROTTLED", last]


@pytest.mark.parametrize(
    ("accounting", "counts", "expected"),
    [
        ("all_or_none", False, ["OK", "THROTTLED", "OK", "OK", "QUOTA_EXCEEDED"]),
        ("all_or_none", True, ["OK", "THROTTLED", "OK", "QUOTA_EXCEEDED", "QUOTA_EXCEEDED"]),
        ("as_you_go", False, ["OK", "THROTTLED", "OK", "QUOTA_EXCEEDED", "QUOTA_EXCEEDED"]),
        ("as_you_go", True, ["OK", "THROTTLED", "OK", "QUOTA_EXCEEDED", "QUOTA_EXCEEDED"]),
    ],
)
def test_a_request_that_its_method_throttles_counts_once_at_most(
    run: Run, accounting: str, counts: bool, expected: list[str]
) -> None:
    """The method's bucket stands behind the quota of 3: going as it goes, the request has spent there already."""
    said = keyed(
        at(0, 0, SECOND, 2 * SECOND, 3 * SECOND),
        quota(3, "DAY"),
        settings=throttle("1/s", 1),
        assumptions={"token_accounting": accounting, "throttled_counts_to_quota": counts},
    )
    assert run(said).reasons == expected


def test_a_request_that_the_quota_refuses_does_not_count_to_it(run: Run) -> None:
    """Two pass, two are refused; with one more allowed, one more passes."""
    said = keyed(at(0, 1, 2, 3, SECOND, SECOND), quota(2, "DAY"))
    said["timeline"] = [{"at": "1 s", "set": {"usage_plans.p.quota.limit": 3}}]
    assert run(said).statuses == [200, 200, 429, 429, 200, 429]


def test_levels_of_buckets_and_quotas_are_what_is_left_at_ticks_and_the_least_since_the_last(
    run: Run,
) -> None:
    """1/s burst 5: 3 after two at 0, 4 at 1 s; 4.5 and then 3.5 at 1.5 s, 4 at 2 s. Quota 7: 5 left, then 4."""
    said = keyed(
        at(0, 0, 1500 * MS),
        quota(7, "DAY"),
        settings=throttle("1/s", 5),
        run={"duration": "3 s", "period": "1 s"},
    )
    ran = run(said)
    plan = ran.plan
    bucket = plan.gauge(GaugeKind.TOKENS, plan.methods[0].bucket)
    rows = [
        (row.at_ns // SECOND, row.level / TOKEN, row.low / TOKEN, row.peak, row.area)
        for row in ran.levels(bucket)
    ]
    assert rows == [(1, 4.0, 3.0, None, None), (2, 4.0, 3.5, None, None)]
    left = [
        (row.at_ns // SECOND, row.level, row.low) for row in ran.levels(plan.gauge(GaugeKind.QUOTA_LEFT, 0))
    ]
    assert left == [(1, 5, 5), (2, 4, 4)]


def test_the_least_that_a_bucket_held_is_kept_through_a_change(run: Run) -> None:
    """Burst 5, one spent, cut to 2: 2 is the least; raised again to 9 it stays 2."""
    said = story(at(0), settings=throttle("0/s", 5), run={"duration": "3 s", "period": "3 s"})
    said["timeline"] = [
        {"at": f"{n} s", "set": {f"{EVERY}.throttle.burst": burst}} for n, burst in ((1, 2), (2, 9))
    ]
    ran = run(said)
    (row,) = ran.levels(ran.plan.gauge(GaugeKind.TOKENS, ran.plan.methods[0].bucket))
    assert (row.level, row.low) == (2 * TOKEN, 2 * TOKEN)


# what changes in mid-run


def changed(arrivals: Any, when: str, to: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return story(arrivals, timeline=[{"at": when, "set": to}], **parts)


def test_up_to_a_change_a_bucket_is_refilled_at_the_old_rate(run: Run) -> None:
    """Empty at 0, 1/s until 2 s, 100/s from then on: two tokens at 2 s, one more each 10 ms."""
    two = 2 * SECOND
    ran = run(
        changed(
            at(two, two, two, two + 10 * MS - 1, two + 10 * MS),
            "2 s",
            {f"{EVERY}.throttle.rate": "100/s"},
            settings=throttle("1/s", 10),
            initial={"tokens": {f"{EVERY}.throttle": 0}},
        )
    )
    assert ran.statuses == [200, 200, 429, 429, 200]
    assert [row.tokens for row in ran.attempts] == [None, None, 0, TOKEN - 100_000, None]


def test_a_bucket_whose_burst_is_raised_does_not_start_full(run: Run) -> None:
    ran = run(
        changed(
            at(*[SECOND] * 3),
            "1 s",
            {f"{EVERY}.throttle.burst": 100},
            settings=throttle("0/s", 2),
        )
    )
    assert ran.statuses == [200, 200, 429]


def test_a_bucket_whose_burst_is_lowered_is_cut_to_it(run: Run) -> None:
    ran = run(changed(at(*[SECOND] * 3), "1 s", {f"{EVERY}.throttle.burst": 2}, settings=throttle("0/s", 9)))
    assert ran.statuses == [200, 200, 429]


def test_a_bucket_that_is_cut_and_raised_again_stays_cut(run: Run) -> None:
    said = story(at(*[2 * SECOND] * 3), settings=throttle("0/s", 9))
    said["timeline"] = [
        {"at": f"{n} s", "set": {f"{EVERY}.throttle.burst": burst}} for n, burst in ((1, 2), (2, 9))
    ]
    assert run(said).statuses == [200, 200, 429]


def test_rate_and_burst_change_together(run: Run) -> None:
    ran = run(
        changed(
            at(0, *[SECOND] * 2, 2 * SECOND - 1, 2 * SECOND),
            "1 s",
            {f"{EVERY}.throttle": {"rate": "1/s", "burst": 1}},
            settings=throttle("0/s", 3),
        )
    )
    assert ran.statuses == [200, 200, 429, 429, 200]


def test_a_throttle_that_is_new_in_mid_run_starts_full(run: Run) -> None:
    ran = run(
        changed(
            at(*[0] * 5, *[SECOND] * 3),
            "1 s",
            {f"{EVERY}.throttle": {"rate": "0/s", "burst": 2}},
            settings={"caching": False},
        )
    )
    assert ran.statuses == [200] * 7 + [429]


def test_a_throttle_that_is_taken_away_in_mid_run_refuses_nothing_from_then_on(run: Run) -> None:
    ran = run(
        changed(at(0, 1, SECOND, SECOND), "1 s", {f"{EVERY}.throttle": False}, settings=throttle("0/s", 1))
    )
    assert ran.statuses == [200, 429, 200, 200]


def test_a_throttle_that_comes_back_starts_full(run: Run) -> None:
    said = story(at(0, 1, SECOND, SECOND, *[2 * SECOND] * 3), settings=throttle("0/s", 1))
    said["timeline"] = [
        {"at": "1 s", "set": {f"{EVERY}.throttle": False}},
        {"at": "2 s", "set": {f"{EVERY}.throttle": {"rate": "0/s", "burst": 2}}},
    ]
    assert run(said).statuses == [200, 429, 200, 200, 200, 200, 429]


NAMED = 'apis.a.stages.s.method_settings["GET /"].throttle'


def test_a_change_of_every_method_does_not_reach_a_method_that_is_named(run: Run) -> None:
    each = {"integration": MOCK}
    said = story(
        methods={"GET /": each, "POST /": each},
        settings=throttle("0/s", 3),
        stage={"method_settings": {"GET /": {"throttle": {"burst": 3}}}},
        clients={"c": client(at(SECOND, SECOND), "GET /"), "d": client(at(SECOND, SECOND), "POST /")},
        timeline=[{"at": "1 s", "set": {f"{EVERY}.throttle.burst": 1}}],
    )
    ran = run(said)
    assert [(row.client, row.status) for row in ran.attempts] == [
        ("c", 200),
        ("c", 200),
        ("d", 200),
        ("d", 429),
    ]


def test_a_change_of_a_method_that_is_not_named_creates_its_copy(run: Run) -> None:
    """At 1 s GET / gets a copy with burst 2; the change of every_method at 2 s does not reach it any more."""
    said = story(at(*[3 * SECOND] * 3), settings=throttle("0/s", 9))
    said["timeline"] = [
        {"at": "1 s", "set": {f"{NAMED}.burst": 2}},
        {"at": "2 s", "set": {f"{EVERY}.throttle.burst": 1}},
    ]
    ran = run(said)
    assert ran.statuses == [200, 200, 429]
    assert ran.attempts[2].refused_by == "a/s GET / throttle"


def test_the_accounts_throttle_and_what_is_used_elsewhere_change_at_once(run: Run) -> None:
    """10/s and burst 10; at 1 s burst 1; at 2 s 9/s are used elsewhere, so that 1/s is left."""
    said = story(at(*[SECOND] * 2, 2 * SECOND, 3 * SECOND - 1, 3 * SECOND), account=throttle("10/s", 10))
    said["timeline"] = [
        {"at": "1 s", "set": {"account.throttle.burst": 1}},
        {"at": "2 s", "set": {"account.used_elsewhere.rate": "9/s"}},
    ]
    assert run(said).statuses == [200, 429, 200, 429, 200]


def test_a_plans_throttles_change_for_every_key(run: Run) -> None:
    said = keyed(
        plan={**throttle("0/s", 1), "stages": {"a/s": {"GET /": {"rate": "0/s", "burst": 9}}}},
        clients={
            "c": client(at(0, SECOND, SECOND), api_key="k"),
            "d": client(at(0, SECOND, SECOND), api_key="l"),
        },
        timeline=[
            {"at": "500 ms", "set": {"usage_plans.p.throttle": {"rate": "2/s", "burst": 9}}},
            {"at": "600 ms", "set": {'usage_plans.p.stages["a/s"]["GET /"].burst': 1}},
        ],
    )
    said["api_keys"]["l"] = {"plans": ["p"]}
    ran = run(said)
    assert ran.statuses == [200, 200, 200, 429, 200, 429]
    assert {row.refused_by for row in ran.attempts[3:]} == {None, "plan p a/s GET / throttle"}


def test_a_lower_quota_keeps_what_is_used(run: Run) -> None:
    said = keyed(at(0, 1, SECOND), quota(9, "DAY"))
    said["timeline"] = [{"at": "1 s", "set": {"usage_plans.p.quota.limit": 2}}]
    assert run(said).statuses == [200, 200, 429]


# the size of requests


@pytest.mark.parametrize(("size", "status"), [("10485760 B", 200), ("10485761 B", 413)])
def test_a_body_above_10_mb_is_refused(run: Run, size: str, status: int) -> None:
    (row,) = run(story(call=[{"call": "GET /", "body": size}])).attempts
    assert row.status == status
    assert row.reason == ("OK" if status == 200 else "REQUEST_TOO_LARGE")
    assert row.request_bytes == int(size.split()[0])


def test_a_request_that_is_too_large_has_spent_its_token(run: Run) -> None:
    ran = run(
        story(
            settings=throttle("0/s", 1),
            clients={"c": client(at(0), [{"call": "GET /", "body": "11 MB"}]), "d": client(at(1))},
        )
    )
    assert ran.statuses == [413, 429]
