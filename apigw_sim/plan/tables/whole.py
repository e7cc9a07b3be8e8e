"""All rows of a plan together."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from apigw_sim.plan.tables.backends import NO_ALLOCATION, Allocation
from apigw_sim.plan.tables.draws import NULL
from apigw_sim.plan.tables.gateway import Region
from apigw_sim.plan.web_acls import NO_WAF

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from apigw_sim.plan.events import Events
    from apigw_sim.plan.guards import Authorizer
    from apigw_sim.plan.services import Capacity, Service
    from apigw_sim.plan.tables.backends import Alias, Backend, Database, Provision, Scaling, Shift
    from apigw_sim.plan.tables.clients import Client, Drop, Record
    from apigw_sim.plan.tables.control import Alarm, Event, GaugeKind
    from apigw_sim.plan.tables.draws import Law, Works
    from apigw_sim.plan.tables.gateway import (
        Account,
        Answer,
        Distribution,
        Method,
        Pointer,
        Stage,
        Undeployed,
    )
    from apigw_sim.plan.tables.limits import Bucket, KeyGroup, Limit, Quota
    from apigw_sim.plan.web_acls import Waf


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
    allocation: Allocation = NO_ALLOCATION
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
