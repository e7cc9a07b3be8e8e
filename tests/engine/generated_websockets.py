"""WebSocket APIs by chance, put beside what a scenario made by chance has: drawn from a source of its own, so the rest stays."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of, some
from engine.generated_aliases import callees
from engine.generated_parts import ms, network, rate_of, retry_of, throttle, time_of
from engine.generated_security import identities

SOCKETED = 30
"""Percent of the scenarios that have a WebSocket API too."""
API = "v"
ROUTES = ("$connect", "$disconnect", "send", "ask", "$default")


@drawn
def route(draw: Draw, said: dict[str, Any], key: str) -> dict[str, Any]:
    """A route of one of the scenario's functions or backends or of nothing, $connect with an authorizer perhaps."""
    targets: list[dict[str, Any]] = [{"mock": {}}]
    targets += [{"lambda_proxy": name} for name in callees(said["functions"])]
    targets += [{"http_proxy": name} for name, body in said["backends"].items() if "http" in body]
    made: dict[str, Any] = {"integration": draw(one_of(*targets))}
    if draw(chance(40)):
        made["integration"]["timeout"] = ms(draw(few(5, 40)))
    if key == "$connect" and "whose" in said.get("authorizers", {}):
        made["authorizer"] = "whose"
    return made


def without(said: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Without what a client with connections may not say."""
    return {key: value for key, value in said.items() if key not in keys}


@drawn
def socketed(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with a WebSocket API, clients that connect to it, a backend that calls them, and losses."""
    if not draw(chance(SOCKETED)):
        return said
    if said["functions"] and draw(chance(40)):
        said.setdefault("authorizers", {})["whose"] = {
            "type": "REQUEST", "function": draw(one_of(*said["functions"])), "ttl": "0 s", "identity_sources": [],
        }  # fmt: skip
    routes = draw(some(ROUTES, 2, 5))
    said["apis"][API] = {
        "type": "WEBSOCKET", "endpoint": "REGIONAL", "methods": {key: draw(route(said, key)) for key in routes},
        "stages": {"s": {"method_settings": {"every_method": {"throttle": draw(throttle())}}} if draw(chance(50)) else {}},
    }  # fmt: skip
    duration = int(said["run"]["duration"].split()[0]) // 10
    said.setdefault("account", {})["websocket_connections"] = {
        "rate": f"{draw(few(1, 40))}/s",
        "burst": draw(few(0, 6)),
    }
    own: dict[str, Any] = {"every": draw(time_of(1, 60))}
    if draw(chance(70)):
        own["lifetime"] = draw(time_of(1, 200))
    if draw(chance(70)):
        own["reconnect"] = draw(time_of(0, 40, zero=True))
    calls = [
        {"call": call, "body": draw(one_of("0 B", "3 KB", "129 KB", {"p50": "40 KB", "p99": "400 KB"}))}
        for call in draw(some(("send", "ask", "elsewhere"), 1, 3))
    ]
    body = {
        "target": f"{API}/s",
        "arrivals": draw(rate_of(duration, 40)),
        "connections": own,
        "calls": calls,
    }
    body |= {"timeout": ms(draw(few(3, 60)))} if draw(chance(60)) else {}
    if draw(chance(60)):
        body["retry"] = without(draw(retry_of("timeout" in body)), "mode", "budget")
    if draw(chance(30)):
        body["network"] = without(draw(network()), "new_connection", "tls")
    said["clients"][API] = {**body, **({"identities": draw(identities())} if draw(chance(60)) else {})}
    if draw(chance(40)):
        calls_back = {
            "target": f"{API}/s",
            "arrivals": draw(rate_of(duration, 20)),
            "calls": [{"call": "@connections"}],
        }
        said["clients"]["calls_back"] = calls_back
    for _ in range(draw(few(0, 2))):
        said["timeline"].append(
            {
                "at": ms(draw(few(0, duration - 1))),
                "disconnect": f"{API}/s",
                "share": draw(one_of("30 %", "100 %")),
            }
        )
    return said
