"""AWS services behind integrations: what they take, and what they answer when it is too much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from apigw_sim import quotas, units
from apigw_sim.scenario.base import Part
from apigw_sim.scenario.clients import KeyByZipf
from apigw_sim.scenario.code import Code
from apigw_sim.scenario.functions import OK, HttpBackend, Statuses
from apigw_sim.scenario.laws import DurationLaw, SizeLaw, constant
from apigw_sim.scenario.quantities import Duration, Flag, Size, Words, one_of, quantity
from apigw_sim.scenario.settings import Burst, ThrottleRate

ErrorStatus = Annotated[int, quantity("count", 400, 599, note="write an HTTP status from 400 to 599")]
MOST_SHARDS, MOST_PARTITION_KEYS = 1000, 100_000
LATENCY = "its time for a request; default: assumptions.service_latency"


class Service(Part):
    """Any AWS service, by the token bucket that it has for its callers."""

    rate: ThrottleRate = Field(description="requests per second that it takes", examples=["300/s"])
    burst: Burst = Field(description="requests that may come at once", examples=[300])
    throttle_status: ErrorStatus = Field(400, description="what it answers when that is used up")
    unit: Size | None = Field(
        None, description="bytes of a request that one token pays for; default: a token a request"
    )
    latency: DurationLaw | None = Field(None, description=LATENCY)
    status: Statuses = Field(OK, description="the shares of the statuses that it answers else, or one status")
    size: SizeLaw = Field(constant(200), description="the answer's size")


class PartitionKeys(Part):
    """The partition keys of records: by the MD5 of its key a record comes to its shard."""

    count: Annotated[int, quantity("count", 1, MOST_PARTITION_KEYS)] = Field(
        description="how many there are", examples=[1000]
    )
    zipf: KeyByZipf | None = Field(
        None, description="the k-th is drawn with weight 1/k^s; default: all alike"
    )


class Firehose(Part):
    """A Firehose stream that reads a data stream, and delivers to S3 by size or by interval, whichever is reached first."""

    buffer_size: Annotated[
        int,
        quantity("size", quotas.count("firehose_buffer_size_min"), quotas.count("firehose_buffer_size_max")),
    ] = Field(
        quotas.count("firehose_buffer_size"),
        description="bytes of records, before compression, from which on they are delivered",
    )
    buffer_interval: Annotated[
        int,
        quantity(
            "duration",
            units.SECOND,
            quotas.count("firehose_buffer_interval_max"),
            note="write 1 s to 900 s; AWS's 0 s, without a buffer, is not simulated",
        ),
    ] = Field(
        quotas.count("firehose_buffer_interval"),
        description="how long after the first of them records are delivered",
    )


class Kinesis(Part):
    """A Kinesis data stream, by PutRecord: each shard takes 1,000 records and 1 MB a second."""

    shards: Annotated[int, quantity("count", 1, MOST_SHARDS)] = Field(
        description="its open shards, with hash ranges of one size", examples=[4]
    )
    partition_keys: PartitionKeys | None = Field(
        None, description="the keys that calls draw from; default: each call has a key of its own"
    )
    firehose: Firehose | None = Field(
        None, description="the Firehose stream that delivers its records to S3; default: nobody reads them"
    )
    latency: DurationLaw | None = Field(None, description=LATENCY)
    size: SizeLaw = Field(constant(120), description="the answer's size")


ACTIONS = ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
READS = ACTIONS[:2]
"""Actions that take of the read capacity; the others write."""


class DynamoDb(Part):
    """An action on a DynamoDB table, whose capacity it shares with all actions on that table."""

    table: Words = Field(description="the table", examples=["orders"])
    action: Annotated[
        Literal["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"], one_of(*ACTIONS, noun="action")
    ] = Field(description="what it does", examples=["PutItem"])
    item_size: Size | None = Field(
        None,
        description="the size that its units are counted by; default: the answer of a read, the body of a write",
    )
    consistent_read: Flag = Field(
        False,
        description="whether a read is strongly consistent, which takes a unit where others take half of one",
    )
    latency: DurationLaw | None = Field(None, description=LATENCY)
    status: Statuses = Field(OK, description="the shares of the statuses that it answers else, or one status")
    size: SizeLaw = Field(constant(units.KB), description="the answer's size")


START: Literal["StartExecution"] = "StartExecution"
START_SYNC: Literal["StartSyncExecution"] = "StartSyncExecution"


class StepFunctions(Part):
    """A state machine of AWS Step Functions: started, or run while the caller waits."""

    type: Annotated[Literal["STANDARD", "EXPRESS"], one_of("STANDARD", "EXPRESS", noun="type")] = Field(
        "STANDARD", description="the type of the state machine"
    )
    action: Annotated[
        Literal["StartExecution", "StartSyncExecution"], one_of(START, START_SYNC, noun="action")
    ] = Field(
        START,
        description="whether the answer comes at once, or when the execution, an express one, has ended",
    )
    duration: DurationLaw | None = Field(
        None, description="how long an execution takes; of StartSyncExecution, for nobody else sees it"
    )
    latency: DurationLaw | None = Field(
        None, description="of StartExecution, its time for a request; default: assumptions.service_latency"
    )
    size: SizeLaw = Field(constant(200), description="the answer's size")


class Consumer(Part):
    """The event source mapping of a queue: a function, invoked with batches of its messages."""

    function: Words = Field(description="the function that gets the messages", examples=["worker"])
    batch_size: Annotated[
        int,
        quantity("count", 1, quotas.count("sqs_batch_max")),
    ] = Field(
        quotas.count("sqs_batch"), description="messages of an invocation, at most; fewer if fewer are there"
    )
    batching_window: Annotated[int, quantity("duration", 0, quotas.count("sqs_batching_window_max"))] = Field(
        0,
        description="how long the mapping gathers messages for a batch that is not full; of a FIFO queue, not at all",
    )
    maximum_concurrency: (
        Annotated[
            int,
            quantity(
                "count",
                quotas.count("event_source_concurrency_min"),
                quotas.count("event_source_batches_max"),
                note="AWS allows 2 to 1000",
            ),
        ]
        | None
    ) = Field(None, description="invocations at once, at most; default: the mapping's own 1,000")
    per_message: Duration = Field(
        0, description="what each message of a batch adds to the function's duration"
    )


class MessageGroups(PartitionKeys):
    """The message groups of a FIFO queue."""


class Fifo(Part):
    """What a FIFO queue has beside: order within message groups, and a limit of its own."""

    message_groups: MessageGroups = Field(
        description="the groups that calls draw from; of each, one batch at a time is under way, in order",
        examples=[{"count": 100}],
    )
    rate: ThrottleRate = Field(
        quotas.rate("sqs_fifo_rate"),
        description="SendMessage calls a second that it takes; more of a queue with high throughput",
    )


class Sqs(Part):
    """An SQS queue, standard or FIFO, and the function that works it off."""

    fifo: Fifo | None = Field(None, description="that it is a FIFO queue; default: a standard one")

    visibility_timeout: Annotated[int, quantity("duration", 0, quotas.count("sqs_visibility_max"))] = Field(
        quotas.count("sqs_visibility"),
        description="how long a message that was received is hidden, should its batch fail",
    )
    max_receive_count: Annotated[int, quantity("count", 1, 1000)] | None = Field(
        None,
        description="receives after which a message goes to the dead-letter queue; default: there is none",
    )
    retention: Annotated[
        int, quantity("duration", quotas.count("sqs_retention_min"), quotas.count("sqs_retention_max"))
    ] = Field(quotas.count("sqs_retention"), description="how long a message is kept at all")
    consumer: Consumer | None = Field(None, description="the event source mapping; default: nobody receives")
    latency: DurationLaw | None = Field(None, description=LATENCY)
    size: SizeLaw = Field(constant(400), description="the answer's size")

    later: ClassVar[Mapping[str, str]] = {
        "delay": "belongs to a later version; leave it out",
    }


class Backend(Part):
    """A backend that is no Lambda function: exactly one of http, an AWS service, and python."""

    http: HttpBackend | None = Field(None, description="an HTTP server", examples=[{"latency": "90 ms"}])
    service: Service | None = Field(None, description="an AWS service by its rate, burst and throttle status")
    sqs: Sqs | None = Field(None, description="an SQS queue, with the function that works it off")
    kinesis: Kinesis | None = Field(None, description="a Kinesis data stream, by its shards")
    dynamodb: DynamoDb | None = Field(
        None, description="an action on a DynamoDB table, by the table's capacity"
    )
    step_functions: StepFunctions | None = Field(None, description="a state machine of AWS Step Functions")
    python: Code | None = Field(
        None, description="a class of your own, as module:Class; its code runs only where you allow it"
    )

    @property
    def of_aws(self) -> bool:
        """Whether it is an AWS service, which custom integrations alone call."""
        return self.served is not None

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def served(self) -> Service | Sqs | Kinesis | DynamoDb | StepFunctions | None:
        """The AWS service that it is; None: it is none."""
        return self.service or self.sqs or self.kinesis or self.dynamodb or self.step_functions

    @property
    def throttle_status(self) -> int | None:
        """What it answers when its own rate is used up; None: it has none."""
        if self.service is not None:
            return self.service.throttle_status
        if self.sqs is not None and self.sqs.fifo is not None:
            return EXCEEDED
        starts = self.step_functions is not None and self.step_functions.action == START
        return EXCEEDED if self.kinesis or self.dynamodb or starts else None


EXCEEDED = 400
"""The status of ProvisionedThroughputExceededException and of ThrottlingException."""
KINDS = ("http", "service", "sqs", "kinesis", "dynamodb", "step_functions", "python")
"""The kinds of backends, of which each has one."""
