"""Further Regions by chance, put over a scenario made by chance: they draw from a source of their own."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of, some

AWAY = "eu-west-1"
SPREAD = 30
"""Percent of the scenarios in which the second API, and some functions, stand in a further Region."""


NAMED = 35
"""Percent of the scenarios with two REST or HTTP APIs in which some clients call by a record."""


@drawn
def named(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with a record of two stages, some clients who call by it, and a Region that fails."""
    stages = [
        f"{api}/{stage}"
        for api, body in said["apis"].items()
        if body["type"] != "WEBSOCKET" and body.get("endpoint") == "REGIONAL"
        for stage in body["stages"]
    ]
    callers = [name for name, body in said["clients"].items() if body["target"] in stages and _may(body)]
    if len(stages) < 2 or not callers or not draw(chance(NAMED)):
        return said
    record: dict[str, Any] = {
        "policy": draw(one_of("failover", "weighted", "latency")),
        "ttl": f"{draw(few(0, 30)) * 100} ms",
    }
    chosen = draw(some(callers, 1, 2))
    first = said["clients"][chosen[0]]["target"]
    other = draw(one_of(*(stage for stage in stages if stage != first)))
    record["targets"] = [{"stage": first}, {"stage": other}]
    if record["policy"] == "weighted":
        record["targets"][1]["weight"] = draw(one_of(1, 3, 9))
    if draw(chance(70)) and {said["apis"][stage[0]]["type"] for stage in (first, other)} == {"REST"}:
        for stage in (first, other):
            said["apis"][stage[0]]["methods"]["GET /health"] = {
                "integration": {"mock": draw(one_of({}, {"status": 503}))}
            }
        record["health_check"] = {"call": "GET /health", "interval": "10 s", "failure_threshold": 1}
        said["assumptions"]["health_checkers"] = draw(one_of(1, 1, 1, 5, 15))
    said["records"] = {"api.example.com": record}
    for name in chosen:
        body = said["clients"][name]
        if body["target"] != first or not _same(said, first, other, body):
            continue
        body["target"] = "api.example.com"
        body["timeout"] = body.get("timeout", "300 ms")
        body["dns"] = draw(
            one_of({"resolvers": 3}, {"resolvers": 9, "cache": "200 ms"}, {"cache": "forever"})
        )
        if AWAY in said.get("regions", {}):
            body["network"] = {
                **body.get("network", {}),
                "rtt_to": {AWAY: draw(one_of("20 ms", {"p50": "30 ms", "p99": "90 ms"}))},
            }
    return said


def _may(body: dict[str, Any]) -> bool:
    """Whether a client may call by a record."""
    other = {"browser", "connections", "vpc_endpoint"} & set(body)
    return not other and body["calls"] != "from_trace"


def _same(said: dict[str, Any], first: str, other: str, body: dict[str, Any]) -> bool:
    """Whether the other API is made to serve what a client calls at the first."""
    here, there = (said["apis"][stage[0]] for stage in (first, other))
    if here["type"] != there["type"] or "AUTHORIZER" in (
        here.get("api_key_source"),
        there.get("api_key_source"),
    ):
        return False
    there["methods"] = {
        **{route: deepcopy(method) for route, method in here["methods"].items()},
        **there["methods"],
    }
    return True


@drawn
def spread(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with what may stand in a further Region there; a usage plan keeps its API at home."""
    api = said["apis"].get("b")
    if api is None or api["type"] == "WEBSOCKET" or not draw(chance(SPREAD)):
        return said
    away = {"throttle": {"rate": f"{draw(few(10, 60))}/s", "burst": draw(one_of(1, 2, 5, 9))}}
    said["regions"] = {AWAY: {**away, "lambda_concurrency": draw(one_of(1, 2, 4, 10, 1000))}}
    planned = {stage[0] for plan in said["usage_plans"].values() for stage in plan["stages"]}
    if "b" not in planned or planned == {"b"}:
        api["region"] = AWAY
    for body in said["functions"].values():
        reserves = "reserved_concurrency" in body or "provisioned_concurrency" in body
        if not reserves and draw(chance(60)):
            body["region"] = AWAY
    for entry in said.get("timeline", ()):  # a reservation that comes later needs its floor
        for path in entry.get("set", ()):
            if path.endswith("reserved_concurrency"):
                said["functions"][path.split(".")[1]].pop("region", None)
    return said
