"""AWS services behind integrations, as numbers: the buckets that they have for their callers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim import quotas, units
from apigw_sim.plan import laws
from apigw_sim.plan.limits import UNITS_PER_RATE, Limits, Tap
from apigw_sim.plan.reading import numbered
from apigw_sim.plan.tables import NULL, Backend, BackendKind, LimitKind, Numbered
from apigw_sim.rules.bucket import MOST_TOKENS, TOKEN
from apigw_sim.rules.service import tokens
from apigw_sim.scenario.functions import OK
from apigw_sim.scenario.services import EXCEEDED, READS, START
from apigw_sim.scenario.tables import ON_DEMAND

if TYPE_CHECKING:
    from fractions import Fraction

    from apigw_sim.plan.reading import Keys
    from apigw_sim.scenario.functions import Statuses
    from apigw_sim.scenario.services import DynamoDb, Kinesis, PartitionKeys, Sqs, StepFunctions
    from apigw_sim.scenario.services import Service as SaidService

HASHES = 1 << 128
"""What a partition key's MD5 may be; each shard has an equal part of it."""


@dataclass(frozen=True)
class Shards:
    """How records come to the shards of a stream, which stand in as many rows of plan.backends."""

    count: int
    keys: Numbered | None
    """The partition keys; None: each call has its own."""
    of_key: tuple[int, ...]


@dataclass(frozen=True)
class Firehose:
    """What Firehose buffers of a stream, until it delivers it."""

    size: int
    interval_ns: int
    buffers: int
    """One, or one for each shard."""


class Capacity(NamedTuple):
    """The read or the write capacity of a DynamoDB table."""

    table: str
    reads: bool


@dataclass(frozen=True)
class Service:
    """What an AWS service takes; the bucket of its requests is its row's `rate_bucket`."""

    throttle_status: int
    unit: int
    """Bytes of a request that a token pays for; 0: a token a request."""
    cost: int = TOKEN
    """Units of a token's price."""
    by_answer: bool = False
    """Whether the bytes are those of the answer."""
    shards: Shards | None = None
    bytes_bucket: int = NULL
    """Row of plan.buckets: the bytes of a shard, a token each."""
    part: int = 0
    """Which shard of its stream it is."""
    firehose: Firehose | None = None
    """Who reads the stream; None: nobody."""
    capacity: Capacity | None = None
    """What an action on a table consumes."""


@dataclass(frozen=True)
class Queue:
    """An SQS queue and its event source mapping."""

    visibility_ns: int
    most_receives: int
    """NULL: there is no dead-letter queue."""
    retention_ns: int
    most_hidden: int
    """Messages in flight, at most."""
    function: int = NULL
    """Row of plan.backends; NULL: nobody receives."""
    batch: int = 0
    per_message_ns: int = 0
    at_once: int = 0
    """Batches, at first."""
    step: int = 0
    """... that become more in a minute."""
    most: int = 0
    backoff_ns: int = 0
    window_ns: int = 0
    """How long messages are gathered for a batch that is not full."""
    groups: Numbered | None = None
    """The message groups of a FIFO queue."""


class Services:
    """The rows of AWS services."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.reading = limits.reading
        self._taken: dict[tuple[str, bool], int] = {}
        """Buckets of tables, by name and whether of reads; of StartExecution, by whether of express state machines."""
        self.rows: list[Backend] = []
        for name, body in self.reading.scenario.backends.items():
            if body.service is not None:
                self.rows.append(self._service(name, body.service))
            elif body.sqs is not None:
                self.rows.append(self._sqs(name, body.sqs))
            elif body.kinesis is not None:
                self.rows += self._kinesis(name, body.kinesis)
            elif body.dynamodb is not None:
                self.rows.append(self._dynamodb(name, body.dynamodb))
            elif body.step_functions is not None:
                self.rows.append(self._step_functions(name, body.step_functions))

    def _row(
        self,
        name: str,
        kind: str,
        said: SaidService | Sqs | Kinesis | DynamoDb | StepFunctions,
        status: Statuses,
    ) -> Backend:
        """What all of them have."""
        reading, latency = self.reading, said.latency
        where: Keys = ("backends", name, kind, "latency")
        if latency is None:
            latency, where = reading.scenario.assumptions.service_latency, ("assumptions", "service_latency")
        return Backend(
            kind=BackendKind.SERVICE,
            name=name,
            path=f"backends.{name}",
            where=reading.scenario.where(("backends", name)),
            duration=reading.law(latency, "duration", where),
            response=reading.law(said.size, "size", ("backends", name, kind, "size")),
            status=laws.shares(status.items()),
            crash=0,
            malformed=0,
            largest_response=quotas.count("payload_max"),
        )

    def _bucket(self, tap: Tap, *owners: str) -> int:
        """Buckets that are the same in every state: no `set` reaches a service."""
        return self.limits.bucket([tap] * len(self.limits.history.states), owners)

    def _service(self, name: str, said: SaidService) -> Backend:
        path: Keys = ("backends", name, "service", "rate")
        per = f" of {units.show_size(said.unit)}" if said.unit else ""
        ceiling = f"{units.show_rate(said.rate)}{per} burst {said.burst}"
        row = self.limits.limit(LimitKind.SERVICE, f"{name} rate", path, ceiling)
        tap = Tap(int(said.rate * UNITS_PER_RATE), said.burst * TOKEN, row)
        return replace(
            self._row(name, "service", said, said.status),
            rate_bucket=self._bucket(tap, name),
            service=Service(said.throttle_status, said.unit or 0),
        )

    def _kinesis(self, name: str, said: Kinesis) -> Iterator[Backend]:
        """A row for each shard, the first of which stands for the stream."""
        path: Keys = ("backends", name, "kinesis", "shards")
        owners = [f"shard {number}" for number in range(said.shards)]
        records = quotas.count("kinesis_shard_records")
        size = quotas.count("kinesis_shard_bytes")
        kinds = (
            (LimitKind.SERVICE, "records", records, f"{records:,}/s"),
            (LimitKind.SERVICE_BYTES, "bytes", size, f"{units.show_size(size)}/s"),
        )
        first, second = (
            self._bucket(
                self._tap(self.limits.limit(kind, f"{name} {what}", path, f"{shown} a shard"), rate), *owners
            )
            for kind, what, rate, shown in kinds
        )
        row = self._row(name, "kinesis", said, OK)
        service = Service(
            EXCEEDED, 0, shards=_shards(said.shards, said.partition_keys), firehose=self._firehose(said)
        )
        for part in range(said.shards):
            yield replace(
                row,
                name=f"{name}[{part}]" if said.shards > 1 else name,
                rate_bucket=first + part,
                service=replace(service, bytes_bucket=second + part, part=part),
            )

    def _firehose(self, stream: Kinesis) -> Firehose | None:
        said = stream.firehose
        if said is None:
            return None
        per_shard = self.reading.scenario.assumptions.firehose_buffers == "shard"
        return Firehose(said.buffer_size, said.buffer_interval, stream.shards if per_shard else 1)

    def _tap(self, limit: int, rate: int | Fraction) -> Tap:
        """A bucket of which AWS names the rate alone."""
        burst = int(rate * self.reading.scenario.assumptions.service_burst // units.SECOND)
        return Tap(int(rate * UNITS_PER_RATE), burst * TOKEN, limit)

    def _dynamodb(self, name: str, said: DynamoDb) -> Backend:
        reads = said.action in READS
        unit = quotas.count("dynamodb_read_unit" if reads else "dynamodb_write_unit")
        cost = TOKEN // 2 if reads and not said.consistent_read else TOKEN
        if said.item_size is not None:
            unit, cost = 0, cost * tokens(said.item_size, unit)
        return replace(
            self._row(name, "dynamodb", said, said.status),
            rate_bucket=self._capacity(said.table, reads=reads),
            service=Service(EXCEEDED, unit, cost, by_answer=reads, capacity=Capacity(said.table, reads)),
        )

    def _capacity(self, name: str, *, reads: bool) -> int:
        """The bucket of a table's read or write units, which all actions on it share."""
        if (name, reads) in self._taken:
            return self._taken[name, reads]
        table = self.reading.scenario.tables[name]
        what, rate = ("read", table.reads) if reads else ("write", table.writes)
        path: Keys = ("tables", name, f"{what}_capacity")
        row = self.limits.limit(LimitKind.SERVICE, f"{name} {what} capacity", path, f"{rate:,} units/s")
        tap = self._tap(row, rate)
        if table.billing_mode != ON_DEMAND:
            kept = max(rate * table.burst // units.SECOND, rate)
            tap = tap._replace(full=kept * TOKEN)
        if tap.full > MOST_TOKENS * TOKEN:
            self.reading.problem(
                path,
                f"{tap.full // TOKEN:,} units at once are more than a bucket can count ({MOST_TOKENS:,})",
                f"lower it, or tables.{name}.burst",
            )
        self._taken[name, reads] = self._bucket(tap, name)
        return self._taken[name, reads]

    def _step_functions(self, name: str, said: StepFunctions) -> Backend:
        """StartExecution by the account's bucket; StartSyncExecution has none, and its answer is a 200 in any case."""
        row = self._row(name, "step_functions", said, OK)
        if said.action == START:
            return replace(
                row, rate_bucket=self._starts(express=said.type == "EXPRESS"), service=Service(EXCEEDED, 0)
            )
        assert said.duration is not None
        duration = self.reading.law(
            said.duration, "duration", ("backends", name, "step_functions", "duration")
        )
        return replace(row, kind=BackendKind.HTTP, duration=duration)

    def _starts(self, *, express: bool) -> int:
        """The account's bucket of StartExecution, for all state machines of a type."""
        key = (START, express)
        if key not in self._taken:
            account = self.reading.scenario.account
            rate, burst = quotas.start_execution(account.region)
            field, said = "start_execution", account.start_execution
            if express:
                rate, burst = (
                    quotas.rate("start_express_execution_rate"),
                    quotas.count("start_express_execution_burst"),
                )
                field, said = "start_express_execution", account.start_express_execution
            if said is not None:
                rate, burst = said.rate, said.burst
            ceiling = f"{units.show_rate(rate)} burst {burst}"
            row = self.limits.limit(
                LimitKind.SERVICE, "StartExecution rate", ("account", field, "rate"), ceiling
            )
            self._taken[key] = self._bucket(Tap(int(rate * UNITS_PER_RATE), burst * TOKEN, row), field)
        return self._taken[key]

    def _sqs(self, name: str, said: Sqs) -> Backend:
        queue = Queue(
            said.visibility_timeout,
            NULL if said.max_receive_count is None else said.max_receive_count,
            said.retention,
            quotas.count("sqs_in_flight"),
        )
        if said.consumer is not None:
            most = said.consumer.maximum_concurrency or quotas.count("event_source_batches_max")
            queue = replace(
                queue,
                function=list(self.reading.scenario.functions).index(said.consumer.function),
                batch=said.consumer.batch_size,
                per_message_ns=said.consumer.per_message,
                at_once=min(quotas.count("event_source_batches"), most),
                step=quotas.count("event_source_batches_step"),
                most=most,
                backoff_ns=self.reading.scenario.assumptions.event_source_backoff,
                window_ns=said.consumer.batching_window,
            )
        row = self._row(name, "sqs", said, OK)
        if said.fifo is None:
            return replace(row, sqs=queue)
        groups, path = said.fifo.message_groups, ("backends", name, "sqs", "fifo", "rate")
        queue = replace(queue, groups=numbered(groups.count, float(groups.zipf.s) if groups.zipf else None))
        ceiling = f"{units.show_rate(said.fifo.rate)} of SendMessage"
        limit = self.limits.limit(LimitKind.SERVICE, f"{name} rate", path, ceiling)
        bucket = self._bucket(self._tap(limit, said.fifo.rate), name)
        return replace(row, sqs=queue, rate_bucket=bucket, service=Service(EXCEEDED, 0))


def _shards(count: int, said: PartitionKeys | None) -> Shards:
    """Which shard each partition key comes to; the keys are the numbers from 0 on, written out."""
    if said is None:
        return Shards(count, None, ())
    of_key = tuple(
        int.from_bytes(hashlib.md5(b"%d" % key, usedforsecurity=False).digest()) * count // HASHES
        for key in range(said.count)
    )
    return Shards(count, numbered(said.count, float(said.zipf.s) if said.zipf else None), of_key)
