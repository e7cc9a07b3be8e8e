"""HTTP APIs by chance, put beside what a scenario made by chance has: drawn from a source of its own, so the rest stays."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of, some
from engine.generated_aliases import callees
from engine.generated_parts import ms, network, rate_of, retry_of, throttle, time_of
from engine.generated_security import identities

TYPED = 30
"""Percent of the scenarios that have an HTTP API too."""
API = "w"
ROUTES = ("GET /items/{id}", "ANY /items/{id}", "ANY /{proxy+}", "$default", "OPTIONS /x", "PUT /x")
CALLS = ("GET /items/{id}", "OPTIONS /items/{id}", "PUT /x", "OPTIONS /x", "GET /x")


@drawn
def route(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """A route of one of the scenario's functions or backends, with an authorizer perhaps."""
    targets = [{"lambda_proxy": name} for name in callees(said["functions"])]
    targets += [{"http_proxy": name} for name, body in said["backends"].items() if "http" in body]
    made: dict[str, Any] = {"integration": draw(one_of(*targets))}
    if draw(chance(40)):
        made["integration"]["timeout"] = ms(draw(few(5, 40)))
    kind = draw(one_of("", "", "jwt", "yes", "AWS_IAM"))
    if kind == "AWS_IAM":
        made["authorization"] = kind
    elif kind in said["authorizers"]:
        made["authorizer"] = kind
    return made


@drawn
def typed(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with an HTTP API, and a client of it that knows some of its routes and some that are not there."""
    if not draw(chance(TYPED)):
        return said
    said.setdefault("authorizers", {})["jwt"] = {"type": "JWT"}
    if said["functions"]:
        said["authorizers"]["yes"] = {
            "type": "REQUEST", "function": draw(one_of(*said["functions"])), "ttl": draw(one_of("0 s", "1 s", "300 s")),
            "simple_responses": draw(chance(70)),
        }  # fmt: skip
    routes = draw(some(ROUTES, 2, 5))
    stage = draw(one_of("$default", "$default", "s"))
    api: dict[str, Any] = {
        "type": "HTTP", "endpoint": "REGIONAL", "methods": {name: draw(route(said)) for name in routes},
        "stages": {stage: {}}, "cors": draw(chance(60)),
    }  # fmt: skip
    for name in draw(some(["every_method", *routes], 0, 2)):
        api["stages"][stage].setdefault("method_settings", {})[name] = {"throttle": draw(throttle())}
    said["apis"][API] = api
    duration = int(said["run"]["duration"].split()[0]) // 10
    served = [call for call in CALLS if call in routes or (api["cors"] and call.startswith("OPTIONS"))]
    served += ["GET /x"] if {"ANY /{proxy+}", "$default"} & set(routes) else []
    calls = []
    for call in draw(some(served, 1, 4)):
        path = {"path": {"id": {"uniform": {"n": 9}}}} if "{id}" in call and call in routes else {}
        calls.append({"call": call, **path, "body": draw(one_of("0 B", "3 KB", "7 MB", "11 MB"))})
    if calls:
        body = {"target": f"{API}/{stage}", "arrivals": draw(rate_of(duration, 40)), "calls": calls}
        body |= {"timeout": ms(draw(few(3, 60)))} if draw(chance(60)) else {}
        body |= {"retry": draw(retry_of("timeout" in body))} if draw(chance(50)) else {}
        body |= {"network": draw(network())} if draw(chance(30)) else {}
        said["clients"][API] = {**body, **({"identities": draw(identities())} if draw(chance(60)) else {})}
    said["assumptions"] |= {
        "http_overhead": draw(time_of(0, 6, zero=True)), "http_lambda_throttled": draw(one_of(503, 500)),
    }  # fmt: skip
    if draw(chance(60)):
        gone = draw(one_of(*routes))
        change = (
            {"remove": [gone]}
            if draw(chance(60))
            else {"methods": {gone: {"integration": {"timeout": "50 ms"}}}}
        )
        said["timeline"].append({"at": ms(draw(few(0, duration - 1))), "change": {"api": API, **change}})
    return said
