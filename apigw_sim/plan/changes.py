"""What a timeline `set` makes of a scenario: the scenario as it stands after it (design, section 3, rule 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from apigw_sim import units
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.api import EVERY_METHOD, MethodSettings
from apigw_sim.scenario.base import Part, dump
from apigw_sim.scenario.timeline import Change

Keys = tuple[str | int, ...]


def after(scenario: Scenario, change: Change) -> Scenario:
    """The scenario with one setting changed.

    `every_method` reaches only methods that are not named; a setting of a method that is not named makes it a named
    one, from a copy of every_method as it stands then.
    """
    if _is_method_setting(change.keys):
        scenario = _named(scenario, change.keys)
    changed: Scenario = _put(scenario, change.keys, change.value)
    return changed


class Held(NamedTuple):
    """What a setting is before a change: its value, and which of the marks "inherited" it has."""

    value: Any
    inherited: frozenset[Keys]


def held(scenario: Scenario, change: Change) -> Held:
    """What a change takes the place of."""
    marks: set[Keys] = set()
    if _is_method_setting(change.keys):
        scenario = _named(scenario, change.keys, whole=False)
        marks = {change.keys[:depth] for depth in range(6, len(change.keys) + 1)}
    node: Any = scenario
    for key in change.keys:
        node = _get(node, key)
    return Held(node, frozenset(marks & scenario._origin.inherited))


def before(scenario: Scenario, change: Change) -> str:
    """What the setting is before the change, for people."""
    node: Any = scenario
    if _is_method_setting(change.keys):
        node = _named(scenario, change.keys)
    for key in change.keys[:-1]:
        node = _get(node, key)
    last = str(change.keys[-1])
    if isinstance(node, Part):
        return show(dump(node).get(last))
    found = _get(node, last)
    return show(dump(found) if isinstance(found, Part) else found)


def given_back(scenario: Scenario, change: Change, was: Held) -> Scenario:
    """The scenario in which a change has been taken back."""
    made: Scenario = _put(scenario, change.keys, was.value)
    origin = made._origin
    return made.with_origin(replace(origin, inherited=origin.inherited | was.inherited))


def show(value: object) -> str:
    """A value as YAML would have it, in one line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(show, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    return value if isinstance(value, str) else str(units.show(value))


def _is_method_setting(keys: Keys) -> bool:
    return len(keys) > 5 and (keys[0], keys[2], keys[4]) == ("apis", "stages", "method_settings")


def _named(scenario: Scenario, keys: Keys, whole: bool = True) -> Scenario:
    """The scenario in which the method is a named one, and (`whole`) what is about to be set is its own."""
    _, api, _, stage, _, method, *rest = keys
    base = keys[:6]
    table = scenario.apis[str(api)].stages[str(stage)].method_settings
    inherited = set(scenario._origin.inherited)
    if method not in table:
        template = table.get(EVERY_METHOD, MethodSettings())
        if method != EVERY_METHOD and not str(method).startswith("GET "):
            template = template.model_copy(update={"caching": None})
        scenario = _put(scenario, base, template)
        if method != EVERY_METHOD:
            inherited |= {(*base, key) for key in MethodSettings.model_fields}
    if not whole:
        return scenario.with_origin(replace(scenario._origin, inherited=frozenset(inherited)))
    inherited -= {(*base, *rest[:depth]) for depth in range(len(rest) + 1)}
    if not rest:
        inherited -= {key for key in inherited if key[:6] == base}
    return scenario.with_origin(replace(scenario._origin, inherited=frozenset(inherited)))


def _get(node: Any, key: str | int) -> Any:
    if isinstance(node, Part):
        return getattr(node, str(key))
    if isinstance(node, Mapping):
        return next((item for name, item in node.items() if str(name) == str(key)), None)
    return None


def _put(node: Any, keys: Keys, value: Any) -> Any:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(node, Part):
        return node.model_copy(update={str(key): _put(getattr(node, str(key)), rest, value)})
    name = next((name for name in node if str(name) == str(key)), key)
    if not rest and value is None:
        return {other: item for other, item in node.items() if other != name}
    return {**node, name: _put(node.get(name), rest, value)}
