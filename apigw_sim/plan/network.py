"""The way between a client and the gateway: its round trip, the handshakes of a new connection, and what lies on it.

All parts of one attempt's way are functions of one drawn word, so a slow moment is slow on all of it, and an endpoint
type changes nothing but the lengths that are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from apigw_sim.plan import laws
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import NULL, Front, Law
from apigw_sim.scenario.clients import Client as SaidClient
from apigw_sim.scenario.model import Reached

TCP, TLS_1_2, TLS_1_3 = 1, 2, 1
"""Round trips of a handshake (facts 12.2)."""


class Way(NamedTuple):
    """What a client's attempts meet before the gateway."""

    rtt: Law
    """To the gateway and back, over a connection that is open."""
    handshakes: Law | None
    """What a new connection takes before the request leaves; None: connections are never new."""
    new_connection: int
    """Threshold word."""
    front: Front
    untrusted: int
    """Threshold word: calls without a certificate that mutual TLS would trust."""
    distribution: int
    """Row of plan.distributions; NULL: none."""
    rtt_to_edge: Law | None
    """To the distribution and back."""


def way(reading: Reading, path: Keys, client: SaidClient, found: Reached) -> Way:
    """The way of a client."""
    network, scenario = client.network, reading.scenario
    here: Keys = (*path, "network")
    rtt = reading.law(network.rtt, "duration", (*here, "rtt"))
    near = network.rtt_to_edge
    distribution = NULL
    if found.distribution is not None:
        distribution = list(scenario.distributions).index(found.distribution)
        near = near or scenario.distributions[found.distribution].rtt
    edge = rtt if near is None else reading.law(near, "duration", (*here, "rtt_to_edge"))
    by_edge = found.endpoint == "EDGE" or distribution != NULL
    first = edge if by_edge else rtt
    if by_edge:
        rtt = beyond(edge, rtt, scenario.assumptions.edge_backbone)
    version = network.tls or ("1.2" if found.endpoint == "PRIVATE" else "1.3")
    trips = TCP + (TLS_1_3 if version == "1.3" else TLS_1_2)
    fresh = laws.threshold(network.new_connection)
    domain = scenario.domains[found.domain] if found.domain else None
    asks = domain is not None and domain.mutual_tls
    return Way(
        rtt=rtt,
        handshakes=added(f"{trips} x {first.text}", [(first, Fraction(trips))]) if fresh else None,
        new_connection=fresh,
        front=Front.UNMAPPED if found.stage is None else Front.MUTUAL_TLS if asks else Front.OPEN,
        untrusted=laws.threshold(1 - client.client_certificate) if asks else 0,
        distribution=distribution,
        rtt_to_edge=edge if distribution != NULL else None,
    )


def beyond(edge: Law, rtt: Law, share: Fraction) -> Law:
    """To the POP, and the rest of the way to the Region over the backbone."""
    if edge is rtt:
        return rtt
    return added(f"{edge.text}, then the rest of {rtt.text}", [(edge, 1 - share), (rtt, share)], edge)


def added(text: str, parts: Sequence[tuple[Law, Fraction]], least: Law | None = None) -> Law:
    """A sum of laws of one word, each times a factor, and nowhere less than `least`."""
    import numpy as np

    cells = np.zeros(len(parts[0][0].cells), np.int64)
    for law, factor in parts:
        cells += law.cells * factor.numerator // factor.denominator
    if least is not None:
        np.maximum(cells, least.cells, out=cells)
    return laws.tabled(text, cells)
