"""DNS rules: records that lead to several Regions."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from advice.conftest import BASE

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
NAME = "api.example.com"


def pair(region: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The shop at home and its like in us-west-2, behind a record with failover; `more` is put over parts of the scenario."""
    made = deepcopy(BASE)
    made["apis"]["away"] = {**deepcopy(BASE["apis"]["shop"]), "region": "us-west-2"}
    made["apis"]["away"]["methods"]["GET /items/{id}"]["integration"] = {"lambda_proxy": "twin"}
    made["functions"]["twin"] = {"duration": "100 ms", "region": "us-west-2"}
    made["regions"] = {"us-west-2": region or {}}
    made["records"] = {
        NAME: {
            "policy": "failover", "targets": [{"stage": "shop/prod"}, {"stage": "away/prod"}],
            "health_check": {"call": "GET /list"},
        }
    }  # fmt: skip
    made["clients"]["web"] |= {"target": NAME, "timeout": "2 s"}
    for name, part in more.items():
        made[name] = {**made[name], **part}
    return made


def busy(rate: str) -> dict[str, Any]:
    web = pair()["clients"]["web"]
    return {"web": {**web, "arrivals": {"process": "even", "rate": rate}}}


def test_dns001_fires_where_the_standbys_throttle_is_below_the_load(one: One) -> None:
    path, text, fix = one("DNS001", **pair({"throttle": {"rate": "20/s", "burst": 20}}, clients=busy("30/s")))
    assert path == "regions.us-west-2.throttle"
    assert text == "away/prod gets 30/s when it alone is healthy, and the account takes 20/s in us-west-2"
    assert fix == "have AWS raise regions.us-west-2.throttle.rate to 30/s before it is needed"


def test_dns001_fires_where_its_concurrency_is(one: One) -> None:
    """30/s times 100 ms are three at once."""
    path, text, fix = one("DNS001", **pair({"lambda_concurrency": 2}, clients=busy("30/s")))
    assert path == "regions.us-west-2.lambda_concurrency"
    assert text == (
        "away/prod gets 30/s when it alone is healthy, times a mean Duration of 100 ms for a call: 3 at once, and functions "
        "without a reservation share 2 in us-west-2"
    )
    assert fix == "have AWS raise regions.us-west-2.lambda_concurrency by 1 or more"


def test_dns001_is_silent_at_just_enough_and_without_records(advice: Advised) -> None:
    assert not advice("DNS001")
    enough = {"throttle": {"rate": "30/s", "burst": 20}, "lambda_concurrency": 3}
    assert not advice("DNS001", **pair(enough, clients=busy("30/s")))


def test_dns002_fires_without_a_health_check(one: One) -> None:
    record = {key: part for key, part in pair()["records"][NAME].items() if key != "health_check"}
    path, text, _ = one("DNS002", **pair(records={NAME: record}))
    assert path == f'records["{NAME}"]'
    assert text == (
        f"nobody checks the targets of {NAME}: all are healthy always, and shop/prod is the answer while it is down"
    )
    spread = {**record, "policy": "weighted"}
    assert "are the answer while they are down" in one("DNS002", **pair(records={NAME: spread}))[1]


def test_dns002_fires_for_a_check_that_never_passes(one: One) -> None:
    made = pair()
    made["apis"]["away"]["methods"]["GET /list"]["api_key_required"] = True
    path, text, fix = one("DNS002", **made)
    assert path == f'records["{NAME}"].health_check.call'
    assert text == (
        "checkers send no API key and no credentials, and GET /list of away/prod asks for them: it is unhealthy always"
    )
    assert fix == "check a route that everybody may call"


def test_dns002_is_silent_where_everybody_may_ask(advice: Advised) -> None:
    assert not advice("DNS002")
    assert not advice("DNS002", **pair())


def keeping(cache: str) -> dict[str, Any]:
    return {"web": {**pair()["clients"]["web"], "dns": {"cache": cache}}}


def test_dns003_fires_for_answers_kept_longer_than_their_ttl(one: One) -> None:
    path, text, fix = one("DNS003", **pair(clients=keeping("forever")))
    assert path == "clients.web.dns.cache"
    assert text == f"web keeps what {NAME} answers for ever, and its TTL is 1 min"
    assert fix.startswith("let it go by the TTL: of a JVM networkaddress.cache.ttl")
    assert "for 61 s" in one("DNS003", **pair(clients=keeping("61 s")))[1]


def test_dns003_is_silent_up_to_the_ttl(advice: Advised) -> None:
    assert not advice("DNS003")
    assert not advice("DNS003", **pair())
    assert not advice("DNS003", **pair(clients=keeping("60 s")))
