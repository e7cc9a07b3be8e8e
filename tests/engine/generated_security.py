"""Who may call, by chance, put over a scenario made by chance: it draws from a source of its own, so the rest stays."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, few, one_of, some
from engine.generated_parts import drawn, ms, time_of

SECURED = 55
"""Percent of the scenarios that have an authorizer, AWS_IAM or a resource policy."""
SHARES = ("0 %", "0 %", "10 %", "30 %")


@drawn
def authorizer(draw: Draw, functions: list[str]) -> dict[str, Any]:
    kind = draw(one_of("TOKEN", "TOKEN", "REQUEST", "REQUEST", "COGNITO_USER_POOLS"))
    if kind == "COGNITO_USER_POOLS" or not functions:
        return {"type": "COGNITO_USER_POOLS", "ttl": draw(one_of("0 s", "1 s", "3 s"))}
    made: dict[str, Any] = {"type": kind, "function": draw(one_of(*functions))}
    made["ttl"] = draw(one_of("0 s", "0 s", "1 s", "2 s", "300 s"))
    made["policy"] = draw(one_of("all_methods", "all_methods", "called_method"))
    if kind == "TOKEN":
        made["validation"] = draw(one_of("0 %", "50 %", "100 %"))
    elif made["ttl"] != "0 s" or draw(chance(50)):
        sources = ["header.Authorization", "query.tenant", "context.httpMethod", "stage.colour"]
        made["identity_sources"] = draw(some(sources, 1, 3))
    return made


@drawn
def identities(draw: Draw) -> dict[str, Any]:
    made: dict[str, Any] = {"count": draw(one_of(1, 2, 5, 40))}
    if draw(chance(70)):
        made |= {"denied": draw(one_of(*SHARES)), "missing": draw(one_of(*SHARES))}
        made["valid"] = draw(one_of("40 %", "30 %", "20 %"))
        if draw(chance(40)):
            made |= {"valid": "20 %", "expired": draw(one_of("10 %", "20 %"))}
    if draw(chance(40)):
        made["zipf"] = {"s": draw(one_of(0.5, 1, 2))}
    return made


@drawn
def statement(draw: Draw, routes: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"effect": draw(one_of("Allow", "Allow", "Deny"))}
    if draw(chance(60)):
        made[draw(one_of("from", "not_from"))] = [draw(one_of("10.0.0.0/8", "192.0.2.0/24"))]
    if draw(chance(20)):
        made[draw(one_of("vpc_endpoints", "not_vpc_endpoints"))] = ["vpce-1"]
    if draw(chance(30)):
        made["methods"] = draw(some(routes, 1, 2))
    return made


@drawn
def secured(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with somebody at its door, more often than not with nobody."""
    if not draw(chance(SECURED)):
        return said
    functions = list(said["functions"])
    said["authorizers"] = {name: draw(authorizer(functions)) for name in "xy"}
    for api in said["apis"].values():
        for method in api["methods"].values():
            kind = draw(one_of("", "x", "x", "x", "y", "y", "AWS_IAM", "AWS_IAM"))
            if kind == "AWS_IAM":
                method["authorization"] = kind
            elif kind:
                method["authorizer"] = kind
        if draw(chance(25)):
            api["resource_policy"] = [draw(statement(list(api["methods"]))) for _ in range(draw(few(1, 3)))]
        keyed = [method for method in api["methods"].values() if method.get("api_key_required")]
        lambdas = {name for name, body in said["authorizers"].items() if "function" in body}
        if all(method.get("authorizer") in lambdas for method in keyed) and draw(chance(50)):
            api["api_key_source"] = "AUTHORIZER"
    for client in said["clients"].values():
        if draw(chance(80)):
            client["identities"] = draw(identities())
        client |= draw(
            one_of({"address": "10.1.2.3"}, {"address": "192.0.2.0/28"}, {"vpc_endpoint": "vpce-1"})
        )
        if (
            "vpc_endpoint" in client
        ):  # which reaches a public API's default endpoint without private DNS alone
            client["network"] = {**client.get("network", {}), "private_dns": False}
    said["assumptions"] |= {
        "authorizer_wait": draw(one_of("30 s", "300 ms", "100 ms", "60 ms")),
        "authorizer_throttled": draw(one_of("AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE")),
        "authorizer_malformed": draw(one_of("AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE")),
        "authorization_time": draw(time_of(0, 6, zero=True)),
    }
    if draw(chance(40)):
        duration = int(said["run"]["duration"].split()[0]) // 10
        stage = draw(
            one_of(*(f"{api}/{name}" for api, body in said["apis"].items() for name in body["stages"]))
        )
        said["timeline"].append({"at": ms(draw(few(0, duration - 1))), "flush_authorizers_cache": stage})
    return said
