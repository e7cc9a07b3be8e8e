"""Advice on what stands before an API: domains and endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several
from apigw_sim.plan.tables import Front
from apigw_sim.scenario.fronts import NO_PATH


def goes_nowhere(case: Case) -> Iterator[Finding]:
    """Clients that call a base path which their domain does not map."""
    for name, client, row in case.clients():
        if row.front is not Front.UNMAPPED:
            continue
        domain, _, path = client.target.partition("/")
        known = several(case.scenario.domains[domain].mappings) or "nothing"
        text = f"{domain} maps {known}, and {name} calls {path or NO_PATH}: 403 for each call, without metric or log"
        yield Finding(
            ("clients", name, "target"),
            text,
            f"map it under domains.{domain}.mappings, or call what is mapped",
        )


def passed_by(case: Case) -> Iterator[Finding]:
    """Domains with mutual TLS whose APIs answer without a certificate under their default endpoint."""
    for name, domain in case.scenario.domains.items():
        if not domain.mutual_tls:
            continue
        apis = dict.fromkeys(stage.partition("/")[0] for stage in domain.mappings.values())
        for api in apis:
            if not case.scenario.apis[api].disable_default_endpoint:
                text = (
                    f"{name} asks for certificates, and {api} answers without one under its default endpoint"
                )
                yield Finding(("apis", api), text, "write disable_default_endpoint: true")


def far_from_the_edge(case: Case) -> Iterator[Finding]:
    """Clients of edge-optimized endpoints that do not say how far the edge is."""
    for name, client, _ in case.clients():
        reached = case.scenario.reached(client.target)
        network = client.network
        if reached.endpoint == "EDGE" and network.new_connection and network.rtt_to_edge is None:
            text = f"{name} calls an edge-optimized endpoint whose POP is as far as the Region: it gains nothing by it"
            yield Finding(
                ("clients", name, "network"),
                text,
                "write network: {rtt_to_edge: 10 ms}, say, or make it REGIONAL",
            )
