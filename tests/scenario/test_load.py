"""Loading: what the shipped scenario holds once it is read."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.errors import ScenarioError
from apigw_sim.scenario import Scenario, load
from apigw_sim.scenario.clients import UniformKeys, ZipfKeys
from apigw_sim.scenario.laws import Lognormal, Percentiles
from apigw_sim.scenario.routes import Route
from apigw_sim.units import GB, KB, MB, MINUTE, MS, SECOND

Given = Callable[..., Scenario]


@pytest.fixture
def sale(flash_sale: Path) -> Scenario:
    return load(flash_sale)


def test_times_sizes_rates_and_shares(sale: Scenario) -> None:
    assert (sale.run.duration, sale.run.warm_up, sale.run.seed) == (10 * MINUTE, MINUTE, 7)
    assert sale.run.start == datetime(2026, 11, 27, 18, tzinfo=timezone(timedelta(hours=9)))
    assert sale.account.throttle.rate == 10_000
    catalogue, checkout = sale.functions["catalogue"], sale.functions["checkout"]
    assert (catalogue.memory, catalogue.timeout) == (512 * MB, 10 * SECOND)
    assert catalogue.duration == Percentiles(
        points=((Fraction(1, 2), 40 * MS), (Fraction(99, 100), 300 * MS)), min=None, max=None
    )
    assert catalogue.response.status == {200: Fraction(98, 100), 404: Fraction(2, 100)}
    assert checkout.duration == Lognormal(mean=120 * MS, cv=Fraction(6, 5))
    assert (checkout.reserved_concurrency, checkout.crash) == (100, Fraction(2, 1000))
    http = sale.backends["inventory"].http
    assert (http.concurrency, http.queue, http.status[503]) == (64, 200, Fraction(1, 1000))


def test_apis_plans_and_keys(sale: Scenario) -> None:
    api, stage = sale.stage("shop/prod")
    assert [str(route) for route in api.methods] == ["GET /items/{id}", "POST /orders", "GET /stock/{id}"]
    integration = api.methods[Route("POST", "/orders")].integration
    assert (integration.kind, integration.target, integration.timeout) == (
        "lambda_proxy",
        "checkout",
        5 * SECOND,
    )
    assert [str(key) for key in api.methods[Route("GET", "/items/{id}")].cache_key] == ["path.id"]
    assert stage.cache_cluster == GB // 2
    gold = sale.usage_plans["gold"]
    assert gold.stages["shop/prod"][Route("GET", "/stock/{id}")].burst == 40
    assert gold.quota is not None
    assert (gold.quota.limit, gold.quota.period) == (1_000_000, "DAY")
    assert sale.api_keys["hobbyists"].count == 1000


def test_clients(sale: Scenario) -> None:
    web, acme, hobby = (sale.clients[name] for name in ("web", "acme", "hobby"))
    assert web.arrivals.rate is not None
    assert [(step.from_, step.rate, step.ramp) for step in web.arrivals.rate] == [
        (0, 100, 0),
        (2 * MINUTE, 3000, 10 * SECOND),
        (7 * MINUTE, 200, 0),
    ]
    items, orders = web.calls
    assert not isinstance(items, str)
    assert not isinstance(orders, str)
    assert items.path["id"] == ZipfKeys(n=10_000, s=Fraction(11, 10))
    assert items.max_age_0.share == Fraction(1, 1000)
    assert (items.weight, items.idempotent, orders.idempotent) == (9, True, False)
    assert web.retry is not None
    assert (web.retry.attempts, web.retry.statuses, web.retry.backoff.jitter) == (
        3,
        (429, 500, 503, 504),
        "full",
    )
    assert acme.arrivals.trace is not None
    assert acme.arrivals.trace.file.path.is_file()
    assert acme.arrivals.trace.scale == 20
    assert not isinstance(acme.calls[0], str)
    assert acme.calls[0].path["id"] == UniformKeys(n=500)
    assert hobby.api_key is not None
    assert not isinstance(hobby.api_key, str)
    assert (hobby.api_key.from_, hobby.api_key.zipf and hobby.api_key.zipf.s) == ("hobbyists", 1)


def test_timeline_and_expect(sale: Scenario) -> None:
    fault, flush, change = sale.timeline
    assert fault.fault is not None
    assert (fault.verb, fault.fault.target, fault.fault.kind, fault.fault.for_) == (
        "fault",
        ("function", "checkout"),
        "slow",
        MINUTE,
    )
    assert (flush.verb, flush.flush_cache) == ("flush_cache", "shop/prod")
    assert change.set is not None
    assert change.set[0].keys[-2:] == ("throttle", "rate")
    assert change.set[0].value == Fraction(400)
    latency, errors = sale.expect
    assert (latency.kind, latency.who, latency.stat, latency.metric) == (
        "stage",
        "shop/prod",
        "p99",
        "Latency",
    )
    assert (latency.op, latency.value) == ("<", 800 * MS)
    assert (errors.stat, errors.value) == ("avg", Fraction(1, 100))


def test_defaults(given: Given) -> None:
    made = given()
    function = made.functions["f"]
    assert (function.memory, function.timeout) == (128 * MB, 3 * SECOND)
    assert function.cold_start != "none"
    assert function.cold_start.runtime == "python3.13"
    assert function.response.status == {200: 1}
    client = made.clients["web"]
    assert (client.retry, client.timeout, client.api_key) == (None, None, None)
    integration = made.apis["shop"].methods[Route("POST", "/orders")].integration
    assert integration.timeout is None
    assert made.apis["shop"].waits(integration) == 29 * SECOND
    assert made.account.throttle.burst == 5000
    assert given({"account.region": "eu-south-1"}).account.throttle.rate == 2500
    half = given({"account.region": "eu-south-1", "account.throttle.rate": "100/s"}).account.throttle
    assert (half.rate, half.burst) == (100, 1250)


def test_the_name_is_the_files_unless_written(tmp_path: Path, small: dict[str, Any]) -> None:
    del small["name"]
    file = tmp_path / "quiet_night.yaml"
    file.write_text(json.dumps(small))
    assert load(file).name == "quiet_night"
    assert load(small).name == "scenario"


def test_positions(sale: Scenario, flash_sale: Path) -> None:
    lines = flash_sale.read_text(encoding="utf-8").splitlines()

    def line_of(text: str) -> int:
        return next(number for number, line in enumerate(lines, 1) if text in line)

    orders = 'apis.shop.stages.prod.method_settings["POST /orders"].throttle'
    assert sale.where(orders) == f"{flash_sale}:{line_of('rate: 200/s, burst: 100')}:13"
    assert sale.where(("functions", "checkout")) == f"{flash_sale}:{line_of('  checkout:')}:3"
    template = sale.where("apis.shop.stages.prod.method_settings.every_method.throttle.rate")
    assert sale.where('apis.shop.stages.prod.method_settings["GET /items/{id}"].throttle.rate') == template
    assert sale.where("functions.catalogue.idle_lifetime") == sale.where("functions.catalogue")
    assert sale.sources == (str(flash_sale),)


def test_plain_data_has_paths_for_positions(given: Given) -> None:
    assert given().where("functions.f.duration") == "functions.f.duration"
    assert given().sources == ()


def test_a_resolved_scenario_loads_to_itself(sale: Scenario, flash_sale: Path) -> None:
    resolved = sale.resolved()
    assert json.loads(json.dumps(resolved)) == resolved
    trace = "clients.acme.arrivals.trace.cloudwatch"
    file = str(flash_sale.parent / "partner_requests.csv")
    again = load(resolved, overrides={trace: file})
    assert again.resolved() == load(flash_sale, overrides={trace: file}).resolved()
    assert again.settings("shop", "prod", Route("POST", "/orders")).caching is None


def test_the_hash_is_of_the_meaning(given: Given, small: dict[str, Any]) -> None:
    first = given().sha256()
    assert given({"run.duration": "600 s", "functions.f.memory": "0.125 GB"}).sha256() == first
    assert given({"run.duration": "601 s"}).sha256() != first
    shuffled = load(dict(reversed(list(small.items()))))
    assert shuffled.sha256() == first


def test_a_scenario_can_be_sent_to_another_process(sale: Scenario) -> None:
    again = pickle.loads(pickle.dumps(sale))
    assert again.sha256() == sale.sha256()
    assert again.where("run.seed") == sale.where("run.seed")


def test_parts_are_frozen(sale: Scenario) -> None:
    with pytest.raises(ValueError, match="frozen"):
        sale.functions["checkout"].timeout = 5


def test_data_that_no_scenario_can_hold() -> None:
    for data in ({"name": object()}, {"name": b"x"}, {None: 1}, {"name": {("a",): 1}}, {"name": "\ud800"}):
        with pytest.raises(ScenarioError):
            load(data)
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ScenarioError, match="nested deeper than 64"):
        load({"name": deep})
    with pytest.raises(ScenarioError, match="plain data cannot extend a file"):
        load({"extends": "other.yaml"})


@pytest.mark.parametrize("status", [404, {"404": "100 %"}, {404: "rest"}])
def test_one_status_can_be_written_three_ways(given: Given, status: object) -> None:
    made = given({"functions.f.response": {"status": status}})
    assert made.functions["f"].response.status == {404: 1}


def test_a_body_and_a_mock(given: Given) -> None:
    made = given(
        {'apis.shop.methods["POST /orders"].integration': {"mock": {}}, "clients.web.calls[0].body": "2 KB"}
    )
    mock = made.apis["shop"].methods[Route("POST", "/orders")].integration.mock
    assert mock is not None
    assert mock.status == 200
    call = made.clients["web"].calls[0]
    assert not isinstance(call, str)
    assert call.body.model_dump() == {"value": 2 * KB}
