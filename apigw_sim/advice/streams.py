"""Advice on data streams."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from apigw_sim import quotas, units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.offered import Offered
from apigw_sim.advice.words import per_second
from apigw_sim.plan.services import Shards
from apigw_sim.plan.zipf import shares


def _shares(said: Shards) -> list[float]:
    """What each shard has of the records."""
    if said.keys is None:
        return [1 / said.count] * said.count
    each = np.full(said.keys.n, 1 / said.keys.n)
    if said.keys.table is not None:
        each = shares(said.keys.table)
    found: list[float] = np.bincount(said.of_key, each, minlength=said.count).tolist()
    return found


def hot_shard(case: Case) -> Iterator[Finding]:
    """Streams of which a shard gets more records than it takes."""
    offered, most = Offered(case), quotas.count("kinesis_shard_records")
    for number, row in enumerate(case.plan.backends):
        if row.service is None or row.service.shards is None or row.part:
            continue
        name, said = row.said_name, row.service.shards
        load, of = offered.most_requests([number]).requests, _shares(said)
        hottest = max(of)
        if load * hottest <= most:
            continue
        shard = of.index(hottest)
        needed = math.ceil(load / most)
        text = (
            f"{name} gets up to {load:,.0f} records a second, and shard {shard} of {said.count} has {hottest:.1%} of them: "
            f"{load * hottest:,.0f}, and it takes {most:,}"
        )
        fix = f"write {needed} shards at least"
        if needed <= said.count:
            fix = "draw from more partition keys, or from keys that are more alike: more shards do not part one key"
        yield Finding(("backends", name, "kinesis", "shards"), text, fix)


def small_objects(case: Case) -> Iterator[Finding]:
    """Firehose streams that deliver less than their smallest buffer by the interval, however much comes."""
    offered, least = Offered(case), quotas.count("firehose_buffer_size_min")
    longest = quotas.count("firehose_buffer_interval_max")
    for number in case.plan.firehoses:
        row = case.plan.backends[number]
        assert row.service is not None
        said, shards = row.service.firehose, row.service.shards
        assert said is not None
        assert shards is not None
        load, size = offered.most_requests([number]).requests, _mean_body(case, offered, number)
        share = max(_shares(shards)) if said.buffers > 1 else 1.0
        held = load * size * share * said.interval_ns / units.SECOND
        if not 0 < held < least:
            continue
        a_day = units.DAY // said.interval_ns * said.buffers
        text = (
            f"{row.said_name} gets up to {per_second(load)}, {size:,.0f} bytes each, and Firehose has buffered "
            f"{held / units.KB:,.0f} KB of them after {units.show_duration(said.interval_ns)}: no object is larger, "
            f"and a day has up to {a_day:,}"
        )
        fix = f"write {units.show_duration(longest)}, or merge the objects before they are queried"
        if said.interval_ns == longest:
            fix = "merge the objects before they are queried: no interval is longer"
        yield Finding(("backends", row.said_name, "kinesis", "firehose", "buffer_interval"), text, fix)


def _mean_body(case: Case, offered: Offered, backend: int) -> float:
    """The mean body, in bytes, of the requests to a row of plan.backends."""
    calls = [of for method in offered.methods([backend]) for of in case.calls_of[method]]
    weights = [offered.most_arriving([client]) * float(call.share) for client, call in calls]
    sizes = [call.row.body.mean for _, call in calls]
    return float(np.average(sizes, weights=weights)) if sum(weights) else 0.0
