"""The catalogue's plans of AWS services behind integrations."""

from __future__ import annotations

from typing import Any

from engine.catalogue_gateway import AGAIN, every
from engine.reaching import Entry, entry
from engine.running import MS, SECOND, client, story

from apigw_sim.plan.tables import GaugeKind


def serving(
    service: dict[str, Any], integration: dict[str, Any] | None = None, **parts: Any
) -> dict[str, Any]:
    """PUT / goes to a service, which gets more than it takes, from a client that tries again."""
    return story(
        route="PUT /",
        integration={"service": "s", **(integration or {})},
        backends={"s": service},
        clients={
            "c": client(
                every(15 * MS, 3 * SECOND),
                [{"call": "PUT /", "body": {"uniform": {"min": "100 B", "max": "6 KB"}}}],
                retry={**AGAIN, "statuses": [400, 429, 504]},
                timeout="300 ms",
            )
        },
        run={"duration": "3 s", "period": "500 ms"},
        **parts,
    )


TIGHT = {"rate": "20/s", "burst": 3, "latency": {"p50": "20 ms", "p99": "200 ms"}}
MAPPED = {"responses": {"400": 429}}
FAULTS = [
    {"at": "1 s", "fault": {"backend": "s", "outage": True, "for": "300 ms"}},
    {"at": "1.6 s", "fault": {"backend": "s", "slow": 9, "for": "300 ms"}},
    {"at": "2.2 s", "fault": {"backend": "s", "errors": "50 %", "for": "300 ms"}},
]

CRASHING = {"duration": {"p50": "60 ms", "p99": "900 ms"}, "timeout": "1 s", "crash": "20 %"}


def queueing(function: dict[str, Any], consumer: dict[str, Any] | None = None, **sqs: Any) -> dict[str, Any]:
    """PUT / goes to a queue, whose function has less than it takes."""
    mapped = {"function": "w", "batch_size": 4, **(consumer or {})}
    return serving(
        {"sqs": {"latency": TIGHT["latency"], "visibility_timeout": "1 s", "consumer": mapped, **sqs}},
        {"timeout": "150 ms"},
        functions={"w": {**CRASHING, **function}},
        timeline=[
            *FAULTS,
            {"at": "800 ms", "fault": {"function": "w", "errors": "50 %", "for": "600 ms"}},
            {"at": "2 s", "fault": {"function": "w", "outage": True, "for": "500 ms"}},
        ],
        assumptions={"event_source_backoff": "300 ms"},
    )


QUEUES = ("VISIBLE", "HIDDEN", "SENT", "RECEIVED", "DELETED", "OLDEST", "EMPTIED")


def querying(**function: Any) -> dict[str, Any]:
    """Two functions and a batch worker share few connections; environments die young, and time out on slow queries."""
    database = {"name": "d", "query": {"p50": "60 ms", "p99": "500 ms"}}
    body = {
        "duration": {"p50": "20 ms", "p99": "90 ms"},
        "timeout": "1 s",
        "idle_lifetime": "400 ms",
        **function,
    }
    said = queueing({**body, "database": {**database, "connection": "each"}}, {"maximum_concurrency": 2})
    said["databases"] = {"d": {"connections": 4, "slowdown": 6}}
    said["functions"] |= {
        "f": {**body, "database": database, "versions": {"1": {}}, "provisioned_concurrency": {"1": 2}},
        "g": {
            **body,
            "crash": "30 %",
            "cold_start": {"provisioning": "20 ms", "init": "30 ms"},
            "database": database,
        },
    }
    said["apis"]["a"]["methods"] |= {
        "GET /f": {"integration": {"lambda_proxy": "f:1"}},
        "GET /g": {"integration": {"lambda": "g", "invocation_type": "Event"}},
    }
    retry = {**AGAIN, "statuses": [502]}
    for name, gap in (("f", 30), ("g", 70)):
        calls = [{"call": f"GET /{name}"}]
        said["clients"][name] = client(every(gap * MS, 2 * SECOND), calls, retry=retry, timeout="300 ms")
    said["backends"]["site"] = {
        "http": {
            "latency": {"p50": "9 ms", "p99": "90 ms"}, "concurrency": 3, "queue": 2, "slowdown": 2,
            "database": {"name": "d", "query": {"p50": "20 ms", "p99": "200 ms"}},
        }
    }  # fmt: skip
    said["apis"]["a"]["methods"]["GET /site"] = {"integration": {"http_proxy": "site"}}
    calls = [{"call": "GET /site"}]
    said["clients"]["site"] = client(every(20 * MS, 2 * SECOND), calls, retry=AGAIN, timeout="60 ms")
    said["timeline"] += [
        {"at": "900 ms", "fault": {"backend": "site", "slow": 2, "for": "300 ms"}},
        {"at": "1.3 s", "fault": {"backend": "site", "errors": "30 %", "for": "300 ms"}},
        {"at": "1 s", "fault": {"function": "f", "slow": 3, "for": "300 ms"}},
        {"at": "1.1 s", "fault": {"function": "f", "errors": "20 %", "for": "300 ms"}},
    ]
    return said


def streaming(kinesis: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """PUT / puts records into a stream whose shards take ten and 10 KB at once."""
    made = serving(
        {"kinesis": {"latency": TIGHT["latency"], **kinesis}}, {**MAPPED, "timeout": "150 ms"},
        assumptions={"service_burst": "10 ms"}, timeline=FAULTS, **parts,
    )  # fmt: skip
    body = {"uniform": {"min": "1 KB", "max": "12 KB"}}
    made["clients"]["d"] = client(
        {"process": "poisson", "rate": "1500/s"}, [{"call": "PUT /", "body": "10 B"}]
    )
    made["clients"]["c"]["calls"] = [{"call": "PUT /", "body": body}]
    return made


def delivering(kinesis: dict[str, Any], **assumptions: Any) -> dict[str, Any]:
    """A stream that Firehose reads, under faults; the large records fill the buffer, and at last the interval has the rest."""
    made = streaming({"firehose": {"buffer_size": "1 MB", "buffer_interval": "1 s"}, **kinesis})
    made["assumptions"] |= assumptions
    large = [{"call": "PUT /", "body": {"uniform": {"min": "1 KB", "max": "900 KB"}}}]
    made["assumptions"]["service_burst"] = "2 s"
    made["clients"]["large"] = client({"process": "poisson", "rate": "9/s"}, large)
    return made


def table(table: dict[str, Any], **action: Any) -> dict[str, Any]:
    """PUT / writes items into a table, GET / reads them."""
    made = serving(
        {"dynamodb": {"table": "t", "action": "PutItem", "latency": TIGHT["latency"]}},
        MAPPED,
        tables={"t": table},
    )
    made["backends"]["r"] = {
        "dynamodb": {
            "table": "t",
            "action": "GetItem",
            "size": {"uniform": {"min": "1 KB", "max": "30 KB"}},
            **action,
        }
    }
    made["apis"]["a"]["methods"]["GET /"] = {"integration": {"service": "r"}}
    made["clients"]["d"] = client({"process": "poisson", "rate": "40/s"})
    return made


DELIVERED = [GaugeKind(kind).name for kind in range(GaugeKind.INCOMING_RECORDS, GaugeKind.CONSUMING)]

ENTRIES: dict[str, Entry] = {
    "a database with few connections": entry(
        querying(), "level CONNECTIONS", "level CONNECTIONS_BUSY", "level CONNECTIONS_REFUSED", "work TIMEOUT", "died",
        "provisioned", "work for EVENT_QUEUE", "work for EVENT_SOURCE",
    ),
    "a queue that is worked off": entry(
        queueing({}), "work for EVENT_SOURCE", *(f"level {name}" for name in QUEUES),
    ),
    "a queue whose messages die": entry(
        queueing({"crash": "50 %", "reserved_concurrency": 1}, max_receive_count=2), "level DEAD", "work THROTTLED_RESERVED",
    ),
    "a queue with little concurrency": entry(
        queueing({"reserved_concurrency": 2}, {"maximum_concurrency": 2, "per_message": "20 ms"}, max_receive_count=3),
        "work for EVENT_SOURCE",
    ),
    "a queue whose messages grow too old": entry(
        queueing({"crash": "100 %"}, visibility_timeout="40 s", retention="1 min"), "level EXPIRED", "work CRASH",
    ),
    "a FIFO queue whose groups wait for each other": entry(
        queueing({"crash": "30 %"}, max_receive_count=3, fifo={"message_groups": {"count": 5, "zipf": {"s": 1}}, "rate": "9/s"}),
        "work for EVENT_SOURCE", "level DEAD", "level DELETED", "SERVICE_THROTTLED", "refused by SERVICE",
    ),
    "a FIFO queue of one group": entry(
        queueing({"crash": "30 %"}, visibility_timeout="2 s", fifo={"message_groups": {"count": 1}}),
        "work CRASH", "level DELETED",
    ),
    "a queue whose batches wait for a window": entry(
        queueing({}, {"batching_window": "200 ms", "batch_size": 10}), "work for EVENT_SOURCE", "level DELETED",
    ),
    "a queue with large batches": entry(
        queueing({}, {"batching_window": "1 s", "batch_size": 60, "per_message": "1 ms"}, max_receive_count=2), "level DEAD",
    ),
    "a service whose refusals are successes": entry(
        serving({"service": TIGHT}), "SERVICE_THROTTLED", "refused by SERVICE", "work SERVICE_THROTTLED",
        "mapped to success",
    ),
    "a service whose refusals are mapped and tried again": entry(
        serving({"service": TIGHT}, MAPPED, timeline=FAULTS), "SERVICE_THROTTLED", "INTEGRATION_FAILURE", "retried",
        "fault ended",
    ),
    "a stream with a hot shard": entry(
        streaming({"shards": 4, "partition_keys": {"count": 50, "zipf": {"s": 1.3}}}), "SERVICE_THROTTLED", "refused by SERVICE",
        "refused by SERVICE_BYTES", "INTEGRATION_FAILURE", "retried", "abandoned",
    ),
    "a stream whose calls have keys of their own": entry(
        streaming({"shards": 2}), "refused by SERVICE", "refused by SERVICE_BYTES",
    ),
    "a stream that Firehose delivers": entry(
        delivering({"shards": 2, "partition_keys": {"count": 9}}), *(f"level {name}" for name in DELIVERED), "fault ended",
        "refused by SERVICE_BYTES",
    ),
    "a stream whose shards have buffers of their own": entry(
        delivering({"shards": 3, "partition_keys": {"count": 9}}, firehose_buffers="shard"),
        *(f"level {name}" for name in DELIVERED),
    ),
    "a table with provisioned capacity": entry(
        table({"billing_mode": "PROVISIONED", "read_capacity": 20, "write_capacity": 30, "burst": "1 s"}), "refused by SERVICE",
        "retried", "mapped to success", "level CONSUMING", "level CONSUMED", "level CAPACITY_EXCEEDED",
    ),
    "a table on demand, with consistent reads": entry(
        table({"read_capacity": 40, "write_capacity": 60}, consistent_read=True, item_size="9 KB"), "refused by SERVICE",
    ),
    "state machines that are started": entry(
        serving(
            {"step_functions": {"latency": TIGHT["latency"]}}, MAPPED, account={"start_execution": {"rate": "20/s", "burst": 3}}
        ),
        "refused by SERVICE", "retried",
    ),
    "state machines that are waited for": entry(
        serving(
            {"step_functions": {"type": "EXPRESS", "action": "StartSyncExecution", "duration": {"p50": "90 ms", "p99": "2 s"}}},
            {"timeout": "150 ms"}, timeline=FAULTS,
        ),
        "INTEGRATION_TIMEOUT", "abandoned", "fault ended",
    ),
    "a service that counts bytes": entry(
        serving({"service": {**TIGHT, "rate": "80/s", "burst": 6, "unit": "1 KB", "throttle_status": 429}}, {
            "responses": {"429": 429, "default": "none", "200": 202},
        }), "SERVICE_THROTTLED", "retried",
    ),
    "a service that answers later than anybody waits": entry(
        serving(
            {"service": {**TIGHT, "rate": "0/s", "burst": 90, "latency": {"uniform": {"min": "20 ms", "max": "400 ms"}}}},
            {"timeout": "150 ms", **MAPPED},
        ),
        "INTEGRATION_TIMEOUT", "abandoned",
    ),
}  # fmt: skip
