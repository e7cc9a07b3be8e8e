"""Overrides: values set by path from the command line or from Python, before anything is resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from apigw_sim.errors import Problem, ScenarioError
from apigw_sim.scenario.base import Bad, suggest
from apigw_sim.scenario.merge import displaced
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.paths import Keys, show_path, split_head, split_path
from apigw_sim.scenario.schema import spot
from apigw_sim.scenario.tree import Node, child, from_python
from apigw_sim.scenario.yaml_layer import parse

WHERE = "override"
_PLAIN = re.compile(r"[^\s\[\]{},#\"'&*!|>%@`:?-]([^\[\]{},\"\n\t]*[^\s\[\]{},\":])?")
_SCALAR = re.compile(r"[-+]?[.\d][\d_.:eExXoa-fA-F+-]*|~|[yYnN]|(?i:true|false|null|yes|no|on|off)|=|<<")


class Override(NamedTuple):
    """One value to set at a path; null removes what stands there."""

    keys: Keys
    node: Node


def parse_override(text: str) -> tuple[str, str]:
    """Split `PATH=VALUE` as the command line takes it."""
    try:
        keys, value = _split(text)
    except Bad as error:
        raise ScenarioError(
            [Problem(WHERE, None, None, "", what, fix) for _, what, fix in error.items]
        ) from None
    return show_path(keys), value


def _split(text: str) -> tuple[Keys, str]:
    keys, rest = split_head(text)
    if not rest.startswith("="):
        raise Bad(f"'{text}' is no override", "write PATH=VALUE, such as account.lambda_concurrency=500")
    return keys, rest[1:].strip()


def read_overrides(overrides: Any, folder: str) -> tuple[list[Override], list[Problem]]:
    """Overrides as given, as trees."""
    made: list[Override] = []
    problems: list[Problem] = []
    pairs: Iterable[Any] = [overrides] if isinstance(overrides, str) else overrides
    for pair in pairs.items() if isinstance(pairs, Mapping) else pairs:
        keys: Keys = ()
        try:
            keys, value = _pair(pair)
            text = isinstance(value, str)
            node = _text_node(value, folder, keys, problems) if text else from_python(value, folder)
        except Bad as error:
            for at, what, fix in error.items:
                problems.append(Problem(WHERE, None, None, show_path((*keys, *at)), what, fix))
            continue
        if node is not None:
            made.append(Override(keys, node))
    return made, problems


def _pair(given: Any) -> tuple[Keys, Any]:
    if isinstance(given, str):
        return _split(given)
    if isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[0], str):
        return split_path(given[0]), given[1]
    raise Bad(f"{given!r} is no override", "give PATH=VALUE, or a pair of a path and a value")


def _text_node(text: str, folder: str, keys: Keys, problems: list[Problem]) -> Node | None:
    parsed = parse(text, WHERE, folder)
    for problem in parsed.problems:
        problems.append(Problem(WHERE, None, None, show_path(keys), problem.what, problem.fix))
    if parsed.problems:
        return None
    root = parsed.root or Node(None)
    for _, node in root.walk():
        node.place = node.key_place = None
    return root


def apply(root: Node, override: Override, log: list[str], broken: list[Keys]) -> list[Problem]:
    """Set one value in the tree and log `path: old -> new`; problems where the path leads nowhere."""
    keys, new = override
    path = show_path(keys)
    if keys[0] == "extends":
        return [_wrong(path, "extends is read before anything is overridden", "write it in the file")]
    node = root
    for depth, key in enumerate(keys[:-1]):
        found = child(node, key)
        if found is None or not isinstance(found.value, dict | list):
            wrong = _may_hold(node, keys, depth) or _holds_keys(keys, depth + 1)
            if wrong:
                return [wrong]
            found = Node({})
            _put(node, keys[: depth + 1], found)
        node = found
    last = keys[-1]
    old = child(node, last)
    wrong = None if old is not None else _may_hold(node, keys, len(keys) - 1, final=True)
    if wrong:
        return [wrong]
    if new.value is None:
        if old is None:
            return []
        if isinstance(node.value, list):
            return [
                Problem(WHERE, None, None, path, "an item of a list cannot be removed", "set the whole list")
            ]
        del node.value[str(last)]
    elif isinstance(node.value, list):
        node.value[int(last)] = Node(new.value, key_place=None)
    else:
        _put(node, keys, Node(new.copy().value))
    broken[:] = [keys_ for keys_ in broken if keys_[: len(keys)] != keys]
    now = child(node, last)
    if now is not None:
        now.mark_overridden()
    log.append(f"{path}: {flow(old)} -> {flow(new)}")
    return []


def _put(node: Node, keys: Keys, value: Node) -> None:
    key = str(keys[-1])
    for other in displaced(keys[:-1], node.value, key):
        del node.value[other]
    node.value[key] = value


def _may_hold(node: Node, keys: Keys, depth: int, *, final: bool = False) -> Problem | None:
    """Whether a key that is not written may be made: one that the language knows, or at the end a new name."""
    key, path = keys[depth], show_path(keys[: depth + 1])
    parent, allowed = spot(keys[:depth]), spot(keys[: depth + 1])
    present = list(node.value) if isinstance(node.value, dict) else []
    if isinstance(node.value, list):
        last = len(node.value) - 1
        there = f"write [0] to [{last}]" if last > 0 else "write [0]" if last == 0 else "the list is empty"
        return _wrong(path, f"there is no item {key}", there)
    free = parent.named and (final or keys[depth - 1] == "method_settings")
    if isinstance(node.value, dict) and allowed.known and (key in parent.keys or free):
        return None
    if isinstance(key, str) and key in parent.later:
        what, _, fix = parent.later[key].partition("; ")
        return _wrong(path, f"this key {what}", fix)
    if not allowed.known and not parent.keys and not present:
        return _wrong(
            path,
            f"{show_path(keys[:depth]) or 'the scenario'} holds no keys",
            "check --paths lists all paths",
        )
    near = suggest(key, [*present, *parent.keys])
    if near:
        return _wrong(path, "unknown path", f"did you mean '{show_path((*keys[:depth], near))}'?")
    listed = ", ".join(present or parent.keys)
    return _wrong(path, "unknown path", f"here stand {listed}" if listed else "check --paths lists all paths")


def _holds_keys(keys: Keys, depth: int) -> Problem | None:
    about = spot(keys[:depth])
    if about.keys or about.named:
        return None
    return _wrong(
        show_path(keys[: depth + 1]), f"{show_path(keys[:depth])} holds no keys", "set it as a whole"
    )


def _wrong(path: str, what: str, fix: str) -> Problem:
    return Problem(WHERE, None, None, path, what, fix)


def flow(node: Node | None) -> str:
    """A value in one line, as YAML would have it."""
    return "(not written)" if node is None else write_flow(node.plain())


def write_flow(value: Any) -> str:
    """Plain data in one line, as YAML would have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(str(key))}: {write_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(write_flow(item) for item in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _word(value) if isinstance(value, str) else str(value)


def _word(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and not _SCALAR.fullmatch(text) and ": " not in text and " #" not in text
    return text if plain else json.dumps(text, ensure_ascii=False)


def paths(scenario: Scenario) -> list[tuple[str, str]]:
    """All paths of a scenario with their values; what is not set is said to be."""
    return [(show_path(keys), text) for keys, text in _leaves((), scenario.resolved())]


def _leaves(keys: Keys, value: Any) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, dict) and (value or spot(keys).keys):
        for key, item in value.items():
            yield from _leaves((*keys, key), item)
        about = spot(keys)
        if sum(form.get("type") == "object" for form in about.forms) == 1:
            free = [key for key in about.keys if key not in value and key != "extends"]
            missing = [key for key in free if not displaced(keys, value, key)]
            yield from (((*keys, key), "(not set)") for key in missing)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from _leaves((*keys, number), item)
    else:
        yield keys, write_flow(value)
