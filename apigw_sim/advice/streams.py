"""Advice on data streams."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from apigw_sim import quotas
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.offered import Offered
from apigw_sim.plan.services import Shards
from apigw_sim.plan.zipf import shares


def _shares(said: Shards) -> list[float]:
    """What each shard has of the records."""
    if said.keys is None:
        return [1 / said.count] * said.count
    each = np.full(said.keys.n, 1 / said.keys.n)
    if said.keys.cut is not None and said.keys.other is not None:
        each = shares(said.keys.cut, said.keys.other)
    found: list[float] = np.bincount(said.of_key, each, minlength=said.count).tolist()
    return found


def hot_shard(case: Case) -> Iterator[Finding]:
    """Streams of which a shard gets more records than it takes."""
    offered, most = Offered(case), quotas.count("kinesis_shard_records")
    for number, row in enumerate(case.plan.backends):
        if row.service is None or row.service.shards is None or row.part:
            continue
        name, said = row.path.removeprefix("backends."), row.service.shards
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
