"""Browsers by chance, put over a scenario made by chance: they draw from a source of their own, so the rest stays."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of

BROWSED = 25
"""Percent of the scenarios in which some clients are browsers."""


def may_browse(body: dict[str, Any]) -> bool:
    """Whether a client keeps nothing that is not simulated of browsers."""
    retry = body.get("retry", {})
    keeps = "workers" in body or "circuit_breaker" in body or "processes" in body or "budget" in retry
    return not keeps and retry.get("mode", "legacy") == "legacy" and body["calls"] != "from_trace"


@drawn
def browsed(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with browsers, more often than not with none; REST APIs may have a method for their preflights.

    HTTP APIs without CORS have none: who calls them is no browser.
    """
    if not draw(chance(BROWSED)):
        return said
    for body in said["apis"].values():
        if body["type"] == "REST" and draw(chance(70)):
            keyed = draw(chance(10)) if said["usage_plans"] else False
            key = {"api_key_required": True} if keyed and body.get("api_key_source") != "AUTHORIZER" else {}
            body["methods"]["OPTIONS /{proxy+}"] = {"integration": {"mock": {"status": 204}}, **key}
    deaf = [name for name, body in said["apis"].items() if body["type"] == "HTTP" and not body["cors"]]
    for body in said["clients"].values():
        if body["target"].partition("/")[0] not in deaf and may_browse(body) and draw(chance(70)):
            body["browser"] = {"max_age": draw(one_of("0 s", "90 ms", "300 ms", "5 s"))}
            if "users" not in body:
                body["browser"]["count"] = draw(few(1, 4))
            for call in body["calls"]:
                if draw(chance(50)):
                    call["headers"] = {"x-client": "1"}
    return said
