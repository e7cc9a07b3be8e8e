"""CloudWatch's metrics and series by number, and the figures of closed periods as columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apigw_sim.metrics.quantiles import POINTS
from apigw_sim.plan.tables import NULL, BackendKind, Plan
from apigw_sim.scenario.routes import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GATEWAY, LAMBDA, SQS, WAF = "AWS/ApiGateway", "AWS/Lambda", "AWS/SQS", "AWS/WAFV2"
KINESIS, FIREHOSE, DYNAMODB = "AWS/Kinesis", "AWS/Firehose", "AWS/DynamoDB"
ALL, DEFAULT_ACTION = "ALL", "Default_Action"
"""What WAF's dimension Rule says of all rules of a web ACL, and of what none of them ended."""
COUNT, MILLISECONDS, SECONDS, BYTES = "Count", "Milliseconds", "Seconds", "Bytes"
NS_PER_MS = 1_000_000
NS_PER_UNIT = {COUNT: 1, MILLISECONDS: NS_PER_MS, SECONDS: 1_000_000_000, BYTES: 1}
STATISTICS = (
    "SampleCount",
    "Sum",
    "Average",
    "Minimum",
    "Maximum",
    *(f"p{point * 100:g}" for point in POINTS),
)


class Metric(IntEnum):
    """A metric, in the order in which a series shows them."""

    COUNT = 0
    ERROR_4XX = 1
    ERROR_5XX = 2
    CACHE_HIT_COUNT = 3
    CACHE_MISS_COUNT = 4
    LATENCY = 5
    INTEGRATION_LATENCY = 6
    INVOCATIONS = 7
    ERRORS = 8
    THROTTLES = 9
    DURATION = 10
    CONCURRENT_EXECUTIONS = 11
    UNRESERVED_CONCURRENT_EXECUTIONS = 12
    CLAIMED_ACCOUNT_CONCURRENCY = 13
    DATA_PROCESSED = 14
    APPROXIMATE_NUMBER_OF_MESSAGES_VISIBLE = 15
    APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE = 16
    APPROXIMATE_AGE_OF_OLDEST_MESSAGE = 17
    NUMBER_OF_MESSAGES_SENT = 18
    NUMBER_OF_MESSAGES_RECEIVED = 19
    NUMBER_OF_MESSAGES_DELETED = 20
    PROVISIONED_CONCURRENCY_INVOCATIONS = 21
    PROVISIONED_CONCURRENCY_SPILLOVER_INVOCATIONS = 22
    PROVISIONED_CONCURRENT_EXECUTIONS = 23
    PROVISIONED_CONCURRENCY_UTILIZATION = 24
    ALLOWED_REQUESTS = 25
    BLOCKED_REQUESTS = 26
    COUNTED_REQUESTS = 27
    ASYNC_EVENTS_RECEIVED = 28
    ASYNC_EVENT_AGE = 29
    ASYNC_EVENTS_DROPPED = 30
    CONNECT_COUNT = 31
    MESSAGE_COUNT = 32
    CLIENT_ERROR = 33
    INTEGRATION_ERROR = 34
    EXECUTION_ERROR = 35
    INCOMING_RECORDS = 36
    INCOMING_BYTES = 37
    PUT_RECORD_SUCCESS = 38
    PUT_RECORD_LATENCY = 39
    WRITE_PROVISIONED_THROUGHPUT_EXCEEDED = 40
    DATA_READ_RECORDS = 41
    DATA_READ_BYTES = 42
    DELIVERY_TO_S3_OBJECT_COUNT = 43
    DELIVERY_TO_S3_RECORDS = 44
    DELIVERY_TO_S3_BYTES = 45
    DELIVERY_TO_S3_DATA_FRESHNESS = 46
    CONSUMED_READ_CAPACITY_UNITS = 47
    CONSUMED_WRITE_CAPACITY_UNITS = 48
    READ_THROTTLE_EVENTS = 49
    WRITE_THROTTLE_EVENTS = 50


class Kind(NamedTuple):
    """What is known of a metric."""

    name: str
    unit: str
    natural: tuple[str, ...]
    """The statistics that a console would show."""
    shares: bool = False
    """Whether its samples are 0 or 1, so that its Average is a share."""


KINDS = (
    Kind("Count", COUNT, ("Sum",)),
    Kind("4XXError", COUNT, ("Sum",), shares=True),
    Kind("5XXError", COUNT, ("Sum",), shares=True),
    Kind("CacheHitCount", COUNT, ("Sum",), shares=True),
    Kind("CacheMissCount", COUNT, ("Sum",), shares=True),
    Kind("Latency", MILLISECONDS, ("Average", "p99")),
    Kind("IntegrationLatency", MILLISECONDS, ("Average", "p99")),
    Kind("Invocations", COUNT, ("Sum",)),
    Kind("Errors", COUNT, ("Sum",), shares=True),
    Kind("Throttles", COUNT, ("Sum",), shares=True),
    Kind("Duration", MILLISECONDS, ("Average", "p99")),
    Kind("ConcurrentExecutions", COUNT, ("Maximum",)),
    Kind("UnreservedConcurrentExecutions", COUNT, ("Maximum",)),
    Kind("ClaimedAccountConcurrency", COUNT, ("Maximum",)),
    Kind("DataProcessed", BYTES, ("Sum",)),
    Kind("ApproximateNumberOfMessagesVisible", COUNT, ("Maximum",)),
    Kind("ApproximateNumberOfMessagesNotVisible", COUNT, ("Maximum",)),
    Kind("ApproximateAgeOfOldestMessage", SECONDS, ("Maximum",)),
    Kind("NumberOfMessagesSent", COUNT, ("Sum",)),
    Kind("NumberOfMessagesReceived", COUNT, ("Sum",)),
    Kind("NumberOfMessagesDeleted", COUNT, ("Sum",)),
    Kind("ProvisionedConcurrencyInvocations", COUNT, ("Sum",)),
    Kind("ProvisionedConcurrencySpilloverInvocations", COUNT, ("Sum",)),
    Kind("ProvisionedConcurrentExecutions", COUNT, ("Maximum",)),
    Kind("ProvisionedConcurrencyUtilization", COUNT, ("Maximum",)),
    Kind("AllowedRequests", COUNT, ("Sum",)),
    Kind("BlockedRequests", COUNT, ("Sum",)),
    Kind("CountedRequests", COUNT, ("Sum",)),
    Kind("AsyncEventsReceived", COUNT, ("Sum",)),
    Kind("AsyncEventAge", MILLISECONDS, ("Average", "Maximum")),
    Kind("AsyncEventsDropped", COUNT, ("Sum",)),
    Kind("ConnectCount", COUNT, ("Sum",)),
    Kind("MessageCount", COUNT, ("Sum",)),
    Kind("ClientError", COUNT, ("Sum",)),
    Kind("IntegrationError", COUNT, ("Sum",)),
    Kind("ExecutionError", COUNT, ("Sum",)),
    Kind("IncomingRecords", COUNT, ("Sum",)),
    Kind("IncomingBytes", BYTES, ("Sum",)),
    Kind("PutRecord.Success", COUNT, ("Average",), shares=True),
    Kind("PutRecord.Latency", MILLISECONDS, ("Average", "p99")),
    Kind("WriteProvisionedThroughputExceeded", COUNT, ("Sum",), shares=True),
    Kind("DataReadFromKinesisStream.Records", COUNT, ("Sum",)),
    Kind("DataReadFromKinesisStream.Bytes", BYTES, ("Sum",)),
    Kind("DeliveryToS3.ObjectCount", COUNT, ("Sum",)),
    Kind("DeliveryToS3.Records", COUNT, ("Sum",)),
    Kind("DeliveryToS3.Bytes", BYTES, ("Sum",)),
    Kind("DeliveryToS3.DataFreshness", SECONDS, ("Average", "Maximum")),
    Kind("ConsumedReadCapacityUnits", COUNT, ("Sum",)),
    Kind("ConsumedWriteCapacityUnits", COUNT, ("Sum",)),
    Kind("ReadThrottleEvents", COUNT, ("Sum",)),
    Kind("WriteThrottleEvents", COUNT, ("Sum",)),
)
OF_HTTP = {"4XXError": "4xx", "5XXError": "5xx"}
"""Metrics that have another name for an HTTP API."""
METRIC_BY_NAME = {kind.name: Metric(number) for number, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Series:
    """A combination of dimensions; an empty one is absent."""

    namespace: str
    api: str = ""
    stage: str = ""
    resource: str = ""
    method: str = ""
    function: str = ""
    executed_version: str = ""
    queue: str = ""
    stream: str = ""
    """A data stream, or the Firehose stream that reads it, which has its name here."""
    table: str = ""
    web_acl: str = ""
    rule: str = ""
    region: str = ""
    """A further Region of the account, of what is of all its functions; empty: the account's own."""
    http: bool = False
    """Of an HTTP or a WebSocket API: `api` is the dimension ApiId, else ApiName."""
    websocket: bool = False
    """Of a WebSocket API: it has metrics of its own."""

    def name_of(self, kind: Kind) -> str:
        """What CloudWatch calls a metric of it."""
        return OF_HTTP.get(kind.name, kind.name) if self.http else kind.name

    @property
    def label(self) -> str:
        """For people: `shop/prod GET /items/{id}`, `checkout`, `checkout:PROD`; empty for a whole Region."""
        if alone := self.queue or self.stream or self.table:
            return alone
        if self.web_acl:
            return f"{self.web_acl} {self.rule}"
        if self.namespace == LAMBDA:
            version = f" version {self.executed_version}" if self.executed_version else ""
            return (self.resource or self.function or self.region) + version
        where = f"{self.api}/{self.stage}" if self.stage else self.api
        return f"{where} {spelled(self.method, self.resource)}" if self.resource else where


class WorkLevel(NamedTuple):
    """By what invocations are grouped: the group of each pair (-1: none), and the series of each group."""

    of_pair: NDArray[np.int64]
    series: NDArray[np.int64]


class Numbering:
    """All series of a plan, numbered as they are printed: each API, its stages, their detailed methods; Lambda."""

    def __init__(self, plan: Plan) -> None:
        self.series: list[Series] = []
        apis = list(dict.fromkeys(stage.api for stage in plan.stages))
        self.apis = apis
        self.api_of_stage = np.array([apis.index(stage.api) for stage in plan.stages], np.int64)
        self.of_api = np.zeros(len(apis), np.int64)
        self.of_stage = np.zeros(len(plan.stages), np.int64)
        self.of_method = np.full(len(plan.methods), -1, np.int64)
        """-1: detailed metrics are off."""
        self.of_backend = np.full(len(plan.backends), -1, np.int64)
        """Of functions: the series of all their versions together."""
        canaried = sorted({pointer.stage for pointer in plan.pointers if pointer.canary >= 0})
        canaries: list[int] = []
        methods_of: list[list[int]] = [[] for _ in plan.stages]
        for number, method in enumerate(plan.methods):
            methods_of[method.stage].append(number)
        for api_number, api in enumerate(apis):
            of = plan.stages[self.api_of_stage.tolist().index(api_number)]
            kind = {"http": of.http or of.websocket, "websocket": of.websocket}
            self.of_api[api_number] = self._add(Series(GATEWAY, api, **kind))
            for stage_number, stage in enumerate(plan.stages):
                if stage.api != api:
                    continue
                name = stage.name.rpartition("/")[2]
                self.of_stage[stage_number] = self._add(Series(GATEWAY, api, name, **kind))
                if stage_number in canaried and plan.account.canary_series:
                    canaries.append(self._add(Series(GATEWAY, api, f"{name}/Canary")))
                for number in methods_of[stage_number]:
                    method = plan.methods[number]
                    if not method.detailed:
                        continue
                    self.of_method[number] = self._add(
                        Series(GATEWAY, api, name, method.resource, method.verb, **kind)
                    )
        self.of_canary = np.array(canaries, np.int64)
        """Of stages that have a canary at some time, in their order."""
        self.of_region = [
            self._add(Series(LAMBDA, region=name)) for name in ("", *(r.name for r in plan.elsewhere))
        ]
        """What is of all functions of a Region."""
        self._number_pairs(plan)
        for number, backend in enumerate(plan.backends):
            if backend.kind == BackendKind.LAMBDA and backend.version_of == NULL:
                self.of_backend[number] = self._add(Series(LAMBDA, function=backend.name))
                self._add_resources(plan, number)
        queues = [self._add(Series(SQS, queue=plan.backends[row].name)) for row in plan.queues]
        self.of_queue = np.array(queues, np.int64)
        """By number of the queue."""
        self.of_stream, self.of_firehose = (
            np.array([self._add(Series(of, stream=plan.backends[row].said_name)) for row in rows], np.int64)
            for of, rows in ((KINESIS, plan.streams), (FIREHOSE, plan.firehoses))
        )
        """By place in plan.streams, and in plan.firehoses."""
        of_table = {row.table: NULL for row in plan.capacities}
        of_table = {table: self._add(Series(DYNAMODB, table=table)) for table in of_table}
        self.of_capacity = np.array([of_table[row.table] for row in plan.capacities], np.int64)
        """By place in plan.capacities: the series of the table."""
        self.of_acl = np.array(
            [self._add(Series(WAF, web_acl=acl, rule=ALL)) for acl in plan.waf.acls], np.int64
        )
        """All rules of a web ACL together."""
        rules = [
            *((acl, DEFAULT_ACTION) for acl in plan.waf.acls),
            *((row.acl, row.name) for row in plan.waf.rules),
        ]
        self.of_rule = np.array(
            [self._add(Series(WAF, web_acl=acl, rule=rule)) for acl, rule in rules], np.int64
        )
        """What no rule of a web ACL ended, then the rules."""
        self.of_provision = np.array([self._named(row.name) for row in plan.provisions], np.int64)
        """Of provisioned concurrency: the series of its version or alias."""
        of_function = [self.of_backend[plan.function_of(row)] for row, _ in self.pair_list]
        self.work = tuple(map(_level, (of_function, self._of_resource, self._of_version)))
        """Of AWS/Lambda: by FunctionName, by Resource, by Resource and ExecutedVersion."""

    def _number_pairs(self, plan: Plan) -> None:
        """What was invoked and by which alias: the backends by themselves, then each alias with all its function's."""
        self.pair_list = [(row, NULL) for row in range(len(plan.backends))]
        self.pair_list += [
            (row, number)
            for number, alias in enumerate(plan.aliases)
            for row in plan.versions(alias.function)
        ]
        self.pair = np.full((len(plan.aliases) + 1, len(plan.backends)), -1, np.int64)
        """(Row of plan.aliases + 1, row of plan.backends) -> number of the pair."""
        for number, (row, alias) in enumerate(self.pair_list):
            self.pair[alias + 1, row] = number
        self._of_resource = [-1] * len(self.pair_list)
        self._of_version = [-1] * len(self.pair_list)

    def _add_resources(self, plan: Plan, function: int) -> None:
        """The series of a function's aliases, of those with two versions also by version, and of its versions."""
        name = plan.backends[function].name
        rows = plan.versions(function)
        for number, alias in enumerate(plan.aliases):
            if alias.function != function:
                continue
            resource = self._add(Series(LAMBDA, function=name, resource=alias.name))
            for row in rows:
                pair = self.pair[number + 1, row]
                self._of_resource[pair] = resource
                if row != function and plan.ever_weighted(number):
                    version = plan.version_name(row)
                    self._of_version[pair] = self._add(Series(LAMBDA, "", "", alias.name, "", name, version))
        for row in rows[1:]:
            self._of_resource[row] = self._add(
                Series(LAMBDA, function=name, resource=plan.backends[row].name)
            )

    def _named(self, resource: str) -> int:
        """The series of a version or an alias."""
        return next(
            number
            for number, series in enumerate(self.series)
            if series.resource == resource and series.namespace == LAMBDA and not series.executed_version
        )

    def _add(self, series: Series) -> int:
        self.series.append(series)
        return len(self.series) - 1


def _level(series: Sequence[int]) -> WorkLevel:
    """A level whose groups are series, given by pair; -1: none."""
    groups = [one for one in dict.fromkeys(series) if one >= 0]
    return WorkLevel(
        np.array([groups.index(one) if one >= 0 else -1 for one in series], np.int64),
        np.array(groups, np.int64),
    )


class Columns(NamedTuple):
    """Figures as columns, ordered by period, series and metric; `values` has a column for each of STATISTICS."""

    period: NDArray[np.int64]
    series: NDArray[np.int64]
    metric: NDArray[np.int64]
    values: NDArray[np.float64]


class Figures:
    """What closed periods leave behind: a row per period, series and metric that had a sample."""

    def __init__(self) -> None:
        self._keys: list[NDArray[np.int32]] = []
        self._values: list[NDArray[np.float64]] = []

    def add(
        self,
        period: int,
        metric: Metric,
        series: NDArray[np.int64],
        counts: NDArray[np.int64],
        sums: NDArray[np.float64] | NDArray[np.int64],
        least: NDArray[np.float64] | NDArray[np.int64],
        most: NDArray[np.float64] | NDArray[np.int64],
        points: NDArray[np.float64],
    ) -> None:
        """Keep the figures of one metric in one period; times in ns."""
        if not len(series):
            return
        scale = NS_PER_UNIT[KINDS[metric].unit]
        keys = np.empty((len(series), 3), np.int32)
        keys[:, 0], keys[:, 1], keys[:, 2] = period, series, metric
        values = np.empty((len(series), len(STATISTICS)), np.float64)
        values[:, 0] = counts
        values[:, 1] = np.asarray(sums, np.float64) / scale
        values[:, 2] = np.asarray(sums, np.float64) / counts / scale
        values[:, 3] = np.asarray(least, np.float64) / scale
        values[:, 4] = np.asarray(most, np.float64) / scale
        values[:, 5:] = points / scale
        self._keys.append(keys)
        self._values.append(values)

    def columns(self) -> Columns:
        """All that is kept, in order."""
        if not self._keys:
            none = np.zeros(0, np.int64)
            return Columns(none, none, none, np.zeros((0, len(STATISTICS))))
        keys, values = np.concatenate(self._keys), np.concatenate(self._values)
        order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))
        keys, values = keys[order], values[order]
        self._keys, self._values = [keys], [values]
        period, series, metric = keys.T.astype(np.int64)
        return Columns(period, series, metric, values)
