"""Alarms, levels, and what the timeline writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any

    from apigw_sim.plan.tables.backends import Step


class WatchedKind(IntEnum):
    """Whose metric an alarm watches."""

    API = 0
    """Target: row of plan.stages, one of the API's."""
    STAGE = 1
    METHOD = 2
    FUNCTION = 3
    """Target: row of plan.backends."""
    ACCOUNT = 4
    PROVISIONED = 5
    """Target: row of plan.provisions."""
    PLACES = 6
    """Target: row of plan.backends, an HTTP server's; the busy share of its places."""


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch alarm."""

    name: str
    where: str
    text: str
    """For people: "shop/prod 5XXError Average > 5 % for 3 of 3 x 1 min"."""
    kind: WatchedKind
    target: int
    metric: str
    statistic: str
    """avg, sum, min, max, count, or a percentile such as p90."""
    op: str
    bound: Fraction
    """ns for times, of 1 for shares."""
    threshold: str
    """As written."""
    nature: str
    """How its values are shown: share, time, count or errors."""
    period: int
    m: int
    n: int
    range: int
    """Datapoints that are retrieved: n and some more, should the latest be missing."""
    every: int
    """ns between evaluations."""
    treated_as: int
    """Missing data: rules.alarm.MISSING, IGNORE, BREACHING or NOT_BREACHING."""


class GaugeKind(IntEnum):
    """What a gauge measures; gauges of a kind stand together, in the order of their targets."""

    CONCURRENCY = 0
    """Of a function, requests; target: row of plan.backends."""
    ENVIRONMENTS = 1
    ACCOUNT_CONCURRENCY = 2
    """Target: row of plan.regions, as of the next."""
    UNRESERVED_CONCURRENCY = 3
    BUSY = 4
    """Of an HTTP backend."""
    QUEUE = 5
    VISIBLE = 6
    """Of an SQS queue, messages that can be received; target of this and the next: number of the queue."""
    HIDDEN = 7
    """Received and not yet deleted: CloudWatch's NotVisible."""
    SENT = 8
    """So far, as the next four."""
    RECEIVED = 9
    DELETED = 10
    DEAD = 11
    """To the dead-letter queue."""
    EXPIRED = 12
    OLDEST = 13
    """ns: the age of the oldest message, known at ticks; no area."""
    EMPTIED = 14
    """ns from run.start: when it last became empty, known at ticks; no area."""
    CACHE_BYTES = 15
    """Target: row of plan.stages, behind them of plan.canary_caches; no area."""
    PROVISIONED = 16
    """Environments of provisioned concurrency; target: row of plan.provisions, as of the next two."""
    PROVISIONED_IN_USE = 17
    PROVISIONED_UTILIZATION = 18
    """Thousandths."""
    WAF_ALLOWED = 19
    """Requests so far that no rule of a web ACL ended; target: row of plan.waf.acls; no area, as of the next."""
    WAF_MATCHED = 20
    """... that a rule matched; target: row of plan.waf.rules."""
    EVENTS = 21
    """Asynchronous invocations that are not over; target: place in plan.events, as of the next six."""
    EVENTS_RECEIVED = 22
    """So far, as the next three."""
    EVENTS_RETRIED = 23
    EVENTS_EXPIRED = 24
    """Given up as too old."""
    EVENTS_FAILED = 25
    """Given up after the last retry, or for want of any concurrency."""
    EVENT_AGE = 26
    """ns: up to the age of an event that is tried again, and down at once; no area."""
    EVENT_AGES = 27
    """us: the ages of all that were tried again together; no area."""
    CONNECTIONS = 28
    """Of a database, held; target: row of plan.databases, as of the next two."""
    CONNECTIONS_BUSY = 29
    """... at work."""
    CONNECTIONS_REFUSED = 30
    """So far."""
    OPEN = 31
    """Connections to a WebSocket API; target: row of plan.stages, as of those that follow."""
    OPENED = 32
    """So far, as the next five."""
    CLOSED_BY_CLIENT = 33
    """From here on in the order of `rules.connection`."""
    CLOSED_IDLE = 34
    CLOSED_OLD = 35
    LOST = 36
    CLOSED_TOO_LARGE = 37
    INCOMING_RECORDS = 38
    """Of a data stream, put into it so far, as the next; target: place in plan.streams; no area, as of those that follow."""
    INCOMING_BYTES = 39
    DELIVERED_RECORDS = 40
    """By Firehose, so far, as the next three; target: place in plan.firehoses, as of those that follow."""
    DELIVERED_BYTES = 41
    OBJECTS_BY_SIZE = 42
    """Delivered as the buffer had its size."""
    OBJECTS_BY_INTERVAL = 43
    OBJECT_BYTES = 44
    """Up to the size of an object that is delivered, and down at once."""
    OBJECT_AGE = 45
    """ns: up to the age of its oldest record, and down at once."""
    OBJECT_AGES = 46
    """us: those ages of all objects together."""
    CONSUMING = 47
    """Of a table's read or write capacity, requests so far that consumed some; target: place in plan.capacities."""
    CONSUMED = 48
    """Half units, so far."""
    CAPACITY_EXCEEDED = 49
    """Requests so far that it refused."""
    TOKENS = 50
    """10**-12 tokens; target: row of plan.buckets; level and low only."""
    QUOTA_LEFT = 51
    """Requests; target: row of plan.quotas; level and low only."""


@dataclass(frozen=True)
class Cell:
    """One write of the control plane into an engine: `engine.control.<verb>(*args)`."""

    verb: str
    args: tuple[Any, ...]


@dataclass(frozen=True)
class Event:
    """A timeline entry."""

    at: int
    until: int
    """ns at which its effect ends; NULL: it stays."""
    text: str
    where: str
    begin: tuple[Cell, ...]
    end: tuple[Cell, ...] = ()
    steps: tuple[tuple[int, tuple[Cell, ...]], ...] = ()
    """What is written in between, ns: a fault that comes and goes slowly."""
    before: str = ""
    after: str = ""
    step: Step | None = None
    """Of a traffic shift: what it writes depends on where its alias sends before."""
