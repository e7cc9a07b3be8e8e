"""Advice on the cache of a stage."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from apigw_sim import units
from apigw_sim.advice.case import Case, Place
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several
from apigw_sim.plan.tables import Client, Rated
from apigw_sim.scenario.base import dump
from apigw_sim.scenario.clients import Fixed, ParameterValue
from apigw_sim.scenario.paths import split_path


def cluster_alone(case: Case) -> Iterator[Finding]:
    """Stages with a cluster of which no method is ever cached."""
    for number, name in enumerate(case.scenario.stages):
        said = case.scenario.stage(name)[1]
        if not said.cache_cluster or any(
            method.entries for method in case.plan.methods if method.stage == number
        ):
            continue
        api, _, stage = name.partition("/")
        size = dump(said)["cache_cluster"]
        text = f"{name} has a cache cluster of {size} and caches no method: it does nothing but bill"
        yield Finding(
            ("apis", api, "stages", stage, "cache_cluster"),
            text,
            "write method_settings: {every_method: {caching: {ttl: 300 s}}}, which reaches GET methods, "
            "or remove cache_cluster",
        )


def key_too_short(case: Case) -> Iterator[Finding]:
    """Cached methods whose cache key lacks a path parameter, or a query that clients vary."""
    seen: set[tuple[str | int, ...]] = set()
    for place in case.cached:
        has = {str(key) for key in place.said.cache_key}
        lacks = [f"path.{name}" for name in place.route.parameters if f"path.{name}" not in has]
        lacks += [name for name in _varied(case, place) if name not in has]
        keys = (*place.keys, "cache_key")
        if lacks and keys not in seen:
            seen.add(keys)
            wanted = ", ".join([*map(str, place.said.cache_key), *lacks])
            text = f"{place.name} is cached without {several(lacks)} in its key: one entry answers them all"
            yield Finding(keys, text, f"write cache_key: [{wanted}], or caching: false for the method")
        elif not lacks:
            yield from _of_traces(case, place)


def _varied(case: Case, place: Place) -> list[str]:
    """The query parameters of a method that clients give different values, as `query.page`."""
    calls = [call.said for _, call in case.calls_of.get(place.row, ()) if call.said]
    values: dict[str, list[ParameterValue]] = {}
    for call in calls:
        for name, value in call.query.items():
            values.setdefault(f"query.{name}", []).append(value)
    return [
        name
        for name, found in values.items()
        if len(found) < len(calls)
        or len(set(found)) > 1
        or any(not isinstance(value, Fixed) and value.n > 1 for value in found)
    ]


def _of_traces(case: Case, place: Place) -> Iterator[Finding]:
    """Methods of which a trace asks for more than its cache key tells apart."""
    for name, _, row in case.clients():
        arrivals = row.arrivals
        if isinstance(arrivals, Rated) or arrivals.pick is None:
            continue
        assert arrivals.resource is not None
        assert arrivals.entry is not None
        mine = [number for number, call in enumerate(row.calls) if call.method == place.row]
        if not mine:
            continue
        here = np.isin(arrivals.pick, mine)
        asked, told = (len(np.unique(column[here])) for column in (arrivals.resource, arrivals.entry))
        if asked > told:
            text = (
                f"the trace of {name} asks {place.name} for {asked:,} different things, path, query and method, "
                f"and its cache key tells {told:,} apart"
            )
            fix = "add the query parameters that change the answer to cache_key, or write caching: false for the method"
            yield Finding((*place.keys, "cache_key"), text, fix)


def anyone_may_invalidate(case: Case) -> Iterator[Finding]:
    """Caching that requires no authorization to invalidate."""
    found: dict[str, list[Place]] = {}
    for place in case.cached:
        caching, path = place.settings.caching, place.settings.caching_path
        if caching and path and not caching.require_authorization:
            found.setdefault(path, []).append(place)
    for path, places in found.items():
        rows = {place.row for place in places}
        shares = [(name, _invalidating(case, row, rows)) for name, _, row in case.clients()]
        senders = [
            f"{name} sends it with {units.show_share(share)} of its calls" for name, share in shares if share
        ]
        methods = several(place.route for place in places)
        text = (
            f"anyone may send Cache-Control: max-age=0 and pass by the cache of {places[0].stage} {methods}"
        )
        text += f" ({several(senders)})" if senders else ""
        fix = "write require_authorization: true, and unauthorized: SUCCEED_WITH_RESPONSE_HEADER to ignore the header"
        yield Finding((*split_path(path), "require_authorization"), text, fix)


def _invalidating(case: Case, row: Client, methods: set[int]) -> Fraction:
    """The share of a client's calls that go to these methods and carry max-age=0."""
    return sum(
        (
            call.share * call.said.max_age_0.share
            for call in case.calls(row)
            if call.said and call.row.method in methods
        ),
        Fraction(0),
    )
