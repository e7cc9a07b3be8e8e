"""What stands behind integrations, and what changes there: provisioned concurrency, scaling, aliases."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.plan.tables.draws import NULL
from apigw_sim.rules.pick import WORD_BITS

if TYPE_CHECKING:
    from apigw_sim.plan.services import Queue, Service
    from apigw_sim.plan.tables.draws import Law, Shares
    from apigw_sim.scenario.code import CodeName


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


NO_ALLOCATION = Allocation(0, 0, NULL, 0)


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
