"""AWS services behind integrations, as numbers: the buckets that they have for their callers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from apigw_sim import quotas, units
from apigw_sim.plan import laws
from apigw_sim.plan.limits import UNITS_PER_RATE, Limits, Tap
from apigw_sim.plan.tables import NULL, Backend, BackendKind, LimitKind
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.scenario.functions import OK

if TYPE_CHECKING:
    from apigw_sim.plan.reading import Keys, Reading
    from apigw_sim.scenario.functions import Statuses
    from apigw_sim.scenario.services import Service as SaidService
    from apigw_sim.scenario.services import Sqs


@dataclass(frozen=True)
class Service:
    """What an AWS service takes; the bucket of its requests is its row's `rate_bucket`."""

    throttle_status: int
    unit: int
    """Bytes of a request that a token pays for; 0: a token a request."""


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


def services(limits: Limits) -> list[Backend]:
    """The rows of AWS services."""
    made = []
    for name, body in limits.reading.scenario.backends.items():
        if body.service is not None:
            made.append(_service(limits, name, body.service))
        elif body.sqs is not None:
            made.append(_sqs(limits.reading, name, body.sqs))
    return made


def _row(reading: Reading, name: str, kind: str, said: SaidService | Sqs, status: Statuses) -> Backend:
    """What all of them have."""
    latency = said.latency
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


def _sqs(reading: Reading, name: str, said: Sqs) -> Backend:
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
            function=list(reading.scenario.functions).index(said.consumer.function),
            batch=said.consumer.batch_size,
            per_message_ns=said.consumer.per_message,
            at_once=min(quotas.count("event_source_batches"), most),
            step=quotas.count("event_source_batches_step"),
            most=most,
            backoff_ns=reading.scenario.assumptions.event_source_backoff,
        )
    return replace(_row(reading, name, "sqs", said, OK), sqs=queue)


def _service(limits: Limits, name: str, said: SaidService) -> Backend:
    reading, path = limits.reading, ("backends", name, "service")
    per = f" of {units.show_size(said.unit)}" if said.unit else ""
    ceiling = f"{units.show_rate(said.rate)}{per} burst {said.burst}"
    row = limits.limit(LimitKind.SERVICE, f"{name} rate", (*path, "rate"), ceiling)
    tap = Tap(int(said.rate * UNITS_PER_RATE), said.burst * TOKEN, row)
    return replace(
        _row(reading, name, "service", said, said.status),
        rate_bucket=_bucket(limits, tap, name),
        service=Service(said.throttle_status, said.unit or 0),
    )


def _bucket(limits: Limits, tap: Tap, name: str) -> int:
    """A bucket that is the same in every state: no `set` reaches a service."""
    return limits.bucket([tap] * len(limits.history.states), [name])
