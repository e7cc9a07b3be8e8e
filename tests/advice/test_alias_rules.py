"""ALIAS rules: weights that chance decides, aliases that nobody invokes, shifts too long, formats refused."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from advice.conftest import BASE

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
RATE = "clients.web.arrivals.rate"
LINEAR = {"alias": "worker:PROD", "to": "2", "with": "Linear10PercentEvery1Minute"}


def split(newer: int = 5, callee: str = "worker:PROD", **function: Any) -> dict[str, Any]:
    """The base with the items behind an alias of two versions."""
    apis = deepcopy(BASE["apis"])
    apis["shop"]["methods"]["GET /items/{id}"]["integration"]["lambda_proxy"] = callee
    weights = {"1": f"{100 - newer} %", "2": f"{newer} %"} if newer else {"1": "100 %"}
    versions = {"1": {}, "2": {}}
    return {
        "apis": apis,
        "functions": {
            "worker": {"duration": "100 ms", "versions": versions, "aliases": {"PROD": weights}, **function}
        },
    }


def test_alias001_fires_where_chance_decides_how_many_there_are(one: One) -> None:
    """1/s for 600 s at 5 %: 30 of 600, deviation sqrt(30 * 0.95) = 5.34, so 1.96 of them are 10.5 of 30."""
    path, text, fix = one("ALIAS001", {RATE: "1/s"}, **split())
    assert path == "functions.worker.aliases.PROD"
    assert text == (
        "worker:PROD sends 5 % to version 2: of about 600 invocations it gets 30 in the mean, and in 95 runs of 100 "
        "between 20 and 40"
    )
    assert fix.startswith("give it 1,825 invocations or more")


def test_alias001_knows_the_lesser_version(one: One) -> None:
    assert "sends 10 % to version 1" in one("ALIAS001", {RATE: "1/s"}, **split(newer=90))[1]


def test_alias001_is_silent_with_enough_of_them_and_with_one_version(advice: Advised) -> None:
    """(1.96 / 0.2)^2 * 0.95 / 0.05 = 1,824.8 invocations suffice."""
    assert not advice("ALIAS001", {RATE: "1825/h", "run.duration": "1 h"}, **split())
    assert advice("ALIAS001", {RATE: "1824/h", "run.duration": "1 h"}, **split())
    assert not advice("ALIAS001", {RATE: "1/s"}, **split(newer=0))
    assert not advice("ALIAS001", {RATE: "1/s"}, **split(callee="worker"))


def test_alias002_fires_for_weights_of_an_alias_that_no_method_invokes(one: One) -> None:
    path, text, fix = one("ALIAS002", **split(callee="worker"))
    assert path == "functions.worker.aliases.PROD"
    assert text == (
        "no method invokes worker:PROD: what it sends where changes nothing; worker is invoked by another name"
    )
    assert fix == 'write integration: {lambda_proxy: "worker:PROD"} at the method'
    timeline = [{"at": "1 min", "shift": {**LINEAR, "with": "AllAtOnce"}}]
    assert one("ALIAS002", **split(newer=0, callee="worker:2"), timeline=timeline)[0] == path


def test_alias002_is_silent_where_it_is_invoked_or_means_one_version(advice: Advised) -> None:
    assert not advice("ALIAS002", **split())
    assert not advice("ALIAS002", **split(newer=0, callee="worker"))


def test_alias003_fires_for_a_shift_whose_last_step_lies_beyond_the_run(one: One) -> None:
    """Nine minutes after 1 min is the end of the run itself, at which nothing happens any more."""
    path, text, _ = one("ALIAS003", **split(newer=0), timeline=[{"at": "1 min", "shift": LINEAR}])
    assert path == "timeline[0].shift"
    assert text == (
        "the shift of worker:PROD ends at 10 min and the run at 10 min: version 2 gets 90 % at the most"
    )


def test_alias003_is_silent_for_one_that_ends_before(advice: Advised) -> None:
    assert not advice("ALIAS003", **split(newer=0), timeline=[{"at": "59 s", "shift": LINEAR}])


def formatted(sent: str, newer: int = 5, *, of_two: list[str] | None = None, **more: Any) -> dict[str, Any]:
    made = split(newer, **more)
    made["functions"]["worker"]["versions"] = {
        "1": {"accepts": ["v1"]},
        "2": {"accepts": of_two or ["v1", "v2"]},
    }
    clients = deepcopy(BASE["clients"])
    clients["web"]["calls"][0]["format"] = sent
    return {**made, "clients": clients}


def test_alias004_fires_for_a_format_that_a_version_refuses(one: One) -> None:
    path, text, _ = one("ALIAS004", **formatted("v2"))
    assert path == "clients.web.calls[0].format"
    assert text == "web sends GET /items/{id} in format v2: 95 % of it meets worker:1, which answers 400"


def test_alias004_fires_for_a_format_that_nothing_reads(one: One) -> None:
    found = formatted("v1")
    found["apis"]["shop"]["methods"]["GET /items/{id}"]["integration"] = {"mock": {}}
    assert "no function stands behind it" in one("ALIAS004", **found)[1]


def test_alias004_is_silent_where_every_version_accepts_it(advice: Advised) -> None:
    assert not advice("ALIAS004", **formatted("v1"))
    assert not advice("ALIAS004", **formatted("v2", callee="worker:2"))
    assert not advice("ALIAS004", **split())
