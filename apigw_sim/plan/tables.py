"""What a plan is: the scenario as integers and arrays, each row remembering the line it came from.

An id is a row's number. NULL (-1) means none. Times are ns from run.start, sizes bytes, shares 63-bit threshold
words (`rules.pick.happens`), laws quantile tables (`rules.quantile.value`) or constants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from apigw_sim.plan.web_acls import NO_WAF, Waf
from apigw_sim.rules.pick import WORD_BITS
from apigw_sim.rules.reason import MISSING_AUTHENTICATION_TOKEN
from apigw_sim.scenario.routes import spelled

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray

    from apigw_sim.plan.events import Events
    from apigw_sim.plan.guards import Authorizer, Identities
    from apigw_sim.plan.services import Capacity, Queue, Service
    from apigw_sim.plan.web_acls import Screen
    from apigw_sim.scenario.code import CodeName

NULL = -1


@dataclass(frozen=True)
class Law:
    """A distribution: `constant`, or where that is None a quantile table of `rules.quantile.SIZE` cells."""

    text: str
    constant: int | None
    cells: NDArray[np.int64]
    """int64, rules.quantile.SIZE values; all equal to `constant` where there is one."""
    mean: float
    """Exact where a formula exists, else of the table."""


@dataclass(frozen=True)
class Shares:
    """HTTP statuses by share: `thresholds` are cumulative 63-bit words, the last one catches the rest."""

    statuses: tuple[int, ...]
    thresholds: tuple[int, ...]


class LimitKind(IntEnum):
    """What kind of limit a row of plan.limits is."""

    ACCOUNT = 0
    METHOD = 1
    PLAN = 2
    PLAN_METHOD = 3
    QUOTA = 4
    LAMBDA_ACCOUNT = 5
    """Account concurrency, what the unreserved functions share."""
    LAMBDA_RESERVED = 6
    LAMBDA_RPS = 7
    """Ten requests per second per unit of concurrency."""
    LAMBDA_SCALING = 8
    """New environments in any ten seconds, per function."""
    BACKEND = 9
    """An HTTP backend's concurrency and queue."""
    SERVICE = 10
    """What an AWS service takes of its callers."""
    LAMBDA_PROVISIONED = 11
    """Provisioned concurrency of a version, beyond which its invocations spill over: it refuses none."""
    CONNECTIONS = 12
    """New connections to all WebSocket APIs of the account."""
    SERVICE_BYTES = 13
    """What a shard of a stream takes of its callers in bytes."""


@dataclass(frozen=True)
class Limit:
    """A limit written or defaulted in the scenario: one row of the summary's `limits`."""

    kind: LimitKind
    label: str
    """For people: "shop/prod POST /orders throttle"."""
    path: str
    """Path of its setting in the scenario: what to change."""
    where: str
    """file:line:column, or "default" where AWS's default holds."""
    ceiling: str
    """"200/s burst 100"."""
    next_behind: int = NULL
    """The limit that binds next when this one is raised."""


@dataclass(frozen=True)
class Bucket:
    """A token bucket of `rules.bucket`; `off` until a timeline entry writes a limit for it."""

    limit: int
    rate: int
    """Units per ns: 1000 times the requests per second."""
    full: int
    """Units: burst times rules.bucket.TOKEN."""
    start: int
    """Units at t = 0: full unless `initial.tokens` says otherwise."""
    owner: str
    """Which key or method: for people."""
    off: bool = False


@dataclass(frozen=True)
class Quota:
    """A usage plan's quota of one API key, aggregated over the plan's stages."""

    limit: int
    """Row of plan.limits."""
    requests: int
    """Requests per period."""
    used: int
    """Spent at t = 0: the plan's offset plus `initial.quota_used`."""
    resets: tuple[int, ...]
    """Instants at which a new calendar period (UTC) begins, ascending, to a day beyond the end."""
    owner: str


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


class BackendKind(IntEnum):
    """What stands behind an integration."""

    LAMBDA = 0
    HTTP = 1
    SERVICE = 2
    """An AWS service."""
    CODE = 3
    """A user's own Python code."""


@dataclass(frozen=True)
class Cold:
    """What a new execution environment costs."""

    provisioning: Law
    init: Law
    restores: bool = False
    """Whether a snapshot is restored instead: `init` is its Restore Duration."""


@dataclass(frozen=True)
class Backend:
    """A Lambda function, an HTTP backend or an AWS service."""

    kind: BackendKind
    name: str
    path: str
    """functions.NAME or backends.NAME."""
    where: str
    duration: Law
    """Lambda: Duration without Init. HTTP: latency."""
    response: Law
    """Bytes."""
    status: Shares
    crash: int
    """Threshold word."""
    malformed: int
    """Threshold word."""
    largest_response: int
    """Bytes of the largest answer that reaches a client."""
    # Lambda
    timeout_ns: int = NULL
    memory_mb: int = 0
    cold: Cold | None = None
    idle_lifetime: Law | None = None
    exits: int = 0
    """Threshold word: of what crashes, how much ends the runtime's process."""
    reserved: int = NULL
    """Reserved concurrency; NULL: none."""
    reserved_limit: int = NULL
    rate_bucket: int = NULL
    """Row of plan.buckets: the requests of a reservation, or of an AWS service, or of a shard of one."""
    scaling_limit: int = NULL
    initial_environments: int = 0
    region: int = 0
    """Row of plan.regions."""
    contexts: bool = False
    """Whether stage variables in its event change what comes of its work."""
    version_of: int = NULL
    """Row of the function that it is a published version of; NULL: the function as it is written."""
    refuses: int = 0
    """Bits of the formats of requests that it does not accept."""
    format_error: int = 0
    """The status it answers to those."""
    database: int = NULL
    """Row of plan.databases that each invocation, or request to a server, queries; NULL: none."""
    query: Law | None = None
    """What its query takes, ns, of a database that is idle."""
    keeps_connection: bool = False
    """Whether an environment keeps its connection as long as it lives."""
    # HTTP
    concurrency: int = NULL
    """Requests at once; NULL: no limit."""
    queue: int = 0
    """Places to wait."""
    lifo: bool = False
    """Whether the last of the waiting is next."""
    stretch: tuple[int, ...] = ()
    """Thousandths by which a request's time is multiplied, by how many are busy as it starts, itself included; none: 1."""
    capacity_limit: int = NULL
    service: Service | None = None
    """Of an AWS service with a rate of its own."""
    sqs: Queue | None = None
    """Of an SQS queue."""
    code: CodeName | None = None
    """Of a user's own: the class that serves."""

    @property
    def part(self) -> int:
        """Which shard of its stream it is; the first one stands for the stream."""
        return self.service.part if self.service else 0

    @property
    def said_name(self) -> str:
        """Its name in the scenario, which all shards of a stream share."""
        return self.path.removeprefix("backends.")

    @property
    def mean_ns(self) -> float:
        """What it takes on average, the query included, where nothing loads its database."""
        return self.duration.mean + (self.query.mean if self.query else 0)


class Database(NamedTuple):
    """A database."""

    name: str
    connections: int
    stretch: tuple[int, ...]
    """Thousandths by which a query's time is multiplied, by how many connections are at work as it starts, its own included."""


@dataclass(frozen=True)
class Provision:
    """Provisioned concurrency of a version, given by its number or by an alias."""

    name: str
    """checkout:PROD"""
    backend: int
    """Row of plan.backends."""
    limit: int
    """Row of plan.limits: what invocations spill over from."""
    start: int
    """Environments that are ready as the run starts."""


class ScalingAction(NamedTuple):
    """A scheduled action of Application Auto Scaling: the bounds from an instant on."""

    at: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Scaling:
    """What Application Auto Scaling does with provisioned concurrency, or with the places of an HTTP server."""

    provision: int
    """Row of plan.provisions; NULL: it scales a server."""
    minimum: int
    maximum: int
    actions: tuple[ScalingAction, ...]
    """In the order of time."""
    target: int
    """Utilization in millionths; NULL: nothing is tracked."""
    out_ns: int
    """Cool-down after a scale-out, and after a scale-in."""
    in_ns: int
    high: int
    """Row of plan.alarms, of the alarm above the target; NULL: nothing is tracked."""
    low: int
    """... and of the one below it."""
    backend: int = NULL
    """Row of plan.backends."""
    boot_ns: int = 0
    """What its new places take until they serve."""


@dataclass(frozen=True)
class Allocation:
    """How provisioned concurrency comes to be, and the requests per second that it takes."""

    preparation_ns: int
    each_ns: int
    """... and so much for each environment; none is usable before all of them are."""
    requests: int
    """Per second and environment; NULL: no such limit."""
    burst_ns: int
    """Requests of so long may come at once."""


@dataclass(frozen=True)
class Alias:
    """An alias of a function: the version it names, or the two among which each invocation draws one."""

    name: str
    """checkout:PROD"""
    function: int
    """Row of plan.backends of the function."""
    first: int
    """Row of plan.backends; of two versions the older one."""
    second: int
    """The newer of two; NULL: there is one."""
    threshold: int
    """Threshold word: share of the second."""

    @property
    def state(self) -> tuple[int, int, int]:
        """What can change of it."""
        return self.first, self.second, self.threshold

    @property
    def shares(self) -> tuple[Fraction, Fraction]:
        """Of the first and of the second."""
        newer = Fraction(self.threshold, 1 << WORD_BITS) if self.second != NULL else Fraction(0)
        return 1 - newer, newer


@dataclass(frozen=True)
class Step:
    """A step of a traffic shift: its alias comes to send so much to the new version, and the rest where it did before."""

    shift: int
    """Row of plan.shifts."""
    last: bool
    share: int
    """Threshold word of the share of the new version."""
    rest: int
    """Threshold word of what is left."""


@dataclass(frozen=True)
class Shift:
    """A traffic shift by CodeDeploy."""

    alias: int
    """Row of plan.aliases."""
    to: int
    """Row of plan.backends."""
    alarms: tuple[str, ...] = ()
    """Names of the alarms that end it and take it back."""


@dataclass(frozen=True)
class Works:
    """What an attempt draws for its backend, or for a mock."""

    service: Law
    """Lambda's service overhead; HTTP backends and mocks have none."""
    duration: Law
    response: Law
    """Bytes."""
    status: Shares | None
    """None: a mock, whose status is its method's."""
    crash: int = 0
    """Threshold word."""
    malformed: int = 0
    """Threshold word."""


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
class Access:
    """What a usage plan holds for one key group on one stage; the bucket of a key is base + its ordinal in the group."""

    plan: str
    plan_bucket: dict[int, int]
    """Row of plan.methods -> base row of plan.buckets, the plan's own throttle (per key, or per key and method)."""
    method_bucket: dict[int, int]
    """Row of plan.methods -> base row of plan.buckets, the plan's throttle for that method."""
    quota: int
    """Base row of plan.quotas; NULL: none."""


@dataclass(frozen=True)
class KeyGroup:
    """API keys that share a declaration; keys first .. first + count - 1."""

    name: str
    first: int
    count: int
    access: dict[int, Access]
    """Row of plan.stages -> what their plan holds there; no entry: the key opens nothing on that stage."""


class Choice(IntEnum):
    """How a whole number is drawn."""

    UNIFORM = 0
    ZIPF = 1


@dataclass(frozen=True)
class Numbered:
    """A drawn whole number 0..n-1: uniform, or Zipf by an alias table (`rules.pick.alias`)."""

    choice: Choice
    n: int
    cut: NDArray[np.int64] | None = None
    other: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Parameter:
    """One drawn path, query or header value of a call: value v adds v * stride to the ids."""

    name: str
    """path.id, query.page, header.Accept"""
    word: int
    """Number of its word among the call's parameter draws."""
    law: Numbered
    resource_stride: int
    entry_stride: int
    """0 where it is no cache key."""


class Drawn(NamedTuple):
    """A segment of a path that is drawn for each call."""

    word: int
    """Number of its word among the call's parameter draws."""
    law: Numbered


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


@dataclass(frozen=True)
class Segment:
    """A stretch of the arrival rate: from `begin` to `end`, linear from first to last, in requests/s = p / q."""

    begin: int
    end: int
    first: tuple[int, int]
    """(p, q): the rate at `begin` is p / q requests per second."""
    last: tuple[int, int]


@dataclass(frozen=True)
class Chain:
    """The states of a Markov-modulated process: each multiplies the rate while it lasts."""

    times: tuple[tuple[int, int], ...]
    """(p, q): by state, the rate is multiplied by p / q."""
    holds: tuple[int, ...]
    """ns: the mean holding time of each."""
    successors: tuple[tuple[int, ...], ...]
    """By state, those that may follow it."""
    thresholds: tuple[tuple[int, ...], ...]
    """Cumulative threshold words over them."""
    first: tuple[int, ...]
    """Cumulative threshold words over the states: the equilibrium in which it begins."""
    mean: float
    """Of `times`, in equilibrium."""


@dataclass(frozen=True)
class Batches:
    """How many calls start at once."""

    sizes: NDArray[np.int64]
    thresholds: tuple[int, ...]
    """Cumulative threshold words over the sizes."""
    mean: float


@dataclass(frozen=True)
class Rated:
    """Arrivals by a process and a rate."""

    poisson: bool
    """Whether gaps are exponential; else even, or of the law `gaps`."""
    segments: tuple[Segment, ...]
    gaps: Law | None = None
    """Of a renewal process: gaps in units of `plan.gaps.UNIT`, of which the mean is one."""
    first_gap: Law | None = None
    """What is left at 0 of the gap under way."""
    chain: Chain | None = None
    batches: Batches | None = None
    also: tuple[Rated, ...] = ()
    """What is superposed on it."""

    @property
    def streams(self) -> tuple[Rated, ...]:
        """Itself and what is superposed on it."""
        return self, *self.also


class Placement(IntEnum):
    """How the counts of a trace are placed within their period."""

    POISSON = 0
    EVEN = 1
    START = 2
    BURSTY = 3


@dataclass(frozen=True)
class Counted:
    """Arrivals as counts per period, from a trace; counts are after `scale`, cut to the run."""

    begins: NDArray[np.int64]
    """ns, ascending, one per period that has arrivals."""
    counts: NDArray[np.int64]
    span: int
    """ns: a period's length, after `speed`."""
    placement: Placement
    peak_to_mean: float
    """BURSTY: the rate within a burst over the mean rate."""
    over: int
    """BURSTY: length of a burst, ns."""
    end: int
    """Nothing lies at or beyond."""
    pick: NDArray[np.int64] | None = None
    """With `calls: from_trace`, as in Listed: one per arrival, in the order of arrival."""
    resource: NDArray[np.int64] | None = None
    entry: NDArray[np.int64] | None = None
    request_bytes: NDArray[np.int64] | None = None
    path: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Listed:
    """Arrivals at given instants, from a trace; with `calls: from_trace` what each one called."""

    at: NDArray[np.int64]
    """ns, ascending."""
    pick: NDArray[np.int64] | None = None
    """Row of the client's calls."""
    resource: NDArray[np.int64] | None = None
    entry: NDArray[np.int64] | None = None
    request_bytes: NDArray[np.int64] | None = None
    path: NDArray[np.int64] | None = None
    """Row of the client's `paths`."""


@dataclass(frozen=True)
class TraceReport:
    """What reading a trace found: nothing is dropped silently."""

    file: str
    rows: int
    """Rows read."""
    requests: int
    """What they count, before scale."""
    placed: int
    """Arrivals placed in the run."""
    cut: int
    """Arrivals beyond the end of the run or outside the window."""
    missing_periods: int
    unreadable: int
    first_unreadable: int
    """Line number; 0: none."""
    period_ns: int
    """0 for lists of instants."""
    notes: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class Plan:
    """A scenario as numbers. Rows are tuples; an id is a row's number."""

    name: str
    duration: int
    warm_up: int
    period: int
    seed: int
    start: datetime
    region: str
    account: Account
    stages: tuple[Stage, ...]
    methods: tuple[Method, ...]
    """Every method of every stage that is ever deployed there, as it is first."""
    variants: tuple[Method, ...]
    """What deployments, canaries and stage variables make of them: rows behind those of methods."""
    released: tuple[int, ...]
    """Row of methods -> the row that answers for it as the run starts; NULL: it is not deployed."""
    canary_released: tuple[int, ...]
    """... and for its stage's canary; NULL: there is none, or it is not deployed there."""
    canary_caches: tuple[int, ...]
    """Stages whose canary has a cache of its own; those caches are numbered behind the stages."""
    backends: tuple[Backend, ...]
    works: tuple[Works, ...]
    """Those of the backends in their order, then those of mocks."""
    buckets: tuple[Bucket, ...]
    quotas: tuple[Quota, ...]
    limits: tuple[Limit, ...]
    key_groups: tuple[KeyGroup, ...]
    keys: int
    """How many API keys there are."""
    clients: tuple[Client, ...]
    timeline: tuple[Event, ...]
    pointers: tuple[Pointer, ...]
    """What stages point to, in the order of time."""
    undeployed: tuple[Undeployed, ...]
    entries: int
    """Possible cache entries over all methods."""
    tables_sha256: str
    """Over all quantile and alias tables."""
    assumptions: tuple[str, ...]
    """"name=value" of the assumptions the scenario leans on."""
    distributions: tuple[Distribution, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    alarm_delay: int = 0
    """ns from the end of a period until an alarm sees its data."""
    aliases: tuple[Alias, ...] = ()
    shifts: tuple[Shift, ...] = ()
    databases: tuple[Database, ...] = ()
    events: tuple[Events, ...] = ()
    """The queues of events of the functions that are invoked asynchronously."""
    provisions: tuple[Provision, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    allocation: Allocation = Allocation(0, 0, NULL, 0)
    gauge_base: dict[GaugeKind, int] = field(default_factory=dict)
    gauges: int = 0
    waf: Waf = NO_WAF
    authorizers: tuple[Authorizer, ...] = ()
    permissions: int = 0
    """What all browsers may remember of preflights."""
    grants: int = 0
    """Possible cached results over all authorizers."""
    answers: tuple[tuple[Answer, ...], ...] = ()
    """What deployments of APIs answer by themselves, by row of rules.reason.REASONS."""
    drops: tuple[Drop, ...] = ()
    """In the order of time."""
    elsewhere: tuple[Region, ...] = ()
    """Further Regions of the account."""
    records: tuple[Record, ...] = ()

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The account's own Region, then the further ones."""
        own = self.account
        home = Region(self.region, own.bucket, own.unreserved, own.unreserved_limit, own.rps_bucket)
        return (home, *self.elsewhere)

    @cached_property
    def aims(self) -> tuple[Client, ...]:
        """The rows of plan.clients, and behind them what those of records are at further targets."""
        return (
            *self.clients,
            *(twin for client in self.clients if client.names for twin in client.names.twins),
        )

    def first_twin(self, number: int) -> int:
        """Where among `aims` those of a client of a record begin."""
        before = (client.names for client in self.clients[:number])
        return len(self.clients) + sum(len(names.twins) for names in before if names)

    @cached_property
    def lossy(self) -> frozenset[int]:
        """The rows of plan.clients some of whose packets are lost at some time, at whichever target."""
        owners = [*range(len(self.clients))]
        owners += [
            number for number, client in enumerate(self.clients) if client.names for _ in client.names.twins
        ]
        return frozenset(owners[aim] for _, (aim, *_) in self.writes("loss"))

    def writes(self, verb: str) -> list[tuple[int, tuple[Any, ...]]]:
        """When the timeline writes with a verb and what, in the order in which control does."""
        found = [
            (at, cell.args)
            for event in self.timeline
            for at, cells in ((event.at, event.begin), *event.steps, (event.until, event.end))
            for cell in cells
            if cell.verb == verb
        ]
        return sorted(found, key=lambda write: write[0])

    @property
    def releases(self) -> tuple[Method, ...]:
        """All rows of methods and of what becomes of them."""
        return (*self.methods, *self.variants)

    @property
    def parted(self) -> int:
        """Rows of plan.buckets on one host."""
        return len(self.buckets) // self.account.hosts

    def overhead(self, client: Client) -> Law:
        """What the gateway itself adds to a client's requests."""
        http = client.stage != NULL and self.stages[client.stage].http
        return self.account.http_overhead if http else self.account.gateway_overhead

    @cached_property
    def keyed_by_turns(self) -> tuple[bool, ...]:
        """By row of methods: whether some of its deployments ask for an API key and some do not."""
        asks: list[set[bool]] = [set() for _ in self.methods]
        for row in self.releases:
            asks[row.place].add(row.api_key_required)
        return tuple(len(both) > 1 for both in asks)

    def gauge(self, kind: GaugeKind, target: int = 0) -> int:
        """The id of a gauge."""
        return self.gauge_base[kind] + target

    @property
    def queues(self) -> list[int]:
        """The rows of plan.backends that are SQS queues, by their numbers."""
        return [row for row, backend in enumerate(self.backends) if backend.sqs is not None]

    @property
    def streams(self) -> dict[int, Service]:
        """The rows of plan.backends that stand for data streams, each with its service."""
        services = ((row, backend.service) for row, backend in enumerate(self.backends))
        return {row: said for row, said in services if said and said.shards and not said.part}

    @property
    def firehoses(self) -> list[int]:
        """The rows of plan.backends that stand for streams that Firehose reads."""
        return [row for row, said in self.streams.items() if said.firehose]

    @cached_property
    def capacities(self) -> tuple[Capacity, ...]:
        """What actions on tables consume, each once."""
        services = (backend.service for backend in self.backends)
        return tuple(dict.fromkeys(said.capacity for said in services if said and said.capacity))

    def function_of(self, backend: int) -> int:
        """The row of the function that a row of plan.backends is a version of; itself where it is none."""
        of = self.backends[backend].version_of
        return backend if of == NULL else of

    def versions(self, function: int) -> list[int]:
        """The rows of plan.backends of a function: as it is written, then its published versions, the older first."""
        return [function, *(row for row, one in enumerate(self.backends) if one.version_of == function)]

    def invoked(self, method: Method) -> dict[int, Fraction]:
        """The rows of plan.backends that a method invokes as the run starts, with their shares."""
        if method.alias == NULL:
            return {} if method.backend == NULL else {method.backend: Fraction(1)}
        alias = self.aliases[method.alias]
        rows = zip((alias.first, alias.second), alias.shares, strict=True)
        return {row: share for row, share in rows if row != NULL and share}

    def version_name(self, backend: int) -> str:
        """`2`, or `$LATEST` of the function as it is written."""
        return self.backends[backend].name.partition(":")[2] or "$LATEST"

    def ever_weighted(self, alias: int) -> bool:
        """Whether an alias ever sends to two versions."""
        if self.aliases[alias].second != NULL:
            return True
        written = (cell.args for event in self.timeline for cell in event.begin if cell.verb == "alias")
        steps = (event.step for event in self.timeline if event.step is not None and not event.step.last)
        return any(row == alias and second != NULL for row, _, second, _ in written) or any(
            self.shifts[step.shift].alias == alias for step in steps
        )

    def reached(self, method: Method) -> list[int]:
        """The rows of plan.backends that a method may ever come to invoke."""
        if method.alias != NULL:
            return self.versions(self.aliases[method.alias].function)
        return [] if method.backend == NULL else [method.backend]

    def key_name(self, key: int) -> str:
        """An API key's name: its group's, with its ordinal where there are several."""
        for group in self.key_groups:
            if group.first <= key < group.first + group.count:
                return group.name if group.count == 1 else f"{group.name}[{key - group.first}]"
        return ""
