"""Further Regions by chance, put over a scenario made by chance: they draw from a source of their own."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of

AWAY = "eu-west-1"
SPREAD = 30
"""Percent of the scenarios in which the second API, and some functions, stand in a further Region."""


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
