"""Ids of resources and cache entries: equal exactly where what was asked for is equal."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.errors import ScenarioError
from apigw_sim.plan.numbering import Numbering
from apigw_sim.plan.tables import NULL, Listed, Plan
from apigw_sim.scenario.clients import Fixed, ParameterValue, UniformKeys, ZipfKeys

Make = Callable[..., Plan]
SETTINGS = "apis.shop.stages.prod.method_settings"
CACHED: dict[str, Any] = {
    "apis.shop.stages.prod.cache_cluster": "0.5 GB",
    f"{SETTINGS}.every_method.caching": {"ttl": "300 s"},
}


def ids(
    numbering: Numbering, call: dict[str, ParameterValue]
) -> dict[tuple[tuple[str, str], ...], tuple[int, int]]:
    """Everything that a call can ask for, with its resource and its entry."""
    asked = numbering.asked(call)
    laws = {parameter.name: parameter for parameter in asked.parameters}
    domains: list[list[tuple[str, str]]] = []
    for name, value in call.items():
        domains.append(
            [(name, value.value)] if isinstance(value, Fixed) else [(name, f"#{v}") for v in range(value.n)]
        )
    made = {}
    for choice in itertools.product(*domains):
        drawn = [(laws[name], int(text[1:])) for name, text in choice if name in laws]
        resource = asked.resource_base + sum(v * parameter.resource_stride for parameter, v in drawn)
        entry = asked.entry_base + sum(v * parameter.entry_stride for parameter, v in drawn)
        made[tuple(sorted(choice))] = (resource, entry)
    return made


def test_ids_are_equal_exactly_where_what_they_stand_for_is() -> None:
    key = ("path.id", "query.page", "header.Accept")
    calls: list[dict[str, ParameterValue]] = [
        {"path.id": ZipfKeys(n=5, s=1), "query.page": UniformKeys(n=3)},
        {"path.id": UniformKeys(n=7), "header.Accept": Fixed(value="text"), "header.Trace": UniformKeys(n=9)},
        {"path.id": Fixed(value="best"), "query.page": Fixed(value="last"), "query.sort": Fixed(value="up")},
        {"path.id": Fixed(value="best"), "query.page": UniformKeys(n=2), "query.q": UniformKeys(n=4)},
        {
            "path.id": UniformKeys(n=2),
            "query.sort": Fixed(value="down"),
            "header.Accept": Fixed(value="json"),
        },
    ]
    numbering = Numbering(key)
    for call in calls:
        numbering.add(call)
    numbering.close()
    resources: dict[int, set[object]] = {}
    entries: dict[int, set[object]] = {}
    for call in calls:
        for asked, (resource, entry) in ids(numbering, call).items():
            resources.setdefault(resource, set()).add(
                tuple(p for p in asked if not p[0].startswith("header."))
            )
            entries.setdefault(entry, set()).add(tuple(p for p in asked if p[0] in key))
            assert 0 <= entry < numbering.entries
            assert 0 <= resource < numbering.resources.size
    for table in (resources, entries):
        assert all(len(meanings) == 1 for meanings in table.values())
        assert len({next(iter(meanings)) for meanings in table.values()}) == len(table)


def test_a_drawn_path_parameter_that_is_always_there_needs_no_more_entries_than_values(make: Make) -> None:
    calls = [{"call": "GET /items/{id}", "path": {"id": {"zipf": {"n": 10_000, "s": 1.1}}}}]
    made = make(over={**CACHED, "clients.web.calls": calls})
    items, stock, orders = made.methods
    assert (items.first_entry, items.entries, made.entries) == (0, 10_000, 10_000 + stock.entries)
    assert stock.first_entry == 10_000
    assert (orders.entries, orders.ttl_ns) == (0, 0)
    row = made.clients[0].calls[0]
    assert (row.resource_base, row.entry_base) == (0, 0)
    assert [(p.word, p.resource_stride, p.entry_stride, p.law.n) for p in row.parameters] == [
        (0, 1, 1, 10_000)
    ]


def test_without_a_cache_key_one_entry_answers_every_resource(make: Make) -> None:
    calls = [{"call": "GET /items/{id}", "path": {"id": {"uniform": {"n": 9}}}}]
    made = make(
        over={**CACHED, "clients.web.calls": calls, 'apis.shop.methods["GET /items/{id}"].cache_key': []}
    )
    parameter = made.clients[0].calls[0].parameters[0]
    assert (parameter.resource_stride, parameter.entry_stride, made.methods[0].entries) == (1, 0, 1)


def test_what_is_dropped_shifts_no_draw_of_what_stays(make: Make) -> None:
    drawn = {"uniform": {"n": 4}}
    calls = [
        {
            "call": "GET /items/{id}",
            "path": {"id": drawn},
            "query": {"page": drawn},
            "headers": {"A": drawn, "B": drawn},
        }
    ]
    over = {**CACHED, "clients.web.calls": calls}
    over['apis.shop.methods["GET /items/{id}"].cache_key'] = ["header.B"]
    words = {p.name: p.word for p in make(over=over).clients[0].calls[0].parameters}
    assert words == {"path.id": 0, "query.page": 1, "header.B": 3}


def test_a_method_that_is_never_cached_draws_no_parameters(make: Make) -> None:
    calls = [{"call": "GET /items/{id}", "path": {"id": {"zipf": {"n": 10, "s": 1}}}}]
    over = {**CACHED, "clients.web.calls": calls, "apis.shop.stages.prod.cache_cluster": None}
    made = make(over=over)
    assert (made.clients[0].calls[0].parameters, made.entries) == ((), 0)
    later = [{"at": "1 min", "set": {"apis.shop.stages.prod.cache_cluster": "0.5 GB"}}]
    made = make({"timeline": later}, over=over)
    assert len(made.clients[0].calls[0].parameters) == 1
    assert made.stages[0].cache_bytes == 0


def test_more_than_two_to_the_26_entries_are_refused_where_the_largest_key_stands(make: Make) -> None:
    wide = {"uniform": {"n": 1 << 26}}
    calls = [{"call": "GET /items/{id}", "path": {"id": wide}}]
    over = {**CACHED, "clients.web.calls": calls, f'{SETTINGS}["GET /stock/{{id}}"].caching': False}
    assert make(over=over).entries == 1 << 26
    calls.append({"call": "GET /items/7"})
    with pytest.raises(ScenarioError) as error:
        make(over={**over, "clients.web.calls": calls})
    assert str(error.value).startswith(
        'apis.shop.methods["GET /items/{id}"].cache_key: the cache could hold 67,108,865'
    )


def test_behind_any_each_verb_has_entries_of_its_own(make: Make) -> None:
    over = {
        **CACHED,
        'apis.shop.methods["ANY /files/{proxy+}"]': {
            "integration": {"mock": {}},
            "cache_key": ["path.proxy"],
        },
        f'{SETTINGS}["ANY /files/{{proxy+}}"].caching': {"ttl": "60 s"},
        "clients.web.calls": [
            {"call": "GET /files/a/b"},
            {"call": "HEAD /files/a/b"},
            {"call": "GET /files/a"},
        ],
    }
    calls = make(over=over).clients[0].calls
    assert len({call.resource_base for call in calls}) == 3
    assert len({call.entry_base for call in calls}) == 3


LOG = """\
10.0.0.1 - - [27/Nov/2026:09:00:00 +0000] "GET /items/7?b=2&a=1 HTTP/1.1" 200 5 "-" "-"
10.0.0.1 - - [27/Nov/2026:09:00:01 +0000] "GET /items/8 HTTP/1.1" 200 5 "-" "-"
10.0.0.1 - - [27/Nov/2026:09:00:02 +0000] "GET /items/7?a=1&b=2 HTTP/1.1" 200 5 "-" "-"
10.0.0.1 - - [27/Nov/2026:09:00:03 +0000] "DELETE /files/x/y HTTP/1.1" 200 5 "-" "-"
10.0.0.1 - - [27/Nov/2026:09:00:04 +0000] "POST /files/x HTTP/1.1" 200 5 "-" "-"
10.0.0.1 - - [27/Nov/2026:09:00:05 +0000] "GET /nowhere HTTP/1.1" 200 5 "-" "-"
10.0.0.1 - - [27/Nov/2026:09:00:06 +0000] "GET /items/7 HTTP/1.1" 200 5 "-" "-"
"""


def test_requests_of_a_trace_become_calls_and_ids(make: Make, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LOG)
    over = {
        **CACHED,
        'apis.shop.methods["ANY /files/{proxy+}"]': {"integration": {"mock": {}}},
        "clients.web.arrivals": {
            "trace": {"access_log": str(tmp_path / "access.log"), "within_period": "even"}
        },
        "clients.web.calls": "from_trace",
        "run.duration": "trace",
    }
    made = make(over=over)
    client = made.clients[0]
    assert made.duration == 7 * 10**9
    assert [call.text for call in client.calls] == [
        "GET /items/{id}", "DELETE /files/{proxy+}", "POST /files/{proxy+}", "(no route)",
    ]  # fmt: skip
    assert [call.idempotent for call in client.calls] == [True, True, False, False]
    assert client.calls[3].method == NULL
    arrivals = client.arrivals
    assert not isinstance(arrivals, Listed)
    assert arrivals.pick is not None
    assert arrivals.resource is not None
    assert arrivals.entry is not None
    assert arrivals.pick.tolist() == [0, 0, 0, 1, 2, 3, 0]
    first, other, again, *_, last = arrivals.resource.tolist()
    assert first == again
    assert len({first, other, last}) == 3
    first, other, again, *_, last = arrivals.entry.tolist()
    assert first == again == last
    assert len({first, other}) == made.methods[0].entries == 2
    assert client.trace is not None
    assert client.trace.placed == len(arrivals.pick) == 7
