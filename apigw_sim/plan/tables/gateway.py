"""Stages, methods and what deployments make of them; the account and its Regions; distributions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.plan.tables.draws import NULL
from apigw_sim.rules.reason import MISSING_AUTHENTICATION_TOKEN
from apigw_sim.scenario.routes import spelled

if TYPE_CHECKING:
    from apigw_sim.plan.tables.draws import Law


class Answer(NamedTuple):
    """What a stage answers for a reason of rules.reason."""

    status: int
    """0: the backend's own."""
    size: int
    """Bytes of the body."""
    flags: int
    """Flag.RESTYLED and Flag.UNMETERED of records."""


class Fold(NamedTuple):
    """Which cache entry stands for all that a deployment's cache key does not tell apart and another's does.

    Both are arguments of `rules.edge.entry_of`, for the number of an entry.
    """

    constants: tuple[int, ...]
    digits: tuple[int, ...]


class MappedAnswer(NamedTuple):
    """An integration response of a custom integration."""

    code: int
    """What it catches: a status of the backend, or a word of rules.response."""
    status: int
    size: int
    """Bytes of the body; NULL: the backend's own, of an error those of an error object."""


@dataclass(frozen=True)
class Stage:
    """A stage, `api/stage`."""

    name: str
    api: str
    cache_bytes: int
    """Usable bytes of its cache cluster; 0: none."""
    canary: int = 0
    """Threshold word: the share of its requests that meet the canary."""
    answers: int = 0
    """Row of plan.answers: what it answers where no method of it was met."""
    canary_answers: int = 0
    """... where its canary was met."""
    access_log: str = ""
    """The template of a line of its access log; empty: it writes none."""
    xray: bool = False
    """Whether X-Ray samples its requests."""
    http: bool = False
    """Whether its API is an HTTP API."""
    websocket: bool = False
    """Whether its API is a WebSocket API."""
    no_route: int = MISSING_AUTHENTICATION_TOKEN
    """The reason of what no method serves."""
    web_acl: int = NULL
    """Row of plan.waf.acls; NULL: none stands before it."""
    region: int = 0
    """Row of plan.regions."""


class Unauthorized(IntEnum):
    """What an unauthorized Cache-Control: max-age=0 meets."""

    FAIL_WITH_403 = 0
    SUCCEED_WITH_RESPONSE_HEADER = 1
    SUCCEED_WITHOUT_RESPONSE_HEADER = 2


@dataclass(frozen=True)
class Method:
    """A method of a stage: what a request that matches it meets, as one deployment and its stage variables make it."""

    place: int
    """Row of plan.methods that stands for it in records and limits, whichever deployment answers."""
    stage: int
    cache: int
    """Row of the stage whose cache it looks into; behind the stages come the caches that canaries have of their own."""
    verb: str
    """GET, ANY, ..."""
    resource: str
    """/items/{id}"""
    api_key_required: bool
    bucket: int
    """Row of plan.buckets; NULL where no throttle is ever set."""
    backend: int
    """Row of plan.backends; NULL: a mock."""
    works: int
    """Row of plan.works: what an attempt draws behind the gateway."""
    mock_status: int
    misconfigured: bool
    """Whether its integration leads nowhere, since a stage variable names nothing: 500."""
    timeout_ns: int
    ttl_ns: int
    """0: not cached."""
    require_authorization: bool
    unauthorized: Unauthorized
    first_entry: int
    """Cache entries of this method are first_entry + the entry id of the request."""
    entries: int
    """Possible cache entries; 0 where the method is never cached."""
    authorizer: int = NULL
    """Row of plan.authorizers; NULL: everybody may call."""
    validator: int = 0
    """Bits: 1 looks at the body, 2 at the parameters."""
    responses: tuple[MappedAnswer, ...] | None = None
    """Of a custom integration; None: a proxy integration or a mock."""
    asynchronous: bool = False
    """Whether it only hands the request to Lambda."""
    refused_types: int = 0
    """Bits: the content types that its integration does not take."""
    binary_types: int = 0
    """Bits: the content types whose bodies reach its function in base64."""
    largest_body: int = 0
    """Bytes that an invocation takes; 0: no function stands behind it."""
    largest_binary: int = 0
    """... of a body in base64."""
    detailed: bool = True
    """Whether CloudWatch has series of this method alone."""
    alias: int = NULL
    """Row of plan.aliases, which chooses among versions of its function; NULL: `backend` it is."""
    answers: int = 0
    """Row of plan.answers: what the gateway answers by itself."""
    fold: Fold | None = None
    """Which of its entries stands for several; None: each for itself."""
    context: int = 0
    """What is added to the row of a function, or of a version, to have its row of plan.works."""
    in_context: int = NULL
    """Which of its function's `contexts` that is; NULL: none."""
    event: str = ""
    """The stage variables by which it is; for people."""
    connects: bool = False
    """Whether its requests open connections, and so meet the account's limit of those too."""

    @property
    def route(self) -> str:
        """`METHOD /path`, or `$default`."""
        return spelled(self.verb, self.resource)


@dataclass(frozen=True)
class Pointer:
    """What a stage points to from an instant on: numbers of deployments of its API, from 1."""

    at: int
    stage: int
    active: int
    canary: int
    """NULL: the stage has no canary."""


@dataclass(frozen=True)
class Undeployed:
    """A method whose API was changed, until the change is deployed to its stage or taken back."""

    place: int
    """Row of plan.methods."""
    begin: int
    end: int
    """NULL: it never is."""


@dataclass(frozen=True)
class Account:
    """The limits that everything in the account shares."""

    bucket: int
    """Row of plan.buckets; its rate is less what is used elsewhere."""
    front: bool
    """Whether the account's throttle stands before everything else."""
    as_you_go: bool
    """Whether a level that admits spends its token even if a later one refuses."""
    throttled_counts_to_quota: bool
    unreserved: int
    """Concurrency that functions without a reservation share."""
    unreserved_limit: int
    rps_bucket: int
    """Row of plan.buckets, spent by every invocation; NULL: no such limit."""
    scaling: int
    """New environments per function in any scaling_window_ns; NULL: no limit."""
    scaling_window_ns: int
    scaling_bucket: bool
    """Whether the scaling rate is a bucket (refilled continuously) instead of a sliding window."""
    cache_errors: bool
    max_age_0_is_a_miss: bool
    encryption_overhead: int
    """Bytes added to each cached item."""
    gateway_overhead: Law
    """Of a REST API."""
    http_overhead: Law
    service_overhead: Law
    hit_time: Law
    stamp_arrival: bool
    canary_series: bool
    """Whether the metrics of a canary are shown beside those of its stage."""
    largest_request: int
    largest_cached: int
    cache_rebuild_ns: int
    before_waf: bool = False
    """Whether the account's throttle, standing in front, stands before AWS WAF too."""
    size_check_after_cache: bool = False
    """Whether a request that is too large is refused only after the cache was looked up."""
    authorizer_wait_ns: int = 0
    """How long the gateway waits for a Lambda authorizer."""
    authorizer_refused: int = 0
    """The reason where Lambda does not invoke one."""
    authorizer_malformed: int = 0
    """The reason where one answers with no proper policy."""
    validation_after_cache: bool = False
    """Whether a request that is not valid is refused only after the cache was looked up."""
    rare_502: int = 0
    """Threshold word: answers of functions behind proxy integrations that are lost."""
    connections: int = NULL
    """Row of plan.buckets: new connections; NULL: there is no WebSocket API."""
    hosts: int = 1
    """Hosts that share the gateway's throttles: the part of the k-th is the bucket's row and k times those there are."""


class Region(NamedTuple):
    """The account's limits in a Region."""

    name: str
    bucket: int
    """Row of plan.buckets."""
    unreserved: int
    """Concurrency that functions there without a reservation share."""
    unreserved_limit: int
    rps_bucket: int
    """Row of plan.buckets, spent by every invocation there; NULL: no such limit."""


@dataclass(frozen=True)
class EdgeKey:
    """How the cache of a distribution numbers what is asked of one method (`rules.edge.entry_of`)."""

    first: int
    """Its entries begin here."""
    constants: tuple[int, ...]
    digits: tuple[int, ...]
    size: int
    """How many entries there may be."""


@dataclass(frozen=True)
class Distribution:
    """A CloudFront distribution before a stage; its hits never reach the gateway."""

    name: str
    stage: int
    ttl_ns: int
    error_ttl_ns: int
    keys: dict[int, EdgeKey]
    """Row of plan.methods -> its entries; no entry: answers of the method are not cached."""
