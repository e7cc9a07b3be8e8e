"""LMB rules: timeouts that do not fit each other, and Little's law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
ITEMS = 'apis.shop.methods["GET /items/{id}"].integration'
RESERVED = "functions.worker.reserved_concurrency"
RATE = "clients.web.arrivals.rate"
DURATION = "functions.worker.duration"
ROOMY = {"account.throttle": {"rate": "1000000/s", "burst": 100_000}}


def test_lmb001_fires_for_a_function_that_may_run_longer_than_the_gateway_waits(one: One) -> None:
    path, text, fix = one("LMB001", {"functions.worker.timeout": "6 s", f"{ITEMS}.timeout": "5 s"})
    assert path == "functions.worker.timeout"
    assert text == (
        "worker may run 6 s and shop GET /items/{id} waits 5 s for it: after the 504 it runs on for up to 1 s, "
        "holds its concurrency and is billed"
    )
    assert fix.startswith("write timeout: 5 s or less at the function")


def test_lmb001_writes_whole_seconds_and_knows_that_1_s_is_the_least(one: One) -> None:
    assert "write timeout: 2 s" in one("LMB001", {f"{ITEMS}.timeout": "2999 ms"})[2]
    fix = one("LMB001", {"functions.worker.timeout": "1 s", f"{ITEMS}.timeout": "999 ms"})[2]
    assert fix == "let the integration wait longer: a function's timeout is 1 s at least"


def test_lmb001_is_silent_at_the_integrations_timeout(advice: Advised) -> None:
    assert not advice("LMB001", {"functions.worker.timeout": "5 s", f"{ITEMS}.timeout": "5 s"})
    assert not advice("LMB001", {"functions.idle": {"duration": "1 s", "timeout": "900 s"}})


def test_lmb002_fires_for_a_client_that_gives_up_before_the_gateway(one: One) -> None:
    path, text, fix = one("LMB002", {"clients.web.timeout": "4999 ms", f"{ITEMS}.timeout": "5 s"})
    assert path == "clients.web.timeout"
    assert text == (
        "web gives up after 4999 ms and shop/prod GET /items/{id} waits up to 5 s for its backend: "
        "what is answered after 4999 ms was worked out for nobody"
    )
    assert fix == "write integration: {timeout: 4999 ms} or less at the method, or let web wait longer"


def test_lmb002_is_silent_at_the_integrations_timeout_without_one_and_for_mocks(advice: Advised) -> None:
    assert not advice("LMB002", {"clients.web.timeout": "5 s", f"{ITEMS}.timeout": "5 s"})
    assert not advice("LMB002")
    assert not advice("LMB002", {"clients.web.timeout": "1 s", "clients.web.calls": [{"call": "GET /list"}]})


def test_lmb003_fires_just_above_a_reserved_concurrency(one: One) -> None:
    path, text, fix = one("LMB003", {RATE: "501/s", RESERVED: 50})
    assert path == RESERVED
    assert text == (
        "worker needs 51 at once and has its reserved concurrency of 50: "
        "501/s (first attempts, at 0 s) times a mean Duration of 100 ms"
    )
    assert fix == f"raise {RESERVED} by 1 or more, shorten the Duration, or throttle at 500/s"


def test_lmb003_is_silent_at_a_reserved_concurrency(advice: Advised) -> None:
    assert not advice("LMB003", {RATE: "500/s", RESERVED: 50})


def test_lmb003_fires_just_above_what_functions_without_a_reservation_share(one: One) -> None:
    over = {
        "functions.other": {"duration": {"exponential": {"mean": "300 ms"}}, "reserved_concurrency": 700},
        "functions.second": {"duration": "200 ms"},
        'apis.shop.methods["GET /list"].integration': {"lambda_proxy": "second"},
        "account.used_elsewhere.lambda_concurrency": 100,
        "clients.web.calls[0].weight": 3,
        "clients.more": {
            "target": "shop/prod",
            "arrivals": {"process": "even", "rate": [{"from": "1 min", "rate": "505/s"}]},
            "calls": [{"call": "GET /list"}],
        },
        RATE: "1000/s",
    }
    # 1000/s of 0.1 s and 505/s of 0.2 s, of 1000 - 700 reserved - 100 elsewhere
    path, text, fix = one("LMB003", over)
    assert path == "account.lambda_concurrency"
    assert text == (
        "worker and second need 201 at once and have the 200 that functions without a reservation share: "
        "1,505/s (first attempts, at 1 min) times a mean Duration of 133.6 ms"
    )
    assert fix.startswith("raise account.lambda_concurrency by 1 or more")


def test_lmb003_is_silent_at_what_they_share(advice: Advised) -> None:
    over = {
        "functions.other": {"duration": "1 s", "reserved_concurrency": 800},
        "account.used_elsewhere.lambda_concurrency": 100,
        RATE: "1000/s",
    }
    assert not advice("LMB003", over)
    assert advice("LMB003", {**over, RATE: "1001/s"})


def test_lmb003_is_silent_where_clients_peak_at_different_times(advice: Advised) -> None:
    clients = {
        name: {
            "target": "shop/prod",
            "arrivals": {
                "process": "even",
                "rate": [{"from": begin, "rate": "500/s"}, {"from": end, "rate": "0/s"}],
            },
            "calls": [{"call": "GET /items/{id}", "path": {"id": "1"}}],
        }
        for name, begin, end in (("day", "0 s", "5 min"), ("night", "5 min", "9 min"))
    }
    assert not advice("LMB003", {RESERVED: 50}, clients=clients)
    assert advice("LMB003", {RESERVED: 50, "clients.night.arrivals.rate[0].from": "4 min"}, clients=clients)


def test_lmb003_takes_the_share_of_the_calls_and_the_top_of_a_ramp(advice: Advised) -> None:
    calls = [{"call": "GET /items/{id}", "path": {"id": "1"}}, {"call": "GET /list", "weight": 3}]
    over: dict[str, Any] = {RESERVED: 50, "clients.web.calls": calls}
    assert not advice("LMB003", {**over, RATE: [{"from": "1 min", "rate": "2000/s", "ramp": "1 min"}]})
    (found,) = advice("LMB003", {**over, RATE: [{"from": "1 min", "rate": "2004/s", "ramp": "1 min"}]})
    assert "501/s (first attempts, at 2 min)" in found.text


def test_lmb003_fires_for_the_end_of_a_ramp_that_falls_at_once(one: One) -> None:
    ramp = [{"from": "0 s", "rate": "300/s"}, {"from": "1 min", "rate": "501/s", "ramp": "1 min"}]
    _, text, _ = one("LMB003", {RESERVED: 50, RATE: [*ramp, {"from": "2 min", "rate": "1/s"}]})
    assert "501/s (first attempts, at 2 min)" in text


def test_lmb003_fires_with_the_instant_of_the_peak_not_of_the_first_request(one: One) -> None:
    steps = [{"from": "0 s", "rate": "400/s"}, {"from": "3 min", "rate": "501/s"}]
    assert "501/s (first attempts, at 3 min)" in one("LMB003", {RESERVED: 50, RATE: steps})[1]


def test_lmb003_is_silent_where_a_throttle_lets_no_more_pass(advice: Advised) -> None:
    over = {RATE: "5000/s", RESERVED: 50}
    every = "apis.shop.stages.prod.method_settings.every_method.throttle"
    assert not advice("LMB003", {**over, every: {"rate": "500/s", "burst": 500}})
    assert advice("LMB003", {**over, every: {"rate": "501/s", "burst": 500}})
    assert not advice("LMB003", {**over, "account.throttle.rate": "500/s"})
    assert advice("LMB003", {**over, "account.throttle.rate": "501/s"})


def test_lmb003_counts_a_function_to_its_timeout_at_most(advice: Advised) -> None:
    assert not advice("LMB003", {RATE: "50/s", DURATION: "10 s", RESERVED: 150})
    assert advice("LMB003", {RATE: "51/s", DURATION: "10 s", RESERVED: 150})


def test_lmb003_says_that_the_cache_comes_after(one: One) -> None:
    over = {
        RATE: "501/s", RESERVED: 50, "apis.shop.stages.prod.cache_cluster": "0.5 GB",
        "apis.shop.stages.prod.method_settings.every_method.caching": {"ttl": "300 s"},
    }  # fmt: skip
    assert "(first attempts, before the cache, at 0 s)" in one("LMB003", over)[1]


def test_lmb003_reads_the_rate_of_a_trace(advice: Advised, trace: Callable[..., dict[str, Any]]) -> None:
    over = {RESERVED: 2, DURATION: "1 s", "run.duration": "20 s"}
    for length, scale, fires in ((5, 1, False), (5, 1.1, True), (0.5, 0.1, False), (0.5, 0.2, True)):
        arrivals = {"clients.web.arrivals": trace(length, scale=scale)}
        assert bool(advice("LMB003", {**over, **arrivals})) == fires, (length, scale)
    bursty = {"bursty": {"peak_to_mean": 2, "over": "1 s"}}
    assert advice("LMB003", {**over, "clients.web.arrivals": trace(5, within_period=bursty)})
    assert advice("LMB003", {**over, "clients.web.arrivals": trace(5, within_period="start")})


def test_lmb004_fires_just_above_ten_times_a_reserved_concurrency(one: One) -> None:
    path, text, fix = one("LMB004", {RATE: "501/s", RESERVED: 50, DURATION: "20 ms"})
    assert path == RESERVED
    assert text == (
        "worker gets 501/s (first attempts, at 0 s) and a concurrency of 50 takes 500/s, 10 for each, "
        "however short they are"
    )
    assert fix == f"raise {RESERVED} to 51 or more, or throttle at 500/s"


def test_lmb004_fires_just_above_ten_times_the_accounts_less_what_is_used_elsewhere(one: One) -> None:
    over = {**ROOMY, RATE: "9001/s", DURATION: "10 ms", "account.used_elsewhere.lambda_concurrency": 100}
    path, text, _ = one("LMB004", over)
    assert path == "account.lambda_concurrency"
    assert "9,001/s" in text
    assert "a concurrency of 900 takes 9,000/s" in text


@pytest.mark.parametrize(
    "over",
    [
        {RATE: "500/s", RESERVED: 50},
        {**ROOMY, RATE: "10000/s"},
        {**ROOMY, RATE: "20000/s", "account.lambda_requests_per_concurrency": "none"},
        {RATE: "20000/s"},
    ],
    ids=["reserved", "account", "no such limit", "the account's throttle"],
)
def test_lmb004_is_silent_at_ten_times_the_concurrency(advice: Advised, over: dict[str, Any]) -> None:
    assert not advice("LMB004", {DURATION: "10 ms", **over})


PROVISIONED = {
    "worker": {
        "duration": "100 ms", "versions": {"1": {}}, "aliases": {"PROD": "1"}, "provisioned_concurrency": {"PROD": 10},
    }
}  # fmt: skip


def test_lmb005_fires_where_more_than_a_hundredth_spills_over(one: One) -> None:
    """From a table of Erlang's formula: 5 offered to 10 lose 1.838 %, to 11 0.829 %."""
    over = {RATE: "50/s", f"{ITEMS}.lambda_proxy": "worker:PROD"}
    path, text, fix = one("LMB005", over, functions=PROVISIONED)
    assert path == "functions.worker.provisioned_concurrency.PROD"
    assert text == (
        "worker:PROD has 10 provisioned and is offered 5 at once: 50/s (first attempts, at 0 s), so by Erlang's formula "
        "1.84 % of them spill over, and those for which no environment is idle start cold"
    )
    assert fix == "provision 11 for 1 % and less, or shorten the Duration"


def test_lmb005_is_silent_where_less_does_and_reckons_with_the_most_that_is_ever_set(advice: Advised) -> None:
    over = {RATE: "50/s", f"{ITEMS}.lambda_proxy": "worker:PROD"}
    more = [{"at": "1 min", "set": {"functions.worker.provisioned_concurrency.PROD": 11}}]
    assert not advice("LMB005", over, functions=PROVISIONED, timeline=more)
    assert not advice("LMB005", {RATE: "50/s"})


def scheduled(when: str, least: int, **more: Any) -> dict[str, dict[str, Any]]:
    """The worker with 10 provisioned, and at least so many of 40 from an instant on."""
    actions = [{"at": when, "minimum": least, "maximum": 40}]
    scaling = {"minimum": 1, "maximum": 40, "schedules": actions, **more}
    return {"worker": {**PROVISIONED["worker"], "auto_scaling": {"PROD": scaling}}}


RUSH = {
    f"{ITEMS}.lambda_proxy": "worker:PROD",
    "clients.web.arrivals.rate": [{"from": "0 s", "rate": "10/s"}, {"from": "4 min", "rate": "150/s"}],
}


def test_lmb006_fires_where_what_is_asked_for_as_the_load_comes_is_there_later(one: One) -> None:
    """15 at once from 4 min on; of 10 Erlang's formula lets 41 % spill, of 25 0.7 %. 15 more take 90 s and 150 ms."""
    path, text, fix = one("LMB006", RUSH, functions=scheduled("3 min", 25))
    assert path == "functions.worker.auto_scaling.PROD.schedules"
    assert text == (
        "25 are asked for worker:PROD at 3 min and are there 30 s after the load that needs them, 15 at once from 4 min "
        "on: an allocation takes 90 s, and none is usable before all are"
    )
    assert fix == "ask for them by 150 s"


def test_lmb006_is_silent_where_it_is_there_in_time_and_where_nothing_needs_it(advice: Advised) -> None:
    assert not advice("LMB006", RUSH, functions=scheduled("140 s", 25))
    assert not advice("LMB006", {f"{ITEMS}.lambda_proxy": "worker:PROD"}, functions=scheduled("3 min", 25))
    assert not advice("LMB006", RUSH, functions=scheduled("3 min", 12))  # never enough: LMB005's to say


def test_lmb007_fires_where_at_its_maximum_the_target_is_not_met(one: One) -> None:
    """70 % of 20 are 14, and 15 run at once: 15 / 0.7 = 21.4."""
    tracked = scheduled("3 min", 25, schedules=[], maximum=20, target_tracking={})
    path, text, fix = one("LMB007", RUSH, functions=tracked)
    assert path == "functions.worker.auto_scaling.PROD.maximum"
    assert text == (
        "worker:PROD may have 20, of which 70 % are 14, and is offered 15 at once (at 4 min): its utilization stays above "
        "the target"
    )
    assert fix == "raise it to 22, or the target"


def test_lmb007_fires_where_nothing_is_provisioned_and_so_nothing_measured(one: One) -> None:
    functions = scheduled("3 min", 25, schedules=[], minimum=0, target_tracking={})
    functions["worker"]["provisioned_concurrency"] = {"PROD": 0}
    path, text, fix = one("LMB007", RUSH, functions=functions)
    assert path == "functions.worker.auto_scaling.PROD.minimum"
    assert "with none there is no utilization, and no alarm rings" in text
    assert fix == "write 1 or more"


def test_lmb007_is_silent_where_the_maximum_is_enough(advice: Advised) -> None:
    tracked = scheduled("3 min", 25, schedules=[], target_tracking={})
    assert not advice("LMB007", RUSH, functions=tracked)
    assert not advice("LMB007", RUSH, functions=scheduled("3 min", 25))


SLOW_START = {"functions.worker.cold_start": {"init": "2950 ms"}}


def test_lmb008_fires_where_init_and_duration_are_longer_than_the_timeout(one: One) -> None:
    path, text, fix = one("LMB008", {**SLOW_START, DURATION: "51 ms"})
    assert path == "functions.worker.timeout"
    assert text == (
        "worker has an Init of 2.95 s and a Duration of 51 ms (medians), and a timeout of 3 s: once a timeout or the end of "
        "its process has reset an environment, Init is part of the next Duration, and runs into the timeout again"
    )
    assert fix == "write timeout: 4 s or more, or start faster"


def test_lmb008_is_silent_where_both_fit_and_where_nothing_is_initialised(advice: Advised) -> None:
    assert not advice("LMB008", {**SLOW_START, DURATION: "50 ms"})
    assert not advice("LMB008", {"functions.worker.cold_start": "none", DURATION: "2900 ms"})


SNAPPED = {
    "worker": {
        "duration": "100 ms",
        "snap_start": {},
        "versions": {"1": {}, "2": {}},
        "aliases": {"PROD": "2"},
    }
}


def test_lmb009_fires_where_a_method_invokes_latest(one: One) -> None:
    path, text, fix = one("LMB009", functions=SNAPPED)
    assert path == "functions.worker.snap_start"
    assert text == (
        "shop GET /items/{id} invokes worker as $LATEST, which SnapStart does not restore: its environments start cold "
        "with all of their Init"
    )
    assert fix == "invoke worker:2, or an alias of it"


def test_lmb009_is_silent_where_a_version_or_an_alias_is_invoked(advice: Advised) -> None:
    for callee in ("worker:1", "worker:PROD"):
        assert not advice("LMB009", {f"{ITEMS}.lambda_proxy": callee}, functions=SNAPPED)
    assert not advice("LMB009")
