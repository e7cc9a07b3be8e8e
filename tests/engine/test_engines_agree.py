"""Both engines give the same records, row for row: over the catalogue, the shipped scenarios, seeds and replications.

While there is one engine it is compared with itself. All tables are looked at, the levels at every tick included.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from engine.catalogue import CATALOGUE, GRIDS
from engine.conserved import broken
from engine.mixed import MIXED
from engine.reaching import WORDS, reached
from engine.running import ENGINES, MS, Ran, difference, planned, run_on
from rules.twins import Int64

from apigw_sim.plan.tables import Plan
from apigw_sim.scenario import load

ONE, TWO = ENGINES[0], ENGINES[-1]
"""The readable engine and the fast one."""

ROOT = Path(__file__).resolve().parents[2]
OWN = {"own_backend"}
"""What only one engine can run: a user's own code."""
SHIPPED = sorted(
    file for file in [*ROOT.glob("scenarios/*.yaml"), *ROOT.glob("benchmarks/*.yaml")] if file.stem not in OWN
)

SHORT: dict[str, dict[str, Any]] = {
    "authorizer_policy_of_one_method": {
        "run.duration": "20 s", "run.warm_up": "5 s", "run.period": "5 s", "authorizers.app.ttl": "3 s",
        "timeline": [{"at": "10 s", "flush_authorizers_cache": "app/prod"}],
    },
    "authorizer_starves_its_backend": {
        "run.duration": "8 s", "run.warm_up": "1 s", "run.period": "1 s", "authorizers.cached.ttl": "2 s",
        "timeline[0].at": "3 s", "timeline[1].at": "4 s",
    },
    "blind_alarms": {
        "run.duration": "2 min", "run.period": "20 s", "alarms": {},
        "timeline": [{"at": "30 s", "fault": {"backend": "orders", "outage": True, "for": "20 s"}}],
    },
    "cache_and_flush": {
        "run.duration": "30 s", "run.warm_up": "5 s", "run.period": "1 s", "clients.visitors.arrivals.rate": "250/s",
        "timeline": [{"at": "20 s", "flush_cache": "shop/prod"}],
    },
    "canary_release": {"clients.web.arrivals.rate": "2/s"},
    "hot_shard": {
        "run.duration": "800 ms", "run.period": "200 ms", "assumptions.service_burst": "100 ms",
        "clients.told.retry.backoff.base": "100 ms",
    },
    "logs_and_traces": {"run.duration": "40 s"},
    "stage_variables": {"clients.web.arrivals.rate": "2/s", "clients.testers.arrivals.rate": "2/s"},
    "provisioned_concurrency": {
        "clients.web.arrivals.rate": "3/s", "clients.twin.arrivals.rate": "1/s", "timeline[0].set": {
            "functions.checkout.provisioned_concurrency.PROD": 2
        },
    },
    "provisioned_on_schedule": {f"clients.{name}.arrivals.rate": "0.3/s" for name in ("web", "mobile", "partner")},
    "timeout_that_never_heals": {"run.period": "20 s"},
    "servers_that_scale": {"run.duration": "8 min", "run.period": "20 s"},
    "snap_start": {"run.duration": "80 s", "run.period": "20 s"},
    "weighted_alias": {"clients.web.arrivals.rate": "5/s", "clients.testers.arrivals.rate": "2/s"},
    "codedeploy_shift": {"clients.web.arrivals.rate": "2/s", "clients.app.arrivals.rate": "3/s"},
    "cold_start_storm": {
        "run.duration": "40 s", "run.warm_up": "2 s", "run.period": "5 s",
        "clients.shoppers.arrivals.rate": [
            {"from": "0 s", "rate": "60/s"}, {"from": "5 s", "rate": "0.5/s"}, {"from": "32 s", "rate": "300/s"},
        ],
    },
    "endpoint_types": {"run.duration": "40 s", "run.period": "5 s"},
    "flash_sale": {
        "run.duration": "20 s", "run.warm_up": "2 s", "run.period": "1 s",
        "clients.web.arrivals.rate": [
            {"from": "0 s", "rate": "100/s"}, {"from": "4 s", "rate": "1500/s", "ramp": "2 s"}, {"from": "12 s", "rate": "200/s"},
        ],
        "timeline": [
            {"at": "8 s", "fault": {"function": "checkout", "slow": 6, "for": "2 s"}},
            {"at": "12 s", "flush_cache": "shop/prod"},
            {"at": "15 s", "set": {'apis.shop.stages.prod.method_settings["POST /orders"].throttle.rate': "400/s"}},
        ],
    },
    "coordinated_omission": {
        "run.duration": "12 s", "run.period": "1 s",
        "timeline": [{"at": "4 s", "fault": {"backend": f"of_{who}", "slow": 200, "for": "10 ms"}} for who in ("tester", "user")],
    },
    "errors_tour": {"run.period": "10 s"},
    "last_come_first_served": {
        "run.duration": "30 s", "run.period": "5 s",
        **{f"clients.{name}.arrivals.rate[{n}].from": f"{at} s" for name in ("fifo", "lifo") for n, at in ((1, 5), (2, 15))},
    },
    "rest_to_http": {"run.period": "10 s"},
    "reconnect_storm": {
        "clients.phones.arrivals.rate[0].rate": "30/s", "account.websocket_connections": {"rate": "50/s", "burst": 50},
        "account.throttle": {"rate": "1000/s", "burst": 500}, "account.lambda_concurrency": 100,
    },
    "shop_sessions": {
        "run.duration": "90 s", "run.warm_up": "10 s", "timeline[0].at": "40 s", "timeline[0].fault.for": "20 s",
    },
    "failover": {
        "run.duration": "2 min", "clients.shoppers.arrivals.rate": "20/s", 'records["api.example.com"].ttl': "10 s",
        "timeline[0].at": "20 s", "timeline[0].fault.for": "50 s", "regions.us-west-2.lambda_concurrency": 4,
    },
    "game_day": {
        "run.duration": "40 s", "run.period": "5 s",
        **{f"timeline[{n}].at": "10 s" for n in range(5)}, "timeline[5].at": "20 s",
        "timeline[0].fault.for": "25 s", "timeline[0].fault.ramp": "10 s", "timeline[0].fault.back": "10 s",
        "timeline[1].fault.for": "10 s", "timeline[2].fault.for": "10 s", "timeline[3].for": "10 s",
    },
    "queue_based_load_levelling": {
        "run.duration": "40 s", "run.period": "5 s",
        **{f"clients.{name}.arrivals.rate": [{"from": "0 s", "rate": "100/s"}, {"from": "10 s", "rate": "10/s"}]
           for name in ("straight", "queued")},
    },
    "clicks_to_s3": {
        "run.duration": "40 s", "run.period": "5 s", "backends.default.kinesis.firehose.buffer_size": "1 MB",
        **{f"backends.{name}.kinesis.firehose.buffer_interval": "9 s" for name in ("default", "soon")},
        **{f"clients.{name}.arrivals.rate": [{"from": "0 s", "rate": "4/s"}, {"from": "20 s", "rate": "90/s"}]
           for name in ("default", "soon", "large")},
    },
    "database_drowned": {
        "run.duration": "30 s", "run.period": "5 s",
        **{f"clients.{name}.arrivals.rate": [{"from": "0 s", "rate": "20/s"}, {"from": "5 s", "rate": "60/s"},
                                             {"from": "20 s", "rate": "20/s"}] for name in ("bare", "valve")},
    },
    "asynchronous_invocation": {
        "run.duration": "40 s", "run.period": "5 s", "functions.drops.event_invoke.maximum_event_age": "60 s",
        **{f"clients.{name}.arrivals.rate": [{"from": "0 s", "rate": "60/s"}, {"from": "10 s", "rate": "10/s"}]
           for name in ("waiting", "events", "fresh")},
    },
    "request_validation": {"run.duration": "10 s", "run.period": "1 s"},
    "free_tier_quota": {"run.duration": "50 min", "run.period": "5 min"},
    "noisy_neighbour": {"run.duration": "24 s", "run.warm_up": "2 s", "timeline": []},
    "throttles_on_hosts": {"run.duration": "30 s", "run.period": "5 s"},
    "preflights": {"run.duration": "20 s", "run.period": "5 s"},
    "waf_under_attack": {
        "run.duration": "30 s", "run.period": "5 s", "assumptions.waf_check_interval": "2 s",
        "clients.attack.arrivals.rate": [{"from": "0 s", "rate": "0/s"}, {"from": "5 s", "rate": "300/s"}],
    },
    "a_day": {"run.duration": "40 min", "run.period": "10 min", "functions.report.reserved_concurrency": 2},
    "azure_functions": {"run.duration": "5 min", "functions.thumbnails.reserved_concurrency": 8},
    "ticket_sale": {"run.duration": "4 s", "run.warm_up": "1 s", "functions.sell.reserved_concurrency": 12},
    "noisy_neighbour_lambda": {
        "run.duration": "32 s", "run.warm_up": "2 s",
        "timeline": [{"at": "25 s", "set": {"functions.sell.reserved_concurrency": 50}}],
    },
    "retry_storm": {
        "run.duration": "40 s", "run.period": "5 s", "backends.orders.http.queue": 100,
        "timeline": [{"at": "5 s", "fault": {"backend": "orders", "slow": 3, "for": "10 s"}}],
    },
    "retry_budget": {
        "run.duration": "40 s", "run.period": "5 s",
        "timeline": [{"at": "5 s", "fault": {"backend": "orders", "slow": 3, "for": "10 s"}}],
    },
    "new_cache_key": {"run.duration": "30 s", "run.warm_up": "2 s", "run.period": "2 s", "timeline[0].at": "6 s",
                      "timeline[1].at": "10 s"},
    "same_mean": {"run.duration": "20 s", "run.period": "5 s"},
    "mixed_path": {"run.duration": "4 s", "run.period": "1 s"},
    "full_path": {"run.duration": "1 s", "run.period": "500 ms"},
    "mm50": {"run.duration": "15 s", "run.warm_up": "2 s", "run.period": "1 s"},
}  # fmt: skip
"""What makes a shipped scenario last a second at most on the readable engine."""
WHOLE = [file for file in SHIPPED if file.stem != "full_path"]
"""Those that the readable engine finishes within a minute or two: an hour at 10,000/s would take it seven."""


def agreed(said: Any, grid: int = 1, **more: Any) -> Ran:
    """A run on the readable engine, from which the other's must not differ, and which must be whole."""
    one, two = (run_on(engine, said, grid=grid, **more) for engine in (ONE, TWO))
    assert difference(one, two) is None, f"{ONE} and {TWO} on a grid of {grid} ns: {difference(one, two)}"
    assert not (wrong := broken(one, grid=grid)), f"on a grid of {grid} ns: {'; '.join(wrong[:5])}"
    return one


# the catalogue


@pytest.mark.parametrize("name", CATALOGUE)
def test_on_an_entry_of_the_catalogue(name: str) -> None:
    """And it reaches what it is there for."""
    said, words = CATALOGUE[name]
    plan = planned(said)
    found = reached(agreed(plan))
    assert not [word for word in words if not found[word]], f"not reached, but {dict(found)} is"
    for grid in GRIDS[1:]:
        agreed(plan, grid)


def test_the_catalogue_reaches_everything_there_is() -> None:
    """Every word is named by an entry that must reach it."""
    named = Counter(word for entry in CATALOGUE.values() for word in entry.reaches)
    assert {word for word in WORDS if not named[word]} == set()


# seeds, replications, periods


@pytest.fixture(scope="module")
def mixed() -> Plan:
    return planned(MIXED)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1, 2**64 + 5])
def test_with_other_seeds(mixed: Plan, seed: int, grid: int) -> None:
    agreed(mixed, grid, seed=seed)


@pytest.mark.parametrize("replication", [1, 2, 1_000_000])
def test_with_other_replications(mixed: Plan, replication: int) -> None:
    assert difference(agreed(mixed, replication=replication), agreed(mixed)) is not None


@pytest.mark.parametrize("period", ["3 ms", "7.000003 ms", "70 ms", "4 s", "1 d"])
def test_with_other_periods(period: str) -> None:
    """Ticks that are many, odd, few and none: levels at each of them."""
    said = MIXED.replace("warm_up: 1 s, period: 1 s", f"warm_up: 1.5 s, period: {period}")
    assert period in said
    agreed(said.replace("duration: 5 s", "duration: 1.7 s").split("timeline:")[0])


# what is shipped


def shortened(file: Path) -> Plan:
    return planned(load(file, overrides={"expect": [], **SHORT[file.stem]}))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_on_a_shipped_scenario_made_short(file: Path) -> None:
    plan = shortened(file)
    assert len(agreed(plan).tables["attempts"]) > 1_000
    for grid in GRIDS[1:]:
        one, two = (run_on(engine, plan, grid=grid) for engine in (ONE, TWO))
        assert difference(one, two) is None, f"on a grid of {grid} ns"


@pytest.mark.slow
@pytest.mark.parametrize("grid", GRIDS[:2])
@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.stem)
def test_on_a_shipped_scenario_as_it_is(file: Path, grid: int) -> None:
    plan = planned(str(file))
    one, two = (run_on(engine, plan, grid=grid) for engine in (ONE, TWO))
    assert difference(one, two) is None


# the fast engine's own source, un-jitted


PLAIN = TWO == "compiled"
needs_plain = pytest.mark.skipif(
    not PLAIN, reason='there is no engine "plain" before ENGINES holds "compiled"'
)
SMALL = (
    "everything at once", "five levels, throttled requests count and spend as they go", "a quota over days",
    "the smallest rate over a long time", "a bucket that stands full for long", "paths that no method serves",
    "entries of many sizes push each other out", "two stages and keys of all kinds",
    "a cluster that is made anew while it is made anew", "what max-age=0 needs is set in mid-run",
    "lifetimes that end between ticks", "the scaling rate as a window of ten seconds", "the scaling rate as a bucket",
    "requests a second of the account", "a reservation that comes and changes while work runs", "faults that overlap",
    "work of no time", "the gateway's limit ends the wait in the queue", "an outage begins while requests wait",
    "an earlier attempt reaches its backend after a later one", "many attempts up to the cap",
    "a back-off with decorrelated jitter", "work that goes on for hours after the end",
    "arrivals at the start and in the last nanosecond", "an authorizer with a cache",
    "an authorizer that fails in many ways", "an authorizer that is waited for no longer",
    "keys that an authorizer gives", "a resource policy with a user pool and signatures",
    "arrivals at the start and in the last nanosecond", "a distribution with hits, misses and errors",
    "domains, mapped and not, with mutual TLS", "new connections of no length",
)  # fmt: skip
"""Entries in which numbers are small, large, long ago or far away."""


@needs_plain
@pytest.mark.parametrize("grid", [1, MS])
@pytest.mark.parametrize("name", SMALL)
def test_un_jitted_the_fast_engine_says_the_same_and_no_number_leaves_64_bits(name: str, grid: int) -> None:
    """Compiled integers wrap in silence; un-jitted, with numbers that refuse to leave int64, they would raise."""
    plan = planned(CATALOGUE[name].said)
    one = run_on(ONE, plan, grid=grid)
    assert difference(one, run_on("plain", plan, grid=grid)) is None
    assert difference(one, run_on("plain", plan, grid=grid, number=Int64)) is None
