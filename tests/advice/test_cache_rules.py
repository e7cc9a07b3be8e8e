"""CACHE rules: a cache that does nothing, answers the wrong thing, or can be passed by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
STAGE = "apis.shop.stages.prod"
SETTINGS = f"{STAGE}.method_settings"
ITEMS = 'apis.shop.methods["GET /items/{id}"]'
CACHED: dict[str, Any] = {
    f"{STAGE}.cache_cluster": "0.5 GB",
    f"{SETTINGS}.every_method.caching": {"ttl": "300 s"},
    f"{ITEMS}.cache_key": ["path.id"],
}


def test_cache001_fires_for_a_cluster_that_caches_nothing(one: One) -> None:
    path, text, fix = one("CACHE001", {f"{STAGE}.cache_cluster": "1.6 GB"})
    assert path == f"{STAGE}.cache_cluster"
    assert text == "shop/prod has a cache cluster of 1.6 GB and caches no method: it does nothing but bill"
    assert "every_method: {caching: {ttl: 300 s}}" in fix


def test_cache001_fires_where_caching_reaches_no_get_method_or_lives_0_s(advice: Advised) -> None:
    cluster = {f"{STAGE}.cache_cluster": "0.5 GB"}
    assert advice("CACHE001", {**cluster, f"{SETTINGS}.every_method.caching": {"ttl": "0 s"}})
    assert advice("CACHE001", {**cluster, f"{SETTINGS}.every_method.caching": False})
    orders = {"POST /orders": {"integration": {"mock": {}}}}
    over = {
        **cluster,
        f"{SETTINGS}.every_method.caching": {"ttl": "300 s"},
        "apis.shop.methods": orders,
        "clients.web.calls": [{"call": "POST /orders"}],
    }
    assert advice("CACHE001", over)


@pytest.mark.parametrize(
    "over",
    [
        {},
        CACHED,
        {f"{STAGE}.cache_cluster": "0.5 GB", f'{SETTINGS}["POST /orders"].caching': {"ttl": "1 s"}},
        {f"{STAGE}.cache_cluster": "0.5 GB", f"{SETTINGS}.every_method.caching": False,
         "timeline": [{"at": "1 min", "set": {f"{SETTINGS}.every_method.caching": {"ttl": "60 s"}}}]},
    ],
    ids=["no cluster", "every method", "one method", "later"],
)  # fmt: skip
def test_cache001_is_silent_where_something_is_cached(advice: Advised, over: dict[str, Any]) -> None:
    assert not advice("CACHE001", over)


def test_cache002_fires_for_a_path_parameter(one: One) -> None:
    path, text, fix = one("CACHE002", {**CACHED, f"{ITEMS}.cache_key": ["header.Accept"]})
    assert path == f"{ITEMS}.cache_key"
    assert (
        text == "shop/prod GET /items/{id} is cached without path.id in its key: one entry answers them all"
    )
    assert fix == "write cache_key: [header.Accept, path.id], or caching: false for the method"


@pytest.mark.parametrize(
    "queries",
    [
        [{"page": {"uniform": {"n": 2}}}],
        [{"page": "1"}, {"page": "2"}],
        [{"page": "1"}, {}],
    ],
    ids=["drawn", "two constants", "sometimes left out"],
)
def test_cache002_fires_for_a_query_parameter_that_clients_vary(
    one: One, queries: list[dict[str, Any]]
) -> None:
    calls = [{"call": "GET /list", "query": query} for query in queries]
    path, text, fix = one("CACHE002", {**CACHED, "clients.web.calls": calls})
    assert path == 'apis.shop.methods["GET /list"].cache_key'
    assert "shop/prod GET /list is cached without query.page in its key" in text
    assert "write cache_key: [query.page]" in fix


@pytest.mark.parametrize(
    "over",
    [
        CACHED,
        {**CACHED, f"{STAGE}.cache_cluster": None, f"{ITEMS}.cache_key": []},
        {**CACHED, f'{SETTINGS}["GET /items/{{id}}"].caching': False, f"{ITEMS}.cache_key": []},
        {**CACHED, "clients.web.calls": [{"call": "GET /list", "query": {"page": {"uniform": {"n": 1}}}}]},
        {**CACHED, "clients.web.calls": [{"call": "GET /list", "query": {"page": "1"}},
                                         {"call": "GET /list", "query": {"page": "2"}, "weight": 0}]},
        {**CACHED, "clients.web.calls": [{"call": "GET /list", "query": {"page": {"uniform": {"n": 9}}}}],
         'apis.shop.methods["GET /list"].cache_key': ["query.page"]},
    ],
    ids=["in the key", "no cluster", "not cached", "one value", "never called", "query in the key"],
)  # fmt: skip
def test_cache002_is_silent_where_the_key_tells_requests_apart(advice: Advised, over: dict[str, Any]) -> None:
    assert not advice("CACHE002", over)


def log(folder: Path, targets: list[str]) -> dict[str, Any]:
    """A client that replays an access log of these targets."""
    lines = [
        f'h - - [27/Nov/2026:09:00:0{n} +0000] "GET {at} HTTP/1.1" 200 5 "-" "-"'
        for n, at in enumerate(targets)
    ]
    (folder / "access.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    arrivals = {"trace": {"access_log": str(folder / "access.log")}}
    return {"clients.web": {"target": "shop/prod", "arrivals": arrivals, "calls": "from_trace"}}


def test_cache002_fires_for_a_trace_that_asks_for_more_than_the_key_tells_apart(
    one: One, tmp_path: Path
) -> None:
    targets = ["/list?page=1", "/list?page=2", "/items/7"]
    path, text, _ = one("CACHE002", {**CACHED, **log(tmp_path, targets)})
    assert path == 'apis.shop.methods["GET /list"].cache_key'
    assert text.startswith("the trace of web asks shop/prod GET /list for 2 different things")
    assert text.endswith("its cache key tells 1 apart")


def test_cache002_is_silent_for_a_trace_that_asks_for_one_thing(advice: Advised, tmp_path: Path) -> None:
    targets = ["/list?page=1", "/list?page=1", "/items/7", "/items/8"]
    assert not advice("CACHE002", {**CACHED, **log(tmp_path, targets)})


def test_cache004_fires_once_for_all_copies_and_names_who_sends_it(one: One) -> None:
    path, text, fix = one("CACHE004", {**CACHED, "clients.web.calls[0].max_age_0": "0.1 %"})
    assert path == f"{SETTINGS}.every_method.caching.require_authorization"
    assert text == (
        "anyone may send Cache-Control: max-age=0 and pass by the cache of shop/prod GET /items/{id} and GET /list "
        "(web sends it with 0.1 % of its calls)"
    )
    assert "require_authorization: true" in fix


def test_cache004_is_silent_where_authorization_is_required_or_nothing_is_cached(advice: Advised) -> None:
    assert not advice("CACHE004", {**CACHED, f"{SETTINGS}.every_method.caching.require_authorization": True})
    assert not advice("CACHE004", {**CACHED, f"{STAGE}.cache_cluster": None})
    assert not advice("CACHE004")
