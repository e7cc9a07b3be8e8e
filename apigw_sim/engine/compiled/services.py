"""AWS services behind integrations, in integers: what their own rate allows, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.drawing import numbered
from apigw_sim.engine.compiled.levels import hold
from apigw_sim.engine.compiled.plain import view, words
from apigw_sim.engine.compiled.queues import tally
from apigw_sim.engine.compiled.words import BACKEND, BUCKET
from apigw_sim.engine.order import USER_MASK
from apigw_sim.records import Outcome
from apigw_sim.rules import pick, service
from apigw_sim.rules.bucket import TOKEN

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

SERVICE_THROTTLED = int(Outcome.SERVICE_THROTTLED)
OF_PARTITION = int(Group.PARTITION)


def takes(s: State, a: View, f: View) -> bool:
    """Whether a service takes a request; else its own refusal is known at once. Of a stream a shard's row stands for it."""
    z = view(s.service, f.service)
    if z.cost == 0:  # a standard queue takes everything
        return True
    shard = 0
    if z.shards:
        shard = shard_of(s, a, z)
        a.backend = f.me + shard * BACKEND
    own = f.own_rps + shard
    wanted = service.price(a.drawn_response if z.by_answer else a.body, z.unit, z.cost)
    if lacks(s, a, z, own, wanted):
        if z.exceeded:
            tally(s, z.exceeded, 1)
        return False
    if z.counts and z.shards == 0:
        tally(s, z.consuming, 1)
        tally(s, z.consumed, wanted // service.HALF)
    elif z.counts:
        size = service.price(a.body, 1, TOKEN)
        if lacks(s, a, z, z.bytes + shard, size):
            return False
        charge(s, z.bytes + shard, size)
    charge(s, own, wanted)
    return True


def lacks(s: State, a: View, z: View, number: int, wanted: int) -> bool:
    """Whether a bucket holds less than a request takes, which is refused then."""
    if hold(s, number, s.now) >= wanted:
        return False
    a.outcome = SERVICE_THROTTLED
    a.job_status = z.throttle_status
    a.job_refused_by = view(s.bucket, number * BUCKET).limit
    return True


def charge(s: State, number: int, wanted: int) -> None:
    """Take units out of a bucket that is up to date."""
    b = view(s.bucket, number * BUCKET)
    b.level -= wanted
    if b.level < b.low:
        b.low = b.level


def shard_of(s: State, a: View, z: View) -> int:
    """Where the partition key of a call leads; retries have the same."""
    if z.keys == 0:
        return pick.uniform(word_of_key(s, a), z.shards)
    return s.status[z.of_key + key_of(s, a, z)]


def key_of(s: State, a: View, z: View) -> int:
    """The partition key, or the message group, of a call."""
    return numbered(s, word_of_key(s, a), z.keys, z.key_table)


def word_of_key(s: State, a: View) -> int:
    """The word for the partition key of a call."""
    c = view(s.client, a.client)
    word, _, _, _ = words(c, a.call, 0, a.who & USER_MASK, OF_PARTITION)
    return word
