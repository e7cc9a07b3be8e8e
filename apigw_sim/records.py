"""The typed columnar tables that a run produces; each column is defined once, here.

A block is rows of int64, at most BLOCK_ROWS of them, in the order in which they were written; NULL is -1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NULL = -1
BLOCK_ROWS = 32_000
PREFLIGHT = 2048
"""What is added to an attempt's number for that of the preflight before it."""


class Cache(IntEnum):
    """What the stage's cache had to say to an attempt."""

    NONE = 0
    """The attempt never reached a lookup."""
    HIT = 1
    MISS = 2


class Authorized(IntEnum):
    """What an authorizer's cache had to say to an attempt."""

    NONE = 0
    """The method has no authorizer, or it was not asked."""
    HIT = 1
    MISS = 2
    """The authorizer itself was asked."""


class Source(IntEnum):
    """On whose behalf a piece of backend work is done."""

    INTEGRATION = 0
    AUTHORIZER = 1
    EVENT_SOURCE = 2
    """The event source mapping of a queue, for a batch of messages."""
    EVENT_QUEUE = 3
    """Lambda's own queue, which tries an asynchronous invocation again."""


class Flag(IntFlag):
    """Marks of an attempt."""

    CALLER_GONE = 1
    """The answer reached nobody: the client had given up."""
    COLD_START = 2
    SERVED_OTHER = 4
    """A hit that answered with another resource's entry."""
    MAX_AGE_0 = 8
    """Sent with Cache-Control: max-age=0."""
    IGNORED_MAX_AGE_0 = 16
    """... whose sender had no permission, so the header was ignored."""
    CANARY = 32
    """Met the stage's canary."""
    RESTYLED = 64
    """Its status is a customised gateway response's; CloudWatch counts it as the one that it stands for."""
    UNMETERED = 128
    """CloudWatch has neither metric nor log of it."""
    UNLOGGED = 1024
    """A 401 that AWS does not log: an identity source was missing, or did not pass the validation expression."""
    IN_FRONT = 256
    """Answered before the gateway, which knows nothing of it: by a distribution's cache, or for want of a mapping."""
    NEW_CONNECTION = 512
    """Opened a connection, and waited for its handshakes."""


class Outcome(IntEnum):
    """How a piece of backend work ended."""

    OK = 0
    CRASH = 1
    MALFORMED = 2
    TIMEOUT = 3
    THROTTLED_ACCOUNT = 4
    THROTTLED_RESERVED = 5
    THROTTLED_RPS = 6
    THROTTLED_SCALING = 7
    OUTAGE = 8
    QUEUE_FULL = 9
    TOO_LARGE = 10
    """Lambda took no invocation, the request being larger than it takes."""
    SERVICE_THROTTLED = 11
    """An AWS service refused: its own rate was used up."""

    @property
    def throttled(self) -> bool:
        """Whether Lambda refused the invocation."""
        return Outcome.THROTTLED_ACCOUNT <= self <= Outcome.THROTTLED_SCALING


class CallOutcome(IntEnum):
    """How a call ended for its client."""

    SUCCEEDED = 0
    """An answer below 400 arrived."""
    REFUSED = 1
    """The last answer was 400 or above."""
    TIMED_OUT = 2
    """The client gave up waiting for its last attempt."""
    SHORT_CIRCUITED = 3
    """The client's circuit breaker was open: the next attempt, or the first, was not sent."""
    NOT_STARTED = 4
    """It was due, and no worker was free before the run was over."""
    PREFLIGHT_FAILED = 5
    """A browser was not permitted to send the next attempt, or the first."""


class AlarmState(IntEnum):
    """What an alarm says, numbered as in rules.alarm."""

    INSUFFICIENT_DATA = 0
    OK = 1
    ALARM = 2


class Column(NamedTuple):
    """One column of a table."""

    name: str
    dtype: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table's name and its columns."""

    name: str
    written: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)


ATTEMPTS = Table("attempts", "when the gateway answers", (
    Column("client", "int32", "row of plan.clients", "who sent it"),
    Column("user", "int32", "", "the closed-loop user; 0 for open-loop clients"),
    Column("call", "int64", "", "number of the call within its client, from 0"),
    Column("attempt", "int16", "", "number of the attempt within its call, from 1; above 2048: of the preflight before it"),
    Column("stage", "int16", "row of plan.stages", "the stage it was sent to"),
    Column("method", "int32", "row of plan.methods", "the method it matched; null: none"),
    Column("api_key", "int32", "row of plan.keys", "the API key it carried; null: none, or this deployment asks for none"),
    Column("arrived_ns", "int64", "ns from run.start", "when it reached the gateway"),
    Column("latency_ns", "int64", "ns", "from arrival to answer, at the gateway: CloudWatch's Latency"),
    Column("authorizer_ns", "int64", "ns", "of Latency, what its authorizer took; null: it was not asked"),
    Column("integration_ns", "int64", "ns", "from relay to the backend's answer or the timeout; null: not relayed"),
    Column("status", "int16", "", "HTTP status of the answer"),
    Column("integration_status", "int16", "", "status the backend answered with; null: none"),
    Column("reason", "int8", "row of rules.reason.REASONS", "why it ended so"),
    Column("refused_by", "int32", "row of plan.limits", "the limit that refused it; null: none did"),
    Column("tokens", "int64", "10**-12 tokens", "what the bucket that refused it held; null: not refused by a bucket"),
    Column("cache", "int8", "Cache", "hit, miss or no lookup"),
    Column("authorizer", "int8", "Authorized", "hit or miss of the authorizer's cache, or not asked"),
    Column("request_bytes", "int64", "B", "size of the request's body"),
    Column("response_bytes", "int64", "B", "size of the answer's body"),
    Column("flags", "int16", "Flag", "marks"),
))  # fmt: skip

INVOCATIONS = Table("invocations", "at the end of each piece of backend work, refused ones too", (
    Column("backend", "int16", "row of plan.backends", "the function or HTTP backend"),
    Column("source", "int8", "Source",
           "who asked for it: the integration, an authorizer, an event source mapping, or Lambda's queue of events"),
    Column("client", "int32", "row of plan.clients", "of the attempt that caused it; null: a batch of a queue"),
    Column("user", "int32", "", "of the attempt that caused it"),
    Column("call", "int64", "", "of the attempt that caused it; of a batch its number within its queue, from 1"),
    Column("attempt", "int16", "", "of the attempt that caused it"),
    Column("environment", "int64", "", "number of the execution environment within its function; null: none"),
    Column("arrived_ns", "int64", "ns from run.start", "when it reached the backend"),
    Column("queued_ns", "int64", "ns", "time in the backend's queue"),
    Column("provisioning_ns", "int64", "ns", "making the environment before Init; 0: warm; null: provisioned concurrency"),
    Column("init_ns", "int64", "ns", "Init, or what restoring a snapshot took (SnapStart); null: warm"),
    Column("duration_ns", "int64", "ns", "AWS/Lambda Duration, without Init; null: it did not run"),
    Column("outcome", "int8", "Outcome", "how it ended"),
    Column("status", "int16", "", "HTTP status it answered with; null: none"),
    Column("refused_by", "int32", "row of plan.limits",
           "the limit that refused it, or of one that ran the provisioned concurrency it spilled over from; null: none did"),
    Column("abandoned", "int8", "0 or 1", "whether its answer reached nobody: the gateway or the client no longer waited"),
    Column("repeated", "int8", "0 or 1", "whether work had begun for an earlier attempt of the same call"),
    Column("idempotent", "int8", "0 or 1", "whether the client may safely repeat the call"),
    Column("alias", "int16", "row of plan.aliases", "the alias by which a function was invoked; null: none"),
))  # fmt: skip

ENVIRONMENTS = Table("environments", "at death or at the end of the run", (
    Column("function", "int16", "row of plan.backends", "whose environment"),
    Column("environment", "int64", "", "its number within the function, from 0"),
    Column("born_ns", "int64", "ns from run.start", "when its provisioning began"),
    Column("ready_ns", "int64", "ns from run.start", "when its Init had ended"),
    Column("last_used_ns", "int64", "ns from run.start", "when its last invocation ended"),
    Column("died_ns", "int64", "ns from run.start", "when its idle lifetime ended; null: alive at the end"),
    Column("served", "int64", "", "invocations it served"),
    Column("provisioned", "int8", "0 or 1", "whether it is one of provisioned concurrency"),
    Column("resets", "int64", "", "how often a timeout or the end of its process made Lambda reset it"),
))  # fmt: skip

CALLS = Table("calls", "when the end of the call is known", (
    Column("client", "int32", "row of plan.clients", "whose call"),
    Column("user", "int32", "", "the closed-loop user; 0 for open-loop clients"),
    Column("call", "int64", "", "number within its client, from 0"),
    Column("pick", "int16", "row of the client's calls", "what was called"),
    Column("intended_ns", "int64", "ns from run.start", "when it was due; with workers it may have started later"),
    Column("started_ns", "int64", "ns from run.start", "when the client sent the first attempt; null: it never did"),
    Column("ended_ns", "int64", "ns from run.start", "when the client had its last answer, or gave up; or the run's end"),
    Column("attempts", "int16", "", "attempts sent; 0: the circuit breaker was open, or it never started"),
    Column("status", "int16", "", "status of the last answer; null: none came in time"),
    Column("outcome", "int8", "CallOutcome", "how it ended for the client"),
))  # fmt: skip

LEVELS = Table("levels", "at each tick, for gauges touched since the last", (
    Column("at_ns", "int64", "ns from run.start", "the tick"),
    Column("gauge", "int32", "row of plan.gauges", "what is measured"),
    Column("level", "int64", "plan.gauges[i].unit", "level at the tick"),
    Column("low", "int64", "plan.gauges[i].unit", "lowest level since the last tick"),
    Column("peak", "int64", "plan.gauges[i].unit", "highest level since the last tick; null: not kept"),
    Column("area", "int64", "unit x ns", "integral of the level since the last tick; null: not kept"),
))  # fmt: skip

JOURNAL = Table("journal", "at each control event", (
    Column("at_ns", "int64", "ns from run.start", "when"),
    Column("event", "int32", "row of plan.timeline", "which entry; its text stands in the plan; null: an alarm"),
    Column("ends", "int8", "0 or 1", "1: the entry's effect ended (a fault's `for`)"),
    Column("alarm", "int32", "row of plan.alarms", "which alarm changed its state; null: none"),
    Column("state", "int8", "AlarmState", "the alarm's new state; null: no alarm"),
    Column("provision", "int16", "row of plan.provisions", "whose provisioned concurrency it is; null: none"),
    Column("backend", "int16", "row of plan.backends", "whose places they are, an HTTP server's; null: none"),
    Column("allocated", "int32", "", "how many environments or places there are from then on; null: not yet, or none"),
    Column("asked", "int32", "", "how many of them auto scaling asks for; null: it did not"),
    Column("record", "int16", "row of plan.records", "whose target changed its health; null: none"),
    Column("target", "int16", "row of plan.stages", "which one; null: none"),
    Column("healthy", "int8", "0 or 1", "1: Route 53 takes it for healthy from then on; null: no target"),
))  # fmt: skip

TABLES = (ATTEMPTS, INVOCATIONS, ENVIRONMENTS, CALLS, LEVELS, JOURNAL)


@dataclass(frozen=True)
class Block:
    """Rows of one table: `rows` is int64, one row per record, one column per column of the table."""

    table: Table
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        """One column by name, a view."""
        return self.rows[:, self.table.names.index(name)]


Sink = Callable[[Block], None]
"""Who takes blocks; their rows may be written over after the call, so what is to stay must be copied."""


class Taker(NamedTuple):
    """What takes a block's rows where they stand, with no way through Python, or leaves them to the sink.

    A compiled function by C's rules: of the frame, the address of the rows, and how many there are; gives 1 if it took
    them, 0 if not.
    """

    function: int
    """Its address."""
    frame: int
    """What it takes as its frame."""


TAKEN = ("attempts", "calls", "invocations")
"""The tables whose rows can be taken so."""
Takers = Mapping[str, Taker]
"""By name of the table."""
