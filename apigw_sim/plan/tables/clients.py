"""Who calls: what a client sends, how it tries again, and how it finds its target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.plan.tables.draws import NULL

if TYPE_CHECKING:
    from apigw_sim.plan.guards import Identities
    from apigw_sim.plan.tables.arrivals import Counted, Listed, Rated, TraceReport
    from apigw_sim.plan.tables.draws import Drawn, Law, Numbered, Parameter
    from apigw_sim.plan.web_acls import Screen


@dataclass(frozen=True)
class CallRow:
    """One entry of a client's `calls`."""

    text: str
    """`GET /items/{id}`, as written."""
    method: int
    """Row of plan.methods; NULL: no method matches (403)."""
    resource_base: int
    entry_base: int
    parameters: tuple[Parameter, ...]
    body: Law
    max_age_0: int
    """Threshold word: share sent with Cache-Control: max-age=0."""
    max_age_0_authorized: int
    """Threshold word, at most max_age_0: share sent so with permission."""
    idempotent: bool
    policies: tuple[int, ...] = ()
    """What each resource policy that its API ever has says of it (rules.authorization); the first is that there is none."""
    refused: int = NULL
    """Row of rules.reason.REASONS: why it is refused before it is one of the API's; NULL: it is not."""
    invalid_body: int = 0
    """Threshold word: share whose body is not valid."""
    invalid_parameters: int = 0
    """Threshold word: share without a required parameter."""
    types: tuple[int, ...] = (0,)
    """Numbers of the content types that it is sent as."""
    type_thresholds: tuple[int, ...] = (0,)
    """Cumulative 63-bit words over them; the last one catches the rest."""
    format: int = 0
    """The bit of its format; 0: it has none, and every function accepts it."""
    path: tuple[str | Drawn, ...] = ()
    """What an access log says of its path, in pieces; empty where nobody logs it, or its trace says more."""
    leave: int = 0
    """Threshold word: of a session's users, those who go no further."""
    preflight: int = NULL
    """Row of the client's `calls`, behind those that are drawn, that asks for it first; NULL: nobody asks."""
    permission: int = 0
    """Where, of what each browser remembers, its permissions by resource begin."""


@dataclass(frozen=True)
class RetryQuota:
    """A retry quota of the SDKs: what a process may spend, and what a retry costs by its reason."""

    tokens: int
    throttled: int
    timed_out: int
    other: int


@dataclass(frozen=True)
class Breaker:
    """A circuit breaker of `rules.breaker`."""

    share: int
    """Thousandths."""
    window: int
    open_ns: int
    probes: int


@dataclass(frozen=True)
class Retry:
    """A client's retries; one attempt means none. What is kept between calls is kept by process."""

    attempts: int
    statuses: frozenset[int]
    """Those that are retried, and are failures to a circuit breaker."""
    client_timeout: bool
    jitter: int
    """rules.backoff.NONE, FULL, EQUAL or DECORRELATED."""
    base_ns: int
    cap_ns: int
    base_throttled_ns: int = NULL
    """After a 429; NULL: as after anything else."""
    processes: int = 0
    """Between which calls go in turn; 0: nothing is kept."""
    quota: RetryQuota | None = None
    earns: int = NULL
    """Millionths of a retry that a call adds to the budget; NULL: there is no budget."""
    saves: int = 0
    """Millionths of a retry that a budget holds."""
    breaker: Breaker | None = None
    adaptive: bool = False
    """Whether `rules.limiter` says when an attempt may be sent."""


class Addresses(NamedTuple):
    """Where a client's calls come from: addresses that follow each other, of which each call draws one."""

    first: int
    version: int
    """Of IP: 4 or 6."""
    which: Numbered


@dataclass(frozen=True)
class Browser:
    """Callers that are browsers, each of which remembers permissions."""

    count: int
    max_age_ns: int
    first: int
    """The number of their first permission over all clients."""
    each: int
    """How many a browser may have."""


class Front(IntEnum):
    """What a client's requests meet before the gateway."""

    OPEN = 0
    UNMAPPED = 1
    """A base path without a mapping: 403, of which CloudWatch knows nothing (facts 3.1)."""
    MUTUAL_TLS = 2
    """A domain that asks for certificates."""


@dataclass(frozen=True)
class Users:
    """Closed-loop users of a client, numbered from 1."""

    count: int
    ramp_ns: int
    """They come evenly within it."""
    think: Law
    pause: Law
    """Between two sessions, drawn with the word of `think`."""
    steps: int
    """Calls of a session; 0: each call is drawn by weight."""


@dataclass(frozen=True)
class Connections:
    """What a client's arrivals open: connections, numbered from 1 as users are; a lost one is opened again by its user."""

    connect: int
    """Row of the client's calls."""
    disconnect: int
    """... NULL: the API has no such route."""
    every: Law
    """Between two messages."""
    lifetime: Law
    """Until the client closes it, or AWS does."""
    reconnect: Law | None
    """None: it does not."""
    longest_ns: int
    idle_ns: int
    largest: int
    """Bytes of a message; a larger one closes the connection."""


class Policy(IntEnum):
    """How a record chooses among its targets."""

    failover = 0
    weighted = 1
    latency = 2


class Record(NamedTuple):
    """A record of Route 53 that leads to several stages."""

    name: str
    where: str
    policy: Policy
    stages: tuple[int, ...]
    """Rows of plan.stages: its targets."""
    weights: tuple[int, ...]
    checkers: tuple[int, ...]
    """By target, the row of plan.clients that checks its health; NULL: nobody does."""


@dataclass(frozen=True)
class Names:
    """How the calls of a client find the targets of a record: by resolvers that remember its answer."""

    record: int
    """Row of plan.records."""
    resolvers: int
    keeps_ns: int
    """How long they remember; NULL: for ever."""
    order: tuple[int, ...]
    """The places of the targets, the nearest first."""
    twins: tuple[Client, ...]
    """The client as it is at the second target and further ones; its own row is that at the first."""
    first: tuple[int, ...]
    """What the record answers as the run starts: cumulative threshold words over the targets."""


class Drop(NamedTuple):
    """A share of a stage's open connections is lost."""

    at: int
    stage: int
    share: int
    """Threshold word."""


@dataclass(frozen=True)
class Client:
    """A client: who calls what, when, and how it waits and retries."""

    name: str
    where: str
    stage: int
    """NULL: its domain maps its base path to none."""
    keys: Numbered | None
    """How the key is drawn within its group; None: always `first_key`."""
    first_key: int
    """Row of plan.keys; NULL: sends none."""
    arrivals: Rated | Counted | Listed
    calls: tuple[CallRow, ...]
    weights: tuple[int, ...]
    """Cumulative threshold words over `calls`."""
    rtt: Law
    timeout_ns: int
    """Per attempt; NULL: waits for ever."""
    retry: Retry
    trace: TraceReport | None = None
    identities: Identities | None = None
    """None: none of its calls meets an authorizer."""
    handshakes: Law | None = None
    """Of a new connection, drawn with the word of `rtt`; None: connections are never new."""
    new_connection: int = 0
    """Threshold word: the share of attempts that open a connection."""
    front: Front = Front.OPEN
    untrusted: int = 0
    """Threshold word: calls without a certificate that mutual TLS trusts."""
    distribution: int = NULL
    """Row of plan.distributions."""
    rtt_to_edge: Law | None = None
    """To the distribution, drawn with the word of `rtt`."""
    addresses: Addresses | None = None
    """None: of a made-up client, which nobody looks at."""
    base_path: str = ""
    """What stands before the paths of its calls: the stage, or a domain's base path."""
    paths: tuple[str, ...] = ()
    """Of a trace whose stage logs: its distinct paths, which `arrivals.path` numbers."""
    users: Users | None = None
    """Who calls; None: calls start as `arrivals` say, of which users have none."""
    browser: Browser | None = None
    """None: they are no browsers."""
    screen: Screen | None = None
    """The web ACL before its stage; None: there is none."""
    connections: Connections | None = None
    """What its arrivals open, of which `calls` are the messages; None: its arrivals are calls."""
    workers: int = NULL
    """How many calls may be under way at once, others wait until one is over; NULL: all start when they are due."""
    names: Names | None = None
    """How it finds the targets of a record; None: it calls one stage."""
    checks: int = NULL
    """Of the checkers of a target: how many results in a row turn what one reports; NULL: it is none."""
