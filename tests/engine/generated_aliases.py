"""The parts of scenarios made by chance that have to do with versions and aliases of functions."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, aside, chance, drawn, few, one_of, some
from engine.generated_parts import ms

FORMATS = ("a", "b")


@drawn
def versions(draw: Draw, other: dict[str, Any]) -> dict[str, Any]:
    """Two versions and an alias, or two; `other` is another function's body, from which versions take some parts."""
    taken = ("duration", "cold_start", "timeout", "crash", "malformed", "response")
    numbers = draw(one_of(["1", "2"], ["1", "2", "10"]))
    made: dict[str, Any] = {
        number: {key: other[key] for key in draw(some([key for key in taken if key in other], 0, 3))}
        for number in numbers
    }
    for body in made.values():
        if "response" in body:
            body["response"] = {key: value for key, value in body["response"].items() if key != "binary"}
        if draw(chance(30)):
            body["accepts"] = draw(some(FORMATS, 1, 2))
            body["format_error"] = draw(one_of(400, 415, 500))
    return {"versions": made, "aliases": {name: draw(weights(numbers)) for name in "AB"[: draw(few(1, 2))]}}


@drawn
def contexts(draw: Draw, other: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """What a function does otherwise where the variable `fn` of its stage names one of some functions."""
    taken = ("duration", "crash", "malformed", "response")
    made = []
    for name in draw(some(names, 1, 2)):
        body = {key: other[key] for key in draw(some([key for key in taken if key in other], 1, 3))}
        if "response" in body:
            body["response"] = {key: value for key, value in body["response"].items() if key != "binary"}
        made.append({"stage_variables": {"fn": name}, **body})
    return made


@drawn
def weights(draw: Draw, numbers: list[str]) -> Any:
    """One version, $LATEST, or two with any shares."""
    if draw(chance(25)):
        return draw(one_of({"$LATEST": "100 %"}, *numbers))
    one, two = draw(some(numbers, 2, 2))
    share = draw(one_of(0, 1, 30, 50, 50, 70, 99))
    return {one: f"{share} %", two: "rest"}


def callees(functions: dict[str, Any]) -> list[str]:
    """The names by which functions are invoked; those with an alias mostly by it."""
    made = []
    for name, body in functions.items():
        made.append(name)
        made += [f"{name}:{number}" for number in list(body.get("versions", {}))[:1]]
        made += [f"{name}:{alias}" for alias in body.get("aliases", {}) for _ in range(2)]
    return made


def formats(functions: dict[str, Any]) -> bool:
    """Whether a version says which formats it accepts."""
    return any(
        "accepts" in version for body in functions.values() for version in body.get("versions", {}).values()
    )


def ends_in(weights_of: Any) -> list[str]:
    """The versions that get something."""
    if isinstance(weights_of, str):
        return [weights_of]
    return [version for version, share in weights_of.items() if share not in ("0 %",)]


@drawn
def provisioned(draw: Draw, said: dict[str, Any], state: Any) -> None:
    """Provisioned concurrency of some versions, within the reservation or the account; the state learns of it."""
    for name, body in said["functions"].items():
        held = state.reserved.get(name)
        room = state.room() if held is None else held
        if "versions" not in body or room < 1 or not draw(chance(60)):
            continue
        state.provisioned[name] = claims = dict.fromkeys(draw(some(list(body["versions"]), 1, 2)), 0)
        for number in claims:
            claims[number] = draw(few(0, min(room, 3)))
            room -= claims[number]
            if held is None:
                state.reserved[f"{name}:{number}"] = claims[number]
        body["provisioned_concurrency"] = dict(claims)
        scaled = draw(aside(_scaled(claims)))
        if scaled:
            body["auto_scaling"] = scaled


@drawn
def snapped(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """SnapStart for some functions with versions that start cold and are not provisioned."""
    for body in said["functions"].values():
        every = [body, *body.get("versions", {}).values()]
        cold = all(each.get("cold_start") != "none" for each in every)
        if cold and len(every) > 1 and "provisioned_concurrency" not in body and draw(chance(50)):
            body["snap_start"] = draw(one_of({}, {"restore": ms(draw(few(0, 9)))}))
    return said


@drawn
def _scaled(draw: Draw, claims: dict[str, int]) -> dict[str, Any]:
    """Schedules for some of it, of no more than it has."""
    made: dict[str, Any] = {}
    for number, most in claims.items():
        if most and draw(chance(50)):
            bounds = [(draw(few(0, most)), most) for _ in range(draw(few(1, 3)))]
            made[number] = {"minimum": 0, "maximum": most, "schedules": [
                {"at": ms(draw(few(0, 99))), "minimum": low, "maximum": max(draw(few(low, high)), 1)} for low, high in bounds
            ]}  # fmt: skip
    return made


@drawn
def provided(draw: Draw, state: Any) -> dict[str, Any] | None:
    """Another amount of it."""
    if not state.provisioned:
        return None
    name = draw(one_of(*state.provisioned))
    claims = state.provisioned[name]
    number = draw(one_of(*claims))
    held = state.reserved.get(name)
    room = state.room() + claims[number] if held is None else held - sum(claims.values()) + claims[number]
    if room < 0:
        return None
    claims[number] = draw(few(0, min(room, 4)))
    if held is None:
        state.reserved[f"{name}:{number}"] = claims[number]
    return {"set": {f"functions.{name}.provisioned_concurrency.{number}": claims[number]}}


@drawn
def moved_alias(draw: Draw, said: dict[str, Any], now: dict[str, Any]) -> dict[str, Any] | None:
    """Other weights for an alias, or a traffic shift of it; `now` is what each alias sends where, None in a shift."""
    named = {f"{name}:{alias}": set_ for name, body in said["functions"].items()
             for alias, set_ in body.get("aliases", {}).items()}  # fmt: skip
    if not named:
        return None
    alias = draw(one_of(*named))
    here = now.setdefault(alias, named[alias])
    if here is None:
        return None
    name, _, own = alias.partition(":")
    numbers = list(said["functions"][name]["versions"])
    if draw(chance(50)):
        now[alias] = draw(weights(numbers))
        return {"set": {f"functions.{name}.aliases.{own}": now[alias]}}
    before, to = ends_in(here), draw(one_of(*numbers))
    if len(before) > 1 or before == [to]:
        return None
    at_once = before == ["$LATEST"] or draw(chance(50))
    now[alias] = to if at_once else None
    return {
        "shift": {"alias": alias, "to": to, "with": "AllAtOnce" if at_once else "Canary10Percent5Minutes"}
    }
