"""Web ACLs by chance, put over a scenario made by chance: they draw from a source of their own, so the rest stays."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of, some

SCREENED = 25
"""Percent of the scenarios in which a web ACL stands before a stage."""
NETWORKS = ("10.0.0.0/8", "192.0.2.0/29", "192.0.2.8", "198.18.0.0/16", "0.0.0.0/0")


@drawn
def rule(draw: Draw, priority: int, clients: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"priority": priority, "action": draw(one_of("BLOCK", "BLOCK", "COUNT", "ALLOW"))}
    kind = draw(one_of("clients", "ip_set", "rate_based", "rate_based"))
    if kind == "clients" and clients:
        made["clients"] = {name: draw(one_of("10 %", "50 %", "100 %")) for name in draw(some(clients, 1, 2))}
    elif kind == "ip_set":
        made["ip_set"] = draw(some(NETWORKS, 1, 2))
    else:
        made["rate_based"] = {"limit": draw(few(10, 14)), "window": draw(one_of("60 s", "120 s"))}
        made["action"] = draw(one_of("BLOCK", "COUNT"))
    return made


@drawn
def screened(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with a web ACL before one of its stages, more often than not with none."""
    stages = [
        f"{api}/{stage}"
        for api, body in said["apis"].items()
        if body["type"] == "REST"
        for stage in body["stages"]
    ]
    if not stages or not draw(chance(SCREENED)):
        return said
    stage = draw(one_of(*stages))
    api, _, name = stage.partition("/")
    said["apis"][api]["stages"][name]["waf"] = "acl"
    mine = [client for client, body in said["clients"].items() if body["target"] == stage]
    rules = {f"r{number}": draw(rule(number, mine)) for number in range(draw(few(1, 4)))}
    said["web_acls"] = {"acl": {"rules": rules}}
    for body in said["clients"].values():
        if "/" in str(body.get("address", "")):
            body["addresses"] = draw(one_of({"count": 2}, {"count": 5, "zipf": {"s": 1}}))
        elif "vpc_endpoint" not in body and "address" not in body:
            body |= {"address": "192.0.2.0/28", "addresses": {"count": draw(few(1, 9))}}
    said["assumptions"] |= {
        "waf_check_interval": draw(one_of("1 s", "1 s", "2 s")),
        "waf_check_delay": draw(one_of("0 s", "300 ms", "1 s")),
    }
    if draw(chance(40)):
        said["assumptions"]["account_throttle_position"] = draw(one_of("before_waf", "front"))
    return said
