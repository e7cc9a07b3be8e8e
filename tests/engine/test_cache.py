"""The stage's cache: time to live, what splits entries, bytes, invalidation, flush and change of size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.running import EVERY, MINUTE, MOCK, MS, SECOND, SERVER, Run, asked, at, client, story

from apigw_sim.plan.tables import GaugeKind
from apigw_sim.records import Flag

ITEMS = "GET /items/{id}"
ENTRY = 1_048_576
CAPACITY = 512 * ENTRY


def cached(
    arrivals: Any = None, *, ttl: str = "300 s", answer: dict[str, Any] | None = None, **parts: Any
) -> Any:
    """GET /items/{id} behind a server that takes 10 ms, its answers cached by id in half a GB."""
    parts = {
        "route": ITEMS,
        "method": {"cache_key": ["path.id"]},
        "call": [{"call": ITEMS, "path": {"id": 1}}],
        "settings": {"caching": {"ttl": ttl}},
        "stage": {"cache_cluster": "0.5 GB"},
        "backends": {"h": {"http": {"latency": "10 ms", **(answer or {})}}},
        "run": {"duration": "10 min"},
        **parts,
    }
    return story(arrivals, SERVER, **parts)


def words(ran: Any) -> list[str]:
    return [row.cache for row in ran.attempts]


def test_the_second_request_is_a_hit_and_its_backend_never_hears_of_it(run: Run) -> None:
    ran = run(cached(at(0, 20 * MS), assumptions={"rest_overhead": "8 ms", "cache_hit_time": "1 ms"}))
    miss, hit = ran.attempts
    assert (miss.cache, miss.latency_ns, miss.integration_ns) == ("MISS", 18 * MS, 10 * MS)
    assert (hit.cache, hit.latency_ns, hit.integration_ns, hit.integration_status) == (
        "HIT",
        9 * MS,
        None,
        None,
    )
    assert (hit.status, hit.response_bytes) == (miss.status, miss.response_bytes) == (200, 1024)
    assert len(ran.invocations) == 1


def test_an_entry_expires_exactly_at_its_time_to_live(run: Run) -> None:
    """Answered at 10 ms and kept for a second: a hit a nanosecond before 1.01 s, a miss at 1.01 s."""
    end = SECOND + 10 * MS
    assert words(run(cached(at(0, end - 1, end), ttl="1 s"))) == ["MISS", "HIT", "MISS"]


def test_a_hit_does_not_prolong_an_entry(run: Run) -> None:
    end = SECOND + 10 * MS
    assert words(run(cached(at(0, *range(100 * MS, SECOND, 100 * MS), end), ttl="1 s"))) == [
        "MISS", *["HIT"] * 9, "MISS",
    ]  # fmt: skip


def test_misses_that_overlap_all_reach_the_backend(run: Run) -> None:
    """No coalescing: three within the 10 ms that the first answer takes are three invocations."""
    ran = run(cached(at(0, MS, 2 * MS, 10 * MS)))
    assert [(row.arrived_ns // MS, row.cache) for row in ran.attempts] == [
        (0, "MISS"), (10, "HIT"), (1, "MISS"), (2, "MISS"),
    ]  # fmt: skip
    assert len(ran.invocations) == 3


@pytest.mark.parametrize(
    "without",
    [
        {"stage": {}},
        {"settings": {"caching": False}},
        {"settings": {}},
        {"settings": {"caching": {"ttl": "0 s"}}},
    ],
    ids=["no cluster", "caching false", "no caching", "ttl 0 s"],
)
def test_a_cluster_and_a_methods_caching_are_needed_both(run: Run, without: dict[str, Any]) -> None:
    assert words(run(cached(at(0, SECOND), **without))) == ["NONE", "NONE"]


def test_by_template_only_get_is_cached(run: Run) -> None:
    each = {"integration": SERVER}
    said = cached(
        methods={"GET /": each, "POST /": each, "PUT /": each},
        stage={"cache_cluster": "0.5 GB", "method_settings": {"PUT /": {"caching": {"ttl": "300 s"}}}},
        clients={verb: client(at(0, SECOND), f"{verb} /") for verb in ("GET", "POST", "PUT")},
    )
    ran = run(said)
    assert {verb: [row.cache for row in ran.of(verb)] for verb in said["clients"]} == {
        "GET": ["MISS", "HIT"], "POST": ["NONE", "NONE"], "PUT": ["MISS", "HIT"],
    }  # fmt: skip


def test_stages_have_caches_of_their_own(run: Run) -> None:
    said = cached(at(0, SECOND))
    said["apis"]["a"]["stages"]["t"] = said["apis"]["a"]["stages"]["s"]
    said["clients"]["d"] = {**said["clients"]["c"], "target": "a/t", "arrivals": at(2 * SECOND, 3 * SECOND)}
    assert words(run(said)) == ["MISS", "HIT", "MISS", "HIT"]


# what splits entries


def test_what_is_no_cache_key_does_not_split_entries_and_serves_others(run: Run, tmp_path: Path) -> None:
    """Without a key all items share one entry: whoever asks for another gets the first one's answer."""
    requests = [(0, "GET /items/1"), (SECOND, "GET /items/1"), (2 * SECOND, "GET /items/2")]
    ran = run(cached(method={}, clients={"c": asked(tmp_path, *requests)}))
    assert words(ran) == ["MISS", "HIT", "HIT"]
    assert [bool(row.flags & Flag.SERVED_OTHER) for row in ran.attempts] == [False, False, True]


def test_keys_of_path_and_query_split_entries_and_an_absent_value_is_one_too(
    run: Run, tmp_path: Path
) -> None:
    paths = [
        "/items/1",
        "/items/2",
        "/items/1?page=1",
        "/items/1?page=2",
        "/items/1?page=1&sort=up",
        "/items/1",
    ]
    requests = [(number * SECOND, f"GET {path}") for number, path in enumerate(paths)]
    ran = run(
        cached(method={"cache_key": ["path.id", "query.page"]}, clients={"c": asked(tmp_path, *requests)})
    )
    assert words(ran) == ["MISS", "MISS", "MISS", "MISS", "HIT", "HIT"]
    assert [bool(row.flags & Flag.SERVED_OTHER) for row in ran.attempts] == [False] * 4 + [True, False]


def test_methods_have_entries_of_their_own(run: Run, tmp_path: Path) -> None:
    """Items 1 to 3 and stock 1 to 3, each asked for twice: six misses, six hits, and nobody gets another's answer."""
    each = {"integration": SERVER, "cache_key": ["path.id"]}
    asks = [f"GET /{kind}/{number}" for _ in range(2) for kind in ("items", "stock") for number in (1, 2, 3)]
    log = asked(tmp_path, *((n * SECOND, ask) for n, ask in enumerate(asks)))
    ran = run(cached(methods={ITEMS: each, "GET /stock/{id}": each}, clients={"c": log}))
    assert words(ran) == ["MISS"] * 6 + ["HIT"] * 6
    assert not any(row.flags for row in ran.attempts)


def test_a_header_that_is_a_key_splits_entries_and_does_not_make_another_resource(run: Run) -> None:
    def call(**more: Any) -> list[dict[str, Any]]:
        return [{"call": ITEMS, "path": {"id": 1}, **more}]

    ran = run(
        cached(
            method={"cache_key": ["path.id", "header.Accept"]},
            clients={
                "plain": client(at(0, 4 * SECOND), call()),
                "json": client(at(SECOND, 5 * SECOND), call(headers={"Accept": "json", "Other": "x"})),
                "html": client(at(2 * SECOND), call(headers={"Accept": "html"})),
            },
        )
    )
    assert words(ran) == ["MISS", "MISS", "MISS", "HIT", "HIT"]
    assert not any(row.flags for row in ran.attempts)


# bytes


def test_when_its_bytes_are_full_the_least_recently_used_entry_goes(run: Run, tmp_path: Path) -> None:
    """512 entries of 1 MB fill half a GB. Number 0 is used again, so number 513 pushes out number 1, and that 2."""
    asks = [*range(512), 0, 512, 0, 1, 3, 2]
    requests = [(number * SECOND, f"GET /items/{item}") for number, item in enumerate(asks)]
    ran = run(cached(clients={"c": asked(tmp_path, *requests)}, ttl="3600 s", answer={"size": f"{ENTRY} B"}))
    assert words(ran) == ["MISS"] * 512 + ["HIT", "MISS", "HIT", "MISS", "HIT", "MISS"]
    levels = ran.levels(ran.plan.gauge(GaugeKind.CACHE_BYTES))
    assert max(row.peak for row in levels) == levels[-1].level == CAPACITY


def test_an_expired_entry_keeps_its_bytes_until_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    """Two entries, expired at 1.01 s and 2.01 s. At 9 s one of them is asked for and stored anew: still two."""
    requests = [(0, "GET /items/1"), (SECOND, "GET /items/2"), (9 * SECOND, "GET /items/1")]
    ran = run(
        cached(
            clients={"c": asked(tmp_path, *requests)}, ttl="1 s", run={"duration": "12 s", "period": "3 s"}
        )
    )
    assert words(ran) == ["MISS"] * 3
    rows = ran.levels(ran.plan.gauge(GaugeKind.CACHE_BYTES))
    assert [(row.at_ns // SECOND, row.level, row.low, row.peak) for row in rows] == [
        (3, 2048, 0, 2048), (12, 2048, 1024, 2048),
    ]  # fmt: skip


@pytest.mark.parametrize(("size", "second"), [(ENTRY, "HIT"), (ENTRY + 1, "MISS")])
def test_an_answer_above_a_megabyte_is_not_cached(run: Run, size: int, second: str) -> None:
    assert words(run(cached(at(0, SECOND), answer={"size": f"{size} B"}))) == ["MISS", second]


def test_encryption_may_make_entries_larger(run: Run, tmp_path: Path) -> None:
    """With 255 MB on top, half a GB holds two entries of 1 MB, not three."""
    requests = [(number * SECOND, f"GET /items/{item}") for number, item in enumerate([1, 2, 1, 3, 1, 2])]
    ran = run(
        cached(
            clients={"c": asked(tmp_path, *requests)},
            answer={"size": "1 MB"},
            assumptions={"encryption_overhead": "255 MB"},
        )
    )
    assert words(ran) == ["MISS", "MISS", "HIT", "MISS", "HIT", "MISS"]


def test_an_entry_larger_than_the_whole_cache_stays_out(run: Run) -> None:
    ran = run(cached(at(0, SECOND), assumptions={"encryption_overhead": "1 GB"}))
    assert words(ran) == ["MISS", "MISS"]


# Cache-Control: max-age=0


def refreshed(share: str = "100 %", authorized: str = "0 %", **caching: Any) -> Any:
    """Stored at 0.01 s for 2 s; asked for with max-age=0 at 1 s; asked for plainly at 2.5 s."""
    age = {"share": share, "authorized": authorized}
    return cached(
        settings={"caching": {"ttl": "2 s", **caching}},
        clients={
            "c": client(at(0, 2500 * MS), [{"call": ITEMS, "path": {"id": 1}}]),
            "d": client(at(SECOND), [{"call": ITEMS, "path": {"id": 1}, "max_age_0": age}]),
        },
    )


@pytest.mark.parametrize("caching", [{}, {"require_authorization": True}], ids=["anyone", "with permission"])
def test_max_age_0_asks_the_backend_and_replaces_the_entry(run: Run, caching: dict[str, Any]) -> None:
    """The replaced entry lives until 3.01 s: the last request is a hit."""
    ran = run(refreshed(authorized="100 %" if caching else "0 %", **caching))
    assert words(ran) == ["MISS", "MISS", "HIT"]
    assert [row.flags for row in ran.attempts] == [0, Flag.MAX_AGE_0, 0]
    assert len(ran.invocations) == 2


def test_without_permission_max_age_0_is_a_403_by_default(run: Run) -> None:
    ran = run(refreshed(require_authorization=True))
    assert [(row.status, row.reason, row.cache) for row in ran.attempts] == [
        (200, "OK", "MISS"), (403, "CACHE_INVALIDATION_DENIED", "NONE"), (200, "OK", "MISS"),
    ]  # fmt: skip


@pytest.mark.parametrize("strategy", ["SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"])
def test_or_the_header_is_ignored_and_the_request_a_hit(run: Run, strategy: str) -> None:
    ran = run(refreshed(require_authorization=True, unauthorized=strategy))
    assert words(ran) == ["MISS", "HIT", "MISS"]
    assert ran.attempts[1].flags == Flag.MAX_AGE_0 | Flag.IGNORED_MAX_AGE_0


def test_max_age_0_may_count_as_no_miss(run: Run) -> None:
    said = refreshed()
    said["assumptions"]["max_age_0_is_a_miss"] = False
    assert words(run(said)) == ["MISS", "NONE", "HIT"]


def test_on_a_method_that_is_not_cached_max_age_0_means_nothing(run: Run) -> None:
    said = refreshed(require_authorization=True)
    said["apis"]["a"]["stages"]["s"]["method_settings"]["every_method"] = {"caching": False}
    ran = run(said)
    assert ran.statuses == [200, 200, 200]
    assert [row.flags for row in ran.attempts] == [0, 0, 0]


# what is stored


@pytest.mark.parametrize(("stored", "second"), [(True, "HIT"), (False, "MISS")])
@pytest.mark.parametrize(("status", "why"), [(404, "BACKEND_4XX"), (503, "BACKEND_5XX")])
def test_error_answers_of_the_backend_are_cached_unless_it_is_said_otherwise(
    run: Run, status: int, why: str, stored: bool, second: str
) -> None:
    ran = run(cached(at(0, SECOND), answer={"status": status}, assumptions={"cache_error_responses": stored}))
    assert words(ran) == ["MISS", second]
    assert [(row.status, row.reason) for row in ran.attempts] == [(status, why)] * 2


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ({"crash": "100 %"}, "FUNCTION_ERROR"), ({"malformed": "100 %"}, "MALFORMED_RESPONSE"),
        ({"reserved_concurrency": 0}, "LAMBDA_THROTTLED"), ({"timeout": "1 s", "duration": "2 s"}, "FUNCTION_TIMEOUT"),
    ],
)  # fmt: skip
def test_errors_of_the_gateways_own_are_not_cached(run: Run, function: dict[str, Any], why: str) -> None:
    said = cached(at(0, 5 * SECOND), functions={"f": {"duration": "10 ms", **function}})
    said["apis"]["a"]["methods"][ITEMS]["integration"] = {"lambda_proxy": "f"}
    ran = run(said)
    assert words(ran) == ["MISS", "MISS"]
    assert ran.reasons == [why, why]


def test_an_answer_that_comes_after_the_integrations_timeout_is_not_cached(run: Run) -> None:
    said = cached(at(0, 5 * SECOND), answer={"latency": "2 s"})
    said["apis"]["a"]["methods"][ITEMS]["integration"] = {**SERVER, "timeout": "1 s"}
    ran = run(said)
    assert (words(ran), ran.statuses) == (["MISS", "MISS"], [504, 504])


def test_the_gateways_own_answer_of_a_mock_is_never_cached(run: Run) -> None:
    said = cached(at(0, SECOND))
    said["apis"]["a"]["methods"][ITEMS]["integration"] = MOCK
    assert words(run(said)) == ["MISS", "MISS"]


def test_a_hit_spends_tokens_like_any_request(run: Run) -> None:
    throttled = {"caching": {"ttl": "300 s"}, "throttle": {"rate": "0/s", "burst": 2}}
    ran = run(cached(at(0, SECOND, 2 * SECOND), settings=throttled))
    assert [(row.status, row.cache) for row in ran.attempts] == [(200, "MISS"), (200, "HIT"), (429, "NONE")]


# in mid-run


def test_a_flush_empties_the_cache_before_anything_else_of_its_instant(run: Run) -> None:
    ran = run(cached(at(0, SECOND - 1, SECOND, 2 * SECOND), timeline=[{"at": "1 s", "flush_cache": "a/s"}]))
    assert words(ran) == ["MISS", "HIT", "MISS", "HIT"]
    assert [(row.at_ns, row.event, row.ends) for row in ran.journal] == [(SECOND, 0, 0)]


def test_a_flush_of_one_stage_leaves_the_others(run: Run) -> None:
    said = cached(at(0, 2 * SECOND), timeline=[{"at": "1 s", "flush_cache": "a/t"}])
    said["apis"]["a"]["stages"]["t"] = said["apis"]["a"]["stages"]["s"]
    assert words(run(said)) == ["MISS", "HIT"]


def test_another_size_loses_everything_and_for_four_minutes_there_is_no_cache(run: Run) -> None:
    back = SECOND + 4 * MINUTE
    ran = run(
        cached(
            at(0, SECOND, 2 * SECOND, back - MINUTE, back, back + SECOND),
            timeline=[{"at": "1 s", "set": {"apis.a.stages.s.cache_cluster": "1.6 GB"}}],
        )
    )
    assert words(ran) == ["MISS", "NONE", "NONE", "NONE", "MISS", "HIT"]
    assert len(ran.invocations) == 5


def test_a_new_time_to_live_holds_for_new_entries_only(run: Run) -> None:
    """Item 1 is stored for 300 s before the change to 1 s, item 2 for 1 s after it."""
    said = cached(timeline=[{"at": "1 s", "set": {f"{EVERY}.caching.ttl": "1 s"}}])
    said["clients"] = {
        name: client(instants, [{"call": ITEMS, "path": {"id": name}}])
        for name, instants in (("1", at(0, 10 * SECOND)), ("2", at(2 * SECOND, 11 * SECOND)))
    }
    ran = run(said)
    assert words(ran) == ["MISS", "MISS", "HIT", "MISS"]


def test_caching_that_is_switched_off_is_not_asked_any_more(run: Run) -> None:
    ran = run(cached(at(0, 500 * MS, SECOND), timeline=[{"at": "1 s", "set": {f"{EVERY}.caching": False}}]))
    assert words(ran) == ["MISS", "HIT", "NONE"]


def test_a_cluster_that_comes_in_mid_run_is_there_after_four_minutes(run: Run) -> None:
    back = SECOND + 4 * MINUTE
    ran = run(
        cached(
            at(0, back - 1, back, back + SECOND),
            stage={},
            timeline=[{"at": "1 s", "set": {"apis.a.stages.s.cache_cluster": "0.5 GB"}}],
        )
    )
    assert words(ran) == ["NONE", "NONE", "MISS", "HIT"]


@pytest.mark.parametrize(
    ("position", "status", "word"),
    [("before_cache", 413, "NONE"), ("after_cache", 200, "HIT")],
)
def test_a_request_that_is_too_large_may_still_be_a_hit(
    run: Run, position: str, status: int, word: str
) -> None:
    ran = run(
        cached(
            clients={
                "c": client(at(0), [{"call": ITEMS, "path": {"id": 1}}]),
                "d": client(at(SECOND), [{"call": ITEMS, "path": {"id": 1}, "body": "11 MB"}]),
            },
            assumptions={"size_check_position": position},
        )
    )
    assert [(row.status, row.cache) for row in ran.attempts] == [(200, "MISS"), (status, word)]


def test_a_request_that_is_too_large_and_missed_is_refused_behind_the_cache(run: Run) -> None:
    ran = run(
        cached(
            call=[{"call": ITEMS, "path": {"id": 1}, "body": "11 MB"}],
            assumptions={"size_check_position": "after_cache"},
        )
    )
    assert [(row.status, row.cache, row.integration_ns) for row in ran.attempts] == [(413, "MISS", None)]
