"""AWS services behind integrations, as numbers: the buckets that they have for their callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apigw_sim import quotas, units
from apigw_sim.plan import laws
from apigw_sim.plan.limits import UNITS_PER_RATE, Limits, Tap
from apigw_sim.plan.tables import Backend, BackendKind, LimitKind
from apigw_sim.rules.bucket import TOKEN

if TYPE_CHECKING:
    from apigw_sim.plan.reading import Keys
    from apigw_sim.scenario.services import Service as SaidService


@dataclass(frozen=True)
class Service:
    """What an AWS service takes; the bucket of its requests is its row's `rate_bucket`."""

    throttle_status: int
    unit: int
    """Bytes of a request that a token pays for; 0: a token a request."""


def services(limits: Limits) -> list[Backend]:
    """The rows of AWS services."""
    said = limits.reading.scenario.backends
    return [_service(limits, name, body.service) for name, body in said.items() if body.service is not None]


def _service(limits: Limits, name: str, said: SaidService) -> Backend:
    reading, path = limits.reading, ("backends", name, "service")
    per = f" of {units.show_size(said.unit)}" if said.unit else ""
    ceiling = f"{units.show_rate(said.rate)}{per} burst {said.burst}"
    row = limits.limit(LimitKind.SERVICE, f"{name} rate", (*path, "rate"), ceiling)
    tap = Tap(int(said.rate * UNITS_PER_RATE), said.burst * TOKEN, row)
    latency = said.latency
    where: Keys = (*path, "latency")
    if latency is None:
        latency, where = reading.scenario.assumptions.service_latency, ("assumptions", "service_latency")
    return Backend(
        kind=BackendKind.SERVICE,
        name=name,
        path=f"backends.{name}",
        where=reading.scenario.where(("backends", name)),
        duration=reading.law(latency, "duration", where),
        response=reading.law(said.size, "size", (*path, "size")),
        status=laws.shares(said.status.items()),
        crash=0,
        malformed=0,
        largest_response=quotas.count("payload_max"),
        rate_bucket=_bucket(limits, tap, name),
        service=Service(said.throttle_status, said.unit or 0),
    )


def _bucket(limits: Limits, tap: Tap, name: str) -> int:
    """A bucket that is the same in every state: no `set` reaches a service."""
    return limits.bucket([tap] * len(limits.history.states), [name])
