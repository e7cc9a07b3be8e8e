"""What of APIs changes by deployment beside integrations, by chance, put over a scenario made by chance."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, few, one_of, some
from engine.generated_parts import drawn
from engine.generated_security import statement

RESTYLED = (
    "THROTTLED",
    "INTEGRATION_TIMEOUT",
    "ACCESS_DENIED",
    "MISSING_AUTHENTICATION_TOKEN",
    "DEFAULT_5XX",
)


@drawn
def resettled(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with more in its changes: keys and cache keys of methods, policies and answers of APIs."""
    guarded = {name for name, api in said["apis"].items() if api.get("api_key_source") == "AUTHORIZER"}
    for entry in said["timeline"]:
        change = entry.get("change")
        if change is None:
            continue
        for route, body in change.get("methods", {}).items():
            if change["api"] not in guarded and draw(chance(40)):
                body["api_key_required"] = draw(chance(50))
            if draw(chance(50)):
                keys = ["query.page", "header.lang", *(["path.id"] if "{id}" in route else [])]
                body["cache_key"] = draw(some(keys, 0, 2))
        if draw(chance(40)):
            types = draw(some(RESTYLED, 0, 3))
            change["gateway_responses"] = {kind: {"status": draw(one_of(200, 409, 503))} for kind in types}
        if "authorizers" in said and draw(chance(40)):
            routes = list(said["apis"][change["api"]]["methods"])
            policy = [draw(statement(routes)) for _ in range(draw(few(1, 2)))]
            change["resource_policy"] = draw(one_of(False, policy, policy))
        if draw(chance(20)):
            change["binary_media_types"] = draw(one_of([], ["*/*"]))
    return said
