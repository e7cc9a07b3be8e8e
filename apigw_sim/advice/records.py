"""Advice on DNS records: standbys that cannot carry what they are left, health nobody checks, answers kept too long."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.advice.offered import Offered
from apigw_sim.advice.words import about, at_once, exceeds, per_second, several
from apigw_sim.plan.tables import NULL, BackendKind, Client
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.records import FOREVER


def cannot_carry(case: Case) -> Iterator[Finding]:
    """Further targets that have to take all calls alone, and more of them than the account's limits there let pass."""
    plan, offered = case.plan, Offered(case)
    for number, record in enumerate(plan.records):
        clients = [
            row for row, client in enumerate(plan.clients) if client.names and client.names.record == number
        ]
        peak = offered.most_arriving(clients)
        for place, stage in enumerate(record.stages[1:]):
            region = plan.regions[plan.stages[stage].region]
            base: Keys = ("regions", region.name) if plan.stages[stage].region else ("account",)
            left = f"{plan.stages[stage].name} gets {per_second(peak)} when it alone is healthy"
            most = case.rate_in(plan.stages[stage].region)
            if exceeds(peak, float(most)):
                text = f"{left}, and the account takes {per_second(most)} in {region.name}"
                fix = f"have AWS raise {show_path((*base, 'throttle', 'rate'))} to {per_second(peak)} before it is needed"
                yield Finding((*base, "throttle"), text, fix)
            twins = [plan.clients[row].names.twins[place] for row in clients]  # type: ignore[union-attr]
            needed = sum(
                offered.most_arriving([row]) * _seconds(case, offered, row, twin)
                for row, twin in zip(clients, twins, strict=True)
            )
            if exceeds(needed, region.unreserved):
                mean = about(needed / peak * units.SECOND)
                text = (
                    f"{left}, times a mean Duration of {mean} for a call: {at_once(needed):,} at once, and functions without a "
                    f"reservation share {region.unreserved:,} in {region.name}"
                )
                more = at_once(needed) - region.unreserved
                fix = f"have AWS raise {show_path((*base, 'lambda_concurrency'))} by {more:,} or more"
                yield Finding((*base, "lambda_concurrency"), text, fix)


def _seconds(case: Case, offered: Offered, number: int, twin: Client) -> float:
    """How long a call of a client works on the average, at a further target, in functions without a reservation there."""
    plan, row = case.plan, case.plan.clients[number]
    places = {id(call): place for place, call in enumerate(row.calls)}
    total = 0.0
    for call in case.calls(row):
        method = twin.calls[places[id(call.row)]].method
        for backend, share in plan.invoked(plan.methods[method]).items() if method != NULL else ():
            of = plan.backends[backend]
            if of.kind is not BackendKind.LAMBDA:
                continue
            if of.reserved == NULL and of.region == plan.stages[twin.stage].region:
                total += float(call.share * share) * offered.mean(backend)
    return total


def finds_nothing(case: Case) -> Iterator[Finding]:
    """Records without a health check, and checks that can never pass."""
    for name, record in case.scenario.records.items():
        keys: Keys = ("records", name)
        if record.health_check is None:
            first = record.targets[0].stage
            text = f"nobody checks the targets of {name}: all are healthy always, and {first} is the answer while it is down"
            if record.policy != "failover":
                text = f"nobody checks the targets of {name}: all are healthy always, and are the answer while they are down"
            yield Finding(
                keys,
                text,
                "write health_check: {call: GET /health}, a route that answers by what it depends on",
            )
            continue
        asks = [
            target.stage
            for target in record.targets
            for route, method in case.scenario.apis[target.stage.partition("/")[0]].methods.items()
            if (named := case.scenario.routes(target.stage.partition("/")[0]).named(record.health_check.call))
            and route == named[0]
            and (method.api_key_required or method.authorizer is not None or method.authorization != "NONE")
        ]
        if asks:
            text = (
                f"checkers send no API key and no credentials, and {record.health_check.call} of {several(asks)} asks for them: "
                "it is unhealthy always"
            )
            yield Finding((*keys, "health_check", "call"), text, "check a route that everybody may call")


def remembers_too_long(case: Case) -> Iterator[Finding]:
    """Clients whose resolvers keep an answer longer than the record says."""
    for name, client, row in case.clients():
        if row.names is None or client.dns.cache is None:
            continue
        ttl = case.scenario.records[client.target].ttl
        if client.dns.cache != FOREVER and int(client.dns.cache) <= ttl:
            continue
        kept = (
            "for ever" if client.dns.cache == FOREVER else f"for {units.show_duration(int(client.dns.cache))}"
        )
        text = f"{name} keeps what {client.target} answers {kept}, and its TTL is {units.show_duration(ttl)}"
        fix = "let it go by the TTL: of a JVM networkaddress.cache.ttl, and connections that end now and then"
        yield Finding(("clients", name, "dns", "cache"), text, fix)
