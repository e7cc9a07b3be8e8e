"""What an access log or a trace says of a call and no record holds: its concrete path, and where it came from."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from apigw_sim.plan.reading import numbered
from apigw_sim.plan.tables import Addresses, Choice, Drawn, Numbered
from apigw_sim.scenario.clients import Client, Fixed, ParameterValue, ZipfKeys
from apigw_sim.scenario.fronts import NO_PATH
from apigw_sim.scenario.model import Reached
from apigw_sim.scenario.routes import segments

ANYWHERE = ipaddress.ip_network("198.18.0.0/15")
"""Where clients are that do not say it: addresses set aside for tests (RFC 2544), so nobody's."""
IN_A_VPC = ipaddress.ip_network("10.0.0.0/16")
MOST_ADDRESSES = 1 << 26
"""More of them are not told apart."""


def addresses(client: Client) -> Addresses:
    """Where a client's calls come from."""
    network: Any = client.address or (ANYWHERE if client.vpc_endpoint is None else IN_A_VPC)
    which = Numbered(Choice.UNIFORM, min(network.num_addresses, MOST_ADDRESSES))
    if client.addresses is not None:
        skew = client.addresses.zipf
        which = numbered(client.addresses.count, float(skew.s) if skew else None)
    return Addresses(int(network.network_address), network.version, which)


def base_path(target: str, found: Reached) -> str:
    """What stands before the paths of calls to a target: the stage's name, or the base path of a domain."""
    if found.stage is None:
        return ""
    if found.domain is None:
        return f"/{found.stage.partition('/')[2]}"
    path = target.partition("/")[2]
    return "" if path in ("", NO_PATH) else f"/{path}"


def pieces(path: str, values: Mapping[str, ParameterValue]) -> tuple[str | Drawn, ...]:
    """The path of a call in pieces: text, and what is drawn."""
    made: list[str | Drawn] = []
    text = ""
    drawn = [name for name, value in values.items() if not isinstance(value, Fixed)]
    for segment in segments(path):
        text += "/"
        name = f"path.{segment[1:-1].removesuffix('+')}" if segment.startswith("{") else ""
        value = values.get(name)
        if value is None:
            text += quote(segment, safe=":@")
        elif isinstance(value, Fixed):
            text += quote(value.value, safe="/:@")
        else:
            law = numbered(value.n, float(value.s) if isinstance(value, ZipfKeys) else None)
            made += [text, Drawn(drawn.index(name), law)]
            text = ""
    return (*made, text or ("" if made else "/"))
