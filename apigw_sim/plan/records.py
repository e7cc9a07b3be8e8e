"""Records as rows: the clients that call by them as they are at each target, and the checkers of their targets."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from apigw_sim.plan import laws
from apigw_sim.plan.tables import NULL, Client, Names, Policy, Record
from apigw_sim.rules import dns
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.arrivals import Arrivals
from apigw_sim.scenario.clients import Client as SaidClient
from apigw_sim.scenario.records import FOREVER
from apigw_sim.units import SECOND

AT = " at "
CHECKERS = "15.177.0.0/18"
"""Where Route 53's checkers are: ROUTE53_HEALTHCHECKS of AWS's ip-ranges.json."""
EVEN = Arrivals.model_validate({"process": "even", "rate": "1/s"})
"""Of a client at a further target: when it calls the first one says."""


class Spread(NamedTuple):
    """A scenario in which all who send requests are clients: checkers too, and who calls by a record at each target."""

    scenario: Scenario
    checkers: dict[tuple[str, int], str]
    """(record, place of its target) -> the client that checks it."""
    twins: dict[str, list[str]]
    """By client of a record: what it is at the second target and further ones."""


def owner(name: str) -> str:
    """The client that a client at a further target is."""
    return name.partition(AT)[0]


def spread(scenario: Scenario) -> Spread:
    """The scenario with all senders of requests as clients, those at further targets the last."""
    if not scenario.records:
        return Spread(scenario, {}, {})
    clients = dict(scenario.clients)
    checkers: dict[tuple[str, int], str] = {}
    for name, record in scenario.records.items():
        for place, target in enumerate(record.targets if record.health_check else ()):
            assert record.health_check is not None
            minute = scenario.assumptions.health_checkers * 60 * SECOND // record.health_check.interval
            made = SaidClient.model_validate({
                "target": target.stage, "arrivals": {"process": "even", "rate": f"{minute}/min"},
                "calls": [{"call": str(record.health_check.call)}], "timeout": "4 s", "address": CHECKERS,
            })  # fmt: skip
            checkers[name, place] = f"health checks of {target.stage} for {name}"
            clients[checkers[name, place]] = made
    twins: dict[str, list[str]] = {}
    for name, client in scenario.clients.items():
        targets = scenario.records[client.target].targets if client.target in scenario.records else ()
        for place, target in enumerate(targets):
            rtt = client.network.rtt_to.get(scenario.region_of(target.stage), client.network.rtt)
            network = client.network.model_copy(update={"rtt": rtt, "rtt_to": {}})
            if place == 0:
                clients[name] = client.model_copy(update={"network": network})
                continue
            arrivals = client.arrivals if client.users is not None else EVEN
            mine = {"target": target.stage, "network": network, "arrivals": arrivals}
            twins.setdefault(name, []).append(f"{name}{AT}{target.stage}")
            clients[twins[name][-1]] = client.model_copy(update=mine)
    return Spread(scenario.model_copy(update={"clients": clients}), checkers, twins)


def rows(
    found: Spread, clients: tuple[Client, ...], stages: list[str]
) -> tuple[tuple[Client, ...], tuple[Record, ...]]:
    """The rows of plan.clients, those at further targets within theirs, and the rows of plan.records."""
    scenario = found.scenario
    by_name = {client.name: number for number, client in enumerate(clients)}
    records = tuple(
        Record(
            name=name,
            where=scenario.where(("records", name)),
            policy=Policy[record.policy],
            stages=tuple(stages.index(target.stage) for target in record.targets),
            weights=tuple(target.weight for target in record.targets),
            checkers=tuple(
                by_name[found.checkers[name, place]] if record.health_check else NULL
                for place in range(len(record.targets))
            ),
        )
        for name, record in scenario.records.items()
    )
    numbers = {record.name: number for number, record in enumerate(records)}
    checks = {client: name for (name, _), client in found.checkers.items()}
    made: list[Client] = []
    for name, said in scenario.clients.items():
        row = clients[by_name[name]]
        if AT in name:  # who is at a further target comes last, and nobody else has a blank in the name
            break
        if name in checks:
            record = scenario.records[checks[name]]
            assert record.health_check is not None
            retry = replace(row.retry, processes=scenario.assumptions.health_checkers)
            row = replace(row, where=scenario.where(("records", checks[name])), retry=retry,
                          checks=record.health_check.failure_threshold)  # fmt: skip
        elif said.target in numbers:
            twins = [clients[by_name[twin]] for twin in found.twins[name]]
            row = replace(
                row,
                names=_names(said, records[numbers[said.target]], numbers[said.target], scenario, row, twins),
            )
        made.append(row)
    return tuple(made), records


def _names(
    said: SaidClient, record: Record, number: int, scenario: Scenario, row: Client, twins: list[Client]
) -> Names:
    """How a client's calls find the record's targets."""
    every = [row, *twins]
    order = list(range(len(every)))
    if record.policy is Policy.latency:
        order.sort(key=lambda place: every[place].rtt.mean)
    keeps = scenario.records[said.target].ttl if said.dns.cache is None else said.dns.cache
    return Names(
        record=number,
        resolvers=said.dns.resolvers,
        keeps_ns=NULL if keeps == FOREVER else int(keeps),
        order=tuple(order),
        twins=tuple(replace(twin, name=row.name, users=row.users, where=row.where) for twin in twins),
        first=answer(record, tuple(order), (True,) * len(every)),
    )


def answer(record: Record, order: tuple[int, ...], healthy: tuple[bool, ...]) -> tuple[int, ...]:
    """What a record answers to who prefers its targets in an order: cumulative threshold words over them."""
    weights = dns.weights(record.policy is Policy.weighted, record.weights, order, healthy)
    return laws.cumulative([Fraction(weight) for weight in weights])
