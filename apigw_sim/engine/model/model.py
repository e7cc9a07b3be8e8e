"""The model: everything of one account at work on one clock, and the writes of the control plane into it."""

from __future__ import annotations

from typing import NamedTuple

from apigw_sim.draws import Draws
from apigw_sim.draws import Stream as Drawn
from apigw_sim.engine.model.aliases import Alias
from apigw_sim.engine.model.authorizers import Authorizer, Grant
from apigw_sim.engine.model.backends import Backend, Http, Job
from apigw_sim.engine.model.cache import StageCache
from apigw_sim.engine.model.caller import Caller, Lossy
from apigw_sim.engine.model.checks import Checks
from apigw_sim.engine.model.clock import Clock
from apigw_sim.engine.model.code import Coded
from apigw_sim.engine.model.connections import Connections
from apigw_sim.engine.model.connections import levels as of_connections
from apigw_sim.engine.model.databases import Asking, Connected, ConnectedProvisioned, Database
from apigw_sim.engine.model.events import Events
from apigw_sim.engine.model.fifo import FifoQueue
from apigw_sim.engine.model.firehose import Delivered, Figures
from apigw_sim.engine.model.functions import Account, Function, Scaling, drawn_lifetimes
from apigw_sim.engine.model.gateway import Gateway
from apigw_sim.engine.model.gauges import Bucket, Gauge, Gauges, Quota
from apigw_sim.engine.model.names import Checker
from apigw_sim.engine.model.paced import LossyPaced, Paced
from apigw_sim.engine.model.provisioned import Levels, Provisioned
from apigw_sim.engine.model.queues import Queue
from apigw_sim.engine.model.recorder import Recorder
from apigw_sim.engine.model.services import Service, Stream, Table
from apigw_sim.engine.model.throttles import Levels as ThrottleLevels
from apigw_sim.engine.model.throttles import throttles
from apigw_sim.engine.model.users import Users
from apigw_sim.engine.model.waf import Waf
from apigw_sim.plan import tables
from apigw_sim.plan.tables import NULL, BackendKind, GaugeKind, Plan
from apigw_sim.records import ATTEMPTS, CALLS, ENVIRONMENTS, INVOCATIONS, LEVELS, Sink
from apigw_sim.rules.bucket import cut

CAPACITY = (GaugeKind.CONSUMING, GaugeKind.CONSUMED, GaugeKind.CAPACITY_EXCEEDED)
INCOMING = (GaugeKind.INCOMING_RECORDS, GaugeKind.INCOMING_BYTES)
PROVISIONED = (GaugeKind.PROVISIONED, GaugeKind.PROVISIONED_IN_USE, GaugeKind.PROVISIONED_UTILIZATION)


class Watch(NamedTuple):
    """Which attempt to follow: `explain`."""

    client: int
    call: int
    attempt: int
    user: int = 0


def _kind(client: tables.Client, lossy: bool) -> type[Caller]:
    """What a client is at work."""
    if client.users is not None:
        return Users
    if client.connections is not None:
        return Connections
    if client.workers != NULL:
        return LossyPaced if lossy else Paced
    return Lossy if lossy else Caller


class Method:
    """A method of a stage as one deployment has it, with the settings that can change in mid-run."""

    __slots__ = (
        "alias", "backend", "cache", "codes", "events", "first_entry", "fold", "guard", "is_lambda", "largest_response", "levels",
        "require_authorization", "row", "stage", "timeout", "ttl", "unauthorized", "unchecked", "validator",
    )  # fmt: skip

    def __init__(
        self, row: tables.Method, unchecked: int, backend: Backend | None, guard: Authorizer | None,
        alias: Alias | None = None, largest_response: int = 0, events: Events | None = None,
    ) -> None:  # fmt: skip
        self.row = row
        self.guard = guard
        self.alias = alias
        self.events = events
        """Lambda's queue, of a function that it invokes asynchronously."""
        self.stage = row.stage
        self.cache = row.cache
        self.backend = backend
        self.is_lambda = isinstance(backend, Function)
        self.largest_response = largest_response
        self.timeout = row.timeout_ns
        self.ttl = row.ttl_ns
        self.require_authorization = row.require_authorization
        self.unauthorized = row.unauthorized
        self.first_entry = row.first_entry
        self.validator = row.validator
        self.unchecked = unchecked
        """Bodies up to it go on to the cache as they are."""
        self.fold = row.fold
        self.levels: dict[int, ThrottleLevels | None] = {}
        """By API key: the throttles that a request meets, as far as they have been looked for."""
        self.codes = None if row.responses is None else [mapped.code for mapped in row.responses]
        """What the responses of a custom integration catch; None: a proxy."""

    def hand_over(self, job: Job, function: Backend) -> None:
        """An asynchronous invocation has reached a function: from now on it is Lambda's."""
        assert self.events is not None
        assert isinstance(function, Function)
        self.events.take(job, self, function)


class Model:
    """The SimPy engine."""

    def __init__(
        self, plan: Plan, draws: Draws, sink: Sink, clock: Clock | None = None, watch: Watch | None = None
    ) -> None:
        self.plan = plan
        self.clock = clock = clock or Clock()
        self.watch = watch
        self.story: list[tuple[int, str]] | None = None
        """What happened to the watched attempt, once it is answered."""
        self.attempts = Recorder(ATTEMPTS, sink)
        self.invocations = Recorder(INVOCATIONS, sink)
        self.environments = Recorder(ENVIRONMENTS, sink)
        self.calls = Recorder(CALLS, sink)
        self.level_rows = Recorder(LEVELS, sink)
        self.recorders = (self.attempts, self.invocations, self.environments, self.calls, self.level_rows)
        self.gauges = gauges = Gauges(clock)

        self.buckets = [
            Bucket(gauges, plan.gauge(GaugeKind.TOKENS, i), b.limit, b.rate, b.full, b.start, b.off)
            for i, b in enumerate(plan.buckets)
        ]
        self.quotas = [
            Quota(gauges, plan.gauge(GaugeKind.QUOTA_LEFT, i), q.limit, q.requests, q.used, q.resets)
            for i, q in enumerate(plan.quotas)
        ]
        self.throttles = throttles(plan, self.buckets, self.quotas)
        cached = [stage.cache_bytes for stage in plan.stages]
        self.caches = [
            StageCache(size, Gauge(gauges, plan.gauge(GaugeKind.CACHE_BYTES, i), integral=False))
            for i, size in enumerate((*cached, *(cached[stage] for stage in plan.canary_caches)))
        ]
        """Those of the stages, then those that canaries have of their own."""
        self.accounts = [
            Account(
                plan.account,
                region,
                self.buckets[region.rps_bucket] if region.rps_bucket != NULL else None,
                Gauge(gauges, plan.gauge(GaugeKind.ACCOUNT_CONCURRENCY, number)),
                Gauge(gauges, plan.gauge(GaugeKind.UNRESERVED_CONCURRENCY, number)),
            )
            for number, region in enumerate(plan.regions)
        ]
        """By row of plan.regions."""
        self.databases = [Database(n, row, gauges, plan) for n, row in enumerate(plan.databases)]
        self.functions: dict[int, Function] = {}
        self.capacities = {
            capacity: [Gauge(gauges, plan.gauge(kind, place), integral=False) for kind in CAPACITY]
            for place, capacity in enumerate(plan.capacities)
        }
        """What is consumed of tables."""
        self.queues: list[Queue] = []
        self.firehoses: list[Delivered] = []
        self.provisions: dict[int, Provisioned] = {}
        """By row of plan.provisions."""
        self.backends = [self._backend(number, row, draws) for number, row in enumerate(plan.backends)]
        self.events = {row.function: Events(n, row, self) for n, row in enumerate(plan.events)}
        """By row of plan.backends."""
        self.grants: dict[int, dict[int, Grant]] = {}
        """What authorizers have cached, by their rows' first entry."""
        self.authorizers = [Authorizer(self, row) for row in plan.authorizers]
        self.aliases = [Alias(number, row, self.backends) for number, row in enumerate(plan.aliases)]
        self.checks = Checks(plan.account)
        self.methods = [self._method(row) for row in plan.releases]
        self.released = [self._named(row) for row in plan.released]
        """Row of plan.methods -> what answers for it now; None: it is not deployed."""
        self.canary_released = [self._named(row) for row in plan.canary_released]
        """... and for its stage's canary."""
        self.canaries = [stage.canary for stage in plan.stages]
        """Threshold words: the shares of the stages' requests that meet a canary."""
        self.restless = {
            row.stage
            for row in plan.releases
            if plan.keyed_by_turns[row.place] or row.answers != plan.stages[row.stage].answers
        } | {
            stage
            for _, (stage, *answers) in plan.writes("respond")  # also of a deployment that has no method
            if any(row != plan.stages[stage].answers for row in answers)
        }
        """Stages whose deployments differ in what the gateway answers, or in who needs an API key."""
        self.moving = [share > 0 or stage in self.restless for stage, share in enumerate(self.canaries)]
        """By stage: whether what a request meets is decided for each by itself."""
        self.answers = [
            (plan.answers[stage.answers], plan.answers[stage.canary_answers]) for stage in plan.stages
        ]
        """By stage: what it and its canary answer where no method was met."""
        self.permitted: dict[int, int] = {}
        """Until when browsers remember their permissions, by their numbers."""
        self.connections = of_connections(self)
        """By stage, of WebSocket APIs: its connections."""
        self.gateway = Gateway(self)
        self.waf = Waf(self)
        self.draws = draws
        self.twins: list[Caller] = []
        """What clients of records are at further targets, in the order of plan.aims."""
        self.callers = [
            _kind(client, number in plan.lossy)(self, number, client, draws.client(number))
            for number, client in enumerate(plan.clients)
        ]

    def _backend(self, number: int, row: tables.Backend, draws: Draws) -> Backend:
        plan, gauges = self.plan, self.gauges
        if row.sqs is not None:
            of = Queue if row.sqs.groups is None else FifoQueue
            self.queues.append(of(number, row, self, draws, self.invocations))
            return self.queues[-1]
        if row.kind is not BackendKind.LAMBDA:
            busy = Gauge(gauges, plan.gauge(GaugeKind.BUSY, number))
            if row.code is not None:
                return Coded(self.clock, number, row, busy, self.invocations)
            queue = Gauge(gauges, plan.gauge(GaugeKind.QUEUE, number))
            if row.service is not None:
                if row.service.shards is not None and not row.part:
                    place = list(plan.streams).index(number)
                    incoming = [Gauge(gauges, plan.gauge(kind, place), integral=False) for kind in INCOMING]
                    its = (number, row, busy, queue, self.invocations, self.buckets, incoming)
                    if row.service.firehose is None:
                        return Stream(*its)
                    figures = Figures(gauges, plan, len(self.firehoses))
                    self.firehoses.append(Delivered(row.service.firehose, figures, *its))
                    return self.firehoses[-1]
                served = (number, row, busy, queue, self.invocations, self.buckets[row.rate_bucket])
                if row.service.capacity is None:
                    return Service(*served)
                return Table(self.capacities[row.service.capacity], *served)
            if row.database != NULL:
                return Asking(self.databases[row.database], number, row, busy, queue, self.invocations)
            return Http(number, row, busy, queue, self.invocations)
        rps, main = row.rate_bucket, self.functions.get(row.version_of)
        shared = (
            self.clock,
            number,
            row,
            self.accounts[row.region],
            self.buckets[rps] if rps != NULL else None,
            main.in_use if main else Gauge(gauges, plan.gauge(GaugeKind.CONCURRENCY, number)),
            Gauge(gauges, plan.gauge(GaugeKind.ENVIRONMENTS, number)),
            self.invocations,
            self.environments,
            main.scaling if main else Scaling(plan.account),
        )
        provision = next((n for n, each in enumerate(plan.provisions) if each.backend == number), None)
        mine = () if row.database == NULL else (self.databases[row.database],)
        if provision is None:
            function = Connected(*mine, *shared) if mine else Function(*shared)
        else:
            levels = Levels(*(Gauge(gauges, plan.gauge(kind, provision)) for kind in PROVISIONED))
            kind = ConnectedProvisioned if mine else Provisioned
            function = kind(*mine, plan.provisions[provision], levels, *shared)
            self.provisions[provision] = function
        self.functions[number] = function
        function.start_with(drawn_lifetimes(row, number, draws))
        return function

    def _method(self, row: tables.Method) -> Method:
        guard = None if row.authorizer == NULL else self.authorizers[row.authorizer]
        unchecked = self.checks.unchecked(row)
        if row.backend == NULL:
            return Method(row, unchecked, None, guard)
        alias = None if row.alias == NULL else self.aliases[row.alias]
        backend = self.plan.backends[row.backend]
        events = self.events[self.plan.function_of(row.backend)] if row.asynchronous else None
        return Method(
            row, unchecked, self.backends[row.backend], guard, alias, backend.largest_response, events
        )

    @property
    def aims(self) -> list[Caller]:
        """By row of plan.aims."""
        return [*self.callers, *self.twins]

    def streams_at(self, client: int) -> list[Drawn]:
        """The streams of a client of a record at the second target and further ones."""
        names, first = self.plan.clients[client].names, self.plan.first_twin(client)
        return [self.draws.client(first + place) for place in range(len(names.twins) if names else 0)]

    def queue(self, backend: int) -> Queue:
        """The SQS queue in a row of plan.backends."""
        return next(queue for queue in self.queues if queue.number == backend)

    def _named(self, row: int) -> Method | None:
        return None if row == NULL else self.methods[row]

    # what run.py asks of an engine

    def advance(self, until: int) -> None:
        """Let everything before `until` happen."""
        self.clock.advance(until)

    @property
    def pending(self) -> int:
        """How many events are still to come, control's own included."""
        return self.clock.waiting

    def tick(self, at: int) -> None:
        """Hand on all rows so far, and the levels of what was touched since the last tick."""
        for function in self.functions.values():
            function.sweep(at)
        for queue in self.queues:
            queue.tick(at)
        for stream in self.firehoses:
            stream.settle(at)
        for row in self.gauges.rows(at):
            self.level_rows.write(self.level_rows.pack(*row))
        self._seal()

    def close(self) -> None:
        """The run is over."""
        for function in self.functions.values():
            function.close()
        for caller in self.callers:
            if isinstance(caller, Paced):
                caller.close()
        self._seal()

    def spill(self) -> None:
        """Hand on the rows of tables that have a block full."""
        for recorder in self.recorders:
            recorder.spill()

    def _seal(self) -> None:
        for recorder in self.recorders:
            recorder.seal()

    # what control writes

    def bucket(self, number: int, rate: int, full: int, limit: int) -> None:
        """A new limit: refilled at the old rate up to now, the bucket keeps its tokens and is cut to the new burst.

        A `limit` of NULL takes the throttle away; one that comes (back) starts full.
        """
        bucket = self.buckets[number]
        level = bucket.now_holds(self.clock.now)
        bucket.level = full if bucket.off else cut(level, full)
        bucket.low = min(bucket.low, bucket.level) if not bucket.off else bucket.level
        bucket.rate, bucket.full, bucket.limit, bucket.off = rate, full, limit, limit == NULL
        for method in self.methods:
            method.levels.clear()

    def quota(self, number: int, requests: int) -> None:
        """A new quota; what is used stays used."""
        quota = self.quotas[number]
        quota.now_used(self.clock.now)
        quota.requests = requests
        quota.low = min(quota.low, requests - quota.used)

    def unreserved(self, region: int, concurrency: int) -> None:
        """The concurrency that unreserved functions of a Region share."""
        self.accounts[region].unreserved_limit = concurrency

    def reserved(self, backend: int, concurrency: int) -> None:
        """A function's reserved concurrency over all its versions, NULL: none; what runs moves between the pools with it."""
        function = self.functions[backend]
        if (function.reserved == NULL) != (concurrency == NULL):
            in_use = function.in_use.level - function.scaling.provisioned
            function.account.unreserved.move(in_use if concurrency == NULL else -in_use)
        for row in self.plan.versions(backend):
            self.functions[row].reserved = concurrency

    def provide(self, number: int, count: int, rate: int, full: int, limited: bool) -> None:
        """So many environments of provisioned concurrency from now on, and their requests per second as a bucket."""
        self.provisions[number].provide(count, rate, full, limited)

    def alias(self, number: int, first: int, second: int, threshold: int) -> None:
        """What an alias names, for invocations that reach Lambda from now on."""
        alias = self.aliases[number]
        alias.first, alias.second, alias.threshold = first, second, threshold

    def method(
        self, number: int, ttl: int, require_authorization: bool, unauthorized: tables.Unauthorized
    ) -> None:
        """A method's caching; entries keep the time to live they were stored with."""
        method = self.methods[number]
        method.ttl = ttl
        method.require_authorization = require_authorization
        method.unauthorized = unauthorized

    def release(self, number: int, row: int) -> None:
        """What answers for a method from now on, NULL: nothing; who is already under way is not touched."""
        self.released[number] = self._named(row)

    def canary_release(self, number: int, row: int) -> None:
        """What answers for a method where the canary was met."""
        self.canary_released[number] = self._named(row)

    def canary(self, stage: int, share: int) -> None:
        """The share of a stage's requests that meet its canary: a threshold word."""
        self.canaries[stage] = share
        self.moving[stage] = share > 0 or stage in self.restless
        for caller in self.aims:
            caller.settled = caller.settled and (caller.stage != stage or not share)

    def respond(self, stage: int, answers: int, canary_answers: int) -> None:
        """What a stage and its canary answer by themselves from now on."""
        self.answers[stage] = self.plan.answers[answers], self.plan.answers[canary_answers]
        for caller in self.aims:
            if caller.stage == stage:
                caller.answers = self.plan.answers[answers]

    def cache(self, stage: int, capacity: int) -> None:
        """Another cache cluster: everything is lost, and there is no cache while it is made."""
        self.caches[stage].resize(capacity, self.clock.now + self.plan.account.cache_rebuild_ns)

    def unavailable(self, stage: int, share: int) -> None:
        """The share of a stage's requests that API Gateway itself answers with 503 from now on: a threshold word."""
        self.gateway.unavailable[stage] = share
        self.gateway.settle()

    def flush(self, stage: int) -> None:
        """All entries of the stage's cache out."""
        self.caches[stage].flush()

    def flush_authorizers(self, stage: int) -> None:
        """All cached results of the stage's authorizers out."""
        for authorizer in self.authorizers:
            if authorizer.row.stage == stage:
                authorizer.flush()

    def function(self, backend: int, timeout: int) -> None:
        """A function's own timeout, for invocations that start from now on; published versions keep theirs."""
        self.functions[backend].timeout = timeout

    def serves(self, backend: int, concurrency: int) -> None:
        """How many an HTTP backend serves at once from now on."""
        server = self.backends[backend]
        assert isinstance(server, Http)
        server.serves(concurrency)

    def loss(self, client: int, requests: int, answers: int) -> None:
        """The shares of requests and answers of a row of plan.aims that are lost from now on: threshold words."""
        caller = self.aims[client]
        assert isinstance(caller, Lossy | Users)
        caller.loses = requests, answers

    def answer(self, client: int, thresholds: tuple[int, ...]) -> None:
        """What the record of a client answers from now on: cumulative threshold words over its targets."""
        resolvers = self.callers[client].resolvers
        assert resolvers is not None
        resolvers.answer = thresholds

    def reporting(self, client: int) -> int:
        """How many of a target's checkers report that it is healthy."""
        return sum(
            checker.reports for checker in self.callers[client].processes if isinstance(checker, Checker)
        )

    def fault(self, backend: int, slow: int, errors: int, outage: int) -> None:
        """What goes wrong with a backend from now on: thousandths, a threshold word, 0 or 1."""
        fault = self.backends[backend].fault
        fault.slow, fault.errors, fault.outage = slow, errors, bool(outage)
        fault.active = slow != 1000 or errors > 0 or fault.outage or fault.loaded
